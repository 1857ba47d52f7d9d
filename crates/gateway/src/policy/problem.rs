//! What is wrong with a policy file, and where: file, line, column, the line itself, what to write instead.

use std::fmt;

use miette::Diagnostic;

/// One thing wrong (or doubtful) in a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named to the loader.
    pub file: String,
    /// Line, from 1; 0 when the problem is with the file as a whole.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The line's text, without its end.
    pub snippet: String,
}

impl Problem {
    /// A problem at byte `offset` of `text`.
    pub fn at(file: &str, text: &str, offset: usize, message: impl Into<String>) -> Self {
        let offset = text.floor_char_boundary(offset);
        let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        let snippet = text[start..].lines().next().unwrap_or_default();
        Self {
            file: file.to_owned(),
            line: line_of(text, offset),
            column: text[start..offset].chars().count() + 1,
            message: message.into(),
            help: None,
            snippet: snippet.to_owned(),
        }
    }

    /// A problem with a whole file or directory.
    pub fn of(file: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            column: 0,
            message: message.into(),
            help: None,
            snippet: String::new(),
        }
    }

    /// The same problem with advice.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// What Cedar says of the text it was given; `base` is where its positions are counted from when it gives none.
    pub(super) fn from_cedar(file: &str, text: &str, base: usize, error: &dyn Diagnostic) -> Self {
        let label = error.labels().and_then(|mut labels| labels.next());
        let offset = label.as_ref().map_or(base, miette::LabeledSpan::offset);
        let mut message = error.to_string();
        if let Some(detail) = label.as_ref().and_then(|label| label.label())
            && !message.contains(detail)
        {
            message = format!("{message}: {detail}");
        }
        let problem = Self::at(file, text, offset, message);
        match error.help() {
            Some(help) => problem.with_help(help.to_string()),
            None => problem,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.file, self.message)?;
        } else {
            write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        }
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

/// Why a policy set cannot be used: at least one [`Problem`], in the order of files and lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", summary(.problems))]
pub struct Rejected {
    /// Everything that is wrong, so that it can be repaired in one go.
    pub problems: Vec<Problem>,
}

impl From<Problem> for Rejected {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// Line of byte `offset`, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn summary(problems: &[Problem]) -> String {
    let first = problems.first().map(ToString::to_string).unwrap_or_default();
    match problems.len() {
        0 | 1 => format!("policies cannot be used: {first}"),
        count => format!("policies cannot be used: {first} (and {} more)", count - 1),
    }
}
