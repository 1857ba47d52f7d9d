//! `checkpoint`: what was signed. Insert-only.

use super::epoch::Epoch;
use super::{Error, Read, Row, Tx, Value};

/// A signed checkpoint and the tree it was signed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Number of leaves, those of the epochs before included.
    pub size: u64,
    /// Root hash.
    pub root: [u8; 32],
    /// The signed note.
    pub note: Vec<u8>,
    /// The frontier, as `evidence::merkle` writes it.
    pub frontier: Vec<u8>,
    /// When, microseconds since 1970.
    pub ts: i64,
}

/// Adds a checkpoint; one of the same size that exists already is kept.
pub fn insert(tx: &mut Tx<'_>, signed: &Signed) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO checkpoint (size, root, note, frontier, ts) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING",
        &[
            Value::Int(signed.size.cast_signed()),
            (&signed.root).into(),
            (&signed.note).into(),
            (&signed.frontier).into(),
            signed.ts.into(),
        ],
    )?;
    Ok(())
}

/// The largest checkpoint of an epoch.
pub fn latest(read: &mut Read<'_>, epoch: &Epoch) -> Result<Option<Signed>, Error> {
    let end = epoch.end.map_or(i64::MAX, u64::cast_signed);
    read.first(
        "SELECT size, root, note, frontier, ts FROM checkpoint WHERE size > $1 AND size <= $2 \
         ORDER BY size DESC LIMIT 1",
        &[Value::Int(epoch.first_index.cast_signed()), Value::Int(end)],
        signed,
    )
}

/// At most `limit` checkpoints of fewer than `before` leaves, the largest first.
pub fn page(read: &mut Read<'_>, before: u64, limit: u32) -> Result<Vec<Signed>, Error> {
    let before = Value::Int(i64::try_from(before).unwrap_or(i64::MAX));
    read.all(
        "SELECT size, root, note, frontier, ts FROM checkpoint WHERE size < $1 ORDER BY size DESC LIMIT $2",
        &[before, Value::Int(i64::from(limit))],
        signed,
    )
}

/// The checkpoint of exactly this size.
pub fn of_size(read: &mut Read<'_>, size: u64) -> Result<Option<Signed>, Error> {
    read.first(
        "SELECT size, root, note, frontier, ts FROM checkpoint WHERE size = $1",
        &[Value::Int(size.cast_signed())],
        signed,
    )
}

/// The smallest checkpoint of at least this size.
pub fn covering(read: &mut Read<'_>, size: u64) -> Result<Option<Signed>, Error> {
    read.first(
        "SELECT size, root, note, frontier, ts FROM checkpoint WHERE size >= $1 ORDER BY size LIMIT 1",
        &[Value::Int(size.cast_signed())],
        signed,
    )
}

/// The largest checkpoint of at most this size.
pub fn up_to(read: &mut Read<'_>, size: u64) -> Result<Option<Signed>, Error> {
    read.first(
        "SELECT size, root, note, frontier, ts FROM checkpoint WHERE size <= $1 ORDER BY size DESC LIMIT 1",
        &[Value::Int(size.cast_signed())],
        signed,
    )
}

fn signed(row: Row<'_>) -> Result<Signed, Error> {
    Ok(Signed {
        size: row.count(0)?,
        root: row.array(1)?,
        note: row.bytes(2)?.to_vec(),
        frontier: row.bytes(3)?.to_vec(),
        ts: row.int(4)?,
    })
}
