//! What code may look like, file by file.

use super::source::{Line, Source, files, root, sources};
use super::{assert_none, assert_only};

/// Longest file of Rust, in lines.
const FILE_LINES_MAX: usize = 600;
/// How far above an `unwrap` its reason may begin, in lines.
const REASON_LINES_MAX: usize = 8;

/// Files that are still too long.
const LENGTH_DEBTS: &[&str] = &[];
/// Limits that nothing enforces yet.
const LIMIT_DEBTS: &[&str] = &[];

/// Code that is refused everywhere, tests included.
const NEVER: &[(&str, &str)] = &[
    ("thread::sleep(", "wait for the event (a channel, a paused clock), not for time to pass"),
    ("#[ignore", "a test that does not run proves nothing: make it run, or delete it"),
    ("todo!(", "finish it, or return an error that says what is missing"),
    ("unimplemented!(", "finish it, or return an error that says what is missing"),
    ("dbg!(", "remove it; use `tracing` for what operators need to see"),
    ("static mut ", "pass state as a parameter"),
    ("lazy_static!", "pass state as a parameter"),
    ("unsafe {", "find the safe way: `unsafe_code` is forbidden"),
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc", "prelude"];

#[test]
fn files_are_short_enough_to_read_at_once() {
    let long: Vec<_> = sources()
        .iter()
        .filter(|source| source.lines.len() > FILE_LINES_MAX)
        .map(|source| format!("{}: {} lines", source.path, source.lines.len()))
        .collect();
    assert_only(
        LENGTH_DEBTS,
        &long,
        &format!("split by noun into files of at most {FILE_LINES_MAX} lines (aim for 150)"),
    );
}

#[test]
fn modules_are_named_after_what_they_hold() {
    let mut breaches = Vec::new();
    for path in files().iter().filter(|path| path.starts_with("crates/")) {
        let empty = path.split('/').find(|part| EMPTY_NAMES.contains(&part.trim_end_matches(".rs")));
        breaches.extend(empty.map(|_| path.clone()));
    }
    for source in sources() {
        for (number, line) in source.all() {
            let declared =
                line.code.trim().split("mod ").nth(1).map(|rest| rest.trim_end_matches([';', '{', ' ']));
            if declared.is_some_and(|name| EMPTY_NAMES.contains(&name)) {
                breaches.push(source.at(number, &line.code));
            }
        }
    }
    assert_none(
        &breaches,
        "name the module after the noun it is about, or move each item to the module it serves",
    );
}

#[test]
fn names_are_imported_one_by_one() {
    let mut breaches = Vec::new();
    for source in sources() {
        for (number, line) in source.product() {
            let glob = line.code.contains("::*;") || line.code.contains("::*,") || line.code.contains("::*}");
            if glob {
                breaches.push(source.at(number, &line.code));
            }
        }
    }
    assert_none(&breaches, "import the names you use; globs are for tests");
}

#[test]
fn every_unwrap_says_why_it_cannot_fail() {
    let mut breaches = Vec::new();
    for source in sources() {
        for (number, line) in source.product() {
            // `.expect()` without a message is somebody's own method.
            let expects = line.code.contains(".expect(") && !line.code.contains(".expect()");
            let unwraps = expects || line.code.contains(".unwrap()");
            if unwraps && !has_reason(&source, number) {
                breaches.push(source.at(number, &line.code));
            }
        }
    }
    assert_none(
        &breaches,
        "handle the case, or put `// Unwrap safety: <why it cannot happen>` above the statement",
    );
}

/// Whether the statement around line `number` is preceded by its reason.
fn has_reason(source: &Source, number: usize) -> bool {
    let above = number.saturating_sub(REASON_LINES_MAX + 1)..number;
    source.lines[above].iter().any(|line: &Line| line.comment.contains("Unwrap safety:"))
}

#[test]
fn forbidden_forms_are_absent() {
    let mut breaches = Vec::new();
    for source in sources() {
        for (number, line) in source.all() {
            for (form, remedy) in NEVER {
                if line.code.contains(form) {
                    breaches.push(source.at(number, &format!("`{form}`: {remedy}")));
                }
            }
        }
    }
    assert_none(&breaches, "see each line");
}

#[test]
fn what_commands_print_may_lose_its_reader() {
    let mut breaches = Vec::new();
    for source in sources().iter().filter(|source| source.path.starts_with("crates/gateway/src")) {
        for (number, line) in source.product() {
            let code = line.code.replace("eprint", "");
            if code.contains("println!(") || code.contains("print!(") {
                breaches.push(source.at(number, &line.code));
            }
        }
    }
    assert_none(
        &breaches,
        "`writeln!(std::io::stdout(), ...)?`: `println!` panics when a pipe was closed, as by `head`",
    );
}

#[test]
fn ignored_results_are_explained() {
    let mut breaches = Vec::new();
    for source in sources() {
        for (number, line) in source.product() {
            let ignores = line.code.trim_start().starts_with("let _ =") || line.code.contains("let _: ");
            let explained =
                || source.lines[number.saturating_sub(4)..number].iter().any(|line| !line.comment.is_empty());
            if ignores && !explained() {
                breaches.push(source.at(number, &line.code));
            }
        }
    }
    assert_none(&breaches, "say in a comment above why the result does not matter, or handle it");
}

#[test]
fn every_limit_is_enforced_somewhere() {
    let sources = sources();
    // The modules that enforce most of them come with the spine.
    if !sources.iter().any(|source| source.path.starts_with("crates/gateway/src/exchange")) {
        return;
    }
    let holds =
        |source: &&Source| source.path.contains("src/limits.rs") || source.path.contains("src/limits/");
    let mut breaches = Vec::new();
    for limits in sources.iter().filter(holds) {
        for (number, line) in limits.all() {
            let named = line.code.strip_prefix("pub const ").and_then(|rest| rest.split(':').next());
            let Some(name) = named else { continue };
            let used = |source: &Source| {
                !holds(&source) && source.product().any(|(_, line)| line.code.contains(name))
            };
            let derived = || limits.all().any(|(other, line)| other != number && line.code.contains(name));
            if !sources.iter().any(used) && !derived() {
                breaches.push(limits.at(number, name));
            }
        }
    }
    assert_only(
        LIMIT_DEBTS,
        &breaches,
        "enforce the limit, or remove it: a limit that nothing enforces is a false promise",
    );
}

#[test]
fn every_refusal_has_a_test() {
    let sources = sources();
    // The tests of refusals stand together.
    if !sources.iter().any(|source| source.path.ends_with("tests/it/refusal.rs")) {
        return;
    }
    let refusal =
        sources.iter().find(|source| source.path.ends_with("gateway/src/refusal.rs")).expect("refusal.rs");
    let from = |(_, line): &(usize, &Line)| !line.code.starts_with("pub enum Refusal");
    let variants = refusal.all().skip_while(from).skip(1).take_while(|(_, line)| line.code != "}");
    let mut breaches = Vec::new();
    for (number, line) in variants {
        let name = line.code.trim().trim_end_matches(',');
        if name.is_empty() {
            continue;
        }
        let (path, code) = (format!("Refusal::{name}"), snake_case(name));
        let met = |line: &Line| line.test && (line.code.contains(&path) || line.text.contains(&code));
        if !sources.iter().any(|source| source.all().any(|(_, line)| met(line))) {
            breaches.push(refusal.at(number, name));
        }
    }
    assert_none(&breaches, "write a test in which a caller meets the refusal, by its name or its code");
}

fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(character.to_lowercase());
    }
    out
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut breaches = Vec::new();
    for source in sources() {
        let first = source.lines.iter().find(|line| !line.comment.is_empty() || !line.code.trim().is_empty());
        let opens = first.is_some_and(|line| line.test || line.comment.starts_with("//!"));
        if !opens && source.lines.len() > 3 {
            breaches.push(source.path);
        }
    }
    assert_none(
        &breaches,
        "begin the file with `//!` and a sentence: what it is for, and which spec it follows",
    );
}

#[test]
fn crates_share_the_lints_of_the_workspace() {
    let mut breaches = Vec::new();
    for path in files().iter().filter(|path| path.starts_with("crates/") && path.ends_with("/Cargo.toml")) {
        let manifest = std::fs::read_to_string(root().join(path)).expect("a manifest");
        let lints = manifest
            .split("[lints]")
            .nth(1)
            .is_some_and(|rest| rest.trim_start().starts_with("workspace = true"));
        if !lints {
            breaches.push(path.clone());
        }
    }
    assert_none(&breaches, "add `[lints]` with `workspace = true`");
}
