//! Media types and codings: what a body may be, and what the caller can take.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};

use crate::refusal::Refusal;

/// The forms of answer a caller can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// `application/json`
    pub json: bool,
    /// `text/event-stream`
    pub stream: bool,
}

/// The body is JSON that is there to read: one `Content-Type` of `application/json`, in UTF-8 where it names a
/// charset, and no coding. A compressed or otherwise labelled body would be judged by another reading than it gets.
///
/// # Errors
/// [`Refusal::MediaType`].
pub fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(media), None) = (types.next(), types.next()) else {
        return Err(Refusal::MediaType);
    };
    let mut parts = media.to_str().map_err(|_| Refusal::MediaType)?.split(';').map(str::trim);
    let json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let plain = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if json && plain && parts.all(is_harmless) { Ok(()) } else { Err(Refusal::MediaType) }
}

/// What `Accept` allows (RFC 9110 section 12.5.1); without one, everything.
///
/// # Errors
/// [`Refusal::NotAcceptable`] when it allows neither form.
pub fn accepted(headers: &HeaderMap) -> Result<Accepted, Refusal> {
    if !headers.contains_key(ACCEPT) {
        return Ok(Accepted { json: true, stream: true });
    }
    let (mut json, mut stream) = (Best::default(), Best::default());
    for value in headers.get_all(ACCEPT) {
        for range in value.to_str().map_err(|_| Refusal::NotAcceptable)?.split(',') {
            json.see(range, "application/", "json");
            stream.see(range, "text/", "event-stream");
        }
    }
    let accepted = Accepted { json: json.allowed, stream: stream.allowed };
    if accepted.json || accepted.stream { Ok(accepted) } else { Err(Refusal::NotAcceptable) }
}

/// What the most specific range so far says about one type.
#[derive(Debug, Default)]
struct Best {
    specificity: u8,
    allowed: bool,
}

impl Best {
    fn see(&mut self, range: &str, family: &str, subtype: &str) {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let allowed = !parts.any(is_zero);
        let specificity = match essence.strip_prefix(family) {
            Some(rest) if rest == subtype => 3,
            Some("*") => 2,
            _ if essence == "*/*" => 1,
            _ => return,
        };
        if specificity > self.specificity {
            *self = Self { specificity, allowed };
        } else if specificity == self.specificity {
            self.allowed |= allowed;
        }
    }
}

/// A parameter of the media type that does not change how its body is read.
fn is_harmless(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    }
}

/// `q=0`, `q=0.000`
fn is_zero(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|weight| weight == 0.0)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).expect("a header value"));
        }
        headers
    }

    #[test]
    fn body_is_plain_json_or_refused() {
        let check = |pairs: &[(&'static str, &str)], expected: Result<(), Refusal>| {
            assert_eq!(require_json(&headers(pairs)), expected, "{pairs:?}");
        };
        let refused = Err(Refusal::MediaType);
        check(&[("content-type", "application/json")], Ok(()));
        check(&[("content-type", "Application/JSON ; charset=\"UTF-8\"")], Ok(()));
        check(&[("content-type", "application/json"), ("content-encoding", "identity")], Ok(()));
        check(&[], refused);
        check(&[("content-type", "text/plain")], refused);
        check(&[("content-type", "application/json-rpc")], refused);
        check(&[("content-type", "application/json;charset=utf-16")], refused);
        check(&[("content-type", "application/json;charset=utf-8;charset=utf-7")], refused);
        check(&[("content-type", "application/json"), ("content-type", "text/plain")], refused);
        check(&[("content-type", "application/json, text/plain")], refused);
        check(&[("content-type", "application/json"), ("content-encoding", "gzip")], refused);
        check(&[("content-type", "application/json"), ("content-encoding", "identity, gzip")], refused);
        check(
            &[
                ("content-type", "application/json"),
                ("content-encoding", "identity"),
                ("content-encoding", "br"),
            ],
            refused,
        );
    }

    #[test]
    fn accept_says_which_forms_of_answer_are_possible() {
        let check = |values: &[&str], expected: Option<(bool, bool)>| {
            let pairs: Vec<_> = values.iter().map(|value| ("accept", *value)).collect();
            let accepted = accepted(&headers(&pairs)).ok().map(|accepted| (accepted.json, accepted.stream));
            assert_eq!(accepted, expected, "{values:?}");
        };
        check(&[], Some((true, true)));
        check(&["application/json, text/event-stream"], Some((true, true)));
        check(&["application/json", "TEXT/event-stream;q=0.5"], Some((true, true)));
        check(&["*/*"], Some((true, true)));
        check(&["application/*"], Some((true, false)));
        check(&["text/event-stream"], Some((false, true)));
        check(&["*/*, text/event-stream;q=0"], Some((true, false)));
        check(&["text/event-stream; q=0.000, */*"], Some((true, false)));
        check(&["text/html"], None);
        check(&["application/json;q=0"], None);
        check(&[""], None);
    }
}
