//! What HTTP headers say about a message, held against its body.
//!
//! The body decides; headers must agree with it, or the two would be read by different machines as different calls.
//! Sources: MCP 2026-07-28 "Streamable HTTP" (SEP-2243, HTTP standard headers), MCP 2025-11-25 "Streamable HTTP",
//! RFC 9110.

mod media;
mod origin;
mod step;
mod transit;

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};

pub use media::{Accepted, accepted, require_json};
pub use origin::Ours;
pub use step::{Mirror, in_step, is_argument, is_mirror, require_mirrors};
pub use transit::{for_caller, for_upstream};

use crate::limits;
use crate::mcp::envelope::{Field, Message};
use crate::model::{Era, MessageKind};
use crate::refusal::Refusal;

/// `MCP-Protocol-Version`: the revision a request speaks.
pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// `Mcp-Method`: the body's `method` (modern).
pub const METHOD: &str = "mcp-method";
/// `Mcp-Name`: the tool or prompt name, resource URI or task id in the body (modern).
pub const NAME: &str = "mcp-name";
/// `Mcp-Session-Id`: the session (legacy).
pub const SESSION_ID: &str = "mcp-session-id";
/// `Last-Event-ID`: where a stream is resumed (legacy).
pub const LAST_EVENT_ID: &str = "last-event-id";

/// The first revision without `initialize`. Revisions are dates, so they are ordered as text.
const MODERN: &str = "2026-07-28";
/// The only revision with batches; also what a request without a version speaks (MCP 2025-06-18, "Protocol Version
/// Header").
const BATCHED: &str = "2025-03-26";

/// The wire protocol of a message, which decides the shape of every refusal:
///
/// 1. A body that carries `_meta["io.modelcontextprotocol/protocolVersion"]` is modern: only that era has it.
/// 2. Else a `MCP-Protocol-Version` header of 2026-07-28 or later is a claim to be modern.
/// 3. Else it is legacy: `initialize`, a session, an older version, or no word on it at all.
///
/// `Mcp-Session-Id` has no part in it: modern peers ignore it, so it must not turn a modern body into a legacy one.
pub fn era(headers: &HeaderMap, message: Option<&Message>) -> Era {
    let body = message.is_some_and(|message| message.span_of(Field::ProtocolVersion).is_some());
    if body || revision(headers).is_some_and(|revision| revision >= MODERN) {
        Era::Modern
    } else {
        Era::Legacy
    }
}

/// The `MCP-Protocol-Version` header, when it is one plausible date.
pub fn revision(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(PROTOCOL_VERSION).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    is_date(value).then_some(value)
}

/// Whether the revision a request speaks has batches.
pub fn allows_batch(headers: &HeaderMap) -> bool {
    !headers.contains_key(PROTOCOL_VERSION) || revision(headers) == Some(BATCHED)
}

/// The session a legacy request belongs to.
///
/// # Errors
/// [`Refusal::UnknownSession`] when the value could not have been issued: not one header of visible ASCII (MCP
/// 2025-11-25, "Session Management"), or beyond `limits::SESSION_ID_BYTES_MAX`.
pub fn session_id(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(SESSION_ID).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(id)
            if values.next().is_none()
                && (1..=limits::SESSION_ID_BYTES_MAX).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            Ok(Some(id))
        }
        _ => Err(Refusal::UnknownSession),
    }
}

/// Holds the headers of a caller's POST against its one message.
///
/// In both eras no `Mcp-*` header may appear twice, nor be named in `Connection` (it would be lost on the way, after it
/// was checked). A modern message must agree with `MCP-Protocol-Version`, `Mcp-Method` and `Mcp-Name`; a modern
/// request must have them (that the body names the version too is for the upstream to ask: it answers -32602). What
/// `Mcp-Param-*` says depends on the schema of the tool: see [`require_mirrors`]. In the legacy era these headers have no
/// meaning and stay behind, except the version, which is left to the upstream.
///
/// # Errors
/// [`Refusal::HeaderMismatch`].
pub fn require_agreement(headers: &HeaderMap, message: &Message, era: Era) -> Result<(), Refusal> {
    require_single(headers)?;
    if era == Era::Legacy {
        return Ok(());
    }
    let version = message.protocol_version();
    let target = message.target();
    let name = target.as_ref().map(|(_, name)| name.as_ref());
    if message.kind() == MessageKind::Request {
        require(headers, PROTOCOL_VERSION)?;
        require(headers, METHOD)?;
        if is_named(message) {
            require(headers, NAME)?;
        }
    }
    if version.is_some() {
        // A notification need not repeat the version in its body.
        agree(headers, PROTOCOL_VERSION, version.as_deref())?;
    }
    agree(headers, METHOD, message.method().map(AsRef::as_ref))?;
    agree(headers, NAME, name)
}

/// The text of an `Mcp-*` header: as it stands, or wrapped as `=?base64?...?=`. `None` when it is neither.
pub fn decode(value: &HeaderValue) -> Option<Cow<'_, str>> {
    let text = value.to_str().ok()?;
    let Some(inner) = text.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) else {
        return Some(Cow::Borrowed(text));
    };
    let bytes = STANDARD.decode(inner).ok()?;
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Methods whose `Mcp-Name` the spec requires: `tools/call`, `prompts/get`, `resources/read`, `tasks/*`.
fn is_named(message: &Message) -> bool {
    message.row().is_some_and(|row| {
        row.target.is_some()
            && row.eras.has(Era::Modern)
            && (matches!(row.name, "tools/call" | "prompts/get" | "resources/read")
                || row.name.starts_with("tasks/"))
    })
}

fn require(headers: &HeaderMap, name: &str) -> Result<(), Refusal> {
    if headers.contains_key(name) { Ok(()) } else { Err(Refusal::HeaderMismatch) }
}

/// A header that is there says what the body says.
fn agree(headers: &HeaderMap, name: &str, body: Option<&str>) -> Result<(), Refusal> {
    match (headers.get(name), body) {
        (None, _) => Ok(()),
        (Some(value), Some(body)) if decode(value).is_some_and(|header| header == body) => Ok(()),
        _ => Err(Refusal::HeaderMismatch),
    }
}

fn require_single(headers: &HeaderMap) -> Result<(), Refusal> {
    let ours = |name: &str| name.starts_with("mcp-");
    for name in headers.keys().filter(|name| ours(name.as_str())) {
        if headers.get_all(name).iter().nth(1).is_some() {
            return Err(Refusal::HeaderMismatch);
        }
    }
    if transit::named_in_connection(headers).any(|name| ours(&name)) {
        return Err(Refusal::HeaderMismatch);
    }
    Ok(())
}

/// `dddd-dd-dd`
fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests;
