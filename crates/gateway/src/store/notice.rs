//! `notice`: what a command beside the gateway wants in the log.

use super::{Error, Read, Row, Tx, Value};

/// A leaf that the gateway is asked to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its id, so that it is written once.
    pub id: [u8; 16],
    /// When it was asked for, microseconds since 1970.
    pub ts: i64,
    /// Event type.
    pub event: String,
    /// Facts: a JSON object.
    pub detail: String,
    /// Keyed MAC of all of this: only whoever has the key directory can write it.
    pub seal: Option<[u8; 32]>,
}

const COLUMNS: &str = "id, ts, event, detail, seal";
/// Rows that have no id are nobody's: they must not keep the others from being read.
const READABLE: &str = "length(id) = 16";

/// Asks for a leaf.
pub fn insert(tx: &mut Tx<'_>, notice: &Notice) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO notice (id, ts, event, detail, seal) VALUES ($1, $2, $3, $4, $5)",
        &[
            (&notice.id).into(),
            notice.ts.into(),
            (&notice.event).into(),
            (&notice.detail).into(),
            notice.seal.as_ref().into(),
        ],
    )?;
    Ok(())
}

/// At most `limit` that wait, the oldest first.
pub fn waiting(read: &mut Read<'_>, limit: u32) -> Result<Vec<Notice>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notice WHERE {READABLE} AND noted IS NULL AND refused IS NULL \
         ORDER BY ts, id LIMIT $1"
    );
    read.all(&sql, &[Value::Int(i64::from(limit))], notice)
}

/// Every one that ever asked for a leaf of this type, the oldest first. Its seal says whether it counts, not a mark that
/// anybody can set.
pub fn of(read: &mut Read<'_>, event: &str) -> Result<Vec<Notice>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM notice WHERE {READABLE} AND event = $1 ORDER BY ts, id");
    read.all(&sql, &[event.into()], notice)
}

/// Remembers that the leaf is written.
pub fn note(tx: &mut Tx<'_>, id: &[u8; 16], ts: i64) -> Result<(), Error> {
    tx.execute("UPDATE notice SET noted = $1 WHERE id = $2", &[Value::Int(ts), id.into()])?;
    Ok(())
}

/// Remembers that no leaf is written.
pub fn refuse(tx: &mut Tx<'_>, id: &[u8; 16], ts: i64) -> Result<(), Error> {
    tx.execute("UPDATE notice SET refused = $1 WHERE id = $2", &[Value::Int(ts), id.into()])?;
    Ok(())
}

/// How many were refused, or cannot be read.
pub fn refused(read: &mut Read<'_>) -> Result<u64, Error> {
    let sql = format!("SELECT count(*) FROM notice WHERE refused IS NOT NULL OR NOT {READABLE}");
    Ok(read.first(&sql, &[], |row| row.count(0))?.unwrap_or(0))
}

/// A number that changes whenever somebody asks for a leaf of one of these types, or one is written.
pub fn revision(read: &mut Read<'_>, events: [&str; 2]) -> Result<i64, Error> {
    let counted = read.first(
        "SELECT (SELECT count(*) FROM notice WHERE event IN ($1, $2)) + \
         (SELECT count(*) FROM entry WHERE type IN ($1, $2))",
        &events.map(Value::Text),
        |row| row.int(0),
    )?;
    Ok(counted.unwrap_or(0))
}

fn notice(row: Row<'_>) -> Result<Notice, Error> {
    Ok(Notice {
        id: row.array(0)?,
        ts: row.int(1)?,
        event: row.text(2)?.to_owned(),
        detail: row.text(3)?.to_owned(),
        // One of another length is none.
        seal: row.maybe_bytes(4)?.and_then(|seal| seal.try_into().ok()),
    })
}
