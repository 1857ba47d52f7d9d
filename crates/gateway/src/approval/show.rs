//! What approvers are shown: every value of the call by its pointer, nothing hidden, nothing that could pass for the
//! interface around it, and what is too long folded to its hash.

use inspect::value::Value as Json;
use inspect::walk::Kind;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Content;
use super::bound::hex;
use super::script;
use crate::limits;

/// The call, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Every value, in the order of the canonical text.
    pub values: Vec<Value>,
    /// How many more there are than fit.
    pub left_out: usize,
    /// Length of the canonical text of the call.
    pub bytes: usize,
    /// Its SHA-256.
    pub sha256: String,
}

/// One value of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Value {
    /// JSON Pointer (RFC 6901), escaped for display.
    pub pointer: String,
    /// `string`, `number`, `boolean`, `null`, or `empty` for an object or array without members.
    pub kind: &'static str,
    /// The value, escaped for display.
    pub text: String,
    /// Whether the tool's schema added it.
    pub default: bool,
    /// Of a value that is too long to be shown whole: its length in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// Likewise: its SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Why it may not be what it looks like.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<&'static str>,
}

/// What approvers are shown of the call.
pub fn shown(content: &Content) -> Shown {
    let mut shown = Shown {
        values: Vec::new(),
        left_out: 0,
        bytes: content.matter.len(),
        sha256: hex(Sha256::digest(&content.matter).into()),
    };
    if let Ok(value) = Json::parse(&content.matter, limits::JSON_DEPTH_MAX) {
        collect(value, &mut String::new(), false, content, &mut shown);
    }
    shown
}

/// Somebody as people are shown them: issuer and subject, made harmless.
pub fn party_label(issuer: &str, subject: &str) -> String {
    format!("{}/{}", clean(issuer), clean(subject))
}

/// A text without anything that hides, turns or ends a line.
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => cleaned.push_str("\\n"),
            '\t' => cleaned.push_str("\\t"),
            '\\' => cleaned.push_str("\\\\"),
            hidden if script::hidden(hidden).is_some() => cleaned.extend(hidden.escape_unicode()),
            plain => cleaned.push(plain),
        }
    }
    cleaned
}

fn collect(value: Json<'_>, pointer: &mut String, default: bool, content: &Content, shown: &mut Shown) {
    let default = default || content.defaulted.contains(pointer);
    let length = pointer.len();
    let mut empty = true;
    match value.kind() {
        Kind::Object => {
            for member in value.members() {
                empty = false;
                let name = String::from_utf8_lossy(&member.name()).into_owned();
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                collect(member.value, pointer, default, content, shown);
                pointer.truncate(length);
            }
        }
        Kind::Array => {
            for (position, element) in value.elements().enumerate() {
                empty = false;
                pointer.push_str(&format!("/{position}"));
                collect(element, pointer, default, content, shown);
                pointer.truncate(length);
            }
        }
        Kind::String | Kind::Number | Kind::Boolean | Kind::Null => {}
    }
    let (kind, text) = match value.kind() {
        Kind::Object | Kind::Array if !empty => return,
        Kind::Object => ("empty", "{}".to_owned()),
        Kind::Array => ("empty", "[]".to_owned()),
        Kind::String => ("string", value.text().unwrap_or_default().into_owned()),
        Kind::Number => ("number", value.raw().to_owned()),
        Kind::Boolean => ("boolean", value.raw().to_owned()),
        Kind::Null => ("null", value.raw().to_owned()),
    };
    if shown.values.len() < limits::SHOWN_VALUES_MAX {
        shown.values.push(one(pointer, kind, &text, default));
    } else {
        shown.left_out += 1;
    }
}

fn one(pointer: &str, kind: &'static str, text: &str, default: bool) -> Value {
    let mut doubts = script::doubts(text);
    doubts.extend(script::doubts(pointer));
    doubts.sort_unstable();
    doubts.dedup();
    let whole = text.len() <= limits::SHOWN_TEXT_BYTES_MAX;
    let part = &text[..text.floor_char_boundary(limits::SHOWN_TEXT_BYTES_MAX)];
    Value {
        pointer: clean(&pointer[..pointer.floor_char_boundary(limits::SHOWN_TEXT_BYTES_MAX)]),
        kind,
        text: if whole { clean(text) } else { clean(part) + "…" },
        default,
        bytes: (!whole).then_some(text.len()),
        sha256: (!whole).then(|| hex(Sha256::digest(text).into())),
        warnings: doubts.into_iter().map(script::Doubt::sentence).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Identity, Somebody};

    fn content(matter: &str) -> Content {
        let party = Somebody { issuer: "demo".to_owned(), subject: "alice".to_owned() };
        let (name, email, client) = (None, None, None);
        Content {
            who: Identity {
                kind: "human".to_owned(),
                party,
                actors: Vec::new(),
                owner: None,
                name,
                email,
                client,
            },
            server: "up".to_owned(),
            method: "tools/call".to_owned(),
            target: None,
            matter: matter.to_owned(),
            defaulted: vec!["/arguments/limit".to_owned()],
            policies: Vec::new(),
            terms: crate::model::Terms::default(),
            nonce: String::new(),
            request_state: None,
            input_responses: None,
            task: None,
        }
    }

    #[test]
    fn every_value_is_shown_by_its_pointer() {
        let shown = shown(&content(r#"{"arguments":{"a/b":[true,null,"x"],"e":{},"limit":10}}"#));
        let lines: Vec<String> = shown
            .values
            .iter()
            .map(|value| format!("{} {} {}", value.pointer, value.kind, value.text))
            .collect();
        assert_eq!(
            lines,
            [
                "/arguments/a~1b/0 boolean true",
                "/arguments/a~1b/1 null null",
                "/arguments/a~1b/2 string x",
                "/arguments/e empty {}",
                "/arguments/limit number 10"
            ]
        );
        assert!(shown.values[4].default && !shown.values[0].default);
    }

    #[test]
    fn nothing_in_a_value_passes_for_the_interface() {
        let shown = shown(&content("{\"arguments\":{\"q\\u202e\":\"a\\nAPPROVED \\u001b[2J\\u200b\"}}"));
        assert_eq!(shown.values[0].pointer, "/arguments/q\\u{202e}");
        assert_eq!(shown.values[0].text, "a\\nAPPROVED \\u{1b}[2J\\u{200b}");
        assert_eq!(shown.values[0].warnings.len(), 3);
    }

    #[test]
    fn long_values_are_folded_to_their_hash() {
        let long = "x".repeat(limits::SHOWN_TEXT_BYTES_MAX + 1);
        let shown = shown(&content(&format!("{{\"arguments\":{{\"q\":\"{long}\"}}}}")));
        assert_eq!(shown.values[0].bytes, Some(long.len()));
        assert_eq!(shown.values[0].sha256.as_deref().map(str::len), Some(64));
        let many = format!("[{}]", vec!["1"; limits::SHOWN_VALUES_MAX + 3].join(","));
        assert_eq!(super::shown(&content(&many)).left_out, 3);
    }
}
