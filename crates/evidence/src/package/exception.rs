//! What an auditor will want explained: found by rules over the leaves of the period, never by judgement.

use std::collections::BTreeMap;

use serde::Serialize;

use super::leaver::Leavers;
use super::memory::{APART, CLOCK, ENDED, LATE, Memory, OWN_DRIFT, TWICE, UNGRANTED};
use super::missing::BODY_MISSING;
use super::query::{Condition, View};
use crate::leaf::Leaf;

/// The head of the list.
pub(super) const COLUMNS: [&str; 8] = ["rule", "index", "time", "event", "call", "actor", "server", "what"];

/// One rule over single leaves.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Rule {
    /// Its name in the list.
    pub name: &'static str,
    /// What it means, and what to ask.
    pub meaning: &'static str,
    types: &'static [&'static str],
    all: &'static [Condition],
}

/// Every rule. Of the last eight seven compare leaves with earlier ones, and one with the bodies that are there.
pub const RULES: &[Rule] = &[
    rule(
        "orphaned",
        "A call was forwarded and its end is unknown: its gateway died. Ask whether the upstream acted.",
        &["call.orphaned"],
        &[],
    ),
    rule(
        "audit_gap",
        "Evidence could not be written for a time; calls were refused meanwhile.",
        &["audit.gap"],
        &[],
    ),
    rule(
        "break_glass",
        "Two administrators let held calls go ahead without approval for a while. Ask why, and see what was called.",
        &["breakglass.entered", "breakglass.exited"],
        &[],
    ),
    rule(
        "break_glass_call",
        "A held call went ahead without approval while the glass was broken. See what it was, and who called.",
        &["breakglass.used"],
        &[],
    ),
    rule(
        "not_looked_through",
        "A message could not be looked through for secrets, so it was refused.",
        &["call.denied", "call.outcome"],
        &[when("refusal", &["unread", "opaque", "unrecognized"])],
    ),
    rule(
        "self_approval_attempt",
        "Somebody tried to decide on their own call, and was refused. Ask why.",
        &["call.denied"],
        &[when("refusal", &["own_call"])],
    ),
    rule(
        "approval_without_right",
        "Somebody whom policy does not make an approver, or a program, tried to decide, and was refused.",
        &["call.denied"],
        &[when("refusal", &["not_an_approver", "not_a_person"])],
    ),
    rule(
        "disabled_credential",
        "Somebody tried with a credential that was withdrawn or had expired, and was refused.",
        &["auth.failed"],
        &[when("detail.reason", &["service_key_revoked", "service_key_expired"])],
    ),
    rule(
        "authentication_flood",
        "So many failed authentications that they were counted instead of written one by one.",
        &["auth.failed"],
        &[when("detail.count", &[])],
    ),
    rule("approval_rejected", "Somebody refused a held call.", &["approval.rejected"], &[]),
    rule(
        "definition_changed",
        "An upstream changed what a tool says it does. Whether it could be called before somebody accepted is what the policies say.",
        &["tools.changed"],
        &[when("detail.changed", &[])],
    ),
    rule(
        "drift_accepted",
        "Somebody accepted a changed definition. Compare who with who calls the tool.",
        &["tools.changed"],
        &[when("detail.accepted", &[])],
    ),
    rule(
        "policies_removed",
        "Policies were taken out of force. Ask whether a control became weaker.",
        &["policy.published"],
        &[when("detail.removed", &[])],
    ),
    rule(
        "policies_changed",
        "The text of policies in force changed. Compare the two sets.",
        &["policy.published"],
        &[when("detail.changed", &[])],
    ),
    rule(
        "control_weakened",
        "The configuration changed in a way that takes a control away. The row names the settings.",
        &["config.changed"],
        &[when("detail.weakened", &[])],
    ),
    rule("key_revoked", "A key was withdrawn. Ask why, and see what it did before.", &["key.revoked"], &[]),
    rule(
        "unreviewed_grant",
        "A review of access ended and nobody had said what is to become of this grant.",
        &["review.decided"],
        &[when("detail.decision", &["none"])],
    ),
    rule(
        "review_not_applied",
        "A reviewer wanted a grant gone or changed, and when the review closed it stood as before.",
        &["review.applied"],
        &[when("detail.standing", &["unchanged", "unknown"])],
    ),
    rule(
        "canary_failed",
        "A call of the gateway's own that had to be denied, held or masked was not: a control did not work.",
        &["canary.checked"],
        &[when("detail.result", &["failed"])],
    ),
    rule("hold_lifted", "A legal hold was lifted.", &["hold.cleared"], &[]),
    rule(
        CLOCK,
        "The clock of a gateway went back: times around here are doubtful, the order is not.",
        &[],
        &[],
    ),
    rule(
        APART,
        "The clock of a gateway is more than a minute behind what another wrote before: times around here are doubtful, the \
         order is not.",
        &[],
        &[],
    ),
    rule(LATE, "An approval was given after the call had run.", &[], &[]),
    rule(
        UNGRANTED,
        "A call ran by an approval that too few people had given, or that was over. Ask who writes to the database.",
        &[],
        &[],
    ),
    rule(TWICE, "One approval let two calls run. Ask who writes to the database.", &[], &[]),
    rule(
        ENDED,
        "Something was let through for somebody whose access had ended: their key was withdrawn, or they stand in the list of \
         leavers. Ask why it still worked.",
        &[],
        &[],
    ),
    rule(
        OWN_DRIFT,
        "Whoever accepted a changed definition calls that very tool. Two people should have been in it.",
        &[],
        &[],
    ),
    rule(
        BODY_MISSING,
        "A recorded message is gone and no leaf says that a rule took it: somebody removed it behind the gateway's back, or it was \
         lost. Ask who writes to the database.",
        &[],
        &[],
    ),
];

const fn rule(
    name: &'static str,
    meaning: &'static str,
    types: &'static [&'static str],
    all: &'static [Condition],
) -> Rule {
    Rule { name, meaning, types, all }
}

const fn when(member: &'static str, one_of: &'static [&'static str]) -> Condition {
    Condition { member, one_of }
}

/// Whether the gateway was in the place of a caller. What became of it is `canary.checked`.
fn is_canary(view: &View<'_>) -> bool {
    view.text("actor.kind") == "canary"
}

/// The rules while they run.
#[derive(Default)]
pub(super) struct Exceptions {
    memory: Memory,
    pub(super) found: BTreeMap<&'static str, u64>,
}

impl Exceptions {
    pub(super) fn new(leavers: Option<Leavers>) -> Self {
        Self { memory: Memory::new(leavers), found: BTreeMap::new() }
    }

    /// Looks at every leaf of the slice, for what needs memory; answers the rules it breaks.
    pub(super) fn remember(&mut self, leaf: &Leaf) -> Vec<&'static str> {
        self.memory.look(leaf)
    }

    /// The rows for a leaf of the period, given what [`remember`](Self::remember) said.
    pub(super) fn push(&mut self, view: &View<'_>, broken: &[&'static str]) -> Vec<[String; 8]> {
        let single = RULES.iter().filter(|rule| {
            rule.types.contains(&view.event)
                && !is_canary(view)
                && rule.all.iter().all(|condition| view.holds(condition))
        });
        let names: Vec<&'static str> = single.map(|rule| rule.name).chain(broken.iter().copied()).collect();
        names.into_iter().map(|name| self.row(name, view)).collect()
    }

    /// Whether a leaf of this type can break a rule by itself.
    pub(super) fn wants(event: &str) -> bool {
        RULES.iter().any(|rule| rule.types.contains(&event))
    }

    fn row(&mut self, name: &'static str, view: &View<'_>) -> [String; 8] {
        *self.found.entry(name).or_default() += 1;
        view.exception(name)
    }
}

impl View<'_> {
    /// The row of a leaf that broke a rule.
    pub(super) fn exception(&self, rule: &str) -> [String; 8] {
        [
            rule.to_owned(),
            self.text("index"),
            self.text("ts"),
            self.event.to_owned(),
            self.text("call"),
            self.text("actor.id"),
            self.text("server"),
            self.text("detail|refusal"),
        ]
    }
}
