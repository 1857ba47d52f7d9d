//! `session_tally`: how many calls each recording session holds, so that a list of sessions counts none.
//!
//! Made from leaves by following the log, and made again from them at any time: never evidence. What was not followed yet
//! is counted from the leaves themselves ([`beyond`]), so that a list lacks nothing.

use std::collections::BTreeMap;

use super::entry::{self, Place};
use super::{Error, Read, Tx, Value};

/// What a session holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Calls permitted and refused.
    pub calls: u64,
    /// Calls refused among those.
    pub denied: u64,
    /// Time and place of the leaf that begins its last call.
    pub last: (i64, Place),
}

impl Tally {
    /// One call, permitted, which this leaf begins.
    pub fn permitted(ts: i64, place: Place) -> Self {
        Self { calls: 1, denied: 0, last: (ts, place) }
    }

    /// One call, refused, of which this leaf tells.
    pub fn refused(ts: i64, place: Place) -> Self {
        Self { denied: 1, ..Self::permitted(ts, place) }
    }
}

/// What sessions hold, by their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tallies(BTreeMap<[u8; 16], Tally>);

impl Tallies {
    /// Adds to what a session holds.
    pub fn add(&mut self, session: [u8; 16], more: Tally) {
        let sum = |held: &mut Tally| {
            held.calls += more.calls;
            held.denied += more.denied;
            held.last = held.last.max(more.last);
        };
        self.0.entry(session).and_modify(sum).or_insert(more);
    }

    /// What a session holds, if it holds anything.
    pub fn of(&self, session: &[u8; 16]) -> Option<&Tally> {
        self.0.get(session)
    }
}

/// Adds to what is stored.
pub fn add(tx: &mut Tx<'_>, tallies: &Tallies) -> Result<(), Error> {
    let mut values = Vec::with_capacity(tallies.0.len() * 5);
    for (session, tally) in &tallies.0 {
        let counts = [tally.calls, tally.denied].map(|count| Value::Int(count.cast_signed()));
        values.push(session.into());
        values.extend(counts);
        values.extend([Value::Int(tally.last.0), tally.last.1.value()]);
    }
    if values.is_empty() {
        return Ok(());
    }
    let later = "(excluded.last_ts, excluded.last_place) > (session_tally.last_ts, session_tally.last_place)";
    let last = |column: &str| {
        format!("{column} = CASE WHEN {later} THEN excluded.{column} ELSE session_tally.{column} END")
    };
    let tail = format!(
        " ON CONFLICT (id) DO UPDATE SET calls = session_tally.calls + excluded.calls, \
         denied = session_tally.denied + excluded.denied, {}, {}",
        last("last_ts"),
        last("last_place")
    );
    tx.insert("INSERT INTO session_tally (id, calls, denied, last_ts, last_place)", 5, &values, &tail)
}

/// Forgets all of it, before it is counted anew.
pub fn clear(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.execute("DELETE FROM session_tally", &[]).map(drop)
}

/// What sessions hold beyond the first `followed` leaves of the log, whether it has its place in the log or not; `None`: that
/// would be more than `limit` leaves to look at.
pub fn beyond(read: &mut Read<'_>, followed: u64, limit: u32) -> Result<Option<Tallies>, Error> {
    let size = super::tree::tip(read)?.map_or(0, |tip| tip.size);
    if size.saturating_sub(followed) > u64::from(limit) {
        return Ok(None);
    }
    let (mut tallies, mut left) = (Tallies::default(), limit);
    for lane in lanes(read, followed, limit)? {
        let from = entry::lane_in_log(read, lane, followed)?.unwrap_or_else(|| Place::new(lane, 0));
        let Some(rest) = left.checked_sub(look(read, from, left, &mut tallies)?) else { return Ok(None) };
        left = rest;
    }
    Ok(Some(tallies))
}

/// The lanes that may have leaves beyond the first `followed` of the log, which are no more than `limit`.
fn lanes(read: &mut Read<'_>, followed: u64, limit: u32) -> Result<Vec<u32>, Error> {
    // In order, so that both engines go by the index.
    read.all(
        "SELECT number FROM lane WHERE settled IS NULL UNION SELECT place / 1099511627776 FROM (SELECT place FROM span \
         WHERE idx >= (SELECT coalesce(max(idx), 0) FROM span WHERE idx <= $1) ORDER BY idx LIMIT $2) AS late",
        &[Value::Int(followed.cast_signed()), Value::Int(i64::from(limit) + 1)],
        |row| Ok(u32::try_from(row.int(0)?).unwrap_or(u32::MAX)),
    )
}

/// Looks at the leaves of a lane from `from` on, one more than `limit` at most; answers at how many.
fn look(read: &mut Read<'_>, from: Place, limit: u32, tallies: &mut Tallies) -> Result<u32, Error> {
    let mut seen = 0;
    read.each(
        "SELECT place, ts, type, session FROM entry WHERE place >= $1 AND place < $2 ORDER BY place LIMIT $3",
        &[from.value(), from.next_lane().value(), Value::Int(i64::from(limit) + 1)],
        |row| {
            seen += 1;
            let (place, ts) = (Place::read(row.int(0)?), row.int(1)?);
            let one = match row.text(2)? {
                "call.intent" => Tally::permitted(ts, place),
                "call.denied" => Tally::refused(ts, place),
                _ => return Ok(()),
            };
            if let Some(session) = row.maybe_array(3)? {
                tallies.add(session, one);
            }
            Ok(())
        },
    )?;
    Ok(seen)
}
