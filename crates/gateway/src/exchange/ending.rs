//! Recording sessions that an administrator ended: nothing runs in them any more, at any gateway on the store.
//!
//! The end is a row and its leaf (`session.ended`), in one transaction. Every gateway keeps the ids of ended sessions in
//! memory: the database tells where it can, and each looks every second besides. Whatever waits or streams in a session
//! that ended is given up, and whatever comes later is refused: a legacy session does not exist any more, so its caller
//! begins anew; where the protocol has no sessions a recording session is a credential at a server, and that credential is
//! of no use there any more.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use evidence::leaf::EventType;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use crate::ledger::{Deed, Event, EventActor, Ledger, Unavailable, each_recorded};
use crate::limits;
use crate::mask::Mask;
use crate::model::Principal;
use crate::store::{self, Db, Topic, session_end};

/// Sessions that are ended, as far as this process knows.
pub struct Endings {
    db: Db,
    known: watch::Sender<HashSet<Uuid>>,
}

/// Why a session is not ended.
#[derive(Debug, thiserror::Error)]
pub enum NotEnded {
    /// It is over.
    #[error("an administrator has ended this session already")]
    Already,
    /// Somebody must be able to ask why.
    #[error("say why in `reason`, in at most {} bytes", limits::session::REASON_BYTES_MAX)]
    Reason,
    /// There are too many.
    #[error(
        "{} sessions are ended, and no gateway remembers more: revoke the service key, or disable the person at their issuer",
        limits::session::ENDED_MAX
    )]
    Full,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It cannot be recorded.
    #[error(transparent)]
    Ledger(#[from] Unavailable),
}

impl Endings {
    /// Those that are ended by now, by the log: a row can be taken away.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open(db: &Db) -> Result<Self, store::Error> {
        let this = Self { db: db.clone(), known: watch::Sender::default() };
        let recorded = db.read("ended sessions", |read| {
            let mut ended = HashSet::new();
            each_recorded(read, EventType::SessionEnded, 0, |leaf| {
                ended.extend(leaf.session.map(|session| Uuid::from_bytes(*session.as_bytes())));
            })?;
            Ok(ended)
        });
        let recorded = recorded.await?;
        this.known.send_modify(|known| known.extend(recorded));
        this.follow().await?;
        Ok(this)
    }

    /// Whether a session is ended.
    pub fn has(&self, session: Uuid) -> bool {
        self.known.borrow().contains(&session)
    }

    /// Returns when `session` is ended.
    pub async fn of(&self, session: Uuid) {
        let mut known = self.known.subscribe();
        if known.wait_for(|known| known.contains(&session)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends a session for good: on record with the reason, masked and sealed, then everywhere.
    ///
    /// # Errors
    /// [`NotEnded`]. With [`Unavailable::Timeout`] it may be ended all the same, and is on record then.
    pub async fn end(
        &self,
        (ledger, mask): (&Ledger, &Mask),
        who: &Arc<Principal>,
        session: Uuid,
        reason: &str,
    ) -> Result<(), NotEnded> {
        let (key, reason) = (session.into_bytes(), reason.trim());
        if reason.is_empty() || reason.len() > limits::session::REASON_BYTES_MAX {
            return Err(NotEnded::Reason);
        }
        let standing = move |read: &mut store::Read<'_>| {
            Ok((session_end::find(read, &key)?.is_some(), session_end::count(read)?))
        };
        match self.db.read("ended sessions", standing).await? {
            (true, _) => return Err(NotEnded::Already),
            (_, count) if count >= u64::from(limits::session::ENDED_MAX) => return Err(NotEnded::Full),
            _ => {}
        }
        let said = json!({ "reason": mask.sentence(reason) }).to_string();
        let event = Event {
            session: Some(session),
            body: Some(mask.document(&said.into_bytes().into())),
            deed: Some(Deed::EndSession(key)),
            ..Event::new(EventType::SessionEnded, EventActor::Principal(who.clone()), None)
        };
        ledger.note(event).await?;
        tracing::warn!(%session, "an administrator ended a session");
        self.known.send_if_modified(|known| known.insert(session));
        Ok(())
    }

    /// Learns what others ended.
    ///
    /// # Errors
    /// What the store says.
    async fn follow(&self) -> Result<(), store::Error> {
        let known = self.known.borrow().len() as u64;
        // Rows are only added.
        let news = move |read: &mut store::Read<'_>| match session_end::count(read)? {
            count if count == known => Ok(None),
            _ => session_end::all(read, limits::session::ENDED_MAX).map(Some),
        };
        if let Some(ended) = self.db.read("ended sessions", news).await? {
            let ended = ended.into_iter().map(Uuid::from_bytes);
            self.known.send_modify(|known| known.extend(ended));
        }
        Ok(())
    }

    /// Keeps in step with the store, until dropped.
    pub async fn run(&self) {
        let mut ticks = tokio::time::interval(Duration::from_millis(limits::session::ENDED_LOOK_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut news = self.db.news().ear(&[Topic::Sessions]);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = news.hear() => {}
            }
            if let Err(error) = self.follow().await {
                tracing::debug!(%error, "cannot read which sessions are ended");
            }
        }
    }
}
