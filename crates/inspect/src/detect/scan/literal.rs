//! Detectors that begin with a literal: the pattern runs only where the literal stands, in a window around it.

use regex_automata::meta::Regex;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use super::start::Starts;
use super::trigram::{Places, Trigrams, folded};
use super::{Ignore, Scan};
use crate::walk::Span;

/// Bytes of windows that patterns may look at for each byte of the text, and for any text. Beyond that a literal alone
/// is taken for a finding: nothing that is written to be slow passes unmasked.
const BUDGET_PER_BYTE: usize = 32;
const BUDGET_LEAST: usize = 16 * 1024;
/// Bytes at the end of a value that a window cut off, in which the next one may begin.
const REST: usize = 64;

/// What was spent on one text, and how far the last value reaches.
#[derive(Debug)]
struct Effort {
    /// Bytes of windows that may still be looked at.
    left: usize,
    /// The rule that found something last, and up to where its literals are settled by that.
    settled: (u16, usize),
}

/// All literals and their patterns.
#[derive(Debug, Default)]
pub(super) struct Literals {
    filter: Trigrams,
    /// Sorted by the place of the first three bytes.
    sorted: Vec<Literal>,
    /// How each of them begins: most are ruled out here, side by side.
    heads: Vec<Head>,
    places: Places,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Literal {
    start: u32,
    text: Box<[u8]>,
    ignore: Ignore,
    pattern: usize,
}

/// The first eight bytes of a literal, and which of their bits count.
#[derive(Debug, Clone, Copy)]
struct Head {
    word: u64,
    mask: u64,
}

impl Head {
    fn of(literal: &Literal) -> Self {
        let mask = literal.text.iter().take(8).map(|byte| match literal.ignore {
            Ignore::Case if byte.is_ascii_alphabetic() => !0x20,
            _ => 0xff,
        });
        Self { word: first_word(&literal.text), mask: first_word(&mask.collect::<Vec<u8>>()) }
    }

    fn begins(self, word: u64) -> bool {
        (self.word ^ word) & self.mask == 0
    }
}

/// The first eight bytes; those that are missing are zero.
fn first_word(bytes: &[u8]) -> u64 {
    let padded = || {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        word
    };
    u64::from_le_bytes(bytes.first_chunk::<8>().copied().unwrap_or_else(padded))
}

#[derive(Debug)]
struct Pattern {
    /// The rule it belongs to.
    rule: u16,
    regex: Regex,
    before: usize,
    window: usize,
    /// Two for the match, and two more when it has a group: engines leave anything in slots that are not asked for.
    slots: usize,
    starts: Starts,
    /// Every match has an `@`: a window without one is not searched.
    at_sign: bool,
}

impl Literals {
    pub(super) fn add(
        &mut self,
        rule: u16,
        literals: &[&str],
        ignore: Ignore,
        before: usize,
        window: usize,
        pattern: &str,
    ) -> Result<(), String> {
        // Windows are short: a backtracker over them needs no tables that fill while traffic flows.
        let config = Regex::config().utf8_empty(false).hybrid(false).nfa_size_limit(Some(1 << 20));
        let syntax = syntax::Config::new().unicode(false).utf8(false);
        let regex = Regex::builder().configure(config).syntax(syntax).build(pattern);
        let regex = regex.map_err(|cause| cause.to_string())?;
        for literal in literals {
            let start = folded(literal.as_bytes()).ok_or("a literal shorter than three bytes")?;
            self.filter.add(literal.as_bytes());
            let text = literal.as_bytes().into();
            self.sorted.push(Literal { start, text, ignore, pattern: self.patterns.len() });
        }
        let slots = 2 * regex.captures_len().min(2);
        let at_sign = needs_at_sign(pattern);
        let starts = Starts::of(pattern);
        self.patterns.push(Pattern { rule, regex, before, window, slots, starts, at_sign });
        Ok(())
    }

    /// After the last [`Literals::add`].
    pub(super) fn finish(&mut self) {
        self.places = Places::sort(&mut self.sorted, |literal| literal.start);
        self.heads = self.sorted.iter().map(Head::of).collect();
    }

    pub(super) fn find(&self, scan: &mut Scan<'_>) {
        let bytes = scan.bytes;
        let left = bytes.len().saturating_mul(BUDGET_PER_BYTE).saturating_add(BUDGET_LEAST);
        let mut effort = Effort { left, settled: (0, 0) };
        self.filter.candidates(bytes, |at| {
            let Some(start) = folded(&bytes[at..]) else { return };
            let word = first_word(&bytes[at..]);
            for row in self.places.rows(start).filter(|row| self.heads[*row].begins(word)) {
                let literal = &self.sorted[row];
                if literal.stands(&bytes[at..]) {
                    let span = Span::new(at, at + literal.text.len());
                    self.patterns[literal.pattern].find(scan, span, &mut effort);
                }
            }
        });
    }
}

impl Literal {
    fn stands(&self, bytes: &[u8]) -> bool {
        let Some(there) = bytes.get(..self.text.len()) else { return false };
        match self.ignore {
            Ignore::Case => there.eq_ignore_ascii_case(&self.text),
            Ignore::Nothing => *there == *self.text,
        }
    }
}

impl Pattern {
    /// Looks for the value around a literal.
    fn find(&self, scan: &mut Scan<'_>, literal: Span, effort: &mut Effort) {
        if effort.settled.0 == self.rule && literal.end <= effort.settled.1 {
            return;
        }
        let from = literal.start.saturating_sub(self.before);
        let to = scan.bytes.len().min(literal.start + self.window);
        if self.at_sign && memchr::memchr(b'@', &scan.bytes[literal.start..to]).is_none() {
            return;
        }
        let Some(left) = effort.left.checked_sub(to - from) else {
            scan.judge_unread(self.rule, literal.start, to);
            effort.settled = (self.rule, to.saturating_sub(REST));
            return;
        };
        effort.left = left;
        // From each place on, since a search for the place would go on to the end of the window.
        let mut start = from;
        while start <= literal.start {
            let may = self.starts.may(scan.bytes, start);
            let Some((all, value)) = may.then(|| self.matching(scan.bytes, Span::new(start, to))).flatten()
            else {
                start += 1;
                continue;
            };
            if all.end < literal.end {
                start = all.end.max(start + 1);
                continue;
            }
            let value = whole_characters(scan.text, value);
            if !value.is_empty() && scan.judge(self.rule, value) {
                // What is inside a value is masked with it. One that the window cut off may go on.
                let cut = if all.end < to { 0 } else { REST };
                effort.settled = (self.rule, value.end.saturating_sub(cut));
                effort.left += to - all.end;
            }
            return;
        }
    }

    /// The match that begins where `window` does, and the value in it.
    fn matching(&self, bytes: &[u8], window: Span) -> Option<(Span, Span)> {
        let input = Input::new(bytes).anchored(Anchored::Yes).span(window.start..window.end);
        let mut slots: [Option<NonMaxUsize>; 4] = [None; 4];
        self.regex.search_slots(&input, &mut slots[..self.slots])?;
        let all = part(slots[0], slots[1])?;
        let value = if self.slots > 2 { part(slots[2], slots[3]) } else { None };
        Some((all, value.unwrap_or(all)))
    }
}

/// Whether no match of `pattern` is without an `@`: one stands outside all groups and classes, not repeated, and there
/// is no alternative.
fn needs_at_sign(pattern: &str) -> bool {
    let (mut depth, mut class, mut found) = (0_usize, false, false);
    let mut bytes = pattern.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'[' if !class => class = true,
            b']' => class = false,
            b'(' if !class => depth += 1,
            b')' if !class => depth = depth.saturating_sub(1),
            b'|' if !class && depth == 0 => return false,
            b'@' if !class && depth == 0 => found |= !matches!(bytes.peek(), Some(b'?' | b'*' | b'{')),
            _ => {}
        }
    }
    found
}

fn part(start: Option<NonMaxUsize>, end: Option<NonMaxUsize>) -> Option<Span> {
    Some(Span::new(start?.get(), end?.get()))
}

/// The least span of whole characters that holds `span`: a byte pattern may stop inside one.
fn whole_characters(text: &str, span: Span) -> Span {
    Span::new(text.floor_char_boundary(span.start), text.ceil_char_boundary(span.end))
}
