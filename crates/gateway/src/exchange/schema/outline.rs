//! What an input schema says beyond types: which arguments headers repeat (`x-mcp-header`, SEP-2243), and which objects
//! really have two members whose names are alike.
//!
//! Only ways through `properties` and `items` are followed: what a reference, a condition or a pattern might say depends
//! on the arguments, and SEP-2243 rules it out for headers.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::limits;
use crate::mcp::fold::shape;
use crate::mcp::header::Mirror;
use crate::mcp::twin::{Twins, Way};

/// What an input schema says about headers and names.
#[derive(Debug, Default)]
pub(in crate::exchange) struct Outline {
    mirrors: Vec<Mirror>,
    /// Objects with members whose names are alike: the way to each, and all its names. Nearly no schema has one.
    alike: Vec<(Vec<Way>, BTreeSet<String>)>,
}

/// The way to a part of the arguments. Elements of a list are all the same to a schema.
const ANY_ELEMENT: Way = Way::Element(0);

impl Outline {
    /// What `schema` says.
    pub(super) fn of(schema: Option<&Value>) -> Self {
        let mut outline = Self::default();
        let mut parts: Vec<(Vec<Way>, &Value)> =
            schema.map(|schema| (Vec::new(), schema)).into_iter().collect();
        // A schema is parsed text, so it has an end, and it is no deeper than the parser lets it be.
        while let Some((way, part)) = parts.pop() {
            if let Some(properties) = part.get("properties").and_then(Value::as_object) {
                outline.note(&way, properties);
                parts.extend(properties.iter().map(|(name, property)| {
                    (way.iter().cloned().chain([Way::Member(name.clone())]).collect(), property)
                }));
            }
            if let Some(items) = part.get("items") {
                parts.push((way.iter().cloned().chain([ANY_ELEMENT]).collect(), items));
            }
        }
        outline.without_doubles()
    }

    /// Headers that repeat arguments.
    pub(in crate::exchange) fn mirrors(&self) -> &[Mirror] {
        &self.mirrors
    }

    /// Whether the schema has both names in that object: then the tool tells them apart.
    pub(in crate::exchange) fn has_both(&self, twins: &Twins) -> bool {
        let way: Vec<Way> = twins.way.iter().map(any_element).collect();
        let object = self.alike.iter().find(|(at, _)| *at == way);
        object.is_some_and(|(_, names)| twins.names.iter().all(|name| names.contains(name)))
    }

    /// Room it takes, in bytes, about.
    pub(super) fn bytes(&self) -> usize {
        let mirrors =
            self.mirrors.iter().map(|mirror| mirror.path.iter().map(String::len).sum::<usize>() + 64);
        let names = self.alike.iter().flat_map(|(_, names)| names).map(|name| name.len() + 64);
        mirrors.chain(names).sum()
    }

    fn note(&mut self, way: &[Way], properties: &Map<String, Value>) {
        let shapes: BTreeSet<_> = properties.keys().map(|name| shape(name.as_bytes())).collect();
        if shapes.len() < properties.len() {
            self.alike.push((way.to_vec(), properties.keys().cloned().collect()));
        }
        let names: Option<Vec<String>> = way.iter().map(member).collect();
        let Some(names) = names else { return };
        for (name, property) in properties {
            let said = property.get("x-mcp-header").and_then(Value::as_str);
            let path = names.iter().chain([name]).cloned().collect();
            self.mirrors.extend(said.and_then(|said| Mirror::new(said, path)));
        }
    }

    /// Two arguments in one header: SEP-2243 has no such tool, and neither of them is told.
    fn without_doubles(mut self) -> Self {
        self.mirrors.sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
        let mut single: Vec<Mirror> = Vec::new();
        for same in self.mirrors.chunk_by(|one, other| one.name == other.name) {
            if let [mirror] = same {
                single.push(mirror.clone());
            }
        }
        single.truncate(limits::SCHEMA_MIRRORS_MAX);
        Self { mirrors: single, ..self }
    }
}

fn any_element(way: &Way) -> Way {
    match way {
        Way::Member(name) => Way::Member(name.clone()),
        Way::Element(_) => ANY_ELEMENT,
    }
}

fn member(way: &Way) -> Option<String> {
    match way {
        Way::Member(name) => Some(name.clone()),
        Way::Element(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mcp::twin;

    #[test]
    fn headers_are_those_of_properties_that_can_be_reached() {
        let schema = json!({ "x-mcp-header": "Root", "properties": {
            "amount": { "type": "integer", "x-mcp-header": "Amount" },
            "to": { "properties": { "region": { "type": "string", "x-mcp-header": "Region" } } },
            "list": { "items": { "properties": { "a": { "x-mcp-header": "InList" } } } },
            "bad": { "x-mcp-header": "a b" },
            "number": { "x-mcp-header": 1 },
            "one": { "x-mcp-header": "Twice" },
            "two": { "x-mcp-header": "tWICE" },
        }, "oneOf": [{ "properties": { "x": { "x-mcp-header": "Branch" } } }] });
        let outline = Outline::of(Some(&schema));
        let told: Vec<(&str, String)> =
            outline.mirrors().iter().map(|mirror| (mirror.name.as_str(), mirror.path.join("."))).collect();
        let expected =
            [("mcp-param-amount", "amount".to_owned()), ("mcp-param-region", "to.region".to_owned())];
        assert_eq!(told, expected);
        assert!(
            Outline::of(None).mirrors().is_empty() && Outline::of(Some(&json!([1]))).mirrors().is_empty()
        );
    }

    #[test]
    fn names_that_are_alike_are_told_apart_where_the_schema_has_both() {
        let schema = json!({ "properties": {
            "id": {}, "ID": {}, "amount": {},
            "rows": { "items": { "properties": { "n": {}, "N": {} } } },
        } });
        let outline = Outline::of(Some(&schema));
        let check = |arguments: &str, both: bool| {
            let twins = twin::find(inspect::value::Value::walked(arguments, 0));
            assert!(!twins.is_empty(), "{arguments}");
            assert_eq!(twins.iter().all(|twins| outline.has_both(twins)), both, "{arguments}");
        };
        check(r#"{"id":1,"ID":2}"#, true);
        check(r#"{"id":1,"Id":2}"#, false);
        check(r#"{"id":1,"ID":2,"Id":3}"#, false);
        check(r#"{"amount":1,"Amount":2}"#, false);
        check(r#"{"rows":[{},{"n":1,"N":2}]}"#, true);
        check(r#"{"rows":[{"n":1,"N":2},{"n":1,"N":2,"x":1,"X":2}]}"#, false);
        check(r#"{"other":{"id":1,"ID":2}}"#, false);
    }
}
