//! What would this statement do? SQL read by real parsers, not by patterns.
//!
//! Classification is pure and never panics, but parsers recurse: run it through [`Classifier`], whose threads
//! have the stack that the limits in [`limits`] were measured on. A text that cannot be read is `unknown`, which is the
//! worst class there is; nothing here ever guesses a class down.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

mod classifier;
mod known;
pub mod limits;
pub mod path;
mod pool;
pub mod shell;
pub mod sql;
pub mod url;

pub use classifier::Classifier;
pub use pool::Busy;

/// The language of a database, as its parser and its functions differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// PostgreSQL and what speaks its language.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
    /// Microsoft SQL Server.
    Mssql,
    /// Snowflake.
    Snowflake,
    /// Google BigQuery.
    Bigquery,
    /// ClickHouse.
    Clickhouse,
    /// No vendor: only what every database would read alike can be known.
    Generic,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 8] = [
        Self::Postgres,
        Self::Mysql,
        Self::Sqlite,
        Self::Mssql,
        Self::Snowflake,
        Self::Bigquery,
        Self::Clickhouse,
        Self::Generic,
    ];

    /// The word for it on the command line and in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Sqlite => "sqlite",
            Self::Mssql => "mssql",
            Self::Snowflake => "snowflake",
            Self::Bigquery => "bigquery",
            Self::Clickhouse => "clickhouse",
            Self::Generic => "generic",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A word that names no dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialectUnknown;

impl fmt::Display for DialectUnknown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Dialect::ALL.map(Dialect::as_str).join("`, `");
        write!(formatter, "not a dialect of SQL: use one of `{known}`")
    }
}

impl std::error::Error for DialectUnknown {}

impl FromStr for Dialect {
    type Err = DialectUnknown;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == word).ok_or(DialectUnknown)
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn every_dialect_survives_its_word() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.as_str().parse(), Ok(dialect));
            assert_eq!(serde_json::to_value(dialect).unwrap(), dialect.as_str());
        }
        assert!("oracle".parse::<Dialect>().is_err());
    }
}
