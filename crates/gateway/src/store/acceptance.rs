//! `acceptance`: changed definitions that somebody accepted, the latest of each name.
//!
//! Whoever owns the database can write such rows, not seal them: one that waits counts with the seal of whoever accepted, one
//! that is in the log with that of the gateway that recorded it.

use super::{Error, Read, Row, Tx, Value};
use crate::seal::Seal;

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
    /// Since when the log has it, microseconds since 1970.
    pub noted: Option<i64>,
}

const COLUMNS: &str = "server, kind, name, hash, before, reason, accepted_by, ts, noted, seal";

impl Acceptance {
    /// What its seal is over.
    fn matter(&self) -> impl serde::Serialize + '_ {
        let Self { server, kind, name, hash, before, reason, accepted_by, ts, noted } = self;
        ("acceptance", (server, kind, name), hash, before, reason, accepted_by, ts, noted)
    }
}

/// Asks for a definition to be pinned. It is, once the log says so. One that waits already is replaced.
pub fn insert(tx: &mut Tx<'_>, seal: &Seal, acceptance: &Acceptance) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO acceptance (server, kind, name, hash, before, reason, accepted_by, ts, noted, seal) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (server, kind, name) DO UPDATE SET hash = excluded.hash, before = excluded.before, \
         reason = excluded.reason, accepted_by = excluded.accepted_by, ts = excluded.ts, \
         noted = excluded.noted, seal = excluded.seal",
        &[
            (&acceptance.server).into(),
            (&acceptance.kind).into(),
            (&acceptance.name).into(),
            (&acceptance.hash).into(),
            (&acceptance.before).into(),
            (&acceptance.reason).into(),
            (&acceptance.accepted_by).into(),
            acceptance.ts.into(),
            acceptance.noted.into(),
            (&seal.of(&acceptance.matter())).into(),
        ],
    )?;
    Ok(())
}

/// At most `limit` that the log lacks, the oldest first; and how many others wrote.
pub fn unnoted(read: &mut Read<'_>, seal: &Seal, limit: u32) -> Result<(Vec<Acceptance>, usize), Error> {
    ours(read, seal, "noted IS NULL ORDER BY ts, server, kind, name", limit)
}

/// At most `limit` that the log has, by server, kind and name; and how many others wrote.
pub fn noted(read: &mut Read<'_>, seal: &Seal, limit: u32) -> Result<(Vec<Acceptance>, usize), Error> {
    ours(read, seal, "noted IS NOT NULL ORDER BY server, kind, name", limit)
}

fn ours(
    read: &mut Read<'_>,
    seal: &Seal,
    which: &str,
    limit: u32,
) -> Result<(Vec<Acceptance>, usize), Error> {
    let sql = format!("SELECT {COLUMNS} FROM acceptance WHERE {which} LIMIT $1");
    let rows = read.all(&sql, &[Value::Int(i64::from(limit))], |row| acceptance(row, seal))?;
    let all = rows.len();
    let ours: Vec<_> = rows.into_iter().flatten().collect();
    let foreign = all - ours.len();
    Ok((ours, foreign))
}

/// The definition of a name that was accepted last, by the log.
pub(super) fn accepted(
    read: &mut Read<'_>,
    seal: &Seal,
    (server, kind, name): (&str, &str, &str),
) -> Result<Option<Acceptance>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM acceptance WHERE server = $1 AND kind = $2 AND name = $3 AND noted IS NOT NULL"
    );
    Ok(read.first(&sql, &[server.into(), kind.into(), name.into()], |row| acceptance(row, seal))?.flatten())
}

/// Those of a server that the log has.
pub(super) fn of_server(read: &mut Read<'_>, seal: &Seal, server: &str) -> Result<Vec<Acceptance>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM acceptance WHERE server = $1 AND noted IS NOT NULL");
    let rows = read.all(&sql, &[server.into()], |row| acceptance(row, seal))?;
    Ok(rows.into_iter().flatten().collect())
}

/// Remembers, in the transaction of the leaf, that the log has it; the leaf keeps the reason sealed. Nothing happens when
/// another acceptance has taken its place meanwhile.
pub fn note(tx: &mut Tx<'_>, seal: &Seal, noted: &Acceptance, ts: i64) -> Result<(), Error> {
    let row = Acceptance { reason: String::new(), noted: Some(ts), ..noted.clone() };
    tx.execute(
        "UPDATE acceptance SET noted = $1, reason = '', seal = $2 \
         WHERE server = $3 AND kind = $4 AND name = $5 AND hash = $6 AND ts = $7",
        &[
            Value::Int(ts),
            (&seal.of(&row.matter())).into(),
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

/// `None`: nobody with the key wrote it.
fn acceptance(row: Row<'_>, seal: &Seal) -> Result<Option<Acceptance>, Error> {
    let found = Acceptance {
        server: row.text(0)?.to_owned(),
        kind: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        hash: row.array(3)?,
        before: row.array(4)?,
        reason: row.text(5)?.to_owned(),
        accepted_by: row.text(6)?.to_owned(),
        ts: row.int(7)?,
        noted: row.maybe_int(8)?,
    };
    let written = row.maybe_bytes(9)?.and_then(|written| written.try_into().ok());
    let ours = written.is_some_and(|written| seal.is_on(written, &found.matter()));
    Ok(ours.then_some(found))
}
