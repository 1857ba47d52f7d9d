//! What a text of SQL would do: the class of every statement in it, and facts for policies.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::statement::Dialect;

/// What a statement does, in rising severity. The worst statement gives the class of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Reads and changes nothing.
    Read,
    /// Changes how this connection behaves, and nothing that outlives it.
    Session,
    /// Changes rows: those a condition names, or new ones.
    Write,
    /// Creates or alters objects without losing data.
    Ddl,
    /// Changes or deletes every row of a table, or cannot be shown not to.
    WriteUnbounded,
    /// Drops objects, columns or all rows.
    DdlDestructive,
    /// Changes who may do what, or who one is.
    Privilege,
    /// Takes data out of the database by another way than the answer: files, stages, other servers.
    Export,
    /// Runs code: programs, procedures, dynamic statements, extensions.
    Exec,
    /// Cannot be told.
    Unknown,
}

impl Class {
    /// Its name in policies, records and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Session => "session",
            Self::Write => "write",
            Self::Ddl => "ddl",
            Self::WriteUnbounded => "write_unbounded",
            Self::DdlDestructive => "ddl_destructive",
            Self::Privilege => "privilege",
            Self::Export => "export",
            Self::Exec => "exec",
            Self::Unknown => "unknown",
        }
    }
}

/// What else is to be known about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// A set of names did not fit; the class is then `unknown`.
    Truncated,
}

/// What a text of SQL would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The worst of `classes`.
    pub class: Class,
    /// The class of every statement.
    pub classes: BTreeSet<Class>,
    /// Statements in the text; 0 when they could not be counted.
    pub statements: u32,
    /// Tables read, as the dialect folds their names.
    pub reads: BTreeSet<String>,
    /// Tables and other objects written.
    pub writes: BTreeSet<String>,
    /// Functions called.
    pub functions: BTreeSet<String>,
    /// What else is to be known.
    pub flags: BTreeSet<Flag>,
    /// The largest number of rows that a text of one statement can answer, where it says so.
    pub limit: Option<u64>,
    /// The dialects whose parsers read the text; the facts are the union of what they saw.
    pub dialects: BTreeSet<Dialect>,
    /// Why the class is `unknown`; empty otherwise.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: &'static str,
}

impl Facts {
    /// Facts about a text of which nothing is known, for this reason.
    pub fn unknown(reason: &'static str) -> Self {
        Self {
            class: Class::Unknown,
            classes: BTreeSet::from([Class::Unknown]),
            statements: 0,
            reads: BTreeSet::new(),
            writes: BTreeSet::new(),
            functions: BTreeSet::new(),
            flags: BTreeSet::new(),
            limit: None,
            dialects: BTreeSet::new(),
            reason,
        }
    }
}
