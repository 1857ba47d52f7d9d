//! Builtins of the shell that change what later commands mean, or run texts.

use super::super::flow::{self, Flow};
use super::super::option::{Options, Valued};
use super::super::survey::Survey;
use super::super::word::{has_hole, is_known};
use super::super::{Class, Flag};
use super::DECLARERS;

pub(super) fn judge(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Option<Flow> {
    let flow = match name {
        "echo" => {
            note_encoded(
                survey,
                arguments.iter().filter(|word| word.starts_with('\\') || word.contains("\\x")),
            );
            flow::echo(arguments)
        }
        "printf" => printf(survey, arguments),
        "eval" => {
            survey.nest(&arguments.join(" "));
            survey.scope.cloud();
            Flow::Unknown
        }
        "." | "source" => source(survey, arguments, input),
        "trap" => trap(survey, arguments),
        "alias" => alias(survey, arguments),
        "set" => set(survey, arguments),
        "fc" if arguments.iter().any(|word| word.starts_with('-') && word.contains('l')) => Flow::Unknown,
        "fc" => {
            survey.note(Class::Dynamic, "runs a command of the history");
            Flow::Unknown
        }
        "shopt" if arguments.iter().all(|word| matches!(word.as_str(), "-p" | "-q")) => Flow::Unknown,
        "shopt" | "setopt" | "unsetopt" | "emulate" => {
            survey.note(Class::Dynamic, "changes how the shell reads what follows");
            Flow::Nothing
        }
        "read" | "mapfile" | "readarray" | "getopts" => read(survey, name, arguments),
        "test" | "[" => {
            for pair in arguments.windows(2).filter(|pair| matches!(pair[0].as_str(), "-v" | "-R")) {
                survey.evaluate_name(&pair[1]);
            }
            return None;
        }
        "unset" => {
            for argument in arguments {
                survey.check_subscript(argument);
                survey.scope.forget(argument);
            }
            Flow::Nothing
        }
        "let" => {
            for argument in arguments {
                survey.check_subscript(argument);
                if has_hole(argument) {
                    survey.note(Class::Dynamic, "evaluates a value as an expression");
                }
                survey.evaluate(argument);
                let name =
                    argument.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or("");
                survey.scope.assign_number(name, None);
            }
            Flow::Nothing
        }
        "enable" | "hash" | "bind" | "complete" | "compgen" => {
            let harmless = arguments.is_empty() || arguments == ["-r"];
            if !harmless {
                survey.note(Class::Dynamic, "changes what names of commands mean");
            }
            Flow::Unknown
        }
        name if DECLARERS.contains(&name) => declare(survey, arguments),
        _ => return None,
    };
    Some(flow)
}

fn printf(survey: &mut Survey, arguments: &[String]) -> Flow {
    note_encoded(survey, arguments.first().into_iter());
    if let [option, name, rest @ ..] = arguments
        && option == "-v"
    {
        survey.check_subscript(name);
        survey.scope.forget(name);
        return if rest.is_empty() { Flow::Unknown } else { Flow::Nothing };
    }
    flow::printf(arguments)
}

/// Texts that spell characters by their codes.
fn note_encoded<'a>(survey: &mut Survey, words: impl Iterator<Item = &'a String>) {
    let mut words = words;
    let coded = |word: &String| {
        word.as_bytes()
            .windows(2)
            .filter(|pair| pair[0] == b'\\' && matches!(pair[1], b'x' | b'0'..=b'7' | b'u'))
            .count()
            > 1
    };
    if words.any(coded) {
        survey.flag(Flag::Encoded);
    }
}

fn source(survey: &mut Survey, arguments: &[String], input: &Flow) -> Flow {
    match arguments.first().map(String::as_str) {
        None => {}
        Some("/dev/stdin" | "/proc/self/fd/0" | "/dev/fd/0") => super::interpreter::feed(survey, input),
        Some(_) => {
            survey.note(Class::RemoteExec, "runs a file that the text does not show");
            arguments.iter().take(1).for_each(|path| survey.read(path));
        }
    }
    survey.scope.cloud();
    Flow::Unknown
}

fn trap(survey: &mut Survey, arguments: &[String]) -> Flow {
    let arguments =
        if arguments.first().is_some_and(|first| first == "--") { &arguments[1..] } else { arguments };
    match arguments {
        [] => {}
        [first, ..] if matches!(first.as_str(), "-l" | "-p" | "-" | "") => {}
        // `trap 2` resets; a text comes with the names of signals.
        [only] if only.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {}
        [text, ..] => survey.nest(text),
    }
    Flow::Nothing
}

fn alias(survey: &mut Survey, arguments: &[String]) -> Flow {
    for argument in arguments {
        if let Some((name, text)) = argument.split_once('=') {
            survey.flag(Flag::Alias);
            survey.note(Class::Dynamic, "an alias decides what runs");
            survey.scope.aliases.insert(name.to_owned());
            survey.nest(text);
        }
    }
    Flow::Unknown
}

fn set(survey: &mut Survey, arguments: &[String]) -> Flow {
    if arguments.is_empty() {
        survey.note(Class::SecretRead, "prints all variables");
        return Flow::Unknown;
    }
    if let [first, ..] = arguments {
        // Options of the shell that stop, print or check; anything else may change how texts are read.
        let letters = first.strip_prefix(['-', '+']).unwrap_or("?");
        let plain = letters.chars().all(|c| "euxvnfmbhCEo-".contains(c));
        let names = ["pipefail", "errexit", "nounset", "xtrace", "noglob", "posix", "noclobber"];
        let named = arguments[1..].iter().all(|name| names.contains(&name.as_str()) || name.starts_with('-'));
        if !plain || (letters != "-" && !letters.contains('-') && !named) {
            survey.note(Class::Dynamic, "changes how the shell reads what follows");
        }
    }
    Flow::Nothing
}

fn read(survey: &mut Survey, name: &str, arguments: &[String]) -> Flow {
    let short = if name == "read" { "adinNptu" } else { "dnOsuCc" };
    let options = Options::read(arguments, Valued { short, long: &[] });
    for name in options.operands.iter().copied().chain(options.values(&["a"])) {
        survey.check_subscript(name);
        if !is_known(name) {
            survey.note(Class::Dynamic, "the name of a variable is decided when it runs");
        }
        if survey.scope.integers.contains(name) {
            survey.note(Class::Dynamic, "evaluates a value as an expression");
        }
        survey.scope.forget(name);
    }
    if let Some(text) = options.values(&["C"]).next() {
        survey.nest(text);
    }
    if options.operands.is_empty() {
        ["REPLY", "MAPFILE", "OPTARG"].iter().for_each(|name| survey.scope.forget(name));
    }
    Flow::Nothing
}

fn declare(survey: &mut Survey, arguments: &[String]) -> Flow {
    let options = Options::read(arguments, Valued::default());
    for argument in &options.operands {
        survey.check_subscript(argument);
        // A name put together when it runs could be any, `PATH` among them.
        if has_hole(argument) {
            survey.note(Class::Dynamic, "the name of a variable is decided when it runs");
        }
        // A quoted list is read once more: `declare -a 'x=($(...))'`.
        let list = argument.split_once("=(").is_some_and(|(_, list)| list.contains(['$', '`']));
        if list {
            survey.note(Class::Dynamic, "expands a value once more");
        }
        if let Some((name, value)) = argument.split_once('=')
            && survey.scope.integers.contains(name)
        {
            survey.evaluate(value);
        }
    }
    if options.has(&["n"]) && !options.operands.is_empty() {
        survey.note(Class::Dynamic, "a name stands for another variable");
    }
    if options.operands.is_empty() && !options.has(&["f", "F"]) {
        survey.note(Class::SecretRead, "prints the environment");
    }
    Flow::Unknown
}
