//! A held call becomes a request to people, or finds the one that was made for it before.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use bytes::Bytes;
use evidence::merkle::Hash;
use inspect::value::Value;
use serde_json::json;
use uuid::Uuid;

use super::bound::{Likeness, hex};
use super::canonical::{self, Matter};
use super::content::{self, Content, Deferred};
use super::{Approvals, Fault, NOBODY, Record};
use crate::ledger::{About, ApprovalStep, Stage};
use crate::limits;
use crate::mask::Redacted;
use crate::mcp::envelope::{Field, Message};
use crate::model::{
    Context, Decision, Demand, Grant, GrantKind, MessageKind, Method, Origin, Principal, Target, TargetKind,
    Terms,
};
use crate::store::approval::{self, State};
use crate::store::{self, definition, delivery};

/// A call that policy holds.
#[derive(Debug, Clone)]
pub struct Held {
    /// The exchange.
    pub call: Uuid,
    /// Who calls.
    pub principal: Arc<Principal>,
    /// Under which circumstances.
    pub context: Context,
    /// Configured name of the upstream.
    pub server: Arc<str>,
    /// Method of the call.
    pub method: Method,
    /// What it is about.
    pub target: Option<Target>,
    /// Why it is held, and what is asked of approvers.
    pub decision: Decision,
    /// The message.
    pub message: Message,
    /// The same, masked.
    pub body: Redacted<Bytes>,
    /// What runs later, when the caller takes a task for it.
    pub task: Option<Deferred>,
}

/// What a held call waits for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The approval.
    pub id: Uuid,
    /// Where it stands.
    pub state: State,
    /// What is asked of approvers.
    pub terms: Arc<Terms>,
    /// Until when it can be decided, microseconds since 1970.
    pub decide_by: i64,
    /// The approval as it stands in evidence: named by the leaf that asked for it, or completed it.
    pub grant: Grant,
}

/// Why there is no approval to wait for.
#[derive(Debug, thiserror::Error)]
pub enum NotAsked {
    /// An approval was given, and cannot be used any more. Says why, in a word of ours.
    #[error("the approval cannot be used any more: {reason}")]
    Overtaken {
        /// Why.
        reason: &'static str,
        /// The approval.
        grant: Grant,
    },
    /// The caller, or everybody together, has too many calls waiting.
    #[error("too many calls wait for approval")]
    Full,
    /// Approvers could not be shown what would run.
    #[error("the call cannot be shown to approvers exactly")]
    Unshowable,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<store::Error> for NotAsked {
    fn from(error: store::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl Held {
    /// The definition that the call was judged by.
    pub(super) fn definition(&self) -> Option<[u8; 32]> {
        self.target.as_ref()?.definition
    }
}

impl Record {
    /// Why a live approval is not for this call, or not any more.
    pub(super) fn overtaken(&self, held: &Held, likeness: &Likeness<'_>, now: i64) -> Option<&'static str> {
        let row = &self.row;
        if row.policy_set != held.decision.revision.0 {
            return Some("policy_changed");
        }
        if row.definition != held.definition() {
            return Some("definition_changed");
        }
        if row.state == State::Pending && row.decide_by <= now {
            return Some("not_decided_in_time");
        }
        if row.use_by.is_some_and(|use_by| use_by <= now) {
            return Some("not_used_in_time");
        }
        let same = likeness.bind(held, row.decide_by, &self.content.nonce) == row.binding;
        (!same).then_some("call_changed")
    }
}

impl Approvals {
    /// Asks people to approve a held call; joins the request that an earlier, equal call made.
    ///
    /// # Errors
    /// [`NotAsked`].
    pub async fn ask(&self, held: &Held) -> Result<Asked, NotAsked> {
        let matter = self.matter(held).await?;
        let likeness = Likeness::of(held, &matter);
        let mac = likeness.mac(&self.key);
        for _ in 0..limits::APPROVAL_ATTEMPTS_MAX {
            let found = self.db.read("live approval", move |read| approval::find_live(read, &mac)).await?;
            match found {
                Some(row) if row.state == State::Opening => {
                    // Another call like this one is being recorded at this very moment.
                    tokio::time::sleep(Duration::from_millis(limits::APPROVAL_RETRY_MS)).await;
                }
                Some(row) => {
                    let record = self.open(row).await?;
                    let Some(reason) = record.overtaken(held, &likeness, self.now()) else {
                        return joined(record).map_err(NotAsked::Fault);
                    };
                    self.end(&record.row, reason).await?;
                    if record.row.state == State::Approved {
                        return Err(NotAsked::Overtaken { reason, grant: grant(&record.row)? });
                    }
                }
                None => {
                    if let Some(asked) = self.request(held, &matter, &likeness, mac).await? {
                        return Ok(asked);
                    }
                }
            }
        }
        Err(NotAsked::Full)
    }

    /// What the call does, with the defaults of the definition it was judged by.
    pub(super) async fn matter(&self, held: &Held) -> Result<Matter, NotAsked> {
        let schema = match (&held.target, held.definition()) {
            (Some(target), Some(hash)) if target.kind == TargetKind::Tool => {
                let (server, name) = (held.server.to_string(), target.name.clone());
                let seal = self.ledger.row_seal();
                let find = move |read: &mut store::Read<'_>| {
                    definition::find(read, &seal, (&server, "tool", &name), &hash)
                };
                let body = self.db.read("definition", find).await?;
                body.and_then(|definition| input_schema(&definition.body))
            }
            _ => None,
        };
        canonical::matter(&held.message, schema.as_deref()).ok_or(NotAsked::Unshowable)
    }

    /// Makes a new request. `None`: another process was faster.
    async fn request(
        &self,
        held: &Held,
        matter: &Matter,
        likeness: &Likeness<'_>,
        mac: [u8; 32],
    ) -> Result<Option<Asked>, NotAsked> {
        let asker = match held.context.origin {
            Origin::Caller => held.principal.party.digest(),
            Origin::Canary => NOBODY,
        };
        self.require_room(asker).await?;
        let terms = held.decision.terms.clone().unwrap_or_default();
        let (id, now) = (crate::clock::new_id(&*self.clock), self.now());
        let decide_by = now.saturating_add(terms.decide_within_s.saturating_mul(1_000_000));
        let nonce = nonce()?;
        let content = contents(held, matter, &terms, &nonce);
        let sealed =
            self.ledger.seal(id.into_bytes(), content::write(&content)).await.map_err(Fault::from)?;
        let row = approval::Approval {
            id: id.into_bytes(),
            likeness: mac,
            binding: likeness.bind(held, decide_by, &nonce),
            state: State::Opening,
            call: held.call.into_bytes(),
            asker,
            server: held.server.to_string(),
            policy_set: held.decision.revision.0,
            definition: held.definition(),
            quorum: i64::from(terms.quorum),
            requested: now,
            decide_by,
            use_by: None,
            request_leaf: None,
            grant_leaf: None,
            ended: None,
            reason: None,
            sealed,
        };
        let stored = row.clone();
        if !self.db.write("request approval", move |tx| approval::insert(tx, &stored)).await? {
            return Ok(None);
        }
        let recorded = self.ledger.attest(requested(held, &row, &terms)).await;
        let key = row.id;
        let receipt = match recorded {
            Ok(receipt) => receipt,
            Err(error) => {
                self.db.write("discard approval", move |tx| approval::discard(tx, &key)).await?;
                return Err(NotAsked::Fault(error.into()));
            }
        };
        let leaf = *receipt.leaf.as_bytes();
        let news = self.news_of(&row, "approval.requested");
        let pending = self.db.write("open approval", move |tx| {
            let pending = approval::pend(tx, &key, &leaf)?;
            if pending {
                delivery::insert(tx, &news)?;
            }
            Ok(pending)
        });
        if !pending.await? {
            return Ok(None);
        }
        let kind = GrantKind::Approval;
        let grant = Grant { approval: id, leaf: receipt.leaf, binding: row.binding, kind };
        Ok(Some(Asked { id, state: State::Pending, terms, decide_by, grant }))
    }

    async fn require_room(&self, asker: [u8; 32]) -> Result<(), NotAsked> {
        let limit = limits::APPROVALS_LIVE_MAX;
        let counted = self.db.read("count approvals", move |read| approval::count_live(read, &asker, limit));
        let (all, own) = counted.await?;
        if all >= limit as usize || own >= limits::APPROVALS_PER_CALLER_MAX {
            return Err(NotAsked::Full);
        }
        Ok(())
    }
}

/// The `approval.requested` leaf.
fn requested(held: &Held, row: &approval::Approval, terms: &Terms) -> ApprovalStep {
    ApprovalStep {
        stage: Stage::Requested,
        approval: Uuid::from_bytes(row.id),
        request: None,
        call: held.call,
        actor: Some((held.principal.clone(), held.context.clone())),
        server: held.server.clone(),
        about: Some(About {
            kind: MessageKind::Request,
            method: held.method.clone(),
            target: held.target.clone(),
            decision: held.decision.clone(),
        }),
        detail: detail(row, terms),
        body: Some(held.body.clone()),
    }
}

fn detail(row: &approval::Approval, terms: &Terms) -> serde_json::Value {
    let mut detail = json!({ "binding": hex(row.binding), "quorum": terms.quorum, "terms": terms });
    // What verifiers look at.
    if terms.passkey == Demand::Required {
        detail["signed"] = json!("passkey");
    }
    detail
}

fn contents(held: &Held, matter: &Matter, terms: &Terms, nonce: &str) -> Content {
    let raw = |field| held.message.field(field).map(|value: Value<'_>| value.raw().to_owned());
    Content {
        who: (&*held.principal).into(),
        server: held.server.to_string(),
        method: held.method.to_string(),
        target: held.target.as_ref().map(|target| (target.kind.as_str().to_owned(), target.name.clone())),
        matter: matter.text.clone(),
        defaulted: matter.defaulted.clone(),
        policies: held.decision.policies.to_vec(),
        terms: terms.clone(),
        nonce: nonce.to_owned(),
        request_state: raw(Field::RequestState),
        input_responses: raw(Field::InputResponses),
        task: held.task.clone(),
    }
}

fn joined(Record { row, content, .. }: Record) -> Result<Asked, Fault> {
    Ok(Asked {
        id: Uuid::from_bytes(row.id),
        state: row.state,
        terms: Arc::new(content.terms),
        decide_by: row.decide_by,
        grant: grant(&row)?,
    })
}

/// The approval as evidence names it.
pub(super) fn grant(row: &approval::Approval) -> Result<Grant, Fault> {
    let leaf = row.grant_leaf.or(row.request_leaf).ok_or(Fault::Malformed)?;
    Ok(Grant {
        approval: Uuid::from_bytes(row.id),
        leaf: Hash::from_bytes(leaf),
        binding: row.binding,
        kind: GrantKind::Approval,
    })
}

fn input_schema(definition: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(definition).ok()?;
    let definition = Value::parse(text, limits::JSON_DEPTH_MAX).ok()?;
    Some(definition.member("inputSchema")?.raw().to_owned())
}

fn nonce() -> Result<String, NotAsked> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| NotAsked::Fault(Fault::Malformed))?;
    Ok(hex(bytes))
}
