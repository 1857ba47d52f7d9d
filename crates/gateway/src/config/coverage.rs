//! The example and the documentation name every field there is.
//!
//! In `countersign.example.yaml` a line that begins with `#` and no space is a field at its default or an
//! alternative; a line that begins with `# ` is prose.

use std::collections::BTreeSet;
use std::path::Path;

use super::decode::decode;
use super::document::{Node, Path as Place, Value};
use super::{Config, parse};

const EXAMPLE: &str = include_str!("../../../../countersign.example.yaml");
const MANUAL: &str = include_str!("../../../../docs/configuration.md");

/// The example with everything that is commented out switched on.
fn full_example() -> String {
    let switch_on = |line: &str| {
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        match rest.strip_prefix('#') {
            Some(field) if !field.is_empty() && !field.starts_with(' ') => format!("{indent}{field}\n"),
            _ => format!("{line}\n"),
        }
    };
    EXAMPLE.lines().map(switch_on).collect()
}

fn written(node: &Node, place: &Place, found: &mut BTreeSet<String>) {
    match &node.value {
        Value::Group(entries) => {
            for (key, value) in entries {
                let place = place.field(&key.name);
                found.insert(place.general());
                written(value, &place, found);
            }
        }
        Value::List(items) => {
            items.iter().enumerate().for_each(|(index, item)| written(item, &place.item(index), found));
        }
        _ => {}
    }
}

/// Every field of the configuration, found by reading the full example: a type is visited only when the field that
/// holds it is written, so a missing field hides nothing but what is inside it.
fn known() -> BTreeSet<String> {
    let text = full_example();
    let root = Node::parse(&text).unwrap_or_else(|error| panic!("{error:?}"));
    decode::<Config>(&root, &text).known
}

#[test]
fn example_is_a_configuration_as_it_is_and_with_everything_switched_on() {
    // With `tls` on, callers must be told `https`.
    let full = full_example().replace("public_url: http:", "public_url: https:");
    for text in [EXAMPLE, &full] {
        if let Err(error) = parse(Path::new("countersign.example.yaml"), text) {
            panic!("{error}");
        }
    }
}

#[test]
fn example_writes_every_field() {
    let text = full_example();
    let root = Node::parse(&text).unwrap_or_else(|error| panic!("{error:?}"));
    let mut found = BTreeSet::new();
    written(&root, &Place::default(), &mut found);
    let missing: Vec<_> = known().difference(&found).cloned().collect();
    assert!(missing.is_empty(), "add to countersign.example.yaml, commented: {missing:?}");
}

#[test]
fn manual_explains_every_field() {
    let explained: BTreeSet<_> = MANUAL
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(field, _)| field.to_owned()))
        .collect();
    let missing: Vec<_> = known().difference(&explained).cloned().collect();
    assert!(missing.is_empty(), "add a row to docs/configuration.md: {missing:?}");
    let unknown: Vec<_> =
        explained.difference(&known()).filter(|field| !field.contains("<secret>")).cloned().collect();
    assert!(unknown.is_empty(), "docs/configuration.md explains fields that do not exist: {unknown:?}");
}
