//! Break-glass in force: which calls go ahead, and when that ends.

use std::time::Duration;

use aws_lc_rs::hmac;
use evidence::leaf::EventType;
use tokio::sync::watch;
use uuid::Uuid;

use super::Emergency;
use crate::approval::bound::Likeness;
use crate::approval::verdict::Verdict;
use crate::approval::{Approvals, Fault, Held, NotAsked};
use crate::clock::micros;
use crate::ledger::VaultError;
use crate::limits;
use crate::limits::breakglass as limit;
use crate::model::{Grant, GrantKind, Principal, Target, TargetKind};
use crate::store::approval::{self, Sealed};
use crate::store::breakglass::{self, Entry, State, Window};

/// Stands for every server.
pub(super) const EVERY: &str = "*";

/// Why the request of a call is over that went ahead without an answer to it.
pub const LET_GO: &str = "let_go_under_breakglass";

/// Hears of windows that come in force.
#[derive(Debug)]
pub struct Glass(watch::Receiver<Vec<[u8; 16]>>);

impl Glass {
    /// Ends when windows are in force: at once if there are some, afterwards whenever they are others.
    pub async fn broken(&mut self) {
        loop {
            if self.0.changed().await.is_err() {
                return std::future::pending().await;
            }
            if !self.0.borrow_and_update().is_empty() {
                return;
            }
        }
    }
}

impl Approvals {
    /// How many windows are in force, as far as this process knows.
    pub fn broken_glass(&self) -> usize {
        self.glass.borrow().len()
    }

    /// For a call that waits: it is to be looked at again when the glass is broken.
    pub fn glass(&self) -> Glass {
        let mut glass = self.glass.subscribe();
        glass.mark_changed();
        Glass(glass)
    }

    /// Lets a held call go without anybody's approval, if a window in force is for it. The request that was made for it, or
    /// for an equal call, ends with that: so nobody agrees later to what has run, and of equal calls that wait for `asked`
    /// together one goes. `None`: the call is held, or people have decided.
    ///
    /// # Errors
    /// [`NotAsked`]: the call must not run under break-glass.
    pub async fn let_go(&self, held: &Held, asked: Option<Uuid>) -> Result<Option<Verdict>, NotAsked> {
        let (who, server, target) = (&held.principal, &held.server, held.target.as_ref());
        let Some(verdict) = self.under_breakglass(who, server, target, held.call).await? else {
            return Ok(None);
        };
        let asked = match asked {
            Some(asked) => Some(asked),
            None => self.live_like(held).await?,
        };
        if let Some(asked) = asked
            && !self.overrule(asked).await?
        {
            return Ok(None);
        }
        tracing::warn!(
            window = %verdict.grant().approval, call = %held.call, %server,
            "a held call goes ahead under break-glass"
        );
        Ok(Some(verdict))
    }

    /// The request that an equal call made.
    async fn live_like(&self, held: &Held) -> Result<Option<Uuid>, NotAsked> {
        let matter = self.matter(held).await?;
        let mac = Likeness::of(held, &matter).mac(&self.key);
        let live = self.db.read("live approval", move |read| approval::find_live(read, &mac)).await?;
        let asked = live.filter(|row| row.state != approval::State::Opening);
        Ok(asked.map(|row| Uuid::from_bytes(row.id)))
    }

    /// Ends a request that nobody has answered. `false`: somebody has, or an equal call was faster.
    async fn overrule(&self, asked: Uuid) -> Result<bool, Fault> {
        let id = asked.into_bytes();
        for _ in 0..limits::APPROVAL_ATTEMPTS_MAX {
            let found = self.db.read("approval", move |read| approval::find(read, &id)).await?;
            let Some(row) = found.filter(|row| row.state == approval::State::Pending) else {
                return Ok(false);
            };
            if self.end(&row, LET_GO).await? {
                return Ok(true);
            }
            // What somebody says is being recorded at this very moment.
            tokio::time::sleep(Duration::from_millis(limits::APPROVAL_RETRY_MS)).await;
        }
        Ok(false)
    }

    /// The windows in force, until when (microseconds since 1970) and at which servers.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn glass_in_force(&self) -> Result<Vec<(Window, Emergency)>, Fault> {
        let (now, most) = (self.now(), limit::LIVE_MAX);
        let live = self.db.read("break-glass", move |read| breakglass::live(read, most)).await?;
        let mut found = Vec::new();
        for window in live.into_iter().filter(|window| in_force(window, now).is_some()) {
            match self.open_breakglass(window).await {
                Ok(opened) => found.push(opened),
                Err(Fault::Vault(VaultError::Erased)) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(found)
    }

    /// The window under which a held call of `principal` at `server` may go, without anybody's approval.
    ///
    /// # Errors
    /// [`Fault`]: the call is held.
    pub async fn under_breakglass(
        &self,
        principal: &Principal,
        server: &str,
        target: Option<&Target>,
        call: Uuid,
    ) -> Result<Option<Verdict>, Fault> {
        if !principal.is_person() {
            return Ok(None);
        }
        // As leaves name it: so `verify` sees which tool it was.
        let offered = target
            .filter(|target| target.listed && matches!(target.kind, TargetKind::Tool | TargetKind::Prompt));
        let offered = offered.map(|target| target.name.as_str());
        for (window, content) in self.glass_in_force().await? {
            let Some(entry) = window.entry.as_ref().filter(|_| content.reaches(principal, server, offered))
            else {
                continue;
            };
            // Whoever writes to the database otherwise lets no call go.
            if !self.is_sealed(&window.id, entry, &window.sealed) {
                tracing::error!(window = %Uuid::from_bytes(window.id), "no gateway of this log put this break-glass in force");
                continue;
            }
            if self.first_in_log(window.id, &[EventType::BreakglassExited]).await?.is_some() {
                tracing::error!(window = %Uuid::from_bytes(window.id), "this break-glass is over by the log: somebody else writes to the database");
                continue;
            }
            let grant = Grant {
                approval: Uuid::from_bytes(window.id),
                leaf: evidence::merkle::Hash::from_bytes(entry.leaf),
                binding: [0; 32],
                kind: GrantKind::BreakGlass,
            };
            return Ok(Some(Verdict::under_breakglass(call, grant)));
        }
        Ok(None)
    }

    /// What only a gateway of this log can write beside a window that is in force.
    pub(super) fn seal_of(&self, id: &[u8; 16], entry: &Entry, sealed: &Sealed) -> [u8; 32] {
        let mut seal = [0; 32];
        seal.copy_from_slice(hmac::sign(&self.key, &matter(id, entry, sealed)).as_ref());
        seal
    }

    /// Whether a gateway of this log wrote it.
    fn is_sealed(&self, id: &[u8; 16], entry: &Entry, sealed: &Sealed) -> bool {
        hmac::verify(&self.key, &matter(id, entry, sealed), &entry.seal).is_ok()
    }

    /// Counts the windows in force; ends those whose time is over, and those whose gateway died.
    pub(in crate::approval) async fn look_at_breakglass(&self) -> Result<(), Fault> {
        let (now, most) = (self.now(), limit::LIVE_MAX);
        let live = self.db.read("break-glass", move |read| breakglass::live(read, most)).await?;
        let broken: Vec<_> =
            live.iter().filter(|window| in_force(window, now).is_some()).map(|window| window.id).collect();
        self.glass.send_if_modified(|known| std::mem::replace(known, broken.clone()) != broken);
        if !self.ledger.leads() {
            return Ok(());
        }
        let dead = now - micros(limits::APPROVAL_DEAD_MS);
        for window in live {
            let lapsed = window.proposed + limit::CONFIRM_S * 1_000_000 <= now;
            let why = match window.state {
                State::Proposed if lapsed => "not_confirmed_in_time",
                State::Entering if window.claimed.is_none_or(|claimed| claimed < dead) => "not_recorded",
                State::Entered if in_force(&window, now).is_none() => "expired",
                State::Ended if window.ended.is_none_or(|ended| ended < dead) => "ended",
                _ => continue,
            };
            self.conclude(window, why).await?;
        }
        Ok(())
    }

    /// Ends every window for `reason`, on record, because the log in which they were entered ends.
    pub(in crate::approval) async fn end_breakglass_with_log(
        &self,
        reason: &'static str,
    ) -> Result<(), Fault> {
        let live = self.db.read("break-glass", |read| breakglass::live(read, limit::LIVE_MAX)).await?;
        for window in live {
            self.conclude(window, reason).await?;
        }
        Ok(())
    }

    async fn conclude(&self, window: Window, why: &'static str) -> Result<(), Fault> {
        let (window, content) = self.open_breakglass(window).await?;
        self.finish_breakglass(&window, &content, why, None).await.map(drop)
    }
}

/// What the seal covers.
fn matter(id: &[u8; 16], entry: &Entry, sealed: &Sealed) -> Vec<u8> {
    let (from, until) = (entry.from.to_be_bytes(), entry.until.to_be_bytes());
    let parts: [&[u8]; 6] = [b"break-glass\0", id, &from, &until, &entry.leaf, &sealed.commitment];
    parts.concat()
}

fn in_force(window: &Window, now: i64) -> Option<&Entry> {
    window.entry.as_ref().filter(|entry| window.state == State::Entered && entry.until > now)
}
