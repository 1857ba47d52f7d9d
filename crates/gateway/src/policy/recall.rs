//! Deciding again about a call of which only the record is left: what was not recorded must not decide, or nobody can
//! tell.

use std::collections::BTreeSet;

use cedar_policy::pst::{Clause, Expr};

use super::index;
use super::need::{Need, Pointers, Wanted};
use super::question::{Definition, Question};
use super::set::PolicySet;
use super::situation::Parties;
use crate::mcp::method::Direction;
use crate::model::{Context, Decision, Effect, Era};

/// What of a question is not in the record, or may be something else than what is there.
#[derive(Debug, Clone, Default)]
pub struct Unrecorded {
    /// Names of attributes that policies read: `revision`, `actors`, `limit`.
    pub attributes: BTreeSet<&'static str>,
    /// Arguments that were masked, by JSON Pointer.
    pub arguments: Vec<String>,
    /// No argument is known.
    pub all_arguments: bool,
    /// The protocol era: both are tried.
    pub era: bool,
    /// The direction: both are tried.
    pub direction: bool,
    /// How the definition of the target stood: everything is tried.
    pub definition: bool,
}

/// What becomes of a recorded call under other policies.
#[derive(Debug, Clone)]
pub enum Recalled {
    /// The same, whatever is not recorded.
    Told(Decision),
    /// It depends on something that is not recorded: what.
    CannotBeTold(String),
}

/// What the policies would look at.
#[derive(Debug, Default)]
struct Looks {
    attributes: BTreeSet<String>,
    need: Option<Need>,
}

/// Whether the policies would look at the arguments of a question, so that it is worth reading them.
pub fn reads_arguments(set: &PolicySet, question: &Question<'_>) -> bool {
    looks(set, question).need.is_some_and(|need| need.arguments())
}

/// Decides about `question`, which is what the record shows of it.
pub fn recall(set: &PolicySet, question: &Question<'_>, unrecorded: &Unrecorded) -> Recalled {
    if let Some(what) = missing(&looks(set, question), unrecorded) {
        return Recalled::CannotBeTold(what);
    }
    let mut told: Option<Decision> = None;
    let eras = [Era::Legacy, Era::Modern];
    let directions = [Direction::ToUpstream, Direction::ToCaller];
    let definitions = [Definition::Unknown, Definition::Pinned, Definition::Drifted];
    for era in either(eras, Some(question.context.era).filter(|_| !unrecorded.era)) {
        let context = &Context { era, ..question.context.clone() };
        for direction in either(directions, Some(question.direction).filter(|_| !unrecorded.direction)) {
            let known = Some(question.definition).filter(|_| !unrecorded.definition);
            for definition in either(definitions, known) {
                let decision = set.decide(&Question { direction, context, definition, ..*question });
                match &told {
                    Some(first) if first.effect != decision.effect => {
                        return Recalled::CannotBeTold(differs(unrecorded));
                    }
                    Some(_) => {}
                    None => told = Some(decision),
                }
            }
        }
    }
    // Unwrap safety: each of the three has at least one value, so something was decided.
    Recalled::Told(told.expect("decided once"))
}

/// The value that is known, or all there are.
fn either<T, const N: usize>(all: [T; N], known: Option<T>) -> Vec<T> {
    known.map_or_else(|| Vec::from(all), |known| vec![known])
}

fn differs(unrecorded: &Unrecorded) -> String {
    let what = [
        (unrecorded.era, "the protocol era"),
        (unrecorded.direction, "the direction"),
        (unrecorded.definition, "how the definition stood"),
    ];
    let what: Vec<&str> = what.into_iter().filter(|(unknown, _)| *unknown).map(|(_, name)| name).collect();
    format!("{} is not recorded", what.join(" or "))
}

/// What the policies would look at and the record does not have.
fn missing(looks: &Looks, unrecorded: &Unrecorded) -> Option<String> {
    let attribute = unrecorded.attributes.iter().find(|name| looks.attributes.contains(**name));
    if let Some(name) = attribute {
        return Some(format!("`{name}` is not recorded"));
    }
    let need = looks.need.as_ref().filter(|need| need.arguments())?;
    if unrecorded.all_arguments {
        return Some("the arguments are not recorded, or were erased".to_owned());
    }
    let hidden = unrecorded.arguments.iter().find(|hidden| reads(need, hidden));
    hidden.map(|_| "an argument that policy reads was masked".to_owned())
}

/// Whether the policies look at the argument `hidden`, at something in it, or at something around it.
fn reads(need: &Need, hidden: &str) -> bool {
    let inside =
        |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    let named = need.carriers.iter().any(|pointers| match pointers {
        Pointers::All => true,
        Pointers::Named(names) => {
            names.iter().any(|name| name == hidden || inside(name, hidden) || inside(hidden, name))
        }
    });
    named || Wanted::new([need]).has("pointers")
}

/// What the policies look at whose scope the question can meet, whatever era it is asked in.
fn looks(set: &PolicySet, question: &Question<'_>) -> Looks {
    let mut looks = Looks::default();
    let Some(parties) = Parties::of(question, &set.words) else { return looks };
    let actions =
        [Era::Legacy, Era::Modern].map(|era| &set.words.actions[set.words.action(question.method, era)]);
    for policy in set.policies() {
        let constraint = policy.cedar.action_constraint();
        let asked = actions.iter().any(|action| index::meets(&constraint, action));
        if !asked || !index::leads(&policy.cedar, &parties) {
            continue;
        }
        let need = Need::of(&policy.cedar);
        match &mut looks.need {
            Some(known) => known.merge(&need),
            None => looks.need = Some(need),
        }
        match policy.cedar.to_pst() {
            Ok(parsed) => parsed.body().clauses().iter().for_each(|clause| match clause {
                Clause::When(condition) | Clause::Unless(condition) => {
                    looks.attributes.extend(attributes(condition));
                }
            }),
            // Cannot happen for a policy that was parsed; everything is the safe answer.
            Err(_) => looks.need = Some(Need::everything()),
        }
    }
    looks
}

fn attributes(condition: &Expr) -> BTreeSet<String> {
    let own = |part: &Expr| match part {
        Expr::GetAttr { expr, attr } => {
            let mut names = attributes(expr);
            names.insert(attr.to_string());
            Some(names)
        }
        Expr::HasAttr { expr, attrs } => {
            let mut names = attributes(expr);
            names.extend(attrs.iter().map(ToString::to_string));
            Some(names)
        }
        _ => None,
    };
    let both = |mut one: BTreeSet<String>, other: BTreeSet<String>| {
        one.extend(other);
        one
    };
    condition.reduce(&own, &both, BTreeSet::new())
}

impl Recalled {
    /// The effect, when it can be told.
    pub fn effect(&self) -> Option<Effect> {
        match self {
            Self::Told(decision) => Some(decision.effect),
            Self::CannotBeTold(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sample, set};
    use super::*;

    #[track_caller]
    fn check(policies: &str, sample: &Sample, unrecorded: &Unrecorded, expected: Result<Effect, &str>) {
        let recalled = recall(&set(policies), &sample.question(), unrecorded);
        match (&recalled, expected) {
            (Recalled::Told(decision), Ok(effect)) => assert_eq!(decision.effect, effect),
            (Recalled::CannotBeTold(what), Err(words)) => assert!(what.contains(words), "{what}"),
            _ => panic!("{recalled:?}"),
        }
    }

    const SMALL: &str = r#"@id("a") permit (principal, action == Action::"tools/call", resource in Server::"github")
        when { context.numbers.hasTag("/n") && context.numbers.getTag("/n") <= 3 };"#;

    fn hidden(pointer: &str) -> Unrecorded {
        Unrecorded { arguments: vec![pointer.to_owned()], ..Unrecorded::default() }
    }

    #[test]
    fn masked_argument_decides_only_where_no_policy_reads_it() {
        let sample = Sample::call("merge", &[]).with(r#"{"n":2,"who":"[email]"}"#);
        check(SMALL, &sample, &hidden("/who"), Ok(Effect::Allow));
        check(SMALL, &sample, &hidden("/n"), Err("masked"));
        check(SMALL, &sample, &hidden("/n/deep"), Err("masked"));
        check(SMALL, &sample, &hidden(""), Err("masked"));
        let nothing = Unrecorded { all_arguments: true, ..Unrecorded::default() };
        check(SMALL, &sample, &nothing, Err("arguments"));
        check(SMALL, &sample.clone().on("gitlab"), &nothing, Ok(Effect::Deny));
        let all = r#"@id("a") permit (principal, action, resource) when { ["", "/n"].containsAll(context.pointers) };"#;
        check(all, &sample, &hidden("/who"), Err("masked"));
    }

    #[test]
    fn what_is_not_recorded_is_tried_or_said() {
        let sample = Sample::call("merge", &[]);
        let era = Unrecorded { era: true, ..Unrecorded::default() };
        let modern = r#"@id("a") permit (principal, action, resource) when { context.era == "modern" };"#;
        check(modern, &sample, &era, Err("era"));
        check("@id(\"a\") permit (principal, action, resource);", &sample, &era, Ok(Effect::Allow));
        let drift = Unrecorded { definition: true, ..Unrecorded::default() };
        let held = r#"@id("a") permit (principal, action, resource);
            @id("b") forbid (principal, action, resource) when { context.definition.drifted }
            unless { context.approval.granted };"#;
        check(held, &sample, &drift, Err("definition"));
        let revision = Unrecorded { attributes: ["revision"].into(), ..Unrecorded::default() };
        let recent = r#"@id("a") permit (principal, action, resource)
            when { context has revision && context.revision like "2026*" };"#;
        check(recent, &sample, &revision, Err("`revision`"));
        check(SMALL, &sample, &revision, Ok(Effect::Deny));
    }
}
