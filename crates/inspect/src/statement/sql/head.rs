//! Statements that their first words give away although the parser does not know them.
//!
//! Only for a single statement, and (`INTO OUTFILE` aside, which is seen anywhere) never for a query: what a query does
//! stands in its middle.

use sqlparser::tokenizer::{Token, Word};

use crate::statement::Dialect;

use super::fact::{Class, Facts, Flag};
use super::grammar::Tokens;
use super::lexical::RISKY;
use super::{definition, function, setting};

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
const LITE: &[Dialect] = &[Dialect::Sqlite];
const BQ: &[Dialect] = &[Dialect::Bigquery];
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
    head(MY, &["set", "persist"], Class::Privilege),
    head(MY, &["set", "persist_only"], Class::Privilege),
    head(MY, &["set", "password"], Class::Privilege),
    head(MY, &["set", "default", "role"], Class::Privilege),
    head(MY, &["rename", "user"], Class::Privilege),
    head(MY, &["create", "function"], Class::Exec),
    head(MY, &["create", "aggregate", "function"], Class::Exec),
    head(MY, &["create", "procedure"], Class::Exec),
    head(MY, &["create", "trigger"], Class::Exec),
    head(MY, &["alter", "event"], Class::Exec),
    Head { dialects: MY, words: &["prepare"], class: Class::Exec, flag: Some(Flag::DynamicSql) },
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
    head(MS, &["alter", "server"], Class::Privilege),
    head(MS, &["alter", "authorization"], Class::Privilege),
    head(MS, &["backup"], Class::Export),
    head(MS, &["restore"], Class::Exec),
    head(MS, &["dbcc"], Class::Exec),
    head(MS, &["shutdown"], Class::Exec),
    head(MS, &["reconfigure"], Class::Exec),
    Head { dialects: LITE, words: &["vacuum"], class: Class::Export, flag: Some(Flag::FileAccess) },
    head(LITE, &["create", "trigger"], Class::Exec),
    head(BQ, &["create", "row", "access", "policy"], Class::Privilege),
    head(BQ, &["load"], Class::Export),
    head(BQ, &["create", "procedure"], Class::Exec),
    head(CH, &["create", "row", "policy"], Class::Privilege),
    head(CH, &["create", "policy"], Class::Privilege),
    head(CH, &["create", "quota"], Class::Privilege),
    head(CH, &["create", "settings", "profile"], Class::Privilege),
    head(CH, &["exchange"], Class::DdlDestructive),
    head(CH, &["system"], Class::Privilege),
    head(CH, &["kill"], Class::Privilege),
    head(CH, &["exists"], Class::Read),
    head(CH, &["show"], Class::Read),
    head(CH, &["attach"], Class::Export),
    head(CH, &["detach"], Class::DdlDestructive),
    head(CH, &["backup"], Class::Export),
    head(CH, &["restore"], Class::Export),
    head(CH, &["create", "dictionary"], Class::Export),
    head(SNOW, &["create", "masking", "policy"], Class::Privilege),
    head(SNOW, &["create", "network", "policy"], Class::Privilege),
    head(SNOW, &["create", "row", "access", "policy"], Class::Privilege),
    head(SNOW, &["create", "session", "policy"], Class::Privilege),
    head(SNOW, &["create", "password", "policy"], Class::Privilege),
    head(SNOW, &["create", "authentication", "policy"], Class::Privilege),
    head(SNOW, &["alter", "account"], Class::Privilege),
    head(SNOW, &["alter", "task"], Class::Exec),
    head(SNOW, &["create", "share"], Class::Export),
    head(SNOW, &["alter", "share"], Class::Export),
    head(SNOW, &["create", "storage", "integration"], Class::Export),
    head(SNOW, &["create", "notification", "integration"], Class::Export),
    head(SNOW, &["create", "api", "integration"], Class::Export),
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

/// A statement of which nothing but words and commas may follow its beginning, and how many of them.
const SHORT: &[(&[Dialect], &[&str], usize, Class)] = &[
    (MY, &["start", "transaction", "with", "consistent", "snapshot"], 0, Class::Session),
    (MY, &["set", "character", "set"], 1, Class::Session),
    (MY, &["checksum", "table"], 8, Class::Read),
    (MY, &["check", "table"], 8, Class::Read),
    (MY, &["help"], 1, Class::Read),
    (MY, &["explain", "for", "connection"], 1, Class::Read),
    (MY, &["desc"], 2, Class::Read),
    (MY, &["describe"], 2, Class::Read),
    (MS, &["begin", "tran"], 1, Class::Session),
    (MS, &["begin", "transaction"], 1, Class::Session),
    (MS, &["commit", "tran"], 1, Class::Session),
    (MS, &["rollback", "tran"], 1, Class::Session),
    (MS, &["save", "tran"], 1, Class::Session),
    (MS, &["save", "transaction"], 1, Class::Session),
    (MS, &["set", "statistics", "time"], 3, Class::Session),
    (MS, &["set", "statistics", "io"], 3, Class::Session),
    (LITE, &["detach"], 2, Class::Session),
    (LITE, &["reindex"], 3, Class::Ddl),
    (CH, &["check", "table"], 3, Class::Read),
    (SNOW, &["unset"], 1, Class::Session),
    (SNOW, &["desc"], 6, Class::Read),
    (SNOW, &["describe"], 6, Class::Read),
];

/// A short statement, without a bracket and without a word that could begin another.
fn short(words: &[&Token], dialect: Dialect) -> Option<Class> {
    let (_, head, most, class) = SHORT.iter().find(|(dialects, head, ..)| {
        dialects.contains(&dialect) && words.len() >= head.len() && begins(words, head)
    })?;
    let rest = &words[head.len()..];
    let harmless = |token: &&Token| match token {
        Token::Word(word) => {
            word.quote_style.is_some()
                || !RISKY.iter().any(|risky| word.value.eq_ignore_ascii_case(risky))
                    && !["select", "declare"].iter().any(|start| is(token, start))
        }
        token => {
            matches!(token, Token::Comma | Token::Period | Token::Number(..) | Token::SingleQuotedString(_))
        }
    };
    (rest.len() <= *most && rest.iter().all(harmless)).then_some(*class)
}

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
    let judged = short(&words, dialect).map(|class| (class, None));
    let judged = judged.or_else(|| definition::judge(&words, dialect).filter(|_| found.is_none()));
    if let Some((class, write)) = judged {
        return Some(Guess { class, flag: None, write, functions: calls(&words, dialect) });
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
