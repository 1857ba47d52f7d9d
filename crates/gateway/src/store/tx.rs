//! Transactions: one SQL text for both engines.
//!
//! Statements use `$1`, `$2`, ... in the order in which they first appear, each at least once: PostgreSQL counts
//! them, SQLite takes them for names and numbers them by appearance. `FOR UPDATE` is the one word that only
//! PostgreSQL needs: SQLite's writers hold the whole database anyway.

use std::ops::{Deref, DerefMut};

use postgres::fallible_iterator::FallibleIterator;

use super::postgres::Session;
use super::value::Source;
use super::{Error, ErrorKind, Row, Value};

/// A transaction that can only read.
pub struct Read<'c>(pub(super) Engine<'c>);

/// A transaction that can write. Everything it did happens at once, or not at all.
pub struct Tx<'c>(pub(super) Read<'c>);

/// What only one process does at a time. The numbers are arbitrary; they must only stay the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Changing the schema.
    Migrate = 7_237_001,
    /// Opening a lane.
    OpenLane = 7_237_002,
    /// Moving the tip of the log.
    Sequence = 7_237_003,
    /// Erasing what is kept beside leaves, and changing what must be kept.
    Retain = 7_237_004,
    /// Publishing policies.
    Publish = 7_237_005,
}

/// Most parameters of one statement of PostgreSQL's protocol.
const PARAMETERS_MAX: usize = 65_535;

/// The two engines.
pub(super) enum Engine<'c> {
    Sqlite(rusqlite::Transaction<'c>),
    Postgres(Session<'c>),
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
                let mut rows = tx.query_each(sql, parameters)?;
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

    /// At most `limit` things that `f` makes of rows. One whose columns are not of the shape that we write takes no other's
    /// place: somebody else wrote it.
    pub fn readable<T>(
        &mut self,
        sql: &str,
        parameters: &[Value<'_>],
        limit: usize,
        mut f: impl FnMut(Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        self.each(sql, parameters, |row| {
            if found.len() < limit {
                match f(row) {
                    Err(error) if error.kind == ErrorKind::Shape => {}
                    read => found.push(read?),
                }
            }
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
                let rows = tx.query(sql, parameters)?;
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
            Engine::Postgres(tx) => tx.execute(sql, parameters),
        }
    }

    /// Adds rows in one statement: `head` is `INSERT INTO table (columns)`, `values` holds one row of `width` columns
    /// after the other, and `tail` is what follows, or nothing. One round trip for as many rows as there are on PostgreSQL; SQLite has none to
    /// save and prepares the statement for one row once.
    pub fn insert(
        &mut self,
        head: &str,
        width: usize,
        values: &[Value<'_>],
        tail: &str,
    ) -> Result<(), Error> {
        match &mut self.0.0 {
            Engine::Sqlite(tx) => {
                let sql = format!("{head} VALUES {}{tail}", row(1, width));
                let mut statement = prepare(tx, &sql)?;
                for values in values.chunks(width) {
                    statement.execute(rusqlite::params_from_iter(values))?;
                }
            }
            Engine::Postgres(tx) => {
                for values in values.chunks(PARAMETERS_MAX / width * width) {
                    let rows: Vec<_> =
                        (0..values.len() / width).map(|at| row(1 + at * width, width)).collect();
                    tx.execute(&format!("{head} VALUES {}{tail}", rows.join(", ")), values)?;
                }
            }
        }
        Ok(())
    }

    /// Whether nobody else is in a transaction that asked for the same `right`; it is kept until this one ends. On
    /// SQLite one transaction writes at a time anyway.
    pub fn take_right(&mut self, right: Right) -> Result<bool, Error> {
        match &mut self.0.0 {
            Engine::Sqlite(_) => Ok(true),
            Engine::Postgres(tx) => {
                let rows = tx.query("SELECT pg_try_advisory_xact_lock($1)", &[Value::Int(right as i64)])?;
                Ok(rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(false))
            }
        }
    }

    /// As [`take_right`](Self::take_right), but waits for it.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`](super::ErrorKind::Busy) when it was not to be had in time.
    pub fn await_right(&mut self, right: Right) -> Result<(), Error> {
        match &mut self.0.0 {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(tx) => {
                tx.query("SELECT pg_advisory_xact_lock($1)::text", &[Value::Int(right as i64)]).map(drop)
            }
        }
    }

    /// Runs several statements without parameters: migrations.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        match &mut self.0.0 {
            Engine::Sqlite(tx) => Ok(tx.execute_batch(sql)?),
            Engine::Postgres(tx) => tx.batch(sql),
        }
    }

    pub(super) fn commit(self) -> Result<(), Error> {
        match self.0.0 {
            Engine::Sqlite(tx) => Ok(tx.commit()?),
            Engine::Postgres(tx) => tx.commit(),
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

/// `($first, ..)`: the placeholders of one row, or of a list.
pub(super) fn row(first: usize, width: usize) -> String {
    let names: Vec<_> = (first..first + width).map(|number| format!("${number}")).collect();
    format!("({})", names.join(", "))
}
