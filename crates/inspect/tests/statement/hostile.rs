//! SQL: texts made to exhaust the parsers, their stack or their time.

use std::time::Instant;

use inspect::statement::limits::TEXT_BYTES_MAX;
use inspect::statement::sql::{Class, Facts, classify};
use inspect::statement::{Classifier, Dialect};

use crate::clock::Moment;
use crate::sql::on_large_stack;

/// A text that repeats something until it is as long as the limit allows.
struct Shape {
    before: &'static str,
    again: &'static str,
    middle: &'static str,
    after: &'static str,
    end: &'static str,
}

const fn shape(
    before: &'static str,
    again: &'static str,
    middle: &'static str,
    after: &'static str,
    end: &'static str,
) -> Shape {
    Shape { before, again, middle, after, end }
}

const SHAPES: &[Shape] = &[
    shape("", "(", "", "", ""),
    shape("SELECT ", "(", "1", ")", ""),
    shape("SELECT * FROM ", "(", "t", ")", ""),
    shape("", "(", "SELECT 1", ")", ""),
    shape("SELECT ", "[", "1", "]", ""),
    shape("SELECT ", "{", "1", "}", ""),
    shape("SELECT ", "ARRAY[", "1", "]", ""),
    shape("SELECT ", "f(", "1", ")", ""),
    shape("SELECT ", "CAST(", "1", " AS int)", ""),
    shape("SELECT ", "(SELECT ", "1", ")", ""),
    shape("SELECT * FROM ", "(SELECT * FROM ", "t", ") a", ""),
    shape("SELECT * FROM ", "a JOIN (", "t", ")", ""),
    shape("SELECT 1", "+1", "", "", ""),
    shape("SELECT 1", "||1", "", "", ""),
    shape("SELECT a", "=1", "", "", ""),
    shape("SELECT a", "-> 1", "", "", ""),
    shape("SELECT ", "- ", "1", "", ""),
    shape("SELECT ", "+", "1", "", ""),
    shape("SELECT ", "~", "1", "", ""),
    shape("SELECT ", "@ ", "1", "", ""),
    shape("SELECT ", "!", "1", "", ""),
    shape("SELECT ", "NOT ", "1", "", ""),
    shape("SELECT 1 WHERE a", " AND a", "", "", ""),
    shape("SELECT 1 WHERE a", " OR a = 1", "", "", ""),
    shape("SELECT a", " IS NULL", "", "", ""),
    shape("SELECT a", " IS NOT NULL", "", "", ""),
    shape("SELECT a", "::int", "", "", ""),
    shape("SELECT a", "[1]", "", "", ""),
    shape("SELECT a", ".a", "", "", ""),
    shape("SELECT a", " COLLATE x", "", "", ""),
    shape("SELECT a", " AT TIME ZONE 'x'", "", "", ""),
    shape("SELECT a", " LIKE b", "", "", ""),
    shape("SELECT a", " BETWEEN 1 AND 2", "", "", ""),
    shape("SELECT a", " IN (1)", "", "", ""),
    shape("SELECT ", "CASE WHEN ", "1", " THEN 1 END", ""),
    shape("SELECT ", "CASE ", "1", " WHEN 1 THEN 1 END", ""),
    shape("SELECT ", "INTERVAL ", "'1' day", "", ""),
    shape("SELECT ", "PRIOR ", "a", "", ""),
    shape("SELECT ", "DISTINCT ", "a", "", ""),
    shape("SELECT ", "EXISTS(SELECT ", "1", ")", ""),
    shape("SELECT 1", " UNION SELECT 1", "", "", ""),
    shape("SELECT 1", " UNION ALL (SELECT 1", "", ")", ""),
    shape("SELECT 1", " EXCEPT SELECT 1", "", "", ""),
    shape("SELECT * FROM a", " JOIN a ON true", "", "", ""),
    shape("SELECT * FROM a", " JOIN a", "", " ON true", ""),
    shape("SELECT * FROM a", " JOIN a", "", "", ""),
    shape("SELECT * FROM a", " NATURAL JOIN a", "", "", ""),
    shape("SELECT * FROM a", " CROSS JOIN a", "", "", ""),
    shape("SELECT * FROM a", ", a", "", "", ""),
    shape("SELECT * FROM a", ", LATERAL a", "", "", ""),
    shape("SELECT * FROM ", "LATERAL ", "a", "", ""),
    shape("SELECT * FROM a", " PIVOT(x FOR y IN (1))", "", "", ""),
    shape("SELECT * FROM a", " UNPIVOT(x FOR y IN (z))", "", "", ""),
    shape("SELECT 1", ",1", "", "", ""),
    shape("SELECT 1 IN (1", ",1", ")", "", ""),
    shape("INSERT INTO t VALUES (1)", ",(1)", "", "", ""),
    shape("", "EXPLAIN ", "SELECT 1", "", ""),
    shape("", "DESCRIBE ", "SELECT 1", "", ""),
    shape("", "PREPARE a AS ", "SELECT 1", "", ""),
    shape("", "WITH a AS (", "SELECT 1", ") SELECT 1", ""),
    shape("WITH a AS (SELECT 1)", ", a AS (SELECT 1)", " SELECT 1", "", ""),
    shape("", "BEGIN ", "SELECT 1;", "END;", ""),
    shape("", "IF 1=1 THEN ", "SELECT 1;", " END IF;", ""),
    shape("", "IF 1=1 ", "SELECT 1", "", ""),
    shape("", "WHILE 1=1 ", "SELECT 1", "", ""),
    shape("", "CASE WHEN 1 THEN ", "SELECT 1;", " END CASE;", ""),
    shape("", "SELECT 1;", "", "", ""),
    shape("", ";", "", "", ""),
    shape("CREATE TABLE t (a ", "ARRAY<", "int", ">", ")"),
    shape("CREATE TABLE t (a ", "STRUCT<a ", "int", ">", ")"),
    shape("CREATE TABLE t (a ", "Nullable(", "int", ")", ")"),
    shape("CREATE TABLE t (a ", "MAP<int, ", "int", ">", ")"),
    shape("CREATE TABLE t (a int", "[]", "", "", ")"),
    shape("CREATE TABLE t (a int", " NOT NULL", "", "", ")"),
    shape("SELECT CAST(a AS ", "ARRAY<", "int", ">", ")"),
    shape("SELECT a::", "ARRAY<", "int", ">", ""),
    shape("SELECT ", "STRUCT<a ", "int", ">(1)", ""),
    shape("SELECT ", "x -> ", "1", "", ""),
    shape("SELECT ", "(x) -> ", "1", "", ""),
    shape("SELECT f(", "a => ", "1", "", ")"),
    shape("SELECT f(", "x -> ", "1", "", ")"),
    shape("SELECT a", ":b", "", "", ""),
    shape("SELECT '", "''", "", "", "'"),
    shape("SELECT ", "'a' ", "", "", ""),
    shape("SELECT ", "/*", "", "*/", "1"),
    shape("SELECT 1 ", "/**/", "", "", ""),
    shape("SELECT 1 ", "--\n", "", "", ""),
    shape("SELECT ", "$", "", "", ""),
    shape("SELECT ", "$a$", "", "", ""),
    shape("SELECT ", "\"a\".", "a", "", ""),
    shape("SELECT * FROM t MATCH_RECOGNIZE (PATTERN (", "(", "a", ")", ") DEFINE a AS true)"),
    shape("SELECT a OVER (", "ORDER BY (", "1", ")", ")"),
    shape("SELECT * FROM a", " |> WHERE a", "", "", ""),
    shape("GRANT ", "a, ", "a TO b", "", ""),
    shape("SET ", "a = ", "1", "", ""),
    shape("SET a = ", "(", "1", ")", ""),
    shape("UPDATE a SET b = 1 WHERE ", "NOT (", "1", ")", ""),
    shape("DELETE FROM a WHERE ", "(b = 1 OR ", "1", ")", ""),
    shape("SELECT ", "a IN (SELECT a FROM b WHERE ", "1", ")", ""),
    shape("SELECT ", "ROW(", "1", ")", ""),
    shape("SELECT ", "a BETWEEN a AND ", "1", "", ""),
    shape("SELECT ", "1 IN (", "1", ")", ""),
    shape("SELECT * FROM ", "f(TABLE(", "a", "))", ""),
    shape("SELECT * FROM ", "TABLE(", "a", ")", ""),
    shape("SELECT ", "EXTRACT(day FROM ", "a", ")", ""),
    shape("SELECT ", "TRIM(BOTH FROM ", "a", ")", ""),
    shape("SELECT ", "{a: ", "1", "}", ""),
    shape("CREATE VIEW a AS ", "SELECT * FROM (", "SELECT 1", ")", ""),
    shape("CREATE FUNCTION f() RETURNS ", "TABLE(a ", "int", ")", ""),
    shape("MERGE INTO t USING s ON ", "(", "true", ")", " WHEN MATCHED THEN DELETE"),
    shape("SELECT ", "CONNECT_BY_ROOT ", "a", "", ""),
    shape("SELECT ", "INTERVAL (", "1", ") day", ""),
    shape("SELECT a ", "OPERATOR(x.+) ", "a", "", ""),
    shape("COPY (", "(", "SELECT 1", ")", ") TO STDOUT"),
];

impl Shape {
    /// As many repetitions as fit.
    fn text(&self, bytes: usize) -> String {
        let fixed = self.before.len() + self.middle.len() + self.end.len();
        let count = (bytes - fixed) / (self.again.len() + self.after.len());
        self.repeat(count)
    }

    fn repeat(&self, count: usize) -> String {
        let Self { before, again, middle, after, end } = self;
        format!("{before}{}{middle}{}{end}", again.repeat(count), after.repeat(count))
    }
}

/// Dialects whose grammars differ most; every one is tried with the nested shapes.
const LONG: [Dialect; 3] = [Dialect::Postgres, Dialect::Mssql, Dialect::Snowflake];

fn dialects() -> impl Iterator<Item = Option<Dialect>> {
    Dialect::ALL.into_iter().map(Some)
}

/// Seconds of work that one text may cost, unoptimised. Parsers that go back and forth take years.
const SECONDS_MAX: f64 = 10.0;

fn timed(text: &str, dialect: Option<Dialect>) -> Facts {
    let start = Moment::now();
    let facts = classify(text, dialect);
    let seconds = start.elapsed().as_secs_f64();
    assert!(seconds < SECONDS_MAX, "{seconds} s for {dialect:?}: {}...", &text[..text.len().min(80)]);
    facts
}

#[test]
fn no_shape_overflows_the_stack_or_takes_long() {
    on_large_stack(|| {
        for shape in SHAPES {
            let text = shape.text(TEXT_BYTES_MAX);
            for dialect in LONG {
                timed(&text, Some(dialect));
            }
        }
    });
}

#[test]
fn shapes_that_are_nested_as_deep_as_allowed_do_not_take_long() {
    on_large_stack(|| {
        for shape in SHAPES {
            for count in [8, 16, 24, 32, 47, 48] {
                let text = shape.repeat(count);
                for dialect in dialects() {
                    timed(&text, dialect);
                }
            }
        }
    });
}

#[test]
fn a_megabyte_of_parentheses_is_answered_at_once() {
    let classifier = Classifier::new(1).unwrap();
    let start = Instant::now();
    for text in ["(".repeat(1 << 20), format!("SELECT {}1", "(".repeat(1 << 20))] {
        for dialect in dialects().chain([None]) {
            assert_eq!(classifier.sql(&text, dialect).class, Class::Unknown);
        }
    }
    assert!(start.elapsed().as_secs_f64() < SECONDS_MAX);
}
