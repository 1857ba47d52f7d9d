//! Why a question is decided as it is: the policies that decided, and of those that could have mattered and did not,
//! what was missing. For people who write policy; never on the request path.

mod clause;

use cedar_policy as cedar;
use cedar_policy::{EntityUid, PrincipalConstraint, ResourceConstraint};
use serde::Serialize;

use super::index;
use super::need::{Need, Wanted};
use super::question::Question;
use super::set::PolicySet;
use super::situation::{Parties, Situation};
use super::source::Policy;
use super::vocabulary::Action;
use crate::limits;
use crate::model::{Decision, Effect};

/// A decision with its reasons. May show arguments and attributes of the principal: for the terminal of whoever
/// asked, not for a log.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// `allow`, `deny` or `hold`.
    pub effect: &'static str,
    /// One sentence: what happens and why.
    pub summary: String,
    /// The policy set that was asked, as hexadecimal SHA-256.
    pub revision: String,
    /// Evaluation errors, any of which denies.
    pub errors: Vec<String>,
    /// Policies that decided, that were overruled, and that nearly applied; in this order.
    pub findings: Vec<Finding>,
}

/// One policy's part in a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its part.
    pub part: Part,
    /// Its id.
    pub policy: String,
    /// `permit` or `forbid`.
    pub effect: &'static str,
    /// The file it is in.
    pub file: String,
    /// The line it begins at, from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
    /// What it requires and does not find, as things stand.
    pub unmet: Vec<Unmet>,
}

/// What a policy contributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The decision is its doing.
    Decided,
    /// It could not be evaluated.
    Failed,
    /// It applies, but another policy wins.
    Overruled,
    /// It does not apply.
    DoesNotApply,
}

/// A requirement that is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmet {
    /// The requirement, in Cedar.
    pub requirement: String,
    /// What is there instead, in words.
    pub found: String,
}

/// Decides a question and says why.
pub fn explain(set: &PolicySet, question: &Question<'_>) -> Explanation {
    let decision = set.decide(question);
    let mut findings = findings(set, question, &decision).unwrap_or_default();
    findings.sort_by(|a, b| (a.part, a.unmet.len(), &a.policy).cmp(&(b.part, b.unmet.len(), &b.policy)));
    let decided = findings.iter().filter(|finding| finding.part == Part::Decided).count();
    findings.truncate(decided.max(limits::EXPLAINED_POLICIES_MAX));
    Explanation {
        effect: decision.effect.as_str(),
        summary: summary(question, &decision),
        revision: decision.revision.to_string(),
        errors: decision.errors,
        findings,
    }
}

fn summary(question: &Question<'_>, decision: &Decision) -> String {
    let ids = decision.policies.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    match decision.effect {
        Effect::Allow => format!("permitted by {ids}"),
        Effect::Hold => format!("a human must agree first, by {ids}"),
        Effect::Deny if !decision.errors.is_empty() => "the policies cannot be evaluated".to_owned(),
        Effect::Deny if !decision.policies.is_empty() => format!("forbidden by {ids}"),
        Effect::Deny => format!("no policy permits `{}`", question.method),
    }
}

fn findings(set: &PolicySet, question: &Question<'_>, decision: &Decision) -> Option<Vec<Finding>> {
    let parties = Parties::of(question, &set.words)?;
    let action = &set.words.actions[set.words.action(question.method, question.context.era)];
    if action.target != question.target.map(|target| target.kind) {
        return None;
    }
    let asked = Asked { set, question, parties, action };
    let findings = set.policies().iter().filter_map(|policy| asked.finding(policy, decision));
    Some(findings.collect())
}

struct Asked<'a> {
    set: &'a PolicySet,
    question: &'a Question<'a>,
    parties: Parties,
    action: &'a Action,
}

impl Asked<'_> {
    /// `None` for a policy that says nothing about the question.
    fn finding(&self, policy: &Policy, decision: &Decision) -> Option<Finding> {
        if !index::meets(&policy.cedar.action_constraint(), self.action) {
            return None;
        }
        let decided = decision.policies.contains(&policy.id);
        let permits = policy.effect() == cedar::Effect::Permit;
        let mut unmet: Vec<Unmet> =
            [self.principal(policy), self.resource(policy)].into_iter().flatten().collect();
        // A forbid that does not apply explains nothing; nor does a permit for somebody else and something else.
        if unmet.len() > usize::from(permits) {
            return None;
        }
        let mut failed = false;
        if unmet.is_empty() {
            match self.situation(policy) {
                Ok(situation) => {
                    let found = clause::unmet(policy, &situation);
                    failed = found.failed;
                    unmet = found.unmet;
                }
                Err(error) => {
                    failed = true;
                    unmet = vec![Unmet {
                        requirement: "arguments and target that can be judged".into(),
                        found: error,
                    }];
                }
            }
        }
        let part = match (decided, failed, unmet.is_empty()) {
            (true, _, _) => Part::Decided,
            (false, true, _) => Part::Failed,
            (false, false, true) => Part::Overruled,
            (false, false, false) if permits => Part::DoesNotApply,
            (false, false, false) => return None,
        };
        Some(Finding {
            part,
            policy: policy.id.clone(),
            effect: if permits { "permit" } else { "forbid" },
            file: policy.file.clone(),
            line: policy.line,
            text: policy.text.clone(),
            unmet,
        })
    }

    fn situation(&self, policy: &Policy) -> Result<Situation, String> {
        let need = Need::of(&policy.cedar);
        let wanted = Wanted::new([&need]);
        Situation::new(self.question, &self.parties, self.action, &self.set.words, &wanted, None)
    }

    fn principal(&self, policy: &Policy) -> Option<Unmet> {
        let parties = &self.parties;
        let is = |name: &cedar::EntityTypeName| parties.principal.type_name() == name;
        let within = |uid: &EntityUid| parties.principal == *uid || parties.groups.contains(uid);
        let (met, requirement) = match policy.cedar.principal_constraint() {
            PrincipalConstraint::Any => return None,
            PrincipalConstraint::Is(name) => (is(&name), format!("principal is {name}")),
            PrincipalConstraint::In(uid) => (within(&uid), format!("principal in {uid}")),
            PrincipalConstraint::Eq(uid) => (parties.principal == uid, format!("principal == {uid}")),
            PrincipalConstraint::IsIn(name, uid) => {
                (is(&name) && within(&uid), format!("principal is {name} in {uid}"))
            }
        };
        let groups = match parties.groups.as_slice() {
            [] => "in no group".to_owned(),
            groups => format!("in {}", groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        };
        (!met).then(|| Unmet { requirement, found: format!("the caller is {}, {groups}", parties.principal) })
    }

    fn resource(&self, policy: &Policy) -> Option<Unmet> {
        let parties = &self.parties;
        let is = |name: &cedar::EntityTypeName| parties.resource.type_name() == name;
        let within = |uid: &EntityUid| parties.resource == *uid || parties.server == *uid;
        let (met, requirement) = match policy.cedar.resource_constraint() {
            ResourceConstraint::Any => return None,
            ResourceConstraint::Is(name) => (is(&name), format!("resource is {name}")),
            ResourceConstraint::In(uid) => (within(&uid), format!("resource in {uid}")),
            ResourceConstraint::Eq(uid) => (parties.resource == uid, format!("resource == {uid}")),
            ResourceConstraint::IsIn(name, uid) => {
                (is(&name) && within(&uid), format!("resource is {name} in {uid}"))
            }
        };
        (!met).then(|| Unmet { requirement, found: format!("the target is {}", parties.resource) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, set};
    use super::*;

    const POLICIES: &str = r#"
@id("transfer")
permit (principal in Group::"clerks", action == Action::"tools/call", resource == Tool::"github/transfer")
when { context.numbers.hasTag("/amount") && context.numbers.getTag("/amount") <= 100 }
unless { context.definition.drifted || context.texts.hasTag("/memo") && context.texts.getTag("/memo") like "*x*" };
@id("big")
permit (principal in Group::"clerks", action == Action::"tools/call", resource == Tool::"github/transfer")
when { context.approval.granted };
@id("hosts") permit (principal is Agent, action == Action::"resources/read", resource in Server::"github");
@id("never") forbid (principal, action, resource) when { resource in Server::"vault" };
@id("sum") forbid (principal, action == Action::"tools/call", resource == Tool::"github/sum")
when { context.numbers.hasTag("/n") && context.numbers.getTag("/n") + 1 == 0 };"#;

    #[track_caller]
    fn check(sample: &Sample, summary: &str, expected: &[&str]) {
        let explanation = explain(&set(POLICIES), &sample.question());
        let lines: Vec<String> = explanation
            .findings
            .iter()
            .map(|finding| {
                let unmet: Vec<String> = finding
                    .unmet
                    .iter()
                    .map(|unmet| format!("{} [{}]", unmet.requirement, unmet.found))
                    .collect();
                format!("{:?} {}:{} {}", finding.part, finding.policy, finding.line, unmet.join("; "))
            })
            .collect();
        assert_eq!(explanation.summary, summary);
        assert_eq!(lines, expected);
    }

    #[test]
    fn allowed_call_names_its_policy_and_the_spare_one() {
        check(
            &Sample::call("transfer", &["clerks"]).with(r#"{"amount": 5}"#),
            "permitted by `transfer`",
            &[
                "Decided transfer:2 ",
                "DoesNotApply big:6 context.approval.granted [nobody has approved the call]",
            ],
        );
    }

    #[test]
    fn held_call_shows_what_would_have_allowed_it() {
        check(
            &Sample::call("transfer", &["clerks"]).with(r#"{"amount": 500}"#),
            "a human must agree first, by `big`",
            &[
                "Decided big:6 context.approval.granted [nobody has approved the call]",
                "DoesNotApply transfer:2 context.numbers.getTag(\"/amount\") <= 100 \
                 [`context.numbers.getTag(\"/amount\")` is 500]",
            ],
        );
    }

    #[test]
    fn denied_call_shows_each_false_condition() {
        check(
            &Sample::call("transfer", &["dev"]).with(r#"{"amount": 500}"#),
            "no policy permits `tools/call`",
            &[
                "DoesNotApply big:6 principal in Group::\"clerks\" \
                 [the caller is Human::\"corp/alice\", in Group::\"dev\"]",
                "DoesNotApply transfer:2 principal in Group::\"clerks\" \
                 [the caller is Human::\"corp/alice\", in Group::\"dev\"]",
            ],
        );
        let mut sample = Sample::call("transfer", &["clerks"]).with(r#"{"amount": "5", "memo": "xyz"}"#);
        sample.definition = super::super::Definition::Drifted;
        check(
            &sample,
            "a human must agree first, by `big`",
            &[
                "Decided big:6 context.approval.granted [nobody has approved the call]",
                "DoesNotApply transfer:2 context.numbers.hasTag(\"/amount\") \
                 [the arguments have no integer at `/amount`]; !context.definition.drifted [it holds]; \
                 !(context.texts.hasTag(\"/memo\") && (context.texts.getTag(\"/memo\") like \"*x*\")) [it holds]",
            ],
        );
        check(
            &Sample::read("file:///a", &[]),
            "no policy permits `resources/read`",
            &["DoesNotApply hosts:9 principal is Agent [the caller is Human::\"corp/alice\", in no group]"],
        );
    }

    #[test]
    fn forbidding_and_failing_policies_are_named() {
        check(&Sample::call("x", &[]).on("vault"), "forbidden by `never`", &["Decided never:10 "]);
        check(
            &Sample::call("sum", &[]).with(r#"{"n": 9223372036854775807}"#),
            "the policies cannot be evaluated",
            &[
                "Failed sum:11 (context.numbers.getTag(\"/n\") + 1) == 0 [integer overflow while attempting to add the \
               values `9223372036854775807` and `1`]",
            ],
        );
    }
}
