//! Bodies are erased when their time is over; leaves stay, and with them every proof.
//!
//! What is erased, and the leaf that says so, are one transaction. Ranges of places are exact: between the ends of a
//! range there is no body that stays. A legal hold that is set while a page is looked through undoes the page.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use evidence::id::Id;
use evidence::leaf::{EventType, Leaf};
use evidence::retention::{
    Erasure, Hold, LaneRanges, ORDINARY, PRIVILEGED, RANGES_MAX, Whose, is_privileged,
};
use evidence::time::Timestamp;
use sha2::{Digest as _, Sha256};

use super::draft::{self, Draft};
use super::sequence::Trouble;
use super::vault::Vault;
use super::verb::Unavailable;
use super::writer::Command;
use super::{Ledger, hold};
use crate::limits;
use crate::seal::Seal;
use crate::store::entry::{self, Place};
use crate::store::retention::{self, Body, Cursor, Mark};
use crate::store::{self, ErrorKind, Read, Right, Tx, lane};

const DAY_US: i64 = 86_400_000_000;

/// How many days bodies are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// Of calls that only read.
    pub ordinary: u32,
    /// Of calls that would change something or were held for people, and of everything that is no call.
    pub privileged: u32,
}

/// How long bodies are kept, and whose.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Of every server without days of its own.
    pub common: Days,
    /// Of single servers.
    pub servers: BTreeMap<String, Days>,
}

/// What a look at bodies came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retained {
    /// Bodies that were looked at.
    pub looked_at: u64,
    /// Bodies that were erased.
    pub erased: u64,
}

/// One of the rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rule {
    name: &'static str,
    server: Option<String>,
    days: u32,
}

/// What is erased together, and the leaf about it.
#[derive(Debug, Clone)]
pub(super) struct Disposal {
    erasure: Erasure,
    ranges: Vec<(Place, Place)>,
    /// Personal context, approvals and keys of days up to this one go too.
    day: Option<i64>,
    /// Which holds were looked at.
    holds: i64,
    /// Says that the note of it is ours.
    seal: Seal,
}

/// A page of bodies that was looked through.
struct Page {
    disposals: Vec<Disposal>,
    looked_at: u64,
    next: Option<Cursor>,
}

/// What decides about a body.
struct Standing {
    /// Its own leaf.
    own: Beginning,
    /// The first leaf of its call, if there is one.
    call: Option<Beginning>,
    /// Whether it is a part of that call, and stays or goes with it.
    part: bool,
}

/// A leaf, as far as rules and holds ask.
#[derive(Clone)]
struct Beginning {
    privileged: bool,
    server: Option<String>,
    whose: Whose,
    ts: i64,
}

impl Rules {
    fn of(&self, beginning: &Beginning) -> Rule {
        let server = beginning.server.as_ref().filter(|server| self.servers.contains_key(*server));
        let days = server.and_then(|server| self.servers.get(server)).unwrap_or(&self.common);
        let (name, days) =
            if beginning.privileged { (PRIVILEGED, days.privileged) } else { (ORDINARY, days.ordinary) };
        Rule { name, server: server.cloned(), days }
    }

    /// How many days some rule keeps bodies, the fewest first.
    fn days(&self) -> BTreeSet<u32> {
        let all = std::iter::once(&self.common).chain(self.servers.values());
        all.flat_map(|days| [days.ordinary, days.privileged]).collect()
    }

    /// Names exactly these rules of this release, which says what is privileged.
    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(env!("CARGO_PKG_VERSION"));
        let own = self.servers.iter().map(|(server, days)| (server.as_str(), days));
        for (server, days) in std::iter::once(("", &self.common)).chain(own) {
            // Names of servers hold no such byte.
            digest.update([0]);
            digest.update(server);
            digest.update([0]);
            digest.update(days.ordinary.to_be_bytes());
            digest.update(days.privileged.to_be_bytes());
        }
        digest.finalize().into()
    }
}

impl Beginning {
    fn of(leaf: &Leaf, bytes: &[u8]) -> Self {
        let is_call = matches!(leaf.event, EventType::CallIntent | EventType::CallDenied);
        let privileged = !is_call || is_privileged(bytes);
        Self { privileged, server: leaf.server.clone(), whose: Whose::of(leaf), ts: leaf.ts.as_micros() }
    }

    /// By who called, or for whom; by when it began, so that an answer stays with its question.
    fn is_kept(&self, hold: &Hold) -> bool {
        hold.keeps(&self.whose, self.ts, self.ts)
    }
}

impl Standing {
    fn is_kept(&self, hold: &Hold) -> bool {
        self.call.as_ref().is_some_and(|call| call.is_kept(hold)) || !self.part && self.own.is_kept(hold)
    }
}

impl Ledger {
    /// Erases the bodies whose time is over, as far as no hold keeps them. Then personal context and approvals that every
    /// rule is done with, and the keys of days of which nothing is left. One of several gateways does it.
    ///
    /// A body that stays is looked at again when a longer rule is over, or when rules or holds have changed; not each time.
    ///
    /// # Errors
    /// [`Unavailable`]: what was not erased is the next time.
    pub async fn retain(&self, rules: &Rules) -> Result<Retained, Unavailable> {
        let mut retained = Retained::default();
        if !self.leads() {
            return Ok(retained);
        }
        let (now, days) = (self.now(), rules.days());
        for &days in &days {
            self.retain_for(rules, days, now, &mut retained).await?;
        }
        let longest = days.last().copied().unwrap_or(u32::MAX);
        let seal = self.0.keys.row_seal();
        if let Some(disposal) = self.look(move |read| beside(read, longest, now, &seal)).await? {
            self.erase(disposal).await?;
        }
        // What is written now is sealed with a key of today.
        let over = Vault::day(before(now, days.first().copied().unwrap_or(u32::MAX)).as_micros()) - 1;
        self.change(move |tx| retention::erase_keys(tx, over).map(drop)).await?;
        Ok(retained)
    }

    /// Goes on from where the rules that keep bodies for so many days have come.
    async fn retain_for(
        &self,
        rules: &Rules,
        days: u32,
        now: Timestamp,
        retained: &mut Retained,
    ) -> Result<(), Unavailable> {
        let digest = rules.digest();
        let (holds, mark) =
            self.look(move |read| Ok((hold::revision(read)?, retention::mark(read, days)?))).await?;
        let mark = mark.filter(|mark| (mark.rules, mark.holds) == (digest, holds));
        let mut cursor = mark.map_or(Cursor::start(), |mark| Cursor::after_day(mark.day));
        // The last day is not over for all of its bodies.
        let done = Mark { rules: digest, holds, day: Vault::day(before(now, days).as_micros()) - 1 };
        loop {
            let (rules, seal) = (rules.clone(), self.0.keys.row_seal());
            let page = self.look(move |read| page(read, &rules, (days, now), cursor, &seal)).await?;
            retained.looked_at += page.looked_at;
            for disposal in page.disposals {
                retained.erased += disposal.erasure.bodies;
                self.erase(disposal).await?;
            }
            match page.next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        if mark != Some(done) {
            self.change(move |tx| retention::set_mark(tx, days, &done)).await?;
        }
        Ok(())
    }

    async fn change(
        &self,
        f: impl FnMut(&mut Tx<'_>) -> Result<(), store::Error> + Send + 'static,
    ) -> Result<(), Unavailable> {
        self.on_thread(|ledger| {
            ledger.0.db.write_now("retention", f).map_err(|error| ledger.report(Trouble::Store(error)))
        })
        .await
    }

    async fn erase(&self, disposal: Disposal) -> Result<(), Unavailable> {
        self.ask(|done| Command::Erase(Box::new(disposal), done)).await?
    }

    async fn look<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Read<'_>) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.on_thread(|ledger| {
            ledger.0.db.read_now("retention", f).map_err(|error| ledger.report(Trouble::Store(error)))
        })
        .await
    }
}

impl Disposal {
    /// The leaf about it.
    pub(super) fn draft(&self, ts: Timestamp) -> Result<Draft, Unavailable> {
        let mut draft = draft::own(EventType::RetentionDeleted, ts, None)?;
        let detail = self.erasure.write();
        draft.leaf.detail = Some(detail.map_err(|error| Unavailable::Rejected(error.to_string().into()))?);
        Ok(draft)
    }

    /// Notes that the `leaf` at `place` says it.
    pub(super) fn note(&self, tx: &mut Tx<'_>, place: Place, leaf: &[u8]) -> Result<(), store::Error> {
        if self.ranges.is_empty() {
            return Ok(());
        }
        retention::note(tx, &self.seal, &self.ranges, (place, leaf))
    }

    /// Erases exactly what the leaf says.
    pub(super) fn erase(&self, tx: &mut Tx<'_>) -> Result<(), store::Error> {
        // A hold is set before or after, never between.
        tx.await_right(Right::Retain)?;
        let moved = || store::Error::new(ErrorKind::Busy, "what is to be erased changed meanwhile");
        if hold::revision(tx)? != self.holds {
            return Err(moved());
        }
        let mut bodies = 0;
        for &(first, last) in &self.ranges {
            bodies += retention::erase(tx, first, last)?;
        }
        let beside = match self.day {
            Some(day) => {
                let beside = retention::erase_beside(tx, day)?;
                retention::erase_keys(tx, day)?;
                beside
            }
            None => (0, 0),
        };
        let said = &self.erasure;
        if (bodies, beside) == (said.bodies, (said.contexts, said.approvals)) { Ok(()) } else { Err(moved()) }
    }
}

/// Looks through the next bodies that are older than `days`.
fn page(
    read: &mut Read<'_>,
    rules: &Rules,
    (days, now): (u32, Timestamp),
    cursor: Cursor,
    seal: &Seal,
) -> Result<Page, store::Error> {
    let day = Vault::day(before(now, days).as_micros());
    let (revision, holds) = (hold::revision(read)?, hold::in_force(read, seal)?);
    let bodies = retention::bodies(read, day, cursor, limits::RETENTION_PAGE)?;
    let full = bodies.len() == limits::RETENTION_PAGE as usize;
    let (next, looked_at) = (bodies.last().map(|body| body.at).filter(|_| full), bodies.len() as u64);
    let mut calls = HashMap::new();
    let mut due: BTreeMap<Rule, Vec<Place>> = BTreeMap::new();
    for body in bodies {
        // What cannot be read stays: verifying finds it.
        let Some(standing) = standing(read, &body, &mut calls)? else { continue };
        let rule = rules.of(standing.call.as_ref().unwrap_or(&standing.own));
        let over = standing.own.ts < before(now, rule.days).as_micros();
        if over && !holds.iter().any(|hold| standing.is_kept(hold)) {
            due.entry(rule).or_default().push(body.at.place());
        }
    }
    let mut disposals = Vec::new();
    for (rule, mut places) in due {
        places.sort_unstable();
        for ranges in parts(&ranges(read, &places)?) {
            disposals.push(disposal(read, &rule, ranges, now, (revision, seal))?);
        }
    }
    Ok(Page { disposals, looked_at, next })
}

/// What goes when no rule needs it any more: nothing while there is a hold, since a hold may need all of it.
fn beside(
    read: &mut Read<'_>,
    longest: u32,
    now: Timestamp,
    seal: &Seal,
) -> Result<Option<Disposal>, store::Error> {
    let revision = hold::revision(read)?;
    let before = before(now, longest);
    // The day must be over for the whole of what it keeps.
    let day = Vault::day(before.as_micros()) - 1;
    let (contexts, approvals) = retention::beside(read, day)?;
    if (contexts, approvals) == (0, 0) || !hold::in_force(read, seal)?.is_empty() {
        return Ok(None);
    }
    let erasure = Erasure {
        rule: "longest".to_owned(),
        days: longest.into(),
        server: None,
        before,
        bodies: 0,
        lanes: Vec::new(),
        contexts,
        approvals,
    };
    Ok(Some(Disposal { erasure, ranges: Vec::new(), day: Some(day), holds: revision, seal: seal.clone() }))
}

/// What a body belongs to. By leaves, never by the columns that leaves are found by.
fn standing(
    read: &mut Read<'_>,
    body: &Body,
    calls: &mut HashMap<Id, Option<Beginning>>,
) -> Result<Option<Standing>, store::Error> {
    let Ok(leaf) = Leaf::decode(&body.leaf) else { return Ok(None) };
    let part = matches!(leaf.event, EventType::CallFrame | EventType::CallOutcome | EventType::CallOrphaned);
    let call = match leaf.call {
        None => None,
        Some(id) => match calls.get(&id) {
            Some(known) => known.clone(),
            None => {
                let begun = beginning(read, id)?;
                calls.insert(id, begun.clone());
                begun
            }
        },
    };
    // What a part belongs to decides, and stays while that is not known.
    if part && call.is_none() {
        return Ok(None);
    }
    Ok(Some(Standing { own: Beginning::of(&leaf, &body.leaf), call, part }))
}

/// How a call began: by the one leaf that says so itself. Of several, one alone is in the log; rows beside it are somebody
/// else's.
fn beginning(read: &mut Read<'_>, call: Id) -> Result<Option<Beginning>, store::Error> {
    let mut found = Vec::new();
    for (place, bytes) in retention::beginnings(read, call.as_bytes(), limits::BEGINNINGS_MAX)? {
        let Ok(leaf) = Leaf::decode(&bytes) else { continue };
        let begins = matches!(leaf.event, EventType::CallIntent | EventType::CallDenied);
        if begins && leaf.call == Some(call) {
            found.push((place, Beginning::of(&leaf, &bytes)));
        }
    }
    if found.len() > 1 {
        let mut in_log = Vec::new();
        for (place, beginning) in found {
            if entry::index_of(read, place)?.is_some() {
                in_log.push((place, beginning));
            }
        }
        found = in_log;
    }
    let [(_, beginning)] = &found[..] else { return Ok(None) };
    Ok(Some(beginning.clone()))
}

/// The ranges that hold these bodies and no others; `places` are sorted.
fn ranges(read: &mut Read<'_>, places: &[Place]) -> Result<Vec<(Place, Place, u64)>, store::Error> {
    let mut ranges: Vec<(Place, Place, u64)> = Vec::new();
    for lane in places.chunk_by(|one, next| one.lane() == next.lane()) {
        let (Some(&first), Some(&last)) = (lane.first(), lane.last()) else { continue };
        let mut due = lane.iter().peekable();
        let mut joins = false;
        for place in retention::between(read, first, last)? {
            if due.next_if_eq(&&place).is_none() {
                joins = false;
                continue;
            }
            match ranges.last_mut().filter(|_| joins) {
                Some((_, end, bodies)) => (*end, *bodies) = (place, *bodies + 1),
                None => ranges.push((place, place, 1)),
            }
            joins = true;
        }
    }
    Ok(ranges)
}

/// Ranges that one leaf can name: so many, of so many lanes.
fn parts(mut ranges: &[(Place, Place, u64)]) -> Vec<&[(Place, Place, u64)]> {
    let mut parts = Vec::new();
    while !ranges.is_empty() {
        let lanes = ranges.chunk_by(|one, next| one.0.lane() == next.0.lane());
        let of_lanes: usize = lanes.take(limits::RETENTION_LANES_MAX).map(<[_]>::len).sum();
        let (part, rest) = ranges.split_at(of_lanes.min(RANGES_MAX));
        parts.push(part);
        ranges = rest;
    }
    parts
}

fn disposal(
    read: &mut Read<'_>,
    rule: &Rule,
    ranges: &[(Place, Place, u64)],
    now: Timestamp,
    (holds, seal): (i64, &Seal),
) -> Result<Disposal, store::Error> {
    let mut lanes: Vec<LaneRanges> = Vec::new();
    for of_lane in ranges.chunk_by(|one, next| one.0.lane() == next.0.lane()) {
        let Some(&(place, ..)) = of_lane.first() else { continue };
        let Some(lane) = lane::find(read, place.lane())? else { continue };
        let sequences = of_lane.iter().map(|(first, last, _)| (first.sequence(), last.sequence()));
        lanes.push(LaneRanges { lane: Id::from_bytes(lane.id), ranges: sequences.collect() });
    }
    let erasure = Erasure {
        rule: rule.name.to_owned(),
        days: rule.days.into(),
        server: rule.server.clone(),
        before: before(now, rule.days),
        bodies: ranges.iter().map(|(.., bodies)| bodies).sum(),
        lanes,
        contexts: 0,
        approvals: 0,
    };
    let ranges = ranges.iter().map(|&(first, last, _)| (first, last)).collect();
    Ok(Disposal { erasure, ranges, day: None, holds, seal: seal.clone() })
}

/// The instant that many days ago, to the second, as leaves are compared with it.
fn before(now: Timestamp, days: u32) -> Timestamp {
    let micros = now.as_micros().saturating_sub(i64::from(days) * DAY_US).max(0);
    let second = micros - micros % 1_000_000;
    // Unwrap safety: between 1970 and now.
    Timestamp::from_micros(second).expect("an instant before now")
}
