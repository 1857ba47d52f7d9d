//! Finding the one credential of a request (RFC 6750, section 2.1; MCP allows no other place).

use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};

use super::Reason;
use crate::limits;

/// The token of `Authorization: Bearer <token>`.
///
/// A token in the query is refused even beside a good header: URLs are logged and shared, so that token is known to
/// others.
pub(super) fn find<'a>(headers: &'a HeaderMap, uri: &Uri) -> Result<&'a str, Reason> {
    if uri.query().is_some_and(names_access_token) {
        return Err(Reason::Query);
    }
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Reason::Missing)?;
    if values.next().is_some() {
        return Err(Reason::Request);
    }
    if value.len() > limits::TOKEN_BYTES_MAX + "Bearer ".len() {
        return Err(Reason::TooLarge);
    }
    let value = value.to_str().map_err(|_| Reason::Request)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Reason::Scheme);
    }
    // RFC 9110, section 11.4: one or more spaces may follow the scheme.
    let token = token.trim_start_matches(' ');
    if token.is_empty() || !token.bytes().all(is_token68) {
        return Err(Reason::Request);
    }
    Ok(token)
}

/// RFC 6750 `b64token`; the position of `=` is left to the format of the token.
fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

fn names_access_token(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name.eq_ignore_ascii_case("access_token"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(values: &[&str], uri: &str, expected: Result<&str, Reason>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        assert_eq!(find(&headers, &uri.parse().unwrap()), expected, "{values:?} {uri}");
    }

    #[test]
    fn one_bearer_header_is_a_credential() {
        check(&["Bearer abc.def"], "/mcp/a", Ok("abc.def"));
        check(&["bEARER   abc="], "/mcp/a?x=access_token", Ok("abc="));
    }

    #[test]
    fn anything_else_is_refused() {
        check(&[], "/", Err(Reason::Missing));
        check(&["Basic YTpi"], "/", Err(Reason::Scheme));
        check(&["DPoP abc"], "/", Err(Reason::Scheme));
        check(&[""], "/", Err(Reason::Scheme));
        check(&["Bearer"], "/", Err(Reason::Request));
        check(&["Bearer "], "/", Err(Reason::Request));
        check(&["Bearer a b"], "/", Err(Reason::Request));
        check(&["Bearer a,Bearer b"], "/", Err(Reason::Request));
        check(&["Bearer a\u{e9}"], "/", Err(Reason::Request));
        check(&["Bearer a", "Bearer a"], "/", Err(Reason::Request));
        check(&["Basic a", "Bearer a"], "/", Err(Reason::Request));
    }

    #[test]
    fn token_in_the_query_is_refused_even_beside_a_header() {
        check(&["Bearer abc"], "/mcp/a?access_token=abc", Err(Reason::Query));
        check(&[], "/mcp/a?x=1&acc%65ss_token=", Err(Reason::Query));
    }

    #[test]
    fn token_beyond_the_limit_is_refused() {
        let token = "a".repeat(limits::TOKEN_BYTES_MAX);
        check(&[&format!("Bearer {token}")], "/", Ok(&token));
        check(&[&format!("Bearer {token}a")], "/", Err(Reason::TooLarge));
    }
}
