//! What is written as a number, a text or an operator.

use sqlparser::ast::{BinaryOperator, Expr, Value as Literal, ValueWithSpan};

use super::call::{bits, rest};
use super::value::{Comparison, Outcome, Stop, Value};

/// The value of a literal, where every dialect gives it the same.
pub(super) fn value(literal: &Literal) -> Option<Value> {
    Some(match literal {
        Literal::Number(number, _) => Value::Number(number.parse().ok()?),
        Literal::HexStringLiteral(digits) => {
            Value::Number(u32::from_str_radix(digits, 16).ok().map(f64::from)?)
        }
        Literal::SingleQuotedString(text)
        | Literal::DoubleQuotedString(text)
        | Literal::NationalStringLiteral(text) => Value::text(text),
        Literal::DollarQuotedString(text) => Value::text(&text.value),
        Literal::Boolean(truth) => Value::truth(*truth),
        Literal::Null => Value::Null,
        _ => return None,
    })
}

/// Without the parentheses around it.
fn bare(mut expression: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expression {
        expression = inner;
    }
    expression
}

/// What stands between quotes.
pub(super) fn text(expression: &Expr) -> Option<&str> {
    match bare(expression) {
        Expr::Value(ValueWithSpan {
            value: Literal::SingleQuotedString(text) | Literal::DoubleQuotedString(text),
            ..
        }) => Some(text),
        _ => None,
    }
}

/// The number that a literal is or begins with.
pub(super) fn leading(expression: &Expr) -> Option<f64> {
    match bare(expression) {
        Expr::Value(ValueWithSpan { value: Literal::Number(number, _), .. }) => number.parse().ok(),
        other => text(other)?.split_whitespace().next()?.parse().ok(),
    }
}

/// Whether it is `true` or `false`.
pub(super) fn is_boolean(expression: &Expr) -> bool {
    matches!(bare(expression), Expr::Value(ValueWithSpan { value: Literal::Boolean(_), .. }))
}

/// How an operator compares.
pub(super) fn comparison(op: &BinaryOperator) -> Option<Comparison> {
    Some(match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::Unequal,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        BinaryOperator::Spaceship | BinaryOperator::Is => Comparison::Same,
        BinaryOperator::IsNot => Comparison::Distinct,
        _ => return None,
    })
}

/// What an operator calculates.
pub(super) fn calculation(op: &BinaryOperator) -> Option<fn(f64, f64) -> f64> {
    Some(match op {
        BinaryOperator::Plus => |one, other| one + other,
        BinaryOperator::Minus => |one, other| one - other,
        BinaryOperator::Multiply => |one, other| one * other,
        BinaryOperator::Divide => |one, other| one / other,
        BinaryOperator::MyIntegerDivide | BinaryOperator::DuckIntegerDivide => {
            |one, other| (one / other).trunc()
        }
        BinaryOperator::Modulo => rest,
        BinaryOperator::BitwiseAnd => |one, other| bits(one, other, |one, other| one & other),
        BinaryOperator::BitwiseOr => |one, other| bits(one, other, |one, other| one | other),
        BinaryOperator::BitwiseXor | BinaryOperator::PGBitwiseXor => {
            |one, other| bits(one, other, |one, other| one ^ other)
        }
        BinaryOperator::PGExp => f64::powf,
        BinaryOperator::PGBitwiseShiftLeft => {
            |one, other| bits(one, other, |one, other| one.wrapping_shl(places(other)))
        }
        BinaryOperator::PGBitwiseShiftRight => {
            |one, other| bits(one, other, |one, other| one.wrapping_shr(places(other)))
        }
        _ => return None,
    })
}

/// By how many places bits are shifted.
fn places(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// As a text.
pub(super) fn written(values: &[Value]) -> Outcome {
    match values {
        [Value::Null] => Ok(Value::Null),
        [value] => value.written().map(Value::Text).ok_or(Stop::Refused),
        _ => Err(Stop::Refused),
    }
}
