//! The shape of expressions in conditions: what is a number, a column that names every row, a pattern that fits anything.

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator, Value,
    ValueWithSpan,
};

/// Keys that are numbers end here, as far as most tables go.
const KEY_MAX: f64 = 2_147_483_647.0;

/// Whether two expressions are the same but for the case of letters, which most databases overlook in names.
pub(super) fn same(left: &Expr, right: &Expr) -> bool {
    let (left, right) = (neutral(left), neutral(right));
    let alike = std::mem::discriminant(left) == std::mem::discriminant(right);
    alike && (left == right || left.to_string().eq_ignore_ascii_case(&right.to_string()))
}

/// Without the parentheses around it.
pub(super) fn bare(mut expression: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expression {
        expression = inner;
    }
    expression
}

pub(super) fn number(expression: &Expr) -> Option<f64> {
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

pub(super) fn text(expression: &Expr) -> Option<&str> {
    match bare(expression) {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => Some(text),
        _ => None,
    }
}

/// Whether it is a column that by its name numbers or names every row.
pub(super) fn is_key(expression: &Expr) -> bool {
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
pub(super) fn is_size(expression: &Expr) -> bool {
    let Expr::Function(function) = bare(expression) else { return false };
    let sizes = ["length", "char_length", "character_length", "octet_length", "len", "datalength", "abs"];
    sizes.contains(&super::super::name::last(&function.name).as_str())
}

/// Whether no key of a row is as large.
pub(super) fn is_beyond_keys(number: f64) -> bool {
    number >= KEY_MAX
}

/// Without what changes nothing: brackets, `+ 0`, `* 1`, `|| ''`.
fn neutral(mut expression: &Expr) -> &Expr {
    loop {
        expression = bare(expression);
        let Expr::BinaryOp { left, op, right } = expression else { return expression };
        let (one, other) = (number(left), number(right));
        expression = match op {
            BinaryOperator::Plus | BinaryOperator::Minus if other == Some(0.0) => left,
            BinaryOperator::Plus if one == Some(0.0) => right,
            BinaryOperator::Multiply | BinaryOperator::Divide if other == Some(1.0) => left,
            BinaryOperator::Multiply if one == Some(1.0) => right,
            BinaryOperator::StringConcat if text(right) == Some("") => left,
            BinaryOperator::StringConcat if text(left) == Some("") => right,
            _ => return expression,
        };
    }
}

/// A column's own name, in lower case.
pub(super) fn column(expression: &Expr) -> Option<String> {
    match bare(expression) {
        Expr::Identifier(name) => Some(name.value.to_lowercase()),
        Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.to_lowercase()),
        _ => None,
    }
}

/// What is written as true or false.
pub(super) fn boolean(expression: &Expr) -> Option<bool> {
    match bare(expression) {
        Expr::Value(ValueWithSpan { value: Value::Boolean(value), .. }) => Some(*value),
        other => match number(other) {
            Some(1.0) => Some(true),
            Some(0.0) => Some(false),
            _ => None,
        },
    }
}

/// Whether it is a condition by its form, not a column or a value that may be true.
pub(super) fn is_condition(expression: &Expr) -> bool {
    match bare(expression) {
        Expr::BinaryOp { op, .. } => matches!(
            op,
            BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::Lt
                | BinaryOperator::LtEq
                | BinaryOperator::Gt
                | BinaryOperator::GtEq
                | BinaryOperator::Spaceship
                | BinaryOperator::And
                | BinaryOperator::Or
        ),
        Expr::UnaryOp { op: UnaryOperator::Not, .. }
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::In { .. }
        | Expr::Between { .. }
        | Expr::Exists { .. }
        | Expr::Like { .. } => true,
        _ => false,
    }
}

/// Whether it can never be null: a key, a value, or what is put together from such. `depth` ends the search.
pub(super) fn is_filled(expression: &Expr, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match bare(expression) {
        Expr::Value(value) => value.value != Value::Null,
        Expr::BinaryOp { left, right, .. } => is_filled(left, depth) && is_filled(right, depth),
        Expr::Function(function) => {
            let fills = ["coalesce", "ifnull", "isnull", "nvl"];
            let FunctionArguments::List(list) = &function.args else { return false };
            let filled = |argument: &FunctionArg| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) => is_filled(argument, depth),
                _ => false,
            };
            fills.contains(&super::super::name::last(&function.name).as_str()) && list.args.iter().any(filled)
        }
        other => is_key(other),
    }
}

/// Whether every text has what this regular expression looks for.
pub(super) fn is_any_expression(pattern: &Expr) -> bool {
    let Some(pattern) = text(pattern) else { return false };
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    matches!(pattern, "" | ".*" | ".*?" | "(.*)" | "(.*?)" | "(?s).*")
}

/// Whether every text is of this pattern, whose sign for any text is `wild`.
pub(super) fn is_any_pattern(pattern: &Expr, wild: u8) -> bool {
    text(pattern).is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte == wild))
}
