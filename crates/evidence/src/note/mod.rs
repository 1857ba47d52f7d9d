//! Signed notes: [C2SP signed-note](https://c2sp.org/signed-note), and the timestamped cosignatures of
//! [C2SP tlog-cosignature](https://c2sp.org/tlog-cosignature) that witnesses add to them.
//!
//! A note is text, an empty line, and signature lines. A signature counts only when name and key id are those of
//! a key that the reader already trusts; others are ignored, and a trusted key's wrong signature spoils the note.

mod key;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub use key::{Algorithm, Cosigner, KeyError, Signer, VerifierKey};

/// The most bytes a note may have.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// The most signatures a note may carry; the specification asks for at least 16.
pub const SIGNATURES_MAX: usize = 32;

const SIGNATURE_MARK: &str = "— ";

/// A parsed note. Its text means nothing until [`Note::verify`] has succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key.
    pub name: String,
    /// Id of the key, see [`VerifierKey::id`].
    pub id: u32,
    /// The signature proper, in the form of the key's algorithm.
    pub bytes: Vec<u8>,
}

/// A signature of a trusted key that verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'k> {
    /// The key that signed.
    pub key: &'k VerifierKey,
    /// For a cosignature, when it was made, in seconds since the Unix epoch.
    pub time_s: Option<u64>,
}

/// Why a note is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not a note.
    #[error("malformed note: {0}")]
    Malformed(&'static str),
    /// None of the keys given has signed.
    #[error("the note carries no signature of a key that was given")]
    NoTrustedSignature,
    /// A given key's signature does not verify.
    #[error("the signature of `{name}` does not verify: note or signature was changed")]
    WrongSignature {
        /// Name of the key.
        name: String,
    },
}

impl Note {
    /// Parses a note without verifying it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(Error::Malformed("longer than 65536 bytes"));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| Error::Malformed("not UTF-8"))?;
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(Error::Malformed("it has a control character"));
        }
        let end = note.rfind("\n\n").ok_or(Error::Malformed("no empty line before the signatures"))?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let mut parsed = Self { text: text.to_owned(), signatures: Vec::new() };
        parsed.add_signatures(lines)?;
        Ok(parsed)
    }

    /// Signs `text`, which must end in a newline and have no control character but newlines.
    pub fn sign(text: &str, signers: &[&Signer]) -> Result<Self, Error> {
        if !text.ends_with('\n') {
            return Err(Error::Malformed("the text does not end in a newline"));
        }
        let signatures = signers.iter().map(|signer| signer.sign(text)).collect();
        let note = Self { text: text.to_owned(), signatures };
        // What cannot be parsed back must not be published.
        Self::parse(note.to_string().as_bytes())
    }

    /// Adds signature lines as a witness returns them: one or more, each ending in a newline.
    pub fn add_signatures(&mut self, lines: &str) -> Result<(), Error> {
        let lines = lines.strip_suffix('\n').ok_or(Error::Malformed("the last line has no newline"))?;
        for line in lines.split('\n') {
            if self.signatures.len() == SIGNATURES_MAX {
                return Err(Error::Malformed("more than 32 signatures"));
            }
            self.signatures.push(Signature::parse(line)?);
        }
        Ok(())
    }

    /// Takes over, of the signature lines that a witness answered, those of the given keys; answers how many were new.
    /// What other keys signed is not looked at.
    ///
    /// # Errors
    /// When the lines are malformed, or a signature of a given key does not verify; the note is as before.
    pub fn cosign(&mut self, lines: &str, keys: &[VerifierKey]) -> Result<usize, Error> {
        let mut answered = Self { text: self.text.clone(), signatures: Vec::new() };
        answered.add_signatures(lines)?;
        match answered.verify(keys) {
            Ok(_) => {}
            Err(Error::NoTrustedSignature) => return Ok(0),
            Err(error) => return Err(error),
        }
        answered.signatures.retain(|signature| {
            let known = |key: &VerifierKey| key.id() == signature.id && key.name() == signature.name;
            let held = |other: &Signature| other.id == signature.id && other.name == signature.name;
            keys.iter().any(known) && !self.signatures.iter().any(held)
        });
        if self.signatures.len() + answered.signatures.len() > SIGNATURES_MAX {
            return Err(Error::Malformed("more than 32 signatures"));
        }
        let new = answered.signatures.len();
        self.signatures.append(&mut answered.signatures);
        Ok(new)
    }

    /// The same text with the signatures of one key only.
    #[must_use]
    pub fn only(&self, key: &VerifierKey) -> Self {
        let is_its = |signature: &&Signature| signature.id == key.id() && signature.name == key.name();
        Self { text: self.text.clone(), signatures: self.signatures.iter().filter(is_its).cloned().collect() }
    }

    /// The signed text, with its final newline. Untrusted until [`Note::verify`] has succeeded.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, those of unknown keys included.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Verifies the note and returns the signatures of the given keys, one per key at most.
    ///
    /// # Errors
    /// When no given key signed, or when a signature that names a given key does not verify.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<Verified<'k>>, Error> {
        let mut verified: Vec<Verified<'k>> = Vec::new();
        for signature in &self.signatures {
            let known = |key: &&VerifierKey| key.id() == signature.id && key.name() == signature.name;
            let Some(key) = keys.iter().find(known) else { continue };
            let verdict = key
                .verify(&self.text, &signature.bytes)
                .ok_or_else(|| Error::WrongSignature { name: signature.name.clone() })?;
            if verified.iter().all(|other| other.key != key) {
                verified.push(verdict);
            }
        }
        if verified.is_empty() { Err(Error::NoTrustedSignature) } else { Ok(verified) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        for signature in &self.signatures {
            writeln!(formatter, "{signature}")?;
        }
        Ok(())
    }
}

impl Signature {
    fn parse(line: &str) -> Result<Self, Error> {
        let (name, encoded) = line
            .strip_prefix(SIGNATURE_MARK)
            .and_then(|rest| rest.split_once(' '))
            .ok_or(Error::Malformed("a signature line is not `— name signature`"))?;
        if !key::is_name(name) {
            return Err(Error::Malformed("a key name is empty or has a space or plus sign"));
        }
        let bytes = STANDARD.decode(encoded).map_err(|_| Error::Malformed("a signature is not base64"))?;
        match bytes.split_first_chunk::<4>() {
            Some((id, rest)) if !rest.is_empty() => {
                Ok(Self { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: rest.to_vec() })
            }
            _ => Err(Error::Malformed("a signature is too short")),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.to_be_bytes(), self.bytes.as_slice()].concat();
        write!(formatter, "{SIGNATURE_MARK}{} {}", self.name, STANDARD.encode(bytes))
    }
}

#[cfg(test)]
mod tests;
