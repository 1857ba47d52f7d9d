//! Our tree against the crate `ct-merkle`.

use std::collections::HashMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use evidence::merkle::{
    Frontier, Hash, leaf_hash, prove_consistency, prove_inclusion, root_from_nodes, verify_consistency,
    verify_inclusion,
};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sha2::Sha256;

struct Both {
    theirs: MemoryBackedTree<Sha256, Vec<u8>>,
    frontier: Frontier,
    nodes: HashMap<(u32, u64), Hash>,
    roots: Vec<Hash>,
}

impl Both {
    fn new(size: u64, seed: u64) -> Self {
        let mut both = Self {
            theirs: MemoryBackedTree::new(),
            frontier: Frontier::new(),
            nodes: HashMap::new(),
            roots: vec![Hash::empty_root()],
        };
        for i in 0..size {
            let leaf = [seed.to_be_bytes(), i.to_be_bytes()].concat();
            both.frontier.push_each(leaf_hash(&leaf), |level, index, hash| {
                assert_eq!(both.nodes.insert((level, index), hash), None);
            });
            both.roots.push(both.frontier.root());
            both.theirs.push(leaf);
        }
        both
    }

    fn node(&self) -> impl Fn(u32, u64) -> Option<Hash> {
        |level, index| self.nodes.get(&(level, index)).copied()
    }
}

fn joined(path: &[Hash]) -> Vec<u8> {
    path.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

#[test]
fn roots_equal_for_every_size() {
    for size in 0..=300 {
        let both = Both::new(size, 7);
        let theirs: [u8; 32] = (*both.theirs.root().as_bytes()).into();
        assert_eq!(both.frontier.root(), Hash::from_bytes(theirs), "{size}");
        assert_eq!(root_from_nodes(size, both.node()), Ok(both.frontier.root()));
    }
}

proptest! {
    #[test]
    fn inclusion_proofs_equal(size in 1..600_u64, at in any::<u64>(), seed in any::<u64>()) {
        let both = Both::new(size, seed);
        let index = at % size;
        let path = prove_inclusion(index, size, both.node()).unwrap();
        let at = usize::try_from(index).unwrap();
        let theirs = both.theirs.prove_inclusion(at);
        prop_assert_eq!(joined(&path), theirs.as_bytes());
        let leaf = leaf_hash(&[seed.to_be_bytes(), index.to_be_bytes()].concat());
        let root = both.frontier.root();
        prop_assert_eq!(verify_inclusion(&leaf, index, size, &path, &root), Ok(()));
        // No other leaf, index, size or path passes.
        prop_assert!(verify_inclusion(&Hash::ZERO, index, size, &path, &root).is_err());
        for other in (0..size).filter(|&other| other != index) {
            prop_assert!(verify_inclusion(&leaf, other, size, &path, &root).is_err());
        }
        let mut longer = path.clone();
        longer.push(root);
        prop_assert!(verify_inclusion(&leaf, index, size, &longer, &root).is_err());
        for cut in 0..path.len() {
            prop_assert!(verify_inclusion(&leaf, index, size, &path[..cut], &root).is_err());
            let mut changed = path.clone();
            changed[cut] = Hash::ZERO;
            prop_assert!(verify_inclusion(&leaf, index, size, &changed, &root).is_err());
        }
    }

    #[test]
    fn consistency_proofs_equal(size in 1..600_u64, at in any::<u64>(), seed in any::<u64>()) {
        let both = Both::new(size, seed);
        let old = at % size + 1;
        let path = prove_consistency(old, size, both.node()).unwrap();
        let added = usize::try_from(size - old).unwrap();
        let theirs = both.theirs.prove_consistency(added);
        prop_assert_eq!(joined(&path), theirs.as_bytes());
        let old_root = both.roots[usize::try_from(old).unwrap()];
        let root = both.frontier.root();
        prop_assert_eq!(verify_consistency(old, size, &path, &old_root, &root), Ok(()));
        prop_assert!(verify_consistency(old, size, &path, &Hash::ZERO, &root).is_err());
        prop_assert!(verify_consistency(old, size, &path, &old_root, &Hash::ZERO).is_err());
        let mut longer = path.clone();
        longer.push(root);
        prop_assert!(verify_consistency(old, size, &longer, &old_root, &root).is_err());
        for cut in 0..path.len() {
            prop_assert!(verify_consistency(old, size, &path[..cut], &old_root, &root).is_err());
            let mut changed = path.clone();
            changed[cut] = Hash::ZERO;
            prop_assert!(verify_consistency(old, size, &changed, &old_root, &root).is_err());
        }
    }
}

#[test]
fn empty_and_equal_trees_are_consistent_without_proof() {
    let both = Both::new(5, 1);
    let root = both.frontier.root();
    let empty = Hash::empty_root();
    assert_eq!(verify_consistency(0, 5, &[], &empty, &root), Ok(()));
    assert_eq!(verify_consistency(5, 5, &[], &root, &root), Ok(()));
    assert!(verify_consistency(0, 5, &[], &Hash::ZERO, &root).is_err());
    assert!(verify_consistency(5, 5, &[], &root, &empty).is_err());
    assert!(verify_consistency(6, 5, &[], &root, &root).is_err());
    assert!(verify_consistency(0, 5, &[root], &empty, &root).is_err());
    assert!(prove_inclusion(5, 5, both.node()).is_err());
    assert!(prove_consistency(6, 5, both.node()).is_err());
}
