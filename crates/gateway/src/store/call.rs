//! Calls as people look for them: the leaves of `entry` that begin one (`call.intent`, `call.denied`).
//!
//! Each thing that is looked for has a list of the leaves that have it, in the order of their times: a column an index of
//! `entry`, a word its rows. The list that reaches furthest back leads; the others are asked, of each leaf that it leads to,
//! whether they have it, which needs no leaf. Only those that all lists have are read. One answer looks at a bounded number of
//! leaves: it says how far it came, and goes on from there. So no combination of conditions is slow.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::entry::Place;
use super::{Error, Read, Row, Value, tx, word};

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
    /// Words of it, see [`super::word`].
    pub words: Vec<String>,
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
    /// Time and place.
    pub fn at(&self) -> (i64, Place) {
        (self.ts, self.place)
    }

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
    let mut heads: Vec<Head> = Vec::new();
    let end = walk(read, wanted, limit, looks, |head| {
        heads.push(head);
        if heads.len() == limit as usize { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let next = match end {
        ControlFlow::Continue(next) => next,
        ControlFlow::Break(()) => heads.last().map(Head::at),
    };
    Ok(Found { heads, next })
}

/// Sessions that hold calls which match.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    /// How many calls of each were found, by its id; the one with the latest first.
    pub matched: Vec<([u8; 16], u64)>,
    /// Where to go on; `None`: there is nothing more.
    pub next: Option<(i64, Place)>,
}

/// At most `limit` sessions that hold a call that matches, by the latest, among at most `looks` leaves.
pub fn sessions(read: &mut Read<'_>, wanted: &Wanted, limit: u32, looks: u32) -> Result<Sessions, Error> {
    let (mut matched, mut last) = (Vec::<([u8; 16], u64)>::new(), None);
    let end = walk(read, wanted, limit, looks, |head| {
        let Some(id) = head.session else { return ControlFlow::Continue(()) };
        if let Some((_, count)) = matched.iter_mut().find(|(known, _)| *known == id) {
            *count += 1;
        } else if matched.len() == limit as usize {
            return ControlFlow::Break(());
        } else {
            matched.push((id, 1));
        }
        last = Some(head.at());
        ControlFlow::Continue(())
    })?;
    let next = match end {
        ControlFlow::Continue(next) => next,
        ControlFlow::Break(()) => last,
    };
    Ok(Sessions { matched, next })
}

/// Calls `f` with the calls that match, the latest first, until it breaks, or answers where to go on.
fn walk(
    read: &mut Read<'_>,
    wanted: &Wanted,
    limit: u32,
    looks: u32,
    mut f: impl FnMut(Head) -> ControlFlow<()>,
) -> Result<ControlFlow<(), Option<(i64, Place)>>, Error> {
    let words = wanted.known_words();
    let lists = wanted.lists(&words);
    let lead = leading(read, wanted, &lists, looks)?;
    let (mut before, mut left) = (wanted.before, looks);
    // Most questions are answered by the first leaves; few need all that may be looked at.
    let mut step = limit.saturating_mul(2).max(STEP_MIN);
    let mut together = limit.max(1) as usize;
    loop {
        let count = step.min(left);
        let seen = look(read, wanted, &lists, lead, before, count)?;
        let (looked, all) = (u32::try_from(seen.len()).unwrap_or(u32::MAX), seen.len() < count as usize);
        let mut places = seen.iter().filter(|seen| seen.has_all).map(|seen| seen.at.1);
        loop {
            let some: Vec<Place> = places.by_ref().take(together).collect();
            if some.is_empty() {
                break;
            }
            let mut heads = heads(read, wanted, &some)?;
            for head in some.iter().filter_map(|place| heads.remove(place)) {
                if f(head).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            together = together.saturating_mul(4);
        }
        let last = seen.last().map(|seen| seen.at);
        left = left.saturating_sub(looked);
        if all || left == 0 {
            return Ok(ControlFlow::Continue(last.filter(|_| !all)));
        }
        (before, step) = (last, step.saturating_mul(4));
    }
}

/// Leaves looked at first, at least.
const STEP_MIN: u32 = 64;

/// What has a list of the leaves that have it.
#[derive(Debug, Clone, Copy)]
enum List<'a> {
    /// `word`, by its key.
    Word(&'a str),
    /// `entry`, by an index over this column and the time.
    Column(&'static str, Value<'a>),
}

/// A leaf that was looked at.
struct Seen {
    at: (i64, Place),
    /// Whether every list has it.
    has_all: bool,
}

/// Which of the lists leads: the one whose `looks` latest leaves reach furthest back.
fn leading(read: &mut Read<'_>, wanted: &Wanted, lists: &[List<'_>], looks: u32) -> Result<usize, Error> {
    if lists.len() < 2 {
        return Ok(0);
    }
    let (mut lead, mut furthest) = (0, i64::MAX);
    for (number, list) in lists.iter().enumerate() {
        let sql = Sql::reach(list, wanted, looks);
        let reach = read.first(&sql.text, &sql.values, |row| row.int(0))?;
        // A list that is shorter reaches to its end.
        let reach = reach.unwrap_or(i64::MIN);
        if reach < furthest {
            (lead, furthest) = (number, reach);
        }
    }
    Ok(lead)
}

/// The next `count` leaves that a list leads to.
fn look(
    read: &mut Read<'_>,
    wanted: &Wanted,
    lists: &[List<'_>],
    lead: usize,
    before: Option<(i64, Place)>,
    count: u32,
) -> Result<Vec<Seen>, Error> {
    let sql = Sql::look(lists, lead, wanted, before, count);
    read.all(&sql.text, &sql.values, |row| {
        Ok(Seen { at: (row.int(0)?, Place::read(row.int(1)?)), has_all: row.maybe_int(2)?.is_some() })
    })
}

/// Those of the leaves at `places` that begin a call that matches.
fn heads(read: &mut Read<'_>, wanted: &Wanted, places: &[Place]) -> Result<HashMap<Place, Head>, Error> {
    let (sql, values) = heads_at(wanted, places);
    let mut found = HashMap::with_capacity(places.len());
    read.each(&sql, &values, |row| {
        let place = Place::read(row.int(0)?);
        let end = if wanted.status.is_some() { row.maybe_text(9)?.map(str::to_owned) } else { None };
        let ended = wanted.status.is_none() || wanted.status == end;
        if let Some(head) = head(row, place)?.filter(|head| ended && wanted.fits(head)) {
            found.insert(place, head);
        }
        Ok(())
    })?;
    Ok(found)
}

fn heads_at<'v>(wanted: &Wanted, places: &[Place]) -> (String, Vec<Value<'v>>) {
    let end = if wanted.status.is_some() { END } else { "" };
    let values = places.iter().map(|place| place.value()).collect();
    (format!("SELECT {COLUMNS}{end} FROM entry WHERE entry.place IN {}", tx::row(1, places.len())), values)
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

/// A statement over the list that leads.
#[derive(Default)]
struct Sql<'a> {
    text: String,
    values: Vec<Value<'a>>,
}

impl<'a> Sql<'a> {
    /// The time of the last of the `looks` latest leaves that a list has.
    fn reach(list: &List<'a>, wanted: &Wanted, looks: u32) -> Self {
        let mut sql = Self::default();
        sql.text.push_str("SELECT lead.ts");
        // From the moment of the last page on: one leaf more or less makes no difference here.
        let until = wanted.before.map(|(ts, _)| ts.saturating_add(1));
        let until = wanted.until.into_iter().chain(until).min();
        sql.source(Some(list), wanted.from, until);
        sql.text.push_str(" ORDER BY lead.ts DESC LIMIT 1 OFFSET ");
        sql.push(Value::Int(i64::from(looks.saturating_sub(1))));
        sql
    }

    /// The next `count` leaves of the list that leads: time, place, and the place again where all others have it, too.
    fn look(
        lists: &[List<'a>],
        lead: usize,
        wanted: &Wanted,
        before: Option<(i64, Place)>,
        count: u32,
    ) -> Self {
        let mut sql = Self::default();
        sql.text.push_str("SELECT lead.ts, lead.place, CASE WHEN 1 = 1");
        let leading = lists.get(lead);
        for (_, other) in lists.iter().enumerate().filter(|(number, _)| *number != lead) {
            sql.has(other, leading);
        }
        sql.text.push_str(" THEN lead.place END");
        sql.source(leading, wanted.from, wanted.until);
        if let Some((ts, place)) = before {
            sql.text.push_str(" AND (lead.ts, lead.place) < (");
            sql.push(Value::Int(ts));
            sql.text.push_str(", ");
            sql.push(place.value());
            sql.text.push(')');
        }
        sql.text.push_str(" ORDER BY lead.ts DESC, lead.place DESC LIMIT ");
        sql.push(Value::Int(i64::from(count)));
        sql
    }

    fn source(&mut self, list: Option<&List<'a>>, from: Option<i64>, until: Option<i64>) {
        match list {
            Some(List::Word(word)) => {
                self.text.push_str(" FROM word AS lead WHERE lead.word = ");
                self.push(Value::Text(word));
            }
            Some(List::Column(column, value)) => {
                self.text.push_str(&format!(" FROM entry AS lead WHERE lead.{column} = "));
                self.push(*value);
            }
            None => self.text.push_str(" FROM entry AS lead WHERE 1 = 1"),
        }
        self.text.push_str(" AND lead.ts >= ");
        self.push(Value::Int(from.unwrap_or(0)));
        self.text.push_str(" AND lead.ts < ");
        self.push(Value::Int(until.unwrap_or(i64::MAX)));
    }

    /// Whether a list has the leaf that the leading one leads to. A value and not `EXISTS`, for which PostgreSQL might first
    /// read the whole list; a sum and not the place, by which both would read the leaf and not look into the list.
    fn has(&mut self, list: &List<'a>, leading: Option<&List<'a>>) {
        match (list, leading) {
            (List::Word(word), _) => {
                self.text.push_str(" AND (SELECT also.ts FROM word AS also WHERE also.word = ");
                self.push(Value::Text(word));
                self.text.push_str(" AND also.ts = lead.ts AND also.place = lead.place) IS NOT NULL");
            }
            (List::Column(column, value), Some(List::Word(_))) => {
                self.text
                    .push_str(&format!(" AND (SELECT also.ts FROM entry AS also WHERE also.{column} = "));
                self.push(*value);
                self.text.push_str(" AND also.ts = lead.ts AND also.place + 0 = lead.place) IS NOT NULL");
            }
            (List::Column(column, value), _) => {
                self.text.push_str(&format!(" AND lead.{column} = "));
                self.push(*value);
            }
        }
    }

    fn push(&mut self, value: Value<'a>) {
        self.values.push(value);
        self.text.push_str(&format!("${}", self.values.len()));
    }
}

impl Wanted {
    /// The words that calls must have. The name of its server is words of a call, too, and words meet words exactly.
    fn known_words(&self) -> Vec<String> {
        let server = self.server.as_deref().filter(|_| !self.words.is_empty());
        self.words.iter().cloned().chain(server.into_iter().flat_map(word::words)).collect()
    }

    /// What has a list, that which is usually shorter first.
    fn lists<'a>(&'a self, words: &'a [String]) -> Vec<List<'a>> {
        let server = self.server.as_deref().filter(|_| words.len() == self.words.len());
        let words = words.iter().map(|word| List::Word(word));
        let denied = self.effect.as_deref().filter(|effect| *effect == "deny").map(|_| "call.denied");
        let columns = [
            ("session", self.session.as_ref().map(|id| Value::Bytes(id))),
            ("target", self.target.as_deref().map(Value::Text)),
            ("actor", self.actor.as_deref().map(Value::Text)),
            ("type", denied.map(Value::Text)),
            ("server", server.map(Value::Text)),
        ];
        let columns = columns.into_iter().filter_map(|(column, value)| Some(List::Column(column, value?)));
        words.chain(columns).collect()
    }

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
        let texts = [&self.server, &self.target, &self.effect, &self.status];
        !self.words.is_empty() || texts.into_iter().any(Option::is_some)
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
        let words = vec!["w".to_owned(), "=hold".to_owned()];
        let cases = [
            all.clone(),
            Wanted { session: Some([1; 16]), ..all.clone() },
            Wanted { actor: text("a"), ..all.clone() },
            Wanted { server: text("s"), ..all.clone() },
            Wanted { target: text("t"), ..all.clone() },
            Wanted { effect: text("deny"), ..all.clone() },
            Wanted { words: words[..1].to_vec(), ..all.clone() },
            Wanted { actor: text("a"), server: text("s"), target: text("t"), ..all.clone() },
            Wanted { actor: text("a"), server: text("s"), effect: text("deny"), words, ..all.clone() },
        ];
        for wanted in cases {
            let words = wanted.known_words();
            let lists = wanted.lists(&words);
            for lead in 0..lists.len().max(1) {
                for before in [None, Some((5, Place::new(1, 1)))] {
                    let sql = Sql::look(&lists, lead, &wanted, before, 100);
                    let plan = searched(&sql.text, &sql.values);
                    assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE FOR ORDER BY")), "{plan:?}");
                    // Whatever another list is asked, it answers from its index.
                    let also = plan.iter().filter(|line| line.contains(" also "));
                    for line in also {
                        assert!(
                            line.contains("USING COVERING") || line.contains("USING PRIMARY KEY"),
                            "{line}"
                        );
                    }
                }
            }
            for list in &lists {
                let sql = Sql::reach(list, &wanted, 100);
                let plan = searched(&sql.text, &sql.values);
                assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE FOR ORDER BY")), "{plan:?}");
            }
            for status in [None, text("ok")] {
                let (sql, values) =
                    heads_at(&Wanted { status: status.clone(), ..all.clone() }, &[Place::new(1, 1)]);
                let plan = searched(&sql, &values);
                let ended = "SEARCH ended USING COVERING INDEX entry_call (call=? AND type=?)";
                assert_eq!(status.is_some(), plan.iter().any(|line| line == ended), "{plan:?}");
            }
        }
    }
}
