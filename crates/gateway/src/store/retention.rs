//! Erasing what is kept beside the leaves: bodies, personal context, and the keys of days that nothing is left of.

use sha2::{Digest as _, Sha256};

use super::entry::Place;
use super::{Error, Read, Tx, Value};
use crate::seal::Seal;

/// Tables whose rows are sealed with the key of their day.
const SEALED: &[&str] =
    &["payload", "context", "approval", "approval_vote", "policy_proposal", "held_task", "breakglass"];

/// Where to go on looking for bodies: behind this day and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    day: i64,
    place: Place,
}

/// A body that may be due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Where it stands.
    pub at: Cursor,
    /// Its leaf.
    pub leaf: Vec<u8>,
}

impl Cursor {
    /// Before every body.
    pub fn start() -> Self {
        Self { day: i64::MIN, place: Place::new(0, 0) }
    }

    /// Behind every body of days up to `day`.
    pub fn after_day(day: i64) -> Self {
        Self { day, place: Place::read(i64::MAX) }
    }

    /// Where the body's leaf is.
    pub fn place(&self) -> Place {
        self.place
    }
}

/// How far a rule has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Digest of the rules there were.
    pub rules: [u8; 32],
    /// Revision of the holds there were, see [`super::notice::revision`].
    pub holds: i64,
    /// Every body of days up to this one was looked at.
    pub day: i64,
}

/// How far the rule that keeps bodies for so many days has gone.
pub fn mark(read: &mut Read<'_>, days: u32) -> Result<Option<Mark>, Error> {
    read.first(
        "SELECT rules, holds, day FROM retention_mark WHERE days = $1",
        &[Value::Int(days.into())],
        |row| Ok(Mark { rules: row.array(0)?, holds: row.int(1)?, day: row.int(2)? }),
    )
}

/// Says how far it has gone, and forgets what was so by other rules.
pub fn set_mark(tx: &mut Tx<'_>, days: u32, mark: &Mark) -> Result<(), Error> {
    tx.execute("DELETE FROM retention_mark WHERE rules <> $1", &[(&mark.rules).into()])?;
    tx.execute(
        "INSERT INTO retention_mark (days, rules, holds, day) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (days) DO UPDATE SET rules = excluded.rules, holds = excluded.holds, day = excluded.day",
        &[Value::Int(days.into()), (&mark.rules).into(), mark.holds.into(), mark.day.into()],
    )?;
    Ok(())
}

/// At most `limit` bodies of days up to `day` behind `after`, in the order of days and places.
pub fn bodies(read: &mut Read<'_>, day: i64, after: Cursor, limit: u32) -> Result<Vec<Body>, Error> {
    read.all(
        "SELECT payload.day, entry.place, entry.leaf FROM payload JOIN entry ON entry.place = payload.place \
         WHERE payload.day <= $1 AND (payload.day, payload.place) > ($2, $3) \
         ORDER BY payload.day, payload.place LIMIT $4",
        &[day.into(), after.day.into(), after.place.value(), Value::Int(i64::from(limit))],
        |row| {
            let at = Cursor { day: row.int(0)?, place: Place::read(row.int(1)?) };
            Ok(Body { at, leaf: row.bytes(2)?.to_vec() })
        },
    )
}

/// At most `limit` rows that say they begin a call, with their leaves, in the order of places.
pub fn beginnings(read: &mut Read<'_>, call: &[u8; 16], limit: u32) -> Result<Vec<(Place, Vec<u8>)>, Error> {
    read.all(
        "SELECT place, leaf FROM entry WHERE call = $1 AND type IN ('call.intent', 'call.denied') \
         ORDER BY place LIMIT $2",
        &[call.into(), Value::Int(i64::from(limit))],
        |row| Ok((Place::read(row.int(0)?), row.bytes(1)?.to_vec())),
    )
}

/// Places of the bodies from `first` to `last`, which must be of one lane.
pub fn between(read: &mut Read<'_>, first: Place, last: Place) -> Result<Vec<Place>, Error> {
    read.all(
        "SELECT place FROM payload WHERE place >= $1 AND place <= $2 ORDER BY place",
        &[first.value(), last.value()],
        |row| Ok(Place::read(row.int(0)?)),
    )
}

/// Erases the bodies from `first` to `last`; answers how many there were.
pub fn erase(tx: &mut Tx<'_>, first: Place, last: Place) -> Result<u64, Error> {
    tx.execute("DELETE FROM payload WHERE place >= $1 AND place <= $2", &[first.value(), last.value()])
}

/// Notes, under a seal, which leaf says that the bodies of these ranges were erased.
pub fn note(
    tx: &mut Tx<'_>,
    seal: &Seal,
    ranges: &[(Place, Place)],
    (place, leaf): (Place, &[u8]),
) -> Result<(), Error> {
    let seals: Vec<_> = ranges.iter().map(|range| seal.of(&erased(*range, place, leaf))).collect();
    let values: Vec<_> = ranges
        .iter()
        .zip(&seals)
        .flat_map(|((low, high), seal)| [low.value(), high.value(), place.value(), seal.into()])
        .collect();
    tx.insert("INSERT INTO erased (low, high, leaf, seal)", 4, &values, "")
}

/// Places and bytes of at most `limit` leaves that are noted to say that the body at `place` was erased, the nearest range
/// first. A note counts with the seal of a gateway, which is over the bytes of the leaf too.
pub fn noted(
    read: &mut Read<'_>,
    seal: &Seal,
    place: Place,
    limit: usize,
) -> Result<Vec<(Place, Vec<u8>)>, Error> {
    let mut found = Vec::new();
    read.each(
        "SELECT erased.low, erased.high, erased.leaf, erased.seal, entry.leaf \
         FROM erased JOIN entry ON entry.place = erased.leaf \
         WHERE low <= $1 AND low >= $2 AND high >= $1 ORDER BY low DESC, erased.leaf",
        &[place.value(), Place::new(place.lane(), 0).value()],
        |row| {
            let range = (Place::read(row.int(0)?), Place::read(row.int(1)?));
            let (at, leaf) = (Place::read(row.int(2)?), row.bytes(4)?);
            let written = row.maybe_bytes(3)?.and_then(|written| written.try_into().ok());
            let ours = written.is_some_and(|written| seal.is_on(written, &erased(range, at, leaf)));
            if ours && found.len() < limit {
                found.push((at, leaf.to_vec()));
            }
            Ok(())
        },
    )?;
    Ok(found)
}

/// What the seal of a note is over.
fn erased((low, high): (Place, Place), place: Place, leaf: &[u8]) -> impl serde::Serialize {
    let hash: [u8; 32] = Sha256::digest(leaf).into();
    ("erased", low.0, high.0, place.0, hash)
}

/// How much personal context, and how many approvals that have ended and are recorded, are of days up to `day`.
pub fn beside(read: &mut Read<'_>, day: i64) -> Result<(u64, u64), Error> {
    let counted = read.first(
        "SELECT (SELECT count(*) FROM context WHERE day <= $1), \
         (SELECT count(*) FROM approval WHERE day <= $1 AND noted IS NOT NULL)",
        &[Value::Int(day)],
        |row| Ok((row.count(0)?, row.count(1)?)),
    )?;
    Ok(counted.unwrap_or_default())
}

/// Erases what [`beside`] counts; answers how much of each there was.
pub fn erase_beside(tx: &mut Tx<'_>, day: i64) -> Result<(u64, u64), Error> {
    let day = [Value::Int(day)];
    let contexts = tx.execute("DELETE FROM context WHERE day <= $1", &day)?;
    tx.execute(
        "DELETE FROM approval_vote WHERE approval IN \
         (SELECT id FROM approval WHERE day <= $1 AND noted IS NOT NULL)",
        &day,
    )?;
    let approvals = tx.execute("DELETE FROM approval WHERE day <= $1 AND noted IS NOT NULL", &day)?;
    tx.execute("DELETE FROM breakglass WHERE day <= $1 AND noted IS NOT NULL", &day)?;
    Ok((contexts, approvals))
}

/// Erases the keys of days up to `day` under which nothing is sealed any more; answers how many there were. What a
/// later copy of the database still holds of these days, in free pages, cannot be opened.
pub fn erase_keys(tx: &mut Tx<'_>, day: i64) -> Result<u64, Error> {
    let unused: String = SEALED
        .iter()
        .map(|table| format!(" AND NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.day = data_key.day)"))
        .collect();
    tx.execute(&format!("DELETE FROM data_key WHERE day <= $1{unused}"), &[Value::Int(day)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Access, Db};

    #[test]
    fn every_table_that_is_sealed_by_day_keeps_the_key_of_its_day() {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(directory.path(), Access::Gateway).unwrap();
        let sql = "SELECT t.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c \
                   WHERE t.type = 'table' AND c.name = 'day' \
                   AND t.name NOT IN ('data_key', 'retention_mark') ORDER BY t.name";
        let found = db.read_now("tables", |read| read.all(sql, &[], |row| Ok(row.text(0)?.to_owned())));
        let mut known: Vec<_> = SEALED.iter().map(|table| (*table).to_owned()).collect();
        known.sort();
        assert_eq!(found.unwrap(), known, "add the table to `SEALED`");
    }
}
