//! Objects with a key twice: RFC 8259 section 4 leaves their meaning open, and parsers differ on it.
//!
//! A gateway that reads the first `name` in front of an upstream that reads the last decides about a call that never
//! happens. So such objects are refused, at any depth.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};

use crate::text;
use crate::walk::{Key, Walk};

/// Keys of one object that are compared with each other as they come; more are hashed when it ends.
const COMPARED_MAX: usize = 16;

/// Watches a walk for repeated keys. Feed it every container and every member, in order.
///
/// Time is linear in the text, whatever the keys: hashes are keyed at random, and equal hashes are followed by a look
/// at the keys. Memory is one entry for each key of the objects that are open.
#[derive(Debug, Default)]
pub struct Unique<'a> {
    keys: Vec<Cow<'a, [u8]>>,
    starts: Vec<usize>,
}

/// An object has the same key twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated;

impl<'a> Unique<'a> {
    /// An object or array begins.
    pub fn open(&mut self) {
        self.starts.push(self.keys.len());
    }

    /// A member of the innermost object begins.
    ///
    /// # Errors
    /// [`Repeated`] when the object is small and has the key already.
    pub fn member(&mut self, walk: &Walk<'a>, key: Key) -> Result<(), Repeated> {
        let raw = key.span.of(walk.text());
        let name = if key.escaped { text::unescape(raw) } else { Cow::Borrowed(raw.as_bytes()) };
        let before = &self.keys[self.starts.last().copied().unwrap_or(0)..];
        if before.len() < COMPARED_MAX && before.contains(&name) {
            return Err(Repeated);
        }
        self.keys.push(name);
        Ok(())
    }

    /// The innermost object or array ends.
    ///
    /// # Errors
    /// [`Repeated`] when it was a large object with a key twice.
    pub fn close(&mut self) -> Result<(), Repeated> {
        let start = self.starts.pop().unwrap_or(0);
        let keys = &self.keys[start..];
        if keys.len() > COMPARED_MAX {
            let hasher = RandomState::new();
            let mut order: Vec<(u64, usize)> =
                keys.iter().enumerate().map(|(index, key)| (hasher.hash_one(key), index)).collect();
            order.sort_unstable();
            let same = |pair: &[(u64, usize)]| pair[0].0 == pair[1].0 && keys[pair[0].1] == keys[pair[1].1];
            if order.windows(2).any(same) {
                return Err(Repeated);
            }
        }
        self.keys.truncate(start);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::Step;

    fn repeats(text: &str) -> bool {
        let mut walk = Walk::new(text, 128);
        let mut unique = Unique::default();
        while let Some(step) = walk.step().expect("JSON") {
            let seen = match step {
                Step::Close(..) => unique.close(),
                Step::Open(..) | Step::Scalar(_) => {
                    let seen = walk.key().map_or(Ok(()), |key| unique.member(&walk, key));
                    if matches!(step, Step::Open(..)) {
                        unique.open();
                    }
                    seen
                }
            };
            if seen.is_err() {
                return true;
            }
        }
        false
    }

    #[test]
    fn key_given_twice_is_found_at_any_depth_and_in_any_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"[{"x":[{"a":{},"b":1,"a":[]}]}]"#,
            r#"{"a":{"b":1},"c":{"a":1,"b":2,"b":3}}"#,
            r#"{"":1,"":2}"#,
            r#"{"\ud800":1,"\uD800":2}"#,
        ] {
            assert!(repeats(text), "{text}");
        }
        for text in [
            r#"{"a":1,"b":{"a":1,"b":{"a":1}}}"#,
            r#"[{"a":1},{"a":1}]"#,
            r#"{"a":1,"A":1}"#,
            r#"{"\ud800":1,"\ud801":2,"\ufffd":3}"#,
            r#"{"a":["a","a"]}"#,
        ] {
            assert!(!repeats(text), "{text}");
        }
    }

    #[test]
    fn key_given_twice_is_found_in_large_objects_wherever_it_stands() {
        for members in [15, 16, 17, 18, 40, 1000] {
            let keys: Vec<String> = (0..members).map(|n| format!("\"k{n}\":{{\"k\":0}}")).collect();
            assert!(!repeats(&format!("{{{}}}", keys.join(","))), "{members}");
            for again in [0, members / 2, members - 1] {
                assert!(repeats(&format!("{{{},\"k{again}\":1}}", keys.join(","))), "{members} {again}");
            }
        }
    }
}
