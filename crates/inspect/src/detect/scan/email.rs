//! Addresses of electronic mail, found at their `@`: the dotted form of RFC 5321 that people write.

use super::{Scan, edge};
use crate::walk::Span;

/// Longest local part, RFC 5321 section 4.5.3.1.1.
const LOCAL_MAX: usize = 64;
/// Longest domain, section 4.5.3.1.2 and RFC 1035.
const DOMAIN_MAX: usize = 253;

/// The signs of an atom, RFC 5322 section 3.2.3, without those that mostly belong to what surrounds an address: a link, a
/// quotation, braces.
const LOCAL: [bool; 256] = part(b".!#$%*+-^_~");
/// What the labels of a domain have, and the dots between them.
const DOMAIN: [bool; 256] = part(b".-");

/// Those signs, letters, digits, and anything that is not ASCII (RFC 6531): one load tells of each byte.
const fn part(signs: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = !byte.is_ascii() || byte.is_ascii_alphanumeric();
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    let mut at = 0;
    while at < signs.len() {
        table[signs[at] as usize] = true;
        at += 1;
    }
    table
}

pub(super) fn find(scan: &mut Scan<'_>, rules: &[u16]) {
    for at in memchr::memchr_iter(b'@', scan.bytes) {
        if let Some(span) = address(scan.bytes, at) {
            scan.judge_all(rules, span);
        }
    }
}

fn address(bytes: &[u8], at: usize) -> Option<Span> {
    let from = at.saturating_sub(LOCAL_MAX);
    let local = |byte: &&u8| LOCAL[usize::from(**byte)];
    let mut start = at - bytes[from..at].iter().rev().take_while(local).count();
    while start < at && !edge::word(bytes[start]) && bytes[start].is_ascii() {
        start += 1;
    }
    while bytes[start..at].first().is_some_and(|byte| (0x80..0xc0).contains(byte)) {
        start += 1;
    }
    let end = at + 1 + domain(&bytes[at + 1..])?;
    (start < at && bytes[at - 1] != b'.').then(|| Span::new(start, end))
}

/// The length of the domain at the beginning of `bytes`: at least two labels, the last one of letters.
fn domain(bytes: &[u8]) -> Option<usize> {
    let mut dot = false;
    // No label is empty.
    let part = |byte: &&u8| {
        let empty = dot && **byte == b'.';
        dot = **byte == b'.';
        DOMAIN[usize::from(**byte)] && !empty
    };
    let mut length = bytes.iter().take(DOMAIN_MAX).take_while(part).count();
    while length < bytes.len() && (0x80..0xc0).contains(&bytes[length]) {
        length -= 1;
    }
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
