//! Follows the log, and keeps what pages look for: the words of calls, counts by minute, what sessions hold, full tiles of the
//! tree.
//!
//! All of it is made from leaves and can be thrown away: empty tables are filled again. Any gateway may take a step; the
//! step moves the mark by compare-and-swap in the transaction that adds the rows, so of several gateways one does it.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use evidence::leaf::{ActorKind, Effect, EventType, Leaf};
use evidence::merkle::{Hash, leaf_hash, root_of_level};
use evidence::tile::WIDTH_MAX;
use tokio::time::MissedTickBehavior;

use crate::limits;
use crate::store::epoch::{self, Epoch};
use crate::store::mark::{self, Mark};
use crate::store::minute::Counts;
use crate::store::tally::{self, Tallies, Tally};
use crate::store::word::Word;
use crate::store::{self, Db, ErrorKind, Read, Topic, Tx, call, entry, minute, tile, tree, word};

const WIDTH: u64 = WIDTH_MAX as u64;
const MINUTE_US: i64 = 60_000_000;
const HASH_BYTES: usize = 32;
/// Leaves after which a follower that is behind says how far it is.
const TOLD_LEAVES: u64 = 1 << 18;

/// Follows the log in one database.
#[derive(Clone)]
pub struct Follower {
    db: Db,
}

/// What one step adds.
struct Step {
    /// Whose leaves they are: a step ends where an epoch ends.
    epoch: Epoch,
    from: u64,
    to: u64,
    /// Leaves that are left to steps after this one.
    left: u64,
    /// Only what sessions hold: the rest covers these leaves already.
    is_recount: bool,
    tallies: Tallies,
    words: Vec<Word>,
    counts: Counts,
    tiles: Vec<(u8, u64, Vec<u8>)>,
}

impl Follower {
    /// On `db`.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Follows until dropped.
    pub async fn run(&self) {
        let mut ticks = tokio::time::interval(Duration::from_millis(limits::FOLLOWER_LOOK_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut news = self.db.news().ear(&[Topic::Log]);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = news.hear() => {}
            }
            loop {
                match self.step().await {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(%error, "cannot follow the log");
                        break;
                    }
                }
            }
        }
    }

    /// Takes one step; answers how many leaves it covered.
    ///
    /// # Errors
    /// As the store says.
    pub async fn step(&self) -> Result<u64, store::Error> {
        let step = self.db.read("follow", read).await?;
        let leaves = step.to - step.from;
        if leaves == 0 {
            return Ok(0);
        }
        let (to, left) = (step.to, step.left);
        if left > 0 && step.from / TOLD_LEAVES != to / TOLD_LEAVES {
            let of = to + left;
            tracing::info!(
                leaves = to,
                of,
                recount = step.is_recount,
                "following the log; lists lack what is left"
            );
        }
        let done = self.db.write("follow", move |tx| write(tx, &step)).await?;
        Ok(if done { leaves } else { 0 })
    }
}

fn read(read: &mut Read<'_>) -> Result<Step, store::Error> {
    let mark = mark::at(read)?;
    if mark.sessions < mark.size {
        return recount(read, mark);
    }
    let from = mark.size;
    let size = tree::tip(read)?.map_or(0, |tip| tip.size);
    let epoch = epoch::at(read, from)?;
    let to = size.min(from + limits::FOLLOWER_LEAVES_MAX).min(epoch.end.unwrap_or(u64::MAX));
    let mut step = Step::new(epoch, from, to, size);
    let mut ended = Vec::new();
    entry::scan(read, from, to, |stored| {
        let leaf = Leaf::decode(stored.leaf).map_err(|error| corrupt(stored.index, &error))?;
        step.tally(&leaf, stored.ts, stored.place);
        match leaf.event {
            EventType::CallIntent | EventType::CallDenied => step.begin(&leaf, stored.ts, stored.place),
            EventType::CallOutcome | EventType::CallOrphaned => ended.push((leaf, stored.ts)),
            _ => {}
        }
        Ok(())
    })?;
    for (leaf, ts) in ended {
        let Some(id) = leaf.call else { continue };
        if let Some((began, place)) = call::begin(read, id.as_bytes())? {
            step.end(&leaf, ts, began, place);
        }
    }
    step.tiles(read)?;
    Ok(step)
}

/// Counts what sessions hold among leaves of which everything else was made already.
fn recount(read: &mut Read<'_>, mark: Mark) -> Result<Step, store::Error> {
    let to = mark.size.min(mark.sessions + limits::session::RECOUNTED_MAX);
    let mut step = Step::new(Epoch::FIRST, mark.sessions, to, mark.size);
    step.is_recount = true;
    entry::scan(read, mark.sessions, to, |stored| {
        let leaf = Leaf::decode(stored.leaf).map_err(|error| corrupt(stored.index, &error))?;
        step.tally(&leaf, stored.ts, stored.place);
        Ok(())
    })?;
    Ok(step)
}

/// Whether the gateway tried itself: no call of anybody's.
fn is_canary(leaf: &Leaf) -> bool {
    leaf.actor.as_ref().is_some_and(|actor| actor.kind == ActorKind::Canary)
}

fn corrupt(index: u64, error: &dyn std::fmt::Display) -> store::Error {
    store::Error::new(ErrorKind::Corrupt, format!("leaf {index} is not a leaf: {error}"))
}

fn write(tx: &mut Tx<'_>, step: &Step) -> Result<bool, store::Error> {
    let moved = if step.is_recount {
        mark::count(tx, step.from, step.to)?
    } else {
        mark::follow(tx, step.from, step.to)?
    };
    if !moved {
        return Ok(false);
    }
    if step.from == 0 {
        // Sums must begin at nothing, also where only the mark was taken away.
        tally::clear(tx)?;
    }
    tally::add(tx, &step.tallies)?;
    word::insert(tx, &step.words)?;
    minute::add(tx, &step.counts)?;
    for (level, index, hashes) in &step.tiles {
        tile::insert(tx, &step.epoch, *level, *index, hashes)?;
    }
    Ok(true)
}

impl Step {
    /// Nothing yet, of the leaves from `from` up to and without `to`, of `size`.
    fn new(epoch: Epoch, from: u64, to: u64, size: u64) -> Self {
        Self {
            epoch,
            from,
            to,
            left: size.saturating_sub(to),
            is_recount: false,
            tallies: Tallies::default(),
            words: Vec::new(),
            counts: Counts::default(),
            tiles: Vec::new(),
        }
    }

    /// A session holds a call more, whoever made it.
    fn tally(&mut self, leaf: &Leaf, ts: i64, place: entry::Place) {
        let one = match leaf.event {
            EventType::CallIntent => Tally::permitted(ts, place),
            EventType::CallDenied => Tally::refused(ts, place),
            _ => return,
        };
        if let Some(session) = leaf.session {
            self.tallies.add(*session.as_bytes(), one);
        }
    }

    /// A call began, or was refused.
    fn begin(&mut self, leaf: &Leaf, ts: i64, place: entry::Place) {
        if is_canary(leaf) {
            return;
        }
        self.count(ts, "calls");
        if leaf.event == EventType::CallDenied {
            self.count(ts, "denied");
        }
        let mut texts: Vec<&str> = Vec::new();
        texts.extend([&leaf.server, &leaf.method, &leaf.refusal].into_iter().flatten().map(String::as_str));
        texts.extend(leaf.target.as_ref().and_then(|target| target.name.as_deref()));
        texts.extend(leaf.decision.iter().flat_map(|decision| &decision.policies).map(String::as_str));
        let statement = leaf.statement.as_ref().and_then(|found| serde_json::to_string(found).ok());
        texts.extend(statement.as_deref());
        let mut words: BTreeSet<String> = texts.into_iter().flat_map(word::words).collect();
        let others = leaf.actor.iter().flat_map(|actor| &actor.on_behalf_of);
        words.extend(others.map(|person| word::done_for(&person.id)));
        if leaf.decision.as_ref().is_some_and(|decision| decision.effect == Effect::Hold) {
            self.count(ts, "held");
            words.insert("=hold".to_owned());
        }
        self.words.extend(words.into_iter().map(|word| Word { word, ts, place }));
    }

    /// A call that began at `began`, with the leaf at `place`, ended.
    fn end(&mut self, leaf: &Leaf, ts: i64, began: i64, place: entry::Place) {
        if is_canary(leaf) {
            return;
        }
        let took = u64::try_from(ts - began).unwrap_or(0).max(1);
        self.count(began, &format!("t{}", took.next_power_of_two().trailing_zeros()));
        let status = leaf.outcome.as_ref().map_or("orphaned".to_owned(), |outcome| {
            serde_json::to_value(outcome.status)
                .ok()
                .and_then(|s| s.as_str().map(str::to_owned))
                .unwrap_or_default()
        });
        if status != "ok" {
            self.count(began, "failed");
            self.words.push(Word { word: format!("={status}"), ts: began, place });
        }
    }

    fn count(&mut self, ts: i64, kind: &str) {
        *self.counts.entry((ts.div_euclid(MINUTE_US), kind.to_owned())).or_default() += 1;
    }

    /// The tiles that the step completes, from the lowest level up.
    fn tiles(&mut self, read: &mut Read<'_>) -> Result<(), store::Error> {
        let (mut from, mut to) = (self.epoch.within(self.from) / WIDTH, self.epoch.within(self.to) / WIDTH);
        for level in 0_u8.. {
            if from == to {
                return Ok(());
            }
            for index in from..to {
                let hashes = if level == 0 {
                    leaves(read, &self.epoch, index)?
                } else {
                    self.above(read, level, index)?
                };
                self.tiles.push((level, index, hashes));
            }
            (from, to) = (from / WIDTH, to / WIDTH);
        }
        Ok(())
    }

    /// A tile over 256 tiles of the level below: stored ones, and those of this step.
    fn above(&self, read: &mut Read<'_>, level: u8, index: u64) -> Result<Vec<u8>, store::Error> {
        let mut below = tile::row(read, &self.epoch, level - 1, index * WIDTH, WIDTH)?;
        let fresh = self.tiles.iter().filter(|(of, at, _)| *of == level - 1 && at / WIDTH == index);
        below.extend(fresh.map(|(.., hashes)| hashes.clone()));
        Ok(below.iter().filter_map(|hashes| root(hashes)).flat_map(|hash| *hash.as_bytes()).collect())
    }
}

/// Hashes of 256 leaves.
fn leaves(read: &mut Read<'_>, epoch: &Epoch, index: u64) -> Result<Vec<u8>, store::Error> {
    hashes_of(read, epoch, index * WIDTH, (index + 1) * WIDTH)
}

fn hashes_of(read: &mut Read<'_>, epoch: &Epoch, from: u64, until: u64) -> Result<Vec<u8>, store::Error> {
    let mut hashes = Vec::new();
    entry::scan(read, epoch.first_index + from, epoch.first_index + until, |stored| {
        hashes.extend_from_slice(leaf_hash(stored.leaf).as_bytes());
        Ok(())
    })?;
    Ok(hashes)
}

fn root(hashes: &[u8]) -> Option<Hash> {
    root_of_level(&split(hashes))
}

fn split(hashes: &[u8]) -> Vec<Hash> {
    hashes.as_chunks::<HASH_BYTES>().0.iter().map(|hash| Hash::from_bytes(*hash)).collect()
}

/// The first `width` hashes of a tile of an epoch's tree; `None` when the log was not followed that far yet. `width` is at most 256.
///
/// # Errors
/// As the store says.
pub fn hashes(
    read: &mut Read<'_>,
    epoch: &Epoch,
    level: u8,
    index: u64,
    width: u64,
) -> Result<Option<Vec<Hash>>, store::Error> {
    if let Some(mut full) = tile::row(read, epoch, level, index, 1)?.pop() {
        full.truncate(usize::try_from(width).unwrap_or(usize::MAX).saturating_mul(HASH_BYTES));
        return Ok(Some(split(&full)));
    }
    if level == 0 {
        let from = index * WIDTH;
        return Ok(Some(split(&hashes_of(read, epoch, from, from + width)?)));
    }
    let below = tile::row(read, epoch, level - 1, index * WIDTH, width)?;
    let found: Vec<Hash> = below.iter().filter_map(|hashes| root(hashes)).collect();
    Ok((found.len() as u64 == width).then_some(found))
}

/// Nodes of an epoch's tree for one proof, each tile read and hashed once.
pub struct Nodes<'r, 'c> {
    read: RefCell<&'r mut Read<'c>>,
    epoch: Epoch,
    size: u64,
    tiles: RefCell<HashMap<(u8, u64), Option<Vec<Hash>>>>,
    failed: RefCell<Option<store::Error>>,
}

impl<'r, 'c> Nodes<'r, 'c> {
    /// Of the tree over the first `size` leaves of an epoch.
    pub fn new(read: &'r mut Read<'c>, epoch: Epoch, size: u64) -> Self {
        let read = RefCell::new(read);
        Self { read, epoch, size, tiles: RefCell::default(), failed: RefCell::default() }
    }

    /// The hash of the complete subtree over the leaves `index << level` and so on; `None` when the log was not followed that
    /// far, or could not be read.
    pub fn node(&self, level: u32, index: u64) -> Option<Hash> {
        let (row, rest) = (level / 8, level % 8);
        let first = index << rest;
        let row = u8::try_from(row).ok()?;
        let mut tiles = self.tiles.borrow_mut();
        let tile = tiles.entry((row, first / WIDTH)).or_insert_with(|| self.tile(row, first / WIDTH));
        let within = usize::try_from(first % WIDTH).ok()?;
        root_of_level(tile.as_ref()?.get(within..within + (1 << rest))?)
    }

    /// All of a tile that the tree has.
    fn tile(&self, level: u8, index: u64) -> Option<Vec<Hash>> {
        let there = self.size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let width = there.saturating_sub(index * WIDTH).min(WIDTH);
        let found = hashes(&mut self.read.borrow_mut(), &self.epoch, level, index, width);
        found.unwrap_or_else(|error| {
            *self.failed.borrow_mut() = Some(error);
            None
        })
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// As the store said.
    pub fn finish(self) -> Result<(), store::Error> {
        self.failed.into_inner().map_or(Ok(()), Err)
    }
}
