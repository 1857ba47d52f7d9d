//! Which headers pass the gateway, by name and by value: nothing passes because nobody forbade it, and nothing passes that
//! was not read.
//!
//! A header is a carrier that no policy is asked about and no mask looks at. So each that passes is one whose values can
//! be told (a date, a list of known words, a number), or that says what the body says, or that names a session or event
//! which this caller was given. `Authorization`, `Cookie`, `DPoP`, forwarding headers and all that is hop-by-hop stay
//! behind because nothing names them; an upstream that needs another header gets it from its own configuration.

use http::header::{ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use http::header::{HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method};
use jiff::fmt::rfc2822;

use super::step::is_argument;
use super::{LAST_EVENT_ID, METHOD, NAME, PROTOCOL_VERSION, SESSION_ID, is_date};
use crate::mcp::sse;
use crate::model::Era;

const TRACE_PARENT: &str = "traceparent";
const BUFFERING: &str = "x-accel-buffering";

/// Who sends what the caller sent.
const AGENT: &str = concat!("countersign/", env!("CARGO_PKG_VERSION"));

/// What may stand in `Accept`.
const RANGES: [&str; 5] = ["application/json", "text/event-stream", "application/*", "text/*", "*/*"];

/// Directives of `Cache-Control` without a value (RFC 9111 section 5.2.2).
const CACHE_WORDS: [&str; 8] = [
    "must-revalidate",
    "must-understand",
    "no-cache",
    "no-store",
    "no-transform",
    "private",
    "proxy-revalidate",
    "public",
];

/// Those with a number of seconds (RFC 9111; RFC 5861).
const CACHE_SECONDS: [&str; 4] = ["max-age", "s-maxage", "stale-if-error", "stale-while-revalidate"];

/// Methods that `Allow` may name.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// Digits of the longest number of seconds.
const SECONDS_DIGITS_MAX: usize = 10;

/// `Wed, 21 Oct 2015 07:28:00 GMT` (RFC 9110 section 5.6.7).
const HTTP_DATE_BYTES: usize = 29;

/// Bytes and digits of a revision that is no date, as drafts have: less than any secret or number of a person has.
const REVISION_BYTES_MAX: usize = 16;
const REVISION_DIGITS_MAX: usize = 8;

/// The headers of a caller's request that go upstream. The answer is asked for uncompressed, because it will be read.
///
/// Of the modern era pass `Mcp-Method` and `Mcp-Name`, which agree with the body, and `Mcp-Param-*`, which are still to be
/// held against the arguments ([`super::require_mirrors`]); not the session and resumption headers, which modern peers
/// must ignore: a peer of both eras could otherwise take the request for a legacy one. Of the legacy era it is the other
/// way round.
pub fn for_upstream(method: &Method, headers: &HeaderMap, era: Era) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(8);
    kept.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    kept.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    put(&mut kept, ACCEPT, accept(headers));
    if method == Method::POST {
        kept.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let passed = |name: &'static str| single(headers, name).cloned();
    let trace = passed(TRACE_PARENT).filter(|value| value.to_str().is_ok_and(is_trace));
    put(&mut kept, HeaderName::from_static(TRACE_PARENT), trace);
    let revision = passed(PROTOCOL_VERSION).map(|value| {
        let told = value.to_str().is_ok_and(is_revision);
        if told { value } else { HeaderValue::from_static("unsupported") }
    });
    put(&mut kept, HeaderName::from_static(PROTOCOL_VERSION), revision);
    match era {
        Era::Legacy => {
            put(&mut kept, HeaderName::from_static(SESSION_ID), passed(SESSION_ID));
            let event = passed(LAST_EVENT_ID).filter(|id| method == Method::GET && sse::is_id(id.as_bytes()));
            put(&mut kept, HeaderName::from_static(LAST_EVENT_ID), event);
        }
        Era::Modern => {
            let mirrors = headers
                .iter()
                .filter(|(name, _)| [METHOD, NAME].contains(&name.as_str()) || is_argument(name));
            kept.extend(mirrors.map(|(name, value)| (name.clone(), value.clone())));
        }
    }
    kept
}

/// The headers of an upstream's answer that go to the caller. A stream must not be held back or changed on its way. Not
/// `ETag` and digests: what they name may be changed. Not `WWW-Authenticate`, which would send the caller to the
/// upstream's authorization server. The session is for whoever knows its owner.
pub fn for_caller(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(4);
    put(&mut kept, CONTENT_TYPE, media(headers));
    put(
        &mut kept,
        RETRY_AFTER,
        single(headers, RETRY_AFTER.as_str()).filter(|value| is_wait(value)).cloned(),
    );
    put(&mut kept, CACHE_CONTROL, list(headers, &CACHE_CONTROL, cache));
    put(
        &mut kept,
        ALLOW,
        list(headers, &ALLOW, |method| METHODS.contains(&method).then(|| method.to_owned())),
    );
    let revision = HeaderName::from_static(PROTOCOL_VERSION);
    put(&mut kept, revision, super::revision(headers).and_then(|date| HeaderValue::from_str(date).ok()));
    let stream =
        kept.get(CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/event-stream"));
    if stream {
        kept.insert(BUFFERING, HeaderValue::from_static("no"));
        kept.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache, no-transform"));
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

fn put(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

/// A header that is there once, and does not end at this hop.
fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    named_in_connection(headers).all(|ended| ended != name).then_some(value)
}

/// The elements of a list that `known` knows, as it writes them.
fn list(
    headers: &HeaderMap,
    name: &HeaderName,
    known: impl Fn(&str) -> Option<String>,
) -> Option<HeaderValue> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let kept: Vec<String> =
        values.flat_map(|value| value.split(',')).filter_map(|part| known(part.trim())).collect();
    (!kept.is_empty()).then(|| HeaderValue::from_str(&kept.join(", ")).ok()).flatten()
}

/// `Accept`, without what has no meaning here.
fn accept(headers: &HeaderMap) -> Option<HeaderValue> {
    list(headers, &ACCEPT, |range| {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let essence = parts.next().filter(|essence| RANGES.contains(&essence.as_str()))?;
        let weight = parts.find(|part| part.strip_prefix("q=").is_some_and(is_weight));
        Some(weight.map_or(essence.clone(), |weight| format!("{essence};{weight}")))
    })
}

/// `0`, `1`, `0.5` (RFC 9110 section 12.4.2).
fn is_weight(weight: &str) -> bool {
    weight.len() <= 5
        && matches!(weight.as_bytes(), [b'0' | b'1'] | [b'0' | b'1', b'.', ..])
        && weight.bytes().skip(2).all(|byte| byte.is_ascii_digit())
}

/// The media type of an answer that is read.
fn media(headers: &HeaderMap) -> Option<HeaderValue> {
    let media = single(headers, CONTENT_TYPE.as_str())?.to_str().ok()?.to_ascii_lowercase();
    let mut parts = media.split(';').map(str::trim);
    let essence = parts.next()?;
    let utf_8 = parts.any(|part| matches!(part, "charset=utf-8" | "charset=\"utf-8\""));
    Some(HeaderValue::from_static(match (essence, utf_8) {
        ("application/json", false) => "application/json",
        ("application/json", true) => "application/json; charset=utf-8",
        ("text/event-stream", false) => "text/event-stream",
        ("text/event-stream", true) => "text/event-stream; charset=utf-8",
        _ => return None,
    }))
}

/// Seconds, or a date (RFC 9110 section 10.2.3).
fn is_wait(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let date = || {
        text.len() == HTTP_DATE_BYTES
            && text.ends_with(" GMT")
            && rfc2822::DateTimeParser::new().parse_timestamp(text).is_ok()
    };
    is_seconds(text) || date()
}

fn is_seconds(text: &str) -> bool {
    (1..=SECONDS_DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn cache(directive: &str) -> Option<String> {
    let directive = directive.to_ascii_lowercase();
    let known = match directive.split_once('=') {
        None => CACHE_WORDS.contains(&directive.as_str()),
        Some((name, value)) => CACHE_SECONDS.contains(&name) && is_seconds(value),
    };
    known.then_some(directive)
}

/// A revision, or what a draft calls itself.
fn is_revision(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    is_date(text)
        || ((1..=REVISION_BYTES_MAX).contains(&text.len())
            && digits <= REVISION_DIGITS_MAX
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')))
}

/// W3C Trace Context, section 3.2.2: version, trace, parent and flags in lower-case hexadecimal.
fn is_trace(text: &str) -> bool {
    let mut parts = text.split('-');
    let lengths = [2, 32, 16, 2];
    lengths.iter().all(|length| {
        parts.next().is_some_and(|part| {
            part.len() == *length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    }) && parts.next().is_none()
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

    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn nothing_goes_upstream_but_what_can_be_told() {
        let caller = headers(&[
            ("authorization", "Bearer s3cret"),
            ("proxy-authorization", "Basic s3cret"),
            ("cookie", "session=s3cret"),
            ("dpop", "s3cret"),
            ("x-api-key", "s3cret"),
            ("forwarded", "for=192.0.2.1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-real-ip", "192.0.2.1"),
            ("connection", "keep-alive, X-Hop"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("expect", "100-continue"),
            ("content-length", "5"),
            ("host", "gw.example.com"),
            ("origin", "https://app.example.com"),
            ("accept-encoding", "gzip, br"),
            ("accept-language", "s3cret"),
            ("x-hop", "1"),
            ("traceparent", TRACE),
            ("tracestate", "a=s3cret"),
            ("baggage", "a=s3cret"),
            ("accept", "application/json; x=s3cret, text/event-stream;q=0.5, text/html"),
            ("content-type", "application/json; x=s3cret"),
            ("mcp-session-id", "s"),
            ("mcp-protocol-version", "2025-11-25"),
            ("mcp-method", "tools/list"),
            ("mcp-name", "s3cret"),
            ("mcp-param-region", "s3cret"),
            ("mcp-new", "s3cret"),
            ("last-event-id", "7"),
            ("user-agent", "s3cret"),
        ]);
        let sent = for_upstream(&Method::GET, &caller, Era::Legacy);
        let mut expected = vec![
            "accept",
            "accept-encoding",
            "last-event-id",
            "mcp-protocol-version",
            "mcp-session-id",
            "traceparent",
            "user-agent",
        ];
        assert_eq!(names(&sent), expected);
        assert_eq!(
            (&sent["accept-encoding"], &sent["user-agent"]),
            (&"identity".parse().expect("a value"), &AGENT.parse().expect("a value"))
        );
        assert_eq!(sent["accept"], "application/json, text/event-stream;q=0.5");
        assert!(!format!("{sent:?}").contains("s3cret"));
        let posted = for_upstream(&Method::POST, &caller, Era::Legacy);
        expected.retain(|name| *name != "last-event-id");
        expected.insert(2, "content-type");
        assert_eq!(names(&posted), expected, "an event is asked for with GET");
        assert!(!format!("{posted:?}").contains("s3cret"));
    }

    #[test]
    fn modern_request_leaves_the_session_behind_and_takes_its_mirrors() {
        let caller = headers(&[
            ("mcp-session-id", "s"),
            ("last-event-id", "7"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "pay"),
            ("mcp-param-amount", "5"),
            ("mcp-new", "x"),
        ]);
        let sent = for_upstream(&Method::POST, &caller, Era::Modern);
        let expected =
            ["accept-encoding", "content-type", "mcp-method", "mcp-name", "mcp-param-amount", "user-agent"];
        assert_eq!(names(&sent), expected);
    }

    #[test]
    fn value_that_cannot_be_told_does_not_go_upstream() {
        let sent = |name: &'static str, value: &'static str| {
            let sent = for_upstream(&Method::GET, &headers(&[(name, value)]), Era::Legacy);
            sent.get(name).map(|value| value.to_str().expect("text").to_owned())
        };
        assert_eq!(sent("traceparent", "00-a-b-01"), None);
        assert_eq!(sent("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01"), None);
        for revision in ["2025-11-25", "1999-01-01", "DRAFT-2026-v1", "invalid-version"] {
            assert_eq!(sent("mcp-protocol-version", revision).as_deref(), Some(revision));
        }
        for secret in ["AKIAIOSFODNN7EXAMPLE", "4111111111111111", "a b", "078-05-1120"] {
            assert_eq!(sent("mcp-protocol-version", secret).as_deref(), Some("unsupported"), "{secret}");
        }
        for id in ["", "a b", "caf\u{e9}"] {
            let mut asked = HeaderMap::new();
            asked.insert(LAST_EVENT_ID, HeaderValue::from_bytes(id.as_bytes()).expect("a value"));
            let sent = for_upstream(&Method::GET, &asked, Era::Legacy);
            assert_eq!(sent.get(LAST_EVENT_ID).is_some(), id.is_empty(), "{id:?}");
        }
        assert_eq!(sent("accept", "text/html").as_deref(), None);
        assert_eq!(sent("accept", "*/*;q=s3cret").as_deref(), Some("*/*"));
        let ended = headers(&[("connection", "traceparent"), ("traceparent", TRACE)]);
        assert!(!for_upstream(&Method::GET, &ended, Era::Legacy).contains_key("traceparent"));
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
            ("mcp-leak", "s3cret"),
            ("mcp-session-id", "s3cret"),
            ("content-type", "application/json; x=s3cret"),
            ("retry-after", "3"),
            ("allow", "POST, s3cret, GET"),
            ("cache-control", "No-Store, max-age=60, x=s3cret, private=\"s3cret\""),
            ("mcp-protocol-version", "2025-11-25"),
        ]);
        let kept = for_caller(&upstream);
        let expected = ["allow", "cache-control", "content-type", "mcp-protocol-version", "retry-after"];
        assert_eq!(names(&kept), expected);
        assert_eq!(
            (&kept["allow"], &kept["cache-control"]),
            (&"POST, GET".parse().expect("a value"), &"no-store, max-age=60".parse().expect("a value"))
        );
        assert_eq!(kept["content-type"], "application/json");
    }

    #[test]
    fn value_that_cannot_be_told_does_not_reach_the_caller() {
        let told = |name: &'static str, value: &'static str| {
            for_caller(&headers(&[(name, value)]))
                .get(name)
                .map(|value| value.to_str().expect("text").to_owned())
        };
        let date = "Wed, 21 Oct 2015 07:28:00 GMT";
        assert_eq!(told("retry-after", date).as_deref(), Some(date));
        for wait in ["s3cret", "", "-1", "99999999999", "Wed, 21 Oct 2015 07:28:00 s3c", "3, 4"] {
            assert_eq!(told("retry-after", wait), None, "{wait}");
        }
        assert_eq!(told("content-type", "text/html; s3cret"), None);
        assert_eq!(told("allow", "s3cret"), None);
        assert_eq!(told("cache-control", "max-age=s3cret"), None);
        assert_eq!(told("mcp-protocol-version", "s3cret"), None);
    }

    #[test]
    fn stream_is_marked_so_that_nobody_holds_it_back() {
        let sent = for_caller(&headers(&[("content-type", "Text/Event-Stream; charset=utf-8")]));
        assert_eq!(sent["content-type"], "text/event-stream; charset=utf-8");
        assert_eq!(sent["x-accel-buffering"], "no");
        assert_eq!(sent["cache-control"], "no-cache, no-transform");
        let own =
            for_caller(&headers(&[("content-type", "text/event-stream"), ("cache-control", "no-store")]));
        assert_eq!(own["cache-control"], "no-store");
    }
}
