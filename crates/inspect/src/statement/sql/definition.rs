//! Statements that create or alter objects, of which the parser does not know every option: judged by the words that
//! stand there.
//!
//! Every word that can make such a statement worse is listed with what it then is, wherever it stands; a query, a
//! statement or an unknown function inside leaves it `unknown`. A name that is such a word makes it look worse.

use sqlparser::tokenizer::{Token, Word};

use crate::statement::Dialect;

use super::fact::Class;
use super::head::is;
use super::{function, setting};

const MY: &[Dialect] = &[Dialect::Mysql];
const MS: &[Dialect] = &[Dialect::Mssql];
const CH: &[Dialect] = &[Dialect::Clickhouse];
const SNOW: &[Dialect] = &[Dialect::Snowflake];
const BQ: &[Dialect] = &[Dialect::Bigquery];
const ALL: &[Dialect] = &Dialect::ALL;

/// How such statements begin.
const HEADS: [(&[Dialect], &[&str]); 36] = [
    (ALL, &["create", "table"]),
    (ALL, &["alter", "table"]),
    (ALL, &["create", "index"]),
    (ALL, &["create", "unique", "index"]),
    (ALL, &["alter", "index"]),
    (ALL, &["create", "database"]),
    (ALL, &["create", "schema"]),
    (MY, &["create", "fulltext", "index"]),
    (MY, &["create", "spatial", "index"]),
    (MY, &["alter", "database"]),
    (MY, &["alter", "schema"]),
    (MS, &["create", "clustered", "index"]),
    (MS, &["create", "nonclustered", "index"]),
    (MS, &["create", "unique", "clustered", "index"]),
    (MS, &["create", "unique", "nonclustered", "index"]),
    (MS, &["create", "clustered", "columnstore", "index"]),
    (MS, &["create", "nonclustered", "columnstore", "index"]),
    (MS, &["create", "columnstore", "index"]),
    (MS, &["create", "type"]),
    (MS, &["create", "synonym"]),
    (MS, &["create", "statistics"]),
    (MS, &["update", "statistics"]),
    (MS, &["create", "partition", "function"]),
    (MS, &["create", "partition", "scheme"]),
    (MS, &["alter", "schema"]),
    (CH, &["create", "temporary", "table"]),
    (SNOW, &["create", "stream"]),
    (SNOW, &["create", "tag"]),
    (SNOW, &["create", "resource", "monitor"]),
    (SNOW, &["alter", "warehouse"]),
    (SNOW, &["alter", "view"]),
    (SNOW, &["create", "transient", "table"]),
    (BQ, &["alter", "view"]),
    (BQ, &["alter", "schema"]),
    (BQ, &["create", "search", "index"]),
    (BQ, &["create", "vector", "index"]),
];

/// Words that lose data or objects.
const DESTROYS: [&str; 11] = [
    "clear", "detach", "discard", "drop", "exchange", "move", "offline", "purge", "replace", "switch",
    "truncate",
];
/// Words after which rows of a table that is there end some time, or are another's.
const ENDS_ROWS: [&str; 4] = ["default_table_expiration_days", "expiration_timestamp", "swap", "ttl"];
/// Engines that keep no rows, or not for long.
const FORGETFUL: [&str; 3] = ["blackhole", "memory", "null"];
/// Words about rights and guards.
const RIGHTS: [&str; 21] = [
    "authorization",
    "deny",
    "disable",
    "enable",
    "encryption",
    "grant",
    "login",
    "nocheck",
    "owner",
    "password",
    "policies",
    "policy",
    "revoke",
    "role",
    "rule",
    "security",
    "system_versioning",
    "transfer",
    "trigger",
    "triggers",
    "user",
];
/// Words about files, stages and other servers.
const OUTSIDE: [&str; 21] = [
    "attach",
    "connection",
    "data_source",
    "directory",
    "external",
    "federated",
    "fetch",
    "file",
    "filegroup",
    "filename",
    "filestream",
    "filetable",
    "import",
    "integration",
    "kafka",
    "location",
    "remote_data_archive",
    "s3",
    "stage",
    "uris",
    "url",
];
/// Words of other statements, and of queries: what they do is not looked at here.
const FOREIGN: [&str; 29] = [
    "backup",
    "begin",
    "bulk",
    "call",
    "conversation",
    "create",
    "dbcc",
    "declare",
    "exec",
    "execute",
    "insert",
    "into",
    "kill",
    "load",
    "merge",
    "outfile",
    "print",
    "receive",
    "reconfigure",
    "restore",
    "return",
    "revert",
    "select",
    "send",
    "shutdown",
    "template",
    "use",
    "waitfor",
    "while",
];
/// What may stand before a bracket and is no function.
const BRACKETS: [&str; 94] = [
    "add",
    "all",
    "and",
    "array",
    "as",
    "bigint",
    "binary",
    "bit",
    "bloom_filter",
    "by",
    "char",
    "character",
    "check",
    "clustered",
    "codec",
    "column",
    "columns",
    "comment",
    "date",
    "datetime",
    "datetime2",
    "datetime64",
    "datetimeoffset",
    "dec",
    "decimal",
    "default",
    "delta",
    "double",
    "enum",
    "enum16",
    "enum8",
    "expire",
    "fixedstring",
    "float",
    "for",
    "foreign",
    "fulltext",
    "hash",
    "identity",
    "in",
    "include",
    "index",
    "int",
    "integer",
    "key",
    "list",
    "lowcardinality",
    "lz4hc",
    "map",
    "mediumint",
    "mergetree",
    "minmax",
    "nchar",
    "nested",
    "ngrambf_v1",
    "nonclustered",
    "not",
    "nullable",
    "number",
    "numeric",
    "nvarchar",
    "on",
    "options",
    "or",
    "partition",
    "primary",
    "properties",
    "range",
    "real",
    "references",
    "replacingmergetree",
    "replicatedmergetree",
    "rowversion",
    "set",
    "smallint",
    "spatial",
    "string",
    "summingmergetree",
    "table",
    "text",
    "than",
    "time",
    "timestamp",
    "tinyint",
    "tokenbf_v1",
    "tuple",
    "unique",
    "using",
    "values",
    "varbinary",
    "varchar",
    "vector",
    "with",
    "zstd",
];
/// Names come after these, and may have a bracket behind them.
const NAMES: [&str; 12] = [
    "add",
    "check",
    "constraint",
    "exists",
    "index",
    "into",
    "key",
    "on",
    "partition",
    "references",
    "table",
    "using",
];

/// What a statement is that creates or alters something, and the name of it where that is plain to see.
pub(super) fn judge(words: &[&Token], dialect: Dialect) -> Option<(Class, Option<String>)> {
    let begins = |head: &[&str]| {
        words.len() > head.len() && words.iter().zip(head).all(|(token, word)| is(token, word))
    };
    let (_, head) = HEADS.iter().find(|(dialects, head)| dialects.contains(&dialect) && begins(head))?;
    let rest = &words[head.len()..];
    let alters = head.first() == Some(&"alter");
    let ends = |token: &&&Token| ENDS_ROWS.iter().any(|word| is(token, word));
    let mut class =
        if alters && rest.iter().any(|token| ends(&token)) { Class::DdlDestructive } else { Class::Ddl };
    // Tables that keep their rows elsewhere.
    for at in rest.iter().enumerate().filter(|(_, token)| is(token, "engine")).map(|(at, _)| at) {
        let mut engine = rest[at + 1..].iter().filter(|token| ***token != Token::Eq);
        match engine.next() {
            Some(token) if alters && FORGETFUL.iter().any(|word| is(token, word)) => {
                class = class.max(Class::DdlDestructive);
            }
            Some(token) if known_engine(token) => {}
            _ => class = Class::Export,
        }
    }
    for at in 0..rest.len() {
        class = class.max(word(rest, at, dialect)?);
    }
    let named = match head.last() {
        Some(&"index") => {
            rest.iter().position(|token| is(token, "on")).map(|at| name(&rest[at + 1..], dialect))
        }
        Some(&"table") => Some(name(rest, dialect)),
        _ => None,
    };
    Some((class, named.flatten()))
}

/// What one word makes of the statement; `None` when it cannot be told.
fn word(words: &[&Token], at: usize, dialect: Dialect) -> Option<Class> {
    let Token::Word(Word { value, quote_style, .. }) = words[at] else {
        let sign = !matches!(words[at], Token::AtSign | Token::Placeholder(_) | Token::SemiColon);
        return sign.then_some(Class::Ddl);
    };
    let value = value.to_ascii_lowercase();
    let opens = words.get(at + 1) == Some(&&Token::LParen);
    // MySQL lets no definition call functions of its users.
    let named = names(words, at) || dialect == Dialect::Mysql && quote_style.is_some();
    if quote_style.is_some() {
        return (!opens || named).then_some(Class::Ddl);
    }
    let next = |word: &str| words.get(at + 1).is_some_and(|token| is(token, word));
    let behind = |word: &str| at > 0 && is(words[at - 1], word);
    let listed = |list: &[&str]| list.contains(&value.as_str());
    // What happens to rows that refer to others.
    let reaction = listed(&["delete", "update"]) && !behind("on");
    if listed(&FOREIGN) || reaction || value == "alter" && !next("column") {
        return None;
    }
    if let Some(class) = function::danger(&value, dialect).filter(|_| opens) {
        return Some(class);
    }
    if opens && !named && !listed(&BRACKETS) && !function::is_known(&value, dialect) {
        return None;
    }
    Some(if value == "external" && dialect == Dialect::Mssql {
        Class::Exec
    } else if listed(&OUTSIDE) {
        Class::Export
    } else if listed(&RIGHTS) || setting::is_guard(&value) {
        Class::Privilege
    } else if listed(&DESTROYS) {
        Class::DdlDestructive
    } else {
        Class::Ddl
    })
}

/// Whether a word, or the parts before it with dots between, stands where the name of something is said.
fn names(words: &[&Token], at: usize) -> bool {
    let mut start = at;
    while start > 1 && *words[start - 1] == Token::Period {
        start -= 2;
    }
    start == 0 || NAMES.iter().any(|name| is(words[start - 1], name))
}

/// Engines that keep their rows where they are.
fn known_engine(token: &Token) -> bool {
    let Token::Word(word) = token else { return false };
    let engine = word.value.to_ascii_lowercase();
    let known =
        ["archive", "aria", "atomic", "blackhole", "csv", "innodb", "log", "memory", "myisam", "null"];
    known.contains(&engine.as_str()) || engine.ends_with("mergetree")
}

/// A name at the beginning, behind `IF NOT EXISTS`, as the dialect folds it.
fn name(words: &[&Token], dialect: Dialect) -> Option<String> {
    let start = words.iter().position(|token| !["if", "not", "exists"].iter().any(|word| is(token, word)))?;
    let mut parts = Vec::new();
    for pair in words[start..].chunks(2) {
        let Token::Word(part) = pair[0] else { break };
        let exact = matches!(dialect, Dialect::Bigquery | Dialect::Clickhouse);
        parts.push(if exact { part.value.clone() } else { part.value.to_lowercase() });
        if pair.get(1) != Some(&&Token::Period) {
            break;
        }
    }
    (!parts.is_empty()).then(|| parts.join("."))
}
