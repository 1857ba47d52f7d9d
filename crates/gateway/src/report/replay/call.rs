//! A leaf of a call in the terms of the model.

use std::collections::BTreeSet;

use evidence::leaf::{ActorKind, Effect, Leaf, MessageKind, TargetKind};
use serde::Deserialize;

use crate::model::{self, PrincipalKind, Statement};
use crate::policy::Unrecorded;
use crate::statement;

/// The word for an effect.
pub(super) fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Hold => "hold",
        Effect::Deny => "deny",
    }
}

/// Server, method and target, as the leaf names them.
pub(super) fn what(leaf: &Leaf) -> String {
    let target = leaf.target.as_ref().map(|target| {
        let hidden = || target.id.map(|id| format!("#{}", &id.to_string()[..8]));
        target.name.clone().or_else(hidden).unwrap_or_default()
    });
    let parts = [leaf.server.clone(), leaf.method.clone(), target];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

pub(super) fn principal(kind: ActorKind) -> Option<PrincipalKind> {
    match kind {
        ActorKind::Human => Some(PrincipalKind::Human),
        ActorKind::Service => Some(PrincipalKind::Service),
        ActorKind::Agent => Some(PrincipalKind::Agent),
        ActorKind::Anonymous | ActorKind::Gateway | ActorKind::Canary => None,
    }
}

pub(super) fn kind(kind: MessageKind) -> model::MessageKind {
    match kind {
        MessageKind::Request => model::MessageKind::Request,
        MessageKind::Notification => model::MessageKind::Notification,
        MessageKind::Response => model::MessageKind::Response,
        MessageKind::Stream => model::MessageKind::Stream,
    }
}

pub(super) fn target(kind: TargetKind) -> Option<model::TargetKind> {
    match kind {
        TargetKind::Tool => Some(model::TargetKind::Tool),
        TargetKind::Resource => Some(model::TargetKind::Resource),
        TargetKind::Prompt => Some(model::TargetKind::Prompt),
        TargetKind::Task => Some(model::TargetKind::Task),
        TargetKind::Other => None,
    }
}

/// What a leaf says about a statement: see `ledger::part`.
#[derive(Deserialize)]
struct Facts {
    language: String,
    class: String,
    classes: BTreeSet<String>,
    statements: u32,
    functions: BTreeSet<String>,
    reads: Option<BTreeSet<String>>,
    writes: Option<BTreeSet<String>>,
    flags: BTreeSet<String>,
}

/// The flag that says that not all names stand in the leaf.
const WITHHELD: &str = "names_withheld";

/// The statement of a leaf, and what of it the leaf does not say. `Err`: a word that this release does not know.
pub(super) fn statement(facts: &str, unrecorded: &mut Unrecorded) -> Result<Statement, ()> {
    let mut facts: Facts = serde_json::from_str(facts).map_err(drop)?;
    let all = statement::classes();
    let known = |class: &str| all.iter().find(|(_, name, _)| *name == class).map(|(_, name, _)| *name);
    let (language, class, severity) = all
        .iter()
        .find(|(language, class, _)| *language == facts.language && *class == facts.class)
        .copied()
        .ok_or(())?;
    unrecorded.attributes.insert("limit");
    let withheld = facts.flags.remove(WITHHELD);
    if withheld {
        unrecorded.attributes.insert("functions");
    }
    if withheld || facts.reads.is_none() {
        unrecorded.attributes.extend(["reads", "writes"]);
    }
    Ok(Statement {
        language,
        class,
        severity,
        classes: facts.classes.iter().map(|class| known(class).ok_or(())).collect::<Result<_, ()>>()?,
        statements: facts.statements,
        reads: facts.reads.unwrap_or_default(),
        writes: facts.writes.unwrap_or_default(),
        functions: facts.functions,
        flags: facts.flags,
        limit: None,
    })
}
