//! Numbers that people are known by: digits, perhaps in groups, driven by the first digit of each run.

use std::ops::RangeInclusive;

use super::shape::Shapes;
use super::{Rule, SURE, Scan, Separated, Topics, edge};
use crate::walk::Span;

/// Most digits of any number that is looked for.
const DIGITS_MAX: usize = 19;
/// Bytes before a digit in which the word that holds it may begin.
const WORD_MAX: usize = 16;

/// Rules about numbers, by how many digits they allow.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    by_count: [Vec<Form>; DIGITS_MAX + 1],
    /// How many rules there are about digits.
    count: usize,
    international: Vec<u16>,
}

/// Most rules about digits; there are two.
const RULES_MAX: usize = 8;

/// How far the last finding of each rule about digits reaches.
type Settled = [usize; RULES_MAX];

#[derive(Debug, Clone, Copy)]
struct Form {
    rule: u16,
    /// Its place among those that are about digits.
    place: usize,
    /// Whom a word must speak for, where there must be one.
    needs: Option<Topics>,
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
    pub(super) fn add(
        &mut self,
        (index, rule): (u16, Rule),
        counts: RangeInclusive<u8>,
        group_min: u8,
        separators: &str,
    ) {
        debug_assert!(self.count < RULES_MAX, "there is room for every rule");
        let bits = separators.bytes().filter_map(Separators::of).fold(0, |bits, one| bits | one.0);
        let needs = rule.needs_word(Separated::Yes).then_some(rule.topic);
        let form = Form { rule: index, place: self.count, needs, group_min, separators: Separators(bits) };
        self.count = (self.count + 1).min(RULES_MAX - 1);
        for count in counts {
            if let Some(forms) = self.by_count.get_mut(usize::from(count)) {
                forms.push(form);
            }
        }
    }

    pub(super) fn add_international(&mut self, rule: u16) {
        self.international.push(rule);
    }

    /// Numbers whose first group is the one at `first`. Tries every run of whole groups, the longest first: what is inside
    /// a number that was found is no other of that kind, and where all groups from there on are one for sure, nothing else
    /// is: then the end of it.
    fn at(&self, scan: &mut Scan<'_>, phrase: &Phrase, first: usize, settled: &mut Settled) -> Option<usize> {
        let mut runs = [Run::default(); GROUPS_MAX];
        let (mut known, mut run) = (0, Run { least: usize::MAX, ..Run::default() });
        for (at, group) in phrase.groups[..phrase.count].iter().enumerate().skip(first) {
            run.end = group.end;
            run.count += group.end - group.start;
            if run.count > DIGITS_MAX {
                break;
            }
            run.least = run.least.min(group.end - group.start);
            if !self.by_count[run.count].is_empty() && edge::closes(scan.bytes, run.end) {
                runs[known] = run;
                known += 1;
            }
            if at + 1 < phrase.count {
                run.used =
                    Separators(run.used.0 | Separators::of(scan.bytes[group.end]).unwrap_or_default().0);
            }
        }
        let start = phrase.groups[first].start;
        for run in runs[..known].iter().rev() {
            for form in &self.by_count[run.count] {
                let grouped = run.used != Separators::default();
                let groups = !grouped || usize::from(form.group_min) <= run.least;
                if !groups || !run.used.within(form.separators) || run.end <= settled[form.place] {
                    continue;
                }
                if form.needs.is_some_and(|topic| !scan.about(start).meets(topic)) {
                    continue;
                }
                if scan.judge(form.rule, Span::new(start, run.end)) {
                    settled[form.place] = run.end;
                    let sure = scan.hits.last().is_some_and(|hit| hit.confidence == SURE);
                    if sure && run.end == phrase.end() {
                        return Some(run.end);
                    }
                }
            }
        }
        None
    }

    /// `+` at `plus` and digits after it, with single separators or brackets between: where the number ends, if it is one.
    fn international(&self, scan: &mut Scan<'_>, plus: usize) -> Option<usize> {
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
                return None;
            }
        }
        let may = count >= 8 && edge::closes(bytes, end);
        let number = Span::new(plus, end);
        (may && scan.judge_all(&self.international, number)).then_some(end)
    }
}

/// Groups of digits, one after the other.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    end: usize,
    /// How many digits.
    count: usize,
    /// Those of the shortest group.
    least: usize,
    /// What stands between the groups.
    used: Separators,
}

/// Groups of digits with one separator between each two: what is read once for all numbers in it.
#[derive(Debug, Default)]
struct Phrase {
    groups: [Group; GROUPS_MAX],
    count: usize,
    /// More groups follow than there was room for.
    cut: bool,
}

/// Most groups of one phrase: more than any number has, and a separator behind the last.
const GROUPS_MAX: usize = 20;

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    start: usize,
    end: usize,
    /// This group and those behind it, as [`form`] writes them.
    form: u64,
}

/// Bits of a group in a form: its length, and the separator behind it.
const GROUP_BITS: u32 = 8;
/// Those of its length.
const LENGTH_BITS: u32 = 5;
/// Most digits of a group that are told apart.
const LENGTH_MAX: usize = (1 << LENGTH_BITS) - 1;
/// Groups that a form holds.
const FORM_GROUPS: usize = 8;

/// A group before others, written as one number: the length of each group and the separator behind it, the first group
/// lowest.
fn form(length: usize, separator: Option<Separators>, behind: u64) -> u64 {
    let separator = separator.map_or(0, |separator| u64::from(separator.0.trailing_zeros()) + 1);
    let length = u64::try_from(length.min(LENGTH_MAX)).unwrap_or(0);
    behind << GROUP_BITS | separator << LENGTH_BITS | length
}

/// How a shape of digits and separators is written as a form, and which bits of a form must be so; none for others. What
/// stands behind its last group is left open.
pub(super) fn form_of(shape: &[u8]) -> Option<(u64, u64)> {
    let plain = |byte: &u8| *byte == b'9' || Separators::of(*byte).is_some();
    let groups: Vec<&[u8]> = shape.split(|byte| *byte != b'9').collect();
    let fits = groups.len() <= FORM_GROUPS
        && groups.iter().all(|group| (1..LENGTH_MAX).contains(&group.len()))
        && shape.iter().all(plain);
    if !fits {
        return None;
    }
    let (mut wanted, mut at) = (0, shape.len());
    for group in groups.iter().rev() {
        wanted = form(group.len(), shape.get(at).copied().and_then(Separators::of), wanted);
        at = at.saturating_sub(group.len() + 1);
    }
    let bits = (0..groups.len()).fold(0, |bits, _| bits + GROUP_BITS) - (GROUP_BITS - LENGTH_BITS);
    Some((wanted, u64::MAX >> (u64::BITS - bits)))
}

impl Phrase {
    /// Where its last group ends.
    fn end(&self) -> usize {
        self.groups[..self.count].last().map_or(0, |last| last.end)
    }

    /// The place of the group that begins at `digit`; the phrase is read when it is another.
    fn group(&mut self, bytes: &[u8], digit: usize) -> usize {
        let known = self.groups[..self.count].iter().position(|group| group.start == digit);
        // A phrase that was cut is read again from behind its middle.
        if let Some(known) = known.filter(|known| !self.cut || *known < GROUPS_MAX / 2) {
            return known;
        }
        (self.count, self.cut) = (0, false);
        let mut start = digit;
        loop {
            let end = edge::digits_end(bytes, start);
            if end == start {
                break;
            }
            if self.count == GROUPS_MAX {
                self.cut = true;
                break;
            }
            self.groups[self.count] = Group { start, end, form: 0 };
            self.count += 1;
            if bytes.get(end).copied().and_then(Separators::of).is_none() {
                break;
            }
            start = end + 1;
        }
        let mut behind = 0;
        for group in self.groups[..self.count].iter_mut().rev() {
            let separator = bytes.get(group.end).copied().and_then(Separators::of);
            behind = form(group.end - group.start, separator, behind);
            group.form = behind;
        }
        0
    }
}

/// Visits every run of digits once: the word that it is part of, and the word before that one. What is inside something
/// that was found for sure is passed by: a word of letters and digits in a key or an address, and the groups of a number
/// that has all of them.
pub(super) fn find(scan: &mut Scan<'_>, numbers: &Numbers, shapes: &Shapes) {
    let bytes = scan.bytes;
    let (mut at, mut done) = (0, 0);
    let mut settled = Settled::default();
    let mut phrase = Phrase::default();
    let mut sure = Sure::of(scan);
    while let Some(digit) = next_digit(bytes, at) {
        let start = word_start(bytes, digit).max(done);
        at = word_end(bytes, digit);
        if start < digit && sure.holds(scan, Span::new(start, at)) {
            done = at;
            continue;
        }
        let opens = edge::opens(bytes, start);
        let group = (start == digit && opens).then(|| phrase.group(bytes, digit));
        let found = group.and_then(|first| {
            let plus = plus(bytes, digit).and_then(|plus| numbers.international(scan, plus));
            plus.filter(|end| *end >= phrase.end()).or_else(|| numbers.at(scan, &phrase, first, &mut settled))
        });
        if let Some(end) = found {
            (at, done) = (end, end);
            continue;
        }
        if let Some(word) = shapes.word_before(bytes, start).filter(|word| *word >= done) {
            shapes.at(scan, word, None);
        }
        if let Some(first) = group {
            let Group { start, end, form } = phrase.groups[first];
            shapes.at(scan, start, Some((end - start, form)));
        } else if start < digit && opens {
            shapes.at(scan, start, None);
        }
        if let Some(bracket) = start.checked_sub(1).filter(|at| bytes[*at] == b'(') {
            shapes.at(scan, bracket, None);
        }
        done = at;
    }
}

/// Where the `+` stands that a number begins with whose first digit is at `digit`, a bracket between them or not.
fn plus(bytes: &[u8], digit: usize) -> Option<usize> {
    match bytes[..digit] {
        [.., b'+'] => Some(digit - 1),
        [.., b'+', b'('] => Some(digit - 2),
        _ => None,
    }
}

/// How far that reaches which was found for sure before numbers are looked for: keys and addresses.
#[derive(Debug)]
struct Sure {
    /// How many of the hits are those, in the order of the text, and how many begin where it was asked last or earlier.
    count: usize,
    passed: usize,
    reach: usize,
}

impl Sure {
    fn of(scan: &mut Scan<'_>) -> Self {
        scan.hits.sort_by_key(|hit| hit.span.start);
        Self { count: scan.hits.len(), passed: 0, reach: 0 }
    }

    /// Whether one of them has all of a word. Asked for one word after the other.
    fn holds(&mut self, scan: &Scan<'_>, word: Span) -> bool {
        while let Some(hit) = scan.hits[..self.count].get(self.passed)
            && hit.span.start <= word.start
        {
            self.passed += 1;
            if hit.confidence == SURE {
                self.reach = self.reach.max(hit.span.end);
            }
        }
        word.end <= self.reach
    }
}

/// Where the word ends that the digit at `digit` is part of.
fn word_end(bytes: &[u8], digit: usize) -> usize {
    bytes[digit..].iter().position(|byte| !edge::word(*byte)).map_or(bytes.len(), |end| digit + end)
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
