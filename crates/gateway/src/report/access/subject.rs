//! The rows of a matrix: who.

use std::collections::BTreeSet;

use super::basis::{Basis, People, Person};
use crate::model::{Party, PrincipalKind};
use crate::policy::Profile;

const KINDS: [PrincipalKind; 3] = [PrincipalKind::Human, PrincipalKind::Service, PrincipalKind::Agent];

/// Somebody, or everybody with the same groups whom no policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Human, service, agent: those for whom every answer is the same.
    pub kinds: Vec<PrincipalKind>,
    /// Who, when it is one.
    pub party: Option<Party>,
    /// All groups. Sorted.
    pub groups: Vec<String>,
    /// Pseudonym in the log, when it is one.
    pub actor: Option<String>,
}

impl Subject {
    /// What lists call it.
    pub fn label(&self) -> String {
        let groups = match self.groups.as_slice() {
            [] => "no group".to_owned(),
            groups => groups.join(" + "),
        };
        let who = match &self.party {
            Some(party) => format!("{}/{} ({groups})", party.issuer, party.subject),
            None => groups,
        };
        if self.kinds.len() == KINDS.len() || self.party.is_some() {
            return who;
        }
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.as_str()).collect();
        format!("{who}, {}", kinds.join(" or "))
    }

    /// Whether people are among it: programs never approve.
    pub fn is_human(&self) -> bool {
        self.kinds.contains(&PrincipalKind::Human)
    }

    /// As the policies are asked about one kind of it.
    pub(super) fn profile(&self, kind: PrincipalKind) -> Profile {
        Profile { kind, party: self.party.clone(), groups: self.groups.clone() }
    }

    /// Whether two differ in nothing but their kinds.
    pub(super) fn is_same_but_for_kind(&self, other: &Self) -> bool {
        self.party == other.party && self.groups == other.groups
    }
}

/// Everybody whom the matrix is about, one kind at a time.
pub(super) fn subjects(basis: &Basis, people: People, group: Option<&str>) -> Vec<Subject> {
    let mut subjects = match people {
        People::InGroups => in_groups(basis),
        People::OneByOne => basis.people.iter().map(person).collect(),
    };
    if let Some(wanted) = group {
        subjects.retain(|subject| subject.groups.iter().any(|group| group == wanted));
    }
    subjects
}

fn in_groups(basis: &Basis) -> Vec<Subject> {
    let (groups, parties) = named(basis);
    let mut sets: BTreeSet<(usize, Vec<String>)> = BTreeSet::from([(0, Vec::new())]);
    sets.extend(groups.into_iter().map(|group| (1, vec![group])));
    sets.extend(basis.people.iter().map(|person| (person.groups.len(), person.groups.clone())));
    let mut subjects: Vec<Subject> = sets
        .into_iter()
        .flat_map(|(_, groups)| {
            KINDS.map(|kind| Subject { kinds: vec![kind], party: None, groups: groups.clone(), actor: None })
        })
        .collect();
    // Whom a policy names by id is no member of a group like any other.
    for (kind, issuer, subject) in parties {
        let seen = basis.people.iter().find(|person| {
            person.kind == kind && person.party.issuer == issuer && person.party.subject == subject
        });
        subjects.push(seen.map_or_else(
            || Subject {
                kinds: vec![kind],
                party: Some(Party { issuer: issuer.clone(), subject: subject.clone() }),
                groups: Vec::new(),
                actor: None,
            },
            person,
        ));
    }
    subjects
}

fn person(person: &Person) -> Subject {
    Subject {
        kinds: vec![person.kind],
        party: Some(person.party.clone()),
        groups: person.groups.clone(),
        actor: Some(person.actor.clone()),
    }
}

type Named = (BTreeSet<String>, Vec<(PrincipalKind, String, String)>);

/// Groups and people that policies name.
fn named(basis: &Basis) -> Named {
    let (mut groups, mut parties) = (BTreeSet::new(), Vec::new());
    for (ty, id) in basis.policies.names() {
        let kind = match ty.as_str() {
            "Group" => {
                groups.insert(id);
                continue;
            }
            "Human" => PrincipalKind::Human,
            "Service" => PrincipalKind::Service,
            "Agent" => PrincipalKind::Agent,
            _ => continue,
        };
        if let Some((issuer, subject)) = id.split_once('/') {
            parties.push((kind, issuer.to_owned(), subject.to_owned()));
        }
    }
    (groups, parties)
}
