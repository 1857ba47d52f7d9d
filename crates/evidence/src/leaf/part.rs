//! The members of a leaf that are objects. Fields stand in canonical (alphabetical) order: see [`super::Leaf`].

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::Id;
use crate::merkle::Hash;

/// The leaf format; written as the number 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// The only version so far.
    #[default]
    V1,
}

/// Who acted. All identifiers are pseudonymous; the key to them is in erasable records, not in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Pseudonymous subject id; absent only for `anonymous` and `gateway`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Id of the issuer that vouches for the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What kind of actor this is.
    pub kind: ActorKind,
    /// On whose behalf, nearest first (RFC 8693 `act` chain).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_behalf_of: Vec<Subject>,
    /// Hash of the id of the token that was presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Hash>,
}

/// What kind of actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person.
    Human,
    /// A program with its own identity.
    Service,
    /// An agent that acts for someone.
    Agent,
    /// Nobody proven.
    Anonymous,
    /// The gateway itself.
    Gateway,
    /// The gateway in the place of a caller, to see whether a control works. Nothing of it reaches a server.
    Canary,
}

/// A subject and the issuer that vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Pseudonymous subject id.
    pub id: String,
    /// Id of the issuer.
    pub issuer: String,
}

/// Which approval an `approval.*` leaf belongs to, and which earlier leaf it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStep {
    /// Id of the approval.
    pub id: Id,
    /// Leaf hash of the leaf answered: absent on `approval.requested`; of `approval.used` the completing
    /// `approval.approved` leaf; of all others the `approval.requested` leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<Hash>,
}

/// The approval under which a held call was forwarded, or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Id of the approval.
    pub id: Id,
    /// Leaf hash of the leaf that decided it: on `call.intent` the completing `approval.approved` leaf.
    pub leaf: Hash,
}

/// The machine's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The approval, when the call was held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Grant>,
    /// What was decided.
    pub effect: Effect,
    /// Ids of the policies that decided.
    pub policies: Vec<String>,
    /// Hash of the policy set in force.
    pub policy_set: Hash,
}

/// What a policy set says about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Forward it.
    Allow,
    /// Refuse it.
    Deny,
    /// Forward it once someone else has approved it.
    Hold,
}

/// What kind of message a leaf is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A request, which expects a response.
    Request,
    /// A notification, which expects none.
    Notification,
    /// A response.
    Response,
    /// An open-ended stream of messages.
    Stream,
}

/// What a call is aimed at: `name` when the catalog knows it, else a keyed MAC of the name as `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Keyed MAC of a name the catalog does not know, so that nothing a caller types stands in a leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Hash>,
    /// What kind of thing it is.
    pub kind: TargetKind,
    /// Its name, from the catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What kind of thing a call is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// A tool.
    Tool,
    /// A resource.
    Resource,
    /// A prompt.
    Prompt,
    /// A task.
    Task,
    /// Anything else.
    Other,
}

/// How a forwarded call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// JSON-RPC error code of the answer, if it was an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// How it ended.
    pub status: Status,
}

/// How a forwarded call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The upstream answered.
    Ok,
    /// The upstream answered that the tool failed.
    ToolError,
    /// The upstream answered with a protocol error, or could not be understood.
    UpstreamError,
    /// The upstream did not answer in time.
    Timeout,
    /// The caller cancelled.
    Cancelled,
    /// The caller went away.
    CallerGone,
}

/// What a leaf says about a body that is kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// Length of the masked body in bytes.
    pub bytes: u64,
    /// [Commitment](crate::commitment) to the masked body.
    pub commitment: Hash,
}

/// The streamed messages of a call, as its outcome commits to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frames {
    /// How many `call.frame` leaves there are.
    pub count: u64,
    /// SHA-256 over the 32-byte payload commitments of those leaves, in order.
    pub digest: Hash,
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::V1 => serializer.serialize_u8(1),
        }
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            1 => Ok(Self::V1),
            _ => Err(serde::de::Error::custom("unknown leaf version")),
        }
    }
}

impl Actor {
    /// The actor as a subject, when it is one that can be compared with another.
    pub fn subject(&self) -> Option<Subject> {
        let id = self.id.clone()?;
        Some(Subject { id, issuer: self.issuer.clone().unwrap_or_default() })
    }
}
