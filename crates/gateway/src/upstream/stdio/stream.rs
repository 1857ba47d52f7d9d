//! What goes to one caller: notifications and requests as they come, then the answer.
//!
//! A stream holds at most [`limits::STDIO_STREAM_BYTES_MAX`] that its caller has not read, and besides that the one
//! message that ends it. So memory is bounded by the number of streams, and a caller who does not read loses at most
//! what was meant for that caller.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc};

use super::StdioError;
use crate::limits;

/// The messages of one stream, in order. Dropping it says that the caller is gone.
#[derive(Debug)]
pub struct Messages {
    first: Option<Item>,
    receiver: mpsc::UnboundedReceiver<Item>,
    room: Arc<Semaphore>,
    /// Runs when the stream is dropped; it knows itself whether there is still something to abandon.
    abandon: Option<Abandon>,
}

impl Messages {
    /// The next message; `None` when the stream is over. A request's stream ends with its response, unless the
    /// upstream ended a subscription.
    ///
    /// # Errors
    /// [`StdioError`] when the upstream ceased to exist or the caller did not read in time; nothing follows.
    pub async fn recv(&mut self) -> Option<Result<Bytes, StdioError>> {
        let item = match self.first.take() {
            Some(item) => item,
            None => self.receiver.recv().await?,
        };
        Some(item.content)
    }

    /// Waits for the next message without taking it, and says whether it is the last.
    pub(super) async fn peek(&mut self) -> Option<Peeked> {
        if self.first.is_none() {
            self.first = self.receiver.recv().await;
        }
        self.first.as_ref().map(|item| item.place)
    }

    pub(super) fn guard(&mut self, abandon: Abandon) {
        self.abandon = Some(abandon);
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        // Whoever waits for room must learn that there never will be any.
        self.room.close();
        self.receiver.close();
        if let Some(Abandon(abandon)) = self.abandon.take() {
            abandon();
        }
    }
}

/// What to do when the caller is gone.
pub(super) struct Abandon(pub(super) Box<dyn FnOnce() + Send + Sync>);

impl std::fmt::Debug for Abandon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Abandon")
    }
}

/// Where a message stands in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peeked {
    /// More may follow.
    More,
    /// It is the last.
    Last,
}

#[derive(Debug)]
struct Item {
    content: Result<Bytes, StdioError>,
    place: Peeked,
    /// Given back when the message is read.
    _room: Option<OwnedSemaphorePermit>,
}

/// The writing end of a stream.
#[derive(Debug, Clone)]
pub(super) struct Outlet {
    // INVARIANT: bounded by `room`, plus the one message of `finish`, after which the router forgets the outlet.
    sender: mpsc::UnboundedSender<Item>,
    room: Arc<Semaphore>,
}

/// Why a message was not put into a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsent {
    /// The caller has not read enough of what is there.
    Full,
    /// The caller is gone.
    Gone,
}

impl Outlet {
    /// A new stream.
    pub(super) fn open() -> (Self, Messages) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(limits::STDIO_STREAM_BYTES_MAX));
        let messages = Messages { first: None, receiver, room: Arc::clone(&room), abandon: None };
        (Self { sender, room }, messages)
    }

    /// Whether the caller is gone.
    pub(super) fn is_gone(&self) -> bool {
        self.sender.is_closed()
    }

    /// Puts `message` into the stream if there is room now.
    pub(super) fn offer(&self, message: Bytes) -> Result<(), Unsent> {
        match Arc::clone(&self.room).try_acquire_many_owned(cost(&message)) {
            Ok(room) => self.put(Ok(message), Peeked::More, Some(room)),
            Err(TryAcquireError::NoPermits) => Err(Unsent::Full),
            Err(TryAcquireError::Closed) => Err(Unsent::Gone),
        }
    }

    /// Puts `message` into the stream as soon as there is room.
    pub(super) async fn deliver(&self, message: Bytes) -> Result<(), Unsent> {
        let room = Arc::clone(&self.room).acquire_many_owned(cost(&message)).await;
        self.put(Ok(message), Peeked::More, Some(room.map_err(|_| Unsent::Gone)?))
    }

    /// Puts the last message into the stream; there is always room for it.
    pub(super) fn finish(&self, content: Result<Bytes, StdioError>) {
        // Only fails when the caller is gone, and then nobody waits for it.
        self.put(content, Peeked::Last, None).ok();
    }

    fn put(
        &self,
        content: Result<Bytes, StdioError>,
        place: Peeked,
        room: Option<OwnedSemaphorePermit>,
    ) -> Result<(), Unsent> {
        self.sender.send(Item { content, place, _room: room }).map_err(|_| Unsent::Gone)
    }
}

fn cost(message: &Bytes) -> u32 {
    let cost = (message.len() + limits::STDIO_MESSAGE_OVERHEAD_BYTES).min(limits::STDIO_STREAM_BYTES_MAX);
    u32::try_from(cost).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn megabyte() -> Bytes {
        Bytes::from(vec![b' '; 1024 * 1024])
    }

    #[tokio::test]
    async fn unread_stream_is_bounded_and_still_takes_its_answer() {
        let (outlet, mut messages) = Outlet::open();
        let taken = (0..100).take_while(|_| outlet.offer(megabyte()).is_ok()).count();
        assert_eq!(taken, 7);
        assert_eq!(outlet.offer(megabyte()), Err(Unsent::Full));
        outlet.finish(Ok(megabyte()));
        for _ in 0..taken {
            assert_eq!(messages.peek().await, Some(Peeked::More));
            messages.recv().await.expect("a message").expect("no error");
        }
        assert_eq!(messages.peek().await, Some(Peeked::Last));
    }

    #[tokio::test]
    async fn room_is_given_back_when_a_message_is_read() {
        let (outlet, mut messages) = Outlet::open();
        while outlet.offer(megabyte()).is_ok() {}
        let waiting = outlet.clone();
        let delivery = tokio::spawn(async move { waiting.deliver(megabyte()).await });
        messages.recv().await.expect("a message").expect("no error");
        assert_eq!(delivery.await.expect("no panic"), Ok(()));
    }

    #[tokio::test]
    async fn whoever_waits_for_room_learns_that_the_caller_is_gone() {
        let (outlet, messages) = Outlet::open();
        while outlet.offer(megabyte()).is_ok() {}
        let waiting = outlet.clone();
        let delivery = tokio::spawn(async move { waiting.deliver(megabyte()).await });
        tokio::task::yield_now().await;
        drop(messages);
        assert_eq!(delivery.await.expect("no panic"), Err(Unsent::Gone));
        assert!(outlet.is_gone());
    }
}
