//! Legal holds in force, found by whose an exchange is and in which second it began.
//!
//! A log may hold as many holds and erasures as somebody likes, so asking must not look at every hold. Holds lie under
//! exactly what they are restricted to, and their time lies there in blocks of a power of two seconds: at most two of each
//! size. An exchange looks at the one block of each size that its second is in, and a hold that is lifted leaves its blocks.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::id::Id;
use crate::retention::{Hold, Whose};

/// Seconds are remembered in so many bits.
const BITS: u32 = 32;
const SECOND_US: i64 = 1_000_000;

/// What a hold is restricted to, but for time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Scope {
    server: Option<String>,
    session: Option<Id>,
    actor: Option<String>,
}

/// Size, as a power of two, and place of a block of seconds.
type Block = (u32, u64);

/// Holds in force, and the names of those that are over.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// Names, in the order in which the holds were set.
    names: BTreeMap<u64, String>,
    /// All that was set under a name counts until the name is lifted.
    set: HashMap<String, Vec<(u64, Hold)>>,
    /// Names are used once.
    over: HashSet<String>,
    scopes: HashMap<Scope, HashMap<Block, BTreeSet<u64>>>,
    next: u64,
    #[cfg(test)]
    steps: std::cell::Cell<u64>,
}

impl Holds {
    /// A hold begins; one of a name that is over does not.
    pub(super) fn set(&mut self, hold: Hold) {
        if self.over.contains(&hold.name) {
            return;
        }
        let number = self.next;
        self.next += 1;
        let blocks = self.scopes.entry(scope(&hold)).or_default();
        for block in blocks_of(&hold) {
            blocks.entry(block).or_default().insert(number);
        }
        self.names.insert(number, hold.name.clone());
        self.set.entry(hold.name.clone()).or_default().push((number, hold));
    }

    /// The holds of a name end; `false` when none was ever set.
    pub(super) fn lift(&mut self, name: String) -> bool {
        let known = self.over.contains(&name) || self.set.contains_key(&name);
        for (number, hold) in self.set.remove(&name).unwrap_or_default() {
            self.remove(number, &hold);
        }
        self.over.insert(name);
        known
    }

    fn remove(&mut self, number: u64, hold: &Hold) {
        self.names.remove(&number);
        let scope = scope(hold);
        let Some(blocks) = self.scopes.get_mut(&scope) else { return };
        for block in blocks_of(hold) {
            let Some(numbers) = blocks.get_mut(&block) else { continue };
            numbers.remove(&number);
            if numbers.is_empty() {
                blocks.remove(&block);
            }
        }
        if blocks.is_empty() {
            self.scopes.remove(&scope);
        }
    }

    /// The name of the hold in force that was set last.
    pub(super) fn last(&self) -> Option<&str> {
        self.names.last_key_value().map(|(_, name)| name.as_str())
    }

    /// The hold that keeps an exchange for certain: times are remembered to the second. Of several, the one set last.
    pub(super) fn keeping(&self, whose: &Whose, began: u32) -> Option<&str> {
        if self.scopes.is_empty() {
            return None;
        }
        let mut last = None;
        for server in std::iter::once(None).chain(whose.server().map(Some)) {
            for session in std::iter::once(None).chain(whose.session().map(Some)) {
                for actor in std::iter::once(None).chain(whose.parties().iter().map(Some)) {
                    let scope = Scope { server: server.map(str::to_owned), session, actor: actor.cloned() };
                    last = last.max(self.within(&scope, began));
                }
            }
        }
        last.and_then(|number| self.names.get(&number)).map(String::as_str)
    }

    fn within(&self, scope: &Scope, began: u32) -> Option<u64> {
        self.step();
        let blocks = self.scopes.get(scope)?;
        let around = (0..=BITS).filter_map(|size| {
            self.step();
            blocks.get(&(size, u64::from(began) >> size))?.last().copied()
        });
        around.max()
    }

    #[cfg(test)]
    fn step(&self) {
        self.steps.set(self.steps.get() + 1);
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "steps are counted in tests")]
    fn step(&self) {}
}

fn scope(hold: &Hold) -> Scope {
    Scope { server: hold.server.clone(), session: hold.session, actor: hold.actor.clone() }
}

/// The blocks of all seconds of which a hold keeps what began at any time within them.
fn blocks_of(hold: &Hold) -> Vec<Block> {
    let second = |micros: i64| u64::try_from(micros.div_euclid(SECOND_US)).unwrap_or_default();
    let mut from = hold.since.map_or(0, |since| second(since.as_micros() + SECOND_US - 1));
    let end = 1 << BITS;
    let mut until = hold.until.map_or(end, |until| second(until.as_micros()).min(end));
    let (mut blocks, mut size) = (Vec::new(), 0);
    while from < until {
        if from % 2 == 1 {
            blocks.push((size, from));
            from += 1;
        }
        if until % 2 == 1 {
            until -= 1;
            blocks.push((size, until));
        }
        (from, until, size) = (from / 2, until / 2, size + 1);
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaf::{EventType, LanePosition, Leaf};
    use crate::merkle::Hash;
    use crate::time::Timestamp;

    fn whose(server: &str) -> Whose {
        let (id, ts) = (Id::from_bytes([7; 16]), Timestamp::from_micros(0).unwrap());
        let position = LanePosition { lane: id, seq: 0, prev: Hash::ZERO };
        let mut leaf = Leaf::new(EventType::CallIntent, id, ts, position);
        leaf.server = Some(server.to_owned());
        Whose::of(&leaf)
    }

    fn hold(name: &str, server: Option<&str>, since: i64, until: i64) -> Hold {
        let at = |second: i64| Timestamp::from_micros(second * SECOND_US).unwrap();
        Hold {
            name: name.to_owned(),
            server: server.map(str::to_owned),
            actor: None,
            session: None,
            since: Some(at(since)),
            until: Some(at(until)),
            set: at(5),
            cleared: None,
        }
    }

    #[test]
    fn hold_ends_when_it_is_lifted_whatever_others_lie_over_it() {
        let (mut holds, orders) = (Holds::default(), whose("orders"));
        let keeping = |holds: &Holds, second| holds.keeping(&orders, second).map(str::to_owned);
        // All set in the same second; of the same scope, or of everything.
        holds.set(hold("long", Some("orders"), 10, 90));
        holds.set(hold("short", Some("orders"), 20, 40));
        holds.set(hold("all", None, 35, 50));
        holds.set(hold("other", Some("payroll"), 0, 99));
        assert_eq!(
            [9, 10, 30, 36, 45, 60].map(|second| keeping(&holds, second)),
            [
                None,
                Some("long".to_owned()),
                Some("short".to_owned()),
                Some("all".to_owned()),
                Some("all".to_owned()),
                Some("long".to_owned()),
            ]
        );
        assert!(holds.lift("long".to_owned()));
        assert_eq!(
            [10, 30, 60].map(|second| keeping(&holds, second)),
            [None, Some("short".to_owned()), None]
        );
        // Its name is used: it does not begin again, with no end.
        holds.set(hold("long", Some("orders"), 10, 95));
        assert_eq!([10, 60, 92].map(|second| keeping(&holds, second)), [None, None, None]);
        // Set twice before it is lifted, both count, and both are over.
        holds.set(hold("short", Some("orders"), 20, 70));
        assert_eq!(keeping(&holds, 60), Some("short".to_owned()));
        assert!(holds.lift("short".to_owned()) && holds.lift("all".to_owned()));
        assert_eq!([30, 45, 60].map(|second| keeping(&holds, second)), [None, None, None]);
        assert_eq!(holds.last(), Some("other"));
        assert!(holds.lift("other".to_owned()) && holds.scopes.is_empty() && holds.names.is_empty());
        assert!(!holds.lift("never".to_owned()) && holds.lift("never".to_owned()));
    }

    #[test]
    fn what_is_kept_is_what_the_hold_itself_says_of_every_second() {
        let orders = whose("orders");
        for (since, until) in [(0, 64), (1, 63), (17, 18), (31, 33), (40, 40), (50, 20)] {
            let (mut holds, one) = (Holds::default(), hold("one", None, since, until));
            holds.set(one.clone());
            for second in 0..70_u32 {
                let first = i64::from(second) * SECOND_US;
                let kept = one.keeps(&orders, first, first + SECOND_US - 1);
                assert_eq!(holds.keeping(&orders, second).is_some(), kept, "{since} {until} {second}");
            }
        }
        let (mut holds, mut edge) = (Holds::default(), hold("edge", None, 10, 12));
        edge.since = Timestamp::from_micros(10 * SECOND_US + 1);
        holds.set(edge);
        assert_eq!([10, 11, 12].map(|second| holds.keeping(&orders, second)), [None, Some("edge"), None]);
    }

    #[test]
    fn question_costs_the_same_under_twenty_thousand_holds_as_under_one() {
        let orders = whose("orders");
        let steps = |count: i64| {
            let mut holds = Holds::default();
            for number in 0..count {
                holds.set(hold(&number.to_string(), Some("orders"), number, number + 7 * count));
            }
            for second in 0..20_000 {
                holds.keeping(&orders, second);
            }
            holds.steps.get()
        };
        assert_eq!(steps(20_000), steps(1));
        assert!(steps(20_000) <= 20_000 * 40);
    }
}
