//! Detectors that begin with a literal: the pattern runs only where the literal stands, in a window around it.

use regex_automata::meta::Regex;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use super::trigram::{Trigrams, folded};
use super::{Ignore, Scan};
use crate::walk::Span;

/// Bytes of windows that patterns may look at for each byte of the text, and for any text. Beyond that a literal alone
/// is taken for a finding: nothing that is written to be slow passes unmasked.
const BUDGET_PER_BYTE: usize = 64;
const BUDGET_LEAST: usize = 16 * 1024;
/// Matches that a window is searched for, until one covers the literal.
const TRIES_MAX: usize = 4;

/// All literals and their patterns.
#[derive(Debug, Default)]
pub(super) struct Literals {
    filter: Trigrams,
    /// Sorted by the first three bytes.
    sorted: Vec<Literal>,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Literal {
    start: u32,
    text: Box<[u8]>,
    ignore: Ignore,
    pattern: usize,
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
        self.patterns.push(Pattern { rule, regex, before, window, slots, at_sign });
        Ok(())
    }

    /// After the last [`Literals::add`].
    pub(super) fn finish(&mut self) {
        self.sorted.sort_by_key(|literal| literal.start);
    }

    pub(super) fn find(&self, scan: &mut Scan<'_>) {
        let bytes = scan.bytes;
        let mut budget = bytes.len().saturating_mul(BUDGET_PER_BYTE).saturating_add(BUDGET_LEAST);
        self.filter.candidates(bytes, |at| {
            let Some(start) = folded(&bytes[at..]) else { return };
            let first = self.sorted.partition_point(|literal| literal.start < start);
            for literal in self.sorted[first..].iter().take_while(|literal| literal.start == start) {
                if literal.stands(&bytes[at..]) {
                    let span = Span::new(at, at + literal.text.len());
                    self.patterns[literal.pattern].find(scan, span, &mut budget);
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
    fn find(&self, scan: &mut Scan<'_>, literal: Span, budget: &mut usize) {
        let from = literal.start.saturating_sub(self.before);
        let to = scan.bytes.len().min(literal.start + self.window);
        if self.at_sign && memchr::memchr(b'@', &scan.bytes[literal.start..to]).is_none() {
            return;
        }
        let Some(left) = budget.checked_sub(to - from) else {
            scan.judge_unread(self.rule, literal.start, to);
            return;
        };
        *budget = left;
        let anchored = if self.before == 0 { Anchored::Yes } else { Anchored::No };
        let mut input = Input::new(scan.bytes).anchored(anchored).span(from..to);
        let mut slots: [Option<NonMaxUsize>; 4] = [None; 4];
        for _ in 0..TRIES_MAX {
            slots.fill(None);
            if self.regex.search_slots(&input, &mut slots[..self.slots]).is_none() {
                return;
            }
            let group = if self.slots > 2 { part(slots[2], slots[3]) } else { None };
            let (Some(all), value) = (part(slots[0], slots[1]), group) else { return };
            if all.start <= literal.start && all.end >= literal.end {
                let value = whole_characters(scan.text, value.unwrap_or(all));
                if !value.is_empty() {
                    scan.judge(self.rule, value);
                }
                return;
            }
            if all.start > literal.start || all.end >= to {
                return;
            }
            input.set_start(all.end.max(all.start + 1));
        }
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
