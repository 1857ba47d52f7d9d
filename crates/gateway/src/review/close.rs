//! A review ends: what nobody decided is recorded, and for what was to go or to change, whether it did.

use std::sync::Arc;
use std::time::Duration;

use evidence::jcs;
use evidence::leaf::EventType;
use serde::Serialize;
use uuid::Uuid;

use super::state::{self, Review};
use super::turn::Turn;
use super::{Applied, Decision, Ended, NotReviewed, Tally, decide, standing_word};
use crate::exchange::Gateway;
use crate::ledger::{Event, EventActor};
use crate::limits;
use crate::model::Principal;
use crate::report::access::{Basis, Records, Standing, standing};

/// Closes a review; `who`: `None` when it was due.
///
/// # Errors
/// [`NotReviewed::Closed`] and others.
pub async fn close(gateway: &Arc<Gateway>, who: Option<Arc<Principal>>, id: Uuid) -> Result<(), NotReviewed> {
    let turn = Turn::wait(gateway).await?;
    let closed = write_end(gateway, who, id, &turn).await;
    turn.end(closed).await
}

async fn write_end(
    gateway: &Arc<Gateway>,
    who: Option<Arc<Principal>>,
    id: Uuid,
    turn: &Turn<'_>,
) -> Result<(), NotReviewed> {
    let (this, actor) = (gateway.clone(), who.map_or(EventActor::Gateway, EventActor::Principal));
    let ended = tokio::task::spawn_blocking(move || end(&this, id, actor));
    let events = ended.await.map_err(|_| NotReviewed::Malformed)??;
    // The end comes last: whoever reads it has read everything. After a failure in between, closing is done again, and
    // what was written then counts.
    for batch in events.chunks(limits::REVIEW_LEAVES_AT_ONCE_MAX) {
        turn.keep().await?;
        gateway.ledger.note_all(batch.to_vec()).await?;
    }
    Ok(())
}

/// Closes what is due, until dropped. Of several gateways on one database, one does.
pub async fn watch(gateway: &Arc<Gateway>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(limits::DUE_LOOK_MS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if !gateway.ledger.leads() {
            continue;
        }
        if let Err(error) = close_due(gateway).await {
            tracing::warn!(%error, "reviews of access that are due could not be closed yet");
        }
    }
}

async fn close_due(gateway: &Arc<Gateway>) -> Result<(), NotReviewed> {
    let this = gateway.clone();
    let listed = tokio::task::spawn_blocking(move || state::list(&this));
    let now = gateway.clock.now().as_microsecond();
    for campaign in listed.await.map_err(|_| NotReviewed::Malformed)?? {
        if campaign.closed.is_none() && campaign.due <= now {
            close(gateway, None, campaign.id).await?;
            tracing::info!(review = %campaign.id, "a review of access was due and is closed");
        }
    }
    Ok(())
}

/// The leaves of the end.
fn end(gateway: &Gateway, id: Uuid, actor: EventActor) -> Result<Vec<Event>, NotReviewed> {
    let review = state::find(gateway, id)?;
    if review.campaign.closed.is_some() {
        return Err(NotReviewed::Closed);
    }
    let basis = basis(gateway)?;
    let (mut events, mut tally) = (Vec::new(), Tally::default());
    for listed in &review.population.grants {
        let Some(said) = review.decision(listed.grant) else {
            tally.undecided += 1;
            let nothing = (Decision::None, None);
            let by = EventActor::Gateway;
            events.push(decide::event(gateway, id, listed, by, nothing, &basis.policy_set)?.1);
            continue;
        };
        match said.decision {
            Decision::Keep => tally.keep += 1,
            Decision::Revoke => tally.revoke += 1,
            Decision::Change => tally.change += 1,
            Decision::None => tally.undecided += 1,
        }
        if !said.decision.asks_for_more() {
            continue;
        }
        let found = listed.cell(&basis, gateway).map(|grant| standing(&basis, &grant));
        match found {
            Some(Standing::Gone | Standing::Changed) => tally.gone += 1,
            Some(Standing::Unchanged) | None => tally.standing += 1,
        }
        let applied = Applied {
            review: id,
            key: said.key,
            grant: listed.grant,
            decision: said.decision,
            standing: standing_word(found).to_owned(),
            previous: review.campaign.policy_set.clone(),
            policy_set: basis.policy_set.clone(),
        };
        events.push(event(EventType::ReviewApplied, EventActor::Gateway, &applied)?);
    }
    let Review { campaign, .. } = review;
    let (previous, policy_set) = (campaign.policy_set, basis.policy_set);
    let ended = Ended { review: id, previous, policy_set, tally };
    events.push(event(EventType::ReviewClosed, actor, &ended)?);
    Ok(events)
}

/// Who may do what now. Blocks on the database.
///
/// # Errors
/// [`NotReviewed::Access`].
pub fn basis(gateway: &Gateway) -> Result<Basis, NotReviewed> {
    let configured: Vec<String> = gateway.servers.keys().cloned().collect();
    let records = Records { configured: Some(&configured), ..state::records(gateway) };
    Ok(records.basis(gateway.clock.now().as_microsecond())?)
}

fn event(event: EventType, actor: EventActor, facts: &impl Serialize) -> Result<Event, NotReviewed> {
    let detail = jcs::Object::of(facts).map_err(|_| NotReviewed::Malformed)?;
    Ok(Event::new(event, actor, Some(detail)))
}
