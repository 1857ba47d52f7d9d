//! How well the detectors do on cases they were not tuned to: a labelled corpus, generated and repeatable.
//!
//! Each case is a document and the value in it that must be masked, or none. Values come from the formats that issuers
//! publish, by generators that share nothing with the table of detectors; carriers are written as public manuals and
//! configurations are. Every other carrier is open: the table was tuned on those. The others are held out, and what the
//! test asks for is asked of them. `cargo test -p inspect --test quality -- --nocapture` prints the figures.

#[path = "quality/carrier.rs"]
mod carrier;
#[path = "quality/credential.rs"]
mod credential;
#[path = "quality/negative.rs"]
mod negative;
#[path = "quality/personal.rs"]
mod personal;
#[path = "quality/random.rs"]
mod random;

use inspect::mask::{Fields, Form, Keys, Rules, Settings, Surface, scan};

/// One document, with what is known about it.
struct Case {
    /// JSON.
    document: String,
    /// What must not be left of it; none when nothing may be found.
    value: Option<String>,
    /// What it is about, for the report.
    kind: &'static str,
    /// Whether the table was never tuned on it.
    held_out: bool,
}

/// What came of some cases.
#[derive(Default)]
struct Score {
    masked: usize,
    missed: usize,
    wrong: usize,
    harmless: usize,
    /// The first of the misses and false alarms, for whoever works on the table.
    notes: Vec<String>,
}

impl Score {
    fn recall(&self) -> f64 {
        self.masked as f64 / (self.masked + self.missed) as f64
    }

    fn precision(&self) -> f64 {
        self.masked as f64 / (self.masked + self.wrong) as f64
    }

    fn add(&mut self, rules: &Rules, keys: &Keys, case: &Case) {
        let findings =
            scan(&case.document, &Surface::document(), rules, &Fields::default()).expect("a document");
        let masked = findings.apply(&case.document, keys, |_| Form::Label);
        let left = masked.splice(&case.document);
        let names: Vec<_> = findings.iter().map(|finding| finding.name().to_owned()).collect();
        match &case.value {
            Some(value) if left.contains(value.as_str()) => {
                self.missed += 1;
                self.note(format!("missed {}: {}", case.kind, case.document));
            }
            Some(_) => {
                self.masked += 1;
                // One value was there: what else was masked is a false alarm.
                self.wrong += names.len() - 1;
                if names.len() > 1 {
                    self.note(format!("more than one {}: {names:?} {}", case.kind, case.document));
                }
            }
            None => {
                self.harmless += 1;
                self.wrong += names.len();
                if !names.is_empty() {
                    self.note(format!("false alarm {names:?} {}: {}", case.kind, case.document));
                }
            }
        }
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < 60 {
            self.notes.push(note);
        }
    }
}

fn measure(name: &str, cases: &[Case]) -> Score {
    let rules = Rules::new(&Settings::default()).expect("the built-in detectors");
    let keys = Keys::new("test", &[1; 32], &[2; 32]).expect("keys");
    let (mut open, mut held_out) = (Score::default(), Score::default());
    for case in cases {
        if case.held_out { &mut held_out } else { &mut open }.add(&rules, &keys, case);
    }
    for (half, score) in [("open", &open), ("held out", &held_out)] {
        println!(
            "{name}, {half}: {} values and {} harmless documents, recall {:.3}, precision {:.3}",
            score.masked + score.missed,
            score.harmless,
            score.recall(),
            score.precision()
        );
        score.notes.iter().for_each(|note| println!("  {note}"));
    }
    held_out
}

#[test]
fn credentials_are_found_and_nothing_else_is_taken_for_one() {
    let mut cases = credential::cases();
    let values = cases.len();
    cases.extend(negative::cases(values));
    let score = measure("credentials", &cases);
    assert!(values >= 600, "{values}");
    assert!(
        score.recall() >= 0.75 && score.precision() >= 0.92,
        "{:.3} {:.3}",
        score.recall(),
        score.precision()
    );
}

#[test]
fn personal_data_is_found_and_nothing_else_is_taken_for_it() {
    let mut cases = personal::cases();
    let values = cases.len();
    cases.extend(negative::cases(values));
    let score = measure("personal data", &cases);
    assert!(values >= 600, "{values}");
    assert!(
        score.recall() >= 0.85 && score.precision() >= 0.97,
        "{:.3} {:.3}",
        score.recall(),
        score.precision()
    );
}
