//! A condition as it is evaluated for one made-up row after another.

use regex_automata::meta::Regex;

use super::call::Function;
use super::row::Rows;
use super::value::{Comparison, Outcome, Stop, Value, calculate};

/// A condition, or a part of it.
#[derive(Debug)]
pub(super) enum Node {
    Value(Value),
    /// A column or what is not known: its number, and how many queries around it is the row.
    Symbol {
        number: usize,
        level: usize,
    },
    /// What somebody's function makes of its arguments: the same of the same.
    Opaque {
        number: usize,
        arguments: Vec<Node>,
    },
    Call(Function, Vec<Node>),
    Compare(Comparison, Box<[Node; 2]>),
    Calculate(fn(f64, f64) -> f64, Box<[Node; 2]>),
    /// Compared with some, or with each, of a list.
    Some(Comparison, Box<[Node; 2]>),
    Each(Comparison, Box<[Node; 2]>),
    Matches(Box<Regex>, Box<Node>),
    List(Vec<Node>),
    /// A query of the table that is changed, or of none.
    Query(Box<Query>),
    /// Whether a query answers anything.
    Exists(Box<Query>),
    /// Of the rows of the innermost query.
    Aggregate(Aggregate, Box<Node>),
}

/// A query whose answer is known from the rows made up.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) source: Source,
    pub(super) condition: Option<Node>,
    /// By what rows are put together; none when they are not.
    pub(super) groups: Option<Vec<Node>>,
    pub(super) having: Option<Node>,
    pub(super) item: Node,
    /// Queries whose rows are added.
    pub(super) more: Vec<Node>,
}

/// Where rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// There is no table: one row.
    One,
    /// The table that is changed: its two rows.
    Own,
    /// Nothing.
    Empty,
}

/// Functions of many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Count,
    Least,
    Most,
    Sum,
    Mean,
}

impl Node {
    /// Its value in the row made up.
    pub(super) fn evaluate(&self, rows: &mut Rows<'_>) -> Outcome {
        rows.spend(1)?;
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Symbol { number, level } => Ok(rows.value(*number, *level)),
            Self::Opaque { number, arguments } => {
                let values = evaluate_all(arguments, rows)?;
                Ok(rows.opaque(*number, &values))
            }
            Self::Call(function, arguments) => function(&evaluate_all(arguments, rows)?),
            Self::Compare(comparison, sides) => {
                comparison.of(&scalar(sides[0].evaluate(rows)?), &scalar(sides[1].evaluate(rows)?))
            }
            Self::Calculate(how, sides) => {
                calculate(&scalar(sides[0].evaluate(rows)?), &scalar(sides[1].evaluate(rows)?), *how)
            }
            Self::Some(comparison, sides) => super::value::any(&compared(*comparison, sides, rows)?),
            Self::Each(comparison, sides) => super::value::all(&compared(*comparison, sides, rows)?),
            Self::Matches(regex, text) => match scalar(text.evaluate(rows)?) {
                Value::Null => Ok(Value::Null),
                other => {
                    let text = other.written().ok_or(Stop::Refused)?;
                    Ok(Value::truth(regex.is_match(text.as_bytes())))
                }
            },
            Self::List(parts) => evaluate_all(parts, rows).map(Value::List),
            Self::Query(query) => query.evaluate(rows).map(Value::List),
            Self::Exists(query) => query.evaluate(rows).map(|found| Value::truth(!found.is_empty())),
            Self::Aggregate(aggregate, of) => aggregate.evaluate(of, rows),
        }
    }
}

/// Values of arguments; a query among them is what it answers first.
fn evaluate_all(nodes: &[Node], rows: &mut Rows<'_>) -> Result<Vec<Value>, Stop> {
    nodes
        .iter()
        .map(|node| {
            let value = match node.evaluate(rows) {
                Err(Stop::Refused) => Value::Refused,
                other => other?,
            };
            Ok(if matches!(node, Node::Query(_)) { scalar(value) } else { value })
        })
        .collect()
}

/// What a list of at most one value is where one value must be.
fn scalar(value: Value) -> Value {
    match value {
        Value::List(mut values) if values.len() < 2 => values.pop().unwrap_or(Value::Null),
        other => other,
    }
}

/// A condition that lets a row through or not. Of one that is null nothing is told: `a = a` is meant to hold for all.
pub(super) fn decided(value: Value) -> Outcome {
    match value.condition()? {
        Value::Null => Err(Stop::Refused),
        other => Ok(other),
    }
}

fn compared(comparison: Comparison, sides: &[Node; 2], rows: &mut Rows<'_>) -> Result<Vec<Value>, Stop> {
    let left = sides[0].evaluate(rows)?;
    let left = if matches!(sides[0], Node::Query(_)) { scalar(left) } else { left };
    let Value::List(right) = sides[1].evaluate(rows)? else { return Err(Stop::Refused) };
    rows.spend(right.len())?;
    Ok(right.iter().map(|value| comparison.of(&left, value).unwrap_or(Value::Refused)).collect())
}

impl Query {
    pub(super) fn evaluate(&self, rows: &mut Rows<'_>) -> Result<Vec<Value>, Stop> {
        let all: &[usize] = match self.source {
            Source::One => &[0],
            Source::Own => &[0, 1],
            Source::Empty => &[],
        };
        let mut kept: Vec<(Vec<Value>, Vec<usize>)> = Vec::new();
        if self.groups.as_ref().is_some_and(Vec::is_empty) {
            kept.push(Default::default());
        }
        for row in all {
            rows.enter(*row);
            let found = self.key(rows);
            rows.leave();
            let Some(key) = found? else { continue };
            match kept.iter_mut().find(|(other, _)| self.groups.is_some() && *other == key) {
                Some((_, group)) => group.push(*row),
                None => kept.push((key, vec![*row])),
            }
        }
        let mut answers = Vec::new();
        for (_, group) in kept {
            rows.enter(group.first().copied().unwrap_or(0));
            let outside = rows.gather(group);
            let having = self.having.as_ref().map_or(Ok(Value::truth(true)), |having| having.evaluate(rows));
            let answer = self.item.evaluate(rows);
            rows.gather(outside);
            rows.leave();
            if decided(having?)?.is_true() {
                answers.push(answer?);
            }
        }
        for query in &self.more {
            if let Value::List(more) = query.evaluate(rows)? {
                answers.extend(more);
            }
        }
        Ok(answers)
    }

    /// By what this row is put together with others, if the condition lets it through.
    fn key(&self, rows: &mut Rows<'_>) -> Result<Option<Vec<Value>>, Stop> {
        if let Some(condition) = &self.condition
            && !decided(condition.evaluate(rows)?)?.is_true()
        {
            return Ok(None);
        }
        self.groups.iter().flatten().map(|node| node.evaluate(rows)).collect::<Result<_, _>>().map(Some)
    }
}

impl Aggregate {
    fn evaluate(self, of: &Node, rows: &mut Rows<'_>) -> Outcome {
        let mut values = Vec::new();
        for row in rows.gathered() {
            let before = rows.turn(row);
            let value = of.evaluate(rows);
            rows.turn(before);
            values.extend(Some(value?).filter(|value| *value != Value::Null));
        }
        let count = values.len();
        let mut values = values.into_iter();
        if self == Self::Count {
            return Ok(Value::Number(f64::from(u8::try_from(count).unwrap_or(u8::MAX))));
        }
        let Some(first) = values.next() else { return Ok(Value::Null) };
        values.try_fold(first, |one, other| match self {
            Self::Count | Self::Sum => calculate(&one, &other, |one, other| one + other),
            Self::Mean => calculate(&one, &other, f64::midpoint),
            Self::Least => Ok(if Comparison::Less.of(&other, &one)?.is_true() { other } else { one }),
            Self::Most => Ok(if Comparison::Greater.of(&other, &one)?.is_true() { other } else { one }),
        })
    }
}
