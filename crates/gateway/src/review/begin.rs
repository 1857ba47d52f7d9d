//! A review begins: its population is computed, kept, and named by a leaf.

use std::sync::Arc;

use bytes::Bytes;
use evidence::jcs;
use evidence::leaf::EventType;
use evidence::merkle::Hash;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::population::{Listed, Population};
use super::turn::Turn;
use super::{NotReviewed, Reviewer, Started, state};
use crate::exchange::Gateway;
use crate::ledger::{Document, Event, EventActor};
use crate::limits;
use crate::model::Principal;
use crate::report::access::{Records, Wanted, grants, instant};

/// What is to be reviewed, by whom, until when.
#[derive(Debug, Clone)]
pub struct Order {
    /// Which part of the matrix; all of groups when nothing is said.
    pub wanted: Wanted,
    /// Who decides; none: whoever policy lets review.
    pub reviewers: Vec<Reviewer>,
    /// Until when, microseconds since 1970.
    pub due: i64,
}

/// Begins a review of who may do what now; answers its id.
///
/// # Errors
/// [`NotReviewed::Request`] when there is nothing to review, too much, or no time for it; and what the store and the log
/// say.
pub async fn start(gateway: &Arc<Gateway>, who: Arc<Principal>, order: Order) -> Result<Uuid, NotReviewed> {
    let turn = Turn::wait(gateway).await?;
    let begun = begin(gateway, who, order).await;
    turn.end(begun).await
}

async fn begin(gateway: &Arc<Gateway>, who: Arc<Principal>, order: Order) -> Result<Uuid, NotReviewed> {
    let id = crate::clock::new_id(&*gateway.clock);
    let this = gateway.clone();
    let computed = tokio::task::spawn_blocking(move || compute(&this, id, &order));
    let (detail, document) = computed.await.map_err(|_| NotReviewed::Malformed)??;
    let actor = EventActor::Principal(who);
    let event =
        Event { documents: vec![document], ..Event::new(EventType::ReviewStarted, actor, Some(detail)) };
    gateway.ledger.note(event).await?;
    Ok(id)
}

fn compute(gateway: &Gateway, id: Uuid, order: &Order) -> Result<(jcs::Object, Document), NotReviewed> {
    let now = gateway.clock.now().as_microsecond();
    let longest = limits::REVIEW_DAYS_MAX * 24 * 60 * 60 * 1_000_000;
    if order.due <= now || order.due > now.saturating_add(longest) {
        return Err(NotReviewed::Request(format!(
            "a review is due later than now, and within {} days",
            limits::REVIEW_DAYS_MAX
        )));
    }
    if order.reviewers.len() > limits::REVIEWERS_MAX {
        return Err(NotReviewed::Request(format!(
            "a review names at most {} reviewers: name a group",
            limits::REVIEWERS_MAX
        )));
    }
    let open = state::list(gateway)?.iter().filter(|campaign| campaign.closed.is_none()).count();
    if open >= limits::REVIEWS_OPEN_MAX {
        return Err(NotReviewed::Request(format!("{open} reviews are open: close one first")));
    }
    let configured: Vec<String> = gateway.servers.keys().cloned().collect();
    let records = Records { configured: Some(&configured), ..state::records(gateway) };
    let basis = records.basis(now)?;
    if let Some(server) = order.wanted.server.as_ref().filter(|name| !basis.servers.contains_key(*name)) {
        return Err(NotReviewed::Request(format!("there is no server `{server}`")));
    }
    let found = grants(&basis, &order.wanted);
    if found.is_empty() {
        return Err(NotReviewed::Request(
            "nobody may do anything there: nothing is to be reviewed".to_owned(),
        ));
    }
    if found.len() > limits::REVIEW_GRANTS_MAX {
        return Err(NotReviewed::Request(format!(
            "{} grants are more than the {} of one review: begin one for each server or group",
            found.len(),
            limits::REVIEW_GRANTS_MAX
        )));
    }
    let listed: Vec<Listed> =
        (1..).zip(found).map(|(number, grant)| Listed::of(number, grant, gateway)).collect();
    let population =
        Population { review: id, at: instant(now), policy_set: basis.policy_set.clone(), grants: listed };
    let bytes = serde_json::to_vec(&population).map_err(|_| NotReviewed::Malformed)?;
    let hash: [u8; 32] = Sha256::digest(&bytes).into();
    let started = Started {
        review: id,
        at: population.at,
        policy_set: population.policy_set,
        document: Hash::from_bytes(hash),
        grants: u32::try_from(population.grants.len()).unwrap_or(u32::MAX),
        due: instant(order.due),
        reviewers: order.reviewers.iter().map(Reviewer::text).collect(),
    };
    let detail = jcs::Object::of(&started).map_err(|_| NotReviewed::Malformed)?;
    Ok((detail, Document { kind: "review", hash, bytes: Bytes::from(bytes) }))
}
