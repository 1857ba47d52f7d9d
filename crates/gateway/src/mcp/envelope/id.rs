//! JSON-RPC ids: passed on to the byte, compared by value.

use inspect::text;
use inspect::walk::Kind;

use super::Fault;
use crate::limits;

/// What an id or progress token means, for telling whether two messages belong together.
///
/// Peers may write a number back differently: JavaScript answers `1.0` with `1`, and rounds what does not fit a 64-bit
/// float. So numbers are equal when JavaScript could confuse them; an id that collides with one in flight must then be
/// refused rather than guessed at. The string `"1"` and the number `1` are different ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdKey {
    /// A whole number of at most 2^53, in any spelling.
    Number(i64),
    /// A larger one: the bits of the nearest 64-bit float.
    Large(u64),
    /// A string, unescaped (WTF-8).
    Text(Box<[u8]>),
}

/// Largest whole number up to which every one has its own 64-bit float.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

impl IdKey {
    /// Reads the exact text of an id: a string or a whole number.
    ///
    /// # Errors
    /// [`Fault::IdNull`], [`Fault::IdKind`] (also for `1.5`, and for numbers beyond a float), or a length fault.
    pub(super) fn read(raw: &str, kind: Kind) -> Result<Self, Fault> {
        if raw.len() > limits::NAME_BYTES_MAX {
            return Err(Fault::TooLong(super::Field::Id));
        }
        match kind {
            Kind::Null => Err(Fault::IdNull),
            Kind::String => Ok(Self::Text(text::unescape(&raw[1..raw.len() - 1]).into())),
            Kind::Number => Self::number(raw).ok_or(Fault::IdKind),
            _ => Err(Fault::IdKind),
        }
    }

    fn number(raw: &str) -> Option<Self> {
        if !is_whole(raw) {
            return None;
        }
        let float: f64 = raw.parse().ok().filter(|float: &f64| float.is_finite())?;
        if float.abs() > EXACT_MAX {
            return Some(Self::Large(float.to_bits()));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 2^53 fits exactly")]
        Some(Self::Number(float as i64))
    }
}

/// Whether a JSON number has no fraction in decimal, however it is written: `1`, `1.0`, `1e2`, `12.5e1`, not `1.5`.
fn is_whole(raw: &str) -> bool {
    let (mantissa, exponent) = raw.split_once(['e', 'E']).unwrap_or((raw, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let zeros = whole.len() - whole.trim_end_matches('0').len();
    let is_zero = fraction.is_empty() && whole.trim_start_matches('-').bytes().all(|digit| digit == b'0');
    match exponent.parse::<i32>() {
        Ok(exponent) if exponent >= 0 => fraction.len() <= exponent.unsigned_abs() as usize,
        Ok(exponent) => is_zero || (fraction.is_empty() && exponent.unsigned_abs() as usize <= zeros),
        // An exponent beyond 32 bits.
        Err(_) => is_zero,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Result<IdKey, Fault> {
        let kind = inspect::value::Value::parse(raw, 8).expect("JSON").kind();
        IdKey::read(raw, kind)
    }

    #[test]
    fn number_is_the_same_id_in_every_spelling() {
        for (raw, number) in [
            ("1", 1),
            ("1.0", 1),
            ("10e-1", 1),
            ("0.1e1", 1),
            ("0", 0),
            ("-0", 0),
            ("0.0e-5", 0),
            ("-7", -7),
            ("1E3", 1000),
            ("12.50e1", 125),
            ("9007199254740992", 1 << 53),
        ] {
            assert_eq!(read(raw), Ok(IdKey::Number(number)), "{raw}");
        }
    }

    #[test]
    fn numbers_that_javascript_confuses_are_one_id() {
        assert_eq!(read("9007199254740993"), read("9007199254740992"));
        assert_eq!(read("18446744073709551615"), read("18446744073709551616"));
        assert_ne!(read("9007199254740994"), read("9007199254740992"));
        assert_ne!(read("18446744073709551615"), read("-18446744073709551615"));
    }

    #[test]
    fn strings_are_ids_by_their_text() {
        assert_eq!(read(r#""a""#), read(r#""\u0061""#));
        assert_ne!(read(r#""1""#), read("1"));
        assert_ne!(read(r#""\ud800""#), read(r#""\ud801""#));
        assert_eq!(read(r#""""#), Ok(IdKey::Text(Box::default())));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        assert_eq!(read("null"), Err(Fault::IdNull));
        for raw in [
            "1.5",
            "1e-1",
            "100e-3",
            "0.1",
            "1e400",
            "-1e999999999999",
            "1.5e-99999999999",
            "true",
            "{}",
            "[1]",
        ] {
            assert_eq!(read(raw), Err(Fault::IdKind), "{raw}");
        }
        let long = format!("\"{}\"", "a".repeat(limits::NAME_BYTES_MAX));
        assert_eq!(read(&long), Err(Fault::TooLong(super::super::Field::Id)));
    }
}
