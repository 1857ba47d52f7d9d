//! Reading an export, file by file. Nothing read here is trusted: [`crate::verify`] decides.

use std::path::Path;

use super::{CHECKPOINT_FILE, Error, Files, KEY_FILE, checkpoint_file, stamp_file};
use crate::checkpoint::Checkpoint;
use crate::leaf::LEAF_BYTES_MAX;
use crate::merkle::{Hash, ProofError, prove_consistency, prove_inclusion, root_from_nodes, root_of_level};
use crate::note::{NOTE_BYTES_MAX, VerifierKey};
use crate::proof::Proof;
use crate::stamp::STAMP_BYTES_MAX;
use crate::tile::{Entries, Row, Tile, WIDTH_MAX};

const KEY_BYTES_MAX: usize = 4096;
const HASH_TILE_BYTES_MAX: usize = WIDTH_MAX as usize * 32;
const BUNDLE_BYTES_MAX: usize = WIDTH_MAX as usize * (LEAF_BYTES_MAX + 2);

/// An exported log, read without verifying it.
#[derive(Debug)]
pub struct Reader {
    files: Files,
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
        Ok(Self::of(Files::open(directory)?))
    }

    /// An export that is part of something larger.
    pub const fn of(files: Files) -> Self {
        Self { files }
    }

    /// The signed checkpoint as stored; `None` when there is none.
    pub fn checkpoint(&self) -> Result<Option<Vec<u8>>, Error> {
        self.read(CHECKPOINT_FILE, NOTE_BYTES_MAX)
    }

    /// The checkpoint over `size` leaves that was published on the way, as stored; `None` when there is none.
    pub fn signed_at(&self, size: u64) -> Result<Option<Vec<u8>>, Error> {
        self.read(&checkpoint_file(size), NOTE_BYTES_MAX)
    }

    /// The timestamp of the checkpoint over `size` leaves, as stored; `None` when there is none.
    pub fn stamp(&self, size: u64, authority: &str) -> Result<Option<Vec<u8>>, Error> {
        self.read(&stamp_file(size, authority), STAMP_BYTES_MAX)
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

    /// The consistency proof from the tree of `old` leaves to that of `size`. Of a slice, `old` must not lie
    /// before it.
    pub fn prove_consistency(&self, old: u64, size: u64) -> Result<Vec<Hash>, Error> {
        Ok(prove_consistency(old, size, |level, index| self.node(level, index, size))?)
    }

    /// The root that the tree of `size` leaves had when it held the first `old` of them.
    ///
    /// # Errors
    /// When a tile that is needed is missing, or `old` is larger than `size`.
    pub fn root_at(&self, old: u64, size: u64) -> Result<Hash, Error> {
        if old > size {
            return Err(ProofError::OutOfRange { size, wanted: old }.into());
        }
        Ok(root_from_nodes(old, |level, index| self.node(level, index, size))?)
    }

    /// Calls `visit` with the path of everything below the directory that is not a directory, `/` between its
    /// elements; `None` for a name that is not UTF-8, a link or another special file, or too deep a
    /// directory.
    pub fn walk(&self, visit: &mut dyn FnMut(Option<String>, &Path)) -> Result<(), Error> {
        self.files.walk(visit)
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
        self.files.read(path, bytes_max)
    }
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
