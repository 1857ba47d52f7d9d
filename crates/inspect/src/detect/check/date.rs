//! Dates: those inside national numbers, and those people were born on.

/// Is this a day of the Gregorian calendar?
pub(super) fn exists(year: u64, month: u64, day: u64) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=last).contains(&day)
}

/// Is this a day in some century? For numbers that write the year with two digits.
pub(super) fn recurs(month: u64, day: u64) -> bool {
    exists(2000, month, day)
}

/// A date somebody alive may be born on, as `1984-07-23`, `23.7.1984`, `7/23/1984`, `23 July 1984`, `July 23, 1984`.
/// Whether the day or the month comes first is not ours to know: one reading must exist.
pub(crate) fn birth(text: &str) -> bool {
    // The time of a time stamp says nothing more.
    let day = text.split_once('T').filter(|(day, _)| day.len() == 10).map_or(text, |(day, _)| day);
    let mut words =
        day.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|word| !matches!(*word, "" | "of"));
    let parts = [words.next(), words.next(), words.next()].map(|word| word.and_then(Part::read));
    if words.next().is_some() {
        return false;
    }
    let [Some(first), Some(second), Some(third)] = parts else { return false };
    match [first, second, third] {
        [Part::Year(year), Part::Day(month), Part::Day(day)] => lived(year, month, day),
        [Part::Day(one), Part::Day(two), Part::Year(year)] => lived(year, one, two) || lived(year, two, one),
        [Part::Day(one), Part::Day(two), Part::Day(_)] => recurs(one, two) || recurs(two, one),
        [Part::Day(day), Part::Month(month), Part::Year(year)]
        | [Part::Month(month), Part::Day(day), Part::Year(year)]
        | [Part::Year(year), Part::Month(month), Part::Day(day)] => lived(year, month, day),
        _ => false,
    }
}

fn lived(year: u64, month: u64, day: u64) -> bool {
    (1900..2100).contains(&year) && exists(year, month, day)
}

enum Part {
    Day(u64),
    Month(u64),
    Year(u64),
}

impl Part {
    fn read(word: &str) -> Option<Self> {
        let count = word.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = word.split_at(count);
        match (count, rest) {
            (1..=2, "" | "st" | "nd" | "rd" | "th") => number.parse().ok().map(Self::Day),
            (4, "") => number.parse().ok().map(Self::Year),
            (0, name) => month(name).map(Self::Month),
            _ => None,
        }
    }
}

fn month(name: &str) -> Option<u64> {
    let start = name.get(..3)?.to_ascii_lowercase();
    let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    (1..).zip(names).find(|(_, month)| *month == start).map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leap_years_follow_the_gregorian_rule() {
        assert!(exists(2000, 2, 29) && exists(2024, 2, 29));
        assert!(!exists(1900, 2, 29) && !exists(2023, 2, 29) && !exists(2023, 13, 1) && !exists(2023, 4, 31));
    }

    #[test]
    fn dates_of_birth_are_read_in_every_common_order() {
        let dates = [
            "1984-07-23",
            "23.7.1984",
            "7/23/1984",
            "23 July 1984",
            "Jul 23, 1984",
            "March 3rd, 1990",
            "07/23/84",
        ];
        for date in dates {
            assert!(birth(date), "{date}");
        }
        for other in [
            "1984-13-23",
            "31.2.1984",
            "1684-07-23",
            "July 1984",
            "1984",
            "1.2.3.4",
            "99/99/84",
            "23 Foo 1984",
        ] {
            assert!(!birth(other), "{other}");
        }
    }
}
