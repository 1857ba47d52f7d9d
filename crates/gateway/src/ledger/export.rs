//! The log as files that a stranger can verify: C2SP tlog-tiles, written by `evidence::directory`.

use std::path::Path;

use evidence::directory::{self, checkpoint_file, stamp_file};
use evidence::note::VerifierKey;

use crate::clock::micros;
use crate::limits;
use crate::store::checkpoint::Signed;
use crate::store::epoch::{self, Epoch};
use crate::store::{self, Db, ErrorKind, Read, checkpoint, cosignature, entry, stamp};

/// Why a log cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Nothing was signed yet.
    #[error("the log has no checkpoint yet: a running gateway signs one every ten seconds")]
    Unpublished,
    /// The database refused, or a leaf is missing.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The files cannot be written, or the leaves are not what was signed.
    #[error(transparent)]
    Directory(#[from] directory::Error),
}

/// Writes the current epoch of the log up to its latest checkpoint into the new or empty `directory`; answers the number of leaves.
/// `progress` is told leaves done and leaves in all. A running gateway is not disturbed: leaves never change, so they
/// are read in short transactions.
///
/// # Errors
/// [`ExportError`]; then the directory holds no checkpoint and does not verify.
pub fn export(
    db: &Db,
    key: &VerifierKey,
    directory: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<u64, ExportError> {
    let epoch = db.read_now("epoch", epoch::current)?;
    export_epoch(db, &epoch, key, directory, progress)
}

/// As [`export`], of one epoch, whose key is `key`.
///
/// # Errors
/// As [`export`].
pub fn export_epoch(
    db: &Db,
    epoch: &Epoch,
    key: &VerifierKey,
    directory: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<u64, ExportError> {
    let (signed, note) =
        db.read_now("latest checkpoint", |read| newest(read, epoch))?.ok_or(ExportError::Unpublished)?;
    let mut writer = directory::Writer::create(directory)?;
    while epoch.first_index + writer.size() < signed.size {
        let from = epoch.first_index + writer.size();
        let until = signed.size.min(from + limits::SCAN_LEAVES_MAX);
        let mut failed = None;
        let scanned = db.read_now("export", |read| {
            entry::scan(read, from, until, |stored| {
                writer.push(stored.leaf).map_err(|error| {
                    failed = Some(error);
                    store::Error::new(ErrorKind::Other, "writing the export failed")
                })
            })
        });
        match failed {
            Some(error) => return Err(error.into()),
            None => scanned?,
        }
        progress(writer.size(), epoch.within(signed.size));
    }
    writer.finish(&note, key)?;
    write_stamps(db, epoch, signed.size, directory)?;
    Ok(epoch.within(signed.size))
}

/// Timestamps of the checkpoints up to that of `size`, and the checkpoints they are of.
fn write_stamps(db: &Db, epoch: &Epoch, size: u64, directory: &Path) -> Result<(), ExportError> {
    let (stamps, checkpoints) = db.read_now("timestamps", |read| {
        let mut stamps = stamp::of_epoch(read, epoch)?;
        stamps.retain(|stamp| stamp.size <= size);
        let earlier = stamps.iter().filter(|stamp| stamp.size < size);
        let found =
            earlier.map(|stamp| checkpoint::of_size(read, stamp.size)).collect::<Result<Vec<_>, _>>()?;
        Ok((stamps, found))
    })?;
    for signed in checkpoints.into_iter().flatten() {
        directory::add(directory, &checkpoint_file(epoch.within(signed.size)), &signed.note)?;
    }
    for stamp in stamps {
        let file = stamp_file(epoch.within(stamp.size), &stamp.authority);
        directory::add(directory, &file, &stamp.token)?;
    }
    Ok(())
}

/// The checkpoint to give away, and its note with what witnesses signed of it.
///
/// # Errors
/// As the store says.
pub fn newest(read: &mut Read<'_>, epoch: &Epoch) -> Result<Option<(Signed, String)>, store::Error> {
    let Some(signed) = best(read, epoch)? else { return Ok(None) };
    let mut note = String::from_utf8_lossy(&signed.note).into_owned();
    for cosignature in cosignature::of_size(read, signed.size)? {
        note.push_str(&cosignature.line);
        note.push('\n');
    }
    Ok(Some((signed, note)))
}

/// The checkpoint to export: the latest that a witness cosigned, unless that was long ago; then the latest.
fn best(read: &mut Read<'_>, epoch: &Epoch) -> Result<Option<Signed>, store::Error> {
    let latest = checkpoint::latest(read, epoch)?;
    let cosigned = match cosignature::largest(read, epoch)? {
        Some(size) => checkpoint::of_size(read, size)?,
        None => None,
    };
    let fresh_us = micros(limits::ANCHOR_LATE_MS);
    match (cosigned, latest) {
        (Some(cosigned), Some(latest)) if latest.ts.saturating_sub(cosigned.ts) <= fresh_us => {
            Ok(Some(cosigned))
        }
        (_, latest) => Ok(latest),
    }
}
