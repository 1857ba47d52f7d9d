//! The grammar of `[[ ... ]]` (manual of bash, 3.2.5.2): whether its words are an expression.

use crate::statement::shell::tree::Word;

const BINARY: &[&str] =
    &["==", "=", "!=", "=~", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];

/// Whether the words are an expression. Patterns and regular expressions may hold parentheses and bars.
pub(super) fn is_condition(words: &[Word]) -> bool {
    let texts: Vec<&str> = words.iter().map(|word| word.bare().unwrap_or("")).collect();
    let mut open = 0_usize;
    let mut at = 0;
    loop {
        while let Some(text @ ("!" | "(")) = texts.get(at).copied() {
            open += usize::from(text == "(");
            at += 1;
        }
        let Some(next) = primary(&texts, at) else { return false };
        at = next;
        while texts.get(at) == Some(&")") {
            let Some(less) = open.checked_sub(1) else { return false };
            open = less;
            at += 1;
        }
        match texts.get(at).copied() {
            None => return open == 0,
            Some("&&" | "||") => at += 1,
            Some(_) => return false,
        }
    }
}

/// Where a test of one or two words ends.
fn primary(texts: &[&str], at: usize) -> Option<usize> {
    let first = texts.get(at).copied().filter(|text| !is_operator(text))?;
    let second = texts.get(at + 1).copied();
    if let Some(operator) = second.filter(|text| BINARY.contains(text)) {
        texts.get(at + 2).filter(|text| !matches!(**text, "&&" | "||" | ")"))?;
        let matches = matches!(operator, "==" | "=" | "!=" | "=~");
        return Some(if matches { pattern(texts, at + 2) } else { at + 3 });
    }
    let unary = first.len() == 2 && first.starts_with('-') && first.as_bytes()[1].is_ascii_alphabetic();
    match second {
        Some(text) if unary && !is_operator(text) => Some(at + 2),
        _ => Some(at + 1),
    }
}

/// Where a pattern ends: it may go on with groups.
fn pattern(texts: &[&str], start: usize) -> usize {
    let mut open = 0_usize;
    let mut at = start;
    while let Some(text) = texts.get(at) {
        match *text {
            "(" => open += 1,
            ")" if open == 0 => break,
            ")" => open -= 1,
            "&&" | "||" if open == 0 => break,
            _ if open == 0 && at > start && texts[at - 1] != ")" && texts[at - 1] != "|" => break,
            _ => {}
        }
        at += 1;
    }
    at
}

fn is_operator(text: &str) -> bool {
    matches!(text, "&&" | "||" | "(" | ")" | "|" | "<" | ">" | "!")
}
