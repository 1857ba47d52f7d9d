//! The manifest: every other file of a package with its SHA-256, and the log's signature over that list.
//!
//! The signature is a [C2SP signed-note](https://c2sp.org/signed-note) of three lines: the format, the log's
//! origin, the SHA-256 of `manifest.json`. Its second line is no number, so it can never be taken for a
//! checkpoint. A package of an epoch that is over is signed by a later one, whose origin then stands there.

use serde::{Deserialize, Serialize};

use super::{Draw, FORMAT, Period};
use crate::epoch::Origin;
use crate::merkle::Hash;
use crate::note::{self, Note, Signer, VerifierKey};
use crate::tile::WIDTH_MAX;
use crate::time::Timestamp;

/// The most bytes of a manifest: one line for each tile of a large log.
pub const MANIFEST_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a package is and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// Identity of the log.
    pub origin: String,
    /// When it was made, by the clock of whoever made it.
    pub created: Timestamp,
    /// The period.
    pub period: Period,
    /// Upstreams that the populations are limited to; none: all.
    pub servers: Vec<String>,
    /// What became of the recorded bodies of privileged calls.
    pub bodies: Bodies,
    /// The part of the log that is there.
    pub log: LogPart,
    /// How strongly the log was anchored outside the operator's reach.
    pub assurance: String,
    /// The samples.
    pub sample: Option<Draw>,
    /// What no package can show.
    pub does_not_assert: Vec<String>,
    /// Every other file, sorted by path.
    pub files: Vec<FileRecord>,
}

/// Whether recorded bodies of privileged calls are in a package. Those of samples always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bodies {
    /// As they were masked, with what proves them.
    Opened,
    /// Only those of samples.
    Sealed,
}

/// A part of a log, from a leaf to the end of a signed tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPart {
    /// Index of the first leaf that is there, a multiple of 256.
    pub first: u64,
    /// Number of leaves of the signed tree.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Path, `/` between its elements.
    pub path: String,
    /// Length.
    pub bytes: u64,
    /// Hash.
    pub sha256: Hash,
}

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not the JSON of a manifest.
    #[error("not a manifest: {0}")]
    Malformed(String),
    /// Of a format that this release does not know.
    #[error("a package of format `{0}`: use the release that made it, or a later one")]
    Format(String),
    /// The note around its hash is refused.
    #[error(transparent)]
    Note(#[from] note::Error),
    /// Signed, but it is another manifest.
    #[error("the signature is about another manifest")]
    Other,
}

impl Manifest {
    /// The bytes of `manifest.json`.
    pub fn encode(&self) -> Vec<u8> {
        // Unwrap safety: every map has string keys.
        let mut bytes = serde_json::to_vec_pretty(self).expect("manifests serialise");
        bytes.push(b'\n');
        bytes
    }

    /// Signs the bytes of a manifest.
    ///
    /// # Errors
    /// When the origin cannot stand in a note.
    pub fn sign(bytes: &[u8], signer: &Signer) -> Result<Note, ManifestError> {
        Ok(Note::sign(&Self::statement(signer.name(), bytes), &[signer])?)
    }

    /// What the log of this origin signs of the bytes of a manifest.
    pub fn statement(origin: &str, manifest: &[u8]) -> String {
        format!("{FORMAT}\n{origin}\n{}\n", Hash::of(manifest))
    }

    /// The origin of the log whose key signed, as an unverified signature says.
    pub fn signer_of(signed: &[u8]) -> Option<String> {
        Note::parse(signed).ok()?.text().lines().nth(1).map(str::to_owned)
    }

    /// Reads a manifest whose signature by `key` verifies: that of its log, or of a later epoch of it.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn open(bytes: &[u8], signed: &[u8], key: &VerifierKey) -> Result<Self, ManifestError> {
        let note = Note::parse(signed)?;
        note.verify(std::slice::from_ref(key))?;
        if note.text() != Self::statement(key.name(), bytes) {
            return Err(ManifestError::Other);
        }
        let manifest: Self =
            serde_json::from_slice(bytes).map_err(|error| ManifestError::Malformed(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(ManifestError::Format(manifest.format));
        }
        let is_later = || {
            let (own, later) = (Origin::parse(&manifest.origin)?, Origin::parse(key.name())?);
            Some(own.log == later.log && own.epoch < later.epoch)
        };
        if manifest.origin != key.name() && is_later() != Some(true) {
            return Err(ManifestError::Other);
        }
        let LogPart { first, size, .. } = manifest.log;
        if !first.is_multiple_of(u64::from(WIDTH_MAX)) || first > size {
            return Err(ManifestError::Malformed("there is no such part of a log".to_owned()));
        }
        Ok(manifest)
    }
}
