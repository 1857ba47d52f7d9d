//! `definition`: every definition of a tool, resource or prompt that an upstream ever listed.
//!
//! A row counts with the seal of a gateway: one that somebody else wrote was never seen. Each says what was pinned when it was
//! first seen; so when rows are deleted, what is left pins nothing else, and when all of a name are, it is seen and recorded
//! for the first time again.

use std::collections::BTreeMap;

use super::{Error, Read, Row, Tx, acceptance};
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
    pinned: [u8; 32],
    first_seen: i64,
    since: i64,
}

impl Known {
    /// What the seal is over.
    fn matter<'a>(&'a self, name: (&'a str, &'a str, &'a str)) -> impl serde::Serialize + 'a {
        ("definition", name, self.hash, self.pinned, self.first_seen, self.since)
    }

    /// `None`: no gateway of this log wrote it.
    fn read(row: Row<'_>, from: usize, seal: &Seal, name: (&str, &str, &str)) -> Result<Option<Self>, Error> {
        let (Some(pinned), Some(written)) = (row.maybe_bytes(from + 1)?, row.maybe_bytes(from + 4)?) else {
            return Ok(None);
        };
        let (Ok(pinned), Ok(written)) = (pinned.try_into(), written.try_into()) else { return Ok(None) };
        let seen = Self {
            hash: row.array(from)?,
            pinned,
            first_seen: row.int(from + 2)?,
            since: row.int(from + 3)?,
        };
        Ok(seal.is_on(written, &seen.matter(name)).then_some(seen))
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
        pinned: before.unwrap_or(*hash),
        first_seen: definition.first_seen,
        since: definition.since,
    };
    let row = known.map_or(first, |known| Known { since: definition.since, ..known });
    tx.execute(
        "INSERT INTO definition (server, kind, name, hash, body, pinned, first_seen, since, seal) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (server, kind, name, hash) DO UPDATE SET body = excluded.body, pinned = excluded.pinned, \
         first_seen = excluded.first_seen, since = excluded.since, seal = excluded.seal",
        &[
            server.into(),
            kind.into(),
            name.into(),
            hash.into(),
            (&definition.body).into(),
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

/// One definition of a name.
pub fn find(
    read: &mut Read<'_>,
    server: &str,
    kind: &str,
    name: &str,
    hash: &[u8; 32],
) -> Result<Option<Definition>, Error> {
    read.first(
        "SELECT body, pinned, first_seen, since FROM definition \
         WHERE server = $1 AND kind = $2 AND name = $3 AND hash = $4",
        &[server.into(), kind.into(), name.into(), hash.into()],
        |row| {
            Ok(Definition {
                server: server.to_owned(),
                kind: kind.to_owned(),
                name: name.to_owned(),
                hash: *hash,
                body: row.bytes(0)?.to_vec(),
                pinned: row.maybe_array(1)?.unwrap_or(*hash),
                first_seen: row.int(2)?,
                since: row.int(3)?,
            })
        },
    )
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
    let rows = read.all(
        "SELECT hash, pinned, first_seen, since, seal FROM definition \
         WHERE server = $1 AND kind = $2 AND name = $3 ORDER BY first_seen, hash",
        &[which.0.into(), which.1.into(), which.2.into()],
        |row| Known::read(row, 0, seal, which),
    )?;
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
        "SELECT kind, name, hash, pinned, first_seen, since, seal FROM definition WHERE server = $1 \
         ORDER BY first_seen, hash",
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
