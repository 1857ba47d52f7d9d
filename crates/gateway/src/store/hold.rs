//! `hold`: bodies that must not be erased whatever their age.

use super::{Error, Read, Right, Row, Tx, Value};

/// A legal hold. A member that is absent restricts nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// What it is called: unique, also among those that were cleared.
    pub name: String,
    /// Calls to this server only.
    pub server: Option<String>,
    /// Calls of this person or program only, by pseudonym.
    pub actor: Option<String>,
    /// Calls of this recording session only.
    pub session: Option<[u8; 16]>,
    /// Not earlier, microseconds since 1970.
    pub since: Option<i64>,
    /// Earlier than this, microseconds since 1970.
    pub until: Option<i64>,
    /// When it was set, microseconds since 1970.
    pub ts: i64,
    /// When it was cleared, microseconds since 1970.
    pub cleared: Option<i64>,
}

const COLUMNS: &str = "name, server, actor, session, since, until, ts, cleared";

/// Adds a hold; `false` when the name was used before.
pub fn set(tx: &mut Tx<'_>, hold: &Hold) -> Result<bool, Error> {
    tx.await_right(Right::Retain)?;
    let added = tx.execute(
        "INSERT INTO hold (name, server, actor, session, since, until, ts) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        &[
            (&hold.name).into(),
            hold.server.as_deref().into(),
            hold.actor.as_deref().into(),
            hold.session.as_ref().into(),
            hold.since.into(),
            hold.until.into(),
            hold.ts.into(),
        ],
    )?;
    Ok(added == 1)
}

/// Ends a hold; `false` when there is none of this name, or it was cleared before.
pub fn clear(tx: &mut Tx<'_>, name: &str, ts: i64) -> Result<bool, Error> {
    let sql = "UPDATE hold SET cleared = $1 WHERE name = $2 AND cleared IS NULL";
    Ok(tx.execute(sql, &[Value::Int(ts), Value::Text(name)])? == 1)
}

/// All holds, those that were cleared included, the oldest first.
pub fn all(read: &mut Read<'_>) -> Result<Vec<Hold>, Error> {
    read.all(&format!("SELECT {COLUMNS} FROM hold ORDER BY ts, name"), &[], hold)
}

/// A number that changes whenever a hold is set or cleared.
pub fn revision(read: &mut Read<'_>) -> Result<i64, Error> {
    let counted = read.first("SELECT count(*) + count(cleared) FROM hold", &[], |row| row.int(0))?;
    Ok(counted.unwrap_or(0))
}

fn hold(row: Row<'_>) -> Result<Hold, Error> {
    Ok(Hold {
        name: row.text(0)?.to_owned(),
        server: row.maybe_text(1)?.map(str::to_owned),
        actor: row.maybe_text(2)?.map(str::to_owned),
        session: row.maybe_array(3)?,
        since: row.maybe_int(4)?,
        until: row.maybe_int(5)?,
        ts: row.int(6)?,
        cleared: row.maybe_int(7)?,
    })
}
