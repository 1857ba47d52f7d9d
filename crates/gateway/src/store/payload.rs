//! `payload`: masked bodies, sealed.

use super::entry::Place;
use super::{Error, Read, Tx, Value};

/// A sealed body.
#[derive(Debug, Clone, Copy)]
pub struct Sealed<'a> {
    /// Place of its leaf.
    pub place: Place,
    /// Day of the data key.
    pub day: i64,
    /// Salt and body, encrypted.
    pub sealed: &'a [u8],
}

/// Adds sealed bodies.
pub fn insert(tx: &mut Tx<'_>, bodies: &[Sealed<'_>]) -> Result<(), Error> {
    let mut values = Vec::with_capacity(bodies.len() * 3);
    for body in bodies {
        values.extend([body.place.value(), Value::Int(body.day), body.sealed.into()]);
    }
    tx.insert("INSERT INTO payload (place, day, sealed)", 3, &values, "")
}

/// Day and sealed body of the leaf at `place`, unless it has none or it was erased.
pub fn at(read: &mut Read<'_>, place: Place) -> Result<Option<(i64, Vec<u8>)>, Error> {
    read.first("SELECT day, sealed FROM payload WHERE place = $1", &[place.value()], |row| {
        Ok((row.int(0)?, row.bytes(1)?.to_vec()))
    })
}
