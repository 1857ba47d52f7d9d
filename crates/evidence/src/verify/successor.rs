//! The key of an epoch that is over, from the key that signed a package of it.
//!
//! Nobody can sign for an epoch that ended: its private key is gone. So a package of it is signed with the key of a later
//! epoch, and brings the first leaf of every epoch in between, proven under a checkpoint of that epoch. Each of these
//! names the key and the last checkpoint of the epoch before it.

use crate::checkpoint::Checkpoint;
use crate::directory::{self, Files};
use crate::epoch::{Genesis, Origin};
use crate::leaf::{EventType, LEAF_BYTES_MAX, Leaf};
use crate::note::{NOTE_BYTES_MAX, VerifierKey};
use crate::package::{LogPart, Succession};
use crate::proof::Proof;

const PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + 8192;

/// An epoch as those after it name it.
pub(super) struct Named {
    /// Its key.
    pub(super) key: VerifierKey,
    /// All keys that lead to it, that of the signer first.
    pub(super) chain: Vec<VerifierKey>,
    /// Where it ended; `None` for the epoch of the key that one began with.
    pub(super) end: Option<Checkpoint>,
}

/// Follows the epochs from that of `signer` back to that of `origin`. The inner error is what is wrong, and where.
pub(super) fn trace(
    files: &Files,
    signer: &VerifierKey,
    origin: &str,
) -> Result<Result<Named, (String, String)>, directory::Error> {
    let mut named = Named { key: signer.clone(), chain: vec![signer.clone()], end: None };
    while named.key.name() != origin {
        let Some(epoch) = Origin::parse(named.key.name()).filter(|epoch| epoch.epoch > 1) else {
            let reason = format!("no epoch before that of `{}` is `{origin}`", signer.name());
            return Ok(Err((Succession::DIRECTORY.to_owned(), reason)));
        };
        let paths = Succession { epoch: epoch.epoch };
        let leaf = files.read(&paths.leaf(), LEAF_BYTES_MAX)?;
        let proof = files.read(&paths.proof(), PROOF_BYTES_MAX)?;
        let begun = leaf.zip(proof).and_then(|(leaf, proof)| genesis(&leaf, &proof, &named.key));
        let Some((end, key)) = begun.and_then(|genesis| genesis.previous?.open()) else {
            let reason = "it does not show how this epoch began: missing, malformed, or not of its log";
            return Ok(Err((paths.leaf(), reason.to_owned())));
        };
        named.chain.push(key.clone());
        named = Named { key, chain: named.chain, end: Some(end) };
    }
    Ok(Ok(named))
}

/// How the epoch of `key` began.
fn genesis(leaf: &[u8], proof: &[u8], key: &VerifierKey) -> Option<Genesis> {
    let proof: Proof = std::str::from_utf8(proof).ok()?.parse().ok()?;
    proof.verify(leaf, key).ok().filter(|_| proof.index == 0)?;
    let leaf = Leaf::decode(leaf).ok().filter(|leaf| leaf.event == EventType::LogGenesis)?;
    let genesis = Genesis::read(leaf.detail.as_ref()?)?;
    // What it says of the epoch before is of the epoch before: so this ends.
    genesis.fault(key.name(), &key.to_string()).is_none().then_some(genesis)
}

impl Named {
    /// What of a part of the epoch's log contradicts how the epoch ended, if anything.
    pub(super) fn fault(&self, log: &LogPart) -> Option<String> {
        let end = self.end.as_ref()?;
        let beyond = log.size > end.size || log.size == end.size && log.root != end.root;
        beyond.then(|| {
            format!("the epoch ended with {} leaves and another tree, says the one after it", end.size)
        })
    }
}
