//! Segregation of duties: what one person or group may do that two should.

use serde::Serialize;

use super::basis::Basis;
use super::matrix::{Cell, Matrix};
use super::object::Object;
use crate::model::Terms;

/// Something that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Concern {
    /// What sort it is: `asks_and_approves`, `nobody_approves`, `open_to_all`.
    pub code: &'static str,
    /// The server.
    pub server: String,
    /// Who; none where nobody is.
    pub subject: Option<String>,
    /// In a sentence.
    pub text: String,
}

/// What of `matrix`, which is one of groups, should be looked at.
pub fn concerns(basis: &Basis, matrix: &Matrix) -> Vec<Concern> {
    basis.servers.keys().flat_map(|server| of_server(server, matrix)).collect()
}

fn of_server(server: &str, matrix: &Matrix) -> Vec<Concern> {
    let rows: Vec<&(Object, Vec<Cell>)> =
        matrix.rows.iter().filter(|(object, _)| object.server == server).collect();
    let approve = rows.iter().find(|(object, _)| object.action == "approve").map(|(_, cells)| cells);
    let approves = |position: usize, terms: &Terms| {
        let may = approve.is_some_and(|cells| cells[position].grants());
        let subject = &matrix.subjects[position];
        may && subject.is_human() && terms.admit(&subject.groups)
    };
    let concern =
        |code, subject: Option<String>, text| Concern { code, server: server.to_owned(), subject, text };
    let mut concerns = Vec::new();
    let mut unapproved: Vec<&str> = Vec::new();
    for (position, subject) in matrix.subjects.iter().enumerate() {
        let (mut own, mut open) = (Vec::new(), Vec::new());
        for (object, cells) in rows.iter().filter(|(object, _)| object.action == "tools/call") {
            let cell = &cells[position];
            if cell.grants() {
                open.push(object.target.as_str());
            }
            let Some(terms) = &cell.terms else { continue };
            if approves(position, terms) {
                own.push(object.target.as_str());
            }
            if !(0..matrix.subjects.len()).any(|other| approves(other, terms)) {
                unapproved.push(&object.target);
            }
        }
        let label = subject.label();
        if !own.is_empty() {
            let text = format!(
                "members of {label} ask for {} and approve each other's calls; nobody approves their own",
                listed(&mut own)
            );
            concerns.push(concern("asks_and_approves", Some(label.clone()), text));
        }
        if subject.groups.is_empty() && subject.party.is_none() && !open.is_empty() {
            let text =
                format!("whoever is proven, in no group at all ({label}), may call {}", listed(&mut open));
            concerns.push(concern("open_to_all", Some(label), text));
        }
    }
    if !unapproved.is_empty() {
        let text = format!("{} is held and nobody may approve it", listed(&mut unapproved));
        concerns.push(concern("nobody_approves", None, text));
    }
    concerns
}

fn listed(names: &mut Vec<&str>) -> String {
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}
