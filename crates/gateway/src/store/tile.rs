//! `tile`: full tiles of the log's tree, so that a proof or a tile needs no scan of leaves. Made from leaves, and made again
//! from them at any time: never evidence. Specification: <https://c2sp.org/tlog-tiles>.

use super::epoch::Epoch;
use super::{Error, Read, Tx, Value};

/// Adds a full tile of an epoch's tree: the hashes, one after the other.
pub fn insert(tx: &mut Tx<'_>, epoch: &Epoch, level: u8, index: u64, hashes: &[u8]) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO tile (epoch, level, idx, hashes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        &[
            Value::Int(epoch.number.cast_signed()),
            Value::Int(level.into()),
            Value::Int(index.cast_signed()),
            hashes.into(),
        ],
    )?;
    Ok(())
}

/// Full tiles of a level of an epoch's tree, `count` from `index` on, as far as there are.
pub fn row(
    read: &mut Read<'_>,
    epoch: &Epoch,
    level: u8,
    index: u64,
    count: u64,
) -> Result<Vec<Vec<u8>>, Error> {
    let from = index.cast_signed();
    read.all(
        "SELECT hashes FROM tile WHERE epoch = $1 AND level = $2 AND idx >= $3 AND idx < $4 ORDER BY idx",
        &[
            Value::Int(epoch.number.cast_signed()),
            Value::Int(level.into()),
            Value::Int(from),
            Value::Int(from.saturating_add(count.cast_signed())),
        ],
        |row| Ok(row.bytes(0)?.to_vec()),
    )
}
