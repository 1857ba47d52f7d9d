//! Bodies that a package should hold and does not: by which leaf of the log each was erased, or that none says so.
//!
//! A package should hold the body of every leaf of its samples and, unless they stay sealed, of every privileged call.
//! The leaves that account for the others come along, each proven, since retention mostly erases after the period.

use std::collections::{BTreeMap, HashMap};
use std::io;

use serde_json::Value;

use super::derive::Emit;
use super::query::View;
use super::{MISSING_FILE, cell};
use crate::id::Id;
use crate::leaf::{EventType, Leaf};
use crate::merkle::{Hash, leaf_hash};
use crate::retention::Erasure;
use crate::time::Timestamp;

/// Name of the exception: a body is gone, and no leaf says why.
pub(super) const BODY_MISSING: &str = "body_missing";

/// The head of the list.
const COLUMNS: [&str; 10] =
    ["index", "time", "event", "call", "server", "commitment", "state", "rule", "log", "erased_by"];

/// A leaf that says that bodies were erased, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disposal {
    /// What it says.
    pub erasure: Erasure,
    /// Its time.
    pub ts: Timestamp,
    /// The log it is in: of an epoch, maybe a later one.
    pub origin: String,
    /// Its index there.
    pub index: u64,
}

impl Disposal {
    /// Reads a leaf; `None` when it says no such thing.
    pub fn read(leaf: &Leaf, origin: &str, index: u64) -> Option<Self> {
        let detail = leaf.detail.as_ref().filter(|_| leaf.event == EventType::RetentionDeleted)?;
        let erasure = Erasure::read(detail)?;
        Some(Self { erasure, ts: leaf.ts, origin: origin.to_owned(), index })
    }
}

/// Leaves that say what was erased, found by the place of a body.
#[derive(Debug, Default)]
pub struct Erasures {
    known: Vec<Disposal>,
    lanes: HashMap<Id, Lane>,
}

/// Ranges of one lane: first and last sequence, hash of the leaf.
#[derive(Debug, Default)]
struct Lane {
    ranges: BTreeMap<(u64, u64, Hash), usize>,
    /// No range reaches further.
    longest: u64,
}

impl Erasures {
    /// Adds a leaf, by its hash.
    pub fn add(&mut self, hash: Hash, disposal: Disposal) {
        for named in &disposal.erasure.lanes {
            let lane = self.lanes.entry(named.lane).or_default();
            for &(first, last) in &named.ranges {
                lane.ranges.insert((first, last, hash), self.known.len());
                lane.longest = lane.longest.max(last - first);
            }
        }
        self.known.push(disposal);
    }

    /// The leaf that accounts for the body of `leaf`: of several that which has the nearest range, since what lies within a
    /// later one went before.
    pub fn of(&self, leaf: &Leaf) -> Option<&Disposal> {
        let (lane, at) = (self.lanes.get(&leaf.lane)?, leaf.lane_seq);
        let from = (at.saturating_sub(lane.longest), 0, Hash::ZERO);
        let near = lane.ranges.range(from..(at.saturating_add(1), 0, Hash::ZERO)).rev();
        let around = near.filter(|((_, last, _), _)| *last >= at).filter_map(|(_, &at)| self.known.get(at));
        around.into_iter().find(|disposal| disposal.erasure.accounts_for(leaf, disposal.ts))
    }
}

/// The list while it is made. Leaves come in the order of the log.
pub struct Missing {
    erasures: Erasures,
    /// Bodies that a rule took.
    pub(super) erased: u64,
    /// Rows of exceptions for the others.
    pub(super) unexplained: Vec<[String; 8]>,
}

impl Missing {
    /// How a line of the exceptions begins that [`Derived::close`](super::Derived::close) adds.
    pub const EXCEPTION: &str = "body_missing,";

    /// Begins, and writes the head.
    ///
    /// # Errors
    /// What `emit` returned.
    pub fn begin(erasures: Erasures, emit: &mut Emit<'_>) -> io::Result<Self> {
        emit(MISSING_FILE, &cell::csv(COLUMNS))?;
        Ok(Self { erasures, erased: 0, unexplained: Vec::new() })
    }

    /// Takes the next leaf whose body should be in the package and is not; one that commits to none is passed over.
    ///
    /// # Errors
    /// What `emit` returned.
    pub fn push(&mut self, index: u64, leaf: &Leaf, bytes: &[u8], emit: &mut Emit<'_>) -> io::Result<()> {
        if leaf.payload.is_none() {
            return Ok(());
        }
        let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let (event, hash) = (leaf.event.as_str(), &leaf_hash(bytes));
        let view = View { index, hash, event, leaf: &value };
        let by = match self.erasures.of(leaf) {
            Some(Disposal { erasure, origin, index, .. }) => {
                self.erased += 1;
                ["erased".to_owned(), cell::clean(&erasure.rule()), cell::clean(origin), index.to_string()]
            }
            None => {
                self.unexplained.push(view.exception(BODY_MISSING));
                ["unexplained".to_owned(), String::new(), String::new(), String::new()]
            }
        };
        let about =
            ["index", "ts", "type", "call", "server", "payload.commitment"].map(|name| view.text(name));
        let row = about.iter().chain(&by).map(String::as_str);
        emit(MISSING_FILE, &cell::csv(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaf::LanePosition;
    use crate::retention::LaneRanges;

    const DAY_US: i64 = 86_400_000_000;

    fn leaf(sequence: u64, ts: i64) -> Leaf {
        let (id, ts) = (Id::from_bytes([7; 16]), Timestamp::from_micros(ts).unwrap());
        Leaf::new(EventType::CallIntent, id, ts, LanePosition { lane: id, seq: sequence, prev: Hash::ZERO })
    }

    fn disposal(index: u64, ranges: &[(u64, u64)], before: i64) -> Disposal {
        let lanes = vec![LaneRanges { lane: leaf(1, 0).lane, ranges: ranges.to_vec() }];
        let (rule, before) = ("privileged".to_owned(), Timestamp::from_micros(before).unwrap());
        let erasure =
            Erasure { rule, days: 90, server: None, before, bodies: 1, lanes, contexts: 0, approvals: 0 };
        let ts = Timestamp::from_micros(before.as_micros() + 90 * DAY_US).unwrap();
        Disposal { erasure, ts, origin: "test/audit/1".to_owned(), index }
    }

    #[test]
    fn exceptions_of_missing_bodies_are_told_from_others() {
        assert_eq!(Missing::EXCEPTION, format!("{BODY_MISSING},"));
    }

    #[test]
    fn body_is_accounted_for_by_the_nearest_range_that_was_due() {
        let mut erasures = Erasures::default();
        erasures.add(Hash::of(b"a"), disposal(1, &[(4, 6), (9, 9)], DAY_US));
        erasures.add(Hash::of(b"b"), disposal(2, &[(2, 8)], 2 * DAY_US));
        let by = |sequence, ts| erasures.of(&leaf(sequence, ts)).map(|disposal| disposal.index);
        assert_eq!([by(3, 0), by(5, 0), by(7, 0), by(9, 0)], [Some(2), Some(1), Some(2), Some(1)]);
        assert_eq!([by(1, 0), by(10, 0)], [None, None]);
        // Younger than the first says, and than both.
        assert_eq!([by(5, 2 * DAY_US), by(5, 3 * DAY_US)], [Some(2), None]);
        let mut early = Erasures::default();
        let mut wrong = disposal(1, &[(4, 6)], DAY_US);
        wrong.ts = Timestamp::from_micros(80 * DAY_US).unwrap();
        early.add(Hash::of(b"a"), wrong);
        assert_eq!(early.of(&leaf(5, 0)), None, "its days were not over");
    }
}
