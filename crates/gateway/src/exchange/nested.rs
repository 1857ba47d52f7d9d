//! A call within a call: what the gateway itself sends for a caller, on the way of every call.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use tokio::sync::oneshot;

use super::Caller;
use super::call::Call;
use super::hold::Waited;
use crate::mcp::envelope::Message;
use crate::mcp::sse::Framer;
use crate::model::MessageKind;
use crate::reply::{Replier, Reply};

/// The spine once more. Boxed, since it is begun in the spine itself.
pub(super) type Spine = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Why there is no answer to read.
pub(super) enum Unread {
    /// None came.
    Missing,
    /// It has more bytes than asked for.
    TooLarge,
}

impl Caller {
    /// The same caller with other headers and a place of its own; `None` when no place is free.
    pub(super) fn again(&self, headers: HeaderMap) -> Option<Arc<Self>> {
        let place = self.gateway.places.clone().try_acquire_owned().ok()?;
        Some(Arc::new(Self {
            gateway: self.gateway.clone(),
            server: self.server.clone(),
            principal: self.principal.clone(),
            context: self.context.clone(),
            headers,
            key: self.key.clone(),
            session: self.session.clone(),
            _place: place,
        }))
    }

    /// The spine from the decision on.
    pub(super) fn spine(self: Arc<Self>, call: Call, waited: Waited, replier: Replier) -> Spine {
        Box::pin(async move { self.pass_through(call, waited, replier).await })
    }
}

/// The JSON-RPC answer in a reply, of at most `most` bytes. What streams before it is for nobody.
pub(super) async fn answer(reply: oneshot::Receiver<Reply>, most: usize) -> Result<Bytes, Unread> {
    let mut reply = reply.await.map_err(|_| Unread::Missing)?;
    if let Some(body) = reply.body_mut().take_whole() {
        return if body.len() > most { Err(Unread::TooLarge) } else { Ok(body) };
    }
    let mut framer = Framer::new(most);
    loop {
        let frame =
            reply.body_mut().frame().await.and_then(Result::ok).and_then(|frame| frame.into_data().ok());
        framer.feed(frame.ok_or(Unread::Missing)?);
        while let Some(event) = framer.cut().map_err(|_| Unread::TooLarge)? {
            let message = event.data.and_then(|data| Message::parse_answer(data).ok());
            if let Some(answer) = message.filter(|message| message.kind() == MessageKind::Response) {
                return Ok(answer.bytes().clone());
            }
        }
    }
}
