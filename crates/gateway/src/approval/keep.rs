//! What goes on beside the calls: waking those who wait, ending what is overdue, finishing what a dead process began.

use std::time::Duration;

use evidence::leaf::Leaf;
use evidence::merkle::{Hash, leaf_hash};
use uuid::Uuid;

use super::{Approvals, Fault};
use crate::clock::micros;
use crate::limits;
use crate::store::approval::{self, State};
use crate::store::approval_vote::{self, Vote, Word};
use crate::store::{Topic, callback, delivery, entry, held_task};

impl Approvals {
    /// Runs until it is dropped.
    pub async fn run(&self) {
        let mut look = tokio::time::interval(Duration::from_millis(limits::APPROVAL_LOOK_MS));
        let mut tidy = tokio::time::interval(Duration::from_millis(limits::APPROVAL_TIDY_MS));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tidy.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut news = self.db.news().ear(&[Topic::Approvals]);
        loop {
            let done = tokio::select! {
                _ = look.tick() => self.look().await,
                () = news.hear() => {
                    let glass = self.look_at_breakglass().await;
                    self.look().await.and(glass)
                }
                // Neither waits for the other to succeed.
                _ = tidy.tick() => {
                    let glass = self.look_at_breakglass().await;
                    self.tidy().await.and(glass)
                }
            };
            if let Err(error) = done {
                tracing::warn!(%error, "approvals could not be looked after; trying again");
            }
        }
    }

    /// Wakes the calls whose approval was decided in another process.
    async fn look(&self) -> Result<(), Fault> {
        let ids = self.waiters.ids();
        if ids.is_empty() {
            return Ok(());
        }
        let states = self.db.read("approval states", move |read| {
            ids.into_iter()
                .map(|id| Ok((id, approval::state(read, id.as_bytes())?)))
                .collect::<Result<Vec<_>, _>>()
        });
        for (id, state) in states.await? {
            self.waiters.tell(id, state.unwrap_or(State::Expired));
        }
        Ok(())
    }

    /// Ends what is overdue and finishes what a dead process began.
    ///
    /// # Errors
    /// [`Fault`]; the rest is done the next time.
    pub async fn tidy(&self) -> Result<(), Fault> {
        if !self.ledger.leads() {
            // Another gateway on the same database does it.
            return Ok(());
        }
        let now = self.now();
        let dead = now - micros(limits::APPROVAL_DEAD_MS);
        let most = limits::APPROVALS_TIDIED_MAX;
        let overdue =
            self.db.read("overdue approvals", move |read| approval::overdue(read, now, most)).await?;
        for row in overdue {
            let reason =
                if row.state == State::Approved { "not_used_in_time" } else { "not_decided_in_time" };
            self.end(&row, reason).await?;
        }
        let unnoted =
            self.db.read("unnoted approvals", move |read| approval::unnoted(read, dead, most)).await?;
        for row in unnoted {
            self.note_end(&row, row.reason.as_deref().unwrap_or("expired")).await?;
        }
        let old = now - micros(limits::DELIVERY_KEPT_MS);
        self.db.write("forget deliveries", move |tx| delivery::forget(tx, old).map(drop)).await?;
        let kept = now - micros(limits::HELD_TASK_KEPT_MS);
        self.db.write("forget held tasks", move |tx| held_task::forget(tx, kept).map(drop)).await?;
        self.db.write("forget callbacks", move |tx| callback::forget(tx, old).map(drop)).await?;
        self.db.write("discard approvals", move |tx| approval::discard_abandoned(tx, dead).map(drop)).await?;
        let abandoned =
            self.db.read("abandoned votes", move |read| approval_vote::abandoned(read, dead, most)).await?;
        for (id, vote) in abandoned {
            self.resolve(id, vote).await?;
        }
        Ok(())
    }

    /// Ends every approval for `reason`, on record, because the log in which they were asked for ends. No other process
    /// may be at work.
    ///
    /// # Errors
    /// [`Fault`]; then some are left.
    pub async fn end_all(&self, reason: &'static str) -> Result<(), Fault> {
        // Everything begun before now was begun by a process that is gone.
        let (now, most) = (self.now().saturating_add(1), limits::APPROVALS_TIDIED_MAX);
        self.db.write("discard approvals", move |tx| approval::discard_abandoned(tx, now).map(drop)).await?;
        loop {
            let votes = self.db.read("votes", move |read| approval_vote::abandoned(read, now, most)).await?;
            // One that cannot be read ends with the others, when the log does.
            let live = self.db.read("live", move |read| approval::live(read, most)).await?;
            if votes.is_empty() && live.is_empty() {
                break;
            }
            for (id, vote) in votes {
                self.resolve(id, vote).await?;
            }
            for row in live {
                self.end(&row, reason).await?;
            }
        }
        self.end_breakglass_with_log(reason).await?;
        let unnoted =
            self.db.read("unnoted", move |read| approval::unnoted(read, i64::MAX, usize::MAX)).await?;
        for row in unnoted {
            self.note_end(&row, row.reason.as_deref().unwrap_or("expired")).await?;
        }
        Ok(())
    }

    /// A vote whose process died: it counts if its leaf is in the log, else it never was.
    async fn resolve(&self, id: [u8; 16], vote: Vote) -> Result<(), Fault> {
        let Some(row) = self.db.read("approval", move |read| approval::find(read, &id)).await? else {
            return Ok(());
        };
        let word = match vote.verdict {
            Word::Approve => "approval.approved",
            Word::Reject => "approval.rejected",
        };
        let filter = entry::Filter { call: Some(row.call), ..entry::Filter::default() };
        let (entries, settled) = self
            .db
            .read("leaves of approval", move |read| {
                let entries = entry::page(read, &filter, limits::CALL_LEAVES_MAX)?;
                Ok((entries, approval_vote::of(read, &id)?))
            })
            .await?;
        let counted: Vec<_> = settled.iter().filter_map(|vote| vote.leaf).collect();
        let leaf =
            entries.iter().filter(|entry| is_step(&entry.leaf, id, word)).map(|entry| leaf_hash(&entry.leaf));
        let leaf = leaf.map(|hash: Hash| *hash.as_bytes()).find(|hash| !counted.contains(hash));
        match leaf {
            Some(leaf) => {
                let terms = self.open(row).await?.content.terms;
                self.settle(Uuid::from_bytes(id), vote, leaf, &terms).await.map(drop)
            }
            None => {
                let withdrawn =
                    self.db.write("withdraw vote", move |tx| approval_vote::withdraw(tx, &id, &vote.voter));
                Ok(withdrawn.await?)
            }
        }
    }
}

fn is_step(bytes: &[u8], id: [u8; 16], word: &str) -> bool {
    Leaf::decode(bytes).is_ok_and(|leaf| {
        leaf.event.as_str() == word && leaf.approval.is_some_and(|step| *step.id.as_bytes() == id)
    })
}
