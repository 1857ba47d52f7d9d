//! The first lines of some derived files, for the report.

use std::collections::BTreeMap;

use evidence::package::{DIFFERENCES_FILE, EXCEPTIONS_FILE, GAPS_FILE, SELECTION_FILE};

use crate::limits;

/// What the report shows of the files.
#[derive(Default)]
pub(super) struct Excerpt {
    files: BTreeMap<String, Vec<Vec<String>>>,
    rules: BTreeMap<String, usize>,
}

impl Excerpt {
    /// Looks at the next line of a file.
    pub(super) fn look(&mut self, path: &str, line: &str) {
        let wanted = matches!(path, GAPS_FILE | EXCEPTIONS_FILE | DIFFERENCES_FILE | SELECTION_FILE)
            || matches!(
                path,
                "populations/changes.csv"
                    | "populations/approvals.csv"
                    | "populations/definitions.csv"
                    | "populations/keys.csv"
                    | "populations/retention.csv"
                    | "populations/viewing.csv"
                    | "populations/availability.csv"
            );
        if !wanted {
            return;
        }
        if path == EXCEPTIONS_FILE {
            // A few of each rule, not many of one.
            let rule = line.split(',').next().unwrap_or_default();
            let seen = self.rules.entry(rule.to_owned()).or_default();
            *seen += 1;
            if *seen > limits::REPORT_EXCEPTIONS_MAX {
                return;
            }
        }
        let rows = self.files.entry(path.to_owned()).or_default();
        // One more for the head.
        if rows.len() <= limits::REPORT_ROWS_MAX {
            rows.push(cells(line));
        }
    }

    /// The head and the first rows of a file.
    pub(super) fn of(&self, path: &str) -> &[Vec<String>] {
        self.files.get(path).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The cells of a line of CSV.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells
}
