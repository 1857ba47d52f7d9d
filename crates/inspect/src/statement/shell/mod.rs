//! What a text for a shell would do: the class of its worst command, and facts for policies.
//!
//! The text is read by the grammar of POSIX sh and bash, every command in it is judged as if it ran, and what
//! is
//! wrapped (`sudo`, `sh -c`, `xargs`, a here-document for a shell) is unwrapped and judged too. What cannot
//! be read is
//! `unknown`, what is decided only when it runs is `dynamic`, and a program that is not in the tables is
//! `unknown`:
//! nothing is safe because nobody thought of it. A seat belt, not a sandbox.

mod environment;
mod escape;
mod flow;
mod lexeme;
mod limit;
mod option;
mod parse;
mod place;
mod program;
mod scope;
mod survey;
#[cfg(test)]
mod tests;
mod tree;
mod windows;
mod word;
mod wrapper;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::statement::limits::TEXT_BYTES_MAX;

/// What a command does, in rising severity. The worst command gives the class of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Reads what is no well-known secret, and changes nothing.
    Safe,
    /// Creates or changes files.
    FsWrite,
    /// Deletes or overwrites files, file systems or devices.
    FsDestructive,
    /// Changes or stops machines, services, containers, clusters or cloud resources.
    InfraDestructive,
    /// Deletes or overwrites data of a database.
    DbDestructive,
    /// Gains rights, grants them, or changes what will run later.
    Privilege,
    /// Reads well-known places of credentials, or the environment.
    SecretRead,
    /// Runs code that the text does not show: from the network, from a file, on another machine, in an
    /// interpreter.
    RemoteExec,
    /// What runs is decided only when it runs.
    Dynamic,
    /// Cannot be told.
    Unknown,
}

impl Class {
    /// Every class, in rising severity.
    pub const ALL: [Self; 10] = [
        Self::Safe,
        Self::FsWrite,
        Self::FsDestructive,
        Self::InfraDestructive,
        Self::DbDestructive,
        Self::Privilege,
        Self::SecretRead,
        Self::RemoteExec,
        Self::Dynamic,
        Self::Unknown,
    ];

    /// Its name in policies, records and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::FsWrite => "fs_write",
            Self::FsDestructive => "fs_destructive",
            Self::InfraDestructive => "infra_destructive",
            Self::DbDestructive => "db_destructive",
            Self::Privilege => "privilege",
            Self::SecretRead => "secret_read",
            Self::RemoteExec => "remote_exec",
            Self::Dynamic => "dynamic",
            Self::Unknown => "unknown",
        }
    }
}

/// The shell that would read the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// POSIX sh. Read like bash: what only bash understands may be run by a `sh` that is bash.
    Posix,
    /// GNU bash.
    Bash,
    /// PowerShell: `unknown` unless it is one plain cmdlet that only reads.
    Powershell,
    /// The command prompt of Windows: `unknown` unless it is one plain command that only reads.
    Cmd,
}

/// What else is to be known about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Defines aliases.
    Alias,
    /// Runs something in the background.
    Background,
    /// Writes to a device, or reads one.
    Device,
    /// Hides a command by an encoding.
    Encoded,
    /// Assigns a variable that decides what runs (`PATH`, `LD_PRELOAD`, `IFS`, ...).
    Environment,
    /// Starts itself without end.
    ForkBomb,
    /// Defines functions.
    Function,
    /// Has a here-document or here-string.
    HereDocument,
    /// Would be changed by the history of an interactive shell.
    History,
    /// Contains a text that is run as a text: `sh -c`, `eval`, `trap`.
    Nested,
    /// Talks to the network.
    Network,
    /// Writes into a shell that runs what it reads.
    PipeToShell,
    /// Several commands connected by `|`.
    Pipeline,
    /// Reads or writes files by redirection.
    Redirection,
    /// Acts on whole directories.
    Recursive,
    /// Acts on the root of the file system or a home directory.
    RootPath,
    /// Runs SQL.
    Sql,
    /// Uses the output of commands in words.
    Substitution,
    /// A set of facts did not fit; the class is then `unknown`.
    Truncated,
    /// Uses variables that the text does not assign.
    Variable,
    /// Deletes what a pattern matches.
    WildcardDelete,
    /// Runs commands by way of others (`sudo`, `env`, `xargs`, ...).
    Wrapped,
}

/// One program with its arguments, wrappers removed. What is not known is written as `${...}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Command {
    /// The name, without its directory.
    pub program: String,
    /// The first arguments, each cut to a bounded length.
    pub arguments: Vec<String>,
}

/// What a text for a shell would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The worst of `classes`.
    pub class: Class,
    /// The class of every command, and of what surrounds them.
    pub classes: BTreeSet<Class>,
    /// Names of the programs that would run, wrappers included.
    pub programs: BTreeSet<String>,
    /// The commands, in the order in which they were found.
    pub commands: Vec<Command>,
    /// Files read, where a command names them.
    pub reads: BTreeSet<String>,
    /// Files and directories written or deleted, where a command names them.
    pub writes: BTreeSet<String>,
    /// What else is to be known.
    pub flags: BTreeSet<Flag>,
    /// What gave the class; empty for `safe`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: &'static str,
}

impl Facts {
    /// Facts about a text of which nothing is known, for this reason.
    pub fn unknown(reason: &'static str) -> Self {
        let mut facts = Self::safe();
        facts.class = Class::Unknown;
        facts.classes = BTreeSet::from([Class::Unknown]);
        facts.reason = reason;
        facts
    }

    fn safe() -> Self {
        Self {
            class: Class::Safe,
            classes: BTreeSet::from([Class::Safe]),
            programs: BTreeSet::new(),
            commands: Vec::new(),
            reads: BTreeSet::new(),
            writes: BTreeSet::new(),
            flags: BTreeSet::new(),
            reason: "",
        }
    }
}

/// Classifies `text` as `kind` would run it.
///
/// Never panics, whatever the text. Time and memory are bounded: texts over
/// [`TEXT_BYTES_MAX`] are `unknown` unread, nesting and the number of commands are limited. Texts of SQL
/// inside
/// (`psql -c`) go to [`sql::classify`](crate::statement::sql), which wants a big stack; the rest needs no
/// more than a
/// thread has.
pub fn classify(text: &str, kind: Kind) -> Facts {
    if text.len() > TEXT_BYTES_MAX {
        return Facts::unknown("the text is too long");
    }
    if text.chars().any(escape::is_refused) {
        return Facts::unknown("the text contains control characters");
    }
    match kind {
        Kind::Posix | Kind::Bash => survey::survey(text),
        Kind::Powershell => windows::powershell(text),
        Kind::Cmd => windows::cmd(text),
    }
}
