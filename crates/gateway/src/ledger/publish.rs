//! Checkpoints: at most one every ten seconds, and only over what this process read and checked itself.
//!
//! First everything that is durable goes into the log ([`super::sequence`]). Then: sign, insert (the size is the key, so
//! of two processes one is first), keep a copy apart from the database, tell the log sink. Whoever finds a signed
//! checkpoint of the same size with another tree ends: two histories have been signed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use evidence::checkpoint::Checkpoint;
use evidence::merkle::{Frontier, Hash, leaf_hash};

use super::keyring::Keyring;
use super::sequence::{Sequencer, Trouble};
use super::verb::Unavailable;
use super::writer::Command;
use super::{Ledger, Worry};
use crate::limits;
use crate::store::checkpoint::{self, Signed};
use crate::store::entry::{self, Place};
use crate::store::epoch::Epoch;
use crate::store::{ErrorKind, tree};

/// What the signer is called among the reasons for concern.
const SIGNER: &str = "signer";

/// A leaf of this process that is watched until it stands under a checkpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watched {
    pub(super) place: Place,
    pub(super) hash: Hash,
    pub(super) since: Instant,
}

/// What this process saw of the log when it last looked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    size: u64,
    published: u64,
    moved: Instant,
    signed: Instant,
}

impl Seen {
    pub(super) fn new(size: u64, published: u64) -> Self {
        let now = Instant::now();
        Self { size, published, moved: now, signed: now }
    }
}

impl Ledger {
    /// Publishes a checkpoint over everything that is durable now; answers the latest signed note.
    ///
    /// # Errors
    /// [`Unavailable`]; [`Unavailable::Failed`] when the database lost or changed a leaf, and then the gateway must end.
    pub async fn publish(&self) -> Result<Arc<str>, Unavailable> {
        let note = self.on_thread(|ledger| ledger.publish_now(&mut ledger.sequencer())).await?;
        self.watch().await?;
        Ok(note)
    }

    /// Puts everything that is durable now into the log.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub async fn sequence(&self) -> Result<(), Unavailable> {
        self.on_thread(|ledger| ledger.sequence_now(&mut ledger.sequencer())).await
    }

    /// As [`sequence`](Self::sequence), unless another process is at it.
    pub(super) async fn sequence_in_turn(&self) -> Result<(), Unavailable> {
        self.on_thread(|ledger| {
            let mut sequencer = ledger.sequencer();
            let tip = ledger.0.db.read_now("tip", tree::tip).map_err(|error| ledger.report(error.into()))?;
            let size = tip.map_or(0, |tip| tip.size);
            let mut seen = ledger.seen();
            if seen.size != size {
                (seen.size, seen.moved) = (size, Instant::now());
            }
            let up_to_date = sequencer.size() == size;
            let silent = seen.moved.elapsed() >= Duration::from_millis(limits::TAKEOVER_MS);
            drop(seen);
            ledger.0.status.leads.store(up_to_date, Ordering::Relaxed);
            ledger.0.status.size.store(size, Ordering::Relaxed);
            // Who is behind lets the one that moved the tip go on, until that one falls silent.
            if up_to_date || silent { ledger.sequence_now(&mut sequencer) } else { Ok(()) }
        })
        .await
    }

    /// As [`publish`](Self::publish), unless another process is at it.
    pub(super) async fn publish_in_turn(&self) -> Result<(), Unavailable> {
        let ours = self
            .on_thread(|ledger| {
                let latest = ledger
                    .0
                    .db
                    .read_now("latest checkpoint", |read| checkpoint::latest(read, &ledger.0.epoch))
                    .map_err(|error| ledger.report(error.into()))?;
                let published = ledger.0.status.published.load(Ordering::Relaxed);
                if let Some(signed) = latest.filter(|signed| signed.size != published) {
                    ledger.accept(&signed)?;
                }
                let late = Duration::from_millis(3 * limits::CHECKPOINT_MS);
                Ok(ledger.0.status.leads.load(Ordering::Relaxed) || ledger.seen().signed.elapsed() > late)
            })
            .await?;
        if ours { self.publish().await.map(drop) } else { self.watch().await }
    }

    fn sequence_now(&self, sequencer: &mut Sequencer) -> Result<(), Unavailable> {
        let ts = self.now().as_micros();
        loop {
            let added = sequencer.sequence(ts).map_err(|trouble| self.report(trouble))?;
            let size = sequencer.size();
            self.0.status.size.store(size, Ordering::Relaxed);
            if added == 0 {
                break;
            }
        }
        self.0.status.calm(Worry::Log);
        let forged = sequencer.forged();
        if let Some(reason) = forged.get(&self.0.lane) {
            return Err(self.fail(format!(
                "the database lost or changed leaves after they were acknowledged: {reason}"
            )));
        }
        match forged.first_key_value() {
            Some((lane, reason)) => self.0.status.worry(Worry::Lane, format!("lane {lane}: {reason}")),
            None => self.0.status.calm(Worry::Lane),
        }
        Ok(())
    }

    fn publish_now(&self, sequencer: &mut Sequencer) -> Result<Arc<str>, Unavailable> {
        self.sequence_now(sequencer)?;
        let epoch = self.0.epoch;
        let latest = self.0.db.read_now("latest checkpoint", |read| checkpoint::latest(read, &epoch));
        let latest = latest.map_err(|error| self.report(error.into()))?;
        let size = sequencer.size();
        let signed = match latest {
            Some(signed) if signed.size >= size => signed,
            None if size == epoch.first_index => return Ok("".into()),
            _ => {
                let signed = sign(&self.0.keys, &epoch, sequencer.frontier(), self.now().as_micros());
                let trouble = signed.as_ref().err().map(ToString::to_string);
                self.anchored(SIGNER, trouble);
                let signed = signed?;
                let stored = self.0.db.write_now("checkpoint", |tx| {
                    checkpoint::insert(tx, &signed)?;
                    checkpoint::of_size(tx, signed.size)
                });
                // Another process may have been first; then its signature counts.
                stored.map_err(|error| self.report(error.into()))?.unwrap_or(signed)
            }
        };
        if signed.size == size && signed.root != *sequencer.frontier().root().as_bytes() {
            return Err(self.fail(format!("two histories of {size} leaves have been signed")));
        }
        self.accept(&signed)?;
        Ok(String::from_utf8_lossy(&signed.note).into())
    }

    /// Takes note of a published checkpoint: ours or another process's.
    fn accept(&self, signed: &Signed) -> Result<(), Unavailable> {
        let status = &self.0.status;
        let before = status.published.load(Ordering::Relaxed);
        if signed.size < before {
            let found = signed.size;
            return Err(
                self.fail(format!("{before} leaves were published and {found} are: the database is older"))
            );
        }
        if signed.size == before {
            return Ok(());
        }
        if let Err(error) = Checkpoint::open(&signed.note, &self.0.keys.verifier_key()) {
            return Err(self.fail(format!(
                "the published checkpoint of {} leaves does not verify: {error}",
                signed.size
            )));
        }
        status.published.store(signed.size, Ordering::Relaxed);
        {
            let mut seen = self.seen();
            (seen.published, seen.signed) = (signed.size, Instant::now());
        }
        if let Err(error) = self.0.keys.set_anchor(&signed.note) {
            tracing::error!(%error, "cannot keep the checkpoint apart from the database");
        }
        let note = String::from_utf8_lossy(&signed.note);
        tracing::info!(target: "countersign::checkpoint", size = signed.size, checkpoint = &*note, "checkpoint");
        Ok(())
    }

    /// Looks whether what this process wrote stands, as it was acknowledged, under a published checkpoint. One leaf at a
    /// time is enough: it and its lane's heads commit to all leaves before it.
    async fn watch(&self) -> Result<(), Unavailable> {
        let watched = *self.watched();
        if let Some(Watched { place, hash, since }) = watched {
            let found = self
                .0
                .db
                .read("self-check", move |read| {
                    Ok((entry::index_of(read, place)?, entry::leaf_at(read, place)?))
                })
                .await
                .map_err(|error| self.report(error.into()))?;
            let published = self.0.status.published.load(Ordering::Relaxed);
            match found {
                (_, None) => {
                    return Err(self.fail("the database lost a leaf after it was acknowledged".to_owned()));
                }
                (_, Some(leaf)) if leaf_hash(&leaf) != hash => {
                    return Err(self.fail("the database changed a leaf after it was acknowledged".to_owned()));
                }
                (Some(index), Some(_)) if index < published => self.0.status.calm(Worry::Cover),
                _ => {
                    if since.elapsed() > Duration::from_millis(limits::COVERED_MS) {
                        let text = format!(
                            "no checkpoint covers what was recorded {} s ago",
                            since.elapsed().as_secs()
                        );
                        self.0.status.worry(Worry::Cover, text);
                    }
                    return Ok(());
                }
            }
        }
        let next = self.ask(Command::Mark).await?;
        let mut held = self.watched();
        let newer = next.filter(|next| watched.is_none_or(|watched| watched.place != next.place));
        *held = newer;
        Ok(())
    }

    /// What a trouble of the log means for this process.
    pub(super) fn report(&self, trouble: Trouble) -> Unavailable {
        match trouble {
            Trouble::Store(error) if error.kind == ErrorKind::Fsync => self.fail(error.to_string()),
            Trouble::Store(error) if error.kind == ErrorKind::Corrupt => {
                self.fail(format!("the database lost leaves after they were acknowledged: {error}"))
            }
            Trouble::Store(error) => {
                let reason: Arc<str> = error.to_string().into();
                self.0.status.worry(Worry::Log, format!("the log does not go on: {reason}"));
                Unavailable::Blocked(reason)
            }
            Trouble::Forged(reason) | Trouble::Inconsistent(reason) => {
                self.fail(format!("the database changed leaves after they were acknowledged: {reason}"))
            }
        }
    }

    fn fail(&self, reason: String) -> Unavailable {
        let reason: Arc<str> = reason.into();
        self.0.status.fail(&reason);
        Unavailable::Failed(reason)
    }
}

/// Signs the tree of an epoch.
pub(super) fn sign(keys: &Keyring, epoch: &Epoch, tip: &Frontier, ts: i64) -> Result<Signed, Unavailable> {
    let checkpoint =
        Checkpoint { origin: keys.signer().name().to_owned(), size: tip.size(), root: tip.root() };
    let note =
        keys.signer().sign(&checkpoint).map_err(|error| Unavailable::Unsigned(error.to_string().into()))?;
    Ok(Signed {
        size: epoch.first_index + checkpoint.size,
        root: *checkpoint.root.as_bytes(),
        note: note.to_string().into_bytes(),
        frontier: tip.to_bytes(),
        ts,
    })
}
