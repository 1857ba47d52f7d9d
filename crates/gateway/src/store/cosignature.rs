//! `cosignature`: what witnesses signed of the checkpoints. Insert-only.

use super::epoch::Epoch;
use super::{Error, Read, Tx, Value};

/// A witness's signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// Size of the checkpoint it signed, those of the epochs before included.
    pub size: u64,
    /// The witness's key in text form.
    pub witness: String,
    /// The line, without its newline.
    pub line: String,
    /// When it arrived, microseconds since 1970.
    pub ts: i64,
}

/// Adds one; one of the same witness for the same checkpoint is kept.
pub fn insert(tx: &mut Tx<'_>, new: &Cosignature) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO cosignature (size, witness, line, ts) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        &[Value::Int(new.size.cast_signed()), (&new.witness).into(), (&new.line).into(), new.ts.into()],
    )?;
    Ok(())
}

/// The largest checkpoint of an epoch that a witness cosigned, and when.
pub fn last(read: &mut Read<'_>, epoch: &Epoch, witness: &str) -> Result<Option<(u64, i64)>, Error> {
    read.first(
        "SELECT size, ts FROM cosignature WHERE witness = $1 AND size > $2 ORDER BY size DESC LIMIT 1",
        &[witness.into(), Value::Int(epoch.first_index.cast_signed())],
        |row| Ok((row.count(0)?, row.int(1)?)),
    )
}

/// What witnesses signed of the checkpoint of this size.
pub fn of_size(read: &mut Read<'_>, size: u64) -> Result<Vec<Cosignature>, Error> {
    read.all(
        "SELECT size, witness, line, ts FROM cosignature WHERE size = $1 ORDER BY witness",
        &[Value::Int(size.cast_signed())],
        |row| {
            Ok(Cosignature {
                size: row.count(0)?,
                witness: row.text(1)?.to_owned(),
                line: row.text(2)?.to_owned(),
                ts: row.int(3)?,
            })
        },
    )
}

/// The size of the largest checkpoint of an epoch that somebody cosigned.
pub fn largest(read: &mut Read<'_>, epoch: &Epoch) -> Result<Option<u64>, Error> {
    let end = epoch.end.map_or(i64::MAX, u64::cast_signed);
    let largest = read.first(
        "SELECT max(size) FROM cosignature WHERE size > $1 AND size <= $2",
        &[Value::Int(epoch.first_index.cast_signed()), Value::Int(end)],
        |row| row.maybe_int(0),
    )?;
    Ok(largest.flatten().map(i64::cast_unsigned))
}
