//! The closed set of public no's. Each says what happened, whose fault it is, and what to do.

/// Who must act for the call to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller, or whoever configured it.
    Caller,
    /// The upstream server or its operator.
    Upstream,
    /// The gateway or its operator.
    Gateway,
}

/// Why a call is refused. Every variant has one row in [`Refusal::face`] and one test in `tests/it/refusal.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Not one JSON-RPC message, or one with two meanings.
    Malformed,
    /// A batch where the protocol revision has none.
    Batch,
    /// Body, header, name or nesting beyond a limit.
    TooLarge,
    /// `Content-Type` or `Content-Encoding` that cannot be judged.
    MediaType,
    /// `Accept` that leaves no way to answer.
    NotAcceptable,
    /// An `Mcp-*` or `MCP-Protocol-Version` header that contradicts the body.
    HeaderMismatch,
    /// HTTP method that the endpoint does not have.
    MethodNotAllowed,
    /// `Host` or `Origin` that is not ours.
    Origin,
    /// No such path or server.
    UnknownServer,
    /// No credential, or one that does not prove an identity.
    Unauthenticated,
    /// A proven identity whose token lacks a scope.
    InsufficientScope,
    /// Policy says no.
    Denied,
    /// Policy says: only with approval.
    ApprovalRequired,
    /// A legacy session that does not exist, or belongs to somebody else.
    UnknownSession,
    /// A response to no request of the upstream.
    Uncorrelated,
    /// A task that does not exist, or belongs to somebody else.
    UnknownTask,
    /// The upstream speaks only revisions with `initialize`.
    LegacyOnly,
    /// Too many exchanges in flight.
    Overloaded,
    /// The gateway is stopping.
    Draining,
    /// The caller was too slow.
    CallerTimeout,
    /// Evidence cannot be written: nothing was forwarded.
    LedgerUnavailable,
    /// Evidence of the outcome cannot be written: the call was forwarded.
    OutcomeUnrecorded,
    /// The upstream cannot be reached.
    UpstreamUnreachable,
    /// The upstream refused the gateway's own credential.
    UpstreamCredential,
    /// The upstream did not answer in time.
    UpstreamTimeout,
    /// The upstream's answer is larger than allowed.
    AnswerTooLarge,
    /// The upstream's answer is not one the protocol allows.
    AnswerMalformed,
    /// A fault of ours that has no better name.
    Internal,
}

/// What the public sees of a [`Refusal`].
#[derive(Debug, Clone, Copy)]
pub struct Face {
    /// Stable word for programs; also the leaf's `refusal`.
    pub code: &'static str,
    /// HTTP status when the refusal is an HTTP error.
    pub status: u16,
    /// JSON-RPC error code.
    pub rpc: i64,
    /// Whose fault.
    pub fault: Fault,
    /// One sentence: what happened.
    pub what: &'static str,
    /// One sentence: what to do.
    pub next: &'static str,
}
