//! What `retention.deleted` says: which bodies were erased, and under which rule; and what `hold.set` and `hold.cleared`
//! say: which bodies must not be (`docs/log-format.md`).
//!
//! Leaves stay, and with them every proof; what is gone is the sealed body that a leaf commits to. A range names
//! sequences of a lane: every body between them that was not erased before is erased.

use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::jcs::{self, Object};
use crate::leaf::{EventType, Leaf};
use crate::package::POPULATIONS;
use crate::time::Timestamp;

/// The most ranges that one leaf names, so that it stays below the size of a leaf.
pub const RANGES_MAX: usize = 300;

/// The rule for calls that only read.
pub const ORDINARY: &str = "ordinary";
/// The rule for calls that would change something or were held for people, and for everything that is no call.
pub const PRIVILEGED: &str = "privileged";

const DAY_US: i64 = 86_400_000_000;

/// The facts of a `retention.deleted` leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Name of the rule.
    pub rule: String,
    /// Days that it keeps bodies for.
    pub days: u64,
    /// The server that the rule is for; absent: every server without a rule of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Every body that was erased belongs to a leaf older than this.
    pub before: Timestamp,
    /// How many bodies.
    pub bodies: u64,
    /// Which, lane by lane.
    pub lanes: Vec<LaneRanges>,
    /// Records of who called and from where that were erased with them.
    #[serde(default, skip_serializing_if = "is_none")]
    pub contexts: u64,
    /// Approvals of which the sealed request was erased.
    #[serde(default, skip_serializing_if = "is_none")]
    pub approvals: u64,
}

/// Erased bodies of one lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneRanges {
    /// The lane.
    pub lane: Id,
    /// First and last sequence of each range, ascending and apart.
    pub ranges: Vec<(u64, u64)>,
}

/// A legal hold: bodies that must not be erased whatever their age. A member that is absent restricts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What it is called: unique, also among those that were cleared.
    pub name: String,
    /// Calls to this server only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Calls of this person or program only, or on their behalf, by pseudonym.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Calls of this recording session only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Id>,
    /// Calls that began then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Calls that began earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// When it was set.
    pub set: Timestamp,
    /// When it was cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<Timestamp>,
}

/// Whose an exchange is, as far as holds ask.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Whose {
    server: Option<String>,
    session: Option<Id>,
    /// Who called, then on whose behalf.
    parties: Vec<String>,
}

impl Whose {
    /// By the leaf that began it.
    pub fn of(leaf: &Leaf) -> Self {
        let actor = leaf.actor.as_ref();
        let own = actor.and_then(|actor| actor.id.clone());
        let others = actor.into_iter().flat_map(|actor| &actor.on_behalf_of).map(|party| party.id.clone());
        Self {
            server: leaf.server.clone(),
            session: leaf.session,
            parties: own.into_iter().chain(others).collect(),
        }
    }

    /// The server that was called.
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// The recording session.
    pub fn session(&self) -> Option<Id> {
        self.session
    }

    /// Who called, then on whose behalf.
    pub fn parties(&self) -> &[String] {
        &self.parties
    }
}

impl Hold {
    /// Reads the detail of a leaf; `None` when it does not have this form.
    pub fn read(detail: &Object) -> Option<Self> {
        serde_json::from_str(detail.as_str()).ok()
    }

    /// Whether it keeps an exchange that began not before `first` and not after `last`, microseconds since 1970.
    pub fn keeps(&self, whose: &Whose, first: i64, last: i64) -> bool {
        (self.server.is_none() || self.server == whose.server)
            && self.actor.as_ref().is_none_or(|actor| whose.parties.contains(actor))
            && (self.session.is_none() || self.session == whose.session)
            && self.since.is_none_or(|since| since.as_micros() <= first)
            && self.until.is_none_or(|until| last < until.as_micros())
    }
}

impl Erasure {
    /// Reads the detail of a leaf; `None` when it does not have this form.
    pub fn read(detail: &Object) -> Option<Self> {
        let erasure: Self = serde_json::from_str(detail.as_str()).ok()?;
        let ranges: usize = erasure.lanes.iter().map(|lane| lane.ranges.len()).sum();
        let ascending = |lane: &LaneRanges| {
            lane.ranges.iter().all(|(first, last)| first <= last)
                && lane.ranges.is_sorted_by(|one, next| one.1 < next.0)
        };
        (ranges <= RANGES_MAX && erasure.lanes.iter().all(ascending)).then_some(erasure)
    }

    /// Whether a leaf of the time `at` that says this accounts for the body of `leaf`: it is in a range, and such a leaf could
    /// take it.
    pub fn accounts_for(&self, leaf: &Leaf, at: Timestamp) -> bool {
        let lanes = self.lanes.iter().filter(|named| named.lane == leaf.lane);
        let mut ranges = lanes.flat_map(|named| &named.ranges);
        ranges.any(|(first, last)| (*first..=*last).contains(&leaf.lane_seq)) && self.took(leaf, at)
    }

    /// Whether a leaf of the time `at` that says this, and has the body of `leaf` in a range, could take it: the body was old
    /// enough, the days of the rule were over, and the rule is one for it.
    pub(crate) fn took(&self, leaf: &Leaf, at: Timestamp) -> bool {
        let second = |ts: Timestamp| ts.as_micros().div_euclid(1_000_000);
        second(leaf.ts) <= second(self.before) && self.is_due(at) && self.is_rule_for(leaf)
    }

    /// Whether the rule is one for the body of `leaf`, as far as the leaf says so: what follows the beginning of a call has
    /// the rule of its call, of which it says neither whether that is privileged nor the server.
    fn is_rule_for(&self, leaf: &Leaf) -> bool {
        let begins = matches!(leaf.event, EventType::CallIntent | EventType::CallDenied);
        if leaf.call.is_some() && !begins {
            return self.rule == PRIVILEGED || self.rule == ORDINARY;
        }
        let ordinary = || begins && leaf.encode().is_ok_and(|bytes| !is_privileged(&bytes));
        (self.server.is_none() || self.server == leaf.server)
            && (self.rule == PRIVILEGED || self.rule == ORDINARY && ordinary())
    }

    /// Whether what is older than `before` may be gone at that time.
    pub fn is_due(&self, at: Timestamp) -> bool {
        let days = i64::try_from(self.days).unwrap_or(i64::MAX).saturating_mul(DAY_US);
        self.before.as_micros().saturating_add(days) <= at.as_micros()
    }

    /// The rule, for people.
    pub fn rule(&self) -> String {
        match &self.server {
            Some(server) => format!("{} of {server}, {} days", self.rule, self.days),
            None => format!("{}, {} days", self.rule, self.days),
        }
    }

    /// The facts as a leaf holds them.
    ///
    /// # Errors
    /// When a number is too large for a leaf.
    pub fn write(&self) -> Result<Object, jcs::Error> {
        Object::of(self)
    }
}

/// Whether a call that begins with this leaf is privileged: it is in the population of that name.
pub fn is_privileged(bytes: &[u8]) -> bool {
    let population = POPULATIONS.iter().find(|population| population.name == PRIVILEGED);
    population.is_none_or(|population| population.selects(bytes))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_none(count: &u64) -> bool {
    *count == 0
}
