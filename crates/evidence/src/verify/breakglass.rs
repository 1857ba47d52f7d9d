//! Break-glass: held calls that went ahead without approval, and the two people who let them.
//!
//! What must hold: one person proposed it and another entered it, as it was proposed; both are nobody whose calls it is for;
//! it is for a time; and each call under it is one of those people's, at a server and of a tool that it names, within that
//! time, and has its `breakglass.used`.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::ProblemKind;
use super::call::Blame;
use super::meaning::Past;
use crate::id::Id;
use crate::leaf::{Actor, ApprovalStep, EventType, Leaf, Subject};
use crate::merkle::Hash;
use crate::time::Timestamp;

/// Longest time that held calls may go ahead so, in seconds.
pub const BREAKGLASS_S_MAX: i64 = 4 * 60 * 60;

/// How long after its end a call may be on record that was let go before it, by clocks that differ.
const GRACE_US: i64 = 5_000_000;

/// Stands for every server.
const EVERY: &str = "*";

/// What was seen of it so far.
pub(super) struct Breakglass {
    windows: HashMap<Id, Window>,
    past: Past,
}

struct Window {
    proposed: Option<(Hash, Option<Subject>)>,
    reach: Reach,
    entered: Option<Hash>,
    until: Option<Timestamp>,
    ended: bool,
    /// Calls that used it and were not forwarded yet.
    used: HashSet<Id>,
}

/// Whose calls of what go ahead, as `detail` says. Empty `tools`: all of the servers.
#[derive(Default, Deserialize, PartialEq, Eq)]
struct Reach {
    #[serde(default)]
    servers: Vec<String>,
    #[serde(default)]
    tools: Vec<String>,
    /// Pseudonyms.
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    seconds: i64,
}

#[derive(Default, Deserialize)]
struct Ends {
    until: Option<String>,
}

impl Breakglass {
    pub(super) fn new(past: Past) -> Self {
        Self { windows: HashMap::new(), past }
    }

    /// Checks a `breakglass.*` leaf.
    pub(super) fn step(&mut self, leaf: &Leaf, hash: Hash, blame: &mut Blame<'_>) {
        let Some(step) = leaf.approval else { return };
        let mut blame =
            |reason: &str| blame(ProblemKind::Approval, format!("break-glass {} {reason}", step.id));
        if leaf.event == EventType::BreakglassProposed {
            let proposed = Some((hash, leaf.actor.as_ref().and_then(Actor::subject)));
            if self.windows.insert(step.id, Window::new(leaf, proposed)).is_some() {
                blame("was proposed before");
            }
            return;
        }
        if !self.windows.contains_key(&step.id) {
            if self.past == Past::Empty {
                return blame("was never proposed");
            }
            if leaf.event != EventType::BreakglassEntered {
                return;
            }
        }
        let window = self.windows.entry(step.id).or_insert_with(|| Window::new(leaf, None));
        match leaf.event {
            EventType::BreakglassEntered => window.enter(leaf, step, hash, &mut blame),
            EventType::BreakglassUsed => window.take(leaf, step, &mut blame),
            _ => window.end(leaf, &mut blame),
        }
    }

    /// Whether an intent names a window in the place of an approval; then checks that it may.
    pub(super) fn lets_go(&mut self, leaf: &Leaf, grant: Id, named: Hash, blame: &mut Blame<'_>) -> bool {
        let Some(window) = self.windows.get_mut(&grant) else { return false };
        let mut blame = |reason: &str| blame(ProblemKind::Approval, format!("break-glass {grant} {reason}"));
        window.check(leaf, Some(named), &mut blame);
        if !leaf.call.is_some_and(|call| window.used.remove(&call)) {
            blame("has no `breakglass.used` for this call");
        }
        true
    }
}

impl Window {
    /// As `leaf` says. Not known who proposed it: that was before a slice of the log.
    fn new(leaf: &Leaf, proposed: Option<(Hash, Option<Subject>)>) -> Self {
        let used = HashSet::new();
        Self { proposed, reach: said(leaf), entered: None, until: None, ended: false, used }
    }

    /// Two different people agree to the same, for a time.
    fn enter(&mut self, leaf: &Leaf, step: ApprovalStep, hash: Hash, blame: &mut dyn FnMut(&str)) {
        let by = leaf.actor.as_ref().and_then(Actor::subject);
        if self.entered.is_some() || self.ended {
            blame("was entered before, or after it was over");
        }
        if let Some((proposed, proposer)) = &self.proposed {
            if step.leaf != Some(*proposed) || self.reach != said::<Reach>(leaf) {
                blame("was entered as something else than was proposed");
            }
            if proposer.is_none() || *proposer == by {
                blame("was entered by whoever proposed it");
            }
            let own = |who: &Option<Subject>| who.as_ref().is_some_and(|who| self.reach.names(&who.id));
            if own(proposer) || own(&by) {
                blame("is for calls of whoever proposed or entered it");
            }
        }
        if by.is_none() {
            blame("was entered by nobody");
        }
        self.until = until(leaf);
        let most = self.reach.seconds.clamp(0, BREAKGLASS_S_MAX).saturating_mul(1_000_000) + GRACE_US;
        if self.until.is_none_or(|until| until.as_micros() - leaf.ts.as_micros() > most) {
            blame("does not say until when, or is for longer than was proposed");
        }
        self.entered = Some(hash);
    }

    fn take(&mut self, leaf: &Leaf, step: ApprovalStep, blame: &mut dyn FnMut(&str)) {
        self.check(leaf, step.leaf, blame);
        if !leaf.call.is_some_and(|call| self.used.insert(call)) {
            blame("was used twice for the same call");
        }
    }

    /// It is over: at the time that is said, if that is earlier.
    fn end(&mut self, leaf: &Leaf, blame: &mut dyn FnMut(&str)) {
        match until(leaf) {
            Some(until) => self.until = self.until.map(|before| before.min(until)),
            None if self.entered.is_some() => blame("does not say when it ended"),
            None => {}
        }
        self.ended = true;
    }

    /// A held call that nobody approved.
    fn check(&self, leaf: &Leaf, named: Option<Hash>, blame: &mut dyn FnMut(&str)) {
        if self.entered.is_none() || self.entered != named {
            blame("was not entered by the leaf that the call names");
        }
        if self.until.is_none_or(|until| leaf.ts.as_micros() > until.as_micros() + GRACE_US) {
            blame("was over before this call");
        }
        let server = leaf.server.as_deref().unwrap_or_default();
        if !self.reach.servers.iter().any(|name| name == EVERY || name == server) {
            blame("is not for this server");
        }
        let tool = leaf.target.as_ref().and_then(|target| target.name.as_ref());
        if !self.reach.tools.is_empty() && !tool.is_some_and(|tool| self.reach.tools.contains(tool)) {
            blame("is not for this tool");
        }
        let who = leaf.actor.as_ref().filter(|actor| actor.on_behalf_of.is_empty());
        if !who.and_then(|who| who.id.as_ref()).is_some_and(|who| self.reach.names(who)) {
            blame("is not for whoever called");
        }
    }
}

impl Reach {
    fn names(&self, who: &str) -> bool {
        self.people.iter().any(|person| person == who)
    }
}

fn said<T: Default + for<'de> Deserialize<'de>>(leaf: &Leaf) -> T {
    let said = leaf.detail.as_ref().map(|detail| serde_json::from_str(detail.as_str()));
    said.and_then(Result::ok).unwrap_or_default()
}

fn until(leaf: &Leaf) -> Option<Timestamp> {
    said::<Ends>(leaf).until?.parse().ok()
}
