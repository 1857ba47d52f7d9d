//! What is asked: protocol era, kind of message, method.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use uuid::Uuid;

/// The two wire protocols in use. The gateway never translates one into the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Era {
    /// Revisions 2025-03-26 to 2025-11-25: `initialize`, sessions, GET streams.
    Legacy,
    /// Revision 2026-07-28: stateless.
    Modern,
}

/// What a caller sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// A JSON-RPC request; the upstream owes an answer.
    Request,
    /// A JSON-RPC notification.
    Notification,
    /// A JSON-RPC response to a request of the upstream (legacy only).
    Response,
    /// An HTTP GET that opens or resumes a stream, or a DELETE that ends a session (legacy only).
    Stream,
}

impl MessageKind {
    /// The word used in leaves and listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Notification => "notification",
            Self::Response => "response",
            Self::Stream => "stream",
        }
    }
}

/// An MCP method name: one of the table `mcp::method::METHODS`, or something nobody has heard of.
///
/// For [`MessageKind::Response`] it is the method of the request that is answered; for [`MessageKind::Stream`] it is
/// `GET` or `DELETE`.
pub type Method = Cow<'static, str>;

/// The circumstances of a call: what is neither who nor what.
#[derive(Debug, Clone)]
pub struct Context {
    /// When the gateway accepted it.
    pub time: Timestamp,
    /// The peer's address (after PROXY protocol or a trusted forwarding header, where configured).
    pub address: IpAddr,
    /// Wire protocol.
    pub era: Era,
    /// `MCP-Protocol-Version` as sent, when it was a plausible date.
    pub revision: Option<String>,
    /// `User-Agent`, bounded. Personal data: never in a leaf.
    pub user_agent: Option<String>,
    /// W3C trace id, when the caller sent a valid `traceparent`.
    pub trace: Option<String>,
    /// Our own recording session: groups the exchanges of one caller.
    pub session: Uuid,
    /// Whether somebody calls, or the gateway tries itself.
    pub origin: Origin,
}

/// Where a call comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A proven caller.
    Caller,
    /// The gateway itself, to see whether a control works: see `canary`.
    Canary,
}
