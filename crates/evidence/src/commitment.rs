//! Commitments: what a leaf says about a body that it does not contain.
//!
//! `HMAC-SHA256(salt, body)` ([RFC 2104](https://www.rfc-editor.org/rfc/rfc2104)) with a fresh 32-byte salt per
//! body. The salt makes a short body impossible to guess from its leaf; deleting salt and body together erases
//! the body for good while every proof still verifies.

use std::fmt;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::merkle::Hash;

/// The secret half of a commitment: 32 random bytes, used for one body, deleted with it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Salt([u8; 32]);

impl Salt {
    /// A salt from 32 bytes of the caller's random source.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be stored beside the body.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Salt(..)")
    }
}

/// Commits to `body` under `salt`.
pub fn commit(salt: &Salt, body: &[u8]) -> Hash {
    Hash::from_bytes(mac(salt, body).finalize().into_bytes().into())
}

/// Whether `commitment` is the commitment to `body` under `salt`; takes the same time wherever they differ.
pub fn check(salt: &Salt, body: &[u8], commitment: &Hash) -> bool {
    mac(salt, body).verify_slice(commitment.as_bytes()).is_ok()
}

fn mac(salt: &Salt, body: &[u8]) -> Hmac<Sha256> {
    // Unwrap safety: HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(&salt.0).expect("any key length");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commitment_is_plain_hmac_sha256() {
        // `printf '{}' | openssl dgst -sha256 -mac hmac -macopt hexkey:0707..07`
        let commitment = commit(&Salt::from_bytes([7; 32]), b"{}");
        assert_eq!(
            commitment.to_string(),
            "7204813b88da3469d9b37525eab7411cea611dd13401dd13e609fb07d86ac348"
        );
    }

    #[test]
    fn other_body_or_salt_does_not_check() {
        let salt = Salt::from_bytes([7; 32]);
        let commitment = commit(&salt, b"body");
        assert!(check(&salt, b"body", &commitment));
        assert!(!check(&salt, b"bodY", &commitment));
        assert!(!check(&Salt::from_bytes([8; 32]), b"body", &commitment));
    }

    #[test]
    fn debug_output_hides_the_salt() {
        assert_eq!(format!("{:?}", Salt::from_bytes([7; 32])), "Salt(..)");
    }
}
