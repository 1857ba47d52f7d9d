//! Findings as text for people.

use std::fmt::Write as _;

use super::{Findings, KeySource, Stamped};

/// Whether a report is coloured with ANSI escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Plain text, for files and pipes.
    Plain,
    /// Coloured, for a terminal.
    Colour,
}

pub(super) const RED: &str = "\x1b[1;31m";
pub(super) const GREEN: &str = "\x1b[1;32m";
pub(super) const YELLOW: &str = "\x1b[33m";
const RESET: &str = "\x1b[0m";

impl Findings {
    /// The report. Control characters in names that come from the log are replaced.
    pub fn report(&self, paint: Paint) -> String {
        let mut text = String::new();
        self.report_into(&mut text, paint);
        line(&mut text, format_args!("\n{}", self.assurance.text()));
        line(&mut text, format_args!("{}", self.does_not_assert));
        text
    }

    /// The report without what holds of every log.
    pub(super) fn report_into(&self, text: &mut String, paint: Paint) {
        self.report_log(text);
        self.report_package(text);
        self.report_warnings(text, paint);
        self.report_problems(text, paint);
    }

    fn report_log(&self, text: &mut String) {
        let Some(summary) = &self.checkpoint else {
            return line(text, format_args!("No trustworthy checkpoint: nothing else was checked."));
        };
        let source = match self.key_source {
            KeySource::Given => "given",
            KeySource::Directory => "taken from the directory: not independent",
            KeySource::Epoch => "named by the epoch beside it",
            KeySource::None => "none",
        };
        line(text, format_args!("log        {}", summary.origin));
        line(text, format_args!("leaves     {}", summary.size));
        line(text, format_args!("root       {}", summary.root));
        line(text, format_args!("key        {} ({source})", summary.key));
        if self.earlier_checkpoints > 0 {
            line(text, format_args!("earlier    {} checkpoints stand beside it", self.earlier_checkpoints));
        }
        for stamped in &self.stamped {
            let Stamped { size, authority, time } = stamped;
            line(
                text,
                format_args!(
                    "stamped    {time} over {size} leaves, says `{authority}`; `verify.py --tsa` checks its signature"
                ),
            );
        }
        if let Some(reason) = self.genesis.as_ref().and_then(|genesis| genesis.reason.as_ref()) {
            line(text, format_args!("begun      {}", one_line(reason)));
        }
        if let Some(seal) = &self.seal {
            line(text, format_args!("sealed     {}", one_line(&seal.reason)));
        }
        for cosigned in &self.cosigned {
            line(text, format_args!("cosigned   {} by {}", cosigned.time, cosigned.witness));
        }
        if let (Some(first), Some(last)) = (self.first_ts, self.last_ts) {
            line(text, format_args!("period     {first} to {last}"));
        }
        line(text, format_args!("lanes      {}", self.lanes));
        if self.leaves_read != summary.size {
            line(text, format_args!("read       {} leaves, up to the first damaged one", self.leaves_read));
        }
        for (event, count) in &self.counts {
            line(text, format_args!("  {event:<20} {count:>10}"));
        }
        for (rule, bodies) in &self.erased {
            line(text, format_args!("erased     {bodies} bodies under the rule {}", one_line(rule)));
        }
        if self.open_call_count > 0 {
            line(text, format_args!("open       {} calls have not ended yet:", self.open_call_count));
            for open in &self.open_calls {
                line(text, format_args!("  leaf {}: call {}", open.leaf, open.call));
            }
        }
    }

    fn report_package(&self, text: &mut String) {
        let Some(package) = &self.package else { return };
        line(text, format_args!("\npackage    {} to {}", package.from, package.until));
        line(text, format_args!("manifest   {} ({} files)", package.manifest, package.files));
        line(text, format_args!("in period  {} leaves; populations, recomputed from them:", package.leaves));
        for (name, rows) in &package.populations {
            line(text, format_args!("  {name:<20} {rows:>10}"));
        }
        let bodies = package.bodies;
        let opened = match bodies.opened {
            Some(opened) => format!("{opened} of privileged calls opened and compared"),
            None => "those of privileged calls are sealed: none is here".to_owned(),
        };
        line(text, format_args!("messages   {opened}"));
        if bodies.erased > 0 {
            line(text, format_args!("           {} erased by rule, see bodies.missing.csv", bodies.erased));
        }
        if package.samples > 0 {
            line(text, format_args!("samples    {} opened, proven and compared", package.samples));
        }
        text.push('\n');
    }

    fn report_warnings(&self, text: &mut String, paint: Paint) {
        for warning in &self.warnings {
            let place = warning.leaf.map(|leaf| format!("leaf {leaf}: ")).unwrap_or_default();
            mark(text, "warning    ", YELLOW, paint);
            line(text, format_args!("{place}{}", warning.reason));
        }
        report_rest(text, "warnings", self.warning_count, self.warnings.len());
    }

    fn report_problems(&self, text: &mut String, paint: Paint) {
        for problem in &self.problems {
            mark(text, "problem    ", RED, paint);
            if let Some(leaf) = problem.leaf {
                part(text, format_args!("leaf {leaf}: "));
            }
            if let Some(path) = &problem.path {
                part(text, format_args!("{path}: "));
            }
            line(text, format_args!("{}", problem.reason));
        }
        report_rest(text, "problems", self.problem_count, self.problems.len());
        text.push('\n');
        if self.sound {
            mark(text, "SOUND", GREEN, paint);
            line(
                text,
                format_args!(": every leaf leads to the signed root, and every call is accounted for."),
            );
        } else {
            mark(text, "NOT SOUND", RED, paint);
            let noun = if self.problem_count == 1 { "problem" } else { "problems" };
            part(text, format_args!(": {} {noun}", self.problem_count));
            match self.first_bad_leaf {
                Some(leaf) => line(text, format_args!("; the first bad leaf is {leaf}.")),
                None => line(text, format_args!("; none names a leaf.")),
            }
        }
    }
}

/// A person's words, which may have several lines.
fn one_line(words: &str) -> String {
    words.replace('\n', " ")
}

fn report_rest(text: &mut String, what: &str, count: u64, listed: usize) {
    let rest = count.saturating_sub(u64::try_from(listed).unwrap_or(u64::MAX));
    if rest > 0 {
        line(text, format_args!("           and {rest} more {what}"));
    }
}

pub(super) fn mark(text: &mut String, word: &str, colour: &str, paint: Paint) {
    match paint {
        Paint::Plain => text.push_str(word),
        Paint::Colour => text.extend([colour, word, RESET]),
    }
}

pub(super) fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    part(text, content);
    text.push('\n');
}

/// Adds text that may hold names from the log: a file name must not move the reader's cursor.
fn part(text: &mut String, content: std::fmt::Arguments<'_>) {
    let mut plain = String::new();
    // Writing to a string cannot fail.
    if write!(plain, "{content}").is_ok() {
        text.extend(plain.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Findings, ProblemKind};
    use super::*;

    #[test]
    fn names_cannot_control_the_terminal() {
        let mut findings = Findings::new();
        findings.blame_file(ProblemKind::ExtraFile, "a\x1b[2Jb", "does not belong");
        let report = findings.report(Paint::Plain);
        assert!(report.contains("a\u{fffd}[2Jb: does not belong"), "{report}");
        assert!(!report.contains('\x1b'));
        assert!(findings.report(Paint::Colour).contains("\x1b[1;31mNOT SOUND"));
    }

    #[test]
    fn list_is_bounded_and_says_so() {
        let mut findings = Findings::new();
        for leaf in (1..=150).rev() {
            findings.blame(ProblemKind::Entry, leaf, "wrong");
        }
        let report = findings.report(Paint::Plain);
        assert!(report.contains("and 50 more problems"), "{report}");
        assert!(report.contains("NOT SOUND: 150 problems; the first bad leaf is 1."), "{report}");
    }
}
