//! Whether people agreed, by what only a gateway of this log can write: their sealed words, and the log itself.
//!
//! States, times and numbers in the store serve lists and waiting. Whoever owns the database can write them, so nothing is
//! let through because of them alone: an approval counts with the words that people said under its own id, as many as its
//! sealed terms ask, and as long as the log tells of no end of it.

use evidence::leaf::EventType;
use uuid::Uuid;

use super::verdict::Unusable;
use super::{Approvals, Fault, Record};
use crate::clock::micros;
use crate::ledger;
use crate::limits;
use crate::model::{Demand, Identity};
use crate::store::approval::State;
use crate::store::approval_vote::Word;

/// What ends an approval, and what it is then.
const ENDS: [(EventType, State); 3] = [
    (EventType::ApprovalUsed, State::Used),
    (EventType::ApprovalRejected, State::Rejected),
    (EventType::ApprovalExpired, State::Expired),
];

impl Approvals {
    /// Refuses an approval that people did not give, or that is over.
    ///
    /// # Errors
    /// [`Unusable`]; the call must not run.
    pub(super) async fn require_grant(&self, record: &Record) -> Result<(), Unusable> {
        let approval = Uuid::from_bytes(record.row.id);
        if !record.is_granted() {
            tracing::error!(%approval, "people did not agree to this: somebody else writes to the database");
            self.end(&record.row, "not_granted").await?;
            return Err(Unusable::Overtaken("not_granted"));
        }
        let Some(event) = self.first_in_log(record.row.id, &ENDS.map(|(event, _)| event)).await? else {
            return Ok(());
        };
        tracing::error!(%approval, %event, "it is over by the log: somebody else writes to the database");
        let over = ENDS.into_iter().find(|(end, _)| *end == event);
        Err(Unusable::Gone(over.map_or(State::Expired, |(_, state)| state)))
    }

    /// The first of these events that the log tells of an approval, or a break-glass, with this id.
    pub(super) async fn first_in_log(
        &self,
        id: [u8; 16],
        events: &[EventType],
    ) -> Result<Option<EventType>, Fault> {
        let since = begun(id)?.saturating_sub(micros(limits::LOG_LOOK_BACK_MS));
        let events = events.to_vec();
        let found = self.db.read("leaves about an approval", move |read| {
            for event in events {
                let mut found = false;
                ledger::each_recorded(read, event, since, |leaf| {
                    found |= leaf.approval.is_some_and(|step| *step.id.as_bytes() == id);
                })?;
                if found {
                    return Ok(Some(event));
                }
            }
            Ok(None)
        });
        Ok(found.await?)
    }
}

impl Record {
    /// Whether enough different people said yes, nobody no, as policy wanted it, and in time.
    fn is_granted(&self) -> bool {
        let terms = &self.content.terms;
        let mut people = Vec::new();
        for (vote, said) in &self.votes {
            let signed = terms.passkey != Demand::Required || said.passkey.is_some();
            if said.word != Word::Approve || vote.verdict != Word::Approve || !signed {
                return false;
            }
            if !people.iter().any(|other: &&Identity| other.may_be(&said.who)) {
                people.push(&said.who);
            }
        }
        let last = self.votes.iter().map(|(_, said)| said.ts).max();
        let use_by = last.map(|ts| ts.saturating_add(terms.use_within_s.saturating_mul(1_000_000)));
        people.len() >= usize::try_from(terms.quorum.max(1)).unwrap_or(usize::MAX)
            && self.row.use_by <= use_by
    }
}

/// When an id was made, microseconds since 1970: it says so itself, see [`crate::clock::new_id`].
fn begun(id: [u8; 16]) -> Result<i64, Fault> {
    let (seconds, nanos) = Uuid::from_bytes(id).get_timestamp().ok_or(Fault::Malformed)?.to_unix();
    let seconds = i64::try_from(seconds).map_err(|_| Fault::Malformed)?;
    Ok(seconds.saturating_mul(1_000_000).saturating_add(i64::from(nanos / 1_000)))
}
