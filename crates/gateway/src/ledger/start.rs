//! Opening a log: is the database what was signed, and who died in it?

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::checkpoint::Checkpoint;
use evidence::epoch::Genesis;
use evidence::id::Id;
use evidence::leaf::{EventType, Leaf};
use evidence::merkle::{Frontier, Hash};
use evidence::note::Note;
use evidence::time::Timestamp;

use super::draft::{self, Step};
use super::keyring::{Keyring, KeyringError, Origin};
use super::lane::{LaneKey, LaneSeal};
use super::log::{self, Batch, Doubt, Log, Position, Rider};
use super::sequence::{Sequencer, Trouble};
use super::sweep::{self, Remains};
use super::verb::Unavailable;
use crate::limits;
use crate::store::entry::{self, Place};
use crate::store::epoch::{self, Ending, Epoch};
use crate::store::{self, Db, checkpoint, lane, tree};

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The keys are not usable.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The database does not hold what was signed.
    #[error(
        "the log in the database is not the one that was signed: {0}; keep a copy of the database and its key \
         directory for the investigation, then restore the newest backup that passes this check"
    )]
    Inconsistent(String),
    /// The log was ended on purpose.
    #[error("the log was sealed: begin its next epoch with `countersign log genesis`")]
    Sealed,
    /// The first leaves could not be written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A log that was checked, and where this process continues it.
pub(super) struct Checked {
    pub(super) epoch: Epoch,
    pub(super) sequencer: Sequencer,
    pub(super) published: u64,
}

/// Checks the log against the last signed checkpoint and the anchor kept apart from the database, and recomputes
/// every leaf after it. The time this takes is bounded by what is written between two checkpoints.
pub(super) fn check(db: &Db, keys: &Keyring) -> Result<Checked, StartError> {
    let (epoch, tip, published) = db.read_now("tip", |read| {
        let epoch = epoch::current(read)?;
        Ok((epoch, tree::tip(read)?, checkpoint::latest(read, &epoch)?))
    })?;
    let size = tip.map_or(0, |tip| tip.size);
    check_anchor(db, keys, &epoch, size)?;
    let frontier = match &published {
        Some(signed) => signed_frontier(signed, &epoch, keys)?,
        None => Frontier::new(),
    };
    if epoch.first_index + frontier.size() > size {
        let signed = epoch.first_index + frontier.size();
        return Err(inconsistent(format!("{signed} leaves were signed and {size} are there")));
    }
    let mut sequencer = Sequencer::new(db, keys, epoch, frontier)?;
    sequencer.follow()?;
    let published = published.map_or(epoch.first_index, |signed| signed.size);
    Ok(Checked { epoch, sequencer, published })
}

impl From<Trouble> for StartError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Store(error) => Self::Store(error),
            Trouble::Forged(reason) | Trouble::Inconsistent(reason) => Self::Inconsistent(reason),
        }
    }
}

/// Puts what the lanes hold into the log, and refuses lanes that are not what their processes signed.
pub(super) fn catch_up(sequencer: &mut Sequencer, now: Timestamp) -> Result<(), StartError> {
    while sequencer.sequence(now.as_micros())? > 0 {}
    match sequencer.forged().first_key_value() {
        Some((lane, reason)) => Err(inconsistent(format!("lane {lane}: {reason}"))),
        None => Ok(()),
    }
}

/// Opens a lane, and ends the calls of those that died.
pub(super) fn begin(db: &Db, keys: &Keyring, version: &str, now: Timestamp) -> Result<Log, StartError> {
    let sealed = db.read_now("seal", |read| {
        let epoch = epoch::current(read)?;
        epoch::seal(read, &epoch)
    })?;
    if sealed.is_some() {
        return Err(StartError::Sealed);
    }
    // Whoever shares a database waits until the others were silent for long enough.
    let dead = if db.is_shared() { 0 } else { sweep::close_all(db, now.as_micros())? };
    for _ in 0..limits::TRANSACTION_ATTEMPTS_MAX {
        if let Some(mut log) = open(db, keys, version, dead, now)? {
            let remains = sweep::remains(db)?;
            if !remains.lanes.is_empty() {
                let batch = orphan(&mut log, &remains, now)?;
                match log.commit("sweep", batch) {
                    // Another gateway that started was faster.
                    Ok(_) | Err(Doubt::Undone(_)) => {}
                    Err(doubt) => return Err(failed(doubt)),
                }
            }
            return Ok(log);
        }
    }
    Err(store::Error::new(store::ErrorKind::Busy, log::LANE_TAKEN).into())
}

/// The ends of calls whose processes died.
pub(super) fn orphan(log: &mut Log, remains: &Remains, now: Timestamp) -> Result<Batch, Unavailable> {
    let mut batch = log.begin(Rider::Sweep(remains.lanes.clone(), now));
    for &call in &remains.calls {
        log.place(&mut batch, draft::orphan(call, Step::Aside, now)?)?;
    }
    Ok(batch)
}

/// Opens the next lane; `None` when another process opened it meanwhile.
fn open(
    db: &Db,
    keys: &Keyring,
    version: &str,
    dead: usize,
    now: Timestamp,
) -> Result<Option<Log>, StartError> {
    let number = db.read_now("lanes", |read| Ok(lane::last(read)?.map_or(0, |last| last + 1)))?;
    let (id, key) = (draft::fresh_id(now).ok_or_else(draft::no_random)?, LaneKey::generate()?);
    let public = key.public();
    let (mut log, opened) = prepare(db, keys, number, id, key)?;
    let mut batch = log.begin(Rider::Open(Box::new(opened), now));
    log.place_all(&mut batch, first_leaves(keys, number, &public, version, now, dead)?)?;
    match log.commit("start", batch) {
        Ok(_) => Ok(Some(log)),
        Err(Doubt::Undone(error)) if error.cause == log::LANE_TAKEN => Ok(None),
        Err(doubt) => Err(failed(doubt)),
    }
}

/// A lane with nothing in it, and its row.
pub(super) fn prepare(
    db: &Db,
    keys: &Keyring,
    number: u32,
    id: Id,
    key: LaneKey,
) -> Result<(Log, lane::Lane), StartError> {
    let (public, place) = (key.public(), Place::new(number, 0));
    let row = lane::Lane {
        number,
        id: *id.as_bytes(),
        key: public,
        seal: LaneSeal::new(keys).seal(number, id.as_bytes(), &public),
        open_from: place,
        pulse: 0,
        closed: None,
    };
    let position = Position { id, place, previous: Hash::ZERO, digest: Hash::ZERO };
    Ok((Log::new(db.writer()?, key, position), row))
}

pub(super) fn failed(doubt: Doubt) -> StartError {
    match doubt {
        Doubt::Undone(error) | Doubt::Unknown(error, _) => error.into(),
        Doubt::Fatal(reason) => Unavailable::Failed(reason.into()).into(),
    }
}

fn first_leaves(
    keys: &Keyring,
    number: u32,
    lane_key: &[u8; 32],
    version: &str,
    now: Timestamp,
    unclosed: usize,
) -> Result<Vec<draft::Draft>, Unavailable> {
    let key = keys.verifier_key().to_string();
    let mut drafts = Vec::new();
    if number == 0 {
        let facts = serde_json::json!({ "origin": keys.signer().name(), "key": key });
        drafts.push(draft::own(EventType::LogGenesis, now, Some(&facts))?);
    }
    let facts = serde_json::json!({
        "version": version, "lanes_not_closed": unclosed, "lane_key": STANDARD.encode(lane_key)
    });
    drafts.push(draft::own(EventType::GatewayStarted, now, Some(&facts))?);
    if keys.origin() == Origin::Created {
        let facts = serde_json::json!({ "purpose": "log", "key": key });
        drafts.push(draft::own(EventType::KeyCreated, now, Some(&facts))?);
        for purpose in ["payload", "identifier"] {
            let facts = serde_json::json!({ "purpose": purpose });
            drafts.push(draft::own(EventType::KeyCreated, now, Some(&facts))?);
        }
    }
    Ok(drafts)
}

/// The database must reach as far as the checkpoint that is kept apart from it, and have signed the same.
fn check_anchor(db: &Db, keys: &Keyring, epoch: &Epoch, size: u64) -> Result<(), StartError> {
    let Some(note) = keys.anchor()? else { return Ok(()) };
    match epoch_of(&note) {
        Some(number) if number < epoch.number => return check_older_anchor(db, &note, number),
        Some(number) if number > epoch.number => {
            let cause = format!(
                "epoch {number} was published and epoch {} is there: the database is older",
                epoch.number
            );
            return Err(inconsistent(cause));
        }
        _ => {}
    }
    let (anchor, _) = Checkpoint::open(&note, &keys.verifier_key()).map_err(|error| {
        inconsistent(format!("the checkpoint in the key directory does not verify: {error}"))
    })?;
    let reached = epoch.first_index + anchor.size;
    if reached > size {
        let cause = format!("{reached} leaves were published and {size} are there: the database is older");
        return Err(inconsistent(cause));
    }
    let stored = db.read_now("anchor", |read| checkpoint::of_size(read, reached))?;
    match stored {
        Some(stored) if stored.root == *anchor.root.as_bytes() => Ok(()),
        Some(_) => Err(inconsistent(format!("another tree of {} leaves was published", anchor.size))),
        None => Err(inconsistent(format!("the published checkpoint of {} leaves is missing", anchor.size))),
    }
}

/// Which epoch a checkpoint says it is of.
fn epoch_of(note: &[u8]) -> Option<u64> {
    let checkpoint: Checkpoint = Note::parse(note).ok()?.text().parse().ok()?;
    Some(evidence::epoch::Origin::parse(&checkpoint.origin)?.epoch)
}

/// A checkpoint of an epoch that ended: the database must hold it, unless a loss was declared.
fn check_older_anchor(db: &Db, note: &[u8], number: u64) -> Result<(), StartError> {
    let kept = Note::parse(note).ok().and_then(|note| note.text().parse::<Checkpoint>().ok());
    let found = db.read_now("older anchor", |read| {
        let epochs = epoch::all(read)?;
        if declares_loss(read, &epochs, number + 1)? {
            return Ok(true);
        }
        let then = epochs.iter().find(|epoch| epoch.number == number);
        let (Some(then), Some(kept)) = (then, &kept) else { return Ok(false) };
        let stored = checkpoint::of_size(read, then.first_index + kept.size)?;
        Ok(stored.is_some_and(|stored| stored.root == *kept.root.as_bytes()))
    })?;
    if found {
        Ok(())
    } else {
        Err(inconsistent(format!("the checkpoint of epoch {number} in the key directory is not in it")))
    }
}

/// Whether an epoch begins with a leaf that declares a loss. The row of the epoch says so as well, and anybody who writes to
/// the database can write it; the leaf is of a lane that a gateway with the keys signed.
fn declares_loss(read: &mut store::Read<'_>, epochs: &[Epoch], number: u64) -> Result<bool, store::Error> {
    if epoch::ending_before(read, number)? != Some(Ending::Lost) {
        return Ok(false);
    }
    let Some(epoch) = epochs.iter().find(|epoch| epoch.number == number) else { return Ok(false) };
    let first = entry::leaf_at(read, Place::new(epoch.first_lane, 0))?;
    let leaf = first.and_then(|bytes| Leaf::decode(&bytes).ok());
    let leaf = leaf.filter(|leaf| leaf.event == EventType::LogGenesis);
    let Some(genesis) = leaf.and_then(|leaf| Genesis::read(&leaf.detail?)) else { return Ok(false) };
    let named = evidence::epoch::Origin::parse(&genesis.origin).map(|origin| origin.epoch);
    Ok(named == Some(number) && genesis.previous.is_some_and(|previous| previous.loss.is_some()))
}

fn signed_frontier(
    signed: &checkpoint::Signed,
    epoch: &Epoch,
    keys: &Keyring,
) -> Result<Frontier, StartError> {
    let (checkpoint, _) = Checkpoint::open(&signed.note, &keys.verifier_key())
        .map_err(|error| inconsistent(format!("the last checkpoint does not verify: {error}")))?;
    let frontier = Frontier::from_bytes(&signed.frontier).map_err(|error| inconsistent(error.to_string()))?;
    let agree = epoch.first_index + checkpoint.size == signed.size
        && frontier.size() == checkpoint.size
        && checkpoint.root == frontier.root()
        && checkpoint.root.as_bytes() == &signed.root
        && checkpoint.origin == keys.signer().name();
    if agree {
        Ok(frontier)
    } else {
        Err(inconsistent("the last checkpoint does not match what was stored with it".to_owned()))
    }
}

fn inconsistent(cause: String) -> StartError {
    StartError::Inconsistent(cause)
}

/// Says what the keys and the database are, for the operator's log.
pub(super) fn announce(keys: &Arc<Keyring>, size: u64) {
    tracing::info!(key = %keys.verifier_key(), size, "log opened");
}
