//! The one thread that writes evidence.
//!
//! It takes everything that is queued, commits it as one transaction, and tells everybody: while one commit waits for
//! the disk, the next batch gathers by itself. Nothing is told before the commit returned.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use evidence::jcs;
use evidence::leaf::EventType;
use evidence::merkle::Hash;
use evidence::time::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::draft::{self, Draft, Step};
use super::log::{Batch, Doubt, Log, Rider};
use super::publish::Watched;
use super::retention::Disposal;
use super::row::Placed;
use super::start;
use super::sweep::Remains;
use super::verb::{State, Unavailable};
use crate::clock::Clock;
use crate::limits;
use crate::store::entry::Place;

/// What the writer can be asked.
pub(super) enum Command {
    /// Make these leaves durable, all or none.
    Append(Submission),
    /// Say which leaf was written last.
    Mark(oneshot::Sender<Option<Watched>>),
    /// Write that the lane lives.
    Heartbeat(oneshot::Sender<Result<Durable, Unavailable>>),
    /// Tell the other processes that this one lives.
    Pulse(oneshot::Sender<Result<(), Unavailable>>),
    /// End the calls of the dead.
    Sweep(Remains, oneshot::Sender<Result<(), Unavailable>>),
    /// Erase what is kept beside leaves, and record it.
    Erase(Box<Disposal>, oneshot::Sender<Result<(), Unavailable>>),
    /// Look whether there is anything to do: calls that were let go, a database that came back.
    Wake,
    /// End every open call and close the lane. Nothing is taken from here on.
    Seal(Ending, oneshot::Sender<Result<Durable, Unavailable>>),
    /// End the thread.
    End(oneshot::Sender<()>),
}

/// What a lane ends with.
#[derive(Debug)]
pub(super) enum Ending {
    /// This process stops: `gateway.stopped`.
    Stop,
    /// The epoch ends: `log.seal` with these facts.
    Epoch(jcs::Object),
}

/// Leaves of one asker.
pub(super) struct Submission {
    pub(super) drafts: Vec<Draft>,
    pub(super) done: oneshot::Sender<Result<Durable, Unavailable>>,
}

/// The last leaf of a submission, once it is durable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Durable {
    pub(super) place: Place,
    pub(super) hash: Hash,
}

/// What the writer shows to everybody else.
pub(super) struct Status {
    pub(super) state: watch::Sender<State>,
    /// Leaves in the log.
    pub(super) size: AtomicU64,
    /// Leaves under the latest published checkpoint.
    pub(super) published: AtomicU64,
    /// Time the last commit took, in microseconds.
    pub(super) commit_us: AtomicU64,
    /// Whether this process is the one that puts leaves into the log.
    pub(super) leads: AtomicBool,
    worries: Mutex<BTreeMap<Worry, Arc<str>>>,
    /// Calls whose holder went away without ending them. Bounded by the exchanges in flight.
    pub(super) abandoned: Mutex<Vec<Uuid>>,
}

impl Status {
    pub(super) fn new(size: u64, published: u64, leads: bool) -> Self {
        Self {
            state: watch::Sender::new(State::Ready),
            size: AtomicU64::new(size),
            published: AtomicU64::new(published),
            commit_us: AtomicU64::new(0),
            leads: AtomicBool::new(leads),
            worries: Mutex::default(),
            abandoned: Mutex::default(),
        }
    }

    /// Nothing is written any more in this process.
    pub(super) fn fail(&self, reason: &Arc<str>) {
        self.state.send_if_modified(|state| {
            if matches!(state, State::Failed { .. }) {
                return false;
            }
            tracing::error!(%reason, "evidence cannot be trusted any more: the gateway must be restarted");
            *state = State::Failed { reason: Arc::clone(reason) };
            true
        });
    }

    /// Remembers what is not as it should be although calls can be served.
    pub(super) fn worry(&self, about: Worry, reason: String) {
        let reason: Arc<str> = reason.into();
        if self.worries().insert(about, Arc::clone(&reason)).is_none() {
            tracing::warn!(%reason, "degraded");
        }
    }

    /// It is as it should be again.
    pub(super) fn calm(&self, about: Worry) {
        self.worries().remove(&about);
    }

    pub(super) fn worries(&self) -> std::sync::MutexGuard<'_, BTreeMap<Worry, Arc<str>>> {
        self.worries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What can be wrong while calls are served all the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worry {
    /// Leaves do not get into the log.
    Log,
    /// A lane is not what its process signed.
    Lane,
    /// What this process wrote stands under no checkpoint.
    Cover,
    /// A table has rows that nobody with the keys wrote.
    Rows(&'static str),
    /// What leaves are found by is not what they say.
    Columns,
    /// An anchor, by its name, does not get what was published.
    Anchor(String),
}

/// State of the thread.
pub(super) struct Thread {
    log: Log,
    queue: mpsc::Receiver<Command>,
    status: Arc<Status>,
    clock: Arc<dyn Clock>,
    /// A batch of which it is not known whether it is in the database.
    unresolved: Option<Box<Batch>>,
    /// When writing stopped, while it is stopped.
    blocked_since: Option<Timestamp>,
    /// Outcomes of calls that were forwarded before writing stopped: their callers were told that nobody knows, and the
    /// log will say what is known.
    late: Vec<Draft>,
}

/// A submission within a batch: how many leaves it has, and who waits.
struct Waiting {
    leaves: usize,
    done: oneshot::Sender<Result<Durable, Unavailable>>,
}

impl Thread {
    pub(super) fn new(
        log: Log,
        queue: mpsc::Receiver<Command>,
        status: Arc<Status>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { log, queue, status, clock, unresolved: None, blocked_since: None, late: Vec::new() }
    }

    /// Runs until [`Command::End`], or until nobody can ask any more; then gives the database back.
    pub(super) fn run(mut self) {
        let ended = self.serve();
        drop(self);
        if let Some(ended) = ended {
            tell(ended, ());
        }
    }

    fn serve(&mut self) -> Option<oneshot::Sender<()>> {
        let mut commands = Vec::with_capacity(limits::LEDGER_BATCH_MAX);
        while self.queue.blocking_recv_many(&mut commands, limits::LEDGER_BATCH_MAX) > 0 {
            self.gather(&mut commands);
            let mut submissions = Vec::with_capacity(commands.len());
            for command in commands.drain(..) {
                if let Command::Append(submission) = command {
                    submissions.push(submission);
                    continue;
                }
                self.append(std::mem::take(&mut submissions));
                match command {
                    Command::End(ended) => return Some(ended),
                    command => self.obey(command),
                }
            }
            self.append(submissions);
        }
        None
    }

    /// Lets those who were just told ask again before the next commit begins: without it, callers split into two
    /// groups that wait for each other, and each commit carries half. Gives the processor away as long as more
    /// arrives; on an idle one this takes microseconds.
    fn gather(&mut self, commands: &mut Vec<Command>) {
        for _ in 0..limits::LEDGER_YIELDS_MAX {
            std::thread::yield_now();
            let before = commands.len();
            while commands.len() < limits::LEDGER_BATCH_MAX
                && let Ok(command) = self.queue.try_recv()
            {
                commands.push(command);
            }
            if commands.len() == before {
                return;
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Append(submission) => self.append(vec![submission]),
            Command::Mark(answer) => tell(answer, self.mark()),
            Command::Heartbeat(done) => {
                let beaten = self.heartbeat();
                tell(done, beaten);
            }
            Command::Wake => {
                self.recover();
                self.append(Vec::new());
            }
            Command::Pulse(done) => {
                let given = self.pulse();
                tell(done, given);
            }
            Command::Sweep(remains, done) => {
                let swept = self.sweep(&remains);
                tell(done, swept);
            }
            Command::Erase(disposal, done) => {
                let erased = self.erase(disposal);
                tell(done, erased);
            }
            Command::Seal(ending, done) => {
                let sealed = self.seal(ending);
                tell(done, sealed);
            }
            Command::End(ended) => tell(ended, ()),
        }
    }

    /// Commits the submissions, and the ends of abandoned calls, as one batch.
    fn append(&mut self, submissions: Vec<Submission>) {
        if let Some(refusal) = self.refusal() {
            for Submission { drafts, done } in submissions {
                self.keep(drafts);
                tell(done, Err(refusal.clone()));
            }
            return;
        }
        let mut batch = self.log.begin(Rider::None);
        let mut waiting = Vec::with_capacity(submissions.len());
        for Submission { drafts, done } in submissions {
            let before = batch.leaves.len();
            match self.log.place_all(&mut batch, drafts) {
                Ok(()) => waiting.push(Waiting { leaves: batch.leaves.len() - before, done }),
                Err(refusal) => tell(done, Err(refusal)),
            }
        }
        self.place_late(&mut batch);
        self.place_orphans(&mut batch);
        if batch.leaves.is_empty() {
            return;
        }
        match self.log.commit("append", batch) {
            Ok(leaves) => self.acknowledge(&leaves, waiting),
            Err(doubt) => {
                let refusal = self.give_up(doubt);
                waiting.into_iter().for_each(|waiting| tell(waiting.done, Err(refusal.clone())));
            }
        }
    }

    fn acknowledge(&mut self, leaves: &[Placed], waiting: Vec<Waiting>) {
        self.show();
        let mut next = 0;
        for Waiting { leaves: count, done } in waiting {
            let of_this = &leaves[next..next + count];
            next += count;
            let Some(last) = of_this.last() else { continue };
            let heard = done.send(Ok(Durable { place: last.place, hash: last.hash }));
            // Nobody waits any more: what was begun will not be forwarded, so it ends here.
            if heard.is_err() {
                self.abandoned().extend(of_this.iter().filter_map(Placed::begun));
            }
        }
    }

    /// Keeps outcomes until evidence can be written again; beyond a limit their calls become orphans.
    fn keep(&mut self, drafts: Vec<Draft>) {
        let mut held: usize = self.late.iter().map(Draft::bytes).sum();
        for draft in drafts.into_iter().filter(Draft::is_outcome) {
            held += draft.bytes();
            if self.late.len() < limits::EXCHANGES_MAX && held <= limits::LATE_BYTES_MAX {
                self.late.push(draft);
            }
        }
    }

    /// Places the outcomes that came while nothing could be written.
    fn place_late(&mut self, batch: &mut Batch) {
        for draft in std::mem::take(&mut self.late) {
            if let Err(error) = self.log.place(batch, draft) {
                tracing::debug!(%error, "an outcome came too late for its call");
            }
        }
    }

    /// Places the ends of calls that nobody will end.
    fn place_orphans(&mut self, batch: &mut Batch) {
        let now = self.now();
        let calls = std::mem::take(&mut *self.abandoned());
        for call in calls {
            if !self.log.is_open(call) {
                continue;
            }
            let placed =
                draft::orphan(call, Step::End(call), now).and_then(|draft| self.log.place(batch, draft));
            if let Err(error) = placed {
                tracing::error!(%call, %error, "cannot record that a call was orphaned; trying again");
                self.abandoned().push(call);
            }
        }
    }

    fn heartbeat(&mut self) -> Result<Durable, Unavailable> {
        let facts = serde_json::json!({ "open": self.log.open_calls().len() });
        let draft = draft::own(EventType::LogHeartbeat, self.now(), Some(&facts))?;
        self.commit_own("heartbeat", Rider::Pulse, vec![draft])
    }

    fn pulse(&mut self) -> Result<(), Unavailable> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        match self.log.pulse() {
            Ok(()) => Ok(()),
            Err(doubt) => Err(self.give_up(doubt)),
        }
    }

    fn sweep(&mut self, remains: &Remains) -> Result<(), Unavailable> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        let now = self.now();
        let batch = start::orphan(&mut self.log, remains, now)?;
        self.commit_once("sweep", batch)
    }

    fn erase(&mut self, disposal: Box<Disposal>) -> Result<(), Unavailable> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        let draft = disposal.draft(self.now())?;
        let mut batch = self.log.begin(Rider::Erase(disposal));
        self.log.place(&mut batch, draft)?;
        self.commit_once("erase", batch)
    }

    /// Commits what another process may have done first; then nothing is committed, and nothing is wrong.
    fn commit_once(&mut self, name: &'static str, batch: Batch) -> Result<(), Unavailable> {
        match self.log.commit(name, batch) {
            Ok(_) => Ok(()),
            Err(Doubt::Undone(error)) if error.kind == crate::store::ErrorKind::Busy => {
                Err(Unavailable::Blocked(error.to_string().into()))
            }
            Err(doubt) => Err(self.give_up(doubt)),
        }
    }

    fn seal(&mut self, ending: Ending) -> Result<Durable, Unavailable> {
        let now = self.now();
        let mut drafts = Vec::new();
        for call in self.log.open_calls() {
            drafts.push(draft::orphan(call, Step::End(call), now)?);
        }
        let rider = match ending {
            Ending::Stop => {
                drafts.push(draft::own(EventType::GatewayStopped, now, None)?);
                Rider::Close(now)
            }
            Ending::Epoch(facts) => {
                let mut last = draft::own(EventType::LogSeal, now, None)?;
                last.leaf.detail = Some(facts);
                drafts.push(last);
                Rider::Seal(now)
            }
        };
        let sealed = self.commit_own("seal", rider, drafts)?;
        self.status.state.send_replace(State::Stopped);
        Ok(sealed)
    }

    fn mark(&self) -> Option<Watched> {
        let position = self.log.position();
        let place = position.place.previous()?;
        Some(Watched { place, hash: position.previous, since: Instant::now() })
    }

    /// Commits leaves of the gateway itself, with what belongs to them.
    fn commit_own(
        &mut self,
        name: &'static str,
        rider: Rider,
        drafts: Vec<Draft>,
    ) -> Result<Durable, Unavailable> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        let mut batch = self.log.begin(rider);
        self.log.place_all(&mut batch, drafts)?;
        match self.log.commit(name, batch) {
            Ok(leaves) => {
                self.show();
                let last = leaves.last().ok_or(Unavailable::Stopped)?;
                Ok(Durable { place: last.place, hash: last.hash })
            }
            Err(doubt) => Err(self.give_up(doubt)),
        }
    }

    fn give_up(&mut self, doubt: Doubt) -> Unavailable {
        self.block(doubt);
        self.refusal().unwrap_or(Unavailable::Timeout)
    }

    /// Tries to write again: the database must be where memory is, and a leaf about the gap must be durable.
    fn recover(&mut self) {
        let Some(since) = self.blocked_since else { return };
        if matches!(*self.status.state.borrow(), State::Failed { .. }) {
            return;
        }
        if let Err(doubt) = self.resolve() {
            return self.block(doubt);
        }
        let now = self.now();
        let reason = self.status.state.borrow().clone();
        let State::Blocked { reason } = reason else { return };
        let facts =
            serde_json::json!({ "from": since.to_string(), "until": now.to_string(), "reason": &*reason });
        let committed = draft::own(EventType::AuditGap, now, Some(&facts)).and_then(|draft| {
            let mut batch = self.log.begin(Rider::None);
            self.log.place(&mut batch, draft)?;
            Ok(self.log.commit("resume", batch))
        });
        match committed {
            Ok(Ok(_)) => {
                self.blocked_since = None;
                self.status.state.send_replace(State::Ready);
                self.show();
                tracing::info!(%since, "evidence is written again");
            }
            Ok(Err(doubt)) => self.block(doubt),
            Err(error) => tracing::error!(%error, "cannot describe the gap"),
        }
    }

    /// Finds out what became of a batch in doubt, or makes it durable after all; whoever asked for it was refused, so
    /// what it began is let go.
    fn resolve(&mut self) -> Result<(), Doubt> {
        if let Some(batch) = self.unresolved.take() {
            let batch = self.log.settle(*batch)?;
            let begun: Vec<Uuid> = batch.leaves.iter().filter_map(Placed::begun).collect();
            self.log.adopt(batch);
            self.abandoned().extend(begun);
        }
        self.log.verify_end()
    }

    fn block(&mut self, doubt: Doubt) {
        let undone = self.log.take_undone();
        self.keep(undone);
        let error = match doubt {
            Doubt::Fatal(reason) => return self.status.fail(&reason.into()),
            Doubt::Undone(error) => error,
            Doubt::Unknown(error, batch) => {
                self.unresolved = Some(batch);
                error
            }
        };
        let reason: Arc<str> = error.to_string().into();
        if self.blocked_since.is_none() {
            self.blocked_since = Some(self.now());
            tracing::error!(%reason, "evidence cannot be written: calls are refused until it can");
        }
        self.status.state.send_if_modified(|state| match state {
            State::Blocked { reason: old } if *old == reason => false,
            State::Failed { .. } | State::Stopped => false,
            state => {
                *state = State::Blocked { reason };
                true
            }
        });
    }

    fn refusal(&self) -> Option<Unavailable> {
        refusal(&self.status.state.borrow())
    }

    fn show(&self) {
        self.status.commit_us.store(self.log.commit_us, Ordering::Relaxed);
    }

    fn abandoned(&self) -> std::sync::MutexGuard<'_, Vec<Uuid>> {
        self.status.abandoned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        now(&*self.clock)
    }
}

/// Why nothing can be written in this state.
pub(super) fn refusal(state: &State) -> Option<Unavailable> {
    match state {
        State::Ready => None,
        State::Stopped => Some(Unavailable::Stopped),
        State::Blocked { reason } => Some(Unavailable::Blocked(Arc::clone(reason))),
        State::Failed { reason } => Some(Unavailable::Failed(Arc::clone(reason))),
    }
}

/// The clock's time in the form of leaves. A clock outside 1970..9999 is taken for its nearest end.
pub(super) fn now(clock: &dyn Clock) -> Timestamp {
    let micros = clock.now().as_microsecond().max(0);
    // Unwrap safety: 0 is in range.
    Timestamp::from_micros(micros).unwrap_or_else(|| Timestamp::from_micros(0).expect("1970"))
}

/// Answers; whoever asked may be gone, and then nobody is told.
fn tell<T>(answer: oneshot::Sender<T>, value: T) {
    drop(answer.send(value));
}
