//! From what happened to a leaf that is only missing its place: here is decided what may stand in a leaf.
//!
//! Names that the operator configured or an upstream listed may. The caller's own words, addresses, names of people
//! and bodies may not: they become keyed MACs, or commitments to sealed records.

mod approval;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::rand;
use bytes::Bytes;
use evidence::id::Id;
use evidence::jcs;
use evidence::leaf::{self, Actor, ActorKind, EventType, Frames, LanePosition, Leaf};
use evidence::merkle::Hash;
use evidence::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::deed::Deed;
use super::identifier::Identifiers;
use super::part;
use super::vault::{Sealed, Vault, VaultError};
use super::verb::{Denial, DenialKind, Document, Event, EventActor, Intent, Outcome, Unavailable};
use crate::limits;
use crate::mask::Redacted;
use crate::mcp::method;
use crate::model::{self, Context, Method, Origin, Principal, PrincipalKind, Somebody, Target};
use crate::store;

/// Where a leaf goes before the writer knows: overwritten when it is placed.
const NOWHERE: LanePosition = LanePosition { lane: Id::from_bytes([0; 16]), seq: 0, prev: Hash::ZERO };

/// A leaf without a place, and what is stored with it.
pub(super) struct Draft {
    pub(super) leaf: Leaf,
    pub(super) step: Step,
    pub(super) payload: Option<Sealed>,
    pub(super) context: Option<Arc<SealedContext>>,
    pub(super) documents: Vec<Document>,
    pub(super) deed: Option<Deed>,
}

impl Draft {
    /// Whether it says how a call ended.
    pub(super) fn is_outcome(&self) -> bool {
        self.leaf.event == EventType::CallOutcome
    }

    /// About how much memory it holds.
    pub(super) fn bytes(&self) -> usize {
        self.payload.as_ref().map_or(0, |sealed| sealed.record.len())
    }
}

/// What a leaf does to its call. The writer holds every call to: one beginning, then one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The call is open from here on.
    Begin(Uuid),
    /// The call must be open, and stays so.
    Continue(Uuid),
    /// The call must be open, and is not any more.
    End(Uuid),
    /// About no call that is open or will be.
    Aside,
}

/// Personal context as it will be stored. Shared by the leaves of a session.
pub(super) struct SealedContext {
    actor: String,
    sealed: Sealed,
    ts: i64,
    /// Whether the record is in the database; until then every leaf that names it brings it along.
    pub(super) durable: AtomicBool,
}

impl SealedContext {
    /// The record as it is stored.
    pub(super) fn row(&self) -> store::context::Sealed<'_> {
        store::context::Sealed {
            commitment: self.sealed.commitment.as_bytes(),
            actor: &self.actor,
            day: self.sealed.day,
            ts: self.ts,
            sealed: &self.sealed.record,
        }
    }
}

/// Makes drafts. Shared by all callers; the writer is not involved.
pub(super) struct Drafter {
    identifiers: Identifiers,
    vault: Vault,
    contexts: Mutex<Contexts>,
}

/// Contexts sealed earlier today.
#[derive(Default)]
struct Contexts {
    day: i64,
    known: HashMap<Vec<u8>, Arc<SealedContext>>,
}

/// Time and key for one draft.
pub(super) struct Moment {
    pub(super) ts: Timestamp,
    pub(super) day: i64,
    pub(super) key: Arc<LessSafeKey>,
}

/// The erasable context of a call.
#[derive(Serialize)]
struct Personal<'a> {
    issuer: &'a str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Somebody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    groups: &'a [String],
    scopes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    address: std::net::IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    session: Uuid,
    /// Only names that stand in no leaf.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
}

impl Drafter {
    pub(super) fn new(identifiers: Identifiers, vault: Vault) -> Self {
        Self { identifiers, vault, contexts: Mutex::default() }
    }

    pub(super) fn identifiers(&self) -> &Identifiers {
        &self.identifiers
    }

    pub(super) fn vault(&self) -> &Vault {
        &self.vault
    }

    pub(super) fn intent(&self, intent: &Intent, moment: &Moment) -> Result<Draft, Unavailable> {
        let mut leaf = blank(EventType::CallIntent, moment.ts)?;
        leaf.call = Some(id(intent.call));
        self.describe(&mut leaf, &intent.principal, &intent.context);
        leaf.server = Some(intent.server.to_string());
        leaf.kind = Some(kind(intent.kind));
        leaf.method = Some(self.method(&intent.method));
        self.aim(&mut leaf, &intent.server, intent.target.as_ref());
        leaf.statement = intent.statement.as_ref().map(part::statement).transpose()?;
        leaf.decision = Some(decision(&intent.decision));
        leaf.forwarded = Some(self.identifiers.forwarded(&intent.forwarded));
        let unlisted = intent.target.as_ref().filter(|target| !target.listed);
        let context = self.context(
            &mut leaf,
            moment,
            &personal(&intent.principal, &intent.context, unlisted, Some(&intent.method)),
        )?;
        let payload = self.enclose(&mut leaf, moment, Some(&intent.body))?;
        Ok(Draft {
            leaf,
            step: Step::Begin(intent.call),
            payload,
            context: Some(context),
            documents: Vec::new(),
            deed: None,
        })
    }

    pub(super) fn denial(&self, denial: &Denial, moment: &Moment) -> Result<Draft, Unavailable> {
        let event = match denial.kind {
            DenialKind::Unproven => EventType::AuthFailed,
            DenialKind::Refused => EventType::CallDenied,
        };
        let mut leaf = blank(event, moment.ts)?;
        leaf.call = Some(id(denial.call));
        self.describe(&mut leaf, &denial.principal, &denial.context);
        leaf.server = denial.server.as_deref().map(str::to_owned);
        leaf.method = denial.method.as_ref().map(|method| self.method(method));
        leaf.refusal = Some(denial.refusal.to_owned());
        let unlisted = denial.target.as_ref().filter(|target| !target.listed);
        let mut payload = None;
        if let Some(reason) = denial.reason {
            let mut facts = serde_json::json!({ "reason": reason });
            if denial.count > 1 {
                facts["count"] = denial.count.into();
            }
            leaf.detail = Some(detail(&facts)?);
        }
        if denial.kind == DenialKind::Refused {
            leaf.kind = denial.message.map(kind);
            self.aim(&mut leaf, denial.server.as_deref().unwrap_or_default(), denial.target.as_ref());
            leaf.statement = denial.statement.as_ref().map(part::statement).transpose()?;
            leaf.decision = denial.decision.as_ref().map(decision);
            payload = self.enclose(&mut leaf, moment, denial.body.as_ref())?;
        }
        let personal = personal(&denial.principal, &denial.context, unlisted, denial.method.as_ref());
        let context = self.context(&mut leaf, moment, &personal)?;
        Ok(Draft {
            leaf,
            step: Step::Aside,
            payload,
            context: Some(context),
            documents: Vec::new(),
            deed: None,
        })
    }

    pub(super) fn frame(
        &self,
        (call, origin): (Uuid, Origin),
        position: u64,
        body: &Redacted<Bytes>,
        moment: &Moment,
    ) -> Result<Draft, Unavailable> {
        let mut leaf = blank(EventType::CallFrame, moment.ts)?;
        leaf.call = Some(id(call));
        leaf.frame = Some(position);
        leaf.actor = nobody(origin);
        let payload = self.enclose(&mut leaf, moment, Some(body))?;
        Ok(Draft {
            leaf,
            step: Step::Continue(call),
            payload,
            context: None,
            documents: Vec::new(),
            deed: None,
        })
    }

    pub(super) fn outcome(
        &self,
        (call, origin): (Uuid, Origin),
        frames: Option<Frames>,
        outcome: &Outcome,
        moment: &Moment,
    ) -> Result<Draft, Unavailable> {
        let mut leaf = blank(EventType::CallOutcome, moment.ts)?;
        leaf.call = Some(id(call));
        // A code beyond what JSON can count exactly is the upstream's nonsense; the payload keeps it.
        let code = outcome.rpc_code.filter(|code| code.abs() <= jcs::INTEGER_MAX);
        leaf.outcome = Some(leaf::Outcome { code, status: outcome.status });
        leaf.frames = frames;
        leaf.actor = nobody(origin);
        leaf.refusal = outcome.refusal.map(str::to_owned);
        let payload = self.enclose(&mut leaf, moment, outcome.body.as_ref())?;
        Ok(Draft { leaf, step: Step::End(call), payload, context: None, documents: Vec::new(), deed: None })
    }

    pub(super) fn event(&self, event: Event, moment: &Moment) -> Result<Draft, Unavailable> {
        let mut leaf = blank(event.event, moment.ts)?;
        leaf.actor = Some(match &event.actor {
            EventActor::Gateway => gateway(),
            EventActor::Principal(principal) => self.actor(principal, Origin::Caller),
        });
        leaf.server = event.server.as_deref().map(str::to_owned);
        leaf.session = event.session.map(id);
        leaf.approval = event.approval.map(|(of, leaf)| leaf::ApprovalStep { id: id(of), leaf });
        leaf.detail = event.detail;
        let payload = self.enclose(&mut leaf, moment, event.body.as_ref())?;
        Ok(Draft {
            leaf,
            step: Step::Aside,
            payload,
            context: None,
            documents: event.documents,
            deed: event.deed,
        })
    }

    /// Who and in which session, in pseudonyms.
    fn describe(&self, leaf: &mut Leaf, principal: &Principal, context: &Context) {
        leaf.actor = Some(self.actor(principal, context.origin));
        // Nil where there is none: of callers of the API.
        leaf.session = (!context.session.is_nil()).then(|| id(context.session));
    }

    fn actor(&self, principal: &Principal, origin: Origin) -> Actor {
        let kind = match principal.kind {
            _ if origin == Origin::Canary => ActorKind::Canary,
            PrincipalKind::Human => ActorKind::Human,
            PrincipalKind::Service => ActorKind::Service,
            PrincipalKind::Agent => ActorKind::Agent,
            PrincipalKind::Anonymous => {
                return Actor {
                    id: None,
                    issuer: None,
                    kind: ActorKind::Anonymous,
                    on_behalf_of: Vec::new(),
                    token: None,
                };
            }
        };
        let subject = |party: &model::Party| leaf::Subject {
            id: self.identifiers.actor(party),
            issuer: party.issuer.clone(),
        };
        Actor {
            id: Some(self.identifiers.actor(&principal.party)),
            issuer: Some(principal.party.issuer.clone()),
            kind,
            on_behalf_of: principal.others().map(subject).collect(),
            token: Some(Hash::of(&principal.token.0)),
        }
    }

    fn method(&self, name: &Method) -> String {
        match name {
            Cow::Borrowed(ours) => (*ours).to_owned(),
            Cow::Owned(name) => match method::find(name) {
                Some(row) => row.name.to_owned(),
                None => self.identifiers.method(name),
            },
        }
    }

    fn aim(&self, leaf: &mut Leaf, server: &str, target: Option<&Target>) {
        let Some(target) = target else { return };
        let kind = match target.kind {
            model::TargetKind::Tool => leaf::TargetKind::Tool,
            model::TargetKind::Resource => leaf::TargetKind::Resource,
            model::TargetKind::Prompt => leaf::TargetKind::Prompt,
            model::TargetKind::Task => leaf::TargetKind::Task,
        };
        // Addresses of resources name people and files; only tools and prompts that a list named are shown.
        let shown = target.listed
            && !target.name.is_empty()
            && target.name.len() <= limits::LEAF_NAME_BYTES_MAX
            && matches!(target.kind, model::TargetKind::Tool | model::TargetKind::Prompt);
        leaf.target = Some(if shown {
            leaf::Target { id: None, kind, name: Some(target.name.clone()) }
        } else {
            let mac = self.identifiers.target(server, target.kind, &target.name);
            leaf::Target { id: Some(mac), kind, name: None }
        });
        leaf.definition = target.definition.map(Hash::from_bytes);
    }

    /// Seals a body and commits to it.
    fn enclose(
        &self,
        leaf: &mut Leaf,
        moment: &Moment,
        body: Option<&Redacted<Bytes>>,
    ) -> Result<Option<Sealed>, Unavailable> {
        let Some(body) = body else { return Ok(None) };
        let record = part::record(body);
        let sealed =
            self.vault.seal(moment.day, &moment.key, leaf.id.as_bytes(), &record).map_err(sealing)?;
        leaf.payload = Some(leaf::Payload { bytes: sealed.bytes, commitment: sealed.commitment });
        leaf.redactions =
            body.redactions().iter().map(|(detector, &count)| (detector.clone(), u64::from(count))).collect();
        Ok(Some(sealed))
    }

    /// Seals the personal context, or takes the record that says the same, and commits to it.
    fn context(
        &self,
        leaf: &mut Leaf,
        moment: &Moment,
        personal: &Personal<'_>,
    ) -> Result<Arc<SealedContext>, Unavailable> {
        // Unwrap safety: a struct of texts and lists serialises.
        let content = serde_json::to_vec(personal).expect("context serialises");
        let shared = personal.target.is_none() && personal.method.is_none();
        if shared && let Some(known) = self.known(moment.day, &content) {
            leaf.context = Some(known.sealed.commitment);
            return Ok(known);
        }
        let sealed = self.vault.seal(moment.day, &moment.key, &CONTEXT_ID, &content).map_err(sealing)?;
        leaf.context = Some(sealed.commitment);
        let actor = leaf.actor.as_ref().and_then(|actor| actor.id.clone()).unwrap_or_default();
        let context = Arc::new(SealedContext {
            actor,
            sealed,
            ts: moment.ts.as_micros(),
            durable: AtomicBool::new(false),
        });
        if shared {
            self.remember(moment.day, content, &context);
        }
        Ok(context)
    }

    fn known(&self, day: i64, content: &[u8]) -> Option<Arc<SealedContext>> {
        let contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        if contexts.day == day { contexts.known.get(content).cloned() } else { None }
    }

    fn remember(&self, day: i64, content: Vec<u8>, context: &Arc<SealedContext>) {
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        if contexts.day != day || contexts.known.len() >= limits::LEDGER_MEMORY_MAX {
            contexts.known.clear();
            contexts.day = day;
        }
        contexts.known.insert(content, Arc::clone(context));
    }
}

/// Stands for the leaf's id in the seal of a context, which belongs to many leaves.
pub(super) const CONTEXT_ID: [u8; 16] = *b"personal context";

/// A leaf of the gateway about itself.
pub(super) fn own(
    event: EventType,
    ts: Timestamp,
    facts: Option<&serde_json::Value>,
) -> Result<Draft, Unavailable> {
    let mut leaf = blank(event, ts)?;
    leaf.actor = Some(gateway());
    leaf.detail = facts.map(detail).transpose()?;
    Ok(Draft { leaf, step: Step::Aside, payload: None, context: None, documents: Vec::new(), deed: None })
}

/// The end of a call whose gateway cannot say how it ended.
pub(super) fn orphan(call: Uuid, step: Step, ts: Timestamp) -> Result<Draft, Unavailable> {
    let mut draft = own(EventType::CallOrphaned, ts, None)?;
    draft.leaf.call = Some(id(call));
    draft.step = step;
    Ok(draft)
}

fn personal<'a>(
    principal: &'a Principal,
    context: &'a Context,
    unlisted: Option<&'a Target>,
    method: Option<&'a Method>,
) -> Personal<'a> {
    let unknown = method.and_then(|name| match name {
        Cow::Owned(name) if method::find(name).is_none() => Some(name.as_str()),
        _ => None,
    });
    Personal {
        issuer: &principal.party.issuer,
        subject: &principal.party.subject,
        owner: principal.owner.as_ref().map(Somebody::from),
        name: principal.name.as_deref(),
        email: principal.email.as_deref(),
        groups: &principal.groups,
        scopes: &principal.scopes,
        client: principal.client.as_deref(),
        address: context.address,
        user_agent: context.user_agent.as_deref(),
        session: context.session,
        target: unlisted.map(|target| target.name.as_str()),
        method: unknown,
    }
}

fn blank(event: EventType, ts: Timestamp) -> Result<Leaf, Unavailable> {
    Ok(Leaf::new(event, fresh_id(ts).ok_or_else(no_random)?, ts, NOWHERE))
}

/// A version 7 UUID for this instant.
pub(super) fn fresh_id(ts: Timestamp) -> Option<Id> {
    let mut random = [0; 10];
    rand::fill(&mut random).ok()?;
    let millis = (ts.as_micros() / 1_000).cast_unsigned();
    Some(id(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()))
}

pub(super) fn no_random() -> Unavailable {
    Unavailable::Sealing("the system gave no random bytes".into())
}

fn id(uuid: Uuid) -> Id {
    Id::from_bytes(uuid.into_bytes())
}

/// Marks what has no actor of its own when it is the gateway's own doing.
fn nobody(origin: Origin) -> Option<Actor> {
    (origin == Origin::Canary).then(|| Actor { kind: ActorKind::Canary, ..gateway() })
}

fn gateway() -> Actor {
    Actor { id: None, issuer: None, kind: ActorKind::Gateway, on_behalf_of: Vec::new(), token: None }
}

fn kind(kind: model::MessageKind) -> leaf::MessageKind {
    match kind {
        model::MessageKind::Request => leaf::MessageKind::Request,
        model::MessageKind::Notification => leaf::MessageKind::Notification,
        model::MessageKind::Response => leaf::MessageKind::Response,
        model::MessageKind::Stream => leaf::MessageKind::Stream,
    }
}

fn decision(decision: &model::Decision) -> leaf::Decision {
    leaf::Decision {
        approval: decision.approval.map(|grant| leaf::Grant { id: id(grant.approval), leaf: grant.leaf }),
        effect: match decision.effect {
            model::Effect::Allow => leaf::Effect::Allow,
            model::Effect::Deny => leaf::Effect::Deny,
            model::Effect::Hold => leaf::Effect::Hold,
        },
        policies: decision.policies.to_vec(),
        policy_set: Hash::from_bytes(decision.revision.0),
    }
}

pub(super) fn detail(facts: &serde_json::Value) -> Result<jcs::Object, Unavailable> {
    jcs::Object::of(facts).map_err(|error| Unavailable::Rejected(error.to_string().into()))
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn sealing(error: VaultError) -> Unavailable {
    Unavailable::Sealing(error.to_string().into())
}
