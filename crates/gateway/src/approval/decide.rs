//! People decide: who may, and what their word does.

use std::sync::Arc;
use std::time::Duration;

use evidence::merkle::Hash;
use inspect::value::Value;
use serde_json::json;
use uuid::Uuid;

use super::bound::hex;
use super::content::{self, Said};
use super::known::target_kind;
use super::sign::{Signature, Signed, Unsigned};
use super::{Approvals, Fault, Record};
use crate::identity::Trust;
use crate::ledger::{ApprovalStep, Stage, Unavailable};
use crate::limits;
use crate::mcp::method::Direction;
use crate::model::{Context, Demand, Effect, Identity, MessageKind, Principal, Target, Terms};
use crate::policy::{Duty, PolicySet, Question};
use crate::store::approval::State;
use crate::store::approval_vote::{self, Reservation, Vote, Word};
use crate::store::delivery;

/// Somebody who wants to decide, proven for this very request.
#[derive(Debug, Clone)]
pub struct Approver {
    /// Who.
    pub principal: Arc<Principal>,
    /// Under which circumstances.
    pub context: Context,
    /// Whether their issuer's word counts here.
    pub trust: Trust,
    /// What vouched for them in the place of their issuer, for the record.
    pub through: Option<&'static str>,
}

/// What somebody says.
#[derive(Debug, Clone)]
pub enum Ballot {
    /// Yes.
    Approve {
        /// Why, if they say so.
        reason: Option<String>,
        /// The signature of their passkey over what the approval is bound to.
        passkey: Option<Signature>,
    },
    /// No.
    Reject {
        /// Why.
        reason: String,
    },
}

/// Why a word does not count.
#[derive(Debug, thiserror::Error)]
pub enum NotDecided {
    /// There is no such approval, or nothing that this person may know of.
    #[error("there is no such approval")]
    Unknown,
    /// Programs do not approve, nor does anybody through a program.
    #[error("only a person can decide, signed in as themselves: not a service key, a service or an agent")]
    NotAPerson,
    /// It is their own call, or one made by somebody who acts for them.
    #[error(
        "nobody decides on their own call, nor on one made on their behalf, nor as somebody with their subject or address at \
         another issuer: ask another approver"
    )]
    Own,
    /// Policy, or an annotation of the policies that held the call, does not make them an approver.
    #[error("policy does not make you an approver of this call: ask one, or whoever writes the policies")]
    NotAnApprover,
    /// A reason is required.
    #[error("a reason is required, of at most {} bytes", limits::APPROVAL_REASON_BYTES_MAX)]
    Reason,
    /// Policy wants a signature.
    #[error(
        "policy wants this approval signed with a passkey: decide in the console, where you have registered one"
    )]
    PasskeyRequired,
    /// The signature does not count.
    #[error("the signature of the passkey does not count: {0}")]
    Passkey(Unsigned),
    /// They said so before.
    #[error(
        "you have said so already, here or as somebody with your subject or address: approvers are counted by person"
    )]
    Again,
    /// It is not open any more.
    #[error(
        "it is not open to this decision: it is {}, and the call must be repeated to be asked for again", .0.as_str()
    )]
    Closed(State),
    /// What it was asked under has changed, so it was ended.
    #[error("the policies have changed since it was asked for: it was ended, and the call must be repeated")]
    Overtaken,
    /// Somebody else is deciding at this moment.
    #[error("somebody else is deciding at this moment: try again")]
    Busy,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Ballot {
    fn word(&self) -> Word {
        match self {
            Self::Approve { .. } => Word::Approve,
            Self::Reject { .. } => Word::Reject,
        }
    }

    fn reason(&self) -> Option<&str> {
        let reason = match self {
            Self::Approve { reason, .. } => reason.as_deref(),
            Self::Reject { reason } => Some(reason.as_str()),
        };
        reason.map(str::trim).filter(|reason| !reason.is_empty())
    }
}

impl Record {
    /// Whether somebody may decide, by identity, groups and policy.
    ///
    /// # Errors
    /// [`NotDecided`], with the reason.
    pub fn admit(&self, set: &PolicySet, approver: &Approver) -> Result<(), NotDecided> {
        let who = &approver.principal;
        if !who.is_person() {
            return Err(NotDecided::NotAPerson);
        }
        if self.content.who.may_involve(&who.party) || self.content.who.may_be(&Identity::from(&**who)) {
            return Err(NotDecided::Own);
        }
        if self.content.terms.admit(&who.groups) && self.permits(set, Duty::Approve, approver) {
            return Ok(());
        }
        Err(NotDecided::NotAnApprover)
    }

    /// Whether somebody may know of it: whoever asked, whoever may decide, whoever policy lets view it.
    fn shows(&self, set: &PolicySet, viewer: &Approver) -> bool {
        self.content.who.involves(&viewer.principal.party)
            || self.admit(set, viewer).is_ok()
            || self.permits(set, Duty::View, viewer)
    }

    /// Whether somebody may do this here. Who may not even know of it is told that there is no such approval.
    ///
    /// # Errors
    /// [`NotDecided`].
    pub fn allow(&self, duty: Duty, set: &PolicySet, who: &Approver) -> Result<(), NotDecided> {
        if !self.shows(set, who) {
            return Err(NotDecided::Unknown);
        }
        match duty {
            Duty::View => Ok(()),
            Duty::Approve => self.admit(set, who),
            // Duties in the gateway itself are about no held call.
            _ => Err(NotDecided::NotAnApprover),
        }
    }

    fn permits(&self, set: &PolicySet, duty: Duty, approver: &Approver) -> bool {
        if approver.trust == Trust::Withheld {
            return false;
        }
        let target = self.content.target.as_ref().and_then(|(kind, name)| {
            let kind = target_kind(kind)?;
            Some(Target { kind, name: name.clone(), listed: true, definition: self.row.definition })
        });
        let arguments = Value::parse(&self.content.matter, limits::JSON_DEPTH_MAX).ok().and_then(|matter| {
            let whole = !matches!(&*self.content.method, "tools/call" | "prompts/get");
            if whole { Some(matter.raw()) } else { matter.member("arguments").map(Value::raw) }
        });
        let question = Question {
            principal: &approver.principal,
            server: &self.row.server,
            method: duty.as_str(),
            kind: MessageKind::Request,
            direction: Direction::ToUpstream,
            target: target.as_ref(),
            arguments,
            statement: self.statement.as_ref(),
            context: &approver.context,
            definition: self.definition,
        };
        set.permits(duty, &question).effect == Effect::Allow
    }
}

impl Approvals {
    /// Counts what somebody says; answers where the approval stands then.
    ///
    /// # Errors
    /// [`NotDecided`]; nothing has happened then.
    pub async fn decide(
        &self,
        set: &PolicySet,
        id: Uuid,
        approver: &Approver,
        ballot: &Ballot,
    ) -> Result<State, NotDecided> {
        let record = self.find(id).await?.ok_or(NotDecided::Unknown)?;
        record.allow(Duty::Approve, set, approver)?;
        let terms = &record.content.terms;
        require_reason(ballot, terms)?;
        if record.row.ended.is_none() && record.row.policy_set != set.revision().0 {
            self.end(&record.row, "policy_changed").await?;
            return Err(NotDecided::Overtaken);
        }
        let signed = self.signed(&record, approver, ballot).await?;
        let vote = self.reserve(&record, approver, ballot, signed.as_ref()).await?;
        let key = record.row.id;
        if self.has_said_so(id, approver, ballot).await? {
            self.take_back(key, vote.voter).await?;
            return Err(NotDecided::Again);
        }
        let leaf = self.record(&record, approver, ballot, signed.as_ref()).await;
        let leaf = match leaf {
            Ok(leaf) => leaf,
            Err(error) => {
                // With a timeout the leaf may still appear: whether it did is found out later, see `keep`.
                if error != Unavailable::Timeout {
                    self.take_back(key, vote.voter).await?;
                }
                return Err(NotDecided::Fault(error.into()));
            }
        };
        Ok(self.settle(id, vote, leaf, terms).await?)
    }

    /// Whether the same person said the same under another name. While a word is reserved nobody else's is counted.
    async fn has_said_so(&self, id: Uuid, approver: &Approver, ballot: &Ballot) -> Result<bool, Fault> {
        let record = self.find(id).await?.ok_or(Fault::Malformed)?;
        let who = Identity::from(&*approver.principal);
        Ok(record.votes.iter().any(|(_, said)| said.word == ballot.word() && said.who.may_be(&who)))
    }

    /// Takes back a vote that is not on record.
    async fn take_back(&self, id: [u8; 16], voter: [u8; 32]) -> Result<(), Fault> {
        let withdrawn = self.db.write("withdraw vote", move |tx| approval_vote::withdraw(tx, &id, &voter));
        Ok(withdrawn.await?)
    }

    /// Counts a vote whose leaf is durable.
    pub(super) async fn settle(
        &self,
        id: Uuid,
        vote: Vote,
        leaf: [u8; 32],
        terms: &Terms,
    ) -> Result<State, Fault> {
        let key = id.into_bytes();
        let use_by = vote.ts.saturating_add(terms.use_within_s.saturating_mul(1_000_000));
        let (approved, rejected) = (self.news(key, "approval.approved"), self.news(key, "approval.rejected"));
        let settled = self.db.write("settle vote", move |tx| {
            let state = approval_vote::settle(tx, &key, &vote, &leaf, use_by)?;
            match (state, vote.verdict) {
                (State::Approved, Word::Approve) => delivery::insert(tx, &approved)?,
                (State::Rejected, Word::Reject) => delivery::insert(tx, &rejected)?,
                _ => {}
            }
            Ok(state)
        });
        let state = settled.await?;
        self.waiters.tell(id, state);
        Ok(state)
    }

    async fn reserve(
        &self,
        record: &Record,
        approver: &Approver,
        ballot: &Ballot,
        signed: Option<&Signed>,
    ) -> Result<Vote, NotDecided> {
        let ts = self.now();
        let said = Said {
            who: (&*approver.principal).into(),
            word: ballot.word(),
            ts,
            reason: ballot.reason().map(str::to_owned),
            passkey: signed.map(|signed| signed.assertion.credential.clone()),
        };
        let sealed = self.ledger.seal(record.row.id, content::write(&said)).await.map_err(Fault::from)?;
        let voter = approver.principal.party.digest();
        for _ in 0..limits::APPROVAL_ATTEMPTS_MAX {
            let vote = Vote { voter, verdict: said.word, ts, leaf: None, sealed: sealed.clone() };
            let (key, stored, signed) = (record.row.id, vote.clone(), signed.cloned());
            let reserved = self.db.write("reserve vote", move |tx| {
                let reservation = approval_vote::reserve(tx, &key, &stored)?;
                let counts = match &signed {
                    Some(signed) if reservation == Reservation::Made => signed.count(tx, &stored)?,
                    _ => true,
                };
                if !counts {
                    approval_vote::withdraw(tx, &key, &stored.voter)?;
                }
                Ok(counts.then_some(reservation))
            });
            match reserved.await.map_err(Fault::from)?.ok_or(NotDecided::Passkey(Unsigned::Copied))? {
                Reservation::Made => return Ok(vote),
                Reservation::Again => return Err(NotDecided::Again),
                Reservation::Closed(state) => return Err(NotDecided::Closed(state)),
                Reservation::Unknown => return Err(NotDecided::Unknown),
                Reservation::Busy => {
                    tokio::time::sleep(Duration::from_millis(limits::APPROVAL_RETRY_MS)).await;
                }
            }
        }
        Err(NotDecided::Busy)
    }

    async fn record(
        &self,
        record: &Record,
        approver: &Approver,
        ballot: &Ballot,
        signed: Option<&Signed>,
    ) -> Result<[u8; 32], Unavailable> {
        let body = ballot
            .reason()
            .map(|reason| self.mask.document(&json!({ "reason": reason }).to_string().into_bytes().into()));
        let step = ApprovalStep {
            stage: match ballot.word() {
                Word::Approve => Stage::Approved,
                Word::Reject => Stage::Rejected,
            },
            approval: Uuid::from_bytes(record.row.id),
            request: record.row.request_leaf.map(Hash::from_bytes),
            call: Uuid::from_bytes(record.row.call),
            actor: Some((approver.principal.clone(), approver.context.clone())),
            server: Arc::from(&*record.row.server),
            about: None,
            detail: detail(record, approver, signed),
            body,
        };
        Ok(*self.ledger.attest(step).await?.leaf.as_bytes())
    }
}

fn detail(record: &Record, approver: &Approver, signed: Option<&Signed>) -> serde_json::Value {
    let mut detail = json!({ "binding": hex(record.row.binding) });
    if let Some(through) = approver.through {
        detail["through"] = json!(through);
    }
    if let Some(signed) = signed {
        detail["passkey"] = json!(signed.assertion);
    }
    detail
}

fn require_reason(ballot: &Ballot, terms: &Terms) -> Result<(), NotDecided> {
    let required = ballot.word() == Word::Reject || terms.reason == Demand::Required;
    match ballot.reason() {
        None if required => Err(NotDecided::Reason),
        Some(reason) if reason.len() > limits::APPROVAL_REASON_BYTES_MAX => Err(NotDecided::Reason),
        _ => Ok(()),
    }
}
