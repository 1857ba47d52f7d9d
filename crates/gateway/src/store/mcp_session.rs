//! `mcp_session`: who may use a legacy protocol session (MCP 2025-11-25, security best practices: bind sessions to
//! the user).

use super::{Error, Read, Tx, Value};

/// A legacy session of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpSession {
    /// Hash of issuer and subject of its owner.
    pub binding: [u8; 32],
    /// Our recording session.
    pub session: [u8; 16],
    /// When it was bound, or last used; microseconds since 1970.
    pub ts: i64,
    /// When it was ended.
    pub ended: Option<i64>,
}

/// Binds the session whose id has this SHA-256. `false`: it belongs to somebody already, possibly the same owner.
pub fn bind(tx: &mut Tx<'_>, server: &str, id_hash: &[u8; 32], session: &McpSession) -> Result<bool, Error> {
    let touched = tx.execute(
        "INSERT INTO mcp_session (server, id_hash, binding, session, ts) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING",
        &[
            server.into(),
            id_hash.into(),
            (&session.binding).into(),
            (&session.session).into(),
            session.ts.into(),
        ],
    )?;
    Ok(touched == 1)
}

/// The session whose id has this SHA-256.
pub fn find(read: &mut Read<'_>, server: &str, id_hash: &[u8; 32]) -> Result<Option<McpSession>, Error> {
    read.first(
        "SELECT binding, session, ts, ended FROM mcp_session WHERE server = $1 AND id_hash = $2",
        &[server.into(), id_hash.into()],
        |row| {
            Ok(McpSession {
                binding: row.array(0)?,
                session: row.array(1)?,
                ts: row.int(2)?,
                ended: row.maybe_int(3)?,
            })
        },
    )
}

/// Ends a session.
pub fn end(tx: &mut Tx<'_>, server: &str, id_hash: &[u8; 32], ts: i64) -> Result<(), Error> {
    tx.execute(
        "UPDATE mcp_session SET ended = $1 WHERE server = $2 AND id_hash = $3",
        &[Value::Int(ts), server.into(), id_hash.into()],
    )?;
    Ok(())
}

/// Notes that its owner used it.
pub fn touch(tx: &mut Tx<'_>, server: &str, id_hash: &[u8; 32], ts: i64) -> Result<(), Error> {
    tx.execute(
        "UPDATE mcp_session SET ts = $1 WHERE server = $2 AND id_hash = $3 AND ts < $1",
        &[Value::Int(ts), server.into(), id_hash.into()],
    )?;
    Ok(())
}

/// Forgets sessions that nobody used since `ts`; answers how many.
pub fn forget(tx: &mut Tx<'_>, ts: i64) -> Result<u64, Error> {
    tx.execute("DELETE FROM mcp_session WHERE ts < $1", &[Value::Int(ts)])
}
