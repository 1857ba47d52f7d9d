//! National numbers of central and eastern Europe.

use super::date::{exists, recurs};
use super::digit::{decimal, digits, hybrid, weigh};

/// Polish PESEL: birthday with the century in the month, serial, weights 1 3 7 9 (MSWiA).
pub(crate) fn pl_pesel(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let century = [1900, 2000, 2100, 2200, 1800][usize::from(d[2] / 2)];
        let month = decimal(&d[2..4]) % 20;
        exists(century + decimal(&d[..2]), month, decimal(&d[4..6]))
            && weigh(&d, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
    })
}

/// Polish NIP: weights modulo 11, ten is not given out.
pub(crate) fn pl_nip(text: &str) -> bool {
    digits::<10>(text)
        .is_some_and(|d| weigh(&d, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == u32::from(d[9]) && d[0] != 0)
}

/// Czech and Slovak rodné číslo since 1954: the month of women plus 50, and a multiple of eleven.
pub(crate) fn cz_birth(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| {
        let month = match decimal(&d[2..4]) {
            month @ (51..=62 | 21..=32 | 71..=82) => {
                month % 10 + if matches!(month % 50, 10..=12 | 30..=32) { 10 } else { 0 }
            }
            month => month,
        };
        recurs(month, decimal(&d[4..6])) && decimal(&d).is_multiple_of(11)
    })
}

/// Romanian CNP: sex and century, birthday, county, serial, weights modulo 11.
pub(crate) fn ro_cnp(text: &str) -> bool {
    digits::<13>(text).is_some_and(|d| {
        let check = match weigh(&d, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 {
            10 => 1,
            rest => rest,
        };
        d[0] != 0
            && recurs(decimal(&d[3..5]), decimal(&d[5..7]))
            && matches!(decimal(&d[7..9]), 1..=52 | 70 | 80..=83)
            && check == u32::from(d[12])
    })
}

/// Bulgarian EGN: birthday with the century in the month, weights modulo 11 (GRAO).
pub(crate) fn bg_egn(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| {
        let (month, century) = match decimal(&d[2..4]) {
            month @ 21..=32 => (month - 20, 1800),
            month @ 41..=52 => (month - 40, 2000),
            month => (month, 1900),
        };
        exists(century + decimal(&d[..2]), month, decimal(&d[4..6]))
            && weigh(&d, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == u32::from(d[9])
    })
}

/// Croatian OIB: ISO 7064 (Porezna uprava).
pub(crate) fn hr_oib(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| hybrid(&d))
}

/// JMBG of the states that were Yugoslavia: birthday, region, serial, modulo 11.
pub(crate) fn yu_jmbg(text: &str) -> bool {
    digits::<13>(text).is_some_and(|d| {
        let rest = (11 - weigh(&d, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
        matches!(d[4], 0 | 8 | 9) && recurs(decimal(&d[2..4]), decimal(&d[..2])) && rest == u32::from(d[12])
    })
}

/// Hungarian personal number: sex and century, birthday, serial, modulo 11 since 1997.
pub(crate) fn hu_person(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let sum = match d[0] {
            // Born before 1997: the weights run the other way.
            1 | 2 | 5..=8 => weigh(&d, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            3 | 4 => weigh(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
            _ => return false,
        };
        recurs(decimal(&d[3..5]), decimal(&d[5..7])) && sum % 11 == u32::from(d[10])
    })
}

/// Russian SNILS: nine digits, and their weighted sum modulo 101 (Social Fund).
pub(crate) fn ru_snils(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let sum = weigh(&d, &[9, 8, 7, 6, 5, 4, 3, 2, 1]);
        decimal(&d[..9]) > 1_001_998 && u64::from(sum % 101 % 100) == decimal(&d[9..])
    })
}

/// Russian INN of a person: twelve digits, two of them checks modulo 11 (FNS).
pub(crate) fn ru_inn(text: &str) -> bool {
    digits::<12>(text).is_some_and(|d| {
        let first = weigh(&d, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
        let second = weigh(&d, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
        (first, second) == (u32::from(d[10]), u32::from(d[11]))
    })
}

/// Ukrainian RNTRC: days since 1899, serial, weights modulo 11 (DPS).
pub(crate) fn ua_tax(text: &str) -> bool {
    const WEIGHTS: [i64; 9] = [-1, 5, 7, 9, 4, 6, 10, 5, 7];
    digits::<10>(text).is_some_and(|d| {
        let sum: i64 = d.iter().zip(WEIGHTS).map(|(&digit, weight)| i64::from(digit) * weight).sum();
        sum.rem_euclid(11) % 10 == i64::from(d[9])
    })
}

/// Hungarian adóazonosító jel: an eight, days since 1867, serial, weights modulo 11.
pub(crate) fn hu_tax(text: &str) -> bool {
    digits::<10>(text)
        .is_some_and(|d| d[0] == 8 && weigh(&d, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 == u32::from(d[9]))
}

/// Kazakh ИИН: birthday, century and sex, serial, two rows of weights modulo 11.
pub(crate) fn kz_iin(text: &str) -> bool {
    digits::<12>(text).is_some_and(|d| {
        let first = weigh(&d, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11;
        let check = if first == 10 { weigh(&d, &[3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11 } else { first };
        recurs(decimal(&d[2..4]), decimal(&d[4..6])) && d[6] < 7 && check == u32::from(d[11])
    })
}

/// Moldovan IDNP: a two for persons, weights 7 3 1 modulo 10.
pub(crate) fn md_idnp(text: &str) -> bool {
    digits::<13>(text).is_some_and(|d| {
        d[0] == 2 && weigh(&d, &[7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1]) % 10 == u32::from(d[12])
    })
}

/// Slovenian davčna številka: weights 8 to 2 modulo 11.
pub(crate) fn si_tax(text: &str) -> bool {
    digits::<8>(text).is_some_and(|d| {
        let rest = weigh(&d, &[8, 7, 6, 5, 4, 3, 2]) % 11;
        d[0] != 0 && rest != 0 && (11 - rest) % 10 == u32::from(d[7])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polish_and_czech_numbers_agree_with_published_examples() {
        assert!(pl_pesel("44051401359") && pl_pesel("02070803628") && pl_pesel("02211307589"));
        assert!(!pl_pesel("44051401358") && !pl_pesel("44053201359"));
        assert!(pl_nip("856-734-62-15") && !pl_nip("856-734-62-16"));
        assert!(cz_birth("710319/2745") && !cz_birth("991331 1230") && !cz_birth("710319/2746"));
        assert!(hu_person("2-850312-1233") && hu_person("3-010203-4562") && !hu_person("2-850312-1234"));
    }

    #[test]
    fn balkan_numbers_agree_with_published_examples() {
        assert!(ro_cnp("1630615123457") && !ro_cnp("1630615993454"));
        assert!(
            bg_egn("7523169263") && bg_egn("8032056031") && !bg_egn("7552A10004") && !bg_egn("8019010008")
        );
        assert!(hr_oib("33392005961") && !hr_oib("33392005962"));
        assert!(yu_jmbg("0101006500006") && !yu_jmbg("0101006500007"));
    }

    #[test]
    fn russian_and_ukrainian_numbers_agree_with_published_examples() {
        assert!(ru_snils("112-233-445 95") && !ru_snils("112-233-445 96"));
        assert!(ru_inn("500100732259") && !ru_inn("500100732258"));
        assert!(ua_tax("1759013776") && !ua_tax("1759013770"));
    }
}
