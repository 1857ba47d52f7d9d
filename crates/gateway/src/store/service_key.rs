//! `service_key`: credentials of callers without an issuer. The secret itself is never here.

use super::{Error, Read, Row, Tx, Value};

/// A service key. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceKey {
    /// Public part of the key.
    pub id: String,
    /// HMAC over terms and key, see [`crate::identity::ServiceKey::tag`].
    pub hash: [u8; 32],
    /// `service` or `agent`.
    pub kind: String,
    /// What people call it.
    pub label: String,
    /// JSON array: the groups it has.
    pub groups: String,
    /// JSON array: the servers it may reach; `*` for all.
    pub servers: String,
    /// Who made it.
    pub created_by: String,
    /// The person it is for, as `issuer/subject`.
    pub owner: Option<String>,
    /// When it was made.
    pub created: i64,
    /// When it ends.
    pub expires: i64,
    /// When it was withdrawn.
    pub revoked: Option<i64>,
    /// When it was last used, coarsely.
    pub used: Option<i64>,
}

/// What the log does not say yet about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unnoted {
    /// That it was created.
    Created,
    /// That it was revoked.
    Revoked,
}

const SELECT: &str = "SELECT id, hash, kind, label, roles, servers, created_by, created, expires, revoked, used, \
                      owner FROM service_key";

/// Adds a key.
pub fn insert(tx: &mut Tx<'_>, key: &ServiceKey) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO service_key (id, hash, kind, label, roles, servers, created_by, created, expires, owner) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            (&key.id).into(),
            (&key.hash).into(),
            (&key.kind).into(),
            (&key.label).into(),
            (&key.groups).into(),
            (&key.servers).into(),
            (&key.created_by).into(),
            key.created.into(),
            key.expires.into(),
            key.owner.as_ref().into(),
        ],
    )?;
    Ok(())
}

/// The key with this id.
pub fn find(read: &mut Read<'_>, id: &str) -> Result<Option<ServiceKey>, Error> {
    read.first(&format!("{SELECT} WHERE id = $1"), &[id.into()], key)
}

/// At most `limit` keys after `after` (an id, or empty), in the order of their ids.
pub fn list(read: &mut Read<'_>, after: &str, limit: u32) -> Result<Vec<ServiceKey>, Error> {
    let limit = Value::Int(i64::from(limit));
    read.all(&format!("{SELECT} WHERE id > $1 ORDER BY id LIMIT $2"), &[after.into(), limit], key)
}

/// Withdraws a key. `false`: there is none, or it was withdrawn before.
pub fn revoke(tx: &mut Tx<'_>, id: &str, ts: i64) -> Result<bool, Error> {
    let touched = tx.execute(
        "UPDATE service_key SET revoked = $1 WHERE id = $2 AND revoked IS NULL",
        &[Value::Int(ts), id.into()],
    )?;
    Ok(touched == 1)
}

/// Notes a use.
pub fn touch(tx: &mut Tx<'_>, id: &str, ts: i64) -> Result<(), Error> {
    tx.execute("UPDATE service_key SET used = $1 WHERE id = $2", &[Value::Int(ts), id.into()])?;
    Ok(())
}

/// At most `limit` keys about which the log lacks a leaf.
pub fn unnoted(read: &mut Read<'_>, limit: u32) -> Result<Vec<(ServiceKey, Unnoted)>, Error> {
    let keys = read.all(
        &format!(
            "{SELECT} WHERE noted_created IS NULL OR (revoked IS NOT NULL AND noted_revoked IS NULL) \
             ORDER BY created LIMIT $1"
        ),
        &[Value::Int(i64::from(limit))],
        key,
    )?;
    let mut found = Vec::new();
    for key in keys {
        let noted =
            read.first("SELECT noted_created FROM service_key WHERE id = $1", &[(&key.id).into()], |row| {
                row.maybe_int(0)
            })?;
        let what = if noted.flatten().is_none() { Unnoted::Created } else { Unnoted::Revoked };
        found.push((key, what));
    }
    Ok(found)
}

/// Remembers that the log has the leaf.
pub fn note(tx: &mut Tx<'_>, id: &str, what: Unnoted, ts: i64) -> Result<(), Error> {
    let sql = match what {
        Unnoted::Created => "UPDATE service_key SET noted_created = $1 WHERE id = $2",
        Unnoted::Revoked => "UPDATE service_key SET noted_revoked = $1 WHERE id = $2",
    };
    tx.execute(sql, &[Value::Int(ts), id.into()])?;
    Ok(())
}

fn key(row: Row<'_>) -> Result<ServiceKey, Error> {
    Ok(ServiceKey {
        id: row.text(0)?.to_owned(),
        hash: row.array(1)?,
        kind: row.text(2)?.to_owned(),
        label: row.text(3)?.to_owned(),
        groups: row.text(4)?.to_owned(),
        servers: row.text(5)?.to_owned(),
        created_by: row.text(6)?.to_owned(),
        created: row.int(7)?,
        expires: row.int(8)?,
        revoked: row.maybe_int(9)?,
        used: row.maybe_int(10)?,
        owner: row.maybe_text(11)?.map(str::to_owned),
    })
}
