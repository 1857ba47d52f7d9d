//! Arithmetic of check digits: what the validators of numbers have in common.

/// Exactly `N` ASCII letters and digits, letters in upper case. One space, hyphen, dot or slash may stand between two.
pub(super) fn signs<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut found = [0; N];
    let mut count = 0;
    let mut separated = true;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' if count < N => {
                found[count] = byte.to_ascii_uppercase();
                count += 1;
                separated = false;
            }
            b' ' | b'-' | b'.' | b'/' if !separated => separated = true,
            _ => return None,
        }
    }
    (count == N && !separated).then_some(found)
}

/// Exactly `N` digits as numbers, separated as in [`signs`]. All the same digit is nobody's number.
pub(super) fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let found = numbers(signs(text)?)?;
    found.windows(2).any(|pair| pair[0] != pair[1]).then_some(found)
}

/// The numbers that `signs` spell, when all are digits.
pub(super) fn numbers<const N: usize>(signs: [u8; N]) -> Option<[u8; N]> {
    signs.iter().all(u8::is_ascii_digit).then(|| signs.map(|sign| sign - b'0'))
}

/// The decimal number that `digits` spell; at most 18 of them.
pub(super) fn decimal(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum, &digit| sum * 10 + u64::from(digit))
}

/// Sum of products; a missing weight is none.
pub(super) fn weigh(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(&digit, weight)| u32::from(digit) * weight).sum()
}

/// ISO/IEC 7812-1 annex B: every second digit from the right doubled, the sum a multiple of ten.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, u32::from(digit)) {
            (1, digit) if digit > 4 => digit * 2 - 9,
            (1, digit) => digit * 2,
            (_, digit) => digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// ISO 7064, MOD 11,10: the last digit checks those before it.
pub(super) fn hybrid(digits: &[u8]) -> bool {
    let Some((&last, rest)) = digits.split_last() else { return false };
    let product = rest.iter().fold(10, |product, &digit| match (product + u32::from(digit)) % 10 {
        0 => 9,
        sum => sum * 2 % 11,
    });
    (11 - product) % 10 == u32::from(last)
}

/// Verhoeff's scheme over the dihedral group of order ten.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    let state = digits.iter().rev().enumerate().fold(0, |state, (place, &digit)| {
        DIHEDRAL[usize::from(state)][usize::from(PERMUTATION[place % 8][usize::from(digit)])]
    });
    state == 0
}

const DIHEDRAL: [[u8; 10]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];

const PERMUTATION: [[u8; 10]; 8] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
    [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
    [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
    [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
    [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_stand_between_signs_only() {
        assert_eq!(digits::<3>("1-2 3"), Some([1, 2, 3]));
        for wrong in ["12", "1234", "1--23", "-123", "123-", "12a", "1_23", "111", ""] {
            assert_eq!(digits::<3>(wrong), None, "{wrong}");
        }
        assert_eq!(signs::<3>("a-b9"), Some(*b"AB9"));
    }

    #[test]
    fn schemes_agree_with_their_published_examples() {
        assert!(luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3]));
        assert!(!luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 0]));
        assert!(verhoeff(&[2, 3, 6, 3]));
        assert!(!verhoeff(&[2, 3, 6, 4]));
        assert!(hybrid(&[0, 7, 9, 4, 5]));
        assert!(!hybrid(&[0, 7, 9, 4, 6]));
    }
}
