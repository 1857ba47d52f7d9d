//! A call that people are to agree to, of a tool that no list has shown yet.
//!
//! What the tool is would then be part of nothing they agree to, and every list seen while the call waits would be a
//! change. So the gateway asks the server for its tools first: with the authority of the caller, if policy lets the
//! caller list them, and on record as everything that is forwarded. The id of such a request says that it is the
//! gateway's.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::call::Call;
use super::hold::Waited;
use super::{Caller, nested};
use crate::limits;
use crate::mcp::envelope::{Field, Message};
use crate::mcp::header;
use crate::mcp::method::Direction;
use crate::model::{Effect, MessageKind, Target, TargetKind};
use crate::reply::Replier;

/// Begins the JSON-RPC ids of the gateway's own requests.
const ID_PREFIX: &str = "countersign-";

/// `_meta` of a call that its caller sends with every request (2026-07-28, "Request metadata").
const EVERY_REQUEST: [Field; 3] = [Field::ProtocolVersion, Field::ClientCapabilities, Field::ClientInfo];

impl Caller {
    /// Learns what the tool of a call is, if nobody listed it before. Answers whether something was learned.
    pub(super) async fn learn_tool(&self, call: &mut Call) -> bool {
        let asked = call.kind == MessageKind::Request && call.direction == Direction::ToUpstream;
        let unknown = |target: &&Target| target.kind == TargetKind::Tool && !target.listed;
        let Some(name) = call.target.as_ref().filter(unknown).filter(|_| asked).map(|tool| tool.name.clone())
        else {
            return false;
        };
        let listing = self.list_tools(call, &name);
        let most = Duration::from_millis(limits::TOOLS_ASKED_MS);
        if tokio::time::timeout(most, listing).await.is_err() {
            tracing::debug!(server = %self.server.name, call = %call.id, "the tools of a held call were not listed in time");
        }
        let target = self.gateway.catalog.target(&self.server.name, TargetKind::Tool, name);
        let learned = target.listed;
        call.target = Some(target);
        learned
    }

    /// Asks for page after page until the tool is known.
    async fn list_tools(&self, call: &Call, name: &str) {
        let mut cursor = None;
        for _ in 0..limits::TOOLS_ASKED_PAGES_MAX {
            let Some(page) = self.list_page(call, cursor.as_deref()).await else { return };
            let listed = self.gateway.catalog.find(&self.server.name, TargetKind::Tool, name).is_some();
            cursor = page.text(Field::NextCursor).map(std::borrow::Cow::into_owned);
            if listed || cursor.is_none() {
                return;
            }
        }
    }

    /// One page.
    async fn list_page(&self, call: &Call, cursor: Option<&str>) -> Option<Message> {
        let asking = self.again(headers(&self.headers))?;
        let id = format!("{ID_PREFIX}{}", self.new_id());
        let question = asking.call(Direction::ToUpstream, question(call, &id, cursor)?);
        if asking.decide(&question).effect != Effect::Allow {
            return None;
        }
        let (head, reply) = oneshot::channel();
        tokio::spawn(asking.spine(question, Waited::No, Replier::Alone(head)));
        let answer = nested::answer(reply, limits::ANSWER_BODY_BYTES_MAX).await.ok()?;
        Message::parse_answer(answer).ok()
    }
}

/// Those of the call, as they are for a list: without what repeats its body.
fn headers(of_call: &HeaderMap) -> HeaderMap {
    let kept = of_call.iter().filter(|(name, _)| !header::is_mirror(name));
    let mut headers: HeaderMap = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    if headers.contains_key(header::METHOD) {
        headers.insert(header::METHOD, HeaderValue::from_static("tools/list"));
    }
    headers
}

/// The request for one page, with what this caller says in every request.
fn question(call: &Call, id: &str, cursor: Option<&str>) -> Option<Message> {
    let mut params = Map::new();
    if let Some(cursor) = cursor {
        params.insert("cursor".to_owned(), Value::from(cursor));
    }
    let said = call.message.as_ref()?;
    let meta: Map<_, _> = EVERY_REQUEST
        .into_iter()
        .filter_map(|field| {
            Some((field.name().to_owned(), serde_json::from_str(said.field(field)?.raw()).ok()?))
        })
        .collect();
    if !meta.is_empty() {
        params.insert("_meta".to_owned(), Value::Object(meta));
    }
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list", "params": params });
    Message::parse(Bytes::from(message.to_string())).ok()
}
