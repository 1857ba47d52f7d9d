//! The right to send one message upstream: a value that must be held, made only from durable evidence.

use uuid::Uuid;

use crate::approval::Verdict;
use crate::ledger::Opened;
use crate::model::{Decision, Effect};

/// The right to send one message upstream, once. Not `Clone`; consumed by `Upstream::forward`.
#[derive(Debug)]
#[must_use = "a permit that is not used is an intent that nobody carried out"]
pub struct Permit {
    call: Uuid,
}

impl Permit {
    /// Grants the right when the intent is durable and the decision allows it; of a held call when people have agreed
    /// to that very call, under the approval that the decision names.
    pub fn grant(opened: &Opened, decision: &Decision, verdict: Option<Verdict>) -> Option<Self> {
        let granted = match decision.effect {
            Effect::Allow => true,
            Effect::Deny => false,
            Effect::Hold => verdict.is_some_and(|verdict| {
                verdict.call() == opened.call() && decision.approval == Some(verdict.grant())
            }),
        };
        granted.then(|| Self { call: opened.call() })
    }

    /// The exchange this permit belongs to.
    pub fn call(&self) -> Uuid {
        self.call
    }
}
