//! What people agreed to, for one call: without it a held call gets no permit.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::ask::{self, Asked, Held, NotAsked};
use super::bound::Likeness;
use super::{Approvals, Fault};
use crate::limits;
use crate::model::Grant;
use crate::store::approval::{self, State};
use crate::store::delivery;

/// That people agreed to one call. Not `Clone`; made by [`Approvals::take`], which spends the approval,
/// or while the glass is broken.
#[derive(Debug)]
#[must_use = "the approval is spent"]
pub struct Verdict {
    call: Uuid,
    grant: Grant,
}

impl Verdict {
    /// Nobody approved this call: two administrators let it go.
    pub(super) fn under_breakglass(call: Uuid, grant: Grant) -> Self {
        Self { call, grant }
    }

    /// The call it was taken for.
    pub fn call(&self) -> Uuid {
        self.call
    }

    /// The approval it comes from.
    pub fn grant(&self) -> Grant {
        self.grant
    }
}

/// Why an approval cannot be used for a call.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Something it depended on has changed. Says what, in a word of ours.
    #[error("the approval cannot be used any more: {0}")]
    Overtaken(&'static str),
    /// It is not approved any more: used by another call, rejected, expired.
    #[error("the approval is not there any more")]
    Gone(State),
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Approvals {
    /// Spends the approval on the call, once, after holding every part of the call against what was approved.
    ///
    /// # Errors
    /// [`Unusable`]; the call must not run.
    pub async fn take(&self, asked: &Asked, held: &Held) -> Result<Verdict, Unusable> {
        let (id, call) = (asked.id.into_bytes(), held.call.into_bytes());
        let matter = self.matter(held).await.map_err(|error| match error {
            NotAsked::Fault(fault) => fault,
            _ => Fault::Malformed,
        })?;
        let likeness = Likeness::of(held, &matter);
        for _ in 0..limits::APPROVAL_ATTEMPTS_MAX {
            let found = self.db.read("approval", move |read| approval::find(read, &id)).await;
            let row = found.map_err(Fault::from)?.ok_or(Unusable::Gone(State::Expired))?;
            if row.state != State::Approved {
                return Err(Unusable::Gone(row.state));
            }
            let record = self.open(row).await?;
            if let Some(reason) = record.overtaken(held, &likeness, self.now()) {
                self.end(&record.row, reason).await?;
                return Err(Unusable::Overtaken(reason));
            }
            self.require_grant(&record).await?;
            let now = self.now();
            let news = self.news(id, "approval.used");
            let spent = self.db.write("use approval", move |tx| {
                let spent = approval::spend(tx, &id, &call, now)?;
                if spent {
                    delivery::insert(tx, &news)?;
                }
                Ok(spent)
            });
            if spent.await.map_err(Fault::from)? {
                self.waiters.tell(asked.id, State::Used);
                return Ok(Verdict { call: held.call, grant: ask::grant(&record.row)? });
            }
            // Somebody is changing their mind at this very moment, or another call was faster.
            tokio::time::sleep(Duration::from_millis(limits::APPROVAL_RETRY_MS)).await;
        }
        Err(Unusable::Gone(State::Approved))
    }

    /// An approval that was given must not be used: something outside the store has changed.
    ///
    /// # Errors
    /// [`Fault`]; the call must not run all the same.
    pub async fn overtake(self: &Arc<Self>, asked: &Asked, reason: &'static str) -> Result<(), Fault> {
        let id = asked.id.into_bytes();
        let found = self.db.read("approval", move |read| approval::find(read, &id)).await?;
        match found {
            Some(row) if row.ended.is_none() => self.end(&row, reason).await.map(drop),
            _ => Ok(()),
        }
    }
}
