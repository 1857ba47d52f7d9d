//! Words that speak for a detector: near a value, or in a key on the way to it.

use super::trigram::folded;
use super::{Id, edge};
use crate::walk::Span;

/// Bytes before a value in which a word counts.
const BEFORE: usize = 64;
/// Bytes after a value in which a word counts.
const AFTER: usize = 32;
/// Most detectors that have words: one bit each.
pub(crate) const TOPICS_MAX: usize = 128;

/// A set of detectors that some words speak for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Topics(u128);

impl Topics {
    /// Whether the two have a detector in common.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there are none.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of either.
    #[must_use]
    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The words of context of all detectors.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// Which detector has which bit.
    owners: Vec<Id>,
    /// Sorted by the first three bytes: those, the phrase, whom it speaks for.
    phrases: Vec<(u32, Box<[u8]>, Topics)>,
}

impl Words {
    pub(super) fn new<'a>(entries: impl Iterator<Item = (Id, &'a [&'a str])>) -> Self {
        let mut words = Self::default();
        for (id, context) in entries {
            if context.is_empty() || words.owners.len() == TOPICS_MAX {
                continue;
            }
            let topic = Topics(1 << words.owners.len());
            words.owners.push(id);
            for phrase in context {
                if let Some(start) = folded(phrase.as_bytes()) {
                    words.phrases.push((start, phrase.as_bytes().into(), topic));
                }
            }
        }
        words.phrases.sort_by_key(|phrase| phrase.0);
        words
    }

    /// The bit of a detector; none when it has no words.
    pub(super) fn topic(&self, id: Id) -> Topics {
        self.owners.iter().position(|owner| *owner == id).map_or(Topics(0), |bit| Topics(1 << bit))
    }

    /// Whom the words around `span` speak for.
    pub(super) fn around(&self, bytes: &[u8], span: Span) -> Topics {
        let start = span.start.saturating_sub(BEFORE);
        let end = bytes.len().min(span.end + AFTER);
        self.of(&bytes[start..span.start]).with(self.of(&bytes[span.end..end]))
    }

    /// Whom the words in a short text speak for. Only its first bytes count, 128 of them.
    pub(crate) fn of(&self, text: &[u8]) -> Topics {
        let mut plain = [b' '; 128];
        let text = &text[..text.len().min(plain.len())];
        for (to, byte) in plain.iter_mut().zip(text) {
            if byte.is_ascii_alphanumeric() || !byte.is_ascii() {
                *to = byte.to_ascii_lowercase();
            }
        }
        let plain = &plain[..text.len()];
        let mut topics = Topics::default();
        let mut before = b' ';
        for (at, byte) in plain.iter().enumerate() {
            if before == b' ' && *byte != b' ' {
                topics = topics.with(self.starting(&plain[at..]));
            }
            before = *byte;
        }
        topics
    }

    /// Whom the phrases at the beginning of `plain` speak for. A plural `s` may follow.
    fn starting(&self, plain: &[u8]) -> Topics {
        let Some(start) = folded(plain) else { return Topics::default() };
        let first = self.phrases.partition_point(|phrase| phrase.0 < start);
        let mut topics = Topics::default();
        for (_, phrase, topic) in self.phrases[first..].iter().take_while(|phrase| phrase.0 == start) {
            let Some(rest) = plain.strip_prefix(&**phrase) else { continue };
            let rest = rest.strip_prefix(b"s").unwrap_or(rest);
            if !rest.first().is_some_and(|byte| edge::word(*byte) || !byte.is_ascii()) {
                topics = topics.with(*topic);
            }
        }
        topics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_whole_in_any_case_and_with_any_joint() {
        let words = Words::new([(7, &["ssn", "social security"][..]), (9, &["card"][..])].into_iter());
        let both = |text: &str| {
            let topics = words.of(text.as_bytes());
            (topics.meets(words.topic(7)), topics.meets(words.topic(9)))
        };
        assert_eq!(both("the SSN: "), (true, false));
        assert_eq!(both("Social-Security_Number"), (true, false));
        assert_eq!(both("cards"), (false, true));
        assert_eq!(both("cardinal lessn ssnx"), (false, false));
        assert_eq!(both("card ssn"), (true, true));
        assert_eq!(words.topic(8), Topics::default());
    }

    #[test]
    fn words_far_away_do_not_count() {
        let words = Words::new([(7, &["ssn"][..])].into_iter());
        let near = |text: &str| {
            let at = text.find('#').expect("a place");
            words.around(text.as_bytes(), Span::new(at, at + 1)).meets(words.topic(7))
        };
        assert!(near("ssn #"));
        assert!(near("# is my ssn"));
        assert!(!near(&format!("ssn{}#", " ".repeat(64))));
        assert!(!near(&format!("#{}ssn", " ".repeat(32))));
    }
}
