//! PowerShell and the command prompt of Windows: their grammars are not read. One plain command of a short
//! list that
//! only reads is `safe`; anything else is `unknown`.

use std::collections::BTreeSet;

use super::{Class, Command, Facts};
use crate::statement::path::{self, Flag};

/// Arguments that write, or act.
const HARMFUL: &[&str] = &[
    "/release",
    "/renew",
    "/flushdns",
    "/registerdns",
    "-outfile",
    "-outvariable",
    "-filter",
    "-pipelinevariable",
    "-computername",
    "-scriptblock",
    "/s:",
    "/u",
    "/p",
];

/// Cmdlets, and their aliases, that only read.
const CMDLETS: &[&str] = &[
    "get-childitem",
    "get-content",
    "get-date",
    "get-help",
    "get-host",
    "get-item",
    "get-location",
    "get-process",
    "get-service",
    "get-volume",
    "get-disk",
    "get-netipaddress",
    "get-computerinfo",
    "get-hotfix",
    "get-culture",
    "get-timezone",
    "get-uptime",
    "get-alias",
    "get-command",
    "get-module",
    "get-verb",
    "test-path",
    "test-connection",
    "resolve-path",
    "split-path",
    "join-path",
    "select-string",
    "measure-object",
    "write-output",
    "write-host",
    "get-filehash",
    "get-psdrive",
    "get-eventlog",
    "get-winevent",
    "dir",
    "ls",
    "gci",
    "pwd",
    "gl",
    "cat",
    "gc",
    "type",
    "echo",
    "gps",
    "ps",
    "hostname",
    "whoami",
];

/// Commands of the prompt that only read.
const COMMANDS: &[&str] = &[
    "dir",
    "type",
    "echo",
    "ver",
    "vol",
    "whoami",
    "hostname",
    "systeminfo",
    "tasklist",
    "where",
    "find",
    "findstr",
    "tree",
    "fc",
    "comp",
    "date/t",
    "time/t",
    "ipconfig",
    "ping",
    "more",
    "help",
];

pub(super) fn powershell(text: &str) -> Facts {
    plain(text, CMDLETS, |c| c.is_alphanumeric() || " -_.\\/:,=*?~+".contains(c))
}

pub(super) fn cmd(text: &str) -> Facts {
    plain(text, COMMANDS, |c| c.is_alphanumeric() || " -_.\\/:,*?+".contains(c))
}

/// One command of `allowed`, written with nothing but `plain` characters.
fn plain(text: &str, allowed: &[&str], plain: fn(char) -> bool) -> Facts {
    let text = text.trim();
    if !text.chars().all(plain) {
        return Facts::unknown("not a plain command");
    }
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    let Some(name) = words.next() else { return Facts::unknown("an empty text") };
    let program = name.to_ascii_lowercase();
    if !allowed.contains(&program.as_str()) {
        return Facts::unknown("not one of the commands that only read");
    }
    let mut facts = Facts::safe();
    let arguments: Vec<String> = words.map(str::to_owned).collect();
    let harmful = |word: &String| HARMFUL.iter().any(|prefix| word.to_ascii_lowercase().starts_with(prefix));
    if arguments.len() > super::limit::ARGUMENTS_MAX
        || arguments.iter().any(harmful)
        || arguments.iter().any(|word| word.len() > 128)
    {
        return Facts::unknown("not one of the commands that only read");
    }
    for argument in arguments.iter().filter(|word| !word.starts_with('-')) {
        let place = path::read(argument);
        if place.has(Flag::Unc) || place.has(Flag::Device) {
            return Facts::unknown("names another machine or a device");
        }
        if place.has(Flag::Secret) {
            facts.class = Class::SecretRead;
            facts.classes = BTreeSet::from([Class::SecretRead]);
            facts.reason = "reads a well-known place of credentials";
            facts.reads.insert(place.normalised);
        }
    }
    facts.programs.insert(program.clone());
    facts.commands.push(Command { program, arguments });
    facts
}
