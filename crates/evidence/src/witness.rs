//! Witnesses: [C2SP tlog-witness](https://c2sp.org/tlog-witness), the part that needs no network and no disk.
//!
//! A witness remembers, of every log it was told about, the largest checkpoint it cosigned. It cosigns a larger one only
//! with a proof that the log was only appended to. So two logs under one name cannot both be cosigned.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::Checkpoint;
use crate::merkle::{Hash, ProofError, verify_consistency};
use crate::note::{NOTE_BYTES_MAX, Note, VerifierKey};
use crate::text;

/// The most hashes of a consistency proof.
pub const PROOF_HASHES_MAX: usize = 63;
/// The most bytes of a request: the note, the proof, the line before it.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + PROOF_HASHES_MAX * 45 + 32;
/// Content type of the answer that states a size.
pub const SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";

/// The body of an `add-checkpoint` request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the tree that the witness cosigned last, as far as whoever asks knows.
    pub old: u64,
    /// Consistency proof from that tree to the one of the checkpoint.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

/// The body is not of the form of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed request: {0}")]
pub struct ParseRequestError(&'static str);

/// The largest tree of a log that a witness cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Number of leaves.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request is malformed, or its old size is larger than the checkpoint's.
    #[error("{0}")]
    Malformed(&'static str),
    /// The witness was not told about this log.
    #[error("the log is not known to this witness")]
    UnknownLog,
    /// No key of the log signed the checkpoint, or a signature of one does not verify.
    #[error("the checkpoint is not signed by a key of its log")]
    Untrusted,
    /// The witness cosigned another size last.
    #[error("the largest checkpoint that was cosigned has {size} leaves")]
    Conflict {
        /// That size.
        size: u64,
    },
    /// The log was not only appended to.
    #[error("the proof does not lead from the checkpoint that was cosigned to this one")]
    Inconsistent,
}

impl Seen {
    /// What a witness remembers of a log that it never cosigned.
    pub fn nothing() -> Self {
        Self { size: 0, root: Hash::empty_root() }
    }
}

impl AddCheckpoint {
    /// Which log the checkpoint says it is of. Not verified.
    pub fn origin(&self) -> &str {
        self.checkpoint.text().split('\n').next().unwrap_or_default()
    }

    /// Whether a witness that has `seen` this much of the log, whose keys are `keys`, may cosign. The checkpoint that is
    /// answered has to be remembered, durably, before the cosignature leaves.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn judge(&self, keys: &[VerifierKey], seen: &Seen) -> Result<Checkpoint, Refusal> {
        if keys.is_empty() {
            return Err(Refusal::UnknownLog);
        }
        self.checkpoint.verify(keys).map_err(|_| Refusal::Untrusted)?;
        let parsed = self.checkpoint.text().parse::<Checkpoint>();
        let checkpoint =
            parsed.map_err(|_| Refusal::Malformed("the note is not a checkpoint of three lines"))?;
        if self.old > checkpoint.size {
            return Err(Refusal::Malformed("the old size is larger than that of the checkpoint"));
        }
        if self.old != seen.size {
            return Err(Refusal::Conflict { size: seen.size });
        }
        if checkpoint.size == seen.size && checkpoint.root != seen.root {
            return Err(Refusal::Conflict { size: seen.size });
        }
        verify_consistency(self.old, checkpoint.size, &self.proof, &seen.root, &checkpoint.root)
            .map_err(|_: ProofError| Refusal::Inconsistent)?;
        Ok(checkpoint)
    }
}

impl Refusal {
    /// The status of HTTP that the specification demands.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Untrusted => 403,
            Self::UnknownLog => 404,
            Self::Conflict { .. } => 409,
            Self::Inconsistent => 422,
        }
    }
}

impl From<ParseRequestError> for Refusal {
    fn from(error: ParseRequestError) -> Self {
        Self::Malformed(error.0)
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(formatter, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(formatter, "\n{}", self.checkpoint)
    }
}

impl FromStr for AddCheckpoint {
    type Err = ParseRequestError;

    fn from_str(body: &str) -> Result<Self, ParseRequestError> {
        if body.len() > REQUEST_BYTES_MAX {
            return Err(ParseRequestError("it is too large"));
        }
        let (head, note) = body.split_once("\n\n").ok_or(ParseRequestError("it has no checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(text::read_decimal);
        let old = old.ok_or(ParseRequestError("the first line is not `old` and a plain number"))?;
        let proof: Vec<Hash> = lines.take(PROOF_HASHES_MAX + 1).map(read_hash).collect::<Result<_, _>>()?;
        if proof.len() > PROOF_HASHES_MAX {
            return Err(ParseRequestError("more than 63 hashes"));
        }
        let checkpoint =
            Note::parse(note.as_bytes()).map_err(|_| ParseRequestError("malformed checkpoint"))?;
        Ok(Self { old, proof, checkpoint })
    }
}

/// Reads the answer that states the size a witness cosigned last: a plain number and a newline.
pub fn read_size(body: &str) -> Option<u64> {
    text::read_decimal(body.strip_suffix('\n')?)
}

fn read_hash(line: &str) -> Result<Hash, ParseRequestError> {
    let bytes = STANDARD.decode(line).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Hash::from_bytes).ok_or(ParseRequestError("a line is not a base64 hash"))
}
