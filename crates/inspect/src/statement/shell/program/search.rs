//! Programs that look for files or in files, and may run commands on what they find.

use super::super::flow::Flow;
use super::super::option::{Options, Valued, may_hide_options};
use super::super::survey::Survey;
use super::super::word::{HOLE, display, has_hole};
use super::super::{Class, Flag};

pub(super) fn judge(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Option<Flow> {
    match name {
        "find" | "gfind" => Some(find(survey, arguments)),
        "fd" | "fdfind" => Some(fd(survey, arguments)),
        "grep" | "egrep" | "fgrep" | "zgrep" | "rg" | "ag" | "ack" | "ggrep" => {
            Some(grep(survey, name, arguments, input))
        }
        "ls" | "dir" | "vdir" | "exa" | "eza" | "tree" => Some(list(survey, name, arguments)),
        "parallel" => Some(parallel(survey, arguments, input)),
        _ => None,
    }
}

fn find(survey: &mut Survey, arguments: &[String]) -> Flow {
    if may_hide_options(arguments) {
        survey.note(Class::Dynamic, "a word may become options that the text does not show");
    }
    survey.flag(Flag::Recursive);
    let found = found(arguments);
    let starts = starts(arguments);
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        at += 1;
        match argument.as_str() {
            "-delete" => {
                survey.delete(&found);
                starts.iter().for_each(|start| survey.delete(start));
            }
            "-exec" | "-execdir" | "-ok" | "-okdir" => {
                let rest = &arguments[at..];
                let end = rest.iter().position(|word| word == ";" || word == "+").unwrap_or(rest.len());
                let fields: Vec<String> = rest[..end].iter().map(|word| word.replace("{}", &found)).collect();
                survey.flag(Flag::Wrapped);
                survey.later(fields);
                at += end;
            }
            "-fprint" | "-fprint0" | "-fprintf" | "-fls" => {
                arguments.get(at).into_iter().for_each(|path| survey.write(path));
                at += 1;
            }
            "-files0-from" => {
                arguments.get(at).into_iter().for_each(|path| survey.read(path));
                at += 1;
            }
            _ => {}
        }
    }
    Flow::Names(found)
}

/// Where a search begins.
fn starts(arguments: &[String]) -> Vec<String> {
    let options =
        |word: &&String| matches!(word.as_str(), "-H" | "-L" | "-P" | "-x" | "-E") || word.starts_with("-O");
    let starts: Vec<String> = arguments
        .iter()
        .skip_while(options)
        .take_while(|word| !word.starts_with(['-', '(', '!']))
        .cloned()
        .collect();
    if starts.is_empty() { vec![".".to_owned()] } else { starts }
}

/// What a search finds, as one field: a pattern where the names of what is found are told, a hole otherwise.
fn found(arguments: &[String]) -> String {
    let starts = starts(arguments);
    let mut names = Vec::new();
    for pair in arguments.windows(2) {
        match pair[0].as_str() {
            "-name" | "-iname" => names.push(pair[1].as_str()),
            "-path" | "-ipath" | "-wholename" | "-regex" | "-iregex" | "-o" | "-or" | "-lname"
            | "-samefile" | "-newer"
                if pair[0] != "-o" && pair[0] != "-or" =>
            {
                return HOLE.to_string();
            }
            _ => {}
        }
    }
    let wide = |start: &String| {
        let shown = display(start);
        let top = shown.trim_end_matches('/');
        has_hole(start)
            || shown.starts_with('~')
            || matches!(top, "" | "/etc" | "/root" | "/home" | "/proc" | "/var" | "/run" | "/Users")
    };
    let start = if starts.len() == 1 { starts[0].trim_end_matches('/') } else { "." };
    match names.as_slice() {
        [name] => format!("{start}/\u{3}/{}", super::super::word::as_pattern(name)),
        [] if starts.iter().any(wide) => HOLE.to_string(),
        [] => format!("{start}/\u{3}"),
        names if names.iter().any(|name| crate::statement::path::secret::is_secret(name)) => {
            format!("{start}/\u{3}/id_rsa")
        }
        _ => format!("{start}/\u{3}"),
    }
}

fn fd(survey: &mut Survey, arguments: &[String]) -> Flow {
    let exec =
        arguments.iter().position(|word| matches!(word.as_str(), "-x" | "-X" | "--exec" | "--exec-batch"));
    if let Some(at) = exec {
        let fields: Vec<String> = arguments[at + 1..]
            .iter()
            .take_while(|word| *word != ";")
            .map(|word| word.replace("{}", &HOLE.to_string()))
            .collect();
        survey.flag(Flag::Wrapped);
        survey.later(fields);
    } else if may_hide_options(arguments) || arguments.iter().any(|word| word.starts_with("--exec")) {
        survey.note(Class::Dynamic, "a word may become options that the text does not show");
    }
    Flow::Names("./\u{3}".to_owned())
}

fn grep(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Flow {
    const LONG: &[&str] = &[
        "regexp",
        "file",
        "max-count",
        "context",
        "after-context",
        "before-context",
        "include",
        "exclude",
        "exclude-dir",
        "glob",
        "type",
        "type-not",
        "label",
        "color",
        "colour",
        "pre",
        "iglob",
        "max-depth",
        "threads",
        "replace",
    ];
    let short = match name {
        "rg" => "efmABCgtTjrMEd",
        "ag" => "ABCGgmpW",
        "ack" => "ABCgm",
        _ => "efmABCdD",
    };
    let options = Options::read(arguments, Valued { short, long: LONG });
    options.values(&["f", "file"]).for_each(|path| survey.read(path));
    if matches!(name, "rg" | "ag" | "ack") && options.has(&["pre", "hostname-bin", "pager", "output"]) {
        survey.note(Class::RemoteExec, "runs a command by way of another program");
    }
    let pattern_given = options.has(&["e", "f", "regexp", "file"]);
    let paths = &options.operands[usize::from(!pattern_given).min(options.operands.len())..];
    let recursive =
        options.has(&["r", "R", "recursive", "dereference-recursive"]) || matches!(name, "rg" | "ag" | "ack");
    if recursive {
        survey.flag(Flag::Recursive);
    }
    for path in paths {
        if recursive && is_wide(path) {
            survey.note(Class::SecretRead, "reads all files of a directory that holds credentials");
        }
        survey.read(path);
    }
    if options.has(&["l", "files-with-matches", "L", "files"]) {
        return Flow::Names("./\u{3}".to_owned());
    }
    let whole = !options.has(&["o", "only-matching", "c", "count", "n", "line-number", "b", "byte-offset"]);
    match paths {
        [] if whole => input.clone().selected(),
        [] => input.clone().filtered(),
        _ => Flow::Unknown,
    }
}

/// Directories below which there are credentials.
fn is_wide(path: &str) -> bool {
    let shown = display(path);
    matches!(
        shown.trim_end_matches('/'),
        "" | "~"
            | "/etc"
            | "/root"
            | "/home"
            | "/proc"
            | "/Users"
            | "~/.ssh"
            | "~/.aws"
            | "~/.config"
            | "/run"
            | "/var/run/secrets"
    )
}

fn list(survey: &mut Survey, name: &str, arguments: &[String]) -> Flow {
    if name == "tree" {
        let options = Options::read(arguments, Valued { short: "oLPIHT", long: &[] });
        options.values(&["o"]).for_each(|path| survey.write(path));
    }
    let plain = arguments.iter().all(|word| word.starts_with('-') || !has_hole(word) && !is_wide(word));
    if plain { Flow::Names("./\u{3}".to_owned()) } else { Flow::Unknown }
}

/// GNU parallel: a template that a shell runs for every value.
fn parallel(survey: &mut Survey, arguments: &[String], input: &Flow) -> Flow {
    let options = Options::leading(
        arguments,
        Valued {
            short: "jPnNaIS",
            long: &[
                "jobs",
                "max-procs",
                "arg-file",
                "colsep",
                "sshlogin",
                "delay",
                "timeout",
                "joblog",
                "results",
            ],
        },
    );
    survey.flag(Flag::Wrapped);
    if options.has(&["S", "sshlogin", "sshloginfile"]) {
        survey.note(Class::RemoteExec, "runs commands on another machine");
    }
    let cut = options.operands.iter().position(|word| word.starts_with(":::"));
    let template = options.operands[..cut.unwrap_or(options.operands.len())].join(" ");
    let values: Vec<&str> = cut.map_or_else(Vec::new, |at| options.operands[at + 1..].to_vec());
    let files = cut.is_some_and(|at| options.operands[at].starts_with("::::"));
    if template.is_empty() && cut.is_none() {
        super::interpreter::feed(survey, input);
        return Flow::Unknown;
    }
    if files || cut.is_none() || values.len() > super::super::limit::LOOP_VALUES_MAX {
        // The values are not known, but they become arguments, quoted.
        survey.nest(&fill(&template, "VALUE"));
        survey.note(Class::Dynamic, "which program runs is decided when it runs");
        return Flow::Unknown;
    }
    for value in values {
        survey.nest(&fill(&template, value));
    }
    Flow::Unknown
}

fn fill(template: &str, value: &str) -> String {
    if template.is_empty() {
        value.to_owned()
    } else if template.contains('{') {
        ["{}", "{.}", "{/}", "{//}", "{/.}"]
            .iter()
            .fold(template.to_owned(), |text, mark| text.replace(mark, value))
    } else {
        format!("{template} {value}")
    }
}
