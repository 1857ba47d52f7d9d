//! Which bodies are gone, and whether each went under a rule that was due and against no legal hold.

use std::collections::{BTreeMap, HashMap};

use super::hold::Holds;
use super::meaning::Past;
use super::{Findings, ProblemKind};
use crate::id::Id;
use crate::leaf::{EventType, Leaf};
use crate::retention::{Erasure, Hold, Whose};

const NO_BODY: u32 = 0;
/// Of an exchange that began before the first leaf that is there.
const NOBODY_KNOWS: u32 = u32::MAX;

/// The bodies that leaves commit to, as far as they were not erased, and the holds in force.
pub(super) struct Bodies {
    lanes: HashMap<Id, Lane>,
    /// Whose bodies there are, each once.
    whose: Vec<Whose>,
    number: HashMap<Whose, u32>,
    /// Calls that began and have not ended.
    open: HashMap<Id, Exchange>,
    holds: Holds,
    past: Past,
}

/// What began with a leaf: whose, and when, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Exchange {
    whose: u32,
    began: u32,
}

/// A body, or that a leaf has none.
#[derive(Debug, Clone, Copy)]
struct Body {
    /// When the leaf was written, in seconds since 1970; [`NO_BODY`].
    written: u32,
    exchange: Exchange,
}

/// One lane, from the first sequence that is there.
struct Lane {
    first: u64,
    bodies: Vec<Body>,
    /// For each place where to look for the next body that is there: at itself, or further on. What is passed over once is
    /// passed over in one step from then on, so that a log cannot make reading it slow by naming it again and again.
    next: Vec<u32>,
}

impl Bodies {
    pub(super) fn new(past: Past) -> Self {
        Self {
            lanes: HashMap::new(),
            whose: Vec::new(),
            number: HashMap::new(),
            open: HashMap::new(),
            holds: Holds::default(),
            past,
        }
    }

    /// The log goes on from another epoch: what was recorded, held and lifted there is not here.
    pub(super) fn continue_epoch(&mut self) {
        self.past = Past::Unknown;
    }

    /// Takes in the next leaf of a lane.
    pub(super) fn add(&mut self, leaf: &Leaf) {
        let written = u32::try_from(leaf.ts.as_micros().div_euclid(1_000_000)).unwrap_or(u32::MAX).max(1);
        let exchange = self.exchange(leaf, written);
        let lane = self.lanes.entry(leaf.lane).or_insert_with(|| Lane {
            first: leaf.lane_seq,
            bodies: Vec::new(),
            next: Vec::new(),
        });
        // A gap was reported already; what follows it cannot be placed.
        if leaf.lane_seq != lane.first.saturating_add(lane.bodies.len() as u64) {
            return;
        }
        let has_body = leaf.payload.is_some();
        let place = lane.bodies.len();
        lane.bodies.push(Body { written: if has_body { written } else { NO_BODY }, exchange });
        lane.next.push(number(if has_body { place } else { place + 1 }));
    }

    /// What the leaf is part of: an answer belongs to its question, everything else to itself.
    fn exchange(&mut self, leaf: &Leaf, written: u32) -> Exchange {
        let unknown = Exchange { whose: NOBODY_KNOWS, began: written };
        let begun = match (leaf.event, leaf.call) {
            (EventType::CallFrame, Some(call)) => self.open.get(&call).copied().unwrap_or(unknown),
            (EventType::CallOutcome | EventType::CallOrphaned, Some(call)) => {
                self.open.remove(&call).unwrap_or(unknown)
            }
            _ if leaf.payload.is_none() && leaf.event != EventType::CallIntent => unknown,
            _ => Exchange { whose: self.number(Whose::of(leaf)), began: written },
        };
        if let (EventType::CallIntent, Some(call)) = (leaf.event, leaf.call) {
            self.open.insert(call, begun);
        }
        begun
    }

    fn number(&mut self, whose: Whose) -> u32 {
        if let Some(number) = self.number.get(&whose) {
            return *number;
        }
        let number = u32::try_from(self.whose.len()).unwrap_or(NOBODY_KNOWS);
        self.whose.push(whose.clone());
        self.number.insert(whose, number);
        number
    }

    /// A hold begins or ends.
    pub(super) fn hold(&mut self, index: u64, leaf: &Leaf, findings: &mut Findings) {
        let mut blame = |reason: &str| findings.blame(ProblemKind::Retention, index, reason);
        let Some(hold) = leaf.detail.as_ref().and_then(Hold::read) else {
            return blame(&format!("what `{}` says is malformed", leaf.event));
        };
        if leaf.event == EventType::HoldSet {
            return self.holds.set(hold);
        }
        if !self.holds.lift(hold.name) && self.past == Past::Empty {
            blame("a hold is lifted that nobody set");
        }
    }

    /// Erases what a leaf says was erased.
    pub(super) fn erase(&mut self, index: u64, leaf: &Leaf, findings: &mut Findings) {
        let Some(erasure) = leaf.detail.as_ref().and_then(Erasure::read) else {
            let reason = "what `retention.deleted` says is malformed";
            return findings.blame(ProblemKind::Retention, index, reason);
        };
        let (mut erased, mut early, mut unknown) = (0, 0, false);
        // An exchange may have a million bodies, and is asked about once.
        let mut exchanges: HashMap<Exchange, u64> = HashMap::new();
        let before = erasure.before.as_micros().div_euclid(1_000_000);
        for named in &erasure.lanes {
            let Some(lane) = self.lanes.get_mut(&named.lane) else {
                unknown |= !named.ranges.is_empty();
                continue;
            };
            for &(first, last) in &named.ranges {
                unknown |= first < lane.first;
                for body in lane.take(first, last) {
                    erased += 1;
                    early += u64::from(i64::from(body.written) > before);
                    *exchanges.entry(body.exchange).or_default() += 1;
                }
            }
        }
        let mut held: BTreeMap<&str, u64> = BTreeMap::new();
        for (exchange, bodies) in exchanges {
            let whose = self.whose.get(exchange.whose as usize);
            if let Some(name) = whose.and_then(|whose| self.holds.keeping(whose, exchange.began)) {
                *held.entry(name).or_default() += bodies;
            }
        }
        let mut blame = |reason: String| findings.blame(ProblemKind::Retention, index, reason);
        if early > 0 || !erasure.is_due(leaf.ts) {
            blame(format!("bodies were erased before the {} days of their rule were over", erasure.days));
        }
        for (name, bodies) in held {
            blame(format!("{bodies} bodies were erased although the legal hold `{name}` kept them"));
        }
        // A hold may need to know who called, and what people agreed to.
        if let Some(name) = self.holds.last().filter(|_| erasure.contexts > 0 || erasure.approvals > 0) {
            blame(format!("who called was erased although the legal hold `{name}` was in force"));
        }
        if erased != erasure.bodies && !(self.past == Past::Unknown && unknown && erased < erasure.bodies) {
            blame(format!("{} bodies are said to be erased, and {erased} were there", erasure.bodies));
        }
        if erasure.bodies == 0 {
            return;
        }
        *findings.erased.entry(erasure.rule()).or_default() += erasure.bodies;
    }
}

impl Lane {
    /// Takes out the bodies between two sequences.
    fn take(&mut self, first: u64, last: u64) -> Vec<Body> {
        let at = |sequence: u64| usize::try_from(sequence.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let end = if last < self.first { 0 } else { at(last).saturating_add(1).min(self.bodies.len()) };
        let mut taken = Vec::new();
        let mut place = self.body_from(at(first));
        while place < end {
            let Some(body) = self.bodies.get_mut(place) else { break };
            taken.push(*body);
            body.written = NO_BODY;
            self.set_next(place, place + 1);
            place = self.body_from(place + 1);
        }
        taken
    }

    /// The place of the first body from `place` on that is there; the end when there is none.
    fn body_from(&mut self, mut place: usize) -> usize {
        while let Some(next) = self.next_of(place).filter(|next| *next != place) {
            // Each second step is left out the next time.
            let after = self.next_of(next).unwrap_or(next);
            self.set_next(place, after);
            place = after;
        }
        place
    }

    fn next_of(&self, place: usize) -> Option<usize> {
        self.next.get(place).map(|next| *next as usize)
    }

    fn set_next(&mut self, place: usize, next: usize) {
        if let Some(known) = self.next.get_mut(place) {
            *known = number(next);
        }
    }
}

/// A place as it is remembered.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_go_once_and_what_is_gone_is_passed_over_in_few_steps() {
        let exchange = Exchange { whose: NOBODY_KNOWS, began: 1 };
        let mut lane = Lane { first: 5, bodies: Vec::new(), next: Vec::new() };
        for place in 0..100_000 {
            // Two of three leaves have one.
            let written = if place % 3 == 0 { NO_BODY } else { 1 };
            lane.bodies.push(Body { written, exchange });
            lane.next.push(number(if written == NO_BODY { place + 1 } else { place }));
        }
        assert_eq!(lane.take(0, 4).len(), 0, "before the lane");
        assert_eq!(lane.take(0, 7).len(), 2, "sequences 6 and 7");
        assert_eq!(lane.take(6, 7).len(), 0);
        assert_eq!(lane.take(1_000, 1_002).len(), 2);
        assert_eq!(lane.take(0, u64::MAX).len(), 66_666 - 4);
        // Each walk halves the next one.
        for _ in 0..17 {
            lane.body_from(0);
        }
        let (mut place, mut steps) = (0, 0);
        while let Some(next) = lane.next_of(place) {
            (place, steps) = (next, steps + 1);
        }
        assert_eq!((place, steps), (100_000, 1));
    }
}
