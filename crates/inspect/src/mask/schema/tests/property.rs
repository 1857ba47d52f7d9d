//! Masked documents satisfy the schema that they satisfied, by a checker that shares nothing with the code.

use proptest::prelude::*;
use regex_automata::meta::Regex;
use serde_json::{Value, json};

use super::{answer, rules};
use crate::mask::{Form, Schema};

/// A schema and a document that satisfies it.
type Pair = (Value, Value);

/// Formats: a value, and what masks it.
const FORMATS: [(&str, &str, &str); 8] = [
    ("email", "alice@example.com", "masked@example.invalid"),
    ("date", "2026-11-26", "1970-01-01"),
    ("date-time", "2026-11-26T13:00:00Z", "1970-01-01T00:00:00Z"),
    ("time", "13:00:00Z", "00:00:00Z"),
    ("uri", "https://example.com/alice?x=1", "https://example.invalid/"),
    ("uuid", "0191f3a0-0000-7000-8000-000000000001", "00000000-0000-0000-0000-000000000000"),
    ("ipv4", "10.1.2.3", "192.0.2.0"),
    ("ipv6", "fe80::1", "2001:db8::"),
];
const PATTERNS: [(&str, &str); 5] = [
    ("^[0-9]{3}-[0-9]{2}-[0-9]{4}$", "219-09-9998"),
    ("^[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{4})+$", "DE02ABCD1234"),
    ("^(?:usr|org)_[a-z0-9]+$", "org_k2m4"),
    ("^[^@ ]+@[^@ ]+$", "alice@example"),
    ("x", "axb"),
];

fn scalar() -> impl Strategy<Value = Pair> {
    let bounded =
        ("[a-zé \"]{0,12}", 0_usize..4, 0_usize..4, any::<bool>()).prop_map(|(text, less, more, typed)| {
            let chars = text.chars().count();
            let schema = json!({"minLength": chars.saturating_sub(less), "maxLength": chars + more});
            (if typed { merged(schema, &json!({"type": "string"})) } else { schema }, json!(text))
        });
    let whole = (-1000_i64..1000, 0_i64..50, 0_i64..50).prop_map(|(at, less, more)| {
        (json!({"type": "integer", "minimum": at - less, "maximum": at + more}), json!(at))
    });
    let real = (-100.0..100.0_f64, 0.01..5.0_f64).prop_map(|(at, by)| {
        (json!({"type": "number", "exclusiveMinimum": at - by, "exclusiveMaximum": at + by}), json!(at))
    });
    let step = (1_i64..40, 1_i64..30).prop_map(|(at, step)| {
        (json!({"type": "integer", "exclusiveMinimum": 0, "multipleOf": step}), json!(at * step))
    });
    let listed = (0_usize..4).prop_map(|at| {
        let members = json!(["low", 3, true, null]);
        (json!({"enum": members}), members[at].clone())
    });
    let format = prop::sample::select(&FORMATS[..])
        .prop_map(|(name, value, _)| (json!({"type": "string", "format": name}), json!(value)));
    let pattern = prop::sample::select(&PATTERNS[..])
        .prop_map(|(pattern, value)| (json!({"type": ["string", "null"], "pattern": pattern}), json!(value)));
    let flag = any::<bool>().prop_map(|flag| (json!({"type": "boolean"}), json!(flag)));
    let shared = Just((json!({"$ref": "#/$defs/id"}), json!("ID-77")));
    prop_oneof![bounded, whole, real, step, listed, format, pattern, flag, shared]
}

fn pair() -> impl Strategy<Value = Pair> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4).prop_map(|pairs| {
            let (schemas, values): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            (json!({"type": "array", "prefixItems": schemas, "items": false}), json!(values))
        });
        let same = (inner.clone(), 1_usize..4).prop_map(|((schema, value), count)| {
            (json!({"type": "array", "items": schema}), json!(vec![value; count]))
        });
        let object = (inner.clone(), inner.clone()).prop_map(|(a, b)| {
            let schema = json!({"type": "object", "properties": {"a/~": a.0}, "additionalProperties": b.0});
            (schema, json!({"a/~": a.1, "0": b.1}))
        });
        let any = (inner.clone(), inner.clone()).prop_map(|(a, b)| (json!({"anyOf": [a.0, b.0]}), b.1));
        let told = (inner.clone(), inner.clone()).prop_map(|(a, b)| {
            let branch =
                |kind: &str, schema: Value| json!({"properties": {"kind": {"const": kind}, "v": schema}});
            (json!({"oneOf": [branch("a", a.0), branch("b", b.0)]}), json!({"kind": "b", "v": b.1}))
        });
        let all = inner.prop_map(|(schema, value)| (json!({"allOf": [{}, schema]}), value));
        prop_oneof![list, same, object, any, told, all]
    })
}

fn merged(mut schema: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        schema[name] = value.clone();
    }
    schema
}

/// Whether `value` satisfies `schema`, of the keywords that are generated here.
fn satisfies(root: &Value, schema: &Value, value: &Value) -> bool {
    let Some(keywords) = schema.as_object() else { return schema != &json!(false) };
    let each = |list: &Value| -> Vec<bool> {
        list.as_array().into_iter().flatten().map(|schema| satisfies(root, schema, value)).collect()
    };
    keywords.iter().all(|(name, wanted)| match name.as_str() {
        "allOf" => each(wanted).iter().all(|holds| *holds),
        "anyOf" => each(wanted).contains(&true),
        "oneOf" => each(wanted).iter().filter(|holds| **holds).count() == 1,
        "$ref" => satisfies(root, &root["$defs"]["id"], value),
        "enum" => wanted.as_array().expect("a list").contains(value),
        "const" => wanted == value,
        "type" => {
            let is = |name: &Value| match name.as_str().expect("a name") {
                "string" => value.is_string(),
                "number" => value.is_number(),
                "integer" => value.is_i64(),
                "boolean" => value.is_boolean(),
                "null" => value.is_null(),
                "array" => value.is_array(),
                _ => value.is_object(),
            };
            wanted.as_array().map_or_else(|| is(wanted), |names| names.iter().any(is))
        }
        _ => match value {
            Value::String(text) => text_satisfies(name, wanted, text),
            Value::Number(number) => number_satisfies(name, wanted, number.as_f64().expect("a number")),
            Value::Array(values) => values.iter().enumerate().all(|(at, value)| match name.as_str() {
                "prefixItems" => wanted.get(at).is_none_or(|schema| satisfies(root, schema, value)),
                "items" => {
                    let first = keywords.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
                    at < first || satisfies(root, wanted, value)
                }
                _ => true,
            }),
            Value::Object(members) => members.iter().all(|(key, value)| match name.as_str() {
                "properties" => wanted.get(key).is_none_or(|schema| satisfies(root, schema, value)),
                "additionalProperties" => {
                    keywords["properties"].get(key).is_some() || satisfies(root, wanted, value)
                }
                _ => true,
            }),
            _ => true,
        },
    })
}

fn text_satisfies(name: &str, wanted: &Value, text: &str) -> bool {
    let chars = text.chars().count() as u64;
    match name {
        "minLength" => chars >= wanted.as_u64().expect("a count"),
        "maxLength" => chars <= wanted.as_u64().expect("a count"),
        "format" => FORMATS.iter().any(|format| wanted == format.0 && (text == format.1 || text == format.2)),
        "pattern" => Regex::new(wanted.as_str().expect("a pattern")).expect("a pattern").is_match(text),
        _ => true,
    }
}

fn number_satisfies(name: &str, wanted: &Value, number: f64) -> bool {
    let Some(bound) = wanted.as_f64() else { return true };
    match name {
        "minimum" => number >= bound,
        "maximum" => number <= bound,
        "exclusiveMinimum" => number > bound,
        "exclusiveMaximum" => number < bound,
        "multipleOf" => (number / bound).fract() == 0.0,
        _ => true,
    }
}

#[test]
fn masked_document_satisfies_its_schema() {
    let rules = rules();
    let forms = prop::sample::select(&[Form::Label, Form::Partial, Form::Token, Form::Drop][..]);
    proptest!(|((schema, document) in pair(), form in forms)| {
        let id = json!({"type": "string", "pattern": "^ID-[0-9]+$"});
        let root = merged(schema, &json!({"$defs": {"id": id}}));
        prop_assume!(satisfies(&root, &root, &document));
        let compiled = Schema::new(&root.to_string()).expect("a schema");
        // Everything in the document is masked.
        let masked = answer(&rules, Some(&compiled), &document.to_string(), form, "$").0;
        let masked: Value = serde_json::from_str(&masked).expect("JSON");
        prop_assert!(satisfies(&root, &root, &masked), "{root} {document} {masked}");
    });
}
