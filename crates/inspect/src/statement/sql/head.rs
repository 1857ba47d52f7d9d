//! Statements that their first words give away although the parser does not know them.
//!
//! Only for a single statement, and (`INTO OUTFILE` aside, which is seen anywhere) never for a query: what a query does
//! stands in its middle.

use sqlparser::tokenizer::{Token, Word};

use crate::statement::Dialect;

use super::fact::{Class, Facts, Flag};
use super::grammar::Tokens;
use super::{function, setting};

/// What the words of a statement gave away.
#[derive(Debug, Clone)]
pub(super) struct Guess {
    class: Class,
    flag: Option<Flag>,
    write: Option<String>,
    functions: Vec<(Class, String)>,
}

/// How a statement begins, and what it then is.
struct Head {
    dialects: &'static [Dialect],
    words: &'static [&'static str],
    class: Class,
    flag: Option<Flag>,
}

const PG: &[Dialect] = &[Dialect::Postgres];
const MY: &[Dialect] = &[Dialect::Mysql];
const MS: &[Dialect] = &[Dialect::Mssql];
const CH: &[Dialect] = &[Dialect::Clickhouse];
const SNOW: &[Dialect] = &[Dialect::Snowflake];
const ANY: &[Dialect] = &Dialect::ALL;

const fn head(dialects: &'static [Dialect], words: &'static [&'static str], class: Class) -> Head {
    Head { dialects, words, class, flag: None }
}

const HEADS: &[Head] = &[
    Head { dialects: PG, words: &["do"], class: Class::Exec, flag: Some(Flag::DynamicSql) },
    head(PG, &["reindex"], Class::Ddl),
    head(PG, &["cluster"], Class::Ddl),
    head(PG, &["vacuum"], Class::Ddl),
    head(PG, &["checkpoint"], Class::Privilege),
    head(PG, &["load"], Class::Exec),
    head(PG, &["alter", "system"], Class::Privilege),
    head(PG, &["alter", "database"], Class::Privilege),
    head(PG, &["reassign"], Class::Privilege),
    head(PG, &["security"], Class::Privilege),
    head(PG, &["create", "language"], Class::Exec),
    head(PG, &["create", "event", "trigger"], Class::Exec),
    head(PG, &["create", "subscription"], Class::Export),
    head(PG, &["create", "publication"], Class::Export),
    head(PG, &["import", "foreign"], Class::Export),
    head(MY, &["create", "event"], Class::Exec),
    head(MY, &["handler"], Class::Session),
    head(MY, &["install"], Class::Exec),
    head(MY, &["uninstall"], Class::Exec),
    head(MY, &["load"], Class::Export),
    head(MY, &["shutdown"], Class::Privilege),
    head(MY, &["reset"], Class::Privilege),
    head(MY, &["change"], Class::Privilege),
    head(MY, &["purge"], Class::Privilege),
    head(MY, &["stop"], Class::Privilege),
    head(MY, &["optimize"], Class::Ddl),
    head(MY, &["repair"], Class::Ddl),
    head(MY, &["show"], Class::Read),
    head(MS, &["exec"], Class::Exec),
    head(MS, &["execute"], Class::Exec),
    head(MS, &["bulk", "insert"], Class::Export),
    head(MS, &["create", "procedure"], Class::Exec),
    head(MS, &["create", "function"], Class::Exec),
    head(MS, &["create", "trigger"], Class::Exec),
    head(MS, &["create", "assembly"], Class::Exec),
    head(MS, &["alter", "procedure"], Class::Exec),
    head(MS, &["alter", "function"], Class::Exec),
    head(MS, &["alter", "trigger"], Class::Exec),
    head(MS, &["backup"], Class::Export),
    head(MS, &["restore"], Class::Exec),
    head(MS, &["dbcc"], Class::Exec),
    head(MS, &["shutdown"], Class::Exec),
    head(MS, &["reconfigure"], Class::Exec),
    head(CH, &["system"], Class::Privilege),
    head(CH, &["kill"], Class::Privilege),
    head(CH, &["exists"], Class::Read),
    head(CH, &["show"], Class::Read),
    head(CH, &["attach"], Class::Export),
    head(CH, &["detach"], Class::DdlDestructive),
    head(CH, &["backup"], Class::Export),
    head(CH, &["restore"], Class::Export),
    head(CH, &["create", "dictionary"], Class::Export),
    head(SNOW, &["get"], Class::Export),
    head(SNOW, &["put"], Class::Export),
    head(SNOW, &["execute"], Class::Exec),
    head(SNOW, &["undrop"], Class::Ddl),
    head(SNOW, &["show"], Class::Read),
    head(SNOW, &["create", "task"], Class::Exec),
    head(SNOW, &["create", "pipe"], Class::Export),
    head(SNOW, &["create", "integration"], Class::Privilege),
    head(ANY, &["grant"], Class::Privilege),
    head(ANY, &["revoke"], Class::Privilege),
    head(ANY, &["deny"], Class::Privilege),
    head(ANY, &["create", "user"], Class::Privilege),
    head(ANY, &["create", "role"], Class::Privilege),
    head(ANY, &["create", "login"], Class::Privilege),
    head(ANY, &["alter", "user"], Class::Privilege),
    head(ANY, &["alter", "role"], Class::Privilege),
    head(ANY, &["alter", "login"], Class::Privilege),
    head(ANY, &["drop", "user"], Class::Privilege),
    head(ANY, &["drop", "role"], Class::Privilege),
    head(ANY, &["drop", "login"], Class::Privilege),
    head(ANY, &["drop", "policy"], Class::Privilege),
    head(ANY, &["drop"], Class::DdlDestructive),
    head(ANY, &["truncate"], Class::DdlDestructive),
    head(ANY, &["call"], Class::Exec),
];

/// What the words of one statement give away.
pub(super) fn recognize(piece: &Tokens, dialect: Dialect) -> Option<Guess> {
    let words: Vec<&Token> = piece.words().collect();
    if dialect == Dialect::Sqlite
        && let Some(guess) = pragma(&words)
    {
        return Some(guess);
    }
    let found = HEADS.iter().find(|head| head.dialects.contains(&dialect) && begins(&words, head.words));
    // T-SQL needs no separator: a second statement word may be a second statement.
    let alone = |head: &&Head| {
        dialect != Dialect::Mssql || head.class == Class::Exec || starts(&words[head.words.len()..]) == 0
    };
    if let Some(head) = found.filter(alone) {
        return Some(Guess {
            class: head.class,
            flag: head.flag,
            write: None,
            functions: calls(&words, dialect),
        });
    }
    outfile(&words, dialect)
}

/// Notes a guess.
pub(super) fn apply(guess: Guess, facts: &mut Facts) {
    facts.add(guess.class);
    facts.flags.extend(guess.flag);
    if let Some(target) = guess.write {
        facts.write(target);
    }
    for (class, called) in guess.functions {
        facts.add(class);
        facts.flags.insert(Flag::DangerousFunction);
        facts.call(called);
    }
}

/// `PRAGMA [schema.]name [= value | (value)]`, whose value may be a bare word.
fn pragma(words: &[&Token]) -> Option<Guess> {
    let (first, rest) = words.split_first()?;
    let rest = match rest {
        [Token::Word(_), Token::Period, rest @ ..] => rest,
        rest => rest,
    };
    let ([Token::Word(named)], value) = rest.split_at_checked(1)? else { return None };
    let simple = matches!(
        value,
        [] | [Token::Eq, _] | [Token::Eq, Token::Minus, _] | [Token::LParen, _, Token::RParen]
    );
    (is(first, "pragma") && simple).then(|| {
        let class = setting::pragma(&named.value.to_ascii_lowercase(), !value.is_empty());
        let flag = (class == Class::Privilege).then_some(Flag::GuardSetting);
        Guess { class, flag, write: None, functions: Vec::new() }
    })
}

/// `SELECT ... INTO OUTFILE 'x'`, in MySQL and ClickHouse.
fn outfile(words: &[&Token], dialect: Dialect) -> Option<Guess> {
    let query = matches!(dialect, Dialect::Mysql | Dialect::Clickhouse) && is(words.first()?, "select");
    let into = |pair: &[&Token]| is(pair[0], "into") && (is(pair[1], "outfile") || is(pair[1], "dumpfile"));
    (query && words.windows(2).any(into)).then(|| Guess {
        class: Class::Export,
        flag: Some(Flag::FileAccess),
        write: None,
        functions: calls(words, dialect),
    })
}

/// Dangerous functions that are called anywhere in it.
fn calls(words: &[&Token], dialect: Dialect) -> Vec<(Class, String)> {
    let mut found = Vec::new();
    for pair in words.windows(2) {
        if let [Token::Word(word), Token::LParen] = pair {
            let called = word.value.to_lowercase();
            found.extend(function::danger(&called, dialect).map(|class| (class, called)));
        }
    }
    found
}

/// How many words could begin a statement of T-SQL.
fn starts(words: &[&Token]) -> usize {
    const STARTS: [&str; 25] = [
        "alter",
        "backup",
        "bulk",
        "create",
        "dbcc",
        "declare",
        "delete",
        "deny",
        "drop",
        "exec",
        "execute",
        "grant",
        "insert",
        "kill",
        "merge",
        "reconfigure",
        "restore",
        "revoke",
        "select",
        "shutdown",
        "truncate",
        "update",
        "use",
        "waitfor",
        "while",
    ];
    words.iter().filter(|token| STARTS.iter().any(|start| is(token, start))).count()
}

fn begins(words: &[&Token], head: &[&str]) -> bool {
    words.len() > head.len().saturating_sub(1) && words.iter().zip(head).all(|(token, word)| is(token, word))
}

pub(super) fn is(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(Word { value, quote_style: None, .. }) if value.eq_ignore_ascii_case(word))
}
