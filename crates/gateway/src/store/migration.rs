//! The schema, in numbered steps that are never edited once released. Each runs once, in one transaction with its
//! record, so processes that start together do not collide.
//!
//! While gateways are replaced one by one, old and new programs work on one schema. So a step only adds (*expand*);
//! what nobody uses any more is removed by a later release (*contract*). Each step says which is the oldest schema
//! whose programs can work with it.

use std::collections::BTreeSet;

use super::tx::Right;
use super::{Error, ErrorKind, Read, Tx, Value};

/// One step: the text for both engines, then what each needs on its own.
struct Migration {
    /// Its place in the order. Numbers may be missing: steps that were made at the same time land in any order.
    number: i64,
    both: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
    /// Programs made for this step or a later one can go on once it ran.
    oldest: i64,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        both: include_str!("migration/001_ledger.sql"),
        sqlite: include_str!("migration/001_ledger_sqlite.sql"),
        postgres: include_str!("migration/001_ledger_postgres.sql"),
        oldest: 1,
    },
    Migration::alike(2, include_str!("migration/002_approval.sql")),
    Migration {
        number: 3,
        both: include_str!("migration/003_console.sql"),
        sqlite: include_str!("migration/003_console_sqlite.sql"),
        postgres: include_str!("migration/003_console_postgres.sql"),
        oldest: 1,
    },
    Migration {
        number: 4,
        both: include_str!("migration/004_epoch.sql"),
        sqlite: include_str!("migration/004_epoch_sqlite.sql"),
        postgres: include_str!("migration/004_epoch_postgres.sql"),
        oldest: 1,
    },
    Migration {
        number: 5,
        both: include_str!("migration/005_anchor.sql"),
        sqlite: include_str!("migration/005_anchor_sqlite.sql"),
        postgres: include_str!("migration/005_anchor_postgres.sql"),
        oldest: 1,
    },
    Migration::alike(6, include_str!("migration/006_passkey.sql")),
    Migration::alike(8, include_str!("migration/008_held.sql")),
    Migration::alike(10, include_str!("migration/010_retention.sql")),
    Migration::alike(11, include_str!("migration/011_publication.sql")),
    Migration::alike(12, include_str!("migration/012_breakglass.sql")),
    Migration {
        number: 14,
        both: "",
        sqlite: "",
        postgres: include_str!("migration/014_news_postgres.sql"),
        oldest: 1,
    },
    Migration {
        number: 15,
        both: include_str!("migration/015_retention_mark.sql"),
        sqlite: "",
        postgres: include_str!("migration/015_vacuum_postgres.sql"),
        oldest: 1,
    },
    Migration {
        number: 16,
        both: include_str!("migration/016_session_end.sql"),
        sqlite: "",
        postgres: include_str!("migration/016_session_end_postgres.sql"),
        oldest: 1,
    },
    Migration::alike(17, include_str!("migration/017_call_end.sql")),
    Migration {
        number: 18,
        both: "",
        sqlite: "",
        postgres: include_str!("migration/018_breakglass_postgres.sql"),
        oldest: 1,
    },
    Migration::alike(19, include_str!("migration/019_erased.sql")),
    Migration {
        number: 20,
        both: include_str!("migration/020_seal.sql"),
        sqlite: "",
        postgres: "",
        oldest: 20,
    },
    Migration {
        number: 21,
        both: include_str!("migration/021_pinned.sql"),
        sqlite: "",
        postgres: "",
        oldest: 21,
    },
    Migration {
        number: 22,
        both: include_str!("migration/022_session_tally.sql"),
        sqlite: "",
        postgres: include_str!("migration/022_session_tally_postgres.sql"),
        oldest: 1,
    },
    Migration {
        number: 23,
        both: include_str!("migration/023_definition_body.sql"),
        sqlite: "",
        postgres: "",
        oldest: 23,
    },
    Migration {
        number: 24,
        both: include_str!("migration/024_erased_seal.sql"),
        sqlite: "",
        postgres: "",
        oldest: 24,
    },
    Migration::alike(25, include_str!("migration/025_owner.sql")),
];

impl Migration {
    /// A step that is the same for both engines, and that programs made for the first schema can live with.
    const fn alike(number: i64, both: &'static str) -> Self {
        Self { number, both, sqlite: "", postgres: "", oldest: 1 }
    }
}

const RECORD: &str =
    "CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY KEY, oldest BIGINT NOT NULL)";

/// Which engine's words a step is translated to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Sqlite,
    Postgres,
}

/// Brings the schema up to date; answers how many steps were missing.
pub(super) fn run(tx: &mut Tx<'_>, words: Words) -> Result<usize, Error> {
    // Processes that start together create the table at the same time otherwise.
    tx.await_right(Right::Migrate)?;
    tx.batch(RECORD)?;
    let done = applied(tx)?;
    for migration in missing(&done) {
        tx.batch(&translate(migration.both, words))?;
        tx.batch(if words == Words::Sqlite { migration.sqlite } else { migration.postgres })?;
        tx.execute(
            "INSERT INTO migration (number, oldest) VALUES ($1, $2)",
            &[Value::Int(migration.number), Value::Int(migration.oldest)],
        )?;
    }
    Ok(missing(&done).count())
}

/// What [`run`] would do on PostgreSQL after the steps `done`.
pub(super) fn plan(done: &BTreeSet<i64>) -> String {
    let mut text = format!("{RECORD};\n");
    for migration in missing(done) {
        text.push_str(&translate(migration.both, Words::Postgres));
        text.push_str(migration.postgres);
        text.push_str(&format!(
            "INSERT INTO migration (number, oldest) VALUES ({}, {});\n",
            migration.number, migration.oldest
        ));
    }
    text
}

/// Refuses a schema that this program cannot work with.
pub(super) fn check(read: &mut Read<'_>) -> Result<(), Error> {
    let done = applied(read)?;
    let Some(first) = missing(&done).next() else { return Ok(()) };
    let cause = format!(
        "step {} of its schema is missing; run `countersign migrate` (PostgreSQL) or start this program's gateway \
         once (SQLite)",
        first.number
    );
    Err(Error::new(ErrorKind::Schema, cause))
}

fn missing(done: &BTreeSet<i64>) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter().filter(|migration| !done.contains(&migration.number))
}

/// Whether a PostgreSQL database has a schema of ours at all.
pub(super) fn exists(read: &mut Read<'_>) -> Result<bool, Error> {
    let sql = "SELECT count(*) FROM pg_catalog.pg_tables WHERE tablename = 'migration' \
               AND schemaname = current_schema()";
    Ok(read.first(sql, &[], |row| row.count(0))? == Some(1))
}

/// The steps that ran; refuses a schema that this program is too old for.
pub(super) fn applied(read: &mut Read<'_>) -> Result<BTreeSet<i64>, Error> {
    let ours = MIGRATIONS.last().map_or(0, |migration| migration.number);
    let found =
        read.all("SELECT number, oldest FROM migration", &[], |row| Ok((row.int(0)?, row.int(1)?)))?;
    let oldest = found.iter().map(|(_, oldest)| *oldest).max().unwrap_or(0);
    if oldest > ours {
        let cause = format!("it needs step {oldest} and this program knows {ours}; upgrade the program");
        return Err(Error::new(ErrorKind::Schema, cause));
    }
    Ok(found.into_iter().map(|(number, _)| number).collect())
}

/// SQLite gives `INTEGER PRIMARY KEY` (and no other spelling) to the row itself, and refuses foreign types in
/// `STRICT` tables; PostgreSQL has no such tables and needs none.
fn translate(text: &str, words: Words) -> String {
    match words {
        Words::Sqlite => text.replace("BIGINT", "INTEGER").replace("BYTEA", "BLOB"),
        Words::Postgres => text.replace(" STRICT;", ";"),
    }
}
