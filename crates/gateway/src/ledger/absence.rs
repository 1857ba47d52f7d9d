//! Why a body is not there: a leaf says that a rule took it, or nothing does.
//!
//! A gateway notes, in the transaction that erases, which leaf says so, and seals the note with that leaf in it. So the leaf
//! counts from then on, also in the moment until it has its index in the log, and nobody else's note leads anywhere.

use std::fmt;

use evidence::leaf::{EventType, Leaf};
use evidence::retention::Erasure;
use serde_json::{Value, json};

use super::VaultError;
use crate::limits;
use crate::seal::Seal;
use crate::store::entry::{self, Place};
use crate::store::{Db, Error, Read, retention};

/// Why the body that a leaf commits to cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// A leaf says that its time was over.
    Erased(Box<Erased>),
    /// It should be there: it was removed or lost behind the gateway's back.
    Missing,
    /// It is there and does not open: it was changed, or the keys are others.
    Unreadable(String),
}

/// What says that a body was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// The rule, and what else the leaf says.
    pub erasure: Erasure,
    /// Index of the leaf in the log, those of the epochs before counted; `None` for the moment until it has one.
    pub index: Option<u64>,
}

impl Absence {
    /// Why `error` kept the body of the leaf at `place` from being opened. Blocks: not for an async task.
    ///
    /// # Errors
    /// When the database refuses, also where that is what `error` says.
    pub fn of(db: &Db, seal: &Seal, (place, leaf): (Place, &Leaf), error: VaultError) -> Result<Self, Error> {
        match error {
            VaultError::Store(error) => Err(error),
            VaultError::Erased => db.read_now("absence", |read| Self::find(read, seal, place, leaf)),
            error => Ok(Self::Unreadable(error.to_string())),
        }
    }

    /// Why there is no body of the leaf at `place`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn find(read: &mut Read<'_>, seal: &Seal, place: Place, leaf: &Leaf) -> Result<Self, Error> {
        for (at, bytes) in retention::noted(read, seal, place, limits::ERASURES_MAX)? {
            let Ok(said) = Leaf::decode(&bytes) else { continue };
            let erasure = said.detail.as_ref().filter(|_| said.event == EventType::RetentionDeleted);
            let erasure = erasure.and_then(Erasure::read);
            if let Some(erasure) = erasure.filter(|erasure| erasure.accounts_for(leaf, said.ts)) {
                let index = entry::index_of(read, at)?;
                return Ok(Self::Erased(Box::new(Erased { erasure, index })));
            }
        }
        Ok(Self::Missing)
    }

    /// In one word: `erased`, `missing` or `unreadable`. The last two want an explanation.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Erased(_) => "erased",
            Self::Missing => "missing",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// The rule and the leaf by which it was erased; `null` otherwise.
    pub fn erased_by(&self) -> Value {
        let Self::Erased(erased) = self else { return Value::Null };
        let Erasure { rule, days, server, .. } = &erased.erasure;
        json!({ "rule": rule, "days": days, "server": server, "index": erased.index })
    }
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Erased(erased) => {
                write!(f, "erased by the rule {} ", erased.erasure.rule())?;
                match erased.index {
                    Some(index) => write!(f, "(leaf {index})"),
                    None => f.write_str("(its leaf is not in the log yet)"),
                }
            }
            Self::Missing => f.write_str(
                "missing and unexplained: the leaf commits to it, and no leaf says that a rule took it. Find out who removed it",
            ),
            Self::Unreadable(why) => write!(f, "unreadable: {why}"),
        }
    }
}
