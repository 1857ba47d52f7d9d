//! An issuer's public keys (RFC 7517), parsed once, each for exactly one algorithm.
//!
//! The algorithm belongs to the key, never to the token: a token only says which of the keys it wants. So an RSA key
//! cannot be used as an HMAC secret, nor for an algorithm that the issuer's configuration does not list.

use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::{Algorithm, Family};
use super::token::Token;
use super::{Reason, json};
use crate::limits;

/// Smallest RSA modulus, in bits (RFC 7518, section 3.3).
const RSA_BITS_MIN: usize = 2_048;
/// Largest RSA modulus, in bits: verification time grows with its square.
const RSA_BITS_MAX: usize = 8_192;

/// The usable keys of one published set.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    public: ParsedPublicKey,
}

/// How a token relates to a [`KeySet`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verification {
    /// Signed by a key of the set.
    Signed,
    /// A key of the set fits, but did not sign.
    Forged,
    /// No key of the set fits: a newer set may have it.
    UnknownKey,
}

impl KeySet {
    /// Reads a JWK Set. Keys of unknown types and for other uses are passed over, as RFC 7517, section 5 asks; a
    /// document that is not a key set is `None`.
    pub(super) fn parse(document: &[u8], allowed: &[Algorithm]) -> Option<Self> {
        let mut set = json::object(document)?;
        let Some(Value::Array(members)) = set.remove("keys") else { return None };
        let keys = members
            .iter()
            .take(limits::KEYS_MAX)
            .filter_map(Value::as_object)
            .flat_map(|jwk| allowed.iter().filter_map(|&algorithm| Key::parse(jwk, algorithm)))
            .collect();
        Some(Self { keys })
    }

    /// Whether nothing at all can be verified.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Checks the signature with the key that the token's `kid` and `alg` choose; without `kid` with the one key that
    /// fits `alg`.
    pub(super) fn verify(&self, token: &Token<'_>) -> Result<Verification, Reason> {
        let mut fitting = self
            .keys
            .iter()
            .filter(|key| key.algorithm == token.algorithm)
            .filter(|key| token.kid.is_none() || key.kid == token.kid)
            .peekable();
        let Some(first) = fitting.next() else { return Ok(Verification::UnknownKey) };
        // RFC 7517, section 4.5 lets keys share a `kid`; trying each would let whoever adds keys choose among them.
        if fitting.peek().is_some() {
            return Err(Reason::Key);
        }
        match first.public.verify_sig(token.signed, &token.signature) {
            Ok(()) => Ok(Verification::Signed),
            Err(_) => Ok(Verification::Forged),
        }
    }
}

impl Key {
    fn parse(jwk: &Map<String, Value>, algorithm: Algorithm) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let kty = text("kty")?;
        if jwk.contains_key("use") && text("use") != Some("sig") {
            return None;
        }
        let verifies = |operations: &Value| {
            operations.as_array().is_some_and(|all| all.iter().any(|operation| operation == "verify"))
        };
        if jwk.get("key_ops").is_some_and(|operations| !verifies(operations)) {
            return None;
        }
        if jwk.contains_key("alg") && text("alg").and_then(Algorithm::parse) != Some(algorithm) {
            return None;
        }
        // A private part published by mistake: everybody can sign with this key.
        if jwk.contains_key("d") {
            return None;
        }
        let kid = match jwk.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str()?.to_owned()),
        };
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let public = match algorithm.family() {
            Family::Rsa(parameters) if kty == "RSA" => {
                let (n, e) = (bytes("n")?, bytes("e")?);
                let bits = n.len() * 8 - usize::try_from(n.first()?.leading_zeros()).ok()?;
                // An exponent of 1 makes every signature valid; an even one none.
                let odd = e.last()? % 2 == 1 && e != [1];
                if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) || !odd {
                    return None;
                }
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).ok()?
            }
            Family::Ec { crv, coordinate_bytes, verification } if kty == "EC" && text("crv") == Some(crv) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != coordinate_bytes || y.len() != coordinate_bytes {
                    return None;
                }
                // SEC 1, section 2.3.3: an uncompressed point.
                ParsedPublicKey::new(verification, [&[4], x.as_slice(), &y].concat()).ok()?
            }
            Family::Ed25519 if kty == "OKP" && text("crv") == Some("Ed25519") => {
                ParsedPublicKey::new(&ED25519, bytes("x")?).ok()?
            }
            Family::Rsa(_) | Family::Ec { .. } | Family::Ed25519 => return None,
        };
        Some(Self { kid, algorithm, public })
    }
}
