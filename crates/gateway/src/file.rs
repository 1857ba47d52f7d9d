//! Files that hold the one or the other content as a whole, also after a crash.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
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
