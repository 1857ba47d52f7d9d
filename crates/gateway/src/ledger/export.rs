//! The log as files that a stranger can verify: C2SP tlog-tiles, written by `evidence::directory`.

use std::path::Path;

use evidence::directory;
use evidence::note::VerifierKey;

use crate::limits;
use crate::store::{self, Db, ErrorKind, checkpoint, entry};

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

/// Writes the log up to its latest checkpoint into the new or empty `directory`; answers the number of leaves.
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
    let signed = db.read_now("latest checkpoint", checkpoint::latest)?.ok_or(ExportError::Unpublished)?;
    let mut writer = directory::Writer::create(directory)?;
    while writer.size() < signed.size {
        let from = writer.size();
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
        progress(until, signed.size);
    }
    writer.finish(&String::from_utf8_lossy(&signed.note), key)?;
    Ok(signed.size)
}
