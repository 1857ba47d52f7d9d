//! The few members of a JSON-RPC message that decide where it goes, and how to replace them in place.
//!
//! Messages from callers were judged before they get here and messages from programs are judged after, so this reads
//! only what routing needs. Bytes are never re-serialised: a replaced id is a spliced id.
//!
//! Spec: JSON-RPC 2.0; MCP, "Cancellation", "Progress", "Subscriptions".

use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::limits;

/// A JSON-RPC id, or a progress token, by value: `1`, `1.0` and `1e0` are one id, as are `"a"` and `"\u0061"`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Id {
    /// A whole number.
    Number(i64),
    /// A string, unescaped.
    Text(String),
    /// A number that is not whole or too large, as written.
    Other(String),
}

/// A value and where in the message it stands.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    /// The value.
    pub(super) id: Id,
    /// Its exact bytes.
    pub(super) raw: Bytes,
    /// Where they stand in the message.
    pub(super) at: Range<usize>,
}

/// What a message is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// Expects an answer.
    Request { id: Spot, method: String },
    /// Does not.
    Notification { method: String },
    /// Answers the request `id`; `error` is the code of an error answer.
    Response { id: Spot, error: Option<i64> },
}

/// A message, read as far as routing needs.
#[derive(Debug, Clone)]
pub(super) struct Head {
    /// What it is.
    pub(super) kind: Kind,
    /// The token under which progress is reported: of the request itself, or the one a progress notification names.
    pub(super) token: Option<Spot>,
    /// `params.requestId` of a cancellation.
    pub(super) request: Option<Spot>,
    /// `_meta["io.modelcontextprotocol/subscriptionId"]` of a notification or a result.
    pub(super) subscription: Option<Spot>,
    /// `params.capabilities`.
    pub(super) capabilities: Option<Range<usize>>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    #[serde(borrow)]
    progress_token: Option<&'a RawValue>,
    #[serde(borrow)]
    request_id: Option<&'a RawValue>,
    #[serde(borrow)]
    capabilities: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/subscriptionId")]
    subscription: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Failure {
    code: i64,
}

impl Head {
    /// Reads `message`, which must be one JSON object in UTF-8; `None` when it is not a JSON-RPC message.
    pub(super) fn read(message: &Bytes) -> Option<Self> {
        let text = std::str::from_utf8(message).ok()?;
        let envelope: Envelope = object(text)?;
        let id = envelope.id.and_then(|raw| Spot::read(message, raw));
        let body = envelope.params.or(envelope.result).map_or("", RawValue::get);
        let members: Members = object(body).unwrap_or_default();
        let meta: Meta = members.meta.and_then(|raw| object(raw.get())).unwrap_or_default();
        let answers = envelope.result.is_some() || envelope.error.is_some();
        let kind = match (envelope.method, id) {
            (Some(method), Some(id)) if !answers => Kind::Request { id, method },
            // An id that is neither a string nor a number makes it no message at all.
            (Some(method), None) if !answers && envelope.id.is_none() => Kind::Notification { method },
            (None, Some(id)) if answers => Kind::Response { id, error: envelope.error.map(code) },
            _ => return None,
        };
        let token = match kind {
            Kind::Request { .. } => meta.progress_token,
            Kind::Notification { .. } => members.progress_token,
            Kind::Response { .. } => None,
        };
        Some(Self {
            kind,
            token: token.and_then(|raw| Spot::read(message, raw)),
            request: members.request_id.and_then(|raw| Spot::read(message, raw)),
            subscription: meta.subscription.and_then(|raw| Spot::read(message, raw)),
            capabilities: members.capabilities.map(|raw| place(message, raw.get())),
        })
    }
}

impl Spot {
    fn read(message: &Bytes, raw: &RawValue) -> Option<Self> {
        let at = place(message, raw.get());
        Some(Self { id: Id::read(raw.get())?, raw: message.slice(at.clone()), at })
    }
}

impl Id {
    /// Reads a JSON string or number no longer than [`limits::NAME_BYTES_MAX`].
    pub(super) fn read(raw: &str) -> Option<Self> {
        if raw.len() > limits::NAME_BYTES_MAX {
            return None;
        }
        if raw.starts_with('"') {
            // What cannot be unescaped (a lone surrogate) is compared as written.
            return Some(serde_json::from_str(raw).map_or_else(|_| Self::Other(raw.to_owned()), Self::Text));
        }
        if let Ok(number) = raw.parse() {
            return Some(Self::Number(number));
        }
        let number: f64 = raw
            .parse()
            .ok()
            .filter(|_| raw.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']))?;
        let whole = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        Some(if whole { Self::Number(number as i64) } else { Self::Other(raw.to_owned()) })
    }
}

/// `message` with each range replaced; `edits` are in order and do not overlap. Without edits, the same bytes.
pub(super) fn splice(message: &Bytes, edits: &[(Range<usize>, Bytes)]) -> Bytes {
    if edits.is_empty() {
        return message.clone();
    }
    let grown: usize = edits.iter().map(|(_, new)| new.len()).sum();
    let mut spliced = BytesMut::with_capacity(message.len() + grown);
    let mut from = 0;
    for (range, new) in edits {
        spliced.put_slice(&message[from..range.start]);
        spliced.put_slice(new);
        from = range.end;
    }
    spliced.put_slice(&message[from..]);
    spliced.freeze()
}

/// `message` with every value of `edits` replaced, in whatever order they stand.
pub(super) fn replace(message: &Bytes, mut edits: Vec<(Range<usize>, Bytes)>) -> Bytes {
    edits.sort_by_key(|(range, _)| range.start);
    splice(message, &edits)
}

/// The id of a response of which only the first and last bytes were kept, if they show it beyond doubt: as one of the
/// first members, before any nested value, or as the very last member.
pub(super) fn id_of_cut(first: &str, last: &str) -> Option<Id> {
    leading_id(first).or_else(|| trailing_id(last))
}

fn leading_id(first: &str) -> Option<Id> {
    let mut rest = first.trim_start().strip_prefix('{')?;
    // `jsonrpc` and `id` are scalars; whatever comes first that is not, ends the search.
    for _ in 0..2 {
        let (key, after) = scalar(rest)?;
        let (value, after) = scalar(after.trim_start().strip_prefix(':')?)?;
        if key == "\"id\"" {
            return Id::read(value);
        }
        rest = after.trim_start().strip_prefix(',')?;
    }
    None
}

fn scalar(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = if let Some(inner) = text.strip_prefix('"') {
        // No escapes: the ids that matter have none.
        let end = inner.find(['"', '\\'])?;
        inner[end..].starts_with('"').then_some(end + 2)?
    } else {
        text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.')))
            .filter(|end| *end > 0)?
    };
    Some(text.split_at(end))
}

fn trailing_id(last: &str) -> Option<Id> {
    // The line ends with the brace that closes the message, so a number right before it is the value of a member of
    // the message itself; and an unescaped `"id"` before the colon is its key, for it cannot stand inside a string.
    let before = last.trim_end().strip_suffix('}')?.trim_end();
    let digits = before.len() - before.bytes().rev().take_while(u8::is_ascii_digit).count();
    let key = before[..digits].trim_end().strip_suffix(':')?.trim_end().strip_suffix("\"id\"")?;
    key.trim_end().ends_with([',', '{']).then(|| Id::read(&before[digits..]))?
}

/// Reads an object. Derived structs would take an array for one, member by member.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok())?
}

fn code(error: &RawValue) -> i64 {
    object::<Failure>(error.get()).map_or(0, |failure| failure.code)
}

/// Where `part`, which borrows from `whole`, stands in it.
fn place(whole: &[u8], part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - whole.as_ptr().addr();
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Option<Head> {
        Head::read(&Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn ids_are_compared_by_value() {
        for (raw, id) in [
            ("1", Some(Id::Number(1))),
            ("1.0", Some(Id::Number(1))),
            ("1e0", Some(Id::Number(1))),
            ("-7", Some(Id::Number(-7))),
            (r#""a""#, Some(Id::Text("a".into()))),
            (r#""\u0061""#, Some(Id::Text("a".into()))),
            ("1.5", Some(Id::Other("1.5".into()))),
            ("9007199254740993", Some(Id::Number(9_007_199_254_740_993))),
            ("99999999999999999999", Some(Id::Other("99999999999999999999".into()))),
            (r#""\ud800""#, Some(Id::Other(r#""\ud800""#.into()))),
            ("null", None),
            ("true", None),
            ("[1]", None),
        ] {
            assert_eq!(Id::read(raw), id, "{raw}");
        }
    }

    #[test]
    fn what_is_not_one_message_is_not_read() {
        for text in [
            "",
            "Server running on stdio",
            "[]",
            r#"["2.0",1,"tools/call"]"#,
            r#"{"jsonrpc":"2.0"}"#,
            r#"{"jsonrpc":"2.0","id":null,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":2,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}} {}"#,
        ] {
            assert!(read(text).is_none(), "{text}");
        }
        assert!(Head::read(&Bytes::from_static(b"{\"id\":1,\"result\":\"\xff\"}")).is_none());
    }

    #[test]
    fn spliced_message_differs_only_where_it_was_spliced() {
        let message = Bytes::from_static(
            br#"{ "params" : {"_meta":{"progressToken":"p\u0031"},"n":1.10,"s":"\ud800"} ,"id":1.0, "method":"tools/call","jsonrpc":"2.0"}"#,
        );
        let head = Head::read(&message).expect("a message");
        let Kind::Request { id, method } = head.kind else { panic!("a request") };
        assert_eq!(method, "tools/call");
        let token = head.token.expect("a token");
        assert_eq!(token.id, Id::Text("p1".into()));
        let new = Bytes::from_static(b"77");
        let spliced = replace(&message, vec![(id.at, new.clone()), (token.at, new)]);
        assert_eq!(
            spliced,
            br#"{ "params" : {"_meta":{"progressToken":77},"n":1.10,"s":"\ud800"} ,"id":77, "method":"tools/call","jsonrpc":"2.0"}"#
                .as_slice()
        );
        assert_eq!(splice(&message, &[]).as_ptr(), message.as_ptr());
    }

    #[test]
    fn id_of_a_cut_line_is_taken_only_where_it_cannot_be_data() {
        for (first, last, id) in [
            (r#"{"jsonrpc":"2.0","id":3,"result":{"#, "zz", Some(3)),
            (r#"{"jsonrpc": "2.0", "id": 3, "result": {"#, "zz", Some(3)),
            (r#"{"id":3,"jsonrpc":"2.0","result":{"#, "zz", Some(3)),
            (r#"{"result":{"content":["#, r#"x"},"jsonrpc":"2.0","id":4}"#, Some(4)),
            (r#"{"result":{"id":9,"#, r#""id":4}}"#, None),
            (r#"{"result":"{"#, r#"\"id\":4}"}"#, None),
            (r#"{"result":"{"#, r#"\"id\":4}"#, None),
            (r#"{"method":"x","params":{"id":4"#, r#""a"}}"#, None),
        ] {
            assert_eq!(id_of_cut(first, last), id.map(Id::Number), "{first} .. {last}");
        }
    }
}
