//! What leads to a person, whatever the country.

use crate::detect::{Class, Detector, Find, Form, Need, Scanner, check};

/// Sorted by name.
pub(super) const DETECTORS: &[Detector] = &[Detector {
    name: "email",
    version: 1,
    class: Class::Personal,
    find: Find::Scanner(Scanner::Email),
    check: check::always,
    context: &[],
    need: Need::None,
    small_space: false,
    mask: Form::Label,
    finds: &["write to alice@example.com.", "[\"alice\\u0040example.com\"]"],
    passes: &["alice at example.com", "@alice", "a@b"],
}];
