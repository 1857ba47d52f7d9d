//! SQLite: the database in a directory of its own. Facts relied on: <https://www.sqlite.org/wal.html>,
//! <https://www.sqlite.org/pragma.html>.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::turn::Turns;
use super::{Error, ErrorKind};
use crate::limits;

/// Name of the database in its directory.
pub const DATABASE: &str = "countersign.db";
/// Name of the file that one gateway holds locked.
pub const LOCK: &str = "gateway.lock";

/// What the opener wants of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The gateway: creates the database if need be and writes evidence. One process at a time holds this.
    Gateway,
    /// A command beside a gateway that may change what is not evidence (service keys). Creates the database if
    /// need be.
    Beside,
    /// A command that only reads. The database must exist.
    ReadOnly,
}

/// An opened database: where it is, idle connections, the lock.
pub(super) struct Sqlite {
    path: PathBuf,
    access: Access,
    readers: Mutex<Vec<Connection>>,
    writers: Mutex<Vec<Connection>>,
    /// Rare writes and the ledger's writer take turns, a transaction each: SQLite's own lock is polled.
    pub(super) turns: Turns,
    /// Held until the process ends or the database is dropped.
    _lock: Option<File>,
}

impl Sqlite {
    pub(super) fn open(directory: &Path, access: Access) -> Result<Self, Error> {
        let path = directory.join(DATABASE);
        let lock = match access {
            Access::ReadOnly if !path.exists() => {
                return Err(Error::new(
                    ErrorKind::Io,
                    format!("no database `{}`; start the gateway once, or correct the path", path.display()),
                ));
            }
            Access::ReadOnly => None,
            Access::Beside => {
                create(directory, &path)?;
                None
            }
            Access::Gateway => {
                create(directory, &path)?;
                Some(lock(directory)?)
            }
        };
        Ok(Self {
            path,
            access,
            readers: Mutex::default(),
            writers: Mutex::default(),
            turns: Turns::default(),
            _lock: lock,
        })
    }

    pub(super) fn access(&self) -> Access {
        self.access
    }

    /// A connection that SQLite itself keeps from writing.
    pub(super) fn reader(&self) -> Result<Connection, Error> {
        if let Some(idle) = take(&self.readers) {
            return Ok(idle);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        configure(&connection)?;
        Ok(connection)
    }

    /// A connection that can write.
    pub(super) fn writer(&self) -> Result<Connection, Error> {
        if self.access == Access::ReadOnly {
            return Err(Error::new(ErrorKind::ReadOnly, "opened for reading"));
        }
        if let Some(idle) = take(&self.writers) {
            return Ok(idle);
        }
        self.connect()
    }

    /// A new connection that can write.
    pub(super) fn connect(&self) -> Result<Connection, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        configure(&connection)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // FULL flushes the log at every commit: durable means durable.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "wal_autocheckpoint", limits::WAL_PAGES)?;
        Ok(connection)
    }

    pub(super) fn put_reader(&self, connection: Connection) {
        put(&self.readers, connection);
    }

    pub(super) fn put_writer(&self, connection: Connection) {
        put(&self.writers, connection);
    }
}

fn configure(connection: &Connection) -> Result<(), Error> {
    connection.busy_timeout(Duration::from_millis(limits::DATABASE_BUSY_MS))?;
    connection.set_prepared_statement_cache_capacity(limits::STATEMENTS_MAX);
    connection.pragma_update(None, "foreign_keys", true)?;
    // Without it, `INSERT OR REPLACE` would delete rows behind the back of the triggers that forbid it.
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // What retention erases leaves no trace in free pages.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(())
}

fn create(directory: &Path, path: &Path) -> Result<(), Error> {
    let fail = |what: &Path, cause: &std::io::Error| {
        Error::new(ErrorKind::Io, format!("cannot create `{}`: {cause}", what.display()))
    };
    crate::file::private_directory(directory).map_err(|error| fail(directory, &error))?;
    // SQLite gives its side files the mode of the database, so this is where privacy is decided.
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    match file {
        Ok(file) => {
            let mode = file.metadata().map_err(|error| fail(path, &error))?.permissions().mode();
            if mode & 0o077 == 0 {
                return Ok(());
            }
            let fix = format!("`{0}` is open to others; run `chmod 600 {0}`", path.display());
            Err(Error::new(ErrorKind::Io, fix))
        }
        // A file that exists and cannot be written is reported by the first transaction, as what it is.
        Err(_) if path.exists() => Ok(()),
        Err(error) => Err(fail(path, &error)),
    }
}

fn lock(directory: &Path) -> Result<File, Error> {
    let path = directory.join(LOCK);
    let cannot = |cause: String| Error::new(ErrorKind::Busy, cause);
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| cannot(format!("cannot open `{}`: {error}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(cannot(format!("another gateway runs on `{}`; stop it first", directory.display())))
        }
        Err(TryLockError::Error(error)) => Err(cannot(format!("cannot lock `{}`: {error}", path.display()))),
    }
}

fn take(idle: &Mutex<Vec<Connection>>) -> Option<Connection> {
    idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop()
}

fn put(idle: &Mutex<Vec<Connection>>, connection: Connection) {
    let mut idle = idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if idle.len() < limits::DATABASE_READS_MAX {
        idle.push(connection);
    }
}

/// Flushes the log and copies it into the database file, which is flushed too.
pub(super) fn flush(connection: &Connection) -> Result<(), Error> {
    let blocked: i64 = connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |row| row.get(0))?;
    if blocked == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Busy, "a reader keeps the log from being flushed"))
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn full_file_is_told_from_other_failures() {
        let directory = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(directory.path(), Access::Gateway).unwrap();
        let connection = sqlite.connect().unwrap();
        connection.execute_batch("CREATE TABLE t (b BLOB)").unwrap();
        connection.pragma_update(None, "max_page_count", 3).unwrap();
        let full = connection.execute("INSERT INTO t VALUES (zeroblob(1000000))", []).unwrap_err();
        assert_eq!(Error::from(full).kind, ErrorKind::Full);
        connection.pragma_update(None, "query_only", true).unwrap();
        let read_only = connection.execute("INSERT INTO t VALUES (NULL)", []).unwrap_err();
        assert_eq!(Error::from(read_only).kind, ErrorKind::ReadOnly);
    }

    #[test]
    fn failed_flush_is_told_from_other_io_errors() {
        for (code, kind) in [
            (ffi::SQLITE_IOERR_FSYNC, ErrorKind::Fsync),
            (ffi::SQLITE_IOERR_DIR_FSYNC, ErrorKind::Fsync),
            (ffi::SQLITE_IOERR_WRITE, ErrorKind::Io),
            (ffi::SQLITE_BUSY_SNAPSHOT, ErrorKind::Busy),
            (ffi::SQLITE_CORRUPT_INDEX, ErrorKind::Corrupt),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(Error::from(error).kind, kind);
        }
    }

    #[test]
    fn evidence_is_flushed_at_every_commit() {
        let directory = tempfile::tempdir().unwrap();
        let connection = Sqlite::open(directory.path(), Access::Gateway).unwrap().connect().unwrap();
        let pragma = |name: &str| -> String {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|v| format!("{v:?}"))
                .unwrap()
        };
        assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
        assert_eq!(pragma("synchronous"), "Integer(2)");
        assert_eq!(pragma("foreign_keys"), "Integer(1)");
    }
}
