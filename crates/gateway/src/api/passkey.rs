//! Passkeys: those of whoever is signed in, and what they sign.

use evidence::passkey;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::problem::Problem;
use super::{Asked, approval, caller, time};
use crate::sign_in::{NoPasskey, Registration, Visit};

/// `GET /api/v1/passkeys`.
pub(super) async fn list(asked: Asked) -> Result<Value, Problem> {
    shown(&asked).await
}

/// `POST /api/v1/passkeys/options`.
pub(super) async fn offer(asked: Asked) -> Result<Value, Problem> {
    let offered = match visit(&asked) {
        Ok(visit) => asked.gateway.sign_ins.offer(visit).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match offered {
        Ok(options) => Ok(json!({ "publicKey": options })),
        Err(problem) => Err(refused(&asked, problem, "passkeys/options").await),
    }
}

/// `POST /api/v1/passkeys`.
pub(super) async fn register(asked: Asked) -> Result<Value, Problem> {
    let registered = match (visit(&asked), body::<Registration>(&asked)) {
        (Ok(visit), Ok(made)) => {
            let gateway = &asked.gateway;
            gateway.sign_ins.register(&gateway.ledger, visit, &made).await.map_err(Problem::from)
        }
        (Err(problem), _) | (_, Err(problem)) => Err(problem),
    };
    match registered {
        Ok(()) => shown(&asked).await,
        Err(problem) => Err(refused(&asked, problem, "passkeys/register").await),
    }
}

/// `POST /api/v1/passkeys/remove`, with `{"id": "..."}`.
pub(super) async fn remove(asked: Asked) -> Result<Value, Problem> {
    let id = asked.body["id"].as_str().ok_or_else(|| Problem::request("the body is `{\"id\": \"...\"}`"));
    let removed = match (visit(&asked), id) {
        (Ok(visit), Ok(id)) => {
            let gateway = &asked.gateway;
            let removed = gateway.sign_ins.give_up(&gateway.ledger, &visit.principal, id).await;
            removed.map_err(Problem::from)
        }
        (Err(problem), _) | (_, Err(problem)) => Err(problem),
    };
    match removed {
        Ok(()) => shown(&asked).await,
        Err(problem) => Err(refused(&asked, problem, "passkeys/remove").await),
    }
}

/// `GET /api/v1/approvals/{id}/challenge`: what a passkey signs to approve.
pub(super) async fn challenge(asked: Asked) -> Result<Value, Problem> {
    let set = asked.gateway.policies.current();
    let record = match approval::find(&asked, &set).await {
        Ok(record) => record,
        Err(refused) => {
            let (gateway, caller) = (&asked.gateway, &asked.caller);
            return Err(approval::record_refusal(
                gateway,
                asked.call,
                caller,
                refused,
                "approvals/challenge",
            )
            .await);
        }
    };
    let party = asked.gateway.sign_ins.relying_party().ok_or(NoPasskey::Nowhere)?;
    let passkeys = asked.gateway.approvals.passkeys(&asked.caller).await?;
    let allowed =
        passkeys.iter().map(|known| json!({ "type": "public-key", "id": passkey::encode(&known.id) }));
    Ok(json!({
        "publicKey": {
            "challenge": passkey::encode(&record.row.binding),
            "rpId": party.id,
            "allowCredentials": allowed.collect::<Vec<_>>(),
            "userVerification": "required",
        },
    }))
}

/// Passkeys are registered in the page alone: what a program may do with a token, whoever steals the token may do.
fn visit(asked: &Asked) -> Result<&Visit, Problem> {
    asked.visit.as_ref().ok_or_else(Problem::console_only)
}

async fn refused(asked: &Asked, problem: Problem, method: &'static str) -> Problem {
    if problem.status.is_client_error() {
        return caller::record(&asked.gateway, asked.call, &asked.caller, problem, method, None).await;
    }
    problem
}

async fn shown(asked: &Asked) -> Result<Value, Problem> {
    let who = &asked.caller.principal.party;
    let passkeys = asked.gateway.sign_ins.passkeys(who).await?;
    let passkeys = passkeys.into_iter().map(|known| {
        json!({
            "id": known.id,
            "name": known.name,
            "created": time(known.created),
            "last_used": known.used.map(time),
        })
    });
    let available = asked.gateway.sign_ins.relying_party().is_some();
    Ok(json!({ "available": available, "passkeys": passkeys.collect::<Vec<_>>() }))
}

fn body<T: DeserializeOwned>(asked: &Asked) -> Result<T, Problem> {
    serde_json::from_value(asked.body.clone())
        .map_err(|error| Problem::request(format!("the body is not what a browser makes: {error}")))
}
