//! Points in time as people type them.

use jiff::{SignedDuration, Timestamp};

use crate::clock::{Clock, SystemClock, instant_or_day};

/// Reads an instant (`2026-11-20T10:00:00Z`), a day (`2026-11-20`, its beginning in UTC) or how long ago (`90m`).
/// Answers microseconds since 1970.
pub(super) fn parse(text: &str) -> Result<i64, String> {
    at(text, SystemClock.now()).map(Timestamp::as_microsecond)
}

/// Time in lists: to the second, UTC.
pub(super) fn show(micros: i64) -> String {
    Timestamp::from_microsecond(micros)
        .map_or_else(|_| micros.to_string(), |ts| ts.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Time for programs: RFC 3339 with what fraction there is, UTC.
pub(super) fn show_exactly(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |ts| ts.to_string())
}

fn at(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Some(instant) = instant_or_day(text) {
        return Ok(instant);
    }
    let ago: SignedDuration = text
        .trim_start_matches('-')
        .parse()
        .map_err(|_| format!("`{text}` is no time; write `2026-11-20`, `2026-11-20T10:00:00Z` or `90m`"))?;
    now.checked_sub(ago).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_type_them() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
            ("2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00Z"),
            ("2026-11-19", "2026-11-19T00:00:00Z"),
            ("90m", "2026-11-20T10:30:00Z"),
            ("1h", "2026-11-20T11:00:00Z"),
        ] {
            assert_eq!(at(text, now).unwrap().to_string(), expected, "{text}");
        }
        assert!(at("yesterday", now).unwrap_err().contains("`yesterday` is no time"));
    }
}
