//! The columns of a matrix: what is done to what.

use super::basis::{Basis, Offer};
use crate::mcp::method::{Action, Direction, METHODS};
use crate::model::TargetKind;
use crate::policy::{Aim, Deed, Definition, Duty, DutyPlace};

/// Something that can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Configured name of the server.
    pub server: String,
    /// The method, or what kind of action it is: `tools/call`, `list`, `reveal`, `approve`.
    pub action: String,
    /// To what: a tool, a prompt, a resource; or which methods, which findings.
    pub target: String,
    /// Which statements in its arguments, where that matters.
    pub statement: Option<String>,
}

/// How rows with the same answers become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Merge {
    /// Never.
    No,
    /// With the row of everything that is not named.
    Rest,
    /// With all others of the same action.
    Like,
}

/// A column, as the policies are asked about it.
#[derive(Debug, Clone)]
pub(super) struct Asked<'a> {
    pub(super) action: &'static str,
    pub(super) target: String,
    pub(super) deed: Deed<'a>,
    pub(super) aim: Aim<'a>,
    pub(super) merge: Merge,
}

/// What is known by name in one kind: its method, its type in policies, the name of what is not known.
const KINDS: [(TargetKind, &str, &str, &str); 3] = [
    (TargetKind::Tool, "tools/call", "Tool", "any other tool"),
    (TargetKind::Prompt, "prompts/get", "Prompt", "any other prompt"),
    (TargetKind::Resource, "resources/read", "Resource", "any other resource"),
];

/// Classes of findings: see `mask`.
const CLASSES: [&str; 3] = ["credential", "personal", "health"];
/// Parts that nobody can look into: see docs/masking.md. Those that belong to the protocol go with their message.
const OPAQUE: [&str; 5] = ["image", "audio", "blob", "file", "answer"];
/// The forms in which a finding can be shown.
pub(super) const FORMS: [&str; 3] = ["plain", "partial", "token"];

/// Everything that can be done to the server. `named`: type and id of what the policies name.
pub(super) fn asked<'a>(server: &str, basis: &'a Basis, named: &'a [(String, String)]) -> Vec<Asked<'a>> {
    let mut asked = Vec::new();
    let none = Vec::new();
    let offers = basis.servers.get(server).unwrap_or(&none);
    for (kind, method, ty, rest) in KINDS {
        let column = |target: &'a str, aim: Aim<'a>| -> Asked<'a> { one(kind, method, target, aim) };
        asked.push(column(rest, Aim::Other(kind)));
        let listed = basis.servers.get(server).into_iter().flatten().filter(|offer| offer.kind == kind);
        asked.extend(
            listed.map(|Offer { name, definition, .. }| column(name, Aim::Named(kind, name, *definition))),
        );
        let unlisted = named.iter().filter(|(named, _)| named == ty).filter_map(|(_, id)| {
            let name = id.strip_prefix(server)?.strip_prefix('/')?;
            let known = offers.iter().any(|offer| offer.kind == kind && offer.name == name);
            (!known).then(|| column(name, Aim::Named(kind, name, Definition::Unknown)))
        });
        asked.extend(unlisted);
    }
    asked.extend(messages());
    asked.extend(revelations());
    asked.extend(passages());
    // What people do in the gateway itself concerns no server.
    for duty in Duty::ALL.into_iter().filter(|duty| duty.place() == DutyPlace::Target) {
        asked.push(Asked {
            action: duty.as_str(),
            target: "held calls".to_owned(),
            deed: Deed::Duty(duty),
            aim: Aim::Anything,
            merge: Merge::No,
        });
    }
    asked
}

fn one<'a>(kind: TargetKind, method: &'static str, target: &str, aim: Aim<'a>) -> Asked<'a> {
    let merge = if kind == TargetKind::Tool { Merge::No } else { Merge::Rest };
    Asked { action: method, target: target.to_owned(), deed: Deed::Send(method), aim, merge }
}

/// Every message that is about no tool, prompt or resource by name.
fn messages<'a>() -> impl Iterator<Item = Asked<'a>> {
    let rows = METHODS.iter().filter(|row| !KINDS.iter().any(|(_, method, ..)| *method == row.name));
    let rows = rows.map(|row| {
        let aim = row.target.map_or(Aim::Server, |rule| Aim::Other(rule.kind));
        (row.action, row.name, aim)
    });
    let more = [(Action::Session, "GET"), (Action::Session, "DELETE"), (Action::Other, "other")];
    let mut all: Vec<_> = rows.chain(more.map(|(action, name)| (action, name, Aim::Server))).collect();
    all.sort_by_key(|(action, ..)| Action::ALL.iter().position(|other| other == action));
    all.into_iter().map(|(action, name, aim)| Asked {
        action: action.as_str(),
        target: if action == Action::Other { "methods that MCP does not have" } else { name }.to_owned(),
        deed: Deed::Send(name),
        aim,
        merge: Merge::Like,
    })
}

/// Every kind of part that nobody can look into.
fn passages<'a>() -> impl Iterator<Item = Asked<'a>> {
    let ways = [(Direction::ToCaller, "pass to caller"), (Direction::ToUpstream, "pass to server")];
    ways.into_iter().flat_map(|(direction, action)| {
        OPAQUE.into_iter().map(move |kind| Asked {
            action,
            target: kind.to_owned(),
            deed: Deed::Pass { kind, direction },
            aim: Aim::Anything,
            merge: Merge::Like,
        })
    })
}

/// Every way of showing what was found.
fn revelations<'a>() -> impl Iterator<Item = Asked<'a>> {
    let ways = [(Direction::ToCaller, "reveal to caller"), (Direction::ToUpstream, "reveal to server")];
    ways.into_iter().flat_map(|(direction, action)| {
        CLASSES.into_iter().flat_map(move |class| {
            FORMS.into_iter().map(move |form| Asked {
                action,
                target: format!("{class} {form}"),
                deed: Deed::Reveal { class, form, direction },
                aim: Aim::Anything,
                merge: Merge::Like,
            })
        })
    })
}
