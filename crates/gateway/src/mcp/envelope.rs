//! The envelope: JSON-RPC 2.0 as MCP uses it, read once, kept as bytes.
//!
//! A [`Message`] owns the bytes it came in and remembers where its parts stand. What is forwarded is those bytes;
//! whoever changes a part splices its span (`mcp::splice`). A body that two parsers could read as two different
//! messages is no message: see [`Fault`].
//!
//! It stands on `inspect::walk`, not on `serde_json::value::RawValue`: one pass finds spans, repeated keys at any
//! depth and keys in a second spelling. Derived structs would need a pass each, accept arrays for objects, and take
//! `id: null` for no id. Property tests hold the walk to exactly what `serde_json` accepts.
//!
//! Specs: JSON-RPC 2.0; MCP 2025-03-26 to 2026-07-28, "Base Protocol"; RFC 8259.

mod fault;
mod field;
mod id;
mod reader;

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use inspect::value::Value;
use inspect::walk::{Kind, Span};

pub use fault::Fault;
pub use field::Field;
pub use id::IdKey;

use crate::limits;
use crate::mcp::method::{self, Row};
use crate::model::{MessageKind, Method, TargetKind};

/// One JSON-RPC message: a request, a notification or a response, with exactly one meaning.
#[derive(Clone)]
pub struct Message {
    bytes: Bytes,
    /// Where it stands in the body it came in: 0, or inside a batch.
    offset: usize,
    kind: MessageKind,
    method: Option<Method>,
    id: Option<IdKey>,
    found: Vec<(Field, Span)>,
}

impl Message {
    /// Reads one message of a caller. What is not exactly one message, or may mean two things, is a [`Fault`].
    ///
    /// # Errors
    /// The first fault found; [`Fault::Batch`] for any array.
    pub fn parse(bytes: Bytes) -> Result<Self, Fault> {
        reader::read(bytes, 0, reader::Sender::Caller)
    }

    /// Reads one message of an upstream: as strict about the members the gateway acts upon, but an error may lack an
    /// id or have a null one (JSON-RPC 2.0 section 5), and only exact words count as the protocol's keys.
    ///
    /// # Errors
    /// The first fault found; [`Fault::Batch`] for any array.
    pub fn parse_answer(bytes: Bytes) -> Result<Self, Fault> {
        reader::read(bytes, 0, reader::Sender::Upstream)
    }

    /// The bytes as they came: the whole body, or in a batch the message's own part of it.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The span of the message in the body it came in.
    pub fn span(&self) -> Span {
        Span::new(self.offset, self.offset + self.bytes.len())
    }

    /// Request, notification or response.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The method, unescaped; `None` for a response.
    pub fn method(&self) -> Option<&Method> {
        self.method.as_ref()
    }

    /// The method's row in the table of methods; `None` for a response and for a method nobody has heard of.
    pub fn row(&self) -> Option<&'static Row> {
        method::find(self.method.as_deref()?)
    }

    /// What the id means; `None` for a notification and for an error without id.
    pub fn id(&self) -> Option<&IdKey> {
        self.id.as_ref()
    }

    /// The id exactly as it was written, quotes included; `null` where there is none.
    pub fn id_raw(&self) -> &str {
        self.field(Field::Id).map_or("null", Value::raw)
    }

    /// A member the gateway acts upon.
    pub fn field(&self, field: Field) -> Option<Value<'_>> {
        let span = self.span_of(field)?;
        Some(Value::walked(self.part(span), span.start))
    }

    /// Where a member stands in [`Message::bytes`], for splicing.
    pub fn span_of(&self, field: Field) -> Option<Span> {
        self.found.iter().find(|(found, _)| *found == field).map(|(_, span)| *span)
    }

    /// The text of a member that is a string of Unicode.
    pub fn text(&self, field: Field) -> Option<Cow<'_, str>> {
        self.field(field)?.text()
    }

    /// `params`, always an object.
    pub fn params(&self) -> Option<Value<'_>> {
        self.field(Field::Params)
    }

    /// `result`, always an object.
    pub fn result(&self) -> Option<Value<'_>> {
        self.field(Field::Result)
    }

    /// `error`, always an object.
    pub fn error(&self) -> Option<Value<'_>> {
        self.field(Field::Error)
    }

    /// What the method is about, by the table of methods: its kind and its name, unescaped.
    pub fn target(&self) -> Option<(TargetKind, Cow<'_, str>)> {
        let rule = self.row()?.target?;
        let field = match rule.member {
            "name" => Field::Name,
            "uri" => Field::Uri,
            "taskId" => Field::TaskId,
            _ => return None,
        };
        Some((rule.kind, self.text(field)?))
    }

    /// `params._meta["io.modelcontextprotocol/protocolVersion"]`.
    pub fn protocol_version(&self) -> Option<Cow<'_, str>> {
        self.text(Field::ProtocolVersion)
    }

    /// What a member means that names a message or a stream of messages: an id, a progress token, a subscription.
    pub fn key_of(&self, field: Field) -> Option<IdKey> {
        let value = self.field(field)?;
        IdKey::read(value.raw(), value.kind()).ok()
    }

    /// What `params._meta.progressToken` means: notifications about this request carry the same.
    pub fn progress_token(&self) -> Option<IdKey> {
        let token = self.field(Field::ProgressToken).or_else(|| self.field(Field::ProgressOf))?;
        IdKey::read(token.raw(), token.kind()).ok()
    }

    /// What `params.requestId` of `notifications/cancelled` means.
    pub fn request_id(&self) -> Option<IdKey> {
        self.key_of(Field::RequestId)
    }

    /// `error.code`; `None` as well when it is not a whole number of 64 bits (its text is in [`Field::Code`]).
    pub fn error_code(&self) -> Option<i64> {
        self.field(Field::Code)?.raw().parse().ok()
    }

    /// `result.resultType`; absent means `complete` (MCP 2026-07-28).
    pub fn result_type(&self) -> Option<Cow<'_, str>> {
        self.text(Field::ResultType)
    }

    /// Whether `result.isError` is true.
    pub fn is_tool_error(&self) -> bool {
        self.field(Field::IsError).is_some_and(|value| value.raw() == "true")
    }

    /// The task a result speaks of: `result.task.taskId` (2025-11-25) or `result.taskId` (the extension).
    pub fn result_task_id(&self) -> Option<Cow<'_, str>> {
        self.text(Field::CreatedTaskId).or_else(|| self.text(Field::ResultTaskId))
    }

    /// The text of a part; `Bytes` does not remember that it was checked.
    fn part(&self, span: Span) -> &str {
        // Unwrap safety: the whole text was checked to be UTF-8, and values begin and end with ASCII.
        std::str::from_utf8(&self.bytes[span.start..span.end]).expect("checked when the message was read")
    }
}

/// Reads a batch of a caller, which only MCP 2025-03-26 has; a single message is a batch of one.
///
/// # Errors
/// The first fault found in any of its messages, and [`Fault::BatchEmpty`], [`Fault::BatchTooLong`].
pub fn parse_batch(bytes: &Bytes) -> Result<Vec<Message>, Fault> {
    let sender = reader::Sender::Caller;
    let text = reader::text(bytes)?;
    // One deeper than a single message, so that each may be as deep as if it had come alone.
    let root =
        Value::parse(text, limits::JSON_DEPTH_MAX + 1).map_err(|fault| Fault::of_walk(fault, bytes.len()))?;
    if root.kind() != Kind::Array {
        return Ok(vec![reader::read(bytes.clone(), 0, sender)?]);
    }
    let mut messages = Vec::new();
    for element in root.elements() {
        if messages.len() == limits::BATCH_MESSAGES_MAX {
            return Err(Fault::BatchTooLong);
        }
        let span = element.span();
        messages.push(reader::read(bytes.slice(span.start..span.end), span.start, sender)?);
    }
    if messages.is_empty() { Err(Fault::BatchEmpty) } else { Ok(messages) }
}

impl fmt::Debug for Message {
    /// Nothing the sender wrote: a message must not leak through a log line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("kind", &self.kind)
            .field("method", &self.row().map(|row| row.name))
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
