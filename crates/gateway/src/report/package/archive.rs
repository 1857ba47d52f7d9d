//! The files of a package into one place: a zip archive, written as a stream, or a directory.
//!
//! An archive has the one shape that verifiers take: see `evidence::directory::archive`.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use evidence::directory::Files;
use evidence::directory::archive::options;
use evidence::merkle::Hash;
use evidence::package::FileRecord;
use sha2::{Digest as _, Sha256};
use zip::write::ZipWriter;

use super::{PackageError, spool};

const CHUNK_BYTES: usize = 64 * 1024;

/// A package on its way out.
pub(super) struct Output {
    work: PathBuf,
    kind: Kind,
}

enum Kind {
    Directory,
    Zip(Box<ZipWriter<BufWriter<File>>>, PathBuf),
}

/// A file for its owner alone: it may hold opened messages.
fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// A package that is complete but not yet under its name.
pub(super) struct Finished(PathBuf);

impl Output {
    /// Begins; `work` holds the files.
    pub(super) fn create(work: &Path, output: &Path) -> Result<Self, PackageError> {
        let kind = if output.extension().is_some_and(|extension| extension == "zip") {
            let path = unfinished(work);
            let file = private(&path).map_err(|cause| io(&path, cause))?;
            Kind::Zip(Box::new(ZipWriter::new(BufWriter::new(file))), path)
        } else {
            Kind::Directory
        };
        Ok(Self { work: work.to_owned(), kind })
    }

    /// Takes every file of the working directory, sorted by path.
    pub(super) fn add_all(&mut self) -> Result<Vec<FileRecord>, PackageError> {
        let mut paths = Vec::new();
        Files::open(&self.work)?.walk(&mut |path, _| paths.extend(path))?;
        paths.sort();
        paths.into_iter().map(|path| self.take(path)).collect()
    }

    /// Adds a file that is not in the working directory.
    pub(super) fn add(&mut self, path: &str, bytes: &[u8]) -> Result<(), PackageError> {
        match &mut self.kind {
            Kind::Directory => spool::put(&self.work.join(path), bytes),
            Kind::Zip(zip, archive) => {
                let mut write = || {
                    zip.start_file(path, options(path, bytes.len() as u64))?;
                    zip.write_all(bytes)
                };
                write().map_err(|cause| io(archive, cause))
            }
        }
    }

    pub(super) fn finish(self) -> Result<Finished, PackageError> {
        match self.kind {
            Kind::Directory => Ok(Finished(self.work)),
            Kind::Zip(zip, path) => {
                let close = || {
                    let file = zip.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
                    file.sync_all()
                };
                close().map_err(|cause| io(&path, cause))?;
                Ok(Finished(path))
            }
        }
    }

    fn take(&mut self, path: String) -> Result<FileRecord, PackageError> {
        let full = self.work.join(&path);
        let mut hash = Sha256::new();
        let mut copy = || {
            let mut file = File::open(&full)?;
            let length = file.metadata()?.len();
            if let Kind::Zip(zip, _) = &mut self.kind {
                zip.start_file(&*path, options(&path, length))?;
            }
            let (mut chunk, mut bytes) = (vec![0; CHUNK_BYTES], 0);
            loop {
                let read = file.read(&mut chunk)?;
                if read == 0 {
                    return Ok(bytes);
                }
                bytes += read as u64;
                hash.update(&chunk[..read]);
                if let Kind::Zip(zip, _) = &mut self.kind {
                    zip.write_all(&chunk[..read])?;
                }
            }
        };
        let bytes = copy().map_err(|cause| io(&full, cause))?;
        Ok(FileRecord { path, bytes, sha256: Hash::from_bytes(hash.finalize().into()) })
    }
}

impl Finished {
    /// Puts the package under its name.
    pub(super) fn publish(self, output: &Path) -> Result<(), PackageError> {
        fs::rename(&self.0, output).map_err(|cause| io(output, cause))
    }
}

/// Where an archive is until it has its name.
pub(super) fn unfinished(work: &Path) -> PathBuf {
    work.with_extension("part")
}

fn io(path: &Path, cause: std::io::Error) -> PackageError {
    PackageError::Io { path: path.to_owned(), cause }
}
