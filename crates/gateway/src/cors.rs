//! Cross-origin requests (WHATWG Fetch): what a web page that is allowed to call may send and read.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, VARY,
};
use http::{HeaderMap, HeaderValue};

/// Headers an MCP caller sends, besides the ones that need no permission.
const SENT: &str = "authorization, content-type, last-event-id, mcp-method, mcp-name, mcp-protocol-version, \
                    mcp-session-id, traceparent, tracestate";
/// Headers an MCP caller reads.
const READ: &str = "countersign-call, mcp-protocol-version, mcp-session-id, www-authenticate";
const PARAMETER: &str = "mcp-param-";

/// The answer to a preflight request. `Mcp-Param-*` headers are allowed by the names that were asked for.
pub fn preflight(asked: &HeaderMap) -> HeaderMap {
    let parameters = asked
        .get_all(ACCESS_CONTROL_REQUEST_HEADERS)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|name| name.len() > PARAMETER.len() && name.to_ascii_lowercase().starts_with(PARAMETER));
    let sent = parameters.fold(SENT.to_owned(), |sent, name| sent + ", " + name);
    let mut headers = HeaderMap::new();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE, OPTIONS"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if let Ok(sent) = HeaderValue::try_from(sent) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, sent);
    }
    headers
}

/// Lets the page at `origin`, which was checked, read an answer.
pub fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READ));
    headers.append(VARY, HeaderValue::from_static("origin"));
}
