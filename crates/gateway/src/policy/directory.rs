//! Reading policy files: the only part of `policy` that touches a disk, when a set is published and never when one
//! decides.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::problem::{Problem, Rejected};
use super::source::Source;
use crate::limits;

/// Reads the `*.cedar` files of `directory` in the order of their names; hidden files and subdirectories are passed
/// over.
///
/// # Errors
/// [`Rejected`] when the directory or a file cannot be read, when there is no such file, or when a limit is exceeded.
pub fn read(directory: &Path) -> Result<Vec<Source>, Rejected> {
    let place = directory.display().to_string();
    let unreadable = |error: std::io::Error| Problem::of(&place, format!("cannot be read: {error}"));
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "cedar") {
            paths.push(path);
        }
        if paths.len() > limits::POLICY_FILES_MAX {
            return Err(
                Problem::of(&place, format!("more than {} policy files", limits::POLICY_FILES_MAX)).into()
            );
        }
    }
    if paths.is_empty() {
        return Err(Problem::of(&place, "no `*.cedar` file")
            .with_help("to deny everything, keep one file without policies")
            .into());
    }
    paths.sort();
    let mut left = limits::POLICY_BYTES_MAX;
    let mut sources = Vec::with_capacity(paths.len());
    for path in paths {
        let source = file(&path, left)?;
        left -= source.text.len();
        sources.push(source);
    }
    Ok(sources)
}

fn file(path: &Path, left: usize) -> Result<Source, Rejected> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(left as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Problem::of(&name, format!("cannot be read: {error}")))?;
    if bytes.len() > left {
        let message = format!("policy files hold more than {} bytes together", limits::POLICY_BYTES_MAX);
        return Err(Problem::of(&name, message).into());
    }
    let text = String::from_utf8(bytes).map_err(|_| Problem::of(&name, "not UTF-8"))?;
    Ok(Source { file: name, text })
}

/// Tells whether a directory was read to the same effect twice.
pub(super) fn digest(read: &Result<Vec<Source>, Rejected>) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut field = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    match read {
        Ok(sources) => sources.iter().for_each(|source| {
            field(&source.file);
            field(&source.text);
        }),
        Err(rejected) => rejected.problems.iter().for_each(|problem| field(&problem.to_string())),
    }
    hash.finalize().into()
}
