//! The few members of a JSON-RPC message that decide where it goes, and how to replace them in place.
//!
//! It stands on `mcp::envelope`, so that what is routed here and what is judged before and after it are read by one
//! grammar. Bytes are never re-serialised: a replaced id is a spliced id.
//!
//! Spec: JSON-RPC 2.0; MCP, "Cancellation", "Progress", "Subscriptions".

use std::fmt;

use bytes::Bytes;
use inspect::walk::Span;

use crate::mcp::envelope::{Field, IdKey as Id, Message};
use crate::mcp::splice::Splice;
use crate::model::MessageKind;

/// A value and where in the message it stands.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    /// What it means.
    pub(super) id: Id,
    /// Its exact bytes.
    pub(super) raw: Bytes,
    /// Where they stand in the message.
    pub(super) at: Span,
}

/// What a message is.
#[derive(Clone)]
pub(super) enum Kind {
    /// Expects an answer.
    Request { id: Spot, method: String },
    /// Does not.
    Notification { method: String },
    /// Answers the request `id`; `error` is the code of an error answer.
    Response { id: Spot, error: Option<i64> },
}

/// A message, read as far as routing needs.
#[derive(Clone)]
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
    pub(super) capabilities: Option<Span>,
}

impl Head {
    /// Reads `message`; `None` when it is not one JSON-RPC message, or may mean two things.
    pub(super) fn read(message: &Bytes) -> Option<Self> {
        // Callers' messages were held to stricter rules before they got here.
        let message = Message::parse_answer(message.clone()).ok()?;
        let method = || message.method().map(|method| method.clone().into_owned());
        let kind = match message.kind() {
            MessageKind::Request => Kind::Request { id: spot(&message, Field::Id)?, method: method()? },
            MessageKind::Notification => Kind::Notification { method: method()? },
            MessageKind::Response => {
                // A code that is no number is still an error.
                let error = message.error().map(|_| message.error_code().unwrap_or_default());
                Kind::Response { id: spot(&message, Field::Id)?, error }
            }
            MessageKind::Stream => return None,
        };
        let token = match kind {
            Kind::Request { .. } => spot(&message, Field::ProgressToken),
            Kind::Notification { .. } => spot(&message, Field::ProgressOf),
            Kind::Response { .. } => None,
        };
        Some(Self {
            kind,
            token,
            request: spot(&message, Field::RequestId),
            subscription: spot(&message, Field::SubscriptionId),
            capabilities: message.span_of(Field::Capabilities),
        })
    }
}

impl fmt::Debug for Head {
    /// Nothing the sender wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").finish_non_exhaustive()
    }
}

/// `message` with each of the spans, which are distinct members of it, replaced.
pub(super) fn replace(message: &Bytes, edits: impl IntoIterator<Item = (Span, Bytes)>) -> Bytes {
    let mut splice = Splice::default();
    for (span, new) in edits {
        splice.replace(span, new);
    }
    // Unwrap safety: distinct members of one object, or of objects in it, never overlap.
    splice.apply(message).expect("members of a message do not overlap")
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
            return plain(value);
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
    key.trim_end().ends_with([',', '{']).then(|| plain(&before[digits..]))?
}

/// A number or a string without escapes, as every id that the gateway chose itself is.
fn plain(raw: &str) -> Option<Id> {
    match raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) {
        Some(text) => Some(Id::Text(text.as_bytes().into())),
        None => raw.parse().ok().map(Id::Number),
    }
}

fn spot(message: &Message, field: Field) -> Option<Spot> {
    let at = message.span_of(field)?;
    Some(Spot { id: message.key_of(field)?, raw: message.bytes().slice(at.start..at.end), at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Option<Head> {
        Head::read(&Bytes::from_static(text.as_bytes()))
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
        assert_eq!(token.id, Id::Text(b"p1".as_slice().into()));
        let new = Bytes::from_static(b"77");
        let spliced = replace(&message, [(id.at, new.clone()), (token.at, new)]);
        assert_eq!(
            spliced,
            br#"{ "params" : {"_meta":{"progressToken":77},"n":1.10,"s":"\ud800"} ,"id":77, "method":"tools/call","jsonrpc":"2.0"}"#
                .as_slice()
        );
        assert_eq!(replace(&message, []).as_ptr(), message.as_ptr());
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
