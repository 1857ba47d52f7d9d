//! Numbers that people are known by: digits, perhaps in groups, driven by the first digit of each run.

use super::shape::Shapes;
use super::{Scan, edge};
use crate::walk::Span;

/// Most digits of any number that is looked for.
const DIGITS_MAX: usize = 19;
/// Bytes before a digit in which the word that holds it may begin.
const WORD_MAX: usize = 16;

/// Rules about numbers, by how many digits they allow.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    by_count: [Vec<Form>; DIGITS_MAX + 1],
    international: Vec<u16>,
}

#[derive(Debug, Clone, Copy)]
struct Form {
    rule: u16,
    group_min: u8,
    separators: Separators,
}

/// A set of the bytes that may stand between groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Separators(u8);

impl Separators {
    fn of(byte: u8) -> Option<Self> {
        let bit = match byte {
            b' ' => 1,
            b'-' => 2,
            b'.' => 4,
            b'/' => 8,
            _ => return None,
        };
        Some(Self(bit))
    }

    fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

impl Numbers {
    pub(super) fn add(&mut self, rule: u16, min: u8, max: u8, group_min: u8, separators: &str) {
        let bits = separators.bytes().filter_map(Separators::of).fold(0, |bits, one| bits | one.0);
        for count in min..=max {
            if let Some(forms) = self.by_count.get_mut(usize::from(count)) {
                forms.push(Form { rule, group_min, separators: Separators(bits) });
            }
        }
    }

    pub(super) fn add_international(&mut self, rule: u16) {
        self.international.push(rule);
    }

    /// Numbers whose first digit is at `start`. Tries every run of whole groups, the longest last.
    fn at(&self, scan: &mut Scan<'_>, start: usize) {
        let bytes = scan.bytes;
        let (mut at, mut count) = (start, 0);
        let (mut used, mut least) = (Separators::default(), usize::MAX);
        loop {
            let end = edge::digits_end(bytes, at);
            count += end - at;
            if end == at || count > DIGITS_MAX {
                return;
            }
            least = least.min(end - at);
            if edge::closes(bytes, end) {
                for form in &self.by_count[count] {
                    let grouped = used != Separators::default();
                    let groups = !grouped || usize::from(form.group_min) <= least;
                    if groups && used.within(form.separators) {
                        scan.judge(form.rule, Span::new(start, end));
                    }
                }
            }
            let Some(separator) = bytes.get(end).copied().and_then(Separators::of) else { return };
            used = Separators(used.0 | separator.0);
            at = end + 1;
        }
    }

    /// `+` at `plus` and digits after it, with single separators or brackets between.
    fn international(&self, scan: &mut Scan<'_>, plus: usize) {
        let bytes = scan.bytes;
        let (mut count, mut end, mut gap) = (0, plus + 1, 0);
        for (at, byte) in bytes.iter().enumerate().skip(plus + 1) {
            match byte {
                b'0'..=b'9' => {
                    count += 1;
                    end = at + 1;
                    gap = 0;
                }
                b' ' | b'-' | b'.' | b'/' | b'(' | b')' if gap < 2 => gap += 1,
                _ => break,
            }
            if count > 15 {
                return;
            }
        }
        if count >= 8 && edge::closes(bytes, end) {
            scan.judge_all(&self.international, Span::new(plus, end));
        }
    }
}

/// Visits every run of digits once: the word that it is part of, and the word before that one.
pub(super) fn find(scan: &mut Scan<'_>, numbers: &Numbers, shapes: &Shapes) {
    let bytes = scan.bytes;
    let (mut at, mut done) = (0, 0);
    while let Some(digit) = next_digit(bytes, at) {
        let start = word_start(bytes, digit).max(done);
        if start == digit && edge::opens(bytes, digit) {
            numbers.at(scan, digit);
            if digit > 0 && bytes[digit - 1] == b'+' {
                numbers.international(scan, digit - 1);
            }
        } else if digit > 1 && bytes[digit - 1] == b'(' && bytes[digit - 2] == b'+' {
            numbers.international(scan, digit - 2);
        }
        if let Some(before) = shapes.word_before(bytes, start).filter(|before| *before >= done) {
            shapes.at(scan, before);
        }
        if start == digit || start < digit && edge::opens(bytes, start) {
            shapes.at(scan, start);
        }
        if let Some(bracket) = start.checked_sub(1).filter(|at| bytes[*at] == b'(') {
            shapes.at(scan, bracket);
        }
        at = bytes[digit..].iter().position(|byte| !edge::word(*byte)).map_or(bytes.len(), |end| digit + end);
        done = at;
    }
}

/// Where the word begins that the digit at `digit` is part of; bounded.
fn word_start(bytes: &[u8], digit: usize) -> usize {
    let from = digit.saturating_sub(WORD_MAX);
    digit - bytes[from..digit].iter().rev().take_while(|byte| edge::word(**byte)).count()
}

const EACH: u64 = 0x0101_0101_0101_0101;

/// The first digit at or after `at`. Eight bytes at a time: bit 4 and 5 set and bits 6 and 7 clear is `0` to `?`, which
/// is nearly always a digit.
fn next_digit(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        while let Some(chunk) = bytes[at..].first_chunk::<8>() {
            let word = u64::from_le_bytes(*chunk);
            // A lane becomes zero where the high half of the byte is 3.
            let high = (word & (EACH * 0xf0)) ^ (EACH * 0x30);
            let hits = high.wrapping_sub(EACH) & !high & (EACH << 7);
            if hits != 0 {
                at += (hits.trailing_zeros() / 8) as usize;
                break;
            }
            at += 8;
        }
        match bytes.get(at) {
            None => return None,
            Some(byte) if byte.is_ascii_digit() => return Some(at),
            Some(_) => at += 1,
        }
    }
}
