//! `docs/masking.md` lists every built-in detector as it is.

use inspect::detect::{Class, DETECTORS, Detector, Find, Need, Scanner};

/// The lines of the manual between which the table stands.
const MARKS: [&str; 2] = ["<!-- detectors -->", "<!-- end of detectors -->"];

fn class(detector: &Detector) -> &'static str {
    match detector.class {
        Class::Credential => "credential",
        Class::Personal => "personal",
        Class::Health => "health",
    }
}

fn found_by(detector: &Detector) -> String {
    let code = |texts: &[&str]| {
        let shown: Vec<_> =
            texts.iter().take(4).map(|text| format!("`{}`", text.replace('|', "\\|"))).collect();
        shown.join(", ") + if texts.len() > 4 { ", ..." } else { "" }
    };
    match detector.find {
        Find::Literal { literals, .. } => format!("the form around {}", code(literals)),
        Find::Key(names) => format!("the member name: {}", code(names)),
        Find::Scanner(Scanner::Shape(shapes)) => format!("the shape {}", code(shapes)),
        Find::Scanner(Scanner::Digits { min, max, .. }) => format!("{min} to {max} digits"),
        Find::Scanner(scanner) => format!("a scanner: {scanner:?}"),
    }
}

fn need(detector: &Detector) -> &'static str {
    match detector.need {
        Need::None => "no",
        Need::Optional => "raises confidence",
        Need::Required => "needed",
        Need::Bare => "needed without separators",
    }
}

#[test]
fn manual_lists_every_detector_as_it_is() {
    let mut table = String::from("| detector | kind | found by | word near it |\n|---|---|---|---|\n");
    for detector in DETECTORS {
        let (class, found_by, need) = (class(detector), found_by(detector), need(detector));
        table.push_str(&format!("| `{}` | {class} | {found_by} | {need} |\n", detector.name));
    }
    println!("{}\n{table}{}", MARKS[0], MARKS[1]);
    let manual = include_str!("../../../docs/masking.md");
    let (_, rest) = manual.split_once(MARKS[0]).expect("the mark before the table");
    let (there, _) = rest.split_once(MARKS[1]).expect("the mark after the table");
    assert!(
        there.trim() == table.trim(),
        "put the table that this test prints between the marks of docs/masking.md"
    );
}
