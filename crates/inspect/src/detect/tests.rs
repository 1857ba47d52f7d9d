use super::{DETECTORS, Find, Need, Scanner};

#[test]
fn names_are_unique_and_written_alike() {
    for (at, detector) in DETECTORS.iter().enumerate() {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(detector.name.chars().all(plain), "{}", detector.name);
        assert!(DETECTORS[..at].iter().all(|other| other.name != detector.name), "{} twice", detector.name);
    }
}

#[test]
fn every_detector_has_examples_and_counterexamples() {
    for detector in DETECTORS {
        assert!(!detector.finds.is_empty() && !detector.passes.is_empty(), "{}", detector.name);
        assert!(detector.version > 0, "{}", detector.name);
    }
}

#[test]
fn every_detector_has_something_to_start_from() {
    for detector in DETECTORS {
        match detector.find {
            Find::Literal { literals, window, .. } => {
                assert!(!literals.is_empty() && window > 0, "{}", detector.name);
                for literal in literals {
                    assert!(literal.len() >= 3 && literal.is_ascii(), "{}: `{literal}`", detector.name);
                }
            }
            Find::Scanner(Scanner::Digits { min, max, separators, .. }) => {
                assert!((5..=max).contains(&min) && max <= 19, "{}", detector.name);
                assert!(separators.bytes().all(|byte| b" -./".contains(&byte)), "{}", detector.name);
            }
            Find::Scanner(Scanner::Shape(shapes)) => {
                let sure =
                    |shape: &&str| shape.contains('9') || (shape.contains('X') && shape.contains(['A', 'a']));
                assert!(!shapes.is_empty() && shapes.iter().all(sure), "{}", detector.name);
            }
            Find::Scanner(_) => {}
            Find::Key(names) => {
                let plain = |c: char| c.is_alphanumeric() && !c.is_uppercase() || c == ' ' || c == '=';
                assert!(names.iter().all(|name| name.chars().all(plain)), "{}", detector.name);
            }
        }
    }
}

#[test]
fn words_of_context_are_plain_and_there_when_needed() {
    for detector in DETECTORS {
        assert!(detector.need == Need::None || !detector.context.is_empty(), "{}", detector.name);
        for word in detector.context.iter().chain(detector.shared) {
            // Case is told apart outside ASCII.
            let plain = |c: char| c == ' ' || c.is_alphanumeric() && !c.is_ascii_uppercase();
            assert!(word.len() >= 3 && word.chars().all(plain), "{}: `{word}`", detector.name);
        }
    }
}
