//! Reviews of access: `/api/v1/reviews`.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::problem::Problem;
use super::{Asked, caller, time};
use crate::approval::{clean, party_label};
use crate::model::Party;
use crate::policy::Duty;
use crate::refusal::Refusal;
use crate::report::access::{Basis, People, Wanted, standing};
use crate::review::{
    self, Campaign, Decision, Listed, NotReviewed, Order, Review, Reviewer, Said, Verdicts, standing_word,
};

/// `GET /api/v1/reviews`.
pub(super) async fn list(asked: Asked) -> Result<Value, Problem> {
    let listed = tokio::task::spawn_blocking(move || {
        let reviews = review::list(&asked.gateway)?;
        // Who is who takes as long as there are people.
        if reviews.is_empty() {
            return Ok(Vec::new());
        }
        let people = Names::of(&review::basis(&asked.gateway)?, &asked);
        Ok::<_, NotReviewed>(reviews.iter().map(|campaign| summary(campaign, &people)).collect::<Vec<_>>())
    });
    let reviews = listed.await.map_err(|_| Problem::of(Refusal::Internal))??;
    Ok(json!({ "reviews": reviews }))
}

/// `GET /api/v1/reviews/{id}`.
pub(super) async fn show(asked: Asked) -> Result<Value, Problem> {
    let id = id(&asked)?;
    whole(Arc::new(asked), id).await
}

/// `POST /api/v1/reviews`, with `{"due": "...", "reviewers": ["group:...", "issuer/subject"], "people", "server", "group"}`.
pub(super) async fn start(asked: Asked) -> Result<Value, Problem> {
    let order = order(&asked)?;
    let who = asked.caller.principal.clone();
    let id = review::start(&asked.gateway, who, order).await?;
    whole(Arc::new(asked), id).await
}

/// `POST /api/v1/reviews/{id}/decide`, with `{"grants": [1, 2], "decision": "keep|revoke|change", "reason": "..."}`.
pub(super) async fn decide(asked: Asked) -> Result<Value, Problem> {
    let id = id(&asked)?;
    let numbers = asked.body["grants"].as_array().map(|grants| {
        grants.iter().map(|grant| grant.as_u64().and_then(|grant| u32::try_from(grant).ok())).collect()
    });
    let decision = asked.body["decision"].as_str().and_then(Decision::parse);
    let reason = asked.body["reason"].as_str().map(str::to_owned);
    let (Some(Some(grants)), Some(decision), Some(reason)) = (numbers, decision, reason) else {
        return Err(Problem::request(
            "the body is `{\"grants\": [1], \"decision\": \"keep\", \"reason\": \"...\"}`; a decision is `keep`, \
             `revoke` or `change`",
        ));
    };
    let verdicts = Verdicts { grants, decision, reason };
    let decided = review::decide(&asked.gateway, &asked.caller.principal, id, verdicts).await;
    if let Err(refused) = decided {
        return Err(refuse(&asked, refused).await);
    }
    whole(Arc::new(asked), id).await
}

/// `POST /api/v1/reviews/{id}/close`.
pub(super) async fn close(asked: Asked) -> Result<Value, Problem> {
    let id = id(&asked)?;
    let who = asked.caller.principal.clone();
    if let Err(refused) = review::close(&asked.gateway, Some(who), id).await {
        return Err(refuse(&asked, refused).await);
    }
    whole(Arc::new(asked), id).await
}

/// Somebody may be trying to decide on their own access: that is on record too.
async fn refuse(asked: &Asked, refused: NotReviewed) -> Problem {
    let recorded =
        matches!(refused, NotReviewed::NotAPerson | NotReviewed::NotAReviewer | NotReviewed::Own(_));
    let problem = Problem::from(refused);
    if !recorded {
        return problem;
    }
    caller::record(&asked.gateway, asked.call, &asked.caller, problem, "reviews/decide", None).await
}

fn id(asked: &Asked) -> Result<Uuid, Problem> {
    let id = asked.path.first().and_then(|id| id.parse().ok());
    id.ok_or_else(|| NotReviewed::Unknown.into())
}

fn order(asked: &Asked) -> Result<Order, Problem> {
    let known = ["due", "reviewers", "people", "server", "group"];
    let members = asked.body.as_object().filter(|body| body.keys().all(|name| known.contains(&&**name)));
    let members =
        members.ok_or_else(|| Problem::request("the body is `{\"due\": \"2026-12-31T00:00:00Z\"}`"))?;
    let text = |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let due = text("due").and_then(|due| due.parse::<jiff::Timestamp>().ok());
    let due =
        due.ok_or_else(|| Problem::request("`due` is an RFC 3339 time: until when the review is open"))?;
    let people = match text("people") {
        None | Some("groups") => People::InGroups,
        Some("persons") => People::OneByOne,
        Some(_) => return Err(Problem::request("`people` is `groups` or `persons`")),
    };
    let named = members.get("reviewers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let reviewers = named.iter().map(|name| reviewer(asked, name.as_str()?)).collect::<Option<Vec<_>>>();
    let reviewers = reviewers.ok_or_else(|| {
        Problem::request("`reviewers` are `group:NAME` or `issuer/subject`, as policies name them")
    })?;
    let wanted =
        Wanted { people, server: text("server").map(str::to_owned), group: text("group").map(str::to_owned) };
    Ok(Order { wanted, reviewers, due: due.as_microsecond() })
}

/// Nobody is named in a leaf: a person becomes their pseudonym.
fn reviewer(asked: &Asked, text: &str) -> Option<Reviewer> {
    if let Some(group) = text.strip_prefix("group:") {
        let plain = !group.is_empty() && group.len() <= crate::limits::NAME_IN_LEAF_BYTES_MAX;
        return (plain && crate::identity::is_plain(group)).then(|| Reviewer::Group(group.to_owned()));
    }
    let (issuer, subject) = text.split_once('/').filter(|(_, subject)| !subject.is_empty())?;
    let party = Party { issuer: issuer.to_owned(), subject: subject.to_owned() };
    Some(Reviewer::Actor(asked.gateway.ledger.actor(&party)))
}

/// Who is who, for people who may read who may do what.
struct Names(std::collections::HashMap<String, String>);

impl Names {
    /// Whoever called a server, and whoever asks.
    fn of(basis: &Basis, asked: &Asked) -> Self {
        let name = |party: &Party| party_label(&party.issuer, &party.subject);
        let seen = basis.people.iter().map(|person| (person.actor.clone(), name(&person.party)));
        let own = &asked.caller.principal.party;
        Self(seen.chain([(asked.gateway.ledger.actor(own), name(own))]).collect())
    }

    fn of_actor(&self, actor: &str) -> String {
        self.0.get(actor).cloned().unwrap_or_else(|| actor.to_owned())
    }
}

async fn whole(asked: Arc<Asked>, id: Uuid) -> Result<Value, Problem> {
    let shown = tokio::task::spawn_blocking(move || {
        let review = review::find(&asked.gateway, id)?;
        let basis = review::basis(&asked.gateway)?;
        Ok::<_, NotReviewed>(show_all(&asked, &review, &basis))
    });
    Ok(shown.await.map_err(|_| Problem::of(Refusal::Internal))??)
}

fn show_all(asked: &Asked, review: &Review, basis: &Basis) -> Value {
    let names = Names::of(basis, asked);
    let set = asked.gateway.policies.current();
    let permitted = asked.permits(Duty::ReviewAccess, &set).is_ok();
    let item = |listed: &Listed| {
        let objection = review::objection(&asked.gateway, &asked.caller.principal, &review.campaign, listed);
        let said = review.decision(listed.grant);
        let earlier = review.said.get(&listed.grant).map_or(0, |said| said.len().saturating_sub(1));
        let holder = match &listed.holder.actor {
            Some(actor) => names.of_actor(actor),
            None => clean(&listed.holder.label()),
        };
        json!({
            "grant": listed.grant,
            "holder": holder,
            "kinds": listed.holder.kinds,
            "groups": listed.holder.groups,
            "server": listed.server,
            "action": listed.action,
            "target": clean(&listed.target),
            "statement": listed.statement,
            "outcome": listed.terms.outcome,
            "condition": listed.terms.condition,
            "approval": listed.terms.approval,
            "policies": listed.policies,
            "decision": said.map(|said| decision(said, earlier, &names)),
            "standing": said.and_then(|said| stands(asked, review, listed, said, basis)),
            "may_decide": permitted && objection.is_none(),
            "may_not_decide_because": objection.map(|objection| objection.to_string()),
        })
    };
    let items: Vec<Value> = review.population.grants.iter().map(item).collect();
    let mut whole = summary(&review.campaign, &names);
    whole["items"] = items.into();
    whole["policy_set_now"] = json!(basis.policy_set);
    whole["may_close"] =
        json!(review.campaign.closed.is_none() && asked.permits(Duty::ManageReviews, &set).is_ok());
    whole
}

/// Of a closed review what was recorded; of an open one what is so now.
fn stands(asked: &Asked, review: &Review, listed: &Listed, said: &Said, basis: &Basis) -> Option<String> {
    if !said.decision.asks_for_more() {
        return None;
    }
    if review.campaign.closed.is_some() {
        return review.applied.get(&said.key).cloned();
    }
    let grant = listed.cell(basis, &asked.gateway);
    Some(standing_word(grant.map(|grant| standing(basis, &grant))).to_owned())
}

fn decision(said: &Said, earlier: usize, names: &Names) -> Value {
    json!({
        "decision": said.decision,
        "reason": said.reason.as_deref().map(clean),
        "by": said.by.as_deref().map(|actor| names.of_actor(actor)),
        "at": time(said.ts),
        "leaf": said.index,
        "earlier": earlier,
    })
}

fn summary(campaign: &Campaign, names: &Names) -> Value {
    let reviewer = |reviewer: &Reviewer| match reviewer {
        Reviewer::Group(group) => format!("group {}", clean(group)),
        Reviewer::Actor(actor) => names.of_actor(actor),
    };
    json!({
        "id": campaign.id,
        "leaf": campaign.index,
        "started": time(campaign.started),
        "started_by": campaign.started_by.as_deref().map(|actor| names.of_actor(actor)),
        "at": campaign.at,
        "policy_set": campaign.policy_set,
        "document": campaign.document,
        "grants": campaign.grants,
        "due": time(campaign.due),
        "reviewers": campaign.reviewers.iter().map(reviewer).collect::<Vec<_>>(),
        "closed": campaign.closed.as_ref().map(|closed| json!({
            "at": time(closed.ts),
            "by": closed.by.as_deref().map(|actor| names.of_actor(actor)),
            "leaf": closed.index,
            "policy_set": closed.policy_set,
            "tally": closed.tally,
        })),
    })
}
