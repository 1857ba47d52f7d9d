//! The spine: the way of one message, from its arrival to the reply, top to bottom.
//!
//! 1 accept · 2 authenticate · 3 parse · 4 resolve · 5 decide · 6 mask · 7 hold (only if policy says so: the request to
//! people is durable before anybody waits) · 8 open (durable, else refuse; names the approval) · 9 permit, forward ·
//! 10 mask · 11 close (durable, else no answer) · 12 reply. Steps 1 to 3 are [`arrival`]'s, the rest is [`Caller::run`].
//!
//! The spine runs in a task of its own: a caller that hangs up ends the wait, never the record.

mod agreement;
mod answer;
pub mod arrival;
mod bind;
mod breakglass;
mod call;
pub mod ending;
pub mod flood;
mod hold;
mod nested;
pub mod refuse;
mod relay;
mod schema;
pub mod session;
mod task;
mod unlisted;
pub(crate) mod unproven;
mod view;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use evidence::leaf::Status;
use http::HeaderMap;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use bind::forget_unused;
pub use call::{Call, OpenCall};
pub use hold::Holding;
use hold::Waited;
pub use schema::Schemas;

use crate::acceptance::Acceptances;
use crate::anchor::Anchors;
use crate::approval::{Approvals, Verdict};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::exchange::ending::Endings;
use crate::exchange::flood::Flood;
use crate::exchange::session::{Session, SessionKey, Sessions};
use crate::identity::{Authenticator, ServiceKeys};
use crate::ledger::{Denial, DenialKind, Intent, Ledger, Outcome, Receipt, Rules, State};
use crate::limits;
use crate::mask::{Mask, Redacted};
use crate::mcp::envelope::{Field, Message};
use crate::mcp::header::{self, Ours};
use crate::mcp::method::Direction;
use crate::metrics::{AnchorLabels, ExchangeLabels, Metrics};
use crate::model::{Context, Decision, Effect, Era, MessageKind, Origin, Principal, Statement, TargetKind};
use crate::moment::{Listeners, Moment};
use crate::permit::Permit;
use crate::policy::{Policies, Question};
use crate::publication::Publications;
use crate::recognizer::Recognizer;
use crate::refusal::Refusal;
use crate::reply::Replier;
use crate::service_key::Registry;
use crate::sign_in::SignIns;
use crate::statement::Reader;
use crate::store::Db;
use crate::upstream::{Answer, AnswerError, Health, Outbound, Upstream};
use view::{Unmasked, View};

/// Everything an exchange passes through. One for the process.
pub struct Gateway {
    /// Upstreams by name.
    pub servers: std::collections::HashMap<String, Arc<Server>>,
    /// Name of the deployment: what policy calls the gateway itself.
    pub deployment: Arc<str>,
    /// Who callers are.
    pub authenticator: Arc<Authenticator>,
    /// People who are signed in to the console.
    pub sign_ins: Arc<SignIns>,
    /// What they may do.
    pub policies: Arc<Policies>,
    /// What of the log leaves the reach of whoever owns the database.
    pub anchors: Anchors,
    /// Policies that are published through the gateway.
    pub publications: Publications,
    /// Held calls, and what people said about them.
    pub approvals: Arc<Approvals>,
    /// How long held calls wait, and where people decide.
    pub holding: Holding,
    /// Service keys as last read.
    pub service_keys: Arc<ServiceKeys>,
    /// Keeps them in step with the database and the log.
    pub registry: Registry,
    /// Pins accepted definitions in the catalog, once they are on record.
    pub acceptances: Acceptances,
    /// The record.
    pub ledger: Ledger,
    /// What upstreams listed.
    pub catalog: Arc<Catalog>,
    /// What is looked for in messages, and how it is masked.
    pub mask: Arc<Mask>,
    /// The service that knows names, if there is one.
    pub recognizer: Option<Recognizer>,
    /// What structured answers must keep to when they are masked.
    pub schemas: Schemas,
    /// What statements in arguments would do.
    pub statements: Arc<Reader>,
    /// Legacy sessions.
    pub sessions: Sessions,
    /// Sessions that administrators ended.
    pub endings: Endings,
    /// How long recorded messages are kept.
    pub retention: Rules,
    /// Bindings of sessions and tasks, definitions.
    pub db: Db,
    /// Counters.
    pub metrics: Metrics,
    /// What the operator decided.
    pub config: Arc<crate::config::Config>,
    /// What is done beside the calls, one at a time.
    pub errands: Errands,
    /// Failed authentications of this minute.
    pub flood: Flood,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Which requests are ours.
    pub ours: Ours,
    /// Whether a load balancer in front names the caller's address.
    pub behind_proxy: bool,
    /// Places for exchanges in flight.
    pub places: Arc<tokio::sync::Semaphore>,
    /// Places for presses of buttons whose signature is not checked yet.
    pub presses: tokio::sync::Semaphore,
    /// Fires when readiness must be red: others are to be asked instead.
    pub leaving: CancellationToken,
    /// Places for streams of events to pages.
    pub streams: Arc<tokio::sync::Semaphore>,
    /// Who reads them.
    pub listeners: Listeners,
    /// Tells them what changed in the store.
    pub moments: tokio::sync::watch::Sender<Moment>,
    /// Fires when streams without an end of their own must end.
    pub draining: CancellationToken,
    /// Fires when every exchange must end.
    pub stopping: CancellationToken,
}

/// What is done beside the calls, one at a time.
#[derive(Debug)]
pub struct Errands {
    /// Held by whoever decides in a review of access, or ends one: the log is what a review is.
    pub reviewing: tokio::sync::Mutex<()>,
    /// A place for the evidence package that is made.
    pub exporting: Arc<tokio::sync::Semaphore>,
    /// Counts whenever something about packages changes.
    pub exported: tokio::sync::watch::Sender<u64>,
}

impl Default for Errands {
    fn default() -> Self {
        Self {
            reviewing: tokio::sync::Mutex::default(),
            exporting: Arc::new(tokio::sync::Semaphore::new(1)),
            exported: tokio::sync::watch::Sender::default(),
        }
    }
}

impl Gateway {
    /// Why the gateway should get no traffic now; empty when it should.
    pub fn unready(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        match self.ledger.health().state {
            State::Ready => {}
            State::Blocked { reason } => reasons.push(format!("evidence cannot be written: {reason}")),
            State::Stopped => reasons.push("the log is closed".to_owned()),
            State::Failed { reason } => {
                reasons.push(format!("evidence cannot be written any more: {reason}"));
            }
        }
        if self.leaving.is_cancelled() {
            reasons.push("the gateway is stopping".to_owned());
        }
        reasons
    }

    /// What is not as it should be although calls are served; empty when all is well.
    pub fn worries(&self) -> Vec<Arc<str>> {
        let mut worries = self.ledger.health().worries;
        let broken = self.approvals.broken_glass();
        if broken > 0 {
            worries.push(
                format!("break-glass is in force, {broken} times: held calls go ahead without approval")
                    .into(),
            );
        }
        worries
    }

    /// Brings the gauges up to date.
    pub fn observe(&self) {
        let health = self.ledger.health();
        let metrics = &self.metrics;
        metrics.ledger_size.set(i64::try_from(health.size).unwrap_or(i64::MAX));
        metrics.ledger_queue.set(i64::try_from(health.queued).unwrap_or(i64::MAX));
        metrics.ledger_degraded.set(i64::try_from(health.worries.len()).unwrap_or(i64::MAX));
        metrics.breakglass.set(i64::try_from(self.approvals.broken_glass()).unwrap_or(i64::MAX));
        metrics.ledger_ready.set(i64::from(health.state == State::Ready));
        for (anchor, leaves) in self.anchors.lags() {
            let lag = i64::try_from(leaves).unwrap_or(i64::MAX);
            metrics.anchor_lag.get_or_create(&AnchorLabels { anchor }).set(lag);
        }
        let free = self.places.available_permits();
        metrics.in_flight.set(i64::try_from(limits::EXCHANGES_MAX - free).unwrap_or(i64::MAX));
    }
}

/// One upstream, as the spine sees it.
pub struct Server {
    /// Configured name.
    pub name: Arc<str>,
    /// The way to it.
    pub upstream: Upstream,
    /// How it does.
    pub health: Health,
    /// Whether it said last, to any caller at this gateway, that it takes part in the extension of tasks (2026-07-28).
    pub tasks: AtomicBool,
}

/// What all messages of one HTTP request share: a proven caller at one server.
pub struct Caller {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) server: Arc<Server>,
    pub(crate) principal: Arc<Principal>,
    pub(crate) context: Context,
    pub(crate) headers: HeaderMap,
    pub(crate) key: SessionKey,
    pub(crate) session: Option<Arc<Session>>,
    /// Held until the last exchange of the request has ended.
    pub(crate) _place: tokio::sync::OwnedSemaphorePermit,
}

/// Why there is no answer of the upstream to give.
pub(crate) enum Cut {
    /// The upstream failed.
    Failed(AnswerError),
    /// The caller is gone.
    Gone,
    /// The gateway is stopping.
    Stopping,
    /// An administrator ended the session.
    Ended,
    /// Evidence of something in the answer cannot be written.
    Unrecorded,
    /// The answer cannot be looked through or masked, or policy does not let it pass.
    Withheld(Unmasked),
}

impl Caller {
    /// Carries one message from decision to reply.
    pub(crate) async fn run(self: &Arc<Self>, call: Call, replier: Replier) {
        // A caller that waited for approval shows what it was given to come back with.
        let (call, waited) = self.resume(call).await;
        self.pass_through(call, waited, replier).await;
    }

    /// The same, of a call whose caller may have waited for approval.
    async fn pass_through(self: &Arc<Self>, mut call: Call, waited: Waited, replier: Replier) {
        // 4 resolve, the last part: what the statements in its arguments would do.
        call.statement = self.understand(&call).await;
        // 5 decide: pure; says which policies and why.
        let mut decision = self.decide(&call);
        // People are to agree to a tool that is known, and headers to a schema.
        let doubt = self.doubt(&call);
        if doubt.wants_schema(&decision) && self.learn_tool(&mut call).await {
            decision = self.decide(&call);
        }
        // 6 mask: what is recorded, and what is forwarded, went through the mask.
        let view = match self.view(&call, &call.bytes(), Direction::ToUpstream).await {
            Ok(view) => view,
            Err(Unmasked { refusal, record }) => {
                let record = record.map(|record| *record);
                return self.refuse(&call, refusal, Some(decision), record, replier).await;
            }
        };
        if let Some(refusal) = self.objection(&call, &decision).await {
            return self.refuse(&call, refusal, Some(decision), Some(view.record), replier).await;
        }
        if let Err(why) = self.agree_with_schema(&mut call, &doubt).await {
            return self.refuse_disagreement(&call, why, decision, view.record, replier).await;
        }
        // Of a task of ours the upstream knows nothing.
        if Self::is_about_own_task(&call) {
            return self.serve_task(call, decision, view.record, replier).await;
        }
        // 7 hold: people agree to this very call, or two of them broke the glass for it, or it ends here.
        if decision.effect == Effect::Hold {
            let held = self.hold(&call, decision, &view.record, waited, replier).await;
            let Some(agreed) = held else { return };
            return self.carry(call, agreed.decision, Some(agreed.verdict), view, agreed.replier).await;
        }
        self.carry(call, decision, None, view, replier).await;
    }

    /// Carries one message that may go from intent to reply.
    pub(crate) async fn carry(
        self: &Arc<Self>,
        call: Call,
        decision: Decision,
        verdict: Option<Verdict>,
        View { shown, record }: View,
        mut replier: Replier,
    ) {
        // 8 open: the intent is durable, or nothing leaves.
        let intent = self.intent(&call, &decision, shown.clone(), record);
        let Ok(opened) = self.gateway.ledger.open(intent).await else {
            return self.tell(&call, Refusal::LedgerUnavailable, None, replier).await;
        };
        // 9 permit, forward: the permit exists only because the intent does.
        let permit = Permit::grant(&opened, &decision, verdict);
        let open = Arc::new(OpenCall::new(call, opened));
        self.enlist(&open);
        let answer = match permit {
            None => Err(Cut::Stopping),
            Some(permit) => self.forward(permit, &open.call, shown, &mut replier).await,
        };
        // 10 to 12 mask, close, reply: for a whole answer at once, for a stream frame by frame.
        match answer {
            Ok(answer) => self.relay(&open, answer, replier).await,
            Err(cut) => self.give_up(&open, cut, Some(replier)).await,
        }
    }

    async fn forward(
        &self,
        permit: Permit,
        call: &Call,
        body: Bytes,
        replier: &mut Replier,
    ) -> Result<Answer, Cut> {
        let outbound = Outbound {
            method: match &*call.method {
                "GET" if call.kind == MessageKind::Stream => http::Method::GET,
                "DELETE" if call.kind == MessageKind::Stream => http::Method::DELETE,
                _ => http::Method::POST,
            },
            headers: header::in_step(&self.headers, &call.mirrors, &call.bytes(), &body),
            body,
            era: self.context.era,
            session: self.key.id.clone(),
            principal: self.key.owner.digest(),
        };
        tokio::select! {
            biased;
            () = replier.gone() => Err(Cut::Gone),
            () = self.gateway.stopping.cancelled() => Err(Cut::Stopping),
            () = self.ended() => Err(Cut::Ended),
            answer = self.server.upstream.forward(permit, outbound) => {
                let answer = answer.map_err(Cut::Failed)?;
                self.server.health.answered(&answer, self.gateway.clock.now());
                Ok(answer)
            }
        }
    }

    /// Returns when an administrator ended the session.
    pub(crate) async fn ended(&self) {
        self.gateway.endings.of(self.context.session).await;
    }

    /// The one place where an exchange is closed. `None`: another stream closed it before.
    pub(crate) async fn close(&self, open: &OpenCall, outcome: Outcome) -> Option<Result<Receipt, Cut>> {
        let opened = open.opened.lock().await.take()?;
        self.count(&open.call, word(outcome.status));
        let closed = self.gateway.ledger.close(opened, outcome).await;
        Some(closed.map_err(|_| Cut::Unrecorded))
    }

    /// Ends an exchange for which no answer of the upstream can be given.
    pub(crate) async fn give_up(self: &Arc<Self>, open: &Arc<OpenCall>, cut: Cut, replier: Option<Replier>) {
        if matches!(cut, Cut::Gone) && self.may_resume(open) {
            return self.wait_for_resumption(open.clone());
        }
        let (status, refusal) = match &cut {
            Cut::Failed(error) => {
                self.server.health.failed(error, self.gateway.clock.now());
                tracing::warn!(server = %self.server.name, call = %open.call.id, %error, "no answer from the upstream");
                let status = match error {
                    AnswerError::Timeout(_) => Status::Timeout,
                    _ => Status::UpstreamError,
                };
                (status, error.refusal())
            }
            Cut::Gone => (Status::CallerGone, Refusal::Internal),
            Cut::Stopping => (Status::Cancelled, Refusal::Draining),
            Cut::Ended => (Status::Cancelled, Refusal::SessionEnded),
            Cut::Unrecorded => (Status::UpstreamError, Refusal::OutcomeUnrecorded),
            Cut::Withheld(Unmasked { refusal, .. }) => (Status::UpstreamError, *refusal),
        };
        let outcome = match cut {
            Cut::Withheld(Unmasked { refusal, record }) => Outcome {
                body: record.map(|record| *record),
                refusal: Some(refusal.face().code),
                ..Outcome::bare(status)
            },
            _ => Outcome::bare(status),
        };
        let closed = self.close(open, outcome).await;
        self.forget(open);
        let Some(replier) = replier else { return };
        let refusal = if matches!(closed, Some(Err(_))) { Refusal::OutcomeUnrecorded } else { refusal };
        self.tell(&open.call, refusal, None, replier).await;
    }

    /// Records a refusal of ours and replies with it.
    async fn refuse(
        &self,
        call: &Call,
        refusal: Refusal,
        decision: Option<Decision>,
        body: Option<Redacted<Bytes>>,
        replier: Replier,
    ) {
        self.count(call, refusal.face().code);
        let refusal = match self.deny(call, refusal, decision.clone(), body).await {
            Ok(()) => refusal,
            Err(unrecorded) => unrecorded,
        };
        self.tell(call, refusal, decision.as_ref(), replier).await;
    }

    /// Records that a message was refused.
    ///
    /// # Errors
    /// [`Refusal::LedgerUnavailable`]: it is refused all the same.
    pub(crate) async fn deny(
        &self,
        call: &Call,
        refusal: Refusal,
        decision: Option<Decision>,
        body: Option<Redacted<Bytes>>,
    ) -> Result<(), Refusal> {
        self.deny_because(call, refusal, None, decision, body).await
    }

    /// The same, with a more precise reason, in a word of ours.
    pub(crate) async fn deny_because(
        &self,
        call: &Call,
        refusal: Refusal,
        reason: Option<&'static str>,
        decision: Option<Decision>,
        body: Option<Redacted<Bytes>>,
    ) -> Result<(), Refusal> {
        let denial = Denial {
            kind: DenialKind::Refused,
            call: call.id,
            principal: self.principal.clone(),
            context: self.context.clone(),
            server: Some(self.server.name.clone()),
            message: Some(call.kind),
            method: Some(call.method.clone()).filter(|method| !method.is_empty()),
            target: call.target.clone(),
            statement: call.statement.clone(),
            decision,
            refusal: refusal.face().code,
            reason,
            count: 1,
            body,
        };
        self.gateway.ledger.deny(denial).await.map(drop).map_err(|_| Refusal::LedgerUnavailable)
    }

    /// Replies with a refusal.
    pub(crate) async fn tell(
        &self,
        call: &Call,
        refusal: Refusal,
        decision: Option<&Decision>,
        replier: Replier,
    ) {
        let asked = refuse::Asked {
            id: call.rpc_id(),
            method: Some(&call.method),
            era: self.context.era,
            call: call.id,
        };
        let (status, headers, body) = refuse::refuse(refusal, asked, decision);
        replier.whole(status, headers, body).await;
    }

    /// What the statements in a tool call would do.
    async fn understand(&self, call: &Call) -> Option<Statement> {
        let tool = call.target.as_ref().filter(|target| target.kind == TargetKind::Tool)?;
        let message = call.message.as_ref().filter(|_| call.kind == MessageKind::Request)?;
        let arguments = message.field(Field::Arguments)?;
        self.gateway.statements.read(&self.server.name, &tool.name, arguments.raw()).await
    }

    /// Asks policy about a message.
    pub(crate) fn decide(&self, call: &Call) -> Decision {
        self.decide_on(&self.question(call))
    }

    pub(crate) fn decide_on(&self, question: &Question<'_>) -> Decision {
        let decision = self.gateway.policies.current().decide(question);
        for error in &decision.errors {
            tracing::warn!(server = %self.server.name, method = question.method, error, "policy error: denied");
        }
        decision
    }

    pub(crate) fn question<'a>(&'a self, call: &'a Call) -> Question<'a> {
        Question {
            principal: &self.principal,
            server: &self.server.name,
            method: &call.method,
            kind: call.kind,
            direction: call.direction,
            target: call.target.as_ref(),
            arguments: call.judged(),
            context: &self.context,
            statement: call.statement.as_ref(),
            definition: self.definition(call.target.as_ref()),
        }
    }

    /// Why a decided call still must not go.
    async fn objection(&self, call: &Call, decision: &Decision) -> Option<Refusal> {
        match decision.effect {
            Effect::Deny => return Some(Refusal::Denied),
            Effect::Hold | Effect::Allow => {}
        }
        self.foreign_task(call).await
    }

    fn intent(&self, call: &Call, decision: &Decision, forwarded: Bytes, body: Redacted<Bytes>) -> Intent {
        Intent {
            call: call.id,
            principal: self.principal.clone(),
            context: self.context.clone(),
            server: self.server.name.clone(),
            kind: call.kind,
            method: call.method.clone(),
            target: call.target.clone(),
            statement: call.statement.clone(),
            decision: decision.clone(),
            body,
            forwarded,
        }
    }

    fn count(&self, call: &Call, result: &'static str) {
        if self.context.origin == Origin::Canary {
            return;
        }
        let action = call.row.map_or("other", |row| row.action.as_str());
        let labels = ExchangeLabels { server: self.server.name.to_string(), action, result };
        self.gateway.metrics.exchanges.get_or_create(&labels).inc();
    }

    /// A request or notification as a call.
    pub(crate) fn call(&self, direction: Direction, message: Message) -> Call {
        let whence = (direction, self.context.era);
        Call::new(self.new_id(), whence, message, &self.server.name, &self.gateway.catalog)
    }

    pub(crate) fn new_id(&self) -> Uuid {
        crate::clock::new_id(&*self.gateway.clock)
    }

    pub(crate) fn is_modern(&self) -> bool {
        self.context.era == Era::Modern
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::ToolError => "tool_error",
        Status::UpstreamError => "upstream_error",
        Status::Timeout => "timeout",
        Status::Cancelled => "cancelled",
        Status::CallerGone => "caller_gone",
    }
}
