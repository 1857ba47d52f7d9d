//! A signed JWT (RFC 7519 in RFC 7515 compact form), taken apart. Nothing in it is believed before
//! [`super::key::KeySet::verify`] has seen the signature, except `iss`, `alg` and `kid`: they choose the key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::{Reason, json};
use crate::limits;

/// A JWT whose signature has not been looked at.
pub(super) struct Token<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    pub(super) profile: Profile,
    pub(super) claims: Map<String, Value>,
    /// What was signed: header and claims as they came.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
}

/// What the header says the JWT is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// `at+jwt` (RFC 9068): an access token for certain.
    AccessToken,
    /// `JWT`, or nothing: the claims must tell.
    Unspecified,
}

impl<'a> Token<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Reason> {
        let (signed, signature) = text.rsplit_once('.').ok_or(Reason::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(Reason::Malformed)?;
        let header = json::object(&decode(header)?).ok_or(Reason::Malformed)?;
        // RFC 7515, section 4.1.11: whoever does not understand an extension listed here must refuse the token.
        if header.contains_key("crit") {
            return Err(Reason::Critical);
        }
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::parse);
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) if kid.len() <= limits::CLAIM_BYTES_MAX => Some(kid.clone()),
            Some(_) => return Err(Reason::Malformed),
        };
        Ok(Self {
            algorithm: algorithm.ok_or(Reason::Algorithm)?,
            kid,
            profile: profile(header.get("typ"))?,
            claims: json::object(&decode(claims)?).ok_or(Reason::Malformed)?,
            signed: signed.as_bytes(),
            signature: decode(signature)?,
        })
    }

    /// The issuer that the token names.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }
}

/// RFC 7515, section 4.1.9: a media type, compared without case, its `application/` usually left out.
fn profile(typ: Option<&Value>) -> Result<Profile, Reason> {
    let Some(typ) = typ else { return Ok(Profile::Unspecified) };
    let typ = typ.as_str().ok_or(Reason::Malformed)?.to_ascii_lowercase();
    match typ.strip_prefix("application/").unwrap_or(&typ) {
        "at+jwt" => Ok(Profile::AccessToken),
        "jwt" => Ok(Profile::Unspecified),
        _ => Err(Reason::Kind),
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Reason> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Reason::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    fn check(header: &str, claims: &str, expected: Reason) {
        assert_eq!(Token::parse(&token(header, claims)).err(), Some(expected), "{header} {claims}");
    }

    #[test]
    fn parts_are_found() {
        let text = token(r#"{"alg":"ES256","kid":"k","typ":"at+jwt"}"#, r#"{"iss":"i"}"#);
        let token = Token::parse(&text).unwrap();
        assert_eq!((token.algorithm, token.kid.as_deref()), (Algorithm::Es256, Some("k")));
        assert_eq!((token.profile, token.issuer()), (Profile::AccessToken, Some("i")));
        assert_eq!(token.signature, [0, 0, 0]);
        assert_eq!([token.signed, b".AAAA"].concat(), text.as_bytes());
    }

    #[test]
    fn headers_that_cannot_be_trusted_are_refused() {
        check(r#"{"alg":"none"}"#, "{}", Reason::Algorithm);
        check(r#"{"alg":"HS256"}"#, "{}", Reason::Algorithm);
        check(r#"{"alg":["RS256"]}"#, "{}", Reason::Algorithm);
        check("{}", "{}", Reason::Algorithm);
        check(r#"{"alg":"RS256","crit":["exp"]}"#, "{}", Reason::Critical);
        check(r#"{"alg":"RS256","alg":"RS256"}"#, "{}", Reason::Malformed);
        check(r#"{"alg":"RS256","kid":7}"#, "{}", Reason::Malformed);
        check(r#"{"alg":"RS256","typ":"logout+jwt"}"#, "{}", Reason::Kind);
        check(r#"{"alg":"RS256","typ":"dpop+jwt"}"#, "{}", Reason::Kind);
        check(r#"{"alg":"RS256"}"#, r#"{"sub":"a","sub":"b"}"#, Reason::Malformed);
        check(r#"{"alg":"RS256"}"#, "[]", Reason::Malformed);
    }

    #[test]
    fn shapes_other_than_three_parts_are_refused() {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
        for text in ["", ".", "..", "abc", "a.b", &format!("{header}.e30"), &format!("{header}.e30.AA.AA.AA")]
        {
            assert_eq!(Token::parse(text).err(), Some(Reason::Malformed), "{text}");
        }
        // Padding, the other alphabet and stray trailing bits would give one token several spellings.
        for part in ["AAA=", "AA+/", "AB"] {
            assert_eq!(
                Token::parse(&format!("{header}.e30.{part}")).err(),
                Some(Reason::Malformed),
                "{part}"
            );
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,64}", header in ".{0,40}", claims in ".{0,40}") {
            prop_assert!(Token::parse(&text).is_err());
            let made = token(&header, &claims);
            prop_assert!(Token::parse(&made).is_err() || header.contains("alg"));
        }
    }
}
