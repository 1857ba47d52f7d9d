//! What goes into a statement and what comes out of a row: integers, text, bytes, nothing else.

use std::fmt;

use postgres::types::{IsNull, ToSql, Type, private::BytesMut};
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::Error;

/// A parameter of a statement, borrowed: nothing is copied on the way to the engine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// SQL `NULL`.
    Null,
    /// `BIGINT`.
    Int(i64),
    /// `TEXT`.
    Text(&'a str),
    /// `BYTEA`.
    Bytes(&'a [u8]),
}

impl fmt::Debug for Value<'_> {
    /// Shape only: parameters hold evidence and belong in no log line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Int(_) => f.write_str("Int(..)"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(int) => ValueRef::Integer(int),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (*self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(int), &Type::INT8) => ToSql::to_sql(&int, ty, out),
            (Self::Text(text), &Type::TEXT) => ToSql::to_sql(&text, ty, out),
            (Self::Bytes(bytes), &Type::BYTEA) => ToSql::to_sql(&bytes, ty, out),
            (value, ty) => Err(format!("parameter {value:?} for a column of type {ty}").into()),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::TEXT | Type::BYTEA | Type::UNKNOWN)
    }

    postgres::types::to_sql_checked!();
}

/// One row of an answer. Columns are counted from 0; a column of another type is an error, never a conversion.
#[derive(Clone, Copy)]
pub struct Row<'a>(pub(super) Source<'a>);

/// Which engine the row came from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a postgres::Row),
}

impl<'a> Row<'a> {
    /// The value in `column`.
    pub fn get(&self, column: usize) -> Result<Value<'a>, Error> {
        match self.0 {
            Source::Sqlite(row) => match row.get_ref(column)? {
                ValueRef::Null => Ok(Value::Null),
                ValueRef::Integer(int) => Ok(Value::Int(int)),
                ValueRef::Text(text) => {
                    std::str::from_utf8(text).map(Value::Text).map_err(|_| Error::shape(column, "UTF-8"))
                }
                ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes)),
                ValueRef::Real(_) => Err(Error::shape(column, "BIGINT, TEXT or BYTEA")),
            },
            Source::Postgres(row) => {
                let ty = row.columns().get(column).map(postgres::Column::type_);
                Ok(match ty {
                    Some(&Type::INT8) => row.try_get::<_, Option<i64>>(column)?.into(),
                    Some(&Type::TEXT) => row.try_get::<_, Option<&'a str>>(column)?.into(),
                    Some(&Type::BYTEA) => row.try_get::<_, Option<&'a [u8]>>(column)?.into(),
                    _ => return Err(Error::shape(column, "BIGINT, TEXT or BYTEA")),
                })
            }
        }
    }

    /// The integer in `column`, if there is one.
    pub fn maybe_int(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.get(column)? {
            Value::Null => Ok(None),
            Value::Int(int) => Ok(Some(int)),
            _ => Err(Error::shape(column, "BIGINT")),
        }
    }

    /// The text in `column`, if there is one.
    pub fn maybe_text(&self, column: usize) -> Result<Option<&'a str>, Error> {
        match self.get(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(Error::shape(column, "TEXT")),
        }
    }

    /// The bytes in `column`, if there are any.
    pub fn maybe_bytes(&self, column: usize) -> Result<Option<&'a [u8]>, Error> {
        match self.get(column)? {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(bytes)),
            _ => Err(Error::shape(column, "BYTEA")),
        }
    }

    /// The integer in `column`; `NULL` is an error.
    pub fn int(&self, column: usize) -> Result<i64, Error> {
        self.maybe_int(column)?.ok_or_else(|| Error::shape(column, "BIGINT NOT NULL"))
    }

    /// The text in `column`; `NULL` is an error.
    pub fn text(&self, column: usize) -> Result<&'a str, Error> {
        self.maybe_text(column)?.ok_or_else(|| Error::shape(column, "TEXT NOT NULL"))
    }

    /// The bytes in `column`; `NULL` is an error.
    pub fn bytes(&self, column: usize) -> Result<&'a [u8], Error> {
        self.maybe_bytes(column)?.ok_or_else(|| Error::shape(column, "BYTEA NOT NULL"))
    }

    /// The `N` bytes in `column`; another length is an error.
    pub fn array<const N: usize>(&self, column: usize) -> Result<[u8; N], Error> {
        self.bytes(column)?.try_into().map_err(|_| Error::shape(column, "BYTEA of fixed length"))
    }

    /// The `N` bytes in `column`, if there are any; another length is an error.
    pub fn maybe_array<const N: usize>(&self, column: usize) -> Result<Option<[u8; N]>, Error> {
        self.maybe_bytes(column)?
            .map(|bytes| bytes.try_into().map_err(|_| Error::shape(column, "BYTEA of fixed length")))
            .transpose()
    }

    /// The integer in `column` as a count or index; a negative one is an error.
    pub fn count(&self, column: usize) -> Result<u64, Error> {
        u64::try_from(self.int(column)?).map_err(|_| Error::shape(column, "BIGINT >= 0"))
    }
}
