//! Grants one by one, as people review them, and whether one of them still stands.

use serde::{Deserialize, Serialize};

use super::basis::Basis;
use super::matrix::{Cell, Computing, Matrix, Wanted, label};
use super::object::{Asked, Object, asked};
use super::subject::Subject;
use crate::model::Terms;
use crate::policy::{Forecast, Statements};

/// What is reviewed. The remaining rows of a matrix are the protocol's own conversation.
const REVIEWED: [&str; 5] = ["tools/call", "prompts/get", "resources/read", "reveal to caller", "approve"];

/// One cell of a matrix that lets somebody do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who.
    pub subject: Subject,
    /// What.
    pub object: Object,
    /// On which terms.
    pub terms: GrantTerms,
    /// Ids of the policies that decide, or may.
    pub policies: Vec<String>,
}

/// What a grant comes to. Two grants of the same thing to the same people are the same when these are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantTerms {
    /// `allow`, `hold` or `conditional`.
    pub outcome: String,
    /// In words, where it depends.
    pub condition: Option<String>,
    /// What is asked of approvers, where it is held, or may be.
    pub approval: Option<Terms>,
}

impl GrantTerms {
    fn of(cell: &Cell) -> Self {
        Self {
            outcome: cell.outcome.as_str().to_owned(),
            condition: cell.condition.clone(),
            approval: cell.terms.clone(),
        }
    }
}

/// How a grant stands under other policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is denied in every case.
    Gone,
    /// It is there on other terms.
    Changed,
    /// It is as it was.
    Unchanged,
}

/// Every grant in the matrix that is wanted, in its order.
pub fn grants(basis: &Basis, wanted: &Wanted) -> Vec<Grant> {
    let matrix = Matrix::of(basis, wanted);
    let rows = matrix.rows.iter().filter(|(object, _)| REVIEWED.contains(&object.action.as_str()));
    let grant = |object: &Object, subject: &Subject, cell: &Cell| Grant {
        subject: subject.clone(),
        object: object.clone(),
        terms: GrantTerms::of(cell),
        policies: cell.policies.clone(),
    };
    rows.flat_map(|(object, cells)| {
        let granted = matrix.subjects.iter().zip(cells).filter(|(_, cell)| cell.grants());
        granted.map(|(subject, cell)| grant(object, subject, cell)).collect::<Vec<_>>()
    })
    .collect()
}

/// How `grant` stands in `now`: every question that it answered is asked again, one by one.
pub fn standing(now: &Basis, grant: &Grant) -> Standing {
    let named = now.policies.names();
    let columns = asked(&grant.object.server, now, &named);
    let same: Vec<&Asked<'_>> = columns.iter().filter(|column| covers(&grant.object, column)).collect();
    // What no list and no policy names any more is decided like everything that is not named.
    let rest = columns.iter().filter(|column| column.action == grant.object.action).take(1);
    let same = if same.is_empty() { rest.collect() } else { same };
    let each = |kind| Subject { kinds: vec![kind], ..grant.subject.clone() };
    let subjects: Vec<Subject> = grant.subject.kinds.iter().copied().map(each).collect();
    let computing = Computing { forecast: Forecast::new(&now.policies), subjects: &subjects };
    let wanted = grant.object.statement.as_deref().map(parts);
    let mut cells = Vec::new();
    for column in same {
        for statement in computing.statements(&grant.object.server, column) {
            let one = label(&[statement]);
            // Where statements are not told apart any more, the answer is one for all.
            if statement == Statements::Unknown || wanted.as_ref().is_none_or(|wanted| wanted.contains(&one))
            {
                cells.extend(computing.cells(&grant.object.server, column, statement));
            }
        }
    }
    if !cells.iter().any(Cell::grants) {
        Standing::Gone
    } else if cells.iter().all(|cell| GrantTerms::of(cell) == grant.terms) {
        Standing::Unchanged
    } else {
        Standing::Changed
    }
}

/// Whether a row, which may stand for several columns, holds this one.
fn covers(object: &Object, column: &Asked<'_>) -> bool {
    if object.action != column.action {
        return false;
    }
    if object.action.starts_with("reveal") {
        let Some((class, form)) = column.target.split_once(' ') else { return false };
        return object.target == "all findings"
            || object.target.split(", ").any(|part| match part.split_once(' ') {
                None => part == class,
                Some((known, forms)) => known == class && forms.split(" or ").any(|known| known == form),
            });
    }
    let plain = |target: &str| {
        target.strip_prefix("any other ").map_or(target.to_owned(), |kind| format!("any {kind}"))
    };
    plain(&object.target) == plain(&column.target)
}

/// `no statement; sql: read, session` as its parts, each as it would stand alone.
fn parts(label: &str) -> Vec<String> {
    let part = |part: &str| match part.split_once(": ") {
        None => vec![part.to_owned()],
        Some((language, classes)) => {
            classes.split(", ").map(|class| format!("{language}: {class}")).collect()
        }
    };
    label.split("; ").flat_map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_of_statements_falls_into_the_parts_it_was_made_of() {
        assert_eq!(parts("no statement; sql: read, ddl"), ["no statement", "sql: read", "sql: ddl"]);
        assert_eq!(parts("any"), ["any"]);
    }
}
