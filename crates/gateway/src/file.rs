//! Files that hold the one or the other content as a whole, also after a crash; directories that nobody else reads.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Replaces a file that only its owner may read, durably: what was there before stays there until `content` is on disk.
/// `draft`, beside it, is what is written first; nobody else may write there at the same time.
///
/// # Errors
/// Those of the file system.
pub fn replace(path: &Path, draft: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(draft, path)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Makes a directory, and those above it, that only its owner may enter; one that is there stays as it is.
///
/// # Errors
/// Those of the file system.
pub fn private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
