//! Headers that mirror a body which was masked: `Mcp-Name` and `Mcp-Param-*` (SEP-2243) must say what the body now says,
//! or the upstream would refuse the call, and read what the body no longer holds.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use inspect::walk::{Kind, Scalar, Walk};

use super::decode;
use crate::limits;

/// The headers for a body that was `before` and is `after`: one that said what a changed value was says what it is.
/// One whose text cannot be told stays behind.
///
/// INVARIANT: masking changes values and no structure, so both bodies have the same values in the same order.
pub fn in_step(headers: &HeaderMap, before: &Bytes, after: &Bytes) -> HeaderMap {
    let mut kept = headers.clone();
    if before.as_ptr() == after.as_ptr() && before.len() == after.len() {
        return kept;
    }
    let changed = changed(before, after);
    for name in headers.keys().filter(|name| is_mirror(name)) {
        let said = headers.get(name).and_then(decode);
        let says = said.and_then(|said| match changed.iter().find(|(before, _)| *before == said) {
            Some((_, after)) => encode(after),
            None => headers.get(name).cloned(),
        });
        match says {
            Some(value) => drop(kept.insert(name, value)),
            None => drop(kept.remove(name)),
        }
    }
    kept
}

/// Whether a header repeats what stands in a body.
pub fn is_mirror(name: &HeaderName) -> bool {
    name.as_str() == super::NAME || name.as_str().starts_with("mcp-param-")
}

/// The texts of values that differ, before and after.
fn changed<'a>(before: &'a Bytes, after: &'a Bytes) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
    let (Ok(before), Ok(after)) = (str::from_utf8(before), str::from_utf8(after)) else { return Vec::new() };
    let mut walks = [before, after].map(|text| Walk::new(text, limits::JSON_DEPTH_MAX));
    let mut changed = Vec::new();
    loop {
        let [one, other] = &mut walks;
        let (Ok(Some(one)), Ok(Some(other))) = (one.scalar(), other.scalar()) else { return changed };
        if one.span.of(before) != other.span.of(after) {
            changed.push((text(before, one), text(after, other)));
        }
    }
}

fn text(document: &str, scalar: Scalar) -> Cow<'_, str> {
    if scalar.kind == Kind::String {
        inspect::text::unescape_lossy(scalar.span.unquoted().of(document))
    } else {
        Cow::Borrowed(scalar.span.of(document))
    }
}

/// As it stands where a header can hold it, else wrapped.
fn encode(text: &str) -> Option<HeaderValue> {
    let plain = text.trim() == text && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if plain && !text.starts_with("=?base64?") {
        return HeaderValue::from_str(text).ok();
    }
    HeaderValue::from_str(&format!("=?base64?{}?=", STANDARD.encode(text))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (http::HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn headers_say_what_the_masked_body_says() {
        let before =
            Bytes::from_static(br#"{"params":{"name":"t","arguments":{"a":"x@y.zz","n":12,"b":"eu"}}}"#);
        let after =
            Bytes::from_static(br#"{"params":{"name":"t","arguments":{"a":"[email]","n":0,"b":"eu"}}}"#);
        let sent = [
            ("mcp-name", "t"),
            ("mcp-param-a", "=?base64?eEB5Lnp6?="),
            ("mcp-param-n", "12"),
            ("mcp-param-b", "eu"),
            ("mcp-method", "tools/call"),
        ];
        let told = in_step(&headers(&sent), &before, &after);
        let expected = [
            ("mcp-name", "t"),
            ("mcp-param-a", "[email]"),
            ("mcp-param-n", "0"),
            ("mcp-param-b", "eu"),
            ("mcp-method", "tools/call"),
        ];
        assert_eq!(told, headers(&expected));
    }

    #[test]
    fn unchanged_body_keeps_its_headers_and_odd_texts_are_wrapped() {
        let body = Bytes::from_static(br#"{"a":"b"}"#);
        let odd = headers(&[("mcp-param-a", "b"), ("x-other", "c")]);
        assert_eq!(in_step(&odd, &body, &body), odd);
        let told = in_step(&odd, &body, &Bytes::from_static("{\"a\":\"caf\u{e9} \"}".as_bytes()));
        assert_eq!(told.get("mcp-param-a").and_then(decode).as_deref(), Some("caf\u{e9} "));
    }
}
