//! Numbers of a fixed shape, letters and separators included, and IBANs.

use super::number::form_of;
use super::{Rule, Scan, Separated, Topics, edge};
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
    list: Vec<Shape>,
    /// Those that begin with that many digits and no more, by what comes after them.
    digits: [[Choice; AFTER]; RUN_MAX + 1],
    /// Those that begin with a letter, by the classes of their first three bytes.
    letters: [Choice; 27],
    ibans: Vec<u16>,
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    rule: u16,
    signs: &'static [u8],
    /// There is no finding without a word.
    needs_word: bool,
}

/// Some of the shapes.
#[derive(Debug, Default)]
struct Choice {
    /// Those that have nothing but digits and separators.
    grouped: Vec<Grouped>,
    others: Vec<Other>,
    /// Whom the words speak for that some of them need.
    needed: Topics,
}

/// A shape of digits: its groups as a form, which bits of it count, and its place in the list.
#[derive(Debug, Clone, Copy)]
struct Grouped {
    wanted: u64,
    bits: u64,
    index: u16,
}

/// Any other shape: how long the word is that it begins with, and its place in the list.
#[derive(Debug, Clone, Copy)]
struct Other {
    word: usize,
    index: u16,
}

impl Choice {
    fn add(&mut self, index: u16, signs: &[u8], needed: Topics) {
        match form_of(signs) {
            Some((wanted, bits)) => self.grouped.push(Grouped { wanted, bits, index }),
            None => self.others.push(Other { word: word_at(signs), index }),
        }
        self.needed = self.needed.with(needed);
    }
}

/// Bytes of the word that begins there; not more are counted than any shape has.
fn word_at(bytes: &[u8]) -> usize {
    bytes.iter().take(RUN_MAX).take_while(|byte| edge::word(**byte)).count()
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

/// Whether a shape stands at `start`. The last byte tells most of them apart.
fn stands(signs: &[u8], bytes: &[u8], start: usize) -> bool {
    let Some(there) = bytes.get(start..start + signs.len()) else { return false };
    let last = there.last().zip(signs.last()).is_some_and(|(byte, sign)| fits(*sign, *byte));
    last && there.iter().zip(signs).all(|(byte, sign)| fits(*sign, *byte))
}

impl Shapes {
    pub(super) fn add(&mut self, (rule, of): (u16, Rule), shapes: &[&'static str]) {
        for shape in shapes {
            let shape = shape.as_bytes();
            let index = u16::try_from(self.list.len()).unwrap_or(u16::MAX);
            let bare = shape.iter().all(u8::is_ascii_alphanumeric);
            let needs_word = of.needs_word(if bare { Separated::No } else { Separated::Yes });
            let needed = if needs_word { of.topic } else { Topics::default() };
            self.list.push(Shape { rule, signs: shape, needs_word });
            let run = shape.iter().take_while(|byte| **byte == b'9').count();
            let open = shape.get(run) == Some(&b'X');
            for length in run..=if open { RUN_MAX } else { run } {
                // Where an `X` goes on with the run, what follows is any of its later bytes.
                let next = if length == run { shape.get(run) } else { None };
                for (kind, choice) in self.digits[length.min(RUN_MAX)].iter_mut().enumerate() {
                    if length > 0 && length <= RUN_MAX && allows(next, kind) {
                        choice.add(index, shape, needed);
                    }
                }
            }
            if run > 0 {
                continue;
            }
            // Every beginning that the shape allows: an `X` is a letter or a digit.
            for (index_of_cell, choice) in self.letters.iter_mut().enumerate() {
                let classes = [index_of_cell / 9, index_of_cell / 3 % 3, index_of_cell % 3];
                let allows = |at: usize| match shape.get(at) {
                    Some(b'9') => classes[at] == 1,
                    Some(b'A' | b'a') => classes[at] == 0,
                    Some(b'X') => classes[at] != 2,
                    Some(literal) => classes[at] == class(Some(literal)),
                    None => classes[at] == 2,
                };
                if (0..3).all(allows) {
                    choice.add(index, shape, needed);
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

    /// Shapes that begin at `start`, where a word begins; with the length and the form of the group of digits that does.
    pub(super) fn at(&self, scan: &mut Scan<'_>, start: usize, group: Option<(usize, u64)>) {
        let bytes = scan.bytes;
        if !edge::opens(bytes, start) {
            return;
        }
        if let Some((length, form)) = group
            && let Some(kinds) = self.digits.get(length)
        {
            self.fitting(scan, start, &kinds[after(bytes.get(start + length))], form);
        }
        self.fitting(scan, start, &self.letters[cell(&bytes[start..])], 0);
        if !self.ibans.is_empty() {
            self.iban(scan, start);
        }
    }

    /// Those of a choice that begin at `start`, where groups of that form do.
    fn fitting(&self, scan: &mut Scan<'_>, start: usize, choice: &Choice, form: u64) {
        let bytes = scan.bytes;
        // Whether any of the words is there, once somebody asked.
        let mut spoken = None;
        let mut judge = |index: u16| {
            let shape = &self.list[usize::from(index)];
            let end = start + shape.signs.len();
            if edge::closes(bytes, end) {
                let mut spoken = || *spoken.get_or_insert_with(|| scan.about(start).meets(choice.needed));
                if !shape.needs_word || spoken() {
                    scan.judge(shape.rule, Span::new(start, end));
                }
            }
        };
        for shape in choice.grouped.iter().filter(|shape| form & shape.bits == shape.wanted) {
            judge(shape.index);
        }
        if choice.others.is_empty() {
            return;
        }
        let word = word_at(&bytes[start..]);
        for other in choice.others.iter().filter(|other| other.word == word) {
            if stands(self.list[usize::from(other.index)].signs, bytes, start) {
                judge(other.index);
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
