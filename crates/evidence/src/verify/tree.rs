//! Do these bytes lead to the signed root, and if not, which of them do not?
//!
//! The tree is rebuilt from the leaves and compared with the stored tiles on the way. A stored tile that itself
//! leads to the signed root is authentic, so where the two differ it tells which of them was changed.

use super::meaning::Meaning;
use super::{Findings, LISTED_MAX, ProblemKind, Scope};
use crate::checkpoint::Checkpoint;
use crate::directory::{self, Reader};
use crate::merkle::{Hash, leaf_hash, node_hash, root_of_level};
use crate::tile::{Entries, Row, Tile, WIDTH_MAX};

/// Checks all leaves and tiles, and the meaning of the leaves up to the first that is not authentic.
pub(super) fn check(
    reader: &Reader,
    checkpoint: &Checkpoint,
    scope: &mut Scope<'_>,
    findings: &mut Findings,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), directory::Error> {
    let mut tree = Tree { reader, checkpoint, levels: Vec::new(), edge: None };
    let first = scope.first / u64::from(WIDTH_MAX);
    let mut meaning = Some(Meaning::new(scope));
    let mut missing = 0;
    let mut complete = tree.take_over(first, findings)?;
    for number in first.. {
        let Some(tile) = Tile::in_tree(Row::Entries, number, checkpoint.size) else { break };
        let bundle = read_bundle(reader, tile, findings)?;
        missing += usize::from(bundle.is_none());
        if missing > LISTED_MAX {
            // A log whose signed size promises far more files than there are must not keep us busy for ever.
            complete = false;
            break;
        }
        let hashes = tree.check_bundle(tile, bundle.as_deref(), &mut meaning, findings)?;
        complete = match hashes {
            Some(hashes) if complete => tree.push_all(0, hashes, findings)?,
            _ => false,
        };
        progress(tile.first_leaf(u64::from(tile.width())), checkpoint.size);
    }
    if complete {
        tree.finish(findings)?;
    }
    if let Some(meaning) = meaning {
        meaning.finish(findings);
    }
    Ok(())
}

struct Tree<'v> {
    reader: &'v Reader,
    checkpoint: &'v Checkpoint,
    levels: Vec<Level>,
    /// Whether the stored partial tiles lead to the signed root, once asked for.
    edge: Option<bool>,
}

/// One level of the tree as rebuilt so far.
#[derive(Default)]
struct Level {
    /// How many full tiles went up.
    tiles: u64,
    /// The hashes that do not fill a tile yet.
    hashes: Vec<Hash>,
}

impl Tree<'_> {
    /// Takes the roots of the first `bundles`, whose leaves are not there, from the tiles above them. False when the tree
    /// cannot be continued.
    fn take_over(&mut self, bundles: u64, findings: &mut Findings) -> Result<bool, directory::Error> {
        if bundles == 0 {
            return Ok(true);
        }
        self.levels.push(Level { tiles: bundles, hashes: Vec::new() });
        let width = u64::from(WIDTH_MAX);
        for number in 0..bundles.div_ceil(width) {
            let tile = Tile::in_tree(Row::Hashes(1), number, self.checkpoint.size);
            let stored = match tile {
                Some(tile) => stored_hashes(self.reader, tile, findings)?,
                None => None,
            };
            let Some(mut stored) = stored else { return Ok(false) };
            let rest = usize::try_from(bundles - number * width).unwrap_or(usize::MAX);
            stored.truncate(rest);
            if !self.push_all(1, stored, findings)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Checks one bundle and returns the hashes of its leaves, as far as they are known.
    fn check_bundle(
        &mut self,
        tile: Tile,
        bundle: Option<&[u8]>,
        meaning: &mut Option<Meaning<'_, '_>>,
        findings: &mut Findings,
    ) -> Result<Option<Vec<Hash>>, directory::Error> {
        let first = tile.first_leaf(0);
        let width = usize::from(tile.width());
        let mut entries = Entries::new(bundle.unwrap_or_default());
        let leaves: Vec<&[u8]> = entries.by_ref().map_while(Result::ok).take(width).collect();
        let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let stored = match Tile::in_tree(Row::Hashes(0), tile.index(), self.checkpoint.size) {
            Some(tile) => stored_hashes(self.reader, tile, findings)?.map(|stored| (tile, stored)),
            None => None,
        };
        let authentic = match stored {
            Some((tile, stored)) if stored != hashes => {
                if self.is_authentic(tile, &stored)? {
                    Some(stored)
                } else {
                    None
                }
            }
            _ => None,
        };
        let good = authentic.as_ref().map_or(leaves.len(), |signed| equal_count(signed, &hashes));
        if good < width && bundle.is_some() {
            let reason = if good < leaves.len() {
                "its bytes are not those that were signed"
            } else {
                "it is missing from its bundle, or the lengths in the bundle were changed"
            };
            findings.blame(ProblemKind::Entry, first + position(good), reason);
        } else if !entries.rest().is_empty() {
            findings.blame_file(ProblemKind::ExtraFile, tile, "there are bytes after the last leaf");
        }
        for (at, leaf) in leaves.iter().take(good).enumerate() {
            if let Some(meaning) = meaning {
                meaning.check(first + position(at), leaf, &hashes[at], findings);
            }
        }
        if good < width {
            *meaning = None;
        }
        Ok(authentic.or(Some(hashes)).filter(|hashes| hashes.len() == width))
    }

    /// Adds hashes to a level; full tiles are compared with the stored ones and go up. False when the tree
    /// cannot be continued.
    fn push_all(
        &mut self,
        level: u8,
        hashes: Vec<Hash>,
        findings: &mut Findings,
    ) -> Result<bool, directory::Error> {
        let at = usize::from(level);
        while self.levels.len() <= at {
            self.levels.push(Level::default());
        }
        let Level { tiles, hashes: waiting } = &mut self.levels[at];
        waiting.extend(hashes);
        if waiting.len() < usize::from(WIDTH_MAX) {
            return Ok(true);
        }
        let (number, full) = (*tiles, std::mem::take(waiting));
        *tiles += 1;
        let full = self.compare(Row::Hashes(level), number, full, findings)?;
        match root_of_level(&full) {
            Some(root) => self.push_all(level + 1, vec![root], findings),
            None => Ok(false),
        }
    }

    /// Compares the partial tiles and the root.
    fn finish(&mut self, findings: &mut Findings) -> Result<(), directory::Error> {
        let levels = std::mem::take(&mut self.levels);
        let mut edges = Vec::new();
        for (level, Level { tiles, hashes }) in (0..).zip(levels) {
            edges.push(self.compare(Row::Hashes(level), tiles, hashes, findings)?);
        }
        if root_of_edges(&edges) != self.checkpoint.root {
            let reason = "the leaves do not lead to the signed root";
            findings.blame_file(ProblemKind::Root, directory::CHECKPOINT_FILE, reason);
        }
        Ok(())
    }

    /// Compares rebuilt hashes with the stored tile of the level, and returns the ones to go on with.
    fn compare(
        &mut self,
        row: Row,
        number: u64,
        rebuilt: Vec<Hash>,
        findings: &mut Findings,
    ) -> Result<Vec<Hash>, directory::Error> {
        let Some(tile) = Tile::in_tree(row, number, self.checkpoint.size) else { return Ok(rebuilt) };
        // What is wrong with a file of level 0 itself was reported with its bundle.
        let stored = match row {
            Row::Hashes(0) => self.reader.hashes(tile)?,
            _ => stored_hashes(self.reader, tile, findings)?,
        };
        let Some(stored) = stored.filter(|stored| *stored != rebuilt) else { return Ok(rebuilt) };
        if !self.is_authentic(tile, &stored)? {
            findings.blame_file(ProblemKind::Tile, tile, "its hashes do not lead to the signed root");
            return Ok(rebuilt);
        }
        let at = equal_count(&stored, &rebuilt);
        let (low, high) = (tile.first_leaf(position(at)), tile.first_leaf(position(at + 1)));
        let reason =
            format!("one of the leaves {low} to {} and its tile are not those that were signed", high - 1);
        findings.blame(ProblemKind::Entry, low, reason);
        Ok(stored)
    }

    /// Whether a stored tile leads to the signed root through the stored tiles above it.
    fn is_authentic(&mut self, tile: Tile, hashes: &[Hash]) -> Result<bool, directory::Error> {
        let (mut tile, mut hashes) = (tile, hashes.to_vec());
        while let (true, Row::Hashes(level)) = (tile.is_full(), tile.row()) {
            let width = u64::from(WIDTH_MAX);
            let above = Tile::in_tree(Row::Hashes(level + 1), tile.index() / width, self.checkpoint.size);
            let Some(above) = above else { return Ok(false) };
            let Some(parents) = self.reader.hashes(above)? else { return Ok(false) };
            let at = usize::try_from(tile.index() % width).unwrap_or(usize::MAX);
            if parents.get(at).copied() != root_of_level(&hashes) {
                return Ok(false);
            }
            (tile, hashes) = (above, parents);
        }
        self.is_edge_authentic()
    }

    fn is_edge_authentic(&mut self) -> Result<bool, directory::Error> {
        if let Some(known) = self.edge {
            return Ok(known);
        }
        let mut edges = Vec::new();
        let mut whole = true;
        for level in 0..8 {
            let row = Row::Hashes(level);
            let count = row.hashes_in(self.checkpoint.size);
            let last = Tile::in_tree(row, count / u64::from(WIDTH_MAX), self.checkpoint.size);
            edges.push(match last {
                None => Vec::new(),
                Some(tile) => self.reader.hashes(tile)?.unwrap_or_else(|| {
                    whole = false;
                    Vec::new()
                }),
            });
        }
        let authentic = whole && root_of_edges(&edges) == self.checkpoint.root;
        self.edge = Some(authentic);
        Ok(authentic)
    }
}

/// The root from the hashes that fill no tile, level by level from the lowest: the peaks, folded from the right.
fn root_of_edges(edges: &[Vec<Hash>]) -> Hash {
    let mut right: Option<Hash> = None;
    for level in edges {
        let mut rest = level.as_slice();
        while !rest.is_empty() {
            let peak = 1 << rest.len().trailing_zeros();
            let (left, last) = rest.split_at(rest.len() - peak);
            let last = root_of_level(last);
            right = match (last, right) {
                (Some(last), Some(right)) => Some(node_hash(&last, &right)),
                (last, right) => last.or(right),
            };
            rest = left;
        }
    }
    right.unwrap_or_else(Hash::empty_root)
}

/// The bundle, or nothing when it is missing, which is then reported.
fn read_bundle(
    reader: &Reader,
    tile: Tile,
    findings: &mut Findings,
) -> Result<Option<Vec<u8>>, directory::Error> {
    let bundle = reader.tile(tile)?;
    if bundle.is_none() {
        findings.blame_bundle(ProblemKind::MissingFile, tile, tile.first_leaf(0), "missing, with its leaves");
    }
    Ok(bundle)
}

/// The hashes of a stored tile, or nothing when it is missing or malformed, which is then reported.
fn stored_hashes(
    reader: &Reader,
    tile: Tile,
    findings: &mut Findings,
) -> Result<Option<Vec<Hash>>, directory::Error> {
    let hashes = reader.hashes(tile)?;
    if hashes.is_none() {
        if reader.tile(tile)?.is_some() {
            findings.blame_file(ProblemKind::Tile, tile, "its length does not fit its width");
        } else {
            findings.blame_file(ProblemKind::MissingFile, tile, "missing");
        }
    }
    Ok(hashes)
}

fn equal_count(left: &[Hash], right: &[Hash]) -> usize {
    left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

fn position(at: usize) -> u64 {
    u64::try_from(at).unwrap_or(u64::MAX)
}
