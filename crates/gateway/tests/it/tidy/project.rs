//! The files around the code: documents, manifests, what may be committed.

use std::collections::BTreeSet;

use super::assert_none;
use super::source::{files, read, sources};

/// Extensions of the text files that are looked at.
const TEXTS: &[&str] = &[
    "rs", "md", "toml", "yaml", "yml", "json", "lock", "sh", "py", "js", "mjs", "ts", "txt", "cedar", "html",
    "css",
];

/// First directories of paths that exist on somebody's machine only.
const MACHINE_DIRECTORIES: &[&str] = &["home", "root", "Users", "work", "mnt", "workspace", "private/var"];

/// How cargo names its own registry; any other was configured on somebody's machine.
const CARGO_REGISTRY: &str = "/crates.io-index\"";

fn is_text(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((_, extension)) => TEXTS.contains(&extension),
        None => matches!(name, "run" | "Dockerfile" | "Makefile"),
    }
}

fn manuals() -> Vec<(String, String)> {
    files()
        .into_iter()
        .filter(|path| path.ends_with(".md") && (!path.contains('/') || path.starts_with("docs/")))
        .map(|path| {
            let text = read(&path).unwrap_or_else(|| panic!("{path} is not UTF-8"));
            (path, text)
        })
        .collect()
}

/// The targets of links in Markdown, outside of code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        // Code spans are the odd pieces between backticks; a link's text may hold one, so the pieces are joined.
        let prose: String = line.split('`').step_by(2).collect();
        for (at, _) in prose.match_indices("](") {
            let target: String =
                prose[at + 2..].chars().take_while(|c| *c != ')' && !c.is_whitespace()).collect();
            found.push(target);
        }
    }
    found
}

/// The anchors of headings, by the rule of the common forges.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if let Some(heading) = line.strip_prefix('#').filter(|_| !fenced) {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            found.insert(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
    }
    found
}

/// `target` seen from `from`, without `.` and `..`.
fn resolve(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn links_between_documents_resolve() {
    let files: BTreeSet<_> = files().into_iter().collect();
    let mut breaches = Vec::new();
    for (path, text) in manuals() {
        for link in links(&text).iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(f, a)| (f, Some(a)));
            let target = if file.is_empty() { path.clone() } else { resolve(&path, file) };
            let is_directory = || files.iter().any(|known| known.starts_with(&format!("{target}/")));
            let exists = files.contains(&target) || is_directory();
            let anchored =
                anchor.is_none_or(|anchor| read(&target).is_some_and(|text| anchors(&text).contains(anchor)));
            if !exists || !anchored {
                breaches.push(format!("{path}: {link}"));
            }
        }
    }
    assert_none(&breaches, "correct the link, or write what it points to");
}

#[test]
fn every_dependency_has_a_reason() {
    let manifest = read("Cargo.toml").expect("a manifest");
    let contributing = read("CONTRIBUTING.md").expect("CONTRIBUTING.md exists");
    let table = manifest.split("[workspace.dependencies]").nth(1).expect("a table of dependencies");
    let named: BTreeSet<&str> = table
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.contains("path = "))
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name.trim()))
        .filter(|name| !name.starts_with('#'))
        .collect();
    assert!(named.len() > 20, "the table of dependencies was not understood");
    let section = contributing.split("## Dependencies").nth(1).expect("a section `## Dependencies`");
    let section = section.split("\n## ").next().unwrap_or(section);
    let explained: BTreeSet<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .filter(|(_, reason)| reason.trim_matches(['|', ' ']).len() > 10)
        .map(|(name, _)| name)
        .collect();
    let missing: Vec<_> = named.difference(&explained).map(|name| (*name).to_owned()).collect();
    assert_none(&missing, "add a row with a reason to the table in CONTRIBUTING.md, section Dependencies");
    let stale: Vec<_> = explained.difference(&named).map(|name| (*name).to_owned()).collect();
    assert_none(&stale, "remove the row from CONTRIBUTING.md: the workspace no longer depends on it");
}

#[test]
fn checklists_name_tests_that_exist() {
    let contributing = read("CONTRIBUTING.md").expect("CONTRIBUTING.md exists");
    let section = contributing.split("## Checklists").nth(1).expect("a section `## Checklists`");
    let section = section.split("\n## ").next().unwrap_or(section);
    let sources = sources();
    // The names of tests are sentences: three words or more.
    let named = section.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() >= 3);
    let missing: Vec<_> = named
        .filter(|name| {
            let definition = format!("fn {name}(");
            !sources.iter().any(|source| source.all().any(|(_, line)| line.code.contains(&definition)))
        })
        .map(str::to_owned)
        .collect();
    assert_none(&missing, "name the test that fails until the step is done");
}

#[test]
fn crates_take_their_dependencies_from_the_workspace() {
    let mut breaches = Vec::new();
    for path in files().iter().filter(|path| path.starts_with("crates/") && path.ends_with("/Cargo.toml")) {
        let manifest = read(path).expect("a manifest");
        let mut dependencies = false;
        for line in manifest.lines() {
            if line.starts_with('[') {
                dependencies = line.contains("dependencies");
            } else if dependencies && line.contains('=') && !line.contains("workspace = true") {
                breaches.push(format!("{path}: {line}"));
            }
        }
    }
    assert_none(
        &breaches,
        "put version and features in the root Cargo.toml, and `name.workspace = true` here",
    );
}

#[test]
fn changelog_has_the_current_version() {
    let changelog = read("CHANGELOG.md").expect("CHANGELOG.md exists");
    let heading = format!("## {}", env!("CARGO_PKG_VERSION"));
    assert!(
        changelog.lines().any(|line| line == heading || line.starts_with(&format!("{heading} "))),
        "add `{heading}` to CHANGELOG.md and say what changes for users"
    );
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    let mut breaches = Vec::new();
    // What judges paths names those it knows.
    let judges = |path: &str| {
        path.starts_with("crates/inspect/src/statement/") || path.starts_with("crates/inspect/tests/")
    };
    for path in files().iter().filter(|path| is_text(path) && !judges(path)) {
        let text = read(path).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            for directory in MACHINE_DIRECTORIES {
                let absolute = format!("/{directory}/");
                let found = line.match_indices(&absolute).any(|(at, _)| {
                    let example = ["alice", "bob", "of/", "*"]
                        .iter()
                        .any(|who| line[at + absolute.len()..].starts_with(who));
                    let before = line[..at].chars().next_back();
                    // `https://host/work/` and `src/work/` are not paths of a machine.
                    let starts = before.is_none_or(|c| {
                        !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-' | '/' | '}' | '~' | '*')
                    });
                    starts && !example
                });
                if found {
                    breaches.push(format!("{path}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    assert_none(&breaches, "make the path relative, or take it as a parameter");
}

#[test]
fn lock_files_name_only_the_public_registries() {
    let mut breaches = Vec::new();
    for path in files() {
        let name = path.rsplit('/').next().unwrap_or(&path);
        let text = || read(&path).unwrap_or_default();
        if matches!(name, ".npmrc" | "pip.conf" | "nuget.config") || path.ends_with(".cargo/config.toml") {
            breaches.push(format!(
                "{path}: settings of a package manager belong to a machine, not to the project"
            ));
        } else if matches!(name, "Cargo.lock" | "package-lock.json") {
            let from = |line: &str| line.contains("\"resolved\":") || line.starts_with("source = ");
            for line in text().lines().filter(|line| from(line.trim())) {
                if !line.ends_with(CARGO_REGISTRY) {
                    breaches.push(format!("{path}: {}", line.trim()));
                }
            }
        } else if name.starts_with("requirements") {
            for line in
                text().lines().filter(|line| line.contains("index-url") || line.contains("find-links"))
            {
                breaches.push(format!("{path}: {}", line.trim()));
            }
        }
    }
    assert_none(&breaches, "make the lock file again without a mirror configured");
}

#[test]
fn scripts_stop_at_the_first_error() {
    let mut breaches = Vec::new();
    for path in files() {
        let text = read(&path).unwrap_or_default();
        let shell = text.lines().next().is_some_and(|first| first.starts_with("#!") && first.contains("sh"));
        if shell && !text.lines().any(|line| line.trim() == "set -euo pipefail") {
            breaches.push(path);
        }
    }
    assert_none(&breaches, "write `set -euo pipefail` below the first comment");
}

#[test]
fn wording_stays_within_what_can_be_shown() {
    // The log shows tampering; nothing can prevent it. Evidence is for auditors; we certify nothing.
    let claims = [
        "immutable log",
        "immutable audit",
        "tamper-proof",
        "tamperproof",
        "unhackable",
        "soc 2 compliant",
        "soc 2 certified",
    ];
    let mut breaches = Vec::new();
    for path in files().iter().filter(|path| is_text(path) && !path.ends_with("tidy/project.rs")) {
        for (number, line) in read(path).unwrap_or_default().lines().enumerate() {
            let lower = line.to_lowercase();
            if claims.iter().any(|claim| lower.contains(claim)) {
                breaches.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_none(&breaches, "say *tamper-evident*, and *evidence for*");
}
