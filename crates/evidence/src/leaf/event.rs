//! The closed set of things that are recorded.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// What a leaf records. The text form is stable: it is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// A caller could not prove who it is.
    AuthFailed,
    /// A call was permitted and is about to be forwarded.
    CallIntent,
    /// A call was refused and never forwarded; it has no intent.
    CallDenied,
    /// One streamed message of a call was released before the outcome.
    CallFrame,
    /// A forwarded call ended, and this is how.
    CallOutcome,
    /// A forwarded call whose writer died before recording how it ended.
    CallOrphaned,
    /// A held call was put before an approver.
    ApprovalRequested,
    /// An approver agreed. With a quorum there is one such leaf per approver.
    ApprovalApproved,
    /// An approver refused.
    ApprovalRejected,
    /// Nobody decided in time, or the grant was not used in time.
    ApprovalExpired,
    /// The grant was spent on one call.
    ApprovalUsed,
    /// Somebody wants a policy set in force, or gave that up.
    PolicyProposed,
    /// A policy set came into force.
    PolicyPublished,
    /// The configuration changed.
    ConfigChanged,
    /// An upstream's tool definitions changed.
    ToolsChanged,
    /// An administrator ended a recording session.
    SessionEnded,
    /// A key was made.
    KeyCreated,
    /// A key was replaced.
    KeyRotated,
    /// A key was withdrawn.
    KeyRevoked,
    /// Somebody made a passkey theirs, to sign approvals with.
    PasskeyRegistered,
    /// Somebody gave a passkey up.
    PasskeyRemoved,
    /// Somebody asks that held calls go ahead without approval for a while.
    BreakglassProposed,
    /// Somebody else agreed: from now on they do.
    BreakglassEntered,
    /// A held call went ahead so.
    BreakglassUsed,
    /// It is over, or never was.
    BreakglassExited,
    /// Something is known to be missing from the record.
    AuditGap,
    /// Someone looked at a recorded body.
    RecordingViewed,
    /// Someone exported evidence.
    EvidenceExported,
    /// Bodies were erased by the retention rule.
    RetentionDeleted,
    /// A legal hold was placed.
    HoldSet,
    /// A legal hold was lifted.
    HoldCleared,
    /// A review of who may do what began; its population is a document.
    ReviewStarted,
    /// A reviewer said what is to become of a grant; or nobody did until the review closed.
    ReviewDecided,
    /// Whether a grant that was to go or to change did, computed from the policies then in force.
    ReviewApplied,
    /// A review ended.
    ReviewClosed,
    /// The gateway tried whether a control works: a call of its own was denied, held or masked, or not.
    CanaryChecked,
    /// A gateway process began to write this lane.
    GatewayStarted,
    /// A gateway process ended in order; none of its calls is open.
    GatewayStopped,
    /// The lane is alive.
    LogHeartbeat,
    /// The first leaf of a log epoch.
    LogGenesis,
    /// The last leaf of a log epoch.
    LogSeal,
}

/// The text names no event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown event type")]
pub struct ParseEventTypeError;

impl EventType {
    /// Every event type.
    pub const ALL: [Self; 41] = [
        Self::AuthFailed,
        Self::CallIntent,
        Self::CallDenied,
        Self::CallFrame,
        Self::CallOutcome,
        Self::CallOrphaned,
        Self::ApprovalRequested,
        Self::ApprovalApproved,
        Self::ApprovalRejected,
        Self::ApprovalExpired,
        Self::ApprovalUsed,
        Self::PolicyProposed,
        Self::PolicyPublished,
        Self::ConfigChanged,
        Self::ToolsChanged,
        Self::SessionEnded,
        Self::KeyCreated,
        Self::KeyRotated,
        Self::KeyRevoked,
        Self::PasskeyRegistered,
        Self::PasskeyRemoved,
        Self::BreakglassProposed,
        Self::BreakglassEntered,
        Self::BreakglassUsed,
        Self::BreakglassExited,
        Self::AuditGap,
        Self::RecordingViewed,
        Self::EvidenceExported,
        Self::RetentionDeleted,
        Self::HoldSet,
        Self::HoldCleared,
        Self::ReviewStarted,
        Self::ReviewDecided,
        Self::ReviewApplied,
        Self::ReviewClosed,
        Self::CanaryChecked,
        Self::GatewayStarted,
        Self::GatewayStopped,
        Self::LogHeartbeat,
        Self::LogGenesis,
        Self::LogSeal,
    ];

    /// The name that stands in a leaf.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthFailed => "auth.failed",
            Self::CallIntent => "call.intent",
            Self::CallDenied => "call.denied",
            Self::CallFrame => "call.frame",
            Self::CallOutcome => "call.outcome",
            Self::CallOrphaned => "call.orphaned",
            Self::ApprovalRequested => "approval.requested",
            Self::ApprovalApproved => "approval.approved",
            Self::ApprovalRejected => "approval.rejected",
            Self::ApprovalExpired => "approval.expired",
            Self::ApprovalUsed => "approval.used",
            Self::PolicyProposed => "policy.proposed",
            Self::PolicyPublished => "policy.published",
            Self::ConfigChanged => "config.changed",
            Self::ToolsChanged => "tools.changed",
            Self::SessionEnded => "session.ended",
            Self::KeyCreated => "key.created",
            Self::KeyRotated => "key.rotated",
            Self::KeyRevoked => "key.revoked",
            Self::PasskeyRegistered => "passkey.registered",
            Self::PasskeyRemoved => "passkey.removed",
            Self::BreakglassProposed => "breakglass.proposed",
            Self::BreakglassEntered => "breakglass.entered",
            Self::BreakglassUsed => "breakglass.used",
            Self::BreakglassExited => "breakglass.exited",
            Self::AuditGap => "audit.gap",
            Self::RecordingViewed => "recording.viewed",
            Self::EvidenceExported => "evidence.exported",
            Self::RetentionDeleted => "retention.deleted",
            Self::HoldSet => "hold.set",
            Self::HoldCleared => "hold.cleared",
            Self::ReviewStarted => "review.started",
            Self::ReviewDecided => "review.decided",
            Self::ReviewApplied => "review.applied",
            Self::ReviewClosed => "review.closed",
            Self::CanaryChecked => "canary.checked",
            Self::GatewayStarted => "gateway.started",
            Self::GatewayStopped => "gateway.stopped",
            Self::LogHeartbeat => "log.heartbeat",
            Self::LogGenesis => "log.genesis",
            Self::LogSeal => "log.seal",
        }
    }
}

impl FromStr for EventType {
    type Err = ParseEventTypeError;

    fn from_str(text: &str) -> Result<Self, ParseEventTypeError> {
        Self::ALL.into_iter().find(|event| event.as_str() == text).ok_or(ParseEventTypeError)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer, "an event type")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_type_is_listed_once_and_survives_its_text() {
        for (position, event) in EventType::ALL.into_iter().enumerate() {
            assert_eq!(event as usize, position);
            assert_eq!(event.as_str().parse(), Ok(event));
        }
        assert_eq!(EventType::LogSeal as usize + 1, EventType::ALL.len());
        assert_eq!("call.unknown".parse::<EventType>(), Err(ParseEventTypeError));
    }
}
