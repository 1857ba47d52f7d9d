//! What stands in the place of a masked value: its mask where the schema allows it, else the next best thing.

use std::cell::OnceCell;

use serde_json::{Number, Value};

use super::check::Verdict;
use super::pattern::shape;
use super::{Node, Schema};
use crate::mask::limit;
use crate::text;

/// Pads texts that are too short.
const PAD: char = '*';
/// Different `multipleOf` that are tried for one value.
const STEPS_MAX: usize = 4;
/// Beyond this a floating-point number no longer tells whole numbers apart.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Tries masks of one document against its schema, for so long as its effort is bounded.
pub(in crate::mask) struct Fitter<'s> {
    schema: &'s Schema,
    /// The document, as a JSON Pointer into the message.
    root: &'s str,
    message: &'s str,
    /// The document, read when it is first needed; `None` when it could not be.
    document: OnceCell<Option<Value>>,
    /// Subschemas that may still be tried.
    steps: usize,
}

impl<'s> Fitter<'s> {
    /// For the document at `root` of a message.
    pub(in crate::mask) fn new(root: &'s str, schema: &'s Schema, message: &'s str) -> Self {
        let length = message.len();
        let steps = length.saturating_mul(limit::FIT_STEPS_PER_BYTE).saturating_add(limit::FIT_STEPS_LEAST);
        Self { schema, root, message, document: OnceCell::new(), steps }
    }

    /// The JSON text of what stands instead of `original` at `pointer`; `None` when `mask`, which would stand there
    /// without a schema, is fine or nothing better is known. Both are JSON texts.
    pub(in crate::mask) fn fit(&mut self, pointer: &str, original: &str, mask: &str) -> Option<String> {
        let way = way(pointer.strip_prefix(self.root)?)?;
        let (original, mask) = (read(original), read(mask));
        let old = original.as_str().unwrap_or_default().to_owned();
        let document = self.document.get_or_init(|| read_at(self.message, self.root)).as_ref();
        let before = self.schema.check(&way, document, &original, &old, &mut self.steps)?;
        let mut second = None;
        let plain = std::iter::once(mask.clone());
        for candidate in plain.chain(candidates(&original, &mask, &before)) {
            let after = self.schema.check(&way, document, &candidate, &old, &mut self.steps)?;
            if after.holds && after.branches == before.branches {
                second = Some(candidate);
                break;
            }
            if after.holds && second.is_none() {
                second = Some(candidate);
            }
        }
        // Where nothing fits, at least the type stays.
        let fallback = || match original {
            Value::Number(_) => Value::from(0),
            Value::Bool(_) => Value::from(false),
            _ => mask.clone(),
        };
        let chosen = second.unwrap_or_else(fallback);
        (chosen != mask).then(|| chosen.to_string())
    }
}

/// A value without parts. Texts may hold half a character, and numbers that are too large are numbers all the same.
fn read(json: &str) -> Value {
    match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(raw) => Value::from(text::unescape_lossy(raw)),
        None => serde_json::from_str(json).unwrap_or(Value::from(0)),
    }
}

/// The document at a JSON Pointer.
fn read_at(message: &str, root: &str) -> Option<Value> {
    let mut message: Value = serde_json::from_str(message).ok()?;
    message.pointer_mut(root).map(Value::take)
}

/// The steps of a JSON Pointer; `None` when it goes on in the middle of a name.
fn way(pointer: &str) -> Option<Vec<String>> {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return None;
    }
    Some(pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

/// What may stand there, the best first. Nothing of it comes from the value but its shape, and that last.
fn candidates(original: &Value, mask: &Value, before: &Verdict<'_>) -> Vec<Value> {
    // What held before is what has to hold.
    let held = before.own.iter().filter(|(_, holds)| *holds);
    let other = before.own.iter().filter(|(_, holds)| !*holds);
    let nodes: Vec<&Node> = held.chain(other).map(|(node, _)| *node).collect();
    let limits: Vec<&Node> = before.own.iter().filter(|(_, holds)| *holds).map(|(node, _)| *node).collect();
    let mut list = Vec::new();
    let dropped = mask.is_null() || mask.as_str() == Some("");
    list.extend(dropped.then_some(Value::Null));
    let members = nodes.iter().filter_map(|node| node.members.as_ref()).flatten();
    let members = members.filter(|member| !member.is_object() && !member.is_array());
    list.extend(members.take(limit::FIT_TRIES_MAX).cloned());
    if let Value::Number(_) = original {
        list.extend(numbers(&nodes));
    }
    let mut texts: Vec<String> = mask.as_str().map(str::to_owned).into_iter().collect();
    texts.extend(nodes.iter().filter_map(|node| node.format).map(|format| format.placeholder.to_owned()));
    let patterns = nodes.iter().filter_map(|node| node.pattern.as_ref());
    texts.extend(patterns.filter_map(|pattern| pattern.example().map(str::to_owned)));
    let old = original.as_str().unwrap_or_default();
    texts.extend(original.as_str().map(shape));
    for text in texts {
        let sized = sized(&text, if limits.is_empty() { &nodes } else { &limits }, old);
        list.push(Value::from(text));
        list.extend(sized.map(Value::from));
    }
    list.extend([Value::from(false), Value::from(true)]);
    if !original.is_number() {
        list.extend(numbers(&nodes));
    }
    list.push(Value::Null);
    list
}

/// The text cut or padded to the bounds of its length. It grows no longer than the value was, within reason.
fn sized(text: &str, nodes: &[&Node], old: &str) -> Option<String> {
    let chars = text.chars().count();
    let min = nodes.iter().filter_map(|node| node.length_min).max();
    let max = nodes.iter().filter_map(|node| node.length_max).min();
    let min = usize::try_from(min.unwrap_or(0)).ok()?;
    let max = max.and_then(|max| usize::try_from(max).ok()).unwrap_or(usize::MAX);
    if chars > max {
        return Some(text.chars().take(max).collect());
    }
    let room = old.chars().count().max(limit::SCHEMA_TEXT_MAX);
    (chars < min && min <= room).then(|| text.chars().chain(std::iter::repeat(PAD)).take(min).collect())
}

/// Zero, and numbers at the bounds.
fn numbers(nodes: &[&Node]) -> Vec<Value> {
    let mut list = vec![Value::from(0)];
    for node in nodes {
        let range = &node.range;
        let bounds = [&range.min, &range.max, &range.above, &range.below];
        list.extend(bounds.into_iter().flatten().cloned());
    }
    list.truncate(limit::FIT_TRIES_MAX);
    let near: Vec<f64> = list.iter().filter_map(Value::as_f64).collect();
    let steps = [1.0].into_iter().chain(nodes.iter().filter_map(|node| node.multiple_of));
    for step in steps.take(STEPS_MAX) {
        for bound in &near {
            let whole = (bound / step).floor();
            list.extend([whole, whole + 1.0, whole - 1.0].into_iter().filter_map(|at| number(at * step)));
        }
    }
    // Between two bounds that are close.
    let pairs = near.iter().flat_map(|a| near.iter().map(move |b| f64::midpoint(*a, *b)));
    list.extend(pairs.take(limit::FIT_TRIES_MAX).filter_map(number));
    list
}

/// A number as JSON: without a fraction when it is whole.
fn number(value: f64) -> Option<Value> {
    if value.fract() == 0.0 && value.abs() < WHOLE_MAX {
        return format!("{value}").parse::<i64>().ok().map(Value::from);
    }
    Number::from_f64(value).map(Value::Number)
}
