//! `session`: recording sessions as they began.

use super::entry::Place;
use super::{Error, Read, Tx, Value};
use crate::limits;

/// A recording session and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: [u8; 16],
    /// When it began, microseconds since 1970.
    pub ts: i64,
    /// Pseudonym of the caller.
    pub actor: String,
    /// When its last call began.
    pub last_ts: i64,
    /// Calls permitted and refused, counted up to [`limits::SESSION_COUNT_MAX`].
    pub calls: u64,
    /// Calls refused among those.
    pub denied: u64,
}

/// Which sessions are wanted. Empty: all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Pseudonym of the caller.
    pub actor: Option<String>,
    /// Begun not earlier, microseconds since 1970.
    pub from: Option<i64>,
    /// Begun earlier, microseconds since 1970.
    pub until: Option<i64>,
}

/// Adds a session; one that exists already is kept.
pub fn begin(tx: &mut Tx<'_>, id: &[u8; 16], ts: i64, actor: &str) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO session (id, ts, actor) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        &[id.into(), ts.into(), actor.into()],
    )?;
    Ok(())
}

/// At most `limit` sessions, the latest to begin first. Counts come from the session's own index entries.
pub fn page(read: &mut Read<'_>, filter: &Filter, limit: u32) -> Result<Vec<Session>, Error> {
    let (from, until) = (filter.from.unwrap_or(0), filter.until.unwrap_or(i64::MAX));
    let limit = Value::Int(i64::from(limit));
    let mut sessions = match &filter.actor {
        Some(actor) => read.all(
            "SELECT id, ts, actor FROM session WHERE actor = $1 AND ts >= $2 AND ts < $3 \
             ORDER BY ts DESC LIMIT $4",
            &[actor.into(), from.into(), until.into(), limit],
            begun,
        )?,
        None => read.all(
            "SELECT id, ts, actor FROM session WHERE ts >= $1 AND ts < $2 ORDER BY ts DESC LIMIT $3",
            &[from.into(), until.into(), limit],
            begun,
        )?,
    };
    for session in &mut sessions {
        count(read, session)?;
    }
    Ok(sessions)
}

fn begun(row: super::Row<'_>) -> Result<Session, Error> {
    let ts = row.int(1)?;
    Ok(Session { id: row.array(0)?, ts, actor: row.text(2)?.to_owned(), last_ts: ts, calls: 0, denied: 0 })
}

/// Counts the newest calls, from the index alone.
fn count(read: &mut Read<'_>, session: &mut Session) -> Result<(), Error> {
    let newest = Value::Int(limits::SESSION_COUNT_MAX.cast_signed());
    let counted = read.all(
        // What waited for people or was approved is no call of its own.
        "SELECT type, count(*), max(ts) FROM (SELECT type, ts FROM entry WHERE session = $1 \
         AND type IN ('call.intent', 'call.denied') ORDER BY ts DESC LIMIT $2) AS newest GROUP BY type",
        &[(&session.id).into(), newest],
        |row| Ok((row.text(0)? == "call.intent", row.count(1)?, row.int(2)?)),
    )?;
    for (permitted, calls, last_ts) in counted {
        session.calls += calls;
        session.denied += if permitted { 0 } else { calls };
        session.last_ts = session.last_ts.max(last_ts);
    }
    Ok(())
}

/// The session with this id.
pub fn find(read: &mut Read<'_>, id: &[u8; 16]) -> Result<Option<Session>, Error> {
    let found = read.first("SELECT id, ts, actor FROM session WHERE id = $1", &[id.into()], begun)?;
    let Some(mut session) = found else { return Ok(None) };
    count(read, &mut session)?;
    Ok(Some(session))
}

/// Time, place and exchange of at most `limit` calls of a session after `after`, the first one first.
pub fn calls(
    read: &mut Read<'_>,
    id: &[u8; 16],
    after: Option<(i64, Place)>,
    limit: u32,
) -> Result<Vec<(i64, Place, [u8; 16])>, Error> {
    let (ts, place) = after.unwrap_or((i64::MIN, Place::new(0, 0)));
    read.all(
        "SELECT ts, place, call FROM entry WHERE session = $1 AND type IN ('call.intent', 'call.denied') \
         AND call IS NOT NULL AND (ts, place) > ($2, $3) ORDER BY ts, place LIMIT $4",
        &[id.into(), ts.into(), place.value(), Value::Int(i64::from(limit))],
        |row| Ok((row.int(0)?, Place::read(row.int(1)?), row.array(2)?)),
    )
}
