//! Timestamps of checkpoints: [RFC 3161](https://www.rfc-editor.org/rfc/rfc3161), requests and what answers say.
//!
//! An answer is signed by an authority with X.509 and CMS, which this crate does not read: what is read here is what was
//! stamped and when. Whether the authority signed it is for a program that has the authority's certificate, such as
//! `openssl ts -verify`, which `verify.py` calls.

use crate::merkle::Hash;
use crate::time::Timestamp;

/// Largest answer that is kept.
pub const STAMP_BYTES_MAX: usize = 64 * 1024;
/// Media type of a request.
pub const QUERY_TYPE: &str = "application/timestamp-query";
/// Media type of an answer.
pub const REPLY_TYPE: &str = "application/timestamp-reply";

/// DER of `AlgorithmIdentifier { sha256, NULL }`.
const SHA256: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00];
/// DER of the same without its parameters, which is as good (RFC 5754).
const SHA256_BARE: [u8; 13] = [0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// DER of `id-signedData`.
const SIGNED_DATA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// DER of `id-ct-TSTInfo`.
const TST_INFO: [u8; 13] = [0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const EXPLICIT_0: u8 = 0xa0;

/// What an authority stamped, as its answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// SHA-256 of what was stamped.
    pub imprint: Hash,
    /// When, by the authority's clock.
    pub time: Timestamp,
    /// What the request was numbered with, if it was.
    pub nonce: Option<u64>,
}

/// Why an answer is no timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// The authority refused.
    #[error("the authority refused, with status {0}")]
    Refused(u64),
    /// Not the bytes of an answer.
    #[error("not a timestamp: {0}")]
    Malformed(&'static str),
}

/// The request to stamp a SHA-256, for an answer that carries the authority's certificate. Of a nonce 63 bits are used.
pub fn request(imprint: &Hash, nonce: u64) -> Vec<u8> {
    let mut body = vec![INTEGER, 1, 1];
    let mut message = SHA256.to_vec();
    message.extend([OCTETS, 32]);
    message.extend(imprint.as_bytes());
    body.extend(element(SEQUENCE, &message));
    body.extend(element(INTEGER, &integer(nonce >> 1)));
    body.extend([0x01, 1, 0xff]);
    element(SEQUENCE, &body)
}

/// The number in the request of this nonce.
pub const fn number(nonce: u64) -> u64 {
    nonce >> 1
}

impl Stamp {
    /// Reads an answer (`TimeStampResp`).
    ///
    /// # Errors
    /// [`StampError`].
    pub fn read(answer: &[u8]) -> Result<Self, StampError> {
        let mut answer = Der(answer).only(SEQUENCE, "the answer")?;
        let mut status = answer.take(SEQUENCE, "its status")?;
        let status = status.number("its status")?;
        if status > 1 {
            return Err(StampError::Refused(status));
        }
        let mut token = answer.take(SEQUENCE, "the token")?;
        token.literal(&SIGNED_DATA, "the token is not signed data")?;
        let mut signed = token.take(EXPLICIT_0, "the signed data")?.only(SEQUENCE, "the signed data")?;
        signed.take(INTEGER, "the version of the signed data")?;
        signed.take(SET, "the digests of the signed data")?;
        let mut content = signed.take(SEQUENCE, "the content")?;
        content.literal(&TST_INFO, "what is signed is not a timestamp")?;
        let content = content.take(EXPLICIT_0, "the content")?.only(OCTETS, "the content")?;
        Self::read_info(content)
    }

    /// Reads what was signed (`TSTInfo`).
    fn read_info(content: Der<'_>) -> Result<Self, StampError> {
        let mut info = content.only(SEQUENCE, "the timestamp")?;
        info.take(INTEGER, "its version")?;
        info.take(0x06, "its policy")?;
        let mut message = info.take(SEQUENCE, "its imprint")?;
        if message.literal(&SHA256, "").is_err() {
            message.literal(&SHA256_BARE, "its imprint is not SHA-256")?;
        }
        let imprint = message.take(OCTETS, "its imprint")?.0;
        let imprint = imprint.try_into().map_err(|_| StampError::Malformed("its imprint is not SHA-256"))?;
        info.take(INTEGER, "its serial number")?;
        let time =
            time(info.take(GENERALIZED_TIME, "its time")?.0).ok_or(StampError::Malformed("its time"))?;
        let mut nonce = None;
        while let Some((tag, content)) = info.next() {
            if tag == INTEGER {
                nonce = Der(content).unsigned();
            }
        }
        Ok(Self { imprint: Hash::from_bytes(imprint), time, nonce })
    }
}

/// `YYYYMMDDHHMMSS[.fraction]Z`.
fn time(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let micros: String = fraction.chars().chain(std::iter::repeat('0')).take(6).collect();
    let (day, clock) = whole.split_at(8);
    let text = format!(
        "{}-{}-{}T{}:{}:{}.{micros}Z",
        &day[..4],
        &day[4..6],
        &day[6..],
        &clock[..2],
        &clock[2..4],
        &clock[4..]
    );
    text.parse().ok()
}

/// Bytes of DER that are still to be read.
#[derive(Clone, Copy)]
struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    /// The next element: its tag and what is in it.
    fn next(&mut self) -> Option<(u8, &'d [u8])> {
        let (&[tag, first], rest) = self.0.split_first_chunk::<2>()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    fn take(&mut self, tag: u8, what: &'static str) -> Result<Self, StampError> {
        match self.next() {
            Some((found, content)) if found == tag => Ok(Self(content)),
            _ => Err(StampError::Malformed(what)),
        }
    }

    /// What is in the one element here.
    fn only(mut self, tag: u8, what: &'static str) -> Result<Self, StampError> {
        let inside = self.take(tag, what)?;
        if self.0.is_empty() { Ok(inside) } else { Err(StampError::Malformed(what)) }
    }

    fn literal(&mut self, bytes: &[u8], what: &'static str) -> Result<(), StampError> {
        self.0 = self.0.strip_prefix(bytes).ok_or(StampError::Malformed(what))?;
        Ok(())
    }

    fn number(&mut self, what: &'static str) -> Result<u64, StampError> {
        self.take(INTEGER, what)?.unsigned().ok_or(StampError::Malformed(what))
    }

    /// These bytes as the content of an integer; `None` when it is negative or too large.
    fn unsigned(self) -> Option<u64> {
        let first = *self.0.first()?;
        let fits = first < 0x80 && self.0.len() <= 9 && (self.0.len() < 9 || first == 0);
        fits.then(|| self.0.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    // Unwrap safety: requests are far below 128 bytes.
    let length = u8::try_from(content.len()).ok().filter(|length| *length < 0x80).expect("a short element");
    [&[tag, length], content].concat()
}

/// The shortest form of a number below 2^63.
fn integer(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(7);
    let mut content = bytes[zeros..].to_vec();
    if content[0] >= 0x80 {
        content.insert(0, 0);
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_der_of_the_shortest_form() {
        for (nonce, encoded) in [
            (0, "020100"),
            (2, "020101"),
            (0xff << 1, "020200ff"),
            (0x1234 << 1, "02021234"),
            (u64::MAX, "02087fffffffffffffff"),
        ] {
            let request = request(&Hash::of(b"x"), nonce);
            let hex: String = request.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(hex.ends_with(&format!("{encoded}0101ff")), "{hex}");
            assert_eq!(usize::from(request[1]), request.len() - 2);
            assert!(hex.contains(&Hash::of(b"x").to_string()));
        }
    }

    /// What `openssl ts -reply` answered to a request of this module.
    #[test]
    fn answer_of_openssl_says_what_was_stamped_and_when() {
        let answer = include_bytes!("../tests/data/openssl.tsr");
        let stamp = Stamp::read(answer).unwrap();
        assert_eq!(stamp.imprint, Hash::of(b"hello"));
        assert_eq!(stamp.time.to_string(), "2026-11-26T19:14:00.000000Z");
        assert_eq!(stamp.nonce, Some(0x1234_5678_90ab_cdef));
        for cut in 0..answer.len() {
            assert!(Stamp::read(&answer[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn nothing_else_is_taken_for_an_answer() {
        assert_eq!(Stamp::read(&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02]), Err(StampError::Refused(2)));
        for bad in [&b""[..], b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"HTTP"] {
            assert!(matches!(Stamp::read(bad), Err(StampError::Malformed(_))), "{bad:?}");
        }
    }

    #[test]
    fn times_are_those_of_the_authority() {
        let at = |text: &str| time(text.as_bytes()).map(|time| time.to_string());
        assert_eq!(at("20260102030405Z").unwrap(), "2026-01-02T03:04:05.000000Z");
        assert_eq!(at("20260102030405.5Z").unwrap(), "2026-01-02T03:04:05.500000Z");
        for bad in ["20260102030405", "2026010203040Z", "20260102030405.-1Z", "20261302030405Z"] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }
}
