//! The keys of one log: a directory that only the gateway's user may read.
//!
//! | file | what it is | when it is lost |
//! |---|---|---|
//! | `log.key` | signs checkpoints (C2SP signed-note, Ed25519) | the log must be sealed and a new epoch begun |
//! | `log.pub` | verifies them; give it to auditors | made again from `log.key` |
//! | `payload.key` | wraps the daily keys of recorded bodies | recorded bodies cannot be read again |
//! | `identifier.key` | pseudonyms and keyed MACs | new pseudonyms do not match old ones |
//! | `log.2.key`, `log.2.pub` | the same of the second epoch, and so on | as above |
//! | `checkpoint` | the last checkpoint published, kept apart from the database | an older database is not noticed |

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{self, AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::{hkdf, hmac, rand};
use evidence::epoch::Origin as Numbered;
use evidence::note::{Signer, VerifierKey};
use evidence::package::Manifest;
use zeroize::Zeroizing;

use super::signer::{LogSigner, Outside, SignError};
use crate::config;
use crate::file;
use crate::seal::Seal;

const PAYLOAD: &str = "payload.key";
const IDENTIFIER: &str = "identifier.key";
const ANCHOR: &str = "checkpoint";
/// What the key derived for service keys is derived for.
const SERVICE_KEY: &str = "countersign/1 service key";
const ANCHOR_SEAL: &str = "countersign/1 anchor";
const ROW_SEAL: &str = "countersign/1 row";
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The keys of one log.
pub struct Keyring {
    directory: PathBuf,
    signer: LogSigner,
    payload: Zeroizing<[u8; 32]>,
    identifier: Zeroizing<[u8; 32]>,
    origin: Origin,
}

/// Whether the keys were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Made just now: the log says so.
    Created,
    /// Read from the directory.
    Loaded,
}

/// What to do when the directory holds no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Make them: the log is new.
    Create,
    /// Refuse: there is a log, and its keys must be somewhere.
    Refuse,
}

/// Why keys cannot be used. Holds no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The system refused.
    #[error("cannot use key file `{path}`: {cause}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Others may read it.
    #[error(
        "`{path}` is open to others (mode {mode:o}); run `chmod go-rwx {path}` and consider the key known"
    )]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Not what belongs there.
    #[error("`{path}` does not hold a key of this log: {cause}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// There is a log but no key.
    #[error("`{path}` is missing; if there is a log already, restore the key directory from its backup")]
    Lost {
        /// Which file.
        path: PathBuf,
    },
    /// The signer outside has no key for this log.
    #[error("`signer.keys` names no key `{origin}`: add the public key of that name")]
    Unsigned {
        /// The log.
        origin: String,
    },
    /// The system has no randomness to give.
    #[error("the system gave no random bytes")]
    Random,
}

impl Keyring {
    /// Reads the keys of the log `origin` from `directory`, or makes them.
    ///
    /// # Errors
    /// [`KeyringError`], worded for the operator.
    pub fn open(directory: &Path, origin: &str, missing: Missing) -> Result<Self, KeyringError> {
        Self::open_for(directory, origin, missing, None)
    }

    /// As [`open`](Self::open); with a signer outside there is no signing key in the directory.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_for(
        directory: &Path,
        origin: &str,
        missing: Missing,
        signer: Option<&config::Signer>,
    ) -> Result<Self, KeyringError> {
        if missing == Missing::Create {
            create(directory)?;
        }
        let signing = directory.join(signing_file(origin));
        // The signing key is written last: its presence says that the others are complete.
        let last = if signer.is_some() { directory.join(IDENTIFIER) } else { signing.clone() };
        let found = if last.exists() { Origin::Loaded } else { Origin::Created };
        if found == Origin::Created && missing == Missing::Refuse {
            return Err(KeyringError::Lost { path: last });
        }
        let mode = std::fs::metadata(directory)
            .map_err(|cause| KeyringError::Io { path: directory.to_owned(), cause })?
            .permissions()
            .mode();
        refuse_open(directory, mode)?;
        let payload = secret(&directory.join(PAYLOAD), found)?;
        let identifier = secret(&directory.join(IDENTIFIER), found)?;
        let signer = match (signer, found) {
            (Some(signer), _) => LogSigner::Outside(outside(signer, origin)?),
            (None, Origin::Loaded) => LogSigner::File(load_signer(&signing, origin)?),
            (None, Origin::Created) => LogSigner::File(create_signer(&signing, origin)?),
        };
        let verifier = directory.join(verifier_file(origin));
        if !verifier.exists() {
            write(&verifier, format!("{}\n", signer.verifier_key()).as_bytes())?;
        }
        Ok(Self { directory: directory.to_owned(), signer, payload, identifier, origin: found })
    }

    /// Whether the keys were made by this call of [`open`](Self::open).
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Signs checkpoints.
    pub(super) fn signer(&self) -> &LogSigner {
        &self.signer
    }

    /// The public key: what an auditor needs.
    pub fn verifier_key(&self) -> VerifierKey {
        self.signer.verifier_key()
    }

    /// The public key of an epoch of the same log.
    ///
    /// # Errors
    /// As [`read_key_of`].
    pub fn key_of(&self, epoch: u64) -> Result<VerifierKey, KeyringError> {
        read_key_of(&self.directory, epoch)
    }

    /// Signs the bytes of an evidence package's manifest with the log's key. Blocks while a signer outside is asked.
    ///
    /// # Errors
    /// When the log's name cannot stand in a note, or the signer fails.
    pub fn sign_manifest(&self, manifest: &[u8]) -> Result<String, SignError> {
        let statement = Manifest::statement(self.signer.name(), manifest);
        Ok(self.signer.sign_text(&statement)?.to_string())
    }

    /// Has something signed that is no checkpoint, to see whether the signer works. Blocks.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn try_signer(&self) -> Result<(), SignError> {
        self.signer.sign_text(&format!("{}\nno checkpoint, only a trial\n", self.signer.name())).map(drop)
    }

    /// A key for HMAC-SHA256, derived for one purpose.
    pub(super) fn mac_key(&self, purpose: &str) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &*derive(&self.identifier, purpose))
    }

    /// Seals service keys, see [`crate::identity::ServiceKeys`].
    pub fn service_key_seal(&self) -> hmac::Key {
        self.mac_key(SERVICE_KEY)
    }

    /// Seals how far anchors have come, see `anchor`.
    pub(super) fn anchor_seal(&self) -> hmac::Key {
        self.mac_key(ANCHOR_SEAL)
    }

    /// Seals rows that commands write and gateways heed, see [`crate::seal`].
    pub fn row_seal(&self) -> Seal {
        Seal::new(self.mac_key(ROW_SEAL))
    }

    /// Tells held calls apart and authenticates what waiting callers hold, see `approval`.
    pub fn approval_key(&self) -> hmac::Key {
        self.mac_key("countersign/1 approval")
    }

    /// The key of pseudonyms that stand for masked values, see [`crate::mask::Mask`].
    pub fn pseudonym_key(&self) -> hmac::Key {
        self.mac_key("countersign/1 pseudonym")
    }

    /// Encrypts what is kept about people who sign in to the console, see [`crate::sign_in`].
    ///
    /// # Errors
    /// When the library refuses the key.
    pub fn sign_in_key(&self) -> Result<LessSafeKey, aws_lc_rs::error::Unspecified> {
        let key = derive(&self.payload, "countersign/1 sign-in");
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key)?))
    }

    /// The key that wraps daily keys.
    pub(super) fn wrapping_key(&self) -> Result<LessSafeKey, aws_lc_rs::error::Unspecified> {
        let key = derive(&self.payload, "countersign/1 wrap data keys");
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key)?))
    }

    /// The last checkpoint that was published, as it was kept apart from the database.
    pub(super) fn anchor(&self) -> Result<Option<Vec<u8>>, KeyringError> {
        let path = self.directory.join(ANCHOR);
        if path.exists() { Ok(Some(read(&path)?.to_vec())) } else { Ok(None) }
    }

    /// Keeps a published checkpoint apart from the database.
    pub(super) fn set_anchor(&self, note: &[u8]) -> Result<(), KeyringError> {
        write(&self.directory.join(ANCHOR), note)
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Reads the public key that was written beside the keys, that of the latest epoch: for commands that only verify.
///
/// # Errors
/// [`KeyringError`] when there is none or it is not one.
pub fn read_verifier_key(directory: &Path) -> Result<VerifierKey, KeyringError> {
    let mut epoch = 1;
    while directory.join(file_of(epoch + 1, "pub")).exists() {
        epoch += 1;
    }
    read_key_of(directory, epoch)
}

/// As [`read_verifier_key`], that of one epoch.
///
/// # Errors
/// As [`read_verifier_key`].
pub fn read_key_of(directory: &Path, epoch: u64) -> Result<VerifierKey, KeyringError> {
    let path = directory.join(file_of(epoch, "pub"));
    let mut text = String::new();
    File::open(&path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
        .map_err(|cause| KeyringError::Io { path: path.clone(), cause })?;
    text.trim().parse().map_err(|error| invalid(&path, &error))
}

/// Makes the signing key of an epoch that has not begun, unless it is there; answers its public half. A signer outside must
/// have it already.
///
/// # Errors
/// [`KeyringError`].
pub fn prepare(
    directory: &Path,
    origin: &str,
    signer: Option<&config::Signer>,
) -> Result<VerifierKey, KeyringError> {
    if let Some(signer) = signer {
        return Ok(LogSigner::Outside(outside(signer, origin)?).verifier_key());
    }
    let path = directory.join(signing_file(origin));
    let signer = if path.exists() { load_signer(&path, origin)? } else { create_signer(&path, origin)? };
    Ok(signer.verifier_key())
}

/// Deletes the signing key of an epoch that ended, so that nobody signs for it any more. `false`: it was gone.
///
/// # Errors
/// [`KeyringError`].
pub fn retire(directory: &Path, origin: &str) -> Result<bool, KeyringError> {
    let path = directory.join(signing_file(origin));
    match std::fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(KeyringError::Io { path, cause }),
    }
}

/// Reads what seals service keys, and no other key: for commands beside a gateway.
///
/// # Errors
/// [`KeyringError`] when there are no keys, or others may read them.
pub fn read_service_key_seal(directory: &Path) -> Result<hmac::Key, KeyringError> {
    read_seal(directory, SERVICE_KEY)
}

/// The same of what seals how far anchors have come.
///
/// # Errors
/// As [`read_service_key_seal`].
pub fn read_anchor_seal(directory: &Path) -> Result<hmac::Key, KeyringError> {
    read_seal(directory, ANCHOR_SEAL)
}

/// The same of what seals rows that commands write and gateways heed.
///
/// # Errors
/// As [`read_service_key_seal`].
pub fn read_row_seal(directory: &Path) -> Result<Seal, KeyringError> {
    read_seal(directory, ROW_SEAL).map(Seal::new)
}

fn read_seal(directory: &Path, purpose: &str) -> Result<hmac::Key, KeyringError> {
    let path = directory.join(IDENTIFIER);
    if !path.exists() {
        return Err(KeyringError::Lost { path });
    }
    let identifier = secret(&path, Origin::Loaded)?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &*derive(&identifier, purpose)))
}

/// The name of the file with the signing key of this log.
fn signing_file(origin: &str) -> String {
    file_of(number_of(origin), "key")
}

/// The name of the file with its public half.
fn verifier_file(origin: &str) -> String {
    file_of(number_of(origin), "pub")
}

fn number_of(origin: &str) -> u64 {
    Numbered::parse(origin).map_or(1, |origin| origin.epoch)
}

fn file_of(epoch: u64, extension: &str) -> String {
    if epoch == 1 { format!("log.{extension}") } else { format!("log.{epoch}.{extension}") }
}

fn create(directory: &Path) -> Result<(), KeyringError> {
    crate::file::private_directory(directory)
        .map_err(|cause| KeyringError::Io { path: directory.to_owned(), cause })
}

fn refuse_open(path: &Path, mode: u32) -> Result<(), KeyringError> {
    let mode = mode & 0o7777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyringError::Open { path: path.to_owned(), mode }) }
}

fn secret(path: &Path, found: Origin) -> Result<Zeroizing<[u8; 32]>, KeyringError> {
    // A half-made key ring (the process died while making it) is completed, never overwritten.
    if found == Origin::Created && !path.exists() {
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(&mut *key).map_err(|_| KeyringError::Random)?;
        write(path, &*key)?;
    }
    let bytes = read(path)?;
    let key = bytes.as_slice().try_into().map_err(|_| invalid(path, &"expected exactly 32 bytes"))?;
    Ok(Zeroizing::new(key))
}

fn outside(signer: &config::Signer, origin: &str) -> Result<Outside, KeyringError> {
    Outside::new(signer, origin).ok_or_else(|| KeyringError::Unsigned { origin: origin.to_owned() })
}

fn load_signer(path: &Path, origin: &str) -> Result<Signer, KeyringError> {
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid(path, &"not text"))?;
    let signer = Signer::from_private_text(text).map_err(|error| invalid(path, &error))?;
    if signer.name() != origin {
        let cause =
            format!("it signs for `{}` and the configured deployment asks for `{origin}`", signer.name());
        return Err(invalid(path, &cause));
    }
    Ok(signer)
}

fn create_signer(path: &Path, origin: &str) -> Result<Signer, KeyringError> {
    let mut seed = Zeroizing::new([0; 32]);
    rand::fill(&mut *seed).map_err(|_| KeyringError::Random)?;
    let signer = Signer::from_seed(origin, &seed).map_err(|error| invalid(path, &error))?;
    let text = signer.to_private_text();
    write(path, format!("{}\n", text.trim_end()).as_bytes())?;
    Ok(signer)
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    let fail = |cause| KeyringError::Io { path: path.to_owned(), cause };
    let file = File::open(path).map_err(fail)?;
    refuse_open(path, file.metadata().map_err(fail)?.permissions().mode())?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}

/// Replaces the file as a whole, durably: what was there before stays there until the new content is on disk.
fn write(path: &Path, content: &[u8]) -> Result<(), KeyringError> {
    // Gateways on one machine may share the directory: each has a draft of its own.
    let next = path.with_extension(format!("{}.next", std::process::id()));
    file::replace(path, &next, content).map_err(|cause| KeyringError::Io { path: path.to_owned(), cause })
}

fn derive(key: &[u8; 32], purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    // RFC 5869 without salt: the input is uniformly random already.
    // Unwrap safety: 32 bytes is far below the 255 blocks that HKDF-SHA256 can give.
    hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
        .extract(key)
        .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *derived))
        .expect("HKDF of 32 bytes");
    derived
}

fn invalid(path: &Path, cause: &impl std::fmt::Display) -> KeyringError {
    KeyringError::Invalid { path: path.to_owned(), cause: cause.to_string() }
}

/// Length of what sealing adds around a plaintext.
pub(super) const SEAL_BYTES: usize = aead::NONCE_LEN + 16;
