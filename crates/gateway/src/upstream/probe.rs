//! Asks an upstream which revisions it speaks, with fixed messages of the gateway's own, never a caller's. For
//! `countersign doctor`.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::stdio::DISCOVER;
use super::{Answer, AnswerBody, AnswerError, HttpUpstream, Outbound};
use crate::mcp::header::SESSION_ID;
use crate::model::Era;

/// Which revisions of the protocol a server speaks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revisions {
    /// Those it says it speaks without sessions.
    pub modern: Vec<String>,
    /// The one it agrees to after `initialize`.
    pub legacy: Option<String>,
}

/// Asks for a session of the last revision that has them.
const INITIALIZE: &[u8] = concat!(
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"#,
    r#""clientInfo":{"name":"countersign","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}}}"#
)
.as_bytes();

/// The first revision without sessions; revisions are dates, so text tells which is later.
const MODERN: &str = "2026-07-28";

impl HttpUpstream {
    /// Asks in both eras. A session that a server begins for the question is ended at once; nothing else changes.
    ///
    /// # Errors
    /// [`AnswerError`], also when it answers in neither era.
    pub async fn probe(&self) -> Result<Revisions, AnswerError> {
        let modern = [
            (HeaderName::from_static("mcp-protocol-version"), HeaderValue::from_static(MODERN)),
            (HeaderName::from_static("mcp-method"), HeaderValue::from_static("server/discover")),
        ];
        let (status, _, discovered) = self.ask(DISCOVER, Era::Modern, modern.into()).await?;
        let mut revisions = Revisions::default();
        let versions =
            discovered.as_ref().and_then(|answer| answer["result"]["supportedVersions"].as_array());
        for version in versions.into_iter().flatten().filter_map(Value::as_str) {
            if version >= MODERN {
                revisions.modern.push(version.to_owned());
            }
        }
        let (_, session, begun) = self.ask(INITIALIZE, Era::Legacy, Vec::new()).await?;
        let agreed = begun.as_ref().and_then(|answer| answer["result"]["protocolVersion"].as_str());
        revisions.legacy = agreed.map(str::to_owned);
        if let (Some(session), Some(version)) = (session, agreed) {
            self.end(session, version).await;
        }
        if revisions == Revisions::default() {
            let what = match (discovered, begun) {
                (None, None) => "without JSON, so `http.url` is perhaps no MCP endpoint",
                _ => {
                    "with JSON, but neither `server/discover` nor `initialize`, so it is perhaps no MCP endpoint"
                }
            };
            return Err(AnswerError::Malformed(format!("it answered {status} {what}")));
        }
        Ok(revisions)
    }

    /// One question: the status, the session that was begun, and the message in the answer if there is one.
    async fn ask(
        &self,
        message: &'static [u8],
        era: Era,
        more: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<(StatusCode, Option<HeaderValue>, Option<Value>), AnswerError> {
        let body = Bytes::from_static(message);
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (ACCEPT, HeaderValue::from_static("application/json, text/event-stream")),
        ];
        let headers = headers.into_iter().chain(more).collect();
        let asked = Outbound { method: Method::POST, headers, body, era, session: None, principal: [0; 32] };
        let Answer { status, headers, body } = self.send(asked).await?;
        let session = headers.get(SESSION_ID).cloned();
        let message = match body {
            AnswerBody::Json(bytes) => serde_json::from_slice(&bytes).ok(),
            AnswerBody::Events(mut events) => {
                let first = tokio::time::timeout(self.timeout(), response(&mut events)).await;
                events.finish();
                first.map_err(|_| AnswerError::Timeout(self.timeout()))??
            }
            AnswerBody::Empty | AnswerBody::Opaque | AnswerBody::Large(_) => None,
        };
        Ok((status, session, message))
    }

    async fn end(&self, session: HeaderValue, version: &str) {
        let mut headers = HeaderMap::from_iter([(HeaderName::from_static(SESSION_ID), session)]);
        if let Ok(version) = HeaderValue::from_str(version) {
            headers.insert("mcp-protocol-version", version);
        }
        let (method, body, era) = (Method::DELETE, Bytes::new(), Era::Legacy);
        let ended =
            self.send(Outbound { method, headers, body, era, session: None, principal: [0; 32] }).await;
        if let Err(error) = ended {
            tracing::debug!(%error, "a session begun for a question was not ended; the server forgets it by itself");
        }
    }
}

/// The first message of a stream that is an answer.
async fn response(events: &mut super::Events) -> Result<Option<Value>, AnswerError> {
    while let Some(arrived) = events.next().await? {
        for event in arrived {
            let message: Option<Value> = event.data.and_then(|data| serde_json::from_slice(&data).ok());
            if let Some(message) = message.filter(|message| !message["id"].is_null()) {
                return Ok(Some(message));
            }
        }
    }
    Ok(None)
}
