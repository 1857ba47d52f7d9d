//! Secrets that only the name of their member gives away.

use crate::detect::{Class, Detector, Find, Form, Need, check};

/// Sorted by name.
pub(super) const DETECTORS: &[Detector] = &[Detector {
    name: "password",
    version: 1,
    class: Class::Credential,
    find: Find::Key(&["password", "passwd", "passphrase"]),
    check: check::given,
    context: &[],
    need: Need::None,
    small_space: false,
    mask: Form::Label,
    finds: &[r#"{"dbPassword":"tr0ub4dor"}"#, r#"{"name":"DB_PASSWORD","value":"tr0ub4dor"}"#],
    passes: &[r#"{"passwordPolicy":"strict"}"#, r#"{"password":""}"#, r#"{"password":null}"#],
}];
