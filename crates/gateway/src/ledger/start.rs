//! Opening a log: is the database what was signed, and who died in it?

use std::sync::Arc;

use evidence::checkpoint::Checkpoint;
use evidence::leaf::EventType;
use evidence::merkle::{Frontier, Hash, leaf_hash};
use evidence::time::Timestamp;
use uuid::Uuid;

use super::draft::{self, Step};
use super::keyring::{Keyring, KeyringError, Origin};
use super::log::{Doubt, Log, Position};
use super::verb::Unavailable;
use crate::limits;
use crate::store::entry::{self, Place};
use crate::store::{self, Db, Read, checkpoint, lane, tree};

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
    /// The first leaves could not be written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Where a checked log stands.
pub(super) struct Checked {
    pub(super) frontier: Frontier,
    pub(super) published: Option<checkpoint::Signed>,
}

/// Checks the log against the last signed checkpoint and the anchor kept apart from the database, and recomputes
/// every leaf after it. The time this takes is bounded by what is written between two checkpoints.
pub(super) fn check(db: &Db, keys: &Keyring) -> Result<Checked, StartError> {
    let (tip, published, last) = db.read_now("tip", |read| {
        Ok((tree::tip(read)?, checkpoint::latest(read)?, entry::last_place(read)?))
    })?;
    let size = tip.as_ref().map_or(0, |tip| tip.size);
    check_anchor(db, keys, size)?;
    let mut frontier = match &published {
        Some(signed) => signed_frontier(signed, keys)?,
        None => Frontier::new(),
    };
    if frontier.size() > size {
        let signed = frontier.size();
        return Err(inconsistent(format!("{signed} leaves were signed and {size} are there")));
    }
    let last_in_log = replay(db, &mut frontier, size)?.or(last_of_signed(db, size)?);
    if tip.is_some_and(|tip| tip.frontier != frontier.to_bytes()) {
        return Err(inconsistent("the leaves do not give the tree that was stored with them".to_owned()));
    }
    if last != last_in_log {
        return Err(inconsistent("there are leaves beyond the end of the log".to_owned()));
    }
    Ok(Checked { frontier, published })
}

/// Pushes the stored leaves from the frontier's size up to `until`; answers the last one's place.
pub(super) fn replay(db: &Db, frontier: &mut Frontier, until: u64) -> Result<Option<Place>, store::Error> {
    let mut last = None;
    while frontier.size() < until {
        let (from, to) = (frontier.size(), until.min(frontier.size() + limits::SCAN_LEAVES_MAX));
        db.read_now("replay", |read| {
            entry::scan(read, from, to, |stored| {
                frontier.push(leaf_hash(stored.leaf));
                last = Some(stored.place);
                Ok(())
            })
        })?;
    }
    Ok(last)
}

/// Opens a lane: writes the first leaves, and the ends of calls whose gateway died.
pub(super) fn begin(
    db: &Db,
    keys: &Keyring,
    frontier: Frontier,
    version: &str,
    now: Timestamp,
) -> Result<Log, StartError> {
    let id = draft::fresh_id(now).ok_or_else(draft::no_random)?;
    let (dead, number) = db.read_now("lanes", |read| {
        let dead = lane::unclosed(read)?;
        let mut calls = Vec::new();
        for lane in &dead {
            calls.extend(entry::open_calls(read, lane.open_from)?);
        }
        Ok(((dead, calls), next_lane(read)?))
    })?;
    let (dead, calls) = dead;
    let first = frontier.size();
    let position = Position { lane: id, lane_number: number, sequence: 0, previous: Hash::ZERO, frontier };
    let mut log = Log::new(db.writer()?, position);
    let mut batch = log.begin();
    let mut drafts = first_leaves(keys, first, version, now, dead.len())?;
    for call in calls {
        drafts.push(draft::orphan(Uuid::from_bytes(call), Step::Aside, now)?);
    }
    log.place_all(&mut batch, drafts)?;
    let opened = log.commit("start", batch, |tx| {
        let given = lane::open(tx, id.as_bytes(), now.as_micros())?;
        if given != number {
            return Err(store::Error::new(store::ErrorKind::Serialization, "another gateway opened a lane"));
        }
        for lane in &dead {
            lane::close(tx, lane.number, now.as_micros())?;
        }
        entry::begin_span(tx, first, Place::new(number, 0))
    });
    match opened {
        Ok(_) => Ok(log),
        Err(Doubt::Undone(error) | Doubt::Unknown(error, _)) => Err(error.into()),
        Err(Doubt::Fatal(reason)) => Err(Unavailable::Failed(reason.into()).into()),
    }
}

fn first_leaves(
    keys: &Keyring,
    first: u64,
    version: &str,
    now: Timestamp,
    unclosed: usize,
) -> Result<Vec<draft::Draft>, Unavailable> {
    let key = keys.verifier_key().to_string();
    let mut drafts = Vec::new();
    if first == 0 {
        let facts = serde_json::json!({ "origin": keys.signer().name(), "key": key });
        drafts.push(draft::own(EventType::LogGenesis, now, Some(&facts))?);
    }
    let facts = serde_json::json!({ "version": version, "lanes_not_closed": unclosed });
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

fn next_lane(read: &mut Read<'_>) -> Result<u32, store::Error> {
    Ok(lane::last(read)?.map_or(0, |last| last + 1))
}

/// The database must reach as far as the checkpoint that is kept apart from it, and have signed the same.
fn check_anchor(db: &Db, keys: &Keyring, size: u64) -> Result<(), StartError> {
    let Some(note) = keys.anchor()? else { return Ok(()) };
    let (anchor, _) = Checkpoint::open(&note, &keys.verifier_key()).map_err(|error| {
        inconsistent(format!("the checkpoint in the key directory does not verify: {error}"))
    })?;
    if anchor.size > size {
        let cause =
            format!("{} leaves were published and {size} are there: the database is older", anchor.size);
        return Err(inconsistent(cause));
    }
    let stored = db.read_now("anchor", |read| checkpoint::of_size(read, anchor.size))?;
    match stored {
        Some(stored) if stored.root == *anchor.root.as_bytes() => Ok(()),
        Some(_) => Err(inconsistent(format!("another tree of {} leaves was published", anchor.size))),
        None => Err(inconsistent(format!("the published checkpoint of {} leaves is missing", anchor.size))),
    }
}

fn signed_frontier(signed: &checkpoint::Signed, keys: &Keyring) -> Result<Frontier, StartError> {
    let (checkpoint, _) = Checkpoint::open(&signed.note, &keys.verifier_key())
        .map_err(|error| inconsistent(format!("the last checkpoint does not verify: {error}")))?;
    let frontier = Frontier::from_bytes(&signed.frontier).map_err(|error| inconsistent(error.to_string()))?;
    let agree = checkpoint.size == signed.size
        && frontier.size() == signed.size
        && checkpoint.root == frontier.root()
        && checkpoint.root.as_bytes() == &signed.root
        && checkpoint.origin == keys.signer().name();
    if agree {
        Ok(frontier)
    } else {
        Err(inconsistent("the last checkpoint does not match what was stored with it".to_owned()))
    }
}

/// Place of the last leaf when nothing followed the checkpoint.
fn last_of_signed(db: &Db, size: u64) -> Result<Option<Place>, store::Error> {
    let Some(last) = size.checked_sub(1) else { return Ok(None) };
    db.read_now("last leaf", |read| {
        let mut place = None;
        entry::scan(read, last, size, |stored| {
            place = Some(stored.place);
            Ok(())
        })?;
        Ok(place)
    })
}

fn inconsistent(cause: String) -> StartError {
    StartError::Inconsistent(cause)
}

/// Says what the keys and the database are, for the operator's log.
pub(super) fn announce(keys: &Arc<Keyring>, size: u64) {
    tracing::info!(key = %keys.verifier_key(), size, "log opened");
}
