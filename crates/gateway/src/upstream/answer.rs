//! An upstream's answer: raw, never stored, never logged.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::stdio::{Messages, StdioError};
use crate::limits;
use crate::mcp::sse::{Event, Framer};
use crate::model::Era;
use crate::refusal::Refusal;

/// A message for an upstream: the caller's bytes and the headers that may pass. Transports add their own framing and
/// credential.
#[derive(Debug)]
pub struct Outbound {
    /// `POST`, `GET` or `DELETE`.
    pub method: http::Method,
    /// End-to-end headers of the caller that an upstream may see: never `authorization`, `cookie` or hop-by-hop ones.
    pub headers: HeaderMap,
    /// The JSON-RPC message; empty for GET and DELETE.
    pub body: Bytes,
    /// Protocol era.
    pub era: Era,
    /// `Mcp-Session-Id` (legacy only).
    pub session: Option<String>,
    /// Who asks: SHA-256 over issuer and subject.
    pub principal: [u8; 32],
}

/// What an upstream answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers as they came; the spine passes on only what a caller may see.
    pub headers: HeaderMap,
    /// The messages.
    pub body: AnswerBody,
}

/// The messages of an answer.
#[derive(Debug)]
pub enum AnswerBody {
    /// No body.
    Empty,
    /// One document that claims to be JSON, whole.
    Json(Bytes),
    /// The same, of which more came than is looked at.
    Large(Rest),
    /// A body of some other type (an error page): never shown to a caller, so not kept.
    Opaque,
    /// Server-sent events, as they come.
    Events(Events),
}

/// Why nothing came back that could be given to a caller. Holds no byte of the answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// No connection, or it broke before an answer began.
    #[error("cannot reach the upstream: {0}")]
    Unreachable(String),
    /// The answer did not begin, or did not go on, in time.
    #[error("the upstream did not answer within {0:?}")]
    Timeout(Duration),
    /// The answer is over a limit.
    #[error("the upstream's answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer broke off, or is not one the protocol allows.
    #[error("the upstream's answer is unusable: {0}")]
    Malformed(String),
    /// The upstream refused the gateway's credential, or the credential cannot be read.
    #[error("the upstream's credential does not work: {0}")]
    Credential(String),
}

impl AnswerError {
    /// What the caller is told.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Unreachable(_) => Refusal::UpstreamUnreachable,
            Self::Timeout(_) => Refusal::UpstreamTimeout,
            Self::TooLarge(_) => Refusal::AnswerTooLarge,
            Self::Malformed(_) => Refusal::AnswerMalformed,
            Self::Credential(_) => Refusal::UpstreamCredential,
        }
    }
}

/// A document that is larger than what is looked at: what came of it, and what is still to come.
#[derive(Debug)]
pub struct Rest {
    pub(super) begun: BytesMut,
    pub(super) body: Incoming,
    /// How long all the rest may take.
    pub(super) timeout: Duration,
}

impl Rest {
    /// All of it, at most `limit` bytes.
    ///
    /// # Errors
    /// [`AnswerError`] when it is larger, breaks off or does not come in time.
    pub async fn read(self, limit: usize) -> Result<Bytes, AnswerError> {
        let Self { mut begun, mut body, timeout } = self;
        let all = async {
            loop {
                if begun.len() > limit {
                    return Err(AnswerError::TooLarge(limit));
                }
                match body.frame().await {
                    None => return Ok(begun.freeze()),
                    Some(Ok(frame)) => {
                        frame.data_ref().into_iter().for_each(|data| begun.extend_from_slice(data));
                    }
                    Some(Err(_)) => return Err(AnswerError::Malformed("it broke off".to_owned())),
                }
            }
        };
        tokio::time::timeout(timeout, all).await.map_err(|_| AnswerError::Timeout(timeout))?
    }
}

/// Server-sent events as they come. Dropping it tells the upstream that nobody listens.
#[derive(Debug)]
pub struct Events(Source);

#[derive(Debug)]
enum Source {
    Http { body: Incoming, framer: Framer, ended: bool },
    Stdio(Messages),
}

impl Events {
    /// Events of an HTTP answer.
    pub(super) fn http(body: Incoming) -> Self {
        Self(Source::Http { body, framer: Framer::new(limits::EVENT_BYTES_MAX), ended: false })
    }

    /// Messages of a program on this machine.
    pub(super) fn stdio(messages: Messages) -> Self {
        Self(Source::Stdio(messages))
    }

    /// Reads on after the answer, so that the upstream sees an orderly end and the connection can be used again.
    /// What still comes belongs to no exchange and is dropped; an upstream that does not end is cut.
    pub fn finish(self) {
        let Source::Http { mut body, .. } = self.0 else { return };
        tokio::spawn(async move {
            let rest = async {
                let mut bytes = 0;
                while let Some(Ok(frame)) = body.frame().await {
                    bytes += frame.data_ref().map_or(0, Bytes::len);
                    if bytes > limits::EVENT_BYTES_MAX {
                        break;
                    }
                }
            };
            let limit = Duration::from_millis(limits::STREAM_END_MS);
            if tokio::time::timeout(limit, rest).await.is_err() {
                tracing::debug!("an upstream kept a stream open after its answer");
            }
        });
    }

    /// The next events: at least one, and those that have already arrived. `None` when the upstream ended the stream.
    ///
    /// # Errors
    /// [`AnswerError`] when the stream breaks, falls silent for too long, or holds an event over the limit.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>, AnswerError> {
        match &mut self.0 {
            Source::Stdio(messages) => match messages.recv().await {
                None => Ok(None),
                Some(Ok(message)) => Ok(Some(vec![Event::of_message(&message)])),
                Some(Err(error)) => Err(AnswerError::from(error)),
            },
            Source::Http { body, framer, ended } => loop {
                let arrived = cut(framer)?;
                if !arrived.is_empty() {
                    return Ok(Some(arrived));
                }
                if *ended {
                    return Ok(None);
                }
                let idle = Duration::from_millis(limits::STREAM_IDLE_MS);
                match tokio::time::timeout(idle, body.frame()).await {
                    Err(_) => return Err(AnswerError::Timeout(idle)),
                    Ok(None) => {
                        *ended = true;
                        let rest = std::mem::replace(framer, Framer::new(limits::EVENT_BYTES_MAX)).finish();
                        if let Some(event) = rest.event {
                            return Ok(Some(vec![event]));
                        }
                    }
                    Ok(Some(Err(error))) => return Err(AnswerError::Malformed(error.to_string())),
                    Ok(Some(Ok(frame))) => {
                        if let Ok(chunk) = frame.into_data() {
                            framer.feed(chunk);
                        }
                    }
                }
            },
        }
    }
}

/// The complete events that have arrived, at most [`limits::EVENTS_BATCH_MAX`].
fn cut(framer: &mut Framer) -> Result<Vec<Event>, AnswerError> {
    let mut events = Vec::new();
    while events.len() < limits::EVENTS_BATCH_MAX {
        match framer.cut() {
            Ok(Some(event)) => events.push(event),
            Ok(None) => break,
            Err(_) if events.is_empty() => return Err(AnswerError::TooLarge(limits::EVENT_BYTES_MAX)),
            // What arrived before the fault is still good; the fault comes again at the next call.
            Err(_) => break,
        }
    }
    Ok(events)
}

impl From<StdioError> for AnswerError {
    fn from(error: StdioError) -> Self {
        match error {
            StdioError::Timeout => Self::Timeout(Duration::ZERO),
            StdioError::TooLarge => Self::TooLarge(limits::EVENT_BYTES_MAX),
            other => Self::Unreachable(other.to_string()),
        }
    }
}
