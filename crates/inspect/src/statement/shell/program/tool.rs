//! Programs with commands of their own (`kubectl get`, `aws s3 rm`): tables of words, most telling rule
//! first.
//!
//! Changes of infrastructure are `infra_destructive` whether or not they delete: whoever may scale a service
//! to zero
//! or apply any manifest needs no `delete`.

mod cloud;
mod cluster;
mod forge;
mod machine;
mod only;
mod package;
mod rehearse;
mod service;
mod system;

use super::super::Class;
use super::super::environment;
use super::super::flow::Flow;
use super::super::option::{Options, Valued, may_hide_options};
use super::super::survey::Survey;
use super::super::word::has_hole;

/// One program, or several with the same commands.
pub(super) struct Tool {
    names: &'static [&'static str],
    /// Options that take their value from the next argument, letters and names.
    valued: &'static [&'static str],
    rules: &'static [Rules],
}

/// Commands of one class. A command is words: `*` stands for any text, in a word or as one; a word that
/// begins with a
/// dash is an option that has to be there.
pub(super) struct Rules {
    class: Class,
    commands: &'static [&'static str],
}

fn tools() -> impl Iterator<Item = &'static Tool> {
    let tables = [
        cluster::TOOLS,
        machine::TOOLS,
        cloud::TOOLS,
        forge::TOOLS,
        package::TOOLS,
        only::TOOLS,
        service::TOOLS,
        system::TOOLS,
    ];
    tables.into_iter().flatten()
}

pub(super) fn has(name: &str) -> bool {
    tools().any(|tool| tool.names.contains(&name))
}

pub(super) fn judge(survey: &mut Survey, name: &str, arguments: &[String]) -> Option<Flow> {
    // A program may stand in several tables: with others, and with what only it has.
    let entries: Vec<_> = tools().filter(|tool| tool.names.contains(&name)).collect();
    let tool = *entries.first()?;
    let given = Options::read(arguments, Valued { short: "", long: &[] });
    let operands = operands(tool, arguments);
    let options: Vec<&str> = given.names().chain(arguments.iter().map(String::as_str)).collect();
    let mut best: Option<(usize, Class)> = None;
    let mut possible = None;
    for rules in entries.iter().flat_map(|tool| tool.rules) {
        for command in rules.commands {
            match fit(command, &operands, &options) {
                Fit::No => {}
                Fit::Perhaps => possible = possible.max(Some(rules.class)),
                Fit::Yes(weight) => {
                    // Of two rules that say as much, the worse one counts.
                    if best
                        .is_none_or(|(other, class)| weight > other || weight == other && rules.class > class)
                    {
                        best = Some((weight, rules.class));
                    }
                }
            }
        }
    }
    let nothing = operands.is_empty() && best.is_none();
    let class = match best {
        Some(_) if rehearse::only_rehearses(name, &operands, arguments) => Class::Safe,
        Some((_, class)) => class,
        None if nothing
            && arguments.iter().all(|word| matches!(word.as_str(), "--help" | "-h" | "--version")) =>
        {
            Class::Safe
        }
        None if name == "journalctl" => Class::Safe,
        None => Class::Unknown,
    };
    if possible.is_some_and(|possible| possible > class) {
        survey.note(Class::Dynamic, "which command runs is decided when it runs");
    }
    survey.note(class, reason(class));
    if matches!(name, "kubectl" | "oc" | "aws" | "gcloud" | "az" | "helm" | "gh" | "gsutil") {
        super::note_network(survey);
    }
    note_places(survey, name, &operands, arguments);
    Some(Flow::Unknown)
}

/// Commands that copy name places of this machine, and any may name places of others.
fn note_places(survey: &mut Survey, name: &str, operands: &[&str], arguments: &[String]) {
    super::note_told(survey, operands.iter().copied().filter(|word| word.contains("://")));
    if let ["pull" | "push", ..] | ["image", "pull" | "push", ..] = operands
        && matches!(name, "docker" | "podman" | "nerdctl" | "crictl")
    {
        super::note_told(survey, operands.iter().copied());
    }
    let copies = matches!(
        (name, operands),
        ("aws", ["s3", "cp" | "mv" | "sync", ..])
            | ("gsutil", ["cp" | "mv" | "rsync", ..])
            | ("gcloud", ["storage", "cp" | "mv" | "rsync", ..])
    );
    if copies {
        let paths = &operands[usize::from(name != "gsutil") + 1..];
        let elsewhere = |path: &&str| path.contains("://");
        paths.iter().filter(|path| !elsewhere(path)).for_each(|path| survey.read_tree(path));
        match paths {
            // What comes behind the first may be the target, whatever options stand between.
            [_, others @ ..] if others.iter().any(elsewhere) => {
                survey.note(Class::RemoteExec, "sends data to another machine");
            }
            [source, target] if elsewhere(source) => {
                if *target != "-" {
                    survey.write(target);
                }
                if arguments.iter().any(|word| word.starts_with("--delete")) {
                    survey.delete(target);
                }
            }
            _ => survey.note(Class::InfraDestructive, "copies from or to places that cannot be told"),
        }
    }
    if let ["cp", source, target] | ["container" | "compose", "cp", source, target] = operands
        && matches!(name, "docker" | "podman" | "nerdctl" | "kubectl" | "oc")
    {
        if source.contains(':') {
            super::network::note_taken(survey, source);
        } else {
            survey.read_tree(source);
        }
        if target.contains(':') {
            survey.note(Class::InfraDestructive, "writes into a container");
        } else if *target != "-" {
            survey.write(target);
        }
    }
    if let ("az", ["storage", _, "download", ..]) = (name, operands) {
        let options = Options::read(arguments, Valued { short: "f", long: &["file"] });
        options.values(&["f", "file"]).for_each(|path| survey.write(path));
    }
    note_settings(survey, name, arguments);
    for argument in arguments {
        if argument.starts_with("--post-renderer") {
            survey.note(Class::RemoteExec, "runs a command by way of another program");
        }
    }
}

/// Options that send a command to another machine, with credentials, or take settings from a file.
fn note_settings(survey: &mut Survey, name: &str, arguments: &[String]) {
    let (variable, settings, machines): (&str, &[&str], &[&str]) = match name {
        "kubectl" | "oc" => ("KUBECONFIG", &["kubeconfig"], &["server", "s"]),
        "helm" => ("KUBECONFIG", &["kubeconfig"], &["kube-apiserver"]),
        "aws" => ("AWS_CONFIG_FILE", &[], &["endpoint-url"]),
        "docker" | "podman" | "nerdctl" => ("DOCKER_CONFIG", &["config"], &["H", "host", "url"]),
        _ => return,
    };
    let given = Options::read_with(arguments, Valued { short: "", long: &[] }, &[settings, machines]);
    if !given.values(settings).all(|path| environment::is_ordinary(variable, path)) {
        survey.note(Class::Dynamic, "takes settings from a place that the text names");
    }
    let elsewhere = |address: &str| !address.starts_with("unix:") && !environment::is_here(address);
    if given.values(machines).any(elsewhere) {
        survey.note(Class::RemoteExec, "commands another machine than the settings name");
    }
}

fn reason(class: Class) -> &'static str {
    match class {
        Class::Safe => "",
        Class::FsWrite => "writes files or settings",
        Class::FsDestructive => "deletes or overwrites files",
        Class::InfraDestructive => "changes or stops machines, services or resources",
        Class::DbDestructive => "deletes or overwrites data of a database",
        Class::Privilege => "changes what is installed, what runs later, or who may do what",
        Class::SecretRead => "reads credentials",
        Class::RemoteExec => "runs code that the text does not show",
        Class::Dynamic => "which command runs is decided when it runs",
        Class::Unknown => "a command of the program is not known",
    }
}

/// The words of a command without options and their values.
fn operands<'a>(tool: &Tool, arguments: &'a [String]) -> Vec<&'a str> {
    let mut operands = Vec::new();
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        at += 1;
        let name = argument.trim_start_matches('-');
        if name.len() == argument.len() || name.is_empty() && argument.len() == 1 {
            operands.push(argument.as_str());
        } else if tool.valued.contains(&name) {
            at += 1;
        }
    }
    operands
}

enum Fit {
    No,
    /// It depends on a word that is not known.
    Perhaps,
    /// How much the rule says.
    Yes(usize),
}

/// Words that act. A resource can be called `list`; what stands before it still deletes.
const ACTS: &[&str] = &[
    "delete",
    "create",
    "update",
    "set",
    "add",
    "remove",
    "reset",
    "stop",
    "start",
    "restart",
    "ssh",
    "deploy",
    "import",
    "export",
    "patch",
    "apply",
    "execute",
    "call",
    "submit",
    "move",
    "resize",
    "detach",
    "attach",
    "disable",
    "enable",
    "cancel",
    "clear",
    "purge",
    "restore",
    "undelete",
    "rollback",
    "run",
    "scale",
    "migrate",
    "promote",
    "failover",
    "invoke",
    "destroy",
    "rm",
    "revoke",
    "grant",
    "assign",
    "rotate",
    "regenerate",
    "renew",
    "suspend",
    "terminate",
    "drain",
    "abandon",
    "recreate",
    "deallocate",
    "redeploy",
    "reimage",
];

fn fit(command: &str, operands: &[&str], options: &[&str]) -> Fit {
    let telling = !command.ends_with('*');
    let mut weight = 0;
    let mut at = 0;
    let mut perhaps = false;
    for word in command.split(' ') {
        if word.starts_with('-') {
            let name = word.trim_start_matches('-').trim_end_matches('*');
            let wanted = if word.starts_with("--") || name.len() > 1 && !word.ends_with('*') {
                options.iter().any(|option| {
                    *option == name || option.starts_with(&format!("{word}=")) || *option == word
                })
            } else {
                let letters = &word[..word.len() - usize::from(word.ends_with('*'))];
                options.iter().any(|option| option.starts_with('-') && option.starts_with(letters))
                    || options.contains(&name)
            };
            if !wanted {
                return Fit::No;
            }
            weight += if word.ends_with('*') { 2 } else { 3 };
            continue;
        }
        let Some(operand) = operands.get(at) else { return Fit::No };
        at += 1;
        if has_hole(operand) {
            perhaps = true;
        } else if word == *operand {
            weight += 3;
        } else if telling && word == "*" && ACTS.iter().any(|act| operand.starts_with(act)) {
            return Fit::No;
        } else if word.contains('*') && like(word, operand) {
            weight += if word == "*" { 1 } else { 2 };
        } else {
            return Fit::No;
        }
    }
    if perhaps { Fit::Perhaps } else { Fit::Yes(weight) }
}

/// Whether `word` fits a pattern with `*` at its ends.
fn like(pattern: &str, word: &str) -> bool {
    let inner = pattern.trim_matches('*');
    match (pattern.starts_with('*'), pattern.ends_with('*')) {
        (true, true) => word.contains(inner),
        (true, false) => word.ends_with(inner),
        (false, true) => word.starts_with(inner),
        (false, false) => match pattern.split_once('*') {
            Some((start, end)) => {
                word.len() >= start.len() + end.len() && word.starts_with(start) && word.ends_with(end)
            }
            None => pattern == word,
        },
    }
}
