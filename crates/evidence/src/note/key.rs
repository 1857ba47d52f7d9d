//! Keys of signed notes, in the text forms of [C2SP signed-note](https://c2sp.org/signed-note) and of Go's
//! [`note`](https://pkg.go.dev/golang.org/x/mod/sumdb/note) package.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Signature, Verified};

const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";
const COSIGNATURE_TIME_MAX: u64 = (1 << 63) - 1;

/// What a key signs, and how (C2SP signed-note, signature types).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Type 0x01: Ed25519 over the note's text.
    Ed25519,
    /// Type 0x04: a witness's timestamped Ed25519 cosignature (C2SP tlog-cosignature, `cosignature/v1`).
    Cosignature,
}

/// A public key: `<name>+<key id>+<base64 of type and key>`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    key: VerifyingKey,
}

/// A private Ed25519 key that signs notes; wiped from memory when dropped, never shown by `Debug`.
pub struct Signer {
    name: String,
    key: SigningKey,
}

/// A witness's private key, which cosigns notes (C2SP tlog-cosignature, `cosignature/v1`); kept like [`Signer`]'s.
pub struct Cosigner(Signer);

/// Why a key text is refused. Never repeats the text, which may be private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not of the form of a key.
    #[error("malformed key: expected `name+id+base64`")]
    Malformed,
    /// The name cannot stand in a signature line.
    #[error("malformed key: the name is empty or has a space, control character or plus sign")]
    Name,
    /// A type of key that this program does not use.
    #[error("unsupported key type: only Ed25519 keys and Ed25519 cosignature keys are accepted")]
    Algorithm,
    /// Name or key do not fit the key id: a typing error, or a changed key.
    #[error("damaged key: its id does not fit its name and key")]
    Id,
}

impl Algorithm {
    const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Ed25519),
            4 => Some(Self::Cosignature),
            _ => None,
        }
    }
}

impl VerifierKey {
    /// The key's name; for a log, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key id that signature lines carry: the start of `SHA256(name || 0x0a || type || key)`.
    pub fn id(&self) -> u32 {
        key_id(&self.name, self.algorithm, self.key.as_bytes())
    }

    /// What this key signs.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The 32-byte Ed25519 public key (RFC 8032).
    pub fn public_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The verifier key of `public` under `name`.
    pub fn new(name: &str, algorithm: Algorithm, public: &[u8; 32]) -> Result<Self, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name);
        }
        let key = VerifyingKey::from_bytes(public).map_err(|_| KeyError::Malformed)?;
        Ok(Self { name: name.to_owned(), algorithm, key })
    }

    /// Verifies one signature over a note's text; `None` when it is not this key's.
    pub(super) fn verify(&self, text: &str, signature: &[u8]) -> Option<Verified<'_>> {
        let (message, signature, time_s) = match self.algorithm {
            Algorithm::Ed25519 => (text.to_owned(), signature, None),
            Algorithm::Cosignature => {
                let (time, signature) = signature.split_first_chunk::<8>()?;
                let time_s = u64::from_be_bytes(*time);
                if time_s > COSIGNATURE_TIME_MAX {
                    return None;
                }
                (cosigned(text, time_s), signature, Some(time_s))
            }
        };
        let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
        self.key.verify_strict(message.as_bytes(), &signature).ok()?;
        Some(Verified { key: self, time_s })
    }
}

impl Signer {
    /// A signer from 32 bytes of the caller's random source. `name` is the log's origin.
    pub fn from_seed(name: &str, seed: &Zeroizing<[u8; 32]>) -> Result<Self, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name);
        }
        Ok(Self { name: name.to_owned(), key: SigningKey::from_bytes(seed) })
    }

    /// The key's name; for a log, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public half.
    pub fn verifier_key(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), algorithm: Algorithm::Ed25519, key: self.key.verifying_key() }
    }

    /// The private key as text: `PRIVATE+KEY+<name>+<key id>+<base64 of type and seed>`.
    pub fn to_private_text(&self) -> Zeroizing<String> {
        self.write(Algorithm::Ed25519)
    }

    fn write(&self, algorithm: Algorithm) -> Zeroizing<String> {
        let id = key_id(&self.name, algorithm, self.key.verifying_key().as_bytes());
        let mut bytes = Zeroizing::new([0; 33]);
        bytes[0] = algorithm.byte();
        bytes[1..].copy_from_slice(self.key.as_bytes());
        let encoded = Zeroizing::new(STANDARD.encode(*bytes));
        Zeroizing::new(format!("{PRIVATE_PREFIX}{}+{id:08x}+{}", self.name, *encoded))
    }

    /// Reads [`Self::to_private_text`] back; surrounding white space, as at the end of a file, is ignored.
    pub fn from_private_text(text: &str) -> Result<Self, KeyError> {
        Self::read(text, Algorithm::Ed25519)
    }

    fn read(text: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        let text = text.trim().strip_prefix(PRIVATE_PREFIX).ok_or(KeyError::Malformed)?;
        let parts = Parts::parse(text)?;
        if parts.algorithm != algorithm {
            return Err(KeyError::Algorithm);
        }
        let signer = Self { name: parts.name.to_owned(), key: SigningKey::from_bytes(&parts.bytes) };
        let id = key_id(&signer.name, algorithm, signer.key.verifying_key().as_bytes());
        if id == parts.id { Ok(signer) } else { Err(KeyError::Id) }
    }

    pub(super) fn sign(&self, text: &str) -> Signature {
        Signature {
            name: self.name.clone(),
            id: self.verifier_key().id(),
            bytes: self.key.sign(text.as_bytes()).to_bytes().to_vec(),
        }
    }
}

impl Cosigner {
    /// As [`Signer::from_seed`]; `name` is the witness's.
    pub fn from_seed(name: &str, seed: &Zeroizing<[u8; 32]>) -> Result<Self, KeyError> {
        Signer::from_seed(name, seed).map(Self)
    }

    /// The public half.
    pub fn verifier_key(&self) -> VerifierKey {
        let (name, key) = (self.0.name.clone(), self.0.key.verifying_key());
        VerifierKey { name, algorithm: Algorithm::Cosignature, key }
    }

    /// As [`Signer::to_private_text`], with the type of cosignatures.
    pub fn to_private_text(&self) -> Zeroizing<String> {
        self.0.write(Algorithm::Cosignature)
    }

    /// Reads [`Self::to_private_text`] back.
    pub fn from_private_text(text: &str) -> Result<Self, KeyError> {
        Signer::read(text, Algorithm::Cosignature).map(Self)
    }

    /// Cosigns the text of a checkpoint at `time_s`, seconds since the Unix epoch.
    pub fn cosign(&self, text: &str, time_s: u64) -> Signature {
        let time_s = time_s.min(COSIGNATURE_TIME_MAX);
        let signed = self.0.key.sign(cosigned(text, time_s).as_bytes()).to_bytes();
        let bytes = [&time_s.to_be_bytes(), signed.as_slice()].concat();
        Signature { name: self.0.name.clone(), id: self.verifier_key().id(), bytes }
    }
}

/// What a cosignature signs.
fn cosigned(text: &str, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let parts = Parts::parse(text)?;
        let key = Self::new(parts.name, parts.algorithm, &parts.bytes)?;
        if key.id() == parts.id { Ok(key) } else { Err(KeyError::Id) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [self.algorithm.byte(); 33];
        bytes[1..].copy_from_slice(self.key.as_bytes());
        write!(formatter, "{}+{:08x}+{}", self.name, self.id(), STANDARD.encode(bytes))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signer({}, ..)", self.verifier_key())
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Cosigner({}, ..)", self.verifier_key())
    }
}

/// Whether a key may bear this name (C2SP signed-note, format).
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

struct Parts<'t> {
    name: &'t str,
    id: u32,
    algorithm: Algorithm,
    bytes: Zeroizing<[u8; 32]>,
}

impl<'t> Parts<'t> {
    fn parse(text: &'t str) -> Result<Self, KeyError> {
        // The base64 part may itself contain plus signs, the name may not.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Malformed);
        };
        if !is_name(name) {
            return Err(KeyError::Name);
        }
        let id = crate::text::read_hex(id.as_bytes()).map(u32::from_be_bytes).ok_or(KeyError::Malformed)?;
        let decoded = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| KeyError::Malformed)?);
        let (&kind, key) = decoded.split_first().ok_or(KeyError::Malformed)?;
        let algorithm = Algorithm::from_byte(kind).ok_or(KeyError::Algorithm)?;
        let bytes = Zeroizing::new(key.try_into().map_err(|_| KeyError::Malformed)?);
        Ok(Self { name, id, algorithm, bytes })
    }
}

fn key_id(name: &str, algorithm: Algorithm, public: &[u8; 32]) -> u32 {
    let mut hasher = Sha256::new();
    hasher.update(name);
    hasher.update([b'\n', algorithm.byte()]);
    hasher.update(public);
    let digest: [u8; 32] = hasher.finalize().into();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}
