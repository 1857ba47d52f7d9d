//! What is known about a text of SQL.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::statement::Dialect;
use crate::statement::limits::{NAME_BYTES_MAX, NAMES_MAX};

/// What a statement does, in rising severity. The worst statement gives the class of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Reads and changes nothing.
    Read,
    /// Changes how this connection behaves, and nothing that outlives it.
    Session,
    /// Changes rows: those a condition names, or new ones. Also what locks or signals others.
    Write,
    /// Creates or alters objects without losing data.
    Ddl,
    /// Changes or deletes every row of a table, or cannot be shown not to.
    WriteUnbounded,
    /// Drops or replaces objects or columns, or empties tables.
    DdlDestructive,
    /// Changes who may do what, who one is, how the server runs, or a guard such as a read-only session.
    Privilege,
    /// Moves data between the database and files, stages or other servers, by another way than the answer.
    Export,
    /// Runs code: programs, procedures, dynamic statements, extensions; or installs it.
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
    /// More than one statement.
    MultiStatement,
    /// A statement changes data inside a query (`WITH x AS (DELETE ...) SELECT ...`).
    NestedWrite,
    /// `EXPLAIN ANALYZE`: the statement inside runs.
    ExplainAnalyze,
    /// `SELECT ... INTO`.
    SelectInto,
    /// `FOR UPDATE` and the like: rows are locked.
    RowLock,
    /// Some `UPDATE`, `DELETE` or `MERGE` has a condition that restricts it.
    Where,
    /// Some `UPDATE` or `DELETE` has no condition.
    WhereMissing,
    /// Some condition is always true, or no row decides it.
    WhereTautology,
    /// A function on the list of dangerous ones.
    DangerousFunction,
    /// A function on neither list: nothing is known about it.
    UnknownFunction,
    /// A function whose answer changes from call to call.
    VolatileFunction,
    /// Waits on purpose.
    Delay,
    /// Files, stages or programs of the server.
    FileAccess,
    /// Other servers.
    Network,
    /// Text that is run as a statement.
    DynamicSql,
    /// Turns off a guard: a read-only session, row security, how strings are read.
    GuardSetting,
    /// Holds a comment.
    Comment,
    /// A comment holds what looks like a statement, or another comment.
    CommentHidesText,
    /// `/*! */`: a comment to some servers, code to others.
    VendorComment,
    /// `/*+ */`: advice to the planner.
    OptimizerHint,
    /// Letters outside ASCII in names.
    NonAsciiName,
    /// Dialects disagree about what it does.
    DialectsDisagree,
    /// A set of names did not fit; the class is then `unknown`.
    Truncated,
}

/// What a text of SQL would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The worst of `classes`.
    pub class: Class,
    /// The class of every statement, and of every statement and function inside one.
    pub classes: BTreeSet<Class>,
    /// Statements in the text; 0 when they could not be counted.
    pub statements: u32,
    /// Tables read, as the dialect folds their names.
    pub reads: BTreeSet<String>,
    /// Tables and other objects written, created, altered or dropped.
    pub writes: BTreeSet<String>,
    /// Functions called.
    pub functions: BTreeSet<String>,
    /// What else is to be known.
    pub flags: BTreeSet<Flag>,
    /// The largest number of rows that a text of one query can answer, where it says so.
    pub limit: Option<u64>,
    /// The dialects that read the text; the facts are the union of what they saw.
    pub dialects: BTreeSet<Dialect>,
    /// Why the class is `unknown`; empty otherwise.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: &'static str,
}

impl Facts {
    /// Facts about a text of which nothing is known, for this reason.
    pub fn unknown(reason: &'static str) -> Self {
        Self { class: Class::Unknown, classes: BTreeSet::from([Class::Unknown]), reason, ..Self::blank() }
    }

    /// Facts about nothing, in a text that may be of these dialects.
    pub(super) fn empty(dialects: &[Dialect]) -> Self {
        Self { dialects: dialects.iter().copied().collect(), ..Self::blank() }
    }

    fn blank() -> Self {
        Self {
            class: Class::Read,
            classes: BTreeSet::new(),
            statements: 0,
            reads: BTreeSet::new(),
            writes: BTreeSet::new(),
            functions: BTreeSet::new(),
            flags: BTreeSet::new(),
            limit: None,
            dialects: BTreeSet::new(),
            reason: "",
        }
    }

    /// Notes a class.
    pub(super) fn add(&mut self, class: Class) {
        self.classes.insert(class);
        self.class = self.class.max(class);
    }

    /// Makes it `unknown`, for this reason if it is the first.
    pub(super) fn raise(&mut self, reason: &'static str) {
        self.add(Class::Unknown);
        if self.reason.is_empty() {
            self.reason = reason;
        }
    }

    /// Notes a table that is read.
    pub(super) fn read(&mut self, name: String) {
        let kept = keep(&mut self.reads, name);
        self.truncated_unless(kept);
    }

    /// Notes an object that is written.
    pub(super) fn write(&mut self, name: String) {
        let kept = keep(&mut self.writes, name);
        self.truncated_unless(kept);
    }

    /// Notes a function that is called.
    pub(super) fn call(&mut self, name: String) {
        let kept = keep(&mut self.functions, name);
        self.truncated_unless(kept);
    }

    /// Takes in another reading of the same text: the worst of both.
    pub(super) fn join(&mut self, other: &Self) {
        if self.class != other.class {
            self.flags.insert(Flag::DialectsDisagree);
        }
        self.class = self.class.max(other.class);
        self.classes.extend(&other.classes);
        self.statements = self.statements.max(other.statements);
        self.flags.extend(&other.flags);
        self.limit = self.limit.max(other.limit).filter(|_| self.limit.is_some() && other.limit.is_some());
        self.dialects.extend(&other.dialects);
        other.reads.iter().for_each(|name| self.read(name.clone()));
        other.writes.iter().for_each(|name| self.write(name.clone()));
        other.functions.iter().for_each(|name| self.call(name.clone()));
        if self.reason.is_empty() {
            self.reason = other.reason;
        }
    }

    /// Settles what follows from the rest.
    pub(super) fn finish(&mut self) {
        if self.statements > 1 {
            self.flags.insert(Flag::MultiStatement);
            self.limit = None;
        }
        if self.classes.is_empty() {
            self.classes.insert(self.class);
        }
    }

    fn truncated_unless(&mut self, kept: bool) {
        if !kept {
            self.flags.insert(Flag::Truncated);
            self.raise("it names more than the facts can hold");
        }
    }
}

/// Adds to a set of names; `false` when it does not fit whole.
fn keep(names: &mut BTreeSet<String>, mut name: String) -> bool {
    let whole = name.len() <= NAME_BYTES_MAX;
    if !whole {
        name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
    }
    if names.len() >= NAMES_MAX && !names.contains(&name) {
        return false;
    }
    names.insert(name);
    whole
}
