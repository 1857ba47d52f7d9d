//! Anchors: what of the log leaves the reach of whoever owns the database, so that a log which is cut or rewritten shows.
//!
//! One gateway of those that share a database does it. It reads what was published and decides nothing: while no anchor
//! can be reached, evidence is written all the same, and `/readyz` says what is missing.

mod assurance;
mod place;
mod publish;
mod seal;
mod stamp;
mod webhook;
mod witness;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

pub use assurance::{Assurance, Lines};
pub use place::PlaceError;
pub use publish::Unpublished;
pub use stamp::Unstamped;
pub use webhook::Untold;
pub use witness::{Contact, Unwitnessed};

use crate::clock::Clock;
use crate::config;
use crate::ledger::Ledger;
use crate::limits;
use crate::store::anchor::Reached;
use crate::store::{self, Db, anchor};
use crate::webhook::{Webhook, WebhookError};
use place::{Hold, Strength};
use publish::Publisher;

/// The anchors of a log.
pub struct Anchors {
    db: Db,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    config: config::Anchors,
    lines: Lines,
    webhooks: Vec<Webhook>,
    publishers: Vec<Publisher>,
    witnesses: Vec<Contact>,
    client: reqwest::Client,
    /// Size of the latest checkpoint that each of them has, as far as this process knows.
    reached: Mutex<BTreeMap<Name, u64>>,
    /// What does not work.
    troubles: Mutex<BTreeMap<Name, Trouble>>,
}

/// What an anchor is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    kind: &'static str,
    name: String,
}

impl Name {
    fn new(kind: &'static str, name: &str) -> Self {
        Self { kind, name: name.to_owned() }
    }

    /// Where only one text fits.
    fn plain(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

/// An anchor that does not work.
struct Trouble {
    since: Instant,
    again: Instant,
}

/// Why anchors cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// The key of a witness is none.
    #[error("witness `{0}`: {1}")]
    Key(String, evidence::note::KeyError),
    /// A webhook is not as it should be.
    #[error("anchors: {0}")]
    Webhook(#[from] WebhookError),
    /// A place is neither a directory nor a bucket that can be reached.
    #[error("place `{0}` is neither a directory nor a bucket")]
    Place(String),
    /// TLS cannot be set up.
    #[error("anchors: requests cannot be made: {0}")]
    Client(String),
}

/// Why an anchor is not up to date.
#[derive(Debug, thiserror::Error)]
pub enum Unanchored {
    /// A witness.
    #[error(transparent)]
    Witness(#[from] Unwitnessed),
    /// A webhook.
    #[error(transparent)]
    Webhook(#[from] Untold),
    /// A place.
    #[error(transparent)]
    Place(#[from] Unpublished),
    /// A timestamp authority.
    #[error(transparent)]
    Authority(#[from] Unstamped),
}

impl Unanchored {
    /// Whether this is about the log, not about the way there.
    fn is_contradiction(&self) -> bool {
        match self {
            Self::Witness(error) => error.is_contradiction(),
            Self::Place(error) => matches!(error, Unpublished::Contradicted(_)),
            Self::Webhook(_) | Self::Authority(_) => false,
        }
    }
}

impl Anchors {
    /// The anchors that are configured. Reads the secrets of webhooks.
    ///
    /// # Errors
    /// [`AnchorError`], worded for the operator.
    pub fn new(
        anchors: &config::Anchors,
        lines: Lines,
        db: Db,
        ledger: Ledger,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AnchorError> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .timeout(Duration::from_millis(limits::ANCHOR_TIMEOUT_MS))
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| AnchorError::Client(error.to_string()))?;
        let publisher = |place| Publisher::new(place, &client);
        let names = (anchors.webhooks.iter().map(|webhook| Name::new("webhook", &webhook.name)))
            .chain(anchors.places.iter().map(|place| Name::new("place", &place.name)));
        Ok(Self {
            reached: Mutex::new(names.map(|name| (name, 0)).collect()),
            webhooks: anchors.webhooks.iter().map(Webhook::new).collect::<Result<_, _>>()?,
            publishers: anchors.places.iter().map(publisher).collect::<Result<_, _>>()?,
            witnesses: anchors.witnesses.iter().map(Contact::new).collect::<Result<_, _>>()?,
            config: anchors.clone(),
            lines,
            db,
            ledger,
            clock,
            client,
            troubles: Mutex::default(),
        })
    }

    /// How strongly the log is anchored now.
    ///
    /// # Errors
    /// As the store says.
    pub async fn assurance(&self) -> Result<Assurance, store::Error> {
        let (anchors, lines, key) = (self.config.clone(), self.lines, self.ledger.anchor_seal());
        self.db.read("assurance", move |read| Assurance::look(read, &anchors, lines, Some(&key))).await
    }

    /// Runs until it is dropped.
    pub async fn run(&self) {
        let anchors = &self.config;
        let outside = anchors.webhooks.len() + anchors.places.len() + anchors.witnesses.len();
        if outside + anchors.authorities.len() == 0 {
            return;
        }
        let mut look = tokio::time::interval(Duration::from_millis(limits::ANCHOR_LOOK_MS));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            if self.ledger.leads() {
                self.step().await;
            }
        }
    }

    /// Brings every anchor up to date that can be.
    pub async fn step(&self) {
        let told = self.webhooks.iter().map(|webhook| async move {
            let name = Name::new("webhook", webhook.name());
            self.attempt(name, async { Ok(self.tell(webhook).await?) }).await;
        });
        let published = self.publishers.iter().map(|publisher| async move {
            let name = Name::new("place", publisher.name());
            self.attempt(name, async { Ok(self.publish(publisher).await?) }).await;
        });
        let witnessed = self.witnesses.iter().map(|witness| async move {
            let name = Name::new("witness", witness.name());
            self.attempt(name, async { Ok(self.consult(witness).await?) }).await;
        });
        let stamped = self.config.authorities.iter().map(|authority| async move {
            let name = Name::new("authority", &authority.name);
            self.attempt(name, async { Ok(self.stamp(authority).await?) }).await;
        });
        tokio::join!(join_all(told), join_all(published), join_all(witnessed), join_all(stamped));
    }

    /// Does it when it is due, and remembers how it went. One failure is no matter; what goes on for long, or contradicts the
    /// log, is.
    async fn attempt(&self, name: Name, work: impl Future<Output = Result<(), Unanchored>>) {
        if !self.is_due(&name) {
            return;
        }
        let done = work.await;
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let Err(error) = done else {
            troubles.remove(&name);
            return self.ledger.anchored(&name.plain(), None);
        };
        let now = Instant::now();
        let again = now + Duration::from_millis(limits::ANCHOR_RETRY_MS);
        let trouble = troubles.entry(name.clone()).or_insert(Trouble { since: now, again });
        trouble.again = again;
        let lasts = now.duration_since(trouble.since) >= Duration::from_millis(limits::ANCHOR_LATE_MS);
        tracing::debug!(anchor = %name, %error, "not anchored");
        if lasts || error.is_contradiction() {
            self.ledger.anchored(&name.plain(), Some(format!("{name}: {error}")));
        }
    }

    fn is_due(&self, name: &Name) -> bool {
        let troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.get(name).is_none_or(|trouble| trouble.again <= Instant::now())
    }

    /// How many leaves of the log are signed and not yet known to each anchor, by its name. Empty while another gateway
    /// looks after them.
    pub fn lags(&self) -> Vec<(String, u64)> {
        if !self.ledger.leads() {
            return Vec::new();
        }
        let published = self.ledger.health().published;
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.iter().map(|(name, size)| (name.plain(), published.saturating_sub(*size))).collect()
    }

    fn reached(&self, name: &Name) -> u64 {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied().unwrap_or(0)
    }

    /// Notes how far an anchor has come, also for those who read the database.
    async fn reach(&self, name: Name, size: u64, hold: Option<&Hold>) -> Result<(), store::Error> {
        let kept = hold.filter(|hold| hold.strength == Strength::Proven);
        let reached = Reached {
            name: name.plain(),
            size,
            ts: self.clock.now().as_microsecond(),
            held: kept.map(|hold| hold.by.clone()),
            held_until: kept.and_then(|hold| Some(hold.until?.as_microsecond())),
            seal: [0; 32],
        };
        let reached = seal::sealed(&self.ledger.anchor_seal(), reached);
        self.db.write("anchor", move |tx| anchor::reach(tx, &reached)).await?;
        self.know(name, size);
        Ok(())
    }

    fn know(&self, name: Name, size: u64) {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).insert(name, size);
    }
}
