//! Exceptions that no single leaf shows: what a leaf means after those before it.
//!
//! What is kept does not grow with the number of leaves, but with lanes, approvals, people and tools.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::leaver::Leavers;
use crate::id::Id;
use crate::leaf::{EventType, Leaf};
use crate::time::Timestamp;

pub(super) const CLOCK: &str = "clock_went_back";
pub(super) const APART: &str = "clocks_apart";
pub(super) const LATE: &str = "approved_after_use";
pub(super) const UNGRANTED: &str = "used_without_approval";
pub(super) const TWICE: &str = "approval_used_twice";
pub(super) const ENDED: &str = "acted_after_end";
pub(super) const OWN_DRIFT: &str = "drift_accepted_by_caller";

/// How far back a clock may step before it is worth a row.
const STEP_BACK_MAX_US: i64 = 1_000_000;
/// How far two gateways may be apart: the log takes up what each wrote within seconds.
const APART_MAX_US: i64 = 60_000_000;

/// What earlier leaves said.
#[derive(Default)]
pub(super) struct Memory {
    leavers: Option<Leavers>,
    clocks: HashMap<Id, Timestamp>,
    latest: Option<Timestamp>,
    behind: HashSet<Id>,
    used: HashSet<Id>,
    asked: HashMap<Id, Asked>,
    withdrawn: HashMap<String, Timestamp>,
    /// Who called what: server, target, people.
    callers: HashMap<String, HashMap<String, HashSet<String>>>,
    /// Who accepted a definition and has not called it yet.
    accepted: HashMap<(String, String), String>,
}

/// An approval that was asked for where the log is known.
#[derive(Default)]
struct Asked {
    quorum: usize,
    agreed: HashSet<Option<String>>,
    over: bool,
}

/// Facts of `tools.changed`, `key.revoked` and `approval.requested`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Facts {
    accepted: Option<String>,
    name: Option<String>,
    by: Option<String>,
    actor: Option<String>,
    revoked: Option<String>,
    quorum: Option<u32>,
}

impl Memory {
    pub(super) fn new(leavers: Option<Leavers>) -> Self {
        Self { leavers, ..Self::default() }
    }

    /// Looks at the next leaf; answers the rules it breaks.
    pub(super) fn look(&mut self, leaf: &Leaf) -> Vec<&'static str> {
        let mut broken: Vec<&'static str> = self.clock(leaf).into_iter().collect();
        match leaf.event {
            EventType::ApprovalRequested
            | EventType::ApprovalApproved
            | EventType::ApprovalRejected
            | EventType::ApprovalExpired
            | EventType::ApprovalUsed => broken.extend(self.approval(leaf)),
            EventType::ToolsChanged => broken.extend(self.accept(leaf)),
            EventType::KeyRevoked => self.withdraw(leaf),
            EventType::CallIntent | EventType::CallDenied => broken.extend(self.call(leaf)),
            _ => {}
        }
        if matches!(
            leaf.event,
            EventType::CallIntent | EventType::ApprovalApproved | EventType::ApprovalRejected
        ) && self.has_ended(leaf)
        {
            broken.push(ENDED);
        }
        broken
    }

    fn clock(&mut self, leaf: &Leaf) -> Option<&'static str> {
        let behind = |before: Timestamp, limit| before.as_micros() - leaf.ts.as_micros() > limit;
        let own = self.clocks.insert(leaf.lane, leaf.ts);
        let apart = self.latest.is_some_and(|latest| behind(latest, APART_MAX_US));
        self.latest = self.latest.max(Some(leaf.ts));
        if own.is_some_and(|before| behind(before, STEP_BACK_MAX_US)) {
            return Some(CLOCK);
        }
        if apart {
            // Once, until it is in step again.
            return self.behind.insert(leaf.lane).then_some(APART);
        }
        self.behind.remove(&leaf.lane);
        None
    }

    fn approval(&mut self, leaf: &Leaf) -> Option<&'static str> {
        let id = leaf.approval?.id;
        if leaf.event == EventType::ApprovalRequested {
            let quorum = facts(leaf).quorum.map_or(1, |quorum| usize::try_from(quorum).unwrap_or(usize::MAX));
            self.asked.insert(id, Asked { quorum, ..Asked::default() });
            return None;
        }
        let asked = self.asked.get_mut(&id);
        match leaf.event {
            EventType::ApprovalUsed if !self.used.insert(id) => return Some(TWICE),
            EventType::ApprovalUsed => {
                return asked.is_some_and(|it| it.over || it.agreed.len() < it.quorum).then_some(UNGRANTED);
            }
            EventType::ApprovalApproved if self.used.contains(&id) => return Some(LATE),
            EventType::ApprovalApproved => {
                let person = leaf.actor.as_ref().and_then(|actor| actor.id.clone());
                if let Some(asked) = asked {
                    asked.agreed.insert(person);
                }
            }
            _ => {
                if let Some(asked) = asked {
                    asked.over = true;
                }
            }
        }
        None
    }

    fn withdraw(&mut self, leaf: &Leaf) {
        let Facts { actor, revoked, .. } = facts(leaf);
        if let Some(actor) = actor {
            let since = revoked.and_then(|revoked| revoked.parse().ok()).unwrap_or(leaf.ts);
            self.withdrawn.insert(actor, since);
        }
    }

    fn has_ended(&self, leaf: &Leaf) -> bool {
        let Some(actor) = leaf.actor.as_ref().and_then(|actor| actor.id.as_deref()) else { return false };
        let since = self.withdrawn.get(actor).copied();
        let left = self.leavers.as_ref().and_then(|leavers| leavers.since(actor));
        // A withdrawal takes effect within seconds, not at once.
        since.is_some_and(|since| leaf.ts.as_micros() - since.as_micros() > APART_MAX_US)
            || left.is_some_and(|left| leaf.ts > left)
    }

    fn accept(&mut self, leaf: &Leaf) -> Option<&'static str> {
        let (server, Facts { accepted: Some(_), name: Some(name), by: Some(by), .. }) =
            (leaf.server.as_ref()?, facts(leaf))
        else {
            return None;
        };
        let callers = self.callers.get(server).and_then(|targets| targets.get(&name));
        if callers.is_some_and(|callers| callers.contains(&by)) {
            return Some(OWN_DRIFT);
        }
        self.accepted.insert((server.clone(), name), by);
        None
    }

    fn call(&mut self, leaf: &Leaf) -> Option<&'static str> {
        let server = leaf.server.as_ref()?;
        let name = leaf.target.as_ref()?.name.as_ref()?;
        let actor = leaf.actor.as_ref()?.id.as_ref()?;
        if !self.callers.contains_key(server) {
            self.callers.insert(server.clone(), HashMap::new());
        }
        let targets = self.callers.get_mut(server)?;
        if !targets.contains_key(name) {
            targets.insert(name.clone(), HashSet::new());
        }
        let callers = targets.get_mut(name)?;
        if !callers.contains(actor) {
            callers.insert(actor.clone());
        }
        if self.accepted.is_empty() {
            return None;
        }
        let key = (server.clone(), name.clone());
        (self.accepted.get(&key) == Some(actor)).then(|| self.accepted.remove(&key)).map(|_| OWN_DRIFT)
    }
}

fn facts(leaf: &Leaf) -> Facts {
    leaf.detail.as_ref().and_then(|detail| serde_json::from_str(detail.as_str()).ok()).unwrap_or_default()
}
