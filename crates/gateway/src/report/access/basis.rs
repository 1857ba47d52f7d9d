//! What a matrix is computed from: policies, what servers offer, and who is there.

use std::collections::BTreeMap;

use crate::ledger::VaultError;
use crate::model::{Party, PrincipalKind, TargetKind};
use crate::policy::{Definition, PolicySet};
use crate::store;

/// Everything that a matrix depends on, as it was at one instant.
#[derive(Debug)]
pub struct Basis {
    /// The instant, microseconds since 1970.
    pub at: i64,
    /// The policies in force.
    pub policies: PolicySet,
    /// Hash of the policy set as it was recorded, as hexadecimal.
    pub policy_set: String,
    /// When the set came into force, and the index of the leaf that says so; `None`: it is not in force.
    pub published: Option<(i64, Option<u64>)>,
    /// What each server offers.
    pub servers: BTreeMap<String, Vec<Offer>>,
    /// Who was seen.
    pub people: Vec<Person>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

/// One thing that a server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Tool, resource or prompt.
    pub kind: TargetKind,
    /// Its name or URI.
    pub name: String,
    /// How its definition stands.
    pub definition: Definition,
}

/// Somebody who was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Pseudonym in the log.
    pub actor: String,
    /// Human, service or agent.
    pub kind: PrincipalKind,
    /// Who.
    pub party: Party,
    /// Groups, as last seen. Sorted.
    pub groups: Vec<String>,
    /// When they acted last, microseconds since 1970.
    pub seen: i64,
}

/// Of whom the matrix speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum People {
    /// Of groups, and combinations of groups that somebody has.
    #[default]
    InGroups,
    /// Of everybody who was seen, with the groups they were last seen with.
    OneByOne,
}

/// Why there is no basis.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A sealed record.
    #[error("who was there cannot be read: {0}")]
    Vault(#[from] VaultError),
    /// No policies yet.
    #[error("no policies were in force at that time: the log has no `policy.published` before it")]
    NothingInForce,
    /// A document that a leaf names is not there, or another one.
    #[error("the log names a {kind} document {hash}, and {problem}: run `countersign verify` on an export")]
    Document {
        /// What the document is.
        kind: &'static str,
        /// Its hash, as hexadecimal.
        hash: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A leaf that cannot be read.
    #[error("leaf {index} cannot be read: {cause}")]
    Leaf {
        /// Where it stands.
        index: String,
        /// Why.
        cause: String,
    },
    /// Recorded policies that this release does not accept.
    #[error("the recorded policies are not valid for this release: {0}")]
    Policies(String),
}
