//! Epochs: one log after the other under one name, each with a key of its own (`docs/log-format.md`).
//!
//! The origin of a log is `<deployment>/audit/<epoch>`. `log.seal` ends an epoch and may name the key of the next;
//! `log.genesis` begins one and embeds the last checkpoint of the one before. So trust goes both ways: who knows a key
//! learns the next from a seal, and the one before from a genesis.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::jcs::{self, Object};
use crate::note::VerifierKey;
use crate::text;

/// Which epoch of which log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The log, `<deployment>/audit`.
    pub log: String,
    /// The epoch, from 1.
    pub epoch: u64,
}

/// The facts of a `log.genesis` leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    /// Origin of the epoch that begins.
    pub origin: String,
    /// The key that signs it, in text form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The epoch before; absent in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
    /// Why an epoch begins, in the words of whoever began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How the epoch before ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Its last checkpoint, a signed note without cosignatures.
    pub checkpoint: String,
    /// The key that signed it, in text form.
    pub key: String,
    /// What is declared lost. Absent when the epoch ended with `log.seal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
}

/// What is known to be lost where an epoch ended without a seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// A checkpoint that the same key signed, and that the database does not reach or contradicts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// Calls that were open: how they ended is in no epoch.
    #[serde(default)]
    pub open_calls: u64,
    /// Leaves that were in the database and under no checkpoint, so in no epoch.
    #[serde(default)]
    pub unsigned: u64,
}

/// The facts of a `log.seal` leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The key of the next epoch; absent when the log ends for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_key: Option<String>,
    /// Why the epoch ends, in the words of whoever ended it.
    pub reason: String,
}

impl Origin {
    /// Reads an origin of the form `<deployment>/audit/<epoch>`; `None` for any other.
    pub fn parse(origin: &str) -> Option<Self> {
        let (log, epoch) = origin.rsplit_once('/')?;
        let deployment = log.strip_suffix("/audit")?;
        let epoch = text::read_decimal(epoch).filter(|epoch| *epoch > 0)?;
        (!deployment.is_empty()).then(|| Self { log: log.to_owned(), epoch })
    }

    /// The epoch after this one.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { log: self.log.clone(), epoch: self.epoch.saturating_add(1) }
    }

    /// The epoch before this one; `None` for the first.
    pub fn previous(&self) -> Option<Self> {
        (self.epoch > 1).then(|| Self { log: self.log.clone(), epoch: self.epoch - 1 })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.log, self.epoch)
    }
}

impl Genesis {
    /// Reads the facts of a leaf; `None` when they are not those of a genesis.
    pub fn read(detail: &Object) -> Option<Self> {
        serde_json::from_str(detail.as_str()).ok()
    }

    /// The facts as a leaf holds them.
    ///
    /// # Errors
    /// When a number is too large for a leaf.
    pub fn write(&self) -> Result<Object, jcs::Error> {
        Object::of(self)
    }

    /// What is wrong with a genesis in the log of `origin` whose key is `key`, if anything.
    pub(crate) fn fault(&self, origin: &str, key: &str) -> Option<&'static str> {
        if self.origin != origin {
            return Some("`log.genesis` begins another log than the checkpoint is of");
        }
        if self.key.as_ref().is_some_and(|stated| stated != key) {
            return Some("`log.genesis` states another key than the one that signed the checkpoint");
        }
        let origin = Origin::parse(origin)?;
        match (&self.previous, origin.previous()) {
            (None, None) => None,
            (None, Some(_)) => Some("`log.genesis` does not say which epoch it continues"),
            (Some(_), None) => Some("`log.genesis` of the first epoch continues another"),
            (Some(previous), Some(before)) => previous.fault(&before),
        }
    }
}

impl Previous {
    /// The last checkpoint of the epoch before, and its key; `None` when the one does not verify with the other.
    pub fn open(&self) -> Option<(Checkpoint, VerifierKey)> {
        let key: VerifierKey = self.key.parse().ok()?;
        let (checkpoint, _) = Checkpoint::open(self.checkpoint.as_bytes(), &key).ok()?;
        Some((checkpoint, key))
    }

    /// The checkpoint that contradicts, when one is declared and the key of the epoch before signed it.
    pub fn anchor(&self) -> Option<Checkpoint> {
        let key = self.key.parse().ok()?;
        let anchor = self.loss.as_ref()?.anchor.as_ref()?;
        Some(Checkpoint::open(anchor.as_bytes(), &key).ok()?.0)
    }

    fn fault(&self, before: &Origin) -> Option<&'static str> {
        let Some((last, _)) = self.open() else {
            return Some("the checkpoint that `log.genesis` embeds does not verify with the key it names");
        };
        if last.origin != before.to_string() {
            return Some("the checkpoint that `log.genesis` embeds is not of the epoch before");
        }
        let declared = self.loss.as_ref().and_then(|loss| loss.anchor.as_ref());
        match (declared, self.anchor()) {
            (None, _) => None,
            (Some(_), None) => {
                Some("the checkpoint that `log.genesis` declares lost does not verify with the key it names")
            }
            (Some(_), Some(anchor)) if anchor == last => {
                Some("the checkpoint that `log.genesis` declares lost is not lost")
            }
            (Some(_), Some(_)) => None,
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unsigned, open) = (self.unsigned, self.open_calls);
        formatter.write_str("a loss is declared: the epoch before was not sealed, ")?;
        write!(formatter, "{unsigned} of its leaves are in no epoch, and {open} calls were open")?;
        match &self.anchor {
            Some(_) => formatter.write_str("; a later checkpoint of it had been signed"),
            None => Ok(()),
        }
    }
}

impl Seal {
    /// Reads the facts of a leaf; `None` when they are not those of a seal.
    pub fn read(detail: &Object) -> Option<Self> {
        serde_json::from_str(detail.as_str()).ok()
    }

    /// The facts as a leaf holds them.
    ///
    /// # Errors
    /// Never for texts; see [`Object::of`].
    pub fn write(&self) -> Result<Object, jcs::Error> {
        Object::of(self)
    }

    /// The key of the next epoch; `None` when none is named, or what is named is no key.
    pub fn key(&self) -> Option<VerifierKey> {
        self.next_key.as_ref()?.parse().ok()
    }

    /// What is wrong with a seal in the log of `origin`, if anything.
    pub(crate) fn fault(&self, origin: &str) -> Option<&'static str> {
        let named = self.next_key.as_ref()?;
        let next = Origin::parse(origin).map(|origin| origin.next().to_string());
        match named.parse::<VerifierKey>() {
            Ok(key) if next.is_none_or(|next| key.name() == next) => None,
            Ok(_) => Some("`log.seal` names a key that is not of the next epoch"),
            Err(_) => Some("what `log.seal` names as the next key is no key"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_deployment_and_number() {
        let origin = Origin::parse("gateway.example/audit/41").unwrap();
        assert_eq!((&*origin.log, origin.epoch), ("gateway.example/audit", 41));
        assert_eq!(origin.to_string(), "gateway.example/audit/41");
        assert_eq!(origin.next().to_string(), "gateway.example/audit/42");
        assert_eq!(Origin::parse("a/audit/1").unwrap().previous(), None);
        for other in
            ["", "1", "/audit/1", "a/audit/0", "a/audit/01", "a/audit/+1", "a/audit/", "a/log/1", "audit/1"]
        {
            assert_eq!(Origin::parse(other), None, "{other}");
        }
    }
}
