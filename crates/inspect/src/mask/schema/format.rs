//! The formats of JSON Schema that a mask keeps. Each check is strict: what it lets through, every validator does.

use core::net::{Ipv4Addr, Ipv6Addr};

use url::Url;

/// A format, with a text that has it and gives nothing away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Format {
    name: &'static str,
    pub(super) placeholder: &'static str,
    pub(super) check: fn(&str) -> bool,
}

/// Names and addresses are of those set aside for documentation (RFC 2606, 5737, 3849), the times are where Unix begins.
const FORMATS: &[Format] = &[
    of("date", "1970-01-01", date),
    of("date-time", "1970-01-01T00:00:00Z", date_time),
    of("duration", "PT0S", |text| text == "PT0S"),
    of("email", "masked@example.invalid", email),
    of("hostname", "example.invalid", hostname),
    of("idn-email", "masked@example.invalid", email),
    of("idn-hostname", "example.invalid", hostname),
    of("ipv4", "192.0.2.0", |text| text.parse::<Ipv4Addr>().is_ok()),
    of("ipv6", "2001:db8::", |text| text.parse::<Ipv6Addr>().is_ok()),
    of("iri", "https://example.invalid/", uri),
    of("iri-reference", "https://example.invalid/", uri),
    of("json-pointer", "/masked", |text| text == "/masked"),
    of("regex", "masked", |text| text == "masked"),
    of("relative-json-pointer", "0", |text| text == "0"),
    of("time", "00:00:00Z", time),
    of("uri", "https://example.invalid/", uri),
    of("uri-reference", "https://example.invalid/", uri),
    of("uri-template", "https://example.invalid/", uri),
    of("uuid", "00000000-0000-0000-0000-000000000000", uuid),
];

const fn of(name: &'static str, placeholder: &'static str, check: fn(&str) -> bool) -> Format {
    Format { name, placeholder, check }
}

impl Format {
    /// The format of that name, if it is one that is kept.
    pub(super) fn named(name: &str) -> Option<Self> {
        FORMATS.iter().find(|format| format.name == name).copied()
    }
}

/// Digits where `shape` has a digit, and the same characters elsewhere.
fn shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, shape)| if shape.is_ascii_digit() { byte.is_ascii_digit() } else { byte == shape })
}

fn within(text: &str, low: u32, high: u32) -> bool {
    text.parse().is_ok_and(|number: u32| (low..=high).contains(&number))
}

/// Leaves out the last days of long months: not each of them needs to be known as one.
fn date(text: &str) -> bool {
    shaped(text, "0000-00-00") && within(&text[5..7], 1, 12) && within(&text[8..], 1, 28)
}

fn time(text: &str) -> bool {
    shaped(text, "00:00:00Z")
        && within(&text[..2], 0, 23)
        && within(&text[3..5], 0, 59)
        && within(&text[6..8], 0, 59)
}

fn date_time(text: &str) -> bool {
    text.split_once('T').is_some_and(|(day, rest)| date(day) && time(rest))
}

fn label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

fn hostname(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(label) && text.contains(|c: char| c.is_ascii_alphabetic())
}

fn email(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+'))
    };
    text.split_once('@').is_some_and(|(local, domain)| {
        local.len() <= 64 && local.split('.').all(plain) && domain.contains('.') && hostname(domain)
    })
}

fn uri(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(&byte);
    text.bytes().all(plain)
        && text.matches('#').count() <= 1
        && text.contains("://")
        && Url::parse(text).is_ok_and(|url| url.has_host())
}

fn uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if hyphens.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholder_has_its_format_and_masks_have_none() {
        for format in FORMATS {
            assert!((format.check)(format.placeholder), "{}", format.name);
            for mask in ["[email]", "****.com", "", "mk:k1:0123456789abcdef01234567", "[a@example.com]"] {
                assert!(!(format.check)(mask), "{} {mask}", format.name);
            }
        }
        assert!(FORMATS.is_sorted_by_key(|format| format.name));
        assert!(Format::named("date").is_some() && Format::named("colour").is_none());
    }

    #[test]
    fn ordinary_values_have_their_format() {
        for (name, value) in [
            ("date", "2026-11-26"),
            ("date-time", "2026-11-26T13:10:00Z"),
            ("email", "alice.b+c@mail.example.com"),
            ("hostname", "db-1.example.com"),
            ("uri", "https://example.com/a?b=c#d"),
            ("uuid", "0191f3a0-0000-7000-8000-000000000001"),
        ] {
            assert!(Format::named(name).is_some_and(|format| (format.check)(value)), "{value}");
        }
    }
}
