//! Runs detectors over one text: a filter over triples of bytes finds literals, digits and `@` drive the scanners.
//!
//! Linear in the text: every candidate looks at a bounded neighbourhood, and patterns share a budget.

mod address;
mod context;
mod edge;
mod email;
mod literal;
mod number;
mod shape;
mod start;
mod trigram;

pub(crate) use context::{Topics, Words};
pub(crate) use trigram::Trigrams;

use super::{Check, Detector, Find, Need, Scanner};
use crate::walk::Span;

/// Which detector, by its place in the list that the engine was made from.
pub(crate) type Id = u16;

/// Something that a detector found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Which detector.
    pub(crate) id: Id,
    /// Where the value stands in the text.
    pub(crate) span: Span,
    /// From 0 to 100.
    pub(crate) confidence: u8,
}

/// The confidence of a finding that lacks no word.
pub(crate) const SURE: u8 = 90;
/// The confidence of a finding that lacks a word which may be there.
pub(crate) const LIKELY: u8 = 60;

/// What an engine is made from: a detector, or a literal of somebody's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) id: Id,
    pub(crate) check: Check,
    pub(crate) context: &'a [&'a str],
    pub(crate) shared: &'a [&'a str],
    pub(crate) need: Need,
    pub(crate) find: Want<'a>,
}

/// [`Find`] without the part that is about keys, and not bound to the built-in table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Want<'a> {
    Literal {
        literals: &'a [&'a str],
        ignore_case: Ignore,
        before: usize,
        window: usize,
        pattern: &'a str,
    },
    Scanner(Scanner),
    /// Only its words of context are of interest.
    Nothing,
}

/// Whether the case of ASCII letters matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ignore {
    Case,
    Nothing,
}

impl<'a> Entry<'a> {
    /// A built-in detector as number `id`.
    pub(crate) fn of(id: Id, detector: &'a Detector) -> Self {
        let find = match detector.find {
            Find::Literal { literals, case, before, window, pattern } => Want::Literal {
                literals,
                ignore_case: if case == super::Case::Ignore { Ignore::Case } else { Ignore::Nothing },
                before: usize::from(before),
                window: usize::from(window),
                pattern,
            },
            Find::Scanner(scanner) => Want::Scanner(scanner),
            Find::Key(_) => Want::Nothing,
        };
        Self {
            id,
            check: detector.check,
            context: detector.context,
            shared: detector.shared,
            need: detector.need,
            find,
        }
    }
}

/// Detectors, compiled.
#[derive(Debug)]
pub(crate) struct Engine {
    words: Words,
    rules: Vec<Rule>,
    literals: literal::Literals,
    numbers: number::Numbers,
    shapes: shape::Shapes,
    emails: Vec<u16>,
    addresses: address::Addresses,
}

/// What every kind of candidate needs, whatever found it.
#[derive(Debug, Clone, Copy)]
struct Rule {
    id: Id,
    check: Check,
    need: Need,
    /// Its bit in [`Topics`]; none when it has no words.
    topic: Topics,
}

/// Whether signs stand between letters and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separated {
    Yes,
    No,
}

impl Rule {
    /// Whether there is no finding without a word, for candidates that have separators or have none.
    fn needs_word(self, separated: Separated) -> bool {
        match self.need {
            Need::Required => true,
            Need::Bare => separated == Separated::No,
            Need::None | Need::Optional => false,
        }
    }
}

/// One text while it is scanned.
struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    engine: &'a Engine,
    /// What the keys on the way to the text speak for.
    path: Topics,
    /// What the text around a position speaks for.
    near: context::Near,
    hits: &'a mut Vec<Hit>,
}

impl Engine {
    /// Compiles `entries`.
    ///
    /// # Errors
    /// The id of an entry whose pattern is none, with the reason.
    pub(crate) fn new(entries: &[Entry<'_>]) -> Result<Self, (Id, String)> {
        let words = Words::new(entries.iter().map(|entry| (entry.id, entry.context, entry.shared)));
        let mut engine = Self {
            rules: Vec::with_capacity(entries.len()),
            literals: literal::Literals::default(),
            numbers: number::Numbers::default(),
            shapes: shape::Shapes::default(),
            emails: Vec::new(),
            addresses: address::Addresses::default(),
            words,
        };
        for (index, entry) in (0_u16..).zip(entries) {
            let topic = engine.words.topic(entry.id);
            engine.rules.push(Rule { id: entry.id, check: entry.check, need: entry.need, topic });
            match entry.find {
                Want::Literal { literals, ignore_case, before, window, pattern } => engine
                    .literals
                    .add(index, literals, ignore_case, before, window, pattern)
                    .map_err(|cause| (entry.id, cause))?,
                Want::Scanner(Scanner::Email) => engine.emails.push(index),
                Want::Scanner(Scanner::Ipv4) => engine.addresses.v4.push(index),
                Want::Scanner(Scanner::Ipv6) => engine.addresses.v6.push(index),
                Want::Scanner(Scanner::Mac) => engine.addresses.mac.push(index),
                Want::Scanner(Scanner::Iban) => engine.shapes.add_iban(index),
                Want::Scanner(Scanner::International) => engine.numbers.add_international(index),
                Want::Scanner(Scanner::Digits { min, max, group_min, separators }) => {
                    let rule = (index, engine.rules[usize::from(index)]);
                    engine.numbers.add(rule, min..=max, group_min, separators);
                }
                Want::Scanner(Scanner::Shape(shapes)) => {
                    engine.shapes.add((index, engine.rules[usize::from(index)]), shapes);
                }
                Want::Nothing => {}
            }
        }
        engine.literals.finish();
        Ok(engine)
    }

    /// The words of context, for keys.
    pub(crate) fn words(&self) -> &Words {
        &self.words
    }

    /// Appends what is found in `text`, in no order; which bytes it has. `path` is what the keys on the way to it speak for.
    pub(crate) fn find(&self, text: &str, path: Topics, hits: &mut Vec<Hit>) -> Seen {
        let bytes = text.as_bytes();
        let seen = Seen::of(bytes);
        let mut scan = Scan { text, bytes, engine: self, path, near: context::Near::default(), hits };
        self.literals.find(&mut scan);
        if seen.has(Seen::AT_SIGN) {
            email::find(&mut scan, &self.emails);
        }
        if seen.has(Seen::DIGIT) {
            number::find(&mut scan, &self.numbers, &self.shapes);
        }
        self.addresses.find(&mut scan, seen);
        seen
    }

    /// Appends what is found in a JSON integer.
    pub(crate) fn find_integer(&self, text: &str, path: Topics, hits: &mut Vec<Hit>) {
        let near = context::Near::default();
        let mut scan = Scan { text, bytes: text.as_bytes(), engine: self, path, near, hits };
        number::find(&mut scan, &self.numbers, &self.shapes);
    }
}

impl Scan<'_> {
    /// Asks the rule at `index` about the candidate at `span`; whether it is a finding.
    fn judge(&mut self, index: u16, span: Span) -> bool {
        let rule = self.engine.rules[usize::from(index)];
        // What is known already about the words around is cheaper than digits that are added up.
        if rule.need == Need::Required && !self.path.meets(rule.topic) {
            let known = self.near.known(self.bytes, span);
            if known.is_some_and(|near| !near.meets(rule.topic)) {
                return false;
            }
        }
        if !(rule.check)(span.of(self.text)) {
            return false;
        }
        let confidence = match rule.need {
            Need::None => SURE,
            _ if self.speaks_for(rule.topic, span) => SURE,
            Need::Optional => LIKELY,
            // Separators show that somebody wrote a number of that form.
            Need::Bare if !span.of(self.text).bytes().all(|byte| byte.is_ascii_alphanumeric()) => LIKELY,
            Need::Required | Need::Bare => return false,
        };
        self.hits.push(Hit { id: rule.id, span, confidence });
        true
    }

    /// Asks all of `rules` about the same candidate; whether it is a finding of any.
    fn judge_all(&mut self, rules: &[u16], span: Span) -> bool {
        let found = rules.iter().filter(|rule| self.judge(**rule, span));
        found.count() > 0
    }

    /// Takes the bytes from `start` to `end` for a finding without looking: there was too much to look at.
    fn judge_unread(&mut self, index: u16, start: usize, end: usize) {
        let id = self.engine.rules[usize::from(index)].id;
        let span = Span::new(self.text.floor_char_boundary(start), self.text.ceil_char_boundary(end));
        self.hits.push(Hit { id, span, confidence: SURE });
    }

    /// Whom the words around a value at `start` may speak for: those, and perhaps others.
    fn about(&mut self, start: usize) -> Topics {
        self.path.with(self.near.about(&self.engine.words, self.bytes, start))
    }

    fn speaks_for(&mut self, topic: Topics, span: Span) -> bool {
        if self.path.meets(topic) {
            return true;
        }
        self.near.around(&self.engine.words, self.bytes, span).meets(topic)
    }
}

/// Which bytes a text has at all.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen(u8);

impl Seen {
    pub(crate) const DIGIT: Self = Self(1);
    const AT_SIGN: Self = Self(2);
    const COLON: Self = Self(4);
    const DOT: Self = Self(8);
    const HYPHEN: Self = Self(16);
    /// A line ends.
    pub(crate) const LINE: Self = Self(32);
    /// What may stand behind a label: a colon too.
    pub(crate) const LABEL: Self = Self(64);
    /// What a tag ends with.
    pub(crate) const ELEMENT: Self = Self(128);

    /// Many bytes at a time: the inner loop vectorises.
    fn of(bytes: &[u8]) -> Self {
        let (chunks, rest) = bytes.as_chunks::<32>();
        let mut lanes = [0; 32];
        for chunk in chunks {
            for (lane, byte) in lanes.iter_mut().zip(chunk) {
                *lane |= Self::one(*byte).0;
            }
        }
        let most = if chunks.is_empty() { 0 } else { lanes.iter().fold(0, |seen, lane| seen | lane) };
        Self(rest.iter().fold(most, |seen, byte| seen | SEEN[usize::from(*byte)].0))
    }

    const fn one(byte: u8) -> Self {
        Self(
            byte.is_ascii_digit() as u8
                | ((byte == b'@') as u8) << 1
                | ((byte == b':') as u8) << 2
                | ((byte == b'.') as u8) << 3
                | ((byte == b'-') as u8) << 4
                | ((byte == b'\n') as u8) << 5
                | (matches!(byte, b':' | b'=' | b'>') as u8) << 6
                | ((byte == b'>') as u8) << 7,
        )
    }

    pub(crate) fn has(self, kind: Self) -> bool {
        self.0 & kind.0 != 0
    }
}

/// [`Seen::one`] of each byte.
const SEEN: [Seen; 256] = {
    let mut seen = [Seen(0); 256];
    let mut byte = 0_u8;
    while byte < 128 {
        seen[byte as usize] = Seen::one(byte);
        byte += 1;
    }
    seen
};

#[cfg(test)]
mod tests;
