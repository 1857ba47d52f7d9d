//! Text inside text: base64 (RFC 4648), hexadecimal and percent-encoding (RFC 3986), where it decodes to text.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::finding::{Alphabet, Coding};
use super::limit;
use crate::detect::check::secret::six_bits;
use crate::walk::Span;

/// Padding or none, and spare bits of any kind: whoever reads it may be as lenient.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
/// Characters at the beginning of a run that are decoded to see whether it is text at all.
const TRIED: usize = 32;

/// Shortest line that may go on in the next one, in bytes: programs break after 60 to 76.
const LINE_MIN: usize = 40;

/// Calls `visit` with every run in `text` that decodes to text, and what it decodes to. A run may go on over lines.
pub(super) fn runs(text: &str, mut visit: impl FnMut(Span, Coding, String)) {
    let bytes = text.as_bytes();
    let step = limit::BASE64_MIN;
    let mut at = step - 1;
    // Lines that begin before it do not belong together.
    let mut apart = 0;
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
        let last = if start < apart { end } else { over_lines(bytes, start, end) };
        if last > end {
            let run = Span::new(start, padded_end(bytes, last));
            if let Some((coding, decoded)) = decode(run.of(text)) {
                visit(run, coding, decoded);
                at = run.end + step;
                continue;
            }
            apart = last;
        }
        end = padded_end(bytes, end);
        if let Some((coding, decoded)) = decode(&text[start..end]) {
            visit(Span::new(start, end), coding, decoded);
        }
        at = end + step;
    }
}

fn padded_end(bytes: &[u8], end: usize) -> usize {
    end + bytes[end..].iter().take(2).take_while(|byte| **byte == b'=').count()
}

/// Where a run ends that is broken into lines as long as the one from `start` to `end`; the last may be shorter.
fn over_lines(bytes: &[u8], start: usize, end: usize) -> usize {
    let length = end - start;
    let mut last = end;
    if length < LINE_MIN || !length.is_multiple_of(4) {
        return last;
    }
    while let Some(gap) = gap(&bytes[last..]) {
        let from = last + gap;
        let line = bytes[from..].iter().take(length + 1).take_while(|byte| digit(**byte)).count();
        let ends = !matches!(bytes.get(from + line), Some(b' ' | b'\t' | b':' | b'.'));
        if line == 0 || line > length || !ends {
            break;
        }
        last = from + line;
        if line < length {
            break;
        }
    }
    last
}

/// Length of the end of a line and of the indent of the next.
fn gap(bytes: &[u8]) -> Option<usize> {
    let end = match bytes {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => return None,
    };
    Some(end + bytes[end..].iter().take(INDENT_MAX).take_while(|byte| **byte == b' ').count())
}

/// Deepest indent of lines that belong together, in bytes.
const INDENT_MAX: usize = 32;

/// A run without what it is broken by.
fn joined(run: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\n', run.as_bytes()).is_none() {
        return Cow::Borrowed(run);
    }
    Cow::Owned(run.split_ascii_whitespace().collect())
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
    let run = &*joined(run);
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
        Coding::Hex => hex(&joined(text)),
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
    let run = &*joined(run);
    let alphabet = if run.contains(['-', '_']) { Alphabet::Url } else { Alphabet::Standard };
    let head = run.trim_end_matches('=');
    let head = head.get(..TRIED.min(head.len() & !3)).filter(|head| begins_readably(head))?;
    let tried = engine(alphabet).decode(head).ok()?;
    let cut = std::str::from_utf8(&tried).map_or_else(|error| error.valid_up_to(), str::len);
    if tried.len() - cut > 3 || !readable(std::str::from_utf8(&tried[..cut]).ok()?) {
        return None;
    }
    Some((alphabet, text(engine(alphabet).decode(run).ok()?)?))
}

/// Whether the first byte that base64 decodes to may begin a text: a look at two signs, which most runs do not stand.
fn begins_readably(run: &str) -> bool {
    let [first, second, ..] = run.as_bytes() else { return false };
    let byte = six_bits(*first).zip(six_bits(*second)).map(|(high, low)| high << 2 | low >> 4);
    byte.is_some_and(readable_byte)
}

/// The way back: `text` as `held` was encoded, with padding if that had it, and in lines as long.
pub(super) fn encode(coding: Coding, text: &str, held: &str) -> String {
    let encoded = match coding {
        Coding::Json => text.to_owned(),
        Coding::Hex => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        Coding::Percent => percent_encode(text),
        Coding::Base64(alphabet) => {
            let mut encoded = engine(alphabet).encode(text);
            if !joined(held).len().is_multiple_of(4) {
                encoded.truncate(encoded.trim_end_matches('=').len());
            }
            encoded
        }
    };
    let line = held.find(['\r', '\n']).filter(|line| *line > 0 && encoded.is_ascii());
    let Some((line, gap)) = line.and_then(|line| Some((line, gap(&held.as_bytes()[line..])?))) else {
        return encoded;
    };
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(line).filter_map(|line| str::from_utf8(line).ok()).collect();
    lines.join(&held[line..line + gap])
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
    !text.is_empty() && text.bytes().all(readable_byte)
}

fn readable_byte(byte: u8) -> bool {
    byte >= 0x20 && byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r')
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
            for like in ["abcd", "abc"] {
                let coding = Coding::Base64(alphabet);
                let run = encode(coding, plain, like);
                for around in ["", "see ", "a b c d e f g h i j k l m n o p q r s t "] {
                    let text = format!("{around}{run} end");
                    let found = decoded(&text);
                    assert_eq!(found.len(), 1, "{text}");
                    assert_eq!((found[0].0, &*found[0].2), (&*run, plain), "{text}");
                }
            }
        }
        let run = encode(Coding::Hex, plain, "");
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
    fn runs_in_lines_are_one_and_are_written_in_lines_again() {
        let plain = "DB_HOST=db\nDB_PASSWORD=correct-horse\n".repeat(9);
        for coding in [Coding::Base64(Alphabet::Standard), Coding::Hex] {
            for (length, gap) in [(76, "\n"), (64, "\r\n"), (60, "\n    ")] {
                let like = format!("{}{gap}a", "a".repeat(length));
                let run = encode(coding, &plain, &like);
                assert!(run.lines().count() > 5, "{run}");
                for around in ["", "\n", "\n-- \n", "\nkey: value"] {
                    let text = format!("{around}{gap}{run}{around}");
                    let found = decoded(&text);
                    assert_eq!(found, [(&*run, coding, plain.clone())], "{text}");
                    assert_eq!(encode(coding, &plain, found[0].0), run);
                    assert_eq!(super::decoded(coding, &run), Some(plain.clone()));
                }
            }
        }
        let lines = ["a".repeat(64), "b".repeat(64), "c".repeat(64)].join("\n");
        assert_eq!(decoded(&lines), []);
        let one = encode(Coding::Base64(Alphabet::Standard), &plain[..57], "");
        let broken = format!("{one}\n{}", "z".repeat(76));
        assert_eq!(decoded(&broken).len(), 1, "a line is read alone where they do not belong together");
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
