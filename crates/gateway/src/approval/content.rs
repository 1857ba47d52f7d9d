//! What is sealed in the store about an approval: what was asked for and by whom, and what people said.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Fault;
use super::bound::Somebody;
use crate::model::{Party, Principal};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Who asked.
    pub who: Identity,
    /// Method of the call.
    pub method: String,
    /// Kind and name of its target.
    pub target: Option<(String, String)>,
    /// The canonical text of what it does.
    pub matter: String,
    /// Pointers of what the tool's schema added to it.
    pub defaulted: Vec<String>,
    /// The policies that held it.
    pub policies: Vec<String>,
    /// Makes the binding unguessable.
    pub nonce: String,
    /// `params.requestState` that the caller brought from the upstream, as JSON; it is put back when the call runs.
    pub request_state: Option<String>,
    /// `params.inputResponses` likewise.
    pub input_responses: Option<String>,
    /// What runs once people agreed, when the caller asks about it as a task.
    #[serde(default)]
    pub task: Option<Deferred>,
}

/// A call as its caller sent it, to be run when the caller only asks about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferred {
    /// The message.
    pub message: String,
    /// The header fields that may go upstream: never a credential.
    pub headers: Vec<(String, String)>,
}

impl Content {
    /// The name of its target, if that is the server's word: of a tool or prompt. What else a call is about, as the URI of a
    /// resource, is the caller's, and stays where people sign in.
    pub(super) fn offered(&self) -> Option<&str> {
        let (kind, name) = self.target.as_ref()?;
        matches!(kind.as_str(), "tool" | "prompt").then_some(name)
    }
}

/// What one person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Who.
    pub who: Identity,
    /// Why.
    pub reason: Option<String>,
    /// Identifier of the passkey that they signed with.
    #[serde(default)]
    pub passkey: Option<String>,
}

/// Who somebody is, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Human, service or agent.
    pub kind: String,
    /// Issuer and subject.
    pub party: Somebody,
    /// Who acts for them, the nearest first.
    pub actors: Vec<Somebody>,
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
            name: principal.name.clone(),
            email: principal.email.clone(),
            client: principal.client.clone(),
        }
    }
}

impl Identity {
    /// Whether `party` is this principal or acts for it.
    pub(super) fn involves(&self, party: &Party) -> bool {
        let party = Somebody::from(party);
        self.party == party || self.actors.contains(&party)
    }

    /// Whether these may be one and the same person, who is known to two issuers: the same subject, or the same address.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        let address = |who: &Self| who.email.as_ref().map(|email| email.to_lowercase());
        let same_address = address(self).is_some_and(|email| Some(email) == address(other));
        self.party.subject == other.party.subject || same_address
    }

    /// Whether `party` may be this principal, or somebody who acts for it. Of an actor only the caller's issuer speaks,
    /// and which issuer knows them it spells as it likes, or leaves out: so the subject alone tells.
    pub(super) fn may_involve(&self, party: &Party) -> bool {
        self.involves(party) || self.actors.iter().any(|actor| actor.subject == party.subject)
    }
}

/// The bytes to seal.
pub(super) fn write(content: &impl Serialize) -> Vec<u8> {
    // Unwrap safety: structs of texts and lists serialise.
    serde_json::to_vec(content).expect("content serialises")
}

/// What was sealed.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(bytes).map_err(|_| Fault::Malformed)
}
