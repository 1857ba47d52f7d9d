//! What texts of SQL would do that were classified before: agents ask the same again.
//!
//! Facts depend on the text and its dialect alone, so that what is known never becomes wrong. Texts are known by their
//! hash and not kept.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use super::Dialect;
use super::limits::{KNOWN_TEXT_BYTES_MAX, KNOWN_TEXTS_MAX};
use super::sql::Facts;

/// SHA-256 over the dialect and the text.
pub(super) type Key = [u8; 32];

/// The facts of the last texts; the oldest give way.
#[derive(Debug, Default)]
pub(super) struct Known {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    facts: HashMap<Key, Facts>,
    order: VecDeque<Key>,
}

/// By what a text is known; none when it is too long to be kept.
pub(super) fn key(text: &str, dialect: Option<Dialect>) -> Option<Key> {
    if text.len() > KNOWN_TEXT_BYTES_MAX {
        return None;
    }
    let dialect = dialect.map_or("", Dialect::as_str);
    Some(Sha256::new().chain_update(dialect).chain_update([0]).chain_update(text).finalize().into())
}

impl Known {
    /// The facts of a text, if they are known.
    pub(super) fn find(&self, key: &Key) -> Option<Facts> {
        self.lock().facts.get(key).cloned()
    }

    /// Keeps the facts of a text.
    pub(super) fn keep(&self, key: Key, facts: &Facts) {
        let mut kept = self.lock();
        if kept.facts.insert(key, facts.clone()).is_some() {
            return;
        }
        kept.order.push_back(key);
        if kept.order.len() > KNOWN_TEXTS_MAX
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.facts.remove(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // No code of others runs under the lock, so what a panicking thread left is whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_found_again_for_their_text_and_dialect_and_the_oldest_give_way() {
        let known = Known::default();
        let key = |text: &str, dialect| super::key(text, dialect).expect("short");
        let facts = Facts::unknown("a reason");
        known.keep(key("a", None), &facts);
        assert_eq!(known.find(&key("a", None)), Some(facts.clone()));
        assert_eq!(known.find(&key("a", Some(Dialect::Mysql))), None);
        for number in 0..KNOWN_TEXTS_MAX {
            known.keep(key(&number.to_string(), None), &facts);
            known.keep(key(&number.to_string(), None), &facts);
        }
        assert_eq!(known.find(&key("a", None)), None);
        assert_eq!(known.lock().facts.len(), KNOWN_TEXTS_MAX);
        assert!(super::key(&" ".repeat(KNOWN_TEXT_BYTES_MAX + 1), None).is_none());
    }
}
