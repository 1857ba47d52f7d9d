//! Whether a condition restricts anything. `WHERE 1=1` does not.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, InTarget, Query, SetExpr, TableFactor, UnaryOperator, Value, ValueWithSpan, Visit,
    Visitor,
};

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

/// Work still to do: expressions to look at, and what to make of the last results.
enum Step<'a> {
    Look(&'a Expr),
    And,
    Or,
    Not,
}

/// What a condition comes to. Iterative: conditions are long chains. Errs towards [`Truth::Always`] where no column is
/// named, and towards [`Truth::Depends`] elsewhere: it knows the obvious tautologies only.
pub(super) fn truth(condition: &Expr) -> Truth {
    let mut steps = vec![Step::Look(condition)];
    let mut results = Vec::new();
    while let Some(step) = steps.pop() {
        match step {
            Step::Look(expression) => look(expression, &mut steps, &mut results),
            Step::Not => {
                if let Some(last) = results.last_mut() {
                    *last = negated(*last);
                }
            }
            Step::And | Step::Or => {
                let second = results.pop().unwrap_or(Truth::Depends);
                let first = results.pop().unwrap_or(Truth::Depends);
                let both =
                    if matches!(step, Step::And) { both(first, second) } else { either(first, second) };
                results.push(both);
            }
        }
    }
    results.pop().unwrap_or(Truth::Depends)
}

fn look<'a>(expression: &'a Expr, steps: &mut Vec<Step<'a>>, results: &mut Vec<Truth>) {
    match expression {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            steps.extend([Step::And, Step::Look(right), Step::Look(left)]);
        }
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
            if complements(left, right) {
                results.push(Truth::Always);
            } else {
                steps.extend([Step::Or, Step::Look(right), Step::Look(left)]);
            }
        }
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => steps.extend([Step::Not, Step::Look(expr)]),
        Expr::Nested(inner) | Expr::IsTrue(inner) => steps.push(Step::Look(inner)),
        _ => results.push(leaf(expression)),
    }
}

fn negated(truth: Truth) -> Truth {
    match truth {
        Truth::Always => Truth::Never,
        Truth::Never => Truth::Always,
        Truth::Depends => Truth::Depends,
    }
}

fn both(first: Truth, second: Truth) -> Truth {
    match (first, second) {
        (Truth::Never, _) | (_, Truth::Never) => Truth::Never,
        (Truth::Always, other) | (other, Truth::Always) => other,
        _ => Truth::Depends,
    }
}

fn either(first: Truth, second: Truth) -> Truth {
    match (first, second) {
        (Truth::Always, _) | (_, Truth::Always) => Truth::Always,
        (Truth::Never, other) | (other, Truth::Never) => other,
        _ => Truth::Depends,
    }
}

/// A condition without `AND`, `OR` and `NOT`.
fn leaf(expression: &Expr) -> Truth {
    if let Some(constant) = constant(expression) {
        return constant;
    }
    match expression {
        Expr::BinaryOp { left, op, right } => comparison(left, op, right),
        Expr::Like { negated: false, expr, pattern, .. }
        | Expr::ILike { negated: false, expr, pattern, .. } => {
            let everything =
                text(pattern).is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte == b'%'));
            always_if(everything || same(expr, pattern))
        }
        Expr::Between { negated: false, expr, low, high } => always_if(same(expr, low) && same(expr, high)),
        Expr::In { expr, target: InTarget::List(list), negated: false, .. } => {
            always_if(list.iter().any(|item| same(item, expr)))
        }
        Expr::IsNotDistinctFrom(left, right) => always_if(same(left, right)),
        Expr::IsNotNull(expr) => always_if(is_key(expr)),
        _ => Truth::Depends,
    }
}

/// What an expression without any column comes to.
fn constant(expression: &Expr) -> Option<Truth> {
    if mentions_rows(expression) {
        return None;
    }
    let never = match expression {
        Expr::Value(value) => match &value.value {
            Value::Boolean(value) => !value,
            Value::Null => true,
            Value::Number(number, _) => number.parse() == Ok(0.0),
            _ => false,
        },
        Expr::BinaryOp { left, op, right } => compare(left, op, right) == Some(false),
        _ => false,
    };
    Some(if never { Truth::Never } else { Truth::Always })
}

fn comparison(left: &Expr, op: &BinaryOperator, right: &Expr) -> Truth {
    let reflexive = matches!(
        op,
        BinaryOperator::Eq | BinaryOperator::GtEq | BinaryOperator::LtEq | BinaryOperator::Spaceship
    );
    if reflexive && same(left, right) {
        return Truth::Always;
    }
    // Keys count from one, lengths from nought.
    let bound = number(right);
    let natural = is_key(left) || is_size(left);
    let open = match op {
        BinaryOperator::Gt => bound.is_some_and(|bound| bound < 0.0 || bound == 0.0 && is_key(left)),
        BinaryOperator::GtEq => bound.is_some_and(|bound| bound <= 0.0 || bound <= 1.0 && is_key(left)),
        BinaryOperator::NotEq => {
            bound.is_some_and(|bound| bound < 0.0 || bound == 0.0 && is_key(left))
                || is_key(left) && text(right) == Some("")
        }
        _ => false,
    };
    always_if(natural && open)
}

fn always_if(always: bool) -> Truth {
    if always { Truth::Always } else { Truth::Depends }
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

/// Whether two expressions are the same but for the case of letters, which most databases overlook in names.
fn same(left: &Expr, right: &Expr) -> bool {
    let (left, right) = (bare(left), bare(right));
    left == right || left.to_string().eq_ignore_ascii_case(&right.to_string())
}

/// Without the parentheses around it.
fn bare(mut expression: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expression {
        expression = inner;
    }
    expression
}

fn number(expression: &Expr) -> Option<f64> {
    match bare(expression) {
        Expr::Value(ValueWithSpan { value: Value::Number(number, _), .. }) => number.parse().ok(),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match bare(expr) {
            Expr::Value(ValueWithSpan { value: Value::Number(number, _), .. }) => {
                number.parse().ok().map(|number: f64| -number)
            }
            _ => None,
        },
        _ => None,
    }
}

fn text(expression: &Expr) -> Option<&str> {
    match bare(expression) {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => Some(text),
        _ => None,
    }
}

/// Whether it is a column that by its name numbers or names every row.
fn is_key(expression: &Expr) -> bool {
    let name = match bare(expression) {
        Expr::Identifier(name) => name,
        Expr::CompoundIdentifier(names) => match names.last() {
            Some(name) => name,
            None => return false,
        },
        _ => return false,
    };
    let keys = ["id", "_id", "rowid", "_rowid_", "oid", "ctid", "uuid", "guid", "pk"];
    keys.iter().any(|key| name.value.eq_ignore_ascii_case(key))
}

/// Whether it is a function whose answer is never negative.
fn is_size(expression: &Expr) -> bool {
    let Expr::Function(function) = bare(expression) else { return false };
    let sizes = ["length", "char_length", "character_length", "octet_length", "len", "datalength", "abs"];
    sizes.contains(&super::name::last(&function.name).as_str())
}

/// Whether a column or a table is named anywhere.
fn mentions_rows(expression: &Expr) -> bool {
    struct Rows;
    impl Visitor for Rows {
        type Break = ();
        fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
            match expression {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::MatchAgainst { .. } => {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
        fn pre_visit_table_factor(&mut self, _: &TableFactor) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            match query.body.as_ref() {
                SetExpr::Table(_) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expression.visit(&mut Rows).is_break()
}
