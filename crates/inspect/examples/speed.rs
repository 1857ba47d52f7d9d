//! Says how long masking and classifying take, so that two builds can be compared on a machine that does other things: run
//! each some times in turn, and compare the least of each line.
//!
//! `cargo run --release -p inspect --example speed -- [PART OF A NAME]`. A line has the least time of many runs, in
//! nanoseconds, the bytes of the text, and its name.

#[path = "../benches/text/message.rs"]
mod message;
#[path = "../benches/text/statement.rs"]
mod statement;

use std::hint::black_box;
use std::time::{Duration, Instant};

use inspect::mask::{Fields, Form, Keys, Rules, Settings, Surface, scan};
use inspect::statement::{Dialect, shell, sql};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MEBIBYTE: usize = 1 << 20;
/// How long one text is run, in all.
const SPENT: Duration = Duration::from_millis(200);
/// How long one measurement lasts at least.
const SAMPLE: Duration = Duration::from_micros(100);

/// How many measurements are made at least.
const SAMPLES_LEAST: u32 = 5;

/// What is measured: all, or what has a part in its name.
struct Speed {
    part: String,
}

impl Speed {
    fn measure(&self, name: &str, bytes: usize, mut run: impl FnMut()) {
        if !name.contains(&self.part) {
            return;
        }
        let begun = Instant::now();
        run();
        let (mut times, mut least, mut samples) = (1_u32, Duration::MAX, 0);
        while begun.elapsed() < SPENT || samples < SAMPLES_LEAST {
            samples += 1;
            let sample = Instant::now();
            (0..times).for_each(|_| run());
            let spent = sample.elapsed();
            least = least.min(spent / times);
            if spent < SAMPLE {
                times *= 2;
            }
        }
        println!("{} {bytes} {name}", least.as_nanos());
    }
}

fn main() {
    let speed = Speed { part: std::env::args().nth(1).unwrap_or_default() };
    let (Ok(rules), Some(keys)) = (Rules::new(&Settings::default()), Keys::new("k1", &[1; 32], &[2; 32]))
    else {
        eprintln!("the built-in detectors do not compile");
        return;
    };
    masking(&speed, &rules, &keys);
    statements(&speed);
}

fn masking(speed: &Speed, rules: &Rules, keys: &Keys) {
    let (surface, fields) = (Surface::everything(), Fields::default());
    let scan = |text: &str| scan(text, &surface, rules, &fields).unwrap_or_default();
    for (name, text) in [
        ("clean", message::clean(MEBIBYTE)),
        ("export", message::export(MEBIBYTE)),
        ("dense", message::dense(MEBIBYTE)),
        ("short clean", message::clean(2048)),
        ("short export", message::export(2048)),
        ("short dense", message::dense(2048)),
    ] {
        speed.measure(&format!("scan {name}"), text.len(), || drop(black_box(scan(&text))));
        let findings = scan(&text);
        if !findings.is_empty() {
            let mask = || drop(black_box(findings.show(&text, keys, |_| Form::Label, None).splice(&text)));
            speed.measure(&format!("mask {name}"), text.len(), mask);
            let receipts = || drop(black_box(findings.apply(&text, keys, |_| Form::Label).splice(&text)));
            speed.measure(&format!("receipts {name}"), text.len(), receipts);
        }
    }
    for part in message::HOSTILE {
        let text = message::hostile(part);
        speed.measure(&format!("hostile {}", part.trim()), text.len(), || drop(black_box(scan(&text))));
    }
}

fn statements(speed: &Speed) {
    use statement::{BUILD, CHANGE, JOIN, LIST, LOOKUP, PIPE, WRAPPED, report};
    for dialect in [Some(Dialect::Postgres), Some(Dialect::Mysql), Some(Dialect::Sqlite), None] {
        let report = report(dialect);
        for (name, text) in [("lookup", LOOKUP), ("change", CHANGE), ("join", JOIN), ("report", report)] {
            let name = format!("sql {} {name}", dialect.map_or("any", Dialect::as_str));
            speed.measure(&name, text.len(), || drop(black_box(sql::classify(black_box(text), dialect))));
        }
    }
    for (name, text) in [("list", LIST), ("pipe", PIPE), ("build", BUILD), ("wrapped", WRAPPED)] {
        let run = || drop(black_box(shell::classify(black_box(text), shell::Kind::Bash)));
        speed.measure(&format!("shell {name}"), text.len(), run);
    }
}
