//! `definition`: every definition of a tool, resource or prompt that an upstream ever listed.

use super::{Error, Read, Tx, Value};

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

/// Adds a definition, or notes that it is listed again. `false`: it was known.
pub fn insert(tx: &mut Tx<'_>, definition: &Definition) -> Result<bool, Error> {
    let Definition { server, kind, name, hash, .. } = definition;
    let known = find(tx, server, kind, name, hash)?.is_some();
    tx.execute(
        "INSERT INTO definition (server, kind, name, hash, body, first_seen, since) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (server, kind, name, hash) DO UPDATE SET since = excluded.since",
        &[
            server.into(),
            kind.into(),
            name.into(),
            hash.into(),
            (&definition.body).into(),
            definition.first_seen.into(),
            definition.since.into(),
        ],
    )?;
    Ok(!known)
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
        "SELECT body, first_seen, since FROM definition \
         WHERE server = $1 AND kind = $2 AND name = $3 AND hash = $4",
        &[server.into(), kind.into(), name.into(), hash.into()],
        |row| {
            Ok(Definition {
                server: server.to_owned(),
                kind: kind.to_owned(),
                name: name.to_owned(),
                hash: *hash,
                body: row.bytes(0)?.to_vec(),
                first_seen: row.int(1)?,
                since: row.int(2)?,
            })
        },
    )
}

/// The pinned definition of a name: the one accepted last, else the one seen first.
pub fn pinned(read: &mut Read<'_>, server: &str, kind: &str, name: &str) -> Result<Option<[u8; 32]>, Error> {
    let which = [server.into(), kind.into(), name.into()];
    let accepted = read.first(
        "SELECT hash FROM acceptance WHERE server = $1 AND kind = $2 AND name = $3 AND noted IS NOT NULL",
        &which,
        |row| row.array(0),
    )?;
    if accepted.is_some() {
        return Ok(accepted);
    }
    read.first(
        "SELECT hash FROM definition WHERE server = $1 AND kind = $2 AND name = $3 \
         ORDER BY first_seen, hash LIMIT 1",
        &which,
        |row| row.array(0),
    )
}

/// Where every name of one server stands, at most `limit`, by kind and name.
pub fn of_server(read: &mut Read<'_>, server: &str, limit: u32) -> Result<Vec<Standing>, Error> {
    read.all(
        "SELECT n.kind, n.name, a.hash, a.ts, \
         (SELECT f.hash FROM definition f WHERE f.server = $1 AND f.kind = n.kind AND f.name = n.name \
          ORDER BY f.first_seen, f.hash LIMIT 1), \
         n.began, \
         (SELECT c.hash FROM definition c WHERE c.server = $1 AND c.kind = n.kind AND c.name = n.name \
          ORDER BY c.since DESC, c.hash LIMIT 1), \
         n.latest \
         FROM (SELECT kind, name, min(first_seen) AS began, max(since) AS latest FROM definition \
               WHERE server = $1 GROUP BY kind, name) n \
         LEFT JOIN acceptance a ON a.server = $1 AND a.kind = n.kind AND a.name = n.name \
          AND a.noted IS NOT NULL \
         ORDER BY n.kind, n.name LIMIT $2",
        &[server.into(), Value::Int(i64::from(limit))],
        |row| {
            let accepted = row.maybe_int(3)?;
            Ok(Standing {
                kind: row.text(0)?.to_owned(),
                name: row.text(1)?.to_owned(),
                pinned: if accepted.is_some() { row.array(2)? } else { row.array(4)? },
                pinned_since: accepted.map_or_else(|| row.int(5), Ok)?,
                current: row.array(6)?,
                current_since: row.int(7)?,
            })
        },
    )
}
