//! A call that people are to agree to, of a tool that no list has shown yet.
//!
//! What the tool is would then be part of nothing they agree to, and every list seen while the call waits would be a
//! change. So the gateway asks the server for its tools first: with the authority of the caller, if policy lets the
//! caller list them, and on record as everything that is forwarded. The id of such a request says that it is the
//! gateway's.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Map, Value, json};

use super::Caller;
use super::call::Call;
use crate::limits;
use crate::mcp::envelope::{Field, Message};
use crate::mcp::header;
use crate::mcp::method::Direction;
use crate::mcp::sse::Framer;
use crate::model::{Effect, MessageKind, TargetKind};
use crate::reply::{Outlet, Replier};

/// Begins the JSON-RPC ids of the gateway's own requests.
const ID_PREFIX: &str = "countersign-";

/// `_meta` of a call that its caller sends with every request (2026-07-28, "Request metadata").
const EVERY_REQUEST: [Field; 3] = [Field::ProtocolVersion, Field::ClientCapabilities, Field::ClientInfo];

impl Caller {
    /// Learns what the tool of a call is, if nobody listed it before. Answers whether something was learned.
    pub(super) async fn acquaint(&self, call: &mut Call) -> bool {
        let asked = call.kind == MessageKind::Request && call.direction == Direction::ToUpstream;
        let unknown = |target: &&crate::model::Target| target.kind == TargetKind::Tool && !target.listed;
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

    /// One page, on the way of every call.
    async fn list_page(&self, call: &Call, cursor: Option<&str>) -> Option<Message> {
        let asking = Arc::new(self.asking()?);
        let id = format!("{ID_PREFIX}{}", self.new_id());
        let question = asking.call(Direction::ToUpstream, question(call, &id, cursor)?);
        if asking.decide(&question).effect != Effect::Allow {
            return None;
        }
        let (outlet, mut events) = Outlet::open();
        let running = tokio::spawn(asking.detached(question, Replier::Batched(outlet)));
        let mut framer = Framer::new(limits::ANSWER_BODY_BYTES_MAX);
        let mut page = None;
        while let Some(event) = events.recv().await {
            framer.feed(event.into_event());
            while let Ok(Some(event)) = framer.cut() {
                let message = event.data.and_then(|data| Message::parse_answer(data).ok());
                page = message.filter(|message| message.result().is_some()).or(page);
            }
        }
        // The stream ends when the exchange has: it fails only when the gateway stops.
        running.await.ok()?;
        page
    }

    /// The same caller with a place of its own, and headers that fit the question.
    fn asking(&self) -> Option<Self> {
        let place = self.gateway.places.clone().try_acquire_owned().ok()?;
        let mut headers = self.headers.clone();
        let mirrored: Vec<_> = headers.keys().filter(|name| header::is_mirror(name)).cloned().collect();
        for name in mirrored {
            headers.remove(name);
        }
        if headers.contains_key(header::METHOD) {
            headers.insert(header::METHOD, HeaderValue::from_static("tools/list"));
        }
        Some(Self {
            gateway: self.gateway.clone(),
            server: self.server.clone(),
            principal: self.principal.clone(),
            context: self.context.clone(),
            headers,
            key: self.key.clone(),
            session: self.session.clone(),
            _place: place,
        })
    }

    /// The way of every call, as a future whose type does not hold itself.
    fn detached(self: Arc<Self>, call: Call, replier: Replier) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move { self.run(call, replier).await })
    }
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
