//! Tries one value against a schema: everything beside the way to it is taken to hold, as it did before, but for what
//! tells alternatives apart.

use std::cmp::Ordering;

use serde_json::Value;

use super::pattern::Pattern;
use super::{Id, Node, Range, Schema};
use crate::mask::limit;

/// How far a quotient may be from a whole number.
const ROUNDING: f64 = 1e-9;

/// Members of an enumeration that are compared in one step.
const MEMBERS_PER_STEP: usize = 16;

/// What came of a try.
#[derive(Debug, Default)]
pub(super) struct Verdict<'s> {
    /// All that must hold does.
    pub(super) holds: bool,
    /// Whether each branch holds that may or may not, in an order that the way alone decides.
    pub(super) branches: Vec<bool>,
    /// The subschemas of the value itself, and whether each holds.
    pub(super) own: Vec<(&'s Node, bool)>,
}

/// One try.
struct Try<'s, 'v> {
    schema: &'s Schema,
    value: &'v Value,
    /// The text that stood there, empty for what was no text.
    original: &'v str,
    verdict: Verdict<'s>,
    steps: &'v mut usize,
}

impl Schema {
    /// Tries `value` at the end of `way` through `document`, as it was, if it could be read. Each subschema takes one of
    /// `steps`; `None` when there are too few.
    pub(super) fn check<'s>(
        &'s self,
        way: &[String],
        document: Option<&Value>,
        value: &Value,
        original: &str,
        steps: &mut usize,
    ) -> Option<Verdict<'s>> {
        let mut attempt = Try { schema: self, value, original, verdict: Verdict::default(), steps };
        let holds = attempt.node(0, way, document, 0)?;
        Some(Verdict { holds, ..attempt.verdict })
    }
}

impl Try<'_, '_> {
    fn node(&mut self, id: Id, way: &[String], here: Option<&Value>, depth: usize) -> Option<bool> {
        let node = &self.schema.nodes[id as usize];
        *self.steps = self.steps.checked_sub(node.effort(way.first(), self.value))?;
        if depth > limit::DEPTH_MAX {
            return None;
        }
        let mut holds = !node.never;
        match way.split_first() {
            None => {
                let own = node.accepts(self.value, self.original);
                self.verdict.own.push((node, own));
                holds &= own;
            }
            Some((step, rest)) => {
                holds &= node.surrounds(self.schema, step, here);
                let next = here.and_then(|here| match here {
                    Value::Array(values) => values.get(step.parse::<usize>().ok()?),
                    here => here.get(step),
                });
                for child in node.children(step, here) {
                    holds &= self.node(child, rest, next, depth + 1)?;
                }
            }
        }
        for id in &node.all {
            holds &= self.node(*id, way, here, depth + 1)?;
        }
        let any = self.branches(&node.any, way, here, depth)?;
        holds &= node.any.is_empty() || any > 0;
        let one = self.branches(&node.one, way, here, depth)?;
        // Further up, what tells the branches apart may stand beside the way.
        holds &= node.one.is_empty() || one == 1 || !way.is_empty() && one > 0;
        let not = self.branches(node.not.as_slice(), way, here, depth)?;
        holds &= !way.is_empty() || not == 0;
        self.branches(&node.loose, way, here, depth)?;
        Some(holds)
    }

    /// How many of the branches hold.
    fn branches(&mut self, ids: &[Id], way: &[String], here: Option<&Value>, depth: usize) -> Option<usize> {
        let mut count = 0;
        for id in ids {
            let holds = self.node(*id, way, here, depth + 1)?;
            self.verdict.branches.push(holds);
            count += usize::from(holds);
        }
        Some(count)
    }
}

impl Node {
    /// Steps that looking at it takes.
    fn effort(&self, step: Option<&String>, value: &Value) -> usize {
        let tried = |text: &str, pattern: &Pattern| text.len().min(limit::SCHEMA_TEXT_MAX) * pattern.weight();
        let patterns: usize = match step {
            Some(step) => self.pattern_properties.iter().map(|(pattern, _)| tried(step, pattern)).sum(),
            None => self.pattern.iter().map(|pattern| tried(value.as_str().unwrap_or(""), pattern)).sum(),
        };
        1 + patterns
            + self.telling.len()
            + self.required.len()
            + self.members.as_ref().map_or(0, Vec::len) / MEMBERS_PER_STEP
    }

    /// Whether it allows the container `here` around a member or element, as far as that is told with little effort.
    fn surrounds(&self, schema: &Schema, step: &str, here: Option<&Value>) -> bool {
        let fits = |name: &str| match here {
            Some(here) => is(here, name),
            None => name == "object" || name == "array",
        };
        let typed = self.types.as_ref().is_none_or(|types| types.iter().any(|name| fits(name)));
        let parts = |member: &Value| member.is_object() || member.is_array();
        let listed = self.members.as_ref().is_none_or(|members| members.iter().any(parts));
        let members = here.and_then(Value::as_object);
        let complete = members.is_none_or(|here| self.required.iter().all(|name| here.contains_key(&**name)));
        let told = self.telling.iter().filter(|(name, _)| **name != *step).all(|(name, id)| {
            let beside = members.and_then(|here| here.get(&**name));
            let node = &schema.nodes[*id as usize];
            beside.is_none_or(|value| node.accepts(value, value.as_str().unwrap_or_default()))
        });
        typed && listed && complete && told
    }

    /// The subschemas of a member or element of `here`.
    fn children(&self, step: &str, here: Option<&Value>) -> Vec<Id> {
        // Unread, it may be an object or an array.
        let (object, array) = here.map_or((true, true), |here| (here.is_object(), here.is_array()));
        let elements = array && (self.items.is_some() || !self.prefix.is_empty());
        if let Some(index) = step.parse::<usize>().ok().filter(|_| elements) {
            return self.prefix.get(index).copied().or(self.items).into_iter().collect();
        }
        if !object {
            return Vec::new();
        }
        let mut children: Vec<Id> = self.properties.get(step).copied().into_iter().collect();
        let patterns = self.pattern_properties.iter().filter(|(pattern, _)| pattern.matches(step, step));
        children.extend(patterns.map(|(_, id)| *id));
        if children.is_empty() {
            children.extend(self.additional);
        }
        children
    }

    /// Whether a value without parts satisfies what the node itself says.
    fn accepts(&self, value: &Value, original: &str) -> bool {
        let listed = self.members.as_ref().is_none_or(|members| members.iter().any(|one| same(one, value)));
        let typed = self.types.as_ref().is_none_or(|types| types.iter().any(|name| is(value, name)));
        let kind = match value {
            Value::String(text) => self.accepts_text(text, original),
            Value::Number(_) => self.range.holds(value) && self.multiple(value),
            _ => true,
        };
        !self.never && listed && typed && kind
    }

    fn accepts_text(&self, text: &str, original: &str) -> bool {
        let chars = text.chars().count() as u64;
        self.length_min.is_none_or(|min| chars >= min)
            && self.length_max.is_none_or(|max| chars <= max)
            && self.format.is_none_or(|format| (format.check)(text))
            && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(text, original))
    }

    fn multiple(&self, value: &Value) -> bool {
        self.multiple_of.is_none_or(|step| {
            let quotient = value.as_f64().unwrap_or(f64::NAN) / step;
            (quotient - quotient.round()).abs() < ROUNDING
        })
    }
}

impl Range {
    fn holds(&self, value: &Value) -> bool {
        let held = |bound: &Option<Value>, allowed: &[Ordering]| {
            bound
                .as_ref()
                .is_none_or(|bound| order(value, bound).is_some_and(|found| allowed.contains(&found)))
        };
        held(&self.min, &[Ordering::Greater, Ordering::Equal])
            && held(&self.max, &[Ordering::Less, Ordering::Equal])
            && held(&self.above, &[Ordering::Greater])
            && held(&self.below, &[Ordering::Less])
    }
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || a.is_number() && b.is_number() && order(a, b) == Some(Ordering::Equal)
}

/// Whether a value is of the type of that name. A whole number may be written with a fraction.
fn is(value: &Value, name: &str) -> bool {
    match value {
        Value::String(_) => name == "string",
        Value::Bool(_) => name == "boolean",
        Value::Null => name == "null",
        Value::Number(number) => {
            let whole = || number.as_f64().is_some_and(|number| number.fract() == 0.0);
            name == "number" || name == "integer" && whole()
        }
        Value::Object(_) => name == "object",
        Value::Array(_) => name == "array",
    }
}
