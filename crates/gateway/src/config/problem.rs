//! What is wrong with a configuration, where, and what to write instead.
//!
//! A message shows the line it is about. A line that may hold a secret is shown only up to its key.

use std::collections::BTreeSet;

use super::document::{Node, Path, Span, Value};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Problem {
    /// What it is about. When the file has no such value, the nearest thing that holds it is pointed at.
    pub(super) path: Path,
    pub(super) part: Part,
    /// Lower case, no full stop, input in backticks.
    pub(super) text: String,
    /// What to do.
    pub(super) hint: Option<String>,
}

/// The part of a field that a problem points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Key,
    Value,
}

/// Lines of the file that may hold a secret, and so are never repeated in full.
#[derive(Debug, Default)]
pub(super) struct PrivateLines(BTreeSet<usize>);

impl Problem {
    pub(super) fn key(path: Path, text: impl Into<String>) -> Self {
        Self { path, part: Part::Key, text: text.into(), hint: None }
    }

    pub(super) fn value(path: Path, text: impl Into<String>) -> Self {
        Self { path, part: Part::Value, text: text.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Where in the file to look.
    pub(super) fn span(&self, root: &Node) -> Span {
        let mut path = self.path.clone();
        let mut part = self.part;
        loop {
            match (root.find(&path), part) {
                (Some((Some(key), _)), Part::Key) => return key.span,
                (Some((_, node)), _) => return node.span,
                (None, _) => {}
            }
            // The root always exists, so the loop ends.
            path = path.parent().unwrap_or_default();
            part = Part::Key;
        }
    }

    /// The message as people see it: place, text, the line, what to do.
    pub(super) fn render(&self, file: &str, text: &str, root: &Node, private: &PrivateLines) -> String {
        let span = self.span(root);
        let mut out = format!("{file}:{}:{}: {}", span.line, span.column, self.text);
        if let Some(line) = text.lines().nth(span.line - 1).filter(|line| !line.trim().is_empty()) {
            out.push_str(&snippet(line, span, text, private));
        }
        if let Some(hint) = &self.hint {
            out.push_str("\n  ");
            out.push_str(hint);
        }
        out
    }
}

impl PrivateLines {
    /// Marks every line that `node` touches.
    pub(super) fn add(&mut self, node: &Node, text: &str) {
        node.each(&mut |inner| self.0.extend(inner.span.lines(text)));
    }

    /// Marks the lines of every text in `root` that may be a URL with a password.
    pub(super) fn add_credentials(&mut self, root: &Node, text: &str) {
        root.each(&mut |node| match &node.value {
            Value::Text(written) if may_hold_password(written) => self.0.extend(node.span.lines(text)),
            _ => {}
        });
    }

    fn contains(&self, line: usize) -> bool {
        self.0.contains(&line)
    }
}

/// `line` up to and with its first key, for lines whose values must not be repeated.
pub(super) fn key_only(line: &str) -> String {
    match line.split_once(':') {
        Some((key, rest)) if rest.trim().is_empty() => format!("{key}:"),
        Some((key, _)) if key.trim_start_matches(['-', ' ']).chars().all(is_key_character) => {
            format!("{key}: …")
        }
        _ => "…".to_owned(),
    }
}

/// `written` in backticks, unless it may be a URL with a password.
pub(super) fn quoted(written: &str) -> String {
    if may_hold_password(written) {
        "the text, which is not shown,".to_owned()
    } else {
        format!("`{written}`")
    }
}

/// The name in `names` that `name` most likely stands for.
pub(super) fn closest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name.to_lowercase(), candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `a`, `b` or `c`, each in backticks.
pub(super) fn choice<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

fn snippet(line: &str, span: Span, text: &str, private: &PrivateLines) -> String {
    let number = span.line.to_string();
    let shown = if private.contains(span.line) { key_only(line) } else { line.trim_end().to_owned() };
    let mut out = format!("\n  {number} | {shown}");
    let visible = shown.trim_end_matches('…').chars().count();
    if span.column <= visible {
        let width = span.width(text).min(visible + 1 - span.column);
        let indent = " ".repeat(number.len() + span.column + 4);
        // The bar stands under the one of the line above.
        out.push_str(&format!(
            "\n  {} | {}{}",
            " ".repeat(number.len()),
            &indent[number.len() + 5..],
            "^".repeat(width)
        ));
    }
    out
}

pub(super) fn may_hold_password(written: &str) -> bool {
    written.contains('@') && written.contains(':')
}

fn is_key_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.')
}
