//! Whose is it? Sessions, tasks and requests of the upstream belong to the principal they were made for.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::call::{Call, OpenCall};
use super::{Caller, Cut, Gateway};
use crate::exchange::session::SessionKey;
use crate::limits;
use crate::mcp::envelope::Message;
use crate::mcp::header::{SESSION_ID, session_id};
use crate::mcp::method::{Direction, ListRule};
use crate::model::{Decision, Effect, TargetKind};
use crate::refusal::Refusal;
use crate::reply::Replier;
use crate::store::{Error, Tx, mcp_session, task};
use crate::upstream::AnswerError;

/// Detectors whose finds a session may be named by (MCP 2025-11-25, "Session Management": a UUID, a JWT, a hash).
const SESSIONS: [&str; 1] = ["jwt"];

/// Stands for a policy id where the gateway itself decides: the refusal it sends in the caller's place.
const GATEWAY_DECIDES: &str = "countersign:refusal";

/// SHA-256 of a session or task id: the store holds no id that would let anybody in.
pub(super) fn hash(id: &str) -> [u8; 32] {
    Sha256::digest(id).into()
}

/// Whether a last use, in microseconds, is so long ago that a new one is worth a write.
pub(super) fn is_long_ago(ts: i64, now: i64) -> bool {
    now.saturating_sub(ts) >= limits::USE_NOTED_MS.saturating_mul(1_000)
}

/// Forgets whose the sessions and tasks were that nobody used for as long as they are kept; answers how many.
///
/// # Errors
/// What the store says.
pub async fn forget_unused(gateway: &Gateway) -> Result<u64, Error> {
    let now = gateway.clock.now().as_microsecond();
    let before = |kept_ms: i64| now.saturating_sub(kept_ms.saturating_mul(1_000));
    let (sessions, tasks) = (before(limits::MCP_SESSION_KEPT_MS), before(limits::TASK_KEPT_MS));
    let forget = move |tx: &mut Tx<'_>| Ok(mcp_session::forget(tx, sessions)? + task::forget(tx, tasks)?);
    gateway.db.write("forget sessions and tasks", forget).await
}

impl Caller {
    /// Binds a session that the upstream began, before the caller learns its id; forgets one that ended. Answers the header
    /// that names the session to its caller.
    pub(super) async fn note_session(
        &self,
        open: &OpenCall,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, Cut> {
        if self.is_modern() {
            return Ok(None);
        }
        let ended = status == StatusCode::NOT_FOUND || (open.call.method == "DELETE" && status.is_success());
        if ended && let Some(id) = &self.key.id {
            self.gateway.sessions.remove(&self.key);
            return self.end_session(hash(id)).await.map(|()| None);
        }
        let Some(value) = headers.get(SESSION_ID) else { return Ok(None) };
        if open.call.method != "initialize" || !status.is_success() {
            // Many servers repeat it with every answer. Another one would be nobody's.
            let own = self.key.id.as_deref().is_some_and(|own| own.as_bytes() == value.as_bytes());
            return Ok(own.then(|| value.clone()));
        }
        let id = session_id(headers).ok().flatten().filter(|id| self.gateway.mask.passes(id, &SESSIONS));
        let unusable = "it gave a session id that no caller can be given";
        let id = id.ok_or_else(|| Cut::Failed(AnswerError::Malformed(unusable.to_owned())))?;
        self.begin_session(id).await.map(|()| Some(value.clone()))
    }

    async fn begin_session(&self, id: &str) -> Result<(), Cut> {
        let key = SessionKey { id: Some(id.to_owned()), ..self.key.clone() };
        let server = self.server.name.to_string();
        let id_hash = hash(id);
        let row = mcp_session::McpSession {
            binding: self.key.owner.digest(),
            session: self.context.session.into_bytes(),
            ts: self.gateway.clock.now().as_microsecond(),
            ended: None,
        };
        let owner = row.binding;
        let bound = self
            .gateway
            .db
            .write("bind session", move |tx| {
                Ok(mcp_session::bind(tx, &server, &id_hash, &row)?
                    || mcp_session::find(tx, &server, &id_hash)?.is_some_and(|known| known.binding == owner))
            })
            .await;
        match bound {
            Ok(true) => {
                self.gateway.sessions.insert(key, self.context.session);
                Ok(())
            }
            // The upstream gave a session id that belongs to somebody else.
            Ok(false) => Err(Cut::Failed(AnswerError::Malformed(
                "it reused the session id of another caller".to_owned(),
            ))),
            Err(_) => Err(Cut::Unrecorded),
        }
    }

    async fn end_session(&self, id_hash: [u8; 32]) -> Result<(), Cut> {
        let server = self.server.name.to_string();
        let ts = self.gateway.clock.now().as_microsecond();
        let ended =
            self.gateway.db.write("end session", move |tx| mcp_session::end(tx, &server, &id_hash, ts)).await;
        ended.map_err(|_| Cut::Unrecorded)
    }

    /// Binds a task that a call created, before the caller learns its id.
    pub(super) async fn bind_task(&self, call: &Call, message: &Message) -> Result<(), Cut> {
        if call.target.as_ref().is_some_and(|target| target.kind == TargetKind::Task) {
            return Ok(());
        }
        let Some(id) = message.result_task_id() else { return Ok(()) };
        let (server, id_hash) = (self.server.name.to_string(), hash(&id));
        let row = task::Task {
            binding: self.key.owner.digest(),
            tool: call.target.as_ref().filter(|target| target.listed).map(|target| target.name.clone()),
            ts: self.gateway.clock.now().as_microsecond(),
        };
        let bound =
            self.gateway.db.write("bind task", move |tx| task::bind(tx, &server, &id_hash, &row)).await;
        bound.map(drop).map_err(|_| Cut::Unrecorded)
    }

    /// A task of somebody else does not exist. One that nobody is known to own is for the upstream to judge.
    pub(super) async fn foreign_task(&self, call: &Call) -> Option<Refusal> {
        let target = call.target.as_ref()?;
        if target.kind != TargetKind::Task || call.direction != Direction::ToUpstream {
            return None;
        }
        match self.task(target.name.clone()).await {
            Ok(None) => None,
            Ok(Some(task)) if task.binding == self.key.owner.digest() => {
                self.note_task(&target.name, task.ts).await;
                None
            }
            Ok(Some(_)) => Some(Refusal::UnknownTask),
            Err(_) => Some(Refusal::LedgerUnavailable),
        }
    }

    /// Notes that a task is still asked about, last seen at `ts`, so that it is not forgotten.
    async fn note_task(&self, id: &str, ts: i64) {
        let now = self.gateway.clock.now().as_microsecond();
        if !is_long_ago(ts, now) {
            return;
        }
        let (server, id_hash) = (self.server.name.to_string(), hash(id));
        let noted =
            self.gateway.db.write("touch task", move |tx| task::touch(tx, &server, &id_hash, now)).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "that a task is still asked about could not be noted");
        }
    }

    /// The tasks in a list that are the caller's.
    pub(super) async fn own_tasks(&self, rule: &ListRule, message: &Message) -> Result<Vec<String>, Cut> {
        let list = message.result().and_then(|result| result.member(rule.array));
        let ids: Vec<String> = list
            .into_iter()
            .flat_map(inspect::value::Value::elements)
            .filter_map(|task| Some(task.member(rule.member)?.text()?.into_owned()))
            .collect();
        let mut own = Vec::new();
        for id in ids {
            let known = self.task(id.clone()).await?;
            if known.is_some_and(|task| task.binding == self.key.owner.digest()) {
                own.push(id);
            }
        }
        Ok(own)
    }

    async fn task(&self, id: String) -> Result<Option<task::Task>, Cut> {
        let server = self.server.name.to_string();
        let found =
            self.gateway.db.read("find task", move |read| task::find(read, &server, &hash(&id))).await;
        found.map_err(|_| Cut::Unrecorded)
    }

    /// Remembers an open call, so that another stream of the session may deliver its answer.
    pub(super) fn enlist(&self, open: &Arc<OpenCall>) {
        if let (Some(session), Some(_), Some(id)) = (&self.session, &self.key.id, open.call.rpc_key())
            && session.add_call(id, open).is_err()
        {
            tracing::warn!(server = %self.server.name, "a session has too many calls open: no resumption for this one");
        }
    }

    /// The call was closed.
    pub(super) fn forget(&self, open: &OpenCall) {
        if let (Some(session), Some(id)) = (&self.session, open.call.rpc_key()) {
            session.retire_call(id);
        }
    }

    /// Remembers a request of the upstream, so that its answer can be told from an invented one.
    pub(super) fn remember_ask(&self, call: &Call) -> bool {
        match (&self.session, call.rpc_key()) {
            (Some(session), Some(id)) => session.add_ask(id, &call.method).is_ok(),
            _ => false,
        }
    }

    /// Tells the upstream that its request was refused, in the caller's place. It is an exchange like any other:
    /// recorded before it leaves.
    pub(super) fn answer_for_caller(self: &Arc<Self>, ask: &Call) {
        let Some(id) = ask.rpc_id() else { return };
        let face = Refusal::Denied.face();
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{},"message":"{}"}}}}"#,
            face.rpc, face.what
        );
        let Ok(message) = Message::parse(Bytes::from(text)) else { return };
        let answer = Call::response(self.new_id(), Direction::ToUpstream, message, ask.method.clone());
        let decision = Decision {
            effect: Effect::Allow,
            policies: Arc::from([GATEWAY_DECIDES.to_owned()]),
            revision: self.gateway.policies.current().revision(),
            errors: Vec::new(),
            terms: None,
            approval: None,
        };
        let caller = self.clone();
        tokio::spawn(async move {
            // Our own words: nothing in them is looked for, and nothing can fail.
            let Ok(view) = caller.view(&answer, &answer.bytes(), Direction::ToUpstream).await else { return };
            let (head, reply) = oneshot::channel();
            caller.carry(answer, decision, None, view, Replier::Alone(head)).await;
            drop(reply.await);
        });
    }
}
