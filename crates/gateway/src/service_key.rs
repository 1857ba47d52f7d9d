//! Service keys between their three places: the database keeps them, the authenticator believes them, the log records
//! them.
//!
//! `countersign key` writes to the database beside a running gateway, which reads it every
//! [`limits::SERVICE_KEYS_REFRESH_MS`]. Only a gateway writes leaves: it notes every key and every revocation that the
//! log lacks as `key.created` and `key.revoked`, at least once each, whoever put them into the database.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SecureRandom;
use evidence::jcs;
use evidence::leaf::{EventType, Subject};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::MissedTickBehavior;

use crate::clock::{Clock, micros};
use crate::identity::{
    SERVICE_KEY_ISSUER, ServiceKey, ServiceKeyKind, ServiceKeyTerms, ServiceKeyText, ServiceKeys,
};
use crate::ledger::{Event, EventActor, Ledger, Unavailable, recorded_details};
use crate::limits;
use crate::model::{Party, Somebody};
use crate::store::service_key::{self as table, Unnoted};
use crate::store::{self, Db, Topic};

/// Rows read or noted in one transaction.
const PAGE: u32 = 500;

/// Makes, lists, revokes and records service keys.
#[derive(Clone)]
pub struct Registry {
    db: Db,
    seal: hmac::Key,
    clock: Arc<dyn Clock>,
}

/// What a new key is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What people will call it.
    pub name: String,
    /// Service or agent.
    pub kind: ServiceKeyKind,
    /// Groups of the principal.
    pub groups: Vec<String>,
    /// Names of servers, or [`crate::identity::EVERY_SERVER`].
    pub servers: Vec<String>,
    /// Who asks for it.
    pub created_by: String,
    /// The person that whoever calls with it works for.
    pub owner: Option<Party>,
    /// How long it works.
    pub life: SignedDuration,
}

/// Why something could not be done with service keys.
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
    /// The system has no randomness to give.
    #[error("the system gave no random bytes")]
    Random,
}

/// What a revocation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The key works no more.
    Revoked,
    /// It was revoked before.
    Already,
    /// There is no such key.
    Unknown,
}

/// What the leaf says about a key: nothing that could be used as one, and not the name that people gave it.
#[derive(Serialize)]
struct Detail<'a> {
    key: &'a str,
    /// As leaves name whoever calls with it.
    actor: String,
    kind: &'static str,
    groups: &'a [String],
    servers: &'a [String],
    created_by: &'a str,
    /// As leaves name them.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Subject>,
    created: String,
    expires: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
}

impl Registry {
    /// On `db`; keys are sealed with `seal`.
    pub fn new(db: Db, seal: hmac::Key, clock: Arc<dyn Clock>) -> Self {
        Self { db, seal, clock }
    }

    /// Makes a key. Its text is in nobody's hands but the caller's. Blocks on the database.
    ///
    /// # Errors
    /// [`Error::Request`] when the request breaks a rule; [`Error::Store`]; [`Error::Random`].
    pub fn create(
        &self,
        request: Request,
        random: &dyn SecureRandom,
    ) -> Result<(ServiceKey, ServiceKeyText), Error> {
        check(&request)?;
        let created = self.clock.now();
        let expires =
            created.checked_add(request.life).map_err(|_| Error::Request("it would never expire".into()))?;
        let terms = ServiceKeyTerms {
            name: request.name,
            kind: request.kind,
            groups: request.groups,
            servers: request.servers,
            created_by: request.created_by,
            owner: request.owner.as_ref().map(Somebody::from),
            created,
            expires,
        };
        let (key, text) = ServiceKey::issue(terms, &self.seal, random).map_err(|_| Error::Random)?;
        let row = to_row(&key)?;
        if self.list()?.len() >= limits::SERVICE_KEYS_MAX {
            return Err(Error::Request(format!(
                "there are {} service keys already",
                limits::SERVICE_KEYS_MAX
            )));
        }
        self.db.write_now("create service key", |tx| table::insert(tx, &row))?;
        Ok((key, text))
    }

    /// All keys, revoked and expired ones included, in the order of their ids. Blocks on the database.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn list(&self) -> Result<Vec<ServiceKey>, Error> {
        Ok(self.db.read_now("list service keys", read_all)?)
    }

    /// Revokes the key with this id. Blocks on the database.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn revoke(&self, id: &str) -> Result<Revocation, Error> {
        let now = self.clock.now().as_microsecond();
        let done = self.db.write_now("revoke service key", |tx| {
            if table::revoke(tx, id, now)? {
                return Ok(Revocation::Revoked);
            }
            Ok(if table::find(tx, id)?.is_some() { Revocation::Already } else { Revocation::Unknown })
        })?;
        Ok(done)
    }

    /// Keeps `keys` in step with the database and the log in step with both, until dropped. Failures are logged once
    /// each; keys that cannot be read for long are refused by `keys` itself.
    pub async fn run(&self, keys: &ServiceKeys, ledger: &Ledger) {
        let mut tick = tokio::time::interval(Duration::from_millis(limits::SERVICE_KEYS_REFRESH_MS));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut news = self.db.news().ear(&[Topic::Keys]);
        let mut problem = None;
        let mut used_written = self.clock.now();
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = news.hear() => {}
            }
            let mut done = self.step(keys, ledger).await.map(drop);
            let pause = SignedDuration::from_millis(limits::SERVICE_KEYS_USED_MS.cast_signed());
            if done.is_ok() && self.clock.now().duration_since(used_written).abs() >= pause {
                used_written = self.clock.now();
                done = self.write_used(keys).await;
            }
            let found = done.err().map(|error| error.to_string());
            if let Some(found) = found.as_ref().filter(|_| found != problem) {
                tracing::warn!("service keys are not in step with the database: {found}");
            }
            problem = found;
        }
    }

    /// Reads the keys into `keys`, then notes in the log what it lacks. Returns the number of leaves.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Ledger`].
    pub async fn step(&self, keys: &ServiceKeys, ledger: &Ledger) -> Result<usize, Error> {
        let now = self.clock.now();
        let since = keys.read().map_or(0, |read| read.as_microsecond() - micros(limits::LOG_LOOK_BACK_MS));
        let (mut found, revoked) = self
            .db
            .read("read service keys", move |read| Ok((read_all(read)?, revoked_on_record(read, since)?)))
            .await?;
        for key in found.iter_mut().filter(|key| key.revoked.is_none() && revoked.contains(&key.id)) {
            key.revoked = Some(now);
            if !keys.is_revoked(&key.id) {
                tracing::error!(key = %key.id, "revoked by the log, not in the database: somebody else writes to it");
            }
        }
        keys.replace(found, now);
        if !ledger.leads() {
            // Another gateway on the same database notes them.
            return Ok(0);
        }
        let unnoted = self.db.read("read unnoted keys", |read| table::unnoted(read, PAGE)).await?;
        let leaves = unnoted.len();
        for (row, what) in unnoted {
            self.note(row, what, ledger).await?;
        }
        Ok(leaves)
    }

    /// Writes when keys were last used.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn write_used(&self, keys: &ServiceKeys) -> Result<(), Error> {
        let used = keys.used();
        if used.is_empty() {
            return Ok(());
        }
        let write = move |tx: &mut store::Tx<'_>| {
            used.iter().try_for_each(|(id, when)| table::touch(tx, id, when.as_microsecond()))
        };
        Ok(self.db.write("note use of service keys", write).await?)
    }

    /// The leaf first: a crash in between makes a second leaf, never none.
    async fn note(&self, row: table::ServiceKey, what: Unnoted, ledger: &Ledger) -> Result<(), Error> {
        let key = from_row(row)?;
        let detail = Detail {
            key: &key.id,
            actor: ledger.actor(&Party { issuer: SERVICE_KEY_ISSUER.to_owned(), subject: key.id.clone() }),
            kind: key.terms.kind.as_str(),
            groups: &key.terms.groups,
            servers: &key.terms.servers,
            created_by: &key.terms.created_by,
            owner: key
                .terms
                .owner
                .as_ref()
                .map(|owner| Subject { id: ledger.actor(&Party::from(owner)), issuer: owner.issuer.clone() }),
            created: key.terms.created.to_string(),
            expires: key.terms.expires.to_string(),
            revoked: key.revoked.filter(|_| what == Unnoted::Revoked).map(|when| when.to_string()),
        };
        let event = match what {
            Unnoted::Created => EventType::KeyCreated,
            Unnoted::Revoked => EventType::KeyRevoked,
        };
        let detail = jcs::Object::of(&detail).map_err(|_| shape("a service key"))?;
        ledger.note(Event::new(event, EventActor::Gateway, Some(detail))).await?;
        let (id, now) = (key.id, self.clock.now().as_microsecond());
        Ok(self.db.write("mark service key noted", move |tx| table::note(tx, &id, what, now)).await?)
    }
}

fn check(request: &Request) -> Result<(), Error> {
    let refuse = |problem: String| Err(Error::Request(problem));
    let day = SignedDuration::from_hours(24);
    let longest = SignedDuration::from_hours(24 * limits::SERVICE_KEY_DAYS_MAX);
    if request.life <= SignedDuration::ZERO || request.life > longest {
        let days = request.life.as_secs() / day.as_secs();
        return refuse(format!(
            "a life of {days} days is not between 0 and {} days",
            limits::SERVICE_KEY_DAYS_MAX
        ));
    }
    if request.servers.is_empty() {
        return refuse("a key without servers would open none; name some".to_owned());
    }
    // A leaf holds the lists, and a leaf is small.
    let lists = request.groups.iter().chain(&request.servers).map(String::len).sum::<usize>();
    if lists > LISTS_BYTES_MAX {
        return refuse(format!(
            "groups and servers are longer than {LISTS_BYTES_MAX} bytes together; use fewer groups"
        ));
    }
    let owner = request.owner.iter().flat_map(|owner| [&owner.issuer, &owner.subject]);
    let texts = [&request.name, &request.created_by].into_iter().chain(owner);
    for text in texts.chain(&request.groups).chain(&request.servers) {
        if text.is_empty() || text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control) {
            return refuse(format!(
                "`{}` is empty, longer than {TEXT_BYTES_MAX} bytes or holds control characters",
                text.escape_default()
            ));
        }
    }
    Ok(())
}

/// Longest name, group or server.
const TEXT_BYTES_MAX: usize = 128;
/// All groups and servers of one key together.
const LISTS_BYTES_MAX: usize = 8 * 1024;

fn read_all(read: &mut store::Read<'_>) -> Result<Vec<ServiceKey>, store::Error> {
    let mut keys: Vec<ServiceKey> = Vec::new();
    loop {
        let after = keys.last().map_or("", |key| key.id.as_str());
        let page = table::list(read, after, PAGE)?;
        let whole = page.len() < PAGE as usize;
        for row in page {
            keys.push(from_row(row)?);
        }
        if whole || keys.len() >= limits::SERVICE_KEYS_MAX {
            return Ok(keys);
        }
    }
}

/// The keys that were revoked since `ts` by the log, which remembers what a row can be made to forget.
fn revoked_on_record(read: &mut store::Read<'_>, ts: i64) -> Result<HashSet<String>, store::Error> {
    #[derive(Deserialize)]
    struct Revoked {
        key: String,
    }
    let revoked: Vec<Revoked> = recorded_details(read, EventType::KeyRevoked, ts)?;
    Ok(revoked.into_iter().map(|it| it.key).collect())
}

fn to_row(key: &ServiceKey) -> Result<table::ServiceKey, store::Error> {
    let list = |texts: &[String]| serde_json::to_string(texts).map_err(|_| shape("a list"));
    Ok(table::ServiceKey {
        id: key.id.clone(),
        hash: key.tag,
        kind: key.terms.kind.as_str().to_owned(),
        label: key.terms.name.clone(),
        groups: list(&key.terms.groups)?,
        servers: list(&key.terms.servers)?,
        created_by: key.terms.created_by.clone(),
        owner: key.terms.owner.as_ref().map(Somebody::to_string),
        created: key.terms.created.as_microsecond(),
        expires: key.terms.expires.as_microsecond(),
        revoked: key.revoked.map(Timestamp::as_microsecond),
        used: key.last_used.map(Timestamp::as_microsecond),
    })
}

fn from_row(row: table::ServiceKey) -> Result<ServiceKey, store::Error> {
    let list = |text: &str| serde_json::from_str::<Vec<String>>(text).map_err(|_| shape("a list"));
    let time = |us: i64| Timestamp::from_microsecond(us).map_err(|_| shape("a time"));
    Ok(ServiceKey {
        id: row.id,
        tag: row.hash,
        terms: ServiceKeyTerms {
            name: row.label,
            kind: ServiceKeyKind::parse(&row.kind).ok_or_else(|| shape("a kind"))?,
            groups: list(&row.groups)?,
            servers: list(&row.servers)?,
            created_by: row.created_by,
            owner: row.owner.map(|owner| owner.parse().map_err(|_| shape("an owner"))).transpose()?,
            created: time(row.created)?,
            expires: time(row.expires)?,
        },
        revoked: row.revoked.map(time).transpose()?,
        last_used: row.used.map(time).transpose()?,
    })
}

fn shape(expected: &str) -> store::Error {
    store::Error::new(store::ErrorKind::Shape, format!("a row of `service_key` does not hold {expected}"))
}
