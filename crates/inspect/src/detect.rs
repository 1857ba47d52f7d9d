//! What gives away a secret or personal data: one table of plain entries, and the machinery that runs them.
//!
//! An entry is data: how to find a candidate, how to check it, which words must be near it. It has no code of its own
//! but its validator. See [`Detector`] for the meaning of each field, and CONTRIBUTING.md for how to add one.

pub mod check;
pub(crate) mod scan;
mod table;

pub use table::DETECTORS;

/// A built-in detector.
#[derive(Debug, Clone, Copy)]
pub struct Detector {
    /// Stable public name in `kebab-case`; the label that replaces a value is this name in brackets.
    pub name: &'static str,
    /// Raised whenever what it finds changes: in `table/version.rs`.
    pub version: u8,
    /// What kind of data it finds.
    pub class: Class,
    /// How a candidate is found.
    pub find: Find,
    /// Whether the candidate is one: check digits, areas, entropy, placeholders. [`check::always`] when the form is
    /// proof enough. Sees the value as it stands, separators included.
    pub check: Check,
    /// Words that speak for it, lower case, each at least three bytes, words apart by one space. They count when they
    /// stand in the same string (at most 64 bytes before or 32 after) or in a key on the way to it, as whole words.
    pub context: &'static [&'static str],
    /// Words that speak for it and for all that are like it, as the ones before.
    pub shared: &'static [&'static str],
    /// What the lack of such a word means.
    pub need: Need,
    /// So few values are possible that a pseudonym could be reversed by trying all: its key is the session's.
    pub small_space: bool,
    /// The mask where policy names none. The record always gets [`Form::Label`].
    pub mask: Form,
    /// Texts in which it finds something. One that begins with `{` or `[` is a JSON message, any other a string.
    pub finds: &'static [&'static str],
    /// Texts in which it finds nothing, written alike.
    pub passes: &'static [&'static str],
}

/// Tells a value from what only looks like one.
pub type Check = fn(&str) -> bool;

/// What kind of data a detector finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Whoever holds it can act: keys, tokens, passwords.
    Credential,
    /// It says something about a person, or leads to one.
    Personal,
    /// It says something about a person's health.
    Health,
}

impl Class {
    /// The word policies and listings know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Personal => "personal",
            Self::Health => "health",
        }
    }
}

/// What the lack of a context word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: the value speaks for itself. Confidence 90.
    None,
    /// Less confidence: 60 without, 90 with.
    Optional,
    /// There is no finding.
    Required,
    /// As [`Need::Required`] for letters and digits alone; as [`Need::Optional`] where separators show the form, as in
    /// `536-90-4399`.
    Bare,
}

/// How a candidate is found.
#[derive(Debug, Clone, Copy)]
pub enum Find {
    /// One of the literals stands there, and the pattern matches around it.
    ///
    /// The pattern is a byte regex without Unicode classes. With `before: 0` it is anchored where the literal begins
    /// and sees at most `window` bytes from there. Otherwise it may begin up to `before` bytes earlier, and the match
    /// must cover the literal. Assertions (`\b`) see the text around the window. Its first group is the value; without
    /// a group the whole match is. A long repeat is left open (`{20,}`, not `{20,2000}`): the window is its bound, and
    /// each step of a bounded one costs memory.
    Literal {
        /// Each at least three bytes, ASCII; with [`Case::Ignore`] in lower case.
        literals: &'static [&'static str],
        /// How the literals are compared. The pattern says its own case, `(?i)`.
        case: Case,
        /// How far before the literal the match may begin, in bytes.
        before: u16,
        /// How far from the beginning of the literal the match may reach, in bytes.
        window: u16,
        /// The syntax is that of crate `regex`.
        pattern: &'static str,
    },
    /// A hand-written scanner, for what no literal announces.
    Scanner(Scanner),
    /// By the name of the member it is the value of: everything below is masked.
    ///
    /// Names are split into lower-case words (`userPassword`, `user_password`, `User-Password` are `user password`). An
    /// entry matches when its words stand together in the name, or joined (`apikey`). With `=` in front the name must
    /// be nothing else. A last word such as `count`, `type` or `id` disarms all but `=`.
    Key(&'static [&'static str]),
}

/// How literals are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Byte for byte.
    Exact,
    /// Without regard to the case of ASCII letters.
    Ignore,
}

/// Hand-written scanners.
///
/// None begins or ends inside a word: the byte before and the byte after are no letter, digit or underscore, and no
/// `-`, `.` or `+` that joins it to one.
#[derive(Debug, Clone, Copy)]
pub enum Scanner {
    /// `local@domain.tld`.
    Email,
    /// Four numbers below 256, dots between.
    Ipv4,
    /// RFC 4291 text, at least two colons.
    Ipv6,
    /// Six pairs of hexadecimal digits, `:` or `-` between; or three groups of four, dots between.
    Mac,
    /// Two letters, two digits, then 11 to 30 letters or digits, perhaps in groups of four.
    Iban,
    /// `+` and 8 to 15 digits, perhaps grouped.
    International,
    /// Digits, perhaps in groups. Found in JSON integers as well.
    Digits {
        /// Fewest digits, at least 5.
        min: u8,
        /// Most digits, at most 19.
        max: u8,
        /// Least length of each group when there is more than one.
        group_min: u8,
        /// What may stand between two groups, from ` -./`; empty when nothing may.
        separators: &'static str,
    },
    /// One of some fixed shapes, with a digit in its first word, or in its second when the first has at most three letters: `9` is a digit, `A` an upper-case letter, `a` any letter, `X` an upper-case letter or
    /// digit; anything else stands for itself. Each has a `9`, or a letter and an `X`. Found in JSON integers as well
    /// when all are `9`.
    Shape(&'static [&'static str]),
}

/// How a value is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// Not at all.
    Plain,
    /// The name of the detector in brackets.
    Label,
    /// The last four characters stay; of eight or fewer none does.
    Partial,
    /// A keyed pseudonym: equal values stay equal.
    Token,
    /// Nothing is left.
    Drop,
}

impl Form {
    /// The name in policies and receipts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Label => "label",
            Self::Partial => "partial",
            Self::Token => "token",
            Self::Drop => "drop",
        }
    }
}

#[cfg(test)]
mod tests;
