//! For tests: how SQLite goes about a statement. No list may walk through the leaves: among millions it never ends.

use super::{Access, Db, Value};

/// Tables that grow with every call, and what statements call them.
const LARGE: [&str; 10] =
    ["entry", "word", "lead", "also", "session", "tally", "payload", "context", "lane_head", "span"];

/// What the planner says of a statement, a line each.
///
/// # Panics
/// When a large table is walked through and not searched.
pub(super) fn searched(sql: &str, values: &[Value<'_>]) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::open_sqlite(directory.path(), Access::Gateway).unwrap();
    let explained = format!("EXPLAIN QUERY PLAN {sql}");
    let plan = db
        .read_now("plan", |read| read.all(&explained, values, |row| Ok(row.text(3)?.to_owned())))
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    for line in &plan {
        let walked = line.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
        assert!(!walked.is_some_and(|table| LARGE.contains(&table)), "{line} in {sql}");
    }
    plan
}
