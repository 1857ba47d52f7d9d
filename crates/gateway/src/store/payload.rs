//! `payload`: masked bodies, sealed.

use super::entry::Place;
use super::{Error, Read, Tx, Value};

/// Adds the sealed body of the leaf at `place`.
pub fn insert(tx: &mut Tx<'_>, place: Place, day: i64, sealed: &[u8]) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO payload (place, day, sealed) VALUES ($1, $2, $3)",
        &[place.value(), Value::Int(day), sealed.into()],
    )?;
    Ok(())
}

/// Day and sealed body of the leaf at `place`, unless it has none or it was erased.
pub fn at(read: &mut Read<'_>, place: Place) -> Result<Option<(i64, Vec<u8>)>, Error> {
    read.first("SELECT day, sealed FROM payload WHERE place = $1", &[place.value()], |row| {
        Ok((row.int(0)?, row.bytes(1)?.to_vec()))
    })
}
