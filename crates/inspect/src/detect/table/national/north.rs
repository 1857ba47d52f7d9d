//! Numbers by which states of the Nordic and Baltic countries know people.

use super::number;
use crate::detect::check::north;
use crate::detect::{Detector, Need};

/// Sorted by name.
pub(in crate::detect::table) const DETECTORS: &[Detector] = &[
    number(
        "baltic-person",
        &["99999999999"],
        north::baltic_person,
        &["isikukood", "asmens kodas", "personal code"],
        Need::Required,
        &["isikukood 37605030299"],
        &["37605030299", "isikukood 37605030298"],
    ),
    number(
        "dk-cpr",
        &["999999-9999", "999999 9999", "9999999999"],
        north::dk_cpr,
        &["cpr", "cpr nummer", "cpr number", "personnummer"],
        Need::Required,
        &["CPR 211062-5629"],
        &["211062-5629", "CPR 511062-5629"],
    ),
    number(
        "fi-hetu",
        &["999999-999X", "999999A999X", "999999+999X"],
        north::fi_hetu,
        &["hetu", "henkilotunnus", "personal identity", "henkilötunnus"],
        Need::Optional,
        &["131052-308T", "131052A308T"],
        &["131052-308U", "311352-308T"],
    ),
    number(
        "is-kennitala",
        &["999999-9999", "9999999999"],
        north::is_kennitala,
        &["kennitala", "icelandic identity"],
        Need::Required,
        &["kennitala 120174-3399"],
        &["120174-3399", "kennitala 120174-3389"],
    ),
    number(
        "lv-person",
        &["999999-99999", "99999999999"],
        north::lv_person,
        &["personas kods", "personal code"],
        Need::Bare,
        &["161175-19997"],
        &["161375-19997", "16117519997"],
    ),
    number(
        "no-birth",
        &["999999 99999", "99999999999"],
        north::no_birth,
        &[
            "fodselsnummer",
            "personnummer",
            "birth number",
            "d nummer",
            "fnr",
            "fødselsnummer",
            "norwegian national identity",
        ],
        Need::Bare,
        &["151086 95088", "fnr 15108695088"],
        &["151086 95077", "15108695088"],
    ),
    number(
        "se-person",
        &["999999-9999", "99999999-9999", "999999+9999", "999999999999", "9999999999"],
        north::se_person,
        &["personnummer", "samordningsnummer", "personal identity"],
        Need::Bare,
        &["811228-9874", "personnummer 198112289874"],
        &["811228-9873", "198112289874", "811328-9874"],
    ),
];
