//! Calls and sessions: who called what, when, what was decided, and what was said.

mod view;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::problem::Problem;
use super::session::ending;
use super::{Asked, time};
use crate::limits;
use crate::model::{Party, TargetKind};
use crate::store::call::{self, Wanted};
use crate::store::entry::Place;
use crate::store::session::{self, Session};
use crate::store::{self, Db};
use view::Viewer;

/// `GET /api/v1/calls`.
pub(super) async fn list(asked: Asked) -> Result<Value, Problem> {
    let (wanted, limit) = (wanted(&asked)?, asked.limit()?);
    let wanted = Wanted { before: asked.query("before").map(position).transpose()?, ..wanted };
    blocking(asked, move |asked, db| {
        let found =
            db.read_now("calls", |read| call::page(read, &wanted, limit, limits::CALLS_LOOKED_AT_MAX))?;
        let calls: Vec<_> = found.heads.iter().map(|head| head.call).collect();
        Ok(json!({
            "calls": Viewer::new(&asked.gateway).summaries(&calls)?,
            "next": found.next.map(cursor),
            "searched_to": found.next.map(|(ts, _)| time(ts)),
        }))
    })
    .await
}

/// `GET /api/v1/calls/{id}`.
pub(super) async fn show(asked: Asked) -> Result<Value, Problem> {
    let id = place(&asked)?;
    blocking(asked, move |asked, _| Viewer::new(&asked.gateway).whole(id.as_bytes())).await
}

/// `GET /api/v1/sessions`.
pub(super) async fn sessions(asked: Asked) -> Result<Value, Problem> {
    let (wanted, limit) = (wanted(&asked)?, asked.limit()?);
    if wanted.is_about_calls() {
        let wanted = Wanted { before: asked.query("before").map(position).transpose()?, ..wanted };
        return matching(asked, wanted, limit).await;
    }
    let before = asked.query("before").map(begun).transpose()?;
    let filter = session::Filter { actor: wanted.actor, from: wanted.from, until: wanted.until, before };
    blocking(asked, move |asked, db| {
        let found = db.read_now("sessions", |read| session::page(read, &filter, limit))?;
        let next = found.last().filter(|_| found.len() == limit as usize);
        let next = next.map(|last| format!("{}.{}", last.ts, Uuid::from_bytes(last.id).simple()));
        let sessions = Viewer::new(&asked.gateway).sessions(&found, &BTreeMap::new())?;
        Ok(json!({ "sessions": sessions, "next": next, "searched_to": null }))
    })
    .await
}

/// Sessions that hold a call that matches, by their latest.
async fn matching(asked: Asked, wanted: Wanted, limit: u32) -> Result<Value, Problem> {
    blocking(asked, move |asked, db| {
        let read = |read: &mut store::Read<'_>| {
            let found = call::sessions(read, &wanted, limit, limits::CALLS_LOOKED_AT_MAX)?;
            let order: Vec<[u8; 16]> = found.matched.iter().map(|(id, _)| *id).collect();
            let mut sessions = session::of(read, &order)?;
            sessions.sort_by_key(|session| order.iter().position(|id| *id == session.id));
            Ok((sessions, found))
        };
        let (sessions, found) = db.read_now("sessions", read)?;
        let matched = found.matched.into_iter().collect();
        let sessions = Viewer::new(&asked.gateway).sessions(&sessions, &matched)?;
        let searched = found.next.map(|(ts, _)| time(ts));
        Ok(json!({ "sessions": sessions, "next": found.next.map(cursor), "searched_to": searched }))
    })
    .await
}

/// `GET /api/v1/sessions/{id}`: its calls, the first one first.
pub(super) async fn session(asked: Asked) -> Result<Value, Problem> {
    let (id, limit) = (place(&asked)?, asked.limit()?);
    let after = asked.query("after").map(position).transpose()?;
    blocking(asked, move |asked, db| {
        let id = id.into_bytes();
        let found = known(db, id)?;
        let calls = db.read_now("calls of a session", |read| session::calls(read, &id, after, limit))?;
        let next = calls
            .last()
            .filter(|_| calls.len() == limit as usize)
            .map(|(ts, place, _)| cursor((*ts, *place)));
        let viewer = Viewer::new(&asked.gateway);
        let calls: Vec<_> = calls.iter().map(|(.., call)| *call).collect();
        let calls = viewer.summaries(&calls)?;
        let mut session = viewer.sessions(&[found], &BTreeMap::new())?.pop().unwrap_or_default();
        if !session["ended"].is_null() {
            session["ending"] = ending(asked, id)?;
        }
        Ok(json!({ "session": session, "calls": calls, "next": next }))
    })
    .await
}

/// Reads on a thread that may wait for the database.
async fn blocking(
    asked: Asked,
    read: impl FnOnce(&Asked, &Db) -> Result<Value, Problem> + Send + 'static,
) -> Result<Value, Problem> {
    let read = tokio::task::spawn_blocking(move || read(&asked, &asked.gateway.db));
    read.await.unwrap_or_else(|_| Err(Problem::of(crate::refusal::Refusal::Internal)))
}

fn place(asked: &Asked) -> Result<Uuid, Problem> {
    let id = asked.path.first().and_then(|id| id.parse().ok());
    id.ok_or_else(|| Problem::unknown("the path holds no id"))
}

fn wanted(asked: &Asked) -> Result<Wanted, Problem> {
    let text = |name: &str| asked.query(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let instant = |name: &str| {
        let parsed = text(name).map(|value| value.parse::<jiff::Timestamp>());
        parsed
            .transpose()
            .map(|moment| moment.map(jiff::Timestamp::as_microsecond))
            .map_err(|_| Problem::request(format!("`{name}` is not an RFC 3339 time")))
    };
    let word = text("text").map(|text| {
        let mut words = store::word::words(&text);
        if words.len() == 1 { words.pop() } else { None }.ok_or_else(|| {
            Problem::request(
                "`text` is one word: letters, digits, `_`, `.`, `-`; combine it with other filters",
            )
        })
    });
    let session = text("session").map(|id| id.parse::<Uuid>()).transpose();
    let (effect, status) = (text("decision"), text("status"));
    // What is rare among calls is kept as a word of its own, see `follower`.
    let rare = [status.as_ref().filter(|status| *status != "ok"), effect.as_ref().filter(|e| *e == "hold")];
    let rare = rare.into_iter().flatten().map(|rare| format!("={rare}"));
    let done_for = text("for").map(|person| actor(asked, &person)).transpose()?;
    let rare: Vec<String> = rare.chain(done_for.map(|person| store::word::done_for(&person))).collect();
    Ok(Wanted {
        session: session.map_err(|_| Problem::request("`session` is not an id"))?.map(Uuid::into_bytes),
        actor: text("person").map(|person| actor(asked, &person)).transpose()?,
        server: text("server"),
        target: text("tool").map(|name| target(asked, text("server"), name)),
        effect,
        status,
        words: word.transpose()?.into_iter().chain(rare).collect(),
        from: instant("from")?,
        until: instant("to")?,
        before: None,
    })
}

/// The pseudonym meant: one, or `issuer/subject`.
fn actor(asked: &Asked, person: &str) -> Result<String, Problem> {
    if person.len() == 32 && person.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(person.to_ascii_lowercase());
    }
    let (issuer, subject) = person
        .split_once('/')
        .ok_or_else(|| Problem::request("a person is neither `issuer/subject` nor a pseudonym"))?;
    Ok(asked.gateway.ledger.actor(&Party { issuer: issuer.to_owned(), subject: subject.to_owned() }))
}

/// What stands in leaves for a name: itself, or what hides it, because no list of the server ever named it.
fn target(asked: &Asked, server: Option<String>, name: String) -> String {
    let gateway = &asked.gateway;
    let kinds = [TargetKind::Tool, TargetKind::Prompt, TargetKind::Resource];
    let listed = |server: &str| kinds.iter().any(|kind| gateway.catalog.find(server, *kind, &name).is_some());
    let only = || gateway.servers.keys().next().filter(|_| gateway.servers.len() == 1).cloned();
    match server.or_else(only) {
        Some(server) if !listed(&server) => gateway.ledger.unlisted(&server, TargetKind::Tool, &name),
        _ => name,
    }
}

/// The session that an id names.
pub(super) fn known(db: &Db, id: [u8; 16]) -> Result<Session, Problem> {
    let found = db.read_now("session", |read| session::of(read, &[id]))?.pop();
    found.ok_or_else(|| Problem::unknown("there is no such session"))
}

/// Where a page of sessions goes on: after this one.
fn begun(cursor: &str) -> Result<(i64, [u8; 16]), Problem> {
    let parts = cursor.split_once('.');
    let read = parts.and_then(|(ts, id)| Some((ts.parse().ok()?, Uuid::try_parse(id).ok()?.into_bytes())));
    read.ok_or_else(|| Problem::request("the cursor is no `next` of this list"))
}

fn cursor((ts, place): (i64, Place)) -> String {
    format!("{ts}.{}.{}", place.lane(), place.sequence())
}

fn position(cursor: &str) -> Result<(i64, Place), Problem> {
    let mut parts = cursor.split('.');
    let mut number = || parts.next().and_then(|part| part.parse::<i64>().ok());
    let read = (number(), number(), number());
    let (Some(ts), Some(lane), Some(sequence)) = read else {
        return Err(Problem::request("the cursor is no `next` of this list"));
    };
    let bounded = |value: i64, bits: u32| u64::try_from(value).ok().filter(|value| *value < 1 << bits);
    let place = bounded(lane, 22).zip(bounded(sequence, 40)).map(|(lane, sequence)| {
        // Cannot fail: it was bounded just now.
        Place::new(u32::try_from(lane).unwrap_or_default(), sequence)
    });
    Ok((ts, place.ok_or_else(|| Problem::request("the cursor is no `next` of this list"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_lead_back_to_their_place_and_nothing_else_is_one() {
        let place = Place::new(7, 99);
        assert_eq!(position(&cursor((12, place))).ok(), Some((12, place)));
        for wrong in ["", "1", "1.2", "a.b.c", "1.-2.3", "1.4194304.0", "1.0.1099511627776"] {
            assert!(position(wrong).is_err(), "{wrong}");
        }
    }
}
