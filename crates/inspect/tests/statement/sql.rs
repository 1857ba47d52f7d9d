//! SQL: the table of statements with what each must be called.

use inspect::statement::Dialect;
use inspect::statement::limits::STACK_BYTES;
use inspect::statement::sql::{Facts, classify};

/// One line of the table.
pub(crate) struct Case {
    pub(crate) dialect: Option<Dialect>,
    pub(crate) class: String,
    pub(crate) flags: Vec<String>,
    pub(crate) text: String,
}

/// The table.
pub(crate) fn cases() -> Vec<Case> {
    let lines = include_str!("sql.tsv").lines().filter(|line| !line.starts_with('#'));
    let cases = lines.map(|line| {
        let mut columns = line.splitn(4, '\t');
        let mut column = || columns.next().unwrap_or_else(|| panic!("four columns: {line}"));
        let (dialect, class, flags, text) = (column(), column(), column(), column());
        Case {
            dialect: (dialect != "any").then(|| dialect.parse().unwrap()),
            class: class.to_owned(),
            flags: flags.split(',').filter(|flag| *flag != "-").map(str::to_owned).collect(),
            text: unescape(text),
        }
    });
    cases.collect()
}

/// Runs `work` where parsers may recurse.
pub(crate) fn on_large_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap().join().unwrap()
}

fn unescape(text: &str) -> String {
    let mut result = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        result.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('0') => '\0',
                Some('v') => '\u{b}',
                Some('\\') => '\\',
                other => panic!("`{text}` escapes {other:?}"),
            },
            other => other,
        });
    }
    result
}

fn complaint(case: &Case, facts: &Facts) -> Option<String> {
    let flags: Vec<String> = facts
        .flags
        .iter()
        .map(|flag| serde_json::to_value(flag).unwrap().as_str().unwrap().to_owned())
        .collect();
    let missing: Vec<&String> = case.flags.iter().filter(|flag| !flags.contains(flag)).collect();
    (facts.class.as_str() != case.class || !missing.is_empty()).then(|| {
        format!(
            "{:?}\t{}\n    is {} {:?}, must be {} with {missing:?} ({})",
            case.dialect.map(Dialect::as_str),
            case.text.escape_debug(),
            facts.class.as_str(),
            flags,
            case.class,
            facts.reason,
        )
    })
}

#[test]
fn every_statement_of_the_table_has_its_class_and_flags() {
    let complaints = on_large_stack(|| {
        let cases = cases();
        assert!(cases.len() >= 300);
        let judged = cases.iter().filter_map(|case| complaint(case, &classify(&case.text, case.dialect)));
        judged.collect::<Vec<_>>()
    });
    assert!(complaints.is_empty(), "{} complaints\n{}", complaints.len(), complaints.join("\n"));
}
