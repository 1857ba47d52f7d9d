//! Values in a text that their column or their label gives away.

use super::{Here, Place, Search};
use crate::detect::Class;
use crate::detect::check::secret;
use crate::detect::scan::{SURE, Seen};
use crate::mask::finding::Origin;
use crate::mask::grid::{self, Labelled};
use crate::mask::name::Meaning;
use crate::mask::rules::Owner;
use crate::mask::{Fault, marked};
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
        let labels = seen.has(Seen::LABEL) && (seen.has(Seen::DIGIT) || seen.has(Seen::ELEMENT));
        if !tables && !labels {
            return Ok(());
        }
        let rules = self.rules;
        let mut found: Vec<(Meaning, Stands)> = Vec::new();
        let mut read = |name: &str| Some(self.said(name).meaning).filter(|meaning| !meaning.says_nothing());
        if tables {
            grid::cells(text, &mut read, |meaning, cell| found.push((meaning, Stands::Cell(cell))));
        }
        if labels {
            grid::labels(text, read, |meaning, labelled| found.push((meaning, Stands::Behind(labelled))));
        }
        for (meaning, stands) in found {
            let owner = meaning.owner.map(|id| &rules.owners[usize::from(id)]);
            if let Some((owner, span)) = owner.and_then(|owner| Some((owner, held(owner, text, stands)?))) {
                let passes = owner.threshold > SURE || rules.allows(span.of(text));
                if !passes && !marked::holds_mask(text, span, rules, self.fields) {
                    self.report(here, text, span, owner, SURE, Origin::Key)?;
                }
            } else if !meaning.topics.is_empty() {
                let span = stands.span();
                let mut hits = std::mem::take(&mut self.hits);
                rules.engine.find(span.of(text), place.topics.with(meaning.topics), &mut hits);
                self.take(here, text, hits, |hit| hit.shift(span.start))?;
            }
        }
        Ok(())
    }
}

/// Where a value stands that something gives away.
#[derive(Debug, Clone, Copy)]
enum Stands {
    /// In the column of that name.
    Cell(Span),
    /// Behind a label.
    Behind(Labelled),
}

impl Stands {
    fn span(self) -> Span {
        match self {
            Self::Cell(cell) => cell,
            Self::Behind(labelled) => labelled.value,
        }
    }
}

/// The value that is what its name says. Before a colon any word may stand: there numbers and dates of persons count, and
/// secrets that a machine made.
fn held(owner: &Owner, text: &str, stands: Stands) -> Option<Span> {
    let span = match (stands, owner.detector.class) {
        (Stands::Cell(cell), Class::Credential) => {
            let value = cell.of(text);
            (!value.contains(char::is_whitespace) && value.len() > 3).then_some(cell)
        }
        (Stands::Cell(cell), _) => Some(cell),
        (Stands::Behind(labelled), Class::Credential) => {
            let word = labelled.word.of(text);
            let held = secret::labelled(word) && (owner.detector.check)(word);
            return held.then(|| labelled.whole_word(text));
        }
        (Stands::Behind(labelled), Class::Personal) => {
            let value = labelled.value.of(text);
            let digits = value.bytes().filter(u8::is_ascii_digit).count();
            (labelled.alone || digits > 4 && value.len() <= 40).then_some(labelled.value)
        }
        (Stands::Behind(_), _) => None,
    };
    span.filter(|span| (owner.detector.check)(span.of(text)))
}
