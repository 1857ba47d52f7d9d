//! What the caller gets: a whole answer, or a stream of events with back-pressure.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::limits;

/// The HTTP answer to a caller.
pub type Reply = Response<ReplyBody>;

/// Body of a [`Reply`].
#[derive(Debug)]
pub enum ReplyBody {
    /// Known in full; `None` once sent.
    Whole(Option<Bytes>),
    /// Server-sent events, as they are released.
    Events(mpsc::Receiver<Waiting>),
}

/// An event on its way to the caller, and the room it takes until the connection has it.
#[derive(Debug)]
pub struct Waiting {
    event: Bytes,
    _room: OwnedSemaphorePermit,
}

/// The gateway's end of a stream to a caller. When [`limits::STREAM_WAITING_BYTES_MAX`] wait for a slow caller, no more
/// is taken from the upstream.
#[derive(Debug, Clone)]
pub struct Outlet {
    events: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
}

impl Outlet {
    /// A stream: where events go in, and where the connection takes them.
    pub fn open() -> (Self, mpsc::Receiver<Waiting>) {
        let (events, receiver) = mpsc::channel(limits::STREAM_WAITING_EVENTS_MAX);
        (Self { events, room: Arc::new(Semaphore::new(limits::STREAM_WAITING_BYTES_MAX)) }, receiver)
    }

    /// Waits until there is room; one event larger than all the room waits until nothing else does.
    async fn send(&self, event: Bytes) -> Delivery {
        let bytes = event.len().min(limits::STREAM_WAITING_BYTES_MAX);
        let room = tokio::select! {
            biased;
            () = self.events.closed() => return Delivery::Gone,
            room = self.room.clone().acquire_many_owned(u32::try_from(bytes).unwrap_or(u32::MAX)) => room,
        };
        let Ok(room) = room else { return Delivery::Gone };
        Delivery::of(self.events.send(Waiting { event, _room: room }).await.is_ok())
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Events(events) => {
                events.poll_recv(context).map(|waiting| waiting.map(|waiting| Ok(Frame::data(waiting.event))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

/// Builds a whole reply.
pub fn whole(status: StatusCode, headers: HeaderMap, body: Bytes) -> Reply {
    let mut reply = Response::new(ReplyBody::Whole(Some(body).filter(|body| !body.is_empty())));
    *reply.status_mut() = status;
    *reply.headers_mut() = headers;
    reply
}

/// Builds a reply of server-sent events. Proxies in between must neither keep nor collect them.
pub fn events(status: StatusCode, mut headers: HeaderMap, events: mpsc::Receiver<Waiting>) -> Reply {
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    headers.entry(http::header::CONTENT_TYPE).or_insert(HeaderValue::from_static("text/event-stream"));
    let mut reply = Response::new(ReplyBody::Events(events));
    *reply.status_mut() = status;
    *reply.headers_mut() = headers;
    reply
}

/// Builds a reply of server-sent events that the gateway itself makes.
pub fn streaming(status: StatusCode, headers: HeaderMap) -> (Reply, Stream) {
    let (outlet, receiver) = Outlet::open();
    (events(status, headers, receiver), Stream { outlet, batched: false })
}

impl ReplyBody {
    /// Takes a whole body out; `None` for a stream.
    pub fn take_whole(&mut self) -> Option<Bytes> {
        match self {
            Self::Whole(bytes) => bytes.take(),
            Self::Events(_) => None,
        }
    }
}

/// Where one exchange sends its reply. Consumed by the first [`Replier::whole`] or [`Replier::stream`].
#[derive(Debug)]
pub enum Replier {
    /// The whole HTTP answer is this exchange's.
    Alone(oneshot::Sender<Reply>),
    /// One of several exchanges of a 2025-03-26 batch, which share one stream.
    Batched(Outlet),
    /// The stream has begun while the exchange waited; the answer goes into it.
    Begun(Stream),
}

impl Replier {
    /// Resolves when the caller is gone.
    pub async fn gone(&mut self) {
        match self {
            Self::Alone(head) => head.closed().await,
            Self::Batched(outlet) => outlet.events.closed().await,
            Self::Begun(stream) => stream.gone().await,
        }
    }

    /// Answers with one document. A caller that is gone is no error here: the record already has the answer.
    pub async fn whole(self, status: StatusCode, headers: HeaderMap, body: Bytes) -> Delivery {
        match self {
            Self::Alone(head) => Delivery::of(head.send(whole(status, headers, body)).is_ok()),
            Self::Batched(_) | Self::Begun(_) if body.is_empty() => Delivery::Handed,
            Self::Begun(stream) => {
                stream.release(crate::mcp::sse::Event::of_message(&body).raw().clone()).await
            }
            Self::Batched(outlet) => {
                outlet.send(crate::mcp::sse::Event::of_message(&body).raw().clone()).await
            }
        }
    }

    /// Begins a stream.
    pub fn stream(self, status: StatusCode, headers: HeaderMap) -> Stream {
        match self {
            Self::Alone(head) => {
                let (outlet, receiver) = Outlet::open();
                // A caller that is gone shows in the channel, which the receiver's drop closes.
                drop(head.send(events(status, headers, receiver)));
                Stream { outlet, batched: false }
            }
            Self::Batched(outlet) => Stream { outlet, batched: true },
            Self::Begun(stream) => stream,
        }
    }

    /// Begins the stream before there is an answer, so that signs of life can be sent.
    #[must_use]
    pub fn begin(self, headers: HeaderMap) -> Self {
        match self {
            Self::Alone(_) => Self::Begun(self.stream(StatusCode::OK, headers)),
            begun => begun,
        }
    }

    /// Sends a sign of life into a stream that has begun.
    pub async fn keep_alive(&self, event: Bytes) -> Delivery {
        match self {
            Self::Alone(_) => Delivery::Handed,
            Self::Batched(outlet) => outlet.send(event).await,
            Self::Begun(stream) => stream.release(event).await,
        }
    }
}

/// Whether a reply was handed to a connection that was still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It was.
    Handed,
    /// The caller was gone.
    Gone,
}

impl Delivery {
    fn of(handed: bool) -> Self {
        if handed { Self::Handed } else { Self::Gone }
    }
}

/// A stream that has begun. Dropping it ends it.
#[derive(Debug)]
pub struct Stream {
    outlet: Outlet,
    batched: bool,
}

impl Stream {
    /// Resolves when the caller is gone.
    pub async fn gone(&self) {
        self.outlet.events.closed().await;
    }

    /// Releases one event, waiting for a slow caller.
    pub async fn release(&self, event: Bytes) -> Delivery {
        self.outlet.send(event).await
    }

    /// Whether other exchanges share it.
    pub fn is_shared(&self) -> bool {
        self.batched
    }
}
