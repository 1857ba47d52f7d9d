//! Reading an export, file by file. Nothing read here is trusted: [`crate::verify`] decides.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::writer::io_error;
use super::{CHECKPOINT_FILE, Error, KEY_FILE};
use crate::checkpoint::Checkpoint;
use crate::leaf::LEAF_BYTES_MAX;
use crate::merkle::{Hash, prove_inclusion, root_of_level};
use crate::note::{NOTE_BYTES_MAX, VerifierKey};
use crate::proof::Proof;
use crate::tile::{Entries, Row, Tile, WIDTH_MAX};

const KEY_BYTES_MAX: usize = 4096;
const HASH_TILE_BYTES_MAX: usize = WIDTH_MAX as usize * 32;
const BUNDLE_BYTES_MAX: usize = WIDTH_MAX as usize * (LEAF_BYTES_MAX + 2);
/// Deeper than any path of a tile: `tile`, row, seven elements of a number, width.
const DEPTH_MAX: usize = 12;

/// An exported log, read without verifying it.
#[derive(Debug)]
pub struct Reader {
    directory: PathBuf,
}

/// The leaves of an export in order, one bundle in memory at a time. Ends after the first error.
#[derive(Debug)]
pub struct Leaves<'r> {
    reader: &'r Reader,
    size: u64,
    next: u64,
    bundle: std::vec::IntoIter<Vec<u8>>,
}

impl Reader {
    /// Opens an export.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        fs::read_dir(directory).map_err(|error| io_error(directory, error))?;
        Ok(Self { directory: directory.to_owned() })
    }

    /// The signed checkpoint as stored; `None` when there is none.
    pub fn checkpoint(&self) -> Result<Option<Vec<u8>>, Error> {
        self.read(CHECKPOINT_FILE, NOTE_BYTES_MAX)
    }

    /// The key file as stored; `None` when there is none.
    pub fn key(&self) -> Result<Option<Vec<u8>>, Error> {
        self.read(KEY_FILE, KEY_BYTES_MAX)
    }

    /// The bytes of a tile or bundle; `None` when the file is missing.
    pub fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Error> {
        let bytes_max = match tile.row() {
            Row::Entries => BUNDLE_BYTES_MAX,
            Row::Hashes(_) => HASH_TILE_BYTES_MAX,
        };
        self.read(&tile.to_string(), bytes_max)
    }

    /// The hashes of a hash tile; `None` when the file is missing or not as long as the tile is wide.
    pub fn hashes(&self, tile: Tile) -> Result<Option<Vec<Hash>>, Error> {
        let Some(bytes) = self.tile(tile)? else { return Ok(None) };
        let (hashes, rest) = bytes.as_chunks::<32>();
        let whole = hashes.len() == usize::from(tile.width()) && rest.is_empty();
        Ok(whole.then(|| hashes.iter().copied().map(Hash::from_bytes).collect()))
    }

    /// The leaves of the first `size`, in order.
    pub fn leaves(&self, size: u64) -> Leaves<'_> {
        Leaves { reader: self, size, next: 0, bundle: Vec::new().into_iter() }
    }

    /// The proof file for one leaf under the directory's checkpoint, which must be signed by `key`.
    pub fn prove(&self, index: u64, key: &VerifierKey) -> Result<Proof, Error> {
        let missing = || Error::Damaged { path: CHECKPOINT_FILE.to_owned() };
        let signed = self.checkpoint()?.ok_or_else(missing)?;
        let (checkpoint, note) = Checkpoint::open(&signed, key)?;
        let size = checkpoint.size;
        let path = prove_inclusion(index, size, |level, index| self.node(level, index, size))?;
        Ok(Proof { extra: None, index, path, checkpoint: note })
    }

    /// Calls `visit` with the path of everything below the directory that is not a directory, `/` between its
    /// elements; `None` for a name that is not UTF-8, a link or another special file, or too deep a directory.
    pub fn walk(&self, visit: &mut dyn FnMut(Option<String>, &Path)) -> Result<(), Error> {
        walk_below(&self.directory, "", 0, visit)
    }

    /// The hash of a perfect subtree, from the tile it lies in.
    fn node(&self, level: u32, index: u64, size: u64) -> Option<Hash> {
        let (row, within) = (u8::try_from(level / 8).ok()?, level % 8);
        let first = index << within;
        let tile = Tile::in_tree(Row::Hashes(row), first / u64::from(WIDTH_MAX), size)?;
        let hashes = self.hashes(tile).ok()??;
        let at = usize::try_from(first % u64::from(WIDTH_MAX)).ok()?;
        root_of_level(hashes.get(at..at + (1 << within))?)
    }

    fn read(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, Error> {
        let full = self.directory.join(path);
        match fs::symlink_metadata(&full) {
            // Opening a pipe would wait for ever, and a link leads outside the log.
            Ok(metadata) if !metadata.is_file() => return Ok(None),
            Err(error) if is_absent(&error) => return Ok(None),
            Ok(_) | Err(_) => {}
        }
        let file = File::open(&full).map_err(|error| io_error(&full, error))?;
        let mut bytes = Vec::new();
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
        file.take(limit).read_to_end(&mut bytes).map_err(|error| io_error(&full, error))?;
        if bytes.len() > bytes_max {
            return Err(Error::FileTooLarge { path: path.to_owned() });
        }
        Ok(Some(bytes))
    }
}

fn walk_below(
    directory: &Path,
    prefix: &str,
    depth: usize,
    visit: &mut dyn FnMut(Option<String>, &Path),
) -> Result<(), Error> {
    for entry in fs::read_dir(directory).map_err(|error| io_error(directory, error))? {
        let entry = entry.map_err(|error| io_error(directory, error))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| io_error(&path, error))?;
        let name = entry.file_name();
        match name.to_str() {
            Some(name) if kind.is_dir() && depth < DEPTH_MAX => {
                walk_below(&path, &format!("{prefix}{name}/"), depth + 1, visit)?;
            }
            Some(name) if kind.is_file() => visit(Some(format!("{prefix}{name}")), &path),
            _ => visit(None, &path),
        }
    }
    Ok(())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl Iterator for Leaves<'_> {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(leaf) = self.bundle.next() {
            self.next += 1;
            return Some(Ok(leaf));
        }
        if self.next >= self.size {
            return None;
        }
        let tile = Tile::in_tree(Row::Entries, self.next / u64::from(WIDTH_MAX), self.size)?;
        match self.read_bundle(tile) {
            Ok(leaves) => {
                self.bundle = leaves.into_iter();
                self.next += 1;
                self.bundle.next().map(Ok)
            }
            Err(error) => {
                self.size = 0;
                Some(Err(error))
            }
        }
    }
}

impl Leaves<'_> {
    fn read_bundle(&self, tile: Tile) -> Result<Vec<Vec<u8>>, Error> {
        let damaged = || Error::Damaged { path: tile.to_string() };
        let bundle = self.reader.tile(tile)?.ok_or_else(damaged)?;
        let leaves: Vec<_> =
            Entries::new(&bundle).map(|leaf| leaf.map(<[u8]>::to_vec)).collect::<Result<_, _>>()?;
        if leaves.len() == usize::from(tile.width()) { Ok(leaves) } else { Err(damaged()) }
    }
}
