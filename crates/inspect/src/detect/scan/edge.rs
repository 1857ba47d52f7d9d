//! Where a number or a word may begin and end.

/// A letter, a digit or an underscore.
pub(super) fn word(byte: u8) -> bool {
    WORD[usize::from(byte)]
}

/// Asked for at nearly every byte: one load is less than seven comparisons.
const WORD: [bool; 256] = {
    let mut word = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        word[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
        byte += 1;
    }
    word
};

/// Joins two words into one: a hyphen, a dot, a plus.
fn joint(byte: u8) -> bool {
    matches!(byte, b'-' | b'.' | b'+')
}

/// Whether a value may begin at `at`: it does not go on with the word before it.
pub(super) fn opens(bytes: &[u8], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|at| bytes[at]);
    match before(1) {
        None => true,
        Some(byte) if word(byte) => false,
        // What a mask replaced was a word: `]` ends one.
        Some(byte) if joint(byte) => !before(2).is_some_and(|byte| word(byte) || byte == b']'),
        Some(_) => true,
    }
}

/// Whether a value may end before `at`: no word goes on with it.
pub(super) fn closes(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        None => true,
        Some(byte) if word(*byte) => false,
        Some(byte) if joint(*byte) => !bytes.get(at + 1).is_some_and(|next| word(*next) || *next == b'['),
        Some(_) => true,
    }
}

/// The offset of the next byte that is no digit.
pub(super) fn digits_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| !byte.is_ascii_digit()).map_or(bytes.len(), |length| at + length)
}
