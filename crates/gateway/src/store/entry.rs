//! `entry` and `span`: the leaves and where each stands in the log.

mod column;

use super::{Error, ErrorKind, Read, Row, Tx, Value, tx};
pub use column::{Columns, columns};

/// Low bits of a place that count within a lane; the lane's number stands above them.
const SEQUENCE_BITS: u32 = 40;

/// Where a writer put a leaf: lane and position in it. Orders like the pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub(super) i64);

impl Place {
    /// The place of the leaf with this `sequence` in this `lane`.
    ///
    /// # Panics
    /// After 2^22 lanes or 2^40 leaves in one lane: centuries.
    pub fn new(lane: u32, sequence: u64) -> Self {
        assert!(
            lane < 1 << 22 && sequence < 1 << SEQUENCE_BITS,
            "more lanes or leaves than a place can count"
        );
        // Cannot wrap: both were bounded above.
        Self(i64::from(lane) << SEQUENCE_BITS | sequence.cast_signed())
    }

    /// Number of the lane.
    pub fn lane(self) -> u32 {
        u32::try_from(self.0 >> SEQUENCE_BITS).unwrap_or(0)
    }

    /// Position in the lane, from 0.
    pub fn sequence(self) -> u64 {
        (self.0 & ((1 << SEQUENCE_BITS) - 1)).cast_unsigned()
    }

    /// The first place of the lane after this one's.
    #[must_use]
    pub fn next_lane(self) -> Self {
        Self::new(self.lane() + 1, 0)
    }

    /// The place after this one in the same lane.
    #[must_use]
    pub fn next(self) -> Self {
        Self::new(self.lane(), self.sequence() + 1)
    }

    /// The place before this one in the same lane, unless it is the first.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        Some(Self::new(self.lane(), self.sequence().checked_sub(1)?))
    }

    pub(super) fn value(self) -> Value<'static> {
        Value::Int(self.0)
    }

    pub(super) fn read(value: i64) -> Self {
        Self(value)
    }
}

/// A leaf to be added, with the fields it can be found by.
#[derive(Debug, Clone, Copy)]
pub struct Addition<'a> {
    /// Where it goes.
    pub place: Place,
    /// Event type.
    pub event: &'a str,
    /// Microseconds since 1970.
    pub ts: i64,
    /// Exchange.
    pub call: Option<&'a [u8; 16]>,
    /// Recording session.
    pub session: Option<&'a [u8; 16]>,
    /// Pseudonym of the actor.
    pub actor: Option<&'a str>,
    /// Upstream.
    pub server: Option<&'a str>,
    /// MCP method.
    pub method: Option<&'a str>,
    /// Name of the tool, resource or prompt, or the MAC that stands for it.
    pub target: Option<&'a str>,
    /// Effect, refusal code or status of the outcome.
    pub result: Option<&'a str>,
    /// The exact bytes that are hashed.
    pub leaf: &'a [u8],
}

/// A leaf as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Index in the log; `None` for the moment between its commit and its place in the log.
    pub index: Option<u64>,
    /// Where its writer put it.
    pub place: Place,
    /// Microseconds since 1970.
    pub ts: i64,
    /// The exact bytes that were hashed.
    pub leaf: Vec<u8>,
}

/// Leaves that stand in a row both in their lane and in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Index of the first.
    pub index: u64,
    /// Place of the first.
    pub place: Place,
    /// How many.
    pub count: u64,
}

/// Which leaves are wanted. Empty: all. Every field given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Event type.
    pub event: Option<String>,
    /// Exchange.
    pub call: Option<[u8; 16]>,
    /// Recording session.
    pub session: Option<[u8; 16]>,
    /// Pseudonym of the actor.
    pub actor: Option<String>,
    /// Upstream.
    pub server: Option<String>,
    /// Name of the target.
    pub target: Option<String>,
    /// Not earlier, microseconds since 1970.
    pub from: Option<i64>,
    /// Earlier, microseconds since 1970.
    pub until: Option<i64>,
    /// Continue after this one: time and place of the last entry of the previous page.
    pub before: Option<(i64, Place)>,
}

/// Adds leaves.
pub fn append(tx: &mut Tx<'_>, entries: &[Addition<'_>]) -> Result<(), Error> {
    let mut values = Vec::with_capacity(entries.len() * 11);
    for entry in entries {
        values.extend([
            entry.place.value(),
            entry.event.into(),
            entry.ts.into(),
            entry.call.into(),
            entry.session.into(),
            entry.actor.into(),
            entry.server.into(),
            entry.method.into(),
            entry.target.into(),
            entry.result.into(),
            entry.leaf.into(),
        ]);
    }
    tx.insert(
        "INSERT INTO entry (place, type, ts, call, session, actor, server, method, target, result, leaf)",
        11,
        &values,
        "",
    )
}

/// Says that the log holds, from `index` on, the entries from `place` on.
pub fn begin_span(tx: &mut Tx<'_>, index: u64, place: Place) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO span (idx, place) VALUES ($1, $2)",
        &[Value::Int(index.cast_signed()), place.value()],
    )?;
    Ok(())
}

/// The bytes of the leaf at `place`.
pub fn leaf_at(read: &mut Read<'_>, place: Place) -> Result<Option<Vec<u8>>, Error> {
    read.first("SELECT leaf FROM entry WHERE place = $1", &[place.value()], |row| Ok(row.bytes(0)?.to_vec()))
}

/// The bytes of the leaves at `places`, in no order.
pub fn leaves_at(read: &mut Read<'_>, places: &[Place]) -> Result<Vec<(Place, Vec<u8>)>, Error> {
    let mut found = Vec::with_capacity(places.len());
    for places in places.chunks(1_000) {
        let values: Vec<_> = places.iter().map(|place| place.value()).collect();
        let sql = format!("SELECT place, leaf FROM entry WHERE place IN {}", tx::row(1, places.len()));
        read.each(&sql, &values, |row| {
            found.push((Place(row.int(0)?), row.bytes(1)?.to_vec()));
            Ok(())
        })?;
    }
    Ok(found)
}

/// The last entry of a lane, whatever the log holds.
pub fn last(read: &mut Read<'_>, lane: u32) -> Result<Option<(Place, Vec<u8>)>, Error> {
    let first = Place::new(lane, 0);
    read.first(
        "SELECT place, leaf FROM entry WHERE place >= $1 AND place < $2 ORDER BY place DESC LIMIT 1",
        &[first.value(), first.next_lane().value()],
        |row| Ok((Place(row.int(0)?), row.bytes(1)?.to_vec())),
    )
}

/// How the log is made of lanes between the indexes `from` and `until`, at most `limit` spans.
pub fn spans(read: &mut Read<'_>, from: u64, until: u64, limit: u32) -> Result<Vec<Span>, Error> {
    // One more than asked for tells where the last one ends.
    let starts = read.all(
        "SELECT idx, place FROM span WHERE idx >= (SELECT max(idx) FROM span WHERE idx <= $1) AND idx < $2 \
         ORDER BY idx LIMIT $3",
        &[
            Value::Int(from.cast_signed()),
            Value::Int(until.cast_signed()),
            Value::Int(i64::from(limit).saturating_add(1)),
        ],
        |row| Ok((row.count(0)?, Place(row.int(1)?))),
    )?;
    let mut spans = Vec::with_capacity(starts.len());
    for (position, &(start, place)) in starts.iter().enumerate().take(limit as usize) {
        let end = starts.get(position + 1).map_or(until, |&(start, _)| start);
        let index = from.max(start);
        let place = Place::new(place.lane(), place.sequence() + (index - start));
        spans.push(Span { index, place, count: end - index });
    }
    Ok(spans)
}

/// Where a lane is in the first `size` leaves of the log: the place after its last leaf there, unless it has none.
pub fn lane_in_log(read: &mut Read<'_>, lane: u32, size: u64) -> Result<Option<Place>, Error> {
    let first = Place::new(lane, 0);
    let last = read.first(
        "SELECT idx, place, (SELECT min(later.idx) FROM span AS later WHERE later.idx > span.idx) FROM span \
         WHERE place >= $1 AND place < $2 AND idx < $3 ORDER BY place DESC LIMIT 1",
        &[first.value(), first.next_lane().value(), Value::Int(size.cast_signed())],
        |row| Ok((row.count(0)?, Place(row.int(1)?), row.maybe_int(2)?)),
    )?;
    Ok(last.map(|(index, place, next)| {
        let end = next.map_or(size, |next| next.cast_unsigned().min(size));
        Place::new(lane, place.sequence() + end.saturating_sub(index))
    }))
}

/// Index in the log of the leaf at `place`, once it has one.
pub fn index_of(read: &mut Read<'_>, place: Place) -> Result<Option<u64>, Error> {
    let found =
        read.first(&format!("SELECT {INDEX} FROM entry WHERE place = $1"), &[place.value()], |row| {
            row.maybe_int(0)
        })?;
    Ok(found.flatten().map(i64::cast_unsigned))
}

/// Indexes of the first leaf not earlier than `from` and of the last one earlier than `until`, by the clocks of their
/// writers, among those that are in the log.
pub fn bounds(read: &mut Read<'_>, from: i64, until: i64) -> Result<Option<(u64, u64)>, Error> {
    let firsts = read.all(
        "SELECT min(place) FROM entry WHERE ts >= $1 AND ts < $2 GROUP BY place / 1099511627776",
        &[from.into(), until.into()],
        |row| Ok(Place(row.int(0)?)),
    )?;
    let lasts = read.all(
        "SELECT max(place) FROM entry WHERE ts >= $1 AND ts < $2 GROUP BY place / 1099511627776",
        &[from.into(), until.into()],
        |row| Ok(Place(row.int(0)?)),
    )?;
    let (mut first, mut last) = (None, None);
    for place in firsts {
        first = first.into_iter().chain(index_of(read, place)?).min();
    }
    for place in lasts {
        // The last of a lane may not be in the log yet; those before it are.
        let (lane, mut place) = (place.lane(), Some(place));
        let size = super::tree::tip(read)?.map_or(0, |tip| tip.size);
        if let (Some(end), Some(wanted)) = (lane_in_log(read, lane, size)?, place)
            && wanted >= end
        {
            place = end.previous();
        }
        if let Some(place) = place {
            last = last.into_iter().chain(index_of(read, place)?).max();
        }
    }
    Ok(first.zip(last))
}

/// How many leaves stand in the lanes from `first` on.
pub fn count_from(read: &mut Read<'_>, first: u32) -> Result<u64, Error> {
    let from = Place::new(first, 0).value();
    let count = read.first("SELECT count(*) FROM entry WHERE place >= $1", &[from], |row| row.count(0))?;
    Ok(count.unwrap_or(0))
}

/// Index of an entry: that of the last span at or before its place, unless that span ends before it.
const INDEX: &str = "(SELECT CASE WHEN span.idx + entry.place - span.place < coalesce((SELECT min(later.idx) \
                     FROM span AS later WHERE later.idx > span.idx), (SELECT size FROM tree)) \
                     THEN span.idx + entry.place - span.place END FROM span \
                     WHERE span.place <= entry.place ORDER BY span.place DESC LIMIT 1)";

/// Calls `f` with the leaves from index `from` up to and without `until`, in order. A leaf that is missing is an
/// error of kind [`ErrorKind::Corrupt`] that names its index.
pub fn scan(
    read: &mut Read<'_>,
    from: u64,
    until: u64,
    mut f: impl FnMut(Stored<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut next = from;
    if from < until {
        for span in spans(read, from, until, u32::MAX - 1)? {
            range(read, span, &mut f)?;
            next = span.index + span.count;
        }
    }
    if next < until { Err(missing(next)) } else { Ok(()) }
}

/// Calls `f` with the leaves of a span, in order.
///
/// # Errors
/// [`ErrorKind::Corrupt`] when one is missing, and what `f` returned.
pub fn range(
    read: &mut Read<'_>,
    span: Span,
    mut f: impl FnMut(Stored<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (first, mut done) = (span.place.0, 0);
    let end = first + span.count.cast_signed();
    read.each(
        "SELECT place, ts, leaf FROM entry WHERE place >= $1 AND place < $2 ORDER BY place",
        &[Value::Int(first), Value::Int(end)],
        |row| {
            let (place, index) = (row.int(0)?, span.index + done);
            if place != first + done.cast_signed() {
                return Err(missing(index));
            }
            f(Stored { index, place: Place(place), ts: row.int(1)?, leaf: row.bytes(2)? })?;
            done += 1;
            Ok(())
        },
    )?;
    if done == span.count { Ok(()) } else { Err(missing(span.index + done)) }
}

/// A leaf during [`scan`], borrowed from the database.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// Index in the log.
    pub index: u64,
    /// Where its writer put it.
    pub place: Place,
    /// Microseconds since 1970.
    pub ts: i64,
    /// The exact bytes that were hashed.
    pub leaf: &'a [u8],
}

/// At most `limit` leaves that match, newest first.
pub fn page(read: &mut Read<'_>, filter: &Filter, limit: u32) -> Result<Vec<Entry>, Error> {
    let (sql, values) = page_of(filter, limit);
    read.all(&sql, &values, entry)
}

fn page_of(filter: &Filter, limit: u32) -> (String, Vec<Value<'_>>) {
    let mut wanted = Conditions::default();
    wanted.equal("type", filter.event.as_deref().map(Value::Text));
    wanted.equal("call", filter.call.as_ref().map(|id| Value::Bytes(id)));
    wanted.equal("session", filter.session.as_ref().map(|id| Value::Bytes(id)));
    wanted.equal("actor", filter.actor.as_deref().map(Value::Text));
    wanted.equal("server", filter.server.as_deref().map(Value::Text));
    wanted.equal("target", filter.target.as_deref().map(Value::Text));
    wanted.compare("ts >= ", filter.from.map(Value::Int));
    wanted.compare("ts < ", filter.until.map(Value::Int));
    if let Some((ts, place)) = filter.before {
        wanted.tuple("(ts, place) < ", [Value::Int(ts), place.value()]);
    }
    wanted.values.push(Value::Int(i64::from(limit)));
    let sql = format!(
        "SELECT place, ts, leaf, {INDEX} FROM entry{} ORDER BY ts DESC, place DESC LIMIT ${}",
        wanted.text,
        wanted.values.len()
    );
    (sql, wanted.values)
}

fn entry(row: Row<'_>) -> Result<Entry, Error> {
    Ok(Entry {
        place: Place(row.int(0)?),
        ts: row.int(1)?,
        leaf: row.bytes(2)?.to_vec(),
        index: row.maybe_int(3)?.map(i64::cast_unsigned),
    })
}

/// All leaves of these calls, in no order.
pub fn of_calls(read: &mut Read<'_>, calls: &[[u8; 16]]) -> Result<Vec<Entry>, Error> {
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let values: Vec<_> = calls.iter().map(|call| Value::Bytes(call)).collect();
    read.all(&leaves_of(calls.len()), &values, entry)
}

fn leaves_of(calls: usize) -> String {
    format!("SELECT place, ts, leaf, {INDEX} FROM entry WHERE call IN {}", tx::row(1, calls))
}

/// Every leaf of a type since `ts` (microseconds since 1970), one by one, in the order of their times.
pub fn each_of(read: &mut Read<'_>, event: &str, ts: i64, mut f: impl FnMut(&[u8])) -> Result<(), Error> {
    let sql = "SELECT leaf FROM entry WHERE type = $1 AND ts >= $2 ORDER BY ts";
    read.each(sql, &[event.into(), Value::Int(ts)], |row| {
        f(row.bytes(0)?);
        Ok(())
    })
}

/// Everybody who acted in a period, by pseudonym, at most `limit`. From one actor to the next by the index, whatever lies
/// between them.
pub fn actors(read: &mut Read<'_>, from: i64, until: i64, limit: u32) -> Result<Vec<String>, Error> {
    read.all(
        "WITH RECURSIVE found (actor) AS (SELECT min(actor) FROM entry WHERE actor IS NOT NULL UNION ALL \
         SELECT (SELECT min(actor) FROM entry WHERE actor > found.actor) FROM found WHERE found.actor IS NOT NULL) \
         SELECT actor FROM found WHERE EXISTS (SELECT 1 FROM entry WHERE entry.actor = found.actor \
         AND ts >= $1 AND ts < $2) ORDER BY actor LIMIT $3",
        &[Value::Int(from), Value::Int(until), Value::Int(i64::from(limit))],
        |row| Ok(row.text(0)?.to_owned()),
    )
}

/// How often somebody did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Pseudonym of the actor.
    pub actor: String,
    /// Upstream.
    pub server: String,
    /// MCP method.
    pub method: String,
    /// Name of the tool, resource or prompt, or the MAC that stands for it.
    pub target: Option<String>,
    /// How many calls were forwarded.
    pub calls: u64,
}

/// What was forwarded in a period, by actor, server, method and target, at most `limit` rows.
pub fn uses(read: &mut Read<'_>, from: i64, until: i64, limit: u32) -> Result<Vec<Use>, Error> {
    read.all(
        "SELECT actor, server, method, target, count(*) FROM entry WHERE type = 'call.intent' \
         AND actor IS NOT NULL AND server IS NOT NULL AND method IS NOT NULL AND ts >= $1 AND ts < $2 \
         GROUP BY actor, server, method, target ORDER BY actor, server, method, target LIMIT $3",
        &[Value::Int(from), Value::Int(until), Value::Int(i64::from(limit))],
        |row| {
            Ok(Use {
                actor: row.text(0)?.to_owned(),
                server: row.text(1)?.to_owned(),
                method: row.text(2)?.to_owned(),
                target: row.maybe_text(3)?.map(str::to_owned),
                calls: row.count(4)?,
            })
        },
    )
}

/// Time of the last call after `ts`, or `ts`, and how many there were, intents and refusals; at most `limit` of each are
/// counted.
pub fn calls_since(read: &mut Read<'_>, ts: i64, limit: u32) -> Result<(i64, u64), Error> {
    let (mut last, mut count) = (ts, 0);
    for event in ["call.intent", "call.denied"] {
        let (found, latest) = read
            .first(
                "SELECT count(*), max(ts) FROM (SELECT ts FROM entry WHERE type = $1 AND ts > $2 \
                 ORDER BY ts DESC LIMIT $3) AS latest",
                &[event.into(), ts.into(), Value::Int(limit.into())],
                |row| Ok((row.count(0)?, row.maybe_int(1)?)),
            )?
            .unwrap_or((0, None));
        count += found;
        last = last.max(latest.unwrap_or(last));
    }
    Ok((last, count))
}

/// Calls of a lane whose intent stands at `from` or later, but not after `last`, and has no end.
pub fn open_calls(read: &mut Read<'_>, from: Place, last: Place) -> Result<Vec<[u8; 16]>, Error> {
    read.all(
        "SELECT call FROM entry AS intent WHERE place >= $1 AND place <= $2 AND type = 'call.intent' \
         AND NOT EXISTS (SELECT 1 FROM entry WHERE call = intent.call \
         AND type IN ('call.outcome', 'call.orphaned')) ORDER BY place",
        &[from.value(), last.value()],
        |row| row.array(0),
    )
}

/// A `WHERE` clause in the making. Placeholders count up as they appear.
#[derive(Default)]
struct Conditions<'a> {
    text: String,
    values: Vec<Value<'a>>,
}

impl<'a> Conditions<'a> {
    fn equal(&mut self, column: &str, value: Option<Value<'a>>) {
        self.compare(&format!("{column} = "), value);
    }

    fn compare(&mut self, comparison: &str, value: Option<Value<'a>>) {
        let Some(value) = value else { return };
        self.values.push(value);
        let text = format!("{comparison}${}", self.values.len());
        self.push(&text);
    }

    fn tuple(&mut self, comparison: &str, values: [Value<'a>; 2]) {
        self.values.extend(values);
        let last = self.values.len();
        let text = format!("{comparison}(${}, ${last})", last - 1);
        self.push(&text);
    }

    fn push(&mut self, condition: &str) {
        self.text.push_str(if self.text.is_empty() { " WHERE " } else { " AND " });
        self.text.push_str(condition);
    }
}

fn missing(index: u64) -> Error {
    Error::new(ErrorKind::Corrupt, format!("leaf {index} is missing"))
}

#[cfg(test)]
mod tests {
    use super::super::plan::searched;
    use super::*;

    #[test]
    fn every_page_of_leaves_searches_an_index() {
        let (text, all) = (|text: &str| Some(text.to_owned()), Filter::default());
        let cases = [
            Filter { event: text("policy.published"), ..all.clone() },
            Filter { call: Some([1; 16]), ..all.clone() },
            Filter { session: Some([1; 16]), ..all.clone() },
            Filter { session: Some([1; 16]), event: text("session.ended"), ..all.clone() },
            Filter { actor: text("a"), ..all.clone() },
            Filter { server: text("s"), ..all.clone() },
            Filter { target: text("t"), ..all.clone() },
            Filter { from: Some(1), ..all.clone() },
            Filter { before: Some((1, Place::new(1, 1))), ..all },
        ];
        for filter in cases {
            let (sql, values) = page_of(&filter, 100);
            searched(&sql, &values);
        }
        let plan = searched(&leaves_of(2), &[(&[1; 16]).into(), (&[2; 16]).into()]);
        assert!(plan.iter().any(|line| line.contains("entry_call (call=?")), "{plan:?}");
    }
}
