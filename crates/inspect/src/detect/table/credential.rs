//! Keys, tokens and passwords, by the formats that their issuers publish, and those that only a name gives away.

pub(super) mod chat;
pub(super) mod cloud;
pub(super) mod forge;
pub(super) mod model;
pub(super) mod payment;
pub(super) mod secret;
pub(super) mod service;

use crate::detect::{Case, Check, Class, Detector, Find, Form, Need};

/// A token that begins with one of `literals`, byte for byte.
const fn token(
    name: &'static str,
    literals: &'static [&'static str],
    window: u16,
    pattern: &'static str,
    check: Check,
    finds: &'static [&'static str],
    passes: &'static [&'static str],
) -> Detector {
    around(name, literals, Case::Exact, 0, window, pattern, check, finds, passes)
}

/// A secret that has one of `literals` in it or before it.
#[expect(clippy::too_many_arguments, reason = "a row of a table, named by the fields of `Find::Literal`")]
const fn around(
    name: &'static str,
    literals: &'static [&'static str],
    case: Case,
    before: u16,
    window: u16,
    pattern: &'static str,
    check: Check,
    finds: &'static [&'static str],
    passes: &'static [&'static str],
) -> Detector {
    Detector {
        name,
        version: 1,
        class: Class::Credential,
        find: Find::Literal { literals, case, before, window, pattern },
        check,
        context: &[],
        shared: &[],
        need: Need::None,
        small_space: false,
        mask: Form::Label,
        finds,
        passes,
    }
}
