//! Reviews as their leaves tell them.

use std::collections::{BTreeMap, HashMap};

use evidence::leaf::{EventType, Leaf};
use evidence::merkle::Hash;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Applied, Decided, Decision, Ended, NotReviewed, Population, Reviewer, Started, Tally};
use crate::exchange::Gateway;
use crate::report::access::Records;
use crate::store::document;
use crate::store::entry::Entry;

/// A review, without its grants.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Its id.
    pub id: Uuid,
    /// Index of the leaf that says that it began.
    pub index: Option<u64>,
    /// When it began, microseconds since 1970.
    pub started: i64,
    /// Who began it, by pseudonym.
    pub started_by: Option<String>,
    /// As of when who may do what was computed, RFC 3339.
    pub at: String,
    /// The policies that were in force then.
    pub policy_set: String,
    /// SHA-256 of the population.
    pub document: Hash,
    /// How many grants it has.
    pub grants: u32,
    /// Until when it is open, microseconds since 1970.
    pub due: i64,
    /// Who decides; none: whoever policy lets review.
    pub reviewers: Vec<Reviewer>,
    /// How it ended.
    pub closed: Option<Closed>,
}

/// The end of a review.
#[derive(Debug, Clone)]
pub struct Closed {
    /// When, microseconds since 1970.
    pub ts: i64,
    /// Index of the leaf that says so.
    pub index: Option<u64>,
    /// Who closed it, by pseudonym; `None`: it was due.
    pub by: Option<String>,
    /// The policies in force then.
    pub policy_set: String,
    /// What came of it.
    pub tally: Tally,
}

/// What somebody said about a grant.
#[derive(Debug, Clone)]
pub struct Said {
    /// Names the decision.
    pub key: Uuid,
    /// What.
    pub decision: Decision,
    /// Why.
    pub reason: Option<String>,
    /// Who, by pseudonym.
    pub by: Option<String>,
    /// When, microseconds since 1970.
    pub ts: i64,
    /// Index of the leaf.
    pub index: Option<u64>,
}

/// A review with everything.
#[derive(Debug, Clone)]
pub struct Review {
    /// What it is.
    pub campaign: Campaign,
    /// What it is about.
    pub population: Population,
    /// What was said about each grant, the oldest first. Nothing counts that came after the end.
    pub said: BTreeMap<u32, Vec<Said>>,
    /// How grants stood when the review closed, by decision.
    pub applied: HashMap<Uuid, String>,
}

impl Review {
    /// What counts about a grant: the last word.
    pub fn decision(&self, grant: u32) -> Option<&Said> {
        self.said.get(&grant)?.last()
    }
}

/// Every review, the latest first. Blocks on the database.
///
/// # Errors
/// [`NotReviewed::Access`], [`NotReviewed::Malformed`].
pub fn list(gateway: &Gateway) -> Result<Vec<Campaign>, NotReviewed> {
    let records = records(gateway);
    let mut campaigns = Vec::new();
    for entry in records.all(EventType::ReviewStarted, i64::MIN, i64::MAX - 1)? {
        campaigns.push(campaign(&entry)?);
    }
    let Some(first) = campaigns.iter().map(|campaign: &Campaign| campaign.started).min() else {
        return Ok(campaigns);
    };
    for entry in records.all(EventType::ReviewClosed, first, i64::MAX - 1)? {
        let (leaf, ended): (Leaf, Ended) = facts(&entry)?;
        let open = campaigns.iter_mut().find(|known| known.id == ended.review && known.closed.is_none());
        // Of two gateways that close a review at the same moment, the first leaf counts.
        let Some(open) = open else { continue };
        open.closed = Some(Closed {
            ts: entry.ts,
            index: entry.index,
            by: leaf.actor.and_then(|actor| actor.id),
            policy_set: ended.policy_set,
            tally: ended.tally,
        });
    }
    campaigns.reverse();
    Ok(campaigns)
}

/// One review with its grants and what was said about them. Blocks on the database.
///
/// # Errors
/// [`NotReviewed::Unknown`] and others.
pub fn find(gateway: &Gateway, id: Uuid) -> Result<Review, NotReviewed> {
    let campaign = list(gateway)?.into_iter().find(|campaign| campaign.id == id);
    let campaign = campaign.ok_or(NotReviewed::Unknown)?;
    let population = population(gateway, &campaign)?;
    let records = records(gateway);
    // The leaves of its end have its time; clocks of gateways may differ a little.
    let until = campaign.closed.as_ref().map_or(i64::MAX - 1, |closed| closed.ts);
    let mut said: BTreeMap<u32, Vec<Said>> = BTreeMap::new();
    for entry in records.all(EventType::ReviewDecided, campaign.started, until)? {
        let (leaf, decided): (Leaf, Decided) = facts(&entry)?;
        if decided.review == id {
            said.entry(decided.grant).or_default().push(Said {
                key: decided.key,
                decision: decided.decision,
                reason: decided.reason,
                by: leaf.actor.and_then(|actor| actor.id),
                ts: entry.ts,
                index: entry.index,
            });
        }
    }
    let mut applied = HashMap::new();
    for entry in records.all(EventType::ReviewApplied, campaign.started, until)? {
        let (_, fact): (Leaf, Applied) = facts(&entry)?;
        if fact.review == id {
            applied.insert(fact.key, fact.standing);
        }
    }
    Ok(Review { campaign, population, said, applied })
}

/// The record, as the gateway reads it now.
pub(super) fn records(gateway: &Gateway) -> Records<'_> {
    Records { db: &gateway.db, vault: Some(gateway.ledger.vault()), configured: None }
}

fn population(gateway: &Gateway, campaign: &Campaign) -> Result<Population, NotReviewed> {
    let hash = *campaign.document.as_bytes();
    let found = gateway.db.read_now("population of a review", |read| document::find(read, &hash))?;
    let (_, bytes) = found.ok_or(NotReviewed::Malformed)?;
    let own: [u8; 32] = Sha256::digest(&bytes).into();
    if own != hash {
        return Err(NotReviewed::Malformed);
    }
    serde_json::from_slice(&bytes).map_err(|_| NotReviewed::Malformed)
}

fn campaign(entry: &Entry) -> Result<Campaign, NotReviewed> {
    let (leaf, started): (Leaf, Started) = facts(entry)?;
    let due: jiff::Timestamp = started.due.parse().map_err(|_| NotReviewed::Malformed)?;
    Ok(Campaign {
        id: started.review,
        index: entry.index,
        started: entry.ts,
        started_by: leaf.actor.and_then(|actor| actor.id),
        at: started.at,
        policy_set: started.policy_set,
        document: started.document,
        grants: started.grants,
        due: due.as_microsecond(),
        reviewers: started.reviewers.iter().filter_map(|text| Reviewer::read(text)).collect(),
        closed: None,
    })
}

fn facts<T: for<'d> Deserialize<'d>>(entry: &Entry) -> Result<(Leaf, T), NotReviewed> {
    let leaf = Leaf::decode(&entry.leaf).map_err(|_| NotReviewed::Malformed)?;
    let detail = leaf.detail.as_ref().ok_or(NotReviewed::Malformed)?;
    let facts = serde_json::from_str(detail.as_str()).map_err(|_| NotReviewed::Malformed)?;
    Ok((leaf, facts))
}
