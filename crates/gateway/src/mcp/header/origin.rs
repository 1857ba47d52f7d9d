//! Whether a request was meant for this gateway: `Host` and `Origin` (MCP "Streamable HTTP", security warning).
//!
//! A web page that rebinds its own name to the gateway's address makes the browser send its name as `Host` and its
//! origin as `Origin`; both are checked before anything else, whoever the caller is.

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Uri};
use url::Url;

use crate::refusal::Refusal;

/// The names the gateway answers to.
#[derive(Debug, Clone)]
pub struct Ours {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Ours {
    /// The host and origin of `public_url`, and those the configuration adds.
    pub fn new(public_url: &Url, allowed_hosts: &[String], allowed_origins: &[String]) -> Self {
        let mut hosts: Vec<String> = allowed_hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        if let Some(host) = public_url.host_str() {
            hosts.extend(public_url.port_or_known_default().map(|port| format!("{host}:{port}")));
            // The default port may be left out; any other may not.
            hosts.extend(public_url.port().is_none().then(|| host.to_owned()));
        }
        let mut origins: Vec<String> =
            allowed_origins.iter().map(|origin| origin.to_ascii_lowercase()).collect();
        origins.push(public_url.origin().ascii_serialization());
        Self { hosts, origins }
    }

    /// The request names this gateway, and if a web page sent it, one that is allowed to.
    ///
    /// `uri` is the request's target: in HTTP/2 it carries the authority in place of `Host`; where both are, both
    /// count. No `Origin` means that no browser sent it across origins.
    ///
    /// # Errors
    /// [`Refusal::Origin`].
    pub fn require(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let known = |known: &[String], value: &str| known.iter().any(|one| value.eq_ignore_ascii_case(one));
        let authority = uri.authority().map(http::uri::Authority::as_str);
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next().map(|host| host.to_str().unwrap_or_default());
        let named = match (authority, host) {
            (None, None) => false,
            (authority, host) => authority.into_iter().chain(host).all(|host| known(&self.hosts, host)),
        };
        let mut origins = headers.get_all(ORIGIN).iter();
        let origin = origins.next().map(|origin| origin.to_str().unwrap_or_default());
        let allowed = origin.is_none_or(|origin| known(&self.origins, origin));
        if named && allowed && hosts.next().is_none() && origins.next().is_none() {
            Ok(())
        } else {
            Err(Refusal::Origin)
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn require(ours: &Ours, uri: &str, pairs: &[(&'static str, &str)]) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        }
        ours.require(&uri.parse().expect("a URI"), &headers)
    }

    #[test]
    fn only_our_own_names_are_answered_to() {
        let url = "https://gw.example.com".parse().expect("a URL");
        let ours = Ours::new(&url, &["Other:8443".to_owned()], &["https://app.example.com".to_owned()]);
        let check = |uri: &str, pairs: &[(&'static str, &str)], allowed: bool| {
            assert_eq!(require(&ours, uri, pairs).is_ok(), allowed, "{uri} {pairs:?}");
        };
        check("/mcp/a", &[("host", "gw.example.com")], true);
        check("/mcp/a", &[("host", "GW.example.com:443")], true);
        check("/mcp/a", &[("host", "other:8443")], true);
        check("https://gw.example.com/mcp/a", &[], true);
        check("/mcp/a", &[], false);
        check("/mcp/a", &[("host", "other")], false);
        check("/mcp/a", &[("host", "gw.example.com:8080")], false);
        check("/mcp/a", &[("host", "gw.example.com.evil.example")], false);
        check("/mcp/a", &[("host", "gw.example.com@evil.example")], false);
        check("/mcp/a", &[("host", "gw.example.com"), ("host", "gw.example.com")], false);
        check("/mcp/a", &[("host", "gw\u{e9}.example.com")], false);
        check("https://gw.example.com/mcp/a", &[("host", "evil.example")], false);
        check("https://evil.example/mcp/a", &[("host", "gw.example.com")], false);
    }

    #[test]
    fn only_pages_that_are_allowed_may_call() {
        let url = "http://localhost:8080".parse().expect("a URL");
        let ours = Ours::new(&url, &[], &["https://app.example.com".to_owned()]);
        let check = |origins: &[&str], allowed: bool| {
            let mut pairs = vec![("host", "localhost:8080")];
            pairs.extend(origins.iter().map(|origin| ("origin", *origin)));
            assert_eq!(require(&ours, "/", &pairs).is_ok(), allowed, "{origins:?}");
        };
        check(&[], true);
        check(&["http://localhost:8080"], true);
        check(&["https://app.example.com"], true);
        check(&["http://localhost"], false);
        check(&["https://localhost:8080"], false);
        check(&["null"], false);
        check(&[""], false);
        check(&["http://evil.example"], false);
        check(&["http://localhost:8080", "http://evil.example"], false);
    }

    #[test]
    fn port_is_part_of_the_name_when_it_is_not_the_default() {
        let url = "http://localhost:8080".parse().expect("a URL");
        let ours = Ours::new(&url, &[], &[]);
        assert!(require(&ours, "/", &[("host", "localhost:8080")]).is_ok());
        assert!(require(&ours, "/", &[("host", "localhost")]).is_err());
    }
}
