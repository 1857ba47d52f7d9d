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
    /// SHA-256 of the body.
    pub hash: [u8; 32],
    /// Canonical JSON.
    pub body: Vec<u8>,
    /// When it was first seen, microseconds since 1970.
    pub first_seen: i64,
}

/// Adds a definition. `false`: it was known.
pub fn insert(tx: &mut Tx<'_>, definition: &Definition) -> Result<bool, Error> {
    let touched = tx.execute(
        "INSERT INTO definition (server, kind, name, hash, body, first_seen) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT DO NOTHING",
        &[
            (&definition.server).into(),
            (&definition.kind).into(),
            (&definition.name).into(),
            (&definition.hash).into(),
            (&definition.body).into(),
            definition.first_seen.into(),
        ],
    )?;
    Ok(touched == 1)
}

/// The definitions of one server, at most `limit`; of each name the first seen comes first.
pub fn of_server(read: &mut Read<'_>, server: &str, limit: u32) -> Result<Vec<Definition>, Error> {
    read.all(
        "SELECT server, kind, name, hash, body, first_seen FROM definition WHERE server = $1 \
         ORDER BY kind, name, first_seen LIMIT $2",
        &[server.into(), Value::Int(i64::from(limit))],
        |row| {
            Ok(Definition {
                server: row.text(0)?.to_owned(),
                kind: row.text(1)?.to_owned(),
                name: row.text(2)?.to_owned(),
                hash: row.array(3)?,
                body: row.bytes(4)?.to_vec(),
                first_seen: row.int(5)?,
            })
        },
    )
}
