//! The first lines of some derived files, for the report.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use evidence::package::{
    DIFFERENCES_FILE, EXCEPTIONS_FILE, GAPS_FILE, MISSING_FILE, SELECTION_FILE, TIMELINE_FILE, cells,
};

use super::PackageError;
use crate::limits;

/// Files of which the report shows something.
const WANTED: &[&str] = &[
    GAPS_FILE,
    EXCEPTIONS_FILE,
    MISSING_FILE,
    DIFFERENCES_FILE,
    SELECTION_FILE,
    TIMELINE_FILE,
    "populations/approvals.csv",
    "populations/definitions.csv",
    "populations/keys.csv",
    "populations/retention.csv",
    "populations/viewing.csv",
    "populations/availability.csv",
];

/// What the report shows of one file: some of its lines, each with its number from 1, the head first.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) lines: Vec<(u64, Vec<String>)>,
    seen: u64,
}

/// What the report shows of the files.
#[derive(Default)]
pub(super) struct Excerpt {
    files: BTreeMap<String, Shown>,
    rules: BTreeMap<String, usize>,
}

impl Excerpt {
    /// Looks at the next line of a file.
    fn look(&mut self, path: &str, line: &str) {
        if !WANTED.contains(&path) {
            return;
        }
        let shown = self.files.entry(path.to_owned()).or_default();
        shown.seen += 1;
        if path == EXCEPTIONS_FILE {
            // A few of each rule, not many of one.
            let rule = line.split(',').next().unwrap_or_default();
            let seen = self.rules.entry(rule.to_owned()).or_default();
            *seen += 1;
            if *seen > limits::REPORT_EXCEPTIONS_MAX {
                return;
            }
        }
        // One more for the head.
        if shown.lines.len() <= limits::REPORT_ROWS_MAX {
            shown.lines.push((shown.seen, cells(line)));
        }
    }

    /// Looks at the files below `work`.
    pub(super) fn read(work: &Path) -> Result<Self, PackageError> {
        let mut excerpt = Self::default();
        for path in WANTED {
            let full = work.join(path);
            let failed = |cause| PackageError::Io { path: full.clone(), cause };
            if full.exists() {
                for line in BufReader::new(File::open(&full).map_err(failed)?).lines() {
                    excerpt.look(path, &line.map_err(failed)?);
                }
            }
        }
        Ok(excerpt)
    }

    /// The head and the first rows of a file.
    pub(super) fn of(&self, path: &str) -> &[(u64, Vec<String>)] {
        self.files.get(path).map(|shown| &*shown.lines).unwrap_or_default()
    }
}
