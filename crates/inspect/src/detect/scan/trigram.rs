//! The filter in front of every literal: three bytes at each offset, their case folded, looked up in a small table.
//!
//! Six offsets are tried with one load. Unlike a packed search for whole literals it costs the same for any number of
//! them, compares without case for nothing, and sees literals that overlap.

/// log2 of the slots of the table: 16 KiB, of which a text touches a small part.
const BITS: u32 = 14;
const SLOTS: usize = 1 << BITS;
/// Bit 5 of every byte: set in lower-case letters, clear in upper-case ones.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// A set of triples of bytes.
#[derive(Debug, Clone)]
pub(crate) struct Trigrams {
    /// In each slot one bit of eight for every triple that falls into it: a triple has a slot and a bit.
    ///
    /// An array, so that an index of [`BITS`] bits is known to be inside.
    table: Box<[u8; SLOTS]>,
}

impl Default for Trigrams {
    fn default() -> Self {
        Self { table: Box::new([0; SLOTS]) }
    }
}

/// The first three bytes of `bytes`, case folded; `None` when there are fewer.
pub(crate) fn folded(bytes: &[u8]) -> Option<u32> {
    let [a, b, c] = *bytes.first_chunk::<3>()?;
    Some(u32::from_le_bytes([a | 0x20, b | 0x20, c | 0x20, 0]))
}

/// The slot of the triple in the low three bytes of `word`. The factor shifts the fourth out.
fn slot(word: u32) -> usize {
    (word.wrapping_mul(0x9e37_7900) >> (32 - BITS)) as usize
}

/// Which of the eight bits in its slot belongs to that triple.
fn bit(word: u32) -> u8 {
    1 << (word.wrapping_mul(0x85eb_ca00) >> 29)
}

/// Rows sorted by [`place`] of their triple, and where those of each place begin: two loads find them all, where a
/// binary search would guess wrong at every step.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<u16>);

/// log2 of the places: 4 KiB for the offsets.
const PLACE_BITS: u32 = 11;

/// Where rows that begin with that triple stand.
fn place(trigram: u32) -> usize {
    (trigram.wrapping_mul(0x85eb_ca00) >> (32 - PLACE_BITS)) as usize
}

impl Places {
    /// Sorts `rows` and notes where each place begins.
    pub(super) fn sort<T>(rows: &mut [T], trigram: impl Fn(&T) -> u32) -> Self {
        rows.sort_by_key(|row| (place(trigram(row)), trigram(row)));
        let begins = |at: usize| rows.partition_point(|row| place(trigram(row)) < at);
        Self((0..=1 << PLACE_BITS).map(|at| u16::try_from(begins(at)).unwrap_or(u16::MAX)).collect())
    }

    /// Which rows may begin with that triple, and perhaps others.
    pub(super) fn rows(&self, trigram: u32) -> std::ops::Range<usize> {
        let at = place(trigram);
        match self.0.get(at..at + 2) {
            Some([from, to]) => usize::from(*from)..usize::from(*to),
            _ => 0..0,
        }
    }
}

impl Trigrams {
    /// Adds the first three bytes of `literal`; one that is shorter is not added.
    pub(crate) fn add(&mut self, literal: &[u8]) {
        if let Some(trigram) = folded(literal) {
            self.table[slot(trigram)] |= bit(trigram);
        }
    }

    fn has(&self, word: u32) -> bool {
        self.table[slot(word)] & bit(word) != 0
    }

    /// Calls `visit` with every offset at which one of the set may begin. Some begin none.
    pub(crate) fn candidates(&self, bytes: &[u8], mut visit: impl FnMut(usize)) {
        let mut at = 0;
        while let Some(chunk) = bytes[at..].first_chunk::<8>() {
            let folded = u64::from_le_bytes(*chunk) | FOLD;
            // The low four bytes, of which three count.
            let lane = |lane: u32| u32::try_from(folded >> (8 * lane) & 0xffff_ffff).unwrap_or(0);
            let filled = |at: u32| self.table[slot(lane(at))];
            if (filled(0) | filled(1) | filled(2) | filled(3) | filled(4) | filled(5)) != 0 {
                for (offset, at_lane) in (at..).zip(0..6) {
                    if self.has(lane(at_lane)) {
                        visit(offset);
                    }
                }
            }
            at += 6;
        }
        while let Some(trigram) = folded(&bytes[at..]) {
            if self.has(trigram) {
                visit(at);
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_a_literal_is_a_candidate_whatever_its_case() {
        let mut set = Trigrams::default();
        set.add(b"ghp_");
        set.add(b"://");
        for length in 0..40 {
            for at in 0..=length {
                for literal in ["ghp", "GhP", "://"] {
                    let text = format!("{}{literal}{}", ".".repeat(at), ".".repeat(length - at));
                    let mut found = Vec::new();
                    set.candidates(text.as_bytes(), |at| found.push(at));
                    assert_eq!(found, [at], "{text}");
                }
            }
        }
    }
}
