//! Publishing the log where others keep it: tiles, bundles and checkpoints, as
//! [C2SP tlog-tiles](https://c2sp.org/tlog-tiles) has them, so that the place can serve them as they are.
//!
//! ```text
//! epoch-<n>/checkpoint                   the latest; the one file that is replaced
//! epoch-<n>/checkpoints/<size>           every one that was published
//! epoch-<n>/timestamps/...               what authorities stamped of them
//! epoch-<n>/verifier.key
//! epoch-<n>/tile/...
//! .countersign/...                       of the publisher, no part of the log
//! ```
//!
//! The place is the memory: what was published is read back from there, held against the database, and continued. A
//! process that dies in between leaves files without a checkpoint, which the next one finds to be as they should.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use evidence::checkpoint::{self as signed_tree, Checkpoint};
use evidence::directory::{CHECKPOINT_FILE, KEY_FILE, checkpoint_file, stamp_file};
use evidence::merkle::Hash;
use evidence::note::{NOTE_BYTES_MAX, VerifierKey};
use evidence::tile::{Edge, ResumeError, Tile, WIDTH_MAX};
use evidence::verify::epoch_directory;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::place::{Hold, Place, PlaceError, Strength, Written};
use super::{AnchorError, Anchors, Name};
use crate::config;
use crate::ledger;
use crate::limits;
use crate::store::epoch::{self, Epoch};
use crate::store::{self, checkpoint, entry, stamp};

/// Most bytes of a file that is published.
const FILE_BYTES_MAX: usize = WIDTH_MAX as usize * (evidence::leaf::LEAF_BYTES_MAX + 2);

/// Publishes to one place.
pub(super) struct Publisher {
    name: String,
    place: Place,
    interval: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How far the place has come, of which epoch.
    at: Option<(Epoch, Edge)>,
    hold: Option<(Hold, Instant)>,
    last: Option<Instant>,
    /// Files of timestamps that were published.
    stamped: HashSet<String>,
}

/// Why the log is not published.
#[derive(Debug, thiserror::Error)]
pub enum Unpublished {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The place refused.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The key of an epoch is not there.
    #[error("the key directory does not hold the key of epoch {0}")]
    Key(u64),
    /// What is there is not this log.
    #[error("what stands there is not this log: {0}; keep both for the investigation")]
    Contradicted(String),
    /// A leaf fits no bundle.
    #[error("a leaf fits no bundle")]
    Leaf,
}

impl Publisher {
    /// As configured.
    ///
    /// # Errors
    /// [`AnchorError`], worded for the operator.
    pub(super) fn new(place: &config::Place, client: &reqwest::Client) -> Result<Self, AnchorError> {
        Ok(Self {
            name: place.name.clone(),
            place: Place::new(place, client)?,
            interval: Duration::from_millis(place.interval_ms),
            state: Mutex::default(),
        })
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Anchors {
    /// Publishes what was signed since the last time, when its turn has come.
    pub(super) async fn publish(&self, publisher: &Publisher) -> Result<(), Unpublished> {
        let mut state = publisher.state.lock().await;
        if state.last.is_some_and(|last| last.elapsed() < publisher.interval) {
            return Ok(());
        }
        self.prove(publisher, &mut state).await?;
        let published = self.publish_on(publisher, &mut state).await;
        if published.is_err() {
            // Whatever was believed is read again.
            state.at = None;
        }
        published?;
        state.last = Some(Instant::now());
        Ok(())
    }

    /// Finds out what keeps the files there, once in a while.
    async fn prove(&self, publisher: &Publisher, state: &mut State) -> Result<(), Unpublished> {
        let fresh = Duration::from_millis(limits::RETENTION_PROOF_MS);
        if state.hold.as_ref().is_some_and(|(_, since)| since.elapsed() < fresh) {
            return Ok(());
        }
        let name = format!("probe-{}", crate::clock::new_id(&*self.clock));
        let hold = publisher.place.prove(&name, self.clock.now()).await?;
        match hold.strength {
            Strength::Proven => {
                tracing::info!(
                    place = publisher.name,
                    by = hold.by,
                    "published files are kept, but `checkpoint`, which is replaced"
                );
            }
            Strength::Weak | Strength::None => {
                tracing::warn!(place = publisher.name, by = hold.by, "published files can be removed");
            }
        }
        state.hold = Some((hold, Instant::now()));
        Ok(())
    }

    async fn publish_on(&self, publisher: &Publisher, state: &mut State) -> Result<(), Unpublished> {
        let (mut at, mut edge) = match state.at.take() {
            Some(at) => at,
            None => self.take_up(publisher).await?,
        };
        loop {
            // The end of the epoch may have become known.
            at = self.db.read("epoch", move |read| epoch::at(read, at.first_index)).await?;
            self.extend(publisher, &at, &mut edge).await?;
            self.publish_stamps(publisher, &at, edge.size(), &mut state.stamped).await?;
            let Some(next) = at.end else { break };
            at = self.db.read("next epoch", move |read| epoch::at(read, next)).await?;
            edge = Edge::new();
        }
        let hold = state.hold.as_ref().map(|(hold, _)| hold);
        let size = at.first_index + edge.size();
        self.reach(Name::new("place", &publisher.name), size, hold).await?;
        state.at = Some((at, edge));
        Ok(())
    }

    /// Where the place stands: the edge of the last tree that was published there.
    async fn take_up(&self, publisher: &Publisher) -> Result<(Epoch, Edge), Unpublished> {
        let epochs = self.db.read("epochs", epoch::all).await?;
        for epoch in epochs.iter().rev() {
            let path = format!("{}/{CHECKPOINT_FILE}", epoch_directory(epoch.number));
            let found = publisher.place.get(&path, NOTE_BYTES_MAX, self.clock.now()).await?;
            if let Some(note) = found {
                return Ok((*epoch, self.resume(publisher, epoch, &note).await?));
            }
        }
        Ok((epochs.first().copied().unwrap_or(Epoch::FIRST), Edge::new()))
    }

    async fn resume(&self, publisher: &Publisher, epoch: &Epoch, note: &[u8]) -> Result<Edge, Unpublished> {
        let other = |error: signed_tree::Error| Unpublished::Contradicted(error.to_string());
        let (there, _) = Checkpoint::open(note, &self.key(epoch)?).map_err(other)?;
        let size = epoch.first_index + there.size;
        let here = self.db.read("published", move |read| checkpoint::of_size(read, size)).await?;
        if here.is_none_or(|here| here.root != *there.root.as_bytes()) {
            let cause = format!("{} leaves were published there, and not from this database", there.size);
            return Err(Unpublished::Contradicted(cause));
        }
        let mut files: HashMap<Tile, Vec<u8>> = HashMap::new();
        for tile in Edge::needed(there.size) {
            let path = format!("{}/{tile}", epoch_directory(epoch.number));
            let found = publisher.place.get(&path, FILE_BYTES_MAX, self.clock.now()).await?;
            files.extend(found.map(|bytes| (tile, bytes)));
        }
        let resumed = Edge::resume(there.size, |tile| Ok::<_, PlaceError>(files.remove(&tile)));
        let edge = match resumed {
            Ok(edge) => edge,
            Err(ResumeError::Read(error)) => return Err(error.into()),
            Err(damaged @ ResumeError::Damaged(_)) => {
                return Err(Unpublished::Contradicted(damaged.to_string()));
            }
        };
        fits(&edge, there.root)?;
        Ok(edge)
    }

    /// Publishes an epoch up to its latest checkpoint.
    async fn extend(&self, publisher: &Publisher, epoch: &Epoch, edge: &mut Edge) -> Result<(), Unpublished> {
        let of = *epoch;
        let Some((signed, note)) = self.db.read("checkpoint", move |read| ledger::newest(read, &of)).await?
        else {
            return Ok(());
        };
        let root = Hash::from_bytes(signed.root);
        if epoch.within(signed.size) <= edge.size() {
            return Ok(());
        }
        while edge.size() < epoch.within(signed.size) {
            let from = epoch.first_index + edge.size();
            let until = signed.size.min(from + limits::PUBLISH_LEAVES_MAX);
            let leaves = self.db.read("publish", move |read| {
                let mut leaves = Vec::new();
                entry::scan(read, from, until, |stored| {
                    leaves.push(stored.leaf.to_vec());
                    Ok(())
                })?;
                Ok(leaves)
            });
            let mut full = Vec::new();
            for leaf in leaves.await? {
                full.extend(edge.push(&leaf).map_err(|_| Unpublished::Leaf)?);
            }
            self.write_tiles(publisher, epoch, full).await?;
        }
        fits(edge, root)?;
        self.write_tiles(publisher, epoch, edge.unfilled()).await?;
        let directory = epoch_directory(epoch.number);
        let key = format!("{}\n", self.key(epoch)?).into_bytes();
        self.write_once(publisher, format!("{directory}/{KEY_FILE}"), key).await?;
        let path = format!("{directory}/{}", checkpoint_file(epoch.within(signed.size)));
        // One that was published before may have other cosignatures; `verify` holds it against the tree.
        publisher.place.create(&path, note.clone().into_bytes(), self.clock.now()).await?;
        let path = format!("{directory}/{CHECKPOINT_FILE}");
        Ok(publisher.place.replace(&path, note.into_bytes(), self.clock.now()).await?)
    }

    /// Publishes the timestamps of what is published, each with the checkpoint it is of.
    async fn publish_stamps(
        &self,
        publisher: &Publisher,
        epoch: &Epoch,
        size: u64,
        stamped: &mut HashSet<String>,
    ) -> Result<(), Unpublished> {
        let of = *epoch;
        let stamps = self.db.read("timestamps", move |read| {
            let mut found = Vec::new();
            for stamp in stamp::of_epoch(read, &of)? {
                found.extend(checkpoint::of_size(read, stamp.size)?.map(|signed| (stamp, signed.note)));
            }
            Ok(found)
        });
        let directory = epoch_directory(epoch.number);
        for (stamp, note) in stamps.await? {
            let within = epoch.within(stamp.size);
            let file = format!("{directory}/{}", stamp_file(within, &stamp.authority));
            if within > size || stamped.contains(&file) {
                continue;
            }
            let path = format!("{directory}/{}", checkpoint_file(within));
            publisher.place.create(&path, note, self.clock.now()).await?;
            self.write_once(publisher, file.clone(), stamp.token).await?;
            stamped.insert(file);
        }
        Ok(())
    }

    async fn write_tiles(
        &self,
        publisher: &Publisher,
        epoch: &Epoch,
        tiles: Vec<(Tile, Vec<u8>)>,
    ) -> Result<(), Unpublished> {
        let directory = epoch_directory(epoch.number);
        for batch in tiles.chunks(limits::PUBLISH_AT_ONCE_MAX) {
            let writes = batch.iter().map(|(tile, bytes)| {
                self.write_once(publisher, format!("{directory}/{tile}"), bytes.clone())
            });
            try_join_all(writes).await?;
        }
        Ok(())
    }

    /// Writes a file, or finds that it is there already as it should be.
    async fn write_once(
        &self,
        publisher: &Publisher,
        path: String,
        bytes: Vec<u8>,
    ) -> Result<(), Unpublished> {
        let now: Timestamp = self.clock.now();
        if publisher.place.create(&path, bytes.clone(), now).await? == Written::New {
            return Ok(());
        }
        match publisher.place.get(&path, FILE_BYTES_MAX, now).await? {
            Some(found) if found == bytes => Ok(()),
            _ => Err(Unpublished::Contradicted(format!("`{path}` holds something else"))),
        }
    }

    fn key(&self, epoch: &Epoch) -> Result<VerifierKey, Unpublished> {
        let text = self.ledger.key_of(epoch).ok_or(Unpublished::Key(epoch.number))?;
        text.parse().map_err(|_| Unpublished::Key(epoch.number))
    }
}

fn fits(edge: &Edge, root: Hash) -> Result<(), Unpublished> {
    if edge.root() == root {
        return Ok(());
    }
    let cause = format!("its {} leaves do not lead to the root that was signed", edge.size());
    Err(Unpublished::Contradicted(cause))
}
