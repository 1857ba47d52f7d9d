//! The lexical part of RFC 8259: strings (section 7), numbers (section 6), words (section 3).
//!
//! Every function gets the offset at which its token goes on and gives the offset after it.

use super::Fault;

/// A string after its opening quote: the offset after the closing quote, and whether it contains an escape.
pub(super) fn string(bytes: &[u8], mut at: usize) -> Result<(usize, bool), Fault> {
    let mut escaped = false;
    loop {
        at = plain(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok((at + 1, escaped)),
            Some(b'\\') => {
                escaped = true;
                at = escape(bytes, at)?;
            }
            Some(_) => return Err(Fault::Syntax(at)),
            None => return Err(Fault::Unfinished),
        }
    }
}

/// A number, sign included.
pub(super) fn number(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = match bytes.get(at) {
        Some(b'0') => at + 1,
        _ => digits(bytes, at)?,
    };
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        at = digits(bytes, at)?;
    }
    Ok(at)
}

/// One of `true`, `false`, `null`.
pub(super) fn word(bytes: &[u8], at: usize, word: &[u8]) -> Result<usize, Fault> {
    let rest = &bytes[at..];
    if rest.starts_with(word) {
        return Ok(at + word.len());
    }
    if word.starts_with(rest) { Err(Fault::Unfinished) } else { Err(Fault::Syntax(at)) }
}

/// At least one digit.
fn digits(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let count = bytes[at.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    match (count, bytes.get(at)) {
        (0, None) => Err(Fault::Unfinished),
        (0, Some(_)) => Err(Fault::Syntax(at)),
        _ => Ok(at + count),
    }
}

/// An escape, of which the backslash is at `at`.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            for digit in at + 2..at + 6 {
                match bytes.get(digit) {
                    Some(byte) if byte.is_ascii_hexdigit() => {}
                    Some(_) => return Err(Fault::Syntax(digit)),
                    None => return Err(Fault::Unfinished),
                }
            }
            Ok(at + 6)
        }
        Some(_) => Err(Fault::Syntax(at + 1)),
        None => Err(Fault::Unfinished),
    }
}

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = EACH << 7;

/// Offset of the first quote, backslash or control character at or after `at`; the length if there is none.
///
/// Eight bytes at a time: in each lane, subtracting and looking for a borrow tells whether the byte is the one sought.
/// A borrow can spoil only lanes to the left of a true hit, so the lowest hit is exact.
fn plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(EACH * 0x20) & !word;
        let quote = word ^ (EACH * 0x22);
        let quote = quote.wrapping_sub(EACH) & !quote;
        let backslash = word ^ (EACH * 0x5c);
        let backslash = backslash.wrapping_sub(EACH) & !backslash;
        let hits = (control | quote | backslash) & HIGH;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    bytes[at..].iter().position(special).map_or(bytes.len(), |found| at + found)
}
