//! Values that are written as one string in JSON: hexadecimal, and the serde glue that such types share.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserializer, Error, Visitor};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Writes `bytes` as lower-case hexadecimal into `out`, which must be twice as long.
pub(crate) fn write_hex(bytes: &[u8], out: &mut [u8]) {
    debug_assert_eq!(out.len(), bytes.len() * 2);
    for (pair, byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
}

/// Reads exactly `N` bytes of lower-case hexadecimal; upper case is refused, so that a value has one spelling.
pub(crate) fn read_hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    let mut seen = 0;
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let (high, low) = (VALUES[usize::from(pair[0])], VALUES[usize::from(pair[1])]);
        seen |= high | low;
        *byte = high << 4 | low;
    }
    // One look at the end: a hash has 64 digits, and a leaf eight hashes.
    (seen < 16).then_some(bytes)
}

/// The text in a buffer that this crate filled with ASCII.
pub(crate) fn ascii(buffer: &[u8]) -> &str {
    // Unwrap safety: every caller writes only hexadecimal digits and ASCII punctuation into the buffer.
    std::str::from_utf8(buffer).expect("ASCII")
}

/// Reads a JSON string into any type that parses from text.
pub(crate) fn deserialize<'de, D, T>(deserializer: D, expecting: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: fmt::Display,
{
    deserializer.deserialize_str(TextVisitor(expecting, PhantomData))
}

/// Reads a decimal number with no sign and no leading zero, the only form C2SP documents allow.
pub(crate) fn read_decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

struct TextVisitor<T>(&'static str, PhantomData<T>);

impl<T> Visitor<'_> for TextVisitor<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// The value of a lower-case hexadecimal digit, [`NOT_A_DIGIT`] for anything else.
const VALUES: [u8; 256] = {
    let mut values = [NOT_A_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
};

const NOT_A_DIGIT: u8 = 0xff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_has_one_spelling() {
        assert_eq!(read_hex::<2>(b"0aff"), Some([0x0a, 0xff]));
        for bad in [&b"0aFf"[..], b"0af", b"0aff0", b"0xff", b"+aff", b" aff"] {
            assert_eq!(read_hex::<2>(bad), None);
        }
    }

    #[test]
    fn decimal_has_one_spelling() {
        assert_eq!(read_decimal("0"), Some(0));
        assert_eq!(read_decimal("18446744073709551615"), Some(u64::MAX));
        for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "18446744073709551616", "١"] {
            assert_eq!(read_decimal(bad), None, "{bad}");
        }
    }
}
