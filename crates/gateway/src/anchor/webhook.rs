//! Checkpoints as signed requests: whoever receives them keeps a copy that the owner of the database cannot reach.
//!
//! What is sent is the latest, which commits to all before it. It is sent again after a restart; its id is the same.

use evidence::merkle::Hash;
use serde_json::json;

use super::{Anchors, Name};
use crate::store::{self, checkpoint};
use crate::webhook::Webhook;

/// Why a webhook was not told.
#[derive(Debug, thiserror::Error)]
pub enum Untold {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It did not arrive.
    #[error("it did not arrive: {0}")]
    Lost(String),
}

impl Anchors {
    /// Tells a webhook the latest checkpoint, unless it knows it.
    pub(super) async fn tell(&self, webhook: &Webhook) -> Result<(), Untold> {
        let epoch = self.ledger.epoch();
        let latest = self.db.read("checkpoint", move |read| checkpoint::latest(read, &epoch)).await?;
        let name = Name::new("webhook", webhook.name());
        let Some(signed) = latest.filter(|signed| self.reached(&name) < signed.size) else { return Ok(()) };
        let now = self.clock.now();
        let note = String::from_utf8_lossy(&signed.note);
        let body = json!({
            "type": "checkpoint.published",
            "timestamp": jiff::Timestamp::from_microsecond(signed.ts).map(|at| at.to_string()).ok(),
            "data": {
                "origin": note.lines().next(),
                "size": epoch.within(signed.size),
                "root": Hash::from_bytes(signed.root).to_string(),
                "checkpoint": note,
                "key": self.ledger.verifier_key(),
            },
        });
        let id = Hash::of(&signed.note).to_string();
        let sent = webhook.send(&self.client, &id, now.as_second(), body.to_string()).await;
        sent.map_err(Untold::Lost)?;
        Ok(self.reach(name, signed.size, None).await?)
    }
}
