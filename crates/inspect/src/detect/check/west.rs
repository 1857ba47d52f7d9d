//! National numbers of western and southern Europe.

use super::date::{exists, recurs};
use super::digit::{decimal, digits, hybrid, luhn, numbers, signs, verhoeff, weigh};

/// German tax identification: ISO 7064, and one digit of the first ten twice or thrice (BZSt).
pub(crate) fn de_tax(text: &str) -> bool {
    let Some(d) = digits::<11>(text) else { return false };
    let mut counts = [0_u8; 10];
    d[..10].iter().for_each(|&digit| counts[usize::from(digit)] += 1);
    let repeated = counts.iter().filter(|&&count| count > 1).count() == 1;
    d[0] != 0 && repeated && counts.iter().all(|&count| count < 4) && hybrid(&d)
}

/// German pension insurance number: area, birthday, letter, serial and check digit (VKVV §4).
pub(crate) fn de_pension(text: &str) -> bool {
    let Some(s) = signs::<12>(text) else { return false };
    if !s[8].is_ascii_uppercase() || !s.iter().enumerate().all(|(at, sign)| at == 8 || sign.is_ascii_digit())
    {
        return false;
    }
    let letter = s[8] - b'@';
    let mut d = [0; 12];
    d[..8].copy_from_slice(&s[..8]);
    d[8..10].copy_from_slice(&[letter / 10 + b'0', letter % 10 + b'0']);
    d[10..].copy_from_slice(&s[9..11]);
    let d = d.map(|sign| sign - b'0');
    let sum: u32 = d
        .iter()
        .zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])
        .map(|(&digit, weight)| u32::from(digit) * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    let day = decimal(&d[2..4]);
    recurs(decimal(&d[4..6]), if day > 50 { day - 50 } else { day }) && sum % 10 == u32::from(s[11] - b'0')
}

/// Spanish DNI and NIE: a letter for the number modulo 23 (Ministerio del Interior).
pub(crate) fn es_dni(text: &str) -> bool {
    let Some(mut s) = signs::<9>(text) else { return false };
    if let b'X'..=b'Z' = s[0] {
        s[0] = s[0] - b'X' + b'0';
    }
    if !s[..8].iter().all(u8::is_ascii_digit) || s[..8].windows(2).all(|pair| pair[0] == pair[1]) {
        return false;
    }
    let number = s[..8].iter().fold(0, |sum, &sign| sum * 10 + usize::from(sign - b'0'));
    s[8] == b"TRWAGMYFPDXBNJZSQVHLCKE"[number % 23]
}

/// French NIR: sex, year, month, place, serial, and a key modulo 97 (INSEE). Corsica writes its place with a letter.
pub(crate) fn fr_nir(text: &str) -> bool {
    let Some(mut s) = signs::<15>(text) else { return false };
    match &s[5..7] {
        b"2A" => s[5..7].copy_from_slice(b"19"),
        b"2B" => s[5..7].copy_from_slice(b"18"),
        _ => {}
    }
    let Some(d) = numbers(s) else { return false };
    let month = decimal(&d[3..5]);
    let place = decimal(&d[5..7]);
    matches!(d[0], 1..=4 | 7 | 8)
        && matches!(month, 1..=12 | 20..=42 | 50..=99)
        && place != 0
        && 97 - decimal(&d[..13]) % 97 == decimal(&d[13..])
}

/// German number of the insured (KVNR, § 290 SGB V): a letter and eight digits, whose weights are one and two in turn with
/// the letter as two digits, and one that checks them.
pub(crate) fn de_insured(text: &str) -> bool {
    let Some((letter, rest)) = text.split_at_checked(1) else { return false };
    let (Some(letter), Some(d)) = (letter.bytes().next().filter(u8::is_ascii_uppercase), digits::<9>(rest))
    else {
        return false;
    };
    let number = letter - b'A' + 1;
    let all = [number / 10, number % 10].into_iter().chain(d[..8].iter().copied());
    let crossed = |(at, digit): (usize, u8)| {
        let product = u32::from(digit) * if at % 2 == 0 { 1 } else { 2 };
        product / 10 + product % 10
    };
    all.enumerate().map(crossed).sum::<u32>() % 10 == u32::from(d[8])
}

/// Italian codice fiscale of a person: sixteen signs, the last over odd and even places (DM 23/12/1976), letters in
/// the digits' places when two people would share one.
pub(crate) fn it_fiscal(text: &str) -> bool {
    const ODD: [u8; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let Some(s) = signs::<16>(text) else { return false };
    let shaped = s.iter().enumerate().all(|(at, sign)| match at {
        0..6 | 11 | 15 => sign.is_ascii_uppercase(),
        8 => b"ABCDEHLMPRST".contains(sign),
        _ => sign.is_ascii_digit() || b"LMNPQRSTUV".contains(sign),
    });
    let place = |sign: u8| if sign.is_ascii_digit() { sign - b'0' } else { sign - b'A' };
    let sum: u32 = s[..15]
        .iter()
        .enumerate()
        .map(|(at, &sign)| u32::from(if at % 2 == 0 { ODD[usize::from(place(sign))] } else { place(sign) }))
        .sum();
    shaped && u32::from(s[15] - b'A') == sum % 26
}

/// Portuguese NIF: first digits in use, modulo 11 (Autoridade Tributária).
pub(crate) fn pt_nif(text: &str) -> bool {
    digits::<9>(text).is_some_and(|d| {
        let rest = weigh(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        let expected = if rest < 2 { 0 } else { 11 - rest };
        matches!(d[0], 1..=3 | 5 | 6 | 8 | 9) && expected == u32::from(d[8])
    })
}

/// Dutch BSN: the "eleven test" (Rijksdienst voor Identiteitsgegevens).
pub(crate) fn nl_bsn(text: &str) -> bool {
    digits::<9>(text).is_some_and(|d| {
        let sum = weigh(&d, &[9, 8, 7, 6, 5, 4, 3, 2]);
        sum >= u32::from(d[8]) && (sum - u32::from(d[8])).is_multiple_of(11)
    })
}

/// Belgian national number: date, serial, and 97 less the rest; a 2 in front since 2000 (Rijksregister).
pub(crate) fn be_national(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let (body, check) = (decimal(&d[..9]), decimal(&d[9..]));
        // Months of those whose sex was not known are written plus 20 or 40; an unknown day is zero.
        let (month, day) = (decimal(&d[2..4]) % 20, decimal(&d[4..6]));
        month <= 12
            && day <= 31
            && (97 - body % 97 == check || 97 - (body + 2_000_000_000) % 97 == check)
            && (day == 0 || month == 0 || recurs(month, day))
    })
}

/// Austrian social insurance number: serial, check digit, birthday (Dachverband).
pub(crate) fn at_insurance(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| {
        let sum = weigh(&d, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11;
        d[0] != 0 && sum == u32::from(d[3]) && recurs(decimal(&d[6..8]).min(12), decimal(&d[4..6]))
    })
}

/// Swiss AHV number: 756, thirteen digits, checked like an EAN (ZAS).
pub(crate) fn ch_ahv(text: &str) -> bool {
    digits::<13>(text).is_some_and(|d| {
        d[..3] == [7, 5, 6] && weigh(&d, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
    })
}

/// Greek AMKA: birthday, serial, Luhn (IDIKA).
pub(crate) fn gr_amka(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| recurs(decimal(&d[2..4]), decimal(&d[..2])) && luhn(&d))
}

/// Turkish identity number: eleven digits, the last two over the others (NVİ).
pub(crate) fn tr_identity(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let odd = weigh(&d, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
        let even = weigh(&d, &[0, 1, 0, 1, 0, 1, 0, 1]);
        let all = d[..10].iter().map(|&digit| u32::from(digit)).sum::<u32>();
        d[0] != 0 && (odd * 7 + 10 * even - even) % 10 == u32::from(d[9]) && all % 10 == u32::from(d[10])
    })
}

/// Luxembourg's matricule: birthday, serial, Luhn and Verhoeff digits (CTIE).
pub(crate) fn lu_matricule(text: &str) -> bool {
    digits::<13>(text).is_some_and(|d| {
        let year = decimal(&d[..4]);
        let mut second = [0; 12];
        second[..11].copy_from_slice(&d[..11]);
        second[11] = d[12];
        (1880..2100).contains(&year)
            && exists(year, decimal(&d[4..6]), decimal(&d[6..8]))
            && luhn(&d[..12])
            && verhoeff(&second)
    })
}

/// Austrian Abgabenkontonummer: nine digits, Luhn.
pub(crate) fn at_tax(text: &str) -> bool {
    digits::<9>(text).is_some_and(|d| luhn(&d))
}

/// Cypriot tax number: eight digits, those at odd places translated, and a letter for the sum modulo 26.
pub(crate) fn cy_tax(text: &str) -> bool {
    const TRANSLATED: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let Some(signs) = signs::<9>(text) else { return false };
    if !signs[..8].iter().all(u8::is_ascii_digit) || signs.starts_with(b"12") {
        return false;
    }
    let sum: u32 = (0..8)
        .map(|at| match (at % 2, signs[at] - b'0') {
            (0, digit) => TRANSLATED[usize::from(digit)],
            (_, digit) => u32::from(digit),
        })
        .sum();
    u32::from(signs[8]) == u32::from(b'A') + sum % 26
}

/// French numéro fiscal (SPI): ten digits, and their remainder modulo 511.
pub(crate) fn fr_tax(text: &str) -> bool {
    digits::<13>(text).is_some_and(|d| d[0] < 4 && decimal(&d[..10]) % 511 == decimal(&d[10..]))
}

/// Greek ΑΦΜ: powers of two modulo 11.
pub(crate) fn gr_tax(text: &str) -> bool {
    digits::<9>(text)
        .is_some_and(|d| weigh(&d, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == u32::from(d[8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn german_numbers_agree_with_published_examples() {
        for number in ["86095742719", "47036892816", "65929970489", "57549285017", "25 768 131 411"] {
            assert!(de_tax(number), "{number}");
        }
        assert!(!de_tax("86095742718") && !de_tax("12345678901") && !de_tax("06095742719"));
        assert!(de_pension("15070649C103") && de_pension("65 180539 W 001") && !de_pension("15070649C104"));
    }

    #[test]
    fn iberian_and_italian_numbers_agree_with_published_examples() {
        assert!(es_dni("12345678Z") && es_dni("12345678-z") && es_dni("X1234567L") && es_dni("X-2482300-W"));
        assert!(!es_dni("12345678A") && !es_dni("A2345678Z"));
        assert!(pt_nif("123456789") && !pt_nif("123456788"));
        assert!(it_fiscal("MRTMTT25D09F205Z") && it_fiscal("RSSMRA85T10A562S"));
        assert!(!it_fiscal("MRTMTT25D09F205A") && !it_fiscal("MRTMTT25F09F205Z"));
    }

    #[test]
    fn french_and_belgian_numbers_agree_with_published_examples() {
        assert!(fr_nir("2 55 08 14 168 025 38") && fr_nir("295109912611193") && !fr_nir("255081416802539"));
        assert!(fr_nir("1 84 12 2A 451 089 33") && fr_nir("1 84 12 2B 451 089 60"));
        assert!(be_national("85.07.30-033 28") && !be_national("85.07.30-033 29"));
        assert!(nl_bsn("111222333") && nl_bsn("1112.22.333") && !nl_bsn("111222334"));
    }

    #[test]
    fn other_numbers_agree_with_published_examples() {
        assert!(at_insurance("1237 010180") && !at_insurance("2237 010180"));
        assert!(ch_ahv("756.9217.0769.85") && ch_ahv("7561234567897") && !ch_ahv("756.9217.0769.84"));
        assert!(gr_amka("01013099997") && !gr_amka("01013099999"));
        assert!(tr_identity("10000000146") && tr_identity("17291716060") && !tr_identity("17291716050"));
        assert!(lu_matricule("1893120105732") && !lu_matricule("1893120105733"));
    }
}
