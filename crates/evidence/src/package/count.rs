//! Reconciliation: counts that the gateway does not write, beside what the log holds.
//!
//! The file has the head `day,source,measure,count`. Measures: `calls`, `forwarded`, `denied`,
//! `authentication_failures`, and `forwarded:<server>`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::leaf::{ActorKind, EventType, Leaf};

/// The most bytes of a file of counts: years of daily counts of every server.
pub const COUNTS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The head of the comparison.
pub(super) const COLUMNS: [&str; 7] = ["day", "source", "measure", "theirs", "ours", "difference", "ties"];

const FILE: &str = "the counts";
const HEAD: &str = "day,source,measure,count";
const MEASURES: [&str; 4] = ["calls", "forwarded", "denied", "authentication_failures"];

/// Daily counts from somewhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts(Vec<Row>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    day: String,
    source: String,
    measure: String,
    count: u64,
}

/// Why a file from somewhere else is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of {file}: {reason}")]
pub struct CountsError {
    /// Which file: `the counts`, `the leavers`.
    pub file: &'static str,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong, and what is expected.
    pub reason: &'static str,
}

impl Counts {
    /// Reads a file of counts.
    ///
    /// # Errors
    /// [`CountsError`], which names the line.
    pub fn parse(text: &str) -> Result<Self, CountsError> {
        let mut lines = (1..).zip(text.lines().map(|line| line.trim_end_matches('\r')));
        if lines.next().is_none_or(|(_, head)| head.trim_start_matches('\u{feff}') != HEAD) {
            let reason = "expected the head `day,source,measure,count`";
            return Err(CountsError { file: FILE, line: 1, reason });
        }
        lines
            .filter(|(_, line)| !line.is_empty())
            .map(|(line, text)| row(line, text))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn row(line: usize, text: &str) -> Result<Row, CountsError> {
    let refuse = |reason| CountsError { file: FILE, line, reason };
    let fields: Vec<&str> = text.split(',').collect();
    let [day, source, measure, count] = fields[..] else {
        return Err(refuse("expected four fields, none with a comma in it"));
    };
    let is_day =
        day.len() == 10 && format!("{day}T00:00:00.000000Z").parse::<crate::time::Timestamp>().is_ok();
    if !is_day {
        return Err(refuse("the day is not of the form 2026-11-20"));
    }
    let known = MEASURES.contains(&measure)
        || measure.strip_prefix("forwarded:").is_some_and(|name| !name.is_empty());
    if !known {
        let reason =
            "the measure is none of calls, forwarded, denied, authentication_failures, forwarded:SERVER";
        return Err(refuse(reason));
    }
    if source.contains('"') || source.chars().any(char::is_control) || measure.chars().any(char::is_control) {
        return Err(refuse("a field holds a quotation mark or a control character"));
    }
    let count = crate::text::read_decimal(count).ok_or_else(|| refuse("the count is not a plain number"))?;
    Ok(Row { day: day.to_owned(), source: source.to_owned(), measure: measure.to_owned(), count })
}

/// What the log holds, by day.
#[derive(Default)]
pub(super) struct Measures(BTreeMap<(String, String), u64>);

#[derive(Deserialize)]
struct Attempts {
    count: Option<u64>,
}

impl Measures {
    /// Counts a leaf of the period.
    pub(super) fn push(&mut self, leaf: &Leaf) {
        // The gateway's own calls are nobody's: no other source counts them.
        if leaf.actor.as_ref().is_some_and(|actor| actor.kind == ActorKind::Canary) {
            return;
        }
        match leaf.event {
            EventType::CallIntent => {
                self.add(leaf, "calls", 1);
                self.add(leaf, "forwarded", 1);
                if let Some(server) = &leaf.server {
                    self.add(leaf, &format!("forwarded:{server}"), 1);
                }
            }
            EventType::CallDenied => {
                self.add(leaf, "calls", 1);
                self.add(leaf, "denied", 1);
            }
            EventType::AuthFailed => {
                let detail = leaf.detail.as_ref();
                let attempts: Option<Attempts> =
                    detail.and_then(|detail| serde_json::from_str(detail.as_str()).ok());
                self.add(
                    leaf,
                    "authentication_failures",
                    attempts.and_then(|attempts| attempts.count).unwrap_or(1),
                );
            }
            _ => {}
        }
    }

    fn add(&mut self, leaf: &Leaf, measure: &str, count: u64) {
        let day: String = leaf.ts.to_string().chars().take(10).collect();
        *self.0.entry((day, measure.to_owned())).or_default() += count;
    }

    /// The comparison, in the order of the counts.
    pub(super) fn compare(&self, counts: &Counts) -> Vec<[String; 7]> {
        let compare = |row: &Row| {
            let ours = self.0.get(&(row.day.clone(), row.measure.clone())).copied().unwrap_or(0);
            let difference = i128::from(ours) - i128::from(row.count);
            [
                row.day.clone(),
                row.source.clone(),
                row.measure.clone(),
                row.count.to_string(),
                ours.to_string(),
                difference.to_string(),
                if difference == 0 { "yes" } else { "no" }.to_owned(),
            ]
        };
        counts.0.iter().map(compare).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_or_the_line_is_named() {
        let counts = Counts::parse("day,source,measure,count\r\n2026-11-20,idp,calls,3\r\n").unwrap();
        assert_eq!(counts.0.len(), 1);
        for (bad, line) in [
            ("", 1),
            ("day,count\n", 1),
            ("day,source,measure,count\n2026-02-30,idp,calls,3\n", 2),
            ("day,source,measure,count\n2026-11-20,idp,sign ins,3\n", 2),
            ("day,source,measure,count\n2026-11-20,idp,calls,-3\n", 2),
            ("day,source,measure,count\n2026-11-20,a,b,calls,3\n", 2),
        ] {
            assert_eq!(Counts::parse(bad).unwrap_err().line, line, "{bad}");
        }
    }
}
