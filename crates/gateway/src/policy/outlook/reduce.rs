//! An expression of Cedar, as far as it can be evaluated with what is known. What is left is an expression again.
//!
//! INVARIANT: where this answers a value, Cedar answers the same for every question that fits the facts; where it says
//! that an expression never fails, Cedar never fails on it. Whatever is not certain stays open. Policies were
//! validated in strict mode, so optional attributes and tags are read only behind a guard that they are there.

use std::sync::Arc;

use cedar_policy as cedar;
use cedar_policy::pst::{BinaryOp, EntityUID, Expr, Literal, PatternElem, UnaryOp, Var};

use super::fact::{Entity, Facts};

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    Bool(bool),
    Long(i64),
    Text(String),
    Entity(EntityUID),
    Set(Vec<Term>),
    /// A part of the question whose value is not known, or that is no plain value.
    Symbol(String),
    /// Anything else.
    Open,
    /// Evaluating it is an error.
    Error,
}

/// An expression that was evaluated as far as possible.
#[derive(Debug, Clone)]
pub(super) struct Reduced {
    pub(super) term: Term,
    /// What is left of it.
    pub(super) rest: Arc<Expr>,
    /// Whether evaluating it may be an error.
    pub(super) fails: bool,
}

impl Reduced {
    fn known(term: Term) -> Self {
        let rest = Arc::new(term.expression().unwrap_or(Expr::Literal(Literal::Bool(false))));
        Self { term, rest, fails: false }
    }

    fn open(rest: Expr, fails: bool) -> Self {
        Self { term: Term::Open, rest: Arc::new(rest), fails }
    }

    fn error(rest: &Expr) -> Self {
        Self { term: Term::Error, rest: Arc::new(rest.clone()), fails: true }
    }

    pub(super) fn bool(value: bool) -> Self {
        Self::known(Term::Bool(value))
    }

    fn is(&self, value: bool) -> bool {
        self.term == Term::Bool(value)
    }
}

impl Term {
    /// The literal of a value.
    fn expression(&self) -> Option<Expr> {
        Some(match self {
            Self::Bool(value) => Expr::Literal(Literal::Bool(*value)),
            Self::Long(value) => Expr::Literal(Literal::Long(*value)),
            Self::Text(value) => Expr::Literal(Literal::String(value.as_str().into())),
            Self::Entity(uid) => Expr::Literal(Literal::EntityUID(uid.clone())),
            Self::Set(members) => Expr::Set(
                members.iter().map(|member| member.expression().map(Arc::new)).collect::<Option<Vec<_>>>()?,
            ),
            Self::Symbol(_) | Self::Open | Self::Error => return None,
        })
    }

    fn is_value(&self) -> bool {
        !matches!(self, Self::Symbol(_) | Self::Open | Self::Error)
    }
}

/// Evaluates `expression` with `facts`.
pub(super) fn reduce(expression: &Expr, facts: &Facts) -> Reduced {
    match expression {
        Expr::Literal(literal) => Reduced::known(literal_term(literal)),
        Expr::Var(var) => {
            let symbol = Term::Symbol(name(var).to_owned());
            Reduced { term: symbol, rest: Arc::new(expression.clone()), fails: false }
        }
        Expr::UnaryOp { op, expr } => unary(*op, reduce(expr, facts), facts),
        Expr::BinaryOp { op: BinaryOp::And, left, right } => {
            and(reduce(left, facts), || reduce(right, facts))
        }
        Expr::BinaryOp { op: BinaryOp::Or, left, right } => or(reduce(left, facts), || reduce(right, facts)),
        Expr::BinaryOp { op, left, right } => binary(*op, reduce(left, facts), reduce(right, facts), facts),
        Expr::GetAttr { expr, attr } => attribute(reduce(expr, facts), attr.as_str(), facts),
        Expr::HasAttr { expr, attrs } => {
            let base = reduce(expr, facts);
            match has(&base, attrs.iter(), facts) {
                Some(value) => Reduced::bool(value),
                None => {
                    Reduced::open(Expr::HasAttr { expr: base.rest.clone(), attrs: attrs.clone() }, base.fails)
                }
            }
        }
        Expr::Like { expr, pattern } => {
            let text = reduce(expr, facts);
            match &text.term {
                Term::Text(value) => Reduced::bool(like(value, pattern)),
                Term::Error => Reduced::error(expression),
                _ => Reduced::open(
                    Expr::Like { expr: text.rest.clone(), pattern: pattern.clone() },
                    text.fails,
                ),
            }
        }
        Expr::Is { expr, entity_type, in_expr } => {
            let base = reduce(expr, facts);
            let is = is(&base, &entity_type.to_string(), expression, facts);
            match in_expr {
                None => is,
                Some(within) => and(is, || binary(BinaryOp::In, base.clone(), reduce(within, facts), facts)),
            }
        }
        Expr::IfThenElse { cond, then_expr, else_expr } => {
            let cond = reduce(cond, facts);
            match cond.term {
                Term::Bool(true) => reduce(then_expr, facts),
                Term::Bool(false) => reduce(else_expr, facts),
                Term::Error => Reduced::error(expression),
                _ => {
                    let (yes, no) = (reduce(then_expr, facts), reduce(else_expr, facts));
                    if !cond.fails && yes.term.is_value() && yes.term == no.term {
                        return yes;
                    }
                    let fails = cond.fails || yes.fails || no.fails;
                    let rest = Expr::IfThenElse { cond: cond.rest, then_expr: yes.rest, else_expr: no.rest };
                    Reduced::open(rest, fails)
                }
            }
        }
        Expr::Set(members) => set(members.iter().map(|member| reduce(member, facts)).collect()),
        Expr::Record(_) => Reduced::open(expression.clone(), may_fail(expression)),
        // What a newer Cedar may add is left alone, and may fail.
        _ => Reduced::open(expression.clone(), true),
    }
}

/// `left && right`, as Cedar evaluates it: from the left, and no further than needed.
pub(super) fn and(left: Reduced, right: impl FnOnce() -> Reduced) -> Reduced {
    join(BinaryOp::And, false, left, right)
}

/// `left || right`.
pub(super) fn or(left: Reduced, right: impl FnOnce() -> Reduced) -> Reduced {
    join(BinaryOp::Or, true, left, right)
}

/// Both: `decides` is the value of one side that settles it.
fn join(op: BinaryOp, decides: bool, left: Reduced, right: impl FnOnce() -> Reduced) -> Reduced {
    if left.term == Term::Error || left.is(decides) {
        return left;
    }
    let right = right();
    if left.is(!decides) {
        return right;
    }
    if right.is(!decides) {
        return left;
    }
    if right.is(decides) && !left.fails {
        return right;
    }
    let fails = left.fails || right.fails;
    Reduced::open(Expr::BinaryOp { op, left: left.rest, right: right.rest }, fails)
}

/// `!value`.
pub(super) fn not(value: Reduced) -> Reduced {
    match (value.term, &*value.rest) {
        (Term::Bool(value), _) => Reduced::bool(!value),
        (Term::Error, _) => Reduced { term: Term::Error, rest: value.rest, fails: true },
        (_, Expr::UnaryOp { op: UnaryOp::Not, expr }) => {
            Reduced { term: Term::Open, rest: expr.clone(), fails: value.fails }
        }
        _ => Reduced::open(Expr::UnaryOp { op: UnaryOp::Not, expr: value.rest }, value.fails),
    }
}

fn unary(op: UnaryOp, value: Reduced, facts: &Facts) -> Reduced {
    let whole = |value: &Reduced| Expr::UnaryOp { op, expr: value.rest.clone() };
    match (op, &value.term) {
        (UnaryOp::Not, _) => not(value),
        (_, Term::Error) => Reduced::error(&whole(&value)),
        (UnaryOp::Neg, Term::Long(number)) => match number.checked_neg() {
            Some(number) => Reduced::known(Term::Long(number)),
            None => Reduced::error(&whole(&value)),
        },
        (UnaryOp::IsEmpty, Term::Set(members)) => Reduced::bool(members.is_empty()),
        // Validation has evaluated these.
        (UnaryOp::Decimal | UnaryOp::Ip | UnaryOp::Datetime | UnaryOp::Duration, Term::Text(_)) => {
            Reduced::open(whole(&value), false)
        }
        (UnaryOp::IsEmpty, Term::Symbol(path))
            if facts.members(path).is_some_and(|known| !known.is_empty()) =>
        {
            Reduced::bool(false)
        }
        _ => {
            let fails = value.fails || matches!(op, UnaryOp::Neg | UnaryOp::ToDate);
            settle(whole(&value), fails)
        }
    }
}

fn binary(op: BinaryOp, left: Reduced, right: Reduced, facts: &Facts) -> Reduced {
    let whole = |left: &Reduced, right: &Reduced| Expr::BinaryOp {
        op,
        left: left.rest.clone(),
        right: right.rest.clone(),
    };
    if left.term == Term::Error || right.term == Term::Error {
        // Of two sides that are both evaluated, either error is one of the whole.
        return Reduced::error(&whole(&left, &right));
    }
    let arithmetic = |result: Option<i64>| match result {
        Some(number) => Reduced::known(Term::Long(number)),
        None => Reduced::error(&whole(&left, &right)),
    };
    let known = match (op, &left.term, &right.term) {
        (BinaryOp::Eq, ..) => equal(&left.term, &right.term, facts).map(Reduced::bool),
        (BinaryOp::NotEq, ..) => equal(&left.term, &right.term, facts).map(|value| Reduced::bool(!value)),
        (BinaryOp::In, ..) => within(&left.term, &right.term, facts).map(Reduced::bool),
        (BinaryOp::Less, Term::Long(a), Term::Long(b)) => Some(Reduced::bool(a < b)),
        (BinaryOp::LessEq, Term::Long(a), Term::Long(b)) => Some(Reduced::bool(a <= b)),
        (BinaryOp::Greater, Term::Long(a), Term::Long(b)) => Some(Reduced::bool(a > b)),
        (BinaryOp::GreaterEq, Term::Long(a), Term::Long(b)) => Some(Reduced::bool(a >= b)),
        (BinaryOp::Add, Term::Long(a), Term::Long(b)) => Some(arithmetic(a.checked_add(*b))),
        (BinaryOp::Sub, Term::Long(a), Term::Long(b)) => Some(arithmetic(a.checked_sub(*b))),
        (BinaryOp::Mul, Term::Long(a), Term::Long(b)) => Some(arithmetic(a.checked_mul(*b))),
        (BinaryOp::Contains | BinaryOp::ContainsAll | BinaryOp::ContainsAny, ..) => {
            contains(op, &left.term, &right.term, facts).map(Reduced::bool)
        }
        _ => None,
    };
    // A value that does not depend on the sides stands only if they cannot fail.
    match known {
        Some(value) if !(left.fails || right.fails) => value,
        _ => {
            let arithmetic = matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul);
            let risky = arithmetic || matches!(op, BinaryOp::Offset | BinaryOp::DurationSince);
            let unguarded = op == BinaryOp::GetTag && !matches!(left.term, Term::Symbol(_));
            settle(whole(&left, &right), left.fails || right.fails || risky || unguarded)
        }
    }
}

/// Lets Cedar evaluate what has no part of the question left in it: dates, addresses, decimals.
fn settle(rest: Expr, fails: bool) -> Reduced {
    if !is_closed(&rest) {
        return Reduced::open(rest, fails);
    }
    match evaluate(&rest) {
        Some(Ok(cedar::EvalResult::Bool(value))) => Reduced::bool(value),
        Some(Ok(cedar::EvalResult::Long(value))) => Reduced::known(Term::Long(value)),
        // A date, an address: a value, and its expression says which.
        Some(Ok(_)) => Reduced::open(rest, false),
        Some(Err(_)) => Reduced::error(&rest),
        None => Reduced::open(rest, true),
    }
}

fn evaluate(closed: &Expr) -> Option<Result<cedar::EvalResult, cedar::EvaluationError>> {
    let nobody: cedar::EntityUid = "Human::\"\"".parse().ok()?;
    let context = cedar::Context::empty();
    let request = cedar::Request::new(nobody.clone(), nobody.clone(), nobody, context, None).ok()?;
    let parsed: cedar::Expression = closed.to_string().parse().ok()?;
    Some(cedar::eval_expression(&request, &cedar::Entities::empty(), &parsed))
}

fn is_closed(expression: &Expr) -> bool {
    let mentions = |part: &Expr| match part {
        Expr::Var(_) | Expr::Slot(_) | Expr::Unknown { .. } => Some(true),
        Expr::GetAttr { .. } | Expr::HasAttr { .. } | Expr::Is { .. } => Some(true),
        Expr::BinaryOp { op: BinaryOp::In | BinaryOp::HasTag | BinaryOp::GetTag, .. } => Some(true),
        _ => None,
    };
    !expression.reduce(&mentions, &|one, other| one || other, false)
}

fn may_fail(expression: &Expr) -> bool {
    let risky = |part: &Expr| match part {
        Expr::BinaryOp { op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, .. }
        | Expr::BinaryOp { op: BinaryOp::Offset | BinaryOp::DurationSince | BinaryOp::GetTag, .. }
        | Expr::UnaryOp { op: UnaryOp::Neg | UnaryOp::ToDate, .. } => Some(true),
        _ => None,
    };
    expression.reduce(&risky, &|one, other| one || other, false)
}

fn attribute(base: Reduced, attr: &str, facts: &Facts) -> Reduced {
    let rest = Expr::GetAttr { expr: base.rest.clone(), attr: attr.into() };
    match base.term {
        Term::Symbol(path) => {
            let path = format!("{path}.{attr}");
            match facts.value(&path) {
                Some(term) => Reduced::known(term),
                None => Reduced { term: Term::Symbol(path), rest: Arc::new(rest), fails: base.fails },
            }
        }
        Term::Error => Reduced::error(&rest),
        // Nothing is known of entities that a policy names: unless one is the principal, it is not there to be read.
        Term::Entity(_) => Reduced::open(rest, true),
        _ => Reduced::open(rest, base.fails),
    }
}

fn has<'n>(
    base: &Reduced,
    names: impl Iterator<Item = &'n (impl std::fmt::Display + 'n)>,
    facts: &Facts,
) -> Option<bool> {
    let Term::Symbol(path) = &base.term else { return None };
    if base.fails {
        return None;
    }
    let mut path = path.clone();
    for name in names {
        path = format!("{path}.{name}");
        if !facts.has(&path)? {
            return Some(false);
        }
    }
    Some(true)
}

fn is(base: &Reduced, wanted: &str, whole: &Expr, facts: &Facts) -> Reduced {
    let rest = || {
        let entity_type = match whole {
            Expr::Is { entity_type, .. } => entity_type.clone(),
            _ => return whole.clone(),
        };
        Expr::Is { expr: base.rest.clone(), entity_type, in_expr: None }
    };
    match &base.term {
        Term::Entity(uid) => Reduced::bool(uid.ty.to_string() == wanted),
        Term::Error => Reduced::error(whole),
        Term::Symbol(path) => match facts.entity(path).and_then(|entity| entity.is(wanted)) {
            Some(value) => Reduced::bool(value),
            None => Reduced::open(rest(), base.fails),
        },
        _ => Reduced::open(rest(), base.fails),
    }
}

fn set(members: Vec<Reduced>) -> Reduced {
    let fails = members.iter().any(|member| member.fails);
    let rest = Expr::Set(members.iter().map(|member| member.rest.clone()).collect());
    if members.iter().any(|member| member.term == Term::Error) {
        return Reduced::error(&rest);
    }
    if members.iter().all(|member| member.term.is_value()) {
        return Reduced::known(Term::Set(members.into_iter().map(|member| member.term).collect()));
    }
    Reduced::open(rest, fails)
}

fn equal(left: &Term, right: &Term, facts: &Facts) -> Option<bool> {
    match (left, right) {
        (Term::Symbol(path), Term::Entity(uid)) | (Term::Entity(uid), Term::Symbol(path)) => {
            facts.entity(path)?.same(uid)
        }
        // Sets are equal whatever their order, and however often a member is named.
        (Term::Set(left), Term::Set(right)) => Some(
            left.iter().all(|member| right.contains(member))
                && right.iter().all(|member| left.contains(member)),
        ),
        (left, right) if left.is_value() && right.is_value() => Some(left == right),
        _ => None,
    }
}

fn within(left: &Term, right: &Term, facts: &Facts) -> Option<bool> {
    let one = |uid: &EntityUID| match left {
        Term::Symbol(path) => facts.entity(path).and_then(|entity: &Entity| entity.within(uid)),
        // An entity is in itself. What else one that a policy names is in, is nowhere to be found.
        Term::Entity(own) if own == uid => Some(true),
        _ => None,
    };
    match right {
        Term::Entity(uid) => one(uid),
        Term::Set(members) => {
            let mut all_known = true;
            for member in members {
                let Term::Entity(uid) = member else { return None };
                match one(uid) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => all_known = false,
                }
            }
            all_known.then_some(false)
        }
        _ => None,
    }
}

fn contains(op: BinaryOp, left: &Term, right: &Term, facts: &Facts) -> Option<bool> {
    let in_part = |path: &str, wanted: &Term| facts.members(path).is_some_and(|known| known.contains(wanted));
    match (op, left, right) {
        (BinaryOp::Contains, Term::Set(members), wanted) if wanted.is_value() => {
            Some(members.contains(wanted))
        }
        (BinaryOp::Contains, Term::Set(members), _) if members.is_empty() => Some(false),
        (BinaryOp::Contains, Term::Symbol(path), wanted) if wanted.is_value() => {
            in_part(path, wanted).then_some(true)
        }
        (BinaryOp::ContainsAll, Term::Set(members), Term::Set(wanted)) => {
            Some(wanted.iter().all(|member| members.contains(member)))
        }
        (BinaryOp::ContainsAll, Term::Symbol(path), Term::Set(wanted)) => {
            wanted.iter().all(|member| in_part(path, member)).then_some(true)
        }
        (BinaryOp::ContainsAny, Term::Set(members), Term::Set(wanted)) => {
            Some(wanted.iter().any(|member| members.contains(member)))
        }
        (BinaryOp::ContainsAny, Term::Symbol(path), Term::Set(wanted)) => {
            wanted.iter().any(|member| in_part(path, member)).then_some(true)
        }
        _ => None,
    }
}

fn like(text: &str, pattern: &[PatternElem]) -> bool {
    let text: Vec<char> = text.chars().collect();
    // The text is matched up to `at`; on a mismatch the last wildcard takes one character more.
    let (mut at, mut next, mut back) = (0, 0, None);
    while at < text.len() {
        match pattern.get(next) {
            Some(PatternElem::Wildcard) => {
                back = Some((next + 1, at));
                next += 1;
            }
            Some(PatternElem::Char(wanted)) if text[at] == *wanted => {
                at += 1;
                next += 1;
            }
            _ => match back {
                Some((resume, taken)) => {
                    back = Some((resume, taken + 1));
                    (next, at) = (resume, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[next.min(pattern.len())..].iter().all(|part| *part == PatternElem::Wildcard)
}

fn literal_term(literal: &Literal) -> Term {
    match literal {
        Literal::Bool(value) => Term::Bool(*value),
        Literal::Long(value) => Term::Long(*value),
        Literal::String(value) => Term::Text(value.to_string()),
        Literal::EntityUID(uid) => Term::Entity(uid.clone()),
        _ => Term::Open,
    }
}

fn name(var: &Var) -> &'static str {
    match var {
        Var::Principal => "principal",
        Var::Action => "action",
        Var::Resource => "resource",
        Var::Context => "context",
    }
}
