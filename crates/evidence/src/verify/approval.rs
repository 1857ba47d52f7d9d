//! Every held call under an approval that enough others gave before it, for this call, once.

use std::collections::HashMap;

use serde_json::Value;

use super::ProblemKind;
use super::breakglass::Breakglass;
use super::call::Blame;
use super::meaning::Past;
use super::passkey::Passkeys;
use crate::id::Id;
use crate::leaf::{Actor, ApprovalStep, Effect, EventType, Leaf, Subject, Target};
use crate::merkle::Hash;
use crate::passkey::Assertion;

/// The approvals seen so far.
pub(super) struct Approvals {
    known: HashMap<Id, Approval>,
    /// What lets held calls go without one.
    pub(super) glass: Breakglass,
    passkeys: Passkeys,
    past: Past,
}

struct Approval {
    request: Hash,
    asked: Asked,
    approvers: Vec<Subject>,
    /// Leaf hashes of the `approval.approved` leaves, one per approver.
    grants: Vec<Hash>,
    closed: bool,
    /// The call the grant was spent on, by `approval.used`.
    used_for: Option<Id>,
    /// The call that was forwarded under it.
    forwarded: Option<Id>,
}

/// What was put before the approver; what runs must be the same.
struct Asked {
    requesters: Vec<Subject>,
    actor: Option<Subject>,
    server: Option<String>,
    method: Option<String>,
    target: Option<Target>,
    definition: Option<Hash>,
    policy_set: Option<Hash>,
    forwarded: Option<Hash>,
    /// How many different people must approve.
    quorum: usize,
    /// What the approvers were shown.
    binding: Option<String>,
    /// Whether each of them must sign with a passkey.
    signed: bool,
}

/// What `detail` says about an approval. Anything else in it is for people.
#[derive(Default)]
struct Facts {
    quorum: Option<usize>,
    binding: Option<String>,
    /// Whether approvals must be signed with a passkey.
    signed: bool,
    /// The signature.
    passkey: Option<Value>,
}

impl Approvals {
    pub(super) fn new(past: Past) -> Self {
        Self { known: HashMap::new(), glass: Breakglass::new(past), passkeys: Passkeys::new(past), past }
    }

    /// The log is not the first one: passkeys may have been registered in the one before.
    pub(super) fn continue_epoch(&mut self) {
        self.passkeys.forget_past();
    }

    pub(super) fn register_passkey(&mut self, leaf: &Leaf, blame: &mut Blame<'_>) {
        if let Err(reason) = self.passkeys.register(leaf) {
            blame(ProblemKind::Approval, reason);
        }
    }

    pub(super) fn remove_passkey(&mut self, leaf: &Leaf, blame: &mut Blame<'_>) {
        if let Err(reason) = self.passkeys.remove(leaf) {
            blame(ProblemKind::Approval, reason);
        }
    }

    pub(super) fn request(&mut self, leaf: &Leaf, hash: Hash, blame: &mut Blame<'_>) {
        let Some(step) = leaf.approval else { return };
        let approval = Approval {
            request: hash,
            asked: Asked::by(leaf),
            approvers: Vec::new(),
            grants: Vec::new(),
            closed: false,
            used_for: None,
            forwarded: None,
        };
        if self.known.insert(step.id, approval).is_some() {
            blame(ProblemKind::Approval, format!("approval {} was requested before", step.id));
        }
    }

    pub(super) fn approve(&mut self, leaf: &Leaf, hash: Hash, blame: &mut Blame<'_>) {
        self.check_signature(leaf, blame);
        let Some((step, approval)) = self.step(leaf, blame) else { return };
        let mut blame = |reason: &str| blame(ProblemKind::Approval, format!("approval {} {reason}", step.id));
        if approval.closed {
            blame("was approved after it was rejected or had expired");
        }
        if approval.forwarded.is_some() || approval.used_for.is_some() {
            blame("was approved after it was used");
        }
        if approval.asked.differs(leaf) {
            blame("was given for something else than was asked for");
        }
        let people = leaf.actor.as_ref().map(people).unwrap_or_default();
        match leaf.actor.as_ref().and_then(Actor::subject) {
            None => blame("was approved by nobody"),
            Some(_) if people.iter().any(|person| approval.asked.requesters.contains(person)) => {
                blame("was approved by whoever asked for it");
            }
            Some(subject) if approval.approvers.contains(&subject) => {
                blame("was approved twice by the same approver");
            }
            Some(subject) => approval.approvers.push(subject),
        }
        approval.grants.push(hash);
    }

    /// Whether an approval is signed with a passkey of its approver, if it had to be, or is.
    fn check_signature(&self, leaf: &Leaf, blame: &mut Blame<'_>) {
        let Some((step, said)) = leaf.approval.zip(Some(facts(leaf))) else { return };
        let asked = self.known.get(&step.id).map(|approval| &approval.asked);
        let must = asked.is_some_and(|asked| asked.signed);
        let binding = asked.and_then(|asked| asked.binding.clone()).or(said.binding).unwrap_or_default();
        let fault = match said.passkey.map(serde_json::from_value::<Assertion>) {
            None if must => Err("was approved without the passkey that was asked for".to_owned()),
            None => Ok(()),
            Some(Err(_)) => Err("was signed with a passkey, and the signature is malformed".to_owned()),
            Some(Ok(assertion)) => self.passkeys.check(leaf, &assertion, &binding),
        };
        if let Err(reason) = fault {
            blame(ProblemKind::Approval, format!("approval {} {reason}", step.id));
        }
    }

    pub(super) fn close(&mut self, leaf: &Leaf, blame: &mut Blame<'_>) {
        let Some((step, approval)) = self.step(leaf, blame) else { return };
        if approval.forwarded.is_some() || approval.used_for.is_some() {
            let reason = format!("approval {} was rejected or expired after it was used", step.id);
            blame(ProblemKind::Approval, reason);
        }
        approval.closed = true;
    }

    pub(super) fn use_up(&mut self, leaf: &Leaf, blame: &mut Blame<'_>) {
        let Some((step, approval)) = self.step(leaf, blame) else { return };
        let mut blame = |reason: &str| blame(ProblemKind::Approval, format!("approval {} {reason}", step.id));
        if approval.closed {
            blame("was used after it was rejected or had expired");
        }
        if approval.used_for.is_some() {
            blame("was used twice");
        }
        if approval.asked.differs(leaf) {
            blame("was used for something else than was asked for");
        }
        if approval.forwarded.is_some() && approval.forwarded != leaf.call {
            blame("was used for another call than was forwarded under it");
        }
        approval.used_for = leaf.call;
    }

    /// Checks an intent against the approval it names, which it must when the policy said hold.
    pub(super) fn check_intent(&mut self, leaf: &Leaf, blame: &mut Blame<'_>) {
        let Some(decision) = &leaf.decision else { return };
        let Some(grant) = decision.approval else {
            if decision.effect == Effect::Hold {
                blame(ProblemKind::Approval, "a held call was forwarded without an approval".to_owned());
            }
            return;
        };
        if self.glass.lets_go(leaf, grant.id, grant.leaf, blame) {
            return;
        }
        let mut blame =
            |reason: &str| blame(ProblemKind::Approval, format!("approval {} {reason}", grant.id));
        let Some(approval) = self.known.get_mut(&grant.id) else {
            if self.past == Past::Unknown {
                return;
            }
            return blame("was never requested before this call");
        };
        if !approval.grants.contains(&grant.leaf) {
            blame("was not given before this call by the leaf it names");
        }
        // Of one approver, the leaf that is named is the whole quorum; a wrong approver was blamed where it stands.
        let (given, wanted) = (approval.grants.len(), approval.asked.quorum);
        if wanted > 1 && given < wanted {
            blame(&format!("was used with {given} of {wanted} approvers"));
        }
        if approval.closed {
            blame("was rejected or had expired before this call");
        }
        if approval.forwarded.is_some() {
            blame("was used for a second call");
        }
        if approval.used_for.is_some() && approval.used_for != leaf.call {
            blame("was used for another call");
        }
        if let Some(member) = approval.asked.difference(leaf) {
            blame(&format!("was given for another call: `{member}` differs"));
        }
        approval.forwarded = leaf.call;
    }

    /// The approval that a leaf is a step of; it must name the leaf it answers.
    fn step(&mut self, leaf: &Leaf, blame: &mut Blame<'_>) -> Option<(ApprovalStep, &mut Approval)> {
        let step = leaf.approval?;
        let Some(approval) = self.known.get_mut(&step.id) else {
            if self.past == Past::Unknown {
                return None;
            }
            blame(ProblemKind::Approval, format!("approval {} was never requested", step.id));
            return None;
        };
        let answers = match (leaf.event, step.leaf) {
            (EventType::ApprovalUsed, Some(answered)) => approval.grants.contains(&answered),
            (_, answered) => answered == Some(approval.request),
        };
        if !answers {
            let reason = format!("approval {} does not name the earlier leaf it answers", step.id);
            blame(ProblemKind::Approval, reason);
        }
        Some((step, approval))
    }
}

impl Asked {
    fn by(leaf: &Leaf) -> Self {
        let said = facts(leaf);
        Self {
            requesters: leaf.actor.as_ref().map(people).unwrap_or_default(),
            actor: leaf.actor.as_ref().and_then(Actor::subject),
            server: leaf.server.clone(),
            method: leaf.method.clone(),
            target: leaf.target.clone(),
            definition: leaf.definition,
            policy_set: leaf.decision.as_ref().map(|decision| decision.policy_set),
            forwarded: leaf.forwarded,
            quorum: said.quorum.unwrap_or(1),
            signed: said.signed,
            binding: said.binding,
        }
    }

    /// Whether a later step is about something else.
    fn differs(&self, leaf: &Leaf) -> bool {
        facts(leaf).binding.is_some_and(|binding| self.binding.as_ref() != Some(&binding))
    }

    /// The first member in which the call that runs differs from the one that was asked for.
    fn difference(&self, leaf: &Leaf) -> Option<&'static str> {
        let runs = Self::by(leaf);
        let differs = [
            ("actor", self.actor != runs.actor),
            ("server", self.server != runs.server),
            ("method", self.method != runs.method),
            ("target", self.target != runs.target),
            ("definition", self.definition != runs.definition),
            ("policy_set", self.policy_set.is_some() && self.policy_set != runs.policy_set),
            // What is sent may not be known when the approval is asked for.
            ("forwarded", self.forwarded.is_some() && self.forwarded != runs.forwarded),
        ];
        differs.into_iter().find(|(_, differs)| *differs).map(|(member, _)| member)
    }
}

fn facts(leaf: &Leaf) -> Facts {
    let detail = leaf.detail.as_ref().and_then(|detail| serde_json::from_str::<Value>(detail.as_str()).ok());
    let member = |name: &str| detail.as_ref()?.get(name).filter(|member| !member.is_null());
    Facts {
        quorum: member("quorum").and_then(|quorum| usize::try_from(quorum.as_u64()?).ok()),
        binding: member("binding").and_then(|binding| Some(binding.as_str()?.to_owned())),
        signed: member("signed").is_some(),
        passkey: member("passkey").cloned(),
    }
}

/// An actor and everyone it acts for: none of them is a second person to another.
fn people(actor: &Actor) -> Vec<Subject> {
    actor.subject().into_iter().chain(actor.on_behalf_of.iter().cloned()).collect()
}
