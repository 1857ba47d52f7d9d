//! The lane of this process, as its one writer sees it: what comes next, and the calls that are open.
//!
//! INVARIANT: memory never runs ahead of the database. A batch is prepared on copies; they replace the originals only
//! when the commit is known to have happened.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::Instant;

use evidence::id::Id;
use evidence::leaf::LanePosition;
use evidence::merkle::{Frontier, Hash, leaf_hash};
use evidence::time::Timestamp;
use uuid::Uuid;

use super::draft::{Draft, Step};
use super::lane::{self as signing, LaneKey};
use super::retention::Disposal;
use super::row::{self, Placed};
use super::verb::Unavailable;
use crate::store::entry::{self, Place};
use crate::store::epoch::{self, Ending, Epoch};
use crate::store::lane_head::{self, Joint};
use crate::store::{self, ErrorKind, Failure, Right, Stage, Tx, Writer, approval, lane, tree};

/// Position of the writer.
#[derive(Clone)]
pub(super) struct Position {
    pub(super) id: Id,
    /// Where the next leaf goes.
    pub(super) place: Place,
    /// Hash of the last leaf.
    pub(super) previous: Hash,
    /// Over all leaves of the lane.
    pub(super) digest: Hash,
}

/// What is done in the same transaction as a batch.
#[derive(Debug, Clone)]
pub(super) enum Rider {
    /// Nothing.
    None,
    /// Opens the lane; only if the last lane that was opened is this one's predecessor.
    Open(Box<lane::Lane>, Timestamp),
    /// Begins an epoch with this lane.
    Begin(Box<lane::Lane>, Epoch, Ending, Timestamp),
    /// Gives a sign of life.
    Pulse,
    /// Notes that these lanes of the dead have been swept; only if nobody else did.
    Sweep(Vec<u32>, Timestamp),
    /// Erases what the leaf says is erased; only if nobody else did, and no legal hold changed.
    Erase(Box<Disposal>),
    /// Closes the lane, after its last leaf.
    Close(Timestamp),
    /// Closes the lane, and with it the epoch: only if no other lane is open or was opened since.
    Seal(Timestamp),
}

/// Leaves that are committed together.
pub(super) struct Batch {
    pub(super) leaves: Vec<Placed>,
    rider: Rider,
    after: Position,
    /// How to undo what the batch did to `open`.
    undo: Vec<(Uuid, Option<Place>)>,
}

/// What is true once a commit failed.
pub(super) enum Doubt {
    /// Nothing of the batch is in the database.
    Undone(store::Error),
    /// The commit failed and it could not be found out what happened.
    Unknown(store::Error, Box<Batch>),
    /// The process must end.
    Fatal(String),
}

/// The lane as the writer sees it.
pub(super) struct Log {
    writer: Writer,
    key: LaneKey,
    position: Position,
    open: HashMap<Uuid, Place>,
    sessions: HashSet<[u8; 16]>,
    /// Outcomes of calls that are still open because a commit was undone.
    undone: Vec<Draft>,
    pub(super) commit_us: u64,
}

impl Log {
    pub(super) fn new(writer: Writer, key: LaneKey, position: Position) -> Self {
        Self {
            writer,
            key,
            position,
            open: HashMap::new(),
            sessions: HashSet::new(),
            undone: Vec::new(),
            commit_us: 0,
        }
    }

    pub(super) fn position(&self) -> &Position {
        &self.position
    }

    pub(super) fn is_open(&self, call: Uuid) -> bool {
        self.open.contains_key(&call)
    }

    pub(super) fn open_calls(&self) -> Vec<Uuid> {
        self.open.keys().copied().collect()
    }

    /// An empty batch that begins where the lane ends.
    pub(super) fn begin(&self, rider: Rider) -> Batch {
        Batch { leaves: Vec::new(), rider, after: self.position.clone(), undo: Vec::new() }
    }

    /// Gives a draft its place at the end of the batch.
    ///
    /// # Errors
    /// [`Unavailable::Rejected`] when the format refuses the leaf or the call is not where the leaf wants it; the batch
    /// is as before.
    pub(super) fn place(&mut self, batch: &mut Batch, mut draft: Draft) -> Result<(), Unavailable> {
        self.check(draft.step)?;
        let after = &mut batch.after;
        draft.leaf.place(LanePosition { lane: after.id, seq: after.place.sequence(), prev: after.previous });
        let bytes = draft.leaf.encode().map_err(|error| Unavailable::Rejected(error.to_string().into()))?;
        let (place, hash) = (after.place, leaf_hash(&bytes));
        after.place = place.next();
        after.previous = hash;
        after.digest = signing::extend(&after.digest, &hash);
        match draft.step {
            Step::Begin(call) => batch.undo.push((call, self.open.insert(call, place))),
            Step::End(call) => batch.undo.push((call, self.open.remove(&call))),
            Step::Continue(_) | Step::Aside => {}
        }
        batch.leaves.push(Placed { place, bytes, hash, draft });
        Ok(())
    }

    /// Gives several drafts their places, all or none.
    ///
    /// # Errors
    /// As [`place`](Self::place).
    pub(super) fn place_all(&mut self, batch: &mut Batch, drafts: Vec<Draft>) -> Result<(), Unavailable> {
        let (leaves, undo) = (batch.leaves.len(), batch.undo.len());
        let after = if drafts.len() > 1 { Some(batch.after.clone()) } else { None };
        for draft in drafts {
            if let Err(refusal) = self.place(batch, draft) {
                let undone = batch.undo.split_off(undo);
                self.undo(&undone);
                batch.leaves.truncate(leaves);
                if let Some(after) = after {
                    batch.after = after;
                }
                return Err(refusal);
            }
        }
        Ok(())
    }

    /// Makes the batch durable.
    ///
    /// # Errors
    /// [`Doubt`]; the lane is where it was before the batch.
    pub(super) fn commit(&mut self, name: &'static str, batch: Batch) -> Result<Vec<Placed>, Doubt> {
        let started = Instant::now();
        let written = self.write(name, &batch);
        self.commit_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        match written {
            Ok(()) => Ok(self.adopt(batch)),
            Err(Failure { error, .. }) if error.kind == ErrorKind::Fsync => {
                Err(Doubt::Fatal(error.to_string()))
            }
            Err(Failure { error, stage: Stage::Before }) => {
                self.undo(&batch.undo);
                self.undone.extend(batch.leaves.into_iter().map(|leaf| leaf.draft).filter(Draft::is_outcome));
                Err(refused(error))
            }
            Err(Failure { stage: Stage::Commit, .. }) => {
                let batch = self.settle(batch)?;
                Ok(self.adopt(batch))
            }
        }
    }

    /// Makes a batch durable of which it is not known whether it is: looks for it, and writes the same bytes again when
    /// it is not there. (A server may still be at work on the first attempt: then the second waits for it, and finds its
    /// rows.)
    pub(super) fn settle(&mut self, batch: Batch) -> Result<Batch, Doubt> {
        self.undo(&batch.undo);
        match self.search(&batch) {
            Ok(true) => return Ok(self.redo(batch)),
            Ok(false) => {}
            Err(doubt) => return Err(doubt.keep(batch)),
        }
        match self.write("retry", &batch) {
            Ok(()) => Ok(self.redo(batch)),
            Err(Failure { error, .. }) if error.kind == ErrorKind::Fsync => {
                Err(Doubt::Fatal(error.to_string()))
            }
            Err(Failure { error, .. }) if error.kind == ErrorKind::Constraint => match self.search(&batch) {
                Ok(true) => Ok(self.redo(batch)),
                Ok(false) => Err(refused(error)),
                Err(doubt) => Err(doubt.keep(batch)),
            },
            Err(Failure { error, .. }) => Err(Doubt::Unknown(error, Box::new(batch))),
        }
    }

    /// Checks, from a new connection, that the database is where memory is.
    pub(super) fn verify_end(&mut self) -> Result<(), Doubt> {
        let found = self.look().map_err(Doubt::Undone)?;
        let matches = match (&found, self.position.place.previous()) {
            (Some((place, bytes)), Some(last)) => {
                *place == last && leaf_hash(bytes) == self.position.previous
            }
            (None, None) => true,
            _ => false,
        };
        if matches { Ok(()) } else { Err(Doubt::Fatal(FOREIGN.to_owned())) }
    }

    /// Takes over a batch that is known to be durable.
    pub(super) fn adopt(&mut self, batch: Batch) -> Vec<Placed> {
        for leaf in &batch.leaves {
            if let Some(session) = leaf.session() {
                if self.sessions.len() >= crate::limits::LEDGER_MEMORY_MAX {
                    self.sessions.clear();
                }
                self.sessions.insert(session);
            }
            if let Some(context) = &leaf.draft.context {
                context.durable.store(true, Ordering::Relaxed);
            }
        }
        self.position = batch.after;
        batch.leaves
    }

    /// Gives a sign of life.
    pub(super) fn pulse(&mut self) -> Result<(), Doubt> {
        let open_from = self.open_from();
        match self.writer.transaction("pulse", |tx| pulse(tx, open_from)) {
            Ok(()) => Ok(()),
            Err(failure) => Err(refused(failure.error)),
        }
    }

    /// Takes the outcomes that a commit did not make durable.
    pub(super) fn take_undone(&mut self) -> Vec<Draft> {
        std::mem::take(&mut self.undone)
    }

    /// No intent before this place is open.
    fn open_from(&self) -> Place {
        self.open.values().copied().min().unwrap_or(self.position.place)
    }

    fn check(&self, step: Step) -> Result<(), Unavailable> {
        let fault = match step {
            Step::Begin(call) if self.is_open(call) => "the call is open already",
            Step::Continue(call) | Step::End(call) if !self.is_open(call) => "the call is not open",
            _ => return Ok(()),
        };
        Err(Unavailable::Rejected(fault.into()))
    }

    fn write(&mut self, name: &'static str, batch: &Batch) -> Result<(), Failure> {
        let open_from = self.open_from();
        let Some(last) = batch.leaves.last() else {
            return self.writer.transaction(name, |tx| batch.rider.ride(tx, open_from));
        };
        let (place, digest) = (last.place, &batch.after.digest);
        let signature = self.key.sign(batch.after.id.as_bytes(), place, digest);
        let joint = if batch.leaves.iter().any(Placed::is_joint) { Joint::Yes } else { Joint::No };
        let sessions = &self.sessions;
        self.writer.transaction(name, |tx| {
            batch.rider.ride(tx, open_from)?;
            row::insert(tx, &batch.leaves, sessions)?;
            // Its trigger holds the lane open until the commit.
            lane_head::insert(tx, place, digest.as_bytes(), joint, &signature)?;
            match batch.rider {
                Rider::Close(now) | Rider::Seal(now) => lane::close(tx, place.lane(), now.as_micros()),
                Rider::Erase(ref disposal) => disposal.note(tx, place, &last.bytes),
                _ => Ok(()),
            }
        })
    }

    fn undo(&mut self, changes: &[(Uuid, Option<Place>)]) {
        for (call, before) in changes.iter().rev() {
            match before {
                Some(place) => self.open.insert(*call, *place),
                None => self.open.remove(call),
            };
        }
    }

    fn redo(&mut self, batch: Batch) -> Batch {
        for leaf in &batch.leaves {
            match leaf.draft.step {
                Step::Begin(call) => self.open.insert(call, leaf.place),
                Step::End(call) => self.open.remove(&call),
                Step::Continue(_) | Step::Aside => None,
            };
        }
        batch
    }

    /// Whether the batch is in the database, durably.
    fn search(&mut self, batch: &Batch) -> Result<bool, Search> {
        let found = self.look().map_err(Search::Failed)?;
        let before = self.position.place.previous();
        let Some((place, bytes)) = found else {
            return if before.is_none() { Ok(false) } else { Err(Search::Foreign) };
        };
        match batch.leaves.last() {
            Some(ours) if place == ours.place && bytes == ours.bytes => {}
            _ if Some(place) == before && leaf_hash(&bytes) == self.position.previous => return Ok(false),
            _ => return Err(Search::Foreign),
        }
        // It can be read; that it is on disk is only known once a flush succeeded.
        self.writer.flush().map(|()| true).map_err(Search::Failed)
    }

    /// The last leaf of the lane, from a new connection.
    fn look(&mut self) -> Result<Option<(Place, Vec<u8>)>, store::Error> {
        self.writer.reopen()?;
        let lane = self.position.place.lane();
        Ok(self.writer.transaction("look", |tx| entry::last(tx, lane))?)
    }
}

/// Why it could not be found out whether a batch is in the database.
enum Search {
    Failed(store::Error),
    /// Somebody else's leaf is in our lane, or ours is gone.
    Foreign,
}

impl Search {
    fn keep(self, batch: Batch) -> Doubt {
        match self {
            Self::Failed(error) if error.kind == ErrorKind::Fsync => Doubt::Fatal(error.to_string()),
            Self::Failed(error) => Doubt::Unknown(error, Box::new(batch)),
            Self::Foreign => Doubt::Fatal(FOREIGN.to_owned()),
        }
    }
}

impl Rider {
    fn ride(&self, tx: &mut Tx<'_>, open_from: Place) -> Result<(), store::Error> {
        match self {
            Self::None | Self::Close(_) => Ok(()),
            Self::Open(opened, now) => {
                tx.await_right(Right::OpenLane)?;
                if lane::last(tx)? != opened.number.checked_sub(1) {
                    return Err(store::Error::new(ErrorKind::Busy, LANE_TAKEN));
                }
                let epoch = epoch::current(tx)?;
                if epoch::seal(tx, &epoch)?.is_some() {
                    return Err(store::Error::new(ErrorKind::Other, SEALED));
                }
                lane::open(tx, opened, now.as_micros())
            }
            Self::Begin(opened, begun, ending, now) => {
                tx.await_right(Right::OpenLane)?;
                tx.await_right(Right::Sequence)?;
                let before = epoch::current(tx)?.number + 1 == begun.number;
                let empty = Frontier::new().to_bytes();
                if !before
                    || lane::last(tx)? != opened.number.checked_sub(1)
                    || !tree::restart(tx, begun.first_index, &empty)?
                {
                    return Err(store::Error::new(ErrorKind::Busy, LANE_TAKEN));
                }
                let ts = now.as_micros();
                epoch::begin(tx, begun, *ending, ts)?;
                lane::leave_behind(tx, begun.first_lane, ts)?;
                approval::leave_behind(tx, "log_ended", ts)?;
                lane::open(tx, opened, ts)
            }
            Self::Seal(_) => {
                tx.await_right(Right::OpenLane)?;
                let ours = open_from.lane();
                let others = lane::unswept(tx)?.iter().any(|lane| lane.number != ours);
                if others || lane::last(tx)? != Some(ours) {
                    return Err(store::Error::new(ErrorKind::Busy, "another gateway runs on this database"));
                }
                Ok(())
            }
            Self::Pulse => pulse(tx, open_from),
            Self::Erase(disposal) => disposal.erase(tx),
            Self::Sweep(lanes, now) => {
                for &dead in lanes {
                    if !lane::sweep(tx, dead, now.as_micros())? {
                        return Err(store::Error::new(ErrorKind::Busy, "another gateway swept the lane"));
                    }
                }
                Ok(())
            }
        }
    }
}

/// No lane is opened in an epoch that was sealed.
pub(super) const SEALED: &str = "the log was sealed: begin its next epoch with `countersign log genesis`";

/// Another gateway opened a lane at the same moment: take the next number.
pub(super) const LANE_TAKEN: &str = "another gateway opened a lane";

const FOREIGN: &str = "the database changed under the gateway: its lane does not end with the leaf that was written last; \
                       find out who else writes to the database";

const CLOSED: &str = "the lane is closed";

fn pulse(tx: &mut Tx<'_>, open_from: Place) -> Result<(), store::Error> {
    if lane::pulse(tx, open_from.lane(), open_from)? {
        Ok(())
    } else {
        Err(store::Error::new(ErrorKind::Constraint, CLOSED))
    }
}

/// What a transaction that was undone means: a rule of the schema is broken only by somebody else.
fn refused(error: store::Error) -> Doubt {
    match error.kind {
        ErrorKind::Fsync => Doubt::Fatal(error.to_string()),
        ErrorKind::Constraint if error.cause.contains(CLOSED) => Doubt::Fatal(format!(
            "another gateway took this process for dead and closed its lane: it was silent for too long ({error})"
        )),
        ErrorKind::Constraint => Doubt::Fatal(format!("{FOREIGN} ({error})")),
        _ => Doubt::Undone(error),
    }
}

#[cfg(test)]
mod tests {
    use evidence::leaf::EventType;

    use super::*;
    use crate::ledger::draft;
    use crate::store::{Access, Db};

    fn now() -> Timestamp {
        Timestamp::from_micros(1_790_000_000_000_000).unwrap()
    }

    fn log(directory: &std::path::Path) -> Log {
        let db = Db::open_sqlite(directory, Access::Gateway).unwrap();
        let opened = lane::Lane {
            number: 0,
            id: [1; 16],
            key: [2; 32],
            seal: [3; 32],
            open_from: Place::new(0, 0),
            pulse: 0,
            closed: None,
        };
        db.write_now("open", |tx| lane::open(tx, &opened, 1)).unwrap();
        let position = Position {
            id: Id::from_bytes([1; 16]),
            place: Place::new(0, 0),
            previous: Hash::ZERO,
            digest: Hash::ZERO,
        };
        Log::new(db.writer().unwrap(), LaneKey::generate().unwrap(), position)
    }

    fn batch(log: &mut Log, call: Uuid) -> Batch {
        let mut batch = log.begin(Rider::None);
        // Any leaf will do; what it does to its call is what counts here.
        let mut begun = draft::own(EventType::LogHeartbeat, now(), None).unwrap();
        begun.step = Step::Begin(call);
        log.place(&mut batch, begun).unwrap();
        batch
    }

    #[test]
    fn commit_that_happened_although_it_failed_is_found_by_its_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = log(directory.path());
        let call = Uuid::from_u128(7);
        let doubtful = batch(&mut log, call);
        let bytes = doubtful.leaves[0].bytes.clone();
        log.write("doubtful", &doubtful).unwrap();
        let Ok(present) = log.settle(doubtful) else { panic!("the batch is there") };
        assert_eq!(log.adopt(present)[0].bytes, bytes);
        assert!(log.is_open(call));
        assert!(log.verify_end().is_ok());
    }

    #[test]
    fn commit_that_did_not_happen_is_made_with_the_same_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = log(directory.path());
        let call = Uuid::from_u128(7);
        let doubtful = batch(&mut log, call);
        let bytes = doubtful.leaves[0].bytes.clone();
        let Ok(present) = log.settle(doubtful) else { panic!("the batch can be written") };
        assert_eq!(log.adopt(present)[0].bytes, bytes);
        assert!(log.is_open(call));
        assert!(log.verify_end().is_ok());
    }

    #[test]
    fn somebody_elses_leaf_in_our_place_is_fatal() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = log(directory.path());
        let ours = batch(&mut log, Uuid::from_u128(7));
        log.undo(&ours.undo);
        let theirs = batch(&mut log, Uuid::from_u128(8));
        log.write("theirs", &theirs).unwrap();
        assert!(matches!(log.settle(ours), Err(Doubt::Fatal(_))));
    }

    #[test]
    fn closed_lane_takes_no_commit_and_stays_closed() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = log(directory.path());
        log.writer.transaction("close", |tx| lane::close_dead(tx, 0, 0, 5)).unwrap();
        let reopened = log
            .writer
            .transaction("reopen", |tx| tx.execute("UPDATE lane SET closed = NULL WHERE number = 0", &[]));
        assert_eq!(reopened.unwrap_err().error.kind, ErrorKind::Constraint);
        let call = Uuid::from_u128(7);
        let late = batch(&mut log, call);
        let Err(Doubt::Fatal(reason)) = log.commit("late", late) else { panic!("it was committed") };
        assert!(reason.contains("took this process for dead"), "{reason}");
        assert!(!log.is_open(call));
        assert!(matches!(log.pulse(), Err(Doubt::Fatal(_))));
    }
}
