//! Conditions of a `DELETE`: those that hold for every row, as somebody would write them who means to look bounded, and
//! those that restrict.

use inspect::statement::Dialect;
use inspect::statement::sql::{Class, classify};

use crate::sql::on_large_stack;

/// Every condition of a table, in every dialect that it is for.
fn conditions(table: &'static str) -> Vec<(Dialect, &'static str)> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let conditions = lines.flat_map(|line| {
        let (dialects, condition) = line.split_once('\t').unwrap_or_else(|| panic!("two columns: {line}"));
        let named = move |dialect: &Dialect| dialects.split(',').any(|name| name == dialect.as_str());
        let vendors = Dialect::ALL.into_iter().filter(|dialect| *dialect != Dialect::Generic);
        vendors
            .filter(move |dialect| dialects == "*" || named(dialect))
            .map(move |dialect| (dialect, condition))
    });
    conditions.collect()
}

/// Complaints of those that are not judged as they must be.
fn complaints(table: &'static str, must: impl Fn(Class) -> bool + Send + 'static) -> (usize, Vec<String>) {
    on_large_stack(move || {
        let conditions = conditions(table);
        let complaints = conditions.iter().filter_map(|(dialect, condition)| {
            let facts = classify(&format!("DELETE FROM t WHERE {condition}"), Some(*dialect));
            (!must(facts.class)).then(|| format!("{dialect} {:?} {}: {condition}", facts.class, facts.reason))
        });
        (conditions.len(), complaints.collect())
    })
}

#[test]
fn conditions_that_hold_for_every_row_bound_nothing_however_they_are_written() {
    let (count, complaints) =
        complaints(include_str!("tautology.tsv"), |class| class >= Class::WriteUnbounded);
    assert!(count > 2_000, "{count}");
    assert!(complaints.is_empty(), "{} of {count}\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn conditions_that_restrict_are_never_taken_for_those() {
    let (count, complaints) = complaints(include_str!("honest.tsv"), |class| class == Class::Write);
    assert!(count > 1_500, "{count}");
    assert!(complaints.is_empty(), "{} of {count}\n{}", complaints.len(), complaints.join("\n"));
}
