//! Who somebody is, as it is kept: names of issuers and subjects, for people to read and to be compared.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Party, Principal};

/// One party, as it is kept and bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Somebody {
    /// Configured name of the issuer.
    pub issuer: String,
    /// The issuer's identifier of the party.
    pub subject: String,
}

impl From<&Party> for Somebody {
    fn from(party: &Party) -> Self {
        Self { issuer: party.issuer.clone(), subject: party.subject.clone() }
    }
}

impl From<&Somebody> for Party {
    fn from(who: &Somebody) -> Self {
        Self { issuer: who.issuer.clone(), subject: who.subject.clone() }
    }
}

/// As people write it, and policies name it: `issuer/subject`.
impl fmt::Display for Somebody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.issuer, self.subject)
    }
}

impl FromStr for Somebody {
    type Err = NotSomebody;

    fn from_str(text: &str) -> Result<Self, NotSomebody> {
        // No name of an issuer holds a slash; a subject may.
        let (issuer, subject) = text.split_once('/').ok_or(NotSomebody)?;
        if issuer.is_empty() || subject.is_empty() {
            return Err(NotSomebody);
        }
        Ok(Self { issuer: issuer.to_owned(), subject: subject.to_owned() })
    }
}

/// A text that names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write `issuer/subject`")]
pub struct NotSomebody;

/// Who somebody is, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Human, service or agent.
    pub kind: String,
    /// Issuer and subject.
    pub party: Somebody,
    /// Who acts for them, the nearest first.
    pub actors: Vec<Somebody>,
    /// The person that a service or an agent works for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Somebody>,
    /// Display name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// The OAuth client.
    pub client: Option<String>,
}

impl From<&Principal> for Identity {
    fn from(principal: &Principal) -> Self {
        Self {
            kind: principal.kind.as_str().to_owned(),
            party: (&principal.party).into(),
            actors: principal.actors.iter().map(Somebody::from).collect(),
            owner: principal.owner.as_ref().map(Somebody::from),
            name: principal.name.clone(),
            email: principal.email.clone(),
            client: principal.client.clone(),
        }
    }
}

impl Identity {
    /// Whether `party` is this principal, acts for it, or is whom it works for.
    pub fn involves(&self, party: &Party) -> bool {
        let party = Somebody::from(party);
        self.party == party || self.others().any(|other| *other == party)
    }

    /// Who acts for it, and whom it works for.
    fn others(&self) -> impl Iterator<Item = &Somebody> {
        self.owner.iter().chain(&self.actors)
    }

    /// Whether these may be one and the same person, perhaps known to two issuers: the same subject, or the same address.
    pub fn may_be(&self, other: &Self) -> bool {
        let address = |who: &Self| who.email.as_ref().map(|email| email.to_lowercase());
        let same_address = address(self).is_some_and(|email| Some(email) == address(other));
        self.party.subject == other.party.subject || same_address
    }

    /// Whether `party` may be this principal, somebody who acts for it, or whom it works for. Of an actor only the caller's
    /// issuer speaks, and which issuer knows them it spells as it likes, or leaves out; and an owner may be known to more
    /// than one: so the subject alone tells.
    pub fn may_involve(&self, party: &Party) -> bool {
        self.involves(party) || self.others().any(|other| other.subject == party.subject)
    }
}
