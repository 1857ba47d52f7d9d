//! The gateway's own API, below `/api/v1/` on the callers' listener: JSON over HTTP, for the command line and for pages.
//!
//! It is a protected resource of its own, `<public_url>/api`, whose callers prove themselves as callers of servers do.
//! Every endpoint is a row of [`ENDPOINTS`]. Whatever changes something is recorded before it has an effect, and what is
//! refused is recorded as well. Errors are RFC 9457 problems.

mod access;
mod activity;
mod approval;
mod breakglass;
mod call;
mod caller;
mod canary;
mod events;
mod log;
mod me;
mod package;
mod passkey;
mod policy;
mod problem;
mod publication;
mod review;
mod schema;
mod server;
mod session;
mod slack;
mod table;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evidence::leaf::EventType;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

pub(crate) use caller::{note_failed_sign_in, require_own_page};
pub(crate) use events::look;
pub use problem::Problem;
pub use schema::openapi;
use table::Handler;
pub use table::{ENDPOINTS, Endpoint, Need, Record};

use crate::approval::Approver;
use crate::exchange::{Gateway, arrival, refuse};
use crate::identity::Trust;
use crate::ledger::Event;
use crate::limits;
use crate::model::{Context, Era, Principal};
use crate::policy::Duty;
use crate::refusal::Refusal;
use crate::reply::{self, Reply};
use crate::sign_in::Visit;

/// A request to the API, from somebody proven, unless the endpoint needs nobody.
pub(crate) struct Asked {
    pub(crate) gateway: Arc<Gateway>,
    /// The request, for the record.
    pub(crate) call: Uuid,
    pub(crate) caller: Approver,
    /// How they are signed in, if their browser proves them.
    pub(crate) visit: Option<Visit>,
    /// Header fields of the request; they may hold credentials.
    pub(crate) headers: HeaderMap,
    pub(crate) endpoint: &'static Endpoint,
    /// The values of `{...}` in the endpoint's path, in order.
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    /// `null` when there is none.
    pub(crate) body: Value,
}

/// What an endpoint answers when it is not JSON.
pub(crate) enum Answered {
    /// Bytes of this media type.
    Bytes(&'static str, Bytes),
    /// A stream of events, or anything else that is complete as it is.
    Reply(Reply),
}

impl Asked {
    /// What policy must permit, concerning the held call in question.
    fn duty(&self) -> Duty {
        match self.endpoint.need {
            Need::Held(duty) | Need::Gateway(duty) => duty,
            Need::Nothing | Need::Proven | Need::SignedIn | Need::Slack => Duty::View,
        }
    }
}

/// Answers one request.
pub async fn answer(gateway: Arc<Gateway>, address: IpAddr, request: Request<Incoming>) -> Reply {
    let call = crate::clock::new_id(&*gateway.clock);
    match take(gateway, address, call, request).await {
        Ok(Answered::Reply(reply)) | Err(Turned::Reply(reply)) => reply,
        Ok(Answered::Bytes(media, bytes)) => respond(StatusCode::OK, call, bytes, media),
        Err(Turned::Problem(problem)) => {
            let body = Bytes::from(problem.body(call).to_string());
            respond(problem.status, call, body, "application/problem+json")
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
) -> Result<Answered, Turned> {
    if gateway.draining.is_cancelled() {
        return Err(Problem::of(Refusal::Draining).into());
    }
    let (head, body) = request.into_parts();
    let found = table::find(&head.method, head.uri.path());
    match found {
        Ok((Endpoint { handler: Handler::Slack, .. }, _)) => {
            return Ok(slack::interact(&gateway, call, address, &head.headers, body).await?.into());
        }
        Ok((endpoint @ Endpoint { need: Need::Nothing, .. }, path)) => {
            let _place = place(&gateway)?;
            let nobody = Approver {
                principal: Arc::new(Principal::anonymous(None, None)),
                context: circumstances(&gateway, address, &head.headers),
                trust: Trust::Withheld,
                through: None,
            };
            let (query, body, headers) = (query(&head), Value::Null, HeaderMap::new());
            let asked =
                Asked { gateway, call, caller: nobody, visit: None, headers, endpoint, path, query, body };
            return run(asked).await;
        }
        _ => {}
    }
    let (caller, visit) = caller::identify(&gateway, call, address, &head).await?;
    // Nobody holds a place that calls need before they are proven; their issuer may take its time.
    let _place = place(&gateway)?;
    let (endpoint, path) = found?;
    let (query, body, headers) = (query(&head), read(body, endpoint.body_bytes_max()).await?, head.headers);
    run(Asked { gateway, call, caller, visit, headers, endpoint, path, query, body }).await
}

/// A place among exchanges in flight, which the API shares with calls.
fn place(gateway: &Gateway) -> Result<OwnedSemaphorePermit, Problem> {
    gateway.places.clone().try_acquire_owned().map_err(|_| Problem::of(Refusal::Overloaded))
}

/// Asks policy, lets the endpoint answer, and puts on record that evidence was read.
async fn run(asked: Asked) -> Result<Answered, Turned> {
    if let Need::Gateway(duty) = asked.endpoint.need {
        caller::permit(&asked, duty).await?;
    }
    let (gateway, viewed) = (asked.gateway.clone(), viewing(&asked));
    let answered = match asked.endpoint.handler {
        Handler::Json(handler) => handler(asked).await?.into(),
        Handler::Other(handler) => handler(asked).await?,
        Handler::Slack => return Err(Problem::of(Refusal::Internal).into()),
    };
    if let Some(viewed) = viewed {
        gateway.ledger.note(viewed).await.map_err(|_| Problem::of(Refusal::LedgerUnavailable))?;
    }
    Ok(answered)
}

/// That somebody reads evidence. What they asked for by name or time may be personal, so only its names are kept.
fn viewing(asked: &Asked) -> Option<Event> {
    if asked.endpoint.record != Record::Viewed {
        return None;
    }
    let by: Vec<&str> =
        asked.endpoint.query.iter().copied().filter(|name| asked.query(name).is_some()).collect();
    let path = asked.endpoint.path.trim_start_matches("/api/v1/");
    let id = asked.path.first().and_then(|id| id.parse::<Uuid>().ok());
    let detail = json!({ "by": "api", "read": path, "of": id, "filters": by, "request": asked.call });
    Some(Event::by(&asked.caller.principal, EventType::RecordingViewed, &detail))
}

impl Asked {
    /// How many elements of a page, by the parameter `limit`.
    pub(crate) fn limit(&self) -> Result<u32, Problem> {
        let Some(limit) = self.query("limit") else { return Ok(limits::API_PAGE) };
        let limit: u32 = limit.parse().map_err(|_| Problem::request("`limit` is not a number"))?;
        Ok(limit.clamp(1, limits::API_PAGE_MAX))
    }

    /// The value of a parameter in the query; the first one counts.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }
}

impl From<Value> for Answered {
    fn from(value: Value) -> Self {
        Self::Bytes("application/json", Bytes::from(value.to_string()))
    }
}

fn query(head: &Parts) -> Vec<(String, String)> {
    url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

/// The body as JSON; null when there is none.
async fn read(body: Incoming, bytes_max: usize) -> Result<Value, Problem> {
    let bytes = collect(body, bytes_max, limits::BODY_TIMEOUT_MS).await?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|_| Problem::request("the body is not JSON"))
}

async fn collect(body: Incoming, bytes_max: usize, timeout_ms: u64) -> Result<Bytes, Problem> {
    let collected = Limited::new(body, bytes_max).collect();
    let collected = tokio::time::timeout(Duration::from_millis(timeout_ms), collected);
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

fn respond(status: StatusCode, call: Uuid, body: Bytes, media: &'static str) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    refuse::name_call(&mut headers, call);
    reply::whole(status, headers, body)
}

/// A moment as RFC 3339, from microseconds since 1970.
fn time(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map(|time| time.to_string()).unwrap_or_default()
}

fn hex(bytes: [u8; 32]) -> String {
    evidence::merkle::Hash::from_bytes(bytes).to_string()
}
