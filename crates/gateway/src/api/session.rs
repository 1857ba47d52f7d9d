//! Ending recording sessions, and what is shown of such an end.

use evidence::leaf::{EventType, Leaf};
use serde_json::{Value, json};
use uuid::Uuid;

use super::problem::Problem;
use super::{Asked, call, caller, time};
use crate::exchange::ending::NotEnded;
use crate::policy::Duty;
use crate::refusal::Refusal;
use crate::store::entry::{self, Filter};

/// `POST /api/v1/sessions/{id}/end`, with `{"reason": "..."}`.
pub(super) async fn end(asked: Asked) -> Result<Value, Problem> {
    let id = asked.path.first().and_then(|id| id.parse::<Uuid>().ok());
    let id = id.ok_or_else(|| Problem::unknown("there is no such session"))?;
    let (db, key) = (asked.gateway.db.clone(), id.into_bytes());
    let known = tokio::task::spawn_blocking(move || call::known(&db, key)).await;
    known.map_err(|_| Problem::of(Refusal::Internal))??;
    let Some(reason) = asked.body["reason"].as_str() else {
        return Err(Problem::request("the body is `{\"reason\": \"...\"}`"));
    };
    let gateway = &asked.gateway;
    let by = (&gateway.ledger, &*gateway.mask);
    match gateway.endings.end(by, &asked.caller.principal, id, reason).await {
        Ok(()) => Ok(json!({ "id": id, "ended": time(gateway.clock.now().as_microsecond()) })),
        Err(refused) => {
            let problem = Problem::from(refused);
            if !problem.status.is_client_error() {
                return Err(problem);
            }
            Err(caller::record(gateway, asked.call, &asked.caller, problem, "sessions/end", None).await)
        }
    }
}

/// Who ended a session, when, and for whom it is to read, why. `null`: nobody did.
pub(super) fn ending(asked: &Asked, id: [u8; 16]) -> Result<Value, Problem> {
    let gateway = &asked.gateway;
    let event = EventType::SessionEnded.as_str().to_owned();
    let filter = Filter { session: Some(id), event: Some(event), ..Filter::default() };
    let found = gateway.db.read_now("end of a session", |read| entry::page(read, &filter, 1))?;
    let Some(entry) = found.first() else { return Ok(Value::Null) };
    let leaf = Leaf::decode(&entry.leaf).map_err(|_| Problem::of(Refusal::Internal))?;
    let reads = asked.permits(Duty::ReadRecordings, &gateway.policies.current()).is_ok();
    // Erased with its day: then nobody can read it.
    let said =
        if reads { gateway.ledger.recorded(&gateway.db, entry.place, &leaf).ok().flatten() } else { None };
    let said = said.and_then(|said| serde_json::from_str::<Value>(&said.message).ok()).unwrap_or_default();
    Ok(json!({
        "at": time(entry.ts),
        "index": entry.index,
        "by": leaf.actor.as_ref().and_then(|actor| actor.id.as_deref()),
        "reason": said["reason"],
    }))
}

impl From<NotEnded> for Problem {
    fn from(refused: NotEnded) -> Self {
        let conflict = |code, refused: NotEnded| Self {
            status: http::StatusCode::CONFLICT,
            code,
            detail: refused.to_string(),
        };
        match refused {
            NotEnded::Already => conflict("ended", refused),
            NotEnded::Full => conflict("full", refused),
            NotEnded::Reason => Self::request(refused.to_string()),
            NotEnded::Store(error) => error.into(),
            NotEnded::Ledger(_) => Self::of(Refusal::LedgerUnavailable),
        }
    }
}
