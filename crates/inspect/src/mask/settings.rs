//! What an operator can change about detection, as plain data.

use std::collections::BTreeMap;
use std::fmt;

use super::path::Path;

/// Changes to what is built in. The default changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Detectors that are switched off, by name.
    pub off: Vec<String>,
    /// Least confidence of a finding, from 0 to 100: see [`crate::detect::Need`].
    pub threshold: u8,
    /// The same for single detectors, by name.
    pub thresholds: BTreeMap<String, u8>,
    /// Values that are never masked, exactly as written.
    pub allow: Vec<String>,
    /// Values that are never masked: regular expressions (syntax of crate `regex`) that match the whole value.
    pub allow_patterns: Vec<String>,
    /// More member names, written as in [`crate::detect::Find::Key`].
    pub keys: Vec<KeyName>,
    /// More literals.
    pub literals: Vec<Custom>,
}

/// A member name that gives its value away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName {
    /// Words in lower case, one space between; `=` in front when the whole name must be that.
    pub name: String,
    /// A built-in detector, or a name of one's own.
    pub detector: String,
}

/// A detector of somebody's own: literals, and a pattern that begins at one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custom {
    /// Its name, in `kebab-case`.
    pub name: String,
    /// Each ASCII and at least three bytes.
    pub literals: Vec<String>,
    /// Matches from the literal on, over at most 1024 bytes; as in [`crate::detect::Find::Literal`]. Without one the
    /// literal itself is the value.
    pub pattern: Option<String>,
}

/// A place in the documents of a tool that is masked whatever stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRule {
    /// Where, counted from the root of the arguments, of the structured content, or of JSON in a text.
    pub path: Path,
    /// A built-in detector, or a name of one's own.
    pub detector: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            off: Vec::new(),
            threshold: 50,
            thresholds: BTreeMap::new(),
            allow: Vec::new(),
            allow_patterns: Vec::new(),
            keys: Vec::new(),
            literals: Vec::new(),
        }
    }
}

/// A setting that makes no sense. The fault is the operator's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleError {
    /// There is no such built-in detector.
    UnknownDetector(String),
    /// A threshold above 100.
    Threshold(String),
    /// A pattern that is none, with the reason.
    Pattern(String, String),
    /// A name that is not in `kebab-case`, or that is taken.
    Name(String),
    /// A literal that is shorter than three bytes or not ASCII.
    Literal(String),
    /// More detectors of one's own than [`super::limit::CUSTOM_MAX`].
    TooMany,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownDetector(name) => {
                write!(f, "there is no detector `{name}`: `countersign inspect detectors` lists them")
            }
            Self::Threshold(name) => write!(f, "the threshold of `{name}` must be from 0 to 100"),
            Self::Pattern(name, cause) => {
                write!(f, "the pattern of `{name}` is not a regular expression: {cause}")
            }
            Self::Name(name) => write!(
                f,
                "`{name}` cannot name a detector: use lower-case letters, digits and hyphens, and no name that is built in"
            ),
            Self::Literal(name) => {
                write!(f, "a literal of `{name}` is too short: it needs three ASCII characters or more")
            }
            Self::TooMany => write!(f, "more than {} detectors of your own", super::limit::CUSTOM_MAX),
        }
    }
}

impl std::error::Error for RuleError {}
