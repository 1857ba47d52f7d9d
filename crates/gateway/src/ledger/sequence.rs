//! From lanes to one log.
//!
//! Every process can do it; one at a time does. It reads what the lanes hold beyond the log, checks the leaves against
//! the heads that their processes signed, appends them to the tree and moves the tip by compare-and-swap. Nothing is
//! copied or deleted: the log is a list of spans of lanes.
//!
//! What it holds in memory was computed here from the stored bytes, beginning with the tree of the last signed
//! checkpoint. What another process put into the log in between is read and checked before going on: so nobody signs
//! what it did not see, and the tip and the spans in the database are believed by nobody.
//!
//! Order between lanes: that of the tickets which the database gave their commits wherever a leaf refers to another
//! lane's, so cause stays before effect; lane by lane otherwise, so spans stay long.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use evidence::merkle::{Frontier, Hash, leaf_hash};

use super::keyring::Keyring;
use super::lane::{LaneSeal, extend, is_signed};
use crate::limits;
use crate::store::entry::{self, Place, Span};
use crate::store::epoch::Epoch;
use crate::store::lane::Lane;
use crate::store::lane_head::{self, Joint, LaneHead};
use crate::store::{self, Db, ErrorKind, Read, Right, lane, tree};

/// Why the log cannot go on.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The database refused; trying again may help.
    Store(store::Error),
    /// One lane is not what its process signed. The others go on.
    Forged(String),
    /// The log is not what this process saw: it must end.
    Inconsistent(String),
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

/// Extends the log.
pub(super) struct Sequencer {
    db: Db,
    seal: LaneSeal,
    tail: Tail,
    /// Lanes that cannot go on, with the reason.
    forged: BTreeMap<u32, Arc<str>>,
}

/// The end of the log, and of each lane in it.
#[derive(Clone)]
struct Tail {
    epoch: Epoch,
    frontier: Frontier,
    /// The place after the last leaf.
    end: Option<Place>,
    lanes: HashMap<u32, Known>,
}

/// A lane as far as it is in the log.
#[derive(Clone)]
struct Known {
    id: [u8; 16],
    key: [u8; 32],
    next: Place,
    digest: Hash,
}

/// Commits of one lane that go into the log together.
struct Stretch {
    lane: u32,
    heads: Vec<LaneHead>,
}

/// What one round adds.
struct Round {
    tail: Tail,
    /// Index and place where the log continues elsewhere than it ended.
    begun: Vec<(u64, Place)>,
    settled: Vec<u32>,
    forged: BTreeMap<u32, Arc<str>>,
}

impl Sequencer {
    /// Begins with the tree of the last signed checkpoint of an epoch.
    pub(super) fn new(db: &Db, keys: &Keyring, epoch: Epoch, signed: Frontier) -> Result<Self, Trouble> {
        let size = epoch.first_index + signed.size();
        let end = read(db, "end of the log", |read| {
            let Some(last) = signed.size().checked_sub(1) else { return Ok(None) };
            let last = epoch.first_index + last;
            let spans = entry::spans(read, last, size, 1)?;
            Ok(spans.first().map(|span| span.place.next()))
        })?;
        let tail = Tail { epoch, frontier: signed, end, lanes: HashMap::new() };
        Ok(Self { db: db.clone(), seal: LaneSeal::new(keys), tail, forged: BTreeMap::new() })
    }

    /// How many leaves are in the log and were checked here, those of earlier epochs included.
    pub(super) fn size(&self) -> u64 {
        self.tail.size()
    }

    /// The tree over everything of this epoch that is in the log and was checked here.
    pub(super) fn frontier(&self) -> &Frontier {
        &self.tail.frontier
    }

    /// Lanes that cannot go on, with the reason.
    pub(super) fn forged(&self) -> &BTreeMap<u32, Arc<str>> {
        &self.forged
    }

    /// Reads and checks what others put into the log.
    pub(super) fn follow(&mut self) -> Result<(), Trouble> {
        loop {
            let mut tail = self.tail.clone();
            let whole = read(&self.db, "follow", |read| follow(read, &self.seal, &mut tail))?;
            self.tail = tail;
            if whole {
                return Ok(());
            }
        }
    }

    /// Takes into the log what the lanes hold beyond it, up to a limit; answers how many leaves that were. Zero also when
    /// another process was faster.
    pub(super) fn sequence(&mut self, ts: i64) -> Result<u64, Trouble> {
        self.follow()?;
        let planned = read(&self.db, "lanes", |read| plan(read, &self.seal, &self.tail))?;
        let Some(round) = planned else { return Ok(0) };
        for (lane, reason) in &round.forged {
            if !self.forged.contains_key(lane) {
                tracing::error!(lane, %reason, "a lane is not what its process signed; it does not go on in the log");
            }
        }
        self.forged = round.forged;
        let (from, to) = (self.tail.size(), round.tail.size());
        if from == to && round.settled.is_empty() {
            return Ok(0);
        }
        let frontier = round.tail.frontier.to_bytes();
        let moved = self.db.write_now("sequence", |tx| {
            if !tx.take_right(Right::Sequence)? || !tree::advance(tx, from, to, &frontier)? {
                return Ok(false);
            }
            for &(index, place) in &round.begun {
                entry::begin_span(tx, index, place)?;
            }
            for &lane in &round.settled {
                lane::settle(tx, lane, ts)?;
            }
            Ok(true)
        })?;
        if !moved {
            return Ok(0);
        }
        self.tail = round.tail;
        Ok(to - from)
    }
}

impl Tail {
    /// The index of the next leaf.
    fn size(&self) -> u64 {
        self.epoch.first_index + self.frontier.size()
    }

    /// The lane, as far as it is in the log; `start` is where it goes on.
    fn enter(
        &mut self,
        read: &mut Read<'_>,
        seal: &LaneSeal,
        lane: &Lane,
        start: Place,
    ) -> Result<&mut Known, Trouble> {
        let vacant = match self.lanes.entry(lane.number) {
            Entry::Occupied(known) => return Ok(known.into_mut()),
            Entry::Vacant(vacant) => vacant,
        };
        if !seal.is_ours(lane) {
            return Err(Trouble::Forged("it was not opened with this log's keys".to_owned()));
        }
        let digest = match start.previous() {
            None => Hash::ZERO,
            Some(last) => signed_head(read, lane, last)?,
        };
        Ok(vacant.insert(Known { id: lane.id, key: lane.key, next: start, digest }))
    }

    /// Appends the leaves of a lane from where it is up to `last`.
    fn append(&mut self, read: &mut Read<'_>, lane: u32, last: Place) -> Result<(), Trouble> {
        let index = self.size();
        let Some(known) = self.lanes.get_mut(&lane) else { return Ok(()) };
        let count = (last.sequence() + 1).saturating_sub(known.next.sequence());
        let span = Span { index, place: known.next, count };
        let frontier = &mut self.frontier;
        entry::range(read, span, |stored| {
            let hash = leaf_hash(stored.leaf);
            known.digest = extend(&known.digest, &hash);
            frontier.push(hash);
            Ok(())
        })?;
        known.next = last.next();
        self.end = Some(known.next);
        Ok(())
    }

    /// Checks that a lane's process signed it as far as it is here.
    fn check(&self, read: &mut Read<'_>, lane: u32) -> Result<(), Trouble> {
        let Some(known) = self.lanes.get(&lane) else { return Ok(()) };
        let Some(last) = known.next.previous() else { return Ok(()) };
        match lane_head::at(read, last)? {
            Some(head) if known.matches(&head) => Ok(()),
            _ => Err(Trouble::Forged(unsigned(last))),
        }
    }
}

impl Known {
    fn matches(&self, head: &LaneHead) -> bool {
        head.digest == *self.digest.as_bytes()
            && is_signed(&self.key, &self.id, head.place, &self.digest, &head.signature)
    }
}

/// Goes on towards the stored tip; `true` once it is reached.
fn follow(read: &mut Read<'_>, seal: &LaneSeal, tail: &mut Tail) -> Result<bool, Trouble> {
    let tip = tree::tip(read)?;
    let (from, size) = (tail.size(), tip.as_ref().map_or(0, |tip| tip.size));
    if size < from {
        return Err(Trouble::Inconsistent(format!(
            "{from} leaves were seen in the log and {size} are there: the database is older"
        )));
    }
    let forged = |trouble| match trouble {
        Trouble::Forged(reason) => Trouble::Inconsistent(format!("a lane in the log is forged: {reason}")),
        Trouble::Store(error) if error.kind == ErrorKind::Corrupt => Trouble::Inconsistent(error.cause),
        trouble => trouble,
    };
    let until = size.min(from + limits::SCAN_LEAVES_MAX);
    // Where an epoch begins, what ends is another's.
    let begins = tail.frontier.size() == 0 && from == until;
    let spans = if begins { Vec::new() } else { entry::spans(read, from, until, limits::SPANS_MAX)? };
    for span in spans {
        let number = span.place.lane();
        if let Some(end) = tail.end.filter(|end| *end != span.place) {
            tail.check(read, end.lane()).map_err(forged)?;
        }
        let Some(lane) = lane::find(read, number)? else {
            return Err(Trouble::Inconsistent(format!(
                "lane {number} is in the log and not in the database"
            )));
        };
        let known = tail.enter(read, seal, &lane, span.place).map_err(forged)?;
        if known.next != span.place {
            return Err(Trouble::Inconsistent(format!("lane {number} is in the log with a gap, or twice")));
        }
        let last = Place::new(number, span.place.sequence() + span.count - 1);
        tail.append(read, number, last).map_err(forged)?;
    }
    if tail.size() < size {
        if tail.size() == from {
            return Err(Trouble::Inconsistent(format!("leaf {from} is missing from the list of spans")));
        }
        return Ok(false);
    }
    if let Some(end) = tail.end.filter(|_| from < size) {
        tail.check(read, end.lane()).map_err(forged)?;
    }
    if tip.is_some_and(|tip| tip.frontier != tail.frontier.to_bytes()) {
        let cause = "the leaves do not give the tree that was stored with them";
        return Err(Trouble::Inconsistent(cause.to_owned()));
    }
    Ok(true)
}

/// What the lanes hold beyond the log; `None` when the log moved meanwhile.
fn plan(read: &mut Read<'_>, seal: &LaneSeal, tail: &Tail) -> Result<Option<Round>, Trouble> {
    let size = tail.size();
    if tree::tip(read)?.map_or(0, |tip| tip.size) != size {
        return Ok(None);
    }
    let mut round =
        Round { tail: tail.clone(), begun: Vec::new(), settled: Vec::new(), forged: BTreeMap::new() };
    let (mut heads, mut ended, mut horizon) = (Vec::new(), Vec::new(), i64::MAX);
    let mut lanes = lane::unsettled(read)?;
    lanes.retain(|lane| lane.number >= tail.epoch.first_lane);
    round.tail.lanes.retain(|number, _| lanes.iter().any(|lane| lane.number == *number));
    for lane in lanes {
        match heads_of(read, seal, &mut round.tail, &lane) {
            Ok((found, whole)) => {
                let last = found.last().map(|head| head.place);
                match (whole, found.last()) {
                    // Of what comes later in this lane nothing is known, so others' later commits must wait too.
                    (false, Some(last)) => horizon = horizon.min(last.ticket),
                    _ if lane.closed.is_some() => ended.push((lane.number, last)),
                    _ => {}
                }
                heads.extend(found);
            }
            Err(Trouble::Forged(reason)) => {
                round.forged.insert(lane.number, reason.into());
            }
            Err(trouble) => return Err(trouble),
        }
    }
    heads.retain(|head| head.ticket <= horizon);
    for stretch in arrange(heads) {
        round.take(read, stretch)?;
    }
    for (number, last) in ended {
        let next = round.tail.lanes.get(&number).map(|known| known.next);
        if last.is_none_or(|last| next == Some(last.next())) && !round.forged.contains_key(&number) {
            round.settled.push(number);
            round.tail.lanes.remove(&number);
        }
    }
    Ok(Some(round))
}

/// The commits of a lane that are not in the log, and whether these are all.
fn heads_of(
    read: &mut Read<'_>,
    seal: &LaneSeal,
    tail: &mut Tail,
    lane: &Lane,
) -> Result<(Vec<LaneHead>, bool), Trouble> {
    let start = match tail.lanes.get(&lane.number) {
        Some(known) => known.next,
        None => {
            let size = tail.size();
            let in_log = entry::lane_in_log(read, lane.number, size)?;
            in_log.unwrap_or_else(|| Place::new(lane.number, 0))
        }
    };
    tail.enter(read, seal, lane, start)?;
    let heads = lane_head::from(read, start, limits::HEADS_MAX)?;
    let whole = heads.len() < limits::HEADS_MAX as usize;
    if whole {
        let signed = heads.last().map_or_else(|| start.previous(), |head| Some(head.place));
        let last = entry::last(read, lane.number)?.map(|(place, _)| place);
        if last != signed {
            return Err(Trouble::Forged(
                "it has leaves that its process did not sign, or lost some".to_owned(),
            ));
        }
    }
    Ok((heads, whole))
}

impl Round {
    /// Appends a stretch; when it is not what was signed, as much of it as is.
    fn take(&mut self, read: &mut Read<'_>, stretch: Stretch) -> Result<(), Trouble> {
        if self.forged.contains_key(&stretch.lane) {
            return Ok(());
        }
        let mut heads = stretch.heads;
        let Some(last) = heads.last() else { return Ok(()) };
        match self.append(read, stretch.lane, last) {
            Err(Trouble::Forged(_)) if heads.len() > 1 => {}
            done => return self.note(stretch.lane, done),
        }
        for head in heads.drain(..) {
            let done = self.append(read, stretch.lane, &head);
            self.note(stretch.lane, done)?;
            if self.forged.contains_key(&stretch.lane) {
                break;
            }
        }
        Ok(())
    }

    fn append(&mut self, read: &mut Read<'_>, lane: u32, head: &LaneHead) -> Result<(), Trouble> {
        let before = self.tail.clone();
        let appended = self.tail.append(read, lane, head.place);
        let signed = self.tail.lanes.get(&lane).is_some_and(|known| known.matches(head));
        match appended {
            Ok(()) if signed => {
                let start = before.lanes.get(&lane).map(|known| known.next);
                if before.end != start
                    && let Some(start) = start
                {
                    self.begun.push((before.size(), start));
                }
                Ok(())
            }
            Ok(()) => {
                self.tail = before;
                Err(Trouble::Forged(unsigned(head.place)))
            }
            Err(Trouble::Store(error)) if error.kind == ErrorKind::Corrupt => {
                self.tail = before;
                Err(Trouble::Forged(format!(
                    "a leaf before its sequence {} is missing",
                    head.place.sequence()
                )))
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn note(&mut self, lane: u32, done: Result<(), Trouble>) -> Result<(), Trouble> {
        match done {
            Err(Trouble::Forged(reason)) => {
                self.forged.insert(lane, reason.into());
                Ok(())
            }
            done => done,
        }
    }
}

/// Puts commits in order: those that refer to other lanes where their tickets put them; between two of these, each lane
/// in one stretch.
fn arrange(mut heads: Vec<LaneHead>) -> Vec<Stretch> {
    heads.sort_unstable_by_key(|head| head.ticket);
    let mut order: Vec<Stretch> = Vec::new();
    let mut free: BTreeMap<u32, Vec<LaneHead>> = BTreeMap::new();
    for head in heads {
        let lane = head.place.lane();
        if head.joint == Joint::No {
            free.entry(lane).or_default().push(head);
            continue;
        }
        let between = std::mem::take(&mut free);
        order.extend(between.into_iter().map(|(lane, heads)| Stretch { lane, heads }));
        order.push(Stretch { lane, heads: vec![head] });
    }
    order.extend(free.into_iter().map(|(lane, heads)| Stretch { lane, heads }));
    order.dedup_by(|later, earlier| {
        let same = later.lane == earlier.lane;
        if same {
            earlier.heads.append(&mut later.heads);
        }
        same
    });
    order
}

/// The digest that a lane's process signed at exactly this place.
fn signed_head(read: &mut Read<'_>, lane: &Lane, place: Place) -> Result<Hash, Trouble> {
    let head = lane_head::at(read, place)?.ok_or_else(|| Trouble::Forged(unsigned(place)))?;
    let digest = Hash::from_bytes(head.digest);
    if is_signed(&lane.key, &lane.id, place, &digest, &head.signature) {
        Ok(digest)
    } else {
        Err(Trouble::Forged(unsigned(place)))
    }
}

fn unsigned(place: Place) -> String {
    format!("up to its sequence {} it is not what its process signed", place.sequence())
}

/// Runs `f` on one snapshot.
fn read<T>(
    db: &Db,
    name: &'static str,
    f: impl FnOnce(&mut Read<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    db.read_now(name, |read| Ok(f(read)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(ticket: i64, lane: u32, sequence: u64, joint: Joint) -> LaneHead {
        LaneHead { ticket, place: Place::new(lane, sequence), digest: [0; 32], joint, signature: [0; 64] }
    }

    #[test]
    fn effects_stay_behind_their_causes_and_the_rest_lane_by_lane() {
        use Joint::{No, Yes};
        let order = arrange(vec![
            head(6, 0, 3, No),
            head(1, 0, 0, No),
            head(2, 1, 0, No),
            head(3, 0, 1, No),
            head(4, 1, 1, Yes),
            head(5, 1, 2, No),
        ]);
        let order: Vec<_> = order
            .iter()
            .map(|stretch| (stretch.lane, stretch.heads.iter().map(|head| head.ticket).collect::<Vec<_>>()))
            .collect();
        assert_eq!(order, [(0, vec![1, 3]), (1, vec![2, 4]), (0, vec![6]), (1, vec![5])]);
    }
}
