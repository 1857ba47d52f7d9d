//! `acceptance`: changed definitions that somebody accepted, the latest of each name.

use super::{Error, Read, Row, Tx, Value};

/// That a changed definition is the one to hold the upstream to from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// Which upstream.
    pub server: String,
    /// `tool`, `prompt`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// SHA-256 of the definition accepted.
    pub hash: [u8; 32],
    /// SHA-256 of the one that was pinned before.
    pub before: [u8; 32],
    /// Why, masked; empty once the log has it.
    pub reason: String,
    /// Who.
    pub accepted_by: String,
    /// When, microseconds since 1970.
    pub ts: i64,
}

const SELECT: &str =
    "SELECT server, kind, name, hash, before, reason, accepted_by, ts FROM acceptance WHERE noted IS";

/// Asks for a definition to be pinned. It is, once the log says so. One that waits already is replaced.
pub fn insert(tx: &mut Tx<'_>, acceptance: &Acceptance) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO acceptance (server, kind, name, hash, before, reason, accepted_by, ts) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (server, kind, name) DO UPDATE SET hash = excluded.hash, before = excluded.before, \
         reason = excluded.reason, accepted_by = excluded.accepted_by, ts = excluded.ts, noted = NULL",
        &[
            (&acceptance.server).into(),
            (&acceptance.kind).into(),
            (&acceptance.name).into(),
            (&acceptance.hash).into(),
            (&acceptance.before).into(),
            (&acceptance.reason).into(),
            (&acceptance.accepted_by).into(),
            acceptance.ts.into(),
        ],
    )?;
    Ok(())
}

/// At most `limit` that the log lacks, the oldest first.
pub fn unnoted(read: &mut Read<'_>, limit: u32) -> Result<Vec<Acceptance>, Error> {
    read.all(
        &format!("{SELECT} NULL ORDER BY ts, server, kind, name LIMIT $1"),
        &[Value::Int(i64::from(limit))],
        acceptance,
    )
}

/// At most `limit` that the log has, by server, kind and name.
pub fn noted(read: &mut Read<'_>, limit: u32) -> Result<Vec<Acceptance>, Error> {
    read.all(
        &format!("{SELECT} NOT NULL ORDER BY server, kind, name LIMIT $1"),
        &[Value::Int(i64::from(limit))],
        acceptance,
    )
}

/// Remembers that the log has the leaf, which keeps the reason sealed, unless another acceptance has taken its place
/// meanwhile.
pub fn note(tx: &mut Tx<'_>, noted: &Acceptance, ts: i64) -> Result<(), Error> {
    tx.execute(
        "UPDATE acceptance SET noted = $1, reason = '' \
         WHERE server = $2 AND kind = $3 AND name = $4 AND hash = $5 AND ts = $6",
        &[
            Value::Int(ts),
            (&noted.server).into(),
            (&noted.kind).into(),
            (&noted.name).into(),
            (&noted.hash).into(),
            noted.ts.into(),
        ],
    )?;
    Ok(())
}

/// When anything was accepted last, microseconds since 1970; 0: never.
pub fn latest(read: &mut Read<'_>) -> Result<i64, Error> {
    Ok(read.first("SELECT max(noted) FROM acceptance", &[], |row| row.maybe_int(0))?.flatten().unwrap_or(0))
}

fn acceptance(row: Row<'_>) -> Result<Acceptance, Error> {
    Ok(Acceptance {
        server: row.text(0)?.to_owned(),
        kind: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        hash: row.array(3)?,
        before: row.array(4)?,
        reason: row.text(5)?.to_owned(),
        accepted_by: row.text(6)?.to_owned(),
        ts: row.int(7)?,
    })
}
