//! Writing an export, leaf by leaf.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::files::io_error;
use super::{CHECKPOINT_FILE, Error, KEY_FILE};
use crate::checkpoint::Checkpoint;
use crate::leaf::{self, LEAF_BYTES_MAX};
use crate::merkle::Hash;
use crate::note::VerifierKey;
use crate::tile::{Edge, Tile, WIDTH_MAX};

/// Writes an export. Holds at most one bundle and one tile per level in memory.
///
/// Crash-safe: the checkpoint is written last, after everything it covers is durable. A directory without one
/// is an unfinished export and never verifies.
#[derive(Debug)]
pub struct Writer {
    directory: PathBuf,
    edge: Edge,
    /// Bundles and leaf hashes before this tile are left out.
    first: u64,
    durability: Durability,
}

/// Adds a file to a finished export, unless it is there.
///
/// # Errors
/// When the file system refuses.
pub fn add(directory: &Path, path: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = directory.join(path);
    let parent = path.parent().unwrap_or(directory);
    fs::create_dir_all(parent).map_err(|error| io_error(parent, error))?;
    match File::create_new(&path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all())) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        written => written.map_err(|error| io_error(&path, error)),
    }
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
            edge: Edge::new(),
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
        for (tile, bytes) in self.edge.push(leaf)? {
            self.write_tile(tile, &bytes)?;
        }
        Ok(())
    }

    /// Number of leaves so far.
    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Root hash of the leaves so far.
    pub fn root(&self) -> Hash {
        self.edge.root()
    }

    /// Completes the export with the signed checkpoint of exactly these leaves.
    ///
    /// # Errors
    /// When the checkpoint is not signed by `key` or not about these leaves; then no checkpoint is written.
    pub fn finish(self, signed: &str, key: &VerifierKey) -> Result<(), Error> {
        let (checkpoint, _) = Checkpoint::open(signed.as_bytes(), key)?;
        if (checkpoint.size, checkpoint.root) != (self.size(), self.root()) {
            return Err(Error::OtherTree { size: self.size() });
        }
        for (tile, bytes) in self.edge.unfilled() {
            self.write_tile(tile, &bytes)?;
        }
        self.write(KEY_FILE, format!("{key}\n").as_bytes())?;
        let unfinished = format!("{CHECKPOINT_FILE}.tmp");
        self.write(&unfinished, signed.as_bytes())?;
        let (from, to) = (self.directory.join(unfinished), self.directory.join(CHECKPOINT_FILE));
        fs::rename(from, &to).map_err(|error| io_error(&to, error))?;
        self.sync(&self.directory)
    }

    fn write_tile(&self, tile: Tile, bytes: &[u8]) -> Result<(), Error> {
        let left_out = tile.row().is_lowest() && tile.index() < self.first;
        if left_out { Ok(()) } else { self.write(&tile.to_string(), bytes) }
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
