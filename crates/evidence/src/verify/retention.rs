//! Which bodies are gone, and whether each went under a rule that was due and against no legal hold.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::meaning::Past;
use super::{Findings, ProblemKind};
use crate::id::Id;
use crate::leaf::{EventType, Leaf};
use crate::retention::{Erasure, Hold, Whose};

/// Sequences that are looked at together: a block without bodies is passed over, so that a log cannot make reading it
/// slow by naming the same sequences again and again.
const BLOCK: usize = 64;
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
    /// Holds in force, by name.
    holds: BTreeMap<String, Hold>,
    /// Names of holds that are over: each is used once.
    lifted: BTreeSet<String>,
    past: Past,
}

/// What began with a leaf: whose, and when, in seconds since 1970.
#[derive(Debug, Clone, Copy)]
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
    /// Bodies in each block.
    left: Vec<u8>,
}

impl Bodies {
    pub(super) fn new(past: Past) -> Self {
        Self {
            lanes: HashMap::new(),
            whose: Vec::new(),
            number: HashMap::new(),
            open: HashMap::new(),
            holds: BTreeMap::new(),
            lifted: BTreeSet::new(),
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
            left: Vec::new(),
        });
        // A gap was reported already; what follows it cannot be placed.
        if leaf.lane_seq != lane.first.saturating_add(lane.bodies.len() as u64) {
            return;
        }
        let has_body = leaf.payload.is_some();
        lane.bodies.push(Body { written: if has_body { written } else { NO_BODY }, exchange });
        if lane.bodies.len().div_ceil(BLOCK) > lane.left.len() {
            lane.left.push(0);
        }
        if let Some(left) = lane.left.last_mut() {
            *left += u8::from(has_body);
        }
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
            if !self.lifted.contains(&hold.name) {
                self.holds.entry(hold.name.clone()).or_insert(hold);
            }
            return;
        }
        if self.holds.remove(&hold.name).is_none()
            && self.past == Past::Empty
            && !self.lifted.contains(&hold.name)
        {
            blame("a hold is lifted that nobody set");
        }
        self.lifted.insert(hold.name);
    }

    /// Erases what a leaf says was erased.
    pub(super) fn erase(&mut self, index: u64, leaf: &Leaf, findings: &mut Findings) {
        let Some(erasure) = leaf.detail.as_ref().and_then(Erasure::read) else {
            let reason = "what `retention.deleted` says is malformed";
            return findings.blame(ProblemKind::Retention, index, reason);
        };
        let (mut erased, mut early, mut unknown) = (0, 0, false);
        let mut held: BTreeMap<&str, u64> = BTreeMap::new();
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
                    if let Some(hold) = self.holds.values().find(|hold| body.is_kept(hold, &self.whose)) {
                        *held.entry(&hold.name).or_default() += 1;
                    }
                }
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
        if let Some(name) = self.holds.keys().next().filter(|_| erasure.contexts > 0 || erasure.approvals > 0)
        {
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

impl Body {
    /// Whether a hold keeps it for certain: times are remembered to the second.
    fn is_kept(&self, hold: &Hold, whose: &[Whose]) -> bool {
        let Some(whose) = whose.get(self.exchange.whose as usize) else { return false };
        let first = i64::from(self.exchange.began) * 1_000_000;
        hold.keeps(whose, first, first + 999_999)
    }
}

impl Lane {
    /// Takes out the bodies between two sequences.
    fn take(&mut self, first: u64, last: u64) -> Vec<Body> {
        let at = |sequence: u64| usize::try_from(sequence.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let end = if last < self.first { 0 } else { at(last).saturating_add(1).min(self.bodies.len()) };
        let mut taken = Vec::new();
        let mut place = at(first);
        while place < end {
            let block = place / BLOCK;
            let until = ((block + 1) * BLOCK).min(end);
            if let Some(left) = self.left.get_mut(block).filter(|left| **left > 0) {
                for body in self.bodies.iter_mut().take(until).skip(place) {
                    if body.written != NO_BODY {
                        taken.push(*body);
                        body.written = NO_BODY;
                        *left -= 1;
                    }
                }
            }
            place = until;
        }
        taken
    }
}
