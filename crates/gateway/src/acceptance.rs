//! Accepted definitions between their three places: the database keeps them, the log records them, the catalog pins
//! them.
//!
//! `countersign tools accept` writes to the database beside a running gateway, which looks every
//! [`limits::ACCEPTANCES_REFRESH_MS`]. Only a gateway writes leaves, and a definition is pinned only with its leaf:
//! `tools.changed` with `accepted` in its detail. Every gateway on the database takes over what the log has,
//! whoever recorded it; rows that nobody with the keys wrote, or that the log does not uphold, pin nothing, and are a worry.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evidence::jcs;
use evidence::leaf::EventType;
use tokio::time::MissedTickBehavior;

use crate::catalog::{Catalog, DefinitionHash};
use crate::clock::Clock;
use crate::identity::is_plain;
use crate::ledger::{Deed, Event, EventActor, Ledger, Unavailable};
use crate::limits;
use crate::mask::Mask;
use crate::model::TargetKind;
use crate::seal::Seal;
use crate::store::acceptance::{self as table, Acceptance};
use crate::store::{self, Db, Topic, definition};

/// Rows noted at one go.
const PAGE: usize = 500;

/// Takes, records and applies acceptances.
#[derive(Clone)]
pub struct Acceptances {
    db: Db,
    seal: Seal,
    mask: Arc<Mask>,
    clock: Arc<dyn Clock>,
    known: Arc<Mutex<Known>>,
}

/// What somebody wants to be pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which upstream.
    pub server: String,
    /// Tool or prompt.
    pub kind: TargetKind,
    /// Its name.
    pub name: String,
    /// The definition that was looked at.
    pub definition: DefinitionHash,
    /// Why it is right.
    pub reason: String,
    /// Who says so.
    pub accepted_by: String,
}

/// Why something could not be accepted, recorded or applied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request cannot be granted as it is.
    #[error("{0}")]
    Request(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The log does not take the leaf now.
    #[error(transparent)]
    Ledger(#[from] Unavailable),
}

/// What the table says is recorded, and what of it the log upholds: asked again when the table says something else.
#[derive(Debug, Default)]
struct Known {
    rows: Vec<Acceptance>,
    upheld: Vec<Acceptance>,
}

impl Acceptances {
    /// On `db`, with rows sealed by `seal` and reasons behind `mask`.
    pub fn new(db: Db, seal: Seal, mask: Arc<Mask>, clock: Arc<dyn Clock>) -> Self {
        Self { db, seal, mask, clock, known: Arc::default() }
    }

    /// Asks for a definition to be pinned. Blocks on the database.
    ///
    /// # Errors
    /// [`Error::Request`] when the reason is missing or too long, or the definition is unknown or pinned already;
    /// [`Error::Store`].
    pub fn accept(&self, request: &Request) -> Result<(), Error> {
        check(&request.reason)?;
        let reason = self.mask.sentence(&request.reason);
        let (server, kind, name) = (&*request.server, request.kind.as_str(), &*request.name);
        let ts = self.clock.now().as_microsecond();
        let refused = self.db.write_now("accept definition", |tx| {
            if definition::find(tx, &self.seal, (server, kind, name), &request.definition)?.is_none() {
                return Ok(Some(
                    "the database holds no such definition as a gateway wrote it: have the server list it again, and look at it",
                ));
            }
            let Some(before) = definition::pinned(tx, &self.seal, server, kind, name)? else {
                return Ok(Some("nothing is pinned under this name"));
            };
            if before == request.definition {
                return Ok(Some("this definition is the pinned one already"));
            }
            let row = Acceptance {
                server: server.to_owned(),
                kind: kind.to_owned(),
                name: name.to_owned(),
                hash: request.definition,
                before,
                reason: reason.clone(),
                accepted_by: request.accepted_by.clone(),
                ts,
                noted: None,
            };
            table::insert(tx, &self.seal, &row)?;
            Ok(None)
        })?;
        refused.map_or(Ok(()), |problem| Err(Error::Request(problem.to_owned())))
    }

    /// Keeps `catalog` in step with the database and the log in step with both, until dropped. Failures are logged
    /// once each; the definition pinned before stays so meanwhile.
    pub async fn run(&self, catalog: &Catalog, ledger: &Ledger) {
        let mut tick = tokio::time::interval(Duration::from_millis(limits::ACCEPTANCES_REFRESH_MS));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut news = self.db.news().ear(&[Topic::Definitions]);
        let mut problem = None;
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = news.hear() => {}
            }
            let found = self.step(catalog, ledger).await.err().map(|error| error.to_string());
            if let Some(found) = found.as_ref().filter(|_| found != problem) {
                tracing::warn!("accepted definitions are not in force yet: {found}");
            }
            problem = found;
        }
    }

    /// Notes in the log what it lacks, then pins what the log has. Returns the number of leaves.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Ledger`].
    pub async fn step(&self, catalog: &Catalog, ledger: &Ledger) -> Result<usize, Error> {
        // Of several gateways on one database, one notes; all pin.
        let count = if ledger.leads() { PAGE } else { 0 };
        let seal = self.seal.clone();
        let (waiting, foreign) =
            self.db.read("read acceptances", move |read| table::unnoted(read, &seal, count)).await?;
        let mut leaves = 0;
        for row in waiting {
            let asked = row.clone();
            if self.db.read("recorded acceptance", move |read| table::is_recorded(read, &asked)).await? {
                // Put back behind our back: no second leaf. Marked again, and the log says whether it counts.
                let (seal, ts) = (self.seal.clone(), self.clock.now().as_microsecond());
                self.db.write("mark acceptance", move |tx| table::note(tx, &seal, &row, ts)).await?;
            } else {
                self.note(row, ledger).await?;
                leaves += 1;
            }
        }
        let more = self.look().await?;
        ledger.rows_of_others("acceptance", foreign + more);
        for row in &self.known().upheld {
            if let Some(kind) = TargetKind::parse(&row.kind) {
                catalog.pin(&row.server, kind, &row.name, row.hash);
            }
        }
        Ok(leaves)
    }

    /// Reads what was recorded; answers how many rows say so that do not count.
    async fn look(&self) -> Result<usize, Error> {
        let seal = self.seal.clone();
        let read = move |read: &mut store::Read<'_>| table::noted(read, &seal, limits::CATALOG_ENTRIES_MAX);
        let (rows, foreign) = self.db.read("read pinned", read).await?;
        if rows != self.known().rows {
            let asked = rows.clone();
            let upheld = self.db.read("uphold pinned", move |read| table::upheld(read, asked)).await?;
            *self.known() = Known { rows, upheld };
        }
        let known = self.known();
        Ok(foreign + known.rows.len() - known.upheld.len())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The leaf, and that the definition is pinned, in one transaction.
    async fn note(&self, row: Acceptance, ledger: &Ledger) -> Result<(), Error> {
        let detail = jcs::Object::of(&row.recorded()).map_err(|_| {
            store::Error::new(store::ErrorKind::Shape, "a row of `acceptance` cannot be written as a leaf")
        })?;
        let reason = serde_json::json!({ "reason": row.reason }).to_string();
        let event = Event {
            body: Some(self.mask.document(&reason.into_bytes().into())),
            server: Some(Arc::from(&*row.server)),
            deed: Some(Deed::Accept(Box::new((row.clone(), self.seal.clone())))),
            ..Event::new(EventType::ToolsChanged, EventActor::Gateway, Some(detail))
        };
        ledger.note(event).await?;
        Ok(())
    }
}

/// The reason goes into a leaf, and onto terminals.
fn check(reason: &str) -> Result<(), Error> {
    let refuse = |problem: String| Err(Error::Request(problem));
    if reason.trim().is_empty() {
        return refuse("the reason is empty: say what was looked at and why it is right".to_owned());
    }
    if reason.len() > limits::ACCEPTANCE_REASON_BYTES_MAX || !is_plain(reason) {
        return refuse(format!(
            "the reason is longer than {} bytes, or holds control characters or such as turn the direction of text",
            limits::ACCEPTANCE_REASON_BYTES_MAX
        ));
    }
    Ok(())
}
