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
                Some('r') => '\r',
                Some('u') => {
                    let digits: String =
                        characters.by_ref().skip(1).take_while(|next| *next != '}').collect();
                    u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap()
                }
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

/// Where a class stands in the order of their severity.
fn severity(class: &str) -> usize {
    const ORDER: [&str; 10] = [
        "read",
        "session",
        "write",
        "ddl",
        "write_unbounded",
        "ddl_destructive",
        "privilege",
        "export",
        "exec",
        "unknown",
    ];
    ORDER.iter().position(|name| *name == class).unwrap_or_else(|| panic!("no class: {class}"))
}

#[test]
fn hostile_statements_are_never_called_less_than_they_are() {
    let complaints = on_large_stack(|| {
        let lines = include_str!("hostile.tsv").lines().filter(|line| !line.starts_with('#'));
        let cases: Vec<Vec<&str>> = lines.map(|line| line.splitn(3, '\t').collect()).collect();
        assert!(cases.len() >= 300, "{}", cases.len());
        let complaints = cases.iter().filter_map(|columns| {
            let [dialect, least, text] = columns[..] else { panic!("three columns: {columns:?}") };
            let facts = classify(&unescape(text), (dialect != "any").then(|| dialect.parse().unwrap()));
            let class = facts.class.as_str();
            (severity(class) < severity(least))
                .then(|| format!("{class} instead of {least}: {dialect} {text}"))
        });
        complaints.collect::<Vec<_>>()
    });
    assert!(complaints.is_empty(), "{} complaints\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn statements_of_every_day_have_a_class() {
    let unknown = on_large_stack(|| {
        let lines = include_str!("valid.tsv").lines().filter(|line| !line.starts_with('#'));
        let cases: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once('\t')).collect();
        assert!(cases.len() > 500, "{}", cases.len());
        let unknown = cases.iter().filter_map(|(dialect, text)| {
            let facts = classify(&unescape(text), (*dialect != "any").then(|| dialect.parse().unwrap()));
            (facts.class.as_str() == "unknown").then(|| format!("{dialect} {text}: {}", facts.reason))
        });
        unknown.collect::<Vec<_>>()
    });
    assert!(unknown.is_empty(), "{} are unknown\n{}", unknown.len(), unknown.join("\n"));
}
