//! From the tree of the file to the configuration, finding every problem of shape at once.
//!
//! `serde` stops at the first error. Here a value that does not fit is reported, replaced by one that does, and
//! reading starts again; nothing that was replaced is ever used, since a configuration with problems is refused.

mod access;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::de::{DeserializeOwned, Expected, Unexpected};

use super::document::{Node, Path};
use super::problem::{PrivateLines, Problem, closest};
use access::{Decoder, Source};

/// Values that replace a broken text, tried in this order: one of them fits every type of the configuration that
/// is written as text.
const STAND_INS: &[&str] = &["127.0.0.1:1", "https://127.0.0.1"];
/// Most values replaced before reading gives up.
const REPLACED_MAX: usize = 256;

/// What reading the tree gave.
pub(super) struct Decoded<T> {
    /// The configuration, with stand-ins where there are problems. `None`: no stand-in fitted.
    pub(super) value: Option<T>,
    pub(super) problems: Vec<Problem>,
    /// What was replaced: checks of meaning skip it.
    pub(super) replaced: BTreeSet<Path>,
    /// Every field that the types visited have, written or not, without positions in lists.
    #[cfg(test)]
    pub(super) known: BTreeSet<String>,
    pub(super) private: PrivateLines,
}

/// Reads `T` from `root`, the tree of `text`.
pub(super) fn decode<T: DeserializeOwned>(root: &Node, text: &str) -> Decoded<T> {
    let session = Session { text, state: RefCell::default() };
    let mut value = None;
    for _ in 0..REPLACED_MAX {
        let before = session.state.borrow().replaced.clone();
        let decoder = Decoder { source: Source::Written(root), path: Path::default(), session: &session };
        if let Ok(decoded) = T::deserialize(decoder) {
            value = Some(decoded);
            break;
        }
        if session.state.borrow().replaced == before {
            break;
        }
    }
    let state = session.state.into_inner();
    let known = state.known;
    let problems = state.problems.into_iter().map(|problem| placed(problem, &known)).collect();
    let replaced = state.replaced.into_keys().collect();
    Decoded {
        value,
        problems,
        replaced,
        #[cfg(test)]
        known,
        private: state.private,
    }
}

/// What one reading has found so far.
struct Session<'t> {
    text: &'t str,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    problems: BTreeSet<Problem>,
    /// Each value that was replaced, and how many stand-ins have been tried.
    replaced: BTreeMap<Path, usize>,
    known: BTreeSet<String>,
    private: PrivateLines,
}

impl Session<'_> {
    /// Reports a problem that leaves the value usable.
    fn note(&self, problem: Problem) {
        self.state.borrow_mut().problems.insert(problem);
    }

    /// Reports a problem and has the value at `path` replaced.
    fn fail(&self, path: &Path, problem: Problem) -> Fault {
        self.note(problem);
        self.state.borrow_mut().replaced.entry(path.clone()).or_insert(0);
        Fault::Reported
    }

    /// Reports what a type said about the value at `path`.
    fn blame(&self, path: &Path, fault: Fault) -> Fault {
        match fault {
            Fault::Reported => fault,
            Fault::Missing(name) => {
                let problem = Problem::key(path.clone(), format!("missing field `{name}`{}", inside(path)))
                    .hint("docs/configuration.md says what to write");
                if self.is_misspelled(path, name) {
                    self.state.borrow_mut().replaced.entry(path.field(name)).or_insert(0);
                    return Fault::Reported;
                }
                self.fail(&path.field(name), problem)
            }
            Fault::Message(text) => self.fail(path, Problem::value(path.clone(), text)),
        }
    }

    /// Whether a field of the value at `path` that is not known was taken for `name`.
    fn is_misspelled(&self, path: &Path, name: &str) -> bool {
        let hint = meant(name);
        let state = self.state.borrow();
        state.problems.iter().any(|problem| {
            problem.path.parent().as_ref() == Some(path) && problem.hint.as_deref() == Some(hint.as_str())
        })
    }

    /// The text that replaces the one at `path`.
    fn stand_in(&self, path: &Path) -> Option<&'static str> {
        STAND_INS.get(self.state.borrow().replaced.get(path).copied().unwrap_or_default()).copied()
    }

    /// Has the next stand-in tried at `path`.
    fn reject_stand_in(&self, path: &Path) -> Fault {
        let mut state = self.state.borrow_mut();
        let tried = state.replaced.entry(path.clone()).or_insert(0);
        if *tried < STAND_INS.len() {
            *tried += 1;
        }
        Fault::Reported
    }

    fn is_replaced(&self, path: &Path) -> bool {
        self.state.borrow().replaced.contains_key(path)
    }

    /// Fields of the value at `path` that are not written and were replaced.
    fn replaced_fields(&self, path: &Path, fields: &'static [&'static str]) -> Vec<&'static str> {
        fields.iter().copied().filter(|name| self.is_replaced(&path.field(name))).collect()
    }

    fn know(&self, path: &Path, fields: &[&str]) {
        let mut state = self.state.borrow_mut();
        state.known.extend(fields.iter().map(|name| path.field(name).general()));
    }

    fn hide(&self, node: &Node) {
        self.state.borrow_mut().private.add(node, self.text);
    }
}

/// Why a value could not be read; never holds the value.
#[derive(Debug)]
enum Fault {
    /// Already among the problems.
    Reported,
    /// The type asks for a field that is not written.
    Missing(&'static str),
    /// What the type says.
    Message(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reported => f.write_str("already reported"),
            Self::Missing(name) => write!(f, "missing field `{name}`"),
            Self::Message(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: std::fmt::Display>(text: T) -> Self {
        Self::Message(text.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    // The default wording repeats the value, which may be a secret in the wrong place.
    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match unexpected {
            Unexpected::Unit | Unexpected::Option => "nothing",
            Unexpected::Bool(_) => "a boolean: put it in quotes if text is meant",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => {
                "a number: put it in quotes if text is meant"
            }
            Unexpected::Str(_) | Unexpected::Char(_) | Unexpected::Bytes(_) => "text",
            Unexpected::Seq => "a list",
            _ => "a group of fields",
        };
        Self::Message(format!("expected {expected}, found {found}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Message(format!("expected {expected}"))
    }
}

/// The hint that a name was misspelled.
fn meant(name: &str) -> String {
    format!("did you mean `{name}`?")
}

/// Where a field is, for a message; nothing at the root.
fn inside(path: &Path) -> String {
    match path.to_string() {
        holder if holder.is_empty() => holder,
        holder => format!(" in `{holder}`"),
    }
}

/// Completes an unknown field that is known elsewhere.
fn placed(problem: Problem, known: &BTreeSet<String>) -> Problem {
    if problem.hint.is_some() || !problem.text.starts_with("unknown field") {
        return problem;
    }
    let name = problem.path.name().unwrap_or_default();
    let homes = known.iter().filter_map(|path| {
        let (home, field) = path.rsplit_once('.')?;
        (closest(name, [field]) == Some(field)).then_some((strsim::levenshtein(name, field), home, field))
    });
    match homes.min() {
        Some((_, home, field)) => {
            let hint = format!("`{field}` belongs in `{home}`");
            problem.hint(hint)
        }
        None => problem.hint("remove it; docs/configuration.md lists every field"),
    }
}
