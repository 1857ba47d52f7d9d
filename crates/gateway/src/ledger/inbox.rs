//! What commands left for the gateway to record: recordings viewed, evidence exported, legal holds set and cleared.
//!
//! A command beside a running gateway cannot write leaves. It leaves a row, and the gateway, which looks every few
//! seconds, writes the leaf and marks the row in one transaction. One of several gateways does it. Whoever owns the
//! database can put rows here too, but not seal them: those are refused, become no leaf, and are a worry until somebody
//! has looked at them and deleted them. One that is turned back to waiting asks for nothing new.

use evidence::jcs;
use evidence::leaf::EventType;

use super::deed::Deed;
use super::recorded::each_recorded;
use super::verb::{Event, EventActor, Unavailable};
use super::{Ledger, Worry};
use crate::clock::micros;
use crate::limits;
use crate::seal::Seal;
use crate::store::notice::{self, Notice};
use crate::store::{self, Read, Tx};

/// A row that asks for a leaf, as only whoever has the key directory can write it.
pub fn sealed_notice(seal: &Seal, id: [u8; 16], ts: i64, event: EventType, detail: String) -> Notice {
    let notice = Notice { id, ts, event: event.as_str().to_owned(), detail, seal: None };
    let found = seal.of(&matter(&notice));
    Notice { seal: Some(found), ..notice }
}

/// Whether it is one.
pub(super) fn is_sealed(seal: &Seal, notice: &Notice) -> bool {
    notice.seal.is_some_and(|found| seal.is_on(&found, &matter(notice)))
}

fn matter(notice: &Notice) -> impl serde::Serialize + '_ {
    ("notice", notice.id, notice.ts, &notice.event, &notice.detail)
}

/// What is to be done about a row.
enum Asked {
    Write(Box<Event>),
    /// The log has it.
    Known,
    /// No command writes such a row.
    Foreign,
}

impl Ledger {
    /// Records what commands asked for.
    ///
    /// # Errors
    /// [`Unavailable`]: what was not recorded is tried again.
    pub async fn collect(&self) -> Result<(), Unavailable> {
        if self.leads() {
            let seal = self.0.keys.row_seal();
            let found = self.0.db.read("inbox", move |read| waiting(read, &seal)).await.map_err(blocked)?;
            for (id, asked) in found {
                self.settle(id, asked).await?;
            }
        }
        let refused = self.0.db.read("inbox", notice::refused).await.map_err(blocked)?;
        self.rows_of_others("notice", usize::try_from(refused).unwrap_or(usize::MAX));
        Ok(())
    }

    /// Notes how many rows of a table nobody wrote who has the keys of this log. They count for nothing.
    pub fn rows_of_others(&self, table: &'static str, count: usize) {
        let about = Worry::Rows(table);
        match count {
            0 => self.0.status.calm(about),
            _ => self.0.status.worry(
                about,
                format!(
                    "{count} rows in `{table}` were written or put back by nobody who has the keys of this log, and count for \
                     nothing: somebody else writes to the database; look at them, then delete them"
                ),
            ),
        }
    }

    async fn settle(&self, id: [u8; 16], asked: Asked) -> Result<(), Unavailable> {
        let ts = self.now().as_micros();
        let mark: fn(&mut Tx<'_>, &[u8; 16], i64) -> Result<(), store::Error> = match asked {
            Asked::Write(event) => return self.note(*event).await.map(drop),
            Asked::Known => notice::note,
            Asked::Foreign => {
                tracing::error!("a row in `notice` comes from no command of this log: no leaf is written");
                notice::refuse
            }
        };
        self.0.db.write("mark notice", move |tx| mark(tx, &id, ts)).await.map_err(blocked)
    }
}

fn waiting(read: &mut Read<'_>, seal: &Seal) -> Result<Vec<([u8; 16], Asked)>, store::Error> {
    let mut found = Vec::new();
    for row in notice::waiting(read, limits::NOTICES_MAX)? {
        let event = asked_event(&row).filter(|_| is_sealed(seal, &row));
        let asked = match event {
            None => Asked::Foreign,
            Some(event) if is_recorded(read, &event, row.ts)? => Asked::Known,
            Some(event) => Asked::Write(Box::new(event)),
        };
        found.push((row.id, asked));
    }
    Ok(found)
}

/// Whether the log has this leaf, by what it says.
fn is_recorded(read: &mut Read<'_>, event: &Event, ts: i64) -> Result<bool, store::Error> {
    let mut known = false;
    each_recorded(read, event.event, ts - micros(limits::LOG_LOOK_BACK_MS), |leaf| {
        known |= leaf.detail == event.detail;
    })?;
    Ok(known)
}

fn asked_event(asked: &Notice) -> Option<Event> {
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
    let deed = Some(Deed::Note(asked.id));
    Some(Event { deed, ..Event::new(event, EventActor::Gateway, Some(detail)) })
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn blocked(error: store::Error) -> Unavailable {
    Unavailable::Blocked(error.to_string().into())
}
