//! `session_end`: recording sessions that an administrator ended.

use super::{Error, Read, Tx, Value};

/// Ends a session, and the protocol sessions that are recorded as it; one that is ended stays so.
pub fn insert(tx: &mut Tx<'_>, id: &[u8; 16], ts: i64) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO session_end (id, ts) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[id.into(), ts.into()],
    )?;
    tx.execute(
        "UPDATE mcp_session SET ended = $1 WHERE session = $2 AND ended IS NULL",
        &[ts.into(), id.into()],
    )?;
    Ok(())
}

/// When a session was ended, microseconds since 1970.
pub fn find(read: &mut Read<'_>, id: &[u8; 16]) -> Result<Option<i64>, Error> {
    read.first("SELECT ts FROM session_end WHERE id = $1", &[id.into()], |row| row.int(0))
}

/// How many are ended.
pub fn count(read: &mut Read<'_>) -> Result<u64, Error> {
    Ok(read.first("SELECT count(*) FROM session_end", &[], |row| row.count(0))?.unwrap_or(0))
}

/// At most `limit` of them.
pub fn all(read: &mut Read<'_>, limit: u32) -> Result<Vec<[u8; 16]>, Error> {
    let limit = Value::Int(i64::from(limit));
    read.all("SELECT id FROM session_end ORDER BY ts DESC LIMIT $1", &[limit], |row| row.array(0))
}
