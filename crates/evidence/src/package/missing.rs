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

/// Leaves that say what was erased, found by the place of a body. Bodies are asked for in the order of the log, so that each
/// range is taken up and put away once, however many lie over each other.
#[derive(Debug, Default)]
pub struct Erasures {
    known: Vec<Disposal>,
    lanes: HashMap<Id, Lane>,
    #[cfg(test)]
    steps: u64,
}

/// First and last sequence of a range, and the hash of the leaf that names it.
type Range = (u64, u64, Hash);

/// Ranges of one lane, each with the leaf.
#[derive(Debug, Default)]
struct Lane {
    ranges: BTreeMap<Range, usize>,
    /// Those that begin earlier were taken up.
    from: u64,
    /// Those that were taken up, in their order. What is over is put away when it stands last.
    around: Vec<(Range, usize)>,
}

impl Erasures {
    /// Adds a leaf, by its hash.
    pub fn add(&mut self, hash: Hash, disposal: Disposal) {
        for named in &disposal.erasure.lanes {
            let lane = self.lanes.entry(named.lane).or_default();
            for &(first, last) in &named.ranges {
                let (range, at) = ((first, last, hash), self.known.len());
                lane.ranges.insert(range, at);
                if first < lane.from {
                    let place = lane.around.partition_point(|(other, _)| *other < range);
                    lane.around.insert(place, (range, at));
                }
            }
        }
        self.known.push(disposal);
    }

    /// The leaf that accounts for the body of `leaf`: that which has the nearest range around it, since what lies within a
    /// later one went before. `None` also for a body that lies before one that was asked for already.
    pub fn of(&mut self, leaf: &Leaf) -> Option<&Disposal> {
        let (lane, at) = (self.lanes.get_mut(&leaf.lane)?, leaf.lane_seq);
        let until = at.saturating_add(1);
        if until < lane.from {
            return None;
        }
        let begin = lane.ranges.range((lane.from, 0, Hash::ZERO)..(until, 0, Hash::ZERO));
        lane.around.extend(begin.map(|(range, at)| (*range, *at)));
        lane.from = until;
        while lane.around.pop_if(|((_, last, _), _)| *last < at).is_some() {
            #[cfg(test)]
            {
                self.steps += 1;
            }
        }
        let (_, nearest) = lane.around.last()?;
        self.known.get(*nearest).filter(|disposal| disposal.erasure.took(leaf, disposal.ts))
    }

    /// Bodies are asked for from the first one again.
    fn begin_again(&mut self) {
        for lane in self.lanes.values_mut() {
            (lane.from, lane.around) = (0, Vec::new());
        }
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
    pub fn begin(mut erasures: Erasures, emit: &mut Emit<'_>) -> io::Result<Self> {
        erasures.begin_again();
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
        let id: Id = "019aa1b2-0000-7000-8000-000000000007".parse().unwrap();
        let ts = Timestamp::from_micros(ts).unwrap();
        let mut leaf = Leaf::new(
            EventType::CallIntent,
            id,
            ts,
            LanePosition { lane: id, seq: sequence, prev: Hash::of(b"before") },
        );
        leaf.call = Some(id);
        leaf
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

    fn by(erasures: &mut Erasures, sequence: u64, ts: i64) -> Option<u64> {
        erasures.of(&leaf(sequence, ts)).map(|disposal| disposal.index)
    }

    #[test]
    fn body_is_accounted_for_by_the_nearest_range_when_that_was_due() {
        let mut erasures = Erasures::default();
        erasures.add(Hash::of(b"a"), disposal(1, &[(4, 6), (9, 9)], DAY_US));
        erasures.add(Hash::of(b"b"), disposal(2, &[(2, 8)], 2 * DAY_US));
        let found = [1, 3, 5, 7, 9, 10].map(|sequence| by(&mut erasures, sequence, 0));
        assert_eq!(found, [None, Some(2), Some(1), Some(2), Some(1), None]);
        assert_eq!(by(&mut erasures, 5, 0), None, "it lies before one that was asked for");
        erasures.begin_again();
        assert_eq!(by(&mut erasures, 5, 2 * DAY_US), None, "younger than the nearest says");
        erasures.add(Hash::of(b"c"), disposal(3, &[(5, 6)], DAY_US));
        assert_eq!(by(&mut erasures, 6, 0), Some(3), "added on the way");
        let mut early = Erasures::default();
        let mut wrong = disposal(1, &[(4, 6)], DAY_US);
        wrong.ts = Timestamp::from_micros(80 * DAY_US).unwrap();
        early.add(Hash::of(b"a"), wrong);
        assert_eq!(early.of(&leaf(5, 0)), None, "its days were not over");
    }

    #[test]
    fn twenty_thousand_bodies_below_twenty_thousand_ranges_put_each_away_once() {
        let count = 20_000_u64;
        let mut erasures = Erasures::default();
        for number in 0..count {
            let hash = Hash::of(&number.to_be_bytes());
            erasures.add(hash, disposal(number, &[(number, 2 * count - number)], DAY_US));
        }
        let found =
            (0..=2 * count).filter(|sequence| by(&mut erasures, *sequence, 0).is_some()).count() as u64;
        assert_eq!((found, erasures.steps), (2 * count + 1, count - 1));
    }

    #[test]
    fn neither_an_ordinary_rule_nor_one_of_another_server_accounts_for_a_privileged_body() {
        let mut leaf = leaf(5, 0);
        (leaf.server, leaf.method) = (Some("orders".to_owned()), Some("tools/call".to_owned()));
        leaf.actor = Some(serde_json::from_str(r#"{"kind":"human","id":"sub-alice"}"#).unwrap());
        leaf.decision = Some(crate::leaf::Decision {
            effect: crate::leaf::Effect::Hold,
            policy_set: Hash::ZERO,
            policies: Vec::new(),
            approval: None,
        });
        let accounts = |leaf: &Leaf, rule: &str, server: Option<&str>| {
            let mut disposal = disposal(1, &[(4, 6)], DAY_US);
            (disposal.erasure.rule, disposal.erasure.server) = (rule.to_owned(), server.map(str::to_owned));
            let named = disposal.erasure.accounts_for(leaf, disposal.ts);
            let mut erasures = Erasures::default();
            erasures.add(Hash::ZERO, disposal);
            assert_eq!(erasures.of(leaf).is_some(), named);
            named
        };
        assert!(accounts(&leaf, "privileged", None) && accounts(&leaf, "privileged", Some("orders")));
        assert!(!accounts(&leaf, "ordinary", None) && !accounts(&leaf, "ordinary", Some("orders")));
        assert!(!accounts(&leaf, "longest", None) && !accounts(&leaf, "privileged", Some("payroll")));
        leaf.decision.as_mut().unwrap().effect = crate::leaf::Effect::Allow;
        assert!(accounts(&leaf, "ordinary", None) && accounts(&leaf, "privileged", None));
        assert!(!accounts(&leaf, "ordinary", Some("payroll")) && !accounts(&leaf, "mine", None));
        // What is no call is privileged; an answer belongs to its question, which says which it is.
        (leaf.event, leaf.call) = (EventType::AuthFailed, None);
        assert!(!accounts(&leaf, "ordinary", None) && accounts(&leaf, "privileged", None));
        (leaf.event, leaf.call, leaf.server) = (EventType::CallOutcome, Some(leaf.lane), None);
        assert!(accounts(&leaf, "ordinary", Some("payroll")) && !accounts(&leaf, "mine", None));
    }
}
