//! All SQL of the product, and the one seam over the two databases it runs on.
//!
//! One text for both engines: columns are `BIGINT`, `TEXT` or `BYTEA`, placeholders `$1`, `$2`. A transaction is a
//! named, synchronous closure that runs to its end on a blocking thread, so a dropped future leaves nothing half
//! done. What only reads gets a [`Read`], on which no write exists.
//!
//! Nothing outside this module holds SQL; each table has a module with its domain verbs.

mod error;
mod migration;
mod news;
#[cfg(test)]
mod plan;
mod postgres;
mod role;
mod sqlite;
mod turn;
mod tx;
mod value;

pub mod acceptance;
pub mod anchor;
pub mod approval;
pub mod approval_vote;
pub mod breakglass;
pub mod call;
pub mod callback;
pub mod checkpoint;
pub mod context;
pub mod cosignature;
pub mod data_key;
pub mod definition;
pub mod delivery;
pub mod document;
pub mod entry;
pub mod epoch;
pub mod held_task;
pub mod lane;
pub mod lane_head;
pub mod lease;
pub mod mark;
pub mod mcp_session;
pub mod minute;
pub mod notice;
pub mod passkey;
pub mod payload;
pub mod publication;
pub mod retention;
pub mod service_key;
pub mod session;
pub mod session_end;
pub mod sign_in;
pub mod stamp;
pub mod tally;
pub mod task;
pub mod tile;
pub mod tree;
pub mod word;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, mpsc};

use jiff::Timestamp;

pub use error::{Error, ErrorKind};
pub use news::{Ear, Hearing, News, Topic};
pub use postgres::Server;
pub use sqlite::{Access, DATABASE, LOCK};
pub use tx::{Read, Right, Tx};
pub use value::{Row, Value};

use crate::config::Storage;
use crate::limits;
use postgres::{Purpose, Session};

/// An opened database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Shared>);

struct Shared {
    engine: Engine,
    /// What other processes changed, where the database tells.
    news: News,
    /// Bounds how many threads wait on the database at once.
    slots: tokio::sync::Semaphore,
}

enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Listening {
    /// The thread ends once this end of the channel is gone.
    _held: mpsc::Sender<()>,
}

/// The one connection on which evidence is written; owned by the ledger's writer thread.
pub struct Writer {
    db: Db,
    connection: Option<Connection>,
}

enum Connection {
    Sqlite(rusqlite::Connection),
    Postgres(Box<::postgres::Client>),
}

impl Db {
    /// Opens the database that the configuration names.
    ///
    /// # Errors
    /// As [`open_sqlite`](Self::open_sqlite) or [`open_postgres`](Self::open_postgres).
    pub fn open(storage: &Storage, access: Access) -> Result<Self, Error> {
        match &storage.postgres {
            None => Self::open_sqlite(&storage.directory, access),
            Some(postgres) => Self::open_postgres(&Server::new(postgres)?),
        }
    }

    /// Opens the SQLite database in `directory`; creates or migrates it unless `access` is [`Access::ReadOnly`].
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] when another gateway holds the directory; others as the engine says.
    pub fn open_sqlite(directory: &Path, access: Access) -> Result<Self, Error> {
        let db = Self::new(Engine::Sqlite(sqlite::Sqlite::open(directory, access)?));
        db.settle()
    }

    /// Connects to a PostgreSQL server, whose schema must be there already: see [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// [`ErrorKind::Connection`] when it cannot be reached; [`ErrorKind::Schema`] when its schema does not fit this
    /// program.
    pub fn open_postgres(server: &Server) -> Result<Self, Error> {
        let db = Self::new(Engine::Postgres(postgres::Postgres::new(server)));
        db.read_now("schema", migration::check)?;
        Ok(db)
    }

    /// Brings the schema of a PostgreSQL database up to date as its owner, and gives `gateway`, the role that the
    /// gateways use, what it needs and no more. Answers how many steps were missing.
    ///
    /// # Errors
    /// As the server says; nothing has happened then.
    pub fn migrate(owner: &Server, gateway: &str) -> Result<usize, Error> {
        let db = Self::new(Engine::Postgres(postgres::Postgres::new(owner)));
        db.write_now("migrate", |tx| {
            let steps = migration::run(tx, migration::Words::Postgres)?;
            role::grant(tx, gateway)?;
            Ok(steps)
        })
    }

    /// What [`migrate`](Self::migrate) would do, as SQL for whoever prefers to do it by hand.
    ///
    /// # Errors
    /// As the server says.
    pub fn plan_migration(owner: &Server, gateway: &str) -> Result<String, Error> {
        let db = Self::new(Engine::Postgres(postgres::Postgres::new(owner)));
        let done = db.read_now("schema", |read| {
            if migration::exists(read)? { migration::applied(read) } else { Ok(BTreeSet::new()) }
        })?;
        Ok(format!("BEGIN;\n{}{}COMMIT;\n", migration::plan(&done), role::sql(gateway)))
    }

    /// Whether other gateways may use the same database.
    pub fn is_shared(&self) -> bool {
        matches!(self.0.engine, Engine::Postgres(_))
    }

    /// What time it is at the database's server; none where the database is a file on this machine.
    ///
    /// # Errors
    /// What the server says.
    pub fn server_time(&self) -> Result<Option<Timestamp>, Error> {
        if !self.is_shared() {
            return Ok(None);
        }
        let micros = self.read_now("clock", |read| read.first(postgres::TIME, &[], |row| row.int(0)))?;
        Ok(micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()))
    }

    /// What other processes changed; nobody tells before [`listen`](Self::listen).
    pub fn news(&self) -> &News {
        &self.0.news
    }

    /// Listens on a connection and a thread of its own, for [`news`](Self::news), until the answer is dropped. Nothing where
    /// the database is a file: one process works on it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn listen(&self) -> std::io::Result<Listening> {
        let (held, stop) = mpsc::channel();
        if self.is_shared() {
            let shared = self.0.clone();
            let listen = move || {
                if let Engine::Postgres(postgres) = &shared.engine {
                    postgres::listen::run(postgres, &shared.news, &stop);
                }
            };
            std::thread::Builder::new().name("listen".to_owned()).spawn(listen)?;
        }
        Ok(Listening { _held: held })
    }

    /// Whether the database can tell this machine what changes; none where it is a file. Takes seconds when it cannot.
    ///
    /// # Errors
    /// What the server says.
    pub fn can_tell(&self) -> Result<Option<bool>, Error> {
        match &self.0.engine {
            Engine::Sqlite(_) => Ok(None),
            Engine::Postgres(postgres) => postgres::listen::hears(postgres).map(Some),
        }
    }

    fn new(engine: Engine) -> Self {
        let slots = tokio::sync::Semaphore::new(limits::DATABASE_READS_MAX);
        Self(Arc::new(Shared { engine, news: News::default(), slots }))
    }

    fn settle(self) -> Result<Self, Error> {
        match &self.0.engine {
            Engine::Sqlite(sqlite) if sqlite.access() == Access::ReadOnly => {
                self.read_now("schema", migration::check)?;
            }
            Engine::Sqlite(_) => {
                self.write_now("migrate", |tx| migration::run(tx, migration::Words::Sqlite))?;
            }
            Engine::Postgres(_) => {}
        }
        Ok(self)
    }

    /// Runs `f` in a transaction that cannot write, on a blocking thread.
    ///
    /// # Errors
    /// What `f` or the engine returned.
    pub async fn read<T: Send + 'static>(
        &self,
        name: &'static str,
        f: impl FnOnce(&mut Read<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let db = self.clone();
        self.on_thread(move || db.read_now(name, f)).await
    }

    /// Runs `f` in a transaction, on a blocking thread; again from its beginning when it collided with another.
    /// For what is rare and is not evidence: evidence goes through the ledger.
    ///
    /// # Errors
    /// What `f` or the engine returned; nothing has happened then.
    pub async fn write<T: Send + 'static>(
        &self,
        name: &'static str,
        f: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let db = self.clone();
        self.on_thread(move || db.write_now(name, f)).await
    }

    /// [`read`](Self::read) on this very thread: for commands and threads of our own, not for async code.
    ///
    /// # Errors
    /// What `f` or the engine returned.
    pub fn read_now<T>(
        &self,
        name: &'static str,
        f: impl FnOnce(&mut Read<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let run = || match &self.0.engine {
            Engine::Sqlite(sqlite) => {
                let mut connection = sqlite.reader()?;
                let done = f(&mut Read(tx::Engine::Sqlite(connection.transaction()?)))?;
                sqlite.put_reader(connection);
                Ok(done)
            }
            Engine::Postgres(postgres) => {
                let mut client = postgres.begin(Purpose::Read)?;
                let done = f(&mut Read(tx::Engine::Postgres(Session::started(&mut client))))?;
                postgres.put(client);
                Ok(done)
            }
        };
        run().map_err(|error: Error| error.named(name))
    }

    /// [`write`](Self::write) on this very thread: for commands and threads of our own, not for async code.
    ///
    /// # Errors
    /// What `f` or the engine returned; nothing has happened then.
    pub fn write_now<T>(
        &self,
        name: &'static str,
        mut f: impl FnMut(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut run = || match &self.0.engine {
            Engine::Sqlite(sqlite) => {
                let _turn = sqlite.turns.take();
                let mut connection = Connection::Sqlite(sqlite.writer()?);
                let done = connection.transaction(Purpose::Write, &mut f)?;
                if let Connection::Sqlite(connection) = connection {
                    sqlite.put_writer(connection);
                }
                Ok(done)
            }
            Engine::Postgres(postgres) => {
                let mut connection = Connection::Postgres(Box::new(postgres.connection()?));
                let done = match connection.transaction(Purpose::Write, &mut f) {
                    // An idle connection may have been cut since it was used.
                    Err(Failure { error, stage: Stage::Before }) if error.kind == ErrorKind::Connection => {
                        connection = Connection::Postgres(Box::new(postgres.connect()?));
                        connection.transaction(Purpose::Write, &mut f)?
                    }
                    done => done?,
                };
                if let Connection::Postgres(client) = connection {
                    postgres.put(*client);
                }
                Ok(done)
            }
        };
        run().map_err(|error: Error| error.named(name))
    }

    /// A connection for evidence.
    ///
    /// # Errors
    /// [`ErrorKind::ReadOnly`] without [`Access::Gateway`]; [X
    pub fn writer(&self) -> Result<Writer, Error> {
        let mut writer = Writer { db: self.clone(), connection: None };
        writer.reopen()?;
        Ok(writer)
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        f: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let closed = |cause: &str| Error::new(ErrorKind::Other, cause);
        let _slot = self.0.slots.acquire().await.map_err(|_| closed("the database is closed"))?;
        tokio::task::spawn_blocking(f).await.map_err(|_| closed("the transaction panicked"))?
    }
}

impl Writer {
    /// Runs `f` in a transaction; again from its beginning when it collided with another.
    ///
    /// # Errors
    /// The failure, and whether it is known that nothing happened.
    pub fn transaction<T>(
        &mut self,
        name: &'static str,
        f: impl FnMut(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let Some(connection) = &mut self.connection else {
            let error = Error::new(ErrorKind::Connection, "not connected").named(name);
            return Err(Failure { error, stage: Stage::Before });
        };
        let _turn = match &self.db.0.engine {
            Engine::Sqlite(sqlite) => Some(sqlite.turns.take()),
            Engine::Postgres(_) => None,
        };
        connection
            .transaction(Purpose::Evidence, f)
            .map_err(|failure| Failure { error: failure.error.named(name), ..failure })
    }

    /// Drops the connection and opens a new one, so that what it reads comes from the database.
    ///
    /// # Errors
    /// As [`Db::writer`].
    pub fn reopen(&mut self) -> Result<(), Error> {
        self.connection = None;
        self.connection = Some(match &self.db.0.engine {
            Engine::Sqlite(sqlite) if sqlite.access() != Access::Gateway => {
                return Err(Error::new(ErrorKind::ReadOnly, "only a gateway writes evidence"));
            }
            Engine::Sqlite(sqlite) => Connection::Sqlite(sqlite.connect()?),
            Engine::Postgres(postgres) => {
                let mut client = postgres.connect()?;
                postgres::check_evidence(&mut client)?;
                Connection::Postgres(Box::new(client))
            }
        });
        Ok(())
    }

    /// Flushes everything committed so far, whatever happened before: after it, what can be read is on disk.
    ///
    /// # Errors
    /// The engine's; then nothing is known.
    pub fn flush(&mut self) -> Result<(), Error> {
        match &mut self.connection {
            Some(Connection::Sqlite(connection)) => {
                let _turn = match &self.db.0.engine {
                    Engine::Sqlite(sqlite) => Some(sqlite.turns.take()),
                    Engine::Postgres(_) => None,
                };
                sqlite::flush(connection)
            }
            // A commit that PostgreSQL shows to others has been flushed.
            Some(Connection::Postgres(_)) => Ok(()),
            None => Err(Error::new(ErrorKind::Connection, "not connected")),
        }
    }
}

/// A transaction of the [`Writer`] that failed.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: Error,
    /// When.
    pub stage: Stage,
}

/// Whether a failed transaction may have taken effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It failed before the commit: nothing happened.
    Before,
    /// The commit itself failed: it may or may not have happened.
    Commit,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl Connection {
    fn transaction<T>(
        &mut self,
        purpose: Purpose,
        mut f: impl FnMut(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.attempt(purpose, &mut f) {
                Err(failure)
                    if failure.error.kind == ErrorKind::Serialization
                        && attempts < limits::TRANSACTION_ATTEMPTS_MAX => {}
                done => return done,
            }
        }
    }

    fn attempt<T>(
        &mut self,
        purpose: Purpose,
        f: &mut impl FnMut(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let before = |error| Failure { error, stage: Stage::Before };
        let engine = match self {
            Self::Sqlite(connection) => tx::Engine::Sqlite(
                connection
                    .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
                    .map_err(|error| before(error.into()))?,
            ),
            Self::Postgres(client) => tx::Engine::Postgres(Session::begin(client, purpose).map_err(before)?),
        };
        let mut tx = Tx(Read(engine));
        let done = f(&mut tx).map_err(before)?;
        tx.commit().map_err(|error| match error.kind {
            // Both engines say so only when they have undone the transaction.
            ErrorKind::Serialization => before(error),
            _ => Failure { error, stage: Stage::Commit },
        })?;
        Ok(done)
    }
}
