//! The log itself, as the one writer sees it: its lane, its tree, the calls that are open.
//!
//! INVARIANT: memory never runs ahead of the database. A batch is prepared on copies; they replace the originals only
//! when the commit is known to have happened.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::Instant;

use evidence::id::Id;
use evidence::leaf::{Effect, LanePosition, Leaf, Status};
use evidence::merkle::{Frontier, Hash, leaf_hash};
use uuid::Uuid;

use super::draft::{Draft, Step};
use super::verb::Unavailable;
use crate::store::entry::{self, Addition, Place};
use crate::store::{self, ErrorKind, Failure, Tx, Writer, context, document, payload, session, tree};

/// Position of the writer.
#[derive(Clone)]
pub(super) struct Position {
    pub(super) lane: Id,
    pub(super) lane_number: u32,
    /// Sequence of the next leaf.
    pub(super) sequence: u64,
    /// Hash of the last leaf.
    pub(super) previous: Hash,
    pub(super) frontier: Frontier,
}

impl Position {
    fn place(&self) -> Place {
        Place::new(self.lane_number, self.sequence)
    }
}

/// A leaf that has its place and its final bytes.
pub(super) struct Placed {
    place: Place,
    bytes: Vec<u8>,
    pub(super) hash: Hash,
    pub(super) index: u64,
    draft: Draft,
}

/// Leaves that are committed together.
pub(super) struct Batch {
    pub(super) leaves: Vec<Placed>,
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

/// The log as the writer sees it.
pub(super) struct Log {
    writer: Writer,
    position: Position,
    open: HashMap<Uuid, Place>,
    sessions: HashSet<[u8; 16]>,
    pub(super) commit_us: u64,
}

impl Log {
    pub(super) fn new(writer: Writer, position: Position) -> Self {
        Self { writer, position, open: HashMap::new(), sessions: HashSet::new(), commit_us: 0 }
    }

    pub(super) fn size(&self) -> u64 {
        self.position.frontier.size()
    }

    pub(super) fn frontier(&self) -> &Frontier {
        &self.position.frontier
    }

    pub(super) fn lane_number(&self) -> u32 {
        self.position.lane_number
    }

    pub(super) fn is_open(&self, call: Uuid) -> bool {
        self.open.contains_key(&call)
    }

    pub(super) fn open_calls(&self) -> Vec<Uuid> {
        self.open.keys().copied().collect()
    }

    /// No intent before this place is open.
    pub(super) fn open_from(&self) -> Place {
        self.open.values().copied().min().unwrap_or_else(|| self.position.place())
    }

    /// An empty batch that begins at the tip.
    pub(super) fn begin(&self) -> Batch {
        Batch { leaves: Vec::new(), after: self.position.clone(), undo: Vec::new() }
    }

    /// Gives a draft its place at the end of the batch.
    ///
    /// # Errors
    /// [`Unavailable::Rejected`] when the format refuses the leaf or the call is not where the leaf wants it; the batch
    /// is as before.
    pub(super) fn place(&mut self, batch: &mut Batch, mut draft: Draft) -> Result<(), Unavailable> {
        self.check(draft.step)?;
        let after = &mut batch.after;
        draft.leaf.place(LanePosition { lane: after.lane, seq: after.sequence, prev: after.previous });
        let bytes = draft.leaf.encode().map_err(|error| Unavailable::Rejected(error.to_string().into()))?;
        let (place, index, hash) = (after.place(), after.frontier.size(), leaf_hash(&bytes));
        after.sequence += 1;
        after.previous = hash;
        after.frontier.push(hash);
        match draft.step {
            Step::Begin(call) => batch.undo.push((call, self.open.insert(call, place))),
            Step::End(call) => batch.undo.push((call, self.open.remove(&call))),
            Step::Continue(_) | Step::Aside => {}
        }
        batch.leaves.push(Placed { place, bytes, hash, index, draft });
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

    /// Makes the batch durable. `also` joins the transaction.
    ///
    /// # Errors
    /// [`Doubt`]; the log is where it was before the batch.
    pub(super) fn commit(
        &mut self,
        name: &'static str,
        batch: Batch,
        also: impl FnMut(&mut Tx<'_>) -> Result<(), store::Error>,
    ) -> Result<Vec<Placed>, Doubt> {
        let started = Instant::now();
        let written = self.write(name, &batch, also);
        self.commit_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        match written {
            Ok(()) => Ok(self.adopt(batch)),
            Err(Failure { error, .. }) if error.kind == ErrorKind::Fsync => {
                Err(Doubt::Fatal(error.to_string()))
            }
            Err(Failure { error, stage: store::Stage::Before }) => {
                self.undo(&batch.undo);
                Err(Doubt::Undone(error))
            }
            Err(Failure { error, stage: store::Stage::Commit }) => match self.settle(batch) {
                Ok(Settled::Present(batch)) => Ok(self.adopt(*batch)),
                Ok(Settled::Absent) => Err(Doubt::Undone(error)),
                Err(doubt) => Err(doubt),
            },
        }
    }

    /// Finds out, from a new connection, whether a batch is in the database.
    pub(super) fn settle(&mut self, batch: Batch) -> Result<Settled, Doubt> {
        self.undo(&batch.undo);
        let found = match self.look(batch.leaves.last().map(|leaf| leaf.place)) {
            Ok(found) => found,
            Err(error) => return Err(unknown(error, batch)),
        };
        if found.size == self.size() && found.last.is_none() {
            return Ok(Settled::Absent);
        }
        let ours = batch.leaves.last().map(|leaf| leaf.bytes.as_slice());
        if found.size != batch.after.frontier.size() || found.last.as_deref() != ours {
            return Err(Doubt::Fatal(foreign(found.size, self.size())));
        }
        // It can be read; that it is on disk is only known once a flush succeeded.
        match self.writer.flush() {
            Ok(()) => {
                self.redo(&batch);
                Ok(Settled::Present(Box::new(batch)))
            }
            Err(error) if error.kind == ErrorKind::Fsync => Err(Doubt::Fatal(error.to_string())),
            Err(error) => Err(unknown(error, batch)),
        }
    }

    /// Checks, from a new connection, that the database is where memory is.
    pub(super) fn verify_tip(&mut self) -> Result<(), Doubt> {
        let last =
            self.position.sequence.checked_sub(1).map(|seq| Place::new(self.position.lane_number, seq));
        let found = self.look(last).map_err(Doubt::Undone)?;
        let last_matches = match found.last {
            Some(bytes) => leaf_hash(&bytes) == self.position.previous,
            None => last.is_none(),
        };
        if found.size == self.size() && last_matches && found.frontier == self.position.frontier.to_bytes() {
            Ok(())
        } else {
            Err(Doubt::Fatal(foreign(found.size, self.size())))
        }
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

    /// Changes what is not a leaf.
    pub(super) fn record(
        &mut self,
        name: &'static str,
        f: impl FnMut(&mut Tx<'_>) -> Result<(), store::Error>,
    ) -> Result<(), Failure> {
        self.writer.transaction(name, f)
    }

    fn check(&self, step: Step) -> Result<(), Unavailable> {
        let fault = match step {
            Step::Begin(call) if self.is_open(call) => "the call is open already",
            Step::Continue(call) | Step::End(call) if !self.is_open(call) => "the call is not open",
            _ => return Ok(()),
        };
        Err(Unavailable::Rejected(fault.into()))
    }

    fn write(
        &mut self,
        name: &'static str,
        batch: &Batch,
        mut also: impl FnMut(&mut Tx<'_>) -> Result<(), store::Error>,
    ) -> Result<(), Failure> {
        let (from, to) = (self.size(), batch.after.frontier.size());
        let frontier = batch.after.frontier.to_bytes();
        let sessions = &self.sessions;
        self.writer.transaction(name, |tx| {
            also(tx)?;
            for leaf in &batch.leaves {
                leaf.insert(tx, sessions)?;
            }
            if tree::advance(tx, from, to, &frontier)? {
                Ok(())
            } else {
                Err(store::Error::new(ErrorKind::Corrupt, "another process moved the tip of the log"))
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

    fn redo(&mut self, batch: &Batch) {
        for leaf in &batch.leaves {
            match leaf.draft.step {
                Step::Begin(call) => self.open.insert(call, leaf.place),
                Step::End(call) => self.open.remove(&call),
                Step::Continue(_) | Step::Aside => None,
            };
        }
    }

    fn look(&mut self, place: Option<Place>) -> Result<Found, store::Error> {
        self.writer.reopen()?;
        let found = self.writer.transaction("look", |tx| {
            let tip = tree::tip(tx)?;
            let last = match place {
                Some(place) => entry::leaf_at(tx, place)?,
                None => None,
            };
            Ok(Found {
                size: tip.as_ref().map_or(0, |tip| tip.size),
                frontier: tip.map_or_else(|| Frontier::new().to_bytes(), |tip| tip.frontier),
                last,
            })
        })?;
        Ok(found)
    }
}

/// Whether a batch in doubt happened.
pub(super) enum Settled {
    /// It did, and it is durable.
    Present(Box<Batch>),
    /// It did not.
    Absent,
}

struct Found {
    size: u64,
    frontier: Vec<u8>,
    last: Option<Vec<u8>>,
}

impl Placed {
    /// The call that this leaf opened.
    pub(super) fn begun(&self) -> Option<Uuid> {
        match self.draft.step {
            Step::Begin(call) => Some(call),
            _ => None,
        }
    }

    fn session(&self) -> Option<[u8; 16]> {
        self.draft.leaf.session.map(|session| *session.as_bytes())
    }

    fn insert(&self, tx: &mut Tx<'_>, sessions: &HashSet<[u8; 16]>) -> Result<(), store::Error> {
        let leaf = &self.draft.leaf;
        let (target, result) = (target(leaf), result(leaf));
        let actor = leaf.actor.as_ref().and_then(|actor| actor.id.as_deref());
        entry::append(
            tx,
            &Addition {
                place: self.place,
                event: leaf.event.as_str(),
                ts: leaf.ts.as_micros(),
                call: leaf.call.as_ref().map(Id::as_bytes),
                session: leaf.session.as_ref().map(Id::as_bytes),
                actor,
                server: leaf.server.as_deref(),
                method: leaf.method.as_deref(),
                target: target.as_deref(),
                result,
                leaf: &self.bytes,
            },
        )?;
        if let Some(sealed) = &self.draft.payload {
            payload::insert(tx, self.place, sealed.day, &sealed.record)?;
        }
        if let Some(context) = &self.draft.context
            && !context.durable.load(Ordering::Relaxed)
        {
            context::insert(tx, &context.row())?;
        }
        if let Some(id) = self.session()
            && !sessions.contains(&id)
        {
            session::begin(tx, &id, leaf.ts.as_micros(), actor.unwrap_or_default())?;
        }
        for kept in &self.draft.documents {
            document::put(tx, &kept.hash, kept.kind, leaf.ts.as_micros(), &kept.bytes)?;
        }
        Ok(())
    }
}

fn unknown(error: store::Error, batch: Batch) -> Doubt {
    Doubt::Unknown(error, Box::new(batch))
}

fn foreign(found: u64, expected: u64) -> String {
    format!(
        "the database changed under the gateway: it holds {found} leaves and {expected} were written; find out who \
         else writes to it"
    )
}

fn target(leaf: &Leaf) -> Option<Cow<'_, str>> {
    let target = leaf.target.as_ref()?;
    target.name.as_deref().map(Cow::Borrowed).or_else(|| target.id.map(|id| Cow::Owned(id.to_string())))
}

fn result(leaf: &Leaf) -> Option<&str> {
    if let Some(refusal) = &leaf.refusal {
        return Some(refusal);
    }
    if let Some(outcome) = &leaf.outcome {
        return Some(match outcome.status {
            Status::Ok => "ok",
            Status::ToolError => "tool_error",
            Status::UpstreamError => "upstream_error",
            Status::Timeout => "timeout",
            Status::Cancelled => "cancelled",
            Status::CallerGone => "caller_gone",
        });
    }
    leaf.decision.as_ref().map(|decision| match decision.effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
        Effect::Hold => "hold",
    })
}

#[cfg(test)]
mod tests {
    use evidence::leaf::EventType;
    use evidence::time::Timestamp;

    use super::*;
    use crate::ledger::draft;
    use crate::store::{Access, Db, Stage};

    fn log(directory: &std::path::Path) -> Log {
        let db = Db::open_sqlite(directory, Access::Gateway).unwrap();
        let lane = Id::from_bytes([1; 16]);
        let position =
            Position { lane, lane_number: 0, sequence: 0, previous: Hash::ZERO, frontier: Frontier::new() };
        Log::new(db.writer().unwrap(), position)
    }

    fn batch(log: &mut Log, call: Uuid) -> Batch {
        let now = Timestamp::from_micros(1_790_000_000_000_000).unwrap();
        let mut batch = log.begin();
        // Any leaf will do; what it does to its call is what counts here.
        let mut begun = draft::own(EventType::LogHeartbeat, now, None).unwrap();
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
        log.write("doubtful", &doubtful, |_| Ok(())).unwrap();
        let Ok(Settled::Present(present)) = log.settle(doubtful) else { panic!("the batch is there") };
        assert_eq!(log.adopt(*present)[0].bytes, bytes);
        assert!(log.is_open(call));
        assert_eq!(log.size(), 1);
        assert!(log.verify_tip().is_ok());
    }

    #[test]
    fn commit_that_did_not_happen_leaves_no_trace() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = log(directory.path());
        let call = Uuid::from_u128(7);
        let doubtful = batch(&mut log, call);
        assert!(matches!(log.settle(doubtful), Ok(Settled::Absent)));
        assert!(!log.is_open(call));
        assert_eq!(log.size(), 0);
        let again = batch(&mut log, call);
        assert!(log.commit("again", again, |_| Ok(())).is_ok());
    }

    #[test]
    fn somebody_elses_leaf_in_our_place_is_fatal() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = log(directory.path());
        let ours = batch(&mut log, Uuid::from_u128(7));
        let theirs = {
            let undo: Vec<_> = ours.undo.clone();
            log.undo(&undo);
            batch(&mut log, Uuid::from_u128(8))
        };
        log.write("theirs", &theirs, |_| Ok(())).unwrap();
        assert!(matches!(log.settle(ours), Err(Doubt::Fatal(_))));
    }

    #[test]
    fn failed_statement_undoes_the_batch() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = log(directory.path());
        let call = Uuid::from_u128(7);
        let refused = batch(&mut log, call);
        let failed = log.commit("fails", refused, |_| Err(store::Error::new(ErrorKind::Full, "on purpose")));
        assert!(matches!(failed, Err(Doubt::Undone(error)) if error.kind == ErrorKind::Full));
        assert!(!log.is_open(call));
        assert!(log.verify_tip().is_ok());
        let recorded = log.record("fails", |_| Err(store::Error::new(ErrorKind::Full, "on purpose")));
        assert_eq!(recorded.unwrap_err().stage, Stage::Before);
    }
}
