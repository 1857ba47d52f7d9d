//! Counts what the detectors find in ordinary files: false alarms per megabyte, with the places.
//!
//! `cargo run -p inspect --example false_alarms -- [--show COUNT] DIRECTORY...` reads every text file below the
//! directories (up to a megabyte each), wraps it as one JSON string, or takes it as it is when it is JSON, and prints
//! per detector how often it fired, and the first places of each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use inspect::mask::{Fields, Finding, Form, Keys, Rules, Settings, Surface, scan};

/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// What is shown around a finding, in bytes on each side.
const AROUND_BYTES: usize = 48;

/// What was read and found.
#[derive(Default)]
struct Tally {
    files: u64,
    bytes: u64,
    refused: u64,
    found: BTreeMap<String, (u64, Vec<String>)>,
}

fn main() {
    let mut show = 3;
    let mut roots = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--show" {
            show = words.next().and_then(|count| count.parse().ok()).unwrap_or(show);
        } else {
            roots.push(PathBuf::from(word));
        }
    }
    let (Ok(rules), Some(keys)) = (Rules::new(&Settings::default()), Keys::new("none", &[1; 32], &[2; 32]))
    else {
        eprintln!("the built-in detectors do not compile");
        return;
    };
    let mut tally = Tally::default();
    while let Some(path) = roots.pop() {
        if path.is_dir() && !path.is_symlink() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            roots.extend(entries.map(|entry| entry.path()));
        } else if fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= FILE_BYTES_MAX)
            && let Ok(text) = fs::read_to_string(&path)
        {
            tally.read((&rules, &keys), &path, &text, show);
        }
    }
    tally.print();
}

impl Tally {
    fn read(&mut self, (rules, keys): (&Rules, &Keys), path: &Path, text: &str, show: usize) {
        let plain = || serde_json::to_string(text).unwrap_or_default();
        let is_json = path.extension().is_some_and(|end| end == "json");
        let surface = Surface::document();
        let whole = if is_json { text.to_owned() } else { plain() };
        let found = scan(&whole, &surface, rules, &Fields::default());
        let (whole, findings) = match found {
            Ok(findings) => (whole, findings),
            Err(_) if is_json => match scan(&plain(), &surface, rules, &Fields::default()) {
                Ok(findings) => (plain(), findings),
                Err(_) => return self.refused += 1,
            },
            Err(_) => return self.refused += 1,
        };
        self.files += 1;
        self.bytes += text.len() as u64;
        for finding in findings.iter() {
            let (count, places) = self.found.entry(finding.name().to_owned()).or_default();
            *count += 1;
            if places.len() < show {
                let only =
                    |other: &Finding| if std::ptr::eq(other, finding) { Form::Label } else { Form::Plain };
                for (span, _) in findings.apply(&whole, keys, only).edits {
                    let from = whole.floor_char_boundary(span.start.saturating_sub(AROUND_BYTES));
                    let to = whole.ceil_char_boundary((span.end + AROUND_BYTES).min(whole.len()));
                    let (before, after) = (&whole[from..span.start], &whole[span.end..to]);
                    let value = &whole[span.start..span.end];
                    places.push(format!("{}: {before}>>>{value}<<<{after}", path.display()));
                }
            }
        }
    }

    fn print(&self) {
        let megabytes = self.bytes as f64 / 1e6;
        println!("{} files, {megabytes:.1} MB, {} refused", self.files, self.refused);
        let mut rows: Vec<_> = self.found.iter().collect();
        rows.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        let all: u64 = rows.iter().map(|(_, (count, _))| count).sum();
        println!("{all} findings, {:.2} per MB", all as f64 / megabytes);
        for (name, (count, places)) in rows {
            println!("{name}: {count}, {:.3} per MB", *count as f64 / megabytes);
            for place in places {
                println!("    {place}");
            }
        }
    }
}
