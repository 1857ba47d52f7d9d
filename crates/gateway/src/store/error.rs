//! What can go wrong in a database, sorted by what the gateway must do about it.

use std::fmt;

use postgres::error::SqlState;
use rusqlite::ffi;

/// A failed statement or transaction. Holds no parameter and no row.
#[derive(Debug)]
pub struct Error {
    /// What to do about it.
    pub kind: ErrorKind,
    /// What the engine said, without values.
    pub cause: String,
    /// Name of the transaction, once known.
    pub transaction: &'static str,
}

/// Sorts of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Somebody else holds the write lock for too long.
    Busy,
    /// No space left.
    Full,
    /// The file or the server refuses writes.
    ReadOnly,
    /// The disk did not confirm a flush: what was acknowledged before may be lost. The process must end.
    Fsync,
    /// Reading or writing the file failed.
    Io,
    /// Two transactions collided; the whole transaction may be tried again.
    Serialization,
    /// A rule of the schema was broken: a row that is there already, or a change that is forbidden.
    Constraint,
    /// The file is damaged or not ours.
    Corrupt,
    /// The schema is older or newer than this program can work with.
    Schema,
    /// A column holds another type than the code expects.
    Shape,
    /// The connection broke; whether a commit in flight took effect is unknown.
    Connection,
    /// Anything else.
    Other,
}

impl Error {
    /// An error of ours rather than the engine's.
    pub fn new(kind: ErrorKind, cause: impl Into<String>) -> Self {
        Self { kind, cause: cause.into(), transaction: "" }
    }

    pub(super) fn shape(column: usize, expected: &str) -> Self {
        Self::new(ErrorKind::Shape, format!("column {column} is not {expected}"))
    }

    pub(super) fn named(mut self, transaction: &'static str) -> Self {
        if self.transaction.is_empty() {
            self.transaction = transaction;
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ErrorKind::Busy => "the database is locked by another process",
            ErrorKind::Full => "no space is left for the database",
            ErrorKind::ReadOnly => "the database is read-only",
            ErrorKind::Fsync => "the disk did not confirm a flush of the database",
            ErrorKind::Io => "reading or writing the database failed",
            ErrorKind::Serialization => "the transaction collided with others too often",
            ErrorKind::Constraint => "the database refused a row",
            ErrorKind::Corrupt => "the database is damaged or not ours",
            ErrorKind::Schema => {
                "the database does not have this program's schema (`countersign migrate` makes it)"
            }
            ErrorKind::Shape => "the database holds an unexpected value",
            ErrorKind::Connection => "the connection to the database broke",
            ErrorKind::Other => "the database refused",
        };
        write!(f, "{what}")?;
        if !self.transaction.is_empty() {
            write!(f, " in `{}`", self.transaction)?;
        }
        write!(f, ": {}", self.cause)
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let kind = match &error {
            rusqlite::Error::SqliteFailure(failure, _) => sqlite_kind(failure.extended_code),
            rusqlite::Error::InvalidColumnIndex(_) => ErrorKind::Shape,
            _ => ErrorKind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            let cause = std::error::Error::source(&error);
            let broken = cause.is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
            let kind = if error.is_closed() || broken { ErrorKind::Connection } else { ErrorKind::Other };
            // Of other causes the text may quote values.
            let text = match cause.filter(|_| broken) {
                Some(cause) => format!("{error}: {cause}"),
                None => error.to_string(),
            };
            return Self::new(kind, text);
        };
        // `detail` and `where` of the answer may quote values: only the code and the message are kept.
        Self::new(postgres_kind(answer.code()), format!("{} ({})", answer.message(), answer.code().code()))
    }
}

fn sqlite_kind(extended: i32) -> ErrorKind {
    match extended {
        ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC => return ErrorKind::Fsync,
        _ => {}
    }
    match extended & 0xff {
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => ErrorKind::Busy,
        ffi::SQLITE_FULL => ErrorKind::Full,
        ffi::SQLITE_READONLY | ffi::SQLITE_PERM => ErrorKind::ReadOnly,
        ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN => ErrorKind::Io,
        ffi::SQLITE_CONSTRAINT => ErrorKind::Constraint,
        ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => ErrorKind::Corrupt,
        _ => ErrorKind::Other,
    }
}

fn postgres_kind(code: &SqlState) -> ErrorKind {
    match code {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => ErrorKind::Serialization,
        &SqlState::LOCK_NOT_AVAILABLE | &SqlState::QUERY_CANCELED => ErrorKind::Busy,
        &SqlState::DISK_FULL | &SqlState::OUT_OF_MEMORY | &SqlState::TOO_MANY_CONNECTIONS => ErrorKind::Full,
        &SqlState::READ_ONLY_SQL_TRANSACTION => ErrorKind::ReadOnly,
        &SqlState::IO_ERROR => ErrorKind::Io,
        &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => ErrorKind::Corrupt,
        &SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_COLUMN => ErrorKind::Schema,
        code if code.code().starts_with("23") => ErrorKind::Constraint,
        code if code.code().starts_with("08") || code.code().starts_with("57P") => ErrorKind::Connection,
        _ => ErrorKind::Other,
    }
}
