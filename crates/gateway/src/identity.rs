//! Who is calling: the gateway as an OAuth 2.1 resource server, as the authorization chapter of MCP asks.
//!
//! A caller presents one bearer credential with every request: an access token (a JWT of a configured OpenID Connect
//! issuer) or a service key. It proves a [`Principal`], or the request fails with a [`Reason`] from a closed set.
//! Nothing here decides what a principal may do, and the credential goes no further than this module.
//!
//! Specifications: RFC 6750 (bearer tokens), RFC 7515, 7517, 7518, 7519 (JOSE), RFC 8693 (actors), RFC 8725 (JWT best
//! practice), RFC 9068 (JWT access tokens), RFC 9728 (resource metadata), OpenID Connect Discovery 1.0, RFC 8414.

mod failure;
mod resource;
mod service_key;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Uri};
use url::Url;

pub use failure::{AuthFailure, Reason, ReasonFace};
pub use resource::{Challenge, METADATA_PATH};
pub use service_key::ServiceKeys;

use crate::clock::Clock;
use crate::config;
use crate::model::Principal;
use resource::{Metadatum, Resource};

/// Proves who is calling. One for the whole gateway; share it by `Arc`.
pub struct Authenticator {
    resources: BTreeMap<String, Resource>,
    issuers: Vec<config::Issuer>,
    keys: Arc<ServiceKeys>,
    clock: Arc<dyn Clock>,
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
}

impl Authenticator {
    /// Prepares authentication for `servers`. Fetches nothing: an issuer that is down must not stop the gateway.
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
        Ok(Self { resources, issuers: identity.issuers.clone(), keys, clock })
    }

    /// Proves who sent a request to `server` (its configured name).
    ///
    /// # Errors
    /// [`AuthFailure`], to be recorded as `auth.failed` and answered with [`Authenticator::challenge`].
    #[expect(clippy::unused_async, reason = "fetching an issuer's keys comes with the next commit")]
    pub async fn authenticate(
        &self,
        server: &str,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> Result<Arc<Principal>, AuthFailure> {
        let (_, _, _, _) = (headers, uri, &self.keys, &self.clock);
        let Some(resource) = self.resources.get(server) else {
            return Err(AuthFailure {
                reason: Reason::Audience,
                issuer: None,
                token: None,
                required_scopes: Arc::from([]),
            });
        };
        Err(resource.failure(Reason::Missing))
    }

    /// How to answer a request to `server` that failed with `failure`. `None` when there is no such server.
    pub fn challenge(&self, server: &str, failure: &AuthFailure) -> Option<Challenge> {
        Some(self.resources.get(server)?.challenge(failure, self.metadatum()))
    }

    /// The resource identifier of `server`: the URL callers use for it.
    pub fn resource(&self, server: &str) -> Option<&str> {
        Some(&self.resources.get(server)?.identifier)
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
            self.resources.values().find(|resource| resource.metadata_path == path)
        };
        let servers = self.issuers.iter().map(|issuer| issuer.url.to_string()).collect();
        Some(resource?.metadata(servers).into())
    }

    fn metadatum(&self) -> Metadatum {
        if self.issuers.is_empty() { Metadatum::Absent } else { Metadatum::Published }
    }
}
