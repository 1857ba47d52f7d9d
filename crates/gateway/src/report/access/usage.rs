//! Grants that nobody used.

use std::collections::BTreeSet;

use serde::Serialize;

use super::basis::{Basis, Error, People};
use super::matrix::{Matrix, Wanted};
use super::past::Records;
use crate::limits;
use crate::store::entry::{self, Use};

/// What somebody may do and did not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// Who.
    pub subject: String,
    /// The server.
    pub server: String,
    /// The method.
    pub action: String,
    /// What they may use: `allow`, `hold` or `conditional` at the end of the period, and never used in it.
    pub targets: Vec<String>,
    /// How many they used.
    pub used: usize,
}

/// What everybody in `basis` may do and did not do since `from`, by tools and prompts.
///
/// # Errors
/// [`Error::Store`].
pub fn unused(
    records: &Records<'_>,
    basis: &Basis,
    from: i64,
    wanted: &Wanted,
) -> Result<Vec<Unused>, Error> {
    let until = basis.at.saturating_add(1);
    let uses = records.db.read_now("uses", |read| entry::uses(read, from, until, limits::REPORT_USES_MAX))?;
    let used: BTreeSet<(&str, &str, &str, &str)> = uses.iter().filter_map(key).collect();
    let matrix = Matrix::of(basis, &Wanted { people: People::OneByOne, ..wanted.clone() });
    let mut found: Vec<Unused> = Vec::new();
    for (position, subject) in matrix.subjects.iter().enumerate() {
        let Some(actor) = &subject.actor else { continue };
        for (object, cells) in &matrix.rows {
            let names_one = !object.target.starts_with("any ");
            let counted = ["tools/call", "prompts/get"].contains(&object.action.as_str());
            if !counted || !names_one || !cells[position].grants() {
                continue;
            }
            let label = subject.label();
            let same = found.iter().position(|unused| {
                (&unused.subject, &unused.server, &unused.action) == (&label, &object.server, &object.action)
            });
            let at = same.unwrap_or_else(|| {
                let (server, action) = (object.server.clone(), object.action.clone());
                found.push(Unused { subject: label, server, action, targets: Vec::new(), used: 0 });
                found.len() - 1
            });
            let unused = &mut found[at];
            if used.contains(&(actor, &object.server, &object.action, &object.target)) {
                unused.used += 1;
            } else if !unused.targets.contains(&object.target) {
                unused.targets.push(object.target.clone());
            }
        }
    }
    found.retain(|unused| !unused.targets.is_empty());
    Ok(found)
}

fn key(used: &Use) -> Option<(&str, &str, &str, &str)> {
    Some((&used.actor, &used.server, &used.method, used.target.as_deref()?))
}
