//! Keys, tokens and passwords, by the formats that their issuers publish.

use crate::detect::{Case, Check, Class, Detector, Find, Form, Need, check};

/// What all of these have in common: a key that anyone can use, masked by its label.
const fn credential(
    name: &'static str,
    find: Find,
    check: Check,
    finds: &'static [&'static str],
    passes: &'static [&'static str],
) -> Detector {
    Detector {
        name,
        version: 1,
        class: Class::Credential,
        find,
        check,
        context: &[],
        need: Need::None,
        small_space: false,
        mask: Form::Label,
        finds,
        passes,
    }
}

/// Sorted by name.
pub(super) const DETECTORS: &[Detector] = &[credential(
    "github-token",
    Find::Literal {
        literals: &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        case: Case::Exact,
        before: 0,
        window: 48,
        pattern: r"gh[pousr]_[0-9A-Za-z]{36}\b",
    },
    check::always,
    &["token ghp_0123456789abcdefghijABCDEFGHIJ012345 end"],
    &["ghp_short", "ghp_0123456789abcdefghijABCDEFGHIJ0123456789"],
)];
