//! What a matrix was computed from, as a file: with the policies that it names, whoever has the file computes the matrix
//! again.
//!
//! People stand in it by their pseudonyms. Whom a policy names is named here, too, since the answer depends on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::basis::{Basis, Offer, Person};
use crate::model::{Party, PrincipalKind, TargetKind};
use crate::policy::{Definition, PolicySet, Source};

/// A [`Basis`] without its policies, which it names by hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The instant, microseconds since 1970.
    pub at_us: i64,
    /// SHA-256 of the policy set, as hexadecimal.
    pub policy_set: String,
    /// When it came into force, and the index of the leaf that says so.
    pub published: Option<(i64, Option<u64>)>,
    servers: BTreeMap<String, Vec<StatedOffer>>,
    people: Vec<StatedPerson>,
    notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedOffer {
    kind: String,
    name: String,
    definition: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Unknown,
    Pinned,
    Drifted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedPerson {
    actor: String,
    kind: PrincipalKind,
    issuer: String,
    /// The pseudonym again, unless a policy names them.
    subject: String,
    groups: Vec<String>,
    seen_us: i64,
}

/// A policy set as it is kept.
#[derive(Deserialize)]
struct Kept {
    policies: BTreeMap<String, String>,
}

impl Stated {
    /// States what `basis` is.
    pub fn of(basis: &Basis) -> Self {
        let named = basis.policies.names();
        let offer = |offer: &Offer| StatedOffer {
            kind: offer.kind.as_str().to_owned(),
            name: offer.name.clone(),
            definition: match offer.definition {
                Definition::Unknown => Standing::Unknown,
                Definition::Pinned => Standing::Pinned,
                Definition::Drifted => Standing::Drifted,
            },
        };
        let person = |person: &Person| {
            let id = format!("{}/{}", person.party.issuer, person.party.subject);
            let is_named = named.iter().any(|(_, name)| *name == id);
            StatedPerson {
                actor: person.actor.clone(),
                kind: person.kind,
                issuer: person.party.issuer.clone(),
                subject: if is_named { person.party.subject.clone() } else { person.actor.clone() },
                groups: person.groups.clone(),
                seen_us: person.seen,
            }
        };
        let servers = basis.servers.iter();
        let mut people: Vec<StatedPerson> = basis.people.iter().map(person).collect();
        // Not in the order of names, which would tell something of them.
        people.sort_by(|a, b| a.actor.cmp(&b.actor));
        Self {
            at_us: basis.at,
            policy_set: basis.policy_set.clone(),
            published: basis.published,
            servers: servers
                .map(|(name, offers)| (name.clone(), offers.iter().map(offer).collect()))
                .collect(),
            people,
            notes: basis.notes.clone(),
        }
    }

    /// The basis again, with the document of its policy set.
    ///
    /// # Errors
    /// Why the document is no policy set of this release.
    pub fn with(&self, document: &[u8]) -> Result<Basis, String> {
        let kept: Kept = serde_json::from_slice(document).map_err(|error| error.to_string())?;
        let source = |(id, text): (String, String)| Source { file: format!("{id}.cedar"), text };
        let sources: Vec<Source> = kept.policies.into_iter().map(source).collect();
        let policies = PolicySet::parse(&sources).map_err(|rejected| rejected.to_string())?;
        let offer = |offer: &StatedOffer| {
            Some(Offer {
                kind: TargetKind::parse(&offer.kind)?,
                name: offer.name.clone(),
                definition: match offer.definition {
                    Standing::Unknown => Definition::Unknown,
                    Standing::Pinned => Definition::Pinned,
                    Standing::Drifted => Definition::Drifted,
                },
            })
        };
        let person = |person: &StatedPerson| Person {
            actor: person.actor.clone(),
            kind: person.kind,
            party: Party { issuer: person.issuer.clone(), subject: person.subject.clone() },
            groups: person.groups.clone(),
            seen: person.seen_us,
        };
        let servers = self.servers.iter();
        Ok(Basis {
            at: self.at_us,
            policies,
            policy_set: self.policy_set.clone(),
            published: self.published,
            servers: servers
                .map(|(name, offers)| (name.clone(), offers.iter().filter_map(offer).collect()))
                .collect(),
            people: self.people.iter().map(person).collect(),
            notes: self.notes.clone(),
        })
    }
}
