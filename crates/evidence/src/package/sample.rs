//! Samples that nobody but the auditor chooses: the leaves with the smallest `SHA256(seed || leaf hash)`.
//!
//! The seed is the auditor's, the leaf hashes are signed: the operator cannot prefer one leaf to another, and
//! anybody who holds the log draws the same sample.

use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::merkle::Hash;

/// The most samples of a package.
pub const SAMPLES_MAX: usize = 1000;

/// The head of the selection.
pub(super) const COLUMNS: [&str; 4] = ["rank", "index", "leaf_hash", "key"];

/// What an auditor asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    /// How many; fewer where the population is smaller.
    pub n: usize,
    /// The auditor's text, as UTF-8.
    pub seed: String,
    /// Which population; one whose rows stand for one leaf each.
    pub population: String,
}

/// The smallest keys so far.
pub(super) struct Selection {
    draw: Draw,
    smallest: BinaryHeap<([u8; 32], u64, [u8; 32])>,
}

impl Selection {
    pub(super) fn new(draw: Draw) -> Self {
        Self { draw, smallest: BinaryHeap::new() }
    }

    pub(super) fn population(&self) -> &str {
        &self.draw.population
    }

    /// Offers the leaf behind a row.
    pub(super) fn offer(&mut self, index: u64, leaf: &Hash) {
        let mut hasher = Sha256::new();
        hasher.update(&self.draw.seed);
        hasher.update(leaf.as_bytes());
        self.smallest.push((hasher.finalize().into(), index, *leaf.as_bytes()));
        if self.smallest.len() > self.draw.n.min(SAMPLES_MAX) {
            self.smallest.pop();
        }
    }

    /// The selection, smallest key first: key, index, leaf hash.
    pub(super) fn finish(self) -> Vec<(Hash, u64, Hash)> {
        let sorted = self.smallest.into_sorted_vec().into_iter();
        sorted.map(|(key, index, leaf)| (Hash::from_bytes(key), index, Hash::from_bytes(leaf))).collect()
    }
}
