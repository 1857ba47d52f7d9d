//! What a path on the callers' listener leads to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::ORIGIN;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;
use uuid::Uuid;

use crate::api;
use crate::console;
use crate::cors;
use crate::exchange::{Gateway, arrival, refuse};
use crate::model::Era;
use crate::refusal::Refusal;
use crate::reply::{self, Reply};

/// Path below which servers are: `/mcp/<name>`.
const SERVERS: &str = "/mcp/";
/// Path below which the gateway's own API is.
const API: &str = "/api/";

/// Answers one request.
pub async fn answer(gateway: Arc<Gateway>, peer: SocketAddr, request: Request<Incoming>) -> Reply {
    let path = request.uri().path();
    if let Some(document) = gateway.authenticator.metadata(path) {
        return metadata(request.method(), document);
    }
    if let Err(refusal) = gateway.ours.require(request.uri(), request.headers()) {
        return refused(&gateway, refusal);
    }
    let origin = request.headers().get(ORIGIN).cloned();
    let mut reply = route(gateway, peer, request).await;
    if let Some(origin) = origin {
        cors::allow(reply.headers_mut(), origin);
    }
    reply
}

async fn route(gateway: Arc<Gateway>, peer: SocketAddr, request: Request<Incoming>) -> Reply {
    let path = request.uri().path();
    if path.starts_with(API) && request.method() != Method::OPTIONS {
        let address = address(&gateway, peer, request.headers());
        return api::answer(gateway, address, request).await;
    }
    if console::owns(path) && console::is_on(&gateway) {
        let address = address(&gateway, peer, request.headers());
        return console::answer(gateway, address, request).await;
    }
    let server = path.strip_prefix(SERVERS).and_then(|name| gateway.servers.get(name)).cloned();
    match server {
        None => refused(&gateway, Refusal::UnknownServer),
        Some(_) if request.method() == Method::OPTIONS => {
            reply::whole(StatusCode::NO_CONTENT, cors::preflight(request.headers()), Bytes::new())
        }
        Some(server) => {
            let address = address(&gateway, peer, request.headers());
            arrival::take(gateway, server, address, request).await
        }
    }
}

/// The caller's address: the peer's, or behind a trusted proxy the last one that proxy added to `X-Forwarded-For`.
fn address(gateway: &Gateway, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
    let forwarded =
        || headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next();
    let named = gateway.behind_proxy.then(forwarded).flatten().and_then(|last| last.trim().parse().ok());
    named.unwrap_or_else(|| peer.ip())
}

/// RFC 9728 metadata is public: any page may read it.
fn metadata(method: &Method, document: Bytes) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(http::header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    match *method {
        Method::GET | Method::HEAD => {
            headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            reply::whole(StatusCode::OK, headers, document)
        }
        Method::OPTIONS => reply::whole(StatusCode::NO_CONTENT, headers, Bytes::new()),
        _ => reply::whole(StatusCode::METHOD_NOT_ALLOWED, headers, Bytes::new()),
    }
}

/// Refused before anybody was asked who they are. Counted, not recorded: whoever can reach the port could fill the disk.
fn refused(gateway: &Gateway, refusal: Refusal) -> Reply {
    gateway.metrics.turn_away(refusal.face().code);
    let call: Uuid = crate::clock::new_id(&*gateway.clock);
    let asked = refuse::Asked { id: None, method: None, era: Era::Legacy, call };
    let (status, headers, body) = refuse::refuse(refusal, asked, None);
    reply::whole(status, headers, body)
}
