//! What a review is about: every grant, as it is kept in the document that `review.started` names.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::exchange::Gateway;
use crate::identity::SERVICE_KEY_ISSUER;
use crate::limits;
use crate::model::{Party, Principal, PrincipalKind, TargetKind};
use crate::report::access::{Basis, Grant, GrantTerms, Object, Subject};

/// The population of a review. No name of a person is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Population {
    /// The review.
    pub review: Uuid,
    /// The instant at which who may do what was computed, RFC 3339.
    pub at: String,
    /// The policies that were in force then.
    pub policy_set: String,
    /// Every grant.
    pub grants: Vec<Listed>,
}

/// One grant of a population.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listed {
    /// Its number in the review, from 1.
    pub grant: u32,
    /// Who has it.
    pub holder: Holder,
    /// Configured name of the server.
    pub server: String,
    /// The method, or what kind of action it is.
    pub action: String,
    /// To what.
    pub target: String,
    /// Which statements in its arguments, where that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// On which terms.
    #[serde(flatten)]
    pub terms: GrantTerms,
    /// Ids of the policies that decide, or may.
    pub policies: Vec<String>,
}

/// Who has a grant: one person or program, or everybody in exactly these groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Human, service, agent.
    pub kinds: Vec<PrincipalKind>,
    /// All groups; of a person, those of their last token.
    pub groups: Vec<String>,
    /// Pseudonym, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

impl Holder {
    /// Of a subject of the matrix.
    fn of(subject: &Subject, gateway: &Gateway) -> Self {
        let pseudonym = |party: &Party| gateway.ledger.actor(party);
        Self {
            kinds: subject.kinds.clone(),
            groups: subject.groups.clone(),
            actor: subject.actor.clone().or_else(|| subject.party.as_ref().map(pseudonym)),
        }
    }

    /// As leaves name it: a pseudonym, or the groups.
    pub fn label(&self) -> String {
        match (&self.actor, self.groups.as_slice()) {
            (Some(actor), _) => actor.clone(),
            (None, []) => "no group".to_owned(),
            (None, groups) => groups.join(" + "),
        }
    }

    /// Whether the grant is one of somebody's own, of a program that works for them, or of one with their subject: as for held calls, an agent that may
    /// be theirs is they, whichever issuer knows it. What everybody has is nobody's own.
    pub fn is(&self, who: &Principal, gateway: &Gateway) -> bool {
        if let Some(actor) = &self.actor {
            let subject = || who.party.subject.clone();
            let elsewhere = gateway.authenticator.issuers();
            let mut parties = elsewhere.map(|issuer| Party { issuer: issuer.to_owned(), subject: subject() });
            let keys = gateway.service_keys.of_owner(&who.party.subject).into_iter();
            let mut keys = keys.map(|subject| Party { issuer: SERVICE_KEY_ISSUER.to_owned(), subject });
            return gateway.ledger.actor(&who.party) == *actor
                || parties.any(|party| gateway.ledger.actor(&party) == *actor)
                || keys.any(|party| gateway.ledger.actor(&party) == *actor);
        }
        // A service has a key of its own, and is nobody's.
        let persons = [PrincipalKind::Human, PrincipalKind::Agent];
        let theirs = self.kinds.iter().any(|kind| persons.contains(kind));
        let member = self.groups.iter().all(|group| who.groups.contains(group));
        theirs && member && (!self.groups.is_empty() || who.groups.is_empty())
    }

    /// Who this is in `basis`, with the groups of today; `None`: nobody knows any more.
    fn subject(&self, basis: &Basis, gateway: &Gateway) -> Option<Subject> {
        let Some(actor) = &self.actor else {
            let (kinds, groups) = (self.kinds.clone(), self.groups.clone());
            return Some(Subject { kinds, party: None, groups, actor: None });
        };
        let seen = basis.people.iter().find(|person| person.actor == *actor);
        let (party, groups) = match seen {
            Some(person) => (person.party.clone(), person.groups.clone()),
            // Somebody whom a policy names and nobody ever saw.
            None => {
                let named = basis.policies.names();
                let parties = named.iter().filter_map(|(_, id)| id.split_once('/'));
                let mut parties = parties.map(|(issuer, subject)| Party {
                    issuer: issuer.to_owned(),
                    subject: subject.to_owned(),
                });
                (parties.find(|party| gateway.ledger.actor(party) == *actor)?, self.groups.clone())
            }
        };
        Some(Subject { kinds: self.kinds.clone(), party: Some(party), groups, actor: Some(actor.clone()) })
    }
}

impl Listed {
    /// Of a cell of the matrix.
    pub(super) fn of(number: u32, grant: Grant, gateway: &Gateway) -> Self {
        let Grant { subject, object, terms, policies } = grant;
        let Object { server, action, target, statement } = object;
        let holder = Holder::of(&subject, gateway);
        Self { grant: number, holder, server, action, target, statement, terms, policies }
    }

    /// The cell again, for its holder as they are in `basis`.
    pub fn cell(&self, basis: &Basis, gateway: &Gateway) -> Option<Grant> {
        Some(Grant {
            subject: self.holder.subject(basis, gateway)?,
            object: Object {
                server: self.server.clone(),
                action: self.action.clone(),
                target: self.target.clone(),
                statement: self.statement.clone(),
            },
            terms: self.terms.clone(),
            policies: self.policies.clone(),
        })
    }

    /// What it is about, as a leaf may name it: addresses of resources name people and files.
    pub(super) fn target_in_leaf(&self, gateway: &Gateway) -> String {
        let address = self.action == "resources/read" && !self.target.starts_with("any ");
        if address || self.target.len() > limits::LEAF_NAME_BYTES_MAX {
            return gateway.ledger.unlisted(&self.server, TargetKind::Resource, &self.target);
        }
        self.target.clone()
    }
}
