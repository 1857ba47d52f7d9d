//! Held calls that callers ask about as tasks: who runs one once people agreed, and what came of it.

use uuid::Uuid;

use super::{Approvals, Fault};
use crate::clock::micros;
use crate::limits;
use crate::store::held_task;

/// What is known of a call that was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Nobody has begun to run it, or whoever did is gone.
    Idle,
    /// It runs.
    Running,
    /// It ended with this answer: a JSON-RPC message.
    Ended(Vec<u8>),
}

impl Approvals {
    /// How far the call of an approval is.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn progress(&self, id: Uuid) -> Result<Progress, Fault> {
        let key = id.into_bytes();
        let found = self.db.read("held task", move |read| held_task::find(read, &key)).await?;
        let Some(found) = found else { return Ok(Progress::Idle) };
        let Some(sealed) = found.answer else {
            return Ok(if found.alive < self.stale() { Progress::Idle } else { Progress::Running });
        };
        let (db, ledger) = (self.db.clone(), self.ledger.clone());
        let opened = tokio::task::spawn_blocking(move || ledger.unseal(&db, &key, sealed));
        Ok(Progress::Ended(opened.await.map_err(|_| Fault::Malformed)??))
    }

    /// Whether the call of an approval is this process's to run. It is nobody else's then, as long as
    /// [`Approvals::keep_running`] is called.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn begin_running(&self, id: Uuid) -> Result<bool, Fault> {
        let (key, now, stale) = (id.into_bytes(), self.now(), self.stale());
        Ok(self.db.write("claim held task", move |tx| held_task::claim(tx, &key, now, stale)).await?)
    }

    /// Says that it still runs.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn keep_running(&self, id: Uuid) -> Result<(), Fault> {
        let (key, now) = (id.into_bytes(), self.now());
        Ok(self.db.write("keep held task", move |tx| held_task::stay(tx, &key, now)).await?)
    }

    /// Keeps the answer for its caller, sealed.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn end_running(&self, id: Uuid, answer: Vec<u8>) -> Result<(), Fault> {
        let (key, now) = (id.into_bytes(), self.now());
        let sealed = self.ledger.seal(key, answer).await?;
        Ok(self.db.write("end held task", move |tx| held_task::end(tx, &key, now, &sealed)).await?)
    }

    /// The caller of a task does not want it any more.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn cancel(&self, id: Uuid) -> Result<(), Fault> {
        let Some(record) = self.find(id).await? else { return Ok(()) };
        if record.row.ended.is_none() {
            self.end(&record.row, "withdrawn").await?;
        }
        Ok(())
    }

    /// Whoever said so before this, microseconds since 1970, is gone.
    fn stale(&self) -> i64 {
        self.now() - micros(limits::APPROVAL_DEAD_MS)
    }
}
