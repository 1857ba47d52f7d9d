//! A leaf has one spelling: what decodes encodes to the same bytes, and those are canonical JSON.

use evidence::jcs;
use evidence::leaf::Leaf;

/// Reads one leaf.
pub fn run(data: &[u8]) {
    if let Ok(leaf) = Leaf::decode(data) {
        assert_eq!(leaf.encode().as_deref(), Ok(data), "one spelling");
        assert_eq!(jcs::check(data), Ok(()), "canonical JSON");
    }
    if let Ok(canonical) = jcs::canonicalize(data) {
        assert_eq!(jcs::check(&canonical), Ok(()), "canonical once is canonical for good");
    }
}
