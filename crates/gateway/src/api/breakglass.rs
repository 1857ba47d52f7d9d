//! Break-glass: held calls of named people go ahead for a while, once two administrators said so.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::problem::Problem;
use super::{Asked, caller, time};
use crate::approval::{Emergency, NotBroken, Wish, clean, party_label};
use crate::model::{Identity, Party};
use crate::store::breakglass::{Entry, State, Window};

const SHAPE: &str = "the body is `{\"reason\": \"...\", \"servers\": [\"...\"], \"tools\": [\"...\"], \
                     \"people\": [\"issuer/subject\"], \"seconds\": 900}`";

/// `GET /api/v1/breakglass`.
pub(super) async fn list(asked: Asked) -> Result<Value, Problem> {
    let now = asked.gateway.clock.now();
    let windows = asked.gateway.approvals.breakglasses().await?;
    let windows = windows.iter().map(|(window, content)| shown(window, content, now));
    Ok(json!({ "windows": windows.collect::<Vec<_>>() }))
}

/// `POST /api/v1/breakglass`.
pub(super) async fn propose(asked: Asked) -> Result<Value, Problem> {
    let proposed = match wish(&asked) {
        Ok(wish) => {
            asked.gateway.approvals.propose_breakglass(&asked.caller, wish).await.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    match proposed {
        Ok(id) => one(&asked, id).await,
        Err(problem) => Err(refused(&asked, problem, "breakglass/propose").await),
    }
}

/// `POST /api/v1/breakglass/{id}/confirm`.
pub(super) async fn confirm(asked: Asked) -> Result<Value, Problem> {
    let id = named(&asked)?;
    match asked.gateway.approvals.confirm_breakglass(&asked.caller, id).await {
        Ok(()) => one(&asked, id).await,
        Err(error) => Err(refused(&asked, error.into(), "breakglass/confirm").await),
    }
}

/// `POST /api/v1/breakglass/{id}/end`.
pub(super) async fn end(asked: Asked) -> Result<Value, Problem> {
    let id = named(&asked)?;
    match asked.gateway.approvals.end_breakglass(&asked.caller, id).await {
        Ok(()) => one(&asked, id).await,
        Err(error) => Err(refused(&asked, error.into(), "breakglass/end").await),
    }
}

/// What everybody who is signed in is told: that it is in force, where and until when.
pub(super) async fn in_force(asked: &Asked) -> Result<Vec<Value>, Problem> {
    if asked.gateway.approvals.broken_glass() == 0 {
        return Ok(Vec::new());
    }
    let windows = asked.gateway.approvals.glass_in_force().await?;
    let told = |window: &Window, content: &Emergency| {
        let until = window.entry.as_ref().map(|entry| time(entry.until));
        json!({ "id": Uuid::from_bytes(window.id), "servers": content.servers, "until": until })
    };
    Ok(windows.iter().map(|(window, content)| told(window, content)).collect())
}

async fn one(asked: &Asked, id: Uuid) -> Result<Value, Problem> {
    let found = asked.gateway.approvals.breakglass(id).await?;
    let (window, content) = found.ok_or_else(|| Problem::from(NotBroken::Unknown))?;
    Ok(shown(&window, &content, asked.gateway.clock.now()))
}

fn named(asked: &Asked) -> Result<Uuid, Problem> {
    let id = asked.path.first().and_then(|id| id.parse().ok());
    id.ok_or_else(|| NotBroken::Unknown.into())
}

fn wish(asked: &Asked) -> Result<Wish, Problem> {
    let body = &asked.body;
    let texts = |name: &str| -> Option<Vec<String>> {
        match &body[name] {
            Value::Null => Some(Vec::new()),
            value => value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect(),
        }
    };
    let party = |text: &String| {
        let (issuer, subject) = text.split_once('/')?;
        Some(Party { issuer: issuer.to_owned(), subject: subject.to_owned() })
    };
    let read = || {
        Some(Wish {
            reason: body["reason"].as_str()?.to_owned(),
            servers: texts("servers")?,
            tools: texts("tools")?,
            people: texts("people")?.iter().map(party).collect::<Option<_>>()?,
            seconds: body["seconds"].as_i64()?,
        })
    };
    let wish = read().ok_or_else(|| Problem::request(SHAPE))?;
    let known = |name: &&String| *name == "*" || asked.gateway.servers.contains_key(name.as_str());
    match wish.servers.iter().find(|name| !known(name)) {
        Some(unknown) => Err(Problem::request(format!("there is no server `{}`", clean(unknown)))),
        None => Ok(wish),
    }
}

/// A refused attempt is on record, too.
async fn refused(asked: &Asked, problem: Problem, what: &'static str) -> Problem {
    if problem.status.is_client_error() {
        return caller::record(&asked.gateway, asked.call, &asked.caller, problem, what, None).await;
    }
    problem
}

fn shown(window: &Window, content: &Emergency, now: Timestamp) -> Value {
    let overdue = |entry: &Entry| entry.until <= now.as_microsecond();
    let over = window.entry.as_ref().is_some_and(overdue);
    let person = |who: &Identity| party_label(&who.party.issuer, &who.party.subject);
    let people = content.people.iter().map(|who| party_label(&who.issuer, &who.subject));
    json!({
        "id": Uuid::from_bytes(window.id),
        "state": if over { State::Ended.as_str() } else { window.state.as_str() },
        "reason": clean(&content.reason),
        "servers": content.servers,
        "tools": content.tools.iter().map(|tool| clean(tool)).collect::<Vec<_>>(),
        "people": people.collect::<Vec<_>>(),
        "seconds": content.seconds,
        "proposed_by": person(&content.proposer),
        "proposed": time(window.proposed),
        "confirm_by": time(content.confirm_by),
        "confirmed_by": content.confirmer.as_ref().map(person),
        "entered": window.entry.as_ref().map(|entry| time(entry.from)),
        "until": window.entry.as_ref().map(|entry| time(entry.until)),
        "ended": window.ended.map(time),
        "ended_because": window.reason,
    })
}
