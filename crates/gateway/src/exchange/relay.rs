//! The way back: a whole answer at once, a stream frame by frame. Nothing is released before it is durable.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evidence::leaf::Status;
use http::{HeaderMap, HeaderName, StatusCode};

use super::answer::Digest;
use super::call::{Call, OpenCall};
use super::view::View;
use super::{Caller, Cut, refuse};
use crate::ledger::Outcome;
use crate::limits;
use crate::mask::Redacted;
use crate::mcp::envelope::Message;
use crate::mcp::header;
use crate::mcp::method::Direction;
use crate::mcp::sse::{Event, is_id};
use crate::model::{Effect, MessageKind};
use crate::refusal::Refusal;
use crate::reply::{Delivery, Replier, Stream};
use crate::upstream::{Answer, AnswerBody, AnswerError, Events};

/// What became of a batch of events.
struct Passed {
    /// To release, in order: all of it is durable.
    release: Vec<Bytes>,
    /// Whether the exchange that owns the stream was closed.
    ended: bool,
}

/// One event, judged.
enum Judged {
    /// Carries no message: keep-alive, priming event.
    Bare(Bytes),
    /// A message to record and release.
    Frame(Bytes, Redacted<Bytes>),
    /// The answer to an open call.
    Final(Arc<OpenCall>, Event, Message),
    /// Refused: recorded elsewhere, not released.
    Dropped,
}

/// What became of an answer.
enum Concluded {
    /// It is on record, and these bytes may be given.
    Recorded(Bytes),
    /// The exchange was closed before; these bytes, and what of them is recorded, are on no record yet.
    Again(Bytes, Option<Redacted<Bytes>>),
    /// It cannot be given.
    Cut(Cut),
}

/// Whether `data` says nothing. The official TypeScript SDK replays the priming event of a stream, whose data is
/// empty, as `{}`; what follows it is what a resuming caller waits for.
fn is_blank(data: &[u8]) -> bool {
    matches!(data.trim_ascii(), b"" | b"{}")
}

/// The event as it came, or with its message changed.
fn put(event: &Event, before: &Bytes, after: &Bytes) -> Bytes {
    if before == after { event.forward() } else { event.encode(after) }
}

impl Caller {
    /// Gives the caller what the upstream answered.
    pub(crate) async fn relay(self: &Arc<Self>, open: &Arc<OpenCall>, answer: Answer, replier: Replier) {
        let Answer { status, headers, body } = answer;
        let session = match self.note_session(open, status, &headers).await {
            Ok(session) => session,
            Err(cut) => return self.give_up(open, cut, Some(replier)).await,
        };
        let mut headers = header::for_caller(&headers);
        headers.extend(session.map(|id| (HeaderName::from_static(header::SESSION_ID), id)));
        refuse::name_call(&mut headers, open.call.id);
        match body {
            AnswerBody::Events(events) => self.stream(open, status, headers, events, replier).await,
            AnswerBody::Json(bytes) => self.whole(open, status, headers, bytes, replier).await,
            AnswerBody::Large(rest) => match self.unread(&open.call, rest).await {
                Ok(bytes) => self.whole(open, status, headers, bytes, replier).await,
                Err(error) => self.give_up(open, Cut::Failed(error), Some(replier)).await,
            },
            AnswerBody::Empty | AnswerBody::Opaque => self.bare(open, status, headers, replier).await,
        }
    }

    /// One JSON document.
    async fn whole(
        self: &Arc<Self>,
        open: &Arc<OpenCall>,
        status: StatusCode,
        headers: HeaderMap,
        bytes: Bytes,
        replier: Replier,
    ) {
        let message = match Message::parse_answer(bytes) {
            Ok(message) if self.answers(&message, open, status) => message,
            _ if !status.is_success() => return self.bare(open, status, headers, replier).await,
            Ok(_) => return self.malformed(open, "it answers another request", replier).await,
            Err(fault) => return self.malformed(open, &fault.to_string(), replier).await,
        };
        match self.conclude(open, message).await {
            Concluded::Recorded(bytes) => {
                replier.whole(status, headers, bytes).await;
            }
            Concluded::Cut(cut) => self.give_up(open, cut, Some(replier)).await,
            // Another stream of the session gave the answer, and the record has it once.
            Concluded::Again(..) => self.tell(&open.call, Refusal::AnswerMalformed, None, replier).await,
        }
    }

    /// No body that a caller may see: the status speaks.
    async fn bare(
        self: &Arc<Self>,
        open: &Arc<OpenCall>,
        status: StatusCode,
        mut headers: HeaderMap,
        replier: Replier,
    ) {
        if status.is_success() && open.call.kind == MessageKind::Request {
            return self.malformed(open, "a request got no JSON-RPC answer", replier).await;
        }
        let outcome = if status.is_success() { Status::Ok } else { Status::UpstreamError };
        let closed = self.close(open, Outcome::bare(outcome)).await;
        self.forget(open);
        match closed {
            Some(Err(_)) => self.tell(&open.call, Refusal::OutcomeUnrecorded, None, replier).await,
            _ if status.is_success() => {
                replier.whole(status, headers, Bytes::new()).await;
            }
            _ => {
                let asked = refuse::Asked {
                    id: open.call.rpc_id(),
                    method: None,
                    era: self.context.era,
                    call: open.call.id,
                };
                let modern_to_legacy = self.is_modern() && status == StatusCode::BAD_REQUEST;
                let refusal = if modern_to_legacy { Refusal::LegacyOnly } else { Refusal::UpstreamStatus };
                let (_, ours, body) = refuse::refuse(refusal, asked, None);
                headers.extend(ours);
                replier.whole(status, headers, body).await;
            }
        }
    }

    async fn malformed(self: &Arc<Self>, open: &Arc<OpenCall>, why: &str, replier: Replier) {
        let cut = Cut::Failed(AnswerError::Malformed(why.to_owned()));
        self.give_up(open, cut, Some(replier)).await;
    }

    /// Events until the answer, the end, or somebody leaves.
    async fn stream(
        self: &Arc<Self>,
        open: &Arc<OpenCall>,
        status: StatusCode,
        headers: HeaderMap,
        mut events: Events,
        replier: Replier,
    ) {
        let _counted = self.gateway.metrics.stream();
        let stream = replier.stream(status, headers);
        let most = Duration::from_millis(self.gateway.config.listen.stream_ms);
        let mut over = std::pin::pin!(tokio::time::sleep(most));
        let mut left = limits::STREAM_EVENTS_MAX;
        let cut = 'stream: loop {
            let batch = tokio::select! {
                biased;
                () = stream.gone() => break Some(Cut::Gone),
                cut = self.end_of_streams(&open.call) => break Some(cut),
                () = &mut over => break too_long(open, AnswerError::Timeout(most)),
                batch = events.next() => batch,
            };
            let passed = match batch {
                Ok(Some(batch)) if batch.len() > left => {
                    let why = format!("a stream of more than {} events", limits::STREAM_EVENTS_MAX);
                    break too_long(open, AnswerError::Malformed(why));
                }
                Ok(Some(batch)) => {
                    left -= batch.len();
                    // Boxed: judging needs much room for a moment, waiting needs little for hours.
                    Box::pin(self.pass(open, batch, &stream)).await
                }
                Ok(None) => break None,
                Err(error) => Err(Cut::Failed(error)),
            };
            match passed {
                Err(cut) => break Some(cut),
                Ok(passed) => {
                    for event in passed.release {
                        match self.hand(&open.call, &stream, event).await {
                            Ok(()) => {}
                            // The exchange has its outcome: nothing is left to record.
                            Err(_) if passed.ended => break,
                            Err(cut) => break 'stream Some(cut),
                        }
                    }
                    if passed.ended {
                        return events.finish();
                    }
                }
            }
        };
        drop(events);
        self.end_stream(open, cut, stream).await;
    }

    /// Releases one event. A caller that takes nothing holds up its own stream, and not for ever.
    async fn hand(&self, call: &Call, stream: &Stream, event: Bytes) -> Result<(), Cut> {
        let patience = Duration::from_millis(limits::STREAM_IDLE_MS);
        tokio::select! {
            biased;
            released = tokio::time::timeout(patience, stream.release(event)) => match released {
                Ok(Delivery::Handed) => Ok(()),
                Ok(Delivery::Gone) | Err(_) => Err(Cut::Gone),
            },
            cut = self.end_of_streams(call) => Err(cut),
        }
    }

    /// A stream ended without the answer of the exchange that owns it.
    async fn end_stream(self: &Arc<Self>, open: &Arc<OpenCall>, cut: Option<Cut>, stream: Stream) {
        let is_call = open.call.kind == MessageKind::Request;
        let cut = match cut {
            None if is_call && self.may_resume(open) => return self.wait_for_resumption(open.clone()),
            None if is_call => {
                Cut::Failed(AnswerError::Malformed("the stream ended without an answer".to_owned()))
            }
            None => {
                let outcome = Outcome::bare(Status::Ok);
                if let Some(Err(_)) = self.close(open, outcome).await {
                    tracing::error!(call = %open.call.id, "the end of a stream could not be recorded");
                }
                return self.forget(open);
            }
            Some(cut) => cut,
        };
        if matches!(cut, Cut::Gone) || !is_call {
            return self.give_up(open, cut, None).await;
        }
        let (head, reply) = tokio::sync::oneshot::channel();
        self.give_up(open, cut, Some(Replier::Alone(head))).await;
        if let Ok(mut reply) = reply.await
            && let Some(body) = reply.body_mut().take_whole()
        {
            let last = stream.release(Event::of_message(&body).raw().clone());
            // A caller that takes nothing misses the last word; the record has it.
            tokio::time::timeout(Duration::from_millis(limits::STREAM_END_MS), last).await.ok();
        }
    }

    /// Judges and records one batch of events; what it returns may be released.
    async fn pass(
        self: &Arc<Self>,
        open: &Arc<OpenCall>,
        batch: Vec<Event>,
        stream: &Stream,
    ) -> Result<Passed, Cut> {
        let mut passed = Passed { release: Vec::with_capacity(batch.len()), ended: false };
        let mut frames = Vec::new();
        let mut finals = Vec::new();
        for event in batch {
            // Of another type it is for no caller of MCP; that something came keeps the line open.
            if !event.is_message() {
                passed.release.push(Bytes::from_static(b":\n\n"));
                continue;
            }
            let event = self.without_odd_id(event);
            // Exchanges of a batch share a stream, so their events cannot be resumed by id.
            let event = match &event.data {
                Some(data) if stream.is_shared() => Event::of_message(data),
                _ => event,
            };
            match self.judge(open, event).await? {
                Judged::Dropped => {}
                Judged::Bare(raw) => passed.release.push(raw),
                Judged::Frame(raw, redacted) => {
                    frames.push(redacted);
                    passed.release.push(raw);
                }
                Judged::Final(answered, event, message) => finals.push((answered, event, message)),
            }
        }
        self.record_frames(open, &frames).await?;
        for (answered, event, message) in finals {
            passed.ended |= Arc::ptr_eq(&answered, open);
            let before = message.bytes().clone();
            match self.conclude(&answered, message).await {
                Concluded::Recorded(bytes) => passed.release.push(put(&event, &before, &bytes)),
                // Another stream gave the answer before: this is a replay, recorded as part of this stream.
                Concluded::Again(bytes, record) => {
                    self.record_frames(open, record.as_slice()).await?;
                    passed.release.push(put(&event, &before, &bytes));
                }
                Concluded::Cut(cut) => return Err(cut),
            }
        }
        Ok(passed)
    }

    /// An event whose id could be sent back, and gives nothing away: nobody masks or records it.
    fn without_odd_id(&self, event: Event) -> Event {
        let id = event.id.as_deref().filter(|id| !id.is_empty());
        let fit = id.is_none_or(|id| {
            is_id(id) && str::from_utf8(id).is_ok_and(|id| self.gateway.mask.passes(id, &[]))
        });
        if fit { event } else { event.without_id() }
    }

    async fn record_frames(&self, open: &OpenCall, frames: &[Redacted<Bytes>]) -> Result<(), Cut> {
        if frames.is_empty() {
            return Ok(());
        }
        let mut opened = open.opened.lock().await;
        // Closed by another stream: what comes after the answer belongs to no exchange.
        let opened = opened.as_mut().ok_or(Cut::Gone)?;
        self.gateway.ledger.frame(opened, frames).await.map_err(|_| Cut::Unrecorded)
    }

    async fn judge(self: &Arc<Self>, open: &Arc<OpenCall>, event: Event) -> Result<Judged, Cut> {
        let Some(data) = event.data.clone().filter(|data| !is_blank(data)) else {
            return Ok(Judged::Bare(event.forward()));
        };
        let message = Message::parse_answer(data)
            .map_err(|fault| Cut::Failed(AnswerError::Malformed(fault.to_string())))?;
        if message.kind() != MessageKind::Response {
            return self.judge_message(event, message).await;
        }
        if self.answers(&message, open, StatusCode::OK) {
            return Ok(Judged::Final(open.clone(), event, message));
        }
        match self.session.as_ref().zip(message.id()).and_then(|(session, id)| session.call(id)) {
            Some(other) => Ok(Judged::Final(other, event, message)),
            None => {
                let View { shown, record } = self.strictest(message).await?;
                Ok(Judged::Frame(event.encode(&shown), record))
            }
        }
    }

    /// A notification or request of the upstream.
    async fn judge_message(self: &Arc<Self>, event: Event, message: Message) -> Result<Judged, Cut> {
        let call = self.call(Direction::ToCaller, message);
        let decision = self.decide(&call);
        let before = call.bytes();
        let View { shown, record } = self.view(&call, &before, Direction::ToCaller).await?;
        let asks = call.kind == MessageKind::Request;
        let known = !asks || (!self.is_modern() && self.remember_ask(&call));
        if decision.effect == Effect::Allow && known {
            return Ok(Judged::Frame(put(&event, &before, &shown), record));
        }
        self.deny(&call, Refusal::Denied, Some(decision), Some(record)).await.map_err(|_| Cut::Unrecorded)?;
        if asks && !self.is_modern() {
            self.answer_for_caller(&call);
        }
        Ok(Judged::Dropped)
    }

    /// Digests, closes, and gives the bytes for the caller.
    async fn conclude(self: &Arc<Self>, open: &Arc<OpenCall>, message: Message) -> Concluded {
        let Digest { bytes, outcome } = match self.digest(&open.call, message).await {
            Ok(digest) => digest,
            Err(cut) => return Concluded::Cut(cut),
        };
        let record = outcome.body.clone();
        let closed = self.close(open, outcome).await;
        self.forget(open);
        match closed {
            None => Concluded::Again(bytes, record),
            Some(Ok(_receipt)) => Concluded::Recorded(bytes),
            Some(Err(cut)) => Concluded::Cut(cut),
        }
    }

    /// Streams without an end of their own end when the gateway drains; calls only when it stops. Both end with the
    /// session, if an administrator ends it.
    async fn end_of_streams(&self, call: &Call) -> Cut {
        let endless = call.kind == MessageKind::Stream || call.method == "subscriptions/listen";
        let over = if endless { &self.gateway.draining } else { &self.gateway.stopping };
        tokio::select! {
            () = over.cancelled() => Cut::Stopping,
            () = self.ended() => Cut::Ended,
        }
    }

    /// Whether the answer may still come by another stream of the session.
    pub(super) fn may_resume(&self, open: &OpenCall) -> bool {
        open.call.kind == MessageKind::Request
            && !self.is_modern()
            && self.key.id.is_some()
            && self.session.is_some()
    }

    /// Keeps the exchange open for a while: the caller may fetch the answer with `Last-Event-ID`.
    pub(super) fn wait_for_resumption(self: &Arc<Self>, open: Arc<OpenCall>) {
        let caller = self.clone();
        tokio::spawn(async move {
            let status = tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(limits::RESUME_WINDOW_MS)) => Status::CallerGone,
                () = caller.gateway.stopping.cancelled() => Status::Cancelled,
                () = caller.ended() => Status::Cancelled,
            };
            let outcome = Outcome::bare(status);
            if let Some(Err(_)) = caller.close(&open, outcome).await {
                tracing::error!(call = %open.call.id, "the end of an abandoned call could not be recorded");
            }
            caller.forget(&open);
        });
    }
}

/// What ends a stream that would go on for ever: a call has failed; who only listens connects again.
fn too_long(open: &OpenCall, why: AnswerError) -> Option<Cut> {
    (open.call.kind == MessageKind::Request).then_some(Cut::Failed(why))
}
