//! JSON strings to text and back (RFC 8259 section 7), keeping what is not Unicode.
//!
//! A JSON string may hold an escape of half a surrogate pair. As bytes it is kept in WTF-8 (three bytes, as UTF-8 would
//! have it), so that two different strings never become the same; as `str` it becomes U+FFFD, which is as long. Nothing
//! here rewrites the original: whoever replaces a part of a string maps it back with [`raw_range`] and splices.

use std::borrow::Cow;
use std::ops::Range;
use std::string::FromUtf8Error;

/// The text of a string, as WTF-8. `raw` is what stands between the quotes of a valid JSON string.
pub fn unescape(raw: &str) -> Cow<'_, [u8]> {
    let bytes = raw.as_bytes();
    let Some(first) = memchr::memchr(b'\\', bytes) else {
        return Cow::Borrowed(bytes);
    };
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    let mut next = Some(first);
    while let Some(backslash) = next {
        text.extend_from_slice(&bytes[at..backslash]);
        let (code, length) = decode(&bytes[backslash..]);
        push(&mut text, code);
        at = backslash + length;
        next = memchr::memchr(b'\\', &bytes[at..]).map(|found| at + found);
    }
    text.extend_from_slice(&bytes[at..]);
    Cow::Owned(text)
}

/// The text of a string, or `None` when it is not Unicode (it contains half a surrogate pair).
pub fn unescape_strict(raw: &str) -> Option<Cow<'_, str>> {
    match unescape(raw) {
        Cow::Borrowed(_) => Some(Cow::Borrowed(raw)),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// The text of a string; each half of a surrogate pair becomes U+FFFD.
pub fn unescape_lossy(raw: &str) -> Cow<'_, str> {
    match unescape(raw) {
        Cow::Borrowed(_) => Cow::Borrowed(raw),
        Cow::Owned(mut bytes) => {
            // Only surrogates begin with 0xED 0xA0..0xBF; every other byte came from a `str` or from `char`.
            let mut at = 0;
            while let Some(found) = memchr::memchr(0xed, &bytes[at..]) {
                at += found;
                if bytes.get(at + 1).is_some_and(|byte| *byte >= 0xa0) {
                    bytes[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
                }
                at += 1;
            }
            // The replacement is as long as a surrogate, so what is left is UTF-8 and is not copied.
            let lossy = |error: FromUtf8Error| String::from_utf8_lossy(error.as_bytes()).into_owned();
            Cow::Owned(String::from_utf8(bytes).unwrap_or_else(lossy))
        }
    }
}

/// Where a part of the text of a string (offsets as [`unescape`] and [`unescape_lossy`] count) stands in `raw`.
///
/// An end that falls inside a character takes in all of it. Linear in `raw`.
pub fn raw_range(raw: &str, text: Range<usize>) -> Range<usize> {
    let bytes = raw.as_bytes();
    let (mut at, mut decoded) = (0, 0);
    let mut start = None;
    while at < bytes.len() && decoded < text.end {
        let (raw_length, text_length) = match bytes[at] {
            b'\\' => {
                let (code, length) = decode(&bytes[at..]);
                (length, utf8_length(code))
            }
            first => {
                let length = utf8_length_from(first);
                (length, length)
            }
        };
        if start.is_none() && decoded + text_length > text.start {
            start = Some(at);
        }
        at += raw_length;
        decoded += text_length;
    }
    start.unwrap_or(at)..at
}

/// Appends `text` to `out` as it must stand between the quotes of a JSON string.
pub fn escape(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 0xf)]);
            }
            byte => out.push(byte),
        }
    }
}

/// One escape at the start of `bytes`: its code point (perhaps a lone surrogate), and its length in bytes.
///
/// What is not a valid escape stands for itself; valid JSON has none.
fn decode(bytes: &[u8]) -> (u32, usize) {
    match bytes.get(1) {
        Some(b'b') => (0x08, 2),
        Some(b'f') => (0x0c, 2),
        Some(b'n') => (0x0a, 2),
        Some(b'r') => (0x0d, 2),
        Some(b't') => (0x09, 2),
        Some(b'u') => match unit(bytes) {
            None => (0x5c, 1),
            Some(high @ 0xd800..0xdc00) => match unit(&bytes[6..]) {
                Some(low @ 0xdc00..0xe000) => (0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12),
                _ => (high, 6),
            },
            Some(code) => (code, 6),
        },
        Some(byte @ (b'"' | b'\\' | b'/')) => (u32::from(*byte), 2),
        _ => (0x5c, 1),
    }
}

/// The UTF-16 unit of a `\uXXXX` at the start of `bytes`.
fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.get(2..6).filter(|_| bytes.starts_with(b"\\u"))?;
    digits.iter().try_fold(0, |unit, byte| Some(unit * 16 + char::from(*byte).to_digit(16)?))
}

fn push(text: &mut Vec<u8>, code: u32) {
    if let Some(c) = char::from_u32(code) {
        text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        // A surrogate: three bytes, as generalised UTF-8 has it.
        let bits = |shift: u32| u8::try_from((code >> shift) & 0x3f).unwrap_or(0x3f);
        text.extend_from_slice(&[0xed, 0x80 | bits(6), 0x80 | bits(0)]);
    }
}

fn utf8_length(code: u32) -> usize {
    char::from_u32(code).map_or(3, char::len_utf8)
}

fn utf8_length_from(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_the_characters_they_name() {
        let check = |raw: &str, expected: &str| {
            assert_eq!(unescape_strict(raw).as_deref(), Some(expected), "{raw}");
            assert_eq!(unescape_lossy(raw), expected, "{raw}");
            assert_eq!(unescape(raw).as_ref(), expected.as_bytes(), "{raw}");
        };
        check("", "");
        check("plain", "plain");
        check(r"n\u0061me", "name");
        check(r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t");
        check(r"\ud83d\ude00!", "😀!");
        check(r"\uD83D\uDE00", "😀");
        check(r"é\u00e9", "éé");
        check("\u{ed00}\\n", "\u{ed00}\n");
    }

    #[test]
    fn half_a_surrogate_pair_keeps_its_identity_as_bytes_and_is_no_text() {
        for raw in [r"a\ud800b", r"a\udfffb", r"a\ud800\u0041", r"\ud800\ud800", r"\udc00\ud800"] {
            assert_eq!(unescape_strict(raw), None, "{raw}");
            assert_eq!(unescape_lossy(raw).len(), unescape(raw).len(), "{raw}");
            assert!(unescape_lossy(raw).contains('\u{fffd}'), "{raw}");
        }
        assert_ne!(unescape(r"\ud800"), unescape(r"\ud801"));
        assert_eq!(unescape(r"\ud800").as_ref(), b"\xed\xa0\x80");
        assert_eq!(unescape(r"\udfff").as_ref(), b"\xed\xbf\xbf");
    }

    #[test]
    fn part_of_the_text_is_found_in_the_raw_string() {
        let check = |raw: &str, part: &str, expected: &str| {
            let text = unescape_lossy(raw);
            let start = text.find(part).expect("is a part");
            assert_eq!(&raw[raw_range(raw, start..start + part.len())], expected, "{raw}");
        };
        check("abc", "b", "b");
        check(r"a\u0062c", "b", r"\u0062");
        check(r"a\n\ud83d\ude00\ud800 key", "\u{1f600}", r"\ud83d\ude00");
        check(r"a\n\ud83d\ude00\ud800 key", "key", "key");
        check(r"a\ud800z", "\u{fffd}", r"\ud800");
        check("aé€😀z", "€", "€");
        assert_eq!(raw_range(r"a\n", 2..2), 3..3);
        assert_eq!(raw_range("é", 1..2), 0..2, "takes in the whole character");
    }

    #[test]
    fn escaped_text_reads_back_the_same() {
        let all: String = (0..0x80).filter_map(char::from_u32).chain("é€😀\u{2028}".chars()).collect();
        let mut quoted = vec![b'"'];
        escape(&all, &mut quoted);
        quoted.push(b'"');
        assert_eq!(serde_json::from_slice::<String>(&quoted).expect("a JSON string"), all);
        let raw = std::str::from_utf8(&quoted[1..quoted.len() - 1]).expect("UTF-8");
        assert_eq!(unescape_lossy(raw), all);
    }
}
