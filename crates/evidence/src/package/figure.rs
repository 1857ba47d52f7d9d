//! Every number that the report may show, by name. They are derived like everything else, so a verifier counts them
//! again and then holds the report against them.

use std::collections::BTreeMap;

use super::derive::Derived;
use super::exception::RULES;

/// What a report must show, whatever else it shows.
pub const FIGURES: &[&str] = &[
    "rows.calls",
    "type.call.intent",
    "type.call.denied",
    "type.auth.failed",
    "rows.privileged",
    "rows.approvals",
    "rows.principals",
    "rows.tools",
    "exceptions",
    "bodies.unexplained",
    "gaps",
    "gaps.unexplained",
    "leaves",
    "log.first",
    "log.last",
    "log.size",
];

/// Files that are computed from policies, not from leaves: a report that shows how many rows one has names it
/// `file:PATH`, and must where the package has the file.
pub const COUNTED_FILES: &[&str] = &["access/difference.csv", "access/end.duties.csv", "access/unused.csv"];

/// The name of the figure for the rows of a file.
pub fn figure_of(path: &str) -> String {
    format!("file:{path}")
}

/// Types that a report speaks of, whether there was one or not.
const ALWAYS: [&str; 3] = ["auth.failed", "call.denied", "call.intent"];

/// The figures of a package.
pub fn figures(derived: &Derived) -> BTreeMap<String, u64> {
    let mut figures = BTreeMap::new();
    let mut add = |name: &str, number: u64| {
        figures.insert(name.to_owned(), number);
    };
    add("leaves", derived.leaves);
    add("log.first", derived.log.first);
    add("log.last", derived.log.size.saturating_sub(1));
    add("log.size", derived.log.size);
    add("busiest_day", derived.busiest);
    for event in ALWAYS.into_iter().chain(derived.totals.keys().map(|(_, event)| *event)) {
        add(&format!("type.{event}"), derived.of_type(event));
    }
    for (name, rows) in &derived.rows {
        add(&format!("rows.{name}"), *rows);
    }
    for rule in RULES {
        add(&format!("rule.{}", rule.name), derived.exceptions.get(rule.name).copied().unwrap_or(0));
    }
    add("exceptions", derived.exceptions.values().sum());
    add("bodies.erased", derived.missing.0);
    add("bodies.unexplained", derived.missing.1);
    add("gaps", derived.gaps.0);
    add("gaps.unexplained", derived.gaps.1);
    if let Some((rows, open)) = derived.compared {
        add("counts", rows);
        add("counts.open", open);
    }
    add("samples", derived.selected.len() as u64);
    figures
}
