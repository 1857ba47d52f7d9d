//! What is known of a question before it is asked.

use std::collections::BTreeMap;

use cedar_policy::pst::EntityUID;

use super::reduce::Term;
use super::{Aim, Deed, Profile, Statements};
use crate::mcp::method::Direction;
use crate::model::{PrincipalKind, TargetKind};
use crate::policy::question::{Definition, Duty};
use crate::policy::schema::{OTHER, STREAM_METHODS, entity_type};
use crate::policy::uri;
use crate::policy::vocabulary::Action;

/// What is known of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// It is not there.
    Absent,
    /// It is there, with some value.
    Present,
    /// It has this value.
    Is(Term),
    /// It is a set with these members, and perhaps others.
    Holds(Vec<Term>),
}

/// One of the entities of a question.
#[derive(Debug, Clone)]
pub(super) enum Entity {
    /// Of this type; with this id, or with one that no policy names; in these entities.
    Certain { ty: &'static str, id: Option<String>, parents: Vec<Parent> },
    /// A server, or anything in it.
    AnyOf { server: String },
}

/// Type and id of an entity that another is in.
type Parent = (String, String);

impl Entity {
    /// Whether it is of the type `wanted`.
    pub(super) fn is(&self, wanted: &str) -> Option<bool> {
        match self {
            Self::Certain { ty, .. } => Some(*ty == wanted),
            Self::AnyOf { .. } => None,
        }
    }

    /// Whether it is `uid`.
    pub(super) fn same(&self, uid: &EntityUID) -> Option<bool> {
        let (wanted, eid) = (uid.ty.to_string(), uid.eid.as_str());
        match self {
            Self::Certain { ty, id, .. } => Some(*ty == wanted && id.as_deref() == Some(eid)),
            Self::AnyOf { server } => {
                let own = match wanted.as_str() {
                    "Server" => eid == server,
                    "Tool" | "Prompt" | "Resource" | "Task" => {
                        eid.strip_prefix(server.as_str()).is_some_and(|rest| rest.starts_with('/'))
                    }
                    _ => false,
                };
                if own { None } else { Some(false) }
            }
        }
    }

    /// Whether it is `uid`, or in it.
    pub(super) fn within(&self, uid: &EntityUID) -> Option<bool> {
        let (wanted, eid) = (uid.ty.to_string(), uid.eid.as_str());
        let inside = match self {
            Self::Certain { parents, .. } => parents.iter().any(|(ty, id)| *ty == wanted && id == eid),
            Self::AnyOf { server } => wanted == "Server" && eid == server,
        };
        if inside { Some(true) } else { self.same(uid) }
    }
}

/// All that is known of a question.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) principal: Entity,
    pub(super) resource: Entity,
    action: Entity,
    /// By path: `context.approval.granted`.
    attributes: BTreeMap<String, Known>,
    /// Whether the address of the resource can be read in two ways.
    pub(super) ambiguous: bool,
}

impl Facts {
    /// What is known of `who` doing `deed` to `aim`.
    pub(super) fn new(who: &Profile, deed: Deed<'_>, action: &Action, server: &str, aim: Aim<'_>) -> Self {
        let mut facts = Self {
            principal: principal(who),
            resource: resource(server, aim),
            action: acting(action),
            attributes: BTreeMap::new(),
            ambiguous: false,
        };
        if let Some(party) = &who.party {
            facts.text("principal.issuer", &party.issuer);
            facts.text("principal.subject", &party.subject);
        }
        facts.describe(server, aim);
        facts.circumstances(deed);
        facts
    }

    fn text(&mut self, path: &str, value: &str) {
        self.put(path, Known::Is(Term::Text(value.to_owned())));
    }

    pub(super) fn put(&mut self, path: &str, known: Known) {
        self.attributes.insert(path.to_owned(), known);
    }

    /// Says whether somebody has agreed.
    pub(super) fn grant(&mut self, granted: super::Granted) {
        let granted = granted == super::Granted::Yes;
        self.put("context.approval.granted", Known::Is(Term::Bool(granted)));
    }

    /// The attributes of the resource.
    fn describe(&mut self, server: &str, aim: Aim<'_>) {
        let kind = match aim {
            Aim::Server => {
                self.text("resource.name", server);
                return;
            }
            Aim::Anything => return,
            Aim::Named(kind, ..) | Aim::Other(kind) => kind,
        };
        self.text("resource.server", server);
        if kind != TargetKind::Resource {
            for name in ["uri", "scheme", "host", "path"] {
                self.put(&format!("resource.{name}"), Known::Absent);
            }
        }
        let Aim::Named(_, name, _) = aim else { return };
        match kind {
            TargetKind::Tool | TargetKind::Prompt => self.text("resource.name", name),
            TargetKind::Task => {}
            TargetKind::Resource => {
                self.text("resource.uri", name);
                let Some(parts) = uri::parts(name) else {
                    self.ambiguous = true;
                    return;
                };
                self.text("resource.scheme", &parts.scheme);
                for (name, part) in [("host", parts.host), ("path", parts.path)] {
                    let known = part.map_or(Known::Absent, |part| Known::Is(Term::Text(part)));
                    self.put(&format!("resource.{name}"), known);
                }
            }
        }
    }

    fn circumstances(&mut self, deed: Deed<'_>) {
        self.put("context.approval", Known::Present);
        self.put("context.definition", Known::Present);
        match deed {
            Deed::Send(method) => {
                if method != OTHER {
                    self.text("context.method", method);
                }
                if STREAM_METHODS.contains(&method) {
                    self.text("context.kind", "stream");
                    self.text("context.era", "legacy");
                }
            }
            Deed::Duty(duty) => {
                // Whoever acts for somebody else is refused before policy is asked: see `approval::decide`.
                if duty == Duty::Approve {
                    self.put("context.actors", Known::Is(Term::Set(Vec::new())));
                }
            }
            Deed::Reveal { class, form, direction } => {
                self.put("context.finding", Known::Present);
                self.text("context.finding.class", class);
                self.text("context.finding.form", form);
                self.text("context.direction", toward(direction));
            }
            Deed::Pass { kind, direction } => {
                self.put("context.opaque", Known::Present);
                self.text("context.opaque.kind", kind);
                self.text("context.direction", toward(direction));
            }
        }
    }

    /// What the catalog knows of the target.
    pub(super) fn define(&mut self, definition: Definition) {
        let known = definition != Definition::Unknown;
        self.put("context.definition.known", Known::Is(Term::Bool(known)));
        let drifted = definition == Definition::Drifted;
        self.put("context.definition.drifted", Known::Is(Term::Bool(drifted)));
    }

    /// What is known of the statement in the arguments.
    pub(super) fn state(&mut self, statement: Statements) {
        match statement {
            Statements::Unknown => {}
            Statements::None => self.put("context.statement", Known::Absent),
            Statements::Class { language, class, severity } => {
                self.put("context.statement", Known::Present);
                self.text("context.statement.language", language);
                self.text("context.statement.class", class);
                let severity = Term::Long(i64::from(severity));
                self.put("context.statement.severity", Known::Is(severity));
                let classes = vec![Term::Text(class.to_owned())];
                self.put("context.statement.classes", Known::Holds(classes));
            }
        }
    }

    pub(super) fn entity(&self, path: &str) -> Option<&Entity> {
        match path {
            "principal" => Some(&self.principal),
            "resource" => Some(&self.resource),
            "action" => Some(&self.action),
            _ => None,
        }
    }

    pub(super) fn value(&self, path: &str) -> Option<Term> {
        match self.attributes.get(path)? {
            Known::Is(term) => Some(term.clone()),
            _ => None,
        }
    }

    pub(super) fn has(&self, path: &str) -> Option<bool> {
        self.attributes.get(path).map(|known| *known != Known::Absent)
    }

    /// Members that a set is known to have.
    pub(super) fn members(&self, path: &str) -> Option<&[Term]> {
        match self.attributes.get(path)? {
            Known::Holds(members) => Some(members),
            _ => None,
        }
    }
}

fn toward(direction: Direction) -> &'static str {
    match direction {
        Direction::ToUpstream => "to_upstream",
        Direction::ToCaller | Direction::Both => "to_caller",
    }
}

fn principal(who: &Profile) -> Entity {
    let ty = match who.kind {
        PrincipalKind::Human => "Human",
        PrincipalKind::Service => "Service",
        // Nobody is denied before a policy is asked: see `Forecast::outlook`.
        PrincipalKind::Agent | PrincipalKind::Anonymous => "Agent",
    };
    let id = who.party.as_ref().map(|party| format!("{}/{}", party.issuer, party.subject));
    let parents = who.groups.iter().map(|group| ("Group".to_owned(), group.clone())).collect();
    Entity::Certain { ty, id, parents }
}

fn resource(server: &str, aim: Aim<'_>) -> Entity {
    let inside = vec![("Server".to_owned(), server.to_owned())];
    match aim {
        Aim::Server => Entity::Certain { ty: "Server", id: Some(server.to_owned()), parents: Vec::new() },
        Aim::Named(kind, name, _) => {
            let id = Some(format!("{server}/{name}"));
            Entity::Certain { ty: entity_type(Some(kind)), id, parents: inside }
        }
        Aim::Other(kind) => Entity::Certain { ty: entity_type(Some(kind)), id: None, parents: inside },
        Aim::Anything => Entity::AnyOf { server: server.to_owned() },
    }
}

fn acting(action: &Action) -> Entity {
    let groups = action.entity.clone().into_inner().2;
    let parents =
        groups.into_iter().map(|group| ("Action".to_owned(), group.id().unescaped().to_owned())).collect();
    Entity::Certain { ty: "Action", id: Some(action.uid.id().unescaped().to_owned()), parents }
}
