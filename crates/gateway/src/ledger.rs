//! The ledger: what happens is recorded before it happens.
//!
//! Five verbs. [`Ledger::open`] makes a `call.intent` leaf durable and answers an [`Opened`], without which nothing can
//! be forwarded; [`Ledger::frame`] records what streams before the answer; [`Ledger::close`] consumes the [`Opened`] and
//! answers the [`Receipt`] without which nothing can be answered; [`Ledger::deny`] records a refusal;
//! [`Ledger::note`] everything that is not a call. A verb that returns `Ok` has its leaves on disk.
//!
//! Formats: RFC 6962 tree, C2SP tlog-checkpoint; see the crate `evidence`. The rules of a leaf's content are in
//! [`draft`], those of its writing in [`writer`] and [`log`].

mod absence;
mod column;
mod deed;
mod draft;
mod epoch;
mod export;
mod hold;
mod identifier;
mod inbox;
mod keep;
mod lane;
mod log;
mod opened;
mod part;
mod publish;
mod recorded;
mod retention;
mod row;
mod sequence;
mod signer;
mod start;
mod sweep;
mod vault;
mod verb;
mod writer;

pub mod keyring;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use evidence::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

pub use absence::{Absence, Erased};
pub use column::{Look, altered};
pub use deed::Deed;
pub use epoch::{Declared, EpochError, begin_epoch, finish_seal, quiesce};
pub use export::{ExportError, export, export_epoch, newest};
pub use hold::{clear_hold, holds, set_hold};
pub use inbox::sealed_notice;
pub use keep::Recorded;
pub use keyring::{Keyring, KeyringError, Missing};
pub use opened::Opened;
pub use recorded::{each_recorded, recorded_details};
pub use retention::{Days, Retained, Rules};
pub use signer::SignError;
pub use start::StartError;
pub use vault::{Vault, VaultError};
pub use verb::{
    About, ApprovalStep, Denial, DenialKind, Document, Event, EventActor, Health, Intent, Outcome, Receipt,
    Stage, State, Unavailable,
};

use crate::clock::Clock;
use crate::limits;
use crate::mask::Redacted;
use crate::model::Party;
use crate::store::epoch::Epoch;
use crate::store::{Db, Topic};
use draft::{Draft, Drafter, Moment};
use identifier::Identifiers;
use log::Log;
use opened::{FrameList, Lease};
use publish::{Seen, Watched};
use sequence::Sequencer;
use start::Checked;
use sweep::Watch;
use verb::is_operational;
use writer::{Command, Durable, Ending, Status, Submission, Worry};

/// The ledger. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Ledger(Arc<Shared>);

struct Shared {
    db: Db,
    keys: Arc<Keyring>,
    drafter: Drafter,
    clock: Arc<dyn Clock>,
    writer: mpsc::Sender<Command>,
    status: Arc<Status>,
    /// The epoch that this process writes.
    epoch: Epoch,
    /// Number of this process's lane.
    lane: u32,
    silence: Duration,
    sequencer: Mutex<Sequencer>,
    seen: Mutex<Seen>,
    watched: Mutex<Option<Watched>>,
    others: Mutex<Watch>,
}

/// Name of an epoch of a deployment's log, which also names its key: `<deployment>/audit/<epoch>`.
pub fn origin(deployment: &str, epoch: u64) -> String {
    format!("{deployment}/audit/{epoch}")
}

/// The pseudonym that stands for a party in the leaves of the log with these keys.
pub fn pseudonym(keys: &Keyring, party: &Party) -> String {
    Identifiers::new(keys).actor(party)
}

impl Ledger {
    /// Opens the log in `db`: checks it against what was signed, closes what dead gateways left open, writes the first
    /// leaves of this process and starts the writer. Blocks for as long as that takes.
    ///
    /// # Errors
    /// [`StartError`], which says what to do. Nothing is written then.
    pub fn start(db: &Db, keys: Keyring, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        Self::start_among(db, keys, clock, Duration::from_millis(limits::LANE_SILENCE_MS))
    }

    /// As [`start`](Self::start); other gateways on the same database are taken for dead after this much silence.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_among(
        db: &Db,
        keys: Keyring,
        clock: Arc<dyn Clock>,
        silence: Duration,
    ) -> Result<Self, StartError> {
        let keys = Arc::new(keys);
        let mut checked = start::check(db, &keys)?;
        let now = writer::now(&*clock);
        start::catch_up(&mut checked.sequencer, now)?;
        let log = start::begin(db, &keys, env!("CARGO_PKG_VERSION"), now)?;
        Self::run(db, keys, clock, silence, checked, log)
    }

    /// Starts the writer of a lane that was opened.
    fn run(
        db: &Db,
        keys: Arc<Keyring>,
        clock: Arc<dyn Clock>,
        silence: Duration,
        checked: Checked,
        log: Log,
    ) -> Result<Self, StartError> {
        let vault = Vault::new(&keys).map_err(|error| Unavailable::Sealing(error.to_string().into()))?;
        let drafter = Drafter::new(Identifiers::new(&keys), vault);
        let lane = log.position().place.lane();
        let (size, published) = (checked.sequencer.size(), checked.published);
        start::announce(&keys, size);
        let status = Arc::new(Status::new(size, published, !db.is_shared()));
        let (sender, queue) = mpsc::channel(limits::LEDGER_QUEUE_MAX);
        let thread = writer::Thread::new(log, queue, Arc::clone(&status), Arc::clone(&clock));
        std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || thread.run())
            .map_err(|error| Unavailable::Failed(format!("no thread for the ledger: {error}").into()))?;
        Ok(Self(Arc::new(Shared {
            db: db.clone(),
            keys,
            drafter,
            clock,
            writer: sender,
            status,
            epoch: checked.epoch,
            lane,
            silence,
            sequencer: Mutex::new(checked.sequencer),
            seen: Mutex::new(Seen::new(size, published)),
            watched: Mutex::default(),
            others: Mutex::new(Watch::new(silence)),
        })))
    }

    /// Records that a call is about to be forwarded. Nothing may be forwarded without what this returns.
    ///
    /// # Errors
    /// [`Unavailable`]: nothing may be forwarded.
    pub async fn open(&self, intent: Intent) -> Result<Opened, Unavailable> {
        self.ready()?;
        let moment = self.moment().await?;
        let (call, origin) = (intent.call, intent.context.origin);
        let bytes = intent.body.get().len() + intent.forwarded.len();
        let drafts = self
            .compose(bytes, move |drafter| {
                let used = drafter.use_of_approval(&intent, &moment)?;
                Ok(used.into_iter().chain([drafter.intent(&intent, &moment)?]).collect())
            })
            .await?;
        // From here on the leaf may appear in the log, so somebody must end the call.
        let lease = Lease::new(call, Arc::clone(&self.0.status), self.0.writer.clone());
        match self.append(drafts).await {
            Ok(Durable { place, hash }) => {
                Ok(Opened { lease, place, leaf: hash, frames: FrameList::new(), origin })
            }
            Err(refusal) => {
                // Refused for what it is: it was not written, and a call of this id may be somebody else's.
                if matches!(refusal, Unavailable::Rejected(_)) {
                    lease.release();
                }
                Err(refusal)
            }
        }
    }

    /// Records messages that stream before the answer, in order, in one commit. None may be released before.
    ///
    /// # Errors
    /// [`Unavailable`]: none of them may be released, and the call can only be dropped.
    pub async fn frame(&self, opened: &mut Opened, frames: &[Redacted<Bytes>]) -> Result<(), Unavailable> {
        if frames.is_empty() {
            return Ok(());
        }
        if !opened.frames.is_whole() {
            return Err(Unavailable::Rejected("an earlier frame may be missing".into()));
        }
        self.ready()?;
        let moment = self.moment().await?;
        let (call, origin, mut list) = (opened.call(), opened.origin, opened.frames.clone());
        let frames = frames.to_vec();
        let bytes = frames.iter().map(|frame| frame.get().len()).sum();
        let (drafts, list) = self
            .compose(bytes, move |drafter| {
                let mut drafts = Vec::with_capacity(frames.len());
                for frame in &frames {
                    let draft = drafter.frame((call, origin), list.next(), frame, &moment)?;
                    if let Some(payload) = &draft.leaf.payload {
                        list.push(&payload.commitment);
                    }
                    drafts.push(draft);
                }
                Ok((drafts, list))
            })
            .await?;
        // Lost until the commit is known; also when this future is dropped while it waits.
        opened.frames.lose();
        self.append(drafts).await?;
        opened.frames = list;
        Ok(())
    }

    /// Records how a call ended. Nothing of its answer may reach the caller before.
    ///
    /// # Errors
    /// [`Unavailable`]: the answer may not be given. The ledger records the outcome, or ends the call as orphaned, once it
    /// can.
    pub async fn close(&self, opened: Opened, outcome: Outcome) -> Result<Receipt, Unavailable> {
        let Opened { lease, frames, origin, .. } = opened;
        let call = lease.call();
        if !frames.is_whole() {
            return Err(Unavailable::Rejected("a frame may be missing".into()));
        }
        // Also while nothing can be written: the writer keeps the outcome until it can.
        match self.ready() {
            Ok(()) | Err(Unavailable::Blocked(_)) => {}
            Err(refusal) => return Err(refusal),
        }
        let moment = self.moment().await?;
        let bytes = outcome.body.as_ref().map_or(0, |body| body.get().len());
        let list = frames.commitment();
        let draft = self
            .compose(bytes, move |drafter| drafter.outcome((call, origin), list, &outcome, &moment))
            .await?;
        let Durable { place, hash } = self.append(vec![draft]).await?;
        lease.release();
        Ok(Receipt { call: Some(call), place, leaf: hash })
    }

    /// Records that a call is refused.
    ///
    /// # Errors
    /// [`Unavailable`]: the call is refused all the same.
    pub async fn deny(&self, denial: Denial) -> Result<Receipt, Unavailable> {
        self.ready()?;
        let moment = self.moment().await?;
        let call = denial.call;
        let bytes = denial.body.as_ref().map_or(0, |body| body.get().len());
        let draft = self.compose(bytes, move |drafter| drafter.denial(&denial, &moment)).await?;
        let Durable { place, hash } = self.append(vec![draft]).await?;
        Ok(Receipt { call: Some(call), place, leaf: hash })
    }

    /// Records a step of an approval. It has no effect before.
    ///
    /// # Errors
    /// [`Unavailable`]: the step must not take effect.
    pub async fn attest(&self, step: ApprovalStep) -> Result<Receipt, Unavailable> {
        self.ready()?;
        let moment = self.moment().await?;
        let call = step.call;
        let bytes = step.body.as_ref().map_or(0, |body| body.get().len());
        let draft = self.compose(bytes, move |drafter| drafter.approval(&step, &moment)).await?;
        let Durable { place, hash } = self.append(vec![draft]).await?;
        Ok(Receipt { call: Some(call), place, leaf: hash })
    }

    /// Records an operational event. Leaves that only the ledger itself writes are refused.
    ///
    /// # Errors
    /// [`Unavailable`]: what depends on the record must not take effect.
    pub async fn note(&self, event: Event) -> Result<Receipt, Unavailable> {
        if !is_operational(event.event) {
            return Err(Unavailable::Rejected(
                format!("`{}` is not an operational event", event.event).into(),
            ));
        }
        self.ready()?;
        let draft = self.0.drafter.event(event, &self.moment().await?)?;
        let Durable { place, hash } = self.append(vec![draft]).await?;
        Ok(Receipt { call: None, place, leaf: hash })
    }

    /// Records operational events that belong together, in one commit: all of them or none.
    ///
    /// # Errors
    /// [`Unavailable`]: what depends on the record must not take effect.
    pub async fn note_all(&self, events: Vec<Event>) -> Result<(), Unavailable> {
        if let Some(event) = events.iter().find(|event| !is_operational(event.event)) {
            return Err(Unavailable::Rejected(
                format!("`{}` is not an operational event", event.event).into(),
            ));
        }
        self.ready()?;
        let moment = self.moment().await?;
        let drafts = events.into_iter().map(|event| self.0.drafter.event(event, &moment));
        let drafts = drafts.collect::<Result<Vec<_>, _>>()?;
        if drafts.is_empty() { Ok(()) } else { self.append(drafts).await.map(drop) }
    }

    /// How the ledger does.
    pub fn health(&self) -> Health {
        let status = &self.0.status;
        Health {
            state: status.state.borrow().clone(),
            worries: status.worries().values().cloned().collect(),
            size: status.size.load(Ordering::Relaxed),
            published: status.published.load(Ordering::Relaxed),
            queued: self.0.writer.max_capacity() - self.0.writer.capacity(),
            commit_us: status.commit_us.load(Ordering::Relaxed),
        }
    }

    /// Ends when the ledger can never write again in this process, with the reason: the process must end then, because
    /// what the disk holds is not known any more.
    pub async fn failed(&self) -> Arc<str> {
        let mut state = self.0.status.state.subscribe();
        loop {
            if let State::Failed { reason } = &*state.borrow_and_update() {
                return Arc::clone(reason);
            }
            if state.changed().await.is_err() {
                // The sender lives as long as the ledger that is borrowed here.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Writes heartbeats and checkpoints, puts leaves into the log, and looks after a blocked database and dead gateways,
    /// for ever: run it beside the listeners.
    pub async fn tend(&self) {
        tokio::join!(self.tend_lane(), self.tend_log(), self.tend_columns());
    }

    async fn tend_lane(&self) {
        let mut heartbeat = interval(limits::HEARTBEAT_MS);
        let mut pulse = every(Watch::interval(self.0.silence));
        let mut collect = interval(limits::NOTICES_MS);
        let mut retry = interval(limits::LEDGER_RETRY_MS);
        let mut news = self.0.db.news().ear(&[Topic::Notices]);
        loop {
            let tended = tokio::select! {
                _ = heartbeat.tick() => self.heartbeat().await.map(drop),
                _ = pulse.tick() => self.pulse().await,
                _ = collect.tick() => self.collect().await,
                () = news.hear() => self.collect().await,
                _ = retry.tick() => self.retry().await,
            };
            if let Err(error) = tended {
                tracing::debug!(%error, "the lane could not be tended");
            }
        }
    }

    async fn tend_columns(&self) {
        let (mut ticks, mut look) = (interval(limits::COLUMNS_LOOK_MS), Look::default());
        loop {
            ticks.tick().await;
            if let Err(error) = self.look_at_columns(&mut look).await {
                tracing::debug!(%error, "the columns of leaves could not be looked at");
            }
        }
    }

    async fn tend_log(&self) {
        let mut sequence = interval(limits::SEQUENCE_MS);
        let mut publish = interval(limits::CHECKPOINT_MS);
        let mut sweep = every(Watch::interval(self.0.silence));
        loop {
            let tended = tokio::select! {
                _ = sequence.tick() => self.sequence_in_turn().await,
                _ = publish.tick() => self.publish_in_turn().await,
                _ = sweep.tick() => self.sweep().await,
            };
            if let Err(error) = tended {
                tracing::debug!(%error, "the log could not be tended");
            }
        }
    }

    /// The epoch that this process writes.
    pub fn epoch(&self) -> Epoch {
        self.0.epoch
    }

    /// Notes that an anchor works, or in words why it is a reason for concern.
    pub fn anchored(&self, name: &str, trouble: Option<String>) {
        let about = Worry::Anchor(name.to_owned());
        match trouble {
            Some(trouble) => self.0.status.worry(about, trouble),
            None => self.0.status.calm(about),
        }
    }

    /// Whether this process is the one that does what is to be done once, however many gateways share the database.
    pub fn leads(&self) -> bool {
        self.0.status.leads.load(Ordering::Relaxed)
    }

    /// Tells the other gateways that this one lives.
    ///
    /// # Errors
    /// [`Unavailable`]; [`Unavailable::Failed`] when the others took it for dead.
    pub async fn pulse(&self) -> Result<(), Unavailable> {
        self.ready()?;
        self.ask(Command::Pulse).await?
    }

    /// Records that this gateway lives, and how many calls are open.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn heartbeat(&self) -> Result<Receipt, Unavailable> {
        self.ready()?;
        let Durable { place, hash } = self.ask(Command::Heartbeat).await??;
        Ok(Receipt { call: None, place, leaf: hash })
    }

    /// Looks whether a blocked database takes writes again, and ends calls that were let go.
    ///
    /// # Errors
    /// [`Unavailable`] when it is still blocked.
    pub async fn retry(&self) -> Result<(), Unavailable> {
        self.send(Command::Wake).await?;
        // The answer comes after the attempt: the queue is in order.
        self.ask(Command::Mark).await?;
        self.ready()
    }

    /// Ends the log of this process in order: open calls become orphans, `gateway.stopped` is written, the last
    /// checkpoint covers it, and the writer ends. Every verb is refused from then on.
    ///
    /// # Errors
    /// [`Unavailable`]: the next start will close the lane.
    pub async fn stop(&self) -> Result<(), Unavailable> {
        self.ask(|done| Command::Seal(Ending::Stop, done)).await??;
        let published = self.publish().await;
        self.ask(Command::End).await?;
        published.map(drop)
    }

    /// The key that verifies this log's checkpoints, in the form auditors use.
    pub fn verifier_key(&self) -> String {
        self.0.keys.verifier_key().to_string()
    }

    fn sequencer(&self) -> MutexGuard<'_, Sequencer> {
        self.0.sequencer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watched(&self) -> MutexGuard<'_, Option<Watched>> {
        self.0.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn others(&self) -> MutexGuard<'_, Watch> {
        self.0.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `f` where it may wait for the database.
    async fn on_thread<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Self) -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || f(&this)).await.map_err(|_| Unavailable::Stopped)?
    }

    fn ready(&self) -> Result<(), Unavailable> {
        writer::refusal(&self.0.status.state.borrow()).map_or(Ok(()), Err)
    }

    fn now(&self) -> Timestamp {
        writer::now(&*self.0.clock)
    }

    async fn moment(&self) -> Result<Moment, Unavailable> {
        let ts = self.now();
        let day = Vault::day(ts.as_micros());
        if let Some(key) = self.0.drafter.vault().key(day) {
            return Ok(Moment { ts, day, key });
        }
        let this = self.clone();
        let settled = tokio::task::spawn_blocking(move || this.0.drafter.vault().settle(&this.0.db, day));
        let key = settled
            .await
            .map_err(|_| Unavailable::Stopped)?
            .map_err(|error| Unavailable::Sealing(error.to_string().into()))?;
        Ok(Moment { ts, day, key })
    }

    /// Makes drafts on this thread, or on one that may block when there are many bytes to seal.
    async fn compose<T: Send + 'static>(
        &self,
        bytes: usize,
        f: impl FnOnce(&Drafter) -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<T, Unavailable> {
        if bytes <= limits::SEAL_INLINE_BYTES_MAX {
            return f(&self.0.drafter);
        }
        let this = self.clone();
        tokio::task::spawn_blocking(move || f(&this.0.drafter)).await.map_err(|_| Unavailable::Stopped)?
    }

    async fn append(&self, drafts: Vec<Draft>) -> Result<Durable, Unavailable> {
        self.ask(|done| Command::Append(Submission { drafts, done })).await?
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Unavailable> {
        let (done, answer) = oneshot::channel();
        let asked = async {
            self.send(command(done)).await?;
            answer.await.map_err(|_| Unavailable::Stopped)
        };
        tokio::time::timeout(Duration::from_millis(limits::LEDGER_WAIT_MS), asked)
            .await
            .map_err(|_| Unavailable::Timeout)?
    }

    async fn send(&self, command: Command) -> Result<(), Unavailable> {
        self.0.writer.send(command).await.map_err(|_| Unavailable::Stopped)
    }
}

fn interval(period_ms: u64) -> tokio::time::Interval {
    every(Duration::from_millis(period_ms))
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    interval
}
