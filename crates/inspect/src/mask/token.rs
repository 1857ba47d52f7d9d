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
        mac.update(normal(detector, value).as_bytes());
        let code = mac.finalize().into_bytes();
        let mut token = format!("mk:{}:", self.kid);
        for byte in &code[..CODE / 2] {
            for digit in [byte >> 4, byte & 0xf] {
                token.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        token
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.kid)
    }
}

/// The value without what spelling adds: separators of numbers, the case of addresses, space around it.
fn normal(detector: &Detector, value: &str) -> String {
    match detector.find {
        Find::Scanner(Scanner::Email | Scanner::Ipv6) => value.to_lowercase(),
        Find::Scanner(_) => {
            let kept = value.chars().filter(|c| c.is_alphanumeric() || *c == '.');
            kept.map(|c| c.to_ascii_uppercase()).collect()
        }
        Find::Literal { .. } | Find::Key(_) => value.trim().to_owned(),
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
