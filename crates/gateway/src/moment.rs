//! What the store looks like at a moment, in a few numbers: whether anything changed that pages show; and who listens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::limits;
use crate::store::{self, Read, approval, breakglass, checkpoint, definition, entry, epoch, tree};

/// What the store looked like a moment ago.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moment {
    /// Leaves in the log.
    pub size: u64,
    /// Leaves under the latest checkpoint.
    pub published: u64,
    /// Time of the last call, and how many calls were seen since the gateway began to look.
    pub calls: (i64, u64),
    /// Digest of the held calls that are live, and when one ended last.
    pub approvals: ([u8; 32], i64),
    /// Digest of the break-glass that is proposed or in force.
    pub breakglass: [u8; 32],
    /// When a definition was learned or accepted last.
    pub servers: (i64, i64),
    /// Counts whenever something about evidence packages changes, in this process.
    pub evidence: u64,
}

impl Moment {
    /// Looks now; calls are counted on from `before`.
    ///
    /// # Errors
    /// As the store says.
    pub fn read(read: &mut Read<'_>, before: &Self) -> Result<Self, store::Error> {
        let current = epoch::current(read)?;
        let (last, more) = entry::calls_since(read, before.calls.0, limits::CALLS_SEEN_MAX)?;
        let (live, ended) = approval::standing(read, limits::APPROVALS_WATCHED_MAX)?;
        let mut digest = Sha256::new();
        live.iter().for_each(|(id, state, votes)| {
            digest.update(id);
            digest.update(state);
            digest.update(votes.to_be_bytes());
        });
        Ok(Self {
            size: tree::tip(read)?.map_or(0, |tip| tip.size),
            published: checkpoint::latest(read, &current)?.map_or(0, |signed| signed.size),
            calls: (last, before.calls.1 + more),
            approvals: (digest.finalize().into(), ended),
            breakglass: broken(read)?,
            servers: (definition::latest(read)?.unwrap_or(0), store::acceptance::latest(read)?),
            evidence: before.evidence,
        })
    }
}

fn broken(read: &mut Read<'_>) -> Result<[u8; 32], store::Error> {
    let mut digest = Sha256::new();
    for window in breakglass::live(read, limits::breakglass::LIVE_MAX)? {
        digest.update(window.id);
        digest.update(window.state.as_str());
    }
    Ok(digest.finalize().into())
}

/// How many streams of events each person reads.
#[derive(Debug, Clone, Default)]
pub struct Listeners(Arc<Mutex<HashMap<[u8; 32], usize>>>);

/// One stream of one person. Dropping it ends the count.
#[derive(Debug)]
pub struct Listening {
    listeners: Listeners,
    person: [u8; 32],
}

impl Listeners {
    /// One more stream of `person` (see [`crate::model::Party::digest`]). `None`: they read enough.
    pub fn join(&self, person: [u8; 32]) -> Option<Listening> {
        let mut counts = self.counts();
        let count = counts.entry(person).or_default();
        if *count == limits::EVENT_STREAMS_PER_PERSON_MAX {
            return None;
        }
        *count += 1;
        Some(Listening { listeners: self.clone(), person })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<[u8; 32], usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut counts = self.listeners.counts();
        if let Some(count) = counts.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn person_reads_only_so_many_streams_and_takes_none_of_another() {
        let listeners = Listeners::default();
        let mut held: Vec<_> = std::iter::from_fn(|| listeners.join([1; 32]))
            .take(limits::EVENT_STREAMS_PER_PERSON_MAX + 1)
            .collect();
        assert_eq!(held.len(), limits::EVENT_STREAMS_PER_PERSON_MAX);
        assert!(listeners.join([2; 32]).is_some());
        held.pop();
        assert!(listeners.join([1; 32]).is_some());
        drop(held);
        assert!(listeners.counts().is_empty());
    }
}
