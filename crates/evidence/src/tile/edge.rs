//! The right edge of a growing tree, as files: what is complete leaves it, what is not is kept.

use super::{BundleError, Entries, Row, Tile, WIDTH_MAX, push_entry};
use crate::merkle::{Frontier, Hash, leaf_hash, root_of_level};

const HASH_BYTES: usize = 32;

/// The bundle and the tiles that a tree has not filled yet. At most one bundle and one tile per level.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    frontier: Frontier,
    bundle: Vec<u8>,
    levels: Vec<Vec<Hash>>,
}

/// Why an edge cannot be taken up again.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError<E> {
    /// A file cannot be read.
    #[error(transparent)]
    Read(E),
    /// A file is missing, or not as long as its name says.
    #[error("`{0}` is missing or damaged")]
    Damaged(Tile),
}

impl Edge {
    /// The edge of the tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The files from which the edge of a tree of `size` leaves can be taken up again.
    pub fn needed(size: u64) -> Vec<Tile> {
        let rows = (0..).map(Row::Hashes).take_while(|row| row.hashes_in(size) > 0);
        rows.chain([Row::Entries]).filter_map(|row| unfilled(row, size)).collect()
    }

    /// The edge of a tree of `size` leaves, from the files of that tree, which `read` answers. Nothing is verified but
    /// lengths: compare [`root`](Self::root) with a signed one.
    ///
    /// # Errors
    /// [`ResumeError`].
    pub fn resume<E>(
        size: u64,
        mut read: impl FnMut(Tile) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Self, ResumeError<E>> {
        let mut edge = Self::new();
        let mut peaks = Vec::new();
        for level in 0.. {
            let row = Row::Hashes(level);
            let count = row.hashes_in(size);
            if count == 0 {
                break;
            }
            let mut hashes = Vec::new();
            if let Some(tile) = unfilled(row, size) {
                let bytes = read(tile).map_err(ResumeError::Read)?.ok_or(ResumeError::Damaged(tile))?;
                let (whole, rest) = bytes.as_chunks::<HASH_BYTES>();
                if whole.len() != usize::from(tile.width()) || !rest.is_empty() {
                    return Err(ResumeError::Damaged(tile));
                }
                hashes.extend(whole.iter().copied().map(Hash::from_bytes));
            }
            peaks.push(peaks_of(&hashes));
            edge.levels.push(hashes);
        }
        if let Some(tile) = unfilled(Row::Entries, size) {
            let bundle = read(tile).map_err(ResumeError::Read)?.ok_or(ResumeError::Damaged(tile))?;
            let entries: Result<Vec<_>, _> = Entries::new(&bundle).collect();
            let hashes: Vec<Hash> = entries.unwrap_or_default().into_iter().map(leaf_hash).collect();
            if edge.levels.first() != Some(&hashes) {
                return Err(ResumeError::Damaged(tile));
            }
            edge.bundle = bundle;
        }
        // The largest subtrees are in the highest row.
        let mut encoded = size.to_be_bytes().to_vec();
        encoded.extend(peaks.into_iter().rev().flatten().flat_map(|hash| *hash.as_bytes()));
        edge.frontier = Frontier::from_bytes(&encoded).unwrap_or_default();
        Ok(edge)
    }

    /// Number of leaves.
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The tree's root hash.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Appends the bytes of the next leaf; answers the files that are now full, if any.
    ///
    /// # Errors
    /// [`BundleError`] when no bundle can hold the leaf; then nothing has changed.
    pub fn push(&mut self, leaf: &[u8]) -> Result<Vec<(Tile, Vec<u8>)>, BundleError> {
        push_entry(&mut self.bundle, leaf)?;
        let mut hash = leaf_hash(leaf);
        self.frontier.push(hash);
        let mut full = Vec::new();
        if self.size().is_multiple_of(u64::from(WIDTH_MAX)) {
            full.extend(self.last(Row::Entries).map(|tile| (tile, std::mem::take(&mut self.bundle))));
        }
        for level in 0_u8.. {
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels.push(Vec::new());
            }
            self.levels[at].push(hash);
            if self.levels[at].len() < usize::from(WIDTH_MAX) {
                break;
            }
            let hashes = std::mem::take(&mut self.levels[at]);
            let (Some(root), Some(tile)) = (root_of_level(&hashes), self.last(Row::Hashes(level))) else {
                break;
            };
            full.push((tile, bytes_of(&hashes)));
            hash = root;
        }
        Ok(full)
    }

    /// The files of this tree that are not full.
    pub fn unfilled(&self) -> Vec<(Tile, Vec<u8>)> {
        let bundle = unfilled(Row::Entries, self.size()).map(|tile| (tile, self.bundle.clone()));
        let tiles = (0_u8..).zip(&self.levels).filter_map(|(level, hashes)| {
            Some((unfilled(Row::Hashes(level), self.size())?, bytes_of(hashes)))
        });
        bundle.into_iter().chain(tiles).collect()
    }

    /// The last file of a row in the tree so far.
    fn last(&self, row: Row) -> Option<Tile> {
        let index = row.hashes_in(self.size()).checked_sub(1)? / u64::from(WIDTH_MAX);
        Tile::in_tree(row, index, self.size())
    }
}

/// The file of a row that a tree of `size` leaves has begun and not filled.
fn unfilled(row: Row, size: u64) -> Option<Tile> {
    Tile::in_tree(row, row.hashes_in(size) / u64::from(WIDTH_MAX), size)
}

/// The roots of the perfect subtrees over hashes of one row, the largest first.
fn peaks_of(hashes: &[Hash]) -> Vec<Hash> {
    let (mut rest, mut peaks) = (hashes, Vec::new());
    while let Some(width) = rest.len().checked_ilog2() {
        let (subtree, after) = rest.split_at(1 << width);
        peaks.extend(root_of_level(subtree));
        rest = after;
    }
    peaks
}

fn bytes_of(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn edge_that_is_taken_up_again_goes_on_as_if_it_had_never_stopped() {
        let mut files: HashMap<Tile, Vec<u8>> = HashMap::new();
        let mut straight = Edge::new();
        for size in 0..70_000_u64 {
            if size.is_multiple_of(977) || size.is_power_of_two() {
                files.extend(straight.unfilled());
                let needed = Edge::needed(size);
                let read = |tile: Tile| {
                    assert!(needed.contains(&tile));
                    Ok::<_, Infallible>(files.get(&tile).cloned())
                };
                let resumed = Edge::resume(size, read).unwrap();
                assert_eq!((resumed.size(), resumed.root()), (size, straight.root()));
                assert_eq!(resumed.unfilled(), straight.unfilled());
                straight = resumed;
            }
            files.extend(straight.push(&size.to_be_bytes()).unwrap());
        }
    }

    #[test]
    fn edge_is_not_taken_up_from_files_that_are_missing_or_damaged() {
        let mut edge = Edge::new();
        for leaf in 0..300_u64 {
            edge.push(&leaf.to_be_bytes()).unwrap();
        }
        for (damaged, _) in edge.unfilled() {
            for bytes in [None, Some(vec![0; 31])] {
                let read = |tile: Tile| {
                    let whole = edge.unfilled().into_iter().find(|(found, _)| *found == tile);
                    Ok::<_, Infallible>(if tile == damaged {
                        bytes.clone()
                    } else {
                        whole.map(|(_, bytes)| bytes)
                    })
                };
                assert!(
                    matches!(Edge::resume(300, read), Err(ResumeError::Damaged(tile)) if tile == damaged)
                );
            }
        }
    }
}
