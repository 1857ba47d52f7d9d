//! Time in evidence: [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) UTC with exactly six decimals.
//!
//! One spelling per instant, so that a leaf has one encoding: `2026-11-20T10:00:00.000000Z`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

const TEXT_BYTES: usize = 27;
const DAY_US: i64 = 86_400_000_000;
const MICROS_MAX: i64 = 253_402_300_799_999_999;

/// An instant: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted, up to the end of year 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not an instant in the one accepted form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected UTC time of the form 2026-11-20T10:00:00.000000Z")]
pub struct ParseTimestampError;

impl Timestamp {
    /// The instant `micros` microseconds after the Unix epoch; `None` before 1970 or after 9999.
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < 0 || micros > MICROS_MAX { None } else { Some(Self(micros)) }
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    fn write(self) -> [u8; TEXT_BYTES] {
        let (year, month, day) = civil_from_days(self.0 / DAY_US);
        let micros = self.0 % DAY_US;
        let seconds = micros / 1_000_000;
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        write_decimal(&mut text[0..4], year);
        write_decimal(&mut text[5..7], month);
        write_decimal(&mut text[8..10], day);
        write_decimal(&mut text[11..13], seconds / 3600);
        write_decimal(&mut text[14..16], seconds / 60 % 60);
        write_decimal(&mut text[17..19], seconds % 60);
        write_decimal(&mut text[20..26], micros % 1_000_000);
        text
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        read(text.as_bytes()).ok_or(ParseTimestampError)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(text::ascii(&self.write()))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text::ascii(&self.write()))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer, "UTC time with six decimals")
    }
}

fn read(text: &[u8]) -> Option<Timestamp> {
    if text.len() != TEXT_BYTES {
        return None;
    }
    let number = |from: usize, to: usize| {
        text[from..to]
            .iter()
            .try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let seconds = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let timestamp = Timestamp::from_micros(days * DAY_US + seconds * 1_000_000 + number(20, 26)?)?;
    // Out-of-range days, hours and seconds and any other separator show as a different spelling.
    (timestamp.write() == text).then_some(timestamp)
}

fn write_decimal(out: &mut [u8], mut value: i64) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

/// Days since the epoch to a date of the proleptic Gregorian calendar, counting years from March so that the
/// leap day comes last; for days >= 0.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, micros: i64) {
        let timestamp: Timestamp = text.parse().unwrap();
        assert_eq!(timestamp.as_micros(), micros, "{text}");
        assert_eq!(timestamp.to_string(), text);
    }

    #[test]
    fn instants_survive_their_text() {
        check("1970-01-01T00:00:00.000000Z", 0);
        check("2000-02-29T23:59:59.999999Z", 951_868_799_999_999);
        check("2026-11-20T10:00:00.000000Z", 1_795_168_800_000_000);
        check("9999-12-31T23:59:59.999999Z", MICROS_MAX);
    }

    #[test]
    fn every_day_survives_its_text() {
        for day in 0..=MICROS_MAX / DAY_US {
            let (year, month, date) = civil_from_days(day);
            assert_eq!(days_from_civil(year, month, date), day);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for bad in [
            "2026-11-20T10:00:00Z",
            "2026-11-20T10:00:00.000Z",
            "2026-11-20T10:00:00.000000+00:00",
            "2026-11-20t10:00:00.000000z",
            "2026-11-20 10:00:00.000000Z",
            "2026-02-29T10:00:00.000000Z",
            "2026-13-01T10:00:00.000000Z",
            "2026-00-01T10:00:00.000000Z",
            "2026-01-00T10:00:00.000000Z",
            "2026-11-20T24:00:00.000000Z",
            "2026-11-20T10:60:00.000000Z",
            "2026-11-20T23:59:60.000000Z",
            "1969-12-31T23:59:59.999999Z",
            "+026-11-20T10:00:00.000000Z",
        ] {
            assert_eq!(bad.parse::<Timestamp>(), Err(ParseTimestampError), "{bad}");
        }
        assert_eq!(Timestamp::from_micros(-1), None);
        assert_eq!(Timestamp::from_micros(MICROS_MAX + 1), None);
    }
}
