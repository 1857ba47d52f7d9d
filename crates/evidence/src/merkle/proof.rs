//! Inclusion and consistency proofs: RFC 6962, sections 2.1.1 and 2.1.2; verification follows
//! [RFC 9162, section 2.1](https://www.rfc-editor.org/rfc/rfc9162#section-2.1), which defines it step by step.

use super::{Hash, node_hash};

/// Why a proof could not be made or does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf index or the older size lies outside the tree.
    #[error("the tree of {size} leaves does not reach {wanted}")]
    OutOfRange {
        /// Number of leaves in the tree.
        size: u64,
        /// The index or older size that was asked for.
        wanted: u64,
    },
    /// The node source has no hash for a node the proof needs.
    #[error("node {index} of level {level} is missing from the stored tree")]
    MissingNode {
        /// Level of the missing node, 0 for a leaf hash.
        level: u32,
        /// Index of the node within its level.
        index: u64,
    },
    /// The proof has too many or too few hashes for the tree's size.
    #[error("the proof has the wrong number of hashes")]
    WrongLength,
    /// The proof leads to another root.
    #[error("the proof does not lead to the root")]
    WrongRoot,
}

/// The root of the tree of `size` leaves, from the hashes of perfect subtrees.
pub fn root_from_nodes(size: u64, node: impl Fn(u32, u64) -> Option<Hash>) -> Result<Hash, ProofError> {
    if size == 0 { Ok(Hash::empty_root()) } else { range_root(0, size, &node) }
}

/// The inclusion proof of leaf `index` in the tree of `size` leaves, from the leaf's sibling upwards.
///
/// `node(level, index)` gives the hash of a perfect subtree; it is asked for at most about 128 of them.
pub fn prove_inclusion(
    index: u64,
    size: u64,
    node: impl Fn(u32, u64) -> Option<Hash>,
) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange { size, wanted: index });
    }
    let (mut low, mut high) = (0, size);
    let mut path = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            path.push(range_root(middle, high, &node)?);
            high = middle;
        } else {
            path.push(range_root(low, middle, &node)?);
            low = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The consistency proof from the tree of `old` leaves to that of `size` leaves; empty when `old` is 0 or `size`.
pub fn prove_consistency(
    old: u64,
    size: u64,
    node: impl Fn(u32, u64) -> Option<Hash>,
) -> Result<Vec<Hash>, ProofError> {
    if old > size {
        return Err(ProofError::OutOfRange { size, wanted: old });
    }
    let mut path = Vec::new();
    if old == 0 || old == size {
        return Ok(path);
    }
    let (mut low, mut high) = (0, size);
    while high != old {
        let middle = low + split(high - low);
        if old <= middle {
            path.push(range_root(middle, high, &node)?);
            high = middle;
        } else {
            path.push(range_root(low, middle, &node)?);
            low = middle;
        }
    }
    // The old root itself is known to whoever verifies, so it is left out (SUBPROOF with b = true).
    if low != 0 {
        path.push(range_root(low, high, &node)?);
    }
    path.reverse();
    Ok(path)
}

/// Verifies that the leaf with hash `leaf` is number `index` of the tree of `size` leaves with root `root`
/// (RFC 9162, section 2.1.3.2).
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange { size, wanted: index });
    }
    let (mut fn_, mut sn) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in path {
        if sn == 0 {
            return Err(ProofError::WrongLength);
        }
        if fn_ & 1 == 1 || fn_ == sn {
            hash = node_hash(sibling, &hash);
            while fn_ & 1 == 0 && fn_ != 0 {
                fn_ >>= 1;
                sn >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        fn_ >>= 1;
        sn >>= 1;
    }
    if sn != 0 {
        return Err(ProofError::WrongLength);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::WrongRoot) }
}

/// Verifies that the tree of `size` leaves with root `root` is the tree of `old` leaves with root `old_root`
/// with leaves appended (RFC 9162, section 2.1.4.2). An empty old tree is consistent with every tree.
pub fn verify_consistency(
    old: u64,
    size: u64,
    path: &[Hash],
    old_root: &Hash,
    root: &Hash,
) -> Result<(), ProofError> {
    if old > size {
        return Err(ProofError::OutOfRange { size, wanted: old });
    }
    if old == 0 || old == size {
        let (expected, found) = if old == 0 { (Hash::empty_root(), old_root) } else { (*old_root, root) };
        return match (path, *found == expected) {
            ([], true) => Ok(()),
            ([], false) => Err(ProofError::WrongRoot),
            _ => Err(ProofError::WrongLength),
        };
    }
    let (start, rest) = if old.is_power_of_two() {
        (*old_root, path)
    } else {
        let (first, rest) = path.split_first().ok_or(ProofError::WrongLength)?;
        (*first, rest)
    };
    let shift = (old - 1).trailing_ones();
    let (mut fn_, mut sn) = ((old - 1) >> shift, (size - 1) >> shift);
    let (mut old_hash, mut hash) = (start, start);
    for sibling in rest {
        if sn == 0 {
            return Err(ProofError::WrongLength);
        }
        if fn_ & 1 == 1 || fn_ == sn {
            old_hash = node_hash(sibling, &old_hash);
            hash = node_hash(sibling, &hash);
            while fn_ & 1 == 0 && fn_ != 0 {
                fn_ >>= 1;
                sn >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        fn_ >>= 1;
        sn >>= 1;
    }
    if sn != 0 {
        return Err(ProofError::WrongLength);
    }
    if old_hash == *old_root && hash == *root { Ok(()) } else { Err(ProofError::WrongRoot) }
}

/// The root over the leaves `low..high`, where `low` is a multiple of the power of two at or above the width:
/// true of every range that RFC 6962's recursion visits.
fn range_root(low: u64, high: u64, node: &impl Fn(u32, u64) -> Option<Hash>) -> Result<Hash, ProofError> {
    let width = high - low;
    if width.is_power_of_two() {
        let level = width.trailing_zeros();
        let index = low >> level;
        return node(level, index).ok_or(ProofError::MissingNode { level, index });
    }
    let middle = low + split(width);
    Ok(node_hash(&range_root(low, middle, node)?, &range_root(middle, high, node)?))
}

/// The largest power of two smaller than `width`, which is at least 2.
const fn split(width: u64) -> u64 {
    1 << (u64::BITS - 1 - (width - 1).leading_zeros())
}
