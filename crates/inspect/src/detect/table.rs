//! All built-in detectors, one file for each kind of data.

mod credential;
mod health;
mod key;
mod national;
mod personal;
mod version;

use super::Detector;

/// The files of the table.
const PARTS: [&[Detector]; 19] = [
    credential::chat::DETECTORS,
    credential::cloud::DETECTORS,
    credential::forge::DETECTORS,
    credential::model::DETECTORS,
    credential::payment::DETECTORS,
    credential::secret::DETECTORS,
    credential::service::DETECTORS,
    health::DETECTORS,
    key::DETECTORS,
    key::person::DETECTORS,
    national::america::DETECTORS,
    national::asia::DETECTORS,
    national::brazil::DETECTORS,
    national::britain::DETECTORS,
    national::east::DETECTORS,
    national::north::DETECTORS,
    national::south::DETECTORS,
    national::west::DETECTORS,
    personal::DETECTORS,
];

/// How many detectors there are.
const COUNT: usize = {
    let (mut part, mut count) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
};

/// All built-in detectors: part by part, each part sorted by name. Names are unique.
pub static DETECTORS: &[Detector] = &ALL;

static ALL: [Detector; COUNT] = {
    let mut all = [PARTS[0][0]; COUNT];
    let (mut part, mut at) = (0, 0);
    while part < PARTS.len() {
        let mut entry = 0;
        while entry < PARTS[part].len() {
            let detector = PARTS[part][entry];
            all[at] = Detector { version: version::of(detector.name), ..detector };
            entry += 1;
            at += 1;
        }
        part += 1;
    }
    all
};
