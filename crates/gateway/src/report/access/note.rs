//! Cells in words: what stands behind one, said once and referred to by number.

use super::matrix::Cell;
use crate::model::{Demand, Terms};
use crate::policy::Outcome;

/// Explanations of cells, each once, numbered from 1 in the order in which they are asked for.
#[derive(Debug, Default)]
pub struct Notes<'m> {
    cells: Vec<&'m Cell>,
}

impl<'m> Notes<'m> {
    /// The number of the note on `cell`; `None` where default deny is all there is to say.
    pub fn number(&mut self, cell: &'m Cell) -> Option<usize> {
        if cell.outcome == Outcome::Deny && cell.policies.is_empty() {
            return None;
        }
        let known = self.cells.iter().position(|known| *known == cell);
        Some(
            1 + known.unwrap_or_else(|| {
                self.cells.push(cell);
                self.cells.len() - 1
            }),
        )
    }

    /// All notes, in order.
    pub fn texts(&self) -> impl Iterator<Item = (Outcome, String)> {
        self.cells.iter().map(|cell| (cell.outcome, cell.note()))
    }
}

impl Cell {
    /// Why the cell is as it is: `held, 1 approver of leads; by refunds`.
    pub fn note(&self) -> String {
        let mut said = match (&self.condition, self.outcome) {
            (Some(condition), _) => condition.clone(),
            (None, Outcome::Allow) => "allowed".to_owned(),
            (None, Outcome::Hold) => "held".to_owned(),
            (None, Outcome::Deny) => "forbidden".to_owned(),
            // Cannot happen: what is conditional has a condition.
            (None, Outcome::Conditional) => "it depends".to_owned(),
        };
        if let Some(terms) = &self.terms {
            said.push_str("; to be approved by ");
            said.push_str(&asked(terms));
        }
        said.push_str("; by ");
        said.push_str(&self.policies.join(", "));
        said
    }
}

/// What is asked of approvers: `2 people, each of (finance or leads), within 30m, with a reason`.
pub(super) fn asked(terms: &Terms) -> String {
    let mut said = match terms.quorum {
        1 => "1 person".to_owned(),
        several => format!("{several} people"),
    };
    if terms.approvers.is_empty() {
        said.push_str(" whom policy lets approve");
    } else {
        let lists: Vec<String> = terms.approvers.iter().map(|list| list.join(" or ")).collect();
        said.push_str(" of ");
        match lists.as_slice() {
            [one] => said.push_str(one),
            several => said.push_str(&format!("({})", several.join(") and ("))),
        }
    }
    said.push_str(&format!(" within {}", time(terms.decide_within_s)));
    if terms.reason == Demand::Required {
        said.push_str(", with a reason");
    }
    if terms.passkey == Demand::Required {
        said.push_str(", signed with a passkey");
    }
    said
}

fn time(seconds: i64) -> String {
    match seconds {
        s if s % 86_400 == 0 => format!("{}d", s / 86_400),
        s if s % 3_600 == 0 => format!("{}h", s / 3_600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
