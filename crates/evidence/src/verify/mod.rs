//! Verification of an exported log, or of an evidence package around one, offline.
//!
//! In this order, because each step trusts the one before: the checkpoint's signature; that there is exactly the
//! set of files the checkpoint implies; that every tile and every leaf leads to the signed root; then what the
//! leaves say: gap-free lanes, every call from intent to exactly one end, every approval before its call.
//!
//! Needs memory for one bundle, one tile per level, the lanes, the open calls and the approvals.

mod approval;
mod attest;
mod body;
mod breakglass;
mod call;
mod chain;
mod findings;
mod hold;
mod meaning;
mod package;
mod passkey;
mod published;
mod report;
mod retention;
mod sample;
mod shown;
mod successor;
mod tree;

use std::path::Path;

use crate::checkpoint::Checkpoint;
use crate::directory::{self, CHECKPOINT_FILE, Files, KEY_FILE, Reader};
use crate::leaf::Leaf;
use crate::merkle::Hash;
use crate::note::VerifierKey;
use crate::tile::Tile;

use published::Earlier;

pub use attest::{Cosigned, Trust};
pub use breakglass::BREAKGLASS_S_MAX;
pub use chain::{
    Chain, ChainProblem, EpochFindings, Verified, epoch_directory, epochs_in, verify_all, verify_chain,
};
pub use findings::{
    Assurance, BodySummary, DOES_NOT_ASSERT, Findings, KeySource, LISTED_MAX, OpenCall, PackageSummary,
    Problem, ProblemKind, Stamped, Summary, Warning,
};
pub use report::Paint;

/// Verifies the exported log in `directory`, or the evidence package that is there or in a zip archive of that name, against
/// the log's public key.
///
/// Without `key` the directory's own key file is used, and the findings say so. `progress` is called now and then
/// with the leaves done and the leaves in all.
///
/// # Errors
/// Only when the files cannot be read. Whatever is wrong with a readable log is in the [`Findings`].
pub fn verify(
    directory: &Path,
    key: Option<&VerifierKey>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Findings, directory::Error> {
    let mut findings = verify_epoch(directory, key, &[], progress)?;
    if findings.genesis.as_ref().is_some_and(|genesis| genesis.previous.is_some()) {
        let reason =
            "this log continues an earlier epoch, which was not checked here: verify all of them together";
        findings.warn(Some(0), reason);
    }
    Ok(findings)
}

/// As [`verify`], of a log that may be one epoch among others. `others` are keys of epochs beside it, one of which may have
/// signed a package of it.
fn verify_epoch(
    directory: &Path,
    key: Option<&VerifierKey>,
    others: &[VerifierKey],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Findings, directory::Error> {
    let files = Files::open(directory)?;
    let mut findings = Findings::new();
    if let Some((path, reason)) = files.fault()? {
        findings.blame_file(ProblemKind::Archive, path, reason);
        return Ok(findings);
    }
    let checked = if package::is_package(&files)? {
        let keys: Vec<VerifierKey> = key.into_iter().chain(others).cloned().collect();
        package::check(&files, &keys, &mut findings, progress)
    } else {
        let scope = &mut Scope { first: 0, observe: &mut |_, _, _, _| () };
        check(&Reader::of(files), key, scope, &mut findings, progress)
    };
    match checked {
        Ok(()) => Ok(findings),
        // The file system did its part: a file of this size is a matter of the log.
        Err(directory::Error::FileTooLarge { path }) => {
            findings.blame_file(ProblemKind::ExtraFile, path, "larger than its format allows");
            Ok(findings)
        }
        Err(error) => Err(error),
    }
}

fn check(
    reader: &Reader,
    key: Option<&VerifierKey>,
    scope: &mut Scope<'_>,
    findings: &mut Findings,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), directory::Error> {
    let Some(key) = choose_key(reader, key, findings)? else { return Ok(()) };
    let Some(checkpoint) = open_checkpoint(reader, &key, findings)? else { return Ok(()) };
    let earlier = check_files(reader, scope.first, checkpoint.size, findings)?;
    tree::check(reader, &checkpoint, scope, findings, progress)?;
    published::check(reader, &key, &checkpoint, earlier, findings)
}

/// Which part of a log is there, and who listens while it is read.
struct Scope<'s> {
    /// Index of the first leaf that is there; a multiple of 256.
    first: u64,
    /// Called with every leaf that is what was signed: index, leaf, its bytes, its hash.
    observe: &'s mut Observe<'s>,
}

type Observe<'o> = dyn FnMut(u64, &Leaf, &[u8], &Hash) + 'o;

fn choose_key(
    reader: &Reader,
    given: Option<&VerifierKey>,
    findings: &mut Findings,
) -> Result<Option<VerifierKey>, directory::Error> {
    let stored = reader.key()?;
    let parsed = stored.as_deref().and_then(read_key);
    findings.key_source = match (given, &parsed) {
        (Some(_), _) => KeySource::Given,
        (None, Some(_)) => KeySource::Directory,
        (None, None) => KeySource::None,
    };
    match (given, stored, &parsed) {
        (_, Some(_), None) => findings.blame_file(ProblemKind::Key, KEY_FILE, "malformed verifier key"),
        (None, None, _) => findings.blame_file(ProblemKind::Key, KEY_FILE, "missing, and no key was given"),
        (Some(given), _, Some(parsed)) if given != parsed => {
            findings.blame_file(ProblemKind::Key, KEY_FILE, "not the key that was given");
        }
        (None, _, Some(_)) => findings.warn(
            None,
            "no key was given, so the key in the directory was trusted: this shows consistency, not origin",
        ),
        _ => {}
    }
    Ok(given.cloned().or(parsed))
}

fn read_key(file: &[u8]) -> Option<VerifierKey> {
    std::str::from_utf8(file).ok()?.strip_suffix('\n')?.parse().ok()
}

fn open_checkpoint(
    reader: &Reader,
    key: &VerifierKey,
    findings: &mut Findings,
) -> Result<Option<Checkpoint>, directory::Error> {
    let Some(signed) = reader.checkpoint()? else {
        let reason = "missing: the export was not finished, or the file was removed";
        findings.blame_file(ProblemKind::Checkpoint, CHECKPOINT_FILE, reason);
        return Ok(None);
    };
    match Checkpoint::open(&signed, key) {
        Ok((checkpoint, _)) => {
            findings.checkpoint = Some(Summary {
                origin: checkpoint.origin.clone(),
                size: checkpoint.size,
                root: checkpoint.root.to_string(),
                key: key.to_string(),
            });
            Ok(Some(checkpoint))
        }
        Err(error) => {
            findings.blame_file(ProblemKind::Checkpoint, CHECKPOINT_FILE, error);
            Ok(None)
        }
    }
}

/// Finds files that belong neither to a tree of this size nor to one it grew from, and answers the latter; those that are
/// missing show when they are read.
fn check_files(
    reader: &Reader,
    first: u64,
    size: u64,
    findings: &mut Findings,
) -> Result<Vec<Earlier>, directory::Error> {
    let mut earlier = Vec::new();
    let left_out = |tile: Tile| tile.row().is_lowest() && tile.first_leaf(0) < first;
    reader.walk(&mut |path, full| match path {
        Some(path) => {
            let known = path == CHECKPOINT_FILE || path == KEY_FILE;
            let tile = path.parse::<Tile>();
            if known || tile.is_ok_and(|tile| tile.belongs_to(size) && !left_out(tile)) {
                return;
            }
            match Earlier::of(&path, size).filter(|_| first == 0) {
                Some(found) => earlier.push(found),
                None => {
                    findings.blame_file(ProblemKind::ExtraFile, path, "does not belong to the signed log");
                }
            }
        }
        None => findings.blame_file(ProblemKind::ExtraFile, full.display(), "not a plain file of a log"),
    })?;
    Ok(earlier)
}
