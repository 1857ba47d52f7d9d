//! From the record of a call back to the question that policy was asked.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use evidence::leaf::Leaf;
use evidence::merkle::Hash;
use inspect::value::Value;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::call;
use crate::ledger::{Vault, VaultError};
use crate::limits;
use crate::mcp::method::{self, Direction, Row};
use crate::model::{
    Context, Era, MessageKind, Origin, Party, Principal, PrincipalKind, Somebody, Statement, Target,
    TargetKind, TokenId,
};
use crate::policy::{Definition, PolicySet, Question, Recalled, Unrecorded, reads_arguments, recall};
use crate::report::access::{Error, Learned};
use crate::store::entry::Entry;
use crate::store::{Db, payload};

/// Within this time of a change, another gateway may not have known of it yet, in microseconds.
const LEARNING_US: i64 = 5_000_000;
/// Personal contexts kept opened.
const CONTEXTS_MAX: usize = 10_000;

/// The record of calls, with what was opened of it.
pub(super) struct Recording<'a> {
    db: &'a Db,
    vault: &'a Vault,
    /// How definitions stood, by server, kind and name: from when on.
    definitions: BTreeMap<(String, String, String), Vec<(i64, Definition)>>,
    contexts: HashMap<Hash, Option<Personal>>,
}

/// Who called, from where.
#[derive(Debug, Clone, Deserialize)]
struct Personal {
    issuer: String,
    subject: String,
    owner: Option<Somebody>,
    name: Option<String>,
    email: Option<String>,
    groups: Vec<String>,
    scopes: Vec<String>,
    client: Option<String>,
    address: IpAddr,
    target: Option<String>,
    method: Option<String>,
}

/// A recorded message: the message, and where something in it was masked.
#[derive(Deserialize)]
struct Masked<'b> {
    #[serde(borrow)]
    message: &'b serde_json::value::RawValue,
    redactions: Vec<Redaction>,
}

#[derive(Deserialize)]
struct Redaction {
    pointer: String,
}

/// The message of a call as far as it is recorded.
#[derive(Default)]
struct Message {
    text: String,
    hidden: Vec<String>,
}

/// Why a call cannot be judged again.
struct Cannot(&'static str);

impl<'a> Recording<'a> {
    pub(super) fn new(db: &'a Db, vault: &'a Vault, learned: Vec<Learned>) -> Self {
        let mut definitions: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for Learned { ts, server, kind, name, definition } in learned {
            definitions.entry((server, kind, name)).or_default().push((ts, definition));
        }
        Self { db, vault, definitions, contexts: HashMap::new() }
    }

    /// Who called, and what `set` says about the call.
    pub(super) fn recall(
        &mut self,
        set: &PolicySet,
        entry: &Entry,
        leaf: &Leaf,
    ) -> Result<(String, Recalled), Error> {
        let Some(personal) = self.personal(leaf)? else {
            let erased = "who called is not recorded, or was erased".to_owned();
            return Ok(("unknown".to_owned(), Recalled::CannotBeTold(erased)));
        };
        let who = format!("{}/{}", personal.issuer, personal.subject);
        let recalled = match self.asked(set, entry, leaf, personal)? {
            Ok(recalled) => recalled,
            Err(Cannot(why)) => Recalled::CannotBeTold(why.to_owned()),
        };
        Ok((who, recalled))
    }

    fn asked(
        &self,
        set: &PolicySet,
        entry: &Entry,
        leaf: &Leaf,
        personal: Personal,
    ) -> Result<Result<Recalled, Cannot>, Error> {
        let mut asked = match Asked::of(leaf, &personal) {
            Ok(asked) => asked,
            Err(cannot) => return Ok(Err(cannot)),
        };
        let mut message = None;
        if asked.target.as_ref().is_some_and(|target| target.name.is_empty()) {
            // Addresses of resources stand in no leaf; the message has them.
            message = self.message(entry, leaf)?;
            if !asked.name(message.as_ref()) {
                return Ok(Err(Cannot("the target is not recorded, or was erased")));
            }
        }
        self.define(&mut asked, entry.ts);
        if !reads_arguments(set, &asked.question(None)) {
            return Ok(Ok(recall(set, &asked.question(None), &asked.unrecorded)));
        }
        if message.is_none() {
            message = self.message(entry, leaf)?;
        }
        let arguments = asked.arguments(message.as_ref(), leaf);
        Ok(Ok(recall(set, &asked.question(arguments.as_deref()), &asked.unrecorded)))
    }

    fn personal(&mut self, leaf: &Leaf) -> Result<Option<Personal>, Error> {
        let Some(commitment) = leaf.context else { return Ok(None) };
        if let Some(known) = self.contexts.get(&commitment) {
            return Ok(known.clone());
        }
        let opened = match self.vault.context(self.db, &commitment) {
            Ok(bytes) => bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()),
            Err(VaultError::Erased) => None,
            Err(error) => return Err(error.into()),
        };
        if self.contexts.len() >= CONTEXTS_MAX {
            self.contexts.clear();
        }
        self.contexts.insert(commitment, opened.clone());
        Ok(opened)
    }

    fn message(&self, entry: &Entry, leaf: &Leaf) -> Result<Option<Message>, Error> {
        let Some(committed) = leaf.payload else { return Ok(None) };
        let found = self.db.read_now("body", |read| payload::at(read, entry.place))?;
        let Some((day, sealed)) = found else { return Ok(None) };
        let opened = self.vault.open(self.db, day, leaf.id.as_bytes(), sealed, &committed.commitment);
        let bytes = match opened {
            Ok(bytes) => bytes,
            Err(VaultError::Erased) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if leaf.redactions.is_empty() {
            return Ok(String::from_utf8(bytes).ok().map(|text| Message { text, hidden: Vec::new() }));
        }
        let Ok(Masked { message, redactions }) = serde_json::from_slice(&bytes) else { return Ok(None) };
        let hidden = redactions.into_iter().map(|redaction| redaction.pointer).collect();
        Ok(Some(Message { text: message.get().to_owned(), hidden }))
    }

    /// How the definition of the target stood when it was called.
    fn define(&self, asked: &mut Asked, ts: i64) {
        let Some(target) = &asked.target else { return };
        let key = (asked.server.clone(), target.kind.as_str().to_owned(), target.name.clone());
        let none = Vec::new();
        let history = self.definitions.get(&key).unwrap_or(&none);
        asked.unrecorded.definition = history.iter().any(|(at, _)| (ts - at).abs() < LEARNING_US);
        let then = history.iter().rev().find(|(at, _)| *at <= ts);
        // What the leaf names, a list had shown; the log must have it too.
        asked.unrecorded.definition |= then.is_none() && asked.listed;
        asked.definition = then.map_or(Definition::Unknown, |(_, definition)| *definition);
    }
}

/// A question that owns its parts, and what is missing of it.
struct Asked {
    principal: Principal,
    server: String,
    method: String,
    row: Option<&'static Row>,
    kind: MessageKind,
    direction: Direction,
    target: Option<Target>,
    listed: bool,
    statement: Option<Statement>,
    context: Context,
    definition: Definition,
    unrecorded: Unrecorded,
}

impl Asked {
    fn of(leaf: &Leaf, personal: &Personal) -> Result<Self, Cannot> {
        let mut unrecorded = Unrecorded { era: true, ..Unrecorded::default() };
        unrecorded.attributes.insert("revision");
        let server = leaf.server.clone().ok_or(Cannot("the server is not recorded"))?;
        let recorded = leaf.method.clone().ok_or(Cannot("the method is not recorded"))?;
        let method = match method::find(&recorded) {
            Some(row) => row.name.to_owned(),
            None if recorded.starts_with("unknown:") => {
                personal.method.clone().ok_or(Cannot("the method is not recorded, or was erased"))?
            }
            None => recorded,
        };
        let row = method::find(&method);
        let kind = call::kind(leaf.kind.ok_or(Cannot("the kind of message is not recorded"))?);
        let direction = match row.map(|row| row.direction) {
            _ if kind == MessageKind::Response => Direction::ToUpstream,
            Some(Direction::Both) => {
                unrecorded.direction = true;
                Direction::ToUpstream
            }
            Some(Direction::ToCaller) => Direction::ToCaller,
            Some(Direction::ToUpstream) | None => Direction::ToUpstream,
        };
        let statement = leaf
            .statement
            .as_ref()
            .map(|facts| call::statement(facts.as_str(), &mut unrecorded))
            .transpose()
            .map_err(|()| Cannot("the statement is recorded in words that this release does not know"))?;
        let (target, listed) = target(leaf, personal)?;
        Ok(Self {
            principal: principal(leaf, personal, &mut unrecorded)?,
            server,
            method,
            row,
            kind,
            direction,
            target,
            listed,
            statement,
            context: context(leaf, personal)?,
            definition: Definition::Unknown,
            unrecorded,
        })
    }

    fn question<'q>(&'q self, arguments: Option<&'q str>) -> Question<'q> {
        Question {
            principal: &self.principal,
            server: &self.server,
            method: &self.method,
            kind: self.kind,
            direction: self.direction,
            target: self.target.as_ref(),
            arguments,
            statement: self.statement.as_ref(),
            context: &self.context,
            definition: self.definition,
        }
    }

    /// Takes the name of the target from the message. `false`: it is not there.
    fn name(&mut self, message: Option<&Message>) -> bool {
        let Some(rule) = self.row.and_then(|row| row.target) else { return false };
        let Some(Message { text, hidden }) = message else { return false };
        let pointer = format!("/params/{}", rule.member);
        if hidden.iter().any(|masked| pointer.starts_with(masked) || masked.starts_with(&pointer)) {
            return false;
        }
        let parsed = Value::parse(text, limits::JSON_DEPTH_MAX).ok();
        let name = parsed.and_then(|message| message.member("params")?.member(rule.member)?.text());
        let (Some(name), Some(target)) = (name, &mut self.target) else { return false };
        target.name = name.into_owned();
        true
    }

    /// What policy saw as arguments, as far as it is recorded.
    fn arguments(&mut self, message: Option<&Message>, leaf: &Leaf) -> Option<String> {
        let root: &[&str] = match (self.kind, self.method.as_str()) {
            (MessageKind::Response, _) => &["result"],
            (_, "tools/call" | "prompts/get") => &["params", "arguments"],
            _ => &["params"],
        };
        let Some(Message { text, hidden }) = message else {
            // A stream has no message; of anything else it was erased, or could not be masked.
            self.unrecorded.all_arguments = leaf.payload.is_some() || self.kind != MessageKind::Stream;
            return None;
        };
        let prefix: String = root.iter().map(|name| format!("/{name}")).collect();
        self.unrecorded.arguments = hidden
            .iter()
            .filter_map(|masked| {
                let around = prefix.starts_with(masked.as_str());
                if around { Some(String::new()) } else { masked.strip_prefix(&prefix).map(str::to_owned) }
            })
            .collect();
        let mut value = Value::parse(text, limits::JSON_DEPTH_MAX).ok()?;
        for name in root {
            value = value.member(name)?;
        }
        Some(value.raw().to_owned())
    }
}

fn principal(leaf: &Leaf, personal: &Personal, unrecorded: &mut Unrecorded) -> Result<Principal, Cannot> {
    let actor = leaf.actor.as_ref().ok_or(Cannot("who called is not recorded"))?;
    let kind: PrincipalKind = call::principal(actor.kind).ok_or(Cannot("nobody was proven"))?;
    if actor.on_behalf_of.len() > personal.owner.iter().count() {
        // Pseudonyms say that there are some, not who.
        unrecorded.attributes.insert("actors");
    }
    Ok(Principal {
        kind,
        party: Party { issuer: personal.issuer.clone(), subject: personal.subject.clone() },
        name: personal.name.clone(),
        email: personal.email.clone(),
        groups: personal.groups.clone(),
        scopes: personal.scopes.clone(),
        client: personal.client.clone(),
        actors: Vec::new(),
        owner: personal.owner.as_ref().map(Party::from),
        token: TokenId([0; 16]),
        expires: Timestamp::MAX,
    })
}

/// The target, with an empty name where neither the leaf nor the personal context has it; and whether a list showed it.
fn target(leaf: &Leaf, personal: &Personal) -> Result<(Option<Target>, bool), Cannot> {
    let Some(target) = &leaf.target else { return Ok((None, false)) };
    let kind: TargetKind =
        call::target(target.kind).ok_or(Cannot("the target is of a kind that this release does not know"))?;
    let listed = target.name.is_some();
    let name = target.name.clone().or_else(|| personal.target.clone()).unwrap_or_default();
    Ok((Some(Target { kind, name, listed, definition: None }), listed))
}

fn context(leaf: &Leaf, personal: &Personal) -> Result<Context, Cannot> {
    let call = leaf.call.ok_or(Cannot("the call is not recorded"))?;
    // The id of a call begins with the millisecond in which its message was read.
    let millis = call.as_bytes()[..6].iter().fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte));
    Ok(Context {
        time: Timestamp::from_millisecond(millis).map_err(|_| Cannot("the time is not recorded"))?,
        address: personal.address,
        era: Era::Modern,
        revision: None,
        user_agent: None,
        trace: None,
        session: leaf.session.map_or(Uuid::nil(), |session| Uuid::from_bytes(*session.as_bytes())),
        origin: Origin::Caller,
    })
}
