//! `notice`: what a command beside the gateway wants in the log.

use super::{Error, Read, Tx, Value};

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
}

/// Asks for a leaf.
pub fn insert(tx: &mut Tx<'_>, notice: &Notice) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO notice (id, ts, event, detail) VALUES ($1, $2, $3, $4)",
        &[(&notice.id).into(), notice.ts.into(), (&notice.event).into(), (&notice.detail).into()],
    )?;
    Ok(())
}

/// At most `limit` that wait, the oldest first.
pub fn waiting(read: &mut Read<'_>, limit: u32) -> Result<Vec<Notice>, Error> {
    read.all(
        "SELECT id, ts, event, detail FROM notice WHERE noted IS NULL ORDER BY ts LIMIT $1",
        &[Value::Int(i64::from(limit))],
        |row| {
            Ok(Notice {
                id: row.array(0)?,
                ts: row.int(1)?,
                event: row.text(2)?.to_owned(),
                detail: row.text(3)?.to_owned(),
            })
        },
    )
}

/// Remembers that the leaf is written.
pub fn note(tx: &mut Tx<'_>, id: &[u8; 16], ts: i64) -> Result<(), Error> {
    tx.execute("UPDATE notice SET noted = $1 WHERE id = $2", &[Value::Int(ts), id.into()])?;
    Ok(())
}
