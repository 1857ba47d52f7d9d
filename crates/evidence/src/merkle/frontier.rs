//! The right edge of a tree: all that is needed to append to it and to know its root.

use super::{Hash, node_hash};

/// A tree reduced to its size and the roots of its perfect subtrees, largest first: at most 64 hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

/// The bytes are not an encoded frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stored frontier is damaged: its length does not fit its size")]
pub struct DecodeFrontierError;

impl Frontier {
    /// The frontier of the tree without leaves.
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// Number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends one leaf, given its leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_each(leaf, |_, _, _| ());
    }

    /// Appends one leaf and calls `node(level, index, hash)` for every perfect subtree that is now complete,
    /// from the leaf itself upwards: what a store of tree nodes has to add.
    pub fn push_each(&mut self, leaf: Hash, mut node: impl FnMut(u32, u64, Hash)) {
        let index = self.size;
        let mut hash = leaf;
        node(0, index, hash);
        for level in 1..=index.trailing_ones() {
            hash = node_hash(&self.take_smallest_peak(), &hash);
            node(level, index >> level, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The tree's root hash.
    pub fn root(&self) -> Hash {
        let fold = |right: Hash, left: &Hash| node_hash(left, &right);
        match self.peaks.split_last() {
            None => Hash::empty_root(),
            Some((last, rest)) => rest.iter().rev().fold(*last, fold),
        }
    }

    /// The root of a perfect subtree, when it is one of those that are kept: none of them is part of a larger one yet.
    pub fn peak(&self, level: u32, index: u64) -> Option<Hash> {
        let bit = 1_u64.checked_shl(level)?;
        let last = (self.size >> level).checked_sub(1)?;
        if self.size & bit == 0 || index != last {
            return None;
        }
        let larger = (self.size >> level).count_ones() as usize - 1;
        self.peaks.get(larger).copied()
    }

    /// The form to store: the size as 8 bytes big-endian, then the peaks, largest first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + self.peaks.len() * 32);
        bytes.extend_from_slice(&self.size.to_be_bytes());
        for peak in &self.peaks {
            bytes.extend_from_slice(peak.as_bytes());
        }
        bytes
    }

    /// Reads [`Self::to_bytes`] back. Only the length can be checked: compare the root with a signed one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeFrontierError> {
        let (size, peaks) = bytes.split_first_chunk::<8>().ok_or(DecodeFrontierError)?;
        let size = u64::from_be_bytes(*size);
        let (peaks, rest) = peaks.as_chunks::<32>();
        if peaks.len() != size.count_ones() as usize || !rest.is_empty() {
            return Err(DecodeFrontierError);
        }
        Ok(Self { size, peaks: peaks.iter().copied().map(Hash::from_bytes).collect() })
    }

    fn take_smallest_peak(&mut self) -> Hash {
        // Unwrap safety: there is one peak per set bit of the size, and one is taken per trailing set bit.
        self.peaks.pop().expect("one peak per set bit")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{leaf_hash, root_of_level};
    use super::*;

    #[test]
    fn root_is_that_of_the_whole_tree() {
        let mut frontier = Frontier::new();
        let mut leaves = Vec::new();
        for i in 0..256_u64 {
            let expected = root_of_level(&leaves).unwrap_or_else(Hash::empty_root);
            assert_eq!(frontier.root(), expected, "{i}");
            assert_eq!(Frontier::from_bytes(&frontier.to_bytes()), Ok(frontier.clone()));
            leaves.push(leaf_hash(&i.to_be_bytes()));
            frontier.push(leaves[leaves.len() - 1]);
        }
        assert_eq!(frontier.size(), 256);
    }

    #[test]
    fn completed_nodes_are_yielded_once() {
        let mut frontier = Frontier::new();
        let mut nodes = Vec::new();
        for i in 0..8 {
            frontier.push_each(leaf_hash(&[i]), |level, index, _| nodes.push((level, index)));
        }
        assert_eq!(nodes.len(), 15);
        nodes.sort_unstable();
        nodes.dedup();
        assert_eq!(nodes.len(), 15);
        assert_eq!(nodes.last(), Some(&(3, 0)));
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let mut frontier = Frontier::new();
        for i in 0..5 {
            frontier.push(leaf_hash(&[i]));
        }
        let bytes = frontier.to_bytes();
        for length in 0..bytes.len() {
            assert_eq!(Frontier::from_bytes(&bytes[..length]), Err(DecodeFrontierError));
        }
        let mut longer = bytes;
        longer.push(0);
        assert_eq!(Frontier::from_bytes(&longer), Err(DecodeFrontierError));
    }
}
