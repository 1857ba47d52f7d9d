//! What was in force, and what each change changed: policy sets and configurations by hash, definitions of tools, and for
//! every leaf of the timeline the lines that differ.

use evidence::merkle::Hash;
use evidence::package::{CONFIGURATIONS, DOCUMENTS, Derived, POLICIES, TIMELINE_FILE, cells};

use super::{Draft, PackageError};
use crate::report::diff::{Line, diff};
use crate::store::document;
use crate::store::entry::{self, Filter};

/// The directory of what changed, one file for each leaf.
const DIFFERENCES: &str = "config/differences";

/// How a policy asks whether a definition changed.
const SEEING: [&str; 2] = ["context.definition", "context[\"definition\"]"];

/// Whether the policy sets of a period mention that the definition of a tool changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drift {
    Seen,
    SeenBySome,
    Unseen,
}

impl Drift {
    /// What that means, as HTML.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Seen => {
                "Every policy set of the period mentions <code>context.definition</code>: what a changed definition meant for calls of \
                 the tool, until somebody accepted it, stands in <code>config/policies/</code>."
            }
            Self::SeenBySome => {
                "Some policy sets of the period mention <code>context.definition</code> and some do not: under those that do not, a tool \
                 whose definition changed could be called as before. The sets are in <code>config/policies/</code>."
            }
            Self::Unseen => {
                "No policy set of the period mentions <code>context.definition</code>: a tool whose definition changed could be called as \
                 before, accepted or not."
            }
        }
    }
}

impl Draft<'_> {
    /// Policy sets, configurations and definitions that leaves name, those in force when the period began, and what
    /// changed.
    pub(super) fn write_documents(&self, derived: &Derived) -> Result<(), PackageError> {
        let before = |event, member| self.before(event, member);
        let policies = derived.policy_sets.iter().copied().chain(before("policy.published", "policy_set")?);
        let policies: Vec<Hash> = policies.collect();
        let configurations =
            derived.configurations.iter().copied().chain(before("config.changed", "configuration")?);
        let wanted = policies
            .into_iter()
            .map(|hash| (POLICIES, hash))
            .chain(configurations.map(|hash| (CONFIGURATIONS, hash)))
            .chain(derived.documents.iter().map(|hash| (DOCUMENTS, *hash)));
        for (folder, hash) in wanted {
            // One that is missing is a finding of whoever verifies, not a reason to write no package.
            if let Some(bytes) = self.document(hash)? {
                self.put(&format!("{folder}/{hash}.json"), &bytes)?;
            }
        }
        self.write_differences()
    }

    /// What the policy sets in the package make of definitions that changed.
    pub(super) fn drift(&self, derived: &Derived) -> Result<Drift, PackageError> {
        let before = self.before("policy.published", "policy_set")?;
        let (mut seeing, mut blind) = (false, false);
        for hash in derived.policy_sets.iter().copied().chain(before) {
            let text = self.document(hash)?.map(|document| text_of(&document)).unwrap_or_default();
            let sees = SEEING.iter().any(|read| text.contains(read));
            (seeing, blind) = (seeing || sees, blind || !sees);
        }
        Ok(match (seeing, blind) {
            (true, false) => Drift::Seen,
            (true, true) => Drift::SeenBySome,
            (false, _) => Drift::Unseen,
        })
    }

    /// What was in force when the period began.
    fn before(&self, event: &str, member: &str) -> Result<Option<Hash>, PackageError> {
        let from = self.order.period.from.as_micros();
        let filter = Filter { event: Some(event.to_owned()), until: Some(from), ..Filter::default() };
        let earlier = self.maker.db.read_now("in force before", |read| entry::page(read, &filter, 1))?;
        Ok(earlier.iter().find_map(|entry| {
            let leaf: serde_json::Value = serde_json::from_slice(&entry.leaf).ok()?;
            leaf.get("detail")?.get(member)?.as_str()?.parse().ok()
        }))
    }

    /// The document with this hash.
    pub(super) fn document(&self, hash: Hash) -> Result<Option<Vec<u8>>, PackageError> {
        let found = self.maker.db.read_now("document", |read| document::find(read, hash.as_bytes()))?;
        Ok(found.map(|(_, bytes)| bytes))
    }

    fn write_differences(&self) -> Result<(), PackageError> {
        let path = self.work.join(TIMELINE_FILE);
        let timeline =
            std::fs::read_to_string(&path).map_err(|cause| PackageError::Io { path: path.clone(), cause })?;
        for row in timeline.lines().skip(1).map(cells) {
            let [index, _, _, now, before, ..] = &row[..] else { continue };
            let (Ok(now), Ok(before)) = (now.parse(), before.parse()) else { continue };
            if let (Some(old), Some(new)) = (self.document(before)?, self.document(now)?) {
                let text = difference((before, &text_of(&old)), (now, &text_of(&new)));
                self.put(&format!("{DIFFERENCES}/{index}.diff"), text.as_bytes())?;
            }
        }
        Ok(())
    }
}

/// A document as lines: of a policy set the policies, of anything else its JSON indented.
fn text_of(document: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(document) else { return String::new() };
    match value.get("policies").and_then(|policies| policies.as_object()) {
        Some(policies) => policies
            .iter()
            .map(|(id, text)| format!("// {id}\n{}\n\n", text.as_str().unwrap_or_default().trim_end()))
            .collect(),
        None => format!("{value:#}\n"),
    }
}

/// As people are used to: what is gone with `-`, what is new with `+`.
fn difference((before, old): (Hash, &str), (now, new): (Hash, &str)) -> String {
    let mut text = format!("--- {before}\n+++ {now}\n");
    for line in diff(old, new) {
        let line = match line {
            Line::Same(line) => format!(" {line}\n"),
            Line::Old(line) => format!("-{line}\n"),
            Line::New(line) => format!("+{line}\n"),
            Line::Gap(lines) => format!("@@ {lines} lines as before @@\n"),
        };
        text.push_str(&line);
    }
    text
}
