//! From a question to a Cedar request: entities and context, as far as the policies look at them.

use std::collections::{BTreeSet, HashSet};

use cedar_policy as cedar;
use cedar_policy::{Entity, EntityUid, RestrictedExpression as Expression};
use cedar_policy_core::entities::{NoEntitiesSchema, TCComputation};
use cedar_policy_core::extensions::Extensions;

use super::argument::{self, Arguments};
use super::need::{CARRIERS, Wanted};
use super::question::{Aspect, Definition, Passage, Question, Revelation};
use super::uri;
use super::vocabulary::{Action, Vocabulary};
use crate::mcp::method::Direction;
use crate::model::{Era, Somebody, Statement, TargetKind};

/// Whether the question is asked as things stand, or as they would be once a human has agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Approval {
    None,
    Granted,
}

/// Who and what a question is about, as Cedar names them.
#[derive(Debug)]
pub(super) struct Parties {
    pub(super) principal: EntityUid,
    pub(super) groups: Vec<EntityUid>,
    pub(super) server: EntityUid,
    /// The target, or the server again.
    pub(super) resource: EntityUid,
}

impl Parties {
    /// `None` for an anonymous principal.
    pub(super) fn of(question: &Question<'_>, words: &Vocabulary) -> Option<Self> {
        let who = question.principal;
        let server = words.server(question.server);
        Some(Self {
            principal: words.principal(who.kind, &who.party.issuer, &who.party.subject)?,
            groups: who.groups.iter().map(|group| words.group(group)).collect(),
            resource: match question.target {
                Some(target) => words.target(question.server, target),
                None => server.clone(),
            },
            server,
        })
    }
}

impl Parties {
    /// The same about the gateway itself, which stands in no server.
    pub(super) fn in_gateway(mut self, question: &Question<'_>, words: &Vocabulary) -> Self {
        self.resource = words.gateway(question.server);
        self.server = self.resource.clone();
        self
    }
}

/// A question in Cedar's terms.
#[derive(Debug)]
pub(super) struct Situation {
    pub(super) entities: cedar::Entities,
    principal: EntityUid,
    action: EntityUid,
    resource: EntityUid,
    /// All of the context but the approval.
    context: Vec<(String, Expression)>,
    approval: bool,
}

impl Situation {
    /// Builds what the policies want to see. An error is a sentence without anything the caller sent.
    pub(super) fn new(
        question: &Question<'_>,
        parties: &Parties,
        action: &Action,
        words: &Vocabulary,
        wanted: &Wanted<'_>,
        aspect: Option<Aspect<'_>>,
    ) -> Result<Self, String> {
        let mut entities = vec![
            principal(question, parties, wanted)?,
            resource(question, parties, wanted)?,
            action.entity.clone(),
        ];
        let mut context = context(question, wanted);
        match aspect {
            Some(Aspect::Found(finding)) if wanted.has("finding") => {
                context.push(("finding".to_owned(), found(finding)));
            }
            Some(Aspect::Opaque(part)) if wanted.has("opaque") => {
                context.push(("opaque".to_owned(), opaque(part)));
            }
            _ => {}
        }
        if wanted.arguments() {
            let read = match question.arguments {
                Some(json) => argument::read(json, wanted).map_err(|error| error.to_string())?,
                None => Arguments::default(),
            };
            if wanted.has("pointers") {
                context.push(("pointers".to_owned(), Expression::new_set(read.pointers)));
            }
            for (carrier, tags) in
                read.tags.into_iter().enumerate().filter(|(carrier, _)| wanted.uses(*carrier))
            {
                let uid = &words.carriers[carrier];
                context.push((CARRIERS[carrier].to_owned(), Expression::new_entity_uid(uid.clone())));
                entities.push(entity(uid.clone(), vec![], HashSet::new(), tags)?);
            }
        }
        Ok(Self {
            entities: closed(&entities)?,
            principal: parties.principal.clone(),
            action: action.uid.clone(),
            resource: parties.resource.clone(),
            context,
            approval: wanted.has("approval"),
        })
    }

    /// The question itself.
    pub(super) fn request(&self, approval: Approval) -> Result<cedar::Request, String> {
        let mut context = self.context.clone();
        if self.approval {
            context.push((
                "approval".to_owned(),
                record([("granted", Expression::new_bool(approval == Approval::Granted))]),
            ));
        }
        let context = cedar::Context::from_pairs(context)
            .map_err(|_| "the circumstances have no Cedar form".to_owned())?;
        let (principal, action, resource) = (&self.principal, &self.action, &self.resource);
        cedar::Request::new(principal.clone(), action.clone(), resource.clone(), context, None)
            .map_err(|_| "the question has no Cedar form".to_owned())
    }
}

/// The entities as a store. Cedar's own constructor computes the transitive closure of the hierarchy, which takes
/// longer than deciding.
///
/// INVARIANT: no parent is in the store or has a parent of its own, so the closure is the hierarchy itself.
fn closed(entities: &[Entity]) -> Result<cedar::Entities, String> {
    let entities = entities.iter().map(|entity| entity.as_ref().clone());
    cedar_policy_core::entities::Entities::from_entities(
        entities,
        None::<&NoEntitiesSchema>,
        TCComputation::AssumeAlreadyComputed,
        Extensions::all_available(),
    )
    .map(cedar::Entities::from)
    .map_err(|_| "the principal or the target has no Cedar form".to_owned())
}

fn principal(question: &Question<'_>, parties: &Parties, wanted: &Wanted<'_>) -> Result<Entity, String> {
    let who = question.principal;
    let mut pairs = Vec::new();
    let mut attribute = |name: &str, value: Option<&String>| {
        if let Some(value) = value.filter(|_| wanted.has(name)) {
            pairs.push((name.to_owned(), Expression::new_string(value.clone())));
        }
    };
    attribute("issuer", Some(&who.party.issuer));
    attribute("subject", Some(&who.party.subject));
    attribute("name", who.name.as_ref());
    attribute("email", who.email.as_ref());
    attribute("client", who.client.as_ref());
    let owner = who.owner.as_ref().map(|owner| Somebody::from(owner).to_string());
    attribute("owner", owner.as_ref());
    if wanted.has("scopes") {
        pairs.push(("scopes".to_owned(), strings(who.scopes.iter().cloned())));
    }
    entity(parties.principal.clone(), pairs, parties.groups.iter().cloned().collect(), vec![])
}

fn resource(question: &Question<'_>, parties: &Parties, wanted: &Wanted<'_>) -> Result<Entity, String> {
    let mut pairs = Vec::new();
    let mut attribute = |name: &str, value: &str| {
        if wanted.has(name) {
            pairs.push((name.to_owned(), Expression::new_string(value.to_owned())));
        }
    };
    let Some(target) = question.target else {
        attribute("name", question.server);
        return entity(parties.resource.clone(), pairs, HashSet::new(), vec![]);
    };
    attribute("server", question.server);
    match target.kind {
        TargetKind::Tool | TargetKind::Prompt => attribute("name", &target.name),
        TargetKind::Task => {}
        TargetKind::Resource => {
            attribute("uri", &target.name);
            if ["scheme", "host", "path"].iter().any(|name| wanted.has(name)) {
                let parts = uri::parts(&target.name).ok_or_else(|| {
                    "a policy compares parts of the resource URI, which can be read in two ways".to_owned()
                })?;
                attribute("scheme", &parts.scheme);
                if let Some(host) = &parts.host {
                    attribute("host", host);
                }
                if let Some(path) = &parts.path {
                    attribute("path", path);
                }
            }
        }
    }
    entity(parties.resource.clone(), pairs, HashSet::from([parties.server.clone()]), vec![])
}

fn context(question: &Question<'_>, wanted: &Wanted<'_>) -> Vec<(String, Expression)> {
    let around = question.context;
    let mut pairs = Vec::new();
    let mut put = |name: &str, value: &dyn Fn() -> Expression| {
        if wanted.has(name) {
            pairs.push((name.to_owned(), value()));
        }
    };
    put("method", &|| text(question.method));
    put("kind", &|| text(question.kind.as_str()));
    put("direction", &|| {
        text(match question.direction {
            Direction::ToUpstream => "to_upstream",
            Direction::ToCaller => "to_caller",
            Direction::Both => "both",
        })
    });
    put("era", &|| {
        text(match around.era {
            Era::Legacy => "legacy",
            Era::Modern => "modern",
        })
    });
    if let Some(revision) = &around.revision {
        put("revision", &|| text(revision));
    }
    put("time", &|| Expression::new_datetime(around.time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()));
    put("address", &|| Expression::new_ip(around.address.to_canonical().to_string()));
    put("session", &|| text(&around.session.to_string()));
    put("actors", &|| {
        strings(question.principal.actors.iter().map(|actor| format!("{}/{}", actor.issuer, actor.subject)))
    });
    put("definition", &|| {
        record([
            ("known", Expression::new_bool(question.definition != Definition::Unknown)),
            ("drifted", Expression::new_bool(question.definition == Definition::Drifted)),
        ])
    });
    if let Some(found) = question.statement {
        put("statement", &|| statement(found));
    }
    pairs
}

fn found(finding: Revelation<'_>) -> Expression {
    let Revelation { detector, class, form } = finding;
    record([("detector", text(detector)), ("class", text(class)), ("form", text(form))])
}

fn opaque(part: Passage<'_>) -> Expression {
    let bytes = i64::try_from(part.bytes).unwrap_or(i64::MAX);
    record([("kind", text(part.kind)), ("bytes", Expression::new_long(bytes))])
}

fn statement(statement: &Statement) -> Expression {
    let words = |words: &BTreeSet<&'static str>| strings(words.iter().map(|word| (*word).to_owned()));
    let names = |names: &BTreeSet<String>| strings(names.iter().cloned());
    let limit = statement.limit.and_then(|limit| i64::try_from(limit).ok());
    let members = [
        ("language", text(statement.language)),
        ("class", text(statement.class)),
        ("severity", Expression::new_long(statement.severity.into())),
        ("classes", words(&statement.classes)),
        ("statements", Expression::new_long(statement.statements.into())),
        ("reads", names(&statement.reads)),
        ("writes", names(&statement.writes)),
        ("functions", names(&statement.functions)),
        ("flags", names(&statement.flags)),
    ];
    record(members.into_iter().chain(limit.map(|limit| ("limit", Expression::new_long(limit)))))
}

fn entity(
    uid: EntityUid,
    attributes: Vec<(String, Expression)>,
    parents: HashSet<EntityUid>,
    tags: Vec<(String, Expression)>,
) -> Result<Entity, String> {
    Entity::new_with_tags(uid, attributes, parents, tags)
        .map_err(|_| "an attribute or argument has no Cedar form".to_owned())
}

fn text(value: &str) -> Expression {
    Expression::new_string(value.to_owned())
}

fn strings(values: impl Iterator<Item = String>) -> Expression {
    Expression::new_set(values.map(Expression::new_string))
}

fn record<'n>(members: impl IntoIterator<Item = (&'n str, Expression)>) -> Expression {
    Expression::new_record(members.into_iter().map(|(name, value)| (name.to_owned(), value)))
        // Unwrap safety: the names are literals, each once.
        .expect("distinct names")
}
