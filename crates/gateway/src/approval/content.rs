//! What is sealed in the store about an approval: what was asked for and by whom, and what people said.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Fault;
use crate::model::{Identity, Terms};
use crate::store::approval_vote::Word;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
// What else is sealed for the same row, as the answer to a task, is never taken for it.
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Who asked.
    pub who: Identity,
    /// At which server.
    pub server: String,
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
    /// What they ask of approvers. Here and not in a column, so that whoever writes to the database cannot ask for less.
    pub terms: Terms,
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
// What else is sealed for the same row, as the answer to a task, is never taken for it.
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Who.
    pub who: Identity,
    /// Yes or no.
    pub word: Word,
    /// When, microseconds since 1970.
    pub ts: i64,
    /// Why.
    pub reason: Option<String>,
    /// Identifier of the passkey that they signed with.
    #[serde(default)]
    pub passkey: Option<String>,
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
