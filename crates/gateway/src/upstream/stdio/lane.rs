//! What one legacy session hears besides the answers to its requests: its GET stream, and what waits for it.

use std::collections::VecDeque;

use bytes::Bytes;

use super::stream::{Outlet, Unsent};
use crate::limits;

/// What a waiting message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A request of the process: never dropped silently, it is owed an answer.
    Asked,
    /// A notification.
    Told,
}

#[derive(Debug, Default)]
enum Ear {
    /// No stream was opened so far.
    #[default]
    Unborn,
    /// This one is open, or its caller hung up and nobody noticed yet.
    Open(Outlet),
    /// The last one ended.
    Closed,
}

/// The GET stream of one session.
#[derive(Debug, Default)]
pub(super) struct Lane {
    ear: Ear,
    waiting: VecDeque<(Bytes, Place)>,
    waiting_bytes: usize,
}

impl Lane {
    /// The open stream.
    pub(super) fn outlet(&self) -> Option<Outlet> {
        match &self.ear {
            Ear::Open(outlet) if !outlet.is_gone() => Some(outlet.clone()),
            _ => None,
        }
    }

    /// Whether a stream is open.
    pub(super) fn is_open(&self) -> bool {
        self.outlet().is_some()
    }

    /// Opens the stream; one opened before ends. What waited goes first.
    pub(super) fn listen(&mut self, outlet: Outlet) {
        self.waiting_bytes = 0;
        for (message, _) in self.waiting.drain(..) {
            // A new stream has more room than may wait; a caller gone this soon loses what it would have heard.
            if outlet.offer(message) == Err(Unsent::Gone) {
                break;
            }
        }
        self.ear = Ear::Open(outlet);
    }

    /// Closes the stream and returns it.
    pub(super) fn hang_up(&mut self) -> Option<Outlet> {
        match std::mem::replace(&mut self.ear, Ear::Closed) {
            Ear::Open(outlet) => Some(outlet),
            Ear::Unborn | Ear::Closed => None,
        }
    }

    /// Keeps `message` until a stream opens; `false` when it cannot be kept. The oldest notification makes room.
    pub(super) fn wait(&mut self, message: Bytes, place: Place) -> bool {
        let closed = !matches!(self.ear, Ear::Unborn);
        if message.len() > limits::STDIO_WAITING_BYTES_MAX || (place == Place::Asked && closed) {
            return false;
        }
        while self.waiting.len() >= limits::STDIO_WAITING_MAX
            || self.waiting_bytes + message.len() > limits::STDIO_WAITING_BYTES_MAX
        {
            let Some(oldest) = self.waiting.iter().position(|(_, place)| *place == Place::Told) else {
                return false;
            };
            self.waiting_bytes -= self.waiting.remove(oldest).map_or(0, |(message, _)| message.len());
        }
        self.waiting_bytes += message.len();
        self.waiting.push_back((message, place));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn oldest_notification_makes_room_and_requests_stay() {
        let mut lane = Lane::default();
        assert!(lane.wait(Bytes::from_static(b"request"), Place::Asked));
        for number in 0..200 {
            assert!(lane.wait(Bytes::from(number.to_string()), Place::Told));
        }
        let (outlet, mut messages) = Outlet::open();
        lane.listen(outlet);
        drop(lane);
        let mut heard = Vec::new();
        while let Some(Ok(message)) = messages.recv().await {
            heard.push(String::from_utf8(message.to_vec()).expect("text"));
        }
        assert_eq!(heard.len(), limits::STDIO_WAITING_MAX);
        assert_eq!((&*heard[0], &*heard[1], &*heard[63]), ("request", "137", "199"));
    }

    #[test]
    fn waiting_messages_are_bounded_in_bytes() {
        let mut lane = Lane::default();
        let large = Bytes::from(vec![b' '; limits::STDIO_WAITING_BYTES_MAX / 3]);
        assert!((0..100).all(|_| lane.wait(large.clone(), Place::Told)));
        assert_eq!(lane.waiting.len(), 3);
        assert!(!lane.wait(Bytes::from(vec![b' '; limits::STDIO_WAITING_BYTES_MAX + 1]), Place::Told));
    }

    #[test]
    fn session_that_closed_its_stream_is_not_asked_anything() {
        let mut lane = Lane::default();
        let (outlet, messages) = Outlet::open();
        lane.listen(outlet);
        assert!(lane.is_open());
        drop(messages);
        assert!(!lane.is_open());
        assert!(!lane.wait(Bytes::from_static(b"request"), Place::Asked));
        assert!(lane.wait(Bytes::from_static(b"notification"), Place::Told));
    }
}
