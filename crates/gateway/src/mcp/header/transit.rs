//! Which headers pass through the gateway, in either direction.
//!
//! Both directions are allow-lists: a header is a carrier of data and credentials that nobody masks or records, and
//! what it means to the other side cannot be known. So `Authorization`, `Cookie`, `DPoP`, `X-Api-Key`, forwarding
//! headers and all that is hop-by-hop stay behind because nothing names them; an upstream that needs another header
//! gets it from its own configuration. What MCP defines, and any `Mcp-*` header to come, passes.

use http::header::{ACCEPT_ENCODING, CONNECTION, HeaderName, HeaderValue};
use http::{HeaderMap, header};

use super::{LAST_EVENT_ID, SESSION_ID};
use crate::model::Era;

/// From the caller to the upstream, besides `mcp-*`.
const TO_UPSTREAM: &[&str] = &[
    "accept",
    "accept-language",
    "baggage",
    "content-type",
    LAST_EVENT_ID,
    "traceparent",
    "tracestate",
    "user-agent",
];

/// From the upstream to the caller, besides `mcp-*`. Not `ETag` and digests: what they name may be changed. Not
/// `WWW-Authenticate`, which would send the caller to the upstream's authorization server.
const TO_CALLER: &[&str] = &["allow", "cache-control", "content-type", "retry-after", "x-accel-buffering"];

/// The headers of a caller's request that go upstream. The answer is asked for uncompressed, because it will be read.
///
/// In the modern era the session and resumption headers, which modern peers must ignore, stay behind: a peer of both
/// eras could otherwise take the request for a legacy one.
pub fn for_upstream(headers: &HeaderMap, era: Era) -> HeaderMap {
    let legacy_only = |name: &HeaderName| name == SESSION_ID || name == LAST_EVENT_ID;
    let mut kept = pass(headers, TO_UPSTREAM);
    if era == Era::Modern {
        let dropped: Vec<HeaderName> = kept.keys().filter(|name| legacy_only(name)).cloned().collect();
        for name in dropped {
            kept.remove(name);
        }
    }
    kept.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    kept
}

/// The headers of an upstream's answer that go to the caller. A stream must not be held back or changed on its way.
pub fn for_caller(headers: &HeaderMap) -> HeaderMap {
    let mut kept = pass(headers, TO_CALLER);
    let stream = kept
        .get(header::CONTENT_TYPE)
        .is_some_and(|media| media.as_bytes().to_ascii_lowercase().starts_with(b"text/event-stream"));
    if stream {
        kept.insert("x-accel-buffering", HeaderValue::from_static("no"));
        if !kept.contains_key(header::CACHE_CONTROL) {
            kept.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
        }
    }
    kept
}

/// The headers that are declared to end at this hop (RFC 9110 section 7.6.1), in lower case.
pub(super) fn named_in_connection(headers: &HeaderMap) -> impl Iterator<Item = String> {
    headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
}

fn pass(headers: &HeaderMap, allowed: &[&str]) -> HeaderMap {
    let ended: Vec<String> = named_in_connection(headers).collect();
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let known = name.as_str().starts_with("mcp-") || allowed.contains(&name.as_str());
        if known && !ended.iter().any(|ended| ended == name.as_str()) {
            kept.append(name, value.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn no_credential_and_no_hop_header_goes_upstream() {
        let caller = headers(&[
            ("authorization", "Bearer s3cret"),
            ("proxy-authorization", "Basic s3cret"),
            ("cookie", "session=s3cret"),
            ("dpop", "s3cret"),
            ("x-api-key", "s3cret"),
            ("forwarded", "for=192.0.2.1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-real-ip", "192.0.2.1"),
            ("connection", "keep-alive, X-Hop,  traceparent"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("expect", "100-continue"),
            ("content-length", "5"),
            ("host", "gw.example.com"),
            ("origin", "https://app.example.com"),
            ("accept-encoding", "gzip, br"),
            ("x-hop", "1"),
            ("traceparent", "00-a-b-01"),
            ("tracestate", "a=b"),
            ("accept", "application/json, text/event-stream"),
            ("content-type", "application/json"),
            ("mcp-session-id", "s"),
            ("mcp-protocol-version", "2025-11-25"),
            ("mcp-param-region", "eu"),
            ("mcp-new", "x"),
            ("last-event-id", "7"),
            ("user-agent", "u"),
        ]);
        let sent = for_upstream(&caller, Era::Legacy);
        let expected = [
            "accept",
            "accept-encoding",
            "content-type",
            "last-event-id",
            "mcp-new",
            "mcp-param-region",
            "mcp-protocol-version",
            "mcp-session-id",
            "tracestate",
            "user-agent",
        ];
        assert_eq!(names(&sent), expected);
        assert_eq!(sent["accept-encoding"], "identity");
        assert!(!format!("{sent:?}").contains("s3cret"));
    }

    #[test]
    fn modern_request_leaves_the_session_behind() {
        let caller =
            headers(&[("mcp-session-id", "s"), ("last-event-id", "7"), ("mcp-method", "tools/call")]);
        assert_eq!(names(&for_upstream(&caller, Era::Modern)), ["accept-encoding", "mcp-method"]);
    }

    #[test]
    fn answer_brings_no_challenge_cookie_or_unknown_header() {
        let upstream = headers(&[
            ("www-authenticate", "Bearer resource_metadata=\"https://evil.example\""),
            ("set-cookie", "a=b"),
            ("server", "x/1"),
            ("etag", "\"1\""),
            ("content-length", "10"),
            ("content-encoding", "gzip"),
            ("transfer-encoding", "chunked"),
            ("location", "https://evil.example"),
            ("access-control-allow-origin", "*"),
            ("x-secret", "s3cret"),
            ("content-type", "application/json"),
            ("mcp-session-id", "s"),
            ("retry-after", "3"),
            ("allow", "POST"),
            ("cache-control", "no-store"),
        ]);
        let expected = ["allow", "cache-control", "content-type", "mcp-session-id", "retry-after"];
        assert_eq!(names(&for_caller(&upstream)), expected);
    }

    #[test]
    fn stream_is_marked_so_that_nobody_holds_it_back() {
        let sent = for_caller(&headers(&[("content-type", "Text/Event-Stream; charset=utf-8")]));
        assert_eq!(sent["x-accel-buffering"], "no");
        assert_eq!(sent["cache-control"], "no-cache, no-transform");
        let own =
            for_caller(&headers(&[("content-type", "text/event-stream"), ("cache-control", "no-store")]));
        assert_eq!(own["cache-control"], "no-store");
    }
}
