//! Bodies of a package: what is opened fits its leaf, and what should be there and is not is on the list of it.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Deserialize;

use super::package::each_line;
use super::sample::Opened;
use super::{BodySummary, Findings, ProblemKind};
use crate::directory::{self, Files};
use crate::leaf::{LEAF_BYTES_MAX, Leaf};
use crate::merkle::{Hash, leaf_hash};
use crate::note::{NOTE_BYTES_MAX, VerifierKey};
use crate::package::{
    BODIES_FILE, Bodies, Derived, Disposal, Due, ERASURES, Erasures, MISSING_FILE, Manifest, SAMPLES,
};
use crate::proof::Proof;
use crate::text;

const PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + 8192;
const LEAF_ENDING: &str = ".leaf.json";
const PROOF_ENDING: &str = ".tlog-proof";

/// Which bodies are in a package.
pub(super) struct Held {
    /// Leaves whose bodies are opened; `None`: those of privileged calls are sealed.
    opened: Option<HashSet<u64>>,
    /// Leaves of samples without a body.
    bare: BTreeSet<u64>,
    /// Commitments to the bodies of privileged calls, by index.
    commitments: HashMap<u64, Hash>,
}

/// An opened body, as far as it says whose it is.
#[derive(Deserialize)]
struct Whose {
    index: u64,
}

impl Held {
    /// Looks which bodies are there.
    pub(super) fn read(files: &Files, manifest: &Manifest) -> Result<Self, directory::Error> {
        let mut opened = None;
        if manifest.bodies == Bodies::Opened {
            let mut found = HashSet::new();
            files.with(BODIES_FILE, &mut |file| {
                each_line(file, &mut |line| {
                    found.extend(serde_json::from_slice::<Whose>(line).ok().map(|whose| whose.index));
                    true
                })
            })?;
            opened = Some(found);
        }
        let (mut leaves, mut bodies) = (BTreeSet::new(), BTreeSet::new());
        files.below(SAMPLES).walk(&mut |path, _| {
            let path = path.unwrap_or_default();
            let Some((folder, name)) = path.rsplit_once('/') else { return };
            let of = |ending| name.strip_suffix(ending).and_then(text::read_decimal);
            leaves.extend(of(LEAF_ENDING).map(|index| (folder.to_owned(), index)));
            bodies.extend(of(".body").map(|index| (folder.to_owned(), index)));
        })?;
        let bare = leaves.difference(&bodies).map(|(_, index)| *index).collect();
        Ok(Self { opened, bare, commitments: HashMap::new() })
    }

    /// Whether the body of a leaf should be in the package and is not.
    pub(super) fn lacks(&mut self, index: u64, leaf: &Leaf, due: Due) -> bool {
        let (Some(payload), due) = (leaf.payload, due == Due::Body) else { return false };
        if due {
            self.commitments.insert(index, payload.commitment);
        }
        let opened = self.opened.as_ref();
        due && opened.is_some_and(|opened| !opened.contains(&index)) || self.bare.contains(&index)
    }

    /// How many there are, and how many are not. What nothing accounts for is no breach of the log, but to be known.
    pub(super) fn summary(&self, derived: &Derived, findings: &mut Findings) -> BodySummary {
        let (erased, unexplained) = derived.missing;
        if unexplained > 0 {
            let reason = format!(
                "{unexplained} recorded messages are gone and no leaf says that a rule took them: see {MISSING_FILE}"
            );
            findings.warn(None, reason);
        }
        BodySummary { opened: self.opened.as_ref().map(|opened| opened.len() as u64), erased, unexplained }
    }

    /// Opened bodies are what their leaves commit to.
    pub(super) fn check(&self, files: &Files, findings: &mut Findings) -> Result<(), directory::Error> {
        let mut number = 0_u64;
        let there = files.with(BODIES_FILE, &mut |file| {
            each_line(file, &mut |line| {
                number += 1;
                let opened = serde_json::from_slice::<Opened>(line).ok();
                let leaf = opened.as_ref().map(|opened| opened.index);
                let good = opened.is_some_and(|opened| {
                    self.commitments.get(&opened.index).is_some_and(|commitment| opened.fits(commitment))
                });
                if !good {
                    let reason = format!("line {number}: the body is not what its leaf commits to");
                    let at = leaf.filter(|leaf| self.commitments.contains_key(leaf));
                    match at {
                        Some(leaf) => findings.blame_bundle(ProblemKind::Sample, BODIES_FILE, leaf, reason),
                        None => findings.blame_file(ProblemKind::Sample, BODIES_FILE, reason),
                    }
                }
                true
            })
        })?;
        if there && self.opened.is_none() {
            let reason = "the manifest says that these bodies are sealed";
            findings.blame_file(ProblemKind::Sample, BODIES_FILE, reason);
        }
        Ok(())
    }
}

/// Reads the leaves that say what was erased: each is in the log of one of the keys.
pub(super) fn read_erasures(
    files: &Files,
    keys: &[VerifierKey],
    findings: &mut Findings,
) -> Result<Erasures, directory::Error> {
    let (below, mut names, mut erasures) = (files.below(ERASURES), BTreeSet::new(), Erasures::default());
    below.walk(&mut |path, _| names.extend(path))?;
    for name in &names {
        let path = format!("{ERASURES}/{name}");
        let proof = name.strip_suffix(PROOF_ENDING);
        if proof.is_some_and(|stem| names.contains(&format!("{stem}{LEAF_ENDING}"))) {
            continue;
        }
        let Some(stem) = name.strip_suffix(LEAF_ENDING) else {
            findings.blame_file(ProblemKind::Retention, path, "no leaf that says what was erased");
            continue;
        };
        let leaf = below.read(name, LEAF_BYTES_MAX)?.unwrap_or_default();
        let proof = below.read(&format!("{stem}{PROOF_ENDING}"), PROOF_BYTES_MAX)?.unwrap_or_default();
        match erasure(&leaf, &proof, keys) {
            Some(disposal) if leaf_hash(&leaf).to_string() == stem => {
                erasures.add(leaf_hash(&leaf), disposal);
            }
            _ => {
                let reason =
                    "forged: it is not proven to be a leaf of this log that says which bodies were erased";
                findings.blame_file(ProblemKind::Retention, path, reason);
            }
        }
    }
    Ok(erasures)
}

fn erasure(leaf: &[u8], proof: &[u8], keys: &[VerifierKey]) -> Option<Disposal> {
    let proof: Proof = std::str::from_utf8(proof).ok()?.parse().ok()?;
    let origin = proof.checkpoint.text().lines().next()?.to_owned();
    let key = keys.iter().find(|key| key.name() == origin)?;
    proof.verify(leaf, key).ok()?;
    Disposal::read(&Leaf::decode(leaf).ok()?, &origin, proof.index)
}
