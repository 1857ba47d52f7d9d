//! Text files below paths, for programs that compare two builds by what they say of many texts.

use std::fs;
use std::path::PathBuf;

/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Every text file below the paths that the program was given, in order, with its text.
pub(crate) fn given() -> impl Iterator<Item = (PathBuf, String)> {
    let mut paths: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let mut files = Vec::new();
    while let Some(path) = paths.pop() {
        if path.is_dir() && !path.is_symlink() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            paths.extend(entries.map(|entry| entry.path()));
        } else if fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= FILE_BYTES_MAX) {
            files.push(path);
        }
    }
    files.sort();
    files.into_iter().filter_map(|path| fs::read_to_string(&path).ok().map(|text| (path, text)))
}
