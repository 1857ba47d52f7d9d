//! The parts of a resource URI (RFC 3986) that policies compare.
//!
//! A path is judged as the upstream will read it: dot segments resolved, percent-encoding undone. A URI that two
//! readers could resolve differently (an encoded slash, a backslash, double encoding, a control character) has no
//! parts at all; a question about them is then refused, because neither `permit` nor `forbid` could be trusted.

use url::{Host, Url};

/// Parts of a URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// Lower case; empty when the name is not an absolute URI (a skill's name, say).
    pub(super) scheme: String,
    /// Lower case, without port or credentials.
    pub(super) host: Option<String>,
    /// Decoded, dot segments resolved; absent for a URI without a hierarchy (`urn:isbn:1`).
    pub(super) path: Option<String>,
}

/// The parts of `uri`, or `None` when it can be read in two ways.
pub(super) fn parts(uri: &str) -> Option<Parts> {
    if uri.contains(['\\', '\t', '\n', '\r']) || uri.trim() != uri || uri.contains(|c: char| c.is_control()) {
        return None;
    }
    let Ok(url) = Url::parse(uri) else {
        // Not absolute: there is nothing that a parser could have normalised.
        return if uri.contains(':') {
            None
        } else {
            Some(Parts { scheme: String::new(), host: None, path: None })
        };
    };
    // A reader that only cuts off `file://` takes what follows `?` or `#` for more of the path.
    let tail = [url.query(), url.fragment()];
    if tail.into_iter().flatten().any(|part| climbs(&part.to_lowercase().replace("%2e", "."))) {
        return None;
    }
    let host = match url.host() {
        Some(Host::Domain(domain)) => Some(decode(domain)?.to_lowercase()),
        Some(Host::Ipv4(address)) => Some(address.to_string()),
        Some(Host::Ipv6(address)) => Some(address.to_string()),
        None => None,
    };
    let path = if url.cannot_be_a_base() { None } else { Some(decode(url.path())?) };
    Some(Parts { scheme: url.scheme().to_owned(), host: host.filter(|host| !host.is_empty()), path })
}

/// Undoes percent-encoding once; `None` when the result could be decoded or resolved again to something else.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first != b'%' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        let digits = tail.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        let byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if matches!(byte, b'/' | b'\\' | b'%') || byte.is_ascii_control() {
            return None;
        }
        bytes.push(byte);
        rest = &tail[2..];
    }
    let decoded = String::from_utf8(bytes).ok()?;
    (!climbs(&decoded) && !decoded.contains("//")).then_some(decoded)
}

fn climbs(text: &str) -> bool {
    text.split(['/', '\\']).any(|segment| segment == "." || segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, scheme: &str, host: Option<&str>, path: Option<&str>) {
        let expected =
            Parts { scheme: scheme.into(), host: host.map(Into::into), path: path.map(Into::into) };
        assert_eq!(parts(uri), Some(expected), "{uri}");
    }

    #[test]
    fn parts_are_those_the_upstream_will_resolve() {
        check("file:///home/alice/notes.txt", "file", None, Some("/home/alice/notes.txt"));
        check("FILE:///home/../etc/passwd", "file", None, Some("/etc/passwd"));
        check("file:///home/%2e%2e/etc/pass%77d", "file", None, Some("/etc/passwd"));
        check("https://Example.COM:8443/a%20b?q=1#f", "https", Some("example.com"), Some("/a b"));
        check("db://Main/public/users", "db", Some("main"), Some("/public/users"));
        check("urn:isbn:0451450523", "urn", None, None);
        check("file:///{path}", "file", None, Some("/{path}"));
        check("a-skill", "", None, None);
    }

    #[test]
    fn uri_with_two_readings_has_no_parts() {
        for uri in [
            "file:///home/..%2fetc/passwd",
            "file:///home/..%5cetc/passwd",
            "file:///home\\..\\etc",
            "file:///home/%252e%252e/etc",
            "db://main/a%00b",
            "file:///a%zz",
            "db://h/%ff",
            " file:///a",
            "fi\tle:///a",
            "1x:///a",
            "db://main//etc/passwd",
            "file:///home/x#/../../etc/passwd",
            "file:///home/x?/%2e%2E/../etc/passwd",
            "file:///a%+fb",
        ] {
            assert_eq!(parts(uri), None, "{uri}");
        }
    }
}
