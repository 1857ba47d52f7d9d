//! National numbers of the United Kingdom and Ireland.

use super::digit::{digits, signs, weigh};

/// United Kingdom national insurance number: the letters HMRC uses (NIM39110).
pub(crate) fn gb_nino(text: &str) -> bool {
    const NEVER: [&[u8; 2]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    let Some(s) = signs::<9>(text) else { return false };
    let letters = s[..2].iter().all(|sign| sign.is_ascii_uppercase() && !b"DFIQUV".contains(sign));
    letters
        && s[1] != b'O'
        && !NEVER.iter().any(|pair| pair[..] == s[..2])
        && s[2..8].iter().all(u8::is_ascii_digit)
        && (b'A'..=b'D').contains(&s[8])
}

/// Number of the National Health Service: ten digits, modulo 11 (NHS Data Dictionary).
pub(crate) fn gb_nhs(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| {
        let rest = (11 - weigh(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
        rest == u32::from(d[9])
    })
}

/// United Kingdom unique taxpayer reference: ten digits of which the first checks the others, modulo 11.
pub(crate) fn gb_utr(text: &str) -> bool {
    const SIGNS: [u8; 11] = [2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1];
    digits::<10>(text)
        .is_some_and(|d| SIGNS[weigh(&d[1..], &[6, 7, 8, 9, 10, 5, 4, 3, 2]) as usize % 11] == d[0])
}

/// Irish personal public service number: seven digits and a letter modulo 23, with the second letter of 2013.
pub(crate) fn ie_pps(text: &str) -> bool {
    let (eight, nine) = (signs::<8>(text), signs::<9>(text));
    let (s, extra) = match (&eight, &nine) {
        (Some(s), _) => (&s[..], 0),
        (_, Some(s)) => match s[8] {
            letter @ b'A'..=b'I' => (&s[..8], u32::from(letter - b'@')),
            b'W' => (&s[..8], 0),
            _ => return false,
        },
        _ => return false,
    };
    if !s[..7].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 =
        s[..7].iter().zip((2..=8).rev()).map(|(&sign, weight)| u32::from(sign - b'0') * weight).sum();
    s[7] == b"WABCDEFGHIJKLMNOPQRSTUV"[((sum + extra * 9) % 23) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insurance_numbers_keep_to_the_letters_in_use() {
        assert!(gb_nino("AB 12 34 56 C") && gb_nino("jg103759a"));
        for never in ["DA123456C", "AO123456C", "GB123456C", "AB123456E", "AB12345C6", "AB123456"] {
            assert!(!gb_nino(never), "{never}");
        }
    }

    #[test]
    fn check_digits_agree_with_published_examples() {
        assert!(gb_nhs("943 476 5919") && gb_nhs("4010232137") && !gb_nhs("9434765918"));
        assert!(gb_utr("1955839661") && !gb_utr("2955839661"));
        assert!(ie_pps("1234567T") && ie_pps("1234567FA") && ie_pps("6433435F") && !ie_pps("6433435E"));
    }
}
