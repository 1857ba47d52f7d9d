//! `git`: what it would do to the working tree, to history, and to other machines.

use super::super::flow::Flow;
use super::super::option::{Options, Valued, may_hide_options};
use super::super::survey::Survey;
use super::super::word::has_hole;
use super::super::{Class, Flag};

const RUNS: &str = "runs a command by way of another program";
const LOSES: &str = "deletes or overwrites files";

/// Keys of the configuration that change only how things look or whose name stands in them.
const PLAIN_KEYS: &[&str] = &[
    "user.name",
    "user.email",
    "color.",
    "core.quotepath",
    "core.autocrlf",
    "init.defaultbranch",
    "advice.",
    "commit.gpgsign",
    "log.",
    "diff.renames",
    "status.",
    "column.",
    "pull.rebase",
    "push.default",
    "core.ignorecase",
    "fetch.prune",
    "merge.conflictstyle",
    "http.lowspeed",
    "protocol.version",
    "core.longpaths",
    "gc.auto",
    "rerere.enabled",
    "tag.sort",
    "branch.sort",
    "core.abbrev",
];

pub(super) fn judge(survey: &mut Survey, name: &str, arguments: &[String]) -> Option<Flow> {
    if name != "git" {
        return None;
    }
    let options = Options::leading(
        arguments,
        Valued { short: "Cc", long: &["git-dir", "work-tree", "namespace", "super-prefix", "config-env"] },
    );
    for setting in options.values(&["c"]) {
        let key = setting.split('=').next().unwrap_or("").to_ascii_lowercase();
        if !PLAIN_KEYS.iter().any(|plain| key.starts_with(plain)) {
            survey.note(Class::RemoteExec, "a setting may name a program to run");
        }
    }
    if options.has(&["exec-path", "config-env"])
        && arguments.iter().any(|word| word.starts_with("--exec-path=") || word.starts_with("--config-env"))
    {
        survey.note(Class::RemoteExec, "a setting may name a program to run");
    }
    // The settings of a repository name programs, and one that is named needs not be one's own.
    if options.values(&["git-dir"]).any(|path| path != ".git") {
        survey.note(Class::Dynamic, "takes settings from a place that the text names");
    }
    let Some((verb, rest)) = options.operands.split_first() else { return Some(Flow::Unknown) };
    if has_hole(verb) {
        survey.note(Class::Dynamic, "which command runs is decided when it runs");
        return Some(Flow::Unknown);
    }
    let rest: Vec<String> = rest.iter().map(|word| (*word).to_owned()).collect();
    Some(command(survey, verb, &rest))
}

#[expect(clippy::too_many_lines, reason = "a table: one arm for each class of commands")]
fn command(survey: &mut Survey, verb: &str, rest: &[String]) -> Flow {
    let options = Options::read(rest, Valued { short: "", long: &[] });
    let first = rest.iter().map(String::as_str).find(|word| !word.starts_with('-'));
    let has = |names: &[&str]| options.has(names);
    if has(&[
        "upload-pack",
        "receive-pack",
        "exec",
        "extcmd",
        "ext-diff",
        "textconv",
        "open-files-in-pager",
        "tool",
    ]) && !(verb == "log" && has(&["textconv"]))
    {
        survey.note(Class::RemoteExec, RUNS);
    }
    if rest
        .iter()
        .any(|word| word.starts_with("ext::") || word.starts_with("fd::") || word.contains("=ext::"))
    {
        survey.note(Class::RemoteExec, RUNS);
    }
    note_remote(survey, verb, rest);
    let (class, reason) = match verb {
        "status" | "log" | "show" | "rev-parse" | "rev-list" | "describe" | "ls-tree" | "cat-file"
        | "blame" | "annotate" | "shortlog" | "name-rev" | "merge-base" | "for-each-ref" | "show-ref"
        | "count-objects" | "fsck" | "whatchanged" | "range-diff" | "var" | "help" | "version"
        | "check-ignore" | "diff" | "diff-tree" | "diff-index" | "diff-files" | "cherry" | "show-branch"
        | "check-attr" | "grep" | "verify-commit" | "verify-tag" | "merge-tree" | "get-tar-commit-id"
        | "ls-files" => {
            for (at, word) in rest.iter().enumerate() {
                let next = (word == "--output").then(|| rest.get(at + 1)).flatten().map(String::as_str);
                if let Some(path) = word.strip_prefix("--output=").or(next) {
                    survey.write(path);
                }
            }
            if verb == "grep" && rest.iter().any(|word| word.starts_with("-O")) {
                survey.note(Class::RemoteExec, RUNS);
            }
            note_shown(survey, rest);
            if verb == "ls-files" {
                return Flow::Names("./\u{3}".to_owned());
            }
            (Class::Safe, "")
        }
        "add" | "mv" | "rm" if only_rehearses(rest) => (Class::Safe, ""),
        "ls-remote" => {
            survey.flag(Flag::Network);
            (Class::Safe, "")
        }
        "branch" | "tag" => reference(&options, first),
        "remote" => match first {
            None | Some("show" | "get-url" | "-v") => (Class::Safe, ""),
            Some("remove" | "rm" | "prune") => (Class::FsDestructive, LOSES),
            _ => (Class::FsWrite, "changes a repository"),
        },
        "config" => return config(survey, rest),
        "stash" => match first {
            Some("list" | "show") => (Class::Safe, ""),
            Some("drop" | "clear") => (Class::FsDestructive, LOSES),
            _ => (Class::FsWrite, "changes a repository"),
        },
        "reflog" => match first {
            Some("expire" | "delete") => (Class::FsDestructive, LOSES),
            _ => (Class::Safe, ""),
        },
        "worktree" => match first {
            Some("list") => (Class::Safe, ""),
            Some("remove" | "prune") => (Class::FsDestructive, LOSES),
            _ => (Class::FsWrite, "changes a repository"),
        },
        "submodule" => match first {
            None | Some("status" | "summary") => (Class::Safe, ""),
            Some("foreach") => {
                survey.nest(&rest[1..].join(" "));
                (Class::RemoteExec, RUNS)
            }
            _ => (Class::FsWrite, "changes a repository"),
        },
        "bisect" if matches!(first, Some("log" | "view")) => (Class::Safe, ""),
        "symbolic-ref" if rest.len() == 1 && first.is_some() => (Class::Safe, ""),
        "archive" if matches!(rest, [only] if only == "--list" || only == "-l") => (Class::Safe, ""),
        "bisect" if first == Some("run") => {
            survey.later(rest[1..].to_vec());
            (Class::RemoteExec, RUNS)
        }
        "rebase" if rest.iter().any(|word| word == "-x") => (Class::RemoteExec, RUNS),
        "add" | "commit" | "merge" | "rebase" | "cherry-pick" | "revert" | "init" | "mv" | "apply" | "am"
        | "notes" | "bisect" | "sparse-checkout" | "bundle" | "archive" | "format-patch" | "switch"
        | "maintenance" | "pack-refs" | "repack" | "gc" | "update-index" | "write-tree" | "commit-tree"
        | "hash-object" | "read-tree" | "symbolic-ref" | "replace" => {
            if has(&["discard-changes", "prune", "force"]) || verb == "switch" && has(&["f", "C"]) {
                (Class::FsDestructive, LOSES)
            } else {
                (Class::FsWrite, "changes a repository")
            }
        }
        "fetch" | "pull" | "clone" => {
            survey.flag(Flag::Network);
            if has(&["u", "c", "config", "template"]) && verb == "clone" {
                survey.note(Class::RemoteExec, RUNS);
            }
            (Class::FsWrite, "changes a repository")
        }
        "checkout" => checkout(&options, rest),
        "reset" if has(&["hard", "merge", "keep"]) => (Class::FsDestructive, LOSES),
        "reset" => (Class::FsWrite, "changes a repository"),
        "clean" if has(&["n", "dry-run"]) && !rest.iter().any(|word| word.starts_with("--no")) => {
            (Class::Safe, "")
        }
        "clean" | "restore" | "rm" | "prune" | "filter-repo" | "update-ref" => {
            if verb == "restore" && has(&["staged", "S"]) && !has(&["worktree", "W"])
                || verb == "rm" && has(&["cached"])
            {
                (Class::FsWrite, "changes a repository")
            } else {
                (Class::FsDestructive, LOSES)
            }
        }
        "push" => {
            survey.flag(Flag::Network);
            let forced = has(&[
                "f",
                "force",
                "force-with-lease",
                "force-if-includes",
                "delete",
                "d",
                "mirror",
                "prune",
            ]) || rest.iter().any(|word| word.starts_with('+') || word.starts_with(':'));
            if forced {
                (Class::InfraDestructive, "overwrites or deletes history on another machine")
            } else {
                (Class::FsWrite, "changes a repository on another machine")
            }
        }
        "filter-branch" | "difftool" | "mergetool" | "instaweb" | "daemon" | "send-email" | "svn"
        | "hook" | "gui" | "citool" | "web--browse" => (Class::RemoteExec, RUNS),
        "credential" | "credential-store" | "credential-cache" => {
            (Class::SecretRead, "reads stored credentials")
        }
        _ => (Class::Unknown, "a command of the program is not known"),
    };
    survey.note(class, reason);
    Flow::Unknown
}

/// What the address of another machine tells it.
fn note_remote(survey: &mut Survey, verb: &str, rest: &[String]) {
    let mut words = rest.iter().map(String::as_str).filter(|word| !word.starts_with('-'));
    match verb {
        "clone" | "ls-remote" => super::note_told(survey, words),
        "fetch" | "pull" | "push" => {
            let address = |word: &&str| word.contains("://") || word.contains('@') && word.contains(':');
            if verb == "push" && words.clone().next().as_ref().is_some_and(address) {
                survey.note(Class::RemoteExec, "sends data to another machine");
            }
            super::note_told(
                survey,
                words.next().into_iter().chain(words.filter(|word| word.contains("://"))),
            );
        }
        _ => {}
    }
}

/// Files of other revisions are still secrets: `HEAD:.env`.
fn note_shown(survey: &mut Survey, rest: &[String]) {
    for word in rest.iter().filter(|word| !word.starts_with('-')) {
        let path = word.rsplit(':').next().unwrap_or(word);
        if crate::statement::path::secret::is_secret(path) {
            survey.read(path);
        }
    }
    if rest.iter().any(|word| word == "--no-index") {
        rest.iter().filter(|word| !word.starts_with('-')).for_each(|path| survey.read(path));
    }
}

fn reference(options: &Options<'_>, first: Option<&str>) -> (Class, &'static str) {
    if options.has(&["D", "d", "delete", "f", "force"]) {
        return (Class::FsDestructive, "deletes names of a repository");
    }
    let lists = options.has(&[
        "l",
        "list",
        "a",
        "all",
        "r",
        "remotes",
        "contains",
        "merged",
        "no-merged",
        "show-current",
        "v",
        "vv",
        "points-at",
        "n",
    ]);
    if lists && !options.has(&["m", "M", "f", "force"]) || first.is_none() {
        return (Class::Safe, "");
    }
    (Class::FsWrite, "changes a repository")
}

fn checkout(options: &Options<'_>, rest: &[String]) -> (Class, &'static str) {
    // A name, then a file: `git checkout HEAD~1 file`.
    let files = options.operands.len() > 1 && !options.has(&["b", "orphan", "t", "track"]);
    let paths = files || rest.iter().any(|word| word == "--" || word == "." || word.starts_with("./"));
    if paths || options.has(&["f", "force", "B", "p", "patch", "ours", "theirs"]) {
        (Class::FsDestructive, LOSES)
    } else {
        (Class::FsWrite, "changes a repository")
    }
}

fn config(survey: &mut Survey, rest: &[String]) -> Flow {
    let options = Options::read(rest, Valued { short: "f", long: &["file", "type", "default"] });
    if options.has(&["get", "get-all", "get-regexp", "l", "list", "get-urlmatch", "name-only"]) {
        return Flow::Unknown;
    }
    if options.has(&["e", "edit"]) {
        survey.note(Class::RemoteExec, RUNS);
    }
    let operands = match options.operands.as_slice() {
        ["set" | "unset", rest @ ..] => rest,
        ["get" | "list", ..] | [_] | [] => return Flow::Unknown,
        operands => operands,
    };
    let key = operands.first().map_or_else(String::new, |key| key.to_ascii_lowercase());
    if PLAIN_KEYS.iter().any(|plain| key.starts_with(plain))
        || key.starts_with("remote.")
        || key.starts_with("branch.")
    {
        survey.note(Class::FsWrite, "changes a repository");
    } else {
        survey.note(Class::Privilege, "a setting may name a program to run later");
    }
    Flow::Nothing
}

/// Whether `git add`, `git mv` or `git rm` only say what they would do.
fn only_rehearses(rest: &[String]) -> bool {
    let given = rest.iter().take_while(|word| *word != "--");
    let rehearses = given.clone().any(|word| word == "-n" || word == "--dry-run");
    rehearses && !given.clone().any(|word| word.starts_with("--no")) && !may_hide_options(rest)
}
