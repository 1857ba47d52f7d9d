//! The walk accepts what `serde_json` accepts, and sees in it what `serde_json` sees.

use inspect::text;
use inspect::value::Value;
use inspect::walk::{Fault, Kind, Walk};
use serde::de::IgnoredAny;

const DEPTH_MAX: usize = 100;

/// Holds one text against `serde_json`.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let walked = Value::parse(text, DEPTH_MAX);
    if matches!(walked, Err(Fault::TooDeep(_))) {
        return;
    }
    let accepted = serde_json::from_str::<IgnoredAny>(text).is_ok();
    assert_eq!(walked.is_ok(), accepted, "one grammar accepts what the other does not: {walked:?}");
    let Ok(root) = walked else { return };
    assert_eq!(root.raw(), text.trim_matches([' ', '\n', '\r', '\t']));
    scalars(text);
    // Lone surrogates and numbers beyond a float are no values for it.
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        same(root, &value);
    }
}

fn scalars(document: &str) {
    let mut walk = Walk::new(document, DEPTH_MAX);
    while let Ok(Some(scalar)) = walk.scalar() {
        let raw = scalar.span.of(document);
        assert!(serde_json::from_str::<IgnoredAny>(raw).is_ok(), "a scalar's span is a value");
        assert_eq!(raw.starts_with('"'), scalar.kind == Kind::String);
        if scalar.kind == Kind::String {
            string(scalar.span.unquoted().of(document), scalar.escaped);
        }
    }
}

fn string(raw: &str, escaped: bool) {
    assert_eq!(escaped, raw.contains('\\'));
    let lossy = text::unescape_lossy(raw);
    assert_eq!(lossy.len(), text::unescape(raw).len());
    assert_eq!(text::raw_range(raw, 0..lossy.len()), 0..raw.len());
    let strict = text::unescape_strict(raw);
    let theirs = serde_json::from_str::<String>(&format!("\"{raw}\"")).ok();
    assert_eq!(strict.as_deref(), theirs.as_deref(), "the same text, or none for both");
    if let Some(text) = strict {
        assert_eq!(text, lossy);
    }
}

/// The same value, as far as a map that keeps the last of two equal keys can tell.
fn same(ours: Value<'_>, theirs: &serde_json::Value) {
    match theirs {
        serde_json::Value::Object(members) => {
            let last: std::collections::BTreeMap<_, _> =
                ours.members().map(|member| (member.name().into_owned(), member.value)).collect();
            assert_eq!((ours.kind(), last.len()), (Kind::Object, members.len()));
            for (name, theirs) in members {
                same(last[name.as_bytes()], theirs);
            }
        }
        serde_json::Value::Array(elements) => {
            let all: Vec<_> = ours.elements().collect();
            assert_eq!((ours.kind(), all.len()), (Kind::Array, elements.len()));
            all.into_iter().zip(elements).for_each(|(ours, theirs)| same(ours, theirs));
        }
        serde_json::Value::String(theirs) => assert_eq!(ours.text().as_deref(), Some(theirs.as_str())),
        scalar => {
            assert_eq!(serde_json::from_str::<serde_json::Value>(ours.raw()).ok().as_ref(), Some(scalar));
        }
    }
}
