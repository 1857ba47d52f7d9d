//! Step 7: a call that policy holds waits for people, as long as its caller can.
//!
//! Callers give up after a minute, people take longer. So the wait has legs. Of revision 2026-07-28 a leg ends with
//! `input_required` and a `requestState` (SEP-2322), with which unchanged callers come back by themselves. In older
//! revisions the stream is kept alive, and the leg ends with a result that says who must agree and that repeating the
//! call will then run it. The request itself is in the store and outlives callers and gateways.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::call::Call;
use super::{Caller, refuse};
use crate::approval::{
    Asked, Content, Deferred, Held, NotAsked, Record, TASK_LEG, Ticket, Unusable, Verdict,
};
use crate::config;
use crate::limits;
use crate::mask::Redacted;
use crate::mcp::envelope::{Field, Message};
use crate::mcp::method::Direction;
use crate::mcp::sse::Event;
use crate::model::{Context, Decision, Effect, Grant, GrantKind, MessageKind, Terms};
use crate::policy::Question;
use crate::refusal::Refusal;
use crate::reply::{Delivery, Replier};
use crate::store::approval::State;

/// Methods whose answer may be `input_required` (SEP-2322).
const IN_LEGS: [&str; 3] = ["prompts/get", "resources/read", "tools/call"];

/// `_meta` key of an `input_required` result of ours.
const META_KEY: &str = "io.countersign/approval";

/// How long held calls wait, and where people decide.
#[derive(Debug, Clone)]
pub struct Holding {
    leg: Duration,
    page: Option<String>,
    api: String,
}

impl Holding {
    /// As configured; the API stands below `public_url`.
    pub fn new(approvals: &config::Approvals, public_url: &Url) -> Self {
        Self {
            leg: Duration::from_millis(approvals.wait_ms),
            page: approvals.page.clone(),
            api: public_url.as_str().trim_end_matches('/').to_owned(),
        }
    }

    /// How long one request waits.
    pub(super) fn leg(&self) -> Duration {
        self.leg
    }

    /// The page of one approval, if pages are configured.
    fn page(&self, grant: Grant) -> Option<String> {
        Some(self.page.as_ref()?.replace("{id}", &grant.approval.to_string()))
    }

    /// Where people decide, as a part of a sentence.
    fn place(&self, grant: Grant) -> String {
        match self.page(grant) {
            Some(page) => format!("at {page}"),
            None => format!("with `countersign approvals approve {} --url {}`", grant.approval, self.api),
        }
    }
}

/// What a caller came back with.
pub(super) enum Waited {
    /// Nothing: it asks for the first time, or of an older revision.
    No,
    /// A `requestState` of ours.
    For(Box<Record>, u32),
    /// One that is not genuine, or not this caller's.
    Forged,
}

/// A held call that may go.
pub(super) struct Agreed {
    pub(super) verdict: Verdict,
    pub(super) decision: Decision,
    pub(super) replier: Replier,
}

/// How a leg of the wait ended.
enum End {
    Decided(State),
    /// The glass was broken, and this call is the one that goes; or why it must not.
    LetGo(Result<Verdict, Refused>),
    /// The caller cannot wait any longer, or the gateway stops.
    Over,
    /// The caller is gone.
    Gone,
    /// The caller cancelled.
    Cancelled,
    /// An administrator ended the session.
    Ended,
}

/// The end of a held call that does not run.
pub(super) struct Refused {
    refusal: Refusal,
    grant: Option<Grant>,
    reason: Option<&'static str>,
    /// An `input_required` result, with which the caller comes back by itself.
    come_back: Option<Value>,
}

impl Refused {
    fn by(refusal: Refusal, grant: Grant) -> Self {
        Self { refusal, grant: Some(grant), reason: None, come_back: None }
    }

    pub(super) fn because(refusal: Refusal, grant: Grant, reason: &'static str) -> Self {
        Self { refusal, grant: Some(grant), reason: Some(reason), come_back: None }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, grant: None, reason: None, come_back: None }
    }
}

impl Caller {
    /// Takes our `requestState` out of a call and puts back what it stands for.
    pub(super) async fn resume(&self, call: Call) -> (Call, Waited) {
        if let (Some(session), Some(message)) = (&self.session, &call.message)
            && call.method == "notifications/cancelled"
            && let Some(id) = message.request_id()
        {
            session.cancel_held(&id);
        }
        let state = call.message.as_ref().and_then(|message| message.text(Field::RequestState));
        let Some(parsed) = state.and_then(|state| Ticket::parse(&state)) else { return (call, Waited::No) };
        let Some(ticket) = parsed else { return (call, Waited::Forged) };
        let redeemed = self.gateway.approvals.redeem(ticket, &self.principal.party).await;
        let Ok(Some(record)) = redeemed else { return (call, Waited::Forged) };
        let restored = call.message.as_ref().and_then(|message| restore(message, &record.content));
        match restored {
            Some(message) => {
                let call = Call { message: Some(message), ..call };
                (call, Waited::For(Box::new(record), ticket.leg))
            }
            None => (call, Waited::Forged),
        }
    }

    /// Waits for people. `None`: the caller has its answer.
    pub(super) async fn hold(
        &self,
        call: &Call,
        decision: Decision,
        body: &Redacted<Bytes>,
        waited: Waited,
        replier: Replier,
    ) -> Option<Agreed> {
        let task = self.deferred(call).await;
        let (ended, replier) = match self.held(call, &decision, body, task) {
            Err(refused) => (Err(refused), replier),
            Ok(held) => self.agree(call, &held, waited, replier).await,
        };
        match ended {
            Ok(verdict) => {
                let decision = Decision { approval: Some(verdict.grant()), ..decision };
                Some(Agreed { verdict, decision, replier })
            }
            Err(refused) => {
                self.refuse_held(call, refused, decision, body.clone(), replier).await;
                None
            }
        }
    }

    fn held(
        &self,
        call: &Call,
        decision: &Decision,
        body: &Redacted<Bytes>,
        task: Option<Deferred>,
    ) -> Result<Held, Refused> {
        let message = call
            .message
            .clone()
            .filter(|_| call.kind == MessageKind::Request && call.direction == Direction::ToUpstream);
        // Approved is what runs: of a task, the call without its declaration.
        let plain = task.as_ref().map(|origin| Message::parse(Bytes::from(origin.message.clone())));
        let message = plain.map_or(Ok(message), |plain| plain.map(Some));
        let message = message.map_err(|_| Refusal::ApprovalRequired)?;
        Ok(Held {
            task,
            call: call.id,
            principal: self.principal.clone(),
            context: self.context.clone(),
            server: self.server.name.clone(),
            method: call.method.clone(),
            target: call.target.clone(),
            decision: decision.clone(),
            message: message.ok_or(Refusal::ApprovalRequired)?,
            body: body.clone(),
        })
    }

    /// Asks, waits, and takes what people agreed to.
    async fn agree(
        &self,
        call: &Call,
        held: &Held,
        waited: Waited,
        replier: Replier,
    ) -> (Result<Verdict, Refused>, Replier) {
        let before = match came_back(waited) {
            Ok(before) => before,
            Err(refused) => return (Err(refused), replier),
        };
        if let Some(verdict) = self.let_go(held, None).await {
            return (Ok(verdict), replier);
        }
        let (asked, leg) = match self.ask(held, before).await {
            Ok(asked) => asked,
            Err(refused) => return (Err(refused), replier),
        };
        if let Some(created) = self.as_task(held, &asked).await {
            let pending = Refused::by(Refusal::ApprovalPending, asked.grant);
            return (Err(Refused { come_back: Some(created), ..pending }), replier);
        }
        let (end, replier) = match asked.state {
            State::Pending if before.is_some_and(|(_, leg)| leg == TASK_LEG) => {
                (End::LetGo(Err(self.mended(&asked).await)), replier)
            }
            State::Pending => self.wait(call, held, (&asked, leg), replier).await,
            state => (End::Decided(state), replier),
        };
        let ended = match end {
            End::Decided(State::Approved) => self.take(call, held, &asked).await,
            End::Decided(state) => Err(closed(state, asked.grant)),
            End::LetGo(ended) => ended,
            End::Over => Err(self.come_back(call, &asked, leg).await),
            // In older revisions a connection may end and the caller still want the answer.
            End::Gone if !self.is_modern() => {
                Err(Refused::because(Refusal::ApprovalPending, asked.grant, "caller_gone"))
            }
            // Of 2026-07-28, closing the stream is cancelling.
            End::Gone | End::Cancelled | End::Ended => {
                if let Err(error) = self.gateway.approvals.withdraw(asked.id).await {
                    tracing::warn!(%error, approval = %asked.id, "a call could not be withdrawn: it will expire");
                }
                let ended = matches!(end, End::Ended);
                let refusal = if ended { Refusal::SessionEnded } else { Refusal::ApprovalWithdrawn };
                Err(Refused::by(refusal, asked.grant))
            }
        };
        (ended, replier)
    }

    /// The task for a call whose caller takes one. Not where an equal call waits that knows of no task.
    async fn as_task(&self, held: &Held, asked: &Asked) -> Option<Value> {
        held.task.as_ref()?;
        let record = self.gateway.approvals.find(asked.id).await.ok()??;
        record.content.task.as_ref()?;
        let task = self.gateway.approvals.task_id(&record);
        let mut created = super::task::created(self.context.era, &record, &task);
        created["_meta"] = json!({ META_KEY: self.facts(asked.grant, &asked.terms, Some(asked.decide_by)) });
        Some(created)
    }

    /// The approval to wait for, and how many legs its caller has waited.
    async fn ask(&self, held: &Held, before: Option<([u8; 16], u32)>) -> Result<(Asked, u32), Refused> {
        let asked = self.gateway.approvals.ask(held).await.map_err(not_asked)?;
        // What was waited for counts only if this is still the same call.
        let leg = before.filter(|(id, _)| *id == asked.id.into_bytes()).map_or(0, |(_, leg)| leg);
        Ok((asked, leg))
    }

    /// One leg of the wait.
    async fn wait(
        &self,
        call: &Call,
        held: &Held,
        (asked, leg): (&Asked, u32),
        replier: Replier,
    ) -> (End, Replier) {
        // Somebody who is to open a page must be told before anything is waited for.
        if leg == 0 && self.elicitation(call, asked.grant).is_some() {
            return (End::Over, replier);
        }
        let Some(mut waiter) = self.gateway.approvals.wait(asked) else { return (End::Over, replier) };
        let mut replier = replier;
        if !self.is_modern() {
            let mut headers = http::HeaderMap::new();
            refuse::name_call(&mut headers, call.id);
            replier = replier.begin(headers);
        }
        let key = call.rpc_key().filter(|_| self.key.id.is_some());
        let cancelled = self.session.as_ref().zip(key).and_then(|(session, key)| session.add_held(key).ok());
        let cancelled = cancelled.unwrap_or_default();
        let over = tokio::time::sleep(self.gateway.holding.leg);
        tokio::pin!(over);
        let mut signs = tokio::time::interval(Duration::from_millis(limits::APPROVAL_KEEP_ALIVE_MS));
        let mut glass = self.gateway.approvals.glass();
        let mut count = 0_u32;
        let end = loop {
            tokio::select! {
                biased;
                state = waiter.decided() => break End::Decided(state),
                () = self.ended() => break End::Ended,
                () = cancelled.cancelled() => break End::Cancelled,
                () = replier.gone() => break End::Gone,
                () = glass.broken() => {
                    if let Some(ended) = self.let_go_waiting(call, held, asked).await {
                        break End::LetGo(ended);
                    }
                }
                () = &mut over => break End::Over,
                () = self.gateway.draining.cancelled() => break End::Over,
                _ = signs.tick() => {
                    count += 1;
                    if replier.keep_alive(sign_of_life(call, asked, count)).await == Delivery::Gone {
                        break End::Gone;
                    }
                }
            }
        };
        if let (Some(session), Some(key)) = (&self.session, key) {
            session.remove_held(key);
        }
        (end, replier)
    }

    /// Spends the approval, if everything it depends on is as it was.
    async fn take(&self, call: &Call, held: &Held, asked: &Asked) -> Result<Verdict, Refused> {
        if let Some(refused) = self.end_overtaken(call, held, asked).await {
            return Err(refused);
        }
        self.gateway.approvals.take(asked, held).await.map_err(|error| match error {
            Unusable::Overtaken(reason) => Refused::because(Refusal::ApprovalOvertaken, asked.grant, reason),
            Unusable::Gone(state) => closed(state, asked.grant),
            Unusable::Fault(fault) => {
                tracing::error!(%fault, approval = %asked.id, "an approval could not be used");
                Refusal::LedgerUnavailable.into()
            }
        })
    }

    /// Ends the request of a call that must not run any more, whoever agreed to it.
    pub(super) async fn end_overtaken(&self, call: &Call, held: &Held, asked: &Asked) -> Option<Refused> {
        let reason = self.overtaken(call, held)?;
        Some(match self.gateway.approvals.overtake(asked, reason).await {
            Ok(()) => Refused::because(Refusal::ApprovalOvertaken, asked.grant, reason),
            Err(_) => Refusal::LedgerUnavailable.into(),
        })
    }

    /// What changed while the call waited. Minutes may have passed.
    fn overtaken(&self, call: &Call, held: &Held) -> Option<&'static str> {
        let context = Context { time: self.gateway.clock.now(), ..self.context.clone() };
        let fresh = self.decide_on(&Question { context: &context, ..self.question(call) });
        if fresh.revision != held.decision.revision {
            return Some("policy_changed");
        }
        let target = call.target.as_ref();
        let definition = target.and_then(|target| {
            self.gateway.catalog.target(&self.server.name, target.kind, target.name.clone()).definition
        });
        if definition != target.and_then(|target| target.definition) {
            return Some("definition_changed");
        }
        if !self.gateway.authenticator.stands(&self.principal) {
            return Some("identity_disabled");
        }
        // The same policies, another time of day.
        (fresh.effect == Effect::Deny).then_some("denied_now")
    }

    /// The leg is over: how the caller comes back.
    async fn come_back(&self, call: &Call, asked: &Asked, leg: u32) -> Refused {
        let pending = Refused::by(Refusal::ApprovalPending, asked.grant);
        if !self.is_modern() || !IN_LEGS.contains(&&*call.method) || leg >= limits::APPROVAL_LEGS_MAX {
            return pending;
        }
        let Ok(state) = self.gateway.approvals.ticket(asked.id, leg + 1).await else {
            return Refusal::LedgerUnavailable.into();
        };
        let mut result = json!({
            "resultType": "input_required",
            "requestState": state,
            "_meta": { META_KEY: self.facts(asked.grant, &asked.terms, Some(asked.decide_by)) },
        });
        if leg == 0
            && let Some(elicitation) = self.elicitation(call, asked.grant)
        {
            result["inputRequests"] = json!({ "approval": elicitation });
        }
        Refused { come_back: Some(result), ..pending }
    }

    /// Asks a caller that can to show its user the page.
    fn elicitation(&self, call: &Call, grant: Grant) -> Option<Value> {
        if !self.is_modern() || !IN_LEGS.contains(&&*call.method) {
            return None;
        }
        let capabilities = call.message.as_ref()?.field(Field::ClientCapabilities)?;
        capabilities.member("elicitation")?.member("url")?;
        let page = self.gateway.holding.page(grant)?;
        let message = "Policy requires a human's approval for this call.";
        Some(
            json!({ "method": "elicitation/create", "params": { "mode": "url", "message": message, "url": page } }),
        )
    }

    /// Records that a held call does not run, and says so.
    async fn refuse_held(
        &self,
        call: &Call,
        refused: Refused,
        decision: Decision,
        body: Redacted<Bytes>,
        replier: Replier,
    ) {
        let Refused { mut refusal, grant, reason, mut come_back } = refused;
        let decision = Decision { approval: grant, ..decision };
        self.count(call, refusal.face().code);
        if let Err(unrecorded) =
            self.deny_because(call, refusal, reason, Some(decision.clone()), Some(body)).await
        {
            (refusal, come_back) = (unrecorded, None);
        }
        if let Some(result) = come_back {
            let body = refuse::body(call.rpc_id(), ("result", result));
            replier.whole(StatusCode::OK, refuse::json_headers(call.id), body).await;
            return;
        }
        let asked = refuse::Asked {
            id: call.rpc_id(),
            method: Some(&call.method),
            era: self.context.era,
            call: call.id,
        };
        let more = grant.zip(decision.terms.as_deref()).map(|(grant, terms)| {
            let mut facts = self.facts(grant, terms, None);
            facts["reason"] = json!(reason);
            (self.sentence(refusal, grant, terms, reason), facts)
        });
        let more = more.as_ref().map(|(sentence, facts)| (sentence.as_str(), ("approval", facts.clone())));
        let (status, headers, body) = refuse::explain(refusal, asked, Some(&decision), more);
        replier.whole(status, headers, body).await;
    }

    /// Who must agree, where, and why not.
    fn sentence(&self, refusal: Refusal, grant: Grant, terms: &Terms, reason: Option<&str>) -> String {
        let id = grant.approval;
        if refusal != Refusal::ApprovalPending {
            let because = reason.map(|reason| format!(": {}", reason.replace('_', " "))).unwrap_or_default();
            return format!("Approval {id}{because}");
        }
        format!(
            "Approval {id} needs {}, who decide {}. Nobody approves their own call",
            wanted(terms),
            self.gateway.holding.place(grant)
        )
    }

    fn facts(&self, grant: Grant, terms: &Terms, decide_by: Option<i64>) -> Value {
        json!({
            "id": grant.approval,
            "quorum": terms.quorum,
            "approvers": terms.approvers,
            "decide_by": decide_by.and_then(|us| Timestamp::from_microsecond(us).ok()).map(|time| time.to_string()),
            "page": self.gateway.holding.page(grant),
        })
    }
}

/// Whom an approval needs, in words.
fn wanted(terms: &Terms) -> String {
    let people = match terms.quorum {
        1 => "one person".to_owned(),
        count => format!("{count} different people"),
    };
    let groups: Vec<String> = terms
        .approvers
        .iter()
        .map(|list| {
            format!("of {}", list.iter().map(|group| format!("`{group}`")).collect::<Vec<_>>().join(" or "))
        })
        .collect();
    if groups.is_empty() {
        format!("{people} whom policy lets approve")
    } else {
        format!("{people} {}", groups.join(" and "))
    }
}

/// The approval that a caller waited for, and how many legs.
fn came_back(waited: Waited) -> Result<Option<([u8; 16], u32)>, Refused> {
    match waited {
        Waited::No => Ok(None),
        Waited::Forged => Err(Refusal::ApprovalExpired.into()),
        Waited::For(record, _) if record.row.ended.is_some() => {
            Err(closed(record.row.state, grant_of(&record)))
        }
        Waited::For(record, leg) => Ok(Some((record.row.id, leg))),
    }
}

fn closed(state: State, grant: Grant) -> Refused {
    match state {
        State::Rejected => Refused::by(Refusal::ApprovalRejected, grant),
        State::Used => Refused::because(Refusal::ApprovalExpired, grant, "used_by_an_equal_call"),
        State::Opening | State::Pending | State::Approved | State::Expired => {
            Refused::by(Refusal::ApprovalExpired, grant)
        }
    }
}

fn grant_of(record: &Record) -> Grant {
    let leaf = record.row.grant_leaf.or(record.row.request_leaf).unwrap_or_default();
    Grant {
        approval: uuid::Uuid::from_bytes(record.row.id),
        leaf: evidence::merkle::Hash::from_bytes(leaf),
        binding: record.row.binding,
        kind: GrantKind::Approval,
    }
}

fn not_asked(error: NotAsked) -> Refused {
    match error {
        NotAsked::Overtaken { reason, grant } => Refused::because(Refusal::ApprovalOvertaken, grant, reason),
        NotAsked::Full => Refusal::ApprovalBacklog.into(),
        NotAsked::Unshowable => Refusal::ApprovalRequired.into(),
        NotAsked::Fault(fault) => {
            tracing::error!(%fault, "a held call could not be put before people");
            Refusal::LedgerUnavailable.into()
        }
    }
}

/// A comment, or a progress notification when the caller asked for them.
fn sign_of_life(call: &Call, asked: &Asked, count: u32) -> Bytes {
    let token = call.message.as_ref().and_then(|message| message.field(Field::ProgressToken));
    let Some(token) = token else { return Bytes::from_static(b": waiting for approval\n\n") };
    let text = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{},"progress":{count},"message":"waiting for approval {}"}}}}"#,
        token.raw(),
        asked.id
    );
    Event::of_message(&Bytes::from(text)).raw().clone()
}

/// The message as it was when it was held first: our `requestState` and the answers to our questions are taken out,
/// those of the upstream put back. Everything else is what the caller sent now.
fn restore(message: &Message, content: &Content) -> Option<Message> {
    let (params, span) = (message.params()?, message.span_of(Field::Params)?);
    let ours = [Field::RequestState.name(), Field::InputResponses.name()];
    let mut members: Vec<String> = params
        .members()
        .filter(|member| !ours.iter().any(|name| member.is(name)))
        .map(|member| {
            let name = String::from_utf8(member.name().into_owned()).ok()?;
            Some(format!("{}:{}", json!(name), member.value.raw()))
        })
        .collect::<Option<_>>()?;
    let kept = [&content.request_state, &content.input_responses];
    members.extend(
        ours.iter().zip(kept).filter_map(|(name, kept)| Some(format!("\"{name}\":{}", kept.as_ref()?))),
    );
    let mut splice = crate::mcp::splice::Splice::default();
    splice.replace(span, format!("{{{}}}", members.join(",")));
    Message::parse(splice.apply(message.bytes()).ok()?).ok()
}
