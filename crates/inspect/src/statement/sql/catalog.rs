//! The tables that hold the rights: whoever writes them changes who may do what, by another way than `GRANT`.

use crate::statement::Dialect;

use super::fact::{Class, Facts};

/// Notes writes to the database's own tables.
pub(super) fn note(dialect: Dialect, facts: &mut Facts) {
    if facts.writes.iter().any(|name| is_own(name, dialect)) {
        facts.add(Class::Privilege);
    }
}

/// Whether a name, folded as the dialect does it, is one of the database's own tables.
pub(super) fn is_own(name: &str, dialect: Dialect) -> bool {
    let (qualifier, last) = name.rsplit_once('.').unwrap_or(("", name));
    let schema = qualifier.rsplit('.').next().unwrap_or_default();
    match dialect {
        Dialect::Postgres => {
            matches!(schema, "pg_catalog" | "information_schema" | "pg_toast")
                || schema.is_empty() && last.starts_with("pg_")
        }
        Dialect::Mysql => matches!(schema, "mysql" | "performance_schema" | "sys" | "information_schema"),
        Dialect::Sqlite => {
            ["sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema"].contains(&last)
        }
        Dialect::Mssql => {
            let database = qualifier.split('.').next().unwrap_or_default();
            schema == "sys" || !qualifier.is_empty() && matches!(database, "master" | "msdb")
        }
        Dialect::Clickhouse => schema == "system",
        Dialect::Snowflake | Dialect::Bigquery | Dialect::Generic => false,
    }
}
