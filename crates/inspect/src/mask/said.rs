//! What names of members say, kept from one scan to the next: the messages of a server have the same members, and most of
//! them say nothing.

use std::sync::{Mutex, PoisonError};

use super::limit;
use super::name::{Meaning, Role};

/// Names that one cache keeps. A power of two.
const NAMES: usize = 256;
/// Longest name that is kept.
const NAME_MAX: usize = 24;

/// Caches that no scan uses at the moment.
#[derive(Debug, Default)]
pub(super) struct Said {
    idle: Mutex<Vec<Cache>>,
}

/// What names say, the last two of those that share a pair of slots.
#[derive(Debug, Default)]
pub(super) struct Cache {
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    length: usize,
    name: [u8; NAME_MAX],
    sense: Sense,
}

/// What a name says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sense {
    /// What it makes its value.
    pub(super) role: Role,
    /// What it says about its value.
    pub(super) meaning: Meaning,
    /// It may be data itself.
    pub(super) odd: bool,
}

impl Said {
    /// A cache for one scan; empty when all are in use.
    pub(super) fn take(&self) -> Cache {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Keeps a cache for the next scan. There are as many as scans at one time, up to [`limit::SAID_MAX`].
    pub(super) fn keep(&self, cache: Cache) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < limit::SAID_MAX && !cache.slots.is_empty() {
            idle.push(cache);
        }
    }
}

impl Cache {
    /// What a name says. `read` says it when it is not known.
    pub(super) fn get(&mut self, name: &str, read: impl FnOnce() -> Sense) -> Sense {
        let bytes = name.as_bytes();
        if bytes.len() > NAME_MAX || bytes.is_empty() {
            return read();
        }
        if self.slots.is_empty() {
            self.slots.resize(NAMES, Slot::default());
        }
        let first = place(bytes);
        let second = first ^ 1;
        if let Some(at) = [first, second].into_iter().find(|at| self.slots[*at].is(bytes)) {
            return self.slots[at].sense;
        }
        // Of two names that share a place neither puts the other out.
        self.slots.swap(first, second);
        let mut slot = Slot { length: bytes.len(), name: [0; NAME_MAX], sense: read() };
        slot.name[..bytes.len()].copy_from_slice(bytes);
        self.slots[first] = slot;
        slot.sense
    }
}

impl Slot {
    fn is(&self, name: &[u8]) -> bool {
        self.length == name.len() && self.name[..name.len()] == *name
    }
}

/// The place of a name, by its length and its first and last bytes.
fn place(name: &[u8]) -> usize {
    let ends = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29),
        _ => name.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    let hash = (ends ^ name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    usize::from(hash[0]) & (NAMES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_says_is_read_once_and_kept_for_the_next_scan() {
        let said = Said::default();
        let of = |role| Sense { role, ..Sense::default() };
        let mut cache = said.take();
        assert_eq!(cache.get("value", || of(Role::Value)).role, Role::Value);
        said.keep(cache);
        let mut cache = said.take();
        assert_eq!(cache.get("value", || panic!("it is known")).role, Role::Value);
        assert_eq!(cache.get("valu", || of(Role::Plain)).role, Role::Plain);
        let long = "x".repeat(NAME_MAX + 1);
        assert_eq!(cache.get(&long, || of(Role::Name)).role, Role::Name);
        assert_eq!(cache.get(&long, || of(Role::Rows)).role, Role::Rows);
    }
}
