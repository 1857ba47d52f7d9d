//! Numbers of patients, prescribers and health insurance in the United States, and codes of diagnoses.

use super::digit::{decimal, digits, luhn, signs};

/// National provider identifier: ten digits, Luhn with 80840 before them (CMS).
pub(crate) fn us_npi(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| {
        let mut prefixed = [8, 0, 8, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        prefixed[5..].copy_from_slice(&d);
        matches!(d[0], 1 | 2) && luhn(&prefixed)
    })
}

/// Drug Enforcement Administration number: registrant, initial, six digits and their check.
pub(crate) fn us_dea(text: &str) -> bool {
    let Some(s) = signs::<9>(text) else { return false };
    if !b"ABCDEFGHJKLMPRSTUX".contains(&s[0]) || !s[2..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let d = |at: usize| u32::from(s[at] - b'0');
    let sum = d(2) + d(4) + d(6) + 2 * (d(3) + d(5) + d(7));
    sum > 0 && sum % 10 == d(8)
}

/// Medicare beneficiary identifier: eleven signs of fixed kinds, without S, L, O, I, B and Z (CMS).
pub(crate) fn us_mbi(text: &str) -> bool {
    let Some(s) = signs::<11>(text) else { return false };
    let letter = |sign: u8| sign.is_ascii_uppercase() && !b"SLOIBZ".contains(&sign);
    s.iter().enumerate().all(|(at, &sign)| match at {
        0 => (b'1'..=b'9').contains(&sign),
        1 | 4 | 7 | 8 => letter(sign),
        2 | 5 => letter(sign) || sign.is_ascii_digit(),
        _ => sign.is_ascii_digit(),
    })
}

/// Number of a medical record: what hospitals write after `MRN`. Any digits that are not a date or a filler.
pub(crate) fn record(text: &str) -> bool {
    let count = text.bytes().filter(u8::is_ascii_digit).count();
    let varied = text.bytes().fold(0_u16, |seen, sign| match sign {
        b'0'..=b'9' => seen | 1 << (sign - b'0'),
        _ => seen,
    });
    count >= 5 && varied.count_ones() >= 2
}

/// Code of a diagnosis, ICD-10: chapter's letter, two signs, up to four more after a dot.
pub(crate) fn icd(text: &str) -> bool {
    let s = text.as_bytes();
    let head =
        s.len() >= 3 && s[0].is_ascii_alphabetic() && s[1].is_ascii_digit() && s[2].is_ascii_alphanumeric();
    head && match s.get(3) {
        None => true,
        Some(b'.') => (5..=8).contains(&s.len()) && s[4..].iter().all(u8::is_ascii_alphanumeric),
        _ => false,
    }
}

/// European health insurance card: 80, the country, the institution, serial (CEN/TS 16428); no check digit.
pub(crate) fn eu_ehic(text: &str) -> bool {
    digits::<20>(text).is_some_and(|d| {
        let country = decimal(&d[2..5]);
        d[..2] == [8, 0]
            && matches!(
                country,
                40 | 56
                    | 100
                    | 191
                    | 196
                    | 203
                    | 208
                    | 233
                    | 246
                    | 250
                    | 276
                    | 300
                    | 348
                    | 352
                    | 372
                    | 380
                    | 428
                    | 438
                    | 440
                    | 442
                    | 470
                    | 528
                    | 578
                    | 616
                    | 620
                    | 642
                    | 703
                    | 705
                    | 724
                    | 752
                    | 756
                    | 826
            )
    })
}

/// A day as HL7 writes it, `19840723`.
pub(crate) fn day(text: &str) -> bool {
    digits::<8>(text).is_some_and(|d| {
        matches!(decimal(&d[..4]), 1900..=2100)
            && super::date::exists(decimal(&d[..4]), decimal(&d[4..6]), decimal(&d[6..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_their_neighbours_do_not() {
        assert!(us_npi("1234567893") && !us_npi("1234567890") && !us_npi("3234567893"));
        assert!(us_dea("AB1234563") && us_dea("F91234563") && !us_dea("AB1234564") && !us_dea("AB0000000"));
        assert!(us_mbi("1EG4-TE5-MK73") && us_mbi("1EG4TE5MK73"));
        assert!(!us_mbi("0EG4TE5MK73") && !us_mbi("1SG4TE5MK73"));
        assert!(eu_ehic("80276881234567890123") && !eu_ehic("80999881234567890123"));
    }

    #[test]
    fn records_and_codes_have_their_shapes() {
        assert!(record("00483920") && record("AB-483920") && !record("1234") && !record("00000000"));
        assert!(
            icd("E11.9") && icd("S72.001A") && icd("J45") && !icd("E11.") && !icd("11.9") && !icd("E119X")
        );
    }
}
