//! The schema, in numbered steps that are never edited once released. Each runs once, in one transaction with its
//! record, so processes that start together do not collide.

use super::{Error, ErrorKind, Read, Tx};

/// One step: the text for both engines, then what each needs on its own.
struct Migration {
    both: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const MIGRATIONS: [Migration; 2] = [
    Migration {
        both: include_str!("migration/001_ledger.sql"),
        sqlite: include_str!("migration/001_ledger_sqlite.sql"),
        postgres: include_str!("migration/001_ledger_postgres.sql"),
    },
    Migration { both: include_str!("migration/002_approval.sql"), sqlite: "", postgres: "" },
];

/// Which engine's words a step is translated to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Sqlite,
    Postgres,
}

/// Brings the schema up to date.
pub(super) fn run(tx: &mut Tx<'_>, words: Words) -> Result<(), Error> {
    if words == Words::Postgres {
        // Gateways that start together create the table at the same time otherwise. The number is arbitrary.
        tx.batch("SELECT pg_advisory_xact_lock(7237001)")?;
    }
    tx.batch("CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY KEY)")?;
    let done = applied(tx)?;
    for (number, migration) in (1..).zip(&MIGRATIONS).skip(done) {
        tx.batch(&translate(migration.both, words))?;
        tx.batch(if words == Words::Sqlite { migration.sqlite } else { migration.postgres })?;
        tx.execute("INSERT INTO migration (number) VALUES ($1)", &[super::Value::Int(number)])?;
    }
    Ok(())
}

/// Refuses a schema that this program does not know.
pub(super) fn check(read: &mut Read<'_>) -> Result<(), Error> {
    let done = applied(read)?;
    if done == MIGRATIONS.len() {
        return Ok(());
    }
    let cause = format!(
        "schema {done} was written by another version (this one has {}); start this version's gateway once",
        MIGRATIONS.len()
    );
    Err(Error::new(ErrorKind::Corrupt, cause))
}

fn applied(read: &mut Read<'_>) -> Result<usize, Error> {
    let count = read.first("SELECT count(*) FROM migration", &[], |row| row.count(0))?.unwrap_or(0);
    let done = usize::try_from(count).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        let cause = format!("schema {done} is newer than this program ({}); upgrade it", MIGRATIONS.len());
        return Err(Error::new(ErrorKind::Corrupt, cause));
    }
    Ok(done)
}

/// SQLite gives `INTEGER PRIMARY KEY` (and no other spelling) to the row itself, and refuses foreign types in
/// `STRICT` tables; PostgreSQL has no such tables and needs none.
fn translate(text: &str, words: Words) -> String {
    match words {
        Words::Sqlite => text.replace("BIGINT", "INTEGER").replace("BYTEA", "BLOB"),
        Words::Postgres => text.replace(" STRICT;", ";"),
    }
}
