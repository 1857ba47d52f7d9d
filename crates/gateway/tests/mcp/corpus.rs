//! The seeds of the fuzz targets.

use std::fs;
use std::path::Path;

/// Name and bytes of each seed of `target`, sorted by name.
pub(crate) fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut seeds: Vec<(String, Vec<u8>)> = fs::read_dir(&folder)
        .expect("the corpus is part of the repository")
        .map(|entry| entry.expect("readable").path())
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, fs::read(&path).expect("readable"))
        })
        .collect();
    assert!(!seeds.is_empty(), "no seeds for {target}");
    seeds.sort();
    seeds
}

/// A generator of test inputs: the same for the same seed (xorshift64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).expect("48 bits") % limit.max(1)
    }

    /// `bytes` with one to four things wrong with them; `others` and `words` lend what is put in.
    pub(crate) fn mutate(&mut self, bytes: &[u8], others: &[(String, Vec<u8>)], words: &[&[u8]]) -> Vec<u8> {
        let mut mutated = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(mutated.len() + 1);
            let end = (at + self.below(12)).min(mutated.len());
            match self.below(7) {
                0 => drop(mutated.splice(at..end, [])),
                1 => drop(mutated.splice(at..at, words[self.below(words.len())].iter().copied())),
                2 => drop(mutated.splice(at..end, words[self.below(words.len())].iter().copied())),
                3 if at < mutated.len() => mutated[at] ^= 1 << self.below(8),
                4 => {
                    let again = mutated[at..end].to_vec();
                    let to = self.below(mutated.len() + 1);
                    drop(mutated.splice(to..to, again));
                }
                5 => {
                    let other = &others[self.below(others.len())].1;
                    let from = self.below(other.len() + 1);
                    let to = (from + self.below(60)).min(other.len());
                    drop(mutated.splice(at..end, other[from..to].iter().copied()));
                }
                _ => mutated.truncate(at.max(1)),
            }
        }
        mutated
    }
}
