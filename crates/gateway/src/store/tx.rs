//! Transactions: one SQL text for both engines.
//!
//! Statements use `$1`, `$2`, ... in the order in which they first appear, each at least once: PostgreSQL counts
//! them, SQLite takes them for names and numbers them by appearance. `FOR UPDATE` is the one word that only
//! PostgreSQL needs: SQLite's writers hold the whole database anyway.

use std::ops::{Deref, DerefMut};

use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;

use super::value::Source;
use super::{Error, Row, Value};

/// A transaction that can only read.
pub struct Read<'c>(pub(super) Engine<'c>);

/// A transaction that can write. Everything it did happens at once, or not at all.
pub struct Tx<'c>(pub(super) Read<'c>);

/// The two engines.
pub(super) enum Engine<'c> {
    Sqlite(rusqlite::Transaction<'c>),
    Postgres(postgres::Transaction<'c>),
}

impl Read<'_> {
    /// Calls `f` with every row of the answer, in order.
    pub fn each(
        &mut self,
        sql: &str,
        parameters: &[Value<'_>],
        mut f: impl FnMut(Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match &mut self.0 {
            Engine::Sqlite(tx) => {
                let mut statement = prepare(tx, sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
                while let Some(row) = rows.next()? {
                    f(Row(Source::Sqlite(row)))?;
                }
                Ok(())
            }
            Engine::Postgres(tx) => {
                let mut rows = tx.query_raw(sql, parameters.iter())?;
                while let Some(row) = rows.next()? {
                    f(Row(Source::Postgres(&row)))?;
                }
                Ok(())
            }
        }
    }

    /// Every row of the answer, turned into a `T`. The statement bounds how many there can be.
    pub fn all<T>(
        &mut self,
        sql: &str,
        parameters: &[Value<'_>],
        mut f: impl FnMut(Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        self.each(sql, parameters, |row| {
            found.push(f(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The first row of the answer, if there is one, turned into a `T`.
    pub fn first<T>(
        &mut self,
        sql: &str,
        parameters: &[Value<'_>],
        f: impl FnOnce(Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match &mut self.0 {
            Engine::Sqlite(tx) => {
                let mut statement = prepare(tx, sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
                rows.next()?.map(|row| f(Row(Source::Sqlite(row)))).transpose()
            }
            Engine::Postgres(tx) => {
                let rows = tx.query(sql, &dynamic(parameters))?;
                rows.first().map(|row| f(Row(Source::Postgres(row)))).transpose()
            }
        }
    }
}

impl Tx<'_> {
    /// Runs a statement that answers nothing; says how many rows it touched.
    pub fn execute(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<u64, Error> {
        match &mut self.0.0 {
            Engine::Sqlite(tx) => {
                let touched = prepare(tx, sql)?.execute(rusqlite::params_from_iter(parameters))?;
                Ok(touched as u64)
            }
            Engine::Postgres(tx) => Ok(tx.execute(sql, &dynamic(parameters))?),
        }
    }

    /// Runs several statements without parameters: migrations.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        match &mut self.0.0 {
            Engine::Sqlite(tx) => Ok(tx.execute_batch(sql)?),
            Engine::Postgres(tx) => Ok(tx.batch_execute(sql)?),
        }
    }

    pub(super) fn commit(self) -> Result<(), Error> {
        match self.0.0 {
            Engine::Sqlite(tx) => Ok(tx.commit()?),
            Engine::Postgres(tx) => Ok(tx.commit()?),
        }
    }
}

impl<'c> Deref for Tx<'c> {
    type Target = Read<'c>;

    fn deref(&self) -> &Read<'c> {
        &self.0
    }
}

impl<'c> DerefMut for Tx<'c> {
    fn deref_mut(&mut self) -> &mut Read<'c> {
        &mut self.0
    }
}

fn prepare<'t>(
    tx: &'t rusqlite::Transaction<'_>,
    sql: &str,
) -> Result<rusqlite::CachedStatement<'t>, rusqlite::Error> {
    const LOCK: &str = " FOR UPDATE";
    let sql = sql.strip_suffix(LOCK).unwrap_or(sql);
    let statement = tx.prepare_cached(sql)?;
    // INVARIANT: `$n` is SQLite's parameter n, see the module's first lines.
    debug_assert!(
        (1..=statement.parameter_count()).all(|n| statement.parameter_name(n) == Some(&*format!("${n}"))),
        "placeholders out of order: {sql}"
    );
    Ok(statement)
}

fn dynamic<'v>(parameters: &'v [Value<'v>]) -> Vec<&'v (dyn ToSql + Sync)> {
    parameters.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}
