//! Held calls: list, show, approve, reject.

use serde_json::{Value, json};
use uuid::Uuid;

use super::problem::Problem;
use super::{Asked, caller, hex, time};
use crate::approval::{Approver, Ballot, NotDecided, Record, Signature, clean, party_label, shown};
use crate::exchange::Gateway;
use crate::limits;
use crate::model::{Identity, Party};
use crate::policy::{Duty, PolicySet};
use crate::store::approval::{Position, Ruined, Which};
use crate::store::call::{self, Found, Wanted};

/// `GET /api/v1/approvals?state=live|all&before=<next>&limit=<count>`.
pub(super) async fn list(asked: Asked) -> Result<Value, Problem> {
    let (mut which, mut before, mut limit) = (Which::Live, None, limits::APPROVALS_LISTED_MAX);
    for (name, value) in &asked.query {
        match (name.as_str(), value.as_str()) {
            ("state", "live") => which = Which::Live,
            ("state", "all") => which = Which::Every,
            ("before", next) => before = Some(position(next)?),
            ("limit", count) => {
                let count: u32 = count.parse().map_err(|_| Problem::request("`limit` is not a number"))?;
                limit = count.clamp(1, limits::APPROVALS_LISTED_MAX);
            }
            _ => return Err(Problem::request("know `state=live`, `state=all`, `before` and `limit` only")),
        }
    }
    let set = asked.gateway.policies.current();
    let (mut visible, mut ruined): (Vec<Record>, Vec<Ruined>) = (Vec::new(), Vec::new());
    for _ in 0..limits::APPROVAL_PAGES_LOOKED_AT_MAX {
        let page = asked.gateway.approvals.list(which, before, limit).await?;
        ruined.extend(page.ruined);
        visible.extend(
            page.records.into_iter().filter(|record| record.allow(asked.duty(), &set, &asked.caller).is_ok()),
        );
        before = match page.next {
            Some(next) if visible.len() < limit as usize => Some(next),
            _ => break,
        };
    }
    visible.truncate(limit as usize);
    // Where a page ends must not tell of an approval that the caller may not see.
    let next = if visible.len() == limit as usize { visible.last() } else { None };
    let next = next.map(|last| cursor(&last.row.position()));
    let approvals: Vec<Value> = visible.iter().map(|record| summary(record, &set, &asked)).collect();
    // Who may see one that cannot be read cannot be told: it is named by its id alone, which says nothing of the call.
    ruined.truncate(limit as usize);
    let unreadable: Vec<Option<Uuid>> = ruined.iter().map(|row| row.id.map(Uuid::from_bytes)).collect();
    Ok(json!({ "approvals": approvals, "unreadable": unreadable, "next": next }))
}

/// Where an approval stands in the list, as `before` takes it.
fn cursor(position: &Position) -> String {
    // Only one that can be read is shown, and its id is one.
    let id = Uuid::from_slice(&position.id).unwrap_or_default();
    format!("{}.{id}", position.requested)
}

fn position(cursor: &str) -> Result<Position, Problem> {
    let read = || {
        let (requested, id) = cursor.split_once('.')?;
        Some(Position {
            requested: requested.parse().ok()?,
            id: Uuid::try_parse(id).ok()?.into_bytes().to_vec(),
        })
    };
    read().ok_or_else(|| Problem::request("`before` is not a `next` of this list"))
}

/// `GET /api/v1/deliveries`: about approvals that the caller may see. Of one that cannot be read nobody may.
pub(super) async fn deliveries(asked: Asked) -> Result<Value, Problem> {
    let set = asked.gateway.policies.current();
    let mut visible = Vec::new();
    for delivery in asked.gateway.approvals.outstanding().await? {
        let record = match asked.gateway.approvals.find(Uuid::from_bytes(delivery.approval)).await {
            Err(fault) if fault.is_of_the_row() => None,
            found => found?,
        };
        if record.is_some_and(|record| record.allow(asked.duty(), &set, &asked.caller).is_ok()) {
            visible.push(json!({
                "id": Uuid::from_bytes(delivery.id),
                "webhook": delivery.sink,
                "approval": Uuid::from_bytes(delivery.approval),
                "event": delivery.event,
                "at": time(delivery.ts),
                "attempts": delivery.attempts,
                "next": if delivery.dead.is_none() { Some(time(delivery.due)) } else { None },
                "given_up": delivery.dead.map(time),
                "fault": delivery.fault,
            }));
        }
    }
    Ok(json!({ "deliveries": visible }))
}

/// `GET /api/v1/approvals/{id}`.
pub(super) async fn show(asked: Asked) -> Result<Value, Problem> {
    let set = asked.gateway.policies.current();
    Ok(whole(&find(&asked, &set).await?, &set, &asked))
}

/// `GET /api/v1/approvals/{id}/history`: what its caller and its target did before, as far back as one look goes.
pub(super) async fn history(asked: Asked) -> Result<Value, Problem> {
    let set = asked.gateway.policies.current();
    let record = find(&asked, &set).await?;
    let (gateway, row) = (&asked.gateway, &record.row);
    let who = &record.content.who.party;
    let who = Party { issuer: who.issuer.clone(), subject: who.subject.clone() };
    let by_caller = Wanted { actor: Some(gateway.ledger.actor(&who)), ..Wanted::default() };
    let target = record.content.target.as_ref().map(|(_, name)| name.clone());
    let of_target = Wanted { server: Some(row.server.clone()), target, ..Wanted::default() };
    let read = gateway.db.read("history", move |read| {
        let looks = limits::CALLS_LOOKED_AT_MAX;
        Ok((call::page(read, &by_caller, looks, looks)?, call::page(read, &of_target, looks, looks)?))
    });
    let (by_caller, of_target) = read.await?;
    let earlier =
        gateway.approvals.list(Which::Every, Some(row.position()), limits::APPROVALS_LISTED_MAX).await?;
    let alike = earlier.records.iter().filter(|other| {
        other.row.server == row.server
            && other.content.target == record.content.target
            && other.allow(Duty::View, &set, &asked.caller).is_ok()
    });
    let alike = alike.take(limits::API_PAGE as usize).map(|other| {
        json!({
            "id": Uuid::from_bytes(other.row.id),
            "state": other.row.state.as_str(),
            "requested": time(other.row.requested),
            "requester": identity(&other.content.who),
        })
    });
    let approvals: Vec<Value> = alike.collect();
    Ok(json!({ "caller": before(&by_caller), "target": before(&of_target), "approvals": approvals }))
}

fn before(found: &Found) -> Value {
    json!({
        "calls": found.heads.len(),
        "denied": found.heads.iter().filter(|head| head.is_denied()).count(),
        "last": found.heads.first().map(|head| time(head.ts)),
        "more": found.next.is_some(),
    })
}

/// `POST /api/v1/approvals/{id}/approve`, with `{"reason": "...", "passkey": {...}}`, either or nothing.
pub(super) async fn approve(mut asked: Asked) -> Result<Value, Problem> {
    let passkey = asked.body.as_object_mut().and_then(|members| members.remove("passkey"));
    let ballot =
        Ballot::Approve { passkey: passkey.map(signature).transpose()?, reason: reason(&asked.body)? };
    decide(asked, ballot, "approvals/approve").await
}

/// `POST /api/v1/approvals/{id}/reject`, with `{"reason": "..."}`.
pub(super) async fn reject(asked: Asked) -> Result<Value, Problem> {
    let ballot = Ballot::Reject { reason: reason(&asked.body)?.unwrap_or_default() };
    decide(asked, ballot, "approvals/reject").await
}

async fn decide(asked: Asked, ballot: Ballot, method: &'static str) -> Result<Value, Problem> {
    let set = asked.gateway.policies.current();
    let decided = match find(&asked, &set).await {
        Ok(record) => {
            let id = Uuid::from_bytes(record.row.id);
            asked.gateway.approvals.decide(&set, id, &asked.caller, &ballot).await
        }
        Err(refused) => Err(refused),
    };
    match decided {
        Ok(_state) => Ok(whole(&find(&asked, &set).await?, &set, &asked)),
        Err(refused) => Err(record_refusal(&asked.gateway, asked.call, &asked.caller, refused, method).await),
    }
}

/// What was tried and refused is on record too: somebody may be trying to approve their own call.
pub(super) async fn record_refusal(
    gateway: &Gateway,
    call: Uuid,
    approver: &Approver,
    refused: NotDecided,
    method: &'static str,
) -> Problem {
    caller::record(gateway, call, approver, Problem::from(refused), method, None).await
}

/// The approval that the path names, if policy permits the caller what the endpoint is for.
pub(super) async fn find(asked: &Asked, set: &PolicySet) -> Result<Record, NotDecided> {
    let id = asked.path.first().and_then(|id| id.parse().ok()).ok_or(NotDecided::Unknown)?;
    let record = asked.gateway.approvals.find(id).await?.ok_or(NotDecided::Unknown)?;
    record.allow(asked.duty(), set, &asked.caller)?;
    Ok(record)
}

fn reason(body: &Value) -> Result<Option<String>, Problem> {
    let malformed = || Problem::request("the body is `{\"reason\": \"...\"}`, or nothing");
    match body {
        Value::Null => Ok(None),
        Value::Object(members) if members.keys().all(|name| name == "reason") => {
            match members.get("reason") {
                None => Ok(None),
                Some(Value::String(reason)) => Ok(Some(reason.clone())),
                Some(_) => Err(malformed()),
            }
        }
        _ => Err(malformed()),
    }
}

fn signature(passkey: Value) -> Result<Signature, Problem> {
    serde_json::from_value(passkey).map_err(|_| {
        Problem::request("`passkey` is `id`, `clientDataJSON`, `authenticatorData` and `signature`, as texts")
    })
}

fn whole(record: &Record, set: &PolicySet, asked: &Asked) -> Value {
    let mut whole = summary(record, set, asked);
    whole["call"] = json!(shown(&record.content));
    whole["statement"] = json!(record.statement);
    whole["votes"] = record
        .votes
        .iter()
        .map(|(vote, said)| {
            json!({
                "verdict": vote.verdict.as_str(),
                "at": time(vote.ts),
                "who": identity(&said.who),
                "reason": said.reason.as_deref().map(clean),
                "passkey": said.passkey.is_some(),
            })
        })
        .collect();
    whole
}

fn summary(record: &Record, set: &PolicySet, asked: &Asked) -> Value {
    let (row, content) = (&record.row, &record.content);
    let admitted = record.admit(set, &asked.caller);
    json!({
        "id": Uuid::from_bytes(row.id),
        "state": row.state.as_str(),
        "server": row.server,
        "method": clean(&content.method),
        "target": content.target.as_ref().map(|(kind, name)| json!({ "kind": kind, "name": clean(name) })),
        "requester": identity(&content.who),
        "requested": time(row.requested),
        "decide_by": time(row.decide_by),
        "use_by": row.use_by.map(time),
        "ended": row.ended.map(time),
        "ended_because": row.reason,
        "terms": record.content.terms,
        "approved_by": record.votes.iter().filter(|(vote, _)| vote.verdict.as_str() == "approve").count(),
        "policies": content.policies,
        "policy_set": hex(row.policy_set),
        "definition": row.definition.map(hex),
        "binding": hex(row.binding),
        "may_decide": admitted.is_ok(),
        "may_not_decide_because": admitted.err().map(|reason| reason.to_string()),
    })
}

fn identity(who: &Identity) -> Value {
    json!({
        "kind": who.kind,
        "id": party_label(&who.party.issuer, &who.party.subject),
        "name": who.name.as_deref().map(clean),
        "email": who.email.as_deref().map(clean),
        "client": who.client.as_deref().map(clean),
        "owner": who.owner.as_ref().map(|owner| party_label(&owner.issuer, &owner.subject)),
        "actors": who.actors.iter().map(|actor| party_label(&actor.issuer, &actor.subject)).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_lead_back_to_their_place_and_nothing_else_is_one() {
        let last = Position { requested: 12, id: vec![7; 16] };
        assert_eq!(position(&cursor(&last)).ok(), Some(last));
        for wrong in ["", "12", "12.", "x.07070707-0707-0707-0707-070707070707", "2026-07-28T00:00:00Z"] {
            assert!(position(wrong).is_err(), "{wrong}");
        }
    }
}
