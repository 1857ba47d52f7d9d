//! A leaf: one recorded event, the exact bytes of one canonical JSON object ([`crate::jcs`]).
//!
//! INVARIANT: the fields of [`Leaf`] and of its parts are declared in the order of their JSON names, so that plain
//! serde output is canonical without sorting. A test compares it with [`crate::jcs::canonicalize`].

mod event;
mod part;
mod rule;

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::jcs;
use crate::merkle::Hash;
use crate::time::Timestamp;

pub use event::{EventType, ParseEventTypeError};
pub use part::{
    Actor, ActorKind, ApprovalStep, Decision, Effect, Frames, Grant, MessageKind, Outcome, Payload, Status,
    Subject, Target, TargetKind, Version,
};

/// The most bytes a leaf may have.
pub const LEAF_BYTES_MAX: usize = 16 * 1024;

/// One recorded event. `docs/log-format.md` describes every member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The approval this leaf is a step of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalStep>,
    /// The exchange this leaf belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Id>,
    /// Commitment to the erasable personal context: name, e-mail, address, user agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Hash>,
    /// What the policy said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Hash of the pinned definition of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Hash>,
    /// Facts of an operational event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<jcs::Object>,
    /// Keyed MAC of the bytes really sent upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<Hash>,
    /// Position of a streamed message in its call, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<u64>,
    /// The streamed messages that preceded the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<Frames>,
    /// Id of this leaf, a version 7 UUID.
    pub id: Id,
    /// What kind of message this leaf is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<MessageKind>,
    /// The writer's lane.
    pub lane: Id,
    /// Leaf hash of the lane's previous leaf; zero on its first.
    pub lane_prev: Hash,
    /// Position in the lane, from 0, without gaps.
    pub lane_seq: u64,
    /// The MCP method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// How the call ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The masked body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// How many values each detector masked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub redactions: BTreeMap<String, u64>,
    /// Code of the refusal that the caller saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// The upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The recording session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Id>,
    /// What the argument classifier found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<jcs::Object>,
    /// The tool, resource, prompt or task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// When it happened, by the writer's clock.
    pub ts: Timestamp,
    /// What happened.
    #[serde(rename = "type")]
    pub event: EventType,
    /// The leaf format.
    #[serde(rename = "v")]
    pub version: Version,
}

/// Where a leaf stands in its writer's lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LanePosition {
    /// The lane.
    pub lane: Id,
    /// Position in it, from 0.
    pub seq: u64,
    /// Leaf hash of the previous leaf of the lane, [`Hash::ZERO`] for the first.
    pub prev: Hash,
}

/// Why a leaf cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Larger than [`LEAF_BYTES_MAX`].
    #[error("leaf of {bytes} bytes is larger than 16384")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not the JSON of a leaf: an unknown member, a wrong type, an unknown word. Says where, never what.
    #[error("not a leaf: malformed at byte {byte}")]
    Malformed {
        /// Where, from 1.
        byte: usize,
    },
    /// Spelled differently from the canonical form.
    #[error("not a leaf: JSON is not in canonical form (RFC 8785)")]
    NotCanonical,
    /// A member that the type requires is missing.
    #[error("`{event}` leaf lacks `{member}`")]
    Missing {
        /// The leaf's type.
        event: EventType,
        /// The member.
        member: &'static str,
    },
    /// A member that the type does not have.
    #[error("`{event}` leaf must not have `{member}`")]
    Unexpected {
        /// The leaf's type.
        event: EventType,
        /// The member.
        member: &'static str,
    },
    /// A value outside its range.
    #[error("leaf with a wrong value: {0}")]
    Value(&'static str),
}

impl Leaf {
    /// A leaf with nothing but its obligatory members.
    pub fn new(event: EventType, id: Id, ts: Timestamp, position: LanePosition) -> Self {
        Self {
            actor: None,
            approval: None,
            call: None,
            context: None,
            decision: None,
            definition: None,
            detail: None,
            forwarded: None,
            frame: None,
            frames: None,
            id,
            kind: None,
            lane: position.lane,
            lane_prev: position.prev,
            lane_seq: position.seq,
            method: None,
            outcome: None,
            payload: None,
            redactions: BTreeMap::new(),
            refusal: None,
            server: None,
            session: None,
            statement: None,
            target: None,
            ts,
            event,
            version: Version::V1,
        }
    }

    /// Moves the leaf to its place in a lane, which the writer knows only when it writes.
    pub fn place(&mut self, position: LanePosition) {
        self.lane = position.lane;
        self.lane_seq = position.seq;
        self.lane_prev = position.prev;
    }

    /// The bytes to store and hash.
    ///
    /// # Errors
    /// When the members do not fit the type, or the leaf is larger than [`LEAF_BYTES_MAX`].
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        rule::check(self)?;
        let bytes = self.write();
        if bytes.len() > LEAF_BYTES_MAX {
            return Err(Error::TooLarge { bytes: bytes.len() });
        }
        Ok(bytes)
    }

    /// Reads stored bytes back; accepts exactly what [`Self::encode`] can produce.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > LEAF_BYTES_MAX {
            return Err(Error::TooLarge { bytes: bytes.len() });
        }
        let leaf: Self = serde_json::from_slice(bytes)
            .map_err(|error| Error::Malformed { byte: byte_offset(bytes, &error) })?;
        let mut expected = Expected(bytes);
        if serde_json::to_writer(&mut expected, &leaf).is_err() || !expected.0.is_empty() {
            return Err(Error::NotCanonical);
        }
        rule::check(&leaf)?;
        Ok(leaf)
    }

    fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1024);
        // Unwrap safety: every map has string keys and a vector accepts every write.
        serde_json::to_writer(&mut bytes, self).expect("leaves serialise");
        bytes
    }
}

/// A writer that accepts only the bytes it expects, so that comparing needs no copy.
struct Expected<'b>(&'b [u8]);

impl io::Write for Expected<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn byte_offset(bytes: &[u8], error: &serde_json::Error) -> usize {
    let lines_before = bytes.split_inclusive(|&byte| byte == b'\n').take(error.line().saturating_sub(1));
    lines_before.map(<[u8]>::len).sum::<usize>() + error.column()
}

#[cfg(test)]
mod tests;
