//! Epochs: a package is of one, since each is a log of its own with a key of its own. One of an epoch that is over is signed
//! by the current one, and shows how every epoch in between began: see `evidence::verify`.

use std::collections::HashMap;

use evidence::leaf::Leaf;
use evidence::merkle::{Frontier, leaf_hash, prove_inclusion};
use evidence::note::Note;
use evidence::package::{Period, SIGNER_FILE, Succession};
use evidence::proof::Proof;

use super::{Draft, PackageError};
use crate::limits;
use crate::store::checkpoint::{self, Signed};
use crate::store::epoch::{self, Epoch};
use crate::store::{Db, Error, entry};

/// What a period and an epoch have in common.
#[derive(Debug, Clone)]
pub struct Part {
    /// The epoch.
    pub epoch: Epoch,
    /// Index of the first leaf of the period in it, those of the epochs before counted.
    pub(super) first: u64,
    /// The checkpoint that covers its last, or the last there is.
    pub(super) end: Signed,
}

/// The epochs that a period touches, as far as they are signed, the first one first. Blocks on the database.
///
/// # Errors
/// When it refuses.
pub fn epochs(db: &Db, period: Period) -> Result<Vec<Part>, Error> {
    let (from, until) = (period.from.as_micros(), period.until.as_micros());
    db.read_now("period", |read| {
        let Some((first, last)) = entry::bounds(read, from, until)? else { return Ok(Vec::new()) };
        let mut parts = Vec::new();
        for epoch in epoch::all(read)? {
            let ends = epoch.end.unwrap_or(u64::MAX);
            if ends <= first || last < epoch.first_index {
                continue;
            }
            let (first, last) = (first.max(epoch.first_index), last.min(ends - 1));
            let latest = checkpoint::latest(read, &epoch)?;
            let covering = checkpoint::covering(read, last + 1)?.filter(|end| end.size <= ends);
            let end = covering.or(latest).filter(|end| end.size > first);
            parts.extend(end.map(|end| Part { epoch, first, end }));
        }
        Ok(parts)
    })
}

/// Numbers of epochs, for a sentence.
pub(super) fn list(epochs: &[u64]) -> String {
    epochs.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

impl Draft<'_> {
    /// How each later epoch began, where this one is over.
    pub(super) fn write_succession(&self) -> Result<(), PackageError> {
        let later: Vec<Epoch> = self
            .maker
            .db
            .read_now("epochs", epoch::all)?
            .into_iter()
            .filter(|epoch| epoch.number > self.epoch.number)
            .collect();
        for epoch in &later {
            let paths = Succession { epoch: epoch.number };
            let (leaf, proof) = self.first_leaf(epoch)?;
            self.put(&paths.leaf(), &leaf)?;
            self.put(&paths.proof(), proof.to_string().as_bytes())?;
        }
        if !later.is_empty() {
            self.put(SIGNER_FILE, format!("{}\n", self.maker.keys.verifier_key()).as_bytes())?;
        }
        Ok(())
    }

    /// The first leaf of an epoch, and that it is in the tree of its first checkpoint.
    fn first_leaf(&self, epoch: &Epoch) -> Result<(Vec<u8>, Proof), PackageError> {
        let missing = || PackageError::Succession(epoch.number);
        let base = epoch.first_index;
        let (mut frontier, mut nodes, mut leaf) = (Frontier::new(), HashMap::new(), Vec::new());
        let signed = self.maker.db.read_now("succession", |read| {
            let ends = epoch.end.unwrap_or(u64::MAX);
            let first = checkpoint::covering(read, base + 1)?;
            let Some(first) = first.filter(|first| first.size <= ends) else { return Ok(None) };
            entry::scan(read, base, first.size.min(base + limits::SCAN_LEAVES_MAX), |stored| {
                if stored.index == base {
                    leaf = stored.leaf.to_vec();
                }
                frontier.push_each(leaf_hash(stored.leaf), |level, index, hash| {
                    nodes.insert((level, index), hash);
                });
                Ok(())
            })?;
            Ok(Some(first))
        })?;
        let signed = signed.filter(|_| Leaf::decode(&leaf).is_ok()).ok_or_else(missing)?;
        let path =
            prove_inclusion(0, epoch.within(signed.size), |level, index| nodes.get(&(level, index)).copied());
        let checkpoint = Note::parse(&signed.note).map_err(|_| missing())?;
        Ok((leaf, Proof { extra: None, index: 0, path: path.map_err(|_| missing())?, checkpoint }))
    }
}
