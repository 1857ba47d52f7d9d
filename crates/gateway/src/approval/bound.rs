//! What an approval is bound to: SHA-256 over the RFC 8785 (JCS) form of one JSON object of texts and integers.
//!
//! The object stands in the sealed content of the approval, and its hash in every leaf about it. The nonce makes the
//! hash say nothing to whoever has only the log.

use aws_lc_rs::hmac;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::ask::Held;
use super::canonical::Matter;
use crate::model::{Somebody, Target};

/// The caller and whoever acts for them; what is called; with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Likeness<'a> {
    v: u8,
    principal: Somebody,
    kind: &'static str,
    actors: Vec<Somebody>,
    server: &'a str,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Aim<'a>>,
    /// The canonical matter of the call, as a text: its numbers are spelled as the caller spelled them.
    matter: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Aim<'a> {
    kind: &'static str,
    name: &'a str,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Bound<'a> {
    #[serde(flatten)]
    likeness: &'a Likeness<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<String>,
    policy_set: String,
    decide_by_us: i64,
    nonce: &'a str,
}

impl<'a> Likeness<'a> {
    pub(super) fn of(held: &'a Held, matter: &'a Matter) -> Self {
        Self {
            v: 1,
            principal: (&held.principal.party).into(),
            kind: held.principal.kind.as_str(),
            actors: held.principal.actors.iter().map(Somebody::from).collect(),
            server: &held.server,
            method: &held.method,
            target: held.target.as_ref().map(|Target { kind, name, .. }| Aim { kind: kind.as_str(), name }),
            matter: &matter.text,
        }
    }

    /// Finds the approval of a call that is repeated. Keyed: without the key nobody can try arguments out.
    pub(super) fn mac(&self, key: &hmac::Key) -> [u8; 32] {
        let tag = hmac::sign(key, &[b"likeness\0", canonical(self).as_slice()].concat());
        let mut mac = [0; 32];
        mac.copy_from_slice(tag.as_ref());
        mac
    }

    /// What the approval is bound to.
    pub(super) fn bind(&self, held: &Held, decide_by_us: i64, nonce: &str) -> [u8; 32] {
        let bound = Bound {
            likeness: self,
            definition: held.definition().map(hex),
            policy_set: held.decision.revision.to_string(),
            decide_by_us,
            nonce,
        };
        Sha256::digest(canonical(&bound)).into()
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: [u8; 32]) -> String {
    evidence::merkle::Hash::from_bytes(bytes).to_string()
}

fn canonical(value: &impl Serialize) -> Vec<u8> {
    // Unwrap safety: texts and integers below 2^53 serialise and have a canonical form.
    evidence::jcs::Object::of(value).expect("canonical").as_str().as_bytes().to_vec()
}
