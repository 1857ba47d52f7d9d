//! What an answer means before anybody sees it: lists filtered, definitions learned, tasks and sessions bound, what
//! the upstream asks of the caller judged.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use evidence::jcs;
use evidence::leaf::{EventType, Status};
use http::StatusCode;
use inspect::value::Value;
use sha2::{Digest as _, Sha256};

use super::call::{Call, OpenCall};
use super::view::View;
use super::{Caller, Cut, refuse};
use crate::catalog::{self, Change, Definition};
use crate::ledger::{Document, Event, EventActor, Outcome};
use crate::limits;
use crate::mcp::envelope::{Field, Message};
use crate::mcp::method::{self, Direction, ListRule};
use crate::mcp::splice::filter_list;
use crate::model::{Effect, MessageKind, Method, Target, TargetKind};
use crate::policy::{self, Question};
use crate::refusal::Refusal;
use crate::seal::Seal;
use crate::store;
use crate::upstream::AnswerError;

/// An answer ready to be recorded and given.
pub(super) struct Digest {
    /// What the caller gets.
    pub(super) bytes: Bytes,
    /// What is recorded.
    pub(super) outcome: Outcome,
}

impl Caller {
    /// Whether `message` is the answer to `open`.
    pub(super) fn answers(&self, message: &Message, open: &OpenCall, status: StatusCode) -> bool {
        message.kind() == MessageKind::Response
            && match message.id() {
                Some(id) => open.call.rpc_key() == Some(id),
                // An error about a message whose id the upstream could not or would not tell.
                None => !status.is_success() && message.error().is_some(),
            }
    }

    /// Looks into the answer of one call.
    pub(super) async fn digest(self: &Arc<Self>, call: &Call, message: Message) -> Result<Digest, Cut> {
        let status = match (message.error(), message.is_tool_error()) {
            (Some(_), _) => Status::UpstreamError,
            (None, true) => Status::ToolError,
            (None, false) => Status::Ok,
        };
        let rpc_code = message.error_code();
        self.bind_task(call, &message).await?;
        let mut bytes = message.bytes().clone();
        if let Some(rule) = call.row.and_then(|row| row.list) {
            self.learn(&rule, &message).await?;
            bytes = self.filter(&rule, &message).await?;
        }
        if call.method == "server/discover" && status == Status::Ok {
            self.server.tasks.store(super::task::takes_part(&message), Ordering::Relaxed);
        }
        if let Some(refusal) = self.refused_input(&message).await? {
            let asked = refuse::Asked {
                id: call.rpc_id(),
                method: Some(&call.method),
                era: self.context.era,
                call: call.id,
            };
            (_, _, bytes) = refuse::refuse(refusal, asked, None);
        }
        let View { shown, record } = self.view(call, &bytes, Direction::ToCaller).await?;
        // What was filtered out is recorded all the same.
        let record =
            if bytes == *message.bytes() { record } else { self.record(call, message.bytes()).await? };
        Ok(Digest { bytes: shown, outcome: Outcome { status, rpc_code, body: Some(record), refusal: None } })
    }

    /// An answer to a call nobody remembers: every list in it is filtered, all of it is looked through.
    pub(super) async fn strictest(&self, message: Message) -> Result<View, Cut> {
        let mut message = message;
        for rule in method::METHODS.iter().filter_map(|row| row.list) {
            let bytes = self.filter(&rule, &message).await?;
            if bytes != *message.bytes() {
                message = Message::parse_answer(bytes).map_err(|fault| malformed(&fault))?;
            }
        }
        let bytes = message.bytes().clone();
        let answer = Call::response(self.new_id(), Direction::ToCaller, message, Method::Borrowed(""));
        Ok(self.view(&answer, &bytes, Direction::ToCaller).await?)
    }

    async fn filter(&self, rule: &ListRule, message: &Message) -> Result<Bytes, Cut> {
        let own =
            if rule.kind == TargetKind::Task { Some(self.own_tasks(rule, message).await?) } else { None };
        let shown = |name: &str| match &own {
            Some(own) => own.iter().any(|task| task == name),
            None => self.shows(rule, name),
        };
        let filtered =
            filter_list(message, rule, self.context.era, shown).map_err(|fault| malformed(&fault))?;
        Ok(filtered.bytes)
    }

    /// Whether policy lets this caller use a listed thing.
    fn shows(&self, rule: &ListRule, name: &str) -> bool {
        let target = self.gateway.catalog.target(&self.server.name, rule.kind, name.to_owned());
        let question = Question {
            principal: &self.principal,
            server: &self.server.name,
            method: rule.shown_if,
            kind: MessageKind::Request,
            direction: Direction::ToUpstream,
            target: Some(&target),
            arguments: None,
            context: &self.context,
            statement: None,
            definition: self.definition(Some(&target)),
        };
        self.gateway.policies.current().lists(&question)
    }

    /// What the catalog knows of a target's definition.
    pub(super) fn definition(&self, target: Option<&Target>) -> policy::Definition {
        let Some(target) = target.filter(|target| target.listed) else { return policy::Definition::Unknown };
        match self.gateway.catalog.find(&self.server.name, target.kind, &target.name) {
            None => policy::Definition::Unknown,
            Some(listed) if listed.drifted() => policy::Definition::Drifted,
            Some(_) => policy::Definition::Pinned,
        }
    }

    /// Learns what a list says, after it is durable.
    async fn learn(&self, rule: &ListRule, message: &Message) -> Result<(), Cut> {
        let Some(list) = message.result().and_then(|result| result.member(rule.array)) else { return Ok(()) };
        let (server, kind) = (&*self.server.name, rule.kind);
        if kind == TargetKind::Task || self.gateway.catalog.is_last(server, kind, list.raw().as_bytes()) {
            return Ok(());
        }
        let elements: Vec<_> = list
            .elements()
            .filter_map(|element| described(element, rule).map(|(name, definition)| (name, definition.hash)))
            .collect();
        let mut changes = self.gateway.catalog.compare(server, kind, &elements);
        if kind != TargetKind::Resource && !changes.is_empty() {
            self.gateway.ledger.note(self.changed(&changes)).await.map_err(|_| Cut::Unrecorded)?;
            let rows = self.rows(&changes, rule, list);
            let seal = self.gateway.ledger.row_seal();
            let learn = move |tx: &mut store::Tx<'_>| learn(tx, &seal, &rows, changes.clone());
            changes = self.gateway.db.write("learn definitions", learn).await.map_err(|_| Cut::Unrecorded)?;
        }
        self.gateway.catalog.learn(server, kind, list.raw().as_bytes(), changes);
        Ok(())
    }

    /// `tools.changed`: what changed by name, and all of it as a document named by hash.
    fn changed(&self, changes: &[Change]) -> Event {
        let described: Vec<_> = changes
            .iter()
            .map(|change| {
                serde_json::json!({
                    "kind": change.kind.as_str(),
                    "name": change.name,
                    "before": change.before.as_ref().map(hex),
                    "now": hex(&change.now),
                })
            })
            .collect();
        let document = Bytes::from(serde_json::Value::from(described).to_string());
        let hash: [u8; 32] = Sha256::digest(&document).into();
        let named = |change: &&Change| change.name.len() <= limits::NAME_IN_LEAF_BYTES_MAX;
        let names = |changed: bool| {
            let which = changes.iter().filter(|change| change.before.is_some() == changed).filter(named);
            which.map(|change| change.name.clone()).take(limits::NAMES_IN_LEAF_MAX).collect::<Vec<_>>()
        };
        let detail = serde_json::json!({
            "changes": changes.len(),
            "added": names(false),
            "changed": names(true),
            "document": hex(&hash),
        });
        Event {
            server: Some(self.server.name.clone()),
            documents: vec![Document { kind: "definitions", hash, bytes: document }],
            ..Event::new(EventType::ToolsChanged, EventActor::Gateway, jcs::Object::of(&detail).ok())
        }
    }

    fn rows(
        &self,
        changes: &[Change],
        rule: &ListRule,
        list: Value<'_>,
    ) -> Vec<store::definition::Definition> {
        let now = self.gateway.clock.now().as_microsecond();
        let rows = list.elements().filter_map(|element| {
            let (name, definition) = described(element, rule)?;
            changes.iter().find(|change| change.name == name)?;
            Some(store::definition::Definition {
                server: self.server.name.to_string(),
                kind: rule.kind.as_str().to_owned(),
                name,
                hash: definition.hash,
                body: self.gateway.mask.definition(&definition.text).into_bytes(),
                pinned: definition.hash,
                first_seen: now,
                since: now,
            })
        });
        rows.collect()
    }

    /// MRTR (SEP-2322): requests of the upstream as values inside a result. The first that policy refuses, if any.
    async fn refused_input(self: &Arc<Self>, message: &Message) -> Result<Option<Refusal>, Cut> {
        let Some(inputs) = message.field(Field::InputRequests) else { return Ok(None) };
        let asks: Vec<_> = inputs
            .members()
            .map(|input| {
                let method = input.value.member("method").and_then(Value::text).unwrap_or_default();
                let row = method::find(&method);
                let method =
                    row.map_or_else(|| Method::Owned(method.clone().into_owned()), |row| row.name.into());
                let params = input.value.member("params").map(|params| params.raw().to_owned());
                (Call::input(self.new_id(), method, row), params, input.value.raw().to_owned())
            })
            .collect();
        for (ask, params, raw) in asks {
            let decision = self.decide_on(&Question { arguments: params.as_deref(), ..self.question(&ask) });
            if decision.effect != Effect::Allow {
                let View { record, .. } = self.view(&ask, &Bytes::from(raw), Direction::ToCaller).await?;
                self.deny(&ask, Refusal::Denied, Some(decision), Some(record))
                    .await
                    .map_err(|_| Cut::Unrecorded)?;
                return Ok(Some(Refusal::Denied));
            }
        }
        Ok(None)
    }
}

/// Stores what is listed now; answers the changes with what is pinned, which another gateway may have learned first.
fn learn(
    tx: &mut store::Tx<'_>,
    seal: &Seal,
    rows: &[store::definition::Definition],
    mut changes: Vec<Change>,
) -> Result<Vec<Change>, store::Error> {
    for row in rows {
        store::definition::insert(tx, seal, row)?;
        if let Some(pinned) = store::definition::pinned(tx, seal, &row.server, &row.kind, &row.name)? {
            let of_row = changes.iter_mut().filter(|change| change.name == row.name);
            of_row.for_each(|change| change.pinned = pinned);
        }
    }
    Ok(changes)
}

/// The name and definition of one element of a list.
fn described(element: Value<'_>, rule: &ListRule) -> Option<(String, Definition)> {
    let name = element.member(rule.member)?.text()?.into_owned();
    Some((name, catalog::definition(element.raw())?))
}

fn malformed(fault: &dyn std::fmt::Display) -> Cut {
    Cut::Failed(AnswerError::Malformed(fault.to_string()))
}

fn hex(hash: &[u8; 32]) -> String {
    evidence::merkle::Hash::from_bytes(*hash).to_string()
}
