//! The filter in front of every literal: three bytes at each offset, their case folded, looked up in a small bitmap.
//!
//! Six offsets are tried with one load. Unlike a packed search for whole literals it costs the same for any number of
//! them, compares without case for nothing, and sees literals that overlap.

/// log2 of the bits in the map: 4 KiB, which stay in the nearest cache.
const BITS: u32 = 15;
/// Bit 5 of every byte: set in lower-case letters, clear in upper-case ones.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// A set of triples of bytes.
#[derive(Debug, Clone)]
pub(crate) struct Trigrams {
    map: Vec<u64>,
}

impl Default for Trigrams {
    fn default() -> Self {
        Self { map: vec![0; 1 << (BITS - 6)] }
    }
}

/// The first three bytes of `bytes`, case folded; `None` when there are fewer.
pub(crate) fn folded(bytes: &[u8]) -> Option<u32> {
    let [a, b, c] = *bytes.first_chunk::<3>()?;
    Some(u32::from_le_bytes([a | 0x20, b | 0x20, c | 0x20, 0]))
}

fn slot(trigram: u32) -> (usize, u32) {
    let hash = trigram.wrapping_mul(0x9e37_79b1) >> (32 - BITS);
    ((hash >> 6) as usize, hash & 63)
}

impl Trigrams {
    /// Adds the first three bytes of `literal`; one that is shorter is not added.
    pub(crate) fn add(&mut self, literal: &[u8]) {
        if let Some(trigram) = folded(literal) {
            let (word, bit) = slot(trigram);
            self.map[word] |= 1 << bit;
        }
    }

    fn has(&self, trigram: u32) -> bool {
        let (word, bit) = slot(trigram);
        // The mask tells the compiler that the index is in bounds.
        self.map.get(word).is_some_and(|word| word >> bit & 1 == 1)
    }

    /// Calls `visit` with every offset at which one of the set may begin. Some begin none.
    pub(crate) fn candidates(&self, bytes: &[u8], mut visit: impl FnMut(usize)) {
        let mut at = 0;
        while let Some(chunk) = bytes[at..].first_chunk::<8>() {
            let folded = u64::from_le_bytes(*chunk) | FOLD;
            let mut hits = 0_u32;
            for lane in 0..6 {
                let trigram = u32::try_from(folded >> (8 * lane) & 0x00ff_ffff).unwrap_or(0);
                hits |= u32::from(self.has(trigram)) << lane;
            }
            while hits != 0 {
                visit(at + hits.trailing_zeros() as usize);
                hits &= hits - 1;
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
