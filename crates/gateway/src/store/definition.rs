//! `definition`: every definition of a tool, resource or prompt that an upstream ever listed.
//!
//! A row counts with the seal of a gateway: one that somebody else wrote was never seen, and a body that somebody else wrote is
//! none, since people accept what they read there. Each says what was pinned when it was
//! first seen; so when rows are deleted, what is left pins nothing else, and when all of a name are, it is seen and recorded
//! for the first time again.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::{Error, ErrorKind, Read, Row, Tx, acceptance};
use crate::seal::Seal;

/// A definition as an upstream listed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Which upstream.
    pub server: String,
    /// `tool`, `resource`, `prompt`.
    pub kind: String,
    /// Its name or URI.
    pub name: String,
    /// SHA-256 of its canonical JSON.
    pub hash: [u8; 32],
    /// That JSON, masked: what it gives away is not kept.
    pub body: Vec<u8>,
    /// The one that was pinned when it was first seen: itself, when it was the first of its name.
    pub pinned: [u8; 32],
    /// When it was first seen, microseconds since 1970.
    pub first_seen: i64,
    /// When it last became what the upstream lists, microseconds since 1970.
    pub since: i64,
}

/// Where one name stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// `tool`, `resource`, `prompt`.
    pub kind: String,
    /// Its name or URI.
    pub name: String,
    /// SHA-256 of the definition last accepted, or first seen.
    pub pinned: [u8; 32],
    /// When that was, microseconds since 1970.
    pub pinned_since: i64,
    /// SHA-256 of the definition last listed.
    pub current: [u8; 32],
    /// When the upstream began to list it, microseconds since 1970.
    pub current_since: i64,
}

/// How definitions of one name stand, without their bodies.
#[derive(Debug, Clone, Copy)]
struct Known {
    hash: [u8; 32],
    /// SHA-256 of the body.
    body_hash: [u8; 32],
    pinned: [u8; 32],
    first_seen: i64,
    since: i64,
}

/// What a [`Known`] is read from.
const KNOWN: &str = "hash, body_hash, pinned, first_seen, since, seal";

impl Known {
    /// What the seal is over.
    fn matter<'a>(&'a self, name: (&'a str, &'a str, &'a str)) -> impl serde::Serialize + 'a {
        ("definition", name, self.hash, self.body_hash, self.pinned, self.first_seen, self.since)
    }

    /// `None`: no gateway of this log wrote it.
    fn read(row: Row<'_>, from: usize, seal: &Seal, name: (&str, &str, &str)) -> Result<Option<Self>, Error> {
        let read = || -> Result<_, Error> {
            let seen = Self {
                hash: row.array(from)?,
                body_hash: row.array(from + 1)?,
                pinned: row.array(from + 2)?,
                first_seen: row.int(from + 3)?,
                since: row.int(from + 4)?,
            };
            Ok(seal.is_on(&row.array(from + 5)?, &seen.matter(name)).then_some(seen))
        };
        match read() {
            Err(error) if error.kind == ErrorKind::Shape => Ok(None),
            read => read,
        }
    }
}

/// Adds a definition, or notes that it is listed again. `false`: it was known. What is pinned then is as the store knows it.
pub fn insert(tx: &mut Tx<'_>, seal: &Seal, definition: &Definition) -> Result<bool, Error> {
    let Definition { server, kind, name, hash, .. } = definition;
    let which = (server.as_str(), kind.as_str(), name.as_str());
    let known = seen(tx, seal, which)?.into_iter().find(|seen| seen.hash == *hash);
    let before = pinned(tx, seal, server, kind, name)?;
    let first = Known {
        hash: *hash,
        body_hash: Sha256::digest(&definition.body).into(),
        pinned: before.unwrap_or(*hash),
        first_seen: definition.first_seen,
        since: definition.since,
    };
    let row =
        known.map_or(first, |known| Known { body_hash: first.body_hash, since: definition.since, ..known });
    tx.execute(
        "INSERT INTO definition (server, kind, name, hash, body, body_hash, pinned, first_seen, since, seal) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (server, kind, name, hash) DO UPDATE SET body = excluded.body, \
         body_hash = excluded.body_hash, pinned = excluded.pinned, first_seen = excluded.first_seen, since = excluded.since, seal = excluded.seal",
        &[
            server.into(),
            kind.into(),
            name.into(),
            hash.into(),
            (&definition.body).into(),
            (&row.body_hash).into(),
            (&row.pinned).into(),
            row.first_seen.into(),
            row.since.into(),
            (&seal.of(&row.matter(which))).into(),
        ],
    )?;
    Ok(known.is_none())
}

/// When anything was learned last, microseconds since 1970.
pub fn latest(read: &mut Read<'_>) -> Result<Option<i64>, Error> {
    Ok(read.first("SELECT max(since) FROM definition", &[], |row| row.maybe_int(0))?.flatten())
}

/// One definition of a name, if its row and its body are as a gateway wrote them.
pub fn find(
    read: &mut Read<'_>,
    seal: &Seal,
    (server, kind, name): (&str, &str, &str),
    hash: &[u8; 32],
) -> Result<Option<Definition>, Error> {
    let sql = format!(
        "SELECT {KNOWN}, body FROM definition WHERE server = $1 AND kind = $2 AND name = $3 AND hash = $4"
    );
    let found = read.first(&sql, &[server.into(), kind.into(), name.into(), hash.into()], |row| {
        let Some(known) = Known::read(row, 0, seal, (server, kind, name))? else { return Ok(None) };
        let body = row.bytes(6)?.to_vec();
        let ours = known.body_hash == <[u8; 32]>::from(Sha256::digest(&body));
        Ok(ours.then(|| Definition {
            server: server.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            hash: known.hash,
            body,
            pinned: known.pinned,
            first_seen: known.first_seen,
            since: known.since,
        }))
    })?;
    Ok(found.flatten())
}

/// The pinned definition of a name: the one accepted last, else the one seen first.
pub fn pinned(
    read: &mut Read<'_>,
    seal: &Seal,
    server: &str,
    kind: &str,
    name: &str,
) -> Result<Option<[u8; 32]>, Error> {
    if let Some(accepted) = acceptance::accepted(read, seal, (server, kind, name))? {
        return Ok(Some(accepted.hash));
    }
    Ok(seen(read, seal, (server, kind, name))?.first().map(|first| first.pinned))
}

/// Every definition of a name, the one seen first first.
fn seen(read: &mut Read<'_>, seal: &Seal, which: (&str, &str, &str)) -> Result<Vec<Known>, Error> {
    let sql = format!(
        "SELECT {KNOWN} FROM definition \
         WHERE server = $1 AND kind = $2 AND name = $3 ORDER BY first_seen, hash"
    );
    let which_values = [which.0.into(), which.1.into(), which.2.into()];
    let rows = read.all(&sql, &which_values, |row| Known::read(row, 0, seal, which))?;
    Ok(rows.into_iter().flatten().collect())
}

/// Where every name of one server stands, at most `limit`, by kind and name; and how many rows others wrote.
pub fn of_server(
    read: &mut Read<'_>,
    seal: &Seal,
    server: &str,
    limit: u32,
) -> Result<(Vec<Standing>, usize), Error> {
    let mut standings: BTreeMap<(String, String), Standing> = BTreeMap::new();
    let mut foreign = 0;
    read.each(
        &format!("SELECT kind, name, {KNOWN} FROM definition WHERE server = $1 ORDER BY first_seen, hash"),
        &[server.into()],
        |row| {
            let (kind, name) = (row.text(0)?, row.text(1)?);
            let Some(seen) = Known::read(row, 2, seal, (server, kind, name))? else {
                foreign += 1;
                return Ok(());
            };
            let key = (kind.to_owned(), name.to_owned());
            if !standings.contains_key(&key) && standings.len() >= limit as usize {
                return Ok(());
            }
            let standing = standings.entry(key).or_insert_with(|| Standing {
                kind: kind.to_owned(),
                name: name.to_owned(),
                pinned: seen.pinned,
                pinned_since: seen.first_seen,
                current: seen.hash,
                current_since: seen.since,
            });
            if seen.since > standing.current_since {
                (standing.current, standing.current_since) = (seen.hash, seen.since);
            }
            Ok(())
        },
    )?;
    for accepted in acceptance::of_server(read, seal, server)? {
        if let Some(standing) = standings.get_mut(&(accepted.kind, accepted.name)) {
            (standing.pinned, standing.pinned_since) = (accepted.hash, accepted.ts);
        }
    }
    Ok((standings.into_values().collect(), foreign))
}
