//! Verification of an evidence package: the manifest's signature, every file against it, the log, and then
//! everything that is derived from the log, derived again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::body::{Held, read_erasures};
use super::sample::check_samples;
use super::successor::trace;
use super::{Findings, PackageSummary, ProblemKind, Scope};
use crate::checkpoint::Checkpoint;
use crate::directory::{self, Files, KEY_FILE, Reader};
use crate::merkle::{Hash, verify_consistency};
use crate::note::{NOTE_BYTES_MAX, VerifierKey};
use crate::package::{
    BEFORE_FILE, BODIES_FILE, CONFIGURATIONS, CONSISTENCY_FILE, COUNTS_BYTES_MAX, COUNTS_FILE, Counts,
    CountsError, DOCUMENTS, Derivation, Derived, Due, LEAVERS_BYTES_MAX, LEAVERS_FILE, LOG, Leavers,
    MANIFEST_BYTES_MAX, MANIFEST_FILE, Manifest, ManifestError, Missing, POLICIES, SIGNATURE_FILE,
    SIGNER_FILE, Setting, figures,
};

const KEY_BYTES_MAX: usize = 4096;
const PROOF_BYTES_MAX: usize = 8192;
const CHUNK_BYTES: usize = 64 * 1024;

/// Whether the files are a package, not a plain export.
pub(super) fn is_package(files: &Files) -> Result<bool, directory::Error> {
    let there = |path| files.with(path, &mut |_| Ok(()));
    Ok(there(MANIFEST_FILE)? || there(SIGNATURE_FILE)?)
}

/// The log in a directory or archive: that of the package when it is one.
pub(super) fn log_of(path: &Path) -> Result<Reader, directory::Error> {
    let files = Files::open(path)?;
    Ok(Reader::of(if is_package(&files)? { files.below(LOG) } else { files }))
}

pub(super) fn check(
    files: &Files,
    given: &[VerifierKey],
    findings: &mut Findings,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), directory::Error> {
    let Some((manifest, hash, signer)) = open_manifest(files, given, findings)? else { return Ok(()) };
    check_files(files, &manifest, findings)?;
    let (key, chain) = match trace(files, &signer, &manifest.origin)? {
        Ok(named) => {
            if let Some(reason) = named.fault(&manifest.log) {
                findings.blame_file(ProblemKind::Epoch, MANIFEST_FILE, reason);
            }
            (named.key, named.chain)
        }
        Err((path, reason)) => {
            findings.blame_file(ProblemKind::Epoch, path, reason);
            return Ok(());
        }
    };
    let setting = setting(files, &manifest, findings)?;
    let mut lines = Lines::default();
    let mut derivation =
        Derivation::begin(setting, &mut |path, line| keep(&mut lines, path, line)).map_err(own)?;
    let mut held = Held::read(files, &manifest)?;
    let erasures = read_erasures(files, &chain, findings)?;
    let mut missing =
        Missing::begin(erasures, &mut |path, line| keep(&mut lines, path, line)).map_err(own)?;
    let mut observe = |index, leaf: &_, bytes: &_, hash: &_| {
        let mut emit = |path: &str, line: &str| keep(&mut lines, path, line);
        // Keeping digests of lines cannot fail.
        let due = derivation.push(index, leaf, bytes, hash, &mut emit).unwrap_or(Due::Nothing);
        if held.lacks(index, leaf, due) {
            drop(missing.push(index, leaf, bytes, &mut emit));
        }
    };
    check_log(
        files,
        (!given.is_empty()).then_some(&key),
        &manifest,
        &mut Scope { first: manifest.log.first, observe: &mut observe },
        findings,
        progress,
    )?;
    if findings.leaves_read != manifest.log.size.saturating_sub(manifest.log.first) {
        let reason = "the log is damaged, so nothing that is derived from it could be compared";
        findings.blame_file(ProblemKind::Population, LOG, reason);
        return Ok(());
    }
    let mut emit = |path: &str, line: &str| keep(&mut lines, path, line);
    let mut derived = derivation.finish(&mut emit).map_err(own)?;
    derived.close(missing, &mut emit).map_err(own)?;
    compare(files, &manifest, &lines, findings)?;
    held.check(files, findings)?;
    check_documents(files, &derived, findings)?;
    super::shown::check(
        files,
        &manifest,
        &figures(&derived),
        &|path| lines.files.contains_key(path),
        findings,
    )?;
    check_consistency(files, &key, &manifest, findings)?;
    let samples = check_samples(files, &manifest, &derived, findings)?;
    let bodies = held.summary(&derived, findings);
    findings.package = Some(PackageSummary {
        from: manifest.period.from,
        until: manifest.period.until,
        manifest: hash.to_string(),
        files: manifest.files.len() as u64,
        leaves: derived.leaves,
        populations: derived.rows.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect(),
        samples,
        bodies,
    });
    Ok(())
}

fn open_manifest(
    files: &Files,
    given: &[VerifierKey],
    findings: &mut Findings,
) -> Result<Option<(Manifest, Hash, VerifierKey)>, directory::Error> {
    let bytes = files.read(MANIFEST_FILE, MANIFEST_BYTES_MAX)?;
    let note = files.read(SIGNATURE_FILE, NOTE_BYTES_MAX)?;
    let (Some(bytes), Some(note)) = (bytes, note) else {
        findings.blame_file(ProblemKind::Manifest, MANIFEST_FILE, "the manifest or its signature is missing");
        return Ok(None);
    };
    let signer = Manifest::signer_of(&note).unwrap_or_default();
    let key = match given {
        [] => stored_key(files)?,
        _ => given.iter().find(|key| key.name() == signer).cloned(),
    };
    let Some(key) = key else {
        if given.is_empty() {
            let reason = "missing or malformed, and no key was given";
            findings.blame_file(ProblemKind::Key, format!("{LOG}/{KEY_FILE}"), reason);
        } else {
            let reason =
                format!("it is not signed by a key that was given; it says that it is by that of `{signer}`");
            findings.blame_file(ProblemKind::Manifest, SIGNATURE_FILE, reason);
        }
        return Ok(None);
    };
    match Manifest::open(&bytes, &note, &key) {
        Ok(manifest) => Ok(Some((manifest, Hash::of(&bytes), key))),
        Err(error) => {
            // What was signed is at fault, or that it was not.
            let path = match error {
                ManifestError::Malformed(_) | ManifestError::Format(_) => MANIFEST_FILE,
                ManifestError::Note(_) | ManifestError::Other => SIGNATURE_FILE,
            };
            findings.blame_file(ProblemKind::Manifest, path, error);
            Ok(None)
        }
    }
}

/// The key that a package brings along for its signature.
fn stored_key(files: &Files) -> Result<Option<VerifierKey>, directory::Error> {
    let later = files.read(SIGNER_FILE, KEY_BYTES_MAX)?;
    let stored = match later {
        Some(later) => Some(later),
        None => files.below(LOG).read(KEY_FILE, KEY_BYTES_MAX)?,
    };
    Ok(stored.as_deref().and_then(super::read_key))
}

/// Every file is what the manifest lists, and there is no other.
fn check_files(files: &Files, manifest: &Manifest, findings: &mut Findings) -> Result<(), directory::Error> {
    let mut listed: BTreeMap<&str, _> = BTreeMap::new();
    for record in &manifest.files {
        listed.insert(&record.path, record);
    }
    files.walk(&mut |path, full| match path {
        Some(path) => {
            let own = path == MANIFEST_FILE || path == SIGNATURE_FILE;
            if !own && !listed.contains_key(&*path) {
                findings.blame_file(ProblemKind::ExtraFile, path, "the manifest does not list it");
            }
        }
        None => findings.blame_file(ProblemKind::ExtraFile, full.display(), "not a plain file of a package"),
    })?;
    for (path, record) in listed {
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        let found = files.with(path, &mut |file| {
            // Longer than listed is wrong already; an archive may promise petabytes.
            each_chunk(&mut file.take(record.bytes.saturating_add(1)), &mut |chunk| {
                bytes += chunk.len() as u64;
                hasher.update(chunk);
            })
        })?;
        if !found {
            findings.blame_file(ProblemKind::MissingFile, path, "the manifest lists it");
        } else if bytes != record.bytes || Hash::from_bytes(hasher.finalize().into()) != record.sha256 {
            findings.blame_file(
                ProblemKind::Manifest,
                path,
                "changed: it is not what the signed manifest lists",
            );
        }
    }
    Ok(())
}

fn setting(files: &Files, manifest: &Manifest, findings: &mut Findings) -> Result<Setting, directory::Error> {
    Ok(Setting {
        period: manifest.period,
        servers: manifest.servers.clone(),
        log: manifest.log,
        counts: given_file(files, COUNTS_FILE, COUNTS_BYTES_MAX, Counts::parse, findings)?,
        leavers: given_file(files, LEAVERS_FILE, LEAVERS_BYTES_MAX, Leavers::parse, findings)?,
        draw: manifest.sample.clone(),
    })
}

/// A file that came from somewhere else, as far as there is one. One that is not what it should be is a finding, and what
/// follows from it is not derived.
fn given_file<T>(
    files: &Files,
    path: &str,
    bytes_max: usize,
    parse: fn(&str) -> Result<T, CountsError>,
    findings: &mut Findings,
) -> Result<Option<T>, directory::Error> {
    let Some(bytes) = files.read(path, bytes_max)? else { return Ok(None) };
    let Ok(text) = String::from_utf8(bytes) else {
        findings.blame_file(ProblemKind::Population, path, "it is not UTF-8");
        return Ok(None);
    };
    let parsed = parse(&text);
    if let Err(error) = &parsed {
        findings.blame_file(ProblemKind::Population, path, error);
    }
    Ok(parsed.ok())
}

fn check_log(
    files: &Files,
    given: Option<&VerifierKey>,
    manifest: &Manifest,
    scope: &mut Scope<'_>,
    findings: &mut Findings,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), directory::Error> {
    let before = findings.problems.len();
    let checked = super::check(&Reader::of(files.below(LOG)), given, scope, findings, progress);
    for problem in &mut findings.problems[before..] {
        problem.path = problem.path.take().map(|path| format!("{LOG}/{path}"));
    }
    checked?;
    let same = findings.checkpoint.as_ref().is_none_or(|checkpoint| {
        checkpoint.size == manifest.log.size && checkpoint.root == manifest.log.root.to_string()
    });
    if !same {
        let reason = "the manifest is about another checkpoint than the one in the log";
        findings.blame_file(ProblemKind::Manifest, MANIFEST_FILE, reason);
    }
    Ok(())
}

/// What the log gives, file by file, reduced to what is needed to compare and to name the first difference.
#[derive(Default)]
struct Lines {
    files: BTreeMap<String, (Sha256, Vec<u64>)>,
}

impl Lines {
    fn push(&mut self, path: &str, line: &str) {
        if !self.files.contains_key(path) {
            self.files.insert(path.to_owned(), Default::default());
        }
        if let Some((hasher, lines)) = self.files.get_mut(path) {
            hasher.update(line);
            hasher.update(b"\n");
            lines.push(digest(line.as_bytes()));
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "fits `Emit`, whose other users write files")]
fn keep(lines: &mut Lines, path: &str, line: &str) -> io::Result<()> {
    lines.push(path, line);
    Ok(())
}

/// Tells lines apart; the whole file is compared by its SHA-256.
fn digest(line: &[u8]) -> u64 {
    let hash = Hash::of(line);
    hash.as_bytes().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Compares the derived files, and names the first line that differs.
fn compare(
    files: &Files,
    manifest: &Manifest,
    lines: &Lines,
    findings: &mut Findings,
) -> Result<(), directory::Error> {
    let listed: BTreeMap<&str, &Hash> =
        manifest.files.iter().map(|record| (record.path.as_str(), &record.sha256)).collect();
    for (path, (hasher, expected)) in &lines.files {
        let whole = Hash::from_bytes(hasher.clone().finalize().into());
        let (mut found, mut same) = (Vec::new(), Sha256::new());
        let there = files.with(path, &mut |file| {
            each_line(file, &mut |line| {
                same.update(line);
                same.update(b"\n");
                found.push(digest(line));
                // One line more than there should be is enough to know.
                found.len() <= expected.len()
            })
        })?;
        if !there {
            findings.blame_file(ProblemKind::Population, path, "missing: the log gives rows for it");
        } else if Hash::from_bytes(same.finalize().into()) != whole
            || listed.get(path.as_str()) != Some(&&whole)
        {
            let at = found.iter().zip(expected).take_while(|(found, expected)| found == expected).count() + 1;
            let reason = format!(
                "line {at} is not what the log gives; {} lines are there, the log gives {}",
                found.len(),
                expected.len()
            );
            findings.blame_file(ProblemKind::Population, path, reason);
        }
    }
    for path in listed.keys() {
        let derived = path.starts_with("populations/") && *path != BODIES_FILE;
        if derived && !lines.files.contains_key(*path) {
            findings.blame_file(ProblemKind::Population, path, "the log gives no such population");
        }
    }
    Ok(())
}

fn each_chunk(file: &mut dyn Read, f: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(()),
            read => f(&chunk[..read]),
        }
    }
}

/// Hands over lines until there is none or `f` says no.
pub(super) fn each_line(file: &mut dyn Read, f: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<()> {
    let mut reader = io::BufReader::with_capacity(CHUNK_BYTES, file);
    let mut line = Vec::new();
    loop {
        line.clear();
        if io::BufRead::read_until(&mut reader, b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if !f(&line) {
            return Ok(());
        }
    }
}

/// Every policy set and document that the leaves of the period name is there, and is what they name.
fn check_documents(
    files: &Files,
    derived: &Derived,
    findings: &mut Findings,
) -> Result<(), directory::Error> {
    for (folder, wanted) in [
        (POLICIES, &derived.policy_sets),
        (CONFIGURATIONS, &derived.configurations),
        (DOCUMENTS, &derived.documents),
    ] {
        let below = files.below(folder);
        let mut there = BTreeSet::new();
        below.walk(&mut |path, _| there.extend(path))?;
        for hash in wanted {
            if !there.contains(&format!("{hash}.json")) {
                let reason = "missing, although leaves of the period name it";
                findings.blame_file(ProblemKind::Document, format!("{folder}/{hash}.json"), reason);
            }
        }
        for name in there {
            let mut hasher = Sha256::new();
            below.with(&name, &mut |file| each_chunk(file, &mut |chunk| hasher.update(chunk)))?;
            let hash = Hash::from_bytes(hasher.finalize().into());
            if name != format!("{hash}.json") {
                let reason = "changed: its hash is not its name, which is what the leaves name";
                findings.blame_file(ProblemKind::Document, format!("{folder}/{name}"), reason);
            }
        }
    }
    Ok(())
}

/// The checkpoint before the slice is signed, and the tree of the log is that tree with leaves appended.
fn check_consistency(
    files: &Files,
    key: &VerifierKey,
    manifest: &Manifest,
    findings: &mut Findings,
) -> Result<(), directory::Error> {
    let (before, proof) =
        (files.read(BEFORE_FILE, NOTE_BYTES_MAX)?, files.read(CONSISTENCY_FILE, PROOF_BYTES_MAX)?);
    let (before, proof) = match (before, proof) {
        (Some(before), Some(proof)) => (before, proof),
        (None, None) => return Ok(()),
        (before, _) => {
            let path = if before.is_some() { CONSISTENCY_FILE } else { BEFORE_FILE };
            findings.blame_file(ProblemKind::Checkpoint, path, "missing, although the other one is there");
            return Ok(());
        }
    };
    match Checkpoint::open(&before, key) {
        Err(error) => findings.blame_file(ProblemKind::Checkpoint, BEFORE_FILE, error),
        Ok((before, _)) => {
            let path = String::from_utf8_lossy(&proof)
                .lines()
                .map(crate::proof::read_hash)
                .collect::<Result<Vec<_>, _>>();
            let good = path.is_ok_and(|path| {
                verify_consistency(before.size, manifest.log.size, &path, &before.root, &manifest.log.root)
                    .is_ok()
            });
            if !good {
                let reason = "the proof does not show that the log only grew since the checkpoint before it";
                findings.blame_file(ProblemKind::Checkpoint, CONSISTENCY_FILE, reason);
            }
        }
    }
    Ok(())
}

/// Nothing of ours fails on lines that are only hashed.
fn own(source: io::Error) -> directory::Error {
    directory::Error::Io { path: "derived lines".to_owned(), source }
}
