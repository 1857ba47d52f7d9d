//! Fetching an issuer's documents without becoming a tool for reaching what only the gateway can reach.
//!
//! `https` only, except from an issuer configured on loopback. No redirects, no proxy from the environment, no cookies,
//! no content decoding. The issuer's own host was chosen by the operator and may have any address; every other host
//! was named by a document, and must have public addresses only. The rule is applied where names are resolved, so
//! the address that was checked is the address that is connected to.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use super::address;
use crate::limits;

/// Fetches documents for one issuer.
#[derive(Debug)]
pub(super) struct Fetcher {
    client: reqwest::Client,
    reach: Arc<Reach>,
}

/// A document.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) body: Vec<u8>,
    /// What time it was where it came from, if that was said (RFC 9110, section 6.6.1; RFC 9111, section 5.1).
    pub(super) date: Option<Timestamp>,
}

/// Why no [`Fetcher`] could be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetcherError {
    /// Neither `https`, nor `http` on loopback; or with a query, a fragment or a user.
    #[error("url must be `https` (or `http` on loopback) without user, query and fragment")]
    Url,
    /// The file of further authorities cannot be used.
    #[error("cannot use `{path}` as authorities: {cause}")]
    Authorities {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The TLS library cannot be set up.
    #[error("cannot prepare TLS: {0}")]
    Tls(String),
}

/// Why a document could not be fetched. Worded for the operator.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("`{0}` may not be fetched: only `https`, and private addresses only on the issuer's own host")]
    Forbidden(String),
    #[error("cannot fetch `{url}`: {cause}")]
    Transport { url: String, cause: String },
    #[error("`{url}` answered with status {status}, expected 200")]
    Status { url: String, status: u16 },
    #[error("`{0}` is larger than 256 KiB")]
    TooLarge(String),
}

/// Which hosts may be reached.
#[derive(Debug)]
struct Reach {
    host: Host<String>,
    scheme: Scheme,
}

/// How the issuer itself is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Https,
    /// Plain HTTP, on this machine only.
    Loopback,
}

impl Fetcher {
    /// Prepares fetching for the issuer at `url`, trusting the system's authorities and those in `authorities`.
    pub(super) fn new(url: &Url, authorities: Option<&Path>) -> Result<Self, FetcherError> {
        let host = url.host().ok_or(FetcherError::Url)?.to_owned();
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            "http" if is_loopback(&host) => Scheme::Loopback,
            _ => return Err(FetcherError::Url),
        };
        if !plain {
            return Err(FetcherError::Url);
        }
        let reach = Arc::new(Reach { host, scheme });
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .https_only(scheme == Scheme::Https)
            .timeout(Duration::from_millis(limits::ISSUER_FETCH_MS))
            .pool_max_idle_per_host(0)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::clone(&reach));
        if let Some(path) = authorities {
            builder = builder.tls_certs_merge(read_authorities(path)?);
        }
        let client = builder.build().map_err(|error| FetcherError::Tls(chain(&error)))?;
        Ok(Self { client, reach })
    }

    /// Whether `url` may be asked for.
    pub(super) fn permits(&self, url: &Url) -> bool {
        self.reach.permits(url)
    }

    /// The body of `url`, at most [`limits::ISSUER_DOCUMENT_BYTES_MAX`] bytes.
    pub(super) async fn get(&self, url: &Url) -> Result<Fetched, FetchError> {
        if !self.reach.permits(url) {
            return Err(FetchError::Forbidden(url.to_string()));
        }
        let request = self.client.get(url.clone()).header(http::header::ACCEPT, "application/json");
        let response = request.send().await.map_err(|error| transport(url, error))?;
        if response.status() != http::StatusCode::OK {
            return Err(FetchError::Status { url: url.to_string(), status: response.status().as_u16() });
        }
        let date = date(response.headers());
        Ok(Fetched { body: read_body(response, url).await?, date })
    }

    /// Posts a form; status and body of the answer. `authorization` proves who asks.
    pub(super) async fn post(
        &self,
        url: &Url,
        form: String,
        authorization: Option<SecretString>,
    ) -> Result<(u16, Vec<u8>), FetchError> {
        if !self.reach.permits(url) {
            return Err(FetchError::Forbidden(url.to_string()));
        }
        let mut request = self
            .client
            .post(url.clone())
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        if let Some(authorization) = &authorization {
            request = request.header(http::header::AUTHORIZATION, authorization.expose_secret());
        }
        let response = request.send().await.map_err(|error| transport(url, error))?;
        let status = response.status().as_u16();
        Ok((status, read_body(response, url).await?))
    }
}

async fn read_body(mut response: reqwest::Response, url: &Url) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(url, error))? {
        if body.len() + chunk.len() > limits::ISSUER_DOCUMENT_BYTES_MAX {
            return Err(FetchError::TooLarge(url.to_string()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn transport(url: &Url, error: reqwest::Error) -> FetchError {
    FetchError::Transport { url: url.to_string(), cause: chain(&error.without_url()) }
}

fn date(headers: &http::HeaderMap) -> Option<Timestamp> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let made = rfc2822::DateTimeParser::new().parse_timestamp(text(http::header::DATE)?).ok()?;
    // What comes from a cache was made so long ago.
    let age = text(http::header::AGE).and_then(|age| age.trim().parse().ok()).unwrap_or_default();
    made.checked_add(SignedDuration::from_secs(age)).ok()
}

impl Reach {
    /// Whether `url` may be asked for at all. Names are judged again when they are resolved.
    fn permits(&self, url: &Url) -> bool {
        let Some(host) = url.host() else { return false };
        let own = host.to_owned() == self.host;
        let scheme = match url.scheme() {
            "https" => true,
            "http" => self.scheme == Scheme::Loopback && is_loopback(&host),
            _ => false,
        };
        let address = match host {
            Host::Domain(_) => true,
            Host::Ipv4(ip) => own || self.may_connect(IpAddr::V4(ip)),
            Host::Ipv6(ip) => own || self.may_connect(IpAddr::V6(ip)),
        };
        scheme && address && url.username().is_empty() && url.password().is_none()
    }

    /// Whether a host that a document named may have the address `ip`.
    fn may_connect(&self, ip: IpAddr) -> bool {
        address::is_public(ip) || (self.scheme == Scheme::Loopback && ip.is_loopback())
    }

    fn filter(&self, name: &str, found: Vec<SocketAddr>) -> Vec<SocketAddr> {
        let own = matches!(&self.host, Host::Domain(host) if host.eq_ignore_ascii_case(name));
        let may = |address: &SocketAddr| match (own, self.scheme) {
            (true, Scheme::Https) => true,
            // Plain HTTP to `localhost` must not leave the machine, whatever the resolver says.
            (true, Scheme::Loopback) => address.ip().is_loopback(),
            (false, _) => self.may_connect(address.ip()),
        };
        // All or nothing: a name with one private address is not trusted for its public ones.
        if found.iter().all(may) { found } else { Vec::new() }
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Self { host: self.host.clone(), scheme: self.scheme };
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let permitted = reach.filter(name.as_str(), found);
            if permitted.is_empty() {
                return Err(format!("host `{}` has a private address or none", name.as_str()).into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

fn is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref() == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

fn read_authorities(path: &Path) -> Result<Vec<reqwest::Certificate>, FetcherError> {
    let fail = |cause: String| FetcherError::Authorities { path: path.to_owned(), cause };
    let pem = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| fail(chain(&error)))?;
    if certificates.is_empty() { Err(fail("no certificate in it".to_owned())) } else { Ok(certificates) }
}

/// An error and its causes in one line: the outer ones of HTTP libraries say little.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(url: &str) -> Arc<Reach> {
        Fetcher::new(&url.parse().unwrap(), None).unwrap().reach
    }

    fn check(issuer: &str, url: &str, expected: bool) {
        assert_eq!(reach(issuer).permits(&url.parse().unwrap()), expected, "{issuer} -> {url}");
    }

    #[test]
    fn issuer_must_be_https_or_on_loopback() {
        let make = |url: &str| Fetcher::new(&url.parse().unwrap(), None).map(drop);
        for url in
            ["https://id.example", "https://10.0.0.5/realm", "http://127.0.0.1:9", "http://localhost/x"]
        {
            assert!(make(url).is_ok(), "{url}");
        }
        let refused =
            ["http://id.example", "http://10.0.0.5", "http://localhost.example", "ftp://id.example"];
        for url in refused.into_iter().chain([
            "https://a@id.example",
            "https://id.example?a",
            "https://id.example#a",
        ]) {
            assert!(matches!(make(url), Err(FetcherError::Url)), "{url}");
        }
    }

    #[test]
    fn documents_of_a_remote_issuer_lead_to_public_places_only() {
        check("https://id.example", "https://id.example/keys", true);
        check("https://id.example", "https://keys.example/keys", true);
        check("https://10.0.0.5", "https://10.0.0.5/keys", true);
        check("https://id.example", "http://id.example/keys", false);
        check("https://id.example", "https://10.0.0.5/keys", false);
        check("https://id.example", "https://169.254.169.254/latest", false);
        check("https://id.example", "https://2130706433/keys", false);
        check("https://id.example", "https://[::1]/keys", false);
        check("https://id.example", "http://127.0.0.1/keys", false);
        check("https://id.example", "file:///etc/passwd", false);
        check("https://id.example", "https://user@id.example/keys", false);
    }

    #[test]
    fn documents_of_a_loopback_issuer_stay_on_loopback_or_go_public_by_https() {
        check("http://127.0.0.1:8", "http://127.0.0.1:9/keys", true);
        check("http://127.0.0.1:8", "http://10.0.0.5/keys", false);
        check("http://127.0.0.1:8", "https://10.0.0.5/keys", false);
        check("http://127.0.0.1:8", "http://id.example/keys", false);
    }

    #[test]
    fn names_with_a_private_address_are_not_connected_to() {
        let public: SocketAddr = "1.1.1.1:0".parse().unwrap();
        let private: SocketAddr = "10.0.0.5:0".parse().unwrap();
        let remote = reach("https://id.example");
        assert_eq!(remote.filter("id.example", vec![private]), [private]);
        assert_eq!(remote.filter("keys.example", vec![public]), [public]);
        assert!(remote.filter("keys.example", vec![public, private]).is_empty());
        assert!(reach("http://localhost").filter("localhost", vec![public]).is_empty());
    }
}
