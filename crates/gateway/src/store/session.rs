//! `session`: recording sessions as they began.

use std::collections::HashMap;

use super::entry::{self, Place};
use super::tally::{self, Tallies};
use super::{Error, Read, Row, Tx, Value, mark, tx};
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
    /// When an administrator ended it.
    pub ended: Option<i64>,
    /// When its last call began.
    pub last_ts: i64,
    /// Calls permitted and refused.
    pub calls: u64,
    /// Calls refused among those.
    pub denied: u64,
    /// There may be more calls: only the newest [`limits::SESSION_COUNT_MAX`] were counted, since the log was not followed.
    pub more: bool,
    /// The leaf that begins its last call.
    pub last_leaf: Option<Vec<u8>>,
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
    /// Continue after this one: when it began, and its id, since several begin at one moment.
    pub before: Option<(i64, [u8; 16])>,
}

/// Adds a session; one that exists already is kept.
pub fn begin(tx: &mut Tx<'_>, id: &[u8; 16], ts: i64, actor: &str) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO session (id, ts, actor) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        &[id.into(), ts.into(), actor.into()],
    )?;
    Ok(())
}

/// Sessions with what was counted of them while the log was followed.
fn tallied(condition: &str) -> String {
    format!(
        "SELECT {COLUMNS}, tally.calls * {BOTH} + tally.denied, tally.last_ts, tally.last_place FROM session \
         LEFT JOIN session_tally AS tally ON tally.id = session.id WHERE {condition}"
    )
}

/// Sessions with what they hold, where nobody followed the log: counts come from each session's own index entries, the
/// newest of them.
fn counted(condition: &str) -> String {
    const CALLS: &str = "entry.session = session.id AND entry.type IN ('call.intent', 'call.denied')";
    let newest = limits::SESSION_COUNT_MAX;
    format!(
        "SELECT {COLUMNS}, (SELECT count(*) * {BOTH} + count(CASE WHEN newest.type = 'call.denied' THEN 1 END) \
         FROM (SELECT type FROM entry WHERE {CALLS} ORDER BY entry.ts DESC LIMIT {newest}) AS newest), \
         (SELECT max(entry.ts) FROM entry WHERE {CALLS}), \
         (SELECT place FROM entry WHERE {CALLS} ORDER BY entry.ts DESC LIMIT 1) FROM session WHERE {condition}"
    )
}

const COLUMNS: &str =
    "session.id, session.ts, session.actor, (SELECT ts FROM session_end WHERE id = session.id)";
/// Both counts are one number, since a column of an answer has one: what the first of them is multiplied with.
const BOTH: u64 = 1 << 32;

/// A session, and where its last call begins.
fn read_session(row: Row<'_>) -> Result<(Session, Option<Place>), Error> {
    let (ts, counts) = (row.int(1)?, row.maybe_int(4)?.map_or(0, i64::cast_unsigned));
    let session = Session {
        id: row.array(0)?,
        ts,
        actor: row.text(2)?.to_owned(),
        ended: row.maybe_int(3)?,
        last_ts: row.maybe_int(5)?.unwrap_or(ts),
        calls: counts / BOTH,
        denied: counts % BOTH,
        more: false,
        last_leaf: None,
    };
    Ok((session, row.maybe_int(6)?.map(Place::read)))
}

/// The sessions that a condition names, with everything.
fn all(read: &mut Read<'_>, condition: &str, values: &[Value<'_>]) -> Result<Vec<Session>, Error> {
    let followed = mark::at(read)?.sessions;
    let mut found = match tally::beyond(read, followed, limits::session::UNFOLLOWED_MAX)? {
        Some(beyond) => {
            let mut found = read.all(&tallied(condition), values, read_session)?;
            found.iter_mut().for_each(|(session, last)| add(session, last, &beyond));
            found
        }
        None => {
            let mut found = read.all(&counted(condition), values, read_session)?;
            found.iter_mut().for_each(|(one, _)| one.more = one.calls >= limits::SESSION_COUNT_MAX);
            found
        }
    };
    let places: Vec<Place> = found.iter().filter_map(|(_, last)| *last).collect();
    let mut leaves: HashMap<Place, Vec<u8>> = entry::leaves_at(read, &places)?.into_iter().collect();
    for (session, last) in &mut found {
        session.last_leaf = last.and_then(|last| leaves.remove(&last));
    }
    Ok(found.into_iter().map(|(session, _)| session).collect())
}

/// Adds what a session holds beyond what was followed.
fn add(session: &mut Session, last: &mut Option<Place>, beyond: &Tallies) {
    let Some(more) = beyond.of(&session.id) else { return };
    session.calls += more.calls;
    session.denied += more.denied;
    let (ts, place) = more.last;
    if last.is_none_or(|last| (session.last_ts, last) < (ts, place)) {
        (session.last_ts, *last) = (ts, Some(place));
    }
}

/// At most `limit` sessions, the latest to begin first.
pub fn page(read: &mut Read<'_>, filter: &Filter, limit: u32) -> Result<Vec<Session>, Error> {
    let (condition, values) = page_of(filter, limit);
    all(read, &condition, &values)
}

fn page_of(filter: &Filter, limit: u32) -> (String, Vec<Value<'_>>) {
    let (from, until) = (filter.from.unwrap_or(0), filter.until.unwrap_or(i64::MAX));
    let (mut values, mut condition) = (Vec::new(), String::new());
    let mut add = |text: &str, value| {
        values.push(value);
        condition.push_str(&format!("{text}${}", values.len()));
    };
    add("session.ts >= ", Value::Int(from));
    add(" AND session.ts < ", Value::Int(until));
    if let Some(actor) = &filter.actor {
        add(" AND session.actor = ", actor.into());
    }
    if let Some((ts, id)) = &filter.before {
        add(" AND (session.ts, session.id) < (", Value::Int(*ts));
        add(", ", id.into());
        condition.push(')');
    }
    values.push(Value::Int(i64::from(limit)));
    let order = format!(" ORDER BY session.ts DESC, session.id DESC LIMIT ${}", values.len());
    (condition + &order, values)
}

/// The sessions with these ids, in no order.
pub fn of(read: &mut Read<'_>, ids: &[[u8; 16]]) -> Result<Vec<Session>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let values: Vec<Value<'_>> = ids.iter().map(Value::from).collect();
    all(read, &format!("session.id IN {}", tx::row(1, ids.len())), &values)
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

#[cfg(test)]
mod tests {
    use super::super::plan::searched;
    use super::*;

    #[test]
    fn page_of_sessions_is_searched_and_counts_nothing_where_the_log_was_followed() {
        for actor in [None, Some("a".to_owned())] {
            for before in [None, Some((1, [1; 16]))] {
                let filter = Filter { actor: actor.clone(), before, ..Filter::default() };
                let (condition, values) = page_of(&filter, 100);
                let plan = searched(&tallied(&condition), &values);
                assert!(!plan.iter().any(|line| line.contains("entry")), "{plan:?}");
                assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE FOR ORDER BY")), "{plan:?}");
                let plan = searched(&counted(&condition), &values);
                let by = plan.iter().filter(|line| line.contains(" entry USING ")).collect::<Vec<_>>();
                assert_eq!(by.len(), 3, "{plan:?}");
                assert!(by.iter().all(|line| line.contains("entry_session (session=?")), "{plan:?}");
                assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE FOR ORDER BY")), "{plan:?}");
            }
        }
        for select in [tallied, counted] {
            searched(&select("session.id IN ($1)"), &[(&[1; 16]).into()]);
        }
    }
}
