//! Keyed pseudonyms: equal values stay equal, and nobody without the key can tell which values they are.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::marked::{CODE, KID_MAX};
use crate::detect::{Detector, Find, Scanner};

/// The keys of pseudonyms. `Debug` shows the name alone.
#[derive(Clone)]
pub struct Keys {
    kid: Box<str>,
    /// For values that nobody can guess by trying all.
    lasting: Hmac<Sha256>,
    /// For the others: SSNs, cards, telephone numbers.
    session: Hmac<Sha256>,
}

impl Keys {
    /// Keys under the public name `kid`: one that lasts, and one that must be another for each session. `None` when the
    /// name is empty, longer than 16 characters, or has others than letters, digits, `-` and `_`.
    pub fn new(kid: &str, lasting: &[u8; 32], session: &[u8; 32]) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let named = (1..=KID_MAX).contains(&kid.len()) && kid.bytes().all(plain);
        let keyed = |key: &[u8; 32]| Hmac::new_from_slice(key).ok();
        Some(Self { kid: kid.into(), lasting: keyed(lasting)?, session: keyed(session)? }).filter(|_| named)
    }

    /// The public name of the keys.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// `mk:<kid>:<mac>`: 96 bits of HMAC-SHA256 over the key's name, the detector's and the value, however it is spelt.
    pub fn token(&self, detector: &Detector, name: &str, value: &str) -> String {
        let mut mac = if detector.small_space { self.session.clone() } else { self.lasting.clone() };
        for part in ["mk1", &self.kid, name] {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        match normal(detector, value) {
            Normal::Own(text) => mac.update(text.as_bytes()),
            Normal::Lower(value) => fold(value, &mut mac, |byte| Some(byte.to_ascii_lowercase())),
            Normal::Signs(value) => fold(value, &mut mac, |byte| {
                (byte.is_ascii_alphanumeric() || byte == b'.').then(|| byte.to_ascii_uppercase())
            }),
            Normal::Same(value) => mac.update(value.as_bytes()),
        }
        let code = mac.finalize().into_bytes();
        let mut token = String::with_capacity(CODE + self.kid.len() + 4);
        token.push_str("mk:");
        token.push_str(&self.kid);
        token.push(':');
        for byte in &code[..CODE / 2] {
            token.push(HEX[usize::from(byte >> 4)]);
            token.push(HEX[usize::from(byte & 0xf)]);
        }
        token
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.kid)
    }
}

const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

/// A value without what spelling adds.
enum Normal<'a> {
    Same(&'a str),
    /// ASCII, to be read in lower case.
    Lower(&'a str),
    /// ASCII, of which letters, digits and dots count, in upper case.
    Signs(&'a str),
    Own(String),
}

/// The value without what spelling adds: separators of numbers, the case of addresses, space around it.
fn normal<'a>(detector: &Detector, value: &'a str) -> Normal<'a> {
    match detector.find {
        Find::Scanner(Scanner::Email | Scanner::Ipv6) if value.is_ascii() => Normal::Lower(value),
        Find::Scanner(Scanner::Email | Scanner::Ipv6) => Normal::Own(value.to_lowercase()),
        Find::Scanner(_) if value.is_ascii() => Normal::Signs(value),
        Find::Scanner(_) => {
            let kept = value.chars().filter(|c| c.is_alphanumeric() || *c == '.');
            Normal::Own(kept.map(|c| c.to_ascii_uppercase()).collect())
        }
        Find::Literal { .. } | Find::Key(_) => Normal::Same(value.trim()),
    }
}

/// Gives `mac` what `of` makes of each byte, some at a time and without a copy of the whole.
fn fold(value: &str, mac: &mut Hmac<Sha256>, of: impl Fn(u8) -> Option<u8>) {
    let mut buffer = [0; 64];
    for part in value.as_bytes().chunks(buffer.len()) {
        let mut length = 0;
        for byte in part.iter().filter_map(|byte| of(*byte)) {
            buffer[length] = byte;
            length += 1;
        }
        mac.update(&buffer[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::DETECTORS;

    fn detector(name: &str) -> &'static Detector {
        DETECTORS.iter().find(|detector| detector.name == name).expect("built in")
    }

    fn keys(kid: &str, lasting: u8, session: u8) -> Keys {
        Keys::new(kid, &[lasting; 32], &[session; 32]).expect("a name")
    }

    #[test]
    fn equal_values_have_equal_pseudonyms_however_they_are_spelt() {
        let keys = keys("k1", 1, 2);
        let token = |name: &str, value: &str| keys.token(detector(name), name, value);
        assert_eq!(token("email", "Alice@Example.com"), token("email", "alice@example.com"));
        assert_eq!(token("us-ssn", "219-09-9998"), token("us-ssn", "219099998"));
        assert_ne!(token("email", "alice@example.com"), token("email", "bob@example.com"));
        assert_ne!(token("email", "alice@example.com"), token("password", "alice@example.com"));
        assert!(token("email", "x").starts_with("mk:k1:") && token("email", "x").len() == 6 + CODE);
    }

    #[test]
    fn values_of_a_small_space_take_the_key_of_the_session() {
        let (one, other) = (keys("k1", 1, 2), keys("k1", 1, 3));
        let same = |name: &str| {
            one.token(detector(name), name, "219-09-9998") == other.token(detector(name), name, "219-09-9998")
        };
        assert!(same("email"));
        assert!(!same("us-ssn"));
    }

    #[test]
    fn key_shows_its_name_alone() {
        assert_eq!(format!("{:?}", keys("k1", 1, 2)), "Keys(k1)");
        for kid in ["", "a:b", "seventeen-letters"] {
            assert!(Keys::new(kid, &[0; 32], &[0; 32]).is_none(), "{kid}");
        }
    }
}
