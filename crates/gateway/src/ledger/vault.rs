//! Sealing of what is kept beside the log: masked bodies and personal context.
//!
//! A record is `nonce || AES-256-GCM(day key, salt || form || content)`. The salt is inside because whoever reads the
//! database could otherwise guess a short body from its commitment. The associated data binds a record to its leaf,
//! so bodies cannot be swapped. Erasing a row, or the wrapped key of its day, erases the content for good.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use evidence::commitment::{self, Salt};
use evidence::merkle::Hash;
use zeroize::Zeroizing;
use zstd::bulk::{Compressor, Decompressor};

use super::draft::CONTEXT_ID;
use super::keyring::{Keyring, SEAL_BYTES};
use crate::limits;
use crate::store::{self, Db, data_key};

const SALT_BYTES: usize = 32;
const TAG_BYTES: usize = SEAL_BYTES - NONCE_LEN;
const HEAD_BYTES: usize = NONCE_LEN + SALT_BYTES + 1;
/// Below this, compressing costs more than it saves.
const COMPRESS_BYTES_MIN: usize = 256;
const LEVEL: i32 = -3;
const DAYS_KEPT: usize = 4;
const DAY_US: i64 = 86_400_000_000;

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;

/// A sealed record and what the leaf says about it.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) day: i64,
    pub(super) record: Vec<u8>,
    pub(super) commitment: Hash,
    pub(super) bytes: u64,
}

/// Why a record cannot be sealed or opened. Holds no content.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The day's key is neither there nor can it be made.
    #[error("cannot keep the key of the day: {0}")]
    Store(#[from] store::Error),
    /// The record is not there, or the key of its day is not: mostly since its time was over.
    #[error("the record is not there, or the key of its day is not")]
    Erased,
    /// Wrong key, or a changed record.
    #[error("the record does not open with this key: it was changed, or the payload key is another one")]
    Broken,
    /// The content is not what the leaf committed to.
    #[error("the record opens but is not what the leaf commits to")]
    Uncommitted,
    /// Compression or randomness failed.
    #[error("sealing failed: {0}")]
    Internal(&'static str),
}

/// Seals and opens records.
pub struct Vault {
    wrapping: LessSafeKey,
    days: Mutex<BTreeMap<i64, Arc<LessSafeKey>>>,
    compressors: Mutex<Vec<Compressor<'static>>>,
}

impl Vault {
    /// A vault under the payload key of `keys`.
    ///
    /// # Errors
    /// [`VaultError::Internal`] when the key is refused by the library.
    pub fn new(keys: &Keyring) -> Result<Self, VaultError> {
        let wrapping = keys.wrapping_key().map_err(|_| VaultError::Internal("payload key"))?;
        Ok(Self { wrapping, days: Mutex::default(), compressors: Mutex::default() })
    }

    /// The day of an instant, in days since 1970.
    pub(super) fn day(ts: i64) -> i64 {
        ts.div_euclid(DAY_US)
    }

    /// The key of `day`, if it was used before.
    pub(super) fn key(&self, day: i64) -> Option<Arc<LessSafeKey>> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner).get(&day).cloned()
    }

    /// Makes the key of `day`, or takes the one that another process made.
    pub(super) fn settle(&self, db: &Db, day: i64) -> Result<Arc<LessSafeKey>, VaultError> {
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(&mut *key).map_err(|_| VaultError::Internal("no random bytes"))?;
        let wrapped = self.wrap(day, &key)?;
        let wrapped = db.write_now("data key", |tx| data_key::settle(tx, day, &wrapped))?;
        self.unwrap(day, wrapped)
    }

    /// The key of `day` for opening records.
    fn find(&self, db: &Db, day: i64) -> Result<Arc<LessSafeKey>, VaultError> {
        if let Some(key) = self.key(day) {
            return Ok(key);
        }
        let wrapped = db.read_now("data key", |read| data_key::find(read, day))?;
        self.unwrap(day, wrapped.ok_or(VaultError::Erased)?)
    }

    /// Seals `content` for the leaf with this `id`.
    pub(super) fn seal(
        &self,
        day: i64,
        key: &LessSafeKey,
        id: &[u8; 16],
        content: &[u8],
    ) -> Result<Sealed, VaultError> {
        let mut record = vec![0; HEAD_BYTES];
        rand::fill(&mut record[..NONCE_LEN + SALT_BYTES])
            .map_err(|_| VaultError::Internal("no random bytes"))?;
        let mut salt = Zeroizing::new([0; SALT_BYTES]);
        salt.copy_from_slice(&record[NONCE_LEN..NONCE_LEN + SALT_BYTES]);
        let commitment = commitment::commit(&Salt::from_bytes(*salt), content);
        self.compress(content, &mut record)?;
        let (nonce, sealed) = record.split_at_mut(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Internal("nonce"))?;
        let tag = key
            .seal_in_place_separate_tag(nonce, Aad::from(id), sealed)
            .map_err(|_| VaultError::Internal("encryption"))?;
        record.extend_from_slice(tag.as_ref());
        Ok(Sealed { day, record, commitment, bytes: content.len() as u64 })
    }

    /// Opens the record of the leaf with this `id`, and checks that it is what the leaf commits to.
    ///
    /// # Errors
    /// [`VaultError`]; it says whether the content was erased or changed.
    pub fn open(
        &self,
        db: &Db,
        day: i64,
        id: &[u8; 16],
        record: Vec<u8>,
        commitment: &Hash,
    ) -> Result<Vec<u8>, VaultError> {
        self.reveal(db, day, id, record, commitment).map(|(_, content)| content)
    }

    /// As [`open`](Self::open), with the salt that proves the content to somebody who holds only the leaf.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn reveal(
        &self,
        db: &Db,
        day: i64,
        id: &[u8; 16],
        mut record: Vec<u8>,
        commitment: &Hash,
    ) -> Result<(Salt, Vec<u8>), VaultError> {
        let key = self.find(db, day)?;
        if record.len() < HEAD_BYTES + TAG_BYTES {
            return Err(VaultError::Broken);
        }
        let (nonce, sealed) = record.split_at_mut(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Broken)?;
        let plain = key.open_in_place(nonce, Aad::from(id), sealed).map_err(|_| VaultError::Broken)?;
        let (salt, rest) = plain.split_first_chunk::<SALT_BYTES>().ok_or(VaultError::Broken)?;
        let content = match rest.split_first() {
            Some((&PLAIN, content)) => content.to_vec(),
            Some((&ZSTD, content)) => decompress(content)?,
            _ => return Err(VaultError::Broken),
        };
        let salt = Salt::from_bytes(*salt);
        if commitment::check(&salt, &content, commitment) {
            Ok((salt, content))
        } else {
            Err(VaultError::Uncommitted)
        }
    }

    /// Opens the personal context that leaves commit to. `None`: it was erased.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn context(&self, db: &Db, commitment: &Hash) -> Result<Option<Vec<u8>>, VaultError> {
        let found = db.read_now("context", |read| store::context::find(read, commitment.as_bytes()))?;
        let Some((day, sealed)) = found else { return Ok(None) };
        self.open_context(db, commitment, day, sealed).map(Some)
    }

    /// The same, of a record that was read already.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open_context(
        &self,
        db: &Db,
        commitment: &Hash,
        day: i64,
        sealed: Vec<u8>,
    ) -> Result<Vec<u8>, VaultError> {
        self.open(db, day, &CONTEXT_ID, sealed, commitment)
    }

    fn compress(&self, content: &[u8], record: &mut Vec<u8>) -> Result<(), VaultError> {
        let failed = |_| VaultError::Internal("compression");
        if content.len() < COMPRESS_BYTES_MIN {
            record.reserve_exact(content.len() + TAG_BYTES);
            record.extend_from_slice(content);
            return Ok(());
        }
        let idle = self.compressors.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut compressor = match idle {
            Some(compressor) => compressor,
            None => Compressor::new(LEVEL).map_err(failed)?,
        };
        let bound = zstd::zstd_safe::compress_bound(content.len());
        record.reserve_exact(bound + TAG_BYTES);
        record.resize(HEAD_BYTES + bound, 0);
        let written = compressor.compress_to_buffer(content, &mut record[HEAD_BYTES..]).map_err(failed)?;
        record.truncate(HEAD_BYTES + written);
        record[HEAD_BYTES - 1] = ZSTD;
        let mut idle = self.compressors.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < limits::COMPRESSORS_MAX {
            idle.push(compressor);
        }
        Ok(())
    }

    fn wrap(&self, day: i64, key: &[u8; 32]) -> Result<Vec<u8>, VaultError> {
        let mut wrapped = vec![0; NONCE_LEN];
        rand::fill(&mut wrapped).map_err(|_| VaultError::Internal("no random bytes"))?;
        let nonce = Nonce::try_assume_unique_for_key(&wrapped).map_err(|_| VaultError::Internal("nonce"))?;
        let mut sealed = key.to_vec();
        self.wrapping
            .seal_in_place_append_tag(nonce, Aad::from(day.to_be_bytes()), &mut sealed)
            .map_err(|_| VaultError::Internal("encryption"))?;
        wrapped.append(&mut sealed);
        Ok(wrapped)
    }

    fn unwrap(&self, day: i64, mut wrapped: Vec<u8>) -> Result<Arc<LessSafeKey>, VaultError> {
        if wrapped.len() != NONCE_LEN + 32 + TAG_BYTES {
            return Err(VaultError::Broken);
        }
        let (nonce, sealed) = wrapped.split_at_mut(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Broken)?;
        let aad = Aad::from(day.to_be_bytes());
        let plain = self.wrapping.open_in_place(nonce, aad, sealed).map_err(|_| VaultError::Broken)?;
        let key = UnboundKey::new(&AES_256_GCM, plain).map_err(|_| VaultError::Broken)?;
        zeroize::Zeroize::zeroize(plain);
        let key = Arc::new(LessSafeKey::new(key));
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        days.insert(day, Arc::clone(&key));
        while days.len() > DAYS_KEPT {
            days.pop_first();
        }
        Ok(key)
    }
}

fn decompress(content: &[u8]) -> Result<Vec<u8>, VaultError> {
    let bytes_max = limits::ANSWER_BODY_BYTES_MAX.max(limits::REQUEST_BODY_BYTES_MAX);
    // The frame says how large it is; one that lies is found out by the decompressor.
    let size = zstd::zstd_safe::get_frame_content_size(content).ok().flatten().ok_or(VaultError::Broken)?;
    let size = usize::try_from(size).ok().filter(|&size| size <= bytes_max).ok_or(VaultError::Broken)?;
    let mut decompressor = Decompressor::new().map_err(|_| VaultError::Internal("decompression"))?;
    decompressor.decompress(content, size).map_err(|_| VaultError::Broken)
}
