//! The columns by which leaves are found, held against the leaves.
//!
//! Lists, searches and look-ups go by columns beside each leaf. Whoever owns the database can change them and leave the leaf
//! alone: then every proof verifies, and nobody finds the leaf. So the gateway looks at every new leaf, and then, a few at a
//! time, at all of them again and again. `countersign doctor` looks at once.

use std::collections::BTreeSet;

use evidence::leaf::Leaf;

use super::row::{addition, target};
use super::verb::Unavailable;
use super::{Ledger, Worry};
use crate::limits;
use crate::store::entry::{self, Place};
use crate::store::{self, Read, tree};

/// How far the looks have come.
#[derive(Debug, Default)]
pub struct Look {
    /// Every leaf before this one was looked at.
    newest: u64,
    /// Where the round over all leaves stands.
    round: u64,
    /// Leaves whose columns say something else.
    altered: BTreeSet<u64>,
}

/// Leaves from `from` up to and without `until` whose columns are not those that a gateway writes for them.
///
/// # Errors
/// What the store says.
pub fn altered(read: &mut Read<'_>, from: u64, until: u64) -> Result<Vec<u64>, store::Error> {
    let mut altered = Vec::new();
    entry::columns(read, from, until, |index, found, bytes| {
        let same = Leaf::decode(bytes).is_ok_and(|leaf| {
            let name = target(&leaf);
            addition(Place::new(0, 0), &leaf, name.as_deref(), bytes).columns() == found
        });
        if !same {
            altered.push(index);
        }
    })?;
    Ok(altered)
}

impl Ledger {
    /// Looks at the columns of all new leaves, and of a part of the others. One of several gateways does it.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn look_at_columns(&self, look: &mut Look) -> Result<(), Unavailable> {
        while self.leads() && self.look_further(look).await? {}
        Ok(())
    }

    /// One step; whether new leaves are left.
    async fn look_further(&self, look: &mut Look) -> Result<bool, Unavailable> {
        let (newest, round, known) = (look.newest, look.round, look.altered.clone());
        let looked = self.0.db.read("columns", move |read| {
            let size = tree::tip(read)?.map_or(0, |tip| tip.size);
            // New leaves first, where there are many old ones.
            let newest = if newest == 0 && size > limits::COLUMNS_LEAVES { size } else { newest };
            let new = size.min(newest + limits::COLUMNS_LEAVES);
            let from = if round >= new { 0 } else { round };
            let until = new.min(from + limits::COLUMNS_LEAVES - (new - newest));
            let mut found = altered(read, newest, new)?;
            found.extend(altered(read, from, until)?);
            // Those of before, which may be what they were again.
            for index in known {
                found.extend(altered(read, index, index + 1)?);
            }
            Ok((new, until, found, new < size))
        });
        let (newest, round, found, more) =
            looked.await.map_err(|error| Unavailable::Blocked(error.to_string().into()))?;
        let altered = found.into_iter().take(limits::COLUMNS_ALTERED_MAX).collect();
        *look = Look { newest, round, altered };
        match look.altered.first() {
            None => self.0.status.calm(Worry::Columns),
            Some(first) => self.0.status.worry(
                Worry::Columns,
                format!(
                    "the columns by which {} leaves are found are not what the leaves say, leaf {first} first: lists \
                     and searches miss them, and somebody else writes to the database",
                    look.altered.len()
                ),
            ),
        }
        Ok(more)
    }
}
