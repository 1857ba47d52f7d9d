//! The machine's answer.

use std::sync::Arc;

use super::{Grant, Terms};

/// SHA-256 of a published policy set: schema and policies, in canonical order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PolicyRevision(pub [u8; 32]);

impl std::fmt::Display for PolicyRevision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for PolicyRevision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PolicyRevision({self})")
    }
}

/// What may happen to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Forward it.
    Allow,
    /// Refuse it.
    Deny,
    /// A human must agree first.
    Hold,
}

impl Effect {
    /// The word used in leaves and listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Hold => "hold",
        }
    }
}

/// A policy decision: pure data that says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Allow, deny or hold.
    pub effect: Effect,
    /// Ids of the policies that decided, sorted. Empty when nothing applied (default deny).
    pub policies: Arc<[String]>,
    /// The policy set that was asked.
    pub revision: PolicyRevision,
    /// Evaluation errors, worded for the operator's log: any error denies.
    pub errors: Vec<String>,
    /// What is asked of the approvers. There exactly with [`Effect::Hold`].
    pub terms: Option<Arc<Terms>>,
    /// The approval that this call was given, or refused by. Only with [`Effect::Hold`].
    pub approval: Option<Grant>,
}
