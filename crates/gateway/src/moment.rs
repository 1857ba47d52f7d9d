//! What the store looks like at a moment, in a few numbers: whether anything changed that pages show.

use sha2::{Digest as _, Sha256};

use crate::limits;
use crate::store::{self, Read, approval, checkpoint, definition, entry, tree};

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
    /// When a definition was learned or accepted last.
    pub servers: (i64, i64),
}

impl Moment {
    /// Looks now; calls are counted on from `before`.
    ///
    /// # Errors
    /// As the store says.
    pub fn read(read: &mut Read<'_>, before: &Self) -> Result<Self, store::Error> {
        let (last, more) = entry::calls_since(read, before.calls.0)?;
        let (live, ended) = approval::standing(read, limits::APPROVALS_WATCHED_MAX)?;
        let mut digest = Sha256::new();
        live.iter().for_each(|(id, state, votes)| {
            digest.update(id);
            digest.update(state);
            digest.update(votes.to_be_bytes());
        });
        Ok(Self {
            size: tree::tip(read)?.map_or(0, |tip| tip.size),
            published: checkpoint::latest(read)?.map_or(0, |signed| signed.size),
            calls: (last, before.calls.1 + more),
            approvals: (digest.finalize().into(), ended),
            servers: (definition::latest(read)?.unwrap_or(0), store::acceptance::latest(read)?),
        })
    }
}
