//! `tile`: full tiles of the log's tree, so that a proof or a tile needs no scan of leaves. Made from leaves, and made again
//! from them at any time: never evidence. Specification: <https://c2sp.org/tlog-tiles>.

use super::{Error, Read, Tx, Value};

/// Adds a full tile: the hashes, one after the other.
pub fn insert(tx: &mut Tx<'_>, level: u8, index: u64, hashes: &[u8]) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO tile (level, idx, hashes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        &[Value::Int(level.into()), Value::Int(index.cast_signed()), hashes.into()],
    )?;
    Ok(())
}

/// Full tiles of a level, `count` from `index` on, as far as there are.
pub fn row(read: &mut Read<'_>, level: u8, index: u64, count: u64) -> Result<Vec<Vec<u8>>, Error> {
    let from = index.cast_signed();
    read.all(
        "SELECT hashes FROM tile WHERE level = $1 AND idx >= $2 AND idx < $3 ORDER BY idx",
        &[Value::Int(level.into()), Value::Int(from), Value::Int(from.saturating_add(count.cast_signed()))],
        |row| Ok(row.bytes(0)?.to_vec()),
    )
}
