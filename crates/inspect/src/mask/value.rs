//! Values that were found are searched for in the rest of the message: the text copy of a structured answer.

use super::limit;
use crate::detect::scan::Trigrams;
use crate::walk::Span;

/// Bytes of a value by which it is known. What has the same beginning is taken for a copy as far as it is one.
const KNOWN_BY: usize = 64;
/// Values that are beginnings of each other and are told apart.
const CHAIN_MAX: usize = 32;

/// A set of values, and by which finding each is known.
#[derive(Debug, Default)]
pub(super) struct Values {
    filter: Trigrams,
    /// Sorted, without repetition.
    sorted: Vec<(Box<str>, u32)>,
    /// The longest other value that is a beginning of this one.
    shorter: Vec<Option<u32>>,
}

impl Values {
    /// Takes the values with what each is known by. Those shorter than [`limit::VALUE_MIN`] are left out.
    pub(super) fn new(mut values: Vec<(Box<str>, u32)>) -> Self {
        values.retain(|value| value.0.len() >= limit::VALUE_MIN);
        values.sort();
        values.dedup_by(|a, b| a.0 == b.0);
        let mut set =
            Self { filter: Trigrams::default(), shorter: Vec::with_capacity(values.len()), sorted: values };
        // Of sorted texts the beginnings of one stand before it; those still open are a stack.
        let mut open: Vec<u32> = Vec::new();
        for (at, (value, _)) in (0_u32..).zip(&set.sorted) {
            while open.last().is_some_and(|last| !value.starts_with(&*set.sorted[*last as usize].0)) {
                open.pop();
            }
            set.shorter.push(open.last().copied());
            open.push(at);
            set.filter.add(value.as_bytes());
        }
        set
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Calls `visit` with every copy in `text`, and what it is known by.
    pub(super) fn find(&self, text: &str, mut visit: impl FnMut(Span, u32)) {
        let bytes = text.as_bytes();
        let mut done = 0;
        self.filter.candidates(bytes, |at| {
            if at < done || !begins(bytes, at) {
                return;
            }
            if let Some((length, known_by)) = self.longest(&bytes[at..]) {
                let end = text.ceil_char_boundary(at + length);
                visit(Span::new(at, end), known_by);
                done = end;
            }
        });
    }

    /// The longest value at the beginning of `bytes`. Reads a bounded part of it, or as much as the copy is long.
    fn longest(&self, bytes: &[u8]) -> Option<(usize, u32)> {
        let head = &bytes[..bytes.len().min(KNOWN_BY)];
        let after = self.sorted.partition_point(|value| {
            let value = value.0.as_bytes();
            value[..value.len().min(KNOWN_BY)] <= *head
        });
        let mut candidate = Some(after.checked_sub(1)?);
        for _ in 0..CHAIN_MAX {
            let at = candidate?;
            let (value, known_by) = &self.sorted[at];
            let value = value.as_bytes();
            if let Some(rest) = bytes.strip_prefix(&value[..value.len().min(KNOWN_BY)]) {
                let more = value.iter().skip(KNOWN_BY).zip(rest).take_while(|(a, b)| a == b).count();
                let length = value.len().min(KNOWN_BY) + more;
                if value.len() > KNOWN_BY || ends(bytes, length) {
                    return Some((length, *known_by));
                }
            }
            candidate = self.shorter[at].map(|at| at as usize);
        }
        None
    }
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn begins(bytes: &[u8], at: usize) -> bool {
    at == 0 || !(word(bytes[at - 1]) && word(bytes[at]))
}

fn ends(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(|next| !(word(bytes[at - 1]) && word(*next)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copies<'a>(values: &[&str], text: &'a str) -> Vec<(&'a str, u32)> {
        let values = Values::new((0..).zip(values).map(|(at, value)| ((*value).into(), at)).collect());
        let mut found = Vec::new();
        values.find(text, |span, known_by| found.push((span.of(text), known_by)));
        found
    }

    #[test]
    fn copies_are_found_as_whole_words_and_the_longest_wins() {
        assert_eq!(copies(&["Alice"], "Alice, Alicea, xAlice (Alice)"), [("Alice", 0), ("Alice", 0)]);
        assert_eq!(
            copies(&["Alice", "Alice Smith"], "Alice Smith and Alice"),
            [("Alice Smith", 1), ("Alice", 0)]
        );
        assert_eq!(copies(&["Alice", "Alice Smith"], "Alice Smithson"), [("Alice", 0)]);
        assert_eq!(copies(&["Müller"], "Herr Müller."), [("Müller", 0)]);
        assert_eq!(copies(&["abc", ""], "abc"), []);
        assert_eq!(copies(&["-x-y-"], "a-x-y-b"), [("-x-y-", 0)]);
    }

    #[test]
    fn long_value_is_known_by_its_beginning() {
        let long = "k".repeat(100);
        assert_eq!(copies(&[&long], &format!("x {long} y")), [(long.as_str(), 0)]);
        let cut = &long[..70];
        assert_eq!(copies(&[&long], &format!("x {cut} y")), [(cut, 0)]);
    }
}
