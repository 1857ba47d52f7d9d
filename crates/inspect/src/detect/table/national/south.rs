//! Numbers by which states of Africa and Oceania know people.

use super::number;
use crate::detect::check::south;
use crate::detect::{Detector, Need};

/// Sorted by name.
pub(in crate::detect::table) const DETECTORS: &[Detector] = &[
    number(
        "au-medicare",
        &["9999 99999 9", "9999 99999 9/9", "9999999999"],
        south::au_medicare,
        &["medicare"],
        Need::Required,
        &["Medicare 2123 45670 1"],
        &["2123 45670 1", "Medicare 2123 45680 1"],
    ),
    number(
        "au-tfn",
        &["999 999 999", "999-999-999", "999999999", "99999999"],
        south::au_tfn,
        &["tfn", "tax file", "tax file number"],
        Need::Required,
        &["TFN 123 456 782"],
        &["123 456 782", "TFN 123 456 783"],
    ),
    number(
        "eg-national",
        &["99999999999999"],
        south::eg_national,
        &["national id", "raqam qawmi"],
        Need::Required,
        &["national ID 29001011234567"],
        &["29001011234567", "national ID 29013011234567"],
    ),
    number(
        "nz-ird",
        &["99-999-999", "999-999-999", "999999999", "99999999"],
        south::nz_ird,
        &["ird", "ird number", "inland revenue"],
        Need::Required,
        &["IRD 49-091-850"],
        &["49-091-850", "IRD 49-091-851"],
    ),
    number(
        "za-identity",
        &["9999999999999", "999999 9999 999"],
        south::za_identity,
        &[
            "id number",
            "identity number",
            "rsa id",
            "sa id",
            "identity",
            "id no",
            "south african id",
            "idnumber",
        ],
        Need::Bare,
        &["ID number 8001015009087", "800101 5009 087"],
        &["8001015009087", "ID number 8001015009088"],
    ),
];
