//! Policy sets that are published through the gateway itself: proposed, agreed to by somebody else if the configuration says
//! so, on record, then in force.
//!
//! They are kept in the store and not in the directory of files: every gateway on the store sees them, also on another machine;
//! one transaction puts a set in force or does not; and nobody's checkout is changed behind their back. So with `policy.publish`
//! the directory holds the first set only. Without it, the files are what counts and nothing can be published here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::hmac;
use bytes::Bytes;
use evidence::jcs;
use evidence::leaf::EventType;
use evidence::merkle::Hash;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::{Clock, micros};
use crate::config::Consent;
use crate::ledger::{Deed, Document, Event, EventActor, Ledger, Unavailable, VaultError, recorded_details};
use crate::limits;
use crate::model::{Identity, Party, Principal};
use crate::policy::{Candidate, Change, Policies, PolicySet, Rejected, Source};
use crate::store::publication::{self as row, Proposal, Publication};
use crate::store::{self, Db};

/// Sets that are published here.
pub struct Publications {
    db: Db,
    ledger: Ledger,
    key: hmac::Key,
    clock: Arc<dyn Clock>,
    consent: Option<Consent>,
    /// The publication that is in force in this process.
    number: AtomicI64,
}

/// A proposal, for people to see.
#[derive(Debug, Clone)]
pub struct Proposed {
    /// The stored row.
    pub row: Proposal,
    /// Its files.
    pub files: Vec<Source>,
    /// Who wants it.
    pub who: Identity,
}

/// Why nothing is proposed or published.
#[derive(Debug, thiserror::Error)]
pub enum NotPublished {
    /// Policies come from files.
    #[error(
        "policies come from the files of the operator here: change them there, or configure `policy.publish`"
    )]
    Off,
    /// Programs publish nothing.
    #[error("only a person publishes policies, signed in as themselves")]
    NotAPerson,
    /// The files are not what is kept here.
    #[error("{0}")]
    Files(String),
    /// The set is in force already.
    #[error("this set is in force already")]
    Same,
    /// There is no such proposal any more.
    #[error("there is no such proposal any more")]
    Unknown,
    /// The proposal is of another set than was looked at.
    #[error("the proposal is of another set than you looked at")]
    OtherSet,
    /// Another set came in force meanwhile.
    #[error(
        "another set has come in force since this was proposed: propose it anew, beside what is in force now"
    )]
    Stale,
    /// It needs somebody else.
    #[error(
        "a second person publishes what you have proposed: not you, nor somebody with your subject or address at another issuer"
    )]
    Own,
    /// Nobody could publish another one.
    #[error("by this set you could not publish policies any more: let it permit you `policies.publish`")]
    LockedOut,
    /// There are too many.
    #[error("{} proposals are open: withdraw one first", limits::POLICY_PROPOSALS_MAX)]
    Full,
    /// Somebody else has it in hand.
    #[error("somebody else is publishing at this moment: try again")]
    Busy,
    /// The set is not valid.
    #[error("the files are no valid set: {0}")]
    Rejected(Rejected),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It cannot be recorded.
    #[error(transparent)]
    Ledger(#[from] Unavailable),
    /// Who proposed it cannot be read.
    #[error("what was proposed cannot be read: {0}")]
    Vault(#[from] VaultError),
    /// A row that no gateway of this log wrote.
    #[error(
        "the stored policies were not written by a gateway of this log: somebody else writes to the database"
    )]
    Forged,
    /// A set that was published later by the log is not in the database any more.
    #[error(
        "the log has publication {recorded}, and the database only {found}: somebody else writes to the database"
    )]
    Withdrawn {
        /// The number of the latest by the log, or of the one in force.
        recorded: i64,
        /// The number of the latest in the database; 0 when there is none.
        found: i64,
    },
    /// A row that this program did not write.
    #[error("the stored set is malformed")]
    Malformed,
}

impl Publications {
    /// Sets in `db`, recorded in `ledger`; `consent`: what publishing needs, none where files are what counts.
    /// Rows are sealed with `key`.
    pub fn new(
        db: Db,
        ledger: Ledger,
        key: hmac::Key,
        clock: Arc<dyn Clock>,
        consent: Option<Consent>,
    ) -> Self {
        Self { db, ledger, key, clock, consent, number: AtomicI64::new(0) }
    }

    /// What only a gateway of this log can write beside such a row.
    fn seal(&self, matter: &[u8]) -> [u8; 32] {
        let mut seal = [0; 32];
        seal.copy_from_slice(hmac::sign(&self.key, matter).as_ref());
        seal
    }

    /// Whether a gateway of this log wrote a row. Whoever writes to the database otherwise sets no policies.
    fn check(&self, matter: &[u8], seal: &[u8; 32]) -> Result<(), NotPublished> {
        hmac::verify(&self.key, matter, seal).map_err(|_| NotPublished::Forged)
    }

    /// What publishing needs. `None`: policies come from files.
    pub fn consent(&self) -> Option<Consent> {
        self.consent
    }

    /// Proposes files as the set that is to be in force.
    ///
    /// # Errors
    /// [`NotPublished`].
    pub async fn propose(
        &self,
        policies: &Policies,
        who: &Arc<Principal>,
        files: Vec<Source>,
    ) -> Result<Uuid, NotPublished> {
        self.require_person(who)?;
        check_names(&files)?;
        let stored = write(&files);
        if self.proposals().await?.len() >= limits::POLICY_PROPOSALS_MAX {
            return Err(NotPublished::Full);
        }
        let set = parse(files).await?;
        let base = policies.current().revision();
        if set.revision() == base {
            return Err(NotPublished::Same);
        }
        let id = crate::clock::new_id(&*self.clock);
        let said = Identity::from(&**who);
        let sealed = self.ledger.seal(id.into_bytes(), serde_json::to_vec(&said).unwrap_or_default()).await?;
        let detail = json!({
            "proposal": id, "step": "made", "policy_set": set.revision().to_string(), "base": base.to_string(),
        });
        let mut proposal = Proposal {
            id: id.into_bytes(),
            policy_set: set.revision().0,
            base: base.0,
            files: stored,
            person: who.party.digest(),
            seal: [0; 32],
            created: self.now(),
            sealed,
        };
        proposal.seal = self.seal(&proposal_matter(&proposal));
        let old = self.now() - micros(limits::POLICY_PROPOSAL_KEPT_MS);
        self.db.write("forget proposals", move |tx| row::forget(tx, old)).await?;
        let event = Event::by(who, EventType::PolicyProposed, &detail);
        self.ledger.note(Event { deed: Some(Deed::Propose(Box::new(proposal))), ..event }).await?;
        Ok(id)
    }

    /// The open proposals, the latest first. Those whose day was erased are left out.
    ///
    /// # Errors
    /// [`NotPublished`].
    pub async fn proposals(&self) -> Result<Vec<Proposed>, NotPublished> {
        let rows = self.db.read("proposals", |read| row::open(read, limits::POLICY_PROPOSALS_MAX)).await?;
        let mut proposals = Vec::with_capacity(rows.len());
        for row in rows {
            match self.open(row).await {
                Ok(proposed) => proposals.push(proposed),
                Err(NotPublished::Vault(VaultError::Erased)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(proposals)
    }

    /// One open proposal.
    ///
    /// # Errors
    /// [`NotPublished`].
    pub async fn proposal(&self, id: Uuid) -> Result<Proposed, NotPublished> {
        let key = id.into_bytes();
        let found = self.db.read("proposal", move |read| row::find(read, &key)).await?;
        self.open(found.ok_or(NotPublished::Unknown)?).await
    }

    async fn open(&self, row: Proposal) -> Result<Proposed, NotPublished> {
        self.check(&proposal_matter(&row), &row.seal)?;
        let (db, ledger) = (self.db.clone(), self.ledger.clone());
        let opened = tokio::task::spawn_blocking(move || -> Result<_, NotPublished> {
            let who = ledger.unseal(&db, &row.id, row.sealed.clone())?;
            let who = serde_json::from_slice(&who).map_err(|_| NotPublished::Malformed)?;
            Ok(Proposed { files: read(&row.files)?, row, who })
        });
        opened.await.map_err(|_| NotPublished::Malformed)?
    }

    /// Why this person cannot publish a proposal now.
    pub fn obstacle(
        &self,
        policies: &Policies,
        who: &Principal,
        proposed: &Proposed,
    ) -> Option<NotPublished> {
        if let Err(refused) = self.require_person(who) {
            return Some(refused);
        }
        if self.consent == Some(Consent::SecondPerson) && proposed.who.may_be(&Identity::from(who)) {
            return Some(NotPublished::Own);
        }
        (proposed.row.base != policies.current().revision().0).then_some(NotPublished::Stale)
    }

    /// Puts a proposal in force, on record, if it is the set that was looked at. `permits` tells whether somebody may still
    /// publish by it.
    ///
    /// # Errors
    /// [`NotPublished`]; the set in force stays.
    pub async fn publish(
        &self,
        policies: &Policies,
        who: &Arc<Principal>,
        id: Uuid,
        looked_at: Hash,
        permits: impl FnOnce(&PolicySet) -> bool,
    ) -> Result<(), NotPublished> {
        let proposed = self.proposal(id).await?;
        if proposed.row.policy_set != *looked_at.as_bytes() {
            return Err(NotPublished::OtherSet);
        }
        let _turn = policies.turn().await;
        if let Some(obstacle) = self.obstacle(policies, who, &proposed) {
            return Err(obstacle);
        }
        let set = parse(proposed.files.clone()).await?;
        // A program of another release may read the same files as another set.
        if set.revision().0 != proposed.row.policy_set {
            return Err(NotPublished::OtherSet);
        }
        if !permits(&set) {
            return Err(NotPublished::LockedOut);
        }
        let candidate = policies.candidate_of(set).ok_or(NotPublished::Same)?;
        let (key, lane) = (proposed.row.id, self.ledger.lane());
        let number = self.number.load(Ordering::Acquire);
        let claimed = self.db.write("claim proposal", move |tx| {
            Ok(row::claim(tx, &key, lane)? && row::latest_number(tx)? == number)
        });
        if !claimed.await? {
            self.give_back().await?;
            return Err(NotPublished::Busy);
        }
        let done = self.put_in_force(policies, who, &proposed, candidate, number + 1).await;
        let given = self.give_back().await;
        done.and(given)
    }

    /// Gives back what this process has taken, once no leaf of it is on its way any more; in [`Self::follow`] otherwise.
    async fn give_back(&self) -> Result<(), NotPublished> {
        let lane = self.ledger.lane();
        if self.db.read("claimed proposals", move |read| row::has_claimed(read, lane)).await? {
            self.ledger.retry().await?;
            self.db.write("release proposals", move |tx| row::release(tx, lane)).await?;
        }
        Ok(())
    }

    async fn put_in_force(
        &self,
        policies: &Policies,
        who: &Arc<Principal>,
        proposed: &Proposed,
        candidate: Candidate,
        number: i64,
    ) -> Result<(), NotPublished> {
        let key = proposed.row.id;
        let party = Party::from(&proposed.who.party);
        let more = json!({
            "proposal": Uuid::from_bytes(key),
            "publication": number,
            "proposed_by": { "id": self.ledger.actor(&party), "issuer": party.issuer },
            "consent": if proposed.who.may_be(&Identity::from(&**who)) { "none" } else { "second_person" },
        });
        let actor = EventActor::Principal(who.clone());
        let (policy_set, files) = (proposed.row.policy_set, proposed.row.files.clone());
        let mut new = Publication { number, policy_set, files, seal: [0; 32] };
        new.seal = self.seal(&publication_matter(&new));
        let event = published(candidate.change(), candidate.set(), actor, more);
        // With a timeout the leaf may still come, and the row with it: then it is taken over in `follow`.
        self.ledger.note(Event { deed: Some(Deed::Publish(Box::new(new), key)), ..event }).await?;
        let revision = candidate.set().revision();
        policies.publish(candidate);
        self.number.store(number, Ordering::Release);
        tracing::info!(%revision, number, "policies published");
        Ok(())
    }

    /// Gives a proposal up, on record.
    ///
    /// # Errors
    /// [`NotPublished`].
    pub async fn withdraw(
        &self,
        policies: &Policies,
        who: &Arc<Principal>,
        id: Uuid,
    ) -> Result<(), NotPublished> {
        self.require_person(who)?;
        let _turn = policies.turn().await;
        let (key, lane) = (id.into_bytes(), self.ledger.lane());
        let found = self.db.read("proposal", move |read| row::find(read, &key)).await?;
        let found = found.ok_or(NotPublished::Unknown)?;
        if !self.db.write("claim proposal", move |tx| row::claim(tx, &key, lane)).await? {
            return Err(NotPublished::Busy);
        }
        let set = Hash::from_bytes(found.policy_set).to_string();
        let detail = json!({ "proposal": id, "step": "withdrawn", "policy_set": set });
        let event = Event::by(who, EventType::PolicyProposed, &detail);
        let noted = self.ledger.note(Event { deed: Some(Deed::Withdraw(key)), ..event }).await;
        let given = self.give_back().await;
        noted?;
        given
    }

    /// The set that is kept here, at start: in force before the first question.
    ///
    /// # Errors
    /// [`NotPublished`]: a gateway without the set that was published does not start with another.
    pub async fn restore(&self, policies: &Policies) -> Result<(), NotPublished> {
        if self.consent.is_none() {
            return Ok(());
        }
        let (latest, recorded) =
            self.db.read("published policies", |read| Ok((row::latest(read)?, on_record(read)?))).await?;
        require_latest(recorded, latest.as_ref().map_or(0, |latest| latest.number))?;
        if let Some(latest) = latest {
            self.check(&publication_matter(&latest), &latest.seal)?;
            policies.restore(parse(read(&latest.files)?).await?);
            self.number.store(latest.number, Ordering::Release);
        }
        Ok(())
    }

    /// Takes over what another gateway has published: on record of this one, then in force.
    ///
    /// # Errors
    /// [`NotPublished`]; the set in force stays.
    pub async fn follow(&self, policies: &Policies) -> Result<(), NotPublished> {
        let _turn = policies.turn().await;
        self.give_back().await?;
        let number = self.number.load(Ordering::Acquire);
        let found = self.db.read("published policies", row::latest_number).await?;
        if found == number {
            return Ok(());
        }
        require_latest(number, found)?;
        let Some(latest) = self.db.read("published policies", row::latest).await? else { return Ok(()) };
        self.check(&publication_matter(&latest), &latest.seal)?;
        let set = parse(read(&latest.files)?).await?;
        if let Some(candidate) = policies.candidate_of(set) {
            let more = json!({ "publication": latest.number });
            let event = published(candidate.change(), candidate.set(), EventActor::Gateway, more);
            self.ledger.note(event).await?;
            let revision = candidate.set().revision();
            policies.publish(candidate);
            tracing::info!(%revision, number = latest.number, "policies published elsewhere are in force");
        }
        self.number.store(latest.number, Ordering::Release);
        Ok(())
    }

    fn require_person(&self, who: &Principal) -> Result<(), NotPublished> {
        if self.consent.is_none() {
            return Err(NotPublished::Off);
        }
        if who.is_person() { Ok(()) } else { Err(NotPublished::NotAPerson) }
    }

    fn now(&self) -> i64 {
        self.clock.now().as_microsecond()
    }
}

/// What the seal of a proposal covers.
fn proposal_matter(row: &Proposal) -> Vec<u8> {
    let parts: [&[u8]; 5] = [&row.id, &row.policy_set, &row.base, &row.person, row.files.as_bytes()];
    [&b"countersign policy proposal\0"[..]].into_iter().chain(parts).collect::<Vec<_>>().concat()
}

/// What the seal of a publication covers.
fn publication_matter(row: &Publication) -> Vec<u8> {
    let parts: [&[u8]; 3] = [&row.number.to_be_bytes(), &row.policy_set, row.files.as_bytes()];
    [&b"countersign policy publication\0"[..]].into_iter().chain(parts).collect::<Vec<_>>().concat()
}

/// The number of the latest set that was published, by the log.
fn on_record(read: &mut store::Read<'_>) -> Result<i64, store::Error> {
    #[derive(Deserialize)]
    struct Published {
        publication: i64,
    }
    let published: Vec<Published> = recorded_details(read, EventType::PolicyPublished, 0)?;
    Ok(published.iter().map(|set| set.publication).max().unwrap_or(0))
}

/// No set takes the place of one that was published after it.
fn require_latest(recorded: i64, found: i64) -> Result<(), NotPublished> {
    if found < recorded { Err(NotPublished::Withdrawn { recorded, found }) } else { Ok(()) }
}

/// `policy.published` for a change; `more` stands in its detail besides.
pub fn published(change: &Change, set: &PolicySet, actor: EventActor, more: Value) -> Event {
    let names = |ids: &[String]| ids.iter().take(limits::NAMES_IN_LEAF_MAX).cloned().collect::<Vec<_>>();
    let mut detail = json!({
        "policy_set": change.to.to_string(),
        "previous": change.from.map(|revision| revision.to_string()),
        "policies": set.policies().len(),
        "added": names(&change.added),
        "changed": names(&change.changed),
        "removed": names(&change.removed),
    });
    if let (Some(detail), Value::Object(more)) = (detail.as_object_mut(), more) {
        detail.extend(more);
    }
    let bytes = Bytes::copy_from_slice(set.canonical().as_bytes());
    Event {
        documents: vec![Document { kind: "policy", hash: change.to.0, bytes }],
        ..Event::new(EventType::PolicyPublished, actor, jcs::Object::of(&detail).ok())
    }
}

/// Parsing and validating take longer than a task of the runtime may.
async fn parse(files: Vec<Source>) -> Result<PolicySet, NotPublished> {
    let parsed = tokio::task::spawn_blocking(move || PolicySet::parse(&files)).await;
    parsed.map_err(|_| NotPublished::Malformed)?.map_err(NotPublished::Rejected)
}

/// Names as files in a directory would have them: nothing that leads elsewhere, once the set is written to one.
fn check_names(files: &[Source]) -> Result<(), NotPublished> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    for (at, file) in files.iter().enumerate() {
        let stem = file.file.strip_suffix(".cedar").unwrap_or_default();
        let fits = file.file.len() <= limits::POLICY_FILE_NAME_BYTES_MAX;
        if stem.is_empty() || stem.starts_with('.') || !fits || !stem.bytes().all(plain) {
            return Err(NotPublished::Files(format!(
                "`{}` is no name of a policy file: letters, digits, `.`, `_`, `-`, then `.cedar`, at most {} bytes",
                file.file.escape_debug(),
                limits::POLICY_FILE_NAME_BYTES_MAX
            )));
        }
        if files[..at].iter().any(|other| other.file == file.file) {
            return Err(NotPublished::Files(format!("two files are called `{}`", file.file)));
        }
    }
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    text: String,
}

fn write(files: &[Source]) -> String {
    let kept = files.iter().map(|file| Kept { name: file.file.clone(), text: file.text.clone() });
    // Unwrap safety: texts serialise.
    serde_json::to_string(&kept.collect::<Vec<_>>()).expect("files serialise")
}

fn read(files: &str) -> Result<Vec<Source>, NotPublished> {
    let kept: Vec<Kept> = serde_json::from_str(files).map_err(|_| NotPublished::Malformed)?;
    Ok(kept.into_iter().map(|file| Source { file: file.name, text: file.text }).collect())
}
