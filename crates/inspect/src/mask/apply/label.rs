//! Labels of names: members that were apart stay apart, and the same name is the same everywhere in a message.

use std::collections::HashMap;

/// The labels given so far, for one reader of one message.
pub(super) struct Labels<'a> {
    message: &'a str,
    by_detector: HashMap<String, Given>,
}

/// Those of one detector.
#[derive(Default)]
struct Given {
    /// By value.
    labels: HashMap<String, String>,
    /// The number of the last one.
    last: u64,
}

impl<'a> Labels<'a> {
    /// None yet, of that message.
    pub(super) fn new(message: &'a str) -> Self {
        Self { message, by_detector: HashMap::new() }
    }

    /// What stands for a value that `detector` found in a name: its label, with a number from the second value on.
    pub(super) fn of(&mut self, detector: &str, value: &str) -> String {
        if !self.by_detector.contains_key(detector) {
            let last = used(self.message, detector);
            self.by_detector.insert(detector.to_owned(), Given { last, ..Given::default() });
        }
        let given = self.by_detector.entry(detector.to_owned()).or_default();
        if let Some(label) = given.labels.get(value) {
            return label.clone();
        }
        given.last = given.last.saturating_add(1);
        let label = match given.last {
            1 => format!("[{detector}]"),
            number => format!("[{detector}-{number}]"),
        };
        given.labels.insert(value.to_owned(), label.clone());
        label
    }
}

/// The highest number among the labels that a message has already: they stand for nothing else.
fn used(message: &str, detector: &str) -> u64 {
    let begin = format!("[{detector}");
    let places = memchr::memmem::find_iter(message.as_bytes(), begin.as_bytes());
    let numbers = places.filter_map(|at| {
        let rest = &message[at + begin.len()..];
        if rest.starts_with(']') {
            return Some(1);
        }
        let rest = rest.strip_prefix('-')?;
        // No longer number was ever given.
        let digits = rest.bytes().take(9).take_while(u8::is_ascii_digit).count();
        rest[digits..].starts_with(']').then(|| rest[..digits].parse().ok()).flatten()
    });
    numbers.max().unwrap_or(0)
}
