//! Says what texts of SQL would do, one line for each, so that two builds can be compared: an optimisation changes none.
//!
//! `cargo run --release -p inspect --example facts -- PATH... > before` reads every file below the paths. Each is a text;
//! so is each of its lines, each piece of it between `;`, and each part of it between two double quotes or two backticks.
//! A line has a hash of the facts of all these, in every dialect and in none.

mod files;

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use inspect::statement::Dialect;
use inspect::statement::limits::STACK_BYTES;
use inspect::statement::sql::classify;

fn main() {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(say);
    if thread.is_err() {
        eprintln!("the system gives no thread");
    }
    drop(thread.map(std::thread::JoinHandle::join));
}

fn say() {
    for (path, text) in files::given() {
        let mut texts = BTreeSet::from([text.as_str()]);
        texts.extend(text.lines());
        for cut in [';', '"', '`'] {
            texts.extend(text.split(cut));
        }
        texts.extend(text.split("\n\n"));
        let mut hasher = DefaultHasher::new();
        for text in &texts {
            note(text, &mut hasher);
        }
        println!("{:016x} {} {}", hasher.finish(), texts.len(), path.display());
    }
}

/// Adds the facts of a text to the hash.
fn note(text: &str, hasher: &mut DefaultHasher) {
    for dialect in Dialect::ALL.into_iter().map(Some).chain([None]) {
        let facts = serde_json::to_string(&classify(text, dialect));
        facts.unwrap_or_default().hash(hasher);
    }
}
