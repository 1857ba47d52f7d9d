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
    let value = value.as_bytes();
    let (scheme, rest) = value.split_at(value.iter().position(|b| *b == b' ').unwrap_or(value.len()));
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(Reason::Scheme);
    }
    // RFC 9110, section 11.4: one or more spaces may follow the scheme.
    let spaces = rest.iter().take_while(|b| **b == b' ').count();
    let token = &rest[spaces..];
    // Without a branch per byte: every request passes here, also those whose token was seen before.
    let whole = token.iter().fold(true, |whole, b| whole & TOKEN_BYTE[usize::from(*b)]);
    if token.is_empty() || !whole {
        return Err(Reason::Request);
    }
    str::from_utf8(token).map_err(|_| Reason::Request)
}

/// RFC 6750 `b64token`; the position of `=` is left to the format of the token.
const TOKEN_BYTE: [bool; 256] = {
    let allowed = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
    let mut table = [false; 256];
    let mut at = 0;
    while at < allowed.len() {
        table[allowed[at] as usize] = true;
        at += 1;
    }
    table
};

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
