//! Keyed identifiers: what stands in a leaf where a name, an address or the caller's own words must not.
//!
//! HMAC-SHA256 under keys that never leave the key directory, one per purpose: equal inputs can be told equal,
//! nothing can be guessed without the key.

use aws_lc_rs::hmac;
use evidence::merkle::Hash;

use super::keyring::Keyring;
use crate::model::{Party, TargetKind};

/// Makes keyed identifiers.
pub(super) struct Identifiers {
    actor: hmac::Key,
    target: hmac::Key,
    method: hmac::Key,
    forwarded: hmac::Key,
}

impl Identifiers {
    pub(super) fn new(keys: &Keyring) -> Self {
        Self {
            actor: keys.mac_key("countersign/1 actor"),
            target: keys.mac_key("countersign/1 target"),
            method: keys.mac_key("countersign/1 method"),
            forwarded: keys.mac_key("countersign/1 forwarded"),
        }
    }

    /// Pseudonym of a party: 32 hexadecimal digits. `issuer` is a configured name and holds no zero byte.
    pub(super) fn actor(&self, party: &Party) -> String {
        let mac = mac(&self.actor, &[party.issuer.as_bytes(), &[0], party.subject.as_bytes()]);
        let mut text = mac.to_string();
        text.truncate(32);
        text
    }

    /// Stands for a target that no list of the upstream named.
    pub(super) fn target(&self, server: &str, kind: TargetKind, name: &str) -> Hash {
        let parts = [server.as_bytes(), &[0], kind.as_str().as_bytes(), &[0], name.as_bytes()];
        mac(&self.target, &parts)
    }

    /// Stands for a method that no table of ours has.
    pub(super) fn method(&self, name: &str) -> String {
        let mut text = format!("unknown:{}", mac(&self.method, &[name.as_bytes()]));
        text.truncate("unknown:".len() + 32);
        text
    }

    /// Stands for the bytes sent upstream.
    pub(super) fn forwarded(&self, bytes: &[u8]) -> Hash {
        mac(&self.forwarded, &[bytes])
    }
}

fn mac(key: &hmac::Key, parts: &[&[u8]]) -> Hash {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    let mut bytes = [0; 32];
    // HMAC-SHA256 always gives 32 bytes.
    bytes.copy_from_slice(context.sign().as_ref());
    Hash::from_bytes(bytes)
}
