//! `acceptance`: changed definitions that somebody accepted, the latest of each name.
//!
//! Whoever owns the database can write such rows, not seal them: one that waits counts with the seal of whoever accepted, one
//! that was recorded with that of the gateway that recorded it. They can put back a row that was ours, too: so one counts as
//! recorded only where the log has its leaf, and no later one of the same name.

use std::collections::HashMap;

use evidence::leaf::{EventType, Leaf};
use evidence::merkle::Hash;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Error, ErrorKind, Read, Row, Tx, Value, entry};
use crate::clock::micros;
use crate::limits;
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

/// What the leaf about one says. A name in it was shown to people, and is bounded; a longer one is told by its hash. What
/// somebody wrote about it is sealed beside the leaf, as the reasons of approvers are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    accepted: String,
    before: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_sha256: Option<String>,
    by: String,
    at_us: i64,
}

/// Upstream, kind and name, the latter as leaves have it.
type Which = (String, String, Option<String>, Option<String>);

const COLUMNS: &str = "server, kind, name, hash, before, reason, accepted_by, ts, noted, seal";

impl Acceptance {
    /// What its seal is over.
    fn matter(&self) -> impl serde::Serialize + '_ {
        let Self { server, kind, name, hash, before, reason, accepted_by, ts, noted } = self;
        ("acceptance", (server, kind, name), hash, before, reason, accepted_by, ts, noted)
    }

    /// What the leaf about it says.
    pub fn recorded(&self) -> Recorded {
        let told = self.name.len() <= limits::NAME_IN_LEAF_BYTES_MAX;
        Recorded {
            accepted: Hash::from_bytes(self.hash).to_string(),
            before: Hash::from_bytes(self.before).to_string(),
            kind: self.kind.clone(),
            name: told.then(|| self.name.clone()),
            name_sha256: (!told).then(|| Hash::from_bytes(Sha256::digest(&self.name).into()).to_string()),
            by: self.accepted_by.clone(),
            at_us: self.ts,
        }
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

/// At most `limit` that wait to be recorded, the oldest first; and how many others wrote.
pub fn unnoted(read: &mut Read<'_>, seal: &Seal, limit: usize) -> Result<(Vec<Acceptance>, usize), Error> {
    ours(read, seal, "noted IS NULL ORDER BY ts, server, kind, name", &[], limit)
}

/// At most `limit` that a gateway marked as recorded, by server, kind and name; and how many others wrote. The log says which
/// of them count: see [`upheld`].
pub fn noted(read: &mut Read<'_>, seal: &Seal, limit: usize) -> Result<(Vec<Acceptance>, usize), Error> {
    ours(read, seal, "noted IS NOT NULL ORDER BY server, kind, name", &[], limit)
}

/// Rows of ours: those of others take nobody's place, however many there are.
fn ours(
    read: &mut Read<'_>,
    seal: &Seal,
    which: &str,
    parameters: &[Value<'_>],
    limit: usize,
) -> Result<(Vec<Acceptance>, usize), Error> {
    let (mut ours, mut foreign) = (Vec::new(), 0);
    read.each(&format!("SELECT {COLUMNS} FROM acceptance WHERE {which}"), parameters, |row| {
        match acceptance(row, seal)? {
            Some(acceptance) if ours.len() < limit => ours.push(acceptance),
            Some(_) => {}
            None => foreign += 1,
        }
        Ok(())
    })?;
    Ok((ours, foreign))
}

/// The definition of a name that was accepted last, by the log.
pub(super) fn accepted(
    read: &mut Read<'_>,
    seal: &Seal,
    (server, kind, name): (&str, &str, &str),
) -> Result<Option<Acceptance>, Error> {
    let which = "server = $1 AND kind = $2 AND name = $3 AND noted IS NOT NULL";
    let (found, _) = ours(read, seal, which, &[server.into(), kind.into(), name.into()], 1)?;
    Ok(upheld(read, found)?.pop())
}

/// Those of a server that count.
pub(super) fn of_server(read: &mut Read<'_>, seal: &Seal, server: &str) -> Result<Vec<Acceptance>, Error> {
    let which = "server = $1 AND noted IS NOT NULL";
    let (found, _) = ours(read, seal, which, &[server.into()], limits::CATALOG_ENTRIES_MAX)?;
    upheld(read, found)
}

/// Of rows marked as recorded those that are, and were not followed by another of the same name.
pub fn upheld(read: &mut Read<'_>, mut rows: Vec<Acceptance>) -> Result<Vec<Acceptance>, Error> {
    let Some(first) = rows.iter().map(|row| row.ts).min() else { return Ok(rows) };
    let log = log(read, first)?;
    rows.retain(|row| {
        let said = row.recorded();
        log.get(&which(&row.server, &said)).is_some_and(|told| told.last() == Some(&said))
    });
    Ok(rows)
}

/// Whether the log has the leaf about one that waits: it was put back then, and asks for nothing.
pub fn is_recorded(read: &mut Read<'_>, row: &Acceptance) -> Result<bool, Error> {
    let said = row.recorded();
    Ok(log(read, row.ts)?.get(&which(&row.server, &said)).is_some_and(|told| told.contains(&said)))
}

/// What leaves written since `ts` say was accepted, each once, in the order in which they said so first.
fn log(read: &mut Read<'_>, ts: i64) -> Result<HashMap<Which, Vec<Recorded>>, Error> {
    let mut told: HashMap<Which, Vec<Recorded>> = HashMap::new();
    let since = ts.saturating_sub(micros(limits::LOG_LOOK_BACK_MS));
    entry::each_of(read, EventType::ToolsChanged.as_str(), since, |leaf| {
        let Ok(Leaf { server: Some(server), detail: Some(detail), .. }) = Leaf::decode(leaf) else { return };
        let Ok(said) = serde_json::from_str::<Recorded>(detail.as_str()) else { return };
        let of_name = told.entry(which(&server, &said)).or_default();
        if !of_name.contains(&said) {
            of_name.push(said);
        }
    })?;
    Ok(told)
}

fn which(server: &str, said: &Recorded) -> Which {
    (server.to_owned(), said.kind.clone(), said.name.clone(), said.name_sha256.clone())
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

/// `None`: nobody with the key wrote it, or it is no such row at all.
fn acceptance(row: Row<'_>, seal: &Seal) -> Result<Option<Acceptance>, Error> {
    let read = || -> Result<_, Error> {
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
        let written: Option<[u8; 32]> = row.maybe_array(9)?;
        Ok(written.is_some_and(|written| seal.is_on(&written, &found.matter())).then_some(found))
    };
    match read() {
        Err(error) if error.kind == ErrorKind::Shape => Ok(None),
        read => read,
    }
}
