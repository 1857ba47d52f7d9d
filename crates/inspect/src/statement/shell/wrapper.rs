//! Programs that run other programs: what is left when they are taken away.

use super::environment::decides_what_runs;
use super::flow::Flow;
use super::limit::FIELDS_MAX;
use super::option::{Options, Valued};
use super::program::container;
use super::survey::Survey;
use super::word::{HOLE, SPLIT, is_known};
use super::{Class, Flag};

/// What to do with a command.
pub(super) enum Step {
    /// It wraps nothing: judge the program.
    Program,
    /// It wraps this command.
    Inner { fields: Vec<String>, input: Flow },
    /// It has been judged.
    Done(Flow),
}

/// A program that takes options, then perhaps words of its own, then a command.
struct Wrapper {
    name: &'static str,
    /// Letters of options without a value, and with one.
    flags: &'static str,
    valued: Valued,
    /// Words of its own before the command.
    skip: usize,
    /// What using it means by itself.
    class: Class,
}

const fn wrapper(
    name: &'static str,
    flags: &'static str,
    short: &'static str,
    long: &'static [&'static str],
) -> Wrapper {
    Wrapper { name, flags, valued: Valued { short, long }, skip: 0, class: Class::Safe }
}

impl Wrapper {
    const fn skipping(self, skip: usize) -> Self {
        Self { skip, ..self }
    }

    const fn of(self, class: Class) -> Self {
        Self { class, ..self }
    }
}

const SUDO_LONG: &[&str] = &[
    "user",
    "group",
    "host",
    "prompt",
    "chdir",
    "chroot",
    "close-from",
    "command-timeout",
    "role",
    "type",
    "other-user",
];

/// The wrappers; long options without a value are accepted as they come.
const WRAPPERS: &[Wrapper] = &[
    wrapper("sudo", "AbBEeHiKklNnPSsVv", "CDghpRrTtUu", SUDO_LONG).of(Class::Privilege),
    wrapper("doas", "Lns", "Cu", &[]).of(Class::Privilege),
    wrapper("pkexec", "", "", &["user"]).of(Class::Privilege),
    wrapper("env", "i0v", "uCPS", &["unset", "chdir", "split-string", "argv0"]),
    wrapper("nice", "", "n", &["adjustment"]),
    wrapper("ionice", "t", "cnpPu", &["class", "classdata", "pid"]),
    wrapper("chrt", "abdfimoRr", "TPD", &[]).skipping(1),
    wrapper("taskset", "ac", "", &[]).skipping(1),
    wrapper("numactl", "H", "CNmilp", &[]),
    wrapper("nohup", "", "", &[]),
    wrapper("setsid", "cfw", "", &[]),
    wrapper("stdbuf", "", "ioe", &["input", "output", "error"]),
    wrapper("unbuffer", "p", "", &[]),
    wrapper("timeout", "fpv", "ks", &["kill-after", "signal"]).skipping(1),
    wrapper("gtimeout", "fpv", "ks", &["kill-after", "signal"]).skipping(1),
    wrapper("time", "apvV", "fo", &["format", "output"]),
    wrapper("gtime", "apvV", "fo", &["format", "output"]),
    wrapper("exec", "cl", "a", &[]),
    wrapper("builtin", "", "", &[]),
    wrapper("command", "pvV", "", &[]),
    wrapper("busybox", "", "", &[]),
    wrapper("toybox", "", "", &[]),
    wrapper("coproc", "", "", &[]),
    wrapper("fakeroot", "u", "lisb", &[]),
    wrapper("caffeinate", "dimsu", "tw", &[]),
    wrapper("chroot", "", "", &["userspec", "groups"]).skipping(1).of(Class::Privilege),
    wrapper("nsenter", "aAmuinpCUTFZ", "tSGrw", &["target", "setuid", "setgid"]).of(Class::Privilege),
    wrapper("unshare", "muinpCUTfrc", "SGRw", &["setuid", "setgid", "root", "wd"]).of(Class::Privilege),
    wrapper("setpriv", "", "", &["reuid", "regid", "groups"]).of(Class::Privilege),
    wrapper("setarch", "BFILRSTXZv3", "", &[]).skipping(1),
    wrapper("strace", "cCdDfFhiknqrtTvVwxyYZz", "abeEIoOpPsSuUX", &[]),
    wrapper("ltrace", "bcCfhiLrStTV", "aADeFlnopsuwx", &[]),
    wrapper("proxychains", "q", "f", &[]).of(Class::RemoteExec),
    wrapper("proxychains4", "q", "f", &[]).of(Class::RemoteExec),
    wrapper("systemd-run", "dGPqrtS", "HMpu", &["unit", "property", "on-calendar", "uid", "gid", "slice"])
        .of(Class::RemoteExec),
];

/// Takes one wrapper away, if `name` is one.
pub(super) fn unwrap(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Step {
    if is_question(name, arguments) {
        return Step::Done(Flow::Unknown);
    }
    match name {
        "xargs" => return xargs(survey, arguments, input),
        "ssh" | "rsh" | "autossh" | "mosh" | "dbclient" | "sshpass" => {
            return remote_shell(survey, name, arguments, input);
        }
        "su" | "runuser" => return switch_user(survey, name, arguments),
        "watch" => return watch(survey, arguments),
        "flock" => return flock(survey, arguments, input),
        "docker" | "podman" | "nerdctl" | "kubectl" | "oc" | "crictl" | "lxc" | "docker-compose" => {
            return container::unwrap(survey, name, arguments, input);
        }
        _ => {}
    }
    let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name == name) else { return Step::Program };
    if name == "sudo" && lists_rights(arguments) {
        return Step::Done(Flow::Unknown);
    }
    if wrapper.class > Class::Safe {
        survey.note(wrapper.class, class_reason(wrapper.class));
    }
    let options = Options::leading(arguments, wrapper.valued);
    for option in options.names() {
        let known =
            option.len() > 1 || wrapper.flags.contains(option) || wrapper.valued.short.contains(option);
        let number = option.bytes().all(|byte| byte.is_ascii_digit());
        if !known && !number {
            survey.note(Class::Unknown, "an option of a wrapper is not known");
        }
    }
    if let Some(done) = special(survey, name, &options, arguments) {
        return done;
    }
    let mut rest = options.rest;
    // `env - command` is `env -i command`.
    if name == "env" && arguments.get(rest).is_some_and(|word| word == "-") {
        rest += 1;
    }
    if matches!(name, "env" | "sudo" | "doas") {
        while let Some((variable, value)) = arguments.get(rest).and_then(|word| word.split_once('=')) {
            note_assignment(survey, variable, value);
            rest += 1;
        }
    }
    let own = arguments.len().min(rest + wrapper.skip);
    if arguments[rest.min(own)..own].iter().any(|field| field.contains(SPLIT)) {
        survey.note(Class::Dynamic, "which program runs is decided when it runs");
    }
    let fields = arguments[own..].to_vec();
    if fields.is_empty() {
        return Step::Done(alone(survey, name));
    }
    Step::Inner { fields, input: input.clone() }
}

/// Whether a wrapper is only asked for its version or its manual.
fn is_question(name: &str, arguments: &[String]) -> bool {
    let [only] = arguments else { return false };
    let wraps =
        WRAPPERS.iter().any(|wrapper| wrapper.name == name) || matches!(name, "xargs" | "watch" | "flock");
    match only.as_str() {
        "--version" | "--help" => wraps,
        "-V" => matches!(name, "ssh" | "strace" | "ltrace" | "sudo"),
        _ => false,
    }
}

/// `sudo -l`: what one may do. A command behind it is looked up, not run.
fn lists_rights(arguments: &[String]) -> bool {
    let options = Options::leading(arguments, Valued { short: "U", long: &["other-user"] });
    let allowed = ["l", "ll", "list", "n", "nl", "ln", "non-interactive", "U", "other-user"];
    options.has(&["l", "list"]) && options.names().all(|name| allowed.contains(&name))
}

fn class_reason(class: Class) -> &'static str {
    match class {
        Class::Privilege => "runs with other rights",
        _ => "runs a command by way of another program",
    }
}

fn note_assignment(survey: &mut Survey, variable: &str, value: &str) {
    survey.note_written(variable, value);
    if decides_what_runs(variable) {
        survey.flag(Flag::Environment);
        survey.note(Class::Dynamic, "assigns a variable that decides what runs");
    }
}

/// What some wrappers do instead of running a command.
fn special(survey: &mut Survey, name: &str, options: &Options<'_>, arguments: &[String]) -> Option<Step> {
    match name {
        "command" if options.has(&["v", "V"]) => return Some(Step::Done(Flow::Unknown)),
        "env" => {
            let texts: Vec<&str> = options.values(&["S", "split-string"]).collect();
            let rest = arguments[options.rest.min(arguments.len())..].join(" ");
            if let [text] = texts.as_slice() {
                survey.nest(&format!("{text} {rest}"));
                return Some(Step::Done(Flow::Unknown));
            }
        }
        "sudo" | "doas" if options.has(&["e", "edit"]) => {
            options.operands.iter().for_each(|path| survey.write(path));
            return Some(Step::Done(Flow::Nothing));
        }
        "strace" | "ltrace" | "time" | "gtime" => {
            options.values(&["o", "output"]).for_each(|path| survey.write(path));
            if options.has(&["p"]) {
                survey.note(Class::Privilege, "looks into another process");
            }
        }
        "taskset" | "ionice" | "chrt" if options.has(&["p", "pid"]) => {
            survey.note(Class::InfraDestructive, "changes another process");
            return Some(Step::Done(Flow::Nothing));
        }
        _ => {}
    }
    None
}

/// A wrapper without a command.
fn alone(survey: &mut Survey, name: &str) -> Flow {
    match name {
        "env" => survey.note(Class::SecretRead, "prints the environment"),
        "exec" | "nice" | "nohup" | "time" | "command" | "builtin" | "busybox" | "toybox" => {}
        _ => survey.note(Class::Dynamic, "waits for commands"),
    }
    Flow::Unknown
}

fn xargs(survey: &mut Survey, arguments: &[String], input: &Flow) -> Step {
    const LONG: &[&str] =
        &["arg-file", "delimiter", "max-lines", "max-args", "max-procs", "max-chars", "process-slot-var"];
    let valued = Valued { short: "adEILnPs", long: LONG };
    let options = Options::leading(arguments, valued);
    let known = |name: &str| name.len() > 1 || "0ortxpeil".contains(name) || valued.short.contains(name);
    if !options.names().all(known) || options.has(&["e", "i", "l", "eof"]) {
        survey.note(Class::Unknown, "an option of a wrapper is not known");
    }
    options.values(&["a", "arg-file"]).for_each(|path| survey.read(path));
    let mut fields: Vec<String> = options.operands.iter().map(|field| (*field).to_owned()).collect();
    if fields.is_empty() {
        return Step::Done(Flow::Unknown);
    }
    let given = given_words(input);
    let mark = options.values(&["I", "replace"]).next().or(options.has(&["replace"]).then_some("{}"));
    if let Some(mark) = mark.filter(|mark| !mark.is_empty()) {
        let word =
            if given.len() == 1 { given[0].replace(SPLIT, &HOLE.to_string()) } else { HOLE.to_string() };
        fields.iter_mut().for_each(|field| *field = field.replace(mark, &word));
    } else {
        fields.extend(given);
    }
    Step::Inner { fields, input: Flow::Nothing }
}

/// The words that `xargs` reads.
fn given_words(input: &Flow) -> Vec<String> {
    match input {
        Flow::Text(text) if is_known(text) && !text.contains(['\'', '"', '\\']) => {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            if words.len() > FIELDS_MAX { vec![SPLIT.to_string()] } else { words }
        }
        Flow::Names(pattern) => vec![pattern.clone()],
        _ => vec![SPLIT.to_string()],
    }
}

fn remote_shell(survey: &mut Survey, name: &str, arguments: &[String], input: &Flow) -> Step {
    if name == "sshpass" {
        survey.note(Class::RemoteExec, "runs commands on another machine");
        let options = Options::leading(arguments, Valued { short: "pfdP", long: &[] });
        options.values(&["f"]).for_each(|path| survey.read(path));
        return Step::Inner { fields: arguments[options.rest..].to_vec(), input: input.clone() };
    }
    survey.flag(Flag::Network);
    survey.note(Class::RemoteExec, "runs commands on another machine");
    let options = Options::leading(arguments, Valued { short: "BbcDEeFIiJLlmOopQRSWw", long: &[] });
    for value in options.values(&["o"]) {
        let (key, command) = value.split_once(['=', ' ']).unwrap_or((value, ""));
        if ["proxycommand", "localcommand", "knownhostscommand"].contains(&key.to_ascii_lowercase().as_str())
        {
            survey.nest(command);
        }
    }
    let words: Vec<&str> = options.operands.iter().skip(1).copied().collect();
    if !words.is_empty() {
        survey.nest(&words.join(" "));
    } else if let Flow::Text(text) = input {
        survey.flag(Flag::PipeToShell);
        survey.nest(text);
    }
    Step::Done(Flow::Network)
}

fn switch_user(survey: &mut Survey, name: &str, arguments: &[String]) -> Step {
    survey.note(Class::Privilege, "runs with other rights");
    let long =
        &["command", "session-command", "shell", "group", "supp-group", "user", "whitelist-environment"];
    let short = if name == "su" { "cCsgGw" } else { "cCsgGwu" };
    let options = Options::read(arguments, Valued { short, long });
    for text in options.values(&["c", "C", "command", "session-command"]) {
        survey.nest(text);
    }
    if name == "runuser" && options.has(&["u", "user"]) && !options.operands.is_empty() {
        let fields = options.operands.iter().map(|field| (*field).to_owned()).collect();
        return Step::Inner { fields, input: Flow::Nothing };
    }
    Step::Done(Flow::Unknown)
}

fn watch(survey: &mut Survey, arguments: &[String]) -> Step {
    let options =
        Options::leading(arguments, Valued { short: "nqs", long: &["interval", "equexit", "shotsdir"] });
    if options.has(&["x", "exec"]) {
        return Step::Inner { fields: arguments[options.rest..].to_vec(), input: Flow::Nothing };
    }
    survey.nest(&options.operands.join(" "));
    Step::Done(Flow::Nothing)
}

fn flock(survey: &mut Survey, arguments: &[String], input: &Flow) -> Step {
    let options = Options::leading(
        arguments,
        Valued { short: "wEc", long: &["wait", "timeout", "conflict-exit-code", "command"] },
    );
    let rest = &arguments[options.rest..];
    if let Some(text) = options.values(&["c", "command"]).next() {
        survey.nest(text);
        return Step::Done(Flow::Unknown);
    }
    let Some((lock, command)) = rest.split_first() else { return Step::Done(Flow::Nothing) };
    survey.write(lock);
    match command {
        [] => Step::Done(Flow::Nothing),
        [option, text, ..] if option == "-c" || option == "--command" => {
            survey.nest(text);
            Step::Done(Flow::Unknown)
        }
        command => Step::Inner { fields: command.to_vec(), input: input.clone() },
    }
}
