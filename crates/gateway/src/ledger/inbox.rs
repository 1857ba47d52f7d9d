//! What commands left for the gateway to record: recordings viewed, evidence exported, legal holds set and cleared.
//!
//! A command beside a running gateway cannot write leaves. It leaves a row, and the gateway, which looks every few
//! seconds, writes the leaf. One of several gateways does it. A gateway that dies between leaf and mark writes the leaf twice: twice is visible,
//! never is not. Whoever owns the database can put rows here; the leaf says that the request came from there.

use evidence::jcs;
use evidence::leaf::EventType;

use super::Ledger;
use super::verb::{Event, EventActor, Unavailable};
use crate::limits;
use crate::store::{self, notice};

impl Ledger {
    /// Records what commands asked for.
    ///
    /// # Errors
    /// [`Unavailable`]: what was not recorded is tried again.
    pub async fn collect(&self) -> Result<(), Unavailable> {
        if !self.leads() {
            return Ok(());
        }
        let limit = limits::NOTICES_MAX;
        let found = self.0.db.read("inbox", move |read| notice::waiting(read, limit));
        for asked in found.await.map_err(blocked)? {
            if let Some(event) = asked_event(&asked) {
                self.note(event).await?;
            } else {
                tracing::error!(event = %asked.event, "a row in `notice` asks for a leaf that no command writes");
            }
            let ts = self.now().as_micros();
            let marked = self.0.db.write("note notice", move |tx| notice::note(tx, &asked.id, ts));
            marked.await.map_err(blocked)?;
        }
        Ok(())
    }
}

fn asked_event(asked: &notice::Notice) -> Option<Event> {
    let event: EventType = asked.event.parse().ok()?;
    let known = matches!(
        event,
        EventType::RecordingViewed
            | EventType::EvidenceExported
            | EventType::HoldSet
            | EventType::HoldCleared
    );
    if !known || asked.detail.len() > limits::NOTICE_BYTES_MAX {
        return None;
    }
    let detail = jcs::Object::parse(asked.detail.as_bytes()).ok()?;
    Some(Event::new(event, EventActor::Gateway, Some(detail)))
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn blocked(error: store::Error) -> Unavailable {
    Unavailable::Blocked(error.to_string().into())
}
