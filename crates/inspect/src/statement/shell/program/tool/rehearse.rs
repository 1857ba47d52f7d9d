//! Commands that say what they would do, and do not do it.

/// Options of one program that make a command a rehearsal.
struct Rehearsal {
    names: &'static [&'static str],
    /// First words of the commands that know the option.
    commands: &'static [&'static str],
    options: &'static [&'static str],
    /// How other options begin that may take it back, or make it print what it reads.
    takes_back: &'static [&'static str],
}

const REHEARSALS: &[Rehearsal] = &[
    Rehearsal {
        names: &["kubectl", "oc"],
        commands: &[
            "apply", "create", "delete", "replace", "patch", "label", "annotate", "scale", "set", "expose",
        ],
        options: &["--dry-run=client", "--dry-run=server"],
        // What is read from a file is printed.
        takes_back: &["--dry-run", "--from-file", "--from-env-file", "--from-literal"],
    },
    Rehearsal {
        names: &["helm"],
        commands: &["install", "upgrade", "uninstall", "rollback"],
        options: &["--dry-run", "--dry-run=client", "--dry-run=server"],
        takes_back: &["--dry-run", "--post-renderer", "--set-file"],
    },
    Rehearsal {
        names: &["apt-get", "apt"],
        commands: &["install", "remove", "purge", "upgrade", "dist-upgrade", "autoremove", "full-upgrade"],
        options: &["-s", "--simulate", "--dry-run", "--just-print", "--recon", "--no-act"],
        takes_back: &["--simulate", "--dry-run", "--no-", "-o", "--option", "-c", "--config-file"],
    },
];

/// Whether the command has such an option, once, and nothing that may take it back.
pub(super) fn only_rehearses(name: &str, operands: &[&str], arguments: &[String]) -> bool {
    let known = REHEARSALS.iter().find(|rehearsal| rehearsal.names.contains(&name));
    let first = operands.first().copied().unwrap_or("");
    known.is_some_and(|rehearsal| {
        let is_option = |word: &&String| rehearsal.options.contains(&word.as_str());
        let given = arguments.iter().filter(is_option).count();
        let other = arguments
            .iter()
            .filter(|word| !is_option(word))
            .any(|word| rehearsal.takes_back.iter().any(|start| word.starts_with(start)));
        given == 1
            && !other
            && rehearsal.commands.contains(&first)
            && !super::may_hide_options(arguments)
            && !arguments.iter().any(|word| word == "--")
    })
}
