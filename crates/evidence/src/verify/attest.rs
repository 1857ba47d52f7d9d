//! Cosignatures on the checkpoint: did witnesses that the reader trusts see this log and no other?

use std::path::Path;

use serde::Serialize;

use super::{Assurance, Findings, ProblemKind, package};
use crate::directory::{self, CHECKPOINT_FILE};
use crate::note::{self, Algorithm, Note, VerifierKey};
use crate::time::Timestamp;

/// Whom the reader trusts.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Keys of the log, one per epoch at most; without any those in the directories are used.
    pub keys: Vec<VerifierKey>,
    /// Keys of witnesses.
    pub witnesses: Vec<VerifierKey>,
    /// How many of the witnesses must have cosigned.
    pub quorum: usize,
}

/// A witness that cosigned the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cosigned {
    /// Its key.
    pub witness: String,
    /// When, by its clock.
    pub time: Timestamp,
}

/// Checks the cosignatures on the checkpoint of the log in `directory`, which was verified before.
///
/// # Errors
/// Only when the files cannot be read.
pub(super) fn check(
    directory: &Path,
    trust: &Trust,
    findings: &mut Findings,
) -> Result<(), directory::Error> {
    if trust.witnesses.is_empty() || findings.checkpoint.is_none() {
        return Ok(());
    }
    let signed = package::log_of(directory)?.checkpoint()?;
    let Some(note) = signed.and_then(|signed| Note::parse(&signed).ok()) else {
        findings.blame_file(
            ProblemKind::Witness,
            CHECKPOINT_FILE,
            "there is none to look for cosignatures on",
        );
        return Ok(());
    };
    let cosigners: Vec<_> =
        trust.witnesses.iter().filter(|key| key.algorithm() == Algorithm::Cosignature).cloned().collect();
    let verified = match note.verify(&cosigners) {
        Ok(verified) => verified,
        Err(note::Error::NoTrustedSignature) => Vec::new(),
        Err(error) => {
            findings.blame_file(ProblemKind::Witness, CHECKPOINT_FILE, error);
            return Ok(());
        }
    };
    for cosignature in verified {
        let micros = cosignature.time_s.and_then(|time_s| i64::try_from(time_s).ok()?.checked_mul(1_000_000));
        let Some(time) = micros.and_then(Timestamp::from_micros) else { continue };
        findings.cosigned.push(Cosigned { witness: cosignature.key.to_string(), time });
    }
    let (found, wanted) = (findings.cosigned.len(), trust.quorum);
    if found < wanted {
        let reason =
            format!("{found} of the witnesses that were given cosigned it, and {wanted} are asked for");
        findings.blame_file(ProblemKind::Witness, CHECKPOINT_FILE, reason);
    } else if wanted > 0 {
        findings.assurance = Assurance::L3;
    }
    Ok(())
}
