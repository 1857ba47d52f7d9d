//! What says something about a person's health.

use crate::detect::{Class, Detector, Find, Form, Need, check};

/// Sorted by name.
pub(super) const DETECTORS: &[Detector] = &[Detector {
    name: "diagnosis",
    version: 1,
    class: Class::Health,
    find: Find::Key(&["diagnosis", "diagnoses"]),
    check: check::given,
    context: &[],
    need: Need::None,
    small_space: true,
    mask: Form::Label,
    finds: &[r#"{"diagnosis":"E11.9"}"#, r#"{"patient":{"secondaryDiagnoses":["E11.9"]}}"#],
    passes: &[r#"{"diagnosisCount":3}"#, r#"{"diagnosis":""}"#],
}];
