//! Says what is found in files, one line for each, so that two builds can be compared: an optimisation changes none.
//!
//! `cargo run --release -p inspect --example findings -- PATH... > before` reads every text file below the paths: JSON as
//! it is, `.jsonl` line by line, any other as one JSON string. A line has the number of findings and a hash of all that
//! is known about them and of the masked text.

mod files;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use inspect::mask::{Fields, Form, Keys, Rules, Settings, Surface, scan, texts};

fn main() {
    let (Ok(rules), Some(keys)) = (Rules::new(&Settings::default()), Keys::new("k1", &[1; 32], &[2; 32]))
    else {
        eprintln!("the built-in detectors do not compile");
        return;
    };
    for (path, text) in files::given() {
        let ends = |with: &str| path.extension().is_some_and(|end| end == with);
        let documents: Vec<String> = match () {
            () if ends("json") => vec![text],
            () if ends("jsonl") => text.lines().map(str::to_owned).collect(),
            () => vec![serde_json::to_string(&text).unwrap_or_default()],
        };
        let (mut count, mut hasher) = (0, DefaultHasher::new());
        for document in &documents {
            count += note(document, &rules, &keys, &mut hasher);
        }
        println!("{count} {:016x} {}", hasher.finish(), path.display());
    }
}

/// Adds what is found in a document to the hash; how many findings.
fn note(document: &str, rules: &Rules, keys: &Keys, hasher: &mut DefaultHasher) -> usize {
    let fields = Fields::default();
    let mut count = 0;
    for surface in [Surface::document(), Surface::everything()] {
        texts(document, &surface, rules, &fields).map_err(|fault| fault.to_string()).hash(hasher);
        let findings = match scan(document, &surface, rules, &fields) {
            Ok(findings) => findings,
            Err(fault) => {
                fault.to_string().hash(hasher);
                continue;
            }
        };
        count += findings.len();
        for finding in findings.iter() {
            let place = (findings.pointer(document, finding), finding.start(), finding.end());
            (place, finding.name(), finding.origin, finding.confidence).hash(hasher);
        }
        let masked = findings.apply(document, keys, |finding| match finding.confidence {
            0..80 => Form::Partial,
            _ if finding.start().is_multiple_of(7) => Form::Plain,
            _ => Form::Token,
        });
        masked.splice(document).hash(hasher);
        for receipt in &masked.receipts {
            (&receipt.pointer, &receipt.detector, receipt.form, receipt.length, &receipt.token).hash(hasher);
        }
    }
    count
}
