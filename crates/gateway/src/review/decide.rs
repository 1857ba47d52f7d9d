//! A reviewer says what is to become of grants.

use std::sync::Arc;

use evidence::jcs;
use evidence::leaf::EventType;
use uuid::Uuid;

use super::population::Listed;
use super::state::{self, Campaign};
use super::turn::Turn;
use super::{Decided, Decision, NotReviewed, Reviewer, check_reason};
use crate::exchange::Gateway;
use crate::ledger::{Event, EventActor};
use crate::limits;
use crate::model::Principal;

/// One word about one or several grants.
#[derive(Debug, Clone)]
pub struct Verdicts {
    /// Numbers of the grants.
    pub grants: Vec<u32>,
    /// What is to become of them.
    pub decision: Decision,
    /// Why.
    pub reason: String,
}

/// Records what a reviewer says; until the review closes they, or another reviewer, may say otherwise.
///
/// # Errors
/// [`NotReviewed`]; nothing was decided then.
pub async fn decide(
    gateway: &Arc<Gateway>,
    who: &Arc<Principal>,
    id: Uuid,
    verdicts: Verdicts,
) -> Result<(), NotReviewed> {
    check_reason(&verdicts.reason)?;
    if verdicts.grants.is_empty() || verdicts.grants.len() > limits::REVIEW_VERDICTS_MAX {
        let most = limits::REVIEW_VERDICTS_MAX;
        return Err(NotReviewed::Request(format!("name the grants, at most {most} at a time")));
    }
    let reason = gateway.mask.sentence(&verdicts.reason);
    // A review that closes meanwhile would have decided without this.
    let turn = Turn::wait(gateway).await?;
    let said = say(gateway, who, id, (verdicts, reason)).await;
    turn.end(said).await
}

async fn say(
    gateway: &Arc<Gateway>,
    who: &Arc<Principal>,
    id: Uuid,
    (verdicts, reason): (Verdicts, String),
) -> Result<(), NotReviewed> {
    let this = gateway.clone();
    let review = tokio::task::spawn_blocking(move || state::find(&this, id));
    let review = review.await.map_err(|_| NotReviewed::Malformed)??;
    let set = gateway.policies.current().revision().to_string();
    let mut events = Vec::new();
    for number in &verdicts.grants {
        let listed = review.population.grants.iter().find(|listed| listed.grant == *number);
        let listed = listed.ok_or(NotReviewed::NoGrant(*number))?;
        if let Some(objection) = objection(gateway, who, &review.campaign, listed) {
            return Err(objection);
        }
        let said = (verdicts.decision, Some(reason.clone()));
        let actor = EventActor::Principal(who.clone());
        events.push(event(gateway, id, listed, actor, said, &set)?.1);
    }
    gateway.ledger.note_all(events).await?;
    Ok(())
}

/// Why somebody may not decide on a grant; policy was asked before.
pub fn objection(
    gateway: &Gateway,
    who: &Principal,
    campaign: &Campaign,
    listed: &Listed,
) -> Option<NotReviewed> {
    if campaign.closed.is_some() {
        return Some(NotReviewed::Closed);
    }
    if !who.is_person() {
        return Some(NotReviewed::NotAPerson);
    }
    let named = campaign.reviewers.iter().any(|reviewer| match reviewer {
        Reviewer::Group(group) => who.groups.contains(group),
        Reviewer::Actor(pseudonym) => gateway.ledger.actor(&who.party) == *pseudonym,
    });
    if !named && !campaign.reviewers.is_empty() {
        return Some(NotReviewed::NotAReviewer);
    }
    listed.holder.is(who, gateway).then_some(NotReviewed::Own(listed.grant))
}

/// The leaf of one decision, and what names it.
pub(super) fn event(
    gateway: &Gateway,
    id: Uuid,
    listed: &Listed,
    actor: EventActor,
    (decision, reason): (Decision, Option<String>),
    set: &str,
) -> Result<(Uuid, Event), NotReviewed> {
    let key = crate::clock::new_id(&*gateway.clock);
    let decided = Decided {
        review: id,
        key,
        grant: listed.grant,
        holder: listed.holder.label(),
        server: listed.server.clone(),
        action: listed.action.clone(),
        target: listed.target_in_leaf(gateway),
        statement: listed.statement.clone(),
        outcome: listed.terms.outcome.clone(),
        decision,
        reason,
        policy_set: set.to_owned(),
    };
    let detail = jcs::Object::of(&decided).map_err(|_| NotReviewed::Malformed)?;
    Ok((key, Event::new(EventType::ReviewDecided, actor, Some(detail))))
}
