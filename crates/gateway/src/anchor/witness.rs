//! The client of witnesses ([C2SP tlog-witness](https://c2sp.org/tlog-witness)): asks them to cosign what was published,
//! and keeps what they sign.

use std::collections::HashMap;

use evidence::merkle::{Frontier, Hash, leaf_hash, prove_consistency};
use evidence::note::{Note, VerifierKey};
use evidence::witness::{AddCheckpoint, read_size};
use reqwest::StatusCode;
use url::Url;

use super::{AnchorError, Anchors, Name};
use crate::clock::micros;
use crate::config;
use crate::limits;
use crate::store::checkpoint::{self, Signed};
use crate::store::cosignature::{self, Cosignature};
use crate::store::epoch::Epoch;
use crate::store::{self, Read, entry};

/// A witness, as this gateway knows it.
pub struct Contact {
    url: Url,
    key: VerifierKey,
}

/// Why a witness has not cosigned.
#[derive(Debug, thiserror::Error)]
pub enum Unwitnessed {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It cannot be reached.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It refused.
    #[error("it answered {0}")]
    Refused(StatusCode),
    /// What it answered is no cosignature of the key that is configured.
    #[error("its answer holds no cosignature of the key that is configured")]
    Unsigned,
    /// It saw another log under this name.
    #[error(
        "it has cosigned {0} leaves of this log, and no checkpoint of that size was published here: this log is older \
         than what was published, or its key was used elsewhere"
    )]
    Contradicted(u64),
}

impl Unwitnessed {
    /// Whether this is about the log, not about the way to the witness.
    pub(super) fn is_contradiction(&self) -> bool {
        matches!(self, Self::Contradicted(_))
            || matches!(self, Self::Refused(status) if *status == StatusCode::UNPROCESSABLE_ENTITY)
    }
}

impl Contact {
    /// A witness as configured.
    ///
    /// # Errors
    /// [`AnchorError`] when its key is none.
    pub fn new(witness: &config::Witness) -> Result<Self, AnchorError> {
        let key = witness.key.parse().map_err(|error| AnchorError::Key(witness.key.clone(), error))?;
        let mut url = witness.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("add-checkpoint");
        }
        Ok(Self { url, key })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.key.name()
    }
}

impl Anchors {
    /// Asks a witness to cosign the latest checkpoint.
    pub(super) async fn consult(&self, witness: &Contact) -> Result<(), Unwitnessed> {
        let epoch = self.ledger.epoch();
        let key = witness.key.to_string();
        let (target, last) = self
            .db
            .read("checkpoint to cosign", move |read| {
                let last = cosignature::last(read, &epoch, &key)?.map_or(epoch.first_index, |(size, _)| size);
                Ok((next(read, &epoch, last)?, last))
            })
            .await?;
        let Some(target) = target.filter(|target| target.size > last) else {
            self.know(Name::new("witness", witness.name()), last);
            return Ok(());
        };
        match self.ask(witness, &epoch, epoch.within(last), &target).await? {
            Answer::Cosigned(lines) => self.keep(witness, &target, &lines).await,
            // It cosigned something that is not noted here, or was told of the log only now.
            Answer::Knows(size) => {
                let size_here = epoch.first_index.saturating_add(size);
                let known =
                    self.db.read("cosigned checkpoint", move |read| checkpoint::of_size(read, size_here));
                if size > 0 && known.await?.is_none() {
                    return Err(Unwitnessed::Contradicted(size));
                }
                let target = self.db.read("next", move |read| next(read, &epoch, size_here)).await?;
                let Some(target) = target else { return Ok(()) };
                match self.ask(witness, &epoch, size, &target).await? {
                    Answer::Cosigned(lines) => self.keep(witness, &target, &lines).await,
                    Answer::Knows(_) => Err(Unwitnessed::Refused(StatusCode::CONFLICT)),
                }
            }
        }
    }

    async fn ask(
        &self,
        witness: &Contact,
        epoch: &Epoch,
        old: u64,
        target: &Signed,
    ) -> Result<Answer, Unwitnessed> {
        let (epoch, target) = (*epoch, target.clone());
        let request = self.db.read("proof", move |read| request(read, &epoch, old, &target)).await?;
        let unreachable = |error: reqwest::Error| Unwitnessed::Unreachable(error.without_url().to_string());
        let asked = self.client.post(witness.url.clone()).body(request.to_string()).send();
        let mut answer = asked.await.map_err(unreachable)?;
        let (status, mut body) = (answer.status(), Vec::new());
        while let Some(part) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + part.len() > limits::ANCHOR_ANSWER_BYTES_MAX {
                return Err(Unwitnessed::Unsigned);
            }
            body.extend_from_slice(&part);
        }
        let body = String::from_utf8(body).map_err(|_| Unwitnessed::Unsigned)?;
        match (status, read_size(&body)) {
            (StatusCode::OK, _) => Ok(Answer::Cosigned(body)),
            (StatusCode::CONFLICT, Some(size)) if size != old => Ok(Answer::Knows(size)),
            (StatusCode::CONFLICT, Some(size)) => Err(Unwitnessed::Contradicted(size)),
            _ => Err(Unwitnessed::Refused(status)),
        }
    }

    /// Keeps a cosignature that verifies.
    async fn keep(&self, witness: &Contact, target: &Signed, lines: &str) -> Result<(), Unwitnessed> {
        let note = Note::parse(&target.note).map_err(|_| Unwitnessed::Unsigned)?;
        let mut cosigned = note.clone();
        let new = cosigned.cosign(lines, std::slice::from_ref(&witness.key));
        if new.map_err(|_| Unwitnessed::Unsigned)? == 0 {
            return Err(Unwitnessed::Unsigned);
        }
        let Some(signature) = cosigned.signatures().last() else { return Err(Unwitnessed::Unsigned) };
        let kept = Cosignature {
            size: target.size,
            witness: witness.key.to_string(),
            line: signature.to_string(),
            ts: self.clock.now().as_microsecond(),
        };
        self.db.write("cosignature", move |tx| cosignature::insert(tx, &kept)).await?;
        Ok(self.reach(Name::new("witness", witness.name()), target.size, None).await?)
    }
}

/// Whether every witness that is configured has cosigned what was published, but for the last minute of it. What the
/// database holds is verified again: its owner may have written it.
///
/// # Errors
/// When the database refuses.
pub(super) fn is_witnessed(
    read: &mut Read<'_>,
    epoch: &Epoch,
    anchors: &config::Anchors,
) -> Result<bool, store::Error> {
    let Some(latest) = checkpoint::latest(read, epoch)? else { return Ok(false) };
    let fresh_us = micros(limits::ANCHOR_LATE_MS);
    for witness in &anchors.witnesses {
        let Ok(key) = witness.key.parse::<VerifierKey>() else { return Ok(false) };
        let Some((size, _)) = cosignature::last(read, epoch, &witness.key)? else { return Ok(false) };
        let Some(signed) = checkpoint::of_size(read, size)? else { return Ok(false) };
        let lines = cosignature::of_size(read, size)?;
        let verifies = lines.iter().any(|kept| {
            let note = Note::parse(&signed.note);
            note.is_ok_and(|mut note| {
                note.cosign(&format!("{}\n", kept.line), std::slice::from_ref(&key)) == Ok(1)
            })
        });
        if !verifies || latest.ts.saturating_sub(signed.ts) > fresh_us {
            return Ok(false);
        }
    }
    Ok(!anchors.witnesses.is_empty())
}

/// What a witness answers.
enum Answer {
    /// Signature lines.
    Cosigned(String),
    /// The size of the tree that it cosigned last.
    Knows(u64),
}

/// The checkpoint to be cosigned after one of size `last`: the latest, or one on the way to it when that is far.
fn next(read: &mut Read<'_>, epoch: &Epoch, last: u64) -> Result<Option<Signed>, store::Error> {
    let latest = checkpoint::latest(read, epoch)?;
    let near = last.saturating_add(limits::SCAN_LEAVES_MAX);
    // The first cosignature needs no proof.
    if last == epoch.first_index || latest.as_ref().is_none_or(|latest| latest.size <= near) {
        return Ok(latest);
    }
    let on_the_way = checkpoint::latest(read, &Epoch { end: Some(near), ..*epoch })?;
    Ok(on_the_way.filter(|found| found.size > last).or(latest))
}

/// The request to cosign `target`, for a witness that cosigned `old` leaves of this epoch.
fn request(
    read: &mut Read<'_>,
    epoch: &Epoch,
    old: u64,
    target: &Signed,
) -> Result<AddCheckpoint, store::Error> {
    let unfit = |cause: &str| store::Error::new(store::ErrorKind::Corrupt, cause);
    let checkpoint = Note::parse(&target.note).map_err(|_| unfit("a checkpoint is malformed"))?;
    let first = epoch.first_index;
    if old == 0 {
        return Ok(AddCheckpoint { old, proof: Vec::new(), checkpoint });
    }
    let before = checkpoint::of_size(read, first + old)?.ok_or_else(|| unfit("a checkpoint is missing"))?;
    let before = Frontier::from_bytes(&before.frontier).map_err(|_| unfit("a frontier is malformed"))?;
    let (mut tree, mut nodes) = (before.clone(), HashMap::<(u32, u64), Hash>::new());
    entry::scan(read, first + old, target.size, |stored| {
        tree.push_each(leaf_hash(stored.leaf), |level, index, hash| {
            nodes.insert((level, index), hash);
        });
        Ok(())
    })?;
    let node = |level, index| nodes.get(&(level, index)).copied().or_else(|| before.peak(level, index));
    let proof = prove_consistency(old, epoch.within(target.size), node)
        .map_err(|_| unfit("the tree lacks a node for a proof"))?;
    Ok(AddCheckpoint { old, proof, checkpoint })
}
