//! The gateway's own API, below `/api/v1/` on the callers' listener: JSON over HTTP, for the command line and for pages.
//!
//! It is a protected resource of its own, `<public_url>/api`, whose callers prove themselves as callers of servers do.
//! Every endpoint is a row of [`ENDPOINTS`]. Whatever changes something is recorded before it has an effect, and what is
//! refused is recorded as well. Errors are RFC 9457 problems.

mod approval;
mod problem;
mod slack;
mod table;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde_json::Value;
use uuid::Uuid;

pub use problem::Problem;
use table::Handler;
pub use table::{ENDPOINTS, Endpoint};

use crate::approval::Approver;
use crate::exchange::unproven::Attempt;
use crate::exchange::{Gateway, arrival, refuse};
use crate::identity::API;
use crate::limits;
use crate::model::{Context, Era};
use crate::policy::Duty;
use crate::refusal::Refusal;
use crate::reply::{self, Reply};

/// A request to the API, from somebody proven.
pub(crate) struct Asked {
    pub(crate) gateway: Arc<Gateway>,
    /// The request, for the record.
    pub(crate) call: Uuid,
    pub(crate) caller: Approver,
    /// What policy must permit them.
    pub(crate) duty: Duty,
    /// The values of `{...}` in the endpoint's path, in order.
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    /// `null` when there is none.
    pub(crate) body: Value,
}

/// Answers one request.
pub async fn answer(gateway: Arc<Gateway>, address: IpAddr, request: Request<Incoming>) -> Reply {
    let call = crate::clock::new_id(&*gateway.clock);
    match take(gateway, address, call, request).await {
        Ok(value) => json(StatusCode::OK, call, &value, "application/json"),
        Err(Turned::Reply(reply)) => reply,
        Err(Turned::Problem(problem)) => {
            json(problem.status, call, &problem.body(call), "application/problem+json")
        }
    }
}

enum Turned {
    Reply(Reply),
    Problem(Problem),
}

impl From<Problem> for Turned {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

async fn take(
    gateway: Arc<Gateway>,
    address: IpAddr,
    call: Uuid,
    request: Request<Incoming>,
) -> Result<Value, Turned> {
    if gateway.draining.is_cancelled() {
        return Err(Problem::of(Refusal::Draining).into());
    }
    let _place = gateway.places.clone().try_acquire_owned().map_err(|_| Problem::of(Refusal::Overloaded))?;
    let (head, body) = request.into_parts();
    let found = table::find(&head.method, head.uri.path());
    if let Ok((Endpoint { handler: Handler::Slack, .. }, _)) = found {
        let bytes = collect(body).await?;
        return Ok(slack::interact(&gateway, call, address, &head.headers, &bytes).await?);
    }
    let proven = gateway.authenticator.authenticate(API, &head.headers, &head.uri).await;
    let principal = match proven {
        Ok(principal) => principal,
        Err(failure) => {
            let attempt =
                Attempt { call, server: None, context: circumstances(&gateway, address, &head.headers) };
            let challenged = gateway.challenge(attempt, failure).await;
            return Err(challenged.map_or_else(|refusal| Problem::of(refusal).into(), Turned::Reply));
        }
    };
    let (endpoint, path) = found?;
    let Handler::Bearer(handler) = endpoint.handler else {
        return Err(Problem::of(Refusal::Internal).into());
    };
    let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let query = query.into_owned().collect();
    let body = read(body).await?;
    let context = circumstances(&gateway, address, &head.headers);
    let caller = Approver { principal, context, through: None };
    let asked = Asked { gateway, call, caller, duty: endpoint.duty, path, query, body };
    Ok(handler(asked).await?)
}

/// The body as JSON; null when there is none.
async fn read(body: Incoming) -> Result<Value, Problem> {
    let bytes = collect(body).await?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|_| Problem::request("the body is not JSON"))
}

async fn collect(body: Incoming) -> Result<Bytes, Problem> {
    let collected = Limited::new(body, limits::API_BODY_BYTES_MAX).collect();
    let collected = tokio::time::timeout(Duration::from_millis(limits::BODY_TIMEOUT_MS), collected);
    match collected.await {
        Err(_) => Err(Problem::of(Refusal::CallerTimeout)),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Problem::of(Refusal::TooLarge))
        }
        Ok(Err(_)) => Err(Problem::of(Refusal::Malformed)),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

fn circumstances(gateway: &Gateway, address: IpAddr, headers: &HeaderMap) -> Context {
    arrival::circumstances(gateway, address, headers, Era::Modern, Uuid::nil())
}

fn json(status: StatusCode, call: Uuid, value: &Value, media: &'static str) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    refuse::name_call(&mut headers, call);
    reply::whole(status, headers, Bytes::from(value.to_string()))
}
