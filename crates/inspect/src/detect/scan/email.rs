//! Addresses of electronic mail, found at their `@`: the dotted form of RFC 5321 that people write.

use super::{Scan, edge};
use crate::walk::Span;

/// Longest local part, RFC 5321 section 4.5.3.1.1.
const LOCAL_MAX: usize = 64;
/// Longest domain, section 4.5.3.1.2 and RFC 1035.
const DOMAIN_MAX: usize = 253;

pub(super) fn find(scan: &mut Scan<'_>, rules: &[u16]) {
    for at in memchr::memchr_iter(b'@', scan.bytes) {
        if let Some(span) = address(scan.bytes, at) {
            scan.judge_all(rules, span);
        }
    }
}

fn address(bytes: &[u8], at: usize) -> Option<Span> {
    let local = |byte: &u8| edge::word(*byte) || b".!#$%&'*+-/=?^`{|}~".contains(byte) || !byte.is_ascii();
    let from = at.saturating_sub(LOCAL_MAX);
    let taken = bytes[from..at].iter().rev().take_while(|byte| local(byte)).count();
    let mut start = at - taken;
    // What surrounds an address in prose and in links is not part of it.
    while start < at && !edge::word(bytes[start]) && bytes[start].is_ascii() {
        start += 1;
    }
    let equals = bytes[start..at].iter().rposition(|byte| b"=/?&'`{|}".contains(byte));
    start += equals.map_or(0, |last| last + 1);
    while bytes[start..at].first().is_some_and(|byte| (0x80..0xc0).contains(byte)) {
        start += 1;
    }
    let end = at + 1 + domain(&bytes[at + 1..])?;
    (start < at && bytes[at - 1] != b'.').then(|| Span::new(start, end))
}

/// The length of the domain at the beginning of `bytes`: at least two labels, the last one of letters.
fn domain(bytes: &[u8]) -> Option<usize> {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'.' || !byte.is_ascii();
    let mut length = bytes.iter().take(DOMAIN_MAX).take_while(|byte| part(byte)).count();
    while length < bytes.len() && (0x80..0xc0).contains(&bytes[length]) {
        length -= 1;
    }
    // No label is empty, and none of the text is read twice.
    let empty = |pair: &[u8]| pair == b"..";
    length = bytes[..length].windows(2).position(empty).unwrap_or(length);
    if matches!(bytes.first(), None | Some(b'.' | b'-')) {
        return None;
    }
    // A sentence may end behind it, or go on without a space.
    loop {
        let text = &bytes[..length];
        let dot = text.iter().rposition(|byte| *byte == b'.')?;
        let last = &text[dot + 1..];
        let letters = last.iter().all(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
        let puny = last.len() > 4 && last[..4].eq_ignore_ascii_case(b"xn--");
        if last.len() >= 2 && (letters || puny) {
            return Some(length);
        }
        length = dot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_ends_where_the_prose_goes_on() {
        let check = |text: &str, expected: Option<&str>| {
            let at = text.find('@').expect("an at sign");
            assert_eq!(address(text.as_bytes(), at).map(|span| span.of(text)), expected, "{text}");
        };
        check("to alice@example.com.", Some("alice@example.com"));
        check("<alice.b+c@mail.example.co.uk>", Some("alice.b+c@mail.example.co.uk"));
        check("mailto:a_b@example.org?subject=x", Some("a_b@example.org"));
        check("?mail=a@example.org&x=1", Some("a@example.org"));
        check("(a@example.org)", Some("a@example.org"));
        check("a@example.com.1", Some("a@example.com"));
        check("jürgen@exämple.de", Some("jürgen@exämple.de"));
        check("a@b", None);
        check("a@1.2", None);
        check("@example.com", None);
        check("a.@example.com", None);
        check("user@10.0.0.1", None);
    }
}
