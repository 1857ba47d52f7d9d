//! Samples: a folder for each, with every leaf of its call and approval, each proven, and their bodies
//! opened.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::directory::Reader;
use evidence::leaf::Leaf;
use evidence::merkle::Hash;
use evidence::package::{Derived, LOG, SAMPLES};

use super::{Draft, PackageError, page};
use crate::ledger::Vault;
use crate::limits;
use crate::store::entry::{self, Entry, Filter};
use crate::store::{Error, ErrorKind};

/// A leaf of a sample.
pub(super) struct Part {
    pub(super) entry: Entry,
    pub(super) leaf: Leaf,
    /// The body as it was recorded, or why it is not there.
    pub(super) body: Result<Vec<u8>, String>,
}

impl Draft<'_> {
    /// Writes the folder of every selected sample.
    pub(super) fn write_samples(&self, derived: &Derived) -> Result<(), PackageError> {
        if derived.selected.is_empty() {
            return Ok(());
        }
        let reader = Reader::open(&self.work.join(LOG))?;
        let vault = Vault::new(self.maker.keys)?;
        for (rank, (index, _)) in (1..).zip(&derived.selected) {
            let folder = format!("{SAMPLES}/{rank:03}");
            let mut parts = Vec::new();
            for index in self.related(*index)? {
                parts.push(self.write_leaf(&folder, index, &reader, &vault)?);
            }
            let policies: BTreeSet<Hash> = parts
                .iter()
                .filter_map(|part| part.leaf.decision.as_ref())
                .map(|decision| decision.policy_set)
                .collect();
            let text = page::replay(rank, *index, &parts, &policies);
            self.put(&format!("{folder}/replay.html"), text.as_bytes())?;
        }
        Ok(())
    }

    fn write_leaf(
        &self,
        folder: &str,
        index: u64,
        reader: &Reader,
        vault: &Vault,
    ) -> Result<Part, PackageError> {
        let entry = self.entry(index)?;
        let leaf = Leaf::decode(&entry.leaf).map_err(|_| PackageError::Leaf(index))?;
        let proof = reader.prove(index, &self.key)?;
        self.put(&format!("{folder}/{index}.leaf.json"), &entry.leaf)?;
        self.put(&format!("{folder}/{index}.tlog-proof"), proof.to_string().as_bytes())?;
        let body = match self.reveal(&entry, &leaf, vault)? {
            Ok((salt, body)) => {
                self.put(&format!("{folder}/{index}.salt"), format!("{salt}\n").as_bytes())?;
                self.put(&format!("{folder}/{index}.body"), &body)?;
                Ok(body)
            }
            Err(why) => Err(why),
        };
        Ok(Part { entry, leaf, body })
    }

    /// Indexes of the leaves of the same call, and of its approval, in order.
    fn related(&self, index: u64) -> Result<Vec<u64>, PackageError> {
        let leaf = Leaf::decode(&self.entry(index)?.leaf).map_err(|_| PackageError::Leaf(index))?;
        let mut found = BTreeSet::from([index]);
        let approval = leaf.decision.as_ref().and_then(|decision| decision.approval).map(|grant| grant.id);
        let approval = approval.or(leaf.approval.map(|step| step.id));
        let mut calls: BTreeSet<[u8; 16]> = leaf.call.iter().map(|call| *call.as_bytes()).collect();
        if let Some(approval) = approval {
            // The call that asked may be another than the one that used the approval: both are named by its
            // leaves.
            for event in [
                "approval.requested",
                "approval.approved",
                "approval.rejected",
                "approval.expired",
                "approval.used",
                "breakglass.proposed",
                "breakglass.entered",
                "breakglass.exited",
            ] {
                let until = self.entry(index)?.ts.saturating_add(limits::APPROVAL_SEARCH_US);
                let from = self.entry(index)?.ts.saturating_sub(limits::APPROVAL_SEARCH_US);
                let filter = Filter {
                    event: Some(event.to_owned()),
                    from: Some(from),
                    until: Some(until),
                    ..Filter::default()
                };
                for entry in self.page(&filter)? {
                    let step = Leaf::decode(&entry.leaf)
                        .ok()
                        .filter(|leaf| leaf.approval.is_some_and(|step| step.id == approval));
                    if let Some(step) = step {
                        found.extend(self.within(entry.index));
                        calls.extend(step.call.iter().map(|call| *call.as_bytes()));
                    }
                }
            }
        }
        for call in calls {
            let filter = Filter { call: Some(call), ..Filter::default() };
            found.extend(self.page(&filter)?.into_iter().filter_map(|entry| self.within(entry.index)));
        }
        Ok(found.into_iter().filter(|index| (self.log.first..self.log.size).contains(index)).collect())
    }

    fn page(&self, filter: &Filter) -> Result<Vec<Entry>, PackageError> {
        Ok(self.maker.db.read_now("sample", |read| entry::page(read, filter, limits::CALL_LEAVES_MAX))?)
    }

    /// The index within the epoch of what stands in it.
    fn within(&self, index: Option<u64>) -> Option<u64> {
        index?.checked_sub(self.epoch.first_index)
    }

    /// The leaf at an index.
    pub(super) fn entry(&self, index: u64) -> Result<Entry, PackageError> {
        let mut found = None;
        self.maker.db.read_now("leaf", |read| {
            let stored_at = self.epoch.first_index + index;
            entry::scan(read, stored_at, stored_at + 1, |stored| {
                let (place, ts, leaf) = (stored.place, stored.ts, stored.leaf.to_vec());
                found = Some(Entry { index: Some(index), place, ts, leaf });
                Ok(())
            })
        })?;
        found.ok_or_else(|| Error::new(ErrorKind::Corrupt, format!("leaf {index} is missing")).into())
    }
}

pub(super) fn base64(hash: &Hash) -> String {
    STANDARD.encode(hash.as_bytes())
}
