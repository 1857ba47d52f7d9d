//! What the ledger is told, and what it answers.

use std::sync::Arc;

use bytes::Bytes;
use evidence::jcs;
use evidence::leaf::{EventType, Status};
use evidence::merkle::Hash;
use uuid::Uuid;

use super::deed::Deed;
use crate::mask::Redacted;
use crate::model::{Context, Decision, MessageKind, Method, Principal, Statement, Target};
use crate::store::entry::Place;

/// A call that was permitted and is about to be forwarded.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Id of the exchange, version 7.
    pub call: Uuid,
    /// Who calls.
    pub principal: Arc<Principal>,
    /// Under which circumstances.
    pub context: Context,
    /// Configured name of the upstream.
    pub server: Arc<str>,
    /// What was sent.
    pub kind: MessageKind,
    /// Its method. A name that is in no table of ours is the caller's word and stands in the leaf as a keyed MAC.
    pub method: Method,
    /// What it is about.
    pub target: Option<Target>,
    /// What the statements in its arguments would do.
    pub statement: Option<Statement>,
    /// Why it may be forwarded.
    pub decision: Decision,
    /// The masked message.
    pub body: Redacted<Bytes>,
    /// The bytes that will be sent upstream. Only a keyed MAC of them is kept.
    pub forwarded: Bytes,
}

/// How a forwarded call ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// In one word.
    pub status: Status,
    /// Code of a JSON-RPC error answer.
    pub rpc_code: Option<i64>,
    /// The masked answer; `None` when there is none, or all of it was recorded as frames.
    pub body: Option<Redacted<Bytes>>,
    /// [`crate::refusal::Face::code`] of what the caller was told, where the answer could have been given and was not.
    pub refusal: Option<&'static str>,
}

impl Outcome {
    /// Without an answer.
    pub fn bare(status: Status) -> Self {
        Self { status, rpc_code: None, body: None, refusal: None }
    }
}

/// Which leaf a refusal becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenialKind {
    /// `auth.failed`: the caller did not prove who it is. Its message is not kept.
    Unproven,
    /// `call.denied`: everything else.
    Refused,
}

/// A call that is not forwarded.
#[derive(Debug, Clone)]
pub struct Denial {
    /// Which leaf it becomes.
    pub kind: DenialKind,
    /// Id of the exchange, version 7.
    pub call: Uuid,
    /// Who calls, or nobody.
    pub principal: Arc<Principal>,
    /// Under which circumstances.
    pub context: Context,
    /// Configured name of the upstream; `None` when the caller named none that exists.
    pub server: Option<Arc<str>>,
    /// What was sent, once it could be told.
    pub message: Option<MessageKind>,
    /// Its method, once it could be told; see [`Intent::method`].
    pub method: Option<Method>,
    /// What it is about.
    pub target: Option<Target>,
    /// What the statements in its arguments would do.
    pub statement: Option<Statement>,
    /// What the policy said, if it was asked.
    pub decision: Option<Decision>,
    /// [`crate::refusal::Face::code`] of what the caller was told.
    pub refusal: &'static str,
    /// More precisely, in a word from a closed set of ours (why authentication failed); never the caller's text.
    pub reason: Option<&'static str>,
    /// How many attempts it stands for: one, unless failures came faster than they are written one by one.
    pub count: u64,
    /// The masked message, when there was one that could be masked.
    pub body: Option<Redacted<Bytes>>,
}

/// A step of an approval: who asked, who agreed, how it ended. That it was used is recorded with the intent.
#[derive(Debug, Clone)]
pub struct ApprovalStep {
    /// Which step.
    pub stage: Stage,
    /// Id of the approval, version 7.
    pub approval: Uuid,
    /// Hash of its `approval.requested` leaf; `None` on that leaf itself.
    pub request: Option<Hash>,
    /// The call that was held first.
    pub call: Uuid,
    /// Who asked, agreed or refused. `None`: the gateway ended it.
    pub actor: Option<(Arc<Principal>, Context)>,
    /// Configured name of the upstream.
    pub server: Arc<str>,
    /// What was asked for; only when it is requested.
    pub about: Option<About>,
    /// Facts, bounded; free of secrets and of personal data.
    pub detail: serde_json::Value,
    /// What was said, masked: the held message, the reason of an approver.
    pub body: Option<Redacted<Bytes>>,
}

/// Which step of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// `approval.requested`.
    Requested,
    /// `approval.approved`, by one person.
    Approved,
    /// `approval.rejected`.
    Rejected,
    /// `approval.expired`: not decided or not used in time, withdrawn, or overtaken by a change.
    Expired,
}

/// What a held call is about.
#[derive(Debug, Clone)]
pub struct About {
    /// What was sent.
    pub kind: MessageKind,
    /// Its method.
    pub method: Method,
    /// What it is about.
    pub target: Option<Target>,
    /// Why it is held.
    pub decision: Decision,
}

/// An operational event: anything that is not a call.
#[derive(Debug, Clone)]
pub struct Event {
    /// Which.
    pub event: EventType,
    /// Who caused it.
    pub actor: EventActor,
    /// The upstream it is about.
    pub server: Option<Arc<str>>,
    /// The recording session it is about.
    pub session: Option<Uuid>,
    /// Which break-glass it is a step of, and the leaf that it answers.
    pub approval: Option<(Uuid, Option<Hash>)>,
    /// Facts, bounded; free of secrets and of personal data.
    pub detail: Option<jcs::Object>,
    /// What the facts name by hash and an auditor will want to read; kept in the same transaction.
    pub documents: Vec<Document>,
    /// What somebody said, masked: sealed, and erased when its time is over.
    pub body: Option<Redacted<Bytes>>,
    /// What takes effect with it, in the same transaction.
    pub deed: Option<Deed>,
}

impl Event {
    /// One of `actor` that is about no server.
    pub fn new(event: EventType, actor: EventActor, detail: Option<jcs::Object>) -> Self {
        Self {
            event,
            actor,
            server: None,
            session: None,
            detail,
            documents: Vec::new(),
            approval: None,
            body: None,
            deed: None,
        }
    }

    /// One of somebody proven. Facts that fit no leaf are left out, and the ledger refuses it.
    pub fn by(who: &Arc<Principal>, event: EventType, facts: &serde_json::Value) -> Self {
        Self::new(event, EventActor::Principal(who.clone()), jcs::Object::of(facts).ok())
    }
}

/// Who caused an [`Event`].
#[derive(Debug, Clone)]
pub enum EventActor {
    /// The gateway itself.
    Gateway,
    /// Somebody proven.
    Principal(Arc<Principal>),
}

/// Bytes that leaves name by their SHA-256: a policy set, a configuration. No secrets.
#[derive(Debug, Clone)]
pub struct Document {
    /// What it is: `policy`, `configuration`, ...
    pub kind: &'static str,
    /// SHA-256 of `bytes`.
    pub hash: [u8; 32],
    /// The document.
    pub bytes: Bytes,
}

/// Proof for the gateway itself that a leaf is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Exchange, for leaves about a call.
    pub call: Option<Uuid>,
    /// Where the leaf stands in its lane; its index in the log is known a moment later.
    pub place: Place,
    /// Its RFC 6962 leaf hash.
    pub leaf: Hash,
}

/// The evidence could not be made durable. Nothing may be forwarded or answered on its account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The database does not take writes at the moment; the ledger tries again by itself.
    #[error("evidence cannot be written: {0}")]
    Blocked(Arc<str>),
    /// The ledger cannot go on in this process.
    #[error("evidence cannot be written until the gateway is restarted: {0}")]
    Failed(Arc<str>),
    /// No commit in time. The leaf may appear later; then it is followed by `call.orphaned`.
    #[error("evidence was not durable within {} ms", crate::limits::LEDGER_WAIT_MS)]
    Timeout,
    /// The gateway is stopping.
    #[error("the ledger is closed")]
    Stopped,
    /// A leaf that the format does not allow: a bug of ours.
    #[error("evidence was refused by its own format: {0}")]
    Rejected(Arc<str>),
    /// The key of the day could not be made, or sealing failed.
    #[error("evidence could not be sealed: {0}")]
    Sealing(Arc<str>),
    /// Whoever signs checkpoints did not. What is recorded is durable all the same.
    #[error("no checkpoint is signed: {0}")]
    Unsigned(Arc<str>),
}

/// How the ledger does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether it takes evidence.
    pub state: State,
    /// What is not as it should be although evidence is taken.
    pub worries: Vec<Arc<str>>,
    /// Leaves in the log.
    pub size: u64,
    /// Leaves under the latest published checkpoint.
    pub published: u64,
    /// Entries waiting for the writer.
    pub queued: usize,
    /// Time the last commit took, in microseconds.
    pub commit_us: u64,
}

/// Whether the ledger takes evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It does.
    Ready,
    /// It does not, and tries again by itself.
    Blocked {
        /// Why, for the operator.
        reason: Arc<str>,
    },
    /// The gateway is stopping; the last leaf is written.
    Stopped,
    /// It never will in this process: restart it.
    Failed {
        /// Why, for the operator.
        reason: Arc<str>,
    },
}

/// Whether something else than a call or a step of an approval may be noted so.
pub(super) fn is_operational(event: EventType) -> bool {
    use EventType as E;
    match event {
        E::PolicyProposed
        | E::PolicyPublished
        | E::ConfigChanged
        | E::ToolsChanged
        | E::SessionEnded
        | E::KeyCreated
        | E::KeyRotated
        | E::KeyRevoked
        | E::PasskeyRegistered
        | E::PasskeyRemoved
        | E::BreakglassProposed
        | E::BreakglassEntered
        | E::BreakglassExited
        | E::RecordingViewed
        | E::EvidenceExported
        | E::RetentionDeleted
        | E::HoldSet
        | E::HoldCleared
        | E::ReviewStarted
        | E::ReviewDecided
        | E::ReviewApplied
        | E::ReviewClosed
        | E::CanaryChecked => true,
        E::AuthFailed
        | E::CallIntent
        | E::CallDenied
        | E::CallFrame
        | E::CallOutcome
        | E::CallOrphaned
        | E::ApprovalRequested
        | E::ApprovalApproved
        | E::ApprovalRejected
        | E::ApprovalExpired
        | E::ApprovalUsed
        | E::BreakglassUsed
        | E::AuditGap
        | E::GatewayStarted
        | E::GatewayStopped
        | E::LogHeartbeat
        | E::LogGenesis
        | E::LogSeal => false,
    }
}
