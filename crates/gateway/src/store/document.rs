//! `document`: bytes that leaves name by hash: policy sets, configurations.

use super::{Error, Read, Tx, Value};

/// Keeps `bytes` under their SHA-256 `hash`; what is there already is kept.
pub fn put(tx: &mut Tx<'_>, hash: &[u8; 32], kind: &str, ts: i64, bytes: &[u8]) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO document (hash, kind, ts, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        &[hash.into(), kind.into(), Value::Int(ts), bytes.into()],
    )?;
    Ok(())
}

/// When the document with this hash was kept, microseconds since 1970.
pub fn since(read: &mut Read<'_>, hash: &[u8; 32]) -> Result<Option<i64>, Error> {
    read.first("SELECT ts FROM document WHERE hash = $1", &[hash.into()], |row| row.int(0))
}

/// Kind and bytes of the document with this hash.
pub fn find(read: &mut Read<'_>, hash: &[u8; 32]) -> Result<Option<(String, Vec<u8>)>, Error> {
    read.first("SELECT kind, bytes FROM document WHERE hash = $1", &[hash.into()], |row| {
        Ok((row.text(0)?.to_owned(), row.bytes(1)?.to_vec()))
    })
}
