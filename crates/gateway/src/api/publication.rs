//! Publishing policies: proposals, the consent of a second person, and what is put in force.

use evidence::merkle::Hash;
use serde_json::{Value, json};
use uuid::Uuid;

use super::problem::Problem;
use super::{Asked, caller, hex, policy, time};
use crate::config::Consent;
use crate::policy::Duty;
use crate::publication::{NotPublished, Proposed};

/// `GET /api/v1/policies/proposals`.
pub(super) async fn list(asked: Asked) -> Result<Value, Problem> {
    let publishing = match asked.gateway.publications.consent() {
        None => "off",
        Some(Consent::None) => "alone",
        Some(Consent::SecondPerson) => "second_person",
    };
    let proposals = match asked.gateway.publications.consent() {
        None => Vec::new(),
        Some(_) => asked.gateway.publications.proposals().await?,
    };
    let may = asked.permits(Duty::PublishPolicies, &asked.gateway.policies.current()).is_ok();
    let shown = proposals.iter().map(|proposed| shown(&asked, proposed, may));
    Ok(json!({ "publishing": publishing, "proposals": shown.collect::<Vec<_>>() }))
}

/// `POST /api/v1/policies/propose`, with files as for `check`.
pub(super) async fn propose(asked: Asked) -> Result<Value, Problem> {
    let (gateway, who) = (&asked.gateway, &asked.caller.principal);
    let proposed = match policy::files(&asked.body) {
        Ok(files) => gateway.publications.propose(&gateway.policies, who, files).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match proposed {
        Ok(id) => {
            let proposed = gateway.publications.proposal(id).await?;
            Ok(shown(&asked, &proposed, true))
        }
        Err(problem) => Err(refused(&asked, problem, "policies/propose").await),
    }
}

/// `POST /api/v1/policies/publish`, with `{"proposal": "...", "set": "..."}`: the set that was looked at.
pub(super) async fn publish(asked: Asked) -> Result<Value, Problem> {
    let set = asked.body["set"].as_str().and_then(|set| set.parse::<Hash>().ok());
    let published = match (proposal(&asked), set) {
        (Ok(id), Some(set)) => {
            let (gateway, who) = (&asked.gateway, &asked.caller.principal);
            let permits = |set: &crate::policy::PolicySet| asked.permits(Duty::PublishPolicies, set).is_ok();
            let published = gateway.publications.publish(&gateway.policies, who, id, set, permits).await;
            published.map_err(Problem::from)
        }
        (Err(problem), _) => Err(problem),
        (_, None) => Err(Problem::request("the body is `{\"proposal\": \"...\", \"set\": \"...\"}`")),
    };
    match published {
        Ok(()) => policy::show(asked).await,
        Err(problem) => Err(refused(&asked, problem, "policies/publish").await),
    }
}

/// `POST /api/v1/policies/withdraw`, with `{"proposal": "..."}`.
pub(super) async fn withdraw(asked: Asked) -> Result<Value, Problem> {
    let withdrawn = match proposal(&asked) {
        Ok(id) => {
            let who = &asked.caller.principal;
            asked.gateway.publications.withdraw(&asked.gateway.policies, who, id).await.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    match withdrawn {
        Ok(()) => list(asked).await,
        Err(problem) => Err(refused(&asked, problem, "policies/withdraw").await),
    }
}

fn proposal(asked: &Asked) -> Result<Uuid, Problem> {
    let id = asked.body["proposal"].as_str().and_then(|id| id.parse().ok());
    id.ok_or_else(|| Problem::request("the body names a `proposal`"))
}

/// Whatever was tried and refused is on record.
async fn refused(asked: &Asked, problem: Problem, method: &'static str) -> Problem {
    if problem.status.is_client_error() {
        return caller::record(&asked.gateway, asked.call, &asked.caller, problem, method, None).await;
    }
    problem
}

fn shown(asked: &Asked, proposed: &Proposed, may: bool) -> Value {
    let (gateway, row) = (&asked.gateway, &proposed.row);
    let who = &asked.caller.principal;
    let obstacle = gateway.publications.obstacle(&gateway.policies, who, proposed);
    let files = proposed.files.iter().map(|file| json!({ "name": file.file, "text": file.text }));
    json!({
        "id": Uuid::from_bytes(row.id),
        "set": hex(row.policy_set),
        "base": hex(row.base),
        "proposed": time(row.created),
        "by": { "id": format!("{}/{}", proposed.who.party.issuer, proposed.who.party.subject), "name": proposed.who.name },
        "own": row.person == who.party.digest(),
        "files": files.collect::<Vec<_>>(),
        "stale": matches!(obstacle, Some(NotPublished::Stale)),
        "may_publish": may && obstacle.is_none(),
        "may_not_publish_because": obstacle.map(|obstacle| obstacle.to_string()),
    })
}
