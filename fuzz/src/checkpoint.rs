//! A checkpoint and a verifier key have one spelling.

use evidence::checkpoint::Checkpoint;
use evidence::note::VerifierKey;

/// Reads one checkpoint and one key.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text, "one spelling");
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text, "one spelling");
    }
}
