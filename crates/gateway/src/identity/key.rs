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
    offered: usize,
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
    /// document that is not a key set, or one of more than [`limits::KEYS_MAX`] keys, is `None`.
    pub(super) fn parse(document: &[u8], allowed: &[Algorithm]) -> Option<Self> {
        let mut set = json::object(document)?;
        let Some(Value::Array(members)) = set.remove("keys") else { return None };
        if members.len() > limits::KEYS_MAX {
            return None;
        }
        let keys = members
            .iter()
            .filter_map(Value::as_object)
            .flat_map(|jwk| allowed.iter().filter_map(|&algorithm| Key::parse(jwk, algorithm)))
            .collect();
        Some(Self { keys, offered: members.len() })
    }

    /// Whether nothing at all can be verified.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many keys the document holds, usable or not.
    pub(super) fn offered(&self) -> usize {
        self.offered
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(jwk: Value) -> usize {
        let document = json!({"keys": [jwk]}).to_string();
        KeySet::parse(document.as_bytes(), &Algorithm::ALL).unwrap().keys.len()
    }

    fn rsa(bits: usize, e: &[u8]) -> Value {
        let mut n = vec![0xff; bits / 8];
        n[0] = 0x80;
        json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e)})
    }

    fn with(mut jwk: Value, name: &str, value: Value) -> Value {
        jwk[name] = value;
        jwk
    }

    const E: &[u8] = &[1, 0, 1];

    /// RFC 8037, appendix A.2.
    fn okp() -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    }

    /// RFC 7517, appendix A.1.
    fn ec() -> Value {
        json!({
            "kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        })
    }

    #[test]
    fn key_without_algorithm_serves_all_that_fit_its_type() {
        assert_eq!(keys(rsa(2048, E)), 6);
        assert_eq!(keys(ec()), 1);
        assert_eq!(keys(okp()), 1);
        assert_eq!(keys(with(rsa(2048, E), "alg", json!("PS384"))), 1);
    }

    #[test]
    fn key_for_another_purpose_is_passed_over() {
        assert_eq!(keys(with(ec(), "use", json!("sig"))), 1);
        assert_eq!(keys(with(ec(), "use", json!("enc"))), 0);
        assert_eq!(keys(with(ec(), "use", json!(7))), 0);
        assert_eq!(keys(with(ec(), "key_ops", json!(["verify"]))), 1);
        assert_eq!(keys(with(ec(), "key_ops", json!(["sign", "encrypt"]))), 0);
        assert_eq!(keys(with(ec(), "key_ops", json!("verify"))), 0);
        assert_eq!(keys(with(ec(), "alg", json!("ES384"))), 0);
        assert_eq!(keys(with(ec(), "alg", json!("HS256"))), 0);
        assert_eq!(keys(with(ec(), "kid", json!(7))), 0);
        assert_eq!(keys(json!({"kty": "oct", "k": "AAAA", "alg": "HS256"})), 0);
        assert_eq!(keys(json!({"kty": "oct", "k": "AAAA", "alg": "RS256"})), 0);
        assert_eq!(keys(json!("text")), 0);
    }

    #[test]
    fn weak_rsa_key_is_passed_over() {
        for (bits, e) in
            [(1024, E), (2040, E), (8200, E), (2048, &[1][..]), (2048, &[2]), (2048, &[]), (2048, &[0, 1])]
        {
            assert_eq!(keys(rsa(bits, e)), 0, "{bits} {e:?}");
        }
        assert_eq!(keys(with(rsa(2048, E), "d", json!("AQAB"))), 0, "its private part is public");
    }

    #[test]
    fn point_that_is_not_on_the_curve_is_passed_over() {
        assert_eq!(keys(with(ec(), "y", json!("4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyA"))), 0);
        assert_eq!(keys(with(ec(), "x", json!("AAAA"))), 0);
        assert_eq!(keys(with(ec(), "crv", json!("P-384"))), 0);
        assert_eq!(keys(with(okp(), "x", json!("AAAA"))), 0);
        assert_eq!(keys(with(okp(), "crv", json!("Ed448"))), 0);
    }

    #[test]
    fn one_bad_key_does_not_hide_the_others() {
        let document = json!({"keys": [{"kty": "new"}, 7, ec(), rsa(512, E)]}).to_string();
        let set = KeySet::parse(document.as_bytes(), &Algorithm::ALL).unwrap();
        assert_eq!(set.keys.len(), 1);
    }

    #[test]
    fn only_listed_algorithms_have_keys() {
        let document = json!({"keys": [ec(), okp()]}).to_string();
        let set = KeySet::parse(document.as_bytes(), &[Algorithm::EdDsa]).unwrap();
        assert_eq!(set.keys.iter().map(|key| key.algorithm).collect::<Vec<_>>(), [Algorithm::EdDsa]);
    }

    #[test]
    fn key_id_shared_by_two_keys_of_one_algorithm_chooses_neither() {
        let signer = okp();
        let document =
            json!({"keys": [with(signer.clone(), "kid", json!("k")), with(signer, "kid", json!("k"))]});
        let set = KeySet::parse(document.to_string().as_bytes(), &Algorithm::ALL).unwrap();
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","kid":"k"}"#);
        let text = format!("{header}.e30.AAAA");
        assert_eq!(set.verify(&Token::parse(&text).unwrap()), Err(Reason::Key));
    }

    #[test]
    fn signature_of_the_standard_is_verified() {
        // RFC 8037, appendix A.4 signs a text that is no JWT; the same key and signature through the same code.
        let set = KeySet::parse(json!({"keys": [okp()]}).to_string().as_bytes(), &Algorithm::ALL).unwrap();
        let signature =
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let token = Token {
            algorithm: Algorithm::EdDsa,
            kid: None,
            profile: crate::identity::token::Profile::Unspecified,
            claims: Map::new(),
            signed: b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            signature: URL_SAFE_NO_PAD.decode(signature).unwrap(),
        };
        assert_eq!(set.verify(&token), Ok(Verification::Signed));
    }
}
