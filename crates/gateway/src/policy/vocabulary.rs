//! The Cedar names that questions are built from, parsed once for each policy set.

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr as _;

use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, Schema};

use super::need::CARRIERS;
use super::question::Duty;
use super::schema::{OTHER, PASS, REVEAL, STREAM_METHODS};
use crate::mcp::method::{self, METHODS};
use crate::model::{Era, PrincipalKind, Target, TargetKind};

/// Entity types and actions.
#[derive(Debug)]
pub(super) struct Vocabulary {
    human: EntityTypeName,
    service: EntityTypeName,
    agent: EntityTypeName,
    group: EntityTypeName,
    server: EntityTypeName,
    tool: EntityTypeName,
    resource: EntityTypeName,
    prompt: EntityTypeName,
    task: EntityTypeName,
    gateway: EntityTypeName,
    pub(super) carriers: [EntityUid; CARRIERS.len()],
    pub(super) actions: Vec<Action>,
}

/// One action that can be asked.
#[derive(Debug)]
pub(super) struct Action {
    pub(super) uid: EntityUid,
    /// With its groups as parents.
    pub(super) entity: Entity,
    /// What its resource must be; `None`: the server.
    pub(super) target: Option<TargetKind>,
}

impl Vocabulary {
    pub(super) fn new(schema: &Schema) -> Self {
        let parsed = |name: &str| {
            // Unwrap safety: the names are constants that the schema's test parses.
            EntityTypeName::from_str(name).expect("a Cedar name")
        };
        let arguments = EntityId::new("arguments");
        let carrier = |name: &str| {
            let (first, rest) = name.split_at(1);
            let name = parsed(&(first.to_ascii_uppercase() + rest));
            EntityUid::from_type_name_and_id(name, arguments.clone())
        };
        Self {
            human: parsed("Human"),
            service: parsed("Service"),
            agent: parsed("Agent"),
            group: parsed("Group"),
            server: parsed("Server"),
            tool: parsed("Tool"),
            resource: parsed("Resource"),
            prompt: parsed("Prompt"),
            task: parsed("Task"),
            gateway: parsed("Gateway"),
            carriers: CARRIERS.map(carrier),
            actions: actions(schema, &parsed("Action")),
        }
    }

    /// The action that `method` is asked as: an index into `actions`. A method that its era does not have is unknown.
    pub(super) fn action(&self, method: &str, era: Era) -> usize {
        let rows = METHODS.len();
        METHODS
            .binary_search_by(|row| row.name.cmp(method))
            .ok()
            .filter(|index| METHODS[*index].eras.has(era))
            .or_else(|| STREAM_METHODS.iter().position(|name| *name == method).map(|index| rows + index))
            .unwrap_or(rows + STREAM_METHODS.len())
    }

    /// The action of a duty: an index into `actions`.
    pub(super) fn duty(&self, duty: Duty) -> usize {
        self.actions.len() - Duty::ALL.len() + Duty::ALL.iter().take_while(|other| **other != duty).count()
    }

    /// The action asked about a found value.
    pub(super) fn reveal(&self) -> usize {
        METHODS.len() + STREAM_METHODS.len() + 1
    }

    /// The action asked about what nobody can look into.
    pub(super) fn pass(&self) -> usize {
        self.reveal() + 1
    }

    pub(super) fn principal(&self, kind: PrincipalKind, issuer: &str, subject: &str) -> Option<EntityUid> {
        let name = match kind {
            PrincipalKind::Human => &self.human,
            PrincipalKind::Service => &self.service,
            PrincipalKind::Agent => &self.agent,
            PrincipalKind::Anonymous => return None,
        };
        Some(uid(name, format!("{issuer}/{subject}")))
    }

    pub(super) fn group(&self, name: &str) -> EntityUid {
        uid(&self.group, name)
    }

    pub(super) fn server(&self, name: &str) -> EntityUid {
        uid(&self.server, name)
    }

    pub(super) fn gateway(&self, name: &str) -> EntityUid {
        uid(&self.gateway, name)
    }

    pub(super) fn target(&self, server: &str, target: &Target) -> EntityUid {
        let name = match target.kind {
            TargetKind::Tool => &self.tool,
            TargetKind::Resource => &self.resource,
            TargetKind::Prompt => &self.prompt,
            TargetKind::Task => &self.task,
        };
        uid(name, format!("{server}/{}", target.name))
    }
}

fn uid(name: &EntityTypeName, id: impl AsRef<str>) -> EntityUid {
    EntityUid::from_type_name_and_id(name.clone(), EntityId::new(id))
}

/// In the order of [`METHODS`], then [`STREAM_METHODS`], then [`OTHER`], [`REVEAL`], [`PASS`], then [`Duty::ALL`].
fn actions(schema: &Schema, name: &EntityTypeName) -> Vec<Action> {
    let entities: BTreeMap<String, Entity> = schema
        .action_entities()
        .into_iter()
        .flatten()
        .map(|entity| (entity.uid().id().unescaped().to_owned(), entity))
        .collect();
    let names = METHODS.iter().map(|row| row.name).chain(STREAM_METHODS).chain([OTHER, REVEAL, PASS]);
    let names = names.chain(Duty::ALL.map(Duty::as_str));
    names
        .map(|id| {
            let uid = uid(name, id);
            let entity = entities
                .get(id)
                .cloned()
                .unwrap_or_else(|| Entity::new_no_attrs(uid.clone(), HashSet::new()));
            let target = method::find(id).and_then(|row| row.target).map(|rule| rule.kind);
            Action { uid, entity, target }
        })
        .collect()
}
