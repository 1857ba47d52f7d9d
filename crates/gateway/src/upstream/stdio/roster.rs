//! Who holds which process of one server: sessions, seats, back-off, and how many of each there may be.
//!
//! Plain data under one lock; nothing here waits. Strong references to a process are held by sessions and seats (and
//! requests under way), so that ending those ends it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::process::{Exit, Process, Wish};
use super::router::Owner;
use super::{Failure, ProcessHealth, StdioError};
use crate::limits;
use crate::model::Era;

/// For whom a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    /// One principal.
    Principal([u8; 32]),
    /// All callers.
    Everyone,
}

/// A process that is found again by who asks, not by a session.
#[derive(Debug, Default)]
pub(super) struct Seat(pub(super) tokio::sync::Mutex<Option<Seated>>);

/// What is on a seat.
#[derive(Debug, Clone)]
pub(super) struct Seated {
    pub(super) process: Arc<Process>,
    /// The answer to the one `initialize` a shared legacy process gets.
    pub(super) greeting: Option<Bytes>,
}

/// A legacy session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) principal: [u8; 32],
    pub(super) process: Arc<Process>,
    /// Its number in the process's router.
    pub(super) lane: u64,
    pub(super) used: Instant,
}

/// What keeps a caller from getting a process or a session.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// It cannot be had.
    Never(StdioError),
    /// It can be had when this process, which its principal does not use, has ended.
    Until(Arc<Process>),
}

#[derive(Debug)]
struct Entry {
    holder: Holder,
    era: Era,
    started: Timestamp,
    process: Weak<Process>,
}

/// Everything one server has running.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub(super) stopping: Option<Stopping>,
    processes: BTreeMap<u64, Entry>,
    sessions: HashMap<String, Session>,
    seats: HashMap<(Era, Holder), Arc<Seat>>,
    backoffs: HashMap<Holder, Backoff>,
    swept: Option<Instant>,
    next: u64,
    pub(super) starts: u64,
    pub(super) failures: u64,
    pub(super) last_failure: Option<Failure>,
}

/// The gateway is stopping: nothing is started any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stopping;

impl Roster {
    /// A place for a process of `holder`: its number, and when it may be started.
    pub(super) fn reserve(
        &mut self,
        holder: Holder,
        era: Era,
        now: Instant,
        started: Timestamp,
    ) -> Result<(u64, Instant), Obstacle> {
        if self.stopping.is_some() {
            return Err(Obstacle::Never(StdioError::Stopping));
        }
        self.backoffs.retain(|_, backoff| !backoff.is_over(now));
        let at = self.backoffs.get(&holder).map_or(Ok(now), |backoff| backoff.admit(now));
        let at = at.map_err(Obstacle::Never)?;
        let own = self.processes.values().filter(|entry| entry.holder == holder).count();
        if own >= limits::STDIO_PROCESSES_PER_PRINCIPAL_MAX {
            let Holder::Principal(principal) = holder else { return Err(Obstacle::Never(StdioError::Full)) };
            let unused = self.take_unused(principal).ok_or(Obstacle::Never(StdioError::Full))?;
            return Err(Obstacle::Until(unused.process));
        }
        if self.processes.len() >= limits::STDIO_PROCESSES_MAX {
            return Err(Obstacle::Never(StdioError::Full));
        }
        self.next += 1;
        self.processes.insert(self.next, Entry { holder, era, started, process: Weak::new() });
        self.starts += 1;
        Ok((self.next, at))
    }

    /// The process for the place `number` runs.
    pub(super) fn occupy(&mut self, number: u64, process: &Arc<Process>) {
        if let Some(entry) = self.processes.get_mut(&number) {
            entry.process = Arc::downgrade(process);
        }
    }

    /// The place `number` is free again, and so is everything that belonged to its process.
    pub(super) fn release(&mut self, number: u64) {
        self.processes.remove(&number);
        self.sessions.retain(|_, session| !session.process.is_over());
        self.prune();
    }

    /// A process of `holder` is gone.
    pub(super) fn record(&mut self, holder: Holder, exit: &Exit, now: Instant, at: Timestamp, chance: u8) {
        if exit.wish == Wish::Unwanted {
            self.fail(holder, exit.lived, &exit.status, (now, at), chance);
        }
    }

    /// A process of `holder` failed after `lived`.
    pub(super) fn fail(
        &mut self,
        holder: Holder,
        lived: Duration,
        status: &str,
        (now, at): (Instant, Timestamp),
        chance: u8,
    ) {
        self.failures += 1;
        self.last_failure = Some(Failure { at, status: status.to_owned() });
        let backoff = self.backoffs.entry(holder).or_insert_with(|| Backoff::new(now));
        backoff.failed(now, lived, status.to_owned(), chance);
    }

    /// The seat of `holder`.
    pub(super) fn seat(&mut self, era: Era, holder: Holder) -> Arc<Seat> {
        // Seats whose process could not be started stay empty.
        if self.seats.len() >= 2 * limits::STDIO_PROCESSES_MAX {
            self.prune();
        }
        Arc::clone(self.seats.entry((era, holder)).or_default())
    }

    /// The seat of `holder`, if there ever was somebody on it.
    pub(super) fn seated(&self, era: Era, holder: Holder) -> Option<Arc<Seat>> {
        self.seats.get(&(era, holder)).map(Arc::clone)
    }

    /// Room for one more session of `principal` on a shared process.
    pub(super) fn make_room(&mut self, principal: [u8; 32], now: Instant) -> Result<(), StdioError> {
        self.sweep(now);
        let own = self.sessions.values().filter(|session| session.principal == principal).count();
        if own >= limits::STDIO_SESSIONS_PER_PRINCIPAL_MAX {
            let unused = self.take_unused(principal).ok_or(StdioError::Full)?;
            unused.process.router().close(unused.lane);
        }
        if self.sessions.len() >= limits::STDIO_SESSIONS_MAX { Err(StdioError::Full) } else { Ok(()) }
    }

    /// A session begins.
    pub(super) fn begin(&mut self, id: String, session: Session) {
        self.sessions.insert(id, session);
    }

    /// The live session `id`, if it belongs to `principal`.
    pub(super) fn find(&mut self, id: &str, principal: [u8; 32], now: Instant) -> Option<Session> {
        let session = self.sessions.get_mut(id)?;
        if session.principal != principal || session.process.is_over() {
            return None;
        }
        session.used = now;
        Some(session.clone())
    }

    /// Ends the session `id`.
    pub(super) fn end(&mut self, id: &str) {
        if let Some(session) = self.sessions.remove(id) {
            session.process.router().close(session.lane);
        }
    }

    /// The processes still there.
    pub(super) fn running(&self) -> Vec<Arc<Process>> {
        self.processes.values().filter_map(|entry| entry.process.upgrade()).collect()
    }

    /// Forgets every session and names the processes still there.
    pub(super) fn disband(&mut self) -> Vec<Arc<Process>> {
        self.stopping = Some(Stopping);
        self.sessions.clear();
        self.running()
    }

    /// What runs.
    pub(super) fn health(&self) -> Vec<ProcessHealth> {
        let running = self.processes.values().filter_map(|entry| Some((entry, entry.process.upgrade()?)));
        running
            .map(|(entry, process)| ProcessHealth {
                pid: process.pid(),
                era: entry.era,
                started: entry.started,
                in_flight: process.router().in_flight(),
            })
            .collect()
    }

    /// Number of sessions.
    pub(super) fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Takes away the seats on which nobody sits.
    fn prune(&mut self) {
        self.seats.retain(|_, seat| {
            // Locked or shared: somebody is about to use it.
            Arc::strong_count(seat) > 1
                || seat.0.try_lock().is_ok_and(|it| it.as_ref().is_some_and(|it| !it.process.is_over()))
        });
    }

    /// Takes out the session of `principal` that was unused longest and that nothing waits for. Its caller is told
    /// with a 404 to begin a new one, should it come back.
    fn take_unused(&mut self, principal: [u8; 32]) -> Option<Session> {
        let unused = |session: &Session| {
            session.principal == principal
                && !session.process.router().busy(Some(Owner::Session(session.lane)))
        };
        let oldest =
            self.sessions.iter().filter(|(_, session)| unused(session)).min_by_key(|(_, it)| it.used);
        let id = oldest.map(|(id, _)| id.clone())?;
        self.sessions.remove(&id)
    }

    /// Ends sessions on shared processes that were unused too long. At most twice a minute, for it looks at all.
    fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|swept| now.duration_since(swept) < Duration::from_secs(30)) {
            return;
        }
        self.swept = Some(now);
        self.sessions.retain(|_, session| {
            let idle = now.duration_since(session.used) >= Duration::from_millis(limits::STDIO_IDLE_MS);
            let over = idle && !session.process.router().busy(Some(Owner::Session(session.lane)));
            if over {
                session.process.router().close(session.lane);
            }
            !over
        });
    }
}
