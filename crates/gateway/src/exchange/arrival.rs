//! Steps 1 to 3: an HTTP request becomes a proven caller and the messages it sent.
//!
//! The credential is checked before the body is read: no byte of somebody unknown reaches the parser.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName, Method, Request, StatusCode, request};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use super::bind::{hash, is_long_ago};
use super::call::Call;
use super::unproven::Attempt;
use super::{Caller, Gateway, Server, refuse};
use crate::exchange::session::{Session, SessionKey};
use crate::limits;
use crate::mcp::envelope::{self, Message};
use crate::mcp::header;
use crate::mcp::method::Direction;
use crate::model::{Context, Era, MessageKind, Origin, Party, Principal};
use crate::refusal::Refusal;
use crate::reply::{self, Outlet, Replier, Reply};
use crate::store::{Read, mcp_session};

/// A refusal before there is a call to speak of.
struct TurnedAway {
    refusal: Refusal,
    era: Era,
    /// The JSON-RPC id as sent, when it could be read.
    id: Option<String>,
}

impl From<Refusal> for TurnedAway {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, era: Era::Legacy, id: None }
    }
}

/// Takes one request to `server` through the spine.
pub async fn take(
    gateway: Arc<Gateway>,
    server: Arc<Server>,
    address: IpAddr,
    request: Request<Incoming>,
) -> Reply {
    let (head, body) = request.into_parts();
    let call = crate::clock::new_id(&*gateway.clock);
    match enter(&gateway, &server, address, call, &head, body).await {
        Ok(reply) => reply,
        Err(TurnedAway { refusal, era, id }) => {
            gateway.metrics.turn_away(refusal.face().code);
            let asked = refuse::Asked { id: id.as_deref(), method: None, era, call };
            let (status, headers, body) = refuse::refuse(refusal, asked, None);
            reply::whole(status, headers, body)
        }
    }
}

async fn enter(
    gateway: &Arc<Gateway>,
    server: &Arc<Server>,
    address: IpAddr,
    call: Uuid,
    head: &request::Parts,
    body: Incoming,
) -> Result<Reply, TurnedAway> {
    // 1 accept: a place, or a clear no. Not recorded, only counted: nobody is proven yet, and a gateway that has no
    // place or is stopping must not take on the work of writing for whoever knocks.
    if gateway.draining.is_cancelled() {
        return Err(Refusal::Draining.into());
    }
    let place = gateway.places.clone().try_acquire_owned().map_err(|_| Refusal::Overloaded)?;
    // 2 authenticate: who is it, for this very request?
    let authenticated = gateway.authenticator.authenticate(&server.name, &head.headers, &head.uri).await;
    let principal = match authenticated {
        Ok(principal) => principal,
        Err(failure) => {
            let context = circumstances(gateway, address, &head.headers, Era::Legacy, Uuid::nil());
            let attempt = Attempt { call, server: Some(server.name.clone()), context };
            return gateway.challenge(attempt, failure).await.map_err(TurnedAway::from);
        }
    };
    // 3 parse: what exactly is it?
    let messages = read(gateway, head, body).await;
    let first = messages.as_ref().ok().and_then(|messages| messages.first());
    let era = header::era(&head.headers, first);
    let (caller, barred) = identify(gateway, server, address, head, era, (principal, place), first).await;
    let caller = Arc::new(caller);
    let id =
        first.filter(|first| first.kind() == MessageKind::Request).map(|first| first.id_raw().to_owned());
    if let Some(refusal) = barred {
        return Err(misread(&caller, call, refusal, id).await);
    }
    let messages = match messages.and_then(|messages| agree(head, era, messages)) {
        Ok(messages) => messages,
        Err(refusal) => return Err(misread(&caller, call, refusal, id).await),
    };
    let reply = match head.method {
        Method::POST => post(&caller, messages).await,
        ref method => alone(&caller, Call::stream(call, method)).await,
    };
    reply.map_err(|()| TurnedAway::from(Refusal::Internal))
}

/// Every message of a POST goes its own way through the spine; several share one stream for their answers.
async fn post(caller: &Arc<Caller>, mut messages: Vec<Message>) -> Result<Reply, ()> {
    if messages.len() == 1
        && let Some(message) = messages.pop()
    {
        return match caller.recognise(message) {
            Ok(call) => alone(caller, call).await,
            Err((call, refusal)) => {
                let (head, reply) = oneshot::channel();
                caller.refuse(&call, refusal, None, None, Replier::Alone(head)).await;
                reply.await.map_err(drop)
            }
        };
    }
    let expects_answer = messages.iter().any(|message| message.kind() == MessageKind::Request);
    let (events, receiver) = Outlet::open();
    for message in messages {
        let caller = caller.clone();
        let replier = Replier::Batched(events.clone());
        tokio::spawn(async move {
            match caller.recognise(message) {
                Ok(call) => caller.run(call, replier).await,
                Err((call, refusal)) => caller.refuse(&call, refusal, None, None, replier).await,
            }
        });
    }
    if expects_answer {
        return Ok(reply::events(StatusCode::OK, HeaderMap::new(), receiver));
    }
    Ok(reply::whole(StatusCode::ACCEPTED, HeaderMap::new(), Bytes::new()))
}

async fn alone(caller: &Arc<Caller>, call: Call) -> Result<Reply, ()> {
    let (head, reply) = oneshot::channel();
    let caller = caller.clone();
    tokio::spawn(async move { caller.run(call, Replier::Alone(head)).await });
    reply.await.map_err(drop)
}

impl Caller {
    /// A message as a call; a response must answer an open request of the upstream.
    fn recognise(&self, message: Message) -> Result<Call, (Call, Refusal)> {
        if message.kind() != MessageKind::Response {
            let call = self.call(Direction::ToUpstream, message);
            let open =
                self.session.as_ref().zip(call.rpc_key()).is_some_and(|(session, key)| session.is_open(key));
            return if open && self.key.id.is_some() { Err((call, Refusal::Malformed)) } else { Ok(call) };
        }
        let ask = self.session.as_ref().zip(message.id()).and_then(|(session, id)| session.take_ask(id));
        let id = self.new_id();
        match ask {
            Some(method) => Ok(Call::response(id, Direction::ToUpstream, message, method)),
            None => {
                Err((Call::response(id, Direction::ToUpstream, message, "".into()), Refusal::Uncorrelated))
            }
        }
    }
}

async fn read(gateway: &Gateway, head: &request::Parts, body: Incoming) -> Result<Vec<Message>, Refusal> {
    match head.method {
        Method::POST => {}
        Method::GET | Method::DELETE => return Ok(Vec::new()),
        _ => return Err(Refusal::MethodNotAllowed),
    }
    header::require_json(&head.headers)?;
    header::accepted(&head.headers)?;
    let collected = tokio::select! {
        () = gateway.stopping.cancelled() => return Err(Refusal::Draining),
        collected = tokio::time::timeout(
            Duration::from_millis(limits::BODY_TIMEOUT_MS),
            Limited::new(body, limits::REQUEST_BODY_BYTES_MAX).collect(),
        ) => collected,
    };
    let bytes = match collected {
        Err(_) => return Err(Refusal::CallerTimeout),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => return Err(Refusal::TooLarge),
        Ok(Err(_)) => return Err(Refusal::Malformed),
        // Copied: a body that came in one piece is a part of the connection's buffer, and would keep all of it as long
        // as the call is open.
        Ok(Ok(collected)) => Bytes::copy_from_slice(&collected.to_bytes()),
    };
    envelope::parse_batch(&bytes).map_err(|fault| {
        tracing::debug!(%fault, "a request could not be read");
        fault.refusal()
    })
}

/// Whether headers and body say the same, and batches come only where they exist.
fn agree(head: &request::Parts, era: Era, messages: Vec<Message>) -> Result<Vec<Message>, Refusal> {
    if head.method != Method::POST && era == Era::Modern {
        return Err(Refusal::MethodNotAllowed);
    }
    let [message] = messages.as_slice() else {
        let batch = messages.is_empty() || (era == Era::Legacy && header::allows_batch(&head.headers));
        return if batch { Ok(messages) } else { Err(Refusal::Batch) };
    };
    header::require_agreement(&head.headers, message, era)?;
    Ok(messages)
}

/// Who calls, in which session; and why that session is not theirs to use: one of somebody else does not exist.
async fn identify(
    gateway: &Arc<Gateway>,
    server: &Arc<Server>,
    address: IpAddr,
    head: &request::Parts,
    era: Era,
    (principal, place): (Arc<Principal>, OwnedSemaphorePermit),
    first: Option<&Message>,
) -> (Caller, Option<Refusal>) {
    let named = match era {
        Era::Modern => Ok(None),
        Era::Legacy => header::session_id(&head.headers),
    };
    let (id, unusable) = match named {
        Ok(id) => (id.map(str::to_owned), None),
        Err(refusal) => (None, Some(refusal)),
    };
    let key = SessionKey { server: server.name.clone(), id, owner: principal.party.clone() };
    let unsessioned = unsessioned(&server.name, &principal);
    let (recording, session, barred) = if unusable.is_some() {
        (unsessioned, None, unusable)
    } else if begins(first) {
        (crate::clock::new_id(&*gateway.clock), None, None)
    } else if era == Era::Legacy && key.id.is_some() {
        match restore(gateway, &key).await {
            Ok(Restored::Open(session)) => (session.recording, Some(session), None),
            // What comes too late belongs to the session that it was meant for.
            Ok(Restored::Ended(recording)) => (recording, None, Some(Refusal::UnknownSession)),
            Err(refusal) => (unsessioned, None, Some(refusal)),
        }
    } else {
        let session = (era == Era::Legacy).then(|| gateway.sessions.insert(key.clone(), unsessioned));
        (unsessioned, session, gateway.endings.has(unsessioned).then_some(Refusal::SessionEnded))
    };
    let caller = Caller {
        gateway: gateway.clone(),
        server: server.clone(),
        context: circumstances(gateway, address, &head.headers, era, recording),
        headers: headers(gateway, head, era, first),
        principal,
        key,
        session,
        _place: place,
    };
    (caller, barred)
}

/// Whether a session begins with the message.
fn begins(first: Option<&Message>) -> bool {
    first.and_then(Message::method).is_some_and(|method| method == "initialize")
}

/// What of the request's head an upstream may see. A session that begins has no id yet; an id of an event is one that a
/// stream could have brought.
fn headers(gateway: &Gateway, head: &request::Parts, era: Era, first: Option<&Message>) -> HeaderMap {
    let mut headers = header::for_upstream(&head.method, &head.headers, era);
    if begins(first) {
        headers.remove(header::SESSION_ID);
    }
    let event = headers.get(header::LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    if event.is_some_and(|id| !gateway.mask.passes(id, &[])) {
        headers.remove(header::LAST_EVENT_ID);
    }
    headers
}

/// A session that its owner names.
enum Restored {
    Open(Arc<Session>),
    /// Over: its recording session.
    Ended(Uuid),
}

/// A session this process knows, or one begun at another instance or before a restart.
async fn restore(gateway: &Gateway, key: &SessionKey) -> Result<Restored, Refusal> {
    if let Some(session) = gateway.sessions.find(key) {
        if !gateway.endings.has(session.recording) {
            return Ok(Restored::Open(session));
        }
        gateway.sessions.remove(key);
    }
    let Some(id) = &key.id else { return Err(Refusal::UnknownSession) };
    let (server, id_hash) = (key.server.to_string(), hash(id));
    let find = move |read: &mut Read<'_>| mcp_session::find(read, &server, &id_hash);
    let found = gateway.db.read("find session", find).await;
    match found {
        Err(_) => Err(Refusal::LedgerUnavailable),
        Ok(Some(known)) if known.binding == key.owner.digest() => {
            let recording = Uuid::from_bytes(known.session);
            // Also one that was bound while it was ended.
            if known.ended.is_some() || gateway.endings.has(recording) {
                return Ok(Restored::Ended(recording));
            }
            let now = gateway.clock.now().as_microsecond();
            if is_long_ago(known.ts, now) {
                let server = key.server.to_string();
                let noted = gateway
                    .db
                    .write("touch session", move |tx| mcp_session::touch(tx, &server, &id_hash, now))
                    .await;
                noted.map_err(|_| Refusal::LedgerUnavailable)?;
            }
            Ok(Restored::Open(gateway.sessions.insert(key.clone(), recording)))
        }
        Ok(_) => Err(Refusal::UnknownSession),
    }
}

/// The recording session where the protocol has none: one for each credential at each server.
fn unsessioned(server: &str, principal: &Principal) -> Uuid {
    let Party { issuer, subject } = &principal.party;
    let mut hasher = Sha256::new();
    for part in [server.as_bytes(), issuer.as_bytes(), subject.as_bytes(), &principal.token.0] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// What is neither who nor what. `session` is the recording session.
pub(crate) fn circumstances(
    gateway: &Gateway,
    address: IpAddr,
    headers: &HeaderMap,
    era: Era,
    session: Uuid,
) -> Context {
    Context {
        time: gateway.clock.now(),
        address,
        era,
        revision: header::revision(headers).map(str::to_owned),
        user_agent: text(headers, USER_AGENT, limits::USER_AGENT_BYTES_MAX),
        trace: trace(headers),
        session,
        origin: Origin::Caller,
    }
}

/// A header as text, cut to `bytes_max`.
fn text(headers: &HeaderMap, name: HeaderName, bytes_max: usize) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(text.chars().take(bytes_max).collect())
}

/// The trace id of a `traceparent` header (W3C Trace Context, section 3.2): 32 lower-case hex digits, not all zero.
fn trace(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("traceparent")?.to_str().ok()?.split('-').nth(1)?;
    let hex = id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (hex && id.bytes().any(|byte| byte != b'0')).then(|| id.to_owned())
}

/// A proven caller sent what cannot be read: recorded as denied.
async fn misread(caller: &Arc<Caller>, call: Uuid, refusal: Refusal, id: Option<String>) -> TurnedAway {
    let call = Call::unread(call);
    match caller.deny(&call, refusal, None, None).await {
        Ok(()) => TurnedAway { refusal, era: caller.context.era, id },
        Err(unrecorded) => unrecorded.into(),
    }
}
