//! Programs without commands of their own: one line each, with what they do to the paths they are given.

use super::super::flow::Flow;
use super::super::option::{Options, Valued, may_hide_options};
use super::super::scope::is_secret_name;
use super::super::survey::Survey;
use super::super::word::{has_hole, is_known};
use super::super::{Class, Flag};
use super::interpreter;

mod list;
mod reader;
mod show;

use list::PROGRAMS;
use reader::READERS;

/// What a program does with its operands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operands {
    /// They are no files.
    None,
    /// Read.
    Read,
    /// Read, directories with all that is below them.
    Pack,
    /// Written.
    Write,
    /// Deleted.
    Delete,
    /// The last is written, the others are read.
    Copy,
    /// As `Copy`, and the others are gone afterwards.
    Move,
}

struct Program {
    names: &'static [&'static str],
    class: Class,
    operands: Operands,
    /// Options that make it worse, and what it then is.
    worse: &'static [&'static str],
    worse_class: Class,
    /// Options that take a value: letters and names.
    valued: Valued,
    /// Options whose value is a file that is read.
    reads: &'static [&'static str],
    /// Options whose value is a file that is written.
    writes: &'static [&'static str],
}

/// Names that take a value in most programs of the table.
const COMMON: &[&str] = &[
    "suffix",
    "target-directory",
    "reference",
    "size",
    "lines",
    "bytes",
    "date",
    "mode",
    "delimiter",
    "output",
    "files0-from",
    "filter",
];

const fn program(names: &'static [&'static str], class: Class, operands: Operands) -> Program {
    let valued = Valued { short: "", long: COMMON };
    Program { names, class, operands, worse: &[], worse_class: class, valued, reads: &[], writes: &[] }
}

impl Program {
    const fn but(self, worse: &'static [&'static str], worse_class: Class) -> Self {
        Self { worse, worse_class, ..self }
    }

    const fn with(self, short: &'static str) -> Self {
        Self { valued: Valued { short, ..self.valued }, ..self }
    }

    const fn named(self, long: &'static [&'static str]) -> Self {
        Self { valued: Valued { long, ..self.valued }, ..self }
    }

    const fn reading(self, reads: &'static [&'static str]) -> Self {
        Self { reads, ..self }
    }

    const fn writing(self, writes: &'static [&'static str]) -> Self {
        Self { writes, ..self }
    }
}

/// Whether the table has the program.
pub(super) fn has(name: &str) -> bool {
    find(name).is_some()
}

fn find(name: &str) -> Option<&'static Program> {
    READERS.iter().chain(PROGRAMS).find(|program| program.names.contains(&name))
}

/// The name without a version, where only the name without it is known: `python3.11`.
pub(super) fn plain_name(name: &str) -> &str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    let versioned = ["python", "perl", "ruby", "node", "php", "lua", "pypy", "pip", "ipython", "tclsh"];
    if versioned.contains(&bare) {
        return bare;
    }
    // `mkfs.ext4`.
    name.split_once('.').filter(|(stem, _)| matches!(*stem, "mkfs" | "fsck")).map_or(name, |(stem, _)| stem)
}

pub(super) fn judge(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Option<Flow> {
    match name {
        "at" | "batch" => return Some(interpreter::schedule(survey, arguments, input)),
        "chmod" => {
            chmod(survey, arguments);
            return Some(Flow::Nothing);
        }
        "kill" if matches!(arguments, [first, ..] if matches!(first.as_str(), "-0" | "-l" | "-L")) => {
            return Some(Flow::Unknown);
        }
        _ => note_words(survey, name, arguments),
    }
    let program = find(name)?;
    if !may_hide_options(arguments) && show::judge(survey, name, arguments) {
        return Some(Flow::Unknown);
    }
    // Asked for by name, variables are secrets when they are called so.
    let named = |word: &String| !word.starts_with('-') && is_known(word) && !is_secret_name(word);
    if name == "printenv" && !arguments.is_empty() && arguments.iter().all(named) {
        return Some(Flow::Unknown);
    }
    let files = [program.reads, program.writes];
    let options = Options::read_with(arguments, program.valued, &files);
    survey.note(program.class, reason(program.class));
    if options.has(program.worse) {
        survey.note(program.worse_class, reason(program.worse_class));
    }
    if !program.worse.is_empty() && may_hide_options(arguments) && program.worse_class > Class::FsWrite {
        survey.note(Class::Dynamic, "a word may become options that the text does not show");
    }
    if options.has(&["r", "R", "recursive"]) {
        survey.flag(Flag::Recursive);
    }
    note_operands(survey, program, &options);
    Some(if program.operands == Operands::Read && options.operands.is_empty() {
        let whole = matches!(name, "head" | "tail") && !options.has(&["c", "bytes"]);
        if whole { input.clone().selected() } else { input.clone().filtered() }
    } else {
        Flow::Unknown
    })
}

/// What the words of some programs say beyond the table.
fn note_words(survey: &mut Survey, name: &str, arguments: &[String]) {
    match name {
        "ps" if arguments.iter().any(|word| {
            !word.starts_with("--")
                && word.trim_start_matches('-').contains('e')
                && word.bytes().all(|byte| byte.is_ascii_lowercase())
                && !word.starts_with('-')
        }) =>
        {
            survey.note(Class::SecretRead, "prints the environment of processes");
        }
        "getent" if arguments.iter().any(|word| word.contains("shadow") || has_hole(word)) => {
            survey.note(Class::SecretRead, "reads a well-known place of credentials");
        }
        "sysctl" if arguments.iter().any(|word| word.contains('=')) => {
            survey.note(Class::Privilege, "changes the kernel");
        }
        "hostname" | "domainname" if arguments.iter().any(|word| !word.starts_with('-')) => {
            survey.note(Class::Privilege, "changes the name of the machine");
        }
        "ifconfig" | "route" | "arp" | "ethtool" | "iwconfig"
            if arguments.iter().filter(|word| !word.starts_with('-')).count() > 1
                || name == "arp"
                    && arguments.iter().any(|word| word.starts_with("-d") || word.starts_with("-s")) =>
        {
            survey.note(Class::InfraDestructive, "changes the network");
        }
        "date"
            if arguments.iter().any(|word| {
                !word.starts_with(['+', '-'])
                    && word.len() >= 8
                    && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
            }) =>
        {
            survey.note(Class::Privilege, "changes the clock");
        }
        _ => {}
    }
}

fn note_operands(survey: &mut Survey, program: &Program, options: &Options<'_>) {
    let operands = options.operands.as_slice();
    let into: Vec<&str> = options.values(&["t", "target-directory"]).collect();
    options.values(program.reads).filter(|path| *path != "-").for_each(|path| survey.read(path));
    options.values(program.writes).for_each(|path| survey.write(path));
    match program.operands {
        Operands::None => {}
        Operands::Read => {
            operands.iter().filter(|path| **path != "-").for_each(|path| survey.read(path));
        }
        Operands::Pack => operands.iter().for_each(|path| survey.read_tree(path)),
        Operands::Write => operands.iter().for_each(|path| survey.write(path)),
        Operands::Delete => operands.iter().for_each(|path| survey.delete(path)),
        Operands::Copy | Operands::Move => {
            let (last, sources) = match operands.split_last() {
                Some((last, sources)) if into.is_empty() => (Some(*last), sources),
                _ => (None, operands),
            };
            sources.iter().for_each(|path| survey.read_tree(path));
            last.into_iter().chain(into).for_each(|path| {
                survey.write(path);
                if path == "/dev/null" && program.operands == Operands::Move {
                    survey.note(Class::FsDestructive, "deletes or overwrites files");
                }
            });
            if program.operands == Operands::Move {
                sources.iter().for_each(|path| {
                    let (class, _, why) = super::super::place::writing(path);
                    survey.note(class.max(Class::FsWrite), why);
                });
            }
            if sources.first() == Some(&"/dev/null") {
                survey.note(Class::FsDestructive, "deletes or overwrites files");
            }
        }
    }
}

/// Rights of files: only what opens a file to others or gives it the rights of its owner is more than a
/// change.
fn chmod(survey: &mut Survey, arguments: &[String]) {
    let options = Options::read(arguments, Valued { short: "", long: &["reference"] });
    let mode = arguments.iter().map(String::as_str).find(|word| {
        !word.starts_with("--")
            && (!word.starts_with('-') || word.len() > 1 && word[1..].starts_with(['r', 'w', 'x', 's']))
    });
    let grants = mode.is_none_or(|mode| {
        let octal = mode.bytes().all(|byte| byte.is_ascii_digit());
        if octal {
            let digits = mode.trim_start_matches('0');
            digits.len() > 3 || mode.ends_with(['2', '3', '6', '7']) || has_hole(mode)
        } else {
            let wide = mode.contains("o+w")
                || mode.contains("a+w")
                || mode.contains("a=rw")
                || mode.contains("o=")
                || mode.starts_with("+w");
            mode.contains('s') || wide || has_hole(mode)
        }
    });
    survey.note(Class::FsWrite, "changes rights of files");
    if grants {
        survey.note(Class::Privilege, "opens files to others, or runs them with other rights");
    }
    if options.has(&["R", "recursive"]) {
        survey.flag(Flag::Recursive);
    }
    options.operands.iter().skip(1).for_each(|path| {
        if super::super::place::is_root(path) && options.has(&["R", "recursive"]) {
            survey.flag(Flag::RootPath);
            survey.note(Class::FsDestructive, "changes every file of a root");
        }
        survey.write(path);
    });
}

fn reason(class: Class) -> &'static str {
    match class {
        Class::Safe => "",
        Class::FsWrite => "writes a file",
        Class::FsDestructive => "deletes or overwrites files",
        Class::InfraDestructive => "changes or stops machines or processes",
        Class::Privilege => "changes rights, users or the system",
        Class::SecretRead => "reads credentials or the environment",
        Class::RemoteExec => "runs code that the text does not show",
        Class::DbDestructive | Class::Dynamic | Class::Unknown => "cannot be told",
    }
}
