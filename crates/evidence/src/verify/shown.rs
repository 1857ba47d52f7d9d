//! The report against what it is about: every marked number is the figure it names, every marked row the line it names.
//!
//! Sentences are nobody's figures: whoever holds the key can write any, and cover what is marked. What counts is in the
//! files that the marks name.

use std::collections::{BTreeMap, BTreeSet};

use super::package::each_line;
use super::{Findings, ProblemKind};
use crate::directory::{self, Files};
use crate::package::{
    COUNTED_FILES, FIGURES, Manifest, Mark, REPORT_FILE, Row, cells, figure_of, group, marks, short,
};

/// More than any report.
const REPORT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How a page ends.
const END: &[u8] = b"</html>";

pub(super) fn check(
    files: &Files,
    manifest: &Manifest,
    figures: &BTreeMap<String, u64>,
    derived: &dyn Fn(&str) -> bool,
    findings: &mut Findings,
) -> Result<(), directory::Error> {
    let mut figures = figures.clone();
    let listed = |path: &str| manifest.files.iter().any(|record| record.path == path);
    let counted: Vec<&str> = COUNTED_FILES.iter().copied().filter(|path| listed(path)).collect();
    for path in &counted {
        figures.insert(figure_of(path), rows_of(files, path)?);
    }
    let Some(report) = files.read(REPORT_FILE, REPORT_BYTES_MAX)? else {
        findings.blame_file(ProblemKind::MissingFile, REPORT_FILE, "a package without its report");
        return Ok(());
    };
    if !report.trim_ascii_end().ends_with(END) {
        findings.blame_file(
            ProblemKind::Report,
            REPORT_FILE,
            "it was cut: it does not end where a page ends",
        );
    }
    let (numbers, rows) = marks(&String::from_utf8_lossy(&report));
    for Mark { figure, shown } in &numbers {
        let counted = figures.get(figure);
        if counted.is_none_or(|counted| group(*counted) != *shown) {
            let counted = counted.map_or_else(|| "nothing".to_owned(), u64::to_string);
            let reason = format!("it shows `{shown}` for `{figure}`, and the log gives {counted}");
            findings.blame_file(ProblemKind::Report, REPORT_FILE, reason);
        }
    }
    let shown: BTreeSet<&str> = numbers.iter().map(|mark| mark.figure.as_str()).collect();
    let wanted =
        FIGURES.iter().map(|name| (*name).to_owned()).chain(counted.iter().map(|path| figure_of(path)));
    for figure in wanted.filter(|figure| !shown.contains(figure.as_str())) {
        findings.blame_file(ProblemKind::Report, REPORT_FILE, format!("it does not show `{figure}`"));
    }
    let mut by_file: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        by_file.entry(&row.file).or_default().push(row);
    }
    for (file, rows) in by_file {
        check_rows(files, file, &rows, &|file| derived(file) || counted.contains(&file), findings)?;
    }
    Ok(())
}

/// Lines of a file that hold something, but for its head.
fn rows_of(files: &Files, path: &str) -> Result<u64, directory::Error> {
    let mut lines = 0_u64;
    files.with(path, &mut |content| {
        each_line(content, &mut |line| {
            lines += u64::from(!line.trim_ascii().is_empty());
            true
        })
    })?;
    Ok(lines.saturating_sub(1))
}

fn check_rows(
    files: &Files,
    file: &str,
    rows: &[&Row],
    derived: &dyn Fn(&str) -> bool,
    findings: &mut Findings,
) -> Result<(), directory::Error> {
    let mut wanted: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        wanted.entry(row.line.unwrap_or(0)).or_default().push(row);
    }
    let (mut number, mut good) = (0, 0);
    if derived(file) {
        files.with(file, &mut |content| {
            each_line(content, &mut |line| {
                number += 1;
                if let Some(rows) = wanted.get(&number) {
                    let cells = cells(String::from_utf8_lossy(line).trim_end_matches('\r'));
                    good += rows.iter().filter(|row| is_of(row, &cells)).count();
                }
                wanted.range(number + 1..).next().is_some()
            })
        })?;
    }
    if good < rows.len() {
        let reason =
            format!("{} of the rows that it shows of `{file}` are not rows of it", rows.len() - good);
        findings.blame_file(ProblemKind::Report, REPORT_FILE, reason);
    }
    Ok(())
}

fn is_of(row: &Row, cells: &[String]) -> bool {
    let expected = row.columns.iter().map(|&column| cells.get(column).map(|cell| short(cell)));
    row.line.is_some() && expected.eq(row.cells.iter().map(|cell| Some(cell.clone())))
}
