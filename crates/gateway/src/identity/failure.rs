//! Why a credential proves nothing: a closed set, each with what the caller is told.
//!
//! HTTP status and `error` follow RFC 6750, section 3.1: a request without usable credentials gets a bare challenge,
//! a malformed request `invalid_request` (400), a bad token `invalid_token` (401), a token that lacks a scope
//! `insufficient_scope` (403). While nobody can tell (the issuer's keys cannot be fetched, the key store cannot be
//! read) the answer is 503: a 401 would tell the caller to throw away a token that may be good and to sign in again
//! at an issuer that is down.

use std::sync::Arc;

use http::StatusCode;

use crate::model::TokenId;

/// A request whose caller is not known. Holds nothing of the credential but its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthFailure {
    /// What is wrong.
    pub reason: Reason,
    /// Configured name of the issuer that the credential names (`keys` for service keys). Not proven.
    pub issuer: Option<String>,
    /// Which credential was presented, when there was exactly one.
    pub token: Option<TokenId>,
    /// All scopes that the server asks for.
    pub required_scopes: Arc<[String]>,
}

/// What is wrong with a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No `Authorization` header.
    Missing,
    /// A scheme other than `Bearer`.
    Scheme,
    /// More than one `Authorization` header, or one that is not a scheme and a token.
    Request,
    /// A token in the query of the URL.
    Query,
    /// A token longer than [`crate::limits::TOKEN_BYTES_MAX`].
    TooLarge,
    /// Neither a signed JWT (RFC 7519) nor a service key, or one with two meanings (a key twice in its JSON).
    Malformed,
    /// `alg` that the issuer's configuration does not list. `none` and HMAC are never listed.
    Algorithm,
    /// A `crit` header: extensions that the gateway does not implement (RFC 7515, section 4.1.11).
    Critical,
    /// Not an access token: an ID token, a refresh token, a logout token.
    Kind,
    /// `iss` that no configured issuer has.
    Issuer,
    /// No key of the issuer fits the token.
    Key,
    /// The signature is not the issuer's.
    Signature,
    /// `exp` has passed.
    Expired,
    /// `nbf` or `iat` lies in the future.
    NotYetValid,
    /// `aud` names another resource.
    Audience,
    /// The token is bound to a key (`cnf`, RFC 7800): taking it as a bearer token would undo the binding.
    Bound,
    /// A claim that the gateway needs is absent or has another shape than its specification gives it.
    Claims,
    /// More groups than [`crate::limits::GROUPS_MAX`], or a name of one is too long.
    Groups,
    /// The issuer left the groups out because there are too many (`_claim_names`, `hasgroups`).
    GroupsOverage,
    /// The chain of actors (`act`, RFC 8693) is too long or malformed.
    Actors,
    /// The token lacks a scope that the server asks for.
    Scope,
    /// The issuer's keys cannot be fetched.
    IssuerUnavailable,
    /// Service keys are not accepted here.
    ServiceKeysRefused,
    /// A service key that does not exist, or whose secret is wrong.
    ServiceKeyUnknown,
    /// A service key that somebody revoked.
    ServiceKeyRevoked,
    /// A service key whose time is over.
    ServiceKeyExpired,
    /// A service key made for other servers.
    ServiceKeyServer,
    /// The store of service keys cannot be read.
    ServiceKeysUnavailable,
}

/// What the public sees of a [`Reason`].
#[derive(Debug, Clone, Copy)]
pub struct ReasonFace {
    /// Stable word for programs; also in the `auth.failed` leaf.
    pub code: &'static str,
    /// HTTP status.
    pub status: StatusCode,
    /// RFC 6750 `error`. `None`: the challenge carries no error information.
    pub error: Option<&'static str>,
    /// One sentence: what is wrong and what to do. RFC 6750 `error_description`, so plain ASCII without quotes.
    pub sentence: &'static str,
}

impl Reason {
    /// Every reason, for tests and documentation.
    pub const ALL: [Self; 28] = [
        Self::Missing,
        Self::Scheme,
        Self::Request,
        Self::Query,
        Self::TooLarge,
        Self::Malformed,
        Self::Algorithm,
        Self::Critical,
        Self::Kind,
        Self::Issuer,
        Self::Key,
        Self::Signature,
        Self::Expired,
        Self::NotYetValid,
        Self::Audience,
        Self::Bound,
        Self::Claims,
        Self::Groups,
        Self::GroupsOverage,
        Self::Actors,
        Self::Scope,
        Self::IssuerUnavailable,
        Self::ServiceKeysRefused,
        Self::ServiceKeyUnknown,
        Self::ServiceKeyRevoked,
        Self::ServiceKeyExpired,
        Self::ServiceKeyServer,
        Self::ServiceKeysUnavailable,
    ];

    /// What the public sees.
    #[rustfmt::skip]
    pub fn face(self) -> ReasonFace {
        match self {
            Self::Missing => bare("missing", "no credential was presented; sign in at an authorization server of this resource, or send a service key"),
            Self::Scheme => bare("scheme", "only the Bearer scheme is accepted"),
            Self::Request => request("request", "send exactly one Authorization header: the word Bearer, a space and the token"),
            Self::Query => request("query", "a token in the URL is not accepted; send it in the Authorization header"),
            Self::TooLarge => request("too_large", "the token is longer than 16 KiB; ask the issuer for fewer claims"),
            Self::Malformed => token("malformed", "the token is not a signed JWT of a known shape"),
            Self::Algorithm => token("algorithm", "the token is signed with an algorithm that is not accepted here"),
            Self::Critical => token("critical", "the token depends on a critical extension that is not supported"),
            Self::Kind => token("kind", "the token is not an access token; send the access token, not the ID token"),
            Self::Issuer => token("issuer", "the token comes from an issuer that is not accepted here"),
            Self::Key => token("key", "the token is signed with a key that its issuer does not publish"),
            Self::Signature => token("signature", "the signature of the token is not valid"),
            Self::Expired => token("expired", "the token has expired; refresh it"),
            Self::NotYetValid => token("not_yet_valid", "the token is not valid yet; check the clock of its issuer"),
            Self::Audience => token("audience", "the token was issued for another resource; ask for one with this resource as audience"),
            Self::Bound => token("bound", "the token is bound to a key, which this gateway cannot check; ask for a plain bearer token"),
            Self::Claims => token("claims", "a claim of the token is missing or malformed"),
            Self::Groups => token("groups", "the token names too many groups; assign only the groups that this application needs"),
            Self::GroupsOverage => token("groups_overage", "the issuer left the groups out of the token because there are too many; assign only the groups that this application needs"),
            Self::Actors => token("actors", "the chain of actors in the token is too long or malformed"),
            Self::Scope => ReasonFace { status: StatusCode::FORBIDDEN, ..face("scope", Some("insufficient_scope"), "the token lacks a scope that this server asks for") },
            Self::IssuerUnavailable => later("issuer_unavailable", "the keys of the token's issuer are temporarily unavailable; try again"),
            Self::ServiceKeysRefused => token("service_keys_refused", "service keys are not accepted here"),
            Self::ServiceKeyUnknown => token("service_key_unknown", "the service key is not known"),
            Self::ServiceKeyRevoked => token("service_key_revoked", "the service key was revoked"),
            Self::ServiceKeyExpired => token("service_key_expired", "the service key has expired; create another"),
            Self::ServiceKeyServer => token("service_key_server", "the service key was not made for this server"),
            Self::ServiceKeysUnavailable => later("service_keys_unavailable", "service keys temporarily cannot be checked; try again"),
        }
    }
}

fn face(code: &'static str, error: Option<&'static str>, sentence: &'static str) -> ReasonFace {
    ReasonFace { code, status: StatusCode::UNAUTHORIZED, error, sentence }
}

fn bare(code: &'static str, sentence: &'static str) -> ReasonFace {
    face(code, None, sentence)
}

fn token(code: &'static str, sentence: &'static str) -> ReasonFace {
    face(code, Some("invalid_token"), sentence)
}

fn request(code: &'static str, sentence: &'static str) -> ReasonFace {
    ReasonFace { status: StatusCode::BAD_REQUEST, ..face(code, Some("invalid_request"), sentence) }
}

fn later(code: &'static str, sentence: &'static str) -> ReasonFace {
    ReasonFace { status: StatusCode::SERVICE_UNAVAILABLE, ..face(code, None, sentence) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_reason_has_its_own_code_and_a_sentence_that_fits_a_header() {
        let codes: HashSet<_> = Reason::ALL.iter().map(|reason| reason.face().code).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let sentence = reason.face().sentence;
            assert!(sentence.bytes().all(|b| (b == b' ' || b.is_ascii_graphic()) && b != b'"' && b != b'\\'));
            assert!(!sentence.ends_with('.'), "{sentence}");
        }
    }
}
