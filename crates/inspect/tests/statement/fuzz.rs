//! The body of the fuzz target `sql`, run over its corpus, the table of statements, and random changes of both.

#![expect(unreachable_pub, reason = "the body belongs to the fuzz crate, whose interface it is")]

#[path = "../../../../fuzz/src/sql.rs"]
mod body;

use std::fs;
use std::path::Path;

use inspect::statement::Dialect;
use proptest::prelude::any;
use proptest::prop_assert;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use crate::sql::cases;

/// Random changes. Some seconds, unoptimised.
const CHANGES: u32 = 3_000;

/// Words and signs that turn one statement into another.
const WORDS: [&str; 40] = [
    "'",
    "\"",
    "`",
    "$$",
    "$a$",
    "\\",
    "/*",
    "*/",
    "/*!",
    "--",
    "#",
    ";",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\n",
    ".",
    ",",
    " INTO ",
    " OUTFILE ",
    " FOR UPDATE",
    " END",
    " END;",
    "EXPLAIN ANALYZE ",
    "WITH a AS (",
    "DELETE FROM t ",
    " SELECT ",
    " WHERE 1=1",
    " UNION ALL ",
    " DROP TABLE t",
    "EXEC ",
    "@",
    ":",
    "::",
    "\u{200b}",
    "U&\"",
    "E'",
];

fn seeds() -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/sql");
    let corpus = fs::read_dir(corpus).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let table = cases().into_iter().map(|case| {
        let dialect = Dialect::ALL.iter().position(|dialect| Some(*dialect) == case.dialect).unwrap_or(7);
        let mut seed = vec![u8::try_from(dialect).unwrap()];
        seed.extend(case.text.bytes());
        seed
    });
    corpus.chain(table).collect()
}

#[test]
fn any_text_is_classified_without_a_panic_and_with_facts_that_agree() {
    let seeds = seeds();
    for seed in &seeds {
        body::run(seed);
    }
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(CHANGES) });
    let change = (any::<[Index; 5]>(), any::<u8>());
    runner
        .run(&change, |([first, second, cut, start, word], kind)| {
            let (first, second) = (first.get(&seeds), second.get(&seeds));
            let mut text = first[..=cut.index(first.len())].to_vec();
            match kind % 3 {
                0 => text.extend(&second[1 + start.index(second.len())..]),
                1 => {
                    text.extend(word.get(&WORDS).bytes());
                    text.extend(&first[1 + cut.index(first.len())..]);
                }
                _ => {
                    let at = start.index(text.len());
                    text[at] ^= 1 << (kind % 7);
                }
            }
            body::run(&text);
            prop_assert!(!text.is_empty());
            Ok(())
        })
        .unwrap();
}
