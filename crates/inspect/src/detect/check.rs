//! Validators: which candidates are real. Each sees the value as it stands in the text.

/// The form is proof enough.
pub fn always(_: &str) -> bool {
    true
}

/// There is something: what a key announces, and not an empty string.
pub fn given(value: &str) -> bool {
    !value.trim().is_empty()
}

/// A US social security number that can have been issued: no area 000, 666 or 9xx, no group 00, no serial 0000
/// (Social Security Administration, "SSN randomization").
pub fn us_ssn(value: &str) -> bool {
    let digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).collect();
    let area = &digits[..3.min(digits.len())];
    digits.len() == 9
        && area != b"000"
        && area != b"666"
        && area[0] != b'9'
        && &digits[3..5] != b"00"
        && &digits[5..] != b"0000"
}
