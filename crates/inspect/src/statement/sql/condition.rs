//! Whether a condition restricts anything. `WHERE 1=1` does not.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, InTarget, Query, SelectItem, SetExpr, TableFactor, UnaryOperator, Value, Visit,
    Visitor,
};

mod around;
mod shape;

pub(super) use around::Around;
use shape::{
    bare, boolean, column, is_any_expression, is_any_pattern, is_beyond_keys, is_condition, is_filled,
    is_key, is_size, number, same, text,
};

/// How deep it is looked for what can never be null.
const FILLED_DEPTH_MAX: usize = 8;

/// What a condition comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// True for every row, or decided by no row.
    Always,
    /// True for no row.
    Never,
    /// Depends on the row.
    Depends,
}

/// The same, while its parts are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Always,
    Never,
    /// The same for every row, but not known.
    Alike,
    Depends,
}

/// Work still to do: expressions to look at, and what to make of the last results.
enum Step<'a> {
    Look(&'a Expr),
    And,
    Or,
    Not,
}

/// What a condition comes to. Iterative: conditions are long chains. Errs towards [`Truth::Always`] where no column is
/// named, and towards [`Truth::Depends`] elsewhere: it knows the obvious tautologies only.
pub(super) fn truth(condition: &Expr, around: &Around) -> Truth {
    match part(condition, around) {
        Part::Always | Part::Alike => Truth::Always,
        Part::Never => Truth::Never,
        Part::Depends => Truth::Depends,
    }
}

fn part(condition: &Expr, around: &Around) -> Part {
    let mut steps = vec![Step::Look(condition)];
    let mut results = Vec::new();
    while let Some(step) = steps.pop() {
        match step {
            Step::Look(expression) => look(expression, around, &mut steps, &mut results),
            Step::Not => {
                if let Some(last) = results.last_mut() {
                    *last = negated(*last);
                }
            }
            Step::And | Step::Or => {
                let second = results.pop().unwrap_or(Part::Depends);
                let first = results.pop().unwrap_or(Part::Depends);
                let both =
                    if matches!(step, Step::And) { both(first, second) } else { either(first, second) };
                results.push(both);
            }
        }
    }
    results.pop().unwrap_or(Part::Depends)
}

fn look<'a>(expression: &'a Expr, around: &Around, steps: &mut Vec<Step<'a>>, results: &mut Vec<Part>) {
    match expression {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            steps.extend([Step::And, Step::Look(right), Step::Look(left)]);
        }
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
            if complements(left, right) {
                results.push(Part::Always);
            } else {
                steps.extend([Step::Or, Step::Look(right), Step::Look(left)]);
            }
        }
        // `(id = id) = true`
        Expr::BinaryOp { left, op: op @ (BinaryOperator::Eq | BinaryOperator::NotEq), right }
            if is_condition(left) && boolean(right).is_some() =>
        {
            if boolean(right) == Some(*op == BinaryOperator::NotEq) {
                steps.push(Step::Not);
            }
            steps.push(Step::Look(left));
        }
        Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr } => {
            steps.extend([Step::Not, Step::Look(expr)]);
        }
        Expr::IsFalse(inner) | Expr::IsNotTrue(inner) if is_condition(inner) => {
            steps.extend([Step::Not, Step::Look(inner)]);
        }
        Expr::IsNotFalse(inner) if is_condition(inner) => steps.push(Step::Look(inner)),
        Expr::Nested(inner) | Expr::IsTrue(inner) => steps.push(Step::Look(inner)),
        _ => results.push(leaf(expression, around)),
    }
}

fn negated(part: Part) -> Part {
    match part {
        Part::Always => Part::Never,
        Part::Never => Part::Always,
        other => other,
    }
}

fn both(first: Part, second: Part) -> Part {
    match (first, second) {
        (Part::Never, _) | (_, Part::Never) => Part::Never,
        (Part::Always, other) | (other, Part::Always) => other,
        (Part::Alike, other) | (other, Part::Alike) => other,
        _ => Part::Depends,
    }
}

fn either(first: Part, second: Part) -> Part {
    match (first, second) {
        (Part::Always, _) | (_, Part::Always) => Part::Always,
        (Part::Alike, _) | (_, Part::Alike) => Part::Alike,
        (Part::Never, other) | (other, Part::Never) => other,
        _ => Part::Depends,
    }
}

/// A condition without `AND`, `OR` and `NOT`.
fn leaf(expression: &Expr, around: &Around) -> Part {
    if let Some(constant) = constant(expression, around) {
        return constant;
    }
    match expression {
        Expr::BinaryOp { left, op, right } => comparison(left, op, right),
        Expr::Like { negated: false, expr, pattern, .. }
        | Expr::ILike { negated: false, expr, pattern, .. }
        | Expr::SimilarTo { negated: false, expr, pattern, .. } => {
            always_if(is_any_pattern(pattern, b'%') || same(expr, pattern))
        }
        Expr::RLike { negated: false, expr, pattern, .. } => {
            always_if(is_any_expression(pattern) || same(expr, pattern))
        }
        Expr::Between { negated: false, expr, low, high } => always_if(same(expr, low) && same(expr, high)),
        Expr::In { expr, target: InTarget::List(list), negated: false, .. } => {
            always_if(list.iter().any(|item| same(item, expr)))
        }
        Expr::In { expr, target: InTarget::Subquery(query), negated: false, .. } => {
            always_if(lists_all(expr, query, around))
        }
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => match bare(right) {
            Expr::Subquery(query) => always_if(lists_all(left, query, around)),
            _ => Part::Depends,
        },
        Expr::IsNotDistinctFrom(left, right) => always_if(same(left, right)),
        Expr::IsDistinctFrom(left, right) if same(left, right) => Part::Never,
        Expr::IsNotNull(expr) | Expr::IsNotUnknown(expr) => {
            let whole = column(expr).is_some_and(|column| around.is_target(&column));
            always_if(whole || is_filled(expr, FILLED_DEPTH_MAX))
        }
        Expr::IsNull(expr) | Expr::IsUnknown(expr) if is_key(expr) => Part::Never,
        Expr::Case { operand, conditions, else_result, .. } => {
            let cases = conditions.iter().map(|case| (&case.condition, &case.result));
            choice(operand.is_none(), cases, else_result.as_deref(), around)
        }
        other => always_if(is_key(other)),
    }
}

/// `CASE WHEN ... THEN ... ELSE ... END`; with a value behind `CASE`, nothing is known of its conditions.
fn choice<'a>(
    searched: bool,
    cases: impl Iterator<Item = (&'a Expr, &'a Expr)>,
    otherwise: Option<&Expr>,
    around: &Around,
) -> Part {
    let mut all = None;
    let mut join =
        |result: Part| all = Some(all.map_or(result, |all| if all == result { all } else { Part::Depends }));
    for (condition, result) in cases {
        match part(condition, around) {
            Part::Never if searched => {}
            Part::Always if searched => {
                join(part(result, around));
                return all.unwrap_or(Part::Depends);
            }
            _ => join(part(result, around)),
        }
    }
    join(otherwise.map_or(Part::Never, |result| part(result, around)));
    all.unwrap_or(Part::Depends)
}

/// `x IN (SELECT x FROM t)`, in a change of `t` itself.
fn lists_all(expression: &Expr, query: &Query, around: &Around) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let ([SelectItem::UnnamedExpr(item)], [from]) = (select.projection.as_slice(), select.from.as_slice())
    else {
        return false;
    };
    let whole = query.with.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && select.selection.as_ref().is_none_or(|only| part(only, around) == Part::Always)
        && select.having.is_none()
        && select.qualify.is_none()
        && select.top.is_none()
        && from.joins.is_empty();
    let own = matches!(&from.relation, TableFactor::Table { name, sample: None, .. }
        if around.is_target(&super::name::last(name)));
    whole && own && column(item).is_some() && column(item) == column(expression)
}

/// What an expression without any column comes to.
fn constant(expression: &Expr, around: &Around) -> Option<Part> {
    if mentions_rows(expression, around) {
        return None;
    }
    let known = match expression {
        Expr::Value(value) => match &value.value {
            Value::Boolean(value) => Some(*value),
            Value::Null => Some(false),
            Value::Number(number, _) => number.parse().ok().map(|number: f64| number != 0.0),
            _ => None,
        },
        Expr::BinaryOp { left, op, right } => compare(left, op, right),
        _ => None,
    };
    Some(match known {
        Some(true) => Part::Always,
        Some(false) => Part::Never,
        None => Part::Alike,
    })
}

fn comparison(left: &Expr, op: &BinaryOperator, right: &Expr) -> Part {
    let (reflexive, irreflexive) = match op {
        BinaryOperator::Eq
        | BinaryOperator::GtEq
        | BinaryOperator::LtEq
        | BinaryOperator::Spaceship
        | BinaryOperator::Is => (true, false),
        BinaryOperator::NotEq | BinaryOperator::Lt | BinaryOperator::Gt | BinaryOperator::IsNot => {
            (false, true)
        }
        BinaryOperator::Glob => return always_if(is_any_pattern(right, b'*')),
        BinaryOperator::PGLikeMatch | BinaryOperator::PGILikeMatch => {
            return always_if(is_any_pattern(right, b'%'));
        }
        BinaryOperator::Regexp | BinaryOperator::PGRegexMatch | BinaryOperator::PGRegexIMatch => {
            return always_if(is_any_expression(right));
        }
        _ => (false, false),
    };
    if (reflexive || irreflexive) && same(left, right) {
        return if reflexive { Part::Always } else { Part::Never };
    }
    // `id - id = 0`
    if let (BinaryOperator::Eq, Expr::BinaryOp { left: one, op: BinaryOperator::Minus, right: other }) =
        (op, bare(left))
        && number(right) == Some(0.0)
        && same(one, other)
    {
        return Part::Always;
    }
    // Keys count from one, lengths from nought.
    let bound = number(right);
    let natural = is_key(left) || is_size(left);
    let open = match op {
        BinaryOperator::Gt => bound.is_some_and(|bound| bound < 0.0 || bound == 0.0 && is_key(left)),
        BinaryOperator::GtEq => bound.is_some_and(|bound| bound <= 0.0 || bound <= 1.0 && is_key(left)),
        BinaryOperator::Lt | BinaryOperator::LtEq => is_key(left) && bound.is_some_and(is_beyond_keys),
        BinaryOperator::NotEq => {
            bound.is_some_and(|bound| bound < 0.0 || bound == 0.0 && is_key(left))
                || is_key(left) && text(right) == Some("")
        }
        _ => false,
    };
    always_if(natural && open)
}

fn always_if(always: bool) -> Part {
    if always { Part::Always } else { Part::Depends }
}

/// Whether two conditions are each other's opposite, one of which is always true.
fn complements(left: &Expr, right: &Expr) -> bool {
    match (bare(left), bare(right)) {
        (Expr::IsNull(first), Expr::IsNotNull(second)) | (Expr::IsNotNull(first), Expr::IsNull(second)) => {
            same(first, second)
        }
        (Expr::UnaryOp { op: UnaryOperator::Not, expr }, other)
        | (other, Expr::UnaryOp { op: UnaryOperator::Not, expr }) => same(expr, other),
        (
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right },
            Expr::BinaryOp { left: other_left, op: BinaryOperator::NotEq, right: other_right },
        )
        | (
            Expr::BinaryOp { left, op: BinaryOperator::NotEq, right },
            Expr::BinaryOp { left: other_left, op: BinaryOperator::Eq, right: other_right },
        ) => same(left, other_left) && same(right, other_right),
        _ => false,
    }
}

fn compare(left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<bool> {
    let order = match (number(left), number(right)) {
        (Some(left), Some(right)) => left.partial_cmp(&right)?,
        _ => text(left)?.cmp(text(right)?),
    };
    match op {
        BinaryOperator::Eq => Some(order.is_eq()),
        BinaryOperator::NotEq => Some(order.is_ne()),
        BinaryOperator::Lt => Some(order.is_lt()),
        BinaryOperator::LtEq => Some(order.is_le()),
        BinaryOperator::Gt => Some(order.is_gt()),
        BinaryOperator::GtEq => Some(order.is_ge()),
        _ => None,
    }
}

/// Whether a column is named that a row of the table may decide.
fn mentions_rows(expression: &Expr, around: &Around) -> bool {
    struct Rows {
        /// Tables that are read beside the one that is changed.
        others: Vec<String>,
    }
    impl Visitor for Rows {
        type Break = ();
        fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
            let decides = match expression {
                Expr::CompoundIdentifier(names) => match names.as_slice() {
                    [.., table, _] => !self.others.contains(&table.value.to_lowercase()),
                    _ => true,
                },
                // Of what is no name behind a dot, no dialect says what it is.
                Expr::Identifier(_) | Expr::MatchAgainst { .. } | Expr::CompoundFieldAccess { .. } => true,
                _ => false,
            };
            if decides { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    if matches!(expression, Expr::Identifier(_)) {
        return true;
    }
    let others = around.with_queries_of(expression);
    expression.visit(&mut Rows { others }).is_break()
}
