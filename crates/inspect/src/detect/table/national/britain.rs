//! Numbers by which the United Kingdom and Ireland know people.

use super::number;
use crate::detect::check::britain;
use crate::detect::{Detector, Need};

/// Sorted by name.
pub(in crate::detect::table) const DETECTORS: &[Detector] = &[
    number(
        "gb-nino",
        &["AA999999A", "AA 99 99 99 A", "AA-99-99-99-A"],
        britain::gb_nino,
        &[
            "nino",
            "national insurance",
            "ni number",
            "insurance number",
            "ni no",
            "nat ins",
            "national insurance number",
        ],
        Need::Bare,
        &["AB 12 34 56 C", "NI number JG103759A"],
        &["GB 12 34 56 C", "JG103759A", "AB 12 34 56 E"],
    ),
    number(
        "gb-utr",
        &["9999999999", "99999 99999"],
        britain::gb_utr,
        &["utr", "taxpayer reference", "unique taxpayer", "self assessment"],
        Need::Required,
        &["UTR 1955839661"],
        &["1955839661", "UTR 2955839661"],
    ),
    number(
        "ie-pps",
        &["9999999A", "9999999AA"],
        britain::ie_pps,
        &[
            "pps",
            "ppsn",
            "pps number",
            "personal public service",
            "pps no",
            "ppsno",
            "personal public service number",
            "pps nr",
        ],
        Need::Required,
        &["PPS 1234567FA"],
        &["1234567FA", "PPS 1234567A"],
    ),
];
