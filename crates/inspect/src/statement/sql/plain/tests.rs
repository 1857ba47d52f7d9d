//! What is read here is read as every parser reads it: asked about sentences of the grammar, about every word that is taken
//! for a name, and about the cases of the table.

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy as _, any, prop_oneof};
use proptest::prop_assert_eq;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use sqlparser::keywords::ALL_KEYWORDS;

use super::super::parse;
use super::word::{FUNCTIONS, GIVEN, SOFT};
use super::{folded, read};
use crate::statement::Dialect;
use crate::statement::limits::STACK_BYTES;

/// Parsers recurse.
fn on_large_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap().join().unwrap();
}

/// Asks every parser about a text; whether it is plain at all.
fn agree(text: &str) -> Result<bool, String> {
    let Some(plain) = read(text) else { return Ok(false) };
    let vendors = Dialect::ALL.into_iter().filter(|dialect| *dialect != Dialect::Generic);
    for dialect in vendors.map(Some).chain([None]) {
        let (here, there) = (plain.facts(dialect), parse(text, dialect));
        if here.as_ref().is_some_and(|here| *here != there) {
            return Err(format!("{text}\n{dialect:?}\nhere  {here:?}\nthere {there:?}"));
        }
    }
    Ok(true)
}

/// Every place of the grammar in which a name may stand.
const NAMED: [&str; 21] = [
    "SELECT @ FROM t",
    "SELECT a, @ FROM t",
    "SELECT t.@ FROM t",
    "SELECT a AS @ FROM t",
    "SELECT @.a FROM @",
    "SELECT @.* FROM @",
    "SELECT a FROM s.@",
    "SELECT a FROM @.t u",
    "SELECT a FROM @ WHERE @ = 'x' AND b > 5",
    "SELECT a FROM t WHERE @ IN (1, 2) OR @ LIKE 'a%' OR @ BETWEEN 1 AND 2",
    "SELECT a FROM t WHERE 5 < @ AND @ IS NULL AND NOT @",
    "SELECT @ - 1, @ + @ * @, -1 FROM t",
    "SELECT f(@), count(DISTINCT @), (@) FROM t JOIN @ ON t.a = @.a",
    "SELECT sum(a) OVER (PARTITION BY @ ORDER BY @ DESC) FROM @",
    "SELECT @ FROM t GROUP BY @ HAVING @ > 1 ORDER BY @, a DESC LIMIT 5 OFFSET 1",
    "SELECT CASE @ WHEN 1 THEN @ ELSE @ END FROM t",
    "WITH @ AS (SELECT a FROM @x) SELECT a FROM @",
    "INSERT INTO @ (@, a) VALUES ('x', @)",
    "INSERT INTO t (a, @) VALUES (1, 2), (3, 4)",
    "UPDATE @ SET @ = @, a = 1 WHERE @ = 1",
    "DELETE FROM @ WHERE @ = 'x'",
];

#[test]
fn words_taken_for_names_are_names_to_every_parser() {
    on_large_stack(|| {
        let mut wrong: Vec<String> = Vec::new();
        let mut plain = 0;
        for word in SOFT.split(' ').chain(["users", "created_at", "x"]) {
            for place in NAMED {
                match agree(&place.replace('@', word)) {
                    Ok(is) => plain += usize::from(is),
                    Err(text) => wrong.push(text),
                }
            }
        }
        assert!(wrong.is_empty(), "{} of {plain}\n{}", wrong.len(), wrong.join("\n"));
        assert!(plain > SOFT.split(' ').count() * NAMED.len() / 2, "{plain}");
    });
}

#[test]
fn words_taken_for_functions_are_functions_to_every_parser() {
    on_large_stack(|| {
        let mut wrong: Vec<String> = Vec::new();
        for word in FUNCTIONS.split(' ').chain(GIVEN.split(' ')).chain([
            "date_trunc",
            "now",
            "pg_sleep",
            "md5",
            "rand",
            "no_such",
        ]) {
            for arguments in
                ["()", "(*)", "(a)", "(a, 1)", "(DISTINCT a)", "('x', f(b), 3)", "(a) OVER (ORDER BY b)"]
            {
                for place in [
                    "SELECT @ FROM t",
                    "SELECT a FROM t WHERE a = @ AND @ > 5",
                    "UPDATE t SET a = @ WHERE b = 1",
                ] {
                    let text = place.replace('@', &format!("{word}{arguments}"));
                    wrong.extend(agree(&text).err());
                }
            }
        }
        assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    });
}

#[test]
fn keywords_that_are_not_known_are_never_names() {
    for keyword in ALL_KEYWORDS.iter().chain(&["isnull", "xmltable", "print", "dump"]) {
        let known =
            SOFT.split(' ').chain(["true", "false", "null"]).any(|soft| soft.eq_ignore_ascii_case(keyword));
        assert_eq!(read(&format!("SELECT a, {keyword} FROM t")).is_some(), known, "{keyword}");
    }
}

#[test]
fn texts_that_some_dialect_reads_in_its_own_way_are_not_plain() {
    for text in [
        "SELECT 'a\\'' FROM t",
        "SELECT 'a''b' FROM t",
        "SELECT \"a\" FROM t",
        "SELECT `a` FROM t",
        "SELECT [a] FROM t",
        "SELECT a FROM t # x",
        "SELECT a FROM t -- x",
        "SELECT a /* x */ FROM t",
        "SELECT a--1 FROM t",
        "SELECT $1 FROM t",
        "SELECT E'a' FROM t",
        "SELECT _utf8'a' FROM t",
        "SELECT 1a FROM t",
        "SELECT a.1 FROM t",
        "SELECT a . b FROM t",
        "SELECT a.b.c FROM t",
        "SELECT ?",
        "SELECT a || b FROM t",
        "SELECT a FROM t WHERE 1 = 1",
        "SELECT a FROM t WHERE a = a",
        "SELECT a FROM t WHERE id > 0",
        "SELECT a FROM t WHERE a = 1 OR a <> 1",
        "SELECT a FROM t WHERE a LIKE '%'",
        "SELECT a FROM t WHERE now() > 5",
        "SELECT a FROM t WHERE length(a) >= 0",
        "DELETE FROM t",
        "UPDATE t SET a = 1",
        "UPDATE t SET a = a IN (SELECT b FROM u WHERE c = 1)",
        "DELETE FROM a WHERE a NOT BETWEEN 0 AND 1 OR NOT a = 0 AND (a = 0)",
        "UPDATE t SET a = EXISTS (SELECT b FROM u WHERE c = 1) WHERE 1 = 1",
        "SELECT 1; SELECT 2",
        "DROP TABLE t",
        "SELECT a INTO b FROM t",
        "SELECT a FROM t FOR UPDATE",
        "SELECT t.pg_read_file FROM t",
        "WITH x AS (SELECT a FROM t) SELECT a FROM X",
        "SELECT a FROM t WHERE é = 1",
        "",
    ] {
        assert!(read(text).is_none(), "{text}");
    }
}

fn names() -> BoxedStrategy<String> {
    const NAMES: &[&str] =
        &["a", "b", "c", "Users", "orders", "u", "o", "created_at", "id", "name", "status", "ID", "_x1"];
    select(NAMES).prop_map(str::to_owned).boxed()
}

fn literals() -> BoxedStrategy<String> {
    select(
        &[
            "0",
            "1",
            "42",
            "1.5",
            "-1",
            "'x'",
            "''",
            "'%'",
            "'a%'",
            "'drop table t; --'",
            "NULL",
            "true",
            "interval '1 day'",
            "INTERVAL '7' hour",
            "INTERVAL 7 DAY",
        ][..],
    )
    .prop_map(str::to_owned)
    .boxed()
}

fn expressions() -> BoxedStrategy<String> {
    const SIGNS: &[&str] =
        &["=", "<>", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "AND", "OR", "LIKE"];
    let joined = (names(), names()).prop_map(|(a, b)| format!("{a}.{b}"));
    let leaf = prop_oneof![3 => names(), 1 => joined, 3 => literals()];
    let functions = [
        "count",
        "sum",
        "lower",
        "length",
        "now",
        "date_trunc",
        "coalesce",
        "Rand",
        "pg_sleep",
        "nope",
        "lag",
    ];
    leaf.prop_recursive(3, 24, 3, move |inner| {
        let sign = select(SIGNS);
        let call = (select(functions.to_vec()), vec(inner.clone(), 0..3), select(&["", "DISTINCT "][..]));
        prop_oneof![
            4 => (inner.clone(), sign, inner.clone()).prop_map(|(a, sign, b)| format!("{a} {sign} {b}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("nullif({a}, {b})")),
            2 => call.prop_map(|(name, list, distinct)| {
                format!("{name}({}{})", if list.is_empty() { "" } else { distinct }, list.join(", "))
            }),
            1 => inner.clone().prop_map(|a| format!("({a})")),
            1 => inner.clone().prop_map(|a| format!("NOT {a}")),
            1 => inner.clone().prop_map(|a| format!("{a} IS NULL")),
            1 => inner.clone().prop_map(|a| format!("{a} IS NOT NULL")),
            1 => (inner.clone(), vec(inner.clone(), 1..3), select(&["", "NOT "][..]))
                .prop_map(|(a, list, not)| format!("{a} {not}IN ({})", list.join(", "))),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("{a} BETWEEN {b} AND {c}")),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("CASE WHEN {a} THEN {b} ELSE {c} END")),
            1 => (names(), inner.clone()).prop_map(|(a, b)| format!("EXISTS (SELECT 1 FROM {a} WHERE {b})")),
            1 => (names(), names(), inner.clone())
                .prop_map(|(a, b, c)| format!("{a} IN (SELECT {b} FROM t2 WHERE {c})")),
            1 => (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("sum({a}) OVER (PARTITION BY {b} ORDER BY {a})")),
        ]
    })
    .boxed()
}

/// Conditions, most of which restrict.
fn conditions() -> BoxedStrategy<String> {
    const ENDS: &[&str] = &["IS NULL", "IS NOT NULL", "LIKE 'a%'", "NOT LIKE '%'", "LIKE '%%'", ""];
    let sign = select(&["=", "<>", "!=", "<", ">", "<=", ">="][..]);
    let joined = (names(), names()).prop_map(|(a, b)| format!("{a}.{b}"));
    let column = prop_oneof![names(), joined].boxed();
    let leaf = prop_oneof![
        4 => (column.clone(), sign.clone(), literals()).prop_map(|(a, sign, b)| format!("{a} {sign} {b}")),
        1 => (literals(), sign.clone(), column.clone()).prop_map(|(a, sign, b)| format!("{a} {sign} {b}")),
        2 => (column.clone(), sign.clone(), column.clone()).prop_map(|(a, sign, b)| format!("{a} {sign} {b}")),
        1 => (column.clone(), sign, literals()).prop_map(|(a, sign, b)| format!("length({a}) {sign} {b}")),
        1 => (column.clone(), select(ENDS)).prop_map(|(a, is)| format!("{a} {is}")),
        1 => (column.clone(), vec(literals(), 1..4))
            .prop_map(|(a, list)| format!("{a} IN ({})", list.join(", "))),
        1 => (column.clone(), literals(), literals())
            .prop_map(|(a, b, c)| format!("{a} NOT BETWEEN {b} AND {c}")),
        1 => (names(), column).prop_map(|(a, b)| format!("EXISTS (SELECT 1 FROM {a} WHERE {b} = 'x')")),
        1 => expressions(),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} AND {b}")),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} OR {b}")),
            1 => inner.clone().prop_map(|a| format!("({a})")),
            1 => inner.prop_map(|a| format!("NOT {a}")),
        ]
    })
    .boxed()
}

fn queries() -> BoxedStrategy<String> {
    let some = |part: BoxedStrategy<String>| prop_oneof![Just(String::new()), part].boxed();
    let named = (expressions(), names()).prop_map(|(a, b)| format!("{a} AS {b}"));
    let items = vec(prop_oneof![3 => expressions(), 1 => Just("*".to_owned()), 1 => named], 1..3);
    let join = (
        select(&["JOIN", "INNER JOIN", "LEFT JOIN", "LEFT OUTER JOIN", "RIGHT JOIN", "FULL JOIN"][..]),
        names(),
        names(),
        expressions(),
    )
        .prop_map(|(join, table, alias, on)| format!(" {join} {table} {alias} ON {on}"));
    let more = prop_oneof![
        join,
        names().prop_map(|name| format!(", {name}")),
        names().prop_map(|name| format!(" CROSS JOIN {name}"))
    ]
    .boxed();
    let joined = (names(), names()).prop_map(|(a, b)| format!("{a}.{b}"));
    let query = (names(), names()).prop_map(|(a, b)| format!("(SELECT {a} FROM {b}) d"));
    let table = prop_oneof![4 => names(), 1 => joined, 1 => query];
    let condition = some(conditions().prop_map(|a| format!(" WHERE {a}")).boxed());
    let group = some(
        (expressions(), some(expressions().prop_map(|a| format!(" HAVING {a}")).boxed()))
            .prop_map(|(a, b)| format!(" GROUP BY {a}{b}"))
            .boxed(),
    );
    let order = some(
        (expressions(), select(&["", " ASC", " DESC"][..]))
            .prop_map(|(a, b)| format!(" ORDER BY {a}{b}"))
            .boxed(),
    );
    let limit =
        some(select(&[" LIMIT 5", " LIMIT 0", " LIMIT 10 OFFSET 3"][..]).prop_map(str::to_owned).boxed());
    (select(&["", "DISTINCT "][..]), items, table, some(more), condition, group, order, limit)
        .prop_map(|(distinct, items, table, more, condition, group, order, limit)| {
            format!(
                "SELECT {distinct}{} FROM {table}{more}{condition}{group}{order}{limit}",
                items.join(", ")
            )
        })
        .boxed()
}

fn statements() -> BoxedStrategy<String> {
    let with = (names(), queries(), queries()).prop_map(|(name, a, b)| format!("WITH {name} AS ({a}) {b}"));
    let update =
        (names(), names(), expressions(), conditions()).prop_map(|(table, column, value, condition)| {
            format!("UPDATE {table} SET {column} = {value} WHERE {condition}")
        });
    let delete = (names(), conditions())
        .prop_map(|(table, condition)| format!("DELETE FROM {table} WHERE {condition}"));
    let insert = (names(), vec(expressions(), 1..3))
        .prop_map(|(table, values)| format!("INSERT INTO {table} (a, b) VALUES ({})", values.join(", ")));
    prop_oneof![5 => queries(), 1 => with, 2 => update, 1 => delete, 1 => insert].boxed()
}

/// Asks all parsers about texts of a strategy, of which at least so many must be plain.
fn hold(texts: &BoxedStrategy<String>, cases: u32, least: u32) {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) });
    let plain = std::cell::Cell::new(0);
    let outcome = runner.run(texts, |text| {
        let agreed = agree(&text);
        prop_assert_eq!(agreed.as_ref().err(), None, "{}", agreed.as_ref().err().map_or("", String::as_str));
        plain.set(plain.get() + u32::from(agreed == Ok(true)));
        Ok(())
    });
    outcome.unwrap();
    assert!(plain.get() >= least, "{} of them are plain", plain.get());
}

#[test]
fn sentences_of_the_grammar_are_read_as_every_parser_reads_them() {
    on_large_stack(|| hold(&statements(), 1_500, 150));
}

#[test]
fn sentences_with_words_left_out_doubled_or_exchanged_are_read_as_every_parser_reads_them() {
    on_large_stack(|| {
        let changes = vec((0..3_u8, any::<Index>(), any::<Index>()), 1..4);
        let changed = (statements(), statements(), changes).prop_map(|(text, other, changes)| {
            let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            let others: Vec<&str> = other.split(' ').collect();
            for (change, at, from) in changes {
                let at = at.index(words.len());
                match change {
                    0 => drop(words.remove(at)),
                    1 => words.insert(at, (*from.get(&others)).to_owned()),
                    _ => words[at] = (*from.get(&others)).to_owned(),
                }
                if words.is_empty() {
                    words.push("SELECT".to_owned());
                }
            }
            words.join(" ")
        });
        hold(&changed.boxed(), 2_000, 5);
    });
}

#[test]
fn statements_of_the_table_are_read_as_every_parser_reads_them() {
    on_large_stack(|| {
        let plain = include_str!("../../../../tests/statement/sql.tsv")
            .lines()
            .filter_map(|line| line.split('\t').nth(3))
            .filter(|text| agree(text).unwrap())
            .count();
        assert!(plain > 50, "{plain}");
    });
}

#[test]
fn names_are_folded_as_those_of_parsed_texts_are() {
    use super::super::name;
    for dialect in Dialect::ALL {
        let word = sqlparser::ast::Ident::new("UserNames");
        assert_eq!(folded("UserNames", dialect), name::fold(&word, dialect), "{dialect}");
    }
}
