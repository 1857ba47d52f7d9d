//! National numbers of Asia.

use super::date::{exists, recurs};
use super::digit::{decimal, digits, luhn, numbers, signs, verhoeff, weigh};

/// Indian Aadhaar: twelve digits that begin with 2 to 9, Verhoeff (UIDAI).
pub(crate) fn in_aadhaar(text: &str) -> bool {
    digits::<12>(text).is_some_and(|d| {
        // `1999 2000 2001` has the form too.
        let years = d.chunks(4).all(|group| matches!(decimal(group), 1900..=2100));
        d[0] > 1 && !years && verhoeff(&d) && !d.iter().eq(d.iter().rev())
    })
}

/// Indian PAN: five letters of which the fourth is the kind of holder, four digits, a letter (Income Tax Department).
pub(crate) fn in_pan(text: &str) -> bool {
    signs::<10>(text).is_some_and(|s| {
        s[..5].iter().all(u8::is_ascii_uppercase)
            && b"ABCFGHJLPT".contains(&s[3])
            && s[5..9].iter().all(u8::is_ascii_digit)
            && s[5..9] != *b"0000"
            && s[9].is_ascii_uppercase()
    })
}

/// Chinese resident identity number, GB 11643: region, birthday, serial, ISO 7064 MOD 11-2.
pub(crate) fn cn_resident(text: &str) -> bool {
    let Some(s) = signs::<18>(text) else { return false };
    if !s[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let d = s.map(|sign| sign.wrapping_sub(b'0'));
    let sum = weigh(&d[..17], &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let (year, month, day) = (decimal(&d[6..10]), decimal(&d[10..12]), decimal(&d[12..14]));
    (11..=82).contains(&decimal(&d[..2]))
        && (1880..2100).contains(&year)
        && exists(year, month, day)
        && s[17] == b"10X98765432"[sum as usize % 11]
}

/// Japanese My Number: twelve digits, the last modulo 11 (Ordinance 85 of 2014).
pub(crate) fn jp_individual(text: &str) -> bool {
    digits::<12>(text).is_some_and(|d| {
        let rest = weigh(&d, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        let expected = if rest < 2 { 0 } else { 11 - rest };
        expected == u32::from(d[11])
    })
}

/// Korean resident registration number: birthday, sex and century, weights modulo 11. Since October 2020 the last
/// digits are drawn at random: then only the date and the seventh digit say anything.
pub(crate) fn kr_resident(text: &str) -> bool {
    digits::<13>(text).is_some_and(|d| {
        let century = match d[6] {
            1 | 2 | 5 | 6 => 1900,
            3 | 4 | 7 | 8 => 2000,
            _ => 1800,
        };
        let check = (11 - weigh(&d, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10;
        let year = century + decimal(&d[..2]);
        exists(year, decimal(&d[2..4]), decimal(&d[4..6])) && (check == u32::from(d[12]) || year >= 2020)
    })
}

/// Singapore's NRIC and FIN: a letter modulo 11, offset by the century of registration (ICA).
pub(crate) fn sg_nric(text: &str) -> bool {
    let Some(s) = signs::<9>(text) else { return false };
    if !s[1..8].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = s[1..8]
        .iter()
        .zip([2, 7, 6, 5, 4, 3, 2])
        .map(|(&sign, weight)| u32::from(sign - b'0') * weight)
        .sum();
    let (offset, letters) = match s[0] {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    s[8] == letters[(sum + offset) as usize % 11]
}

/// Hong Kong's identity card: one or two letters, six digits, and a sign modulo 11 that is written in brackets.
pub(crate) fn hk_identity(text: &str) -> bool {
    let plain: String = text.chars().filter(|sign| !matches!(sign, '(' | ')')).collect();
    let (eight, nine) = (signs::<8>(&plain), signs::<9>(&plain));
    let (first, s) = match (&eight, &nine) {
        (Some(s), _) => (36, &s[..]),
        (_, Some(s)) if s[0].is_ascii_uppercase() => (u32::from(s[0] - b'A') + 10, &s[1..]),
        _ => return false,
    };
    if !s[0].is_ascii_uppercase() || !s[1..7].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let rest = s[1..7]
        .iter()
        .zip((2..=7).rev())
        .fold(first * 9 + (u32::from(s[0] - b'A') + 10) * 8, |sum, (&sign, weight)| {
            sum + u32::from(sign - b'0') * weight
        });
    s[7] == b"0A987654321"[rest as usize % 11]
}

/// Taiwan's identity number: a letter of the county, sex, and weights (MOI).
pub(crate) fn tw_identity(text: &str) -> bool {
    /// What each county's letter stands for, less ten.
    const COUNTY: [u8; 26] =
        [0, 1, 2, 3, 4, 5, 6, 7, 24, 8, 9, 10, 11, 12, 25, 13, 14, 15, 16, 17, 18, 19, 22, 20, 21, 23];
    let Some(s) = signs::<10>(text) else { return false };
    if !s[0].is_ascii_uppercase() || !s[1..].iter().all(u8::is_ascii_digit) || !b"1289".contains(&s[1]) {
        return false;
    }
    let county = u32::from(COUNTY[usize::from(s[0] - b'A')]) + 10;
    let sum: u32 = s[1..]
        .iter()
        .zip([8, 7, 6, 5, 4, 3, 2, 1, 1])
        .map(|(&sign, weight)| u32::from(sign - b'0') * weight)
        .sum();
    (county / 10 + county % 10 * 9 + sum).is_multiple_of(10)
}

/// Thai identity number: thirteen digits modulo 11 (DOPA).
pub(crate) fn th_identity(text: &str) -> bool {
    digits::<13>(text).is_some_and(|d| {
        let sum = weigh(&d, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
        matches!(d[0], 1..=8) && (11 - sum % 11) % 10 == u32::from(d[12])
    })
}

/// Malaysia's MyKad: birthday and place of birth; it has no check digit (JPN).
pub(crate) fn my_identity(text: &str) -> bool {
    digits::<12>(text).is_some_and(|d| {
        let place =
            matches!(decimal(&d[6..8]), 1..=16 | 21..=59 | 60..=68 | 71..=72 | 74..=79 | 82..=93 | 98 | 99);
        recurs(decimal(&d[2..4]), decimal(&d[4..6])) && place
    })
}

/// Indonesia's NIK: province, birthday (the day of women plus 40), serial; it has no check digit (Dukcapil).
pub(crate) fn id_nik(text: &str) -> bool {
    digits::<16>(text).is_some_and(|d| {
        let day = decimal(&d[6..8]);
        matches!(decimal(&d[..2]), 11..=21 | 31..=36 | 51..=53 | 61..=65 | 71..=76 | 81 | 82 | 91..=97)
            && recurs(decimal(&d[8..10]), if day > 40 { day - 40 } else { day })
            && decimal(&d[12..]) != 0
    })
}

/// Israeli identity number: nine digits, Luhn (Population Authority).
pub(crate) fn il_identity(text: &str) -> bool {
    digits::<9>(text).is_some_and(|d| luhn(&d))
}

/// Emirates ID: 784, the year of birth, serial, Luhn (ICP).
pub(crate) fn ae_identity(text: &str) -> bool {
    digits::<15>(text)
        .is_some_and(|d| d[..3] == [7, 8, 4] && (1900..2100).contains(&decimal(&d[3..7])) && luhn(&d))
}

/// Saudi identity and residence numbers: ten digits that begin with 1 or 2, Luhn (MOI).
pub(crate) fn sa_identity(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| matches!(d[0], 1 | 2) && luhn(&d))
}

/// Iranian کد ملی: weights 10 to 2 modulo 11.
pub(crate) fn ir_national(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| {
        let rest = weigh(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        u32::from(d[9]) == if rest < 2 { rest } else { 11 - rest }
    })
}

/// Kuwaiti civil number: century, birthday, serial, weights modulo 11.
pub(crate) fn kw_civil(text: &str) -> bool {
    digits::<12>(text).is_some_and(|d| {
        let rest = weigh(&d, &[2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
        matches!(d[0], 1..=3) && recurs(decimal(&d[3..5]), decimal(&d[5..7])) && 11 - rest == u32::from(d[11])
    })
}

/// Sri Lankan identity card: year, day of it (that of women plus 500), serial; the older ones end in V or X.
pub(crate) fn lk_nic(text: &str) -> bool {
    let day = |digits: &[u8]| matches!(decimal(digits) % 500, 1..=366) && decimal(digits) < 867;
    if let Some(d) = digits::<12>(text) {
        return matches!(decimal(&d[..4]), 1900..=2100) && day(&d[4..7]);
    }
    signs::<10>(text).is_some_and(|signs| {
        let [digits @ .., last] = signs;
        matches!(last, b'V' | b'X') && numbers(digits).is_some_and(|d| day(&d[2..5]))
    })
}

/// Pakistani CNIC: province, family, sex; there is no check digit.
pub(crate) fn pk_cnic(text: &str) -> bool {
    digits::<13>(text).is_some_and(|d| matches!(d[0], 1..=8) && d[1] != 0)
}

/// Vietnamese căn cước: province, century and sex, year of birth, serial; there is no check digit.
pub(crate) fn vn_identity(text: &str) -> bool {
    digits::<12>(text).is_some_and(|d| matches!(decimal(&d[..3]), 1..=96) && d[3] < 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indian_numbers_agree_with_published_examples() {
        assert!(in_aadhaar("2341 2341 2346") && in_aadhaar("999941057058") && !in_aadhaar("2341 2341 2347"));
        assert!(!in_aadhaar("1234 1234 1234"));
        assert!(
            in_pan("ABCPV1234D") && in_pan("aaapl1234c") && !in_pan("ABCDE1234F") && !in_pan("ABCP12345D")
        );
    }

    #[test]
    fn chinese_numbers_agree_with_published_examples() {
        assert!(cn_resident("11010519491231002X") && cn_resident("440524188001010014"));
        assert!(!cn_resident("110105194912310021") && !cn_resident("11010519491331002X"));
        assert!(hk_identity("A123456(3)") && hk_identity("AB987654(3)") && hk_identity("G123456A"));
        assert!(!hk_identity("A123456(4)") && !hk_identity("A12345(3)"));
        assert!(tw_identity("A123456789") && !tw_identity("A123456788") && !tw_identity("A323456789"));
    }

    #[test]
    fn numbers_of_the_far_east_agree_with_published_examples() {
        assert!(jp_individual("1234 5678 9018") && !jp_individual("1234 5678 9012"));
        assert!(
            kr_resident("971013-9019902") && !kr_resident("971013-9019903") && !kr_resident("971313-9019902")
        );
        assert!(sg_nric("S1234567D") && sg_nric("G1234567X") && sg_nric("F1234567N") && sg_nric("M1234567K"));
        assert!(sg_nric("T1234567J") && !sg_nric("S1234567E") && !sg_nric("A1234567D"));
        assert!(th_identity("1-2345-45678-78-1") && !th_identity("1-2345-45678-78-2"));
        assert!(
            my_identity("770305-02-1234") && !my_identity("771305-02-1234") && !my_identity("770305-17-1234")
        );
        assert!(id_nik("3171011708450001") && id_nik("3171015708450001") && !id_nik("3171013208450001"));
    }

    #[test]
    fn numbers_of_western_asia_agree_with_published_examples() {
        assert!(il_identity("123456782") && il_identity("039337423") && !il_identity("123456783"));
        assert!(
            ae_identity("784-1984-1234567-4")
                && !ae_identity("784-1984-1234567-5")
                && !ae_identity("784-1684-1234567-4")
        );
        assert!(sa_identity("1000000008") && !sa_identity("3000000004"));
    }
}
