//! Calls as people look for them: the leaves of `entry` that begin one (`call.intent`, `call.denied`).
//!
//! One index leads (`entry` has one for each thing that is looked for, each ending in time), the other conditions are
//! held against what it finds, and one answer looks at a bounded number of leaves: it says how far it came, and goes on from
//! there. So no combination of conditions is slow.

use super::entry::Place;
use super::{Error, Read, Row, Value};

/// Which calls are wanted. Empty: all. Every field given must match.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Recording session.
    pub session: Option<[u8; 16]>,
    /// Pseudonym of the caller.
    pub actor: Option<String>,
    /// Upstream.
    pub server: Option<String>,
    /// Name of the tool, prompt or resource.
    pub target: Option<String>,
    /// `allow`, `hold` or `deny`.
    pub effect: Option<String>,
    /// How it ended: `ok`, `tool_error`, ..., `orphaned`.
    pub status: Option<String>,
    /// A word of it, see [`super::word`].
    pub word: Option<String>,
    /// Not earlier, microseconds since 1970.
    pub from: Option<i64>,
    /// Earlier, microseconds since 1970.
    pub until: Option<i64>,
    /// Continue after this one: time and place.
    pub before: Option<(i64, Place)>,
}

/// The leaf that begins a call, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Where its writer put it.
    pub place: Place,
    /// Microseconds since 1970.
    pub ts: i64,
    /// Exchange.
    pub call: [u8; 16],
    /// Recording session.
    pub session: Option<[u8; 16]>,
    denied: Option<String>,
    actor: Option<String>,
    server: Option<String>,
    target: Option<String>,
    effect: Option<String>,
}

impl Head {
    /// Whether it was refused.
    pub fn is_denied(&self) -> bool {
        self.denied.is_some()
    }
}

/// What was found, and how far was looked.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The latest first.
    pub heads: Vec<Head>,
    /// Where to go on; `None`: there is nothing more.
    pub next: Option<(i64, Place)>,
}

/// At most `limit` calls that match, the latest first, among at most `looks` leaves.
pub fn page(read: &mut Read<'_>, wanted: &Wanted, limit: u32, looks: u32) -> Result<Found, Error> {
    let mut found = Found::default();
    let (mut before, mut left) = (wanted.before, looks);
    // Most questions are answered by the first leaves; few need all that may be looked at.
    let mut step = limit.saturating_mul(2).max(STEP_MIN);
    loop {
        let count = step.min(left);
        let seen = look(read, wanted, before, count)?;
        let last = seen.last().map(|seen| seen.at);
        let (looked, all) = (u32::try_from(seen.len()).unwrap_or(u32::MAX), seen.len() < count as usize);
        for Seen { at, head, end } in seen {
            let ended = wanted.status.is_none() || wanted.status == end;
            let Some(head) = head.filter(|head| ended && wanted.fits(head)) else { continue };
            found.heads.push(head);
            if found.heads.len() == limit as usize {
                found.next = Some(at);
                return Ok(found);
            }
        }
        left = left.saturating_sub(looked);
        if all || left == 0 {
            found.next = last.filter(|_| !all);
            return Ok(found);
        }
        (before, step) = (last, step.saturating_mul(4));
    }
}

/// Leaves looked at first, at least.
const STEP_MIN: u32 = 64;

/// A leaf that was looked at.
struct Seen {
    at: (i64, Place),
    /// None: it begins no call.
    head: Option<Head>,
    /// How its call ended, where that is asked for.
    end: Option<String>,
}

fn look(
    read: &mut Read<'_>,
    wanted: &Wanted,
    before: Option<(i64, Place)>,
    count: u32,
) -> Result<Vec<Seen>, Error> {
    let sql = Sql::of(wanted, before, count);
    read.all(&sql.text, &sql.values, |row| {
        let place = Place::read(row.int(0)?);
        let end = if wanted.status.is_some() { row.maybe_text(9)?.map(str::to_owned) } else { None };
        Ok(Seen { at: (row.int(1)?, place), head: head(row, place)?, end })
    })
}

/// Time and place of the leaf that begins a permitted call.
pub fn begin(read: &mut Read<'_>, call: &[u8; 16]) -> Result<Option<(i64, Place)>, Error> {
    read.first(
        "SELECT ts, place FROM entry WHERE call = $1 AND type = 'call.intent' LIMIT 1",
        &[call.into()],
        |row| Ok((row.int(0)?, Place::read(row.int(1)?))),
    )
}

const COLUMNS: &str = "entry.place, entry.ts, entry.type, entry.call, entry.session, entry.actor, entry.server, \
                       entry.target, entry.result";
/// How a call ended.
const END: &str = ", (SELECT coalesce(ended.result, 'orphaned') FROM entry AS ended WHERE ended.call = entry.call \
                   AND ended.type IN ('call.outcome', 'call.orphaned') LIMIT 1)";

/// A statement over the index that leads.
struct Sql<'a> {
    text: String,
    values: Vec<Value<'a>>,
}

impl<'a> Sql<'a> {
    fn of(wanted: &'a Wanted, before: Option<(i64, Place)>, count: u32) -> Self {
        let leading = [
            ("session", wanted.session.as_ref().map(|id| Value::Bytes(id))),
            ("target", wanted.target.as_deref().map(Value::Text)),
            ("actor", wanted.actor.as_deref().map(Value::Text)),
            ("type", wanted.effect.as_deref().filter(|e| *e == "deny").map(|_| Value::Text("call.denied"))),
            ("server", wanted.server.as_deref().map(Value::Text)),
        ];
        let end = if wanted.status.is_some() { END } else { "" };
        let mut sql = Self { text: format!("SELECT {COLUMNS}{end} FROM "), values: Vec::new() };
        let (mut time, mut position) = ("entry.ts", "entry.place");
        if let Some(word) = &wanted.word {
            // The words of a call lead to it; `entry` is asked for no more than these.
            sql.text.push_str("word JOIN entry ON entry.place = word.place WHERE word.word = ");
            sql.push(Value::Text(word));
            (time, position) = ("word.ts", "word.place");
        } else {
            sql.text.push_str("entry WHERE ");
            match leading.into_iter().find_map(|(column, value)| Some((column, value?))) {
                Some((column, value)) => {
                    sql.text.push_str(&format!("entry.{column} = "));
                    sql.push(value);
                }
                None => sql.text.push_str("1 = 1"),
            }
        }
        let (from, until) = (wanted.from.unwrap_or(0), wanted.until.unwrap_or(i64::MAX));
        sql.text.push_str(&format!(" AND {time} >= "));
        sql.push(Value::Int(from));
        sql.text.push_str(&format!(" AND {time} < "));
        sql.push(Value::Int(until));
        if let Some((ts, place)) = before {
            sql.text.push_str(&format!(" AND ({time}, {position}) < ("));
            sql.push(Value::Int(ts));
            sql.text.push_str(", ");
            sql.push(place.value());
            sql.text.push(')');
        }
        sql.text.push_str(&format!(" ORDER BY {time} DESC, {position} DESC LIMIT "));
        sql.push(Value::Int(i64::from(count)));
        sql
    }

    fn push(&mut self, value: Value<'a>) {
        self.values.push(value);
        self.text.push_str(&format!("${}", self.values.len()));
    }
}

impl Wanted {
    fn fits(&self, head: &Head) -> bool {
        let same = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        let effect = match self.effect.as_deref() {
            None => true,
            Some("deny") => head.denied.is_some(),
            effect => head.denied.is_none() && head.effect.as_deref() == effect,
        };
        effect
            && same(&self.actor, &head.actor)
            && same(&self.server, &head.server)
            && same(&self.target, &head.target)
            && (self.session.is_none() || self.session == head.session)
    }

    /// Whether anything but caller and time is asked for.
    pub fn is_about_calls(&self) -> bool {
        let texts = [&self.server, &self.target, &self.effect, &self.status, &self.word];
        texts.into_iter().any(Option::is_some)
    }
}

/// `None`: the leaf begins no call.
fn head(row: Row<'_>, place: Place) -> Result<Option<Head>, Error> {
    let event = row.text(2)?;
    let owned = |column: usize| Ok::<_, Error>(row.maybe_text(column)?.map(str::to_owned));
    let (result, call) = (owned(8)?, row.maybe_array(3)?);
    let (denied, effect) = match event {
        "call.intent" => (None, result),
        "call.denied" => (result, None),
        _ => return Ok(None),
    };
    let Some(call) = call else { return Ok(None) };
    let (session, actor, server, target) = (row.maybe_array(4)?, owned(5)?, owned(6)?, owned(7)?);
    Ok(Some(Head { place, ts: row.int(1)?, call, session, denied, actor, server, target, effect }))
}

#[cfg(test)]
mod tests {
    use super::super::plan::searched;
    use super::*;

    #[test]
    fn every_list_of_calls_searches_an_index_and_asks_another_how_they_ended() {
        let text = |text: &str| Some(text.to_owned());
        let all = Wanted::default();
        let cases = [
            all.clone(),
            Wanted { session: Some([1; 16]), ..all.clone() },
            Wanted { actor: text("a"), ..all.clone() },
            Wanted { server: text("s"), ..all.clone() },
            Wanted { target: text("t"), ..all.clone() },
            Wanted { effect: text("deny"), ..all.clone() },
            Wanted { word: text("w"), ..all.clone() },
            Wanted { actor: text("a"), server: text("s"), target: text("t"), ..all.clone() },
        ];
        for wanted in cases {
            for before in [None, Some((5, Place::new(1, 1)))] {
                for status in [None, text("ok")] {
                    let wanted = Wanted { status, ..wanted.clone() };
                    let sql = Sql::of(&wanted, before, 100);
                    let plan = searched(&sql.text, &sql.values);
                    let ended = "SEARCH ended USING COVERING INDEX entry_call (call=? AND type=?)";
                    assert_eq!(wanted.status.is_some(), plan.iter().any(|line| line == ended), "{plan:?}");
                    assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE FOR ORDER BY")), "{plan:?}");
                }
            }
        }
    }
}
