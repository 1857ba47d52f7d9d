//! Headers that mirror the body: `Mcp-Name`, and `Mcp-Param-*` for arguments whose property the tool's input schema marks
//! with `x-mcp-header` (SEP-2243). They are held against the body that is judged, and written anew from the body that
//! leaves: so they say what was decided on, recorded and agreed to, and nothing else.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use inspect::walk::Kind;

use super::decode;
use crate::mcp::envelope::{Field, Message};
use crate::refusal::Refusal;

/// How the headers of arguments begin.
const ARGUMENT: &str = "mcp-param-";

/// From this on no two numbers that differ are sure to differ as doubles.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A header that repeats an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// `mcp-param-` and what the schema says.
    pub name: HeaderName,
    /// The way to the argument: names of members from `arguments` on.
    pub path: Vec<String>,
}

impl Mirror {
    /// The header that the schema calls `said`; `None` when no header can be called so.
    pub fn new(said: &str, path: Vec<String>) -> Option<Self> {
        if said.is_empty() {
            return None;
        }
        let name = HeaderName::try_from(format!("{ARGUMENT}{}", said.to_ascii_lowercase())).ok()?;
        Some(Self { name, path })
    }

    /// The argument as a header says it; `None` when it is not there, null, or no value of one piece.
    fn text<'a>(&self, message: &'a Message) -> Option<Cow<'a, str>> {
        let arguments = message.field(Field::Arguments)?;
        let value = self.path.iter().try_fold(arguments, |value, name| value.member(name))?;
        match value.kind() {
            Kind::String => value.text(),
            Kind::Number | Kind::Boolean => Some(value.raw().into()),
            Kind::Object | Kind::Array | Kind::Null => None,
        }
    }

    /// Whether a header says what the argument is. Numbers are compared by value: `42.0` is `42`.
    fn agrees(&self, header: &HeaderValue, message: &Message) -> bool {
        let Some((said, is)) = decode(header).zip(self.text(message)) else { return false };
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.abs() < EXACT_MAX);
        let plain = |text: &str| {
            text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
        };
        said == is
            || (plain(&said) && plain(&is) && number(&said).is_some_and(|said| Some(said) == number(&is)))
    }
}

/// Whether a header repeats an argument.
pub fn is_argument(name: &HeaderName) -> bool {
    name.as_str().starts_with(ARGUMENT)
}

/// Whether a header repeats what stands in a body.
pub fn is_mirror(name: &HeaderName) -> bool {
    name.as_str() == super::NAME || is_argument(name)
}

/// Holds every header of an argument against the argument. `mirrors` are those that the tool's schema names. Gives those
/// that are there. One that is missing is for the upstream to ask for: it knows its schema best.
///
/// # Errors
/// [`Refusal::HeaderMismatch`]: a header that the schema does not name, or that says something else.
pub fn require_mirrors(
    headers: &HeaderMap,
    message: &Message,
    mirrors: &[Mirror],
) -> Result<Vec<Mirror>, Refusal> {
    let held = |(name, value): (&HeaderName, &HeaderValue)| {
        let mirror = mirrors.iter().find(|mirror| mirror.name == *name);
        mirror.filter(|mirror| mirror.agrees(value, message)).cloned().ok_or(Refusal::HeaderMismatch)
    };
    headers.iter().filter(|(name, _)| is_argument(name)).map(held).collect()
}

/// The headers for a body that was `before` when it was judged, and leaves as `after`: each mirror says what it says.
/// One whose text cannot be told stays behind, as does one that was held against nothing.
pub fn in_step(headers: &HeaderMap, mirrors: &[Mirror], before: &Bytes, after: &Bytes) -> HeaderMap {
    let mut kept = headers.clone();
    let unchanged = before.as_ptr() == after.as_ptr() && before.len() == after.len();
    let to_write = |name: &&HeaderName| is_argument(name) || (is_mirror(name) && !unchanged);
    let names: Vec<HeaderName> = headers.keys().filter(to_write).cloned().collect();
    if names.is_empty() {
        return kept;
    }
    let message = Message::parse(after.clone()).ok();
    for name in names {
        let text = message.as_ref().and_then(|message| match mirrors.iter().find(|one| one.name == name) {
            Some(mirror) => mirror.text(message),
            None if is_argument(&name) => None,
            None => message.target().map(|(_, name)| name),
        });
        match text.and_then(|text| encode(&text)) {
            Some(value) => drop(kept.insert(name, value)),
            None => drop(kept.remove(name)),
        }
    }
    kept
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
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
        };
        pairs.iter().map(pair).collect()
    }

    fn mirror(said: &str, path: &[&str]) -> Mirror {
        Mirror::new(said, path.iter().map(|&name| name.to_owned()).collect()).expect("a header name")
    }

    fn call(arguments: &str) -> Bytes {
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"t","arguments":{arguments}}}}}"#
        );
        Bytes::from(text)
    }

    #[test]
    fn header_of_an_argument_passes_only_if_the_schema_names_it_and_it_says_the_argument() {
        let mirrors = [mirror("Amount", &["amount"]), mirror("Region", &["to", "region"])];
        let body = r#"{"amount":42,"to":{"region":"café"},"list":[1],"none":null}"#;
        let message = Message::parse(call(body)).expect("a message");
        let check = |pairs: &[(&'static str, &str)], passes: bool| {
            assert_eq!(require_mirrors(&headers(pairs), &message, &mirrors).is_ok(), passes, "{pairs:?}");
        };
        check(&[("mcp-method", "tools/call")], true);
        check(&[("mcp-param-amount", "42")], true);
        check(&[("mcp-param-amount", "42.0")], true);
        check(&[("mcp-param-amount", "=?base64?NDI=?=")], true);
        check(&[("mcp-param-region", "=?base64?Y2Fmw6k=?=")], true);
        check(&[("mcp-param-amount", "5000")], false);
        check(&[("mcp-param-amount", "")], false);
        check(&[("mcp-param-amount", "=?base64?!?=")], false);
        check(&[("mcp-param-region", "cafe")], false);
        check(&[("mcp-param-other", "42")], false);
        let absent = [mirror("None", &["none"]), mirror("List", &["list"]), mirror("Gone", &["gone"])];
        for name in ["mcp-param-none", "mcp-param-list", "mcp-param-gone"] {
            assert!(require_mirrors(&headers(&[(name, "null")]), &message, &absent).is_err(), "{name}");
        }
        let large = Message::parse(call(r#"{"amount":9007199254740993}"#)).expect("a message");
        let near = headers(&[("mcp-param-amount", "9007199254740992")]);
        assert!(require_mirrors(&near, &large, &mirrors).is_err(), "doubles would say it is the same");
        for said in ["", "a b", "a:b", "a\r\nb"] {
            assert_eq!(Mirror::new(said, Vec::new()), None, "{said:?}");
        }
    }

    #[test]
    fn headers_are_written_from_the_body_that_leaves() {
        let (before, after) =
            (call(r#"{"a":"x@y.zz","n":12,"b":"eu"}"#), call(r#"{"a":"[email]","n":0,"b":"eu"}"#));
        let mirrors = [mirror("A", &["a"]), mirror("N", &["n"]), mirror("B", &["b"])];
        let sent = headers(&[
            ("mcp-name", "t"),
            ("mcp-param-a", "=?base64?eEB5Lnp6?="),
            ("mcp-param-n", "12"),
            ("mcp-param-b", "=?base64?ZXU=?="),
            ("mcp-param-unheld", "x"),
            ("mcp-method", "tools/call"),
        ]);
        let expected = headers(&[
            ("mcp-name", "t"),
            ("mcp-param-a", "[email]"),
            ("mcp-param-n", "0"),
            ("mcp-param-b", "eu"),
            ("mcp-method", "tools/call"),
        ]);
        assert_eq!(in_step(&sent, &mirrors, &before, &after), expected);
        assert_eq!(in_step(&sent, &mirrors, &after, &after), expected, "also when nothing was masked");
    }

    #[test]
    fn unchanged_body_keeps_its_headers_and_odd_texts_are_wrapped() {
        let body = call(r#"{"a":"b"}"#);
        let plain = headers(&[("mcp-name", "=?base64?dA==?="), ("x-other", "c")]);
        assert_eq!(in_step(&plain, &[], &body, &body), plain);
        let odd = headers(&[("mcp-param-a", "b")]);
        let told = in_step(&odd, &[mirror("A", &["a"])], &body, &call("{\"a\":\"caf\u{e9} \"}"));
        assert_eq!(told.get("mcp-param-a").and_then(decode).as_deref(), Some("caf\u{e9} "));
    }
}
