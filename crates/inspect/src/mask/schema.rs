//! The output schema of a tool, as far as it says what may stand in the place of a value that is masked.
//!
//! Clients refuse a structured answer that breaks the schema its tool announced. So a mask is tried against the schema
//! before it is put in, and where it does not fit, something that does fit stands there. What is known about the whole
//! document (`uniqueItems`, `contains`) is not looked at: masks change values, never members or elements. Of alternatives
//! those count that the document was of: their `required` members and the constants beside the value tell.
//!
//! Read are the keywords of JSON Schema 2020-12 and draft 7 that bear on one value. References lead inside the schema
//! or nowhere; what cannot be followed allows everything.

mod check;
mod fit;
mod format;
mod pattern;

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::limit;
pub(super) use fit::Fitter;
use format::Format;
use pattern::Pattern;

/// The number of a subschema.
type Id = u32;

/// A compiled schema. Shared by all threads; holds no more than [`limit::SCHEMAS_MAX`] subschemas.
#[derive(Debug)]
pub struct Schema {
    /// The first is the root.
    nodes: Vec<Node>,
    /// Of all members that it describes.
    names: HashSet<Box<str>>,
}

/// One subschema.
#[derive(Debug, Default)]
struct Node {
    /// Nothing satisfies it: the schema `false`.
    never: bool,
    types: Option<Vec<Box<str>>>,
    /// Of `enum` or `const`.
    members: Option<Vec<Value>>,
    format: Option<Format>,
    pattern: Option<Pattern>,
    length_min: Option<u64>,
    length_max: Option<u64>,
    range: Range,
    multiple_of: Option<f64>,
    required: Vec<Box<str>>,
    /// Members of which only certain values are allowed: they tell alternatives apart.
    telling: Vec<(Box<str>, Id)>,
    properties: HashMap<Box<str>, Id>,
    pattern_properties: Vec<(Pattern, Id)>,
    additional: Option<Id>,
    prefix: Vec<Id>,
    items: Option<Id>,
    /// Must all hold: `$ref` and `allOf`.
    all: Vec<Id>,
    any: Vec<Id>,
    one: Vec<Id>,
    not: Option<Id>,
    /// May hold or not, but so they must stay: `if`, `then`, `else`, `dependentSchemas`.
    loose: Vec<Id>,
}

/// Bounds of a number, each as the schema writes it.
#[derive(Debug, Default)]
struct Range {
    min: Option<Value>,
    max: Option<Value>,
    above: Option<Value>,
    below: Option<Value>,
}

impl Schema {
    /// Reads a JSON Schema, such as the `outputSchema` of an MCP tool. `None` when it is not JSON, no schema, longer
    /// than [`limit::SCHEMA_MAX`] or made of too many subschemas.
    pub fn new(text: &str) -> Option<Self> {
        if text.len() > limit::SCHEMA_MAX {
            return None;
        }
        let root: Value = serde_json::from_str(text).ok()?;
        let mut reader = Reader { root: &root, ids: HashMap::new(), queue: Vec::new(), patterns: 0 };
        reader.id(&root);
        let mut nodes = Vec::new();
        while let Some(value) = reader.queue.get(nodes.len()).copied() {
            let node = reader.node(value)?;
            nodes.push(node);
            if reader.queue.len() > limit::SCHEMAS_MAX {
                return None;
            }
        }
        let constant = |id: Id| nodes.get(id as usize).is_some_and(|node: &Node| node.members.is_some());
        let telling = |node: &Node| {
            let members = node.properties.iter().filter(|(_, id)| constant(**id));
            members.map(|(name, id)| (name.clone(), *id)).collect()
        };
        let telling: Vec<Vec<_>> = nodes.iter().map(telling).collect();
        for (node, telling) in nodes.iter_mut().zip(telling) {
            node.telling = telling;
        }
        let names = nodes.iter().flat_map(|node| node.properties.keys().cloned()).collect();
        Some(Self { nodes, names })
    }

    /// Whether some object that it describes has a member of that name.
    pub(super) fn names(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// Gives each subschema a number when it is first met, so that references in circles end.
struct Reader<'a> {
    root: &'a Value,
    ids: HashMap<*const Value, Id>,
    queue: Vec<&'a Value>,
    patterns: usize,
}

impl<'a> Reader<'a> {
    fn id(&mut self, value: &'a Value) -> Id {
        let next = Id::try_from(self.queue.len()).unwrap_or(Id::MAX);
        let id = *self.ids.entry(std::ptr::from_ref(value)).or_insert(next);
        if id == next {
            self.queue.push(value);
        }
        id
    }

    fn node(&mut self, value: &'a Value) -> Option<Node> {
        let map = match value {
            Value::Object(map) => map,
            Value::Bool(allowed) => return Some(Node { never: !allowed, ..Node::default() }),
            _ => return None,
        };
        let mut node = Node {
            types: types(map),
            required: names(map.get("required")),
            members: members(map),
            format: map.get("format").and_then(Value::as_str).and_then(Format::named),
            pattern: map.get("pattern").and_then(Value::as_str).map(|pattern| self.pattern(pattern)),
            length_min: map.get("minLength").and_then(Value::as_u64),
            length_max: map.get("maxLength").and_then(Value::as_u64),
            range: range(map),
            multiple_of: map.get("multipleOf").and_then(Value::as_f64).filter(|step| *step > 0.0),
            all: self.list(map.get("allOf")),
            any: self.list(map.get("anyOf")),
            one: self.list(map.get("oneOf")),
            not: map.get("not").map(|value| self.id(value)),
            ..Node::default()
        };
        let target = map.get("$ref").and_then(Value::as_str).and_then(|reference| self.target(reference));
        node.all.extend(target.map(|target| self.id(target)));
        for name in ["if", "then", "else"] {
            node.loose.extend(map.get(name).map(|value| self.id(value)));
        }
        let dependent = map.get("dependentSchemas").and_then(Value::as_object);
        node.loose.extend(dependent.into_iter().flat_map(Map::values).map(|value| self.id(value)));
        self.children(map, &mut node);
        Some(node)
    }

    /// What the schema says about members and elements.
    fn children(&mut self, map: &'a Map<String, Value>, node: &mut Node) {
        for (name, value) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
            node.properties.insert(name.as_str().into(), self.id(value));
        }
        for (name, value) in map.get("patternProperties").and_then(Value::as_object).into_iter().flatten() {
            let id = self.id(value);
            node.pattern_properties.push((self.pattern(name), id));
        }
        let additional = map.get("additionalProperties").or_else(|| map.get("unevaluatedProperties"));
        node.additional = additional.map(|value| self.id(value));
        // Draft 7 has the list in `items` and the rest in `additionalItems`.
        let (prefix, rest) = match map.get("items") {
            items @ Some(Value::Array(_)) => (items, map.get("additionalItems")),
            items => (map.get("prefixItems"), items.or_else(|| map.get("unevaluatedItems"))),
        };
        node.prefix = self.list(prefix);
        node.items = rest.map(|value| self.id(value));
    }

    fn list(&mut self, value: Option<&'a Value>) -> Vec<Id> {
        value.and_then(Value::as_array).into_iter().flatten().map(|value| self.id(value)).collect()
    }

    fn pattern(&mut self, pattern: &str) -> Pattern {
        self.patterns += 1;
        if self.patterns > limit::SCHEMA_PATTERNS_MAX { Pattern::Unread } else { Pattern::new(pattern) }
    }

    /// Where a reference leads inside this schema: a JSON Pointer.
    fn target(&self, reference: &str) -> Option<&'a Value> {
        // Percent-encoded pointers are not followed: definitions have plain names.
        let pointer = reference.strip_prefix('#').filter(|pointer| !pointer.contains('%'))?;
        self.root.pointer(pointer).filter(|value| value.is_object() || value.is_boolean())
    }
}

fn types(map: &Map<String, Value>) -> Option<Vec<Box<str>>> {
    let mut types: Vec<Box<str>> = match map.get("type")? {
        Value::String(name) => vec![name.as_str().into()],
        listed @ Value::Array(_) => names(Some(listed)),
        _ => return None,
    };
    // OpenAPI 3.0.
    if map.get("nullable") == Some(&Value::Bool(true)) {
        types.push("null".into());
    }
    Some(types)
}

fn members(map: &Map<String, Value>) -> Option<Vec<Value>> {
    let listed = map.get("enum").and_then(Value::as_array).cloned();
    map.get("const").map(|only| vec![only.clone()]).or(listed)
}

fn names(value: Option<&Value>) -> Vec<Box<str>> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect()
}

fn range(map: &Map<String, Value>) -> Range {
    let bound = |name: &str| map.get(name).filter(|value| value.is_number()).cloned();
    Range {
        min: bound("minimum"),
        max: bound("maximum"),
        above: bound("exclusiveMinimum"),
        below: bound("exclusiveMaximum"),
    }
}

#[cfg(test)]
mod tests;
