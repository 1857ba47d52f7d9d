//! Shells and interpreters: a text for a shell is read like this one, code of other languages is not read.

use super::super::flow::Flow;
use super::super::option::{Options, Valued, may_hide_options};
use super::super::survey::Survey;
use super::super::word::{PROCESS_PATH, has_hole};
use super::super::{Class, Flag};

/// Texts by which code of any language names credentials.
const SIGNS: &[&str] =
    &["/etc/shadow", ".ssh/id_", ".aws/credentials", "os.environ", "process.env", "%ENV", "$ENV{"];

const SHELLS: &[&str] =
    &["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "rbash", "yash", "fish", "csh", "tcsh"];

/// Interpreters whose code is not read.
const INTERPRETERS: &[&str] = &[
    "python",
    "pypy",
    "ipython",
    "perl",
    "ruby",
    "node",
    "nodejs",
    "deno",
    "bun",
    "php",
    "lua",
    "luajit",
    "tclsh",
    "expect",
    "osascript",
    "pwsh",
    "powershell",
    "Rscript",
    "R",
    "julia",
    "groovy",
    "scala",
    "jshell",
    "ghci",
    "runghc",
    "elixir",
    "iex",
    "erl",
    "escript",
    "guile",
    "racket",
    "swipl",
    "octave",
    "java",
    "dotnet",
    "mono",
    "wine",
    "ts-node",
    "tsx",
    "npx",
    "pnpx",
    "bunx",
    "uvx",
    "pipx",
    "jrunscript",
    "gdb",
    "lldb",
    "vim",
    "vi",
    "nvim",
    "emacs",
    "ed",
    "ex",
    "nano",
    "irb",
    "m4",
    "make",
    "gmake",
    "cmake",
    "ninja",
    "just",
    "rake",
    "ant",
    "mvn",
    "gradle",
    "bazel",
    "tox",
    "nox",
    "pytest",
    "ansible",
    "ansible-playbook",
    "salt",
    "puppet",
    "chef-client",
    "vagrant",
    "packer",
    "nix-shell",
    "nix",
    "code",
    "qemu-system-x86_64",
    "cscript",
    "wscript",
    "mshta",
    "rundll32",
];

pub(super) fn has(name: &str) -> bool {
    SHELLS.contains(&name) || INTERPRETERS.contains(&name)
}

/// Whether Ansible only reads plays and names hosts. `--check` is more: a task may be exempt from it, a template may look
/// up what a program says.
fn only_lists(name: &str, arguments: &[String]) -> bool {
    let lists: &[&str] = match name {
        "ansible" => &["--list-hosts"],
        "ansible-playbook" => &["--list-hosts", "--list-tags", "--list-tasks", "--syntax-check"],
        _ => return false,
    };
    let mut listed = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            option if lists.contains(&option) => listed = true,
            "-l" | "--limit" | "-t" | "--tags" | "--skip-tags" => drop(words.next()),
            // Hosts by name: a file may be a program.
            "-i" | "--inventory" if words.next().is_some_and(|hosts| hosts.ends_with(',')) => {}
            option if option.starts_with('-') => return false,
            _ => {}
        }
    }
    listed && !may_hide_options(arguments)
}

pub(super) fn judge(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Option<Flow> {
    if SHELLS.contains(&name) {
        shell(survey, arguments, input);
        return Some(Flow::Unknown);
    }
    if !INTERPRETERS.contains(&name) {
        return None;
    }
    let asks = matches!(arguments, [only] if match only.as_str() {
        "-V" | "-v" | "--version" | "-version" | "--help" => true,
        "--info" => name == "dotnet",
        _ => false,
    });
    if !asks && !only_lists(name, arguments) {
        survey.note(Class::RemoteExec, "runs code of a language that is not read");
        for argument in arguments {
            note_code(survey, argument);
        }
    }
    if matches!(input, Flow::Network | Flow::Unknown | Flow::Text(_)) {
        survey.flag(Flag::PipeToShell);
    }
    Some(Flow::Unknown)
}

/// Code may still say what it reaches for.
fn note_code(survey: &mut Survey, argument: &str) {
    if has_hole(argument) {
        survey.flag(Flag::Variable);
    }
    if SIGNS.iter().any(|sign| argument.contains(sign)) {
        survey.note(Class::SecretRead, "code names a well-known place of credentials");
    }
}

fn shell(survey: &mut Survey, arguments: &[String], input: &Flow) {
    let mut at = 0;
    let (mut text, mut from_input) = (false, false);
    while let Some(argument) = arguments.get(at) {
        match argument.as_str() {
            "--" => {
                at += 1;
                break;
            }
            "-" => from_input = true,
            "--rcfile" | "--init-file" => {
                survey.note(Class::RemoteExec, "runs a file that the text does not show");
                at += 1;
            }
            "--version" | "--help" => return,
            long if long.starts_with("--") => {}
            short if short.starts_with(['-', '+']) => {
                text |= short.starts_with('-') && short.contains('c');
                from_input |= short.contains('s');
                at += usize::from(short.contains(['o', 'O']));
            }
            _ => break,
        }
        at += 1;
    }
    let operand = arguments.get(at).map(String::as_str);
    let checks =
        arguments[..at.min(arguments.len())].iter().all(|word| word == "-n" || word == "--") && at > 0;
    match operand {
        // Read, and not run.
        Some(path) if checks && arguments[0] == "-n" && !has_hole(path) => survey.read(path),
        Some(code) if text => {
            survey.nest(code);
            // Commands in it read what the shell reads.
            if *input != Flow::Nothing && code.trim().len() < 16 && has_reader(code) {
                feed(survey, input);
            }
        }
        None if text => survey.note(Class::Unknown, "a text for a shell is missing"),
        Some("/dev/stdin" | "/proc/self/fd/0" | "/dev/fd/0") => feed(survey, input),
        _ if from_input => feed(survey, input),
        Some(PROCESS_PATH) => {
            let flow = survey.process.clone();
            feed(survey, &flow);
        }
        Some(path) if has_hole(path) => {
            survey.note(Class::Dynamic, "which program runs is decided when it runs");
        }
        Some(path) => {
            survey.read(path);
            survey.note(Class::RemoteExec, "runs a file that the text does not show");
        }
        None => feed(survey, input),
    }
}

/// Whether a text is nothing but a shell that reads on (`sh -c sh`).
fn has_reader(code: &str) -> bool {
    SHELLS.contains(&code.trim())
}

/// A shell that runs what it reads.
pub(super) fn feed(survey: &mut Survey, input: &Flow) {
    if *input != Flow::Nothing {
        survey.flag(Flag::PipeToShell);
    }
    match input {
        Flow::Text(text) => survey.nest(text),
        Flow::Network => survey.note(Class::RemoteExec, "runs what comes from the network"),
        Flow::File => survey.note(Class::RemoteExec, "runs a file that the text does not show"),
        Flow::Unknown | Flow::Names(_) => survey.note(Class::Dynamic, "runs what another command prints"),
        Flow::Nothing => survey.note(Class::Dynamic, "waits for commands"),
    }
}

/// Texts of a scheduler: they run later, as they are.
pub(super) fn schedule(survey: &mut Survey, arguments: &[String], input: &Flow) -> Flow {
    let options = Options::read(arguments, Valued { short: "qft", long: &[] });
    if options.has(&["l", "V"]) {
        return Flow::Unknown;
    }
    survey.note(Class::Privilege, "makes commands run later");
    feed(survey, input);
    Flow::Nothing
}
