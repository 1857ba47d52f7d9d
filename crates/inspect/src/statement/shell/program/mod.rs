//! Programs and builtins: what each does with its arguments. What is not here is `unknown`.

mod builtin;
pub(super) mod container;
mod database;
mod filter;
mod interpreter;
mod network;
mod search;
mod table;
mod tool;
mod version;

use super::flow::Flow;
use super::survey::Survey;
use super::word::tells;
use super::{Class, Flag};

/// Builtins that declare variables.
pub(super) const DECLARERS: &[&str] = &["declare", "typeset", "export", "local", "readonly"];

/// Judges one command; what it gives to a pipe.
pub(super) fn judge(survey: &mut Survey, name: &str, arguments: &[String], input: Flow) -> Flow {
    let name = table::plain_name(name);
    if is_question(arguments)
        && !matches!(name, "echo" | "printf" | "eval" | "trap" | "." | "source" | "rm")
        && is_known(name)
    {
        return Flow::Unknown;
    }
    let handlers =
        [builtin::judge, interpreter::judge, filter::judge, search::judge, network::judge, database::judge];
    for handler in handlers {
        if let Some(flow) = handler(survey, name, arguments, &input) {
            return flow;
        }
    }
    if let Some(flow) = version::judge(survey, name, arguments) {
        return flow;
    }
    if let Some(flow) = tool::judge(survey, name, arguments) {
        return flow;
    }
    if let Some(flow) = table::judge(survey, name, arguments, &input) {
        return flow;
    }
    if !survey.scope.functions.contains(name) {
        survey.note(Class::Unknown, "the program is not known");
    }
    Flow::Unknown
}

/// Whether the program is one of the tables, so that asking for its version is harmless.
fn is_known(name: &str) -> bool {
    table::has(name)
        || tool::has(name)
        || interpreter::has(name)
        || database::has(name)
        || matches!(name, "git" | "curl" | "wget" | "sqlite3" | "openssl")
}

/// `--version` or `--help`, alone.
fn is_question(arguments: &[String]) -> bool {
    matches!(arguments, [only] if only == "--version" || only == "--help")
}

/// Marks words that are put together when they run: another machine is told what is in them.
fn note_told<'a>(survey: &mut Survey, words: impl Iterator<Item = &'a str>) {
    let mut words = words;
    if words.any(tells) {
        survey.note(Class::Dynamic, "tells another machine what is decided when it runs");
    }
}

/// Marks a program that talks to the network.
fn note_network(survey: &mut Survey) {
    survey.flag(Flag::Network);
}
