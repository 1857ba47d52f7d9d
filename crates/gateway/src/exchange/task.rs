//! A held call as a task of the gateway: a caller that takes tasks is not kept waiting, but asks how its call is getting on
//! (2026-07-28: the extension `io.modelcontextprotocol/tasks`, SEP-2663; 2025-11-25: `params.task`, SEP-1686).
//!
//! The task is the approval: its id names it, under a MAC, so any gateway on the store answers for it, also after a
//! restart. The call runs when its caller asks and people have agreed: under the caller's own word, judged anew, through
//! the whole spine, once. What comes of it is kept sealed, for the caller alone. To the upstream it is a plain call: the
//! task is ours, so the declaration stays here, and its JSON-RPC id is one of ours.
//!
//! A question about what is on record already is not recorded again; one about a call that still waits is
//! (`approval_pending`).

mod shape;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::call::Call;
use super::hold::Waited;
use super::nested::{self, Unread};
use super::{Caller, refuse};
use crate::approval::{Deferred, Fault, LET_GO, Progress, Record, TASK_LEG, Ticket};
use crate::limits;
use crate::mask::Redacted;
use crate::mcp::envelope::Message;
use crate::mcp::method::Direction;
use crate::model::{Decision, MessageKind, TargetKind};
use crate::refusal::Refusal;
use crate::reply::{Delivery, Replier, Reply};
use crate::store::Topic;
use crate::store::approval::State;
use crate::store::definition;
use shape::Standing;

pub(super) use shape::{created, takes_part};

impl Caller {
    /// What a held call would run as, if its caller takes a task for it.
    pub(super) async fn deferred(&self, call: &Call) -> Option<Deferred> {
        let message = call.message.as_ref().filter(|_| call.method == "tools/call")?;
        let plain = shape::plain(message, self.context.era)?;
        // An extension is in use where both sides say so. In older revisions its caller asks for this very task.
        let refused = if self.is_modern() {
            !self.server.tasks.load(Ordering::Relaxed)
        } else {
            self.runs_as_task_only(call).await
        };
        if refused {
            return None;
        }
        let headers = self
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        Some(Deferred { message: String::from_utf8(plain.to_vec()).ok()?, headers: headers.collect() })
    }

    /// Whether the tool refuses plain calls (`execution.taskSupport`, 2025-11-25). Then its tasks are the upstream's.
    async fn runs_as_task_only(&self, call: &Call) -> bool {
        let Some((name, hash)) =
            call.target.as_ref().and_then(|tool| Some((tool.name.clone(), tool.definition?)))
        else {
            return false;
        };
        let (server, seal) = (self.server.name.to_string(), self.gateway.ledger.row_seal());
        let read = move |read: &mut crate::store::Read<'_>| {
            definition::find(read, &seal, (&server, "tool", &name), &hash)
        };
        let found = self.gateway.db.read("definition", read).await;
        // Unknown: the plain way of waiting is right for every tool.
        found.ok().flatten().is_none_or(|known| shape::requires_task(&known.body))
    }

    /// Whether a message of the caller is about a task of ours, or one that looks like it.
    pub(super) fn is_about_own_task(call: &Call) -> bool {
        let asks = call.direction == Direction::ToUpstream && call.kind == MessageKind::Request;
        let target = call.target.as_ref().filter(|target| asks && target.kind == TargetKind::Task);
        target.is_some_and(|target| Ticket::parse_task(&target.name).is_some())
    }

    /// Answers a question about a task of ours.
    pub(super) async fn serve_task(
        self: &Arc<Self>,
        call: Call,
        decision: Decision,
        body: Redacted<Bytes>,
        replier: Replier,
    ) {
        let ticket = call.task().and_then(|id| Ticket::parse_task(&id)).flatten();
        let redeemed = match ticket {
            Some(ticket) => self.gateway.approvals.redeem(ticket, &self.principal.party).await,
            None => Ok(None),
        };
        let refusal = match redeemed {
            Ok(Some(record)) if record.content.task.is_some() && record.row.server == *self.server.name => {
                return self.answer_task(call, record, decision, body, replier).await;
            }
            Ok(_) => Refusal::UnknownTask,
            Err(_) => Refusal::LedgerUnavailable,
        };
        self.refuse(&call, refusal, Some(decision), Some(body), replier).await;
    }

    async fn answer_task(
        self: &Arc<Self>,
        call: Call,
        record: Record,
        decision: Decision,
        body: Redacted<Bytes>,
        mut replier: Replier,
    ) {
        let id = Uuid::from_bytes(record.row.id);
        let answered = match &*call.method {
            "tasks/get" => self.standing(id).await,
            "tasks/result" => {
                let waited = self.wait_for_task(&call, id, replier).await;
                replier = waited.1;
                waited.0
            }
            "tasks/cancel" => match self.gateway.approvals.cancel(id).await {
                Ok(()) => self.standing(id).await,
                Err(fault) => Err(fault),
            },
            // Nothing is asked of the caller: there is nothing to take in.
            "tasks/update" => Ok(Standing::Working),
            _ => return self.refuse(&call, Refusal::UnknownTask, Some(decision), Some(body), replier).await,
        };
        let standing = match answered {
            Ok(standing) => standing,
            Err(fault) => {
                tracing::error!(%fault, approval = %id, "a task could not be told");
                return self
                    .refuse(&call, Refusal::LedgerUnavailable, Some(decision), Some(body), replier)
                    .await;
            }
        };
        let pending = Refusal::ApprovalPending;
        if matches!(standing, Standing::Waiting) {
            self.count(&call, pending.face().code);
            if let Err(unrecorded) = self.deny(&call, pending, Some(decision), Some(body)).await {
                return self.tell(&call, unrecorded, None, replier).await;
            }
        }
        let task = self.gateway.approvals.task_id(&record);
        match shape::answer(&call, self.context.era, &record, &task, &standing) {
            Some(answer) => drop(replier.whole(StatusCode::OK, refuse::json_headers(call.id), answer).await),
            None => self.tell(&call, pending, None, replier).await,
        }
    }

    /// How a call is getting on; begins it when people have agreed.
    async fn standing(self: &Arc<Self>, id: Uuid) -> Result<Standing, Fault> {
        let approvals = &self.gateway.approvals;
        // In this order: whoever spends the approval has said before that the call runs.
        let record = approvals.find(id).await?.ok_or(Fault::Malformed)?;
        let progress = approvals.progress(id).await?;
        if let Progress::Ended(answer) = progress {
            return Ok(Standing::Ended(answer));
        }
        Ok(match record.row.state {
            State::Pending if progress == Progress::Idle && self.is_task_let_go(&record).await? => {
                self.begin_task(record).await?;
                Standing::Working
            }
            State::Opening | State::Pending => Standing::Waiting,
            State::Approved => {
                if progress == Progress::Idle {
                    self.begin_task(record).await?;
                }
                Standing::Working
            }
            // Also when its approval has just ended: the answer says why, and is about to be kept.
            _ if progress == Progress::Running => Standing::Working,
            State::Used => Standing::Lost,
            State::Expired if record.row.reason.as_deref() == Some(LET_GO) => Standing::Lost,
            State::Rejected => Standing::Refused(Refusal::ApprovalRejected),
            State::Expired if record.row.reason.as_deref() == Some("withdrawn") => Standing::Cancelled,
            State::Expired => Standing::Refused(Refusal::ApprovalExpired),
        })
    }

    /// Waits until a call has ended, as long as one request waits (2025-11-25: `tasks/result`).
    async fn wait_for_task(
        self: &Arc<Self>,
        call: &Call,
        id: Uuid,
        replier: Replier,
    ) -> (Result<Standing, Fault>, Replier) {
        let mut headers = HeaderMap::new();
        refuse::name_call(&mut headers, call.id);
        let mut replier = replier.begin(headers);
        let over = tokio::time::sleep(self.gateway.holding.leg());
        tokio::pin!(over);
        let mut looks = tokio::time::interval(Duration::from_millis(limits::APPROVAL_LOOK_MS));
        let mut news = self.gateway.db.news().ear(&[Topic::Approvals]);
        let mut signs = tokio::time::interval(Duration::from_millis(limits::APPROVAL_KEEP_ALIVE_MS));
        let mut standing = self.standing(id).await;
        while matches!(standing, Ok(Standing::Waiting | Standing::Working)) {
            tokio::select! {
                biased;
                () = replier.gone() => break,
                () = &mut over => break,
                () = self.gateway.draining.cancelled() => break,
                () = self.ended() => break,
                _ = signs.tick() => {
                    let sign = Bytes::from_static(b": waiting for approval\n\n");
                    if replier.keep_alive(sign).await == Delivery::Gone {
                        break;
                    }
                }
                _ = looks.tick() => standing = self.standing(id).await,
                () = news.hear() => standing = self.standing(id).await,
            }
        }
        (standing, replier)
    }

    /// Begins to run the call, if nobody else does.
    async fn begin_task(self: &Arc<Self>, record: Record) -> Result<(), Fault> {
        let id = Uuid::from_bytes(record.row.id);
        let origin = record.content.task.clone().ok_or(Fault::Malformed)?;
        // Without a place it waits for the next question.
        let Some(caller) = self.again(headers(&origin.headers)) else { return Ok(()) };
        let message = Message::parse(Bytes::from(origin.message)).map_err(|_| Fault::Malformed)?;
        if !self.gateway.approvals.begin_running(id).await? {
            return Ok(());
        }
        tokio::spawn(async move { caller.carry_task(record, message).await });
        Ok(())
    }

    /// Carries the call through the spine, and keeps what comes of it.
    async fn carry_task(self: Arc<Self>, record: Record, message: Message) {
        let id = Uuid::from_bytes(record.row.id);
        let call = self.call(Direction::ToUpstream, message);
        let (head, reply) = oneshot::channel();
        let waited = Waited::For(Box::new(record), TASK_LEG);
        tokio::spawn(self.clone().spine(call, waited, Replier::Alone(head)));
        let answer = collect(reply);
        tokio::pin!(answer);
        let mut signs = tokio::time::interval(Duration::from_millis(limits::APPROVAL_KEEP_ALIVE_MS));
        let approvals = &self.gateway.approvals;
        let answer = loop {
            tokio::select! {
                answer = &mut answer => break answer,
                _ = signs.tick() => if let Err(fault) = approvals.keep_running(id).await {
                    tracing::warn!(%fault, approval = %id, "the call of a task runs, and the store does not know it");
                }
            }
        };
        if let Err(fault) = approvals.end_running(id, answer).await {
            tracing::error!(%fault, approval = %id, "the answer to a task could not be kept; the record has it");
        }
    }
}

/// What the task keeps: the answer, or why there is none.
async fn collect(reply: oneshot::Receiver<Reply>) -> Vec<u8> {
    let refusal = match nested::answer(reply, limits::HELD_TASK_BYTES_MAX).await {
        Ok(answer) => return answer.to_vec(),
        Err(Unread::TooLarge) => Refusal::AnswerTooLarge,
        Err(Unread::Missing) => Refusal::OutcomeUnrecorded,
    };
    shape::unanswered(refusal)
}

fn headers(pairs: &[(String, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    headers
}
