//! Telephone numbers: E.164 with the countries' codes, the North American plan, and national forms.

/// Countries' codes that ITU-T E.164 assigns, in order, and the least and most digits of a whole number there.
/// Codes of one region with the same lengths share a row.
const CODES: &[(&str, u8, u8)] = &[
    ("1", 11, 11),
    ("20", 11, 12),
    ("211", 12, 12),
    ("212", 12, 12),
    ("213", 11, 12),
    ("216", 11, 11),
    ("218", 11, 12),
    ("220", 10, 10),
    ("221", 12, 12),
    ("222", 11, 11),
    ("223", 11, 11),
    ("224", 11, 12),
    ("225", 11, 13),
    ("226", 11, 11),
    ("227", 11, 11),
    ("228", 11, 11),
    ("229", 11, 13),
    ("230", 10, 11),
    ("231", 10, 12),
    ("232", 11, 11),
    ("233", 12, 12),
    ("234", 11, 13),
    ("235", 11, 11),
    ("236", 11, 11),
    ("237", 12, 12),
    ("238", 10, 10),
    ("239", 10, 10),
    ("240", 12, 12),
    ("241", 10, 11),
    ("242", 12, 12),
    ("243", 12, 12),
    ("244", 12, 12),
    ("245", 10, 12),
    ("246", 10, 10),
    ("248", 10, 10),
    ("249", 12, 12),
    ("250", 12, 12),
    ("251", 12, 12),
    ("252", 10, 12),
    ("253", 11, 11),
    ("254", 12, 12),
    ("255", 12, 12),
    ("256", 12, 12),
    ("257", 11, 11),
    ("258", 11, 12),
    ("260", 12, 12),
    ("261", 12, 12),
    ("262", 12, 12),
    ("263", 11, 12),
    ("264", 11, 12),
    ("265", 12, 12),
    ("266", 11, 11),
    ("267", 10, 11),
    ("268", 11, 11),
    ("269", 10, 10),
    ("27", 11, 11),
    ("290", 8, 8),
    ("291", 10, 10),
    ("297", 10, 10),
    ("298", 9, 9),
    ("299", 9, 9),
    ("30", 12, 12),
    ("31", 11, 11),
    ("32", 10, 11),
    ("33", 11, 11),
    ("34", 11, 11),
    ("350", 11, 11),
    ("351", 12, 12),
    ("352", 9, 12),
    ("353", 10, 12),
    ("354", 10, 10),
    ("355", 11, 12),
    ("356", 11, 11),
    ("357", 11, 11),
    ("358", 9, 13),
    ("359", 11, 12),
    ("36", 10, 11),
    ("370", 11, 11),
    ("371", 11, 11),
    ("372", 10, 11),
    ("373", 11, 11),
    ("374", 11, 11),
    ("375", 12, 12),
    ("376", 9, 9),
    ("377", 11, 12),
    ("378", 10, 13),
    ("380", 12, 12),
    ("381", 11, 13),
    ("382", 11, 11),
    ("383", 11, 12),
    ("385", 11, 12),
    ("386", 11, 11),
    ("387", 11, 12),
    ("389", 11, 11),
    ("39", 10, 13),
    ("40", 11, 12),
    ("41", 11, 11),
    ("420", 12, 12),
    ("421", 12, 12),
    ("423", 10, 10),
    ("43", 10, 13),
    ("44", 11, 12),
    ("45", 10, 10),
    ("46", 10, 12),
    ("47", 10, 10),
    ("48", 11, 11),
    ("49", 10, 13),
    ("500", 8, 8),
    ("501", 10, 10),
    ("502", 11, 11),
    ("503", 11, 11),
    ("504", 11, 11),
    ("505", 11, 11),
    ("506", 11, 11),
    ("507", 10, 11),
    ("508", 9, 9),
    ("509", 11, 11),
    ("51", 10, 11),
    ("52", 12, 13),
    ("53", 10, 10),
    ("54", 12, 13),
    ("55", 12, 13),
    ("56", 11, 11),
    ("57", 12, 12),
    ("58", 12, 12),
    ("590", 12, 12),
    ("591", 11, 11),
    ("592", 10, 10),
    ("593", 11, 12),
    ("594", 12, 12),
    ("595", 11, 12),
    ("596", 12, 12),
    ("597", 9, 10),
    ("598", 11, 11),
    ("599", 10, 11),
    ("60", 11, 12),
    ("61", 11, 11),
    ("62", 10, 14),
    ("63", 11, 12),
    ("64", 10, 12),
    ("65", 10, 10),
    ("66", 10, 11),
    ("670", 10, 11),
    ("672", 9, 9),
    ("673", 10, 10),
    ("674", 10, 10),
    ("675", 10, 11),
    ("676", 8, 10),
    ("677", 8, 10),
    ("678", 8, 10),
    ("679", 10, 10),
    ("680", 10, 10),
    ("681", 9, 9),
    ("682", 8, 8),
    ("683", 7, 10),
    ("685", 8, 10),
    ("686", 8, 11),
    ("687", 9, 9),
    ("688", 8, 10),
    ("689", 9, 11),
    ("690", 7, 10),
    ("691", 10, 10),
    ("692", 10, 10),
    ("7", 11, 11),
    ("81", 11, 12),
    ("82", 10, 12),
    ("84", 11, 12),
    ("850", 10, 13),
    ("852", 11, 11),
    ("853", 11, 11),
    ("855", 11, 12),
    ("856", 11, 12),
    ("86", 12, 13),
    ("880", 11, 13),
    ("886", 11, 12),
    ("90", 12, 12),
    ("91", 12, 12),
    ("92", 11, 12),
    ("93", 11, 11),
    ("94", 11, 11),
    ("95", 9, 12),
    ("960", 10, 10),
    ("961", 10, 11),
    ("962", 11, 12),
    ("963", 11, 12),
    ("964", 11, 13),
    ("965", 11, 11),
    ("966", 11, 12),
    ("967", 10, 12),
    ("968", 11, 11),
    ("970", 11, 12),
    ("971", 11, 12),
    ("972", 11, 12),
    ("973", 11, 11),
    ("974", 11, 11),
    ("975", 11, 11),
    ("976", 11, 11),
    ("977", 11, 13),
    ("98", 11, 12),
    ("992", 12, 12),
    ("993", 11, 11),
    ("994", 12, 12),
    ("995", 12, 12),
    ("996", 12, 12),
    ("998", 12, 12),
];

/// A number that begins with `+` or `00` and a country's code, ITU-T E.123 separators allowed.
pub(crate) fn international(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('+').or_else(|| text.strip_prefix("00")) else { return false };
    let mut buffer = [0; DIGITS_MAX];
    // `(0)` is written for callers within the country, and is no part of the number.
    let bracket = rest.contains('(').then(|| rest.split_once("(0)")).flatten();
    let found = match bracket {
        None => dialled(rest, &mut buffer),
        Some((before, after)) => dialled(&[before, after].concat(), &mut buffer),
    };
    let Some(found) = found else { return false };
    row(found).is_some_and(|(code, least, most)| {
        let length = usize::from(least)..=usize::from(most);
        length.contains(&found.len()) && (code != "1" || plan(&found[1..])) && varied(&found[code.len()..])
    })
}

/// The row of the country that a number is of. No code is the beginning of another, so that it stands before the first
/// row that is greater than the number.
fn row(digits: &str) -> Option<(&'static str, u8, u8)> {
    let after = CODES.partition_point(|(code, ..)| *code <= digits);
    CODES[..after].last().copied().filter(|(code, ..)| digits.starts_with(code))
}

/// Ten digits of the North American plan, a 1 may stand before.
pub(crate) fn north_american(text: &str) -> bool {
    let mut buffer = [0; DIGITS_MAX];
    let text = text.strip_prefix('+').unwrap_or(text);
    dialled(text, &mut buffer).is_some_and(|found| match found.len() {
        10 => plan(found),
        11 => found.starts_with('1') && plan(&found[1..]),
        _ => false,
    })
}

/// A number within a country: a trunk 0 (or, as in Italy and Spain, none) and the subscriber's digits.
pub(crate) fn national(text: &str) -> bool {
    let mut buffer = [0; DIGITS_MAX];
    !dated(text)
        && dialled(text, &mut buffer).is_some_and(|found| (7..=12).contains(&found.len()) && varied(found))
}

/// Does it hold a year of our time and two shorter groups, or two years? `2001-07-16 15` is a date with an hour,
/// `1986-1993` is what copyrights say.
fn dated(text: &str) -> bool {
    let (mut years, mut short) = (0, 0);
    for group in text.as_bytes().split(|byte| b" -./".contains(byte)) {
        years += usize::from(group.len() == 4 && matches!(group, [b'1', b'9', ..] | [b'2', b'0', ..]));
        short += usize::from(matches!(group.len(), 1 | 2));
    }
    years > 0 && short >= 2 || years > 1 && text.len() == 9
}

/// A number in any of these ways: where its key says that it is one. An extension may follow.
pub(crate) fn any(text: &str) -> bool {
    let text = text.split(['x', 'e', '#', ';']).next().unwrap_or_default().trim();
    international(text) || north_american(text) || national(text.strip_prefix('+').unwrap_or(text))
}

/// Most digits of any number (E.164: 15).
const DIGITS_MAX: usize = 15;

/// The digits of `text`, when nothing else than separators stands between them and brackets are in pairs.
fn dialled<'a>(text: &str, buffer: &'a mut [u8; DIGITS_MAX]) -> Option<&'a str> {
    let mut count = 0;
    let mut open = false;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                *buffer.get_mut(count)? = byte;
                count += 1;
            }
            b'(' if !open => open = true,
            b')' if open => open = false,
            b' ' | b'-' | b'.' | b'/' => {}
            _ => return None,
        }
    }
    if open {
        return None;
    }
    std::str::from_utf8(&buffer[..count]).ok()
}

/// The North American plan: area and exchange begin with 2 to 9, neither is a service code, 555-01xx is for fiction.
fn plan(ten: &str) -> bool {
    let d = ten.as_bytes();
    let service = |at: usize| d[at + 1] == b'1' && d[at + 2] == b'1';
    d.len() == 10 && d[0] > b'1' && d[3] > b'1' && d[1] != b'9' && !service(0) && !service(3) && varied(ten)
}

/// At least three different digits: not `0000000` or `1212121`.
fn varied(digits: &str) -> bool {
    let seen = digits.bytes().fold(0_u16, |seen, digit| seen | 1 << (digit - b'0'));
    seen.count_ones() >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_and_none_begins_with_another() {
        assert!(CODES.is_sorted_by(|one, two| one.0 < two.0 && !two.0.starts_with(one.0)));
        for (code, ..) in CODES {
            for rest in ["", "0", "9999999"] {
                assert_eq!(row(&format!("{code}{rest}")).map(|row| row.0), Some(*code));
            }
        }
        assert_eq!((row("999123"), row("")), (None, None));
    }

    #[test]
    fn international_numbers_have_a_country_and_its_length() {
        let numbers = [
            "+1 415-555-2671",
            "+14155552671",
            "+44 20 7946 0958",
            "+44 (0)20 7946 0958",
            "+49 30 901820",
            "+33 1 42 68 53 00",
            "+81 3-5253-1111",
            "+91 98765 43210",
            "+55 11 91234-5678",
            "0049 30 901820",
        ];
        for number in numbers {
            assert!(international(number), "{number}");
        }
        let others = [
            "+1 115-555-2671",
            "+999 123 4567",
            "+44 1",
            "+441234567890123",
            "14155552671",
            "+1.2.3",
            "+49 00000 00000",
            "+44 (20 7946 0958",
            "+44_20_7946_0958",
        ];
        for number in others {
            assert!(!international(number), "{number}");
        }
    }

    #[test]
    fn north_american_numbers_keep_the_plan() {
        for number in ["(415) 555-2671", "415-555-2671", "415.555.2671", "1-415-555-2671", "4155552671"] {
            assert!(north_american(number), "{number}");
        }
        for number in
            ["115-555-2671", "415-155-2671", "911-555-2671", "415-555-267", "2222222222", "495-555-2671"]
        {
            assert!(!north_american(number), "{number}");
        }
    }

    #[test]
    fn national_numbers_are_digits_of_a_fitting_count() {
        assert!(national("020 7946 0958") && national("01 42 68 53 00") && national("0151/12345678"));
        assert!(
            !national("12345")
                && !national("2001-07-16")
                && !national("16.07.2001")
                && !national("0000 0000")
                && !national("1234567890123")
        );
    }
}
