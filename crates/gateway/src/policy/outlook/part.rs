//! Each policy's part in an outlook: it applies, it does not, or on which condition.

use std::collections::BTreeSet;
use std::sync::Arc;

use cedar_policy::pst::{
    BinaryOp, Clause as CedarClause, EntityOrSlot, EntityUID, Expr, Literal, PrincipalConstraint,
    ResourceConstraint, Var,
};

use super::When;
use super::fact::Facts;
use super::reduce::{Reduced, Term, and, not, reduce};
use super::word;
use crate::policy::need::{Need, Wanted};
use crate::policy::source::Policy;

/// A policy with its conditions taken apart.
#[derive(Debug)]
pub(super) struct Prepared<'a> {
    pub(super) policy: &'a Policy,
    /// Its place in the set.
    index: usize,
    need: Need,
    /// What its scope requires of the principal and the resource.
    scope: Vec<Expr>,
    /// The same without types: what leads to its part of the index.
    way: Vec<Expr>,
    conditions: Vec<CedarClause>,
    /// It could not be taken apart.
    opaque: bool,
}

impl<'a> Prepared<'a> {
    pub(super) fn new((index, policy): (usize, &'a Policy)) -> Self {
        let mut prepared = Self {
            policy,
            index,
            need: Need::of(&policy.cedar),
            scope: Vec::new(),
            way: Vec::new(),
            conditions: Vec::new(),
            opaque: false,
        };
        match policy.cedar.to_pst() {
            Ok(parsed) => {
                let body = parsed.body();
                prepared.principal(&body.principal);
                prepared.resource(&body.resource);
                prepared.conditions.clone_from(body.clauses());
            }
            // Cannot happen for a policy that was parsed; a condition that nobody can tell is the safe answer.
            Err(_) => prepared.opaque = true,
        }
        prepared
    }

    fn principal(&mut self, constraint: &PrincipalConstraint) {
        let var = || Arc::new(Expr::Var(Var::Principal));
        match constraint {
            PrincipalConstraint::Any => {}
            PrincipalConstraint::Is(ty) => {
                self.scope.push(Expr::Is { expr: var(), entity_type: ty.clone(), in_expr: None });
            }
            PrincipalConstraint::Eq(to) => self.related(var(), BinaryOp::Eq, to),
            PrincipalConstraint::In(to) => self.related(var(), BinaryOp::In, to),
            PrincipalConstraint::IsIn(ty, to) => {
                self.scope.push(Expr::Is { expr: var(), entity_type: ty.clone(), in_expr: None });
                self.related(var(), BinaryOp::In, to);
            }
        }
    }

    fn resource(&mut self, constraint: &ResourceConstraint) {
        let var = || Arc::new(Expr::Var(Var::Resource));
        match constraint {
            ResourceConstraint::Any => {}
            ResourceConstraint::Is(ty) => {
                self.scope.push(Expr::Is { expr: var(), entity_type: ty.clone(), in_expr: None });
            }
            ResourceConstraint::Eq(to) => self.related(var(), BinaryOp::Eq, to),
            ResourceConstraint::In(to) => self.related(var(), BinaryOp::In, to),
            ResourceConstraint::IsIn(ty, to) => {
                self.scope.push(Expr::Is { expr: var(), entity_type: ty.clone(), in_expr: None });
                self.related(var(), BinaryOp::In, to);
            }
        }
    }

    fn related(&mut self, left: Arc<Expr>, op: BinaryOp, to: &EntityOrSlot) {
        let EntityOrSlot::Entity(uid) = to else {
            self.opaque = true;
            return;
        };
        let right = |uid: &EntityUID| Arc::new(Expr::Literal(Literal::EntityUID(uid.clone())));
        self.way.push(Expr::BinaryOp { op: BinaryOp::In, left: left.clone(), right: right(uid) });
        self.scope.push(Expr::BinaryOp { op, left, right: right(uid) });
    }

    /// Whether it makes the gateway take the resource's address apart.
    pub(super) fn compares_address(&self, facts: &Facts) -> bool {
        let wanted = Wanted::new([&self.need]);
        ["scheme", "host", "path"].iter().any(|name| wanted.has(name))
            && self.way.iter().all(|step| reduce(step, facts).term != Term::Bool(false))
    }

    /// Whether the question fits it.
    fn applies(&self, facts: &Facts) -> Reduced {
        if self.opaque {
            let name = self.policy.id.as_str().into();
            let rest = Arc::new(Expr::Unknown { name });
            return Reduced { term: Term::Open, rest, fails: true };
        }
        let mut whole = Reduced::bool(true);
        for part in &self.scope {
            whole = and(whole, || reduce(part, facts));
        }
        for clause in &self.conditions {
            whole = and(whole, || match clause {
                CedarClause::When(condition) => reduce(condition, facts),
                CedarClause::Unless(condition) => not(reduce(condition, facts)),
            });
        }
        whole
    }
}

/// A policy that applies, or may.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    /// Its place in the set.
    index: usize,
    id: String,
    /// On which condition; `None`: in any case.
    rest: Option<Arc<Expr>>,
    fails: bool,
    reads_statement: bool,
}

/// All policies that apply, or may, as things stand or once people agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stage {
    permits: Vec<Part>,
    forbids: Vec<Part>,
    /// Some policy cannot be evaluated whatever the rest of the question is.
    failed: bool,
}

impl Stage {
    pub(super) fn of(policies: &[&Prepared<'_>], facts: &Facts) -> Self {
        let mut stage = Self { permits: Vec::new(), forbids: Vec::new(), failed: false };
        for policy in policies {
            let Reduced { term, rest, fails } = policy.applies(facts);
            let rest = match term {
                Term::Bool(false) => continue,
                Term::Error => {
                    stage.failed = true;
                    continue;
                }
                Term::Bool(true) => None,
                _ => Some(rest),
            };
            let reads_statement = Wanted::new([&policy.need]).has("statement");
            let id = policy.policy.id.clone();
            let part = Part { index: policy.index, id, rest, fails, reads_statement };
            if policy.permits() { stage.permits.push(part) } else { stage.forbids.push(part) }
        }
        stage
    }

    /// Whether some policy cannot be evaluated, in any case.
    pub(super) fn fails(&self) -> bool {
        self.failed
    }

    /// Ids of the policies that cannot be evaluated for some values.
    pub(super) fn fallible(&self) -> impl Iterator<Item = &str> {
        self.parts().filter(|part| part.fails).map(|part| part.id.as_str())
    }

    /// When it allows, as long as the stage `before`, which is asked first, does not fail.
    pub(super) fn allows_after(&self, before: Option<&Self>) -> When {
        let certain = |part: &Part| part.rest.is_none();
        if self.failed || self.permits.is_empty() || self.forbids.iter().any(certain) {
            return When::Never;
        }
        let permitted = self.permits.iter().any(certain);
        let fallible: BTreeSet<&str> =
            self.fallible().chain(before.into_iter().flat_map(Self::fallible)).collect();
        let fallible: Vec<String> = fallible.into_iter().map(str::to_owned).collect();
        if permitted && self.forbids.is_empty() && fallible.is_empty() {
            return When::Always;
        }
        let clauses = |parts: &[Part]| parts.iter().filter_map(clause).collect();
        let permits = if permitted { Vec::new() } else { clauses(&self.permits) };
        When::If(Condition { permits, forbids: clauses(&self.forbids), fallible })
    }

    /// When it allows.
    pub(super) fn allows(&self) -> When {
        self.allows_after(None)
    }

    pub(super) fn reads_statement(&self) -> bool {
        self.parts().any(|part| part.reads_statement)
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.permits.iter().chain(&self.forbids)
    }

    /// Ids of the policies that may permit; with [`Certainty::Certain`], only of those that do in any case.
    pub(super) fn permits(&self, certainty: Certainty) -> impl Iterator<Item = &str> {
        named(&self.permits, certainty)
    }

    /// Ids of the policies that may forbid; with [`Certainty::Certain`], only of those that do in any case.
    pub(super) fn forbids(&self, certainty: Certainty) -> impl Iterator<Item = &str> {
        named(&self.forbids, certainty)
    }

    /// Places of the policies that permit, or may.
    pub(super) fn permitting(&self) -> impl Iterator<Item = usize> {
        self.permits.iter().map(|part| part.index)
    }

    /// Places of the policies that forbid, or may.
    pub(super) fn forbidding(&self) -> impl Iterator<Item = usize> {
        self.forbids.iter().map(|part| part.index)
    }
}

fn clause(part: &Part) -> Option<Clause> {
    let rest = part.rest.clone()?;
    Some(Clause { policy: part.id.clone(), words: word::say(&rest), rest })
}

fn named(parts: &[Part], certainty: Certainty) -> impl Iterator<Item = &str> {
    let wanted = move |part: &&Part| certainty == Certainty::Possible || part.rest.is_none();
    parts.iter().filter(wanted).map(|part| part.id.as_str())
}

/// Which policies are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Certainty {
    /// Those that apply in any case.
    Certain,
    /// Those that may apply.
    Possible,
}

/// The condition on which one policy applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Its id.
    pub policy: String,
    /// The condition, in words.
    pub words: String,
    pub(super) rest: Arc<Expr>,
}

/// When something is allowed that is neither always allowed nor never.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// One of these must apply; none are named when one applies in any case.
    pub permits: Vec<Clause>,
    /// None of these may apply.
    pub forbids: Vec<Clause>,
    /// Ids of policies that cannot be evaluated for some values, which denies.
    pub fallible: Vec<String>,
}

impl Condition {
    /// The condition, to follow a verb: `if ..., unless ...`.
    pub fn words(&self) -> String {
        let one_of = |clauses: &[Clause]| {
            let mut words: Vec<&str> = clauses.iter().map(|clause| clause.words.as_str()).collect();
            words.dedup();
            if let [one] = words.as_slice() {
                return (*one).to_owned();
            }
            words.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" or ")
        };
        let mut said = Vec::new();
        if !self.permits.is_empty() {
            said.push(format!("if {}", one_of(&self.permits)));
        }
        if !self.forbids.is_empty() {
            said.push(format!("unless {}", one_of(&self.forbids)));
        }
        if !self.fallible.is_empty() {
            said.push(format!("provided that {} can be evaluated", self.fallible.join(", ")));
        }
        said.join(", ")
    }
}
