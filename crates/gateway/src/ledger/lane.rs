//! Lanes: each process writes in a row of its own, and signs how far it came with every commit.
//!
//! A *head* is the last place of a commit and a digest over all leaves of the lane up to it, signed by a key that lives
//! as long as the process. The lane's key is sealed with the log's keys, so whoever may write to the database but does
//! not hold those keys can neither open a lane nor add to one.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use aws_lc_rs::{hmac, rand};
use evidence::merkle::Hash;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::keyring::Keyring;
use super::verb::Unavailable;
use crate::store::entry::Place;

/// Begins what a head's signature covers.
const HEAD: &[u8] = b"countersign lane head 1\n";
/// What the key that seals lanes is derived for.
const SEAL: &str = "countersign/1 lane";

/// The key of a process's own lane.
pub(super) struct LaneKey(Ed25519KeyPair);

impl LaneKey {
    /// A fresh key.
    pub(super) fn generate() -> Result<Self, Unavailable> {
        let mut seed = Zeroizing::new([0; 32]);
        rand::fill(&mut *seed).map_err(|_| super::draft::no_random())?;
        Ed25519KeyPair::from_seed_unchecked(&*seed).map(Self).map_err(|_| super::draft::no_random())
    }

    /// Its public half.
    pub(super) fn public(&self) -> [u8; 32] {
        let mut public = [0; 32];
        // Ed25519 public keys have 32 bytes.
        public.copy_from_slice(self.0.public_key().as_ref());
        public
    }

    /// Signs that the lane `id` holds leaves with this `digest` up to and with `place`.
    pub(super) fn sign(&self, id: &[u8; 16], place: Place, digest: &Hash) -> [u8; 64] {
        let mut signature = [0; 64];
        // Ed25519 signatures have 64 bytes.
        signature.copy_from_slice(self.0.sign(&message(id, place, digest)).as_ref());
        signature
    }
}

/// Whether the head was signed by the lane's key.
pub(super) fn is_signed(
    key: &[u8; 32],
    id: &[u8; 16],
    place: Place,
    digest: &Hash,
    signature: &[u8; 64],
) -> bool {
    UnparsedPublicKey::new(&ED25519, key).verify(&message(id, place, digest), signature).is_ok()
}

/// The digest of a lane with one leaf more.
pub(super) fn extend(digest: &Hash, leaf: &Hash) -> Hash {
    Hash::from_bytes(
        Sha256::new().chain_update(digest.as_bytes()).chain_update(leaf.as_bytes()).finalize().into(),
    )
}

/// Seals lanes, and tells ours from others'.
pub(super) struct LaneSeal {
    key: hmac::Key,
    log: Vec<u8>,
}

impl LaneSeal {
    pub(super) fn new(keys: &Keyring) -> Self {
        // Another log with the same secrets is still another log.
        Self { key: keys.mac_key(SEAL), log: keys.verifier_key().to_string().into_bytes() }
    }

    pub(super) fn seal(&self, number: u32, id: &[u8; 16], public: &[u8; 32]) -> [u8; 32] {
        let mut seal = [0; 32];
        // HMAC-SHA256 always gives 32 bytes.
        seal.copy_from_slice(hmac::sign(&self.key, &self.terms(number, id, public)).as_ref());
        seal
    }

    pub(super) fn is_ours(&self, lane: &crate::store::lane::Lane) -> bool {
        hmac::verify(&self.key, &self.terms(lane.number, &lane.id, &lane.key), &lane.seal).is_ok()
    }

    fn terms(&self, number: u32, id: &[u8; 16], public: &[u8; 32]) -> Vec<u8> {
        [&self.log[..], b"\n", &number.to_be_bytes(), id, public].concat()
    }
}

fn message(id: &[u8; 16], place: Place, digest: &Hash) -> Vec<u8> {
    [HEAD, id, &place.sequence().to_be_bytes(), digest.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_believed_only_as_it_was_signed() {
        let (key, other) = (LaneKey::generate().unwrap(), LaneKey::generate().unwrap());
        let (id, place, digest) = ([1; 16], Place::new(3, 7), Hash::of(b"leaves"));
        let signature = key.sign(&id, place, &digest);
        assert!(is_signed(&key.public(), &id, place, &digest, &signature));
        assert!(!is_signed(&other.public(), &id, place, &digest, &signature));
        assert!(!is_signed(&key.public(), &[2; 16], place, &digest, &signature));
        assert!(!is_signed(&key.public(), &id, place.next(), &digest, &signature));
        assert!(!is_signed(&key.public(), &id, place, &Hash::of(b"others"), &signature));
    }
}
