//! Clients of databases: their SQL goes to the classifier of SQL.

use std::collections::BTreeSet;

use super::super::flow::Flow;
use super::super::option::{Options, Valued};
use super::super::survey::Survey;
use super::super::word::{display, is_known};
use super::super::{Class, Flag};
use super::{note_network, note_told};
use crate::statement::Dialect;
use crate::statement::sql;

/// Words of the shell of MongoDB that change or delete.
const DESTROYS: &[&str] =
    &["drop", "delete", "remove", "update", "replace", "insert", "rename", "shutdown", "findAndModify"];

/// A client that takes statements as the value of an option, or from its input.
struct Client {
    names: &'static [&'static str],
    dialect: Option<Dialect>,
    valued: Valued,
    /// Options that hold statements.
    statements: &'static [&'static str],
    /// Options that name files of statements.
    files: &'static [&'static str],
    /// Options that name files to write.
    outputs: &'static [&'static str],
}

const CLIENTS: &[Client] = &[
    Client {
        names: &["psql", "pgcli", "cockroach"],
        dialect: Some(Dialect::Postgres),
        valued: Valued {
            short: "cdfFhLopPRTUve",
            long: &[
                "command",
                "dbname",
                "file",
                "host",
                "port",
                "username",
                "variable",
                "set",
                "output",
                "log-file",
                "pset",
                "field-separator",
                "record-separator",
                "table-attr",
                "execute",
            ],
        },
        statements: &["c", "command", "e", "execute"],
        files: &["f", "file"],
        outputs: &["o", "output", "L", "log-file"],
    },
    Client {
        names: &["mysql", "mariadb", "mycli"],
        dialect: Some(Dialect::Mysql),
        valued: Valued {
            short: "ehuPDS",
            long: &[
                "execute",
                "host",
                "user",
                "port",
                "database",
                "socket",
                "defaults-file",
                "defaults-extra-file",
                "init-command",
                "tee",
                "default-character-set",
                "ssl-ca",
                "protocol",
                "plugin-dir",
                "pager",
                "delimiter",
            ],
        },
        statements: &["e", "execute", "init-command"],
        files: &["defaults-file", "defaults-extra-file", "plugin-dir", "pager"],
        outputs: &["tee"],
    },
    Client {
        names: &["sqlcmd"],
        dialect: Some(Dialect::Mssql),
        valued: Valued { short: "QqSUPdiohvEw", long: &["query", "input-file", "output-file"] },
        statements: &["Q", "q", "query"],
        files: &["i", "input-file"],
        outputs: &["o", "output-file"],
    },
    Client {
        names: &["snowsql", "snow"],
        dialect: Some(Dialect::Snowflake),
        valued: Valued {
            short: "qfaudsrwo",
            long: &["query", "filename", "accountname", "username", "dbname"],
        },
        statements: &["q", "query"],
        files: &["f", "filename"],
        outputs: &[],
    },
    Client {
        names: &["clickhouse-client", "clickhouse"],
        dialect: Some(Dialect::Clickhouse),
        valued: Valued {
            short: "qhud",
            long: &["query", "host", "port", "user", "password", "database", "queries-file", "format"],
        },
        statements: &["q", "query"],
        files: &["queries-file"],
        outputs: &[],
    },
    Client {
        names: &["cqlsh", "presto", "trino", "beeline", "spark-sql", "hive", "isql", "usql", "osqueryi"],
        dialect: Some(Dialect::Generic),
        valued: Valued {
            short: "efuhkpdcn",
            long: &["execute", "file", "server", "catalog", "schema", "command"],
        },
        statements: &["e", "execute", "c", "command"],
        files: &["f", "file"],
        outputs: &[],
    },
];

/// Programs that are asked for their version like any other.
pub(super) fn has(name: &str) -> bool {
    CLIENTS.iter().any(|client| client.names.contains(&name))
        || matches!(
            name,
            "mongosh" | "mongo" | "mongodump" | "mysqldump" | "mariadb-dump" | "pg_dump" | "pg_dumpall"
        )
}

pub(super) fn judge(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Option<Flow> {
    if let Some(client) = CLIENTS.iter().find(|client| client.names.contains(&name)) {
        run(survey, client, arguments, input);
        return Some(Flow::Unknown);
    }
    match name {
        "sqlite3" | "duckdb" => embedded(survey, name, arguments, input),
        "bq" => bigquery(survey, arguments),
        "redis-cli" | "valkey-cli" => redis(survey, arguments, input),
        "mongosh" | "mongo" => mongo(survey, arguments),
        "pg_dump" | "pg_dumpall" | "mysqldump" | "mariadb-dump" | "mongodump" | "pg_basebackup"
        | "mongoexport" => {
            note_network(survey);
            survey.note(Class::SecretRead, "takes a whole database out");
            let options =
                Options::read(arguments, Valued { short: "fhpUdnt", long: &["file", "result-file", "out"] });
            options.values(&["f", "file", "result-file", "out"]).for_each(|path| survey.write(path));
        }
        "dropdb" | "dropuser" | "pg_restore" | "mongorestore" | "mysqlimport" | "mongoimport"
        | "pg_resetwal" | "pg_rewind" => {
            survey.note(Class::DbDestructive, "deletes or overwrites data of a database");
        }
        "createuser" => survey.note(Class::Privilege, "changes who may do what in a database"),
        "createdb" => survey.note(Class::FsWrite, "creates a database"),
        "mysqladmin" => mysqladmin(survey, arguments),
        "pg_isready" => note_network(survey),
        "vacuumdb" | "reindexdb" | "clusterdb" => survey.note(Class::FsWrite, "reorganises a database"),
        _ => return None,
    }
    Some(Flow::Unknown)
}

/// The class of a text of SQL.
fn statement(survey: &mut Survey, text: &str, dialect: Option<Dialect>) {
    survey.flag(Flag::Sql);
    if !is_known(text) && super::super::word::is_pattern(text) {
        return statement(survey, &display(text), dialect);
    }
    if !is_known(text) {
        survey.note(Class::Dynamic, "SQL is put together when it runs");
        return;
    }
    let facts = sql::classify(text, dialect);
    note_classes(survey, &facts.classes);
}

fn note_classes(survey: &mut Survey, classes: &BTreeSet<sql::Class>) {
    for class in classes {
        let (class, reason) = match class {
            sql::Class::Read | sql::Class::Session => (Class::Safe, ""),
            sql::Class::Write | sql::Class::Ddl => (Class::FsWrite, "changes data of a database"),
            sql::Class::WriteUnbounded | sql::Class::DdlDestructive => {
                (Class::DbDestructive, "deletes or overwrites data of a database")
            }
            sql::Class::Privilege => (Class::Privilege, "changes who may do what in a database"),
            sql::Class::Export => (Class::SecretRead, "takes data out of a database"),
            sql::Class::Exec => (Class::RemoteExec, "runs code in a database"),
            sql::Class::Unknown => (Class::Unknown, "the SQL cannot be read"),
        };
        survey.note(class, reason);
    }
}

fn run(survey: &mut Survey, client: &Client, arguments: &[String], input: &Flow) {
    note_network(survey);
    let options = Options::read(arguments, client.valued);
    if options.has(&["version", "help", "l", "list"]) && options.operands.is_empty() {
        return;
    }
    let texts: Vec<&str> = options.values(client.statements).collect();
    // Where it connects to, and as whom.
    if !survey.scope.used_secret {
        const OTHERS: &[&str] =
            &["v", "variable", "set", "pset", "F", "field-separator", "R", "record-separator"];
        let apart = [client.statements, client.files, client.outputs, OTHERS].concat();
        note_told(survey, options.words_but(&apart));
    }
    let files: Vec<&str> = options.values(client.files).collect();
    options.values(client.outputs).for_each(|path| survey.write(path));
    for path in &files {
        survey.read(path);
        survey.note(Class::Unknown, "runs statements from a file");
    }
    for text in &texts {
        client_text(survey, text, client.dialect);
    }
    if options.values(&["o", "output", "pset"]).any(|value| value.starts_with('|') || value.contains("pager"))
    {
        survey.note(Class::RemoteExec, "runs a command by way of another program");
    }
    if texts.is_empty() && files.is_empty() {
        from_input(survey, client.dialect, input);
    }
}

fn from_input(survey: &mut Survey, dialect: Option<Dialect>, input: &Flow) {
    match input {
        Flow::Text(text) => client_text(survey, text, dialect),
        Flow::Nothing => survey.note(Class::Dynamic, "waits for statements"),
        _ => survey.note(Class::Unknown, "runs statements that the text does not show"),
    }
}

/// Statements as a client reads them: a line that begins with a backslash is a command of the client.
fn client_text(survey: &mut Survey, text: &str, dialect: Option<Dialect>) {
    let shown = display(text);
    if !shown.contains('\\') {
        return statement(survey, text, dialect);
    }
    let harmless = |line: &str| {
        let mut words = line.split_whitespace();
        let command = words.next().unwrap_or("");
        let lists = command.starts_with("\\d") || command.starts_with("\\l") && !command.starts_with("\\lo");
        (lists || matches!(command, "\\conninfo" | "\\x" | "\\timing" | "\\z" | "\\q" | "\\?" | "\\h"))
            && words.all(|word| !word.contains(['\\', '`', '|', '\'', '"', '!']))
    };
    survey.flag(Flag::Sql);
    if !shown.trim().lines().all(|line| harmless(line.trim())) {
        survey.note(Class::Unknown, "commands of the client cannot be read");
        if shown.contains("\\!") || shown.contains("\\copy") || shown.contains("\\o") || shown.contains("\\g")
        {
            survey.note(Class::RemoteExec, "runs a command by way of another program");
        }
    }
}

fn embedded(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) {
    const LONG: &[&str] =
        &["cmd", "init", "separator", "nullvalue", "newline", "vfs", "mmap", "maxsize", "c", "s", "f"];
    let options = Options::read(arguments, Valued { short: "", long: LONG });
    if options.has(&["version", "help"]) && options.operands.is_empty() {
        return;
    }
    let dialect = Some(if name == "duckdb" { Dialect::Postgres } else { Dialect::Sqlite });
    if options.has(&["init", "f"]) {
        survey.note(Class::RemoteExec, "runs a file that the text does not show");
    }
    let mut texts: Vec<&str> = options.values(&["cmd", "c", "s"]).collect();
    if let Some((database, statements)) = options.operands.split_first() {
        survey.read(database);
        texts.extend(statements);
    }
    for text in &texts {
        dotted(survey, text, dialect);
    }
    if texts.is_empty() {
        match input {
            Flow::Text(text) => dotted(survey, text, dialect),
            other => from_input(survey, dialect, other),
        }
    }
}

/// Statements for SQLite; a line that begins with a dot is a command of its shell.
fn dotted(survey: &mut Survey, text: &str, dialect: Option<Dialect>) {
    const HARMLESS: &[&str] = &[
        ".tables",
        ".schema",
        ".headers",
        ".header",
        ".mode",
        ".indexes",
        ".indices",
        ".databases",
        ".width",
        ".show",
        ".help",
        ".quit",
        ".exit",
        ".timeout",
        ".stats",
        ".nullvalue",
        ".separator",
        ".dbinfo",
        ".fullschema",
        ".timer",
    ];
    let shown = display(text);
    if !shown.lines().any(|line| line.trim_start().starts_with('.')) {
        return statement(survey, text, dialect);
    }
    survey.flag(Flag::Sql);
    let mut rest = String::new();
    for line in shown.lines() {
        let line = line.trim();
        if !line.starts_with('.') {
            rest.push_str(line);
            rest.push('\n');
            continue;
        }
        let command = line.split_whitespace().next().unwrap_or("");
        if !HARMLESS.contains(&command) {
            survey.note(Class::RemoteExec, "a command of the client reaches files or programs");
        }
    }
    if !rest.trim().is_empty() {
        statement(survey, &rest, dialect);
    }
}

fn bigquery(survey: &mut Survey, arguments: &[String]) {
    note_network(survey);
    let options = Options::read(
        arguments,
        Valued { short: "n", long: &["project_id", "dataset_id", "location", "format", "max_rows"] },
    );
    match options.operands.split_first() {
        Some((&"query", texts)) => {
            texts.iter().for_each(|text| statement(survey, text, Some(Dialect::Bigquery)));
        }
        Some((&("ls" | "show" | "head" | "version" | "help" | "info" | "wait"), _)) | None => {}
        Some((&("rm" | "truncate" | "load" | "cancel"), _)) => {
            survey.note(Class::DbDestructive, "deletes or overwrites data of a database");
        }
        Some((&("mk" | "update" | "cp" | "insert"), _)) => {
            survey.note(Class::FsWrite, "changes data of a database");
        }
        Some((&"extract", _)) => survey.note(Class::SecretRead, "takes data out of a database"),
        _ => survey.note(Class::Unknown, "a command of the program is not known"),
    }
}

fn redis(survey: &mut Survey, arguments: &[String], input: &Flow) {
    note_network(survey);
    let options = Options::leading(
        arguments,
        Valued {
            short: "hpandrisuDXt",
            long: &["user", "pass", "pattern", "eval", "pipe-timeout", "cluster", "rdb"],
        },
    );
    note_told(survey, options.words_but(&["a", "pass"]));
    if options.has(&["eval", "pipe", "rdb", "x", "X", "cluster"]) {
        survey.note(Class::RemoteExec, "runs code in a database");
    }
    let Some(command) = options.operands.first() else {
        if options.has(&["scan", "bigkeys", "memkeys", "hotkeys", "stat", "latency"]) {
            return;
        }
        match input {
            Flow::Nothing => survey.note(Class::Dynamic, "waits for statements"),
            _ => survey.note(Class::Unknown, "runs statements that the text does not show"),
        }
        return;
    };
    let second = options.operands.get(1).map_or_else(String::new, |word| word.to_ascii_uppercase());
    let (class, reason) = match command.to_ascii_uppercase().as_str() {
        "GET" | "MGET" | "KEYS" | "SCAN" | "INFO" | "PING" | "TTL" | "PTTL" | "EXISTS" | "TYPE"
        | "STRLEN" | "LLEN" | "LRANGE" | "HGET" | "HGETALL" | "HKEYS" | "HLEN" | "SMEMBERS" | "SCARD"
        | "ZRANGE" | "ZCARD" | "DBSIZE" | "TIME" | "LASTSAVE" | "OBJECT" | "MEMORY" | "ROLE" | "SLOWLOG"
        | "ECHO" | "XRANGE" | "XLEN" | "GETRANGE" | "RANDOMKEY" | "HSCAN" | "SSCAN" | "ZSCAN" => {
            (Class::Safe, "")
        }
        "CLIENT" | "CLUSTER" | "LATENCY"
            if matches!(second.as_str(), "LIST" | "INFO" | "NODES" | "SLOTS" | "LATEST" | "ID") =>
        {
            (Class::Safe, "")
        }
        "CONFIG" if second == "GET" => (Class::SecretRead, "reads the settings of a database"),
        "CONFIG" | "ACL" => (Class::Privilege, "changes the settings of a database"),
        "SET" | "MSET" | "SETEX" | "SETNX" | "INCR" | "DECR" | "INCRBY" | "LPUSH" | "RPUSH" | "HSET"
        | "SADD" | "ZADD" | "APPEND" | "XADD" | "PUBLISH" | "PERSIST" | "SAVE" | "BGSAVE" => {
            (Class::FsWrite, "changes data of a database")
        }
        "EXPIRE" | "EXPIREAT" | "PEXPIRE" | "PEXPIREAT" | "FLUSHALL" | "FLUSHDB" | "DEL" | "UNLINK"
        | "SHUTDOWN" | "RENAME" | "LTRIM" | "HDEL" | "SREM" | "ZREM" | "LREM" | "GETDEL" | "RESTORE"
        | "MIGRATE" | "SWAPDB" | "XDEL" | "XTRIM" => {
            (Class::DbDestructive, "deletes or overwrites data of a database")
        }
        "EVAL" | "EVALSHA" | "SCRIPT" | "FUNCTION" | "FCALL" | "MODULE" | "SLAVEOF" | "REPLICAOF"
        | "DEBUG" => (Class::RemoteExec, "runs code in a database"),
        _ => (Class::Unknown, "a command of the program is not known"),
    };
    survey.note(class, reason);
}

fn mongo(survey: &mut Survey, arguments: &[String]) {
    note_network(survey);
    if arguments.iter().any(|argument| DESTROYS.iter().any(|word| argument.contains(word))) {
        survey.note(Class::DbDestructive, "deletes or overwrites data of a database");
    }
    survey.note(Class::RemoteExec, "runs code of a language that is not read");
}

fn mysqladmin(survey: &mut Survey, arguments: &[String]) {
    note_network(survey);
    let options =
        Options::read(arguments, Valued { short: "huPSi", long: &["host", "user", "port", "socket"] });
    for command in &options.operands {
        let class = match *command {
            "status" | "ping" | "version" | "processlist" | "variables" | "extended-status" => Class::Safe,
            "password" => Class::Privilege,
            _ => Class::DbDestructive,
        };
        survey.note(class, "deletes or overwrites data of a database");
    }
}
