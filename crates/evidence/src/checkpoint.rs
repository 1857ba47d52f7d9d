//! Checkpoints: [C2SP tlog-checkpoint](https://c2sp.org/tlog-checkpoint), exactly three lines, no extensions.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::merkle::Hash;
use crate::note::{self, Note, Signer, VerifierKey};
use crate::text;

/// A statement about a whole log: this many leaves, this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's identity, `<deployment>/audit/<epoch>`; also the name of the key that signs it.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root hash of the tree of that size.
    pub root: Hash,
}

/// Why a checkpoint is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not a checkpoint.
    #[error("malformed checkpoint: {0}")]
    Malformed(&'static str),
    /// The note around it is refused.
    #[error(transparent)]
    Note(#[from] note::Error),
    /// Signed by a key that speaks for another log.
    #[error("the checkpoint of `{origin}` is not signed by the key of that log but by `{key}`")]
    OtherLog {
        /// Origin in the checkpoint.
        origin: String,
        /// Name of the key.
        key: String,
    },
}

impl Checkpoint {
    /// Signs the checkpoint as a note.
    ///
    /// # Errors
    /// When the signer is not named after the origin, or the origin cannot stand in a checkpoint.
    pub fn sign(&self, signer: &Signer) -> Result<Note, Error> {
        if signer.name() != self.origin {
            let (origin, key) = (self.origin.clone(), signer.name().to_owned());
            return Err(Error::OtherLog { origin, key });
        }
        let text = self.to_string();
        text.parse::<Self>()?;
        Ok(Note::sign(&text, &[signer])?)
    }

    /// Parses a signed checkpoint and verifies it with the log's own key; other signatures are left in the note.
    pub fn open(signed: &[u8], key: &VerifierKey) -> Result<(Self, Note), Error> {
        let note = Note::parse(signed)?;
        note.verify(std::slice::from_ref(key))?;
        let checkpoint: Self = note.text().parse()?;
        if checkpoint.origin != key.name() {
            return Err(Error::OtherLog { origin: checkpoint.origin, key: key.name().to_owned() });
        }
        Ok((checkpoint, note))
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let body = text.strip_suffix('\n').ok_or(Error::Malformed("no newline at the end"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(Error::Malformed("expected exactly three lines"));
        };
        if origin.is_empty() {
            return Err(Error::Malformed("the origin is empty"));
        }
        let size = text::read_decimal(size).ok_or(Error::Malformed("the size is not a plain number"))?;
        let root = STANDARD.decode(root).ok().and_then(|bytes| bytes.try_into().ok());
        let root = Hash::from_bytes(root.ok_or(Error::Malformed("the root is not a base64 hash"))?);
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root.as_bytes());
        write!(formatter, "{}\n{}\n{root}\n", self.origin, self.size)
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    // The example of the specification.
    const TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn signer(name: &str) -> Signer {
        Signer::from_seed(name, &Zeroizing::new([1; 32])).unwrap()
    }

    #[test]
    fn specification_example_survives() {
        let checkpoint: Checkpoint = TEXT.parse().unwrap();
        assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.to_string(), TEXT);
    }

    #[test]
    fn signed_checkpoint_opens_with_its_own_key_only() {
        let checkpoint: Checkpoint = TEXT.parse().unwrap();
        let ours = signer("example.com/behind-the-sofa");
        let signed = checkpoint.sign(&ours).unwrap().to_string();
        let (opened, note) = Checkpoint::open(signed.as_bytes(), &ours.verifier_key()).unwrap();
        assert_eq!(opened, checkpoint);
        assert_eq!(note.to_string(), signed);

        let other = signer("example.com/other");
        assert!(matches!(checkpoint.sign(&other), Err(Error::OtherLog { .. })));
        let crossed = Note::sign(TEXT, &[&other]).unwrap().to_string();
        let refused = Checkpoint::open(crossed.as_bytes(), &other.verifier_key());
        assert!(matches!(refused, Err(Error::OtherLog { .. })));
    }

    #[test]
    fn other_texts_are_refused() {
        let line = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        for bad in [
            String::new(),
            format!("a\n1\n{line}"),
            format!("\n1\n{line}\n"),
            format!("a\n01\n{line}\n"),
            format!("a\n+1\n{line}\n"),
            format!("a\n1 \n{line}\n"),
            format!("a\n18446744073709551616\n{line}\n"),
            format!("a\n1\n{line}\nextension\n"),
            format!("a\n1\n{line}\n\n"),
            format!("a\n1\n{}\n", line.replace('=', "")),
            format!("a\n1\n{}\n", line.replace("I=", "J=")),
            "a\n1\nCsUY\n".to_owned(),
        ] {
            assert!(matches!(bad.parse::<Checkpoint>(), Err(Error::Malformed(_))), "{bad:?}");
        }
    }
}
