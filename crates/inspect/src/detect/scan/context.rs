//! Words that speak for a detector: near a value, or in a key on the way to it.

use std::collections::BTreeMap;

use super::trigram::{Places, folded};
use super::{Id, edge};
use crate::walk::Span;

/// Bytes before a value in which a word counts.
const BEFORE: usize = 64;
/// Bytes after a value in which a word counts.
const AFTER: usize = 32;
/// Bytes of a text whose phrases are read at once: what surrounds one value, and some more for the next.
const PART: usize = 256;
/// Longest value over which is read; around a longer one its two sides are.
const VALUE_MAX: usize = 64;
/// Bytes behind a part that tell whether its last phrase goes on: a plural's `s`, and what follows.
const BEHIND: usize = 2;
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
    /// Sorted by the place of the first three bytes: those, the phrase, whom it speaks for.
    phrases: Vec<(u32, Box<[u8]>, Topics)>,
    places: Places,
}

impl Words {
    /// Takes the detectors, each with its own words and those that it shares with others.
    pub(super) fn new<'a>(entries: impl Iterator<Item = (Id, &'a [&'a str], &'a [&'a str])>) -> Self {
        let mut words = Self::default();
        let mut phrases: BTreeMap<&str, Topics> = BTreeMap::new();
        for (id, own, shared) in entries {
            if own.is_empty() && shared.is_empty() || words.owners.len() == TOPICS_MAX {
                continue;
            }
            let topic = Topics(1 << words.owners.len());
            words.owners.push(id);
            for phrase in own.iter().chain(shared) {
                let topics = phrases.entry(phrase).or_default();
                *topics = topics.with(topic);
            }
        }
        let row = |(phrase, topics): (&str, Topics)| {
            Some((folded(phrase.as_bytes())?, phrase.as_bytes().into(), topics))
        };
        words.phrases = phrases.into_iter().filter_map(row).collect();
        words.places = Places::sort(&mut words.phrases, |phrase| phrase.0);
        words
    }

    /// The bit of a detector; none when it has no words.
    pub(super) fn topic(&self, id: Id) -> Topics {
        self.owners.iter().position(|owner| *owner == id).map_or(Topics(0), |bit| Topics(1 << bit))
    }

    /// Whom the words around `span` speak for.
    fn around(&self, bytes: &[u8], span: Span) -> Topics {
        let start = span.start.saturating_sub(BEFORE);
        let end = bytes.len().min(span.end + AFTER);
        self.of(&bytes[start..span.start]).with(self.of(&bytes[span.end..end]))
    }

    /// Whom the words in a short text speak for. Only its first bytes count, 128 of them.
    pub(crate) fn of(&self, text: &[u8]) -> Topics {
        let mut topics = Topics::default();
        self.visit(b' ', &text[..text.len().min(128)], |_, topic| topics = topics.with(topic));
        topics
    }

    /// Calls `visit` with every phrase in `text`, at most [`PART`] and [`BEHIND`] bytes of it, and whom it speaks for.
    /// `before` is the byte before the text.
    fn visit(&self, before: u8, text: &[u8], mut visit: impl FnMut(Span, Topics)) {
        let plainly = |byte: u8| {
            if byte.is_ascii_alphanumeric() || !byte.is_ascii() { byte.to_ascii_lowercase() } else { b' ' }
        };
        let mut plain = [b' '; PART + BEHIND];
        let length = text.len().min(plain.len());
        for (to, byte) in plain.iter_mut().zip(text) {
            *to = plainly(*byte);
        }
        let plain = &plain[..length];
        let mut before = plainly(before);
        for (at, byte) in plain.iter().enumerate() {
            if before == b' ' && *byte != b' ' {
                self.starting(&plain[at..], |length, topic| visit(Span::new(at, at + length), topic));
            }
            before = *byte;
        }
    }

    /// Calls `visit` with the length of each phrase at the beginning of `plain`. A plural `s` may follow.
    fn starting(&self, plain: &[u8], mut visit: impl FnMut(usize, Topics)) {
        let Some(start) = folded(plain) else { return };
        for (first, phrase, topic) in &self.phrases[self.places.rows(start)] {
            if *first != start {
                continue;
            }
            let Some(rest) = plain.strip_prefix(&**phrase) else { continue };
            let rest = rest.strip_prefix(b"s").unwrap_or(rest);
            if !rest.first().is_some_and(|byte| edge::word(*byte) || !byte.is_ascii()) {
                visit(phrase.len(), *topic);
            }
        }
    }
}

/// The phrases in the part of a text that was asked about last: values stand close together and share their words.
#[derive(Debug, Default)]
pub(super) struct Near {
    part: Option<Span>,
    found: Vec<(Span, Topics)>,
    /// Whom all of them together speak for.
    any: Topics,
    /// The value asked about last: most are asked about by several rules.
    last: Option<(Span, Topics)>,
}

impl Near {
    /// Whom the words around `span` speak for.
    pub(super) fn around(&mut self, words: &Words, bytes: &[u8], span: Span) -> Topics {
        if let Some(topics) = self.known(bytes, span) {
            return topics;
        }
        let topics = if span.len() > VALUE_MAX {
            words.around(bytes, span)
        } else {
            self.read(words, bytes, window(bytes, span));
            self.within(bytes, span)
        };
        self.last = Some((span, topics));
        topics
    }

    /// The same, if nothing has to be read for it.
    pub(super) fn known(&mut self, bytes: &[u8], span: Span) -> Option<Topics> {
        if let Some((last, topics)) = self.last
            && last == span
        {
            return Some(topics);
        }
        if span.len() > VALUE_MAX || !self.covers(window(bytes, span)) {
            return None;
        }
        let topics = self.within(bytes, span);
        self.last = Some((span, topics));
        Some(topics)
    }

    /// Whom the words around a value at `start` may speak for, however long it is, up to [`VALUE_MAX`]: those, and
    /// perhaps others.
    pub(super) fn about(&mut self, words: &Words, bytes: &[u8], start: usize) -> Topics {
        let window = window(bytes, Span::new(start, bytes.len().min(start + VALUE_MAX)));
        if !self.covers(window) {
            self.read(words, bytes, window);
        }
        self.any
    }

    fn covers(&self, window: Span) -> bool {
        self.part.is_some_and(|part| part.start <= window.start && window.end <= part.end)
    }

    /// Reads the phrases from `window` on.
    fn read(&mut self, words: &Words, bytes: &[u8], window: Span) {
        let start = window.start;
        let before = start.checked_sub(1).map_or(b' ', |at| bytes[at]);
        let text = &bytes[start..bytes.len().min(start + PART + BEHIND)];
        self.found.clear();
        self.any = Topics::default();
        words.visit(before, text, |phrase, topics| {
            self.found.push((phrase.shift(start), topics));
            self.any = self.any.with(topics);
        });
        self.part = Some(Span::new(start, bytes.len().min(start + PART)));
    }

    /// Whom those of the phrases that were read speak for which stand around `span`.
    fn within(&self, bytes: &[u8], span: Span) -> Topics {
        let window = window(bytes, span);
        let counts = |phrase: Span| {
            window.start <= phrase.start && phrase.end <= span.start
                || span.end <= phrase.start && phrase.end <= window.end
        };
        let near = self.found.iter().filter(|(phrase, _)| counts(*phrase));
        near.fold(Topics::default(), |topics, (_, topic)| topics.with(*topic))
    }
}

/// Where a word counts for the value at `span`.
fn window(bytes: &[u8], span: Span) -> Span {
    Span::new(span.start.saturating_sub(BEFORE), bytes.len().min(span.end.saturating_add(AFTER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_whole_in_any_case_and_with_any_joint() {
        let words = Words::new(
            [(7, &["ssn", "social security"][..], &[][..]), (9, &[][..], &["card"][..])].into_iter(),
        );
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
        let words = Words::new([(7, &["ssn"][..], &[][..])].into_iter());
        let near = |text: &str| {
            let at = text.find('#').expect("a place");
            let span = Span::new(at, at + 1);
            let one = Near::default().around(&words, text.as_bytes(), span).meets(words.topic(7));
            assert_eq!(one, words.around(text.as_bytes(), span).meets(words.topic(7)), "{text}");
            one
        };
        assert!(near("ssn #"));
        assert!(near("# is my ssn"));
        assert!(!near(&format!("ssn{}#", " ".repeat(64))));
        assert!(!near(&format!("#{}ssn", " ".repeat(32))));
        assert!(near(&format!("ssn{}#", " ".repeat(61))) && near(&format!("#{}ssn", " ".repeat(29))));
    }

    #[test]
    fn what_is_near_does_not_depend_on_what_was_asked_before() {
        let words = Words::new([(7, &["ssn"][..], &[][..]), (9, &["card number"][..], &[][..])].into_iter());
        let text = "ssn 1 cards 2 ssns 3 lessn 4 card number 5 ssnx 6 card numbers; 7 ".repeat(20);
        let digits = |byte: &(usize, u8)| byte.1.is_ascii_digit();
        let mut shared = Near::default();
        for (at, _) in text.bytes().enumerate().filter(digits) {
            let span = Span::new(at, at + 1);
            let alone = Near::default().around(&words, text.as_bytes(), span);
            assert_eq!(shared.around(&words, text.as_bytes(), span), alone, "{at}");
        }
    }
}
