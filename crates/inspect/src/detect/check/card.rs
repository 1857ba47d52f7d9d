//! Numbers of payment cards, ISO/IEC 7812: an issuer's range, the length that issuer uses, and Luhn.

use super::digit::{decimal, luhn};

/// Shortest and longest number in use, in digits. Visa's old ones of thirteen are not.
const LENGTH: std::ops::RangeInclusive<usize> = 14..=19;

/// First six digits, and lengths, as the networks publish them. In order of the first.
const RANGES: &[(std::ops::RangeInclusive<u64>, &[usize])] = &[
    (180_000..=180_099, &[15]),             // JCB, before 3528
    (213_100..=213_199, &[15]),             // JCB, before 3528
    (222_100..=272_099, &[16]),             // Mastercard
    (300_000..=305_999, &[14, 16]),         // Diners Club
    (309_500..=309_599, &[14, 16]),         // Diners Club
    (340_000..=349_999, &[15]),             // American Express
    (352_800..=358_999, &[16]),             // JCB
    (360_000..=369_999, &[14, 16]),         // Diners Club
    (370_000..=379_999, &[15]),             // American Express
    (380_000..=399_999, &[14, 16]),         // Diners Club
    (400_000..=499_999, &[16, 19]),         // Visa
    (500_000..=509_999, &[16]),             // Maestro, Elo, Verve
    (510_000..=559_999, &[16]),             // Mastercard
    (560_000..=589_999, &[16]),             // Maestro
    (601_100..=601_199, &[16, 19]),         // Discover
    (606_282..=606_282, &[16]),             // Hipercard
    (620_000..=629_999, &[16, 17, 18, 19]), // UnionPay
    (630_000..=639_999, &[16]),             // Maestro, InstaPayment, Elo
    (644_000..=659_999, &[16, 19]),         // Discover, RuPay, Elo
    (670_000..=679_999, &[16]),             // Maestro
    (817_000..=817_199, &[16]),             // UnionPay, RuPay
    (979_200..=979_289, &[16]),             // Troy
];

/// A card's number, plain or in groups of four (or 4-6-5, 4-6-4) with one kind of separator.
pub(crate) fn number(text: &str) -> bool {
    let mut found = [0; 19];
    let mut count = 0;
    let mut separator = None;
    let mut group = 0;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                let Some(place) = found.get_mut(count) else { return false };
                *place = byte - b'0';
                count += 1;
                group += 1;
            }
            // Groups of fewer than four digits are dates, versions and coordinates.
            b' ' | b'-' if group >= 4 && separator.is_none_or(|seen| seen == byte) => {
                separator = Some(byte);
                group = 0;
            }
            _ => return false,
        }
    }
    let found = &found[..count];
    // Seventeen digits and more without groups are the identifiers of databases far more often than cards.
    let shown = count <= 16 || separator.is_some();
    LENGTH.contains(&count) && group > 0 && shown && issued(found) && luhn(found) && varied(found)
}

/// A number of a length that few cards have, where a word says that it is one: twelve digits of Maestro, thirteen of Visa,
/// nineteen of those that have them, without groups.
pub(crate) fn rare(text: &str) -> bool {
    let mut found = [0; 19];
    let Some(digits) = found.get_mut(..text.len()) else { return false };
    for (digit, byte) in digits.iter_mut().zip(text.bytes()) {
        if !byte.is_ascii_digit() {
            return false;
        }
        *digit = byte - b'0';
    }
    let known = match digits.len() {
        12 => matches!(digits, [5, 0 | 6..=8, ..] | [6, ..]),
        13 => digits[0] == 4,
        17..=19 => issued(digits),
        _ => false,
    };
    known && luhn(digits) && varied(digits)
}

fn issued(digits: &[u8]) -> bool {
    let prefix = decimal(&digits[..6]);
    RANGES.iter().any(|(range, lengths)| range.contains(&prefix) && lengths.contains(&digits.len()))
}

/// Not one digit throughout.
fn varied(digits: &[u8]) -> bool {
    let seen = digits.iter().fold(0_u16, |seen, digit| seen | 1 << digit);
    seen.count_ones() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_test_numbers_are_cards() {
        let cards = [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4242-4242-4242-4242",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "3782 822463 10005",
            "6011111111111117",
            "30569309025904",
            "3530111333300000",
            "6200000000000005",
            "6759649826438453",
            "4000 0000 0000 0000 006",
        ];
        for card in cards {
            assert!(number(card), "{card}");
        }
    }

    #[test]
    fn other_numbers_are_not_cards() {
        let others = [
            "4111111111111112",     // the check digit
            "1234567812345670",     // Luhn, but nobody's range
            "41111111111111111111", // too long
            "411111111111116",      // no such length of this issuer
            "4111-1111 1111-1111",  // separators that differ
            "41 11 11 11 11 11 11 11",
            "4111 1111 1111 1111 ",
            "0000000000000000",
            "4012-88888888-1881x",
        ];
        for other in others {
            assert!(!number(other), "{other}");
        }
    }
}
