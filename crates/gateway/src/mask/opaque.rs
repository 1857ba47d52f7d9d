//! What nobody can look into and nobody may change: state and cursors of an upstream that travel through the caller,
//! pictures, sound, blobs that are no text. It passes as it is or not at all, and what is recorded of it is its hash.

use bytes::Bytes;
use inspect::mask::{Part, Receipt, holds_text};
use inspect::value::Value;
use inspect::walk::{Kind as Json, Span};
use sha2::{Digest as _, Sha256};

use crate::limits;
use crate::mcp::method::{COMMON_PARTS, Row};

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `requestState` (SEP-2322).
    State,
    /// A cursor of a list.
    Cursor,
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// Base64 of what is no text.
    Blob,
    /// Content whose receiver holds it against a digest.
    File,
    /// A whole answer that is too large to be looked at.
    Answer,
}

impl Kind {
    /// The word policies know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Cursor => "cursor",
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Blob => "blob",
            Self::File => "file",
            Self::Answer => "answer",
        }
    }
}

/// A part of a message.
#[derive(Debug, Clone)]
pub(super) struct Opaque {
    pub(super) kind: Kind,
    pub(super) span: Span,
    pointer: String,
    /// SHA-256, as a JSON string.
    hash: String,
}

/// Where the protocol has some, whatever the method.
const ALWAYS: [(&str, Kind); 4] = [
    ("/params/requestState", Kind::State),
    ("/result/requestState", Kind::State),
    ("/params/cursor", Kind::Cursor),
    ("/result/nextCursor", Kind::Cursor),
];

/// A message without any of these holds none: words are cheaper to look for than values. A name may be written with
/// escapes.
const WORDS: [&[u8]; 5] = [b"requestState", b"ursor\"", b"\"data\"", b"\"blob\"", b"\\u"];

/// Everything opaque in a message; `None` when it is too much.
pub(super) fn find(message: &str, row: Option<&'static Row>) -> Option<Vec<Opaque>> {
    let mut found = Vec::new();
    if !WORDS.iter().any(|word| memchr::memmem::find(message.as_bytes(), word).is_some()) {
        return Some(found);
    }
    // What is not JSON was refused before.
    let Ok(root) = Value::parse(message, limits::JSON_DEPTH_MAX) else { return Some(found) };
    for (pointer, kind) in ALWAYS {
        found.extend(root.at(pointer).map(|value| Opaque::new(kind, pointer.to_owned(), value)));
    }
    let parts = COMMON_PARTS.iter().chain(row.into_iter().flat_map(|row| row.parts));
    for (pointer, part) in parts.filter(|(_, part)| matches!(part, Part::Media | Part::Blob)) {
        let way: Vec<&str> = pointer.split('/').skip(1).collect();
        follow(root, root, &way, String::new(), &mut |value, around, pointer| {
            found.extend(unread(*part, value, around).map(|kind| Opaque::new(kind, pointer, value)));
            found.len() <= limits::OPAQUE_PARTS_MAX
        });
    }
    found.sort_by_key(|part| part.span);
    found.dedup_by_key(|part| part.span);
    (found.len() <= limits::OPAQUE_PARTS_MAX).then_some(found)
}

/// What a value at the place of a blob is, unless it can be looked into.
fn unread(part: Part, value: Value<'_>, around: Value<'_>) -> Option<Kind> {
    let text = value.text().filter(|text| !text.is_empty())?;
    let kind = around.member("type").and_then(Value::text);
    match kind.as_deref() {
        Some("image") if part == Part::Media => Some(Kind::Image),
        Some("audio") if part == Part::Media => Some(Kind::Audio),
        _ => (is_base64(&text) && !holds_text(&text)).then_some(Kind::Blob),
    }
}

fn is_base64(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte))
}

/// Calls `each` with every value that `way` leads to from `value`, until it says that it is enough; `*` is any one step.
fn follow<'a>(
    value: Value<'a>,
    around: Value<'a>,
    way: &[&str],
    pointer: String,
    each: &mut dyn FnMut(Value<'a>, Value<'a>, String) -> bool,
) -> bool {
    let Some((step, rest)) = way.split_first() else { return each(value, around, pointer) };
    if *step != "*" {
        let next = value.member(step);
        return next.is_none_or(|next| follow(next, value, rest, format!("{pointer}/{step}"), each));
    }
    match value.kind() {
        Json::Object => value.members().all(|member| {
            let name = String::from_utf8_lossy(&member.name()).replace('~', "~0").replace('/', "~1");
            follow(member.value, value, rest, format!("{pointer}/{name}"), each)
        }),
        Json::Array => value
            .elements()
            .enumerate()
            .all(|(index, element)| follow(element, value, rest, format!("{pointer}/{index}"), each)),
        _ => true,
    }
}

impl Opaque {
    fn new(kind: Kind, pointer: String, value: Value<'_>) -> Self {
        Self { kind, span: value.span(), pointer, hash: hash(value.raw()) }
    }

    /// A whole message.
    pub(super) fn whole(message: &str) -> Self {
        let span = Span::new(0, message.len());
        Self { kind: Kind::Answer, span, pointer: String::new(), hash: hash(message) }
    }

    /// Its length as it stands in the message.
    pub(super) fn bytes(&self) -> usize {
        self.span.len()
    }

    /// Whether `span` lies inside of it.
    pub(super) fn holds(&self, span: Span) -> bool {
        self.span.start <= span.start && span.end <= self.span.end
    }

    /// Its hash in its place.
    pub(super) fn hashed(&self) -> (Span, String) {
        (self.span, self.hash.clone())
    }

    /// That it was not looked into.
    pub(super) fn receipt(&self) -> Receipt {
        Receipt {
            pointer: self.pointer.clone(),
            detector: format!("opaque-{}", self.kind.name()),
            version: 1,
            form: "hash",
            length: self.bytes(),
            token: self.hash.trim_matches('"').to_owned(),
        }
    }

    /// What is recorded instead of a message that nobody looked at.
    pub(super) fn document(&self) -> Bytes {
        format!(r#"{{"unread":{{"bytes":{},"hash":{}}}}}"#, self.bytes(), self.hash).into()
    }
}

/// The SHA-256 of a JSON text as a JSON string.
pub(super) fn hash(text: &str) -> String {
    format!("\"sha256:{}\"", evidence::merkle::Hash::from_bytes(Sha256::digest(text).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::method;

    /// Kinds and pointers of what is opaque in a message of a method.
    fn told(method: &str, message: &str) -> Vec<(&'static str, String)> {
        let found = find(message, method::find(method)).expect("not too much");
        found.into_iter().map(|part| (part.kind.name(), part.pointer)).collect()
    }

    #[test]
    fn what_cannot_be_looked_into_is_found_where_the_protocol_has_it() {
        let (text, binary) =
            ("aGVsbG8gd29ybGQsIHRoaXMgaXMgdGV4dA==", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAf");
        let one = |kind, pointer: &str| vec![(kind, pointer.to_owned())];
        assert_eq!(
            told("tools/list", r#"{"result":{"nextCursor":"x"}}"#),
            one("cursor", "/result/nextCursor")
        );
        assert_eq!(told("tools/list", r#"{"params":{"curso\u0072":"x"}}"#), one("cursor", "/params/cursor"));
        assert_eq!(
            told("tools/call", r#"{"params":{"requestState":"x"}}"#),
            one("state", "/params/requestState")
        );
        for (kind, sort) in [("image", "image"), ("audio", "audio"), ("blob", "vendor")] {
            let message =
                format!(r#"{{"result":{{"content":[{{}},{{"data":"{binary}","type":"{sort}"}}]}}}}"#);
            assert_eq!(told("tools/call", &message), one(kind, "/result/content/1/data"));
        }
        let blob = |text: &str| format!(r#"{{"result":{{"contents":[{{"blob":"{text}"}}]}}}}"#);
        assert_eq!(told("resources/read", &blob(binary)), one("blob", "/result/contents/0/blob"));
        assert_eq!(told("resources/read", &blob(text)), []);
        assert_eq!(told("resources/read", &blob("")), []);
        let plain = r#"{"params":{"arguments":{"requestState":"mine","data":"x","cursor":"y"}}}"#;
        assert_eq!(told("tools/call", plain), []);
    }

    #[test]
    fn more_than_can_be_listed_is_too_much() {
        let image = r#"{"type":"image","data":"AAAA"},"#.repeat(limits::OPAQUE_PARTS_MAX + 1);
        let message = format!(r#"{{"result":{{"content":[{image}{{}}]}}}}"#);
        assert!(find(&message, method::find("tools/call")).is_none());
    }
}
