//! What the gateway is told about single tools of a server: which arguments hold statements, which parts of their
//! messages hold data that no detector would know.

use inspect::statement::Dialect;
use serde::Deserialize;

/// A tool, or all tools with the same beginning.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name as the server lists it. A `*` at the end stands for any rest.
    pub name: String,
    /// Arguments that hold statements.
    #[serde(default)]
    pub statements: Vec<StatementAt>,
    /// Parts of its calls and answers that are masked whatever they hold.
    #[serde(default)]
    pub fields: Vec<FieldAt>,
}

impl Tool {
    /// Whether this is said about the tool called `name`.
    pub fn fits(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => self.name == name,
        }
    }
}

/// An argument that holds a statement.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementAt {
    /// JSON Pointer (RFC 6901) below `arguments`: `/sql`.
    pub argument: String,
    /// What it holds.
    pub language: Language,
    /// Of SQL: whose. Absent: what every plausible dialect makes of it, the worst of it.
    #[serde(default)]
    pub dialect: Option<Dialect>,
}

/// What an argument holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// SQL.
    Sql,
    /// Commands for bash or a POSIX shell.
    Shell,
    /// Commands for PowerShell: `unknown` unless simple.
    Powershell,
    /// Commands for cmd.exe: `unknown` unless simple.
    Cmd,
    /// A path of a file.
    Path,
    /// A URL.
    Url,
}

/// A part of a message that is masked whatever it holds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldAt {
    /// JSON Pointer with `*` for any one step, or a subset of JSONPath (RFC 9535); counted from the root of the
    /// arguments, of `structuredContent`, or of a JSON document in a text.
    pub path: String,
    /// What it is: a detector's name as policies and receipts will know it.
    pub detector: String,
}
