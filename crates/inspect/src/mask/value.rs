//! Values that were found are searched for in the rest of the message: the text copy of a structured answer.

use memchr::memmem;

use super::finding::Extent;
use super::limit;
use crate::detect::scan::Trigrams;
use crate::walk::Span;

/// Bytes of a value by which it is known. What has the same beginning is taken for a copy as far as it is one.
const KNOWN_BY: usize = 64;
/// Values that are beginnings of each other and are told apart.
const CHAIN_MAX: usize = 32;

/// Bytes at the beginning of a value that a place must have to be looked at.
type Head = [u8; 4];
const _: () = assert!(size_of::<Head>() <= limit::VALUE_MIN, "every value has a head");

/// Whether a copy of one of `values` may stand in `message` beside the places in `known`, which are in order. It misses
/// none, and some of what it sees is none: it looks at the beginning of each, wherever words begin and end. Most messages
/// hold no copy of anything.
pub(super) fn may_stand<'a>(message: &str, values: impl Iterator<Item = &'a str>, known: &[Extent]) -> bool {
    let bytes = message.as_bytes();
    let mut filter = Trigrams::default();
    let mut heads: Vec<Head> = Vec::new();
    for value in values {
        let Some(head) = value.as_bytes().first_chunk().filter(|_| value.len() >= limit::VALUE_MIN) else {
            continue;
        };
        // What has signs that JSON writes in another way stands there in that way.
        if !plain(value) {
            return true;
        }
        // The next often begins like the last.
        if heads.last() != Some(head) {
            heads.push(*head);
            filter.add(head);
        }
    }
    heads.sort_unstable();
    heads.dedup();
    // A search for each of a few is quicker than the filter.
    if heads.len() <= FEW {
        return heads.iter().any(|head| {
            let mut beside = Beside::of(known);
            every(head, bytes).any(|at| beside.is(at))
        });
    }
    let (mut beside, mut may) = (Beside::of(known), false);
    filter.candidates(bytes, |at| {
        let head = || bytes[at..].first_chunk().is_some_and(|head| heads.binary_search(head).is_ok());
        may = may || beside.is(at) && head();
    });
    may
}

/// Beginnings of values for each of which the message is read once.
const FEW: usize = 8;

/// Every place of `head`, those that overlap too.
fn every<'a>(head: &'a Head, bytes: &'a [u8]) -> impl Iterator<Item = usize> {
    let finder = memmem::Finder::new(head);
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + finder.find(&bytes[from..])?;
        from = at + 1;
        Some(at)
    })
}

/// Tells what stands beside known places, asked from the left to the right.
struct Beside<'a> {
    known: std::slice::Iter<'a, Extent>,
    next: Option<Span>,
}

impl<'a> Beside<'a> {
    fn of(known: &'a [Extent]) -> Self {
        let mut known = known.iter();
        let next = known.next().map(|extent| Span::from(*extent));
        Self { known, next }
    }

    /// Whether `at` stands in none of the places.
    fn is(&mut self, at: usize) -> bool {
        while self.next.is_some_and(|span| span.end <= at) {
            self.next = self.known.next().map(|extent| Span::from(*extent));
        }
        self.next.is_none_or(|span| at < span.start)
    }
}

/// Whether it is written in JSON as it is, but for `\u` and `\/`.
fn plain(value: &str) -> bool {
    value.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
}

/// A set of values, and by which finding each is known.
#[derive(Debug, Default)]
pub(super) struct Values {
    filter: Trigrams,
    /// Sorted, without repetition.
    sorted: Vec<(Box<str>, u32)>,
    /// The longest other value that is a beginning of this one.
    shorter: Vec<Option<u32>>,
}

impl<'a> FromIterator<(&'a str, u32)> for Values {
    /// Takes the values with what each is known by. Those shorter than [`limit::VALUE_MIN`] are left out.
    fn from_iter<I: IntoIterator<Item = (&'a str, u32)>>(values: I) -> Self {
        let long = values.into_iter().filter(|(value, _)| value.len() >= limit::VALUE_MIN);
        let mut values: Vec<(Box<str>, u32)> = long.map(|(value, number)| (value.into(), number)).collect();
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
}

impl Values {
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
        self.beginning(bytes).find_map(|(value, known_by)| {
            let rest = &bytes[value.len().min(KNOWN_BY)..];
            let more = value.iter().skip(KNOWN_BY).zip(rest).take_while(|(a, b)| a == b).count();
            let length = value.len().min(KNOWN_BY) + more;
            (value.len() > KNOWN_BY || ends(bytes, length)).then_some((length, known_by))
        })
    }

    /// The values that `bytes` begins with, as far as each is known by, the longest first.
    fn beginning<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (&'a [u8], u32)> {
        let head = &bytes[..bytes.len().min(KNOWN_BY)];
        let after = self.sorted.partition_point(|value| {
            let value = value.0.as_bytes();
            value[..value.len().min(KNOWN_BY)] <= *head
        });
        let shorter = |at: &usize| self.shorter[*at].map(|at| at as usize);
        let chain = std::iter::successors(after.checked_sub(1), shorter).take(CHAIN_MAX);
        let values = chain.map(|at| (self.sorted[at].0.as_bytes(), self.sorted[at].1));
        values.filter(|(value, _)| bytes.starts_with(&value[..value.len().min(KNOWN_BY)]))
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
        let values: Values = (0..).zip(values).map(|(at, value)| (*value, at)).collect();
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
    fn copy_beside_the_known_ones_is_seen_in_any_surroundings() {
        let text = r#"{"a":"Alice","b":"x\nwinter24"}"#;
        let at = |part: &str| {
            let at = text.find(part).expect("a part");
            Extent::from(Span::new(at, at + part.len()))
        };
        let may = |values: &[&str], known: &[Extent]| may_stand(text, values.iter().copied(), known);
        let values = ["Alice", "winter24"];
        assert!(may(&values, &[]));
        assert!(may(&values, &[at("Alice")]));
        assert!(may(&values, &[at("winter24")]));
        assert!(!may(&values, &[at("Alice"), at("winter24")]));
        let run = "aaaaaaaa b";
        let known = [Extent::from(Span::new(0, 3))];
        assert!(may_stand(run, ["aaaaa"].into_iter(), &known), "places that overlap a known one count");
        let other = ["Alice", "winter24", "say \"x\""];
        assert!(may(&other, &[at("Alice"), at("winter24")]), "it may be written in any way");
    }

    #[test]
    fn long_value_is_known_by_its_beginning() {
        let long = "k".repeat(100);
        assert_eq!(copies(&[&long], &format!("x {long} y")), [(long.as_str(), 0)]);
        let cut = &long[..70];
        assert_eq!(copies(&[&long], &format!("x {cut} y")), [(cut, 0)]);
    }
}
