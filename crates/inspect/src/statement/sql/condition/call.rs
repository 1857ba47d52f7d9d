//! Functions whose answer is computed; any other is whatever may be, the same for the same arguments.

use std::cmp::Ordering;
use std::rc::Rc;

use super::node::decided;
use super::value::{Comparison, Outcome, Stop, Value, calculate};

/// A function of values.
pub(super) type Function = fn(&[Value]) -> Outcome;

/// Longest text that is put together, in bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// Functions by their names in lower case, as all dialects that have them mean them.
const FUNCTIONS: [(&str, Function); 54] = [
    ("abs", |values| one(values, f64::abs)),
    ("bitand", |values| two(values, |a, b| bits(a, b, |a, b| a & b))),
    ("bitor", |values| two(values, |a, b| bits(a, b, |a, b| a | b))),
    ("bitxor", |values| two(values, |a, b| bits(a, b, |a, b| a ^ b))),
    ("ceil", |values| one(values, f64::ceil)),
    ("ceiling", |values| one(values, f64::ceil)),
    ("char_length", length),
    ("character_length", length),
    ("coalesce", coalesce),
    ("concat", concat),
    ("datalength", length),
    ("decode", decode),
    ("empty", |values| Comparison::Equal.of(&length(values)?, &Value::Number(0.0))),
    ("equal_null", |values| match values {
        [one, other] => Comparison::Same.of(one, other),
        _ => Err(Stop::Refused),
    }),
    // Never nought, however small.
    ("exp", |values| one(values, |number| 1.0 / (1.0 / number.exp()).min(f64::MAX))),
    ("floor", |values| one(values, f64::floor)),
    ("greatest", |values| extreme(values, Comparison::Greater)),
    ("if", choice),
    ("iff", choice),
    ("ifnull", coalesce),
    ("iif", choice),
    ("isnull", |values| match values {
        [value] => Ok(Value::truth(*value == Value::Null)),
        _ => coalesce(values),
    }),
    ("lcase", |values| text(values, str::to_lowercase)),
    ("least", |values| extreme(values, Comparison::Less)),
    ("len", length),
    ("length", length),
    ("lower", |values| text(values, str::to_lowercase)),
    ("ltrim", |values| text(values, |text| text.trim_start().to_owned())),
    ("max", |values| extreme(values, Comparison::Greater)),
    ("min", |values| extreme(values, Comparison::Less)),
    ("mod", |values| two(values, rest)),
    ("notempty", |values| Comparison::Greater.of(&length(values)?, &Value::Number(0.0))),
    ("nullif", |values| match values {
        [one, other] if Comparison::Equal.of(one, other)?.is_true() => Ok(Value::Null),
        [one, _] => Ok(one.clone()),
        _ => Err(Stop::Refused),
    }),
    ("nvl", coalesce),
    ("nvl2", |values| match values {
        [Value::Null, _, other] | [_, other, _] => Ok(other.clone()),
        _ => Err(Stop::Refused),
    }),
    ("octet_length", length),
    ("pow", |values| two(values, f64::powf)),
    ("power", |values| two(values, f64::powf)),
    ("replace", replace),
    ("reverse", |values| text(values, |text| text.chars().rev().collect())),
    ("round", |values| one(values, f64::round)),
    ("rtrim", |values| text(values, |text| text.trim_end().to_owned())),
    ("sign", |values| one(values, |number| if number == 0.0 { 0.0 } else { number.signum() })),
    ("sqrt", |values| one(values, f64::sqrt)),
    ("square", |values| one(values, |number| number * number)),
    ("starts_with", starts),
    ("startswith", starts),
    ("to_char", |values| text(values, str::to_owned)),
    ("tostring", |values| text(values, str::to_owned)),
    ("trim", |values| text(values, |text| text.trim().to_owned())),
    ("trunc", |values| one(values, f64::trunc)),
    ("ucase", |values| text(values, str::to_uppercase)),
    ("upper", |values| text(values, str::to_uppercase)),
    ("zeroifnull", |values| coalesce(&[values, &[Value::Number(0.0)]].concat())),
];

/// Functions of which it is only known that their answer is never negative.
const NATURAL: [&str; 26] = [
    "array_length",
    "bit_length",
    "cardinality",
    "char_length",
    "character_length",
    "charindex",
    "crc32",
    "datepart",
    "day",
    "dayofmonth",
    "dayofyear",
    "hour",
    "instr",
    "json_length",
    "len",
    "length",
    "locate",
    "minute",
    "month",
    "position",
    "quarter",
    "second",
    "strpos",
    "unicode",
    "week",
    "year",
];

/// A function that is computed, in whatever case its name is written.
pub(super) fn find(name: &str) -> Option<Function> {
    FUNCTIONS.binary_search_by(|(known, _)| order(known, name)).ok().map(|at| FUNCTIONS[at].1)
}

/// A function that is computed of so many arguments.
pub(super) fn find_of(name: &str, arguments: usize) -> Option<Function> {
    find(name).filter(|function| function(&vec![Value::Number(1.0); arguments]).is_ok())
}

/// Whether a function never answers anything negative.
pub(super) fn is_natural(name: &str) -> bool {
    NATURAL.binary_search_by(|known| order(known, name)).is_ok()
}

/// Where a name in lower case stands before another.
fn order(known: &str, name: &str) -> Ordering {
    known.bytes().cmp(name.bytes().map(|letter| letter.to_ascii_lowercase()))
}

fn one(values: &[Value], how: fn(f64) -> f64) -> Outcome {
    match values {
        [Value::Null, ..] => Ok(Value::Null),
        [value, ..] => {
            let result = how(value.number().ok_or(Stop::Refused)?);
            if result.is_finite() { Ok(Value::Number(result)) } else { Err(Stop::Refused) }
        }
        [] => Err(Stop::Refused),
    }
}

fn two(values: &[Value], how: fn(f64, f64) -> f64) -> Outcome {
    let [one, other] = values else { return Err(Stop::Refused) };
    calculate(one, other, how)
}

/// What a division of whole numbers leaves over.
pub(super) fn rest(one: f64, other: f64) -> f64 {
    if one.fract() == 0.0 { one % other } else { f64::NAN }
}

/// Bits of whole numbers.
pub(super) fn bits(one: f64, other: f64, how: fn(i64, i64) -> i64) -> f64 {
    let whole = |number: f64| {
        // A float of this size is exact as a text, and the text as a whole number.
        (number.fract() == 0.0).then(|| format!("{number:.0}").parse::<i64>().ok()).flatten()
    };
    let result = whole(one).zip(whole(other)).map(|(one, other)| how(one, other));
    result.and_then(|number| number.to_string().parse().ok()).unwrap_or(f64::NAN)
}

fn text(values: &[Value], how: fn(&str) -> String) -> Outcome {
    match values {
        [Value::Null] => Ok(Value::Null),
        [value] => Ok(Value::text(&how(&value.written().ok_or(Stop::Refused)?))),
        _ => Err(Stop::Refused),
    }
}

fn length(values: &[Value]) -> Outcome {
    match values {
        [Value::Null] => Ok(Value::Null),
        [value] => {
            let count = u32::try_from(value.written().ok_or(Stop::Refused)?.chars().count());
            Ok(Value::Number(f64::from(count.map_err(|_| Stop::Refused)?)))
        }
        _ => Err(Stop::Refused),
    }
}

fn coalesce(values: &[Value]) -> Outcome {
    let last = values.last().ok_or(Stop::Refused)?;
    given(values.iter().find(|value| **value != Value::Null).unwrap_or(last))
}

/// A value that is asked for.
fn given(value: &Value) -> Outcome {
    if *value == Value::Refused { Err(Stop::Refused) } else { Ok(value.clone()) }
}

/// Texts put together; null where one is.
pub(super) fn concat(values: &[Value]) -> Outcome {
    if values.contains(&Value::Null) {
        return Ok(Value::Null);
    }
    let parts: Option<Vec<Rc<str>>> = values.iter().map(Value::written).collect();
    let whole = parts.ok_or(Stop::Refused)?.concat();
    if whole.len() > TEXT_BYTES_MAX { Err(Stop::Refused) } else { Ok(Value::text(&whole)) }
}

fn replace(values: &[Value]) -> Outcome {
    let [of, from, to] = values else { return Err(Stop::Refused) };
    if values.contains(&Value::Null) {
        return Ok(Value::Null);
    }
    let written = |value: &Value| value.written().ok_or(Stop::Refused);
    let (of, from, to) = (written(of)?, written(from)?, written(to)?);
    if from.is_empty() {
        return Ok(Value::Text(of));
    }
    let whole = of.replace(&*from, &to);
    if whole.len() > TEXT_BYTES_MAX { Err(Stop::Refused) } else { Ok(Value::text(&whole)) }
}

fn starts(values: &[Value]) -> Outcome {
    let [of, with] = values else { return Err(Stop::Refused) };
    if values.contains(&Value::Null) {
        return Ok(Value::Null);
    }
    let written = |value: &Value| value.written().ok_or(Stop::Refused);
    Ok(Value::truth(written(of)?.starts_with(&*written(with)?)))
}

fn extreme(values: &[Value], comparison: Comparison) -> Outcome {
    if values.contains(&Value::Null) {
        return Ok(Value::Null);
    }
    let (first, others) = values.split_first().ok_or(Stop::Refused)?;
    others.iter().try_fold(first.clone(), |best, value| {
        Ok(if comparison.of(value, &best)?.is_true() { value.clone() } else { best })
    })
}

/// `CASE`: conditions and results in turn, and at last the result when none holds.
pub(super) fn choice(values: &[Value]) -> Outcome {
    let mut rest = values;
    let mut perhaps: Vec<&Value> = Vec::new();
    let end = loop {
        match rest {
            [condition, result, others @ ..] => {
                let condition = decided(condition.clone())?;
                if condition.is_true() {
                    break result;
                }
                if condition == Value::Either {
                    perhaps.push(result);
                }
                rest = others;
            }
            [result] => break result,
            [] => break &Value::Null,
        }
    };
    if perhaps.iter().all(|result| *result == end) { given(end) } else { Ok(Value::Either) }
}

fn decode(values: &[Value]) -> Outcome {
    matched(values, Comparison::Same)
}

/// `CASE x WHEN ...`: what is looked for, values and results in turn, and at last the result when none fits.
pub(super) fn case(values: &[Value]) -> Outcome {
    matched(values, Comparison::Equal)
}

fn matched(values: &[Value], comparison: Comparison) -> Outcome {
    let (operand, mut rest) = values.split_first().ok_or(Stop::Refused)?;
    while let [value, result, others @ ..] = rest {
        if comparison.of(operand, value)?.is_true() {
            return given(result);
        }
        rest = others;
    }
    given(rest.first().unwrap_or(&Value::Null))
}

/// `x BETWEEN low AND high`
pub(super) fn between(values: &[Value]) -> Outcome {
    let [value, low, high] = values else { return Err(Stop::Refused) };
    let within = [Comparison::GreaterOrEqual.of(value, low)?, Comparison::LessOrEqual.of(value, high)?];
    super::value::all(&within)
}

/// The opposite of a condition.
pub(super) fn not(values: &[Value]) -> Outcome {
    values.first().ok_or(Stop::Refused)?.negated()
}

/// One of two conditions, not both.
pub(super) fn exclusive(values: &[Value]) -> Outcome {
    let [one, other] = values else { return Err(Stop::Refused) };
    Comparison::Unequal.of(&one.condition()?, &other.condition()?)
}

pub(super) fn is_null(values: &[Value]) -> Outcome {
    match values {
        [Value::Refused] => Err(Stop::Refused),
        [Value::Either] => Ok(Value::truth(false)),
        [value] => Ok(Value::truth(*value == Value::Null)),
        _ => Err(Stop::Refused),
    }
}

pub(super) fn is_true(values: &[Value]) -> Outcome {
    known(values, Value::is_true)
}

pub(super) fn is_false(values: &[Value]) -> Outcome {
    known(values, Value::is_false)
}

fn known(values: &[Value], is: fn(&Value) -> bool) -> Outcome {
    let truth = decided(values.first().cloned().ok_or(Stop::Refused)?)?;
    Ok(if truth == Value::Either { truth } else { Value::truth(is(&truth)) })
}

#[cfg(test)]
mod tests {
    use super::{FUNCTIONS, NATURAL};

    #[test]
    fn tables_are_sorted_so_that_find_finds_every_row() {
        assert!(FUNCTIONS.is_sorted_by_key(|(name, _)| name) && NATURAL.is_sorted());
    }
}
