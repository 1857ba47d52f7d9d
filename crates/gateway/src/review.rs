//! Reviews of access: people say of every grant whether it is to stay, and the log says whether what they wanted happened.
//!
//! The population of a review is the access matrix at an instant, computed from the policies in force and kept as a
//! document that `review.started` names by its hash. A review has no table: `review.started`, `review.decided`,
//! `review.applied` and `review.closed` are its state, so what pages show is what an auditor reads. Whether a grant is gone
//! is computed from the policies in force when the review closes, and claimed by nobody. At its due date a review closes by
//! itself; what nobody decided is recorded as decided by nobody.

mod begin;
mod close;
mod decide;
mod population;
mod state;
mod turn;

use evidence::merkle::Hash;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use begin::{Order, start};
pub use close::{basis, close, watch};
pub use decide::{Verdicts, decide, objection};
pub use population::{Holder, Listed, Population};
pub use state::{Campaign, Closed, Review, Said, find, list};

use crate::ledger::Unavailable;
use crate::limits;
use crate::report::access::{self, Standing};
use crate::store;

/// What is to become of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It stays.
    Keep,
    /// It goes.
    Revoke,
    /// It is to be on other terms: the reason says which.
    Change,
    /// Nobody decided before the review closed.
    None,
}

impl Decision {
    /// The word in leaves and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Revoke => "revoke",
            Self::Change => "change",
            Self::None => "none",
        }
    }

    /// The decision that a person may name so.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Keep, Self::Revoke, Self::Change].into_iter().find(|decision| decision.as_str() == text)
    }

    /// Whether something is to be different afterwards.
    pub fn asks_for_more(self) -> bool {
        matches!(self, Self::Revoke | Self::Change)
    }
}

/// Who may decide in a review, besides what policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reviewer {
    /// Whoever is in this group.
    Group(String),
    /// The person with this pseudonym.
    Actor(String),
}

impl Reviewer {
    /// As it stands in a leaf.
    pub fn text(&self) -> String {
        match self {
            Self::Group(name) => format!("group:{name}"),
            Self::Actor(pseudonym) => format!("actor:{pseudonym}"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("group", name) => Some(Self::Group(name.to_owned())),
            ("actor", pseudonym) => Some(Self::Actor(pseudonym.to_owned())),
            _ => None,
        }
    }
}

/// Why something about a review cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum NotReviewed {
    /// There is no such review.
    #[error("there is no such review")]
    Unknown,
    /// There is no such grant in it.
    #[error("the review has no grant {0}")]
    NoGrant(u32),
    /// It is over.
    #[error("the review is closed")]
    Closed,
    /// Programs do not review, nor does anybody through a program.
    #[error("only a person can decide, signed in as themselves: not a service key, a service or an agent")]
    NotAPerson,
    /// They are none of its reviewers.
    #[error("the review names its reviewers, and you are none of them")]
    NotAReviewer,
    /// It is their own access.
    #[error("nobody decides on access of their own: grant {0} is yours")]
    Own(u32),
    /// Others are at it.
    #[error("somebody else is deciding or closing a review at this moment: try again")]
    Busy,
    /// What was asked for makes no sense.
    #[error("{0}")]
    Request(String),
    /// Who may do what cannot be computed.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The log does not take the leaf now.
    #[error(transparent)]
    Ledger(#[from] Unavailable),
    /// A leaf or document of a review is not one: somebody changed the database.
    #[error("the record of a review cannot be read: run `countersign verify` on an export")]
    Malformed,
}

/// Facts of `review.started`.
#[derive(Debug, Serialize, Deserialize)]
struct Started {
    review: Uuid,
    at: String,
    policy_set: String,
    document: Hash,
    grants: u32,
    due: String,
    reviewers: Vec<String>,
}

/// Facts of `review.decided`. `key` names the decision: a later one about the same grant takes its place.
#[derive(Debug, Serialize, Deserialize)]
struct Decided {
    review: Uuid,
    key: Uuid,
    grant: u32,
    holder: String,
    server: String,
    action: String,
    target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    outcome: String,
    decision: Decision,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    policy_set: String,
}

/// Facts of `review.applied`. `previous`: the policies that were reviewed; `policy_set`: those in force when it was looked.
#[derive(Debug, Serialize, Deserialize)]
struct Applied {
    review: Uuid,
    key: Uuid,
    grant: u32,
    decision: Decision,
    standing: String,
    previous: String,
    policy_set: String,
}

/// Facts of `review.closed`.
#[derive(Debug, Serialize, Deserialize)]
struct Ended {
    review: Uuid,
    previous: String,
    policy_set: String,
    #[serde(flatten)]
    tally: Tally,
}

/// What came of a review, in numbers of grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// To stay.
    pub keep: u32,
    /// To go.
    pub revoke: u32,
    /// To be on other terms.
    pub change: u32,
    /// Decided by nobody.
    pub undecided: u32,
    /// Of those to go or to change: gone, or on other terms, in the policies in force at the end.
    pub gone: u32,
    /// Of those to go or to change: as they were.
    pub standing: u32,
}

/// The word for how a grant stands; `None`: its holder is not known any more.
pub fn standing_word(standing: Option<Standing>) -> &'static str {
    match standing {
        Some(Standing::Gone) => "gone",
        Some(Standing::Changed) => "changed",
        Some(Standing::Unchanged) => "unchanged",
        None => "unknown",
    }
}

/// A reason as it may stand in a leaf: plain, and not empty.
fn check_reason(reason: &str) -> Result<(), NotReviewed> {
    let plain = crate::identity::is_plain(reason);
    if reason.trim().is_empty() || reason.len() > limits::REVIEW_REASON_BYTES_MAX || !plain {
        return Err(NotReviewed::Request(format!(
            "a reason is required, of at most {} bytes, without control characters and such as turn the direction \
             of text",
            limits::REVIEW_REASON_BYTES_MAX
        )));
    }
    Ok(())
}
