//! `tree`: the tip of the log. One row, moved in the transaction that adds the leaves.

use super::{Error, Read, Tx, Value};

/// How many leaves there are in all epochs, and the frontier over those of the last one in its stored form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// Number of leaves.
    pub size: u64,
    /// The frontier, as `evidence::merkle` writes it.
    pub frontier: Vec<u8>,
}

/// The tip, unless the log is empty.
pub fn tip(read: &mut Read<'_>) -> Result<Option<Tip>, Error> {
    read.first("SELECT size, frontier FROM tree WHERE one = 1", &[], |row| {
        Ok(Tip { size: row.count(0)?, frontier: row.bytes(1)?.to_vec() })
    })
}

/// Moves the tip from size `from` to size `to`. `false`: it was not at `from`; nothing changed.
pub fn advance(tx: &mut Tx<'_>, from: u64, to: u64, frontier: &[u8]) -> Result<bool, Error> {
    let values = [Value::Int(to.cast_signed()), Value::Bytes(frontier), Value::Int(from.cast_signed())];
    let touched = if from == 0 {
        tx.execute(
            "INSERT INTO tree (one, size, frontier) VALUES (1, $1, $2) ON CONFLICT DO NOTHING",
            &values[..2],
        )?
    } else {
        tx.execute("UPDATE tree SET size = $1, frontier = $2 WHERE size = $3", &values)?
    };
    Ok(touched == 1)
}

/// Begins a tree anew behind the `size` leaves of the epochs before. `false`: the tip was not at `size`.
pub fn restart(tx: &mut Tx<'_>, size: u64, empty: &[u8]) -> Result<bool, Error> {
    let values = [Value::Bytes(empty), Value::Int(size.cast_signed())];
    Ok(tx.execute("UPDATE tree SET frontier = $1 WHERE size = $2", &values)? == 1)
}
