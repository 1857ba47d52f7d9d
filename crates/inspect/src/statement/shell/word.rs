//! What a word becomes: expansion as far as it can be known from the text alone (POSIX.1-2024 XCU 2.6).
//!
//! What cannot be known stays in the result as a mark, a control character that no accepted text contains. So
//! a field
//! is one string, and rules ask it: are you known, are you a pattern, could you have become several words?

use super::limit::{BRACED_BYTES_MAX, FIELD_BYTES_MAX, FIELDS_MAX};
use super::scope::{Binding, Scope};
use super::tree::{Form, NodeKind, Part, Word};

/// Something unknown that stays one word.
pub(super) const HOLE: char = '\u{1}';
/// Something unknown that may become any number of words.
pub(super) const SPLIT: char = '\u{2}';
/// Something unknown of a harmless kind: a number, a date.
pub(super) const BENIGN: char = '\u{e}';
/// The name of a user, a machine or a directory: harmless in a command, but nothing to tell others.
pub(super) const OWN: char = '\u{f}';
const STAR: char = '\u{3}';
const ONE: char = '\u{4}';
const SET: char = '\u{5}';
const OPEN: char = '\u{6}';
const COMMA: char = '\u{7}';
const CLOSE: char = '\u{8}';

/// The path that stands for a process substitution.
pub(super) const PROCESS_PATH: &str = "/dev/fd/63";

/// Whether all of it is known; a pattern is not.
pub(super) fn is_known(field: &str) -> bool {
    !field.contains([HOLE, SPLIT, BENIGN, OWN, STAR, ONE, SET])
}

/// Whether a part of it is unknown, and could be anything.
pub(super) fn has_hole(field: &str) -> bool {
    field.contains([HOLE, SPLIT])
}

/// Whether it is, or may become, names of files.
pub(super) fn names_files(field: &str) -> bool {
    field.contains(STAR)
}

/// Whether it tells something of this machine to whoever reads it.
pub(super) fn tells(field: &str) -> bool {
    field.contains([HOLE, SPLIT, OWN])
}

/// Whether it is matched against file names.
pub(super) fn is_pattern(field: &str) -> bool {
    field.contains([STAR, ONE, SET])
}

/// The field with its patterns as they were written, and what is not known still marked.
pub(super) fn unmarked(field: &str) -> String {
    field.replace(STAR, "*").replace(ONE, "?").replace(SET, "[")
}

/// The field as people write it: patterns as such, and `${...}` for what is not known.
pub(super) fn display(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    for c in field.chars() {
        match c {
            HOLE | SPLIT | BENIGN | OWN => out.push_str("${...}"),
            STAR => out.push('*'),
            ONE => out.push('?'),
            SET => out.push('['),
            c => out.push(c),
        }
    }
    out
}

/// The fields that `word` becomes in a place where words are split and patterns expand.
pub(super) fn fields(word: &Word, scope: &mut Scope) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = None;
    for part in &word.parts {
        append(part, scope, &mut field, Some(&mut fields));
    }
    fields.extend(field);
    let mut expanded = Vec::with_capacity(fields.len());
    for field in fields {
        if field.contains(OPEN) { expand_braces(field, &mut expanded) } else { expanded.push(field) }
    }
    for field in &mut expanded {
        if field.contains([OPEN, COMMA, CLOSE]) {
            *field = field.replace(OPEN, "{").replace(COMMA, ",").replace(CLOSE, "}");
        }
        // Without its end a set is a bracket: the program `[`.
        if let Some(at) = field.rfind(SET).filter(|at| !field[*at..].contains(']')) {
            let end = field[..at].rfind(']').unwrap_or(0);
            *field = format!("{}{}", &field[..end], field[end..].replace(SET, "["));
        }
        if field.len() > FIELD_BYTES_MAX {
            *field = SPLIT.to_string();
        }
    }
    if expanded.len() > FIELDS_MAX * 16 {
        expanded.truncate(FIELDS_MAX);
        expanded.push(SPLIT.to_string());
    }
    expanded
}

/// The one field that `word` becomes where nothing is split: values, redirections, here-documents.
pub(super) fn text(word: &Word, scope: &mut Scope) -> String {
    let mut field = None;
    for part in &word.parts {
        append(part, scope, &mut field, None);
    }
    let text = field.unwrap_or_default();
    if text.len() > FIELD_BYTES_MAX {
        return HOLE.to_string();
    }
    text.replace(OPEN, "{").replace(COMMA, ",").replace(CLOSE, "}")
}

/// Appends a part to the field in the making; `split` takes the fields that it completes.
fn append(part: &Part, scope: &mut Scope, field: &mut Option<String>, split: Option<&mut Vec<String>>) {
    match part {
        Part::Text { text, quoted: true } => field.get_or_insert_default().push_str(text),
        Part::Text { text, quoted: false } => {
            let field = field.get_or_insert_default();
            field.extend(text.chars().map(mark));
        }
        Part::Variable { name, quoted } => match scope.value(name) {
            Binding::Known(value) => append_value(value, *quoted, field, split),
            Binding::Benign => field.get_or_insert_default().push(BENIGN),
            Binding::Own => field.get_or_insert_default().push(OWN),
            Binding::Unknown => append_hole(*quoted, field),
        },
        Part::Expansion { name, form, quoted, .. } => match form {
            Form::Length => field.get_or_insert_default().push(BENIGN),
            Form::Value | Form::Slice | Form::Indirect | Form::Assign | Form::Prompt => {
                scope.note_use(name);
                append_hole(*quoted, field);
            }
        },
        Part::Substitution { body, quoted } => match benign(body) {
            Some(mark) => field.get_or_insert_default().push(mark),
            None => append_hole(*quoted, field),
        },
        Part::Process { .. } => field.get_or_insert_default().push_str(PROCESS_PATH),
        Part::Arithmetic { .. } => field.get_or_insert_default().push(BENIGN),
    }
}

fn append_hole(quoted: bool, field: &mut Option<String>) {
    field.get_or_insert_default().push(if quoted { HOLE } else { SPLIT });
}

fn append_value(value: String, quoted: bool, field: &mut Option<String>, split: Option<&mut Vec<String>>) {
    let Some(fields) = split.filter(|_| !quoted) else {
        field.get_or_insert_default().push_str(&value);
        return;
    };
    for c in value.chars() {
        match c {
            ' ' | '\t' | '\n' => fields.extend(field.take()),
            // Values expand as patterns, not as braces.
            '*' | '?' | '[' => field.get_or_insert_default().push(mark(c)),
            c => field.get_or_insert_default().push(c),
        }
    }
}

fn mark(c: char) -> char {
    match c {
        '*' => STAR,
        '?' => ONE,
        '[' => SET,
        '{' => OPEN,
        ',' => COMMA,
        '}' => CLOSE,
        c => c,
    }
}

/// The mark of a substitution that can only give a number, a date, or a name that this machine knows.
fn benign(body: &[super::tree::Statement]) -> Option<char> {
    let [statement] = body else { return None };
    let [node] = statement.stages.as_slice() else { return None };
    let NodeKind::Simple { words, assignments } = &node.kind else { return None };
    if !assignments.is_empty() || !node.redirects.is_empty() {
        return None;
    }
    let mut names = words.iter().map(Word::bare);
    let alone = words.len() == 1;
    let plain = || words.iter().all(|word| !matches!(word.parts[..], [Part::Variable { .. }]));
    match names.next().flatten()? {
        "whoami" | "hostname" | "arch" | "logname" | "pwd" if alone => Some(OWN),
        "id" | "uname" if plain() => Some(OWN),
        "nproc" | "tty" if alone => Some(BENIGN),
        "date" if plain() => Some(BENIGN),
        "git" if names.next().flatten() == Some("rev-parse") => Some(BENIGN),
        "mktemp" if words.len() <= 2 => Some(BENIGN),
        _ => None,
    }
}

/// Brace expansion (manual of bash, 3.5.1), into at most [`FIELDS_MAX`] fields; more become one unknown.
fn expand_braces(field: String, out: &mut Vec<String>) {
    if !field.contains(CLOSE) {
        return out.push(field);
    }
    if field.len() > BRACED_BYTES_MAX || field.matches(OPEN).count() > FIELDS_MAX {
        return out.push(SPLIT.to_string());
    }
    let mut work = vec![field];
    let mut done = Vec::new();
    let mut steps = 0_usize;
    while let Some(next) = work.pop() {
        steps += 1;
        if steps > FIELDS_MAX * 4 || done.len() > FIELDS_MAX || next.len() > FIELD_BYTES_MAX {
            out.push(SPLIT.to_string());
            return;
        }
        match first_brace(&next) {
            None => done.push(next),
            Some(choices) => work.extend(choices.into_iter().rev()),
        }
    }
    out.append(&mut done);
}

/// The choices that the first brace of `field` gives; `None` when there is none left to expand.
fn first_brace(field: &str) -> Option<Vec<String>> {
    let mut from = 0;
    while let Some(open) = field[from..].find(OPEN).map(|at| from + at) {
        let inside = open + OPEN.len_utf8();
        let mut depth = 0_usize;
        let mut cuts = Vec::new();
        let mut end = None;
        for (at, c) in field[inside..].char_indices() {
            match c {
                OPEN => depth += 1,
                CLOSE if depth == 0 => {
                    end = Some(inside + at);
                    break;
                }
                CLOSE => depth -= 1,
                COMMA if depth == 0 => cuts.push(inside + at),
                _ => {}
            }
        }
        if let Some(end) = end {
            let (head, tail) = (&field[..open], &field[end + CLOSE.len_utf8()..]);
            let items = if cuts.is_empty() {
                sequence(&field[inside..end])
            } else {
                Some(cut(field, inside, &cuts, end))
            };
            if let Some(items) = items {
                return Some(items.into_iter().map(|item| format!("{head}{item}{tail}")).collect());
            }
        }
        from = inside;
    }
    None
}

fn cut(field: &str, start: usize, cuts: &[usize], end: usize) -> Vec<String> {
    let starts = std::iter::once(start).chain(cuts.iter().map(|at| at + COMMA.len_utf8()));
    let ends = cuts.iter().copied().chain([end]);
    starts.zip(ends).map(|(start, end)| field[start..end].to_owned()).collect()
}

/// `1..9` and `a..e`; a long one is not known.
fn sequence(inside: &str) -> Option<Vec<String>> {
    let (first, rest) = inside.split_once("..")?;
    let (last, step) = rest.split_once("..").unwrap_or((rest, "1"));
    let unknown = || Some(vec![SPLIT.to_string()]);
    if let (Ok(first), Ok(last)) = (first.parse::<i64>(), last.parse::<i64>()) {
        let small = first.abs_diff(last) < FIELDS_MAX as u64 && step == "1";
        if !small {
            return Some(vec![BENIGN.to_string()]);
        }
        let (low, high) = (first.min(last), first.max(last));
        return Some((low..=high).map(|number| number.to_string()).collect());
    }
    let single = |text: &str| text.chars().next().filter(|c| text.len() == 1 && c.is_ascii_alphabetic());
    match (single(first), single(last)) {
        (Some(first), Some(last)) if step == "1" => {
            Some((first.min(last)..=first.max(last)).map(String::from).collect())
        }
        (Some(_), Some(_)) => unknown(),
        _ => None,
    }
}

/// A text that a program takes for a pattern, as a field that is one.
pub(super) fn as_pattern(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '*' | '?' | '[') { mark(c) } else { c }).collect()
}
