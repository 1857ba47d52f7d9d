//! A YAML 1.2 file as a tree that remembers where everything stands, so that every later complaint can point at it.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use crate::limits;

/// One value of the file.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Span,
}

/// What a [`Node`] holds.
#[derive(Debug)]
pub(super) enum Value {
    Nothing,
    Flag(bool),
    Integer(i128),
    Fraction,
    Text(String),
    List(Vec<Node>),
    Group(Vec<(Key, Node)>),
}

/// The name of a field, where it is written.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) span: Span,
}

/// Where something stands: line and column count from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) line: usize,
    pub(super) column: usize,
    /// First byte and number of bytes in the text, where the parser knows them.
    bytes: Option<(usize, usize)>,
}

/// Why a text is not YAML.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) span: Span,
}

/// One step from the root of the file to a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Field(String),
    Item(usize),
}

/// The way from the root of the file to a value. Displayed as `servers[0].http.url`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(Vec<Step>);

impl Node {
    /// Reads `text`. Aliases are bounded and duplicate keys refused by the parser.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let options = serde_saphyr::options! {
            with_snippet: false,
            budget: serde_saphyr::budget! {
                max_nodes: limits::CONFIG_VALUES_MAX,
                max_documents: 1,
            },
            alias_limits: serde_saphyr::alias_limits! {
                max_total_replayed_events: limits::CONFIG_VALUES_MAX,
            },
        };
        serde_saphyr::from_str_with_options::<Self>(text, options).map_err(|error| SyntaxError {
            span: Span::from(error.location().unwrap_or(Location::UNKNOWN)),
            message: headline(&error.to_string()),
        })
    }

    /// The value at `path`, and the key it is written under (none for items of a list and for the root).
    pub(super) fn find(&self, path: &Path) -> Option<(Option<&Key>, &Self)> {
        path.0.iter().try_fold((None, self), |(_, node), step| match (step, &node.value) {
            (Step::Field(name), Value::Group(entries)) => {
                entries.iter().find(|(key, _)| key.name == *name).map(|(key, node)| (Some(key), node))
            }
            (Step::Item(index), Value::List(items)) => items.get(*index).map(|node| (None, node)),
            _ => None,
        })
    }

    /// Every value below this one, and this one.
    pub(super) fn each(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        match &self.value {
            Value::List(items) => items.iter().for_each(|node| node.each(visit)),
            Value::Group(entries) => entries.iter().for_each(|(_, node)| node.each(visit)),
            _ => {}
        }
    }

    /// What kind of value this is, in the words of a message.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Nothing => "nothing",
            Value::Flag(_) => "a boolean",
            Value::Integer(_) | Value::Fraction => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Group(_) => "a group of fields",
        }
    }
}

impl Span {
    /// The lines of `text` that it touches.
    pub(super) fn lines(self, text: &str) -> std::ops::RangeInclusive<usize> {
        let covered = self.bytes.and_then(|(start, len)| text.get(start..start + len)).unwrap_or_default();
        self.line..=self.line + covered.trim_end().matches('\n').count()
    }

    /// How many characters of its first line it covers; at least 1.
    pub(super) fn width(self, text: &str) -> usize {
        let covered = self.bytes.and_then(|(start, len)| text.get(start..start + len)).unwrap_or_default();
        covered.lines().next().unwrap_or_default().trim_end().chars().count().max(1)
    }
}

impl Path {
    /// The path of a field of the value at this path.
    pub(super) fn field(&self, name: &str) -> Self {
        self.step(Step::Field(name.to_owned()))
    }

    /// The path of an item of the list at this path.
    pub(super) fn item(&self, index: usize) -> Self {
        self.step(Step::Item(index))
    }

    /// The path of what holds this value; `None` for the root.
    pub(super) fn parent(&self) -> Option<Self> {
        let (_, steps) = self.0.split_last()?;
        Some(Self(steps.to_vec()))
    }

    /// The name of the field this path ends in.
    pub(super) fn name(&self) -> Option<&str> {
        match self.0.last() {
            Some(Step::Field(name)) => Some(name),
            _ => None,
        }
    }

    /// Whether the value at this path is `other` or inside it.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The path without positions in lists: `servers[].http.url`.
    pub(super) fn general(&self) -> String {
        self.render(|_| "[]".to_owned())
    }

    fn step(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    fn render(&self, item: impl Fn(usize) -> String) -> String {
        let mut out = String::new();
        for step in &self.0 {
            match step {
                Step::Field(name) if out.is_empty() => out.push_str(name),
                Step::Field(name) => {
                    out.push('.');
                    out.push_str(name);
                }
                Step::Item(index) => out.push_str(&item(*index)),
            }
        }
        out
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(|index| format!("[{index}]")))
    }
}

impl From<Location> for Span {
    fn from(location: Location) -> Self {
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        let span = location.span();
        Self {
            line: size(location.line()).max(1),
            column: size(location.column()).max(1),
            bytes: span.byte_offset().zip(span.byte_len()).map(|(start, len)| (size(start), size(len))),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { value: spanned.value, span: Span::from(spanned.referenced) })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Flag(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Fraction)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element()? {
            nodes.push(node);
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let key = Key { name: key.value, span: Span::from(key.referenced) };
            nodes.push((key, entries.next_value()?));
        }
        Ok(Value::Group(nodes))
    }
}

/// The parser's message without the position it repeats.
fn headline(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    // Advice for programmers who use the parser.
    let line = line.split(", set ").next().unwrap_or(line);
    match line.split_once(": ") {
        Some((head, rest)) if head.starts_with("line ") => rest.to_owned(),
        _ => line.split(" at line ").next().unwrap_or(line).to_owned(),
    }
}
