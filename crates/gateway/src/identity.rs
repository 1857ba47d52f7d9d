//! Who is calling: the gateway as an OAuth 2.1 resource server, as the authorization chapter of MCP asks.
//!
//! A caller presents one bearer credential with every request: an access token (a JWT of a configured `OpenID` Connect
//! issuer) or a service key. It proves a [`Principal`], or the request fails with a [`Reason`] from a closed set.
//! Nothing here decides what a principal may do, and the credential goes no further than this module.
//!
//! Specifications: RFC 6750 (bearer tokens), RFC 7515, 7517, 7518, 7519 (JOSE), RFC 8693 (actors), RFC 8725 (JWT best
//! practice), RFC 9068 (JWT access tokens), RFC 9728 (resource metadata), `OpenID` Connect Discovery 1.0, RFC 8414.

mod address;
mod algorithm;
mod bearer;
mod claim;
mod failure;
mod fetch;
mod issuer;
mod json;
mod key;
mod relying;
mod resource;
mod service_key;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Uri};
use sha2::{Digest, Sha256};
use url::Url;

pub(crate) use claim::is_plain;
pub use failure::{AuthFailure, Reason, ReasonFace};
pub use issuer::{IssuerHealth, IssuerState};
pub use relying::{Binding, NotSignedIn, SignedIn, Trust};
pub use resource::{API, Challenge, METADATA_PATH};
pub use service_key::{
    EVERY_SERVER, SERVICE_KEY_ISSUER, ServiceKey, ServiceKeyKind, ServiceKeyTerms, ServiceKeyText,
    ServiceKeys,
};

use crate::clock::Clock;
use crate::model::{Principal, TokenId};
use crate::{config, limits};
use claim::Expectation;
use issuer::{Issuer, Published};
use key::Verification;
use resource::{Metadatum, Resource};
use token::Token;

/// Proves who is calling. One for the whole gateway; share it by `Arc`.
pub struct Authenticator {
    resources: BTreeMap<String, Resource>,
    api: Resource,
    issuers: Vec<Issuer>,
    keys: Arc<ServiceKeys>,
    key_mode: config::ServiceKeys,
    seen: moka::sync::Cache<SeenKey, Arc<Seen>>,
    clock: Arc<dyn Clock>,
}

/// A token that was verified, as presented to one server: its SHA-256 and the server's name. The token itself is not
/// kept anywhere.
type SeenKey = ([u8; 32], Arc<str>);

/// What a verified token proved.
struct Seen {
    principal: Arc<Principal>,
    /// Index of its issuer.
    issuer: usize,
    /// The keys it was verified with. Once others are published it is verified again: its key may be gone.
    published: Arc<Published>,
}

/// Why a configuration gives no [`Authenticator`].
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// `listen.public_url` is more than scheme, host and port.
    #[error("`listen.public_url` for host `{0}` must be scheme, host and port only")]
    PublicUrl(String),
    /// A scope that RFC 6749 does not allow, or one that a resource must not ask for.
    #[error("server `{server}`: `{scope}` cannot be a required scope")]
    Scope {
        /// Which server.
        server: String,
        /// The scope as written.
        scope: String,
    },
    /// An issuer that cannot be used as configured.
    #[error("issuer `{issuer}`: {problem}")]
    Issuer {
        /// Which issuer.
        issuer: String,
        /// What is wrong and what to write instead.
        problem: String,
    },
}

impl Authenticator {
    /// Prepares authentication for `servers`. Fetches nothing: an issuer that is down must not stop the gateway.
    /// Reads the files named by `authorities`.
    ///
    /// # Errors
    /// [`IdentityError`] where the configuration contradicts itself or a specification.
    pub fn new(
        identity: &config::Identity,
        servers: &[config::ServerConfig],
        public_url: &Url,
        keys: Arc<ServiceKeys>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, IdentityError> {
        let resources = servers
            .iter()
            .map(|server| Ok((server.name.clone(), Resource::new(server, public_url)?)))
            .collect::<Result<_, IdentityError>>()?;
        let api = Resource::api(public_url)?;
        check_issuer_names(&identity.issuers)?;
        let issuers = identity
            .issuers
            .iter()
            .map(|issuer| Issuer::new(issuer, Arc::clone(&clock)))
            .collect::<Result<_, IdentityError>>()?;
        let seen = moka::sync::Cache::new(limits::TOKEN_CACHE_MAX);
        Ok(Self { resources, api, issuers, keys, key_mode: identity.service_keys, seen, clock })
    }

    /// Proves who sent a request to `server`: its configured name, or [`API`].
    ///
    /// # Errors
    /// [`AuthFailure`], to be recorded as `auth.failed` and answered with [`Authenticator::challenge`].
    pub async fn authenticate(
        &self,
        server: &str,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> Result<Arc<Principal>, AuthFailure> {
        let Some(resource) = self.named(server) else {
            // Nothing is issued for a server that does not exist.
            let required_scopes = Arc::from([]);
            return Err(AuthFailure { reason: Reason::Audience, issuer: None, token: None, required_scopes });
        };
        let text = bearer::find(headers, uri).map_err(|reason| resource.failure(reason))?;
        let hash: [u8; 32] = Sha256::digest(text).into();
        let token = TokenId::of(&hash);
        if service_key::is_service_key(text) {
            return self.verify_key(text, &hash, &resource.name).map_err(|reason| AuthFailure {
                issuer: Some(SERVICE_KEY_ISSUER.to_owned()),
                token: Some(token),
                ..resource.failure(reason)
            });
        }
        let key = (hash, Arc::clone(&resource.name));
        if let Some(principal) = self.recall(&key) {
            return Ok(principal);
        }
        let mut issuer = None;
        let seen = self.verify_token(text, token, resource, &mut issuer).await.map_err(|reason| {
            AuthFailure { issuer: issuer.map(str::to_owned), token: Some(token), ..resource.failure(reason) }
        })?;
        let principal = Arc::clone(&seen.principal);
        self.seen.insert(key, Arc::new(seen));
        Ok(principal)
    }

    /// Whether a credential that proved `principal` some time ago still would: it has not expired, nor was the service
    /// key revoked. What only its issuer knows shows when it expires.
    pub fn stands(&self, principal: &Principal) -> bool {
        let now = self.clock.now();
        let key = principal.party.issuer == SERVICE_KEY_ISSUER;
        now < principal.expires && (!key || self.keys.stands(&principal.party.subject, now))
    }

    /// Keeps issuers' keys fresh until dropped. Run it beside the listener, whether or not there are callers.
    pub async fn run(&self) {
        // Each issuer is fetched when it is due; this only sets how soon that is noticed.
        let mut tick = tokio::time::interval(Duration::from_millis(limits::ISSUER_RETRY_MS));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.refresh().await;
        }
    }

    /// Fetches the keys of all issuers that are due, side by side. Never fails: see [`Authenticator::health`].
    pub async fn refresh(&self) {
        futures_util::future::join_all(self.issuers.iter().map(Issuer::refresh)).await;
    }

    /// How the issuers are doing, in the order of the configuration.
    pub fn health(&self) -> Vec<IssuerHealth> {
        self.issuers.iter().map(Issuer::health).collect()
    }

    /// How to answer a request to `server` that failed with `failure`. `None` when there is no such server.
    pub fn challenge(&self, server: &str, failure: &AuthFailure) -> Option<Challenge> {
        Some(self.named(server)?.challenge(failure, self.metadatum()))
    }

    /// The resource identifier of `server`: the URL callers use for it.
    pub fn resource(&self, server: &str) -> Option<&str> {
        Some(&self.named(server)?.identifier)
    }

    /// The RFC 9728 document (`application/json`) at `path` of the callers' listener. Answers the path-inserted form,
    /// and the root form when exactly one server is configured; `None` is a 404. Public: a GET from any origin.
    pub fn metadata(&self, path: &str) -> Option<Bytes> {
        if self.metadatum() == Metadatum::Absent {
            return None;
        }
        let resource = if path == METADATA_PATH && self.resources.len() == 1 {
            self.resources.values().next()
        } else {
            self.resources.values().chain([&self.api]).find(|resource| resource.metadata_path == path)
        };
        let servers = self.issuers.iter().map(Issuer::identifier).collect();
        Some(resource?.metadata(servers).into())
    }

    fn named(&self, server: &str) -> Option<&Resource> {
        if server == API { Some(&self.api) } else { self.resources.get(server) }
    }

    fn verify_key(&self, text: &str, hash: &[u8; 32], server: &str) -> Result<Arc<Principal>, Reason> {
        match self.key_mode {
            config::ServiceKeys::Refused => Err(Reason::ServiceKeysRefused),
            config::ServiceKeys::Accepted => self.keys.verify(text, hash, server, self.clock.now()),
        }
    }

    /// The principal that a token proved before, as long as it has not expired and its issuer's keys are the same.
    fn recall(&self, key: &SeenKey) -> Option<Arc<Principal>> {
        let seen = self.seen.get(key)?;
        let now = self.clock.now();
        let current = self.issuers[seen.issuer].current(now);
        let valid = now < seen.principal.expires
            && current.is_some_and(|current| Arc::ptr_eq(&current, &seen.published));
        valid.then(|| Arc::clone(&seen.principal))
    }

    /// Verifies a JWT. The signature comes first: whatever else is wrong is then said about a token that its issuer
    /// made. Puts the name of the issuer into `named` as soon as it is known.
    async fn verify_token<'a>(
        &'a self,
        text: &str,
        id: TokenId,
        resource: &Resource,
        named: &mut Option<&'a str>,
    ) -> Result<Seen, Reason> {
        let token = Token::parse(text)?;
        let iss = token.issuer().ok_or(Reason::Issuer)?;
        let position = self.issuers.iter().position(|issuer| issuer.may_be(iss)).ok_or(Reason::Issuer)?;
        let issuer = &self.issuers[position];
        *named = Some(&issuer.name);
        if !issuer.algorithms.contains(&token.algorithm) {
            return Err(Reason::Algorithm);
        }
        let published = verify_signature(issuer, &token).await?;
        if iss != published.identifier {
            return Err(Reason::Issuer);
        }
        let audiences: Vec<&str> = std::iter::once(&resource.identifier)
            .chain(&resource.audiences)
            .chain(&issuer.audiences)
            .map(String::as_str)
            .collect();
        let expected = Expectation {
            issuer: &issuer.name,
            identifier: iss,
            profile: token.profile,
            audiences: &audiences,
            now: self.clock.now(),
            token: id,
        };
        let principal = issuer.claims.identify(&token.claims, &expected)?;
        if !resource.scopes.iter().all(|scope| principal.scopes.binary_search(scope).is_ok()) {
            return Err(Reason::Scope);
        }
        Ok(Seen { principal: Arc::new(principal), issuer: position, published })
    }

    fn metadatum(&self) -> Metadatum {
        if self.issuers.is_empty() { Metadatum::Absent } else { Metadatum::Published }
    }
}

/// Verifies the signature with the issuer's keys, fetching them again once if none fits. Returns the keys that did it.
async fn verify_signature(issuer: &Issuer, token: &Token<'_>) -> Result<Arc<Published>, Reason> {
    let mut published = issuer.published().await.ok_or(Reason::IssuerUnavailable)?;
    let mut verification = published.keys.verify(token)?;
    if verification == Verification::UnknownKey {
        published = issuer.published_after(&published).await.ok_or(Reason::IssuerUnavailable)?;
        verification = published.keys.verify(token)?;
    }
    match verification {
        Verification::Signed => Ok(published),
        Verification::Forged => Err(Reason::Signature),
        Verification::UnknownKey => Err(Reason::Key),
    }
}

/// An issuer's name and URL identify it in policies and tokens, so each must be its own.
fn check_issuer_names(issuers: &[config::Issuer]) -> Result<(), IdentityError> {
    let mut names = BTreeSet::from([SERVICE_KEY_ISSUER]);
    let mut urls = BTreeSet::new();
    for issuer in issuers {
        let fail = |problem: &str| {
            Err(IdentityError::Issuer { issuer: issuer.name.clone(), problem: problem.to_owned() })
        };
        let word = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if issuer.name.is_empty() || !issuer.name.bytes().all(word) {
            return fail("the name must be letters, digits, `.`, `_` and `-`");
        }
        if !names.insert(&issuer.name) {
            return fail("the name is taken; choose another");
        }
        if !urls.insert(issuer.url.as_str()) {
            return fail("another issuer has the same `url`; merge the two");
        }
    }
    Ok(())
}
