//! Finding the files of the project, and telling code, comments and strings apart.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories that hold nothing of ours.
const FOREIGN: &[&str] = &["target", ".git", "node_modules", ".venv", "corpus", "artifacts", "coverage"];

/// One line of a Rust file.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Without comments; the contents of strings are blanked.
    pub(super) code: String,
    /// What comments on the line say.
    pub(super) comment: String,
    /// What string literals on the line hold.
    pub(super) text: String,
    /// Whether it is inside `#[cfg(test)]`, or in a file of tests.
    pub(super) test: bool,
}

/// One Rust file.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the root of the project, with `/`.
    pub(super) path: String,
    pub(super) lines: Vec<Line>,
}

impl Source {
    /// Lines outside tests, with their numbers.
    pub(super) fn product(&self) -> impl Iterator<Item = (usize, &Line)> {
        self.all().filter(|(_, line)| !line.test)
    }

    /// Every line, with its number from 1.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, &Line)> {
        self.lines.iter().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// For a breach.
    pub(super) fn at(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {}", self.path, what.trim())
    }
}

/// The root of the project.
pub(super) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).expect("the crate is two directories below the root").to_owned()
}

/// Every file of the project, relative to its root, with `/`.
pub(super) fn files() -> Vec<String> {
    let mut found = Vec::new();
    collect(&root(), "", &mut found);
    found.sort();
    found
}

/// The text of a file of the project, if it is text.
pub(super) fn read(path: &str) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

/// Every Rust file of the project.
pub(super) fn sources() -> Vec<Source> {
    let mut sources: Vec<_> = files()
        .into_iter()
        .filter(|path| Path::new(path).extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let text = read(&path).unwrap_or_else(|| panic!("{path} is not UTF-8"));
            let mut lines = split(&text);
            mark_tests(&mut lines, is_test_file(&path));
            Source { path, lines }
        })
        .collect();
    mark_test_modules(&mut sources);
    assert!(sources.len() > 20, "the rules look in the wrong place");
    sources
}

fn collect(directory: &Path, prefix: &str, found: &mut Vec<String>) {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for entry in entries {
        let entry = entry.expect("a readable directory");
        let name = entry.file_name().into_string().expect("file names are UTF-8");
        let kind = entry.file_type().expect("a file type");
        if kind.is_dir() && !FOREIGN.contains(&name.as_str()) {
            collect(&entry.path(), &format!("{prefix}{name}/"), found);
        } else if kind.is_file() {
            found.push(format!("{prefix}{name}"));
        }
    }
}

fn is_test_file(path: &str) -> bool {
    path.starts_with("fuzz/")
        || path.contains("/tests/")
        || path.contains("/benches/")
        || path.contains("/examples/")
}

/// Marks what `#[cfg(test)]` covers: the item that follows, to its closing brace or semicolon.
fn mark_tests(lines: &mut [Line], whole: bool) {
    let mut depth = 0_usize;
    let mut covered = None;
    let mut pending = false;
    for line in lines {
        if line.code.contains("#[cfg(test)]") || line.code.contains("#![cfg(test)]") {
            pending = true;
        }
        line.test = whole || pending || covered.is_some();
        for character in line.code.chars() {
            match character {
                '{' => {
                    if pending && covered.is_none() {
                        covered = Some(depth);
                    }
                    pending = false;
                    depth += 1;
                }
                '}' => {
                    depth = depth.saturating_sub(1);
                    if covered == Some(depth) {
                        covered = None;
                    }
                }
                ';' => pending = false,
                _ => {}
            }
        }
    }
}

/// Marks files declared by `#[cfg(test)] mod name;`.
fn mark_test_modules(sources: &mut [Source]) {
    let mut test_files = Vec::new();
    for source in &*sources {
        let directory = match source.path.rsplit_once('/') {
            Some((directory, "lib.rs" | "main.rs" | "mod.rs")) => directory.to_owned(),
            _ => source.path.trim_end_matches(".rs").to_owned(),
        };
        for (_, line) in source.all().filter(|(_, line)| line.test) {
            let declared = line.code.trim().trim_start_matches("pub ").strip_prefix("mod ");
            if let Some(name) = declared.and_then(|rest| rest.strip_suffix(';')) {
                test_files.push(format!("{directory}/{name}"));
            }
        }
    }
    for source in sources {
        let stem = source.path.trim_end_matches(".rs");
        if test_files.iter().any(|file| stem == file || stem.starts_with(&format!("{file}/"))) {
            source.lines.iter_mut().for_each(|line| line.test = true);
        }
    }
}

/// What the reader of a file is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Code,
    LineComment,
    /// Block comments nest.
    BlockComment(usize),
    Text,
    /// A raw string, closed by a quote and this many `#`.
    RawText(usize),
}

fn split(text: &str) -> Vec<Line> {
    let mut lines = vec![Line::default()];
    let mut inside = Inside::Code;
    let characters: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < characters.len() {
        let rest = &characters[at..];
        let line = lines.last_mut().expect("at least one line");
        if rest[0] == '\n' {
            if inside == Inside::LineComment {
                inside = Inside::Code;
            }
            lines.push(Line::default());
            at += 1;
            continue;
        }
        let plain = rest.iter().take_while(|c| is_plain(inside, **c)).count();
        if plain > 0 {
            let piece = rest[..plain].iter();
            match inside {
                Inside::Code => line.code.extend(piece),
                Inside::Text | Inside::RawText(_) => line.text.extend(piece),
                Inside::LineComment | Inside::BlockComment(_) => line.comment.extend(piece),
            }
            at += plain;
            continue;
        }
        let (next, taken) = step(inside, rest, at.checked_sub(1).map(|before| characters[before]));
        let piece = rest[..taken].iter();
        match (inside, next) {
            (Inside::Code, Inside::Code) => line.code.extend(piece),
            (Inside::Code, Inside::Text | Inside::RawText(_))
            | (Inside::Text | Inside::RawText(_), Inside::Code) => line.code.push('"'),
            (Inside::Text | Inside::RawText(_), _) => line.text.extend(piece),
            _ => line.comment.extend(piece),
        }
        inside = next;
        at += taken;
    }
    lines
}

/// Whether `character` cannot begin or end anything here.
fn is_plain(inside: Inside, character: char) -> bool {
    match inside {
        _ if character == '\n' => false,
        Inside::Code => !matches!(character, '/' | '"' | '\'' | 'r' | 'b'),
        Inside::LineComment => true,
        Inside::BlockComment(_) => !matches!(character, '/' | '*'),
        Inside::Text | Inside::RawText(_) => !matches!(character, '"' | '\\'),
    }
}

/// What comes next, and how many characters belong to this step.
fn step(inside: Inside, rest: &[char], before: Option<char>) -> (Inside, usize) {
    let starts = |text: &str| text.chars().enumerate().all(|(at, c)| rest.get(at) == Some(&c));
    match inside {
        Inside::Code if starts("//") => (Inside::LineComment, 2),
        Inside::Code if starts("/*") => (Inside::BlockComment(1), 2),
        Inside::Code if starts("\"") => (Inside::Text, 1),
        Inside::Code
            if starts("r") && !before.is_some_and(|c| c.is_alphanumeric() || c == '_') || starts("br") =>
        {
            let skip = if starts("br") { 2 } else { 1 };
            let hashes = rest[skip..].iter().take_while(|c| **c == '#').count();
            match rest.get(skip + hashes) {
                Some('"') => (Inside::RawText(hashes), skip + hashes + 1),
                _ => (Inside::Code, 1),
            }
        }
        Inside::Code if starts("'") => (Inside::Code, character_literal(rest)),
        Inside::Code => (Inside::Code, 1),
        Inside::LineComment => (Inside::LineComment, 1),
        Inside::BlockComment(depth) if starts("/*") => (Inside::BlockComment(depth + 1), 2),
        Inside::BlockComment(1) if starts("*/") => (Inside::Code, 2),
        Inside::BlockComment(depth) if starts("*/") => (Inside::BlockComment(depth - 1), 2),
        Inside::Text if starts("\\") && rest.get(1) != Some(&'\n') => (inside, 2.min(rest.len())),
        Inside::Text if starts("\"") => (Inside::Code, 1),
        Inside::RawText(hashes)
            if starts("\"") && rest[1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes =>
        {
            (Inside::Code, 1 + hashes)
        }
        Inside::BlockComment(_) | Inside::Text | Inside::RawText(_) => (inside, 1),
    }
}

/// The length of a character literal; 1 for the quote of a lifetime.
fn character_literal(rest: &[char]) -> usize {
    match rest {
        [_, '\\', ..] => {
            rest.iter().skip(2).position(|c| *c == '\'').map_or(1, |at| if at == 0 { 4 } else { at + 3 })
        }
        [_, _, '\'', ..] => 3,
        _ => 1,
    }
}

#[test]
fn strings_and_comments_are_told_apart_from_code() {
    let lines = split(
        "let a = \"x // y\"; // z\nlet b = r#\"one\ntwo \" three\"#; /* in\n/* nested */ */ c('\"', '\\'', '\\\\', 'd');\nfn f<'a>(b: &'a str) {}\n\"\\\"q\"",
    );
    let code: Vec<_> = lines.iter().map(|line| line.code.as_str()).collect();
    assert_eq!(
        code,
        [
            "let a = \"\"; ",
            "let b = \"",
            "\"; ",
            " c('\"', '\\'', '\\\\', 'd');",
            "fn f<'a>(b: &'a str) {}",
            "\"\""
        ]
    );
    assert_eq!(lines[0].text, "x // y");
    assert_eq!(lines[0].comment, "// z");
    assert_eq!(lines[2].text, "two \" three");
    assert_eq!(lines[5].text, "\\\"q");
}

#[test]
fn test_code_is_told_apart_from_the_product() {
    let mut lines = split(
        "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { {} }\n}\nfn c() {}\n#[cfg(test)]\nmod d;\nfn e() {}",
    );
    mark_tests(&mut lines, false);
    let tests: Vec<_> = lines.iter().map(|line| line.test).collect();
    assert_eq!(tests, [false, true, true, true, true, false, true, true, false]);
}
