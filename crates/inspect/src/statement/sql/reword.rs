//! Statements that the parser does not know, in words that it does.
//!
//! Only for a statement that it could not read. Words may go or be replaced where they change nothing of what the
//! statement does, or make it look worse; all others stay, so that nothing is hidden.

use sqlparser::tokenizer::{Token, Word};

use crate::statement::Dialect;

use super::fact::{Class, Flag};
use super::grammar::Tokens;
use super::head::is;

/// A statement in other words, and what it is at least.
pub(super) struct Reworded {
    pub(super) tokens: Tokens,
    pub(super) class: Class,
    pub(super) flag: Option<Flag>,
}

/// The same statement in other words; `None` when there are none.
pub(super) fn reword(piece: &Tokens, dialect: Dialect) -> Option<Reworded> {
    let before: Vec<Token> = piece.words().cloned().collect();
    let mut words = before.clone();
    let (class, flag) = match dialect {
        Dialect::Mysql => mysql(&mut words),
        Dialect::Mssql => mssql(&mut words),
        Dialect::Clickhouse => clickhouse(&mut words),
        Dialect::Snowflake => {
            if begins(&words, &["explain", "using"]) && among(words.get(2), &["json", "tabular", "text"]) {
                words.drain(1..3);
            }
            (Class::Read, None)
        }
        Dialect::Sqlite => {
            materialized(&mut words);
            tested(&mut words);
            (Class::Read, None)
        }
        _ => (Class::Read, None),
    };
    (words != before).then(|| Reworded { tokens: piece.with(words), class, flag })
}

/// `x ISNULL` as `x IS NULL`.
fn tested(words: &mut Vec<Token>) {
    while let Some(at) = words.iter().position(|word| is(word, "isnull")) {
        words.splice(at..=at, [Token::make_keyword("IS"), Token::make_keyword("NULL")]);
    }
}

/// `x MOD y` as `x % y`; a function has a bracket behind its name.
fn modulo(words: &mut [Token]) {
    for at in 1..words.len() {
        if is(&words[at], "mod") && words.get(at + 1).is_some_and(|next| *next != Token::LParen) {
            words[at] = Token::Mod;
        }
    }
}

fn mysql(words: &mut Vec<Token>) -> (Class, Option<Flag>) {
    // Calls functions as a query does, and answers nothing.
    if begins(words, &["do"]) {
        words[0] = Token::make_keyword("SELECT");
        return (Class::Session, None);
    }
    if begins(words, &["table"]) {
        words.splice(..1, [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")]);
    }
    if begins(words, &["explain"]) && among(words.get(1), &["extended", "partitions"]) {
        words.remove(1);
    }
    if begins(words, &["update"]) {
        // `UPDATE t, u SET ...` changes whichever of them the assignments name.
        let set = words.iter().position(|word| is(word, "set")).unwrap_or_default();
        for word in &mut words[..set] {
            if *word == Token::Comma {
                *word = Token::make_keyword("JOIN");
            }
        }
    }
    *words = without(words, |at, words| is(&words[at], "sounds") && among(words.get(at + 1), &["like"]));
    negate(words);
    modulo(words);
    let lock = ["lock", "in", "share", "mode"];
    if let Some(at) = words.len().checked_sub(lock.len())
        && begins(&words[at..], &lock)
    {
        words.truncate(at);
        return (Class::Write, Some(Flag::RowLock));
    }
    (Class::Read, None)
}

/// `!x`, of one word or number, as `(NOT x)`.
fn negate(words: &mut Vec<Token>) {
    let mut at = 0;
    while at + 1 < words.len() {
        let one = matches!(words[at + 1], Token::Word(_) | Token::Number(..));
        let alone = !matches!(words.get(at + 2), Some(Token::LParen | Token::Period));
        if words[at] == Token::ExclamationMark && one && alone {
            let inner = words[at + 1].clone();
            words.splice(at..at + 2, [Token::LParen, Token::make_keyword("NOT"), inner, Token::RParen]);
        }
        at += 1;
    }
}

/// Words in `OPTION (...)` that advise the planner and do nothing else.
const OPTIONS: [&str; 24] = [
    "concat",
    "expand",
    "fast",
    "for",
    "force",
    "group",
    "hash",
    "join",
    "keep",
    "keepfixed",
    "loop",
    "maxdop",
    "maxrecursion",
    "merge",
    "optimize",
    "order",
    "plan",
    "recompile",
    "robust",
    "simple",
    "union",
    "unknown",
    "views",
    "parameterization",
];

fn mssql(words: &mut Vec<Token>) -> (Class, Option<Flag>) {
    if let Some(at) = words.iter().rposition(|word| is(word, "option"))
        && let [Token::LParen, inner @ .., Token::RParen] = &words[at + 1..]
        && inner
            .iter()
            .all(|word| matches!(word, Token::Number(..) | Token::Comma) || among(Some(word), &OPTIONS))
    {
        words.truncate(at);
    }
    // How many rows: without it the statement looks worse.
    let changes = among(words.first(), &["delete", "insert", "update"]);
    if changes
        && let [_, top, Token::LParen, Token::Number(..), Token::RParen, ..] = words.as_slice()
        && is(top, "top")
    {
        words.drain(1..5);
        if among(words.get(1), &["percent"]) {
            words.remove(1);
        }
    }
    if begins(words, &["delete"]) && !outside(words, "from") {
        words.insert(1, Token::make_keyword("FROM"));
    }
    if begins(words, &["update"]) {
        let signs = [Token::Plus, Token::Minus, Token::Mul, Token::Div, Token::Mod];
        *words =
            without(words, |at, words| signs.contains(&words[at]) && words.get(at + 1) == Some(&Token::Eq));
    }
    // How to join.
    *words = without(words, |at, words| {
        among(words.get(at), &["hash", "loop", "merge", "remote"])
            && at > 0
            && among(words.get(at - 1), &["full", "inner", "left", "outer", "right"])
            && among(words.get(at + 1), &["join"])
    });
    if let Some(at) = find(words, &["grouping", "sets"])
        && words.get(at + 2) == Some(&Token::LParen)
    {
        words.drain(at..at + 2);
    }
    (Class::Read, None)
}

fn clickhouse(words: &mut Vec<Token>) -> (Class, Option<Flag>) {
    let class = mutation(words).unwrap_or(Class::Read);
    plan(words);
    scalars(words);
    *words = without(words, |at, words| {
        among(words.get(at), &["anti", "any", "asof", "semi"])
            && (among(words.get(at + 1), &["full", "inner", "join", "left", "right"]))
    });
    if let Some(at) = words.iter().position(|word| is(word, "using"))
        && matches!(words.get(at + 1), Some(Token::Word(_)))
        && words.get(at + 2) != Some(&Token::Comma)
    {
        words.insert(at + 2, Token::RParen);
        words.insert(at + 1, Token::LParen);
    }
    // The limit goes as well: with ties there may be more.
    if let Some(at) = find(words, &["with", "ties"])
        && at > 1
        && is(&words[at - 2], "limit")
        && matches!(words[at - 1], Token::Number(..))
    {
        words.drain(at - 2..at + 2);
    }
    if let [.., format, Token::Word(_)] = words.as_slice()
        && is(format, "format")
    {
        words.truncate(words.len() - 2);
    }
    // A part of a tuple: `x.1`.
    *words = without(words, |at, words| {
        matches!(&words[at], Token::Number(number, _) if number.starts_with('.'))
            && at > 0
            && matches!(words[at - 1], Token::Word(_) | Token::RParen)
    });
    (class, None)
}

/// `ALTER TABLE t DELETE WHERE ...` and `... UPDATE a = 1 WHERE ...`
fn mutation(words: &mut Vec<Token>) -> Option<Class> {
    if !begins(words, &["alter", "table"]) {
        return None;
    }
    let mut end = 3;
    while let Some([Token::Period, Token::Word(_)]) = words.get(end..end + 2) {
        end += 2;
    }
    let name: Vec<Token> = words.get(2..end)?.to_vec();
    if begins(&words[end..], &["on", "cluster"]) && matches!(words.get(end + 2), Some(Token::Word(_))) {
        end += 3;
    }
    let change = words.get(end)?;
    let mut other = match change {
        change if is(change, "delete") => {
            [vec![Token::make_keyword("DELETE"), Token::make_keyword("FROM")], name].concat()
        }
        change if is(change, "update") => {
            [vec![Token::make_keyword("UPDATE")], name, vec![Token::make_keyword("SET")]].concat()
        }
        _ => return None,
    };
    other.extend(words.drain(end + 1..));
    *words = other;
    Some(Class::Write)
}

/// `EXPLAIN PIPELINE graph = 1 SELECT ...`: what kind of plan, and how it looks.
fn plan(words: &mut Vec<Token>) {
    if !begins(words, &["explain"]) {
        return;
    }
    if begins(&words[1..], &["query", "tree"]) {
        words.drain(1..3);
    } else if among(words.get(1), &["ast", "estimate", "pipeline", "plan", "syntax"]) {
        words.remove(1);
    }
    while let Some([Token::Word(_), Token::Eq, Token::Number(..)]) = words.get(1..4) {
        let comma = words.get(4) == Some(&Token::Comma);
        words.drain(1..4 + usize::from(comma));
    }
}

/// `WITH 5 AS x SELECT ...`, as a query that answers it, by a name that no table has.
fn scalars(words: &mut Vec<Token>) {
    if !begins(words, &["with"]) {
        return;
    }
    let mut result = vec![words[0].clone()];
    let (mut start, mut depth, mut at) = (1, 0_usize, 1);
    while at < words.len() {
        match &words[at] {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
            Token::Word(_) if depth == 0 && is(&words[at], "as") => {
                let ends = words.get(at + 2);
                let scalar = matches!(words.get(at + 1), Some(Token::Word(_)))
                    && (ends == Some(&Token::Comma) || among(ends, &["select"]));
                if scalar {
                    let name = Word { quote_style: Some('"'), ..unnamed() };
                    result.extend([Token::Word(name), Token::make_keyword("AS"), Token::LParen]);
                    result.push(Token::make_keyword("SELECT"));
                    result.extend_from_slice(&words[start..at]);
                    result.push(Token::RParen);
                    start = at + 2;
                    at += 1;
                }
            }
            Token::Comma if depth == 0 => {
                result.extend_from_slice(&words[start..=at]);
                start = at + 1;
            }
            Token::Word(_) if depth == 0 && is(&words[at], "select") => break,
            _ => {}
        }
        at += 1;
    }
    result.extend_from_slice(&words[start..]);
    *words = result;
}

fn unnamed() -> Word {
    Word { value: "with ".to_owned(), quote_style: None, keyword: sqlparser::keywords::Keyword::NoKeyword }
}

/// `AS [NOT] MATERIALIZED (`, which says how a query is run.
fn materialized(words: &mut Vec<Token>) {
    if let Some(at) = words.iter().position(|word| is(word, "materialized"))
        && words.get(at + 1) == Some(&Token::LParen)
        && at > 1
    {
        let start = if is(&words[at - 1], "not") { at - 1 } else { at };
        if is(&words[start - 1], "as") {
            words.drain(start..=at);
        }
    }
}

/// Whether a word stands there outside brackets.
fn outside(words: &[Token], sought: &str) -> bool {
    let mut depth = 0_usize;
    words.iter().any(|word| {
        match word {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && is(word, sought)
    })
}

/// The words but those that go.
fn without(words: &[Token], goes: impl Fn(usize, &[Token]) -> bool) -> Vec<Token> {
    words.iter().enumerate().filter(|(at, _)| !goes(*at, words)).map(|(_, word)| word.clone()).collect()
}

fn find(words: &[Token], sought: &[&str]) -> Option<usize> {
    (0..words.len()).find(|at| begins(&words[*at..], sought))
}

fn begins(words: &[Token], head: &[&str]) -> bool {
    words.len() >= head.len() && words.iter().zip(head).all(|(token, word)| is(token, word))
}

fn among(token: Option<&Token>, words: &[&str]) -> bool {
    token.is_some_and(|token| words.iter().any(|word| is(token, word)))
}
