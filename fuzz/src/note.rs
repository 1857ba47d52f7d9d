//! A note, and a proof file around one, have one spelling, and nothing verifies without a signature.

use evidence::note::Note;
use evidence::proof::Proof;

/// Reads one note and one proof file.
pub fn run(data: &[u8]) {
    if let Ok(note) = Note::parse(data) {
        assert_eq!(note.to_string().as_bytes(), data, "one spelling");
        assert!(note.verify(&[]).is_err(), "no key, no trust");
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(proof) = text.parse::<Proof>()
    {
        assert_eq!(proof.to_string(), text, "one spelling");
    }
}
