//! Who may import whom inside `gateway`, and the few calls that may stand in one place only.

use std::collections::BTreeSet;

use super::source::{Source, sources};
use super::{assert_none, assert_only};

/// The modules of the gateway from the bottom up. A module may import what stands in lines above its own, and nothing
/// of its own line: that keeps every module readable without those that use it.
const LAYERS: &[&[&str]] = &[
    &["limits", "clock", "file", "seal", "trust"],
    &["secret"],
    &["config", "model"],
    &["refusal", "metrics", "webhook"],
    &["mcp"],
    &["statement"],
    // Pure or nearly: see `PURE`.
    &["policy", "mask", "catalog", "identity"],
    // What is written.
    &["store"],
    &["ledger"],
    &["acceptance", "anchor", "approval", "follower", "moment", "publication", "service_key", "sign_in"],
    // What may leave.
    &["permit"],
    &["upstream"],
    &["reply", "cors", "recognizer"],
    // The spine.
    &["exchange"],
    // Evidence as an auditor asks for it; only reads.
    &["report"],
    // People look at who may do what; the gateway looks at whether its controls work. What they find is recorded.
    &["review", "canary", "depot"],
    // The gateway's own API, which the faces serve and use.
    &["api"],
    // The page, which shows what the API says.
    &["console"],
    // Faces: nobody imports a face, but `app` starts those that listen, and `cli` starts everything.
    &["listen", "endpoint", "export", "admin"],
    &["app", "witness"],
    &["demo"],
    &["cli"],
];

/// Modules that decide and never look at the clock.
const PURE: &[&str] = &["model", "mcp", "policy", "mask", "catalog"];

/// Imports that still go up.
const IMPORT_DEBTS: &[&str] = &[];

/// Crates that only some modules may name.
const WALLS: &[(&str, &[&str], &str)] = &[
    ("rusqlite", &["store"], "SQL and its drivers stay in `store`: add a named transaction there"),
    ("postgres", &["store"], "SQL and its drivers stay in `store`: add a named transaction there"),
    ("axum", &["admin", "console"], "axum stays at the edges: the request path of callers is plain hyper"),
    ("fixture", &["demo", "cli"], "fixtures are for tests and for the demo"),
    ("clap", &["cli", "main"], "arguments are parsed in `cli` and passed on as values"),
];

/// Words that begin a statement of SQL, and what follows in one.
const SQL: &[(&str, &str)] = &[
    ("SELECT ", " FROM "),
    ("INSERT INTO ", ""),
    ("UPDATE ", " SET "),
    ("DELETE FROM ", ""),
    ("CREATE TABLE ", ""),
    ("CREATE INDEX ", ""),
    ("PRAGMA ", ""),
];

const GATEWAY: &str = "crates/gateway/src/";

/// The module of the gateway that a file belongs to.
fn module(path: &str) -> Option<&str> {
    let inner = path.strip_prefix(GATEWAY)?;
    Some(inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs"))
}

/// Files of the gateway that are in the layering, with their module.
fn layered(sources: &[Source]) -> impl Iterator<Item = (&str, &Source)> {
    sources
        .iter()
        .filter_map(|source| Some((module(&source.path)?, source)))
        .filter(|(module, _)| !matches!(*module, "lib" | "main" | "bin"))
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The modules that the product code of `source` names by `crate::`, with the line.
fn imports(source: &Source) -> BTreeSet<(usize, String)> {
    let mut found = BTreeSet::new();
    let lines: Vec<_> = source.product().collect();
    let code: String = lines.iter().map(|(_, line)| format!("{}\n", line.code)).collect();
    for (start, _) in code.match_indices("crate::") {
        let line = lines[code[..start].matches('\n').count()].0;
        for name in first_names(&code[start + "crate::".len()..]) {
            found.insert((line, name));
        }
    }
    found
}

/// The first name of each path in `a::b`, or in `{a::b, c::{d, e}}`.
fn first_names(path: &str) -> Vec<String> {
    let name =
        |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut names = Vec::new();
    let (mut depth, mut begins) = (0_usize, true);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if begins && !character.is_whitespace() => {
                names.push(name(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn first_names_of_grouped_imports_are_found() {
    assert_eq!(first_names("store::Db;"), ["store"]);
    assert_eq!(first_names("{limits, mcp::{a, b},\n  model::Call};"), ["limits", "mcp", "model"]);
}

#[test]
fn every_module_has_a_layer() {
    let sources = sources();
    let missing: BTreeSet<_> = layered(&sources)
        .filter(|(module, _)| layer(module).is_none())
        .map(|(module, _)| module.to_owned())
        .collect();
    let missing: Vec<_> = missing.into_iter().collect();
    assert_none(&missing, "add the module to `LAYERS` in tests/it/tidy/layer.rs and to ARCHITECTURE.md");
}

#[test]
fn modules_import_only_what_is_below_them() {
    let mut breaches = Vec::new();
    for (module, source) in layered(&sources()) {
        let Some(own) = layer(module) else { continue };
        for (line, name) in imports(source) {
            if name != module && layer(&name).is_some_and(|other| other >= own) {
                breaches.push(source.at(line, &format!("`{module}` imports `{name}`")));
            }
        }
    }
    assert_only(
        IMPORT_DEBTS,
        &breaches,
        "move what both need to a lower layer, or pass it in; the order is in `LAYERS`",
    );
}

#[test]
fn pure_modules_never_read_the_clock() {
    let mut breaches = Vec::new();
    for (module, source) in layered(&sources()) {
        if PURE.contains(&module) {
            let clocks = imports(source).into_iter().filter(|(_, name)| name == "clock");
            breaches.extend(clocks.map(|(line, _)| source.at(line, &format!("`{module}` imports `clock`"))));
        }
    }
    assert_none(&breaches, "take the time as a value, as `model::Context` does");
}

#[test]
fn evidence_and_inspect_stay_pure() {
    let forbidden = [
        "tokio",
        "hyper",
        "reqwest",
        "axum",
        "rusqlite",
        "postgres",
        "countersign",
        "std::net",
        "std::thread",
    ];
    let mut breaches = Vec::new();
    for source in sources() {
        let inspect = source.path.starts_with("crates/inspect/src/");
        if !inspect && !source.path.starts_with("crates/evidence/src/") {
            continue;
        }
        for (number, line) in source.product() {
            let names = forbidden.iter().copied().chain(inspect.then_some("std::fs"));
            // Parsers recurse: this pool gives them the stack they need, and nothing else here has threads.
            let pool = source.path == "crates/inspect/src/statement/pool.rs";
            let names = names.filter(|name| !(pool && *name == "std::thread"));
            for name in names.filter(|name| mentions(&line.code, name)) {
                breaches.push(source.at(number, name));
            }
        }
    }
    assert_none(&breaches, "these crates do no I/O beside reading an exported log: move it to `gateway`");
}

#[test]
fn drivers_and_frameworks_stay_behind_their_walls() {
    let sources = sources();
    let mut breaches = Vec::new();
    for (name, allowed, remedy) in WALLS {
        for source in &sources {
            let Some(module) = module(&source.path).filter(|module| !allowed.contains(module)) else {
                continue;
            };
            for (number, line) in source.product() {
                if mentions(&line.code, name) {
                    breaches.push(source.at(number, &format!("`{module}` names `{name}`: {remedy}")));
                }
            }
        }
    }
    assert_none(&breaches, "see each line");
}

#[test]
fn sql_stands_only_in_store() {
    let mut breaches = Vec::new();
    for (module, source) in layered(&sources()) {
        // The demo plays a caller whose arguments are SQL for its own shop.
        if module == "store" || source.path.contains("/cli/demo/") {
            continue;
        }
        for (number, line) in source.product() {
            let found = SQL.iter().any(|(begins, follows)| {
                line.text
                    .split_once(begins)
                    .is_some_and(|(_, rest)| follows.is_empty() || rest.contains(follows))
            });
            if found {
                breaches.push(source.at(number, &line.text));
            }
        }
    }
    assert_none(&breaches, "write a named transaction in `store` and call it");
}

#[test]
fn entries_are_never_updated_or_deleted() {
    let mut breaches = Vec::new();
    for source in sources().iter().filter(|source| source.path.starts_with(GATEWAY)) {
        for (number, line) in source.product() {
            let text = line.text.to_lowercase();
            if [
                "update entry",
                "delete from entry",
                "replace into entry",
                "truncate entry",
                "drop table entry",
            ]
            .iter()
            .any(|statement| text.contains(statement))
            {
                breaches.push(source.at(number, &line.text));
            }
        }
    }
    assert_none(&breaches, "the log is append-only: write a new leaf that says what changed");
}

#[test]
fn evidence_is_opened_and_closed_in_one_place_each() {
    let sources = sources();
    let exchange: Vec<_> = sources.iter().filter(|source| module(&source.path) == Some("exchange")).collect();
    if exchange.is_empty() {
        return;
    }
    for verb in ["ledger.open(", "ledger.close("] {
        let calls = call_sites(&sources, verb);
        assert_eq!(
            calls.len(),
            1,
            "`{verb}` must be called in exactly one place, in `exchange`, so that nobody can leave the order out; \
             found {calls:?}"
        );
        assert!(calls[0].starts_with(&format!("{GATEWAY}exchange")), "move {} into `exchange`", calls[0]);
    }
}

#[test]
fn permits_are_granted_in_one_place() {
    let sources = sources();
    if !sources.iter().any(|source| module(&source.path) == Some("exchange")) {
        return;
    }
    let calls = call_sites(&sources, "Permit::grant(");
    assert_eq!(calls.len(), 1, "a permit is granted in exactly one place, in `exchange`; found {calls:?}");
    assert!(calls[0].starts_with(&format!("{GATEWAY}exchange")), "move {} into `exchange`", calls[0]);
}

/// Where the product calls `verb`, also when the call is broken over lines.
fn call_sites(sources: &[Source], verb: &str) -> Vec<String> {
    let mut calls = Vec::new();
    for (_, source) in layered(sources) {
        let lines: Vec<_> = source.product().collect();
        let joined: String = lines
            .iter()
            .map(|(_, line)| format!("{}\n", line.code.trim()))
            .collect::<String>()
            .replace("\n.", ".");
        calls.extend(std::iter::repeat_n(source.path.clone(), joined.matches(verb).count()));
    }
    calls
}

/// Whether `code` names the crate or path `name`.
fn mentions(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        let before = code[..at].chars().next_back();
        let alone = !before.is_some_and(|c| part(c) || c == '.');
        // A local item of the same name is reached through its own module.
        alone && !code[..at].ends_with("::") && code[at + name.len()..].starts_with("::")
            || code.trim_start().starts_with(&format!("use {name};"))
    })
}
