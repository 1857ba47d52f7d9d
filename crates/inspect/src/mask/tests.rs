use super::{Fields, Rules, Settings, Surface, scan};
use crate::detect::DETECTORS;

/// The names of the detectors that find something in an example.
fn found(rules: &Rules, example: &str) -> Vec<String> {
    let message = if example.starts_with(['{', '[']) {
        example.to_owned()
    } else {
        serde_json::to_string(example).expect("a string")
    };
    let findings = scan(&message, &Surface::document(), rules, &Fields::default());
    let findings = findings.unwrap_or_else(|fault| panic!("{fault}: {message}"));
    findings.iter().map(|finding| finding.name().to_owned()).collect()
}

#[test]
fn every_detector_finds_its_examples_and_passes_the_others() {
    let mut breaches = Vec::new();
    for detector in DETECTORS {
        let off = DETECTORS.iter().map(|other| other.name.to_owned()).filter(|name| name != detector.name);
        let rules = Rules::new(&Settings { off: off.collect(), ..Settings::default() }).expect("settings");
        for example in detector.finds.iter().filter(|example| found(&rules, example).is_empty()) {
            breaches.push(format!("{} does not find: {example}", detector.name));
        }
        for example in detector.passes.iter().filter(|example| !found(&rules, example).is_empty()) {
            breaches.push(format!("{} finds something in: {example}", detector.name));
        }
    }
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn rules_are_shared_by_all_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Rules::new(&Settings::default()).expect("settings"));
}
