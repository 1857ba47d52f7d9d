//! `word`: which calls hold a word, so that they are found by it.
//!
//! Made from leaves by following the log, and made again from them at any time: never evidence. Words are those of a leaf
//! that people look for: server, method, target, policies, refusal, what a statement does and to what, and by pseudonym
//! whom a caller worked for; never what was said.

use std::collections::BTreeSet;

use super::entry::Place;
use super::{Error, Tx, Value};

/// Longest word kept, in bytes; of longer ones the beginning.
const WORD_BYTES_MAX: usize = 64;

/// A word and the call that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// In lower case.
    pub word: String,
    /// Time of the leaf that begins the call, microseconds since 1970.
    pub ts: i64,
    /// Place of that leaf.
    pub place: Place,
}

/// The words of a text: runs of letters, digits, `_`, `.`, `-` and `:`, in lower case, each once.
pub fn words(text: &str) -> Vec<String> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
    let found: BTreeSet<String> = text
        .split(|c: char| !inside(c))
        .map(|word| word.trim_matches(['.', '-', ':']))
        .filter(|word| !word.is_empty())
        .map(|word| {
            let mut word = word.to_lowercase();
            while word.len() > WORD_BYTES_MAX {
                word.pop();
            }
            word
        })
        .collect();
    found.into_iter().collect()
}

/// The word of whatever is done for this person, or on their behalf.
pub fn done_for(pseudonym: &str) -> String {
    format!("={pseudonym}")
}

/// Adds words; those that are there already are kept.
pub fn insert(tx: &mut Tx<'_>, words: &[Word]) -> Result<(), Error> {
    let mut values = Vec::with_capacity(words.len() * 3);
    for word in words {
        values.extend([Value::Text(&word.word), Value::Int(word.ts), word.place.value()]);
    }
    if values.is_empty() {
        return Ok(());
    }
    tx.insert("INSERT INTO word (word, ts, place)", 3, &values, " ON CONFLICT DO NOTHING")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whatever_stands_between_them() {
        let check = |text: &str, expected: &[&str]| assert_eq!(words(text), expected, "{text}");
        check("", &[]);
        check("SELECT * FROM public.Orders;", &["from", "public.orders", "select"]);
        check("a-b (a-b) - .x.", &["a-b", "x"]);
        check("tools/call", &["call", "tools"]);
        check(&"é".repeat(40), &[&"é".repeat(32)]);
    }
}
