//! An exchange between its intent and its outcome.

use std::sync::{Arc, PoisonError};

use evidence::leaf::Frames;
use evidence::merkle::Hash;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::writer::{Command, Status};
use crate::model::Origin;
use crate::store::entry::Place;
use tokio::sync::mpsc;

/// The right to end one call. Whoever drops it without ending the call leaves the end to the ledger, which writes
/// `call.orphaned`.
pub(super) struct Lease {
    call: Uuid,
    status: Arc<Status>,
    writer: mpsc::Sender<Command>,
    held: Held,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// Dropping it abandons the call.
    Yes,
    /// The call has ended, or was never begun.
    No,
}

impl Lease {
    pub(super) fn new(call: Uuid, status: Arc<Status>, writer: mpsc::Sender<Command>) -> Self {
        Self { call, status, writer, held: Held::Yes }
    }

    pub(super) fn call(&self) -> Uuid {
        self.call
    }

    /// The call has ended: there is nothing to give back.
    pub(super) fn release(mut self) {
        self.held = Held::No;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.held == Held::No {
            return;
        }
        self.status.abandoned.lock().unwrap_or_else(PoisonError::into_inner).push(self.call);
        // A full queue has the writer's attention anyway, and a closed one needs none.
        drop(self.writer.try_send(Command::Wake));
    }
}

/// An exchange whose intent is durable. Not `Clone`; [`Ledger::close`](super::Ledger::close) consumes it.
#[must_use = "a call that is not closed is recorded as orphaned"]
pub struct Opened {
    pub(super) lease: Lease,
    pub(super) place: Place,
    pub(super) leaf: Hash,
    pub(super) frames: FrameList,
    pub(super) origin: Origin,
}

/// The streamed messages so far, as the outcome will commit to them.
#[derive(Clone)]
pub(super) struct FrameList {
    count: u64,
    digest: Sha256,
    whole: Whole,
}

/// Whether every frame that was sent to the writer is known to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    Yes,
    /// A commit failed. Frames may or may not be in the log, so no outcome can commit to them.
    Unknown,
}

impl Opened {
    /// Id of the exchange.
    pub fn call(&self) -> Uuid {
        self.lease.call()
    }

    /// Where the intent stands in its lane.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Leaf hash of the intent.
    pub fn leaf(&self) -> Hash {
        self.leaf
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("call", &self.call())
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl FrameList {
    pub(super) fn new() -> Self {
        Self { count: 0, digest: Sha256::new(), whole: Whole::Yes }
    }

    /// Position of the next frame.
    pub(super) fn next(&self) -> u64 {
        self.count
    }

    /// Adds a frame that is about to be written.
    pub(super) fn push(&mut self, commitment: &Hash) {
        self.count += 1;
        self.digest.update(commitment.as_bytes());
    }

    /// Gives up on committing to the frames.
    pub(super) fn lose(&mut self) {
        self.whole = Whole::Unknown;
    }

    pub(super) fn is_whole(&self) -> bool {
        self.whole == Whole::Yes
    }

    /// What the outcome says about the frames.
    pub(super) fn commitment(&self) -> Option<Frames> {
        let digest = || Hash::from_bytes(self.digest.clone().finalize().into());
        (self.count > 0).then(|| Frames { count: self.count, digest: digest() })
    }
}
