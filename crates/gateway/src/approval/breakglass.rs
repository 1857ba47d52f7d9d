//! Break-glass: for a while, held calls of named people go ahead without the approval that nobody can give.
//!
//! Two administrators, each a person signed in as themselves, let them: one proposes it, with a reason, another confirms. It
//! is never for their own calls. It is on record before it is in force (`breakglass.entered`), everybody who is told of
//! approvals is told of it, and it ends by itself; any administrator ends it before. While it is in force a held call of a
//! named person at a named server runs, and its intent names the window ([`force`]).
//!
//! What is denied stays denied, whatever denies it; masking and the record stay as they are. A ledger that cannot be
//! written is not overridden: nothing leaves without a record.

mod force;

use evidence::jcs;
use evidence::leaf::EventType;
use evidence::merkle::Hash;
use evidence::time::Timestamp;
pub use force::{Glass, LET_GO};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::content;
use super::{Approvals, Approver, Fault};
use crate::ledger::{Event, EventActor, Unavailable};
use crate::limits::breakglass as limit;
use crate::model::{Identity, Party, Principal, Somebody};
use crate::store::breakglass::{self, Entry, State, Window};
use crate::store::delivery;

/// What somebody proposes.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Why.
    pub reason: String,
    /// At which servers; `*` for every one.
    pub servers: Vec<String>,
    /// Of which tools or prompts there; none named: of all.
    pub tools: Vec<String>,
    /// Whose calls.
    pub people: Vec<Party>,
    /// How long, in seconds.
    pub seconds: i64,
}

/// Who proposed what, and who confirmed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    /// Who proposed it.
    pub proposer: Identity,
    /// Who confirmed.
    pub confirmer: Option<Identity>,
    /// Until when it can be confirmed, microseconds since 1970.
    pub confirm_by: i64,
    /// Why, masked.
    pub reason: String,
    /// At which servers.
    pub servers: Vec<String>,
    /// Of which tools.
    pub tools: Vec<String>,
    /// Whose calls.
    pub people: Vec<Somebody>,
    /// How long, in seconds.
    pub seconds: i64,
}

/// Why break-glass is not proposed, confirmed or ended.
#[derive(Debug, thiserror::Error)]
pub enum NotBroken {
    /// There is no such window.
    #[error("there is no such break-glass: see `countersign breakglass list`")]
    Unknown,
    /// Programs do not, nor does anybody through a program.
    #[error("only a person can do this, signed in as themselves: not a service key, a service or an agent")]
    NotAPerson,
    /// The second person must be another.
    #[error(
        "break-glass takes two people: whoever proposed it cannot confirm it, nor somebody with their subject or address at \
         another issuer: ask another administrator to confirm it"
    )]
    Same,
    /// It is for others.
    #[error(
        "nobody lets their own calls go ahead: break-glass is for the calls of others than the two who enter it, so ask two \
         others"
    )]
    Own,
    /// What is proposed is not acceptable. Says why.
    #[error("{0}")]
    Wish(String),
    /// It does not wait for this any more.
    #[error("it is {} already: see `countersign breakglass list`, and propose another if it is still needed", .0.as_str())]
    Closed(State),
    /// There is too much of it.
    #[error("{} are proposed or in force: end those that are not needed", limit::LIVE_MAX)]
    Full,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<crate::store::Error> for NotBroken {
    fn from(error: crate::store::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl From<Unavailable> for NotBroken {
    fn from(error: Unavailable) -> Self {
        Self::Fault(error.into())
    }
}

impl Approvals {
    /// The first person proposes it.
    ///
    /// # Errors
    /// [`NotBroken`]; nothing is in force then.
    pub async fn propose_breakglass(&self, who: &Approver, wish: Wish) -> Result<Uuid, NotBroken> {
        require_person(who)?;
        check(&wish)?;
        let most = limit::LIVE_MAX;
        let live = self.db.read("break-glass", move |read| breakglass::live(read, most)).await?;
        if live.len() >= most as usize {
            return Err(NotBroken::Full);
        }
        let proposer = Identity::from(&*who.principal);
        let (id, now) = (crate::clock::new_id(&*self.clock), self.now());
        let content = Emergency {
            proposer,
            confirmer: None,
            confirm_by: now + limit::CONFIRM_S * 1_000_000,
            reason: self.mask.sentence(wish.reason.trim()),
            servers: wish.servers,
            tools: wish.tools,
            people: wish.people.iter().map(Somebody::from).collect(),
            seconds: wish.seconds,
        };
        if content.is_for(&content.proposer) {
            return Err(NotBroken::Own);
        }
        let mut event =
            self.breakglass_step(id, None, EventType::BreakglassProposed, Some(who), &content, &json!({}));
        let said = json!({ "reason": content.reason }).to_string();
        event.body = Some(self.mask.document(&said.into_bytes().into()));
        let proposal = *self.ledger.note(event).await?.leaf.as_bytes();
        let key = id.into_bytes();
        let window = Window {
            id: key,
            state: State::Proposed,
            proposed: now,
            proposal,
            claimed: None,
            entry: None,
            ended: None,
            reason: None,
            sealed: self.ledger.seal(key, content::write(&content)).await?,
        };
        let news = self.news(key, "breakglass.proposed");
        let added = self.db.write("propose break-glass", move |tx| {
            let added = breakglass::insert(tx, &window, most)?;
            if added {
                delivery::insert(tx, &news)?;
            }
            Ok(added)
        });
        if !added.await? {
            return Err(NotBroken::Full);
        }
        tracing::warn!(window = %id, "break-glass is proposed: it waits for a second administrator");
        Ok(id)
    }

    /// The second person confirms: from now on it is in force.
    ///
    /// # Errors
    /// [`NotBroken`]; it is not in force then.
    pub async fn confirm_breakglass(&self, who: &Approver, id: Uuid) -> Result<(), NotBroken> {
        require_person(who)?;
        let key = id.into_bytes();
        let (window, content) = self.breakglass(id).await?.ok_or(NotBroken::Unknown)?;
        let confirmer = Identity::from(&*who.principal);
        if content.proposer.may_be(&confirmer) {
            return Err(NotBroken::Same);
        }
        if content.is_for(&confirmer) {
            return Err(NotBroken::Own);
        }
        let now = self.now();
        let open = content.confirm_by > now
            && self.db.write("claim break-glass", move |tx| breakglass::claim(tx, &key, now)).await?;
        if !open {
            let lapsed = window.state == State::Proposed;
            return Err(NotBroken::Closed(if lapsed { State::Ended } else { window.state }));
        }
        let until = now + content.seconds * 1_000_000;
        let times = json!({
            "proposed_by": self.pseudonym(&content.proposer.party), "from": at(now), "until": at(until),
        });
        let answered = Some(Hash::from_bytes(window.proposal));
        let event =
            self.breakglass_step(id, answered, EventType::BreakglassEntered, Some(who), &content, &times);
        let leaf = match self.ledger.note(event).await {
            Ok(receipt) => *receipt.leaf.as_bytes(),
            Err(error) => {
                // With a timeout the leaf may still appear: then it is ended, on record, by `look_at_breakglass`.
                if error != Unavailable::Timeout {
                    self.db.write("release break-glass", move |tx| breakglass::release(tx, &key)).await?;
                }
                return Err(error.into());
            }
        };
        let content = Emergency { confirmer: Some(confirmer), ..content };
        let sealed = self.ledger.seal(key, content::write(&content)).await?;
        let mut entry = Entry { from: now, until, leaf, seal: [0; 32] };
        entry.seal = self.seal_of(&key, &entry, &sealed);
        let news = self.news(key, "breakglass.entered");
        let entered = self.db.write("enter break-glass", move |tx| {
            let entered = breakglass::enter(tx, &key, &entry, &sealed)?;
            if entered {
                delivery::insert(tx, &news)?;
            }
            Ok(entered)
        });
        if !entered.await? {
            return Err(NotBroken::Closed(State::Ended));
        }
        tracing::error!(window = %id, until = at(until), "break-glass is in force: held calls go ahead without approval");
        self.look_at_breakglass().await?;
        Ok(())
    }

    /// Anybody who may enter it may end it, alone.
    ///
    /// # Errors
    /// [`NotBroken`].
    pub async fn end_breakglass(&self, who: &Approver, id: Uuid) -> Result<(), NotBroken> {
        require_person(who)?;
        let (window, content) = self.breakglass(id).await?.ok_or(NotBroken::Unknown)?;
        if !self.finish_breakglass(&window, &content, "ended", Some(who)).await? {
            return Err(NotBroken::Closed(State::Ended));
        }
        self.look_at_breakglass().await?;
        Ok(())
    }

    /// One window.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn breakglass(&self, id: Uuid) -> Result<Option<(Window, Emergency)>, Fault> {
        let key = id.into_bytes();
        match self.db.read("break-glass", move |read| breakglass::find(read, &key)).await? {
            Some(window) => self.open_breakglass(window).await.map(Some),
            None => Ok(None),
        }
    }

    /// Windows, the latest first. What cannot be opened any more, because its day was erased, is left out.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn breakglasses(&self) -> Result<Vec<(Window, Emergency)>, Fault> {
        let windows =
            self.db.read("break-glass", move |read| breakglass::page(read, limit::LISTED_MAX)).await?;
        let mut opened = Vec::with_capacity(windows.len());
        for window in windows {
            match self.open_breakglass(window).await {
                Ok(found) => opened.push(found),
                Err(Fault::Vault(crate::ledger::VaultError::Erased)) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(opened)
    }

    /// Ends a window and says so in the log. `false`: somebody else has ended it.
    async fn finish_breakglass(
        &self,
        window: &Window,
        content: &Emergency,
        why: &'static str,
        by: Option<&Approver>,
    ) -> Result<bool, Fault> {
        let (key, now) = (window.id, self.now());
        let news = self.news(key, "breakglass.exited");
        let ended = self.db.write("end break-glass", move |tx| {
            let ended = breakglass::end(tx, &key, why, now)?;
            if ended {
                delivery::insert(tx, &news)?;
            }
            Ok(ended)
        });
        if !ended.await? && by.is_some() {
            return Ok(false);
        }
        let over = window.ended.unwrap_or(now);
        let over = window.entry.as_ref().map_or(over, |entry| entry.until.min(over));
        let mut facts = json!({ "until": at(over), "reason": why.replace('_', " ") });
        if let Some(entry) = &window.entry {
            facts["from"] = json!(at(entry.from));
        }
        let answered = window.entry.as_ref().map_or(window.proposal, |entry| entry.leaf);
        let (id, answered) = (Uuid::from_bytes(key), Some(Hash::from_bytes(answered)));
        let event = self.breakglass_step(id, answered, EventType::BreakglassExited, by, content, &facts);
        self.ledger.note(event).await?;
        match &window.entry {
            // As loud as its beginning: whoever was woken by that is told that it is over.
            Some(_) => {
                tracing::error!(window = %id, why, "break-glass is over: held calls wait for approval again");
            }
            None => tracing::warn!(window = %id, why, "break-glass was proposed and is not any more"),
        }
        self.db.write("note break-glass", move |tx| breakglass::note(tx, &key, now)).await?;
        Ok(true)
    }

    async fn open_breakglass(&self, window: Window) -> Result<(Window, Emergency), Fault> {
        let (db, ledger) = (self.db.clone(), self.ledger.clone());
        let opened = tokio::task::spawn_blocking(move || -> Result<_, Fault> {
            let content = content::read(&ledger.unseal(&db, &window.id, window.sealed.clone())?)?;
            Ok((window, content))
        });
        opened.await.map_err(|_| Fault::Malformed)?
    }

    fn pseudonym(&self, who: &Somebody) -> String {
        self.ledger.actor(&who.into())
    }

    /// The leaf about a step: people by pseudonym, and no word of theirs.
    fn breakglass_step(
        &self,
        id: Uuid,
        answered: Option<Hash>,
        event: EventType,
        by: Option<&Approver>,
        content: &Emergency,
        more: &Value,
    ) -> Event {
        let people: Vec<_> = content.people.iter().map(|who| self.pseudonym(who)).collect();
        let mut detail = json!({
            "servers": content.servers, "tools": content.tools, "people": people, "seconds": content.seconds,
        });
        if let (Some(detail), Some(more)) = (detail.as_object_mut(), more.as_object()) {
            detail.extend(more.clone());
        }
        let actor = by.map_or(EventActor::Gateway, |who| EventActor::Principal(who.principal.clone()));
        Event { approval: Some((id, answered)), ..Event::new(event, actor, jcs::Object::of(&detail).ok()) }
    }
}

impl Emergency {
    /// Whether it may be for calls of this person.
    fn is_for(&self, who: &Identity) -> bool {
        self.people.iter().any(|named| named.subject == who.party.subject)
    }

    /// Whether it is for calls of a person at a server, about that target. Never of whoever entered it, by whatever name.
    fn reaches(&self, who: &Principal, server: &str, offered: Option<&str>) -> bool {
        let caller = Identity::from(who);
        let theirs = self.proposer.may_be(&caller)
            || self.confirmer.as_ref().is_some_and(|other| other.may_be(&caller));
        // Named people call for themselves: whom somebody else's program acts for, nobody named.
        let alone = who.others().next().is_none();
        let here = self.servers.iter().any(|named| named == force::EVERY || named == server);
        let this =
            self.tools.is_empty() || offered.is_some_and(|name| self.tools.iter().any(|tool| tool == name));
        !theirs && alone && here && this && self.people.contains(&Somebody::from(&who.party))
    }
}

fn require_person(who: &Approver) -> Result<(), NotBroken> {
    if who.principal.is_person() { Ok(()) } else { Err(NotBroken::NotAPerson) }
}

fn check(wish: &Wish) -> Result<(), NotBroken> {
    let refuse = |why: String| Err(NotBroken::Wish(why));
    let reason = wish.reason.trim();
    if reason.is_empty() || reason.len() > limit::REASON_BYTES_MAX {
        return refuse(format!("a reason is required, of at most {} bytes", limit::REASON_BYTES_MAX));
    }
    if !(1..=limit::SECONDS_MAX).contains(&wish.seconds) {
        return refuse(format!("it lasts at least a second and at most {} seconds", limit::SECONDS_MAX));
    }
    let fits = |count: usize| (1..=limit::NAMES_MAX).contains(&count);
    if !fits(wish.servers.len()) {
        return refuse(format!("name the servers, at most {}, or `*` for every one", limit::NAMES_MAX));
    }
    if !fits(wish.people.len()) {
        return refuse(format!("name the people whose calls it is for, at most {}", limit::NAMES_MAX));
    }
    let shown = |name: &String| !name.is_empty() && name.len() <= crate::limits::LEAF_NAME_BYTES_MAX;
    if wish.tools.len() > limit::NAMES_MAX || !wish.tools.iter().all(shown) {
        return refuse(format!(
            "it is for at most {} tools, with names of at most {} bytes",
            limit::NAMES_MAX,
            crate::limits::LEAF_NAME_BYTES_MAX
        ));
    }
    Ok(())
}

fn at(us: i64) -> Option<String> {
    Timestamp::from_micros(us).map(|time| time.to_string())
}
