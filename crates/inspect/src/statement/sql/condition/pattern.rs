//! Patterns: what `LIKE`, `GLOB` and regular expressions make of a text.

use regex_automata::meta::Regex;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::value::{Outcome, Stop, Value};

/// Longest regular expression that is looked at, in bytes.
const EXPRESSION_BYTES_MAX: usize = 256;
/// How large its machine may become, in bytes.
const MACHINE_BYTES_MAX: usize = 1 << 18;

/// `LIKE`
pub(super) fn like(values: &[Value]) -> Outcome {
    fits(values, ['%', '_'], str::to_owned)
}

/// `ILIKE`
pub(super) fn like_in_any_case(values: &[Value]) -> Outcome {
    fits(values, ['%', '_'], str::to_lowercase)
}

/// `GLOB`
pub(super) fn glob(values: &[Value]) -> Outcome {
    fits(values, ['*', '?'], str::to_owned)
}

fn fits(values: &[Value], wild: [char; 2], fold: fn(&str) -> String) -> Outcome {
    let [text, pattern] = values else { return Err(Stop::Refused) };
    if values.contains(&Value::Null) {
        return Ok(Value::Null);
    }
    let written = |value: &Value| {
        value.written().map(|text| fold(&text).chars().collect::<Vec<char>>()).ok_or(Stop::Refused)
    };
    Ok(Value::truth(matches(&written(text)?, &written(pattern)?, wild)))
}

/// With one step back at a time: to the last sign for any text, and one letter on.
fn matches(text: &[char], pattern: &[char], [any, single]: [char; 2]) -> bool {
    let (mut at, mut sign) = (0, 0);
    let mut back = None;
    while at < text.len() {
        match pattern.get(sign) {
            Some(wild) if *wild == any => {
                back = Some((sign + 1, at));
                sign += 1;
            }
            Some('\\') if pattern.get(sign + 1) == Some(&text[at]) => {
                sign += 2;
                at += 1;
            }
            Some(letter) if *letter == single || *letter == text[at] => {
                sign += 1;
                at += 1;
            }
            _ => {
                let Some((after, from)) = back else { return false };
                back = Some((after, from + 1));
                (sign, at) = (after, from + 1);
            }
        }
    }
    pattern[sign..].iter().all(|letter| *letter == any)
}

/// A regular expression with a text that matches it, if it can be read as one of ours.
pub(super) fn expression(pattern: &str, folds: Folds) -> Option<(Regex, String)> {
    if pattern.len() > EXPRESSION_BYTES_MAX {
        return None;
    }
    let mut parser = ParserBuilder::new();
    parser.unicode(false).utf8(false).dot_matches_new_line(true).case_insensitive(folds == Folds::Yes);
    let tree = parser.build().parse(pattern).ok()?;
    let config = Regex::config().hybrid(false).nfa_size_limit(Some(MACHINE_BYTES_MAX)).utf8_empty(false);
    let regex = Regex::builder().configure(config).build_from_hir(&tree).ok()?;
    let mut example = Vec::new();
    exemplify(&tree, &mut example);
    Some((regex, String::from_utf8_lossy(&example).into_owned()))
}

/// Appends the shortest of the texts that match, where that is easily told.
fn exemplify(tree: &Hir, out: &mut Vec<u8>) {
    if out.len() > EXPRESSION_BYTES_MAX {
        return;
    }
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend(&*literal.0),
        HirKind::Class(Class::Bytes(class)) => {
            let holds = |letter: &u8| {
                class.ranges().iter().any(|range| (range.start()..=range.end()).contains(letter))
            };
            out.extend((b'0'..=b'z').chain(b' '..=b'~').find(holds));
        }
        HirKind::Class(Class::Unicode(class)) => {
            out.extend(class.ranges().first().and_then(|range| u8::try_from(u32::from(range.start())).ok()));
        }
        HirKind::Repetition(again) => (0..again.min).for_each(|_| exemplify(&again.sub, out)),
        HirKind::Capture(capture) => exemplify(&capture.sub, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| exemplify(part, out)),
        HirKind::Alternation(parts) => parts.iter().take(1).for_each(|part| exemplify(part, out)),
    }
}

/// Whether the case of letters is overlooked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folds {
    Yes,
    No,
}
