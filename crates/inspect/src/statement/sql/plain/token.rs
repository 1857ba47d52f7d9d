//! Tokens that every dialect cuts alike.

use super::word::{self, Word};

/// A token of a plain statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name or a keyword.
    Word(Word, &'a str),
    /// Two names with a dot between, or a name and `*`.
    Joined(&'a str, &'a str),
    /// Digits, perhaps with a fraction.
    Number(&'a str),
    /// What stands between two single quotes.
    Text(&'a str),
    /// One of the signs that the grammar knows.
    Sign(&'a str),
}

/// Operators.
const SIGNS: [&str; 12] = ["=", "<>", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%"];

/// Cuts a text; `None` when some dialect may cut it in another way.
pub(super) fn cut(text: &str) -> Option<Vec<Token<'_>>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::with_capacity(text.len() / 4 + 4);
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let run = |part: fn(u8) -> bool| bytes[at..].iter().take_while(|byte| part(**byte)).count();
        let length = match byte {
            b' ' | b'\n' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let (token, length) = word(&text[at..])?;
                tokens.push(token);
                length
            }
            b'0'..=b'9' => {
                let number = number(&text[at..])?;
                tokens.push(Token::Number(number));
                number.len()
            }
            b'\'' => {
                let inner = string(&text[at + 1..])?;
                tokens.push(Token::Text(inner));
                inner.len() + 2
            }
            b'(' | b')' | b',' | b';' => {
                tokens.push(Token::Sign(&text[at..=at]));
                1
            }
            byte if is_sign(byte) => {
                let sign = &text[at..at + run(is_sign)];
                SIGNS.contains(&sign).then(|| tokens.push(Token::Sign(sign)))?;
                sign.len()
            }
            _ => return None,
        };
        at += length;
    }
    Some(tokens)
}

/// The word at the beginning of a text, with the one that a dot joins to it; and how long that is.
fn word(text: &str) -> Option<(Token<'_>, usize)> {
    let bytes = text.as_bytes();
    let length = |from: usize| bytes[from..].iter().take_while(|byte| in_word(**byte)).count();
    let first = &text[..length(0)];
    match bytes.get(first.len()) {
        // A quote would make it the kind of a string.
        Some(b'\'') => return None,
        Some(b'.') => {}
        _ => return Some((Token::Word(word::look_up(first)?, first), first.len())),
    }
    let from = first.len() + 1;
    let all = bytes.get(from) == Some(&b'*');
    let second = if all { &text[from..=from] } else { &text[from..from + length(from)] };
    let name = |word: &str| word::look_up(word).is_some_and(Word::is_name);
    let starts = second.as_bytes().first().is_some_and(|byte| !byte.is_ascii_digit());
    let end = from + second.len();
    let goes_on =
        bytes.get(end).is_some_and(|byte| matches!(byte, b'.' | b'\'' | b'(') || all && is_sign(*byte));
    let plain = starts && name(first) && (all || name(second)) && !goes_on;
    plain.then_some((Token::Joined(first, second), end))
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Signs of which operators are made, whether known here or not.
fn is_sign(byte: u8) -> bool {
    b"=<>!+-*/%|&^~#?@:".contains(&byte)
}

/// `12` or `1.5` at the beginning of a text, which nothing goes on with.
fn number(text: &str) -> Option<&str> {
    let digits =
        |from: usize| text.as_bytes()[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = digits(0);
    if text.as_bytes().get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        end += 1 + fraction;
        if fraction == 0 {
            return None;
        }
    }
    let goes_on =
        text.as_bytes().get(end).is_some_and(|byte| in_word(*byte) || *byte == b'.' || *byte == b'\'');
    (!goes_on).then(|| &text[..end])
}

/// What stands before the closing quote, where no dialect sees an escape in it.
fn string(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let end = memchr::memchr2(b'\'', b'\\', bytes)?;
    let next = bytes.get(end + 1);
    let plain = bytes[end] == b'\'' && text[..end].is_ascii();
    (plain && !next.is_some_and(|byte| in_word(*byte) || *byte == b'\'')).then(|| &text[..end])
}
