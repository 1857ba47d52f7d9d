//! What the database says of anchors counts only where a gateway of this log wrote it: a level of assurance that whoever
//! writes the database can raise would be none.

use aws_lc_rs::hmac;

use crate::store::anchor::Reached;

/// The row with its seal.
pub(super) fn sealed(key: &hmac::Key, reached: Reached) -> Reached {
    let mut seal = [0; 32];
    seal.copy_from_slice(hmac::sign(key, &matter(&reached)).as_ref());
    Reached { seal, ..reached }
}

/// Whether it is one.
pub(super) fn is_sealed(key: &hmac::Key, reached: &Reached) -> bool {
    hmac::verify(key, &matter(reached), &reached.seal).is_ok()
}

fn matter(reached: &Reached) -> Vec<u8> {
    let Reached { name, size, ts, held, held_until, seal: _ } = reached;
    // Unwrap safety: texts and numbers serialise.
    serde_json::to_vec(&(name, size, ts, held, held_until)).expect("texts and numbers serialise")
}
