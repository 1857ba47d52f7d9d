//! `follower`: how much of the log was followed. One row, moved in the transaction that adds what was made of the leaves, so
//! that of several gateways one adds it, once.

use super::{Error, Read, Tx, Value};

/// How many leaves of the log are in what is made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// In words, counts by minute and tiles.
    pub size: u64,
    /// In what sessions hold: as many, or fewer where the log was followed before sessions were counted.
    pub sessions: u64,
}

/// How far the log was followed.
pub fn at(read: &mut Read<'_>) -> Result<Mark, Error> {
    let mark = read.first("SELECT size, sessions FROM follower WHERE one = 1", &[], |row| {
        Ok(Mark { size: row.count(0)?, sessions: row.count(1)? })
    })?;
    Ok(mark.unwrap_or_default())
}

/// Says that everything covers `to` leaves. `false`: not all of it covered `from`; somebody else followed.
pub fn follow(tx: &mut Tx<'_>, from: u64, to: u64) -> Result<bool, Error> {
    let (from, to) = (Value::Int(from.cast_signed()), Value::Int(to.cast_signed()));
    let touched = if from == Value::Int(0) {
        tx.execute(
            "INSERT INTO follower (one, size, sessions) VALUES (1, $1, $1) ON CONFLICT DO NOTHING",
            &[to],
        )?
    } else {
        tx.execute(
            "UPDATE follower SET size = $1, sessions = $1 WHERE one = 1 AND size = $2 AND sessions = $2",
            &[to, from],
        )?
    };
    Ok(touched == 1)
}

/// Says that what sessions hold covers `to` leaves, of those that the rest covers already. `false`: it did not cover `from`.
pub fn count(tx: &mut Tx<'_>, from: u64, to: u64) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE follower SET sessions = $1 WHERE one = 1 AND sessions = $2",
        &[Value::Int(to.cast_signed()), Value::Int(from.cast_signed())],
    )?;
    Ok(touched == 1)
}
