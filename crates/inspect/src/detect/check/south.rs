//! National numbers of Africa and Oceania.

use super::date::recurs;
use super::digit::{decimal, digits, luhn, weigh};

/// Australian tax file number: nine digits (or eight, of before), weights modulo 11 (ATO).
pub(crate) fn au_tfn(text: &str) -> bool {
    let nine = digits::<9>(text).is_some_and(|d| weigh(&d, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11));
    let eight =
        || digits::<8>(text).is_some_and(|d| weigh(&d, &[10, 7, 8, 4, 6, 3, 5, 1]).is_multiple_of(11));
    nine || eight()
}

/// Australian Medicare card: eight digits, their check digit, issue; the person's line may follow (Services Australia).
pub(crate) fn au_medicare(text: &str) -> bool {
    let (ten, eleven) = (digits::<10>(text), digits::<11>(text));
    let d = match (&ten, &eleven) {
        (Some(d), _) => &d[..],
        (_, Some(d)) => &d[..10],
        _ => return false,
    };
    matches!(d[0], 2..=6) && d[9] != 0 && weigh(d, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == u32::from(d[8])
}

/// New Zealand's IRD number: eight or nine digits, two rounds modulo 11 (Inland Revenue).
pub(crate) fn nz_ird(text: &str) -> bool {
    let eight = digits::<8>(text).map(|d| {
        let mut nine = [0; 9];
        nine[1..].copy_from_slice(&d);
        nine
    });
    digits::<9>(text).or(eight).is_some_and(|d| {
        let check = match (11 - weigh(&d, &[3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 {
            10 => (11 - weigh(&d, &[7, 4, 3, 2, 5, 2, 7, 6]) % 11) % 11,
            digit => digit,
        };
        (10_000_000..150_000_000).contains(&decimal(&d)) && check == u32::from(d[8])
    })
}

/// South African identity number: birthday, serial, citizenship, Luhn (DHA).
pub(crate) fn za_identity(text: &str) -> bool {
    digits::<13>(text).is_some_and(|d| recurs(decimal(&d[2..4]), decimal(&d[4..6])) && d[10] < 3 && luhn(&d))
}

/// Egyptian national number: century, birthday, governorate, serial; its check is not published.
pub(crate) fn eg_national(text: &str) -> bool {
    digits::<14>(text).is_some_and(|d| {
        let place = matches!(decimal(&d[7..9]), 1..=4 | 11..=19 | 21..=29 | 31..=35 | 88);
        matches!(d[0], 2 | 3) && recurs(decimal(&d[3..5]), decimal(&d[5..7])) && place
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn australian_numbers_agree_with_published_examples() {
        assert!(au_tfn("123 456 782") && !au_tfn("123 456 783"));
        assert!(au_medicare("2123 45670 1") && au_medicare("2123 45670 1/1") && !au_medicare("2123 45680 1"));
        assert!(!au_medicare("7123 45670 1"));
    }

    #[test]
    fn numbers_of_new_zealand_and_africa_agree_with_published_examples() {
        assert!(
            nz_ird("49-091-850") && nz_ird("136-410-132") && nz_ird("35-901-981") && nz_ird("49-098-576")
        );
        assert!(!nz_ird("136410133") && !nz_ird("9125568"));
        assert!(
            za_identity("8001015009087") && !za_identity("8001015009088") && !za_identity("8013015009087")
        );
        assert!(eg_national("29001011234567") && !eg_national("29013011234567"));
    }
}
