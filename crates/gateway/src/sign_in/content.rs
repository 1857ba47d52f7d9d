//! What is kept, encrypted, about a sign-in under way and about somebody who is signed in.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::identity::SignedIn;
use crate::model::{Party, Principal, PrincipalKind, TokenId};

/// A sign-in that was begun: kept in the browser alone, so that nobody unknown makes the gateway remember anything.
#[derive(Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) issuer: String,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    /// Path that the browser goes to then.
    pub(super) then: String,
    /// Microseconds since 1970.
    pub(super) until: i64,
}

/// Somebody who is signed in.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    kind: PrincipalKind,
    issuer: String,
    subject: String,
    name: Option<String>,
    email: Option<String>,
    groups: Vec<String>,
    scopes: Vec<String>,
    client: Option<String>,
    actors: Vec<(String, String)>,
    token: [u8; 16],
    expires: i64,
    refresh: Option<String>,
    id_token: String,
}

impl Kept {
    pub(super) fn of(signed_in: &SignedIn) -> Self {
        let who = &signed_in.principal;
        let party = |party: &Party| (party.issuer.clone(), party.subject.clone());
        Self {
            kind: who.kind,
            issuer: who.party.issuer.clone(),
            subject: who.party.subject.clone(),
            name: who.name.clone(),
            email: who.email.clone(),
            groups: who.groups.clone(),
            scopes: who.scopes.clone(),
            client: who.client.clone(),
            actors: who.actors.iter().map(party).collect(),
            token: who.token.0,
            expires: who.expires.as_microsecond(),
            refresh: signed_in.refresh.as_ref().map(|token| token.expose_secret().to_owned()),
            id_token: signed_in.id_token.expose_secret().to_owned(),
        }
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(super) fn refresh(&self) -> Option<SecretString> {
        self.refresh.clone().map(SecretString::from)
    }

    pub(super) fn id_token(&self) -> SecretString {
        SecretString::from(self.id_token.clone())
    }

    /// The issuer gave no new one: the old one goes on.
    pub(super) fn or_refresh(mut self, before: &Self) -> Self {
        self.refresh = self.refresh.or_else(|| before.refresh.clone());
        self
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        (&self.issuer, &self.subject) == (&other.issuer, &other.subject)
    }

    pub(super) fn principal(&self) -> Principal {
        let party =
            |(issuer, subject): &(String, String)| Party { issuer: issuer.clone(), subject: subject.clone() };
        Principal {
            kind: self.kind,
            party: Party { issuer: self.issuer.clone(), subject: self.subject.clone() },
            name: self.name.clone(),
            email: self.email.clone(),
            groups: self.groups.clone(),
            scopes: self.scopes.clone(),
            client: self.client.clone(),
            actors: self.actors.iter().map(party).collect(),
            owner: None,
            token: TokenId(self.token),
            expires: Timestamp::from_microsecond(self.expires).unwrap_or(Timestamp::MIN),
        }
    }
}
