//! What policy asks of the people who must agree to a held call.

use evidence::merkle::Hash;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The terms of an approval, from the annotations of the policies that held the call. Several policies: the strictest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How many distinct people must approve, at least one.
    pub quorum: u32,
    /// Each approver must be in a group of every one of these lists. None: whoever policy lets approve.
    pub approvers: Vec<Vec<String>>,
    /// Time to decide, in seconds.
    pub decide_within_s: i64,
    /// Time to use the approval once it is given, in seconds.
    pub use_within_s: i64,
    /// Whether an approver must say why.
    pub reason: Demand,
    /// Whether an approver must sign with a passkey.
    #[serde(default)]
    pub passkey: Demand,
}

/// Whether an approver must do more than agree. Whoever rejects must always say why, and never sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// They may.
    #[default]
    Optional,
    /// They must.
    Required,
}

impl Default for Terms {
    /// One approver, 15 minutes to decide, an hour to use it.
    fn default() -> Self {
        Self {
            quorum: 1,
            approvers: Vec::new(),
            decide_within_s: 15 * 60,
            use_within_s: 60 * 60,
            reason: Demand::Optional,
            passkey: Demand::Optional,
        }
    }
}

impl Terms {
    /// Whether somebody in `groups` (sorted) is one of the approvers.
    pub fn admit(&self, groups: &[String]) -> bool {
        self.approvers.iter().all(|list| list.iter().any(|group| groups.binary_search(group).is_ok()))
    }
}

/// The approval under which a held call runs, or is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Id of the approval.
    pub approval: Uuid,
    /// Hash of the leaf that decided it: of a call that runs, the `approval.approved` leaf that completed the quorum.
    pub leaf: Hash,
    /// What the approval was bound to: see `approval::bound`.
    pub binding: [u8; 32],
    /// Whether people approved this very call.
    pub kind: GrantKind,
}

/// What a grant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantKind {
    /// People approved this very call.
    Approval,
    /// Two administrators let held calls go ahead for a while: see `approval::breakglass`.
    BreakGlass,
}
