//! National numbers of the Nordic and Baltic countries.

use super::date::{exists, recurs};
use super::digit::{decimal, digits, luhn, weigh};

/// Swedish personnummer and samordningsnummer (day plus 60): ten digits with Luhn, or twelve with the century before.
pub(crate) fn se_person(text: &str) -> bool {
    // People of a hundred years and more are written with a plus instead of the hyphen.
    let text = text.replacen('+', "-", 1);
    let ten = digits::<10>(&text);
    let twelve = digits::<12>(&text).filter(|d| matches!(decimal(&d[..2]), 18..=20));
    let d = match (&ten, &twelve) {
        (Some(d), _) => &d[..],
        (_, Some(d)) => &d[2..],
        _ => return false,
    };
    let day = decimal(&d[4..6]);
    luhn(d) && recurs(decimal(&d[2..4]), if day > 60 { day - 60 } else { day })
}

/// Norwegian fødselsnummer and D-number (day plus 40): two digits modulo 11 (Skatteetaten).
pub(crate) fn no_birth(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let first = (11 - weigh(&d, &[3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11) % 11;
        let second = (11 - weigh(&d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
        let day = decimal(&d[..2]);
        recurs(decimal(&d[2..4]), if day > 40 { day - 40 } else { day })
            && (first, second) == (u32::from(d[9]), u32::from(d[10]))
    })
}

/// Danish CPR: a date and a serial. Since 2007 numbers without a check digit are given out, so there is none to ask.
pub(crate) fn dk_cpr(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| recurs(decimal(&d[2..4]), decimal(&d[..2])) && decimal(&d[6..]) != 0)
}

/// Finnish HETU: date, the century's sign (with those of 2023), serial, and a sign modulo 31 (DVV).
pub(crate) fn fi_hetu(text: &str) -> bool {
    let Ok(s) = <[u8; 11]>::try_from(text.as_bytes()) else { return false };
    let s = s.map(|sign| sign.to_ascii_uppercase());
    let at_digits = s[..6].iter().chain(&s[7..10]);
    if !at_digits.clone().all(u8::is_ascii_digit) || !b"+-ABCDEFUVWXY".contains(&s[6]) {
        return false;
    }
    let number = at_digits.fold(0, |sum, &sign| sum * 10 + usize::from(sign - b'0'));
    let pair = |at: usize| decimal(&[s[at] - b'0', s[at + 1] - b'0']);
    recurs(pair(2), pair(0)) && s[10] == b"0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31]
}

/// Estonian isikukood and Lithuanian asmens kodas: century and sex, date, serial, two rounds modulo 11.
pub(crate) fn baltic_person(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let check = match weigh(&d, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11 {
            10 => weigh(&d, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10,
            rest => rest,
        };
        let century = 1800 + u64::from(d[0].saturating_sub(1) / 2) * 100;
        matches!(d[0], 1..=8)
            && exists(century + decimal(&d[1..3]), decimal(&d[3..5]), decimal(&d[5..7]))
            && check == u32::from(d[10])
    })
}

/// Latvian personas kods of before 2017: date, century, serial, modulo 11.
pub(crate) fn lv_person(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let sum = 1 + weigh(&d, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9]);
        d[6] < 3 && recurs(decimal(&d[2..4]), decimal(&d[..2])) && sum % 11 % 10 == u32::from(d[10])
    })
}

/// Icelandic kennitala of a person: date, serial, check digit modulo 11, century (Þjóðskrá).
pub(crate) fn is_kennitala(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| {
        recurs(decimal(&d[2..4]), decimal(&d[..2]))
            && matches!(d[9], 0 | 8 | 9)
            && weigh(&d, &[3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scandinavian_numbers_agree_with_published_examples() {
        for number in
            ["811228-9874", "670919-9530", "19811228-9874", "198112289874", "811228+9874", "701063-2391"]
        {
            assert!(se_person(number), "{number}");
        }
        assert!(!se_person("811228-9873") && !se_person("811328-9874") && !se_person("338112289874"));
        assert!(no_birth("15108695088") && no_birth("151086 95088") && !no_birth("15108695077"));
        assert!(dk_cpr("211062-5629") && dk_cpr("0707614285") && !dk_cpr("511062-5629"));
        assert!(is_kennitala("120174-3399") && !is_kennitala("450401-3150") && !is_kennitala("320174-3399"));
    }

    #[test]
    fn finnish_and_baltic_numbers_agree_with_published_examples() {
        assert!(fi_hetu("131052-308T") && fi_hetu("131052a308t") && fi_hetu("131052Y308T"));
        assert!(!fi_hetu("131052-308U") && !fi_hetu("311352-308T") && !fi_hetu("131052_308T"));
        assert!(baltic_person("37605030299") && baltic_person("33309240064"));
        assert!(!baltic_person("37605030298") && !baltic_person("07605030299"));
        assert!(lv_person("161175-19997") && !lv_person("161375-19997"));
    }
}
