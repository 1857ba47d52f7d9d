//! Keys that some parser takes for a key of ours, although their bytes differ.
//!
//! JSON compares keys byte by byte (RFC 8259 section 8.3), but Go and C# match them without regard to case, some
//! stacks normalise Unicode first, C programs stop at a NUL, and Python models accept `task_id` for `taskId`. Behind
//! such an upstream, `{"name": "read", "Name": "drop"}` is one call for the gateway and another for the upstream
//! (CVE-2026-27896). So a key that means one of ours to anybody and is not ours to the byte is refused, not ignored.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// How generously two spellings count as the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// Case, compatibility forms, marks, white space, invisible and control characters are disregarded.
    Case,
    /// `_` and `-` as well: how callers' keys are judged.
    Words,
}

/// A key as the most lenient parser would have it.
#[derive(Debug)]
pub struct Folded<'a>(Cow<'a, [u8]>);

/// Bytes of a folded key that are kept: more than any known key has, so that a longer one cannot become equal to one.
const FOLDED_BYTES_MAX: usize = 64;

/// Folds a key in WTF-8. Linear in the key, and one pass however many known keys it is then compared with.
pub fn fold(key: &[u8]) -> Folded<'_> {
    if key.iter().all(u8::is_ascii_graphic) {
        return Folded(Cow::Borrowed(key));
    }
    let mut folded = String::new();
    for c in seen(&text(key)) {
        folded.push(c);
        if folded.len() > FOLDED_BYTES_MAX {
            break;
        }
    }
    Folded(Cow::Owned(folded.into_bytes()))
}

/// What two keys of one object have in common when some parser takes them for the same: the key without regard to case,
/// compatibility forms, marks, and what cannot be seen. Linear in the key.
pub fn shape(key: &[u8]) -> Cow<'_, [u8]> {
    if !key.iter().all(u8::is_ascii_graphic) {
        return Cow::Owned(seen(&text(key)).collect::<String>().into_bytes());
    }
    if key.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(key.to_ascii_lowercase())
    } else {
        Cow::Borrowed(key)
    }
}

/// A C string ends at the first NUL.
fn text(key: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(key.split(|byte| *byte == 0).next().unwrap_or(key))
}

fn seen(text: &str) -> impl Iterator<Item = char> {
    text.nfkd().filter(|c| !is_invisible(*c)).map(plain)
}

/// Whether some parser may take `key` for `known`. They are known to differ; `known` is ASCII.
pub fn is_variant(key: &[u8], known: &str, spelling: Spelling) -> bool {
    fold(key).is(known, spelling)
}

impl Folded<'_> {
    /// Whether it is the same as `known` with that generosity.
    pub fn is(&self, known: &str, spelling: Spelling) -> bool {
        debug_assert!(known.len() <= FOLDED_BYTES_MAX, "a longer key would never be recognised");
        let kept = |byte: &u8| match spelling {
            Spelling::Case => true,
            Spelling::Words => !matches!(byte, b'_' | b'-'),
        };
        let lower = |byte: u8| byte.to_ascii_lowercase();
        self.0.iter().copied().filter(kept).map(lower).eq(known.bytes().filter(kept).map(lower))
    }
}

/// Removed by a parser that trims, normalises or ignores what cannot be seen: control characters and white space,
/// combining marks, and the default-ignorable code points of Unicode.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || is_combining_mark(c)
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// The case folds that decomposition leaves open: both Turkish letters count as `i`, as they do in Java.
fn plain(c: char) -> char {
    match c {
        'ı' => 'i',
        c => c.to_lowercase().next().unwrap_or(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_that_a_lenient_parser_accepts_is_a_variant() {
        for (key, known) in [
            ("Method", "method"),
            ("METHOD", "method"),
            ("JsonRpc", "jsonrpc"),
            ("paramſ", "params"),
            ("ｎａｍｅ", "name"),
            ("ＮAME", "name"),
            ("tas\u{212a}Id", "taskId"),
            ("na\u{200b}me", "name"),
            ("\u{feff}name", "name"),
            ("name\u{0}", "name"),
            ("name\u{0}x", "name"),
            ("name\t", "name"),
            (" name ", "name"),
            ("\u{a0}name\u{2003}", "name"),
            ("ur\u{131}", "uri"),
            ("URİ", "uri"),
            ("ⓝⓐⓜⓔ", "name"),
            ("𝐧𝒂𝓶𝕖", "name"),
            ("ⅰd", "id"),
            ("ℹd", "id"),
            ("ⁿame", "name"),
            ("na\u{301}me", "name"),
            ("n\u{e1}me", "name"),
            ("_meta\u{e0041}", "_meta"),
        ] {
            assert!(is_variant(key.as_bytes(), known, Spelling::Case), "{key:?}");
            assert!(is_variant(key.as_bytes(), known, Spelling::Words), "{key:?}");
        }
    }

    #[test]
    fn word_separators_matter_only_where_they_are_said_to() {
        for (key, known) in [
            ("task_id", "taskId"),
            ("request-state", "requestState"),
            ("Input_Responses", "inputResponses"),
            ("meta", "_meta"),
        ] {
            assert!(is_variant(key.as_bytes(), known, Spelling::Words), "{key:?}");
            assert!(!is_variant(key.as_bytes(), known, Spelling::Case), "{key:?}");
        }
    }

    #[test]
    fn other_keys_are_no_variants() {
        for key in ["names", "nam", "title", "名前", "n@me", "nàmes", "", "\u{200b}", "mame", "имя"] {
            for spelling in [Spelling::Case, Spelling::Words] {
                assert!(!is_variant(key.as_bytes(), "name", spelling), "{key:?}");
            }
        }
        assert!(
            !is_variant(b"name\xed\xa0\x80", "name", Spelling::Words),
            "half a surrogate pair is visible"
        );
    }
}
