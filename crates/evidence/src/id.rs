//! Identifiers: [RFC 9562](https://www.rfc-editor.org/rfc/rfc9562) UUIDs in their one lower-case spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

const TEXT_BYTES: usize = 36;
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// A UUID. Made from the 16 bytes of any UUID, or parsed from its lower-case hyphenated text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 16]);

/// The text is not a lower-case hyphenated UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a lower-case hyphenated UUID")]
pub struct ParseIdError;

impl Id {
    /// The identifier with these 16 bytes, in network order (RFC 9562, section 4).
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, in network order.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Whether this is a version 7 UUID of the RFC variant (RFC 9562, section 5.7): the form of a leaf's `id`.
    pub const fn is_v7(&self) -> bool {
        self.0[6] >> 4 == 7 && self.0[8] >> 6 == 0b10
    }

    fn write(self) -> [u8; TEXT_BYTES] {
        let mut text = [b'-'; TEXT_BYTES];
        let mut at = 0;
        for byte in self.0 {
            if HYPHENS.contains(&at) {
                at += 1;
            }
            text::write_hex(&[byte], &mut text[at..at + 2]);
            at += 2;
        }
        text
    }
}

impl From<[u8; 16]> for Id {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Id {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let text = text.as_bytes();
        if text.len() != TEXT_BYTES || HYPHENS.iter().any(|&at| text[at] != b'-') {
            return Err(ParseIdError);
        }
        let mut digits = [0; 32];
        let mut at = 0;
        for part in [0..8, 9..13, 14..18, 19..23, 24..36] {
            digits[at..at + part.len()].copy_from_slice(&text[part.clone()]);
            at += part.len();
        }
        text::read_hex(&digits).map(Self).ok_or(ParseIdError)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(text::ascii(&self.write()))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text::ascii(&self.write()))
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer, "a lower-case hyphenated UUID")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifier_survives_its_text() {
        let text = "019aa1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
        let id: Id = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert!(id.is_v7());
        assert!(!"019aa1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b".parse::<Id>().unwrap().is_v7());
        assert!(!"019aa1b2-c3d4-7e5f-ca9b-0c1d2e3f4a5b".parse::<Id>().unwrap().is_v7());
    }

    #[test]
    fn other_spellings_are_refused() {
        for bad in [
            "019AA1B2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
            "019aa1b2c3d47e5f8a9b0c1d2e3f4a5b",
            "{019aa1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5}",
            "019aa1b2-c3d4-7e5f-8a9b0-c1d2e3f4a5b",
            "019aa1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5é",
            "",
        ] {
            assert_eq!(bad.parse::<Id>(), Err(ParseIdError), "{bad}");
        }
    }
}
