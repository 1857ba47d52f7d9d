//! Which bodies are gone, and whether each went under a rule that was due.

use std::collections::HashMap;

use super::{Findings, ProblemKind};
use crate::id::Id;
use crate::leaf::Leaf;
use crate::retention::Erasure;

/// Sequences that are looked at together: a block without bodies is passed over, so that a log cannot make reading it
/// slow by naming the same sequences again and again.
const BLOCK: usize = 64;
const NO_BODY: u32 = 0;

/// The bodies that leaves commit to, as far as they were not erased.
pub(super) struct Bodies {
    lanes: HashMap<Id, Lane>,
    /// Whether leaves, and so bodies, lie before the first one that is there.
    sliced: bool,
}

/// One lane, from the first sequence that is there.
struct Lane {
    first: u64,
    /// When the leaf was written, in seconds since 1970, where it has a body; [`NO_BODY`] elsewhere.
    written: Vec<u32>,
    /// Bodies in each block.
    left: Vec<u8>,
}

impl Bodies {
    pub(super) fn new(sliced: bool) -> Self {
        Self { lanes: HashMap::new(), sliced }
    }

    /// Takes in the next leaf of a lane.
    pub(super) fn add(&mut self, leaf: &Leaf) {
        let lane = self.lanes.entry(leaf.lane).or_insert_with(|| Lane {
            first: leaf.lane_seq,
            written: Vec::new(),
            left: Vec::new(),
        });
        // A gap was reported already; what follows it cannot be placed.
        if leaf.lane_seq != lane.first.saturating_add(lane.written.len() as u64) {
            return;
        }
        let body = leaf.payload.is_some();
        let seconds = leaf.ts.as_micros().div_euclid(1_000_000);
        lane.written.push(if body { u32::try_from(seconds).unwrap_or(u32::MAX).max(1) } else { NO_BODY });
        if lane.written.len().div_ceil(BLOCK) > lane.left.len() {
            lane.left.push(0);
        }
        if let Some(left) = lane.left.last_mut() {
            *left += u8::from(body);
        }
    }

    /// Erases what a leaf says was erased.
    pub(super) fn erase(&mut self, index: u64, leaf: &Leaf, findings: &mut Findings) {
        let Some(erasure) = leaf.detail.as_ref().and_then(Erasure::read) else {
            let reason = "what `retention.deleted` says is malformed";
            return findings.blame(ProblemKind::Retention, index, reason);
        };
        let (mut erased, mut early, mut unknown) = (0, 0, false);
        let before = erasure.before.as_micros().div_euclid(1_000_000);
        for named in &erasure.lanes {
            let Some(lane) = self.lanes.get_mut(&named.lane) else {
                unknown |= !named.ranges.is_empty();
                continue;
            };
            for &(first, last) in &named.ranges {
                unknown |= first < lane.first;
                for seconds in lane.take(first, last) {
                    erased += 1;
                    early += u64::from(i64::from(seconds) > before);
                }
            }
        }
        let due = erasure.before.as_micros().saturating_add(days_us(erasure.days)) <= leaf.ts.as_micros();
        if early > 0 || !due {
            let reason =
                format!("bodies were erased before the {} days of their rule were over", erasure.days);
            findings.blame(ProblemKind::Retention, index, reason);
        }
        if erased != erasure.bodies && !(self.sliced && unknown && erased < erasure.bodies) {
            let reason = format!("{} bodies are said to be erased, and {erased} were there", erasure.bodies);
            findings.blame(ProblemKind::Retention, index, reason);
        }
        if erasure.bodies == 0 {
            return;
        }
        let rule = match &erasure.server {
            Some(server) => format!("{} of {server}, {} days", erasure.rule, erasure.days),
            None => format!("{}, {} days", erasure.rule, erasure.days),
        };
        *findings.erased.entry(rule).or_default() += erasure.bodies;
    }
}

impl Lane {
    /// Takes out the bodies between two sequences; answers when their leaves were written.
    fn take(&mut self, first: u64, last: u64) -> Vec<u32> {
        let at = |sequence: u64| usize::try_from(sequence.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let end = if last < self.first { 0 } else { at(last).saturating_add(1).min(self.written.len()) };
        let mut taken = Vec::new();
        let mut place = at(first);
        while place < end {
            let block = place / BLOCK;
            let until = ((block + 1) * BLOCK).min(end);
            if let Some(left) = self.left.get_mut(block).filter(|left| **left > 0) {
                for seconds in self.written.iter_mut().take(until).skip(place) {
                    if *seconds != NO_BODY {
                        taken.push(std::mem::replace(seconds, NO_BODY));
                        *left -= 1;
                    }
                }
            }
            place = until;
        }
        taken
    }
}

fn days_us(days: u64) -> i64 {
    i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(86_400_000_000)
}
