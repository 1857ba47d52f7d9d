//! Addresses of networks: IPv4, IPv6 (RFC 4291 section 2.2) and hardware (IEEE 802).

use core::net::Ipv6Addr;

use super::{Scan, Seen, edge};
use crate::walk::Span;

/// Longest text of an IPv6 address.
const V6_MAX: usize = 45;

/// Shortest text of an address of hardware: three groups of four.
const MAC_MIN: usize = 14;

/// Which rules are about which kind of address.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    pub(super) v4: Vec<u16>,
    pub(super) v6: Vec<u16>,
    pub(super) mac: Vec<u16>,
}

impl Addresses {
    pub(super) fn find(&self, scan: &mut Scan<'_>, seen: Seen) {
        let (digit, colon) = (seen.has(Seen::DIGIT), seen.has(Seen::COLON));
        if digit && seen.has(Seen::DOT) && !self.v4.is_empty() {
            find_v4(scan, &self.v4);
        }
        if colon && !self.v6.is_empty() {
            find_v6(scan, &self.v6);
        }
        let joints = colon || seen.has(Seen::HYPHEN) || digit && seen.has(Seen::DOT);
        if joints && scan.bytes.len() >= MAC_MIN && !self.mac.is_empty() {
            find_mac(scan, &self.mac);
        }
    }
}

/// Driven by dots: at each, three more numbers and two more dots must follow.
fn find_v4(scan: &mut Scan<'_>, rules: &[u16]) {
    let bytes = scan.bytes;
    let mut last = 0;
    for dot in memchr::memchr_iter(b'.', bytes) {
        if dot < last || dot + 5 >= bytes.len() || !bytes[dot + 1].is_ascii_digit() {
            continue;
        }
        let start = bytes[..dot].iter().rev().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let start = dot - start;
        let opens = start < dot && edge::opens(bytes, start);
        let end = opens.then(|| quad(bytes, start)).flatten().filter(|end| edge::closes(bytes, *end));
        let end = end.filter(|_| !is_version(bytes, start));
        if let Some(end) = end {
            scan.judge_all(rules, Span::new(start, end));
            last = end;
        }
    }
}

/// Longest name of a product that is told from a path, in bytes.
const PRODUCT_MAX: usize = 16;

/// Whether a product stands before `start`, as in `Chrome/120.0.0.0`: RFC 9110 section 10.1.5. Its name is a word of its
/// own with a capital; parts of paths are not.
fn is_version(bytes: &[u8], start: usize) -> bool {
    let Some(slash) = start.checked_sub(1).filter(|at| bytes[*at] == b'/') else { return false };
    let from = slash.saturating_sub(PRODUCT_MAX);
    let letters = bytes[from..slash].iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let name = slash - letters;
    letters > 1 && bytes[name].is_ascii_uppercase() && (name == 0 || bytes[name - 1] == b' ')
}

fn quad(bytes: &[u8], mut at: usize) -> Option<usize> {
    for part in 0..4 {
        if part > 0 {
            at = (bytes.get(at) == Some(&b'.')).then_some(at + 1)?;
        }
        let digits = bytes[at..].iter().take(4).take_while(|byte| byte.is_ascii_digit());
        let number = digits.clone().fold(0_u32, |number, byte| number * 10 + u32::from(byte - b'0'));
        let length = digits.count();
        if !(1..=3).contains(&length) || number > 255 || (length > 1 && bytes[at] == b'0') {
            return None;
        }
        at += length;
    }
    Some(at)
}

/// Driven by colons: at the first of a run of hexadecimal digits and colons that has at least two.
fn find_v6(scan: &mut Scan<'_>, rules: &[u16]) {
    let bytes = scan.bytes;
    let part = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(**byte, b':' | b'.');
    let mut last = 0;
    for colon in memchr::memchr_iter(b':', bytes) {
        let next = bytes.get(colon + 1);
        if colon < last || !next.is_some_and(|next| next.is_ascii_hexdigit() || *next == b':') {
            continue;
        }
        let start =
            colon - bytes[last..colon].iter().rev().take(4).take_while(|b| b.is_ascii_hexdigit()).count();
        let length = bytes[start..].iter().take(V6_MAX + 1).take_while(part).count();
        last = start + length.max(1);
        let run = &scan.text[start..start + length];
        let text = run.trim_end_matches(['.', ':']);
        // `::` at the end is part of the address.
        let text = if run[text.len()..].starts_with("::") { &run[..text.len() + 2] } else { text };
        let end = start + text.len();
        let colons = text.bytes().filter(|byte| *byte == b':').count();
        let bounded = edge::opens(bytes, start) && edge::closes(bytes, end);
        if colons >= 2 && text.len() >= 6 && bounded && text.parse::<Ipv6Addr>().is_ok() {
            scan.judge_all(rules, Span::new(start, end));
        }
    }
}

/// Driven by the first separator: two digits before it and five pairs after it, or four before a dot and two groups of
/// four after it.
fn find_mac(scan: &mut Scan<'_>, rules: &[u16]) {
    let bytes = scan.bytes;
    let mut last = 0;
    for joint in memchr::memchr3_iter(b':', b'-', b'.', bytes) {
        let (width, length) = if bytes[joint] == b'.' { (4, MAC_MIN) } else { (2, 17) };
        let Some(start) = joint.checked_sub(width).filter(|start| *start >= last) else { continue };
        let Some(text) = bytes.get(start..start + length) else { continue };
        let fits = text.iter().enumerate().all(|(at, byte)| {
            if at % (width + 1) == width { *byte == bytes[joint] } else { byte.is_ascii_hexdigit() }
        });
        let end = start + length;
        // A longer run of pairs is a fingerprint of a key.
        let before = start.checked_sub(1).map(|at| bytes[at]);
        let longer = [bytes.get(end).copied(), before].contains(&Some(bytes[joint]));
        if fits && !longer && edge::opens(bytes, start) && edge::closes(bytes, end) {
            scan.judge_all(rules, Span::new(start, end));
            last = end;
        }
    }
}
