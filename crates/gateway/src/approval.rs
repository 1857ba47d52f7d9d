//! Approvals: a call that policy holds waits for people, and what they approved runs, once.
//!
//! An approval is bound to the exact call ([`bound`]). It is asked for when policy holds a call, or found again when
//! the same call is repeated ([`ask`]); people decide it ([`decide`]); it is spent on one call, in one transaction
//! ([`verdict`]). Every step is in the log before it has an effect. Nothing is locked while people think: the state is
//! in the store, so that any gateway on the same store may take the decision, the use, or both, also after a restart.

mod ask;
mod bound;
mod breakglass;
mod canonical;
mod content;
mod decide;
mod email;
mod granted;
mod keep;
mod known;
mod notify;
mod script;
mod show;
mod sign;
mod slack;
mod smtp;
mod task;
mod ticket;
mod verdict;
mod wait;

use std::sync::Arc;

use aws_lc_rs::hmac;
use evidence::passkey::RelyingParty;
use tokio::sync::watch;
use uuid::Uuid;

pub use ask::{Asked, Held, NotAsked};
pub use breakglass::{Emergency, Glass, LET_GO, NotBroken, Wish};
pub use content::{Content, Deferred, Said};
pub use decide::{Approver, Ballot, NotDecided};
pub use known::Known;
pub use notify::{SinkError, Sinks};
pub use show::{Shown, Value, clean, party_label, shown};
pub use sign::{Signature, Unsigned};
pub use slack::Unsigned as NotPressed;
pub use task::Progress;
pub use ticket::{TASK_LEG, Ticket};
pub use verdict::{Unusable, Verdict};
pub use wait::Waiter;

use crate::clock::Clock;
use crate::ledger::{ApprovalStep, Ledger, Stage, Unavailable, VaultError};
use crate::mask::Mask;
use crate::model::Statement;
use crate::policy::Definition;
use crate::store::approval::{self, Listed, Position, Ruined, State};
use crate::store::{self, Db, delivery};
use wait::Waiters;

/// The approvals of this process's store.
pub struct Approvals {
    db: Db,
    ledger: Ledger,
    key: hmac::Key,
    mask: Arc<Mask>,
    known: Known,
    clock: Arc<dyn Clock>,
    waiters: Waiters,
    sinks: Sinks,
    party: Option<RelyingParty>,
    /// The break-glass windows in force, as far as this process knows.
    glass: watch::Sender<Vec<[u8; 16]>>,
}

/// Why an approval cannot be read or changed: a fault of ours.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Evidence cannot be written.
    #[error(transparent)]
    Ledger(#[from] Unavailable),
    /// What was asked for cannot be opened any more.
    #[error("what was asked for cannot be read: {0}")]
    Vault(#[from] VaultError),
    /// A row of the store that this program did not write.
    #[error("the stored approval is malformed")]
    Malformed,
}

impl Fault {
    /// Whether the row is at fault, not the reading: others can be read.
    pub(crate) fn is_of_the_row(&self) -> bool {
        match self {
            Self::Store(error) => error.kind == store::ErrorKind::Shape,
            Self::Vault(error) => {
                matches!(error, VaultError::Erased | VaultError::Broken | VaultError::Uncommitted)
            }
            Self::Malformed => true,
            Self::Ledger(_) => false,
        }
    }
}

/// A part of the list of approvals.
#[derive(Debug)]
pub struct Page {
    /// Those that can be read.
    pub records: Vec<Record>,
    /// Those that somebody changed, or added, in the database. They grant nothing.
    pub ruined: Vec<Ruined>,
    /// Behind what the next page begins, if there may be one.
    pub next: Option<Position>,
}

/// An approval as people see it.
#[derive(Debug, Clone)]
pub struct Record {
    /// The stored row.
    pub row: approval::Approval,
    /// What was asked for.
    pub content: Content,
    /// What people said.
    pub votes: Vec<(store::approval_vote::Vote, Said)>,
    /// What the statements in it would do.
    pub statement: Option<Statement>,
    /// What the catalog knows of the definition of its target now.
    pub definition: Definition,
}

impl Approvals {
    /// Approvals in `db`, recorded in `ledger` behind `mask`, of calls that `known` judges; `key` comes from the keyring.
    pub fn new(
        db: Db,
        ledger: Ledger,
        key: hmac::Key,
        mask: Arc<Mask>,
        known: Known,
        clock: Arc<dyn Clock>,
        sinks: Sinks,
    ) -> Self {
        Self {
            db,
            ledger,
            key,
            mask,
            known,
            clock,
            waiters: Waiters::default(),
            sinks,
            party: None,
            glass: watch::Sender::default(),
        }
    }

    /// The same, where people sign with passkeys for this website.
    #[must_use]
    pub fn signed_for(self, party: Option<RelyingParty>) -> Self {
        Self { party, ..self }
    }

    /// One approval with everything about it.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn find(&self, id: Uuid) -> Result<Option<Record>, Fault> {
        let key = id.into_bytes();
        let found = self.db.read("approval", move |read| approval::find(read, &key)).await?;
        match found {
            Some(row) if row.state != State::Opening => self.open(row).await.map(Some),
            _ => Ok(None),
        }
    }

    /// At most `limit` approvals behind `after`, the latest first. One that is over and cannot be opened any more, because its
    /// day was erased, is left out.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn list(
        &self,
        which: approval::Which,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page, Fault> {
        let read = move |read: &mut store::Read<'_>| approval::list(read, which, after.as_ref(), limit);
        let (rows, next) = self.db.read("approvals", read).await?;
        let mut page = Page { records: Vec::with_capacity(rows.len()), ruined: Vec::new(), next };
        for row in rows {
            let row = match row {
                Listed::Whole(row) => *row,
                Listed::Ruined(ruined) => {
                    page.ruined.push(ruined);
                    continue;
                }
            };
            let (over, ruined) = (row.ended.is_some(), Ruined { id: Some(row.id) });
            match self.open(row).await {
                Ok(record) => page.records.push(record),
                Err(Fault::Vault(VaultError::Erased)) if over => {}
                Err(fault) if fault.is_of_the_row() => page.ruined.push(ruined),
                Err(fault) => return Err(fault),
            }
        }
        Ok(page)
    }

    /// Opens a row and its votes.
    async fn open(&self, row: approval::Approval) -> Result<Record, Fault> {
        let (db, ledger) = (self.db.clone(), self.ledger.clone());
        let opened = tokio::task::spawn_blocking(move || -> Result<_, Fault> {
            let content: Content = content::read(&ledger.unseal(&db, &row.id, row.sealed.clone())?)?;
            let stored = db.read_now("votes", |read| store::approval_vote::of(read, &row.id))?;
            let mut votes = Vec::with_capacity(stored.len());
            for vote in stored.into_iter().filter(|vote| vote.leaf.is_some()) {
                let said = content::read(&ledger.unseal(&db, &row.id, vote.sealed.clone())?)?;
                votes.push((vote, said));
            }
            // Approvers are shown the server of the row, and judged by it.
            if content.server != row.server {
                return Err(Fault::Malformed);
            }
            Ok((row, content, votes))
        });
        let (row, content, votes) = opened.await.map_err(|_| Fault::Malformed)??;
        let statement = self.known.statement(&row.server, &content).await;
        let definition = self.known.definition(&row.server, &content);
        Ok(Record { row, content, votes, statement, definition })
    }

    /// Ends a live approval for `reason`, on record. `false`: it was not in that state any more.
    pub(crate) async fn end(&self, row: &approval::Approval, reason: &'static str) -> Result<bool, Fault> {
        let (id, state, now) = (row.id, row.state, self.now());
        let news = self.news_of(row, "approval.expired");
        let ended = self.db.write("expire approval", move |tx| {
            let ended = approval::expire(tx, &id, state, reason, now)?;
            if ended {
                delivery::insert(tx, &news)?;
            }
            Ok(ended)
        });
        let ended = ended.await?;
        if ended {
            self.note_end(row, reason).await?;
            self.waiters.tell(Uuid::from_bytes(id), State::Expired);
        }
        Ok(ended)
    }

    /// Writes the leaf about an end that is in the store.
    async fn note_end(&self, row: &approval::Approval, reason: &str) -> Result<(), Fault> {
        let step = ApprovalStep {
            stage: Stage::Expired,
            approval: Uuid::from_bytes(row.id),
            request: row.request_leaf.map(evidence::merkle::Hash::from_bytes),
            call: Uuid::from_bytes(row.call),
            actor: None,
            server: Arc::from(&*row.server),
            about: None,
            detail: serde_json::json!({ "reason": reason }),
            body: None,
        };
        self.ledger.attest(step).await?;
        let (id, now) = (row.id, self.now());
        Ok(self.db.write("note approval", move |tx| approval::note(tx, &id, now)).await?)
    }

    /// The held call is withdrawn: nobody waits for it, and nobody will repeat it.
    ///
    /// # Errors
    /// [`Fault`]; then it expires by itself.
    pub async fn withdraw(&self, id: Uuid) -> Result<(), Fault> {
        let key = id.into_bytes();
        let found = self.db.read("approval", move |read| approval::find(read, &key)).await?;
        match found {
            Some(row) if row.state == State::Pending && !self.waiters.waits(id) => {
                self.end(&row, "withdrawn").await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Waits beside others for a decision. `None`: too many wait already.
    pub fn wait(&self, asked: &Asked) -> Option<Waiter> {
        self.waiters.join(asked.id, asked.state)
    }

    /// How many calls wait in this process.
    pub fn waiting(&self) -> usize {
        self.waiters.count()
    }

    /// The same; nobody is told of what the gateway only tries.
    fn news_of(&self, row: &approval::Approval, event: &str) -> Vec<delivery::Delivery> {
        if row.asker == NOBODY { Vec::new() } else { self.news(row.id, event) }
    }

    /// What people outside are to be told about a step.
    fn news(&self, id: [u8; 16], event: &str) -> Vec<delivery::Delivery> {
        self.sinks.news(&*self.clock, id, event)
    }

    /// Microseconds since 1970.
    fn now(&self) -> i64 {
        self.clock.now().as_microsecond()
    }
}

/// Who asks when the gateway tries itself: SHA-256 of nobody's name.
const NOBODY: [u8; 32] = [0; 32];
