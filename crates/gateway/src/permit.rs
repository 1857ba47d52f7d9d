//! The right to send one message upstream: a value that must be held, made only from durable evidence.

use uuid::Uuid;

use crate::ledger::Opened;
use crate::model::{Decision, Effect};

/// The right to send one message upstream, once. Not `Clone`; consumed by `Upstream::forward`.
#[derive(Debug)]
#[must_use = "a permit that is not used is an intent that nobody carried out"]
pub struct Permit {
    call: Uuid,
}

impl Permit {
    /// Grants the right when the intent is durable and the decision allows it.
    ///
    /// A [`Effect::Hold`] never grants: approvals are not part of this version, so there is no verdict to show.
    pub fn grant(opened: &Opened, decision: &Decision) -> Option<Self> {
        match decision.effect {
            Effect::Allow => Some(Self { call: opened.call() }),
            Effect::Deny | Effect::Hold => None,
        }
    }

    /// The exchange this permit belongs to.
    pub fn call(&self) -> Uuid {
        self.call
    }
}
