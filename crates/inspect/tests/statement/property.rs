//! SQL: what must hold for any text, and what other readers of the same text say.

use inspect::statement::Dialect;
use inspect::statement::sql::{Class, Facts, Flag, classify};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use proptest::{prop_assert, prop_assert_eq};
use rusqlite::fallible_iterator::FallibleIterator;

use crate::sql::{Case, cases, on_large_stack};

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) })
}

/// Cases of the table that are one dialect's and can be read.
fn readable() -> Vec<(Dialect, String, Facts)> {
    let known = |case: Case| {
        let dialect = case.dialect?;
        let facts = classify(&case.text, Some(dialect));
        (facts.class != Class::Unknown && facts.statements == 1).then_some((dialect, case.text, facts))
    };
    cases().into_iter().filter_map(known).collect()
}

#[test]
fn another_statement_never_lowers_the_class() {
    on_large_stack(|| {
        let readable = readable();
        let pick = any::<[proptest::sample::Index; 2]>();
        let strategy = (pick, select(vec!["\n;", "\n ; ", "\n;\n", "\n;;", "\n; -- x\n", "\n;/**/"]));
        runner(2_000)
            .run(&strategy, |([first, second], separator)| {
                let (dialect, text, facts) = first.get(&readable);
                // Of the same dialect: what is a comment to another hides what follows it.
                let kin: Vec<_> = readable.iter().filter(|(other, ..)| other == dialect).collect();
                let (_, other, _) = second.get(&kin);
                let joined = format!("{text}{separator}{other}");
                let both = classify(&joined, Some(*dialect));
                prop_assert!(both.class >= facts.class, "{joined}: {:?} < {:?}", both.class, facts.class);
                let reversed = format!("{other}{separator}{text}");
                let both = classify(&reversed, Some(*dialect));
                prop_assert!(both.class >= facts.class, "{reversed}: {:?} < {:?}", both.class, facts.class);
                Ok(())
            })
            .unwrap();
    });
}

/// Where words of a text end: white space outside quotes and comments, as every dialect sees it.
fn gaps(text: &str) -> Vec<usize> {
    if text.contains(['\'', '"', '`', '$', '#', '[', '\\']) || text.contains("--") || text.contains("/*") {
        return Vec::new();
    }
    text.match_indices(' ').map(|(at, _)| at).collect()
}

#[test]
fn comments_and_white_space_never_lower_the_class() {
    on_large_stack(|| {
        let readable = readable();
        let filler =
            select(vec!["/* x */", "/**/", "\n", "\t", "\r\n", " -- x\n", "/*;*/", "/* DROP TABLE t */"]);
        runner(2_000)
            .run(&(any::<[proptest::sample::Index; 2]>(), filler), |([pick, place], filler)| {
                let (dialect, text, facts) = pick.get(&readable);
                let gaps = gaps(text);
                if gaps.is_empty() {
                    return Ok(());
                }
                let at = *place.get(&gaps);
                let filled = format!("{} {filler} {}", &text[..at], &text[at + 1..]);
                let again = classify(&filled, Some(*dialect));
                prop_assert!(again.class >= facts.class, "{filled}: {:?} < {:?}", again.class, facts.class);
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn case_of_letters_never_changes_the_class() {
    on_large_stack(|| {
        // ClickHouse tells `Count` from `count`, and text in quotes is text.
        let plain = |(dialect, text, _): &(Dialect, String, Facts)| {
            *dialect != Dialect::Clickhouse && !text.contains(['\'', '"', '`', '$', '[', '@'])
        };
        let readable: Vec<_> = readable().into_iter().filter(plain).collect();
        runner(1_000)
            .run(&(any::<proptest::sample::Index>(), any::<u64>()), |(pick, bits)| {
                let (dialect, text, facts) = pick.get(&readable);
                let turn = |(index, letter): (usize, char)| {
                    if bits >> (index % 64) & 1 == 1 {
                        letter.to_ascii_uppercase()
                    } else {
                        letter.to_ascii_lowercase()
                    }
                };
                let turned: String = text.chars().enumerate().map(turn).collect();
                let again = classify(&turned, Some(*dialect));
                prop_assert_eq!(again.class, facts.class, "{}", turned);
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn an_unknown_dialect_is_never_better_than_the_right_one() {
    on_large_stack(|| {
        for (dialect, text, facts) in readable() {
            let any = classify(&text, None);
            assert!(
                any.class >= facts.class,
                "{text} is {:?} to {dialect}, {:?} to any",
                facts.class,
                any.class
            );
        }
    });
}

#[test]
fn classes_and_flags_agree_with_each_other() {
    on_large_stack(|| {
        for case in cases() {
            let facts = classify(&case.text, case.dialect);
            assert_eq!(facts.classes.last(), Some(&facts.class), "{}", case.text);
            assert_eq!(facts.class == Class::Unknown, !facts.reason.is_empty(), "{}", case.text);
            assert_eq!(facts.statements > 1, facts.flags.contains(&Flag::MultiStatement), "{}", case.text);
        }
    });
}

/// Whether SQLite itself, with the tables that the table of statements names, says that a statement writes. `None`
/// when it cannot be prepared.
fn sqlite_readonly(database: &rusqlite::Connection, text: &str) -> Option<bool> {
    let mut statements = rusqlite::Batch::new(database, text);
    let mut readonly = true;
    while let Some(statement) = statements.next().ok()? {
        // `EXPLAIN` is said to write when what it explains does; it does not run it.
        readonly &= statement.readonly() || statement.is_explain() != 0;
    }
    Some(readonly)
}

fn sqlite() -> rusqlite::Connection {
    let database = rusqlite::Connection::open_in_memory().unwrap();
    let columns = "id, a, b, c, name, email, active, total, user_id, status, city, last_login, a_id";
    for table in [
        "users",
        "orders",
        "t",
        "u",
        "v",
        "s",
        "addresses",
        "recent",
        "a",
        "b",
        "backup",
        "x",
        "docs",
        "items",
    ] {
        database.execute_batch(&format!("CREATE TABLE {table} ({columns})")).unwrap();
    }
    database
}

#[test]
fn sqlite_itself_writes_nothing_for_what_is_called_read() {
    on_large_stack(|| {
        let database = sqlite();
        let mut seen = 0;
        for case in cases() {
            for dialect in [Some(Dialect::Sqlite), None] {
                if classify(&case.text, dialect).class != Class::Read {
                    continue;
                }
                if let Some(readonly) = sqlite_readonly(&database, &case.text) {
                    assert!(readonly, "SQLite says that this writes: {}", case.text);
                    seen += 1;
                }
            }
        }
        assert!(seen > 100, "{seen}");
    });
}

/// Statements put together at random, from pieces that turn a query into something else.
fn generated() -> impl Strategy<Value = String> {
    let source = prop_oneof![Just("t"), Just("u"), Just("(SELECT 1 AS a) AS q"), Just("json_each('[1]')")];
    let item = prop_oneof![
        Just("1"),
        Just("a"),
        Just("*"),
        Just("count(*)"),
        Just("'; DROP TABLE t; --'"),
        Just("(SELECT a FROM u)"),
        Just("\"a\""),
        Just("[a]"),
        Just("`a`"),
        Just("a /* DELETE FROM t */"),
        Just("random()"),
        Just("last_insert_rowid()"),
    ];
    let query =
        (item, source, prop_oneof![Just(""), Just(" WHERE a = 1"), Just(" LIMIT 1"), Just(" ORDER BY a")])
            .prop_map(|(item, source, tail)| format!("SELECT {item} FROM {source}{tail}"))
            .boxed();
    let change = prop_oneof![
        Just("DELETE FROM t".to_owned()),
        Just("UPDATE t SET a = 1 WHERE b = 2".to_owned()),
        Just("INSERT INTO t (a) VALUES (1)".to_owned()),
        Just("REPLACE INTO t (a) VALUES (1)".to_owned()),
        Just("DROP TABLE t".to_owned()),
        Just("CREATE TABLE n (a)".to_owned()),
        Just("PRAGMA user_version = 3".to_owned()),
        Just("PRAGMA user_version".to_owned()),
        Just("VACUUM".to_owned()),
        Just("ANALYZE".to_owned()),
        Just("REINDEX".to_owned()),
        Just("ALTER TABLE t ADD COLUMN z".to_owned()),
        query.clone().prop_map(|query| format!("INSERT INTO t (a) {query}")),
        query.clone().prop_map(|query| format!("CREATE TABLE n AS {query}")),
        query.clone().prop_map(|query| format!("CREATE VIEW n AS {query}")),
    ];
    let statement = prop_oneof![3 => query.clone(), 2 => change.boxed()].boxed();
    let prefix = prop_oneof![
        4 => Just(""),
        1 => Just("EXPLAIN "),
        1 => Just("EXPLAIN QUERY PLAN "),
        1 => Just("WITH q AS (SELECT 1 AS a) "),
        1 => Just("-- x\n"),
        1 => Just("/* SELECT */ "),
        1 => Just(";"),
    ];
    let one = (prefix, statement).prop_map(|(prefix, statement)| format!("{prefix}{statement}"));
    proptest::collection::vec(one, 1..3).prop_map(|statements| statements.join("; "))
}

#[test]
fn sqlite_itself_writes_nothing_for_generated_texts_that_are_called_read() {
    on_large_stack(|| {
        let database = sqlite();
        runner(4_000)
            .run(&generated(), |text| {
                let facts = classify(&text, Some(Dialect::Sqlite));
                if let Some(readonly) = sqlite_readonly(&database, &text) {
                    prop_assert!(
                        readonly || facts.class > Class::Read,
                        "{} is called {:?}",
                        text,
                        facts.class
                    );
                }
                Ok(())
            })
            .unwrap();
    });
}
