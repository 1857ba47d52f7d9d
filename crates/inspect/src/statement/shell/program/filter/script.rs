//! The small languages of `sed` and `awk`, as far as they can run commands and reach files.

use super::super::super::Class;
use super::super::super::flow::Flow;
use super::super::super::option::{Options, Valued};
use super::super::super::survey::Survey;
use super::super::super::word::has_hole;

const RUNS: &str = "runs a command by way of another program";

pub(super) fn sed(survey: &mut Survey, arguments: &[String], input: &Flow) -> Flow {
    let options =
        Options::read(arguments, Valued { short: "efl", long: &["expression", "file", "line-length"] });
    let mut scripts: Vec<&str> = options.values(&["e", "expression"]).collect();
    let files: Vec<&str> = options.values(&["f", "file"]).collect();
    let mut paths = options.operands.as_slice();
    if scripts.is_empty()
        && files.is_empty()
        && let Some((script, rest)) = paths.split_first()
    {
        scripts.push(script);
        paths = rest;
    }
    if !files.is_empty() {
        survey.note(Class::RemoteExec, "runs a file that the text does not show");
    }
    // Letters after `-i` are the suffix of a copy, not options.
    let in_place = arguments.iter().any(|word| {
        word.starts_with("--in-place")
            || word.starts_with('-')
                && !word.starts_with("--")
                && word.split('e').next().is_some_and(|letters| letters.contains('i'))
    });
    for path in paths {
        survey.read(path);
        if in_place {
            survey.write(path);
        }
    }
    for script in scripts {
        if has_hole(script) {
            survey.note(Class::Dynamic, "a program is put together when it runs");
        }
        if read_sed(survey, script).is_none() {
            survey.note(Class::Unknown, "a script of `sed` cannot be read");
        }
    }
    input.clone().filtered()
}

/// Reads a script of `sed`; `None` when it cannot be read.
fn read_sed(survey: &mut Survey, script: &str) -> Option<()> {
    let mut rest = script;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', ';', '}', '{', '!', ',']);
        let Some(first) = rest.chars().next() else { return Some(()) };
        let after = &rest[first.len_utf8()..];
        rest = match first {
            '0'..='9' | '$' | '~' | '+' => after,
            '/' => skip_delimited(after, '/')?.trim_start_matches(['I', 'M']),
            '\\' => {
                let delimiter = after.chars().next()?;
                skip_delimited(&after[delimiter.len_utf8()..], delimiter)?.trim_start_matches(['I', 'M'])
            }
            's' => {
                let delimiter = after.chars().next()?;
                let replacement = skip_delimited(&after[delimiter.len_utf8()..], delimiter)?;
                flags(survey, skip_delimited(replacement, delimiter)?)?
            }
            'y' => {
                let delimiter = after.chars().next()?;
                skip_delimited(skip_delimited(&after[delimiter.len_utf8()..], delimiter)?, delimiter)?
            }
            'p' | 'd' | 'q' | 'Q' | 'n' | 'N' | 'h' | 'H' | 'g' | 'G' | 'x' | 'D' | 'P' | '=' | 'l' | 'z'
            | 'F' => after,
            '#' | 'a' | 'i' | 'c' | 'b' | 't' | 'T' | ':' => {
                let end = after.find(if matches!(first, 'b' | 't' | 'T') {
                    &['\n', ';', '}'][..]
                } else {
                    &['\n'][..]
                });
                end.map_or("", |end| &after[end..])
            }
            'r' | 'R' | 'w' | 'W' => {
                let end = after.find('\n').unwrap_or(after.len());
                let path = after[..end].trim();
                if first.eq_ignore_ascii_case(&'r') {
                    survey.read(path);
                } else {
                    survey.write(path);
                }
                &after[end..]
            }
            'e' => {
                survey.note(Class::RemoteExec, RUNS);
                let end = after.find('\n').unwrap_or(after.len());
                survey.nest(after[..end].trim());
                &after[end..]
            }
            _ => return None,
        };
    }
}

/// The flags of `s`.
fn flags<'t>(survey: &mut Survey, mut rest: &'t str) -> Option<&'t str> {
    loop {
        let first = rest.chars().next();
        match first {
            Some('g' | 'p' | 'i' | 'I' | 'm' | 'M' | '0'..='9') => rest = &rest[1..],
            Some('e') => {
                survey.note(Class::RemoteExec, RUNS);
                rest = &rest[1..];
            }
            Some('w') => {
                let end = rest.find('\n').unwrap_or(rest.len());
                survey.write(rest[1..end].trim());
                return Some(&rest[end..]);
            }
            None | Some(' ' | '\t' | '\n' | ';' | '}' | '#') => return Some(rest),
            Some(_) => return None,
        }
    }
}

/// What follows the next `delimiter` that is not escaped; sets in brackets may hold one.
fn skip_delimited(text: &str, delimiter: char) -> Option<&str> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == delimiter {
            return Some(&text[at + c.len_utf8()..]);
        }
    }
    None
}

pub(super) fn awk(survey: &mut Survey, arguments: &[String], input: &Flow) -> Flow {
    const LONG: &[&str] = &["field-separator", "assign", "file", "source", "include", "load", "exec"];
    let options = Options::leading(arguments, Valued { short: "FvfeilE", long: LONG });
    if options.has(&["f", "file", "i", "include", "l", "load", "E", "exec"]) {
        survey.note(Class::RemoteExec, "runs a file that the text does not show");
    }
    let mut programs: Vec<&str> = options.values(&["e", "source"]).collect();
    let mut paths = options.operands.as_slice();
    if programs.is_empty()
        && !options.has(&["f", "file", "E", "exec"])
        && let Some((program, rest)) = paths.split_first()
    {
        programs.push(program);
        paths = rest;
    }
    for path in paths.iter().filter(|path| !path.contains('=')) {
        survey.read(path);
    }
    for program in programs {
        if has_hole(program) {
            survey.note(Class::Dynamic, "a program is put together when it runs");
        }
        read_awk(survey, program);
    }
    input.clone().filtered()
}

/// Looks for the words and operators by which a program of `awk` leaves itself.
fn read_awk(survey: &mut Survey, program: &str) {
    let parts = Awk::read(program);
    // `system` counts wherever it stands: no quoting can hide it.
    let pipes = parts.code.replace("||", "").contains('|') || parts.unsure && program.contains('|');
    if program.contains("system") || pipes || parts.code.contains('@') {
        survey.note(Class::RemoteExec, RUNS);
        parts.strings.iter().for_each(|text| survey.nest(text));
    }
    if program.contains("getline") {
        survey.note(Class::RemoteExec, "reads a file or a command that the program names");
        parts.strings.iter().for_each(|text| survey.read(text));
    }
    if program.contains("ENVIRON") || program.contains("PROCINFO") {
        survey.note(Class::SecretRead, "prints the environment");
    }
    let writes = |statement: &str| statement.find("print").is_some_and(|at| statement[at..].contains('>'));
    if parts.code.split([';', '}', '\n']).any(writes) || parts.unsure && program.contains('>') {
        survey.note(Class::FsWrite, "writes a file");
        parts.strings.iter().filter(|text| text.contains('/')).for_each(|text| survey.write(text));
    }
}

/// A program of `awk` by its lexical parts.
#[derive(Default)]
struct Awk {
    /// Without strings and regular expressions.
    code: String,
    strings: Vec<String>,
    /// Whether a `/` could begin an expression or be a division.
    unsure: bool,
}

impl Awk {
    fn read(program: &str) -> Self {
        let mut parts = Self::default();
        let mut rest = program;
        // The last character of the code that is no blank.
        let mut last: Option<char> = None;
        while let Some(first) = rest.chars().next() {
            let after = &rest[first.len_utf8()..];
            let before = last;
            let operand =
                before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, ')' | ']' | '_' | '$' | '"'));
            rest = match first {
                '"' => match skip_delimited(after, '"') {
                    Some(next) => {
                        let text = &after[..after.len() - next.len() - 1];
                        if parts.strings.len() < 64 {
                            parts.strings.push(text.to_owned());
                        }
                        parts.code.push('"');
                        last = Some('"');
                        next
                    }
                    None => {
                        parts.unsure = true;
                        ""
                    }
                },
                '/' if !operand => match skip_delimited(after, '/') {
                    Some(next) => next,
                    None => {
                        parts.unsure = true;
                        after
                    }
                },
                '/' => {
                    parts.unsure = parts.unsure || after.contains('/');
                    last = Some('/');
                    parts.code.push('/');
                    after
                }
                c => {
                    if !c.is_whitespace() || c == '\n' {
                        last = Some(c);
                    }
                    parts.code.push(c);
                    after
                }
            };
        }
        parts
    }
}
