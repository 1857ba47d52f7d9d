//! `task`: who may ask about a task, and which tool it came from.

use super::{Error, Read, Tx, Value};

/// A task of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Hash of issuer and subject of its owner.
    pub binding: [u8; 32],
    /// The tool that created it.
    pub tool: Option<String>,
    /// When it was created, or last asked about; microseconds since 1970.
    pub ts: i64,
}

/// Binds the task whose id has this SHA-256. `false`: it belongs to somebody already, possibly the same owner.
pub fn bind(tx: &mut Tx<'_>, server: &str, id_hash: &[u8; 32], task: &Task) -> Result<bool, Error> {
    let touched = tx.execute(
        "INSERT INTO task (server, id_hash, binding, tool, ts) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING",
        &[server.into(), id_hash.into(), (&task.binding).into(), task.tool.as_deref().into(), task.ts.into()],
    )?;
    Ok(touched == 1)
}

/// The task whose id has this SHA-256.
pub fn find(read: &mut Read<'_>, server: &str, id_hash: &[u8; 32]) -> Result<Option<Task>, Error> {
    read.first(
        "SELECT binding, tool, ts FROM task WHERE server = $1 AND id_hash = $2",
        &[server.into(), id_hash.into()],
        |row| {
            Ok(Task { binding: row.array(0)?, tool: row.maybe_text(1)?.map(str::to_owned), ts: row.int(2)? })
        },
    )
}

/// Notes that its owner asked about it.
pub fn touch(tx: &mut Tx<'_>, server: &str, id_hash: &[u8; 32], ts: i64) -> Result<(), Error> {
    tx.execute(
        "UPDATE task SET ts = $1 WHERE server = $2 AND id_hash = $3 AND ts < $1",
        &[Value::Int(ts), server.into(), id_hash.into()],
    )?;
    Ok(())
}

/// Forgets tasks that nobody asked about since `ts`; answers how many.
pub fn forget(tx: &mut Tx<'_>, ts: i64) -> Result<u64, Error> {
    tx.execute("DELETE FROM task WHERE ts < $1", &[Value::Int(ts)])
}
