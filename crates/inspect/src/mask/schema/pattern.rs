//! `pattern`: a regular expression of ECMA-262, as far as it means the same here, and a text that matches it.

use regex_automata::meta::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::mask::limit;

/// Memory of one compiled pattern, in bytes.
const COMPILED_MAX: usize = 64 * 1024;
/// Memory of a compiled pattern that costs one step for each byte, in bytes.
const SMALL: usize = 4096;
/// What an example takes from a class of characters when it may choose.
const FILLERS: [char; 6] = ['0', 'x', 'X', '*', '-', '.'];

/// A pattern.
#[derive(Debug)]
pub(super) enum Pattern {
    /// It is compiled.
    Read {
        /// Boxed: schemas have few.
        regex: Box<Regex>,
        /// A text that matches, if a short one was found.
        example: Option<String>,
        /// How much work one byte of a text is.
        weight: usize,
    },
    /// It uses what is not supported (looking ahead, Unicode properties), or is too large. What has the shape of the
    /// value that was there is taken to match.
    Unread,
}

impl Pattern {
    /// Reads a pattern.
    pub(super) fn new(pattern: &str) -> Self {
        Self::read(pattern).unwrap_or(Self::Unread)
    }

    fn read(pattern: &str) -> Option<Self> {
        if pattern.len() > limit::SCHEMA_PATTERN_MAX {
            return None;
        }
        let translated = translate(pattern)?;
        let hir = regex_syntax::parse(&translated).ok()?;
        let config = Regex::config().hybrid(false).nfa_size_limit(Some(COMPILED_MAX));
        let regex = Regex::builder().configure(config).build_from_hir(&hir).ok()?;
        let mut example = String::new();
        let complete = exemplify(&hir, &mut example) && regex.is_match(&example);
        let weight = 1 + regex.memory_usage() / SMALL;
        Some(Self::Read { regex: Box::new(regex), example: complete.then_some(example), weight })
    }

    /// Whether `text`, which stands where `original` stood, matches. What is too long to try does not.
    pub(super) fn matches(&self, text: &str, original: &str) -> bool {
        match self {
            Self::Read { regex, .. } => text.len() <= limit::SCHEMA_TEXT_MAX && regex.is_match(text),
            Self::Unread => text == shape(original) || text == original,
        }
    }

    /// How much work one byte of a text is, in steps.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Read { weight, .. } => *weight,
            Self::Unread => 1,
        }
    }

    /// A text that matches and says nothing.
    pub(super) fn example(&self) -> Option<&str> {
        match self {
            Self::Read { example, .. } => example.as_deref(),
            Self::Unread => None,
        }
    }
}

/// A text with a zero for each digit and an `x` for each letter of `text`.
pub(super) fn shape(text: &str) -> String {
    let filler = |c: char| match c {
        c if c.is_numeric() => '0',
        c if c.is_uppercase() => 'X',
        c if c.is_alphabetic() => 'x',
        c => c,
    };
    text.chars().map(filler).collect()
}

/// The pattern in the syntax of crate `regex-syntax`: classes by their members, because they are of ASCII there and the
/// tables of Unicode are not built in, and brackets inside brackets escaped. `None` when it would mean something else.
fn translate(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut inside = false;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let escaped = chars.next()?;
                match (escaped, inside) {
                    ('d', false) => out.push_str("[0-9]"),
                    ('d', true) => out.push_str("0-9"),
                    ('w', false) => out.push_str("[0-9A-Za-z_]"),
                    ('w', true) => out.push_str("0-9A-Za-z_"),
                    ('s', false) => out.push_str(r"[\t-\r ]"),
                    ('s', true) => out.push_str(r"\t-\r "),
                    ('D', false) => out.push_str("[^0-9]"),
                    ('W', false) => out.push_str("[^0-9A-Za-z_]"),
                    ('S', false) => out.push_str(r"[^\t-\r ]"),
                    ('b', false) => out.push_str(r"(?-u:\b)"),
                    ('n' | 'r' | 't' | 'f' | 'v' | 'x' | 'u', _) => out.extend(['\\', escaped]),
                    (letter, _) if letter.is_alphanumeric() => return None,
                    (sign, _) => escape(sign, &mut out),
                }
            }
            '[' if inside => out.push_str(r"\["),
            '[' => {
                inside = true;
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // Nothing, or anything, in ECMA-262.
                if chars.peek() == Some(&']') {
                    return None;
                }
            }
            ']' if inside => {
                inside = false;
                out.push(']');
            }
            '&' | '~' if inside => escape(c, &mut out),
            '-' if inside && chars.peek() == Some(&'-') => return None,
            c => out.push(c),
        }
    }
    (!inside).then_some(out)
}

fn escape(sign: char, out: &mut String) {
    if sign.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(sign);
}

/// Appends the shortest of the texts that match, where that is easily told; false when the text grows too long.
fn exemplify(hir: &Hir, out: &mut String) -> bool {
    if out.len() > limit::SCHEMA_PATTERN_MAX {
        return false;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            out.push_str(&String::from_utf8_lossy(&literal.0));
            true
        }
        HirKind::Class(Class::Unicode(class)) => {
            let holds =
                |c: &char| class.ranges().iter().any(|range| range.start() <= *c && *c <= range.end());
            let first = || class.ranges().first().map(regex_syntax::hir::ClassUnicodeRange::start);
            let chosen = FILLERS.into_iter().find(holds).or_else(first);
            out.extend(chosen);
            chosen.is_some()
        }
        HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Repetition(repetition) => (0..repetition.min).all(|_| exemplify(&repetition.sub, out)),
        HirKind::Capture(capture) => exemplify(&capture.sub, out),
        HirKind::Concat(parts) => parts.iter().all(|part| exemplify(part, out)),
        HirKind::Alternation(parts) => parts.first().is_some_and(|part| exemplify(part, out)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn example_matches_and_is_made_of_fillers() {
        for (pattern, example) in [
            (r"^\d{3}-\d{2}-\d{4}$", "000-00-0000"),
            (r"^[A-Z]{2}[0-9]{6}$", "XX000000"),
            ("^sk_[a-z0-9]{4,}$", "sk_0000"),
            (r"^[\w.+-]+@example\.com$", "0@example.com"),
            ("^(alice|bob)$", "alice"),
            ("^[^0-9]{2}$", "xx"),
            (r"^\u0041\/[\d\-]$", "A/0"),
            ("a&&b", "a&&b"),
            ("", ""),
        ] {
            let read = Pattern::new(pattern);
            assert_eq!(read.example(), Some(example), "{pattern}");
            assert!(
                read.matches(example, "") && (pattern.is_empty() || !read.matches("[x]", "")),
                "{pattern}"
            );
        }
    }

    #[test]
    fn unread_pattern_takes_the_shape_of_the_value() {
        for pattern in ["(?=a)", r"\p{L}", "[", "(a{500}){500}", &"a".repeat(5000), r"(a)\1"] {
            let pattern = Pattern::new(pattern);
            assert!(matches!(pattern, Pattern::Unread), "{pattern:?}");
            assert!(pattern.matches("Xx-00", "Ab-12") && !pattern.matches("[label]", "Ab-12"));
        }
    }
}
