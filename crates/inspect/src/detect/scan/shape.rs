//! Numbers of a fixed shape, letters and separators included, and IBANs.

use super::{Scan, edge};
use crate::walk::Span;

/// Longest run of digits that is told apart.
const RUN_MAX: usize = 31;
/// Least and most characters of an IBAN, ISO 13616.
const IBAN: (usize, usize) = (15, 34);
/// Letters of a word that a separator may divide from the digits of a shape.
const PREFIX_MAX: usize = 3;

/// Rules about shapes, by how they begin.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    list: Vec<(u16, &'static [u8])>,
    /// Those that begin with that many digits and no more, by what comes after them.
    digits: [[Vec<u16>; AFTER]; RUN_MAX + 1],
    /// Those that begin with a letter, by the classes of their first three bytes.
    letters: [Vec<u16>; 27],
    ibans: Vec<u16>,
}

/// The classes that [`Shapes::letters`] tells apart.
fn class(byte: Option<&u8>) -> usize {
    match byte {
        Some(byte) if byte.is_ascii_alphabetic() => 0,
        Some(byte) if byte.is_ascii_digit() => 1,
        _ => 2,
    }
}

/// How many kinds of byte are told apart after digits.
const AFTER: usize = 7;

/// Which kind: a separator, a letter, anything else or the end.
fn after(byte: Option<&u8>) -> usize {
    match byte {
        Some(b'-') => 0,
        Some(b' ') => 1,
        Some(b'.') => 2,
        Some(b'/') => 3,
        Some(byte) if byte.is_ascii_uppercase() => 4,
        Some(byte) if byte.is_ascii_lowercase() => 5,
        _ => 6,
    }
}

/// Whether a shape may have a byte of that kind there.
fn allows(shape: Option<&u8>, kind: usize) -> bool {
    match shape {
        None | Some(b'9') => true,
        Some(b'A' | b'X') => kind == 4,
        Some(b'a') => kind == 4 || kind == 5,
        literal => after(literal) == kind,
    }
}

fn cell(bytes: &[u8]) -> usize {
    class(bytes.first()) * 9 + class(bytes.get(1)) * 3 + class(bytes.get(2))
}

/// Whether a byte of a text is what a byte of a shape asks for.
fn fits(shape: u8, byte: u8) -> bool {
    match shape {
        b'9' => byte.is_ascii_digit(),
        b'A' => byte.is_ascii_uppercase(),
        b'a' => byte.is_ascii_alphabetic(),
        b'X' => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        literal => byte == literal,
    }
}

impl Shapes {
    pub(super) fn add(&mut self, rule: u16, shapes: &[&'static str]) {
        for shape in shapes {
            let shape = shape.as_bytes();
            let index = u16::try_from(self.list.len()).unwrap_or(u16::MAX);
            self.list.push((rule, shape));
            let run = shape.iter().take_while(|byte| **byte == b'9').count();
            let open = shape.get(run) == Some(&b'X');
            for length in run..=if open { RUN_MAX } else { run } {
                // Where an `X` goes on with the run, what follows is any of its later bytes.
                let next = if length == run { shape.get(run) } else { None };
                for (kind, list) in self.digits[length.min(RUN_MAX)].iter_mut().enumerate() {
                    if length > 0 && length <= RUN_MAX && allows(next, kind) {
                        list.push(index);
                    }
                }
            }
            if run > 0 {
                continue;
            }
            // Every beginning that the shape allows: an `X` is a letter or a digit.
            for (index_of_cell, list) in self.letters.iter_mut().enumerate() {
                let classes = [index_of_cell / 9, index_of_cell / 3 % 3, index_of_cell % 3];
                let allows = |at: usize| match shape.get(at) {
                    Some(b'9') => classes[at] == 1,
                    Some(b'A' | b'a') => classes[at] == 0,
                    Some(b'X') => classes[at] != 2,
                    Some(literal) => classes[at] == class(Some(literal)),
                    None => classes[at] == 2,
                };
                if (0..3).all(allows) {
                    list.push(index);
                }
            }
        }
    }

    pub(super) fn add_iban(&mut self, rule: u16) {
        self.ibans.push(rule);
    }

    /// The start of a short word of letters that a separator divides from the word at `start`.
    pub(super) fn word_before(&self, bytes: &[u8], start: usize) -> Option<usize> {
        let end = start.checked_sub(1).filter(|at| matches!(bytes[*at], b' ' | b'-' | b'.' | b'/'))?;
        let from = end.saturating_sub(PREFIX_MAX);
        let letters = bytes[from..end].iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let start = end - letters;
        (letters > 0 && edge::opens(bytes, start)).then_some(start)
    }

    /// Shapes that begin at `start`, where a word begins.
    pub(super) fn at(&self, scan: &mut Scan<'_>, start: usize) {
        let bytes = scan.bytes;
        let run = edge::digits_end(bytes, start) - start;
        if run > 0 {
            let kind = after(bytes.get(start + run));
            self.fitting(scan, start, self.digits.get(run).map_or(&[], |kinds| kinds[kind].as_slice()));
        }
        self.fitting(scan, start, &self.letters[cell(&bytes[start..])]);
        if !self.ibans.is_empty() {
            self.iban(scan, start);
        }
    }

    /// Those of `list`, places in the list of shapes, that begin at `start`.
    fn fitting(&self, scan: &mut Scan<'_>, start: usize, list: &[u16]) {
        let bytes = scan.bytes;
        for index in list {
            let (rule, shape) = self.list[usize::from(*index)];
            let end = start + shape.len();
            // The last byte tells most of them apart.
            let last = bytes.get(end - 1).zip(shape.last()).is_some_and(|(byte, shape)| fits(*shape, *byte));
            if last
                && bytes[start..end].iter().zip(shape).all(|(byte, shape)| fits(*shape, *byte))
                && edge::opens(bytes, start)
                && edge::closes(bytes, end)
            {
                scan.judge(rule, Span::new(start, end));
            }
        }
    }

    fn iban(&self, scan: &mut Scan<'_>, start: usize) {
        let bytes = scan.bytes;
        let Some([a, b, c, d]) = bytes[start..].first_chunk::<4>() else { return };
        if !(a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit()) {
            return;
        }
        // The ends of its groups: the longest that is one is it.
        let (mut at, mut count, mut ends, mut found) = (start, 0, [0; 10], 0);
        while found < ends.len() {
            let group =
                bytes[at..].iter().take(IBAN.1 + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
            count += group;
            if group == 0 || count > IBAN.1 {
                break;
            }
            ends[found] = at + group;
            found += 1;
            if group != 4 || bytes.get(at + group) != Some(&b' ') {
                break;
            }
            at += group + 1;
        }
        for end in ends[..found].iter().rev() {
            let long = end - start >= IBAN.0 && edge::opens(bytes, start) && edge::closes(bytes, *end);
            let found = |rule: &u16| scan.judge(*rule, Span::new(start, *end));
            if long && self.ibans.iter().any(found) {
                return;
            }
        }
    }
}
