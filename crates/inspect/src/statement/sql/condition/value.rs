//! Values of made-up rows, and what SQL makes of them: three-valued logic, an order, and calculations.

use std::cmp::Ordering;
use std::rc::Rc;

/// Beyond it a number is not the same plus one.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A value. Truth is a number, as in most dialects.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Number(f64),
    Text(Rc<str>),
    /// A row value, an array, a list behind `IN`, or what a query answers.
    List(Vec<Value>),
    /// True or false, and the same for every row.
    Either,
    /// What a database refuses to compute, unless nobody asks for it.
    Refused,
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// A database refuses such a row: nothing is known from it.
    Refused,
    /// The limit on work is met.
    Spent,
}

/// A value, or none.
pub(super) type Outcome = Result<Value, Stop>;

impl Value {
    pub(super) fn truth(truth: bool) -> Self {
        Self::Number(f64::from(u8::from(truth)))
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text(Rc::from(text))
    }

    /// As a number, where it is one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => {
                let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite());
                number.or_else(|| day(text))
            }
            _ => None,
        }
    }

    /// As it would be written.
    pub(super) fn written(&self) -> Option<Rc<str>> {
        match self {
            Self::Text(text) => Some(Rc::clone(text)),
            Self::Number(number) => Some(Rc::from(number.to_string())),
            _ => None,
        }
    }

    /// As a condition, in the form of one: null, nought, one or either.
    pub(super) fn condition(&self) -> Outcome {
        match self {
            Self::Null | Self::Either => Ok(self.clone()),
            Self::List(_) | Self::Refused => Err(Stop::Refused),
            Self::Text(text) => match text.to_ascii_lowercase().as_str() {
                "t" | "true" | "y" | "yes" | "on" => Ok(Self::truth(true)),
                "f" | "false" | "n" | "no" | "off" => Ok(Self::truth(false)),
                _ => self.number().map(|number| Self::truth(number != 0.0)).ok_or(Stop::Refused),
            },
            Self::Number(number) => Ok(Self::truth(*number != 0.0)),
        }
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self, Self::Number(number) if *number != 0.0)
    }

    pub(super) fn is_false(&self) -> bool {
        matches!(self, Self::Number(number) if *number == 0.0)
    }

    pub(super) fn negated(&self) -> Outcome {
        self.condition().map(|truth| match truth {
            Self::Number(number) => Self::truth(number == 0.0),
            other => other,
        })
    }
}

/// A number for the day that a text begins with, larger for a later one: dates are added to, and compared with sums.
fn day(text: &str) -> Option<f64> {
    let mut parts = text.get(..10)?.split('-');
    let [year, month, day] = [(); 3].map(|()| parts.next().and_then(|part| part.parse::<u16>().ok()));
    Some(f64::from(year?) * 372.0 + f64::from(month?) * 31.0 + f64::from(day?))
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `IS NOT DISTINCT FROM`
    Same,
    /// `IS DISTINCT FROM`
    Distinct,
}

impl Comparison {
    pub(super) fn of(self, left: &Value, right: &Value) -> Outcome {
        if [left, right].contains(&&Value::Refused) {
            return Err(Stop::Refused);
        }
        let nulls = [left, right].into_iter().filter(|value| **value == Value::Null).count();
        if matches!(self, Self::Same | Self::Distinct) && nulls > 0 {
            return Ok(Value::truth((nulls == 2) == (self == Self::Same)));
        }
        if nulls > 0 {
            return Ok(Value::Null);
        }
        if [left, right].contains(&&Value::Either) {
            return Ok(Value::Either);
        }
        if let (Value::List(one), Value::List(other)) = (left, right) {
            return self.of_lists(one, other);
        }
        let Some(order) = order(left, right) else {
            // A number and a text: surely not equal, and in no order that all agree on.
            return match self {
                Self::Equal | Self::Same => Ok(Value::truth(false)),
                Self::Unequal | Self::Distinct => Ok(Value::truth(true)),
                _ => Err(Stop::Refused),
            };
        };
        Ok(Value::truth(self.holds(order)))
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal | Self::Same => order.is_eq(),
            Self::Unequal | Self::Distinct => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }

    /// Row values: the first that differ decide.
    fn of_lists(self, left: &[Value], right: &[Value]) -> Outcome {
        if left.len() != right.len() {
            return Err(Stop::Refused);
        }
        for (one, other) in left.iter().zip(right) {
            let same = Self::Equal.of(one, other)?;
            if !same.is_true() {
                return if same.is_false() { self.of(one, other) } else { Ok(same) };
            }
        }
        Ok(Value::truth(self.holds(Ordering::Equal)))
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        _ => left.number()?.partial_cmp(&right.number()?),
    }
}

/// `AND` of conditions: one that does not hold decides, whatever the others are.
pub(super) fn all(values: &[Value]) -> Outcome {
    let values: Vec<Value> = values.iter().map(|value| value.condition().unwrap_or(Value::Refused)).collect();
    if values.iter().any(Value::is_false) {
        return Ok(Value::truth(false));
    }
    if values.contains(&Value::Refused) {
        return Err(Stop::Refused);
    }
    let open = [Value::Null, Value::Either].into_iter().find(|open| values.contains(open));
    Ok(open.unwrap_or(Value::truth(true)))
}

/// `OR` of conditions: one that holds decides, and else one that may.
pub(super) fn any(values: &[Value]) -> Outcome {
    let values: Vec<Value> = values.iter().map(|value| value.negated().unwrap_or(Value::Refused)).collect();
    if values.contains(&Value::Either) && !values.iter().any(Value::is_false) {
        return Ok(Value::Either);
    }
    all(&values)?.negated()
}

/// A calculation with two numbers; null where one is.
pub(super) fn calculate(left: &Value, right: &Value, how: fn(f64, f64) -> f64) -> Outcome {
    if [left, right].contains(&&Value::Null) {
        return Ok(Value::Null);
    }
    let (left, right) = (left.number().ok_or(Stop::Refused)?, right.number().ok_or(Stop::Refused)?);
    let result = how(left, right);
    // Where one more is not more, nothing can be told.
    let near = |one: f64, other: f64| (one - other).abs() < 1.0;
    let same = near(result, left) && right != 0.0 || near(result.abs(), right.abs()) && left != 0.0;
    let swallowed = same && result.abs() >= EXACT_MAX;
    if result.is_finite() && !swallowed { Ok(Value::Number(result)) } else { Err(Stop::Refused) }
}
