//! National numbers of the Americas. Each function says whose rule it follows.

use super::date::recurs;
use super::digit::{decimal, digits, luhn, numbers, signs, weigh};

/// United States social security number: areas, groups and serials that were never given out (SSA, POMS RM 10201.035),
/// and the two numbers that advertisements made useless.
pub(crate) fn us_ssn(text: &str) -> bool {
    let Some(d) = digits::<9>(text) else { return false };
    let (area, group, serial) = (decimal(&d[..3]), decimal(&d[3..5]), decimal(&d[5..]));
    let printed = matches!((area, group, serial), (78, 5, 1120) | (219, 9, 9999) | (123, 45, 6789));
    area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 && !printed
}

/// United States individual taxpayer number: 9xx, and the groups that the IRS uses (Publication 1915).
pub(crate) fn us_itin(text: &str) -> bool {
    digits::<9>(text).is_some_and(|d| {
        d[0] == 9
            && matches!(decimal(&d[3..5]), 50..=65 | 70..=88 | 90..=92 | 94..=99)
            && decimal(&d[5..]) != 0
    })
}

/// United States bank routing number: the Federal Reserve's districts, and weights 3, 7, 1 (ABA).
pub(crate) fn us_routing(text: &str) -> bool {
    digits::<9>(text).is_some_and(|d| {
        let district = decimal(&d[..2]);
        matches!(district, 1..=12 | 21..=32 | 61..=72 | 80)
            && weigh(&d, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
    })
}

/// Canadian social insurance number: Luhn; 0 is not given out, 8 is for businesses.
pub(crate) fn ca_sin(text: &str) -> bool {
    digits::<9>(text).is_some_and(|d| luhn(&d) && !matches!(d[0], 0 | 8))
}

/// Mexican CURP: letters of the name, date, sex, state, consonants, and its check digit (RENAPO).
pub(crate) fn mx_curp(text: &str) -> bool {
    const STATES: &[&[u8; 2]] = &[
        b"AS", b"BC", b"BS", b"CC", b"CH", b"CL", b"CM", b"CS", b"DF", b"DG", b"GR", b"GT", b"HG", b"JC",
        b"MC", b"MN", b"MS", b"NE", b"NL", b"NT", b"OC", b"PL", b"QR", b"QT", b"SL", b"SP", b"SR", b"TC",
        b"TL", b"TS", b"VZ", b"YN", b"ZS",
    ];
    let Some(s) = signs::<18>(text) else { return false };
    let shaped =
        s[..4].iter().chain(&s[13..16]).all(u8::is_ascii_uppercase) && matches!(s[10], b'H' | b'M' | b'X');
    shaped
        && date_within(&s[4..10])
        && STATES.iter().any(|state| state[..] == s[11..13])
        && u32::from(s[17].wrapping_sub(b'0')) == curp_digit(&s[..17])
}

/// A sign's place in `0..9A..NÑO..Z` (CURP) or `0..9A..N&O..Z` (RFC).
fn worth(sign: u8) -> u32 {
    u32::from(match sign {
        b'0'..=b'9' => sign - b'0',
        b'A'..=b'N' => sign - b'A' + 10,
        _ => sign - b'A' + 11,
    })
}

fn curp_digit(signs: &[u8]) -> u32 {
    let sum: u32 = signs.iter().zip((2..=18).rev()).map(|(&sign, weight)| worth(sign) * weight).sum();
    (10 - sum % 10) % 10
}

fn date_within(signs: &[u8]) -> bool {
    signs.iter().all(u8::is_ascii_digit) && {
        let pair = |at: usize| decimal(&[signs[at] - b'0', signs[at + 1] - b'0']);
        recurs(pair(2), pair(4))
    }
}

/// Brazilian CPF: two digits modulo 11 (Receita Federal).
pub(crate) fn br_cpf(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let first = complement(weigh(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2]));
        let second = complement(weigh(&d, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]));
        (first, second) == (u32::from(d[9]), u32::from(d[10]))
    })
}

/// Brazilian CNPJ, with the letters of 2026: signs are worth their ASCII code less 48 (IN RFB 2.229/2024).
pub(crate) fn br_cnpj(text: &str) -> bool {
    let Some(s) = signs::<14>(text) else { return false };
    if !s[12..].iter().all(u8::is_ascii_digit) || s.windows(2).all(|pair| pair[0] == pair[1]) {
        return false;
    }
    let worth = s.map(|sign| sign - b'0');
    let first = complement(weigh(&worth, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]));
    let second = complement(weigh(&worth, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]));
    (first, second) == (u32::from(worth[12]), u32::from(worth[13]))
}

/// Eleven less the rest, where ten and eleven are written as zero.
fn complement(sum: u32) -> u32 {
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

/// Argentine CUIT and CUIL: the kinds AFIP gives out, modulo 11.
pub(crate) fn ar_cuit(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let kind = matches!(decimal(&d[..2]), 20 | 23 | 24 | 25 | 26 | 27 | 30 | 33 | 34);
        let rest = (11 - weigh(&d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
        kind && rest == u32::from(d[10])
    })
}

/// Chilean RUT: seven or eight digits and a sign modulo 11, `K` for ten.
pub(crate) fn cl_rut(text: &str) -> bool {
    let (eight, seven) = (signs::<9>(text), signs::<8>(text));
    let (body, last) = match (&eight, &seven) {
        (Some(s), _) => (&s[..8], s[8]),
        (_, Some(s)) => (&s[..7], s[7]),
        _ => return false,
    };
    if !body.iter().all(u8::is_ascii_digit) || body.windows(2).all(|pair| pair[0] == pair[1]) {
        return false;
    }
    let sum: u32 = body
        .iter()
        .rev()
        .zip([2, 3, 4, 5, 6, 7].into_iter().cycle())
        .map(|(&d, w)| u32::from(d - b'0') * w)
        .sum();
    last == b"0K987654321"[sum as usize % 11]
}

/// Colombian NIT: nine digits and one modulo 11 with prime weights (DIAN).
pub(crate) fn co_nit(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| {
        let rest = weigh(&d, &[41, 37, 29, 23, 19, 17, 13, 7, 3]) % 11;
        let expected = if rest < 2 { rest } else { 11 - rest };
        expected == u32::from(d[9])
    })
}

/// Ecuadorian cédula: province, natural person, Luhn over ten digits (Registro Civil).
pub(crate) fn ec_cedula(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| matches!(decimal(&d[..2]), 1..=24 | 30) && d[2] < 6 && luhn(&d))
}

/// Mexican RFC of a person: four letters, a date, and three signs of which the last checks (SAT).
pub(crate) fn mx_rfc(text: &str) -> bool {
    let Some(s) = signs::<13>(text) else { return false };
    s[..4].iter().all(u8::is_ascii_uppercase) && date_within(&s[4..10]) && s[12] == rfc_sign(&s[..12])
}

fn rfc_sign(signs: &[u8]) -> u8 {
    let sum: u32 = signs.iter().zip((2..=13).rev()).map(|(&sign, weight)| worth(sign) * weight).sum();
    b"0A987654321"[sum as usize % 11]
}

/// Uruguayan cédula: seven digits and one with weights 2 9 8 7 6 3 4 (DNIC).
pub(crate) fn uy_cedula(text: &str) -> bool {
    digits::<8>(text).is_some_and(|d| (weigh(&d, &[2, 9, 8, 7, 6, 3, 4, 1])).is_multiple_of(10))
}

/// Costa Rican cédula: province, volume, entry; there is no check digit.
pub(crate) fn cr_cedula(text: &str) -> bool {
    let bytes: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
    let [.., volume, _, _, _, _] = bytes[..] else { return false };
    bytes[0] < b'9' && (volume != b'0' || decimal(&bytes) > 0) && !text.contains("0000")
}

/// Cuban carné de identidad: birthday, century, serial; there is no check digit.
pub(crate) fn cu_identity(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| recurs(decimal(&d[2..4]), decimal(&d[4..6])))
}

/// Dominican cédula: eleven digits, Luhn.
pub(crate) fn do_cedula(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| luhn(&d))
}

/// Peruvian RUC: kind, number, weights modulo 11.
pub(crate) fn pe_ruc(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        matches!(decimal(&d[..2]), 10 | 15 | 16 | 17 | 20)
            && (11 - weigh(&d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 10 == u32::from(d[10])
    })
}

/// Salvadoran DUI: weights 9 to 2 modulo 10.
pub(crate) fn sv_dui(text: &str) -> bool {
    digits::<9>(text)
        .is_some_and(|d| (10 - weigh(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 10) % 10 == u32::from(d[8]))
}

/// American EIN: a prefix that some campus of the IRS gives out; there is no check digit.
pub(crate) fn us_ein(text: &str) -> bool {
    digits::<9>(text).is_some_and(|d| {
        !matches!(
            decimal(&d[..2]),
            0 | 7 | 8 | 9 | 17 | 18 | 19 | 28 | 29 | 49 | 69 | 70 | 78 | 79 | 89 | 96 | 97
        )
    })
}

/// Venezuelan RIF: a letter for the kind, weights modulo 11.
pub(crate) fn ve_rif(text: &str) -> bool {
    signs::<10>(text).is_some_and(|signs| {
        let kind = match signs[0] {
            b'V' => 4,
            b'E' => 8,
            b'J' => 12,
            b'P' => 16,
            b'G' => 20,
            _ => return false,
        };
        let [_, rest @ ..] = signs;
        numbers(rest).is_some_and(|d: [u8; 9]| {
            let sum = kind + weigh(&d, &[3, 2, 7, 6, 5, 4, 3, 2]);
            b"00987654321"[sum as usize % 11] - b'0' == d[8]
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn social_security_numbers_keep_the_rules_of_areas() {
        for number in ["856-45-6789", "536 90 4399", "856456789", "001-01-0001"] {
            assert!(us_ssn(number), "{number}");
        }
        let never = [
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "123-00-4567",
            "123-45-0000",
            "078-05-1120",
            "12-345-678",
        ];
        for number in never {
            assert!(!us_ssn(number), "{number}");
        }
        assert!(us_itin("912-90-3456") && us_itin("900-70-0001"));
        assert!(!us_itin("912-89-3456") && !us_itin("812-90-3456"));
        assert!(
            us_routing("021000021")
                && us_routing("011000015")
                && us_routing("111000025")
                && !us_routing("111000026")
        );
    }

    #[test]
    fn published_examples_of_other_countries_pass() {
        assert!(ca_sin("123 456 782") && !ca_sin("123 456 783") && !ca_sin("046 454 286"));
        assert!(mx_curp("HEGG560427MVZRRL04") && mx_curp("BOXW310820HNERXN09"));
        assert!(!mx_curp("BOXW310820HNERXN08") && !mx_curp("BOXW311320HNERXN09"));
        assert!(mx_rfc("GODE561231GR8") && !mx_rfc("GODE561231GR9"));
        assert!(br_cpf("111.444.777-35") && br_cpf("39053344705"));
        assert!(!br_cpf("111.444.777-36") && !br_cpf("111.111.111-11"));
        assert!(br_cnpj("11.222.333/0001-81") && br_cnpj("12.ABC.345/01DE-35"));
        assert!(!br_cnpj("11.222.333/0001-80") && !br_cnpj("12.ABC.345/01DE-3A"));
        assert!(ar_cuit("20-26756539-3") && !ar_cuit("20-26756539-4"));
        assert!(cl_rut("12.345.678-5") && cl_rut("12531909-2") && !cl_rut("12531909-3"));
        assert!(co_nit("213123432-1") && !co_nit("213123432-5"));
        assert!(ec_cedula("1714307103") && !ec_cedula("1714307104"));
        assert!(uy_cedula("1.234.567-2") && !uy_cedula("1.234.567-3"));
    }
}
