//! Values in a text that their column or their label gives away.

use super::{Here, Place, Search};
use crate::detect::Class;
use crate::detect::scan::{SURE, Seen};
use crate::mask::finding::Origin;
use crate::mask::name::Meaning;
use crate::mask::rules::Owner;
use crate::mask::{Fault, grid, marked};
use crate::walk::Span;

impl Search<'_> {
    /// Looks at tables in a text, and at what labels in it announce. Most texts have none, as `seen` tells.
    pub(super) fn named(
        &mut self,
        here: &Here<'_>,
        place: Place,
        text: &str,
        seen: Seen,
    ) -> Result<(), Fault> {
        let tables = seen.has(Seen::LINE) || grid::in_one_line(text);
        let labels = seen.has(Seen::DIGIT) && seen.has(Seen::LABEL);
        if !tables && !labels {
            return Ok(());
        }
        let rules = self.rules;
        let mut found: Vec<(Meaning, Span, Way)> = Vec::new();
        let mut read = |name: &str| Some(self.said(name).meaning).filter(|meaning| !meaning.says_nothing());
        if tables {
            grid::cells(text, &mut read, |meaning, cell| found.push((meaning, cell, Way::Column)));
        }
        if labels {
            grid::labels(text, read, |meaning, value| found.push((meaning, value, Way::Label)));
        }
        for (meaning, span, way) in found {
            let owner = meaning.owner.map(|id| &rules.owners[usize::from(id)]);
            if let Some(owner) = owner.filter(|owner| holds(owner, span.of(text), way)) {
                let passes = owner.threshold > SURE || rules.allows(span.of(text));
                if !passes && !marked::holds_mask(text, span, rules, self.fields) {
                    self.report(here, text, span, owner, SURE, Origin::Key)?;
                }
            } else if !meaning.topics.is_empty() {
                let mut hits = std::mem::take(&mut self.hits);
                rules.engine.find(span.of(text), place.topics.with(meaning.topics), &mut hits);
                self.take(here, text, hits, |hit| hit.shift(span.start))?;
            }
        }
        Ok(())
    }
}

/// What gives a value away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The name of its column.
    Column,
    /// The label before it.
    Label,
}

/// Whether a value is what its name says. Before a colon any word may stand, so there only numbers and dates of persons
/// count; what announces secrets there has detectors of its own.
fn holds(owner: &Owner, value: &str, way: Way) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let single = !value.contains(char::is_whitespace) && value.len() > 3;
    let fits = match (way, owner.detector.class) {
        (Way::Column, Class::Credential) => single,
        (Way::Column, _) => true,
        (Way::Label, Class::Personal) => digits > 4 && value.len() <= 40,
        (Way::Label, _) => false,
    };
    fits && (owner.detector.check)(value)
}
