//! What changed between two instants: who may do something else than before.

use std::collections::BTreeSet;

use super::basis::Basis;
use super::matrix::{Cell, Computing, Wanted, label};
use super::object::{Asked, Object, asked};
use super::subject::{Subject, subjects};
use crate::policy::{Forecast, Statements};

/// Cells that are not what they were, all in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Who.
    pub subjects: Vec<String>,
    /// What.
    pub object: Object,
    /// The cell before; `None`: there was nothing of the kind.
    pub before: Option<Cell>,
    /// The cell now.
    pub after: Option<Cell>,
}

/// One cell that changed.
struct One {
    subject: Subject,
    target: String,
    statement: Statements,
    before: Option<Cell>,
    after: Option<Cell>,
}

/// The cells that differ between `before` and `after`.
pub fn changes(before: &Basis, after: &Basis, wanted: &Wanted) -> Vec<Change> {
    let (old, new) = (Side::new(before, after, wanted), Side::new(after, before, wanted));
    let servers: BTreeSet<&String> = before.servers.keys().chain(after.servers.keys()).collect();
    let mut changes = Vec::new();
    for server in servers {
        if wanted.server.as_ref().is_none_or(|wanted| wanted == server) {
            changes.extend(of_server(server, &old, &new));
        }
    }
    changes
}

/// One of the two, with the subjects of both in the same order.
struct Side<'a> {
    basis: &'a Basis,
    subjects: Vec<Subject>,
    named: Vec<(String, String)>,
}

impl<'a> Side<'a> {
    fn new(basis: &'a Basis, other: &Basis, wanted: &Wanted) -> Self {
        let group = wanted.group.as_deref();
        let (own, others) = (subjects(basis, wanted.people, group), subjects(other, wanted.people, group));
        let mut subjects: Vec<Subject> = Vec::new();
        // Somebody's own groups are those of this side; who is not here is asked with those of the other.
        for subject in own.iter().chain(&others) {
            if !subjects.iter().any(|known| is_same(known, subject)) {
                subjects.push(subject.clone());
            }
        }
        subjects.sort_by_key(key);
        Self { basis, subjects, named: basis.policies.names() }
    }
}

fn key(subject: &Subject) -> (Vec<String>, Option<(String, String)>, &'static str) {
    let party = subject.party.as_ref().map(|party| (party.issuer.clone(), party.subject.clone()));
    let groups = if party.is_some() { Vec::new() } else { subject.groups.clone() };
    (groups, party, subject.kinds[0].as_str())
}

fn is_same(one: &Subject, other: &Subject) -> bool {
    key(one) == key(other)
}

fn of_server(server: &str, old: &Side<'_>, new: &Side<'_>) -> Vec<Change> {
    let (before, after) = (asked(server, old.basis, &old.named), asked(server, new.basis, &new.named));
    let (then, now) = (computing(old), computing(new));
    let known = |side: &Side<'_>| side.basis.servers.contains_key(server);
    let find = |columns: &[Asked<'_>], wanted: &Asked<'_>| {
        columns.iter().position(|column| column.action == wanted.action && column.target == wanted.target)
    };
    let mut changes: Vec<Change> = Vec::new();
    let mut actions: Vec<&'static str> = after.iter().map(|column| column.action).collect();
    actions.dedup();
    for action in actions {
        let mut ones = Vec::new();
        let mut columns: Vec<(Option<usize>, Option<usize>)> = Vec::new();
        for (position, column) in before.iter().enumerate().filter(|(_, column)| column.action == action) {
            columns.push((Some(position), find(&after, column)));
        }
        for (position, column) in after.iter().enumerate().filter(|(_, column)| column.action == action) {
            if find(&before, column).is_none() {
                columns.push((None, Some(position)));
            }
        }
        for (was, is) in columns {
            let was = was.map(|at| &before[at]).filter(|_| known(old));
            let is = is.map(|at| &after[at]).filter(|_| known(new));
            ones.extend(compare(server, (&then, was), (&now, is), &new.subjects));
        }
        changes.extend(united(server, action, ones));
    }
    changes
}

fn computing<'a>(side: &'a Side<'_>) -> Computing<'a> {
    Computing { forecast: Forecast::new(&side.basis.policies), subjects: &side.subjects }
}

type Asking<'a> = (&'a Computing<'a>, Option<&'a Asked<'a>>);

fn compare(server: &str, (then, was): Asking<'_>, (now, is): Asking<'_>, subjects: &[Subject]) -> Vec<One> {
    let Some(target) = is.or(was).map(|column| column.target.clone()) else { return Vec::new() };
    let mut statements = Vec::new();
    for (side, column) in [(then, was), (now, is)] {
        let more = column.map(|column| side.statements(server, column)).unwrap_or_default();
        if more.len() > statements.len() {
            statements = more;
        }
    }
    let mut ones = Vec::new();
    for statement in statements {
        let cells = |side: &Computing<'_>, column: Option<&Asked<'_>>| {
            column.map(|column| side.cells(server, column, statement))
        };
        let (old, new) = (cells(then, was), cells(now, is));
        for (position, subject) in subjects.iter().enumerate() {
            let (before, after) =
                (old.as_ref().map(|cells| &cells[position]), new.as_ref().map(|cells| &cells[position]));
            // What appeared or went away and nobody may use is no change of anybody's access.
            let nothing = |cell: Option<&Cell>| cell.is_none_or(|cell| !cell.grants());
            if before != after && !(nothing(before) && nothing(after)) {
                ones.push(One {
                    subject: subject.clone(),
                    target: target.clone(),
                    statement,
                    before: before.cloned(),
                    after: after.cloned(),
                });
            }
        }
    }
    ones
}

/// Says once what changed alike: first for all statements and kinds of caller, then for all targets.
fn united(server: &str, action: &str, ones: Vec<One>) -> Vec<Change> {
    let mut by_target: Vec<(String, Vec<Statements>, Vec<Subject>, Option<Cell>, Option<Cell>)> = Vec::new();
    let mut alike: Vec<(String, Subject, Vec<Statements>, Option<Cell>, Option<Cell>)> = Vec::new();
    for One { subject, target, statement, before, after } in ones {
        let same = alike.iter_mut().find(|(known, who, _, was, is)| {
            *known == target && *who == subject && *was == before && *is == after
        });
        match same {
            Some((_, _, statements, _, _)) => statements.push(statement),
            None => alike.push((target, subject, vec![statement], before, after)),
        }
    }
    for (target, subject, statements, before, after) in alike {
        let same = by_target.iter_mut().find(|(known, classes, _, was, is)| {
            *known == target && *classes == statements && *was == before && *is == after
        });
        match same {
            Some((_, _, subjects, _, _)) => add(subjects, subject),
            None => by_target.push((target, statements, vec![subject], before, after)),
        }
    }
    let mut changes: Vec<Change> = Vec::new();
    for (target, statements, subjects, before, after) in by_target {
        let subjects: Vec<String> = subjects.iter().map(Subject::label).collect();
        let statement = (statements != [Statements::Unknown] && statements != [Statements::None])
            .then(|| label(&statements));
        let same = changes.iter_mut().find(|change| {
            change.subjects == subjects
                && change.object.statement == statement
                && change.before == before
                && change.after == after
        });
        match same {
            Some(change) => change.object.target.push_str(&format!(", {target}")),
            None => {
                let (server, action) = (server.to_owned(), action.to_owned());
                let object = Object { server, action, target, statement };
                changes.push(Change { subjects, object, before, after });
            }
        }
    }
    changes
}

/// Adds somebody, or another kind of somebody who is there.
fn add(subjects: &mut Vec<Subject>, subject: Subject) {
    match subjects.iter_mut().find(|known| known.is_same_but_for_kind(&subject)) {
        Some(known) => known.kinds.extend(subject.kinds),
        None => subjects.push(subject),
    }
}
