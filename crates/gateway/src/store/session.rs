//! `session`: recording sessions as they began.

use super::entry::Place;
use super::{Error, Read, Row, Tx, Value, tx};
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
    /// Calls permitted and refused, counted up to [`limits::SESSION_COUNT_MAX`].
    pub calls: u64,
    /// Calls refused among those.
    pub denied: u64,
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

/// Sessions with what they hold, in one statement for a whole page: counts come from each session's own index entries, the
/// newest of them, and both counts as one number, since a column of an answer has one.
fn select(condition: &str) -> String {
    const CALLS: &str = "entry.session = session.id AND entry.type IN ('call.intent', 'call.denied')";
    let newest = limits::SESSION_COUNT_MAX;
    format!(
        "SELECT session.id, session.ts, session.actor, (SELECT ts FROM session_end WHERE id = session.id), \
         (SELECT count(*) * {BOTH} + count(CASE WHEN newest.type = 'call.denied' THEN 1 END) FROM (SELECT type FROM entry \
         WHERE {CALLS} ORDER BY entry.ts DESC LIMIT {newest}) AS newest), \
         (SELECT max(entry.ts) FROM entry WHERE {CALLS}), \
         (SELECT leaf FROM entry WHERE {CALLS} ORDER BY entry.ts DESC LIMIT 1) FROM session WHERE {condition}"
    )
}

/// What the first of two counts in one number is multiplied with.
const BOTH: u64 = 1 << 32;

fn read_session(row: Row<'_>) -> Result<Session, Error> {
    let (ts, counts) = (row.int(1)?, row.count(4)?);
    Ok(Session {
        id: row.array(0)?,
        ts,
        actor: row.text(2)?.to_owned(),
        ended: row.maybe_int(3)?,
        last_ts: row.maybe_int(5)?.unwrap_or(ts),
        calls: counts / BOTH,
        denied: counts % BOTH,
        last_leaf: row.maybe_bytes(6)?.map(<[u8]>::to_vec),
    })
}

/// At most `limit` sessions, the latest to begin first.
pub fn page(read: &mut Read<'_>, filter: &Filter, limit: u32) -> Result<Vec<Session>, Error> {
    let (sql, values) = page_of(filter, limit);
    read.all(&sql, &values, read_session)
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
    (select(&condition) + &order, values)
}

/// The sessions with these ids, in no order.
pub fn of(read: &mut Read<'_>, ids: &[[u8; 16]]) -> Result<Vec<Session>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let values: Vec<Value<'_>> = ids.iter().map(Value::from).collect();
    read.all(&select(&format!("session.id IN {}", tx::row(1, ids.len()))), &values, read_session)
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
    fn page_of_sessions_is_searched_and_counted_by_the_index_of_sessions() {
        for actor in [None, Some("a".to_owned())] {
            for before in [None, Some((1, [1; 16]))] {
                let filter = Filter { actor: actor.clone(), before, ..Filter::default() };
                let (sql, values) = page_of(&filter, 100);
                let plan = searched(&sql, &values);
                let by = plan.iter().filter(|line| line.contains(" entry USING ")).collect::<Vec<_>>();
                assert_eq!(by.len(), 3, "{plan:?}");
                assert!(by.iter().all(|line| line.contains("entry_session (session=?")), "{plan:?}");
                assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE FOR ORDER BY")), "{plan:?}");
            }
        }
        searched(&select("session.id IN ($1)"), &[(&[1; 16]).into()]);
    }
}
