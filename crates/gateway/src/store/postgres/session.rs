//! One transaction on a connection.
//!
//! Written here rather than taken from the driver: its settings travel with `BEGIN` in one message, and statements name
//! the types of their parameters, so that each is one round trip and none stays behind in the server.

use postgres::types::{ToSql, Type};
use postgres::{Client, Row, RowIter};

use crate::limits;
use crate::store::{Error, ErrorKind, Value};

/// What a transaction is for; decides its isolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Purpose {
    /// Reading, from one snapshot.
    Read,
    /// What is rare and not evidence: collisions are found by the server and tried again.
    Write,
    /// Evidence: rows of a lane of its own, guarded by their keys and by triggers, so nothing collides.
    Evidence,
}

/// An open transaction; undone when it is dropped.
pub(in crate::store) struct Session<'c> {
    client: &'c mut Client,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// A statement failed: `COMMIT` would undo everything and say nothing.
    Failed,
    Ended,
}

impl<'c> Session<'c> {
    pub(in crate::store) fn begin(client: &'c mut Client, purpose: Purpose) -> Result<Self, Error> {
        Self::start(client, purpose)?;
        Ok(Self::started(client))
    }

    /// The transaction that [`start`](Self::start) began on this connection.
    pub(in crate::store) fn started(client: &'c mut Client) -> Self {
        Self { client, state: State::Open }
    }

    /// Begins a transaction and leaves it to [`started`](Self::started).
    pub(super) fn start(client: &mut Client, purpose: Purpose) -> Result<(), Error> {
        let isolation = match purpose {
            Purpose::Read => "REPEATABLE READ READ ONLY",
            Purpose::Write => "SERIALIZABLE",
            Purpose::Evidence => "READ COMMITTED",
        };
        // Whatever the server's and the role's defaults: a commit that returned is on disk, waits have a bound, and a
        // process that was stopped in the middle does not hold its locks for ever.
        client.batch_execute(&format!(
            "BEGIN ISOLATION LEVEL {isolation}; SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = {}; \
             SET LOCAL idle_in_transaction_session_timeout = {}",
            limits::DATABASE_BUSY_MS,
            limits::DATABASE_SILENCE_MS
        ))?;
        Ok(())
    }

    pub(in crate::store) fn query(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<Vec<Row>, Error> {
        let typed = typed(parameters);
        let answer = self.client.query_typed(sql, &typed);
        self.watch(answer)
    }

    pub(in crate::store) fn query_each(
        &mut self,
        sql: &str,
        parameters: &[Value<'_>],
    ) -> Result<RowIter<'_>, Error> {
        let typed: Vec<(Value<'_>, Type)> = parameters.iter().map(|value| (*value, kind(value))).collect();
        // A borrow that lives on after an early return is one the compiler cannot follow, so the state is set first.
        self.state = State::Failed;
        let rows = self.client.query_typed_raw(sql, typed)?;
        self.state = State::Open;
        Ok(rows)
    }

    pub(in crate::store) fn execute(&mut self, sql: &str, parameters: &[Value<'_>]) -> Result<u64, Error> {
        let typed = typed(parameters);
        let answer = self.client.execute_typed(sql, &typed);
        self.watch(answer)
    }

    pub(in crate::store) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        let answer = self.client.batch_execute(sql);
        self.watch(answer)
    }

    pub(in crate::store) fn commit(mut self) -> Result<(), Error> {
        if self.state != State::Open {
            return Err(Error::new(ErrorKind::Serialization, "a statement failed and was not noticed"));
        }
        self.state = State::Ended;
        Ok(self.client.batch_execute("COMMIT")?)
    }

    fn watch<T>(&mut self, answer: Result<T, postgres::Error>) -> Result<T, Error> {
        if answer.is_err() {
            self.state = State::Failed;
        }
        Ok(answer?)
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if self.state != State::Ended && !self.client.is_closed() {
            // When it fails the connection is broken, and the server undoes the transaction by itself.
            drop(self.client.batch_execute("ROLLBACK"));
        }
    }
}

fn typed<'v>(parameters: &'v [Value<'v>]) -> Vec<(&'v (dyn ToSql + Sync), Type)> {
    parameters.iter().map(|value| (value as &(dyn ToSql + Sync), kind(value))).collect()
}

/// The type of a parameter; `NULL` takes that of its column.
fn kind(value: &Value<'_>) -> Type {
    match value {
        Value::Null => Type::UNKNOWN,
        Value::Int(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
    }
}
