//! Proof files for one leaf: [C2SP tlog-proof](https://c2sp.org/tlog-proof). Conventional extension `.tlog-proof`.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{self, Checkpoint};
use crate::merkle::{Hash, ProofError, leaf_hash, verify_inclusion};
use crate::note::{self, NOTE_BYTES_MAX, Note, VerifierKey};
use crate::text;

/// The most bytes of extra data; the specification sets no limit.
pub const EXTRA_BYTES_MAX: usize = 64 * 1024;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2^64 leaves has paths of 64 hashes.
const PATH_HASHES_MAX: usize = 64;

/// A self-contained proof that a leaf is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Opaque data for the application. Not authenticated by anything.
    pub extra: Option<Vec<u8>>,
    /// Index of the leaf.
    pub index: u64,
    /// Inclusion proof, from the leaf's sibling upwards.
    pub path: Vec<Hash>,
    /// The signed checkpoint, with any witness cosignatures.
    pub checkpoint: Note,
}

/// Why a proof file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not a proof file.
    #[error("malformed proof: {0}")]
    Malformed(&'static str),
    /// The checkpoint is refused.
    #[error(transparent)]
    Checkpoint(#[from] checkpoint::Error),
    /// The leaf is not in the tree that was signed.
    #[error("the leaf is not in the log at this index: {0}")]
    NotIncluded(#[from] ProofError),
}

impl Proof {
    /// Verifies that `leaf` is in the log of `key`, and returns the checkpoint it is proven under.
    pub fn verify(&self, leaf: &[u8], key: &VerifierKey) -> Result<Checkpoint, Error> {
        let (checkpoint, _) = Checkpoint::open(self.checkpoint.to_string().as_bytes(), key)?;
        verify_inclusion(&leaf_hash(leaf), self.index, checkpoint.size, &self.path, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(formatter, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(formatter, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(formatter, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(formatter, "\n{}", self.checkpoint)
    }
}

impl FromStr for Proof {
    type Err = Error;

    fn from_str(file: &str) -> Result<Self, Error> {
        // Base64 takes four characters for three bytes; the header lines and the path are small beside it.
        if file.len() > EXTRA_BYTES_MAX / 3 * 4 + NOTE_BYTES_MAX + 8192 {
            return Err(Error::Malformed("it is too large"));
        }
        let (head, checkpoint) = file.split_once("\n\n").ok_or(Error::Malformed("it has no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(Error::Malformed("the first line is not `c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).map(|line| STANDARD.decode(&line[6..]));
        let extra = extra.transpose().map_err(|_| Error::Malformed("the extra data is not base64"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(text::read_decimal);
        let index = index.ok_or(Error::Malformed("the index is missing or not a plain number"))?;
        let path: Vec<Hash> = lines.take(PATH_HASHES_MAX + 1).map(read_hash).collect::<Result<_, _>>()?;
        if path.len() > PATH_HASHES_MAX {
            return Err(Error::Malformed("more than 64 hashes"));
        }
        let checkpoint = Note::parse(checkpoint.as_bytes()).map_err(checkpoint::Error::from)?;
        Ok(Self { extra, index, path, checkpoint })
    }
}

impl From<note::Error> for Error {
    fn from(error: note::Error) -> Self {
        Self::Checkpoint(error.into())
    }
}

pub(crate) fn read_hash(line: &str) -> Result<Hash, Error> {
    let bytes = STANDARD.decode(line).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Hash::from_bytes).ok_or(Error::Malformed("a line is not a base64 hash"))
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::merkle::{Frontier, prove_inclusion};
    use crate::note::Signer;

    fn sample() -> (Proof, Vec<u8>, VerifierKey) {
        let leaves: Vec<[u8; 1]> = (0..5).map(|i| [i]).collect();
        let mut frontier = Frontier::new();
        let mut nodes = std::collections::HashMap::new();
        for leaf in &leaves {
            frontier.push_each(leaf_hash(leaf), |level, index, hash| {
                nodes.insert((level, index), hash);
            });
        }
        let signer = Signer::from_seed("log.example/audit/1", &Zeroizing::new([3; 32])).unwrap();
        let checkpoint =
            Checkpoint { origin: signer.name().to_owned(), size: frontier.size(), root: frontier.root() };
        let path = prove_inclusion(2, 5, |level, index| nodes.get(&(level, index)).copied()).unwrap();
        let checkpoint = checkpoint.sign(&signer).unwrap();
        (Proof { extra: None, index: 2, path, checkpoint }, leaves[2].to_vec(), signer.verifier_key())
    }

    #[test]
    fn proof_file_survives_and_verifies() {
        let (mut proof, leaf, key) = sample();
        for extra in [None, Some(b"extra".to_vec()), Some(Vec::new())] {
            proof.extra = extra;
            let file = proof.to_string();
            assert_eq!(file.parse(), Ok(proof.clone()));
            assert_eq!(proof.verify(&leaf, &key).unwrap().size, 5);
        }
    }

    #[test]
    fn other_leaf_or_index_or_path_does_not_verify() {
        let (proof, leaf, key) = sample();
        assert!(matches!(proof.verify(b"other", &key), Err(Error::NotIncluded(_))));
        for index in [0, 1, 3, 4, 5, u64::MAX] {
            let other = Proof { index, ..proof.clone() };
            assert!(matches!(other.verify(&leaf, &key), Err(Error::NotIncluded(_))), "{index}");
        }
        let mut shorter = proof.clone();
        shorter.path.pop();
        assert!(matches!(shorter.verify(&leaf, &key), Err(Error::NotIncluded(ProofError::WrongLength))));
        let stranger = Signer::from_seed("log.example/audit/1", &Zeroizing::new([4; 32])).unwrap();
        assert!(matches!(proof.verify(&leaf, &stranger.verifier_key()), Err(Error::Checkpoint(_))));
    }

    #[test]
    fn every_change_of_a_byte_is_refused() {
        let (proof, leaf, key) = sample();
        let good = proof.to_string().into_bytes();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let parsed = std::str::from_utf8(&bad).ok().and_then(|file| file.parse::<Proof>().ok());
            assert!(parsed.is_none_or(|proof| proof.verify(&leaf, &key).is_err()), "byte {at}");
        }
    }

    #[test]
    fn malformed_files_are_refused() {
        let file = sample().0.to_string();
        for bad in [
            String::new(),
            file.replace("@v1", "@v2"),
            file.replace("index 2", "index 02"),
            file.replace("index 2", "index"),
            file.replace("index 2", "extra !!\nindex 2"),
            file.replace("index 2\n", &format!("index 2\n{}", "A".repeat(43) + "=\n").repeat(65)),
            file.replace("index 2\n", "index 2\nAAAA\n"),
            file.replace("\n\n", "\n"),
        ] {
            assert!(bad.parse::<Proof>().is_err(), "{bad}");
        }
    }
}
