//! Samples: each is one the seed selects, is in the log, and its opened bodies are what its leaves commit to.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Findings, ProblemKind};
use crate::commitment::{self, Salt};
use crate::directory::{self, Files, KEY_FILE};
use crate::leaf::{LEAF_BYTES_MAX, Leaf};
use crate::merkle::{Hash, leaf_hash};
use crate::note::{NOTE_BYTES_MAX, VerifierKey};
use crate::package::{Derived, LOG, Manifest, SAMPLES, SELECTION_FILE};
use crate::proof::Proof;
use crate::text;

/// More than any recorded body.
const BODY_BYTES_MAX: usize = 128 * 1024 * 1024;
const SALT_BYTES_MAX: usize = 65;
/// What there may be of a leaf; the first two are there of each.
const PARTS: [&str; 4] = ["leaf.json", "tlog-proof", "body", "salt"];
const PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + 8192;

/// A body that was opened, and what opens it.
#[derive(Deserialize)]
pub(super) struct Opened {
    /// Index of its leaf.
    pub(super) index: u64,
    /// The salt, hexadecimal.
    salt: String,
    /// The body as it was committed to.
    body: String,
}

impl Opened {
    /// Whether it is what the leaf commits to.
    pub(super) fn fits(&self, wanted: &Hash) -> bool {
        fits(self.salt.as_bytes(), self.body.as_bytes(), wanted)
    }
}

fn fits(salt: &[u8], body: &[u8], wanted: &Hash) -> bool {
    text::read_hex(salt).is_some_and(|salt| commitment::check(&Salt::from_bytes(salt), body, wanted))
}

/// Checks every sample; answers how many there are.
pub(super) fn check_samples(
    files: &Files,
    manifest: &Manifest,
    derived: &Derived,
    findings: &mut Findings,
) -> Result<u64, directory::Error> {
    if manifest.sample.is_none() {
        return Ok(0);
    }
    // The key was checked with the log.
    let stored = files.below(LOG).read(KEY_FILE, NOTE_BYTES_MAX)?;
    let Some(key) = stored.as_deref().and_then(super::read_key) else { return Ok(0) };
    let mut count = 0;
    for (rank, (index, hash)) in (1..).zip(&derived.selected) {
        let folder = format!("{SAMPLES}/{rank:03}");
        let below = files.below(&folder);
        let mut names = Vec::new();
        below.walk(&mut |path, _| names.extend(path))?;
        let mut selected = false;
        let number = |name: &String| {
            let (number, ending) = name.split_once('.')?;
            PARTS.contains(&ending).then(|| text::read_decimal(number)).flatten()
        };
        for number in names.iter().filter_map(number).collect::<BTreeSet<_>>() {
            let sample = Sample { files: &below, folder: &folder, index: number, key: &key, manifest };
            if let Some(found) = sample.check(findings)? {
                selected |= number == *index && found == *hash;
            }
        }
        if !selected {
            let reason = format!("the sample of rank {rank} is leaf {index}, which is not in this folder");
            findings.blame_bundle(ProblemKind::Sample, &folder, *index, reason);
        }
        count += 1;
    }
    if count == 0 && !derived.selected.is_empty() {
        findings.blame_file(ProblemKind::Sample, SELECTION_FILE, "no sample is there");
    }
    Ok(count)
}

/// One leaf of a sample.
struct Sample<'s> {
    files: &'s Files,
    folder: &'s str,
    index: u64,
    key: &'s VerifierKey,
    manifest: &'s Manifest,
}

impl Sample<'_> {
    /// The hash of the leaf, once everything about it is right.
    fn check(&self, findings: &mut Findings) -> Result<Option<Hash>, directory::Error> {
        let index = self.index;
        let read = |ending: &str, bytes_max| self.files.read(&format!("{index}.{ending}"), bytes_max);
        let path = format!("{}/{index}", self.folder);
        let mut blame = |reason: String| findings.blame_bundle(ProblemKind::Sample, &path, index, reason);
        let (leaf, proof) = (read("leaf.json", LEAF_BYTES_MAX)?, read("tlog-proof", PROOF_BYTES_MAX)?);
        let proof = proof.and_then(|bytes| String::from_utf8(bytes).ok()?.parse::<Proof>().ok());
        let (Some(leaf), Some(proof)) = (leaf, proof) else {
            blame("forged: the leaf or its proof is missing or malformed".to_owned());
            return Ok(None);
        };
        match proof.verify(&leaf, self.key) {
            Ok(checkpoint) if checkpoint.root == self.manifest.log.root && proof.index == index => {}
            Ok(_) => {
                blame("forged: the proof is about another leaf or another tree".to_owned());
                return Ok(None);
            }
            Err(error) => {
                blame(format!("forged: {error}"));
                return Ok(None);
            }
        }
        let committed = Leaf::decode(&leaf).ok().and_then(|leaf| leaf.payload);
        let (body, salt) = (read("body", BODY_BYTES_MAX)?, read("salt", SALT_BYTES_MAX)?);
        let good = match (committed, body, salt) {
            // Erased, or never there; nothing is claimed.
            (_, None, None) => true,
            (Some(committed), Some(body), Some(salt)) => {
                fits(salt.trim_ascii_end(), &body, &committed.commitment)
            }
            _ => false,
        };
        if !good {
            blame("forged: the body is not what its leaf commits to".to_owned());
            return Ok(None);
        }
        Ok(Some(leaf_hash(&leaf)))
    }
}
