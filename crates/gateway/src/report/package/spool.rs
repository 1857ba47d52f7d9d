//! Files that grow line by line, several at once.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::PackageError;

/// Files below one directory, each open until the end.
pub(super) struct Spool {
    directory: PathBuf,
    files: HashMap<String, BufWriter<File>>,
}

impl Spool {
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), files: HashMap::new() }
    }

    /// Adds a line to a file.
    pub(super) fn write(&mut self, path: &str, line: &str) -> io::Result<()> {
        if !self.files.contains_key(path) {
            let full = self.directory.join(path);
            full.parent().map_or(Ok(()), fs::create_dir_all)?;
            self.files.insert(path.to_owned(), BufWriter::new(File::create_new(full)?));
        }
        let Some(file) = self.files.get_mut(path) else { return Ok(()) };
        file.write_all(line.as_bytes())?;
        file.write_all(b"\n")
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.files.into_values().try_for_each(|mut file| file.flush())
    }
}

/// Makes a directory that nobody else reads: what was recorded is in it.
pub(super) fn private_directory(path: &Path) -> Result<(), PackageError> {
    crate::file::private_directory(path).map_err(|cause| PackageError::Io { path: path.to_owned(), cause })
}

/// Writes a whole file.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<(), PackageError> {
    let write = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, bytes)
    };
    write().map_err(|cause| PackageError::Io { path: path.to_owned(), cause })
}
