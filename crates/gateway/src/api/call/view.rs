//! A call as people see it: its leaves read together.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use evidence::leaf::{EventType, Leaf};
use evidence::merkle::{Hash, leaf_hash};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::problem::Problem;
use super::super::time;
use crate::exchange::Gateway;
use crate::ledger::{Absence, VaultError};
use crate::limits;
use crate::model::Somebody;
use crate::refusal::Refusal;
use crate::store::context;
use crate::store::entry::{self, Entry, Filter};
use crate::store::session::Session;

/// Reads calls; remembers who is who for the length of one answer.
pub(super) struct Viewer<'g> {
    gateway: &'g Gateway,
    known: RefCell<HashMap<Hash, Option<Value>>>,
}

/// A leaf of a call.
struct Part {
    entry: Entry,
    leaf: Leaf,
}

impl<'g> Viewer<'g> {
    pub(super) fn new(gateway: &'g Gateway) -> Self {
        Self { gateway, known: RefCell::default() }
    }

    /// Calls without what was said, in this order. What all of them need is read together.
    pub(super) fn summaries(&self, calls: &[[u8; 16]]) -> Result<Vec<Value>, Problem> {
        let entries = self.gateway.db.read_now("calls", |read| entry::of_calls(read, calls))?;
        let mut parts: HashMap<[u8; 16], Vec<Part>> = HashMap::new();
        for entry in entries {
            let part = Part { leaf: decode(&entry.leaf)?, entry };
            if let Some(call) = part.leaf.call {
                parts.entry(*call.as_bytes()).or_default().push(part);
            }
        }
        self.meet(parts.values().flatten().filter_map(|part| part.leaf.context))?;
        calls.iter().map(|call| self.summarize(&ordered(parts.remove(call).unwrap_or_default())?)).collect()
    }

    /// Reads at once who is behind these commitments.
    fn meet(&self, commitments: impl Iterator<Item = Hash>) -> Result<(), Problem> {
        let (db, wanted) =
            (&self.gateway.db, commitments.map(|hash| *hash.as_bytes()).collect::<BTreeSet<_>>());
        let wanted: Vec<_> = wanted.into_iter().collect();
        let found = db.read_now("contexts", |read| context::of(read, &wanted))?;
        let mut known = self.known.borrow_mut();
        known.extend(wanted.iter().map(|commitment| (Hash::from_bytes(*commitment), None)));
        for (commitment, day, record) in found {
            let commitment = Hash::from_bytes(commitment);
            match self.gateway.ledger.open_personal(db, commitment, day, record) {
                Ok(personal) => known.insert(commitment, personal),
                Err(VaultError::Store(error)) => return Err(error.into()),
                Err(_) => None,
            };
        }
        Ok(())
    }

    /// One call with what was said, as it was masked.
    pub(super) fn whole(&self, call: &[u8; 16]) -> Result<Value, Problem> {
        let parts = self.parts(call)?;
        let mut whole = self.summarize(&parts)?;
        whole["parts"] = parts.iter().map(|part| self.part(part)).collect::<Result<_, _>>()?;
        Ok(whole)
    }

    /// Sessions, in this order; `matched`: how many of the calls of each were looked for and found, where that was asked.
    pub(super) fn sessions(
        &self,
        sessions: &[Session],
        matched: &BTreeMap<[u8; 16], u64>,
    ) -> Result<Vec<Value>, Problem> {
        let leaves = sessions.iter().map(|session| session.last_leaf.as_deref().map(decode).transpose());
        let leaves: Vec<Option<Leaf>> = leaves.collect::<Result<_, _>>()?;
        self.meet(leaves.iter().flatten().filter_map(|leaf| leaf.context))?;
        let shown = sessions.iter().zip(&leaves);
        shown.map(|(session, leaf)| self.session(session, leaf.as_ref(), matched.get(&session.id))).collect()
    }

    fn session(
        &self,
        session: &Session,
        latest: Option<&Leaf>,
        matched: Option<&u64>,
    ) -> Result<Value, Problem> {
        let mut value = json!({
            "id": Uuid::from_bytes(session.id),
            "began": time(session.ts),
            "last": time(session.last_ts),
            "person": self.person(latest)?,
            "server": latest.and_then(|leaf| leaf.server.as_deref()),
            "calls": session.calls,
            "denied": session.denied,
            "ended": session.ended.map(time),
            "more": session.more,
        });
        if let Some(matched) = matched {
            value["matched"] = json!(matched);
        }
        Ok(value)
    }

    fn parts(&self, call: &[u8; 16]) -> Result<Vec<Part>, Problem> {
        let filter = Filter { call: Some(*call), ..Filter::default() };
        let read = |read: &mut crate::store::Read<'_>| entry::page(read, &filter, limits::CALL_LEAVES_MAX);
        let entries = self.gateway.db.read_now("call", read)?;
        let parts = entries.into_iter().map(|entry| Ok(Part { leaf: decode(&entry.leaf)?, entry }));
        ordered(parts.collect::<Result<_, Problem>>()?)
    }

    fn summarize(&self, parts: &[Part]) -> Result<Value, Problem> {
        use EventType as E;
        let of = |wanted: &[E]| parts.iter().find(|part| wanted.contains(&part.leaf.event));
        let head = of(&[E::CallIntent, E::CallDenied, E::AuthFailed]).or(parts.first());
        let Some(head) = head else { return Err(Problem::of(Refusal::Internal)) };
        let (leaf, end) = (&head.leaf, of(&[E::CallOutcome, E::CallOrphaned]));
        let status = match (leaf.event, end) {
            (E::CallIntent, None) => Some(json!("open")),
            (_, Some(end)) => Some(end.leaf.outcome.as_ref().map_or(json!("orphaned"), |o| json!(o.status))),
            _ => None,
        };
        let decision = leaf.decision.as_ref();
        let mut redactions: HashMap<&str, u64> = HashMap::new();
        for (detector, count) in parts.iter().flat_map(|part| &part.leaf.redactions) {
            *redactions.entry(detector).or_default() += count;
        }
        let mut redactions: Vec<_> = redactions.into_iter().collect();
        redactions.sort_unstable();
        let approval = decision.and_then(|decision| decision.approval).map(|grant| grant.id.to_string());
        Ok(json!({
            "call": leaf.call.map(|id| id.to_string()),
            "session": leaf.session.map(|id| id.to_string()),
            "at": time(head.entry.ts),
            "person": self.person(Some(leaf))?,
            "server": leaf.server,
            "method": leaf.method,
            "target": self.target(leaf)?,
            "effect": decision.map_or_else(|| (leaf.event == E::CallDenied).then_some(json!("deny")), |decision| Some(json!(decision.effect))),
            "policies": decision.map(|decision| &decision.policies),
            "policy_set": decision.map(|decision| decision.policy_set.to_string()),
            "refusal": leaf.refusal,
            "status": status,
            "took_us": end.map(|end| (end.entry.ts - head.entry.ts).max(0)),
            "approval": approval,
            "statement": leaf.statement,
            "redactions": redactions.iter().map(|(detector, count)| json!({ "detector": detector, "count": count })).collect::<Vec<_>>(),
            "leaves": parts.iter().map(|part| json!({ "index": part.entry.index, "type": part.leaf.event.as_str() })).collect::<Vec<_>>(),
        }))
    }

    fn part(&self, part: &Part) -> Result<Value, Problem> {
        let (leaf, entry) = (&part.leaf, &part.entry);
        let upstream = matches!(
            leaf.event,
            EventType::CallIntent | EventType::CallDenied | EventType::ApprovalRequested
        );
        let recorded = self.gateway.ledger.recorded(&self.gateway.db, entry.place, leaf);
        let (body, receipts, absence) = match recorded {
            Ok(Some(recorded)) => (Some(recorded.message), recorded.receipts, None),
            Ok(None) => (None, Vec::new(), None),
            Err(error) => {
                let seal = self.gateway.ledger.row_seal();
                let absence = Absence::of(&self.gateway.db, &seal, (entry.place, leaf), error)?;
                (None, Vec::new(), Some(absence))
            }
        };
        let as_hashed: Value = serde_json::from_slice(&entry.leaf).unwrap_or(Value::Null);
        Ok(json!({
            "index": entry.index,
            "type": leaf.event.as_str(),
            "at": time(entry.ts),
            "direction": if upstream { "to_upstream" } else { "to_caller" },
            "leaf": as_hashed,
            "hash": leaf_hash(&entry.leaf).to_string(),
            "body": body,
            "body_missing": absence.as_ref().map(Absence::word),
            "body_missing_because": absence.as_ref().map(ToString::to_string),
            "erased_by": absence.as_ref().map(Absence::erased_by),
            "receipts": receipts,
        }))
    }

    /// What a call is about. A name that no list of the server ever named stands in the erasable context only.
    fn target(&self, leaf: &Leaf) -> Result<Value, Problem> {
        let mut target = json!(leaf.target);
        if target.is_object() && target["name"].is_null() {
            let personal = leaf.context.map(|commitment| self.personal(commitment)).transpose()?.flatten();
            target["name"] = personal.map_or(Value::Null, |personal| personal["target"].clone());
        }
        Ok(target)
    }

    /// Who a leaf is about: the pseudonym always, the name unless it was erased.
    fn person(&self, leaf: Option<&Leaf>) -> Result<Value, Problem> {
        let Some(leaf) = leaf else { return Ok(Value::Null) };
        let personal = match leaf.context {
            None => None,
            Some(commitment) => self.personal(commitment)?,
        };
        let text = |name: &str| personal.as_ref().and_then(|personal| personal[name].as_str());
        let id = text("issuer").zip(text("subject")).map(|(issuer, subject)| format!("{issuer}/{subject}"));
        let actor = leaf.actor.as_ref();
        let owner = personal.as_ref().map(|personal| &personal["owner"]);
        let owner = owner.and_then(|owner| serde_json::from_value::<Somebody>(owner.clone()).ok());
        Ok(json!({
            "id": id.filter(|id| id != "/"),
            "owner": owner.map(|owner| owner.to_string()),
            "name": text("name"),
            "kind": actor.map(|actor| json!(actor.kind)),
            "pseudonym": actor.and_then(|actor| actor.id.as_deref()),
        }))
    }

    fn personal(&self, commitment: Hash) -> Result<Option<Value>, Problem> {
        if let Some(known) = self.known.borrow().get(&commitment) {
            return Ok(known.clone());
        }
        let found = match self.gateway.ledger.personal(&self.gateway.db, commitment) {
            Ok(found) => found,
            Err(VaultError::Store(error)) => return Err(error.into()),
            Err(_) => None,
        };
        self.known.borrow_mut().insert(commitment, found.clone());
        Ok(found)
    }
}

/// The leaves of one call as the log has them.
fn ordered(mut parts: Vec<Part>) -> Result<Vec<Part>, Problem> {
    if parts.is_empty() {
        return Err(Problem::unknown("there is no such call"));
    }
    parts.sort_by_key(|Part { entry, .. }| (entry.index.is_none(), entry.index, entry.place));
    Ok(parts)
}

fn decode(leaf: &[u8]) -> Result<Leaf, Problem> {
    Leaf::decode(leaf).map_err(|error| {
        tracing::error!(%error, "a stored leaf is not one");
        Problem::of(Refusal::Internal)
    })
}
