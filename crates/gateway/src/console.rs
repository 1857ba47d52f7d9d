//! The web page of the gateway, and how people sign in to it: everything below `/console/`.
//!
//! The page is static and public; all it shows comes from the API, so it has no right that the API lacks. It may load and
//! run what this gateway serves and nothing else (CSP level 3, <https://www.w3.org/TR/CSP3/>; trusted types); no page may
//! frame it.

mod asset;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::api::{note_failed_sign_in, require_own_page};
use crate::exchange::Gateway;
use crate::reply::{self, Reply};
use crate::sign_in::{CALLBACK, Callback, Errand, SignInError, is_visit};

/// Path below which everything of the console is.
pub const CONSOLE: &str = "/console";
const ASSETS: &str = "/console/assets/";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
                      connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// On every answer.
const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), \
         geolocation=()",
    ),
];

/// Whether people sign in to this gateway at all.
pub fn is_on(gateway: &Gateway) -> bool {
    gateway.authenticator.sign_in_issuers().next().is_some()
}

/// Whether a path is the console's.
pub fn owns(path: &str) -> bool {
    path == "/" || path == CONSOLE || path.starts_with("/console/")
}

/// Answers one request.
pub async fn answer(gateway: Arc<Gateway>, address: IpAddr, request: Request<Incoming>) -> Reply {
    let (head, _) = request.into_parts();
    let read = matches!(head.method, Method::GET | Method::HEAD);
    let query = head.uri.query().unwrap_or_default();
    match head.uri.path() {
        "/console/sign-out" if head.method == Method::POST => sign_out(&gateway, &head).await,
        "/console/sign-out" => refuse_method("POST"),
        _ if !read => refuse_method("GET, HEAD"),
        "/" => redirect(StatusCode::FOUND, "/console/", &[]),
        CONSOLE => redirect(StatusCode::PERMANENT_REDIRECT, "/console/", &[]),
        "/console/sign-in" => sign_in(&gateway, query).await,
        CALLBACK => callback(&gateway, address, &head.headers, query).await,
        path => file(path, &head.headers),
    }
}

fn file(path: &str, headers: &HeaderMap) -> Reply {
    let deep = path.rsplit('/').next().is_some_and(|last| !last.contains('.'));
    let name = match path.strip_prefix(ASSETS) {
        Some(name) => name,
        // A place inside the page.
        None if deep => "index.html",
        None => "",
    };
    let Some((content, media)) = asset::find(name) else {
        return text(StatusCode::NOT_FOUND, "there is no such page\n");
    };
    let tag = format!("\"{}\"", hex(&Sha256::digest(content)[..16]));
    let fresh = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut answer = secured();
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer.extend(HeaderValue::from_str(&tag).ok().map(|tag| (ETAG, tag)));
    if fresh {
        return reply::whole(StatusCode::NOT_MODIFIED, answer, Bytes::new());
    }
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    reply::whole(StatusCode::OK, answer, Bytes::from_static(content))
}

/// `GET /console/sign-in?issuer=&return=&hint=`.
async fn sign_in(gateway: &Gateway, query: &str) -> Reply {
    let field = |name: &str| field(query, name);
    let only = || gateway.authenticator.sign_in_issuers().next().map(|(name, _)| name.to_owned());
    let issuer = field("issuer").or_else(only).unwrap_or_default();
    let (then, hint) = (field("return").unwrap_or_default(), field("hint"));
    let begun = gateway.sign_ins.begin(&gateway.authenticator, &issuer, &then, hint.as_deref()).await;
    match begun {
        Ok(errand) => go(&errand),
        Err(error) => failed(&error, &[]),
    }
}

/// `GET /console/callback`: what the issuer sends the browser back with.
async fn callback(gateway: &Gateway, address: IpAddr, headers: &HeaderMap, query: &str) -> Reply {
    let field = |name: &str| field(query, name);
    let (state, code, iss, error) = (field("state"), field("code"), field("iss"), field("error"));
    let answer = Callback {
        state: state.as_deref().unwrap_or_default(),
        code: code.as_deref(),
        iss: iss.as_deref(),
        error: error.as_deref(),
    };
    match gateway.sign_ins.finish(&gateway.authenticator, headers, &answer).await {
        Ok(errand) => go(&errand),
        Err(error) => {
            tracing::info!(%error, "nobody signed in");
            // Whether the record can be written or not: nobody is signed in.
            drop(note_failed_sign_in(gateway, address, headers, error.code()).await);
            failed(&error, &error.cookies())
        }
    }
}

/// `POST /console/sign-out`.
async fn sign_out(gateway: &Gateway, head: &http::request::Parts) -> Reply {
    if !is_visit(&head.headers) {
        return signed_out(&Errand { location: String::new(), cookies: Vec::new() });
    }
    // Also of a cookie that nobody can say anything about now: another page must not end what it may stand for.
    if require_own_page(&head.method, &head.headers).is_err() {
        return text(StatusCode::FORBIDDEN, "only the console's own page can sign you out\n");
    }
    match gateway.sign_ins.end(&gateway.authenticator, &head.headers).await {
        Err(_) => text(StatusCode::SERVICE_UNAVAILABLE, "try again\n"),
        Ok(errand) => signed_out(&errand),
    }
}

fn signed_out(errand: &Errand) -> Reply {
    let end = Some(&errand.location).filter(|location| !location.is_empty());
    let mut headers = secured();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    set_cookies(&mut headers, &errand.cookies);
    reply::whole(StatusCode::OK, headers, Bytes::from(json!({ "end": end }).to_string()))
}

/// The page says what went wrong.
fn failed(error: &SignInError, cookies: &[String]) -> Reply {
    redirect(StatusCode::SEE_OTHER, &format!("/console/?error={}", error.code()), cookies)
}

fn go(errand: &Errand) -> Reply {
    redirect(StatusCode::SEE_OTHER, &errand.location, &errand.cookies)
}

fn redirect(status: StatusCode, location: &str, cookies: &[String]) -> Reply {
    let mut headers = secured();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(HeaderValue::from_str(location).ok().map(|location| (LOCATION, location)));
    set_cookies(&mut headers, cookies);
    reply::whole(status, headers, Bytes::new())
}

fn set_cookies(headers: &mut HeaderMap, cookies: &[String]) {
    for cookie in cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
        headers.append(SET_COOKIE, cookie);
    }
}

fn refuse_method(allowed: &'static str) -> Reply {
    let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "");
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    refused
}

fn text(status: StatusCode, text: &'static str) -> Reply {
    let mut headers = secured();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    reply::whole(status, headers, Bytes::from_static(text.as_bytes()))
}

fn secured() -> HeaderMap {
    HEADERS
        .into_iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

/// A parameter that comes once; of one that comes twice, nobody knows which is meant.
fn field(query: &str, name: &str) -> Option<String> {
    let mut found = url::form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known == name);
    let (_, value) = found.next()?;
    found.next().is_none().then(|| value.into_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
