//! What variables hold, as far as the text itself says so.
//!
//! A value is known only after one plain assignment that certainly runs here, in this shell. A second
//! assignment, one
//! under a condition, in a subshell, a loop or a function makes the variable unknown for the rest of the
//! text.

use std::collections::{BTreeMap, BTreeSet};

use super::limit::EXPANDED_BYTES_MAX;

/// What is known of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Binding {
    /// Exactly this text.
    Known(String),
    /// Not known, but nothing that changes what a command does.
    Benign,
    /// As `Benign`, and it says something of the user or the machine.
    Own,
    /// Could be anything.
    Unknown,
}

/// Whether variables may hold what another text assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clouded {
    Yes,
    No,
}

/// Variables, functions and aliases of one text.
#[derive(Debug, Default)]
pub(super) struct Scope {
    variables: BTreeMap<String, Binding>,
    /// Functions that are certainly defined.
    pub(super) functions: BTreeSet<String>,
    /// Variables that evaluate what is assigned to them (`declare -i`).
    pub(super) integers: BTreeSet<String>,
    /// Variables whose indexes are certainly plain texts (`declare -A`).
    pub(super) maps: BTreeSet<String>,
    /// Names that an alias gives another meaning.
    pub(super) aliases: BTreeSet<String>,
    /// Whether a variable was used whose value is not known.
    pub(super) used_unknown: bool,
    /// Whether a variable was used whose name says that it holds a secret.
    pub(super) used_secret: bool,
    /// Whether something was assigned that later texts cannot see through (`read`, `source`).
    clouded: bool,
    /// How much the values of variables have added to the text.
    expanded_bytes: usize,
}

impl Scope {
    /// A new shell; `clouded` when it may have inherited variables that its text does not show.
    pub(super) fn inherit(clouded: Clouded) -> Self {
        Self { clouded: clouded == Clouded::Yes, ..Self::default() }
    }

    /// The value of `name`, noting its use.
    pub(super) fn value(&mut self, name: &str) -> Binding {
        self.used_secret |= is_secret_name(name);
        let binding = match self.variables.get(name) {
            Some(Binding::Known(value)) => {
                self.expanded_bytes += value.len();
                if self.expanded_bytes > EXPANDED_BYTES_MAX {
                    Binding::Unknown
                } else {
                    Binding::Known(value.clone())
                }
            }
            Some(binding) => binding.clone(),
            None if self.clouded => Binding::Unknown,
            None => environment(name),
        };
        self.used_unknown |= binding == Binding::Unknown;
        binding
    }

    /// Notes the use of `name` in a form whose value is not computed.
    pub(super) fn note_use(&mut self, name: &str) {
        self.used_unknown = true;
        self.used_secret |= is_secret_name(name);
    }

    /// What the text assigned to `name`, if anything.
    pub(super) fn assigned(&self, name: &str) -> Option<&Binding> {
        self.variables.get(name)
    }

    /// An assignment that certainly runs, in this shell.
    pub(super) fn assign(&mut self, name: &str, value: String) {
        let first = !self.variables.contains_key(name);
        let binding = if first { Binding::Known(value) } else { Binding::Unknown };
        self.variables.insert(name.to_owned(), binding);
    }

    /// An assignment of a number. However often that happens, the variable holds a number; `None` for one
    /// that may not
    /// run.
    pub(super) fn assign_number(&mut self, name: &str, value: Option<String>) {
        let binding = match (self.variables.get(name), value) {
            (None, Some(value)) if !value.contains(super::word::BENIGN) => Binding::Known(value),
            (None | Some(Binding::Benign), _) => Binding::Benign,
            (Some(Binding::Own), _) => Binding::Own,
            (Some(Binding::Known(old)), _) if old.bytes().all(|byte| byte.is_ascii_digit()) => {
                Binding::Benign
            }
            _ => Binding::Unknown,
        };
        self.variables.insert(name.to_owned(), binding);
    }

    /// An assignment of the name of a user, a machine or a directory; it need not run.
    pub(super) fn assign_own(&mut self, name: &str) {
        let harmless = match self.variables.get(name) {
            None | Some(Binding::Benign | Binding::Own) => true,
            Some(Binding::Known(old)) => old.bytes().all(|byte| byte.is_ascii_digit()),
            Some(Binding::Unknown) => false,
        };
        self.variables.insert(name.to_owned(), if harmless { Binding::Own } else { Binding::Unknown });
    }

    /// Whether a shell that inherits from this one has variables that its text does not show.
    pub(super) fn clouds(&self) -> Clouded {
        if self.clouded || !self.variables.is_empty() { Clouded::Yes } else { Clouded::No }
    }

    /// Makes every variable unknown from here on.
    pub(super) fn cloud(&mut self) {
        self.clouded = true;
        self.variables.values_mut().for_each(|binding| *binding = Binding::Unknown);
    }

    /// Makes `name` unknown from here on.
    pub(super) fn forget(&mut self, name: &str) {
        self.variables.insert(name.to_owned(), Binding::Unknown);
    }

    /// Sets `name` for one turn of a loop.
    pub(super) fn bind(&mut self, name: &str, binding: Binding) {
        self.variables.insert(name.to_owned(), binding);
    }
}

/// What the environment holds under `name`, where that is known or harmless.
fn environment(name: &str) -> Binding {
    match name {
        "HOME" => Binding::Known("~".to_owned()),
        "IFS" => Binding::Known(" \t\n".to_owned()),
        "PWD" => Binding::Known(".".to_owned()),
        "SHELL" | "BASH" => Binding::Known("/bin/sh".to_owned()),
        "TMPDIR" | "TMP" => Binding::Known("/tmp".to_owned()),
        "?" | "$" | "#" | "!" | "-" | "RANDOM" | "SECONDS" | "LINENO" | "UID" | "EUID" | "PPID"
        | "BASHPID" | "EPOCHSECONDS" | "HOSTTYPE" | "MACHTYPE" | "OSTYPE" | "LANG" | "COLUMNS" | "LINES"
        | "TERM" | "SHLVL" | "BASH_VERSION" => Binding::Benign,
        "USER" | "LOGNAME" | "HOSTNAME" => Binding::Own,
        _ => Binding::Unknown,
    }
}

/// Whether the name of a variable says that it holds a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    const WHOLE: &[&str] = &["PGPASSWORD", "MYSQL_PWD", "SSHPASS", "REDISCLI_AUTH", "DATABASE_URL"];
    const PARTS: &[&str] = &[
        "SECRET",
        "TOKEN",
        "PASSWORD",
        "PASSWD",
        "APIKEY",
        "API_KEY",
        "PRIVATE_KEY",
        "CREDENTIAL",
        "ACCESS_KEY",
    ];
    let name = name.to_ascii_uppercase();
    WHOLE.contains(&name.as_str()) || PARTS.iter().any(|part| name.contains(part))
}
