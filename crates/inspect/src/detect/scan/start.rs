//! Where a pattern may begin at all: asked before it is tried, since each try clears tables as large as the pattern.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// The bytes that a match may begin with.
#[derive(Debug)]
pub(super) struct Starts {
    /// At any place.
    anywhere: [bool; 256],
    /// Where a word begins or ends.
    at_edge: [bool; 256],
}

/// How far into a pattern one may be without a byte: not at all, or with no more than the edge of a word behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Open {
    anywhere: bool,
    at_edge: bool,
}

impl Open {
    fn with(self, other: Self) -> Self {
        Self { anywhere: self.anywhere || other.anywhere, at_edge: self.at_edge || other.at_edge }
    }
}

impl Starts {
    /// Those of a pattern of bytes.
    pub(super) fn of(pattern: &str) -> Self {
        let mut starts = Self { anywhere: [false; 256], at_edge: [false; 256] };
        let parsed = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
        let open = Open { anywhere: true, at_edge: false };
        // What matches nothing begins anywhere, and so does what cannot be read.
        if parsed.map_or(open, |hir| starts.follow(&hir, open)) != Open::default() {
            starts.anywhere = [true; 256];
        }
        starts
    }

    /// Whether a match may begin at `at`.
    pub(super) fn may(&self, bytes: &[u8], at: usize) -> bool {
        let Some(byte) = bytes.get(at).copied() else { return false };
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let edge = || at.checked_sub(1).is_some_and(|before| word(bytes[before])) != word(byte);
        self.anywhere[usize::from(byte)] || self.at_edge[usize::from(byte)] && edge()
    }

    /// Notes the bytes that `hir` may begin with where `open` is true, and how it may be passed without any.
    fn follow(&mut self, hir: &Hir, open: Open) -> Open {
        match hir.kind() {
            HirKind::Empty => open,
            HirKind::Literal(literal) => match literal.0.first() {
                Some(first) => self.note(*first..=*first, open),
                None => open,
            },
            HirKind::Class(Class::Bytes(class)) => {
                for range in class.iter() {
                    self.note(range.start()..=range.end(), open);
                }
                Open::default()
            }
            HirKind::Class(Class::Unicode(_)) => self.note(0..=u8::MAX, open),
            HirKind::Look(Look::WordAscii) => {
                Open { anywhere: false, at_edge: open.anywhere || open.at_edge }
            }
            HirKind::Look(_) => open,
            HirKind::Repetition(repetition) => {
                let passed = self.follow(&repetition.sub, open);
                if repetition.min == 0 { passed.with(open) } else { passed }
            }
            HirKind::Capture(capture) => self.follow(&capture.sub, open),
            HirKind::Concat(parts) => parts.iter().fold(open, |open, part| match open {
                Open { anywhere: false, at_edge: false } => open,
                open => self.follow(part, open),
            }),
            HirKind::Alternation(ways) => {
                ways.iter().fold(Open::default(), |passed, way| passed.with(self.follow(way, open)))
            }
        }
    }

    /// Bytes stand there: nothing is passed without them.
    fn note(&mut self, bytes: std::ops::RangeInclusive<u8>, open: Open) -> Open {
        for byte in bytes {
            self.anywhere[usize::from(byte)] |= open.anywhere;
            self.at_edge[usize::from(byte)] |= open.at_edge;
        }
        Open::default()
    }
}

#[cfg(test)]
mod tests {
    use regex_automata::meta::Regex;
    use regex_automata::util::syntax;
    use regex_automata::{Anchored, Input};

    use super::Starts;
    use crate::detect::{DETECTORS, Find};

    #[test]
    fn beginnings_of_a_pattern_are_known_with_what_must_stand_before() {
        let may = |pattern: &str, text: &str, at: usize| Starts::of(pattern).may(text.as_bytes(), at);
        assert!(may(r"\bkey", " key", 1) && !may(r"\bkey", "akey", 1) && !may(r"\bkey", "kex", 4));
        assert!(may(r"(?i)(?:\b(?:a|b)?|_)key", "_Key", 0) && may(r"(?i)(?:\b(?:a|b)?|_)key", "x-Key", 2));
        assert!(!may(r"(?i)(?:\b(?:a|b)?|_)key", "xKey", 1));
        assert!(may(r"[0-9]*x", "5x", 0) && may(r"[0-9]*x", "x", 0) && !may(r"[0-9]*x", "y", 0));
        assert!(may(r"a*", "z", 0) && may(r"(", "z", 0));
        assert!(may(r"\B=", "==", 1));
    }

    #[test]
    fn no_pattern_of_a_detector_matches_where_it_may_not_begin() {
        let syntax = syntax::Config::new().unicode(false).utf8(false);
        for detector in DETECTORS {
            let Find::Literal { pattern, .. } = detector.find else { continue };
            let starts = Starts::of(pattern);
            let regex = Regex::builder().syntax(syntax).build(pattern).expect("a pattern");
            for text in detector.finds.iter().chain(detector.passes) {
                for at in 0..text.len() {
                    let input = Input::new(text.as_bytes()).anchored(Anchored::Yes).span(at..text.len());
                    if regex.search(&input).is_some() {
                        assert!(starts.may(text.as_bytes(), at), "{} in {text} at {at}", detector.name);
                    }
                }
            }
        }
    }
}
