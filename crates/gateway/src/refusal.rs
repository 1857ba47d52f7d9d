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
    /// Arguments with two members that some parsers take for one.
    Ambiguous,
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
    /// Policy says: only with approval, of a message that cannot wait for one.
    ApprovalRequired,
    /// The call waits for approval; its caller is to come back.
    ApprovalPending,
    /// Whoever had to approve the call refused.
    ApprovalRejected,
    /// The approval was not given, or not used, in time.
    ApprovalExpired,
    /// What the approval depended on has changed.
    ApprovalOvertaken,
    /// The caller withdrew the call while it waited.
    ApprovalWithdrawn,
    /// Too many calls wait for approval.
    ApprovalBacklog,
    /// A legacy session that does not exist, or belongs to somebody else.
    UnknownSession,
    /// An administrator ended the session.
    SessionEnded,
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
    /// The upstream answered with an HTTP error; its status is passed on.
    UpstreamStatus,
    /// A message in which more was found, or more deeply, than can be masked.
    Unread,
    /// A message with a part that cannot be looked into, and that policy does not let pass.
    Opaque,
    /// A message that the recognizer of names failed on.
    Unrecognized,
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

impl Refusal {
    /// Every refusal, for the documentation and the tests.
    pub const ALL: &[Self] = &[
        Self::Malformed,
        Self::Batch,
        Self::TooLarge,
        Self::MediaType,
        Self::NotAcceptable,
        Self::HeaderMismatch,
        Self::Ambiguous,
        Self::MethodNotAllowed,
        Self::Origin,
        Self::UnknownServer,
        Self::Unauthenticated,
        Self::InsufficientScope,
        Self::Denied,
        Self::ApprovalRequired,
        Self::ApprovalPending,
        Self::ApprovalRejected,
        Self::ApprovalExpired,
        Self::ApprovalOvertaken,
        Self::ApprovalWithdrawn,
        Self::ApprovalBacklog,
        Self::UnknownSession,
        Self::SessionEnded,
        Self::Uncorrelated,
        Self::UnknownTask,
        Self::LegacyOnly,
        Self::Overloaded,
        Self::Draining,
        Self::CallerTimeout,
        Self::LedgerUnavailable,
        Self::OutcomeUnrecorded,
        Self::UpstreamUnreachable,
        Self::UpstreamCredential,
        Self::UpstreamTimeout,
        Self::AnswerTooLarge,
        Self::AnswerMalformed,
        Self::UpstreamStatus,
        Self::Unread,
        Self::Opaque,
        Self::Unrecognized,
        Self::Internal,
    ];

    /// What the public sees.
    ///
    /// `rpc` codes of our own lie outside -32768..-32000, which JSON-RPC and MCP reserve; those of MCP 2026-07-28
    /// keep their meaning.
    #[rustfmt::skip]
    pub const fn face(self) -> Face {
        use Fault::{Caller, Gateway, Upstream};
        const fn face(code: &'static str, status: u16, rpc: i64, fault: Fault, what: &'static str, next: &'static str) -> Face {
            Face { code, status, rpc, fault, what, next }
        }
        match self {
            Self::Malformed => face("malformed", 400, -32600, Caller, "the body is not exactly one unambiguous JSON-RPC message", "send one JSON-RPC 2.0 object in UTF-8 without duplicate or look-alike keys"),
            Self::Batch => face("batch", 400, -32600, Caller, "batches exist only in protocol revision 2025-03-26", "send each message in a request of its own"),
            Self::TooLarge => face("too_large", 413, -32600, Caller, "the request is larger or nested deeper than the gateway allows", "send less, or ask the operator about the limits"),
            Self::MediaType => face("media_type", 415, -32600, Caller, "the body must be plain `application/json`", "set Content-Type to application/json and send no Content-Encoding"),
            Self::NotAcceptable => face("not_acceptable", 406, -32600, Caller, "the Accept header leaves no way to answer", "accept application/json and text/event-stream"),
            Self::HeaderMismatch => face("header_mismatch", 400, -32020, Caller, "an MCP header is missing or contradicts the body", "derive MCP-Protocol-Version, Mcp-Method and Mcp-Name from the body, and Mcp-Param headers from its arguments as tools/list has them now"),
            Self::Ambiguous => face("ambiguous", 200, -32602, Caller, "two names in one object of the arguments are the same to some programs", "send one of them, spelled as the tool's schema has it"),
            Self::MethodNotAllowed => face("method_not_allowed", 405, -32600, Caller, "this endpoint has no such HTTP method in this protocol revision", "use POST"),
            Self::Origin => face("origin", 403, -32600, Caller, "the Host or Origin of the request is not one the gateway serves", "use the gateway's public URL, or have the operator allow this origin"),
            Self::UnknownServer => face("unknown_server", 404, -32600, Caller, "there is no such server behind this gateway", "check the URL: it ends in /mcp/ and the server's name"),
            Self::Unauthenticated => face("unauthenticated", 401, 401, Caller, "no valid credential came with the request", "sign in with the authorization server named in the challenge"),
            Self::InsufficientScope => face("insufficient_scope", 403, 403, Caller, "the token lacks a scope that this server requires", "ask for the scopes named in the challenge"),
            Self::Denied => face("denied", 200, 4030, Caller, "policy does not allow this call", "ask the gateway's operator, giving the call id"),
            Self::ApprovalRequired => face("approval_required", 200, 4031, Caller, "policy requires a human's approval, which a message of this kind cannot wait for", "ask the gateway's operator, giving the call id"),
            Self::ApprovalPending => face("approval_pending", 200, 4032, Caller, "policy requires a human's approval for this call, and it waits for one", "repeat exactly this call once it is approved: it then runs"),
            Self::ApprovalRejected => face("approval_rejected", 200, 4033, Caller, "whoever had to approve this call refused", "do not repeat it; ask the approver"),
            Self::ApprovalExpired => face("approval_expired", 200, 4034, Caller, "the approval for this call was not given, or not used, in time", "repeat the call to ask again"),
            Self::ApprovalOvertaken => face("approval_overtaken", 200, 4035, Caller, "what the approval for this call depended on has changed", "repeat the call: it is judged anew"),
            Self::ApprovalWithdrawn => face("approval_withdrawn", 200, 4036, Caller, "the caller withdrew this call while it waited for approval", "repeat the call to ask again"),
            Self::ApprovalBacklog => face("approval_backlog", 200, 4037, Caller, "too many calls wait for approval", "wait until those that wait are decided"),
            Self::UnknownSession => face("unknown_session", 404, 4040, Caller, "there is no such session", "start a new session with initialize"),
            Self::SessionEnded => face("session_ended", 200, 4041, Caller, "an administrator ended this session", "ask the gateway's operator; a new session begins with initialize, or where there is none with a new credential"),
            Self::Uncorrelated => face("uncorrelated", 400, -32600, Caller, "this response answers no open request of the server", "send each response once, in the session of its request"),
            Self::UnknownTask => face("unknown_task", 200, -32602, Caller, "there is no such task", "use a task id that this identity received"),
            Self::LegacyOnly => face("legacy_only", 400, -32000, Caller, "this server speaks only protocol revisions with initialize", "start a session with initialize"),
            Self::Overloaded => face("overloaded", 503, 5031, Gateway, "the gateway has too many calls in flight", "try again in a moment"),
            Self::Draining => face("draining", 503, 5032, Gateway, "the gateway is stopping", "try again: another instance will answer"),
            Self::CallerTimeout => face("caller_timeout", 408, -32600, Caller, "the request did not arrive in time", "send the whole body at once"),
            Self::LedgerUnavailable => face("ledger_unavailable", 503, 5033, Gateway, "evidence cannot be written, so nothing was forwarded", "try again later; nothing has happened"),
            Self::OutcomeUnrecorded => face("outcome_unrecorded", 503, 5034, Gateway, "the call was forwarded but its outcome could not be recorded: executed=unknown", "do not retry blindly; ask the operator, giving the call id"),
            Self::UpstreamUnreachable => face("upstream_unreachable", 502, 5020, Upstream, "the server behind the gateway cannot be reached", "try again later; the operator can see why in the gateway's log"),
            Self::UpstreamCredential => face("upstream_credential", 502, 5021, Upstream, "the server behind the gateway refused the gateway's own credential", "ask the gateway's operator; signing in again does not help"),
            Self::UpstreamTimeout => face("upstream_timeout", 504, 5040, Upstream, "the server behind the gateway did not answer in time", "the call may have been carried out; check before trying again"),
            Self::AnswerTooLarge => face("answer_too_large", 502, 5022, Upstream, "the server's answer is larger than the gateway allows", "ask for less at a time"),
            Self::AnswerMalformed => face("answer_malformed", 502, 5023, Upstream, "the server's answer is not one the protocol allows", "ask the server's operator, giving the call id"),
            Self::UpstreamStatus => face("upstream_status", 502, 5024, Upstream, "the server behind the gateway answered with an HTTP error", "see the HTTP status, which is the server's own"),
            Self::Unread => face("unread", 200, 4032, Caller, "the message cannot be looked through for secrets and personal data: it holds too many of them, or too deeply", "send or ask for less at a time"),
            Self::Opaque => face("opaque", 200, 4038, Caller, "the message holds a part that cannot be looked into, such as a picture, and policy does not let it pass", "ask for text instead, or ask the gateway's operator, giving the call id"),
            Self::Unrecognized => face("unrecognized", 503, 5035, Gateway, "the service that looks for names in messages failed, so this one was not passed on", "try again in a moment, after a look whether the call was carried out"),
            Self::Internal => face("internal", 500, 5000, Gateway, "the gateway failed", "ask the gateway's operator, giving the call id"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_refusal_has_its_own_code_and_says_what_to_do() {
        let codes: HashSet<_> = Refusal::ALL.iter().map(|refusal| refusal.face().code).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        for face in Refusal::ALL.iter().map(|refusal| refusal.face()) {
            assert!(!face.what.ends_with('.') && !face.next.ends_with('.'), "{}", face.code);
        }
    }

    #[test]
    fn own_rpc_codes_stay_out_of_the_reserved_range() {
        let of_a_standard = [-32600, -32602, -32020, -32000];
        for face in Refusal::ALL.iter().map(|refusal| refusal.face()) {
            assert!(
                of_a_standard.contains(&face.rpc) || !(-32768..=-32000).contains(&face.rpc),
                "{}",
                face.code
            );
        }
    }
}
