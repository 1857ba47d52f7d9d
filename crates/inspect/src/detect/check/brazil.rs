//! Brazilian numbers of persons, those of taxpayers aside. Each function says whose rule it follows.

use super::digit::{decimal, digits, weigh};

/// Driving licence (CNH): nine digits and two that check them modulo 11, the second less two where the first was ten
/// (Contran, resolution 886/2021).
pub(crate) fn cnh(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let (falling, rising) =
            (weigh(&d, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11, weigh(&d, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11);
        let (first, less) = if falling == 10 { (0, 2) } else { (falling, 0) };
        // Issuers differ in what a second of less than zero becomes.
        let seconds = match (rising, less) {
            (10, 0) => [0, 0],
            (10, less) => [10 - less, 0],
            (rising, less) if rising < less => [(rising + 11 - less) % 10, 0],
            (rising, less) => [rising - less, rising - less],
        };
        first == u32::from(d[9]) && seconds.contains(&u32::from(d[10]))
    })
}

/// Number of a worker in social programmes (PIS, PASEP, NIS, NIT): ten digits and one modulo 11 (Caixa).
pub(crate) fn pis(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let check = 11 - weigh(&d, &[3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        check % 11 % 10 == u32::from(d[10])
    })
}

/// Number of a voter (título de eleitor): eight digits, a state from 1 to 28, and two modulo 11 (TSE, resolution
/// 23.659/2021, article 36). São Paulo and Minas Gerais wrote 1 for 0.
pub(crate) fn voter(text: &str) -> bool {
    digits::<12>(text).is_some_and(|d| {
        let state = decimal(&d[8..10]);
        let fits = |sum: u32, digit: u8| {
            let rest = sum % 11 % 10;
            let digit = u32::from(digit);
            digit == rest || digit == 1 && sum.is_multiple_of(11) && matches!(state, 1 | 2)
        };
        (1..=28).contains(&state)
            && fits(weigh(&d, &[2, 3, 4, 5, 6, 7, 8, 9]), d[10])
            && fits(weigh(&d[8..], &[7, 8, 9]), d[11])
    })
}

/// Card of the public health system (CNS): fifteen digits whose weighted sum is a multiple of 11; 1 and 2 begin lasting
/// numbers, 7, 8 and 9 provisional ones (Ministério da Saúde).
pub(crate) fn cns(text: &str) -> bool {
    digits::<15>(text).is_some_and(|d| {
        let weights = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1];
        matches!(d[0], 1 | 2 | 7..=9) && weigh(&d, &weights).is_multiple_of(11)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_their_check_digits_pass_and_others_do_not() {
        assert!(cnh("94580730242") && cnh("157 368 193 48") && !cnh("94580730243") && !cnh("11111111111"));
        assert!(pis("99722003322") && pis("245.38323.64-4") && !pis("99722003321"));
        assert!(voter("909514541627") && voter("5277 2040 2429") && !voter("909514541628"));
        assert!(!voter("909514993127"), "no such state");
        assert!(cns("170293137580000") && cns("784 7195 4061 3689") && !cns("170293137580001"));
        assert!(!cns("370293137580000") && !cns("000000000000000"));
    }
}
