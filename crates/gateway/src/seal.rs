//! Seals of rows: what only whoever has the key directory can write beside a row.
//!
//! Whoever owns the database can write every row. Where a row decides something, it carries a MAC over what it says, under a
//! key that is not in the database. The first member of what is sealed says what kind of row it is, so that no seal is of
//! use elsewhere. A seal does not keep a row from being deleted, or put back: what must not be undone is looked up in the log.

use std::sync::Arc;

use aws_lc_rs::hmac;
use serde::Serialize;

/// Seals rows, and tells ours from others'. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Seal(Arc<hmac::Key>);

impl Seal {
    /// With a key of the gateway's own.
    pub fn new(key: hmac::Key) -> Self {
        Self(Arc::new(key))
    }

    /// The seal of a row that says this: a tuple, what kind of row it is first.
    pub fn of(&self, row: &impl Serialize) -> [u8; 32] {
        let mut seal = [0; 32];
        // HMAC-SHA256 always gives 32 bytes.
        seal.copy_from_slice(hmac::sign(&self.0, &matter(row)).as_ref());
        seal
    }

    /// Whether `seal` is the one of a row that says this.
    pub fn is_on(&self, seal: &[u8; 32], row: &impl Serialize) -> bool {
        hmac::verify(&self.0, &matter(row), seal).is_ok()
    }
}

/// JSON, in which no two tuples are alike.
fn matter(row: &impl Serialize) -> Vec<u8> {
    // Unwrap safety: tuples of texts, numbers and bytes have a JSON form.
    serde_json::to_vec(row).expect("texts and numbers serialise")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seal_is_of_one_row_under_one_key() {
        let key = |byte| Seal::new(hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]));
        let seal = key(1).of(&("a", "bc"));
        assert!(key(1).is_on(&seal, &("a", "bc")));
        assert!(!key(1).is_on(&seal, &("ab", "c")));
        assert!(!key(1).is_on(&[0; 32], &("a", "bc")));
        assert!(!key(2).is_on(&seal, &("a", "bc")));
    }
}
