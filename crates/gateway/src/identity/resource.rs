//! What callers sign in for: each server is one OAuth 2.0 protected resource (RFC 9728, RFC 8707), named by the URL
//! that callers use for it.

use std::sync::Arc;

use http::{HeaderValue, StatusCode};
use serde::Serialize;
use url::Url;

use super::failure::AuthFailure;
use super::{IdentityError, Reason};
use crate::config::ServerConfig;
use crate::limits;

/// Path under which RFC 9728 metadata is found; the path of the resource follows (section 3.1).
pub const METADATA_PATH: &str = "/.well-known/oauth-protected-resource";

/// Names the gateway's own API where servers are named; no server can have this name.
pub const API: &str = "/api";

/// How to answer a request whose caller is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// 400, 401, 403 or 503.
    pub status: StatusCode,
    /// Value of `WWW-Authenticate` (RFC 6750, section 3; RFC 9728, section 5.1). `None` with 503.
    pub authenticate: Option<HeaderValue>,
    /// Value of `Retry-After`, in seconds. Only with 503.
    pub retry_after: Option<HeaderValue>,
}

/// One server as a protected resource.
#[derive(Debug)]
pub(super) struct Resource {
    /// Configured name of the server.
    pub(super) name: Arc<str>,
    /// The resource identifier: `<public_url>/mcp/<name>`, no trailing slash.
    pub(super) identifier: String,
    /// Where its metadata is.
    pub(super) metadata_url: String,
    /// Path of `metadata_url`.
    pub(super) metadata_path: String,
    /// Scopes that a token must have.
    pub(super) scopes: Arc<[String]>,
    /// Audiences accepted besides the identifier.
    pub(super) audiences: Vec<String>,
}

/// RFC 9728, section 2.
#[derive(Serialize)]
struct Metadata<'a> {
    resource: &'a str,
    authorization_servers: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    scopes_supported: &'a [String],
    bearer_methods_supported: [&'static str; 1],
}

impl Resource {
    pub(super) fn new(server: &ServerConfig, public_url: &Url) -> Result<Self, IdentityError> {
        let (scopes, audiences) = (server.scopes.as_slice().into(), server.audiences.clone());
        Self::at(&format!("/mcp/{}", server.name), &server.name, scopes, audiences, public_url)
    }

    /// The gateway's own API: `<public_url>/api`.
    pub(super) fn api(public_url: &Url) -> Result<Self, IdentityError> {
        Self::at(API, API, Arc::from([]), Vec::new(), public_url)
    }

    fn at(
        path: &str,
        name: &str,
        scopes: Arc<[String]>,
        audiences: Vec<String>,
        public_url: &Url,
    ) -> Result<Self, IdentityError> {
        let plain = public_url.path() == "/"
            && public_url.query().is_none()
            && public_url.fragment().is_none()
            && public_url.username().is_empty()
            && public_url.password().is_none()
            && public_url.has_host();
        if !plain {
            return Err(IdentityError::PublicUrl(public_url.host_str().unwrap_or_default().to_owned()));
        }
        for scope in &*scopes {
            let token = !scope.is_empty()
                && scope.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
                && scope != "offline_access";
            if !token {
                return Err(IdentityError::Scope { server: name.to_owned(), scope: scope.clone() });
            }
        }
        let origin = public_url.as_str().trim_end_matches('/');
        let metadata_path = format!("{METADATA_PATH}{path}");
        Ok(Self {
            name: name.into(),
            identifier: format!("{origin}{path}"),
            metadata_url: format!("{origin}{metadata_path}"),
            metadata_path,
            scopes,
            audiences,
        })
    }

    /// The RFC 9728 document.
    pub(super) fn metadata(&self, authorization_servers: Vec<String>) -> Vec<u8> {
        let metadata = Metadata {
            resource: &self.identifier,
            authorization_servers,
            scopes_supported: &self.scopes,
            bearer_methods_supported: ["header"],
        };
        // Unwrap safety: a struct of strings has a JSON form.
        serde_json::to_vec(&metadata).expect("strings serialise")
    }

    /// The answer to `failure`. `metadata`: whether there is a document to point at.
    pub(super) fn challenge(&self, failure: &AuthFailure, metadata: Metadatum) -> Challenge {
        let face = failure.reason.face();
        if face.status == StatusCode::SERVICE_UNAVAILABLE {
            let retry_after = HeaderValue::from(limits::ISSUER_RETRY_MS.div_ceil(1_000));
            return Challenge { status: face.status, authenticate: None, retry_after: Some(retry_after) };
        }
        let mut parameters = Vec::with_capacity(4);
        if metadata == Metadatum::Published {
            parameters.push(format!("resource_metadata=\"{}\"", self.metadata_url));
        }
        if !self.scopes.is_empty() && face.status != StatusCode::BAD_REQUEST {
            parameters.push(format!("scope=\"{}\"", self.scopes.join(" ")));
        }
        if let Some(error) = face.error {
            parameters.push(format!("error=\"{error}\""));
            parameters.push(format!("error_description=\"{}\"", face.sentence));
        }
        let text = format!("Bearer {}", parameters.join(", "));
        // Unwrap safety: URLs, scopes (checked in `new`) and sentences (tested) are visible ASCII.
        let authenticate = HeaderValue::from_str(text.trim_end()).expect("visible ASCII");
        Challenge { status: face.status, authenticate: Some(authenticate), retry_after: None }
    }

    /// A failure of a request to this resource, before any credential was understood.
    pub(super) fn failure(&self, reason: Reason) -> AuthFailure {
        AuthFailure { reason, issuer: None, token: None, required_scopes: Arc::clone(&self.scopes) }
    }
}

/// Whether a resource has a metadata document. It has none where no issuer is configured: callers then have nowhere
/// to sign in, and use service keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metadatum {
    /// There is one.
    Published,
    /// There is none.
    Absent,
}
