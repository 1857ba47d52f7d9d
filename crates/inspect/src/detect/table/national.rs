//! Numbers by which states know people.

use crate::detect::{Class, Detector, Find, Form, Need, Scanner, check};

/// Sorted by name.
pub(super) const DETECTORS: &[Detector] = &[Detector {
    name: "us-ssn",
    version: 1,
    class: Class::Personal,
    find: Find::Scanner(Scanner::Shape(&["999-99-9999", "999 99 9999", "999999999"])),
    check: check::us_ssn,
    context: &["ssn", "social security", "social insurance", "taxpayer"],
    need: Need::Required,
    small_space: true,
    mask: Form::Label,
    finds: &["SSN: 219-09-9998", "[{\"ssn\":219099998}]"],
    passes: &["219-09-9998", "ssn 000-12-3456", "SSN 219-09-99981"],
}];
