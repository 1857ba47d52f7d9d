//! What goes out and what comes back. The server's credential lives and dies here.

mod answer;
mod credential;
mod health;
mod http;
mod probe;
pub mod stdio;

pub use answer::{Answer, AnswerBody, AnswerError, Events, Outbound, Rest};
pub use health::{Health, Seen};
pub use http::HttpUpstream;
pub use probe::Revisions;
pub use stdio::Stdio;

use ::bytes::Bytes;
use ::http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::mcp::header::SESSION_ID;
use crate::permit::Permit;
use stdio::{Ask, StdioAnswer, StdioRequest};

/// One upstream MCP server.
#[derive(Debug)]
pub enum Upstream {
    /// Reached by streamable HTTP.
    Http(Box<HttpUpstream>),
    /// A program on this machine, offered as if it were reached by streamable HTTP.
    Stdio(Stdio),
    /// Nothing outside the gateway: this message, whatever is asked. What stands behind a server's name when the gateway
    /// tries itself.
    Canary(Bytes),
}

impl Upstream {
    /// Sends one message. The permit proves that its intent is durable and that it may go.
    ///
    /// # Errors
    /// [`AnswerError`]: nothing came back that could be given to the caller.
    pub async fn forward(&self, permit: Permit, outbound: Outbound) -> Result<Answer, AnswerError> {
        tracing::trace!(call = %permit.call(), "forward");
        match self {
            Self::Http(upstream) => upstream.send(outbound).await,
            Self::Stdio(upstream) => ask(upstream, outbound).await,
            Self::Canary(answer) => {
                let mut headers = HeaderMap::new();
                headers.insert(::http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Ok(Answer { status: StatusCode::OK, headers, body: AnswerBody::Json(answer.clone()) })
            }
        }
    }

    /// Ends what the gateway started.
    pub async fn shutdown(&self) {
        if let Self::Stdio(upstream) = self {
            upstream.shutdown().await;
        }
    }
}

async fn ask(upstream: &Stdio, outbound: Outbound) -> Result<Answer, AnswerError> {
    let ask = match outbound.method {
        Method::GET => Ask::Open,
        Method::DELETE => Ask::End,
        _ => Ask::Post(outbound.body),
    };
    let request =
        StdioRequest { ask, session: outbound.session, era: outbound.era, principal: outbound.principal };
    let (status, session, body) = match upstream.send(request).await? {
        StdioAnswer::Accepted => (StatusCode::ACCEPTED, None, AnswerBody::Empty),
        StdioAnswer::Ended => (StatusCode::NO_CONTENT, None, AnswerBody::Empty),
        StdioAnswer::Json { session, body } => (StatusCode::OK, session, AnswerBody::Json(body)),
        StdioAnswer::Events { session, messages } => {
            (StatusCode::OK, session, AnswerBody::Events(Events::stdio(messages)))
        }
        StdioAnswer::NoSession => (StatusCode::NOT_FOUND, None, AnswerBody::Empty),
        StdioAnswer::SessionRequired | StdioAnswer::LegacyOnly => {
            (StatusCode::BAD_REQUEST, None, AnswerBody::Empty)
        }
        StdioAnswer::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, None, AnswerBody::Empty),
    };
    let media = match body {
        AnswerBody::Json(_) | AnswerBody::Large(_) => Some("application/json"),
        AnswerBody::Events(_) => Some("text/event-stream"),
        AnswerBody::Empty | AnswerBody::Opaque => None,
    };
    let mut headers = HeaderMap::new();
    if let Some(media) = media {
        headers.insert(::http::header::CONTENT_TYPE, HeaderValue::from_static(media));
    }
    if let Some(value) = session.and_then(|session| HeaderValue::try_from(session).ok()) {
        headers.insert(SESSION_ID, value);
    }
    Ok(Answer { status, headers, body })
}
