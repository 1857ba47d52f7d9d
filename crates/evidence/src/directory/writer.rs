//! Writing an export, leaf by leaf.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::files::io_error;
use super::{CHECKPOINT_FILE, Error, KEY_FILE};
use crate::checkpoint::Checkpoint;
use crate::leaf::{self, LEAF_BYTES_MAX};
use crate::merkle::{Frontier, Hash, leaf_hash, root_of_level};
use crate::note::VerifierKey;
use crate::tile::{Row, Tile, WIDTH_MAX, push_entry};

/// Writes an export. Holds at most one bundle and one tile per level in memory.
///
/// Crash-safe: the checkpoint is written last, after everything it covers is durable. A directory without one
/// is an unfinished export and never verifies.
#[derive(Debug)]
pub struct Writer {
    directory: PathBuf,
    frontier: Frontier,
    bundle: Vec<u8>,
    levels: Vec<Vec<Hash>>,
    /// Bundles and leaf hashes before this tile are left out.
    first: u64,
    durability: Durability,
}

/// When files are on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Each before the next.
    Each,
    /// Whenever the system likes: for files that become part of another one.
    Later,
}

impl Writer {
    /// Starts an export into `directory`, which is created and must be empty.
    pub fn create(directory: &Path) -> Result<Self, Error> {
        fs::create_dir_all(directory).map_err(|error| io_error(directory, error))?;
        let mut present = fs::read_dir(directory).map_err(|error| io_error(directory, error))?;
        if present.next().is_some() {
            return Err(Error::NotEmpty { path: directory.display().to_string() });
        }
        Ok(Self {
            directory: directory.to_owned(),
            frontier: Frontier::new(),
            bundle: Vec::new(),
            levels: vec![Vec::new()],
            first: 0,
            durability: Durability::Each,
        })
    }

    /// As [`create`](Self::create), for the leaves from `first` on, which is rounded down to a bundle. All
    /// leaves must be pushed; those before leave only the tiles that lead from the others to the root.
    pub fn slice(directory: &Path, first: u64, durability: Durability) -> Result<Self, Error> {
        Ok(Self { first: first / u64::from(WIDTH_MAX), durability, ..Self::create(directory)? })
    }

    /// Appends the bytes of the next leaf.
    pub fn push(&mut self, leaf: &[u8]) -> Result<(), Error> {
        if leaf.len() > LEAF_BYTES_MAX {
            return Err(leaf::Error::TooLarge { bytes: leaf.len() }.into());
        }
        push_entry(&mut self.bundle, leaf)?;
        let hash = leaf_hash(leaf);
        self.frontier.push(hash);
        if self.frontier.size().is_multiple_of(u64::from(WIDTH_MAX)) {
            self.write_bundle()?;
        }
        self.push_hash(hash)
    }

    /// Number of leaves so far.
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Root hash of the leaves so far.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Completes the export with the signed checkpoint of exactly these leaves.
    ///
    /// # Errors
    /// When the checkpoint is not signed by `key` or not about these leaves; then no checkpoint is written.
    pub fn finish(mut self, signed: &str, key: &VerifierKey) -> Result<(), Error> {
        let (checkpoint, _) = Checkpoint::open(signed.as_bytes(), key)?;
        if (checkpoint.size, checkpoint.root) != (self.size(), self.root()) {
            return Err(Error::OtherTree { size: self.size() });
        }
        if !self.bundle.is_empty() {
            self.write_bundle()?;
        }
        let levels = std::mem::take(&mut self.levels);
        for (level, hashes) in (0..).zip(&levels) {
            if !hashes.is_empty() {
                self.write_tile(level, hashes)?;
            }
        }
        self.write(KEY_FILE, format!("{key}\n").as_bytes())?;
        let unfinished = format!("{CHECKPOINT_FILE}.tmp");
        self.write(&unfinished, signed.as_bytes())?;
        let (from, to) = (self.directory.join(unfinished), self.directory.join(CHECKPOINT_FILE));
        fs::rename(from, &to).map_err(|error| io_error(&to, error))?;
        self.sync(&self.directory)
    }

    fn push_hash(&mut self, hash: Hash) -> Result<(), Error> {
        let mut hash = hash;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(hash);
            if self.levels[level].len() < usize::from(WIDTH_MAX) {
                break;
            }
            let hashes = std::mem::take(&mut self.levels[level]);
            let Some(root) = root_of_level(&hashes) else { break };
            #[expect(clippy::cast_possible_truncation, reason = "a log of 2^64 leaves has 8 levels")]
            self.write_tile(level as u8, &hashes)?;
            hash = root;
        }
        Ok(())
    }

    fn write_bundle(&mut self) -> Result<(), Error> {
        let bundle = std::mem::take(&mut self.bundle);
        self.write_last(Row::Entries, &bundle)
    }

    fn write_tile(&self, level: u8, hashes: &[Hash]) -> Result<(), Error> {
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
        self.write_last(Row::Hashes(level), &bytes)
    }

    /// Writes the last tile of a row in the tree so far.
    fn write_last(&self, row: Row, bytes: &[u8]) -> Result<(), Error> {
        let size = self.frontier.size();
        let last = row.hashes_in(size).saturating_sub(1) / u64::from(WIDTH_MAX);
        match Tile::in_tree(row, last, size) {
            Some(_) if row.is_lowest() && last < self.first => Ok(()),
            Some(tile) => self.write(&tile.to_string(), bytes),
            None => Err(Error::OtherTree { size }),
        }
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.directory.join(path);
        let parent = path.parent().unwrap_or(&self.directory);
        fs::create_dir_all(parent).map_err(|error| io_error(parent, error))?;
        let write = || {
            let mut file = File::create_new(&path)?;
            file.write_all(bytes)?;
            if self.durability == Durability::Each { file.sync_all() } else { Ok(()) }
        };
        write().map_err(|error| io_error(&path, error))?;
        self.sync(parent)
    }

    /// Makes the names in a directory durable.
    fn sync(&self, directory: &Path) -> Result<(), Error> {
        if self.durability == Durability::Later {
            return Ok(());
        }
        File::open(directory).and_then(|file| file.sync_all()).map_err(|error| io_error(directory, error))
    }
}
