//! What a witness keeps: its key, and of each log the largest checkpoint it cosigned. One directory, one process.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use evidence::checkpoint::Checkpoint;
use evidence::merkle::Hash;
use evidence::note::{Cosigner, NOTE_BYTES_MAX, Signature, VerifierKey};
use evidence::witness::Seen;
use rustix::fs::{FlockOperation, flock};
use zeroize::Zeroizing;

use crate::file;

const KEY: &str = "witness.key";
const LOCK: &str = "witness.lock";

/// A directory with the key and the memory of a witness.
#[derive(Debug)]
pub struct State {
    directory: PathBuf,
    key: Cosigner,
    /// Held as long as the process lives.
    _lock: File,
}

/// Why a witness cannot work with its directory.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The system refused.
    #[error("`{path}`: {cause}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Another witness runs in this directory.
    #[error("`{path}` is in use by another witness")]
    Locked {
        /// Which directory.
        path: PathBuf,
    },
    /// There is a key already.
    #[error("`{path}` is there already: a witness that loses its key is another witness")]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// Not what belongs there.
    #[error(
        "`{path}` is not what this program writes: {cause}; restore the directory, or the witness would forget"
    )]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// Others may read the key.
    #[error(
        "`{path}` is open to others (mode {mode:o}); run `chmod go-rwx {path}` and consider the key known"
    )]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The name of the witness cannot be one, or the system has no randomness.
    #[error("no key can be made: {0}")]
    Key(String),
}

/// Makes a witness named `name` in `directory`; answers the key that verifies its cosignatures.
///
/// # Errors
/// [`WitnessError`].
pub fn create(directory: &Path, name: &str) -> Result<VerifierKey, WitnessError> {
    crate::file::private_directory(directory)
        .map_err(|cause| WitnessError::Io { path: directory.to_owned(), cause })?;
    let path = directory.join(KEY);
    if path.exists() {
        return Err(WitnessError::Exists { path });
    }
    let mut seed = Zeroizing::new([0; 32]);
    rand::fill(&mut *seed).map_err(|_| WitnessError::Key("the system gave no random bytes".to_owned()))?;
    let key = Cosigner::from_seed(name, &seed).map_err(|error| WitnessError::Key(error.to_string()))?;
    write(&path, format!("{}\n", *key.to_private_text()).as_bytes())?;
    Ok(key.verifier_key())
}

impl State {
    /// Opens what [`create`] made.
    ///
    /// # Errors
    /// [`WitnessError`].
    pub fn open(directory: &Path) -> Result<Self, WitnessError> {
        let path = directory.join(LOCK);
        let io = |cause| WitnessError::Io { path: path.clone(), cause };
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(io)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| WitnessError::Locked { path: directory.to_owned() })?;
        let path = directory.join(KEY);
        let bytes = read(&path)?.ok_or_else(|| WitnessError::Io {
            path: path.clone(),
            cause: std::io::Error::new(std::io::ErrorKind::NotFound, "run `countersign witness init`"),
        })?;
        let mode = std::fs::metadata(&path).map_or(0, |found| found.permissions().mode()) & 0o7777;
        if mode & 0o077 != 0 {
            return Err(WitnessError::Open { path, mode });
        }
        let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
        let key = Cosigner::from_private_text(&text)
            .map_err(|error| WitnessError::Invalid { path, cause: error.to_string() })?;
        Ok(Self { directory: directory.to_owned(), key, _lock: lock })
    }

    /// The key that verifies its cosignatures.
    pub fn verifier_key(&self) -> VerifierKey {
        self.key.verifier_key()
    }

    /// The largest tree of this log that was cosigned.
    ///
    /// # Errors
    /// [`WitnessError`]: a file that cannot be read is not the same as none.
    pub fn seen(&self, origin: &str) -> Result<Seen, WitnessError> {
        let path = self.file(origin);
        let Some(bytes) = read(&path)? else { return Ok(Seen::nothing()) };
        let checkpoint = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse::<Checkpoint>().ok());
        match checkpoint {
            Some(checkpoint) if checkpoint.origin == origin => {
                Ok(Seen { size: checkpoint.size, root: checkpoint.root })
            }
            _ => Err(WitnessError::Invalid { path, cause: "no checkpoint of this log".to_owned() }),
        }
    }

    /// Remembers a checkpoint, durably.
    ///
    /// # Errors
    /// [`WitnessError`]: it must not be cosigned.
    pub fn remember(&self, checkpoint: &Checkpoint) -> Result<(), WitnessError> {
        write(&self.file(&checkpoint.origin), checkpoint.to_string().as_bytes())
    }

    /// Cosigns the text of a checkpoint.
    pub fn cosign(&self, text: &str, now_s: u64) -> Signature {
        self.key.cosign(text, now_s)
    }

    /// Origins are names of anything; their hashes are names of files.
    fn file(&self, origin: &str) -> PathBuf {
        self.directory.join(format!("log-{}", Hash::of(origin.as_bytes())))
    }
}

fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, WitnessError> {
    let fail = |cause| WitnessError::Io { path: path.to_owned(), cause };
    let file = match File::open(path) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(fail)?,
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(512));
    file.take(NOTE_BYTES_MAX as u64).read_to_end(&mut bytes).map_err(fail)?;
    Ok(Some(bytes))
}

/// Replaces a file as a whole: afterwards, and after any crash, it holds the one or the other content.
fn write(path: &Path, content: &[u8]) -> Result<(), WitnessError> {
    let next = path.with_extension("next");
    file::replace(path, &next, content).map_err(|cause| WitnessError::Io { path: path.to_owned(), cause })
}
