//! Masks are told from values: what was masked before is not masked again.

use super::limit;
use super::rules::{Fields, Rules};
use crate::walk::Span;

/// What stands for the characters that a partial mask hides.
pub(super) const STARS: &str = "****";
/// Characters at the end that a partial mask leaves.
pub(super) const KEPT: usize = 4;
/// Hexadecimal digits of the code in a pseudonym: 96 bits.
pub(super) const CODE: usize = 24;
/// Longest name of a key.
pub(super) const KID_MAX: usize = 16;

/// Whether `value` is nothing but a mask.
pub(super) fn is_mask(value: &str, rules: &Rules, fields: &Fields) -> bool {
    match value.as_bytes() {
        [b'[', .., b']'] => {
            let label = &value[1..value.len() - 1];
            rules.labels(label) || fields.labels.contains(label)
        }
        [b'm', ..] => is_token(value),
        [b'*', ..] => is_partial(value),
        _ => false,
    }
}

/// Whether the value at `span` of `text` is a mask, or a part of one.
pub(super) fn holds_mask(text: &str, span: Span, rules: &Rules, fields: &Fields) -> bool {
    if is_mask(span.of(text), rules, fields) {
        return true;
    }
    let bytes = text.as_bytes();
    let part = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(**byte, b'-' | b'_' | b':' | b'[' | b']' | b'*')
    };
    let left = bytes[..span.start].iter().rev().take(limit::NAME_MAX).take_while(part).count();
    let start = span.start - left;
    // How each kind of mask begins.
    if !matches!(bytes.get(start), Some(b'[' | b'*' | b'm')) {
        return false;
    }
    let right = bytes[span.end..].iter().take(limit::NAME_MAX).take_while(part).count();
    let grown = text.get(start..span.end + right).unwrap_or_default();
    grown.len() > span.len() && is_mask(grown, rules, fields)
}

fn is_token(value: &str) -> bool {
    let mut parts = value.splitn(3, ':');
    let (mk, kid, code) = (parts.next(), parts.next(), parts.next());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    mk == Some("mk")
        && kid.is_some_and(|kid| (1..=KID_MAX).contains(&kid.len()) && kid.bytes().all(plain))
        && code.is_some_and(|code| {
            code.len() == CODE && code.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
}

fn is_partial(value: &str) -> bool {
    value.strip_prefix(STARS).is_some_and(|rest| rest.chars().count() <= KEPT)
}
