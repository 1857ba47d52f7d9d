//! The end of one epoch and the beginning of the next: key rotation, recovery, declared loss.
//!
//! Both run while no gateway does, in a process that opens a lane of its own. The end is a leaf, `log.seal`, in the
//! transaction that closes the last open lane; a database that holds it opens no lane any more. The beginning is one
//! transaction: the row of the epoch, an empty tree behind the leaves there are, a lane, and `log.genesis` in it. A
//! process that dies in between leaves a log that was sealed and not begun again, and either command can be repeated.
//!
//! Epochs share a database, because what is no evidence (keys of callers, pinned definitions, sessions, documents) goes
//! on, and because a reader finds everything in one place.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::checkpoint::Checkpoint;
use evidence::epoch::{Genesis, Loss, Previous, Seal};
use evidence::jcs;
use evidence::leaf::{EventType, Leaf};
use evidence::note::VerifierKey;
use evidence::time::Timestamp;

use super::draft::{self, Draft};
use super::keyring::{Keyring, KeyringError};
use super::lane::LaneKey;
use super::log::{Doubt, Rider};
use super::verb::Unavailable;
use super::writer::{self, Command};
use super::{Ledger, StartError, publish, start, sweep};
use crate::clock::Clock;
use crate::limits;
use crate::store::epoch::{self, Ending, Epoch};
use crate::store::{self, Db, checkpoint, entry, lane, lane_head, tree};

/// Whether whoever begins an epoch says that something of the one before is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    /// No: it must have been sealed.
    Nothing,
    /// Yes.
    Loss,
}

/// Why an epoch cannot end or begin.
#[derive(Debug, thiserror::Error)]
pub enum EpochError {
    /// Somebody writes.
    #[error("a gateway runs on this database: stop all of them first")]
    Running,
    /// There is no end to continue from.
    #[error(
        "the log was not sealed: run `countersign log seal`, or, when that is not possible, say `--declare-loss`"
    )]
    NotSealed,
    /// The last step of sealing is missing.
    #[error("the log was sealed and its last checkpoint is missing: run `countersign log seal` again")]
    Unfinished,
    /// The seal names another key.
    #[error(
        "the seal of the log names another key for the next epoch (`{0}`): restore the key directory as it was \
         when the log was sealed"
    )]
    OtherSuccessor(String),
    /// Nothing was ever signed.
    #[error(
        "no checkpoint of the log was ever signed: there is nothing to continue; begin with an empty database"
    )]
    Unpublished,
    /// The key that is given did not sign it.
    #[error("the last checkpoint of the log does not verify with the key of its epoch: {0}")]
    OtherKey(evidence::checkpoint::Error),
    /// The log cannot be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The leaf could not be written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The keys are not usable.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The facts do not fit a leaf.
    #[error("the reason does not fit a leaf: {0}")]
    Facts(#[from] jcs::Error),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Makes sure that nobody writes: closes the lanes of the dead. On a shared database that is who gives no sign of life
/// for `silence`, which this waits for.
///
/// # Errors
/// [`EpochError::Running`] when somebody lives.
pub async fn quiesce(db: &Db, clock: &dyn Clock, silence: Duration) -> Result<(), EpochError> {
    let ts = writer::now(clock).as_micros();
    if !db.is_shared() {
        // The lock of the directory says that no other process writes.
        sweep::close_all(db, ts)?;
        return Ok(());
    }
    let before = db.read("lanes", lane::unswept).await?;
    let before: Vec<_> = before.into_iter().filter(|lane| lane.closed.is_none()).collect();
    if before.is_empty() {
        return Ok(());
    }
    tokio::time::sleep(silence).await;
    for lane in before {
        let closed = db.write("close lane", move |tx| lane::close_dead(tx, lane.number, lane.pulse, ts));
        if !closed.await? {
            return Err(EpochError::Running);
        }
    }
    Ok(())
}

impl Ledger {
    /// The key that verifies an epoch of this log; `None` when the key directory does not hold it.
    pub fn key_of(&self, epoch: &Epoch) -> Option<String> {
        if epoch.number == self.0.epoch.number {
            return Some(self.verifier_key());
        }
        self.0.keys.key_of(epoch.number).ok().map(|key| key.to_string())
    }

    /// Ends the epoch: its last leaf is `log.seal`, and its last checkpoint covers it. This must be the only process
    /// that writes. Answers the checkpoint. Every verb is refused from then on.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn end_log(&self, seal: &Seal) -> Result<Arc<str>, Unavailable> {
        let facts = seal.write().map_err(|error| Unavailable::Rejected(error.to_string().into()))?;
        self.sequence().await?;
        self.ask(|done| Command::Seal(writer::Ending::Epoch(facts), done)).await??;
        let note = self.publish().await?;
        self.ask(Command::End).await?;
        Ok(note)
    }
}

/// Signs the last checkpoint of a log that was sealed by a process that died before it could. Answers the checkpoint;
/// `None`: the log was not sealed.
///
/// # Errors
/// [`EpochError`].
pub fn finish_seal(db: &Db, keys: &Keyring, clock: &dyn Clock) -> Result<Option<Arc<str>>, EpochError> {
    let (sealed, now) = (db.read_now("seal", seal_of)?, writer::now(clock));
    if sealed.is_none() {
        return Ok(None);
    }
    let mut checked = start::check(db, keys)?;
    start::catch_up(&mut checked.sequencer, now)?;
    let (epoch, size) = (checked.epoch, checked.sequencer.size());
    let latest = db.read_now("latest checkpoint", |read| checkpoint::latest(read, &epoch))?;
    let signed = match latest {
        Some(signed) if signed.size == size => signed,
        _ => {
            let signed = publish::sign(keys, &epoch, checked.sequencer.frontier(), now.as_micros())?;
            db.write_now("checkpoint", |tx| checkpoint::insert(tx, &signed))?;
            signed
        }
    };
    keys.set_anchor(&signed.note)?;
    Ok(Some(String::from_utf8_lossy(&signed.note).into()))
}

/// Begins the next epoch, whose keys are `keys`. `old` verifies the one before. Nobody else may write. The epoch has a
/// first checkpoint once the ledger that this answers was stopped. Blocks.
///
/// # Errors
/// [`EpochError`]; nothing has happened then, unless it says otherwise.
pub fn begin_epoch(
    db: &Db,
    keys: Keyring,
    old: &VerifierKey,
    clock: Arc<dyn Clock>,
    reason: &str,
    declared: Declared,
) -> Result<(Genesis, Ledger), EpochError> {
    let before = Before::look(db, &keys, old, declared)?;
    let genesis = Genesis {
        origin: keys.signer().name().to_owned(),
        key: Some(keys.verifier_key().to_string()),
        previous: Some(before.previous.clone()),
        reason: Some(reason.to_owned()),
    };
    open(db, &keys, &before, &genesis, writer::now(&*clock))?;
    let keys = Arc::new(keys);
    let checked = start::check(db, &keys)?;
    // The lane of the genesis ends with this process; what it opens now is the first checkpoint's.
    let silence = Duration::from_millis(limits::LANE_SILENCE_MS);
    let log = start::begin(db, &keys, env!("CARGO_PKG_VERSION"), writer::now(&*clock))?;
    Ok((genesis, Ledger::run(db, keys, clock, silence, checked, log)?))
}

/// The epoch that ended, as the database has it.
struct Before {
    epoch: Epoch,
    ending: Ending,
    /// How many leaves the database has in the log.
    size: u64,
    previous: Previous,
}

impl Before {
    fn look(db: &Db, keys: &Keyring, old: &VerifierKey, declared: Declared) -> Result<Self, EpochError> {
        let (epoch, tip, sealed, signed) = db.read_now("end of the epoch", |read| {
            let epoch = epoch::current(read)?;
            Ok((epoch, tree::tip(read)?, seal_of(read)?, checkpoint::latest(read, &epoch)?))
        })?;
        let signed = signed.ok_or(EpochError::Unpublished)?;
        let size = tip.map_or(0, |tip| tip.size);
        let (_, note) = Checkpoint::open(&signed.note, old).map_err(EpochError::OtherKey)?;
        let written = db.read_now("leaves", |read| entry::count_from(read, epoch.first_lane))?;
        let unsigned = written.saturating_sub(epoch.within(signed.size));
        let named = sealed.as_ref().and_then(Seal::key);
        if let Some(named) = named.filter(|named| *named != keys.verifier_key()) {
            return Err(EpochError::OtherSuccessor(named.to_string()));
        }
        let ending = match (sealed.is_some(), declared) {
            (true, Declared::Nothing) if unsigned == 0 => Ending::Sealed,
            (true, Declared::Nothing) => return Err(EpochError::Unfinished),
            (false, Declared::Nothing) => return Err(EpochError::NotSealed),
            (_, Declared::Loss) => Ending::Lost,
        };
        let loss = match ending {
            Ending::Sealed => None,
            Ending::Lost => {
                let (anchor, open_calls) = (contradiction(db, keys, old, &epoch)?, open_calls(db, &epoch)?);
                Some(Loss { anchor, open_calls, unsigned })
            }
        };
        let checkpoint = note.only(old).to_string();
        let previous = Previous { checkpoint, key: old.to_string(), loss };
        Ok(Self { epoch, ending, size, previous })
    }
}

/// Writes the genesis, in a lane of its own that is closed at once.
fn open(
    db: &Db,
    keys: &Keyring,
    before: &Before,
    genesis: &Genesis,
    now: Timestamp,
) -> Result<(), EpochError> {
    let number = db.read_now("lanes", lane::last)?.map_or(0, |last| last + 1);
    let (id, key) = (draft::fresh_id(now).ok_or_else(draft::no_random)?, LaneKey::generate()?);
    let public = key.public();
    let (mut log, row) = start::prepare(db, keys, number, id, key)?;
    let begun =
        Epoch { number: before.epoch.number + 1, first_lane: number, first_index: before.size, end: None };
    let mut batch = log.begin(Rider::Begin(Box::new(row), begun, before.ending, now));
    log.place_all(&mut batch, first_leaves(genesis, &public, now)?)?;
    log.commit("genesis", batch).map_err(start::failed)?;
    let mut batch = log.begin(Rider::Close(now));
    log.place(&mut batch, draft::own(EventType::GatewayStopped, now, None)?)?;
    match log.commit("close genesis", batch) {
        Ok(_) => Ok(()),
        // The epoch has begun; whoever starts next closes the lane.
        Err(Doubt::Undone(_)) => Ok(()),
        Err(doubt) => Err(start::failed(doubt).into()),
    }
}

fn first_leaves(genesis: &Genesis, lane_key: &[u8; 32], now: Timestamp) -> Result<Vec<Draft>, EpochError> {
    let mut first = draft::own(EventType::LogGenesis, now, None)?;
    first.leaf.detail = Some(genesis.write()?);
    let facts = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"), "lanes_not_closed": 0, "lane_key": STANDARD.encode(lane_key)
    });
    Ok(vec![first, draft::own(EventType::GatewayStarted, now, Some(&facts))?])
}

/// The checkpoint kept apart from the database, if it is of this epoch and the database does not hold it.
fn contradiction(
    db: &Db,
    keys: &Keyring,
    old: &VerifierKey,
    epoch: &Epoch,
) -> Result<Option<String>, EpochError> {
    let Some(kept) = keys.anchor()? else { return Ok(None) };
    let Ok((anchor, note)) = Checkpoint::open(&kept, old) else { return Ok(None) };
    let size = epoch.first_index + anchor.size;
    let stored = db.read_now("anchor", |read| checkpoint::of_size(read, size))?;
    let known = stored.is_some_and(|stored| stored.root == *anchor.root.as_bytes());
    Ok((!known).then(|| note.only(old).to_string()))
}

/// How many calls of this epoch have no end.
fn open_calls(db: &Db, epoch: &Epoch) -> Result<u64, store::Error> {
    db.read_now("open calls", |read| {
        let mut open = 0;
        for lane in lane::unswept(read)?.into_iter().filter(|lane| lane.number >= epoch.first_lane) {
            if let Some(last) = lane_head::last(read, lane.number)? {
                open += entry::open_calls(read, lane.open_from, last)?.len() as u64;
            }
        }
        Ok(open)
    })
}

/// The seal of the current epoch, if it was sealed.
fn seal_of(read: &mut store::Read<'_>) -> Result<Option<Seal>, store::Error> {
    let epoch = epoch::current(read)?;
    let Some(place) = epoch::seal(read, &epoch)? else { return Ok(None) };
    let leaf = entry::leaf_at(read, place)?.and_then(|bytes| Leaf::decode(&bytes).ok());
    // What cannot be read names no key; that it is there counts.
    let unread = Seal { next_key: None, reason: String::new() };
    Ok(Some(leaf.and_then(|leaf| Seal::read(&leaf.detail?)).unwrap_or(unread)))
}
