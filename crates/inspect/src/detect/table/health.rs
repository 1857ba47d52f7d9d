//! What says something about a person's health, or leads to a patient.

use super::national::number;
use crate::detect::check::{self, britain, health, phone, secret};
use crate::detect::{Case, Class, Detector, Find, Form, Need};

/// What a member that is named for it says about somebody's health.
const fn said(
    name: &'static str,
    names: &'static [&'static str],
    finds: &'static [&'static str],
    passes: &'static [&'static str],
) -> Detector {
    Detector {
        name,
        version: 1,
        class: Class::Health,
        find: Find::Key(names),
        check: secret::held,
        context: &[],
        shared: &[],
        need: Need::None,
        small_space: true,
        mask: Form::Label,
        finds,
        passes,
    }
}

/// A number or code that words announce in the text.
const fn announced(
    name: &'static str,
    literals: &'static [&'static str],
    pattern: &'static str,
    check: crate::detect::Check,
    finds: &'static [&'static str],
    passes: &'static [&'static str],
) -> Detector {
    Detector {
        find: Find::Literal { literals, case: Case::Ignore, before: 0, window: 240, pattern },
        check,
        ..said(name, &[], finds, passes)
    }
}

/// A number of health care.
const fn numbered(detector: Detector) -> Detector {
    Detector { class: Class::Health, ..detector }
}

/// Sorted by name.
pub(super) const DETECTORS: &[Detector] = &[
    said(
        "diagnosis",
        &[
            "diagnosis",
            "diagnoses",
            "=icd10",
            "=icd code",
            "=icd10 code",
            "medical condition",
            "chief complaint",
        ],
        &[r#"{"diagnosis":"E11.9"}"#, r#"{"patient":{"secondaryDiagnoses":["E11.9"]}}"#],
        &[r#"{"diagnosisCount":3}"#, r#"{"diagnosis":""}"#],
    ),
    announced(
        "diagnosis-code",
        &["icd-10", "icd10", "icd 10", "diagnosis code", "dx code"],
        r"(?i)(?:icd[ -]?10(?:-?cm)?|diagnosis|dx)(?: code)?s?[^A-Za-z0-9\n]{1,4}(?:is )?([A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?)\b",
        health::icd,
        &["ICD-10: E11.9", "diagnosis code S72.001A"],
        &["ICD-10 is a classification", "E11.9", "ICD-10 codes A to Z"],
    ),
    numbered(number(
        "eu-health-card",
        &["99999999999999999999"],
        health::eu_ehic,
        &["ehic", "health insurance card", "tessera sanitaria"],
        Need::Required,
        &["EHIC 80276881234567890123"],
        &["80276881234567890123", "EHIC 80999881234567890123"],
    )),
    numbered(number(
        "gb-nhs",
        &["999 999 9999", "999-999-9999", "9999999999"],
        britain::gb_nhs,
        &["nhs", "nhs number", "nhsnumber", "national health service"],
        Need::Required,
        &["NHS number 943 476 5919", r#"{"nhsNumber":"9434765919"}"#],
        &["943 476 5919", "NHS number 943 476 5918"],
    )),
    // HL7 v2, segment PID: fields 5, 7 and 13.
    announced(
        "hl7-birth-date",
        &["pid|"],
        r"(?i)pid\|(?:[^|\r\n]{0,60}\|){6}((?:19|20)[0-9]{6})(?:[0-9]{4,6})?\|",
        health::day,
        &["PID|1||48213^^^HOSP^MR||Vogt^Hanna||19840723|F"],
        &["PID|1||48213^^^HOSP^MR||Vogt^Hanna|||F", "pid|user|cpu|mem|time|tty|20261301|x"],
    ),
    announced(
        "hl7-name",
        &["pid|"],
        r"(?i)pid\|(?:[^|\r\n]{0,60}\|){4}([A-Za-z\x80-\xff' -]{1,40}\^[A-Za-z\x80-\xff' -]{1,40})",
        check::always,
        &["PID|1||48213^^^HOSP^MR||Vogt^Hanna||19840723|F"],
        &["PID|1||48213^^^HOSP^MR||||19840723|F", "pid|user|cpu|mem|time"],
    ),
    announced(
        "hl7-phone",
        &["pid|"],
        r"(?i)pid\|(?:[^|\r\n]{0,60}\|){12}(?:[^|0-9+(\r\n]{0,12})([+(]?[0-9][0-9() .-]{5,18}[0-9])",
        phone::any,
        &["PID|1||48213^^^HOSP^MR||Vogt^Hanna||19840723|F|||Hauptweg 5||030 9018200"],
        &["PID|1||48213^^^HOSP^MR||Vogt^Hanna||19840723|F|||Hauptweg 5||"],
    ),
    announced(
        "medical-record-number",
        &["mrn", "medical record", "patient id", "patient number", "patient no", "chart number"],
        r"(?i)(?:mrn|medical record|patient|chart)(?: (?:number|no\.?|id|#))?(?:[^A-Za-z0-9\n]{1,4}|\s(?:is|was)\s)([A-Z]{0,3}-?[0-9]{5,12})\b",
        health::record,
        &["MRN: 00483920", "patient ID AB-483920", "medical record number 7730216"],
        &["MRN: 1234", "mrn", "patient number 00000000"],
    ),
    said(
        "medication",
        &["medication", "medications", "prescription", "prescriptions", "drug name"],
        &[r#"{"medications":["metformin 500 mg"]}"#],
        &[r#"{"medicationCount":2}"#, r#"{"medication":null}"#],
    ),
    said(
        "patient-detail",
        &[
            "allergies",
            "allergy",
            "blood type",
            "blood group",
            "medical history",
            "treatment plan",
            "lab results",
            "symptoms",
            "disability",
            "hiv status",
            "immunizations",
            "clinical notes",
            "=mrn",
            "medical record number",
            "patient id",
            "patient mrn",
            "patient number",
        ],
        &[r#"{"bloodType":"AB+"}"#, r#"{"patient":{"allergies":["penicillin"]}}"#, r#"{"mrn":"00483920"}"#],
        &[r#"{"symptomsCount":4}"#, r#"{"allergies":""}"#],
    ),
    numbered(number(
        "us-dea",
        &["AA9999999", "A99999999"],
        health::us_dea,
        &["dea", "dea number", "prescriber"],
        Need::Required,
        &["DEA AB1234563"],
        &["AB1234563", "DEA AB1234564"],
    )),
    numbered(number(
        "us-medicare",
        &["9AX9-AX9-AA99", "9AX9AX9AA99"],
        health::us_mbi,
        &["medicare", "mbi", "beneficiary"],
        Need::Bare,
        &["1EG4-TE5-MK73", "Medicare 1EG4TE5MK73"],
        &["1SG4-TE5-MK73", "1EG4TE5MK73"],
    )),
    numbered(number(
        "us-npi",
        &["9999999999"],
        health::us_npi,
        &["npi", "npi number", "provider identifier", "provider number"],
        Need::Required,
        &["NPI 1234567893", r#"{"npi":1234567893}"#],
        &["1234567893", "NPI 1234567890"],
    )),
];
