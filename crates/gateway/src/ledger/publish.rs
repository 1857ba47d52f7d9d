//! Checkpoints: at most one every ten seconds, and only over what the database was just seen to hold.
//!
//! The publisher reads back every leaf since the last checkpoint, hashes the stored bytes and compares with the tree
//! that the writer holds: a leaf that was acknowledged and then lost or changed stops the gateway before it is signed
//! over. Then: sign, commit, keep a copy apart from the database, tell the log sink.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use evidence::checkpoint::Checkpoint;
use evidence::merkle::Frontier;

use super::keyring::Keyring;
use super::verb::Unavailable;
use super::writer::Command;
use super::{Ledger, start};
use crate::store::checkpoint::Signed;

/// What was published last.
pub(super) struct Publisher {
    frontier: Frontier,
    note: Arc<str>,
}

impl Publisher {
    pub(super) fn new(published: Option<&Signed>) -> Self {
        let note = published.map(|signed| String::from_utf8_lossy(&signed.note).into_owned());
        let frontier = published.and_then(|signed| Frontier::from_bytes(&signed.frontier).ok());
        Self { frontier: frontier.unwrap_or_default(), note: note.unwrap_or_default().into() }
    }
}

impl Ledger {
    /// Publishes a checkpoint over everything that is durable now; answers the latest signed note.
    ///
    /// # Errors
    /// [`Unavailable`]; [`Unavailable::Failed`] when the database lost or changed a leaf, and then the gateway must end.
    pub async fn publish(&self) -> Result<Arc<str>, Unavailable> {
        let mut publisher = self.0.publisher.lock().await;
        let tip = self.ask(Command::Tip).await?;
        if tip.size() == publisher.frontier.size() {
            return Ok(Arc::clone(&publisher.note));
        }
        self.self_check(publisher.frontier.clone(), &tip).await?;
        let signed = sign(&self.0.keys, &tip, self.now().as_micros())?;
        let note: Arc<str> = String::from_utf8_lossy(&signed.note).into();
        let size = signed.size;
        self.ask(|done| Command::Checkpoint(Box::new(signed), done)).await??;
        self.0.status.published.store(size, Ordering::Relaxed);
        let (keys, kept) = (Arc::clone(&self.0.keys), Arc::clone(&note));
        let anchored = tokio::task::spawn_blocking(move || keys.set_anchor(kept.as_bytes())).await;
        match anchored {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "cannot keep the checkpoint apart from the database"),
            Err(error) => tracing::error!(%error, "cannot keep the checkpoint apart from the database"),
        }
        tracing::info!(target: "countersign::checkpoint", size, checkpoint = &*note, "checkpoint");
        *publisher = Publisher { frontier: tip, note: Arc::clone(&note) };
        Ok(note)
    }

    async fn self_check(&self, mut frontier: Frontier, tip: &Frontier) -> Result<(), Unavailable> {
        let (db, size) = (self.0.db.clone(), tip.size());
        let replayed =
            tokio::task::spawn_blocking(move || start::replay(&db, &mut frontier, size).map(|_| frontier))
                .await
                .map_err(|_| Unavailable::Stopped)?;
        let reason: Arc<str> = match replayed {
            Ok(replayed) if replayed == *tip => return Ok(()),
            Ok(_) => "the database changed leaves after they were acknowledged".into(),
            Err(error) if error.kind == crate::store::ErrorKind::Corrupt => {
                format!("the database lost leaves after they were acknowledged: {error}").into()
            }
            Err(error) => return Err(Unavailable::Blocked(error.to_string().into())),
        };
        self.send(Command::Fail(Arc::clone(&reason))).await?;
        Err(Unavailable::Failed(reason))
    }
}

fn sign(keys: &Keyring, tip: &Frontier, ts: i64) -> Result<Signed, Unavailable> {
    let checkpoint =
        Checkpoint { origin: keys.signer().name().to_owned(), size: tip.size(), root: tip.root() };
    let note = checkpoint
        .sign(keys.signer())
        .map_err(|error| Unavailable::Rejected(format!("checkpoint: {error}").into()))?;
    Ok(Signed {
        size: checkpoint.size,
        root: *checkpoint.root.as_bytes(),
        note: note.to_string().into_bytes(),
        frontier: tip.to_bytes(),
        ts,
    })
}
