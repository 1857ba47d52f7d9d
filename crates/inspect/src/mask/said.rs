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

/// What names say, the last of those that share a slot.
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
        let mix = |hash: usize, byte: &u8| (hash ^ usize::from(*byte)).wrapping_mul(0x9e37_79b1);
        let hash = bytes.iter().take(4).chain(bytes.iter().rev().take(4)).fold(bytes.len(), mix);
        let slot = &mut self.slots[hash >> 7 & (NAMES - 1)];
        if slot.length != bytes.len() || slot.name[..bytes.len()] != *bytes {
            *slot = Slot { length: bytes.len(), name: [0; NAME_MAX], sense: read() };
            slot.name[..bytes.len()].copy_from_slice(bytes);
        }
        slot.sense
    }
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
