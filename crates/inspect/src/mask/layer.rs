//! Text inside text: base64 (RFC 4648), hexadecimal and percent-encoding (RFC 3986), where it decodes to text.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::finding::{Alphabet, Coding};
use super::limit;
use crate::walk::Span;

/// Padding or none, and spare bits of any kind: whoever reads it may be as lenient.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
/// Characters at the beginning of a run that are decoded to see whether it is text at all.
const TRIED: usize = 32;

/// Calls `visit` with every run in `text` that decodes to text, and what it decodes to.
pub(super) fn runs(text: &str, mut visit: impl FnMut(Span, Coding, String)) {
    let bytes = text.as_bytes();
    let step = limit::BASE64_MIN;
    let mut at = step - 1;
    // A run that is long enough covers one of these places.
    while at < bytes.len() {
        if !digit(bytes[at]) {
            at += step;
            continue;
        }
        let from = at.saturating_sub(step);
        let start = at - bytes[from..at].iter().rev().take_while(|byte| digit(**byte)).count();
        let length = bytes[start..].iter().take_while(|byte| digit(**byte)).count();
        let mut end = start + length;
        if length < step {
            at = end + step;
            continue;
        }
        end += bytes[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
        if let Some((coding, decoded)) = decode(&text[start..end]) {
            visit(Span::new(start, end), coding, decoded);
        }
        at = end + step;
    }
}

fn digit(byte: u8) -> bool {
    DIGITS[usize::from(byte)]
}

/// Signs of base64 in both alphabets. Asked for at nearly every byte: one load is less than seven comparisons.
const DIGITS: [bool; 256] = {
    let mut digits = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        digits[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
        byte += 1;
    }
    digits
};

/// What a run decodes to, if that is text.
fn decode(run: &str) -> Option<(Coding, String)> {
    let long = run.len() >= limit::HEX_MIN && run.len().is_multiple_of(2);
    if let Some(decoded) = long.then(|| hex(run)).flatten() {
        return Some((Coding::Hex, decoded));
    }
    base64(run).map(|(alphabet, decoded)| (Coding::Base64(alphabet), decoded))
}

/// What a part of a text decodes to that is known to be encoded so.
pub(super) fn decoded(coding: Coding, text: &str) -> Option<String> {
    match coding {
        Coding::Json => Some(text.to_owned()),
        Coding::Hex => hex(text),
        Coding::Percent => percent(text),
        Coding::Base64(_) => base64(text).map(|(_, decoded)| decoded),
    }
}

fn hex(run: &str) -> Option<String> {
    let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| Some(nibble(pair[0])? << 4 | nibble(*pair.get(1)?)?);
    text(run.as_bytes().chunks(2).map(pair).collect::<Option<_>>()?)
}

/// What base64 decodes to, if that is text.
pub(super) fn base64(run: &str) -> Option<(Alphabet, String)> {
    let alphabet = if run.contains(['-', '_']) { Alphabet::Url } else { Alphabet::Standard };
    let head = run.trim_end_matches('=');
    let head = head.get(..TRIED.min(head.len() & !3))?;
    let tried = engine(alphabet).decode(head).ok()?;
    let cut = std::str::from_utf8(&tried).map_or_else(|error| error.valid_up_to(), str::len);
    if tried.len() - cut > 3 || !readable(std::str::from_utf8(&tried[..cut]).ok()?) {
        return None;
    }
    Some((alphabet, text(engine(alphabet).decode(run).ok()?)?))
}

/// The way back.
pub(super) fn encode(coding: Coding, text: &str, padded: Padded) -> String {
    match coding {
        Coding::Json => text.to_owned(),
        Coding::Hex => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        Coding::Percent => percent_encode(text),
        Coding::Base64(alphabet) => {
            let mut encoded = engine(alphabet).encode(text);
            if padded == Padded::No {
                encoded.truncate(encoded.trim_end_matches('=').len());
            }
            encoded
        }
    }
}

/// Whether base64 ends with `=` where it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padded {
    Yes,
    No,
}

fn engine(alphabet: Alphabet) -> GeneralPurpose {
    match alphabet {
        Alphabet::Standard => STANDARD,
        Alphabet::Url => URL,
    }
}

fn text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().filter(|text| readable(text))
}

/// Whether it has no control characters but white space.
fn readable(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte >= 0x20 && byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r'))
}

/// The text with its percent-encoding undone; `None` when there is none, or when that is no text.
pub(super) fn percent(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let first = memchr::memchr_iter(b'%', bytes).find(|at| octet(&bytes[*at..]).is_some())?;
    let mut decoded = bytes[..first].to_vec();
    let mut at = first;
    while at < bytes.len() {
        match octet(&bytes[at..]) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).ok()
}

/// The octet that a `%XX` at the beginning of `bytes` stands for.
fn octet(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low] = *bytes.first_chunk::<3>()? else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Where parts of the decoded text, in order and apart, stand in the percent-encoded one.
pub(super) fn percent_ranges(encoded: &str, parts: &[Span]) -> Vec<Span> {
    let bytes = encoded.as_bytes();
    let (mut at, mut decoded) = (0, 0);
    let mut forward = |to: usize| {
        while decoded < to && at < bytes.len() {
            at += if octet(&bytes[at..]).is_some() { 3 } else { 1 };
            decoded += 1;
        }
        at
    };
    parts.iter().map(|part| Span::new(forward(part.start), forward(part.end))).collect()
}

fn percent_encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Vec<(&str, Coding, String)> {
        let mut found = Vec::new();
        runs(text, |span, coding, decoded| found.push((span.of(text), coding, decoded)));
        found
    }

    #[test]
    fn runs_that_hold_text_are_decoded_and_others_are_not() {
        let plain = "user: alice@example.com";
        for alphabet in [Alphabet::Standard, Alphabet::Url] {
            for padded in [Padded::Yes, Padded::No] {
                let coding = Coding::Base64(alphabet);
                let run = encode(coding, plain, padded);
                for around in ["", "see ", "a b c d e f g h i j k l m n o p q r s t "] {
                    let text = format!("{around}{run} end");
                    let found = decoded(&text);
                    assert_eq!(found.len(), 1, "{text}");
                    assert_eq!((found[0].0, &*found[0].2), (&*run, plain), "{text}");
                }
            }
        }
        let run = encode(Coding::Hex, plain, Padded::No);
        assert_eq!(decoded(&format!("x={run}")), [(&*run, Coding::Hex, plain.to_owned())]);
        for text in [
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "/usr/local/lib/python3/dist-packages",
            "aVeryLongIdentifierWithoutAnySpaces",
            "short",
        ] {
            assert_eq!(decoded(text), [], "{text}");
        }
    }

    #[test]
    fn parts_of_percent_encoded_text_are_found_again() {
        let encoded = "mail=alice%40example.com&x=%C3%A9&y=100%";
        let decoded = percent(encoded).expect("is encoded");
        assert_eq!(decoded, "mail=alice@example.com&x=é&y=100%");
        let start = decoded.find("alice").expect("a part");
        let part = Span::new(start, start + "alice@example.com".len());
        assert_eq!(percent_ranges(encoded, &[part])[0].of(encoded), "alice%40example.com");
        assert_eq!(percent("100% sure"), None);
        assert_eq!(percent("%ff%fe"), None);
    }
}
