//! Where tiles and checkpoints are published: a directory, a bucket that speaks S3 or Google's dialect of it, or a container of
//! Azure.
//!
//! Every file but the latest checkpoint is written once: a name that exists is never written again, and what stands there is
//! compared with what should.

mod bucket;
mod container;
mod directory;
mod server;
mod shared_key;
mod signature;
mod words;

use std::time::Duration;

use jiff::Timestamp;

use super::AnchorError;
use crate::config;

pub(super) use bucket::Bucket;
pub(super) use container::Container;
pub(super) use directory::Directory;

/// A place.
pub(super) enum Place {
    /// A directory.
    Directory(Directory),
    /// A bucket.
    Bucket(Box<Bucket>),
    /// A container.
    Container(Box<Container>),
}

/// Why a place cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The file system refuses.
    #[error("`{path}`: {cause}")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The bucket cannot be reached.
    #[error("the bucket cannot be reached: {0}")]
    Unreachable(String),
    /// The bucket refuses.
    #[error("the bucket answered {status} to `{verb} {path}` ({code})")]
    Refused {
        /// What was asked.
        verb: &'static str,
        /// Of which object.
        path: String,
        /// The status.
        status: u16,
        /// The code in its answer.
        code: String,
    },
    /// Its credentials cannot be read.
    #[error(transparent)]
    Secret(#[from] crate::secret::SecretError),
    /// The key of a storage account is no key.
    #[error("the key of the storage account is not base64; write it as Azure shows it")]
    Key,
    /// A file is larger than any that is published.
    #[error("`{0}` is larger than anything that is published there")]
    TooLarge(String),
}

/// Whether a file was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It was not.
    New,
    /// It was, and was left as it is.
    Exists,
}

/// What keeps files there from being changed, as proven by trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    /// In words.
    pub(super) by: String,
    /// Whether nobody at all can change them before their time; `None`: nothing keeps them.
    pub(super) until: Option<Timestamp>,
    /// Whether it counts: not even an administrator of the place can lift it.
    pub(super) strength: Strength,
}

/// How strong a hold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// A file was removed again.
    None,
    /// A file could not be removed; somebody with more rights may.
    Weak,
    /// Nobody can, until the time is over.
    Proven,
}

impl Place {
    /// As configured.
    ///
    /// # Errors
    /// [`AnchorError`], worded for the operator.
    pub(super) fn new(place: &config::Place, client: &reqwest::Client) -> Result<Self, AnchorError> {
        Ok(match (&place.directory, &place.s3, &place.gcs, &place.azure) {
            (Some(directory), None, None, None) => Self::Directory(Directory::new(directory)),
            (None, Some(s3), None, None) => Self::Bucket(Box::new(Bucket::s3(s3, client.clone())?)),
            (None, None, Some(gcs), None) => Self::Bucket(Box::new(Bucket::gcs(gcs, client.clone())?)),
            (None, None, None, Some(azure)) => {
                Self::Container(Box::new(Container::new(azure, client.clone())?))
            }
            _ => return Err(AnchorError::Place(place.name.clone())),
        })
    }

    /// The content of a file of at most `bytes_max` bytes; `None`: there is none.
    pub(super) async fn get(
        &self,
        path: &str,
        bytes_max: usize,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, PlaceError> {
        match self {
            Self::Directory(directory) => directory.get(path, bytes_max).await,
            Self::Bucket(bucket) => bucket.get(path, bytes_max, now).await,
            Self::Container(container) => container.get(path, bytes_max, now).await,
        }
    }

    /// Writes a file that is not there.
    pub(super) async fn create(
        &self,
        path: &str,
        bytes: Vec<u8>,
        now: Timestamp,
    ) -> Result<Written, PlaceError> {
        match self {
            Self::Directory(directory) => directory.create(path, bytes).await,
            Self::Bucket(bucket) => bucket.create(path, bytes, now).await,
            Self::Container(container) => container.create(path, bytes, now).await,
        }
    }

    /// Writes a file, whether or not one is there.
    pub(super) async fn replace(&self, path: &str, bytes: Vec<u8>, now: Timestamp) -> Result<(), PlaceError> {
        match self {
            Self::Directory(directory) => directory.replace(path, bytes).await,
            Self::Bucket(bucket) => bucket.replace(path, bytes, now).await,
            Self::Container(container) => container.replace(path, bytes, now).await,
        }
    }

    /// Writes a file called `name` and tries to remove it again.
    pub(super) async fn prove(&self, name: &str, now: Timestamp) -> Result<Hold, PlaceError> {
        match self {
            Self::Directory(directory) => directory.prove(name).await,
            Self::Bucket(bucket) => bucket.prove(name, now).await,
            Self::Container(container) => container.prove(name, now).await,
        }
    }
}

/// The time at which what is written now may be removed.
fn retained_until(now: Timestamp, days: u32) -> Timestamp {
    now.checked_add(Duration::from_secs(u64::from(days) * 86_400)).unwrap_or(Timestamp::MAX)
}
