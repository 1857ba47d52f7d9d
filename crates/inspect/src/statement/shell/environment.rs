//! Variables of the environment that change what programs do: what they run, where they read, what they write.

use super::word::{self, is_known};

/// Where the programs of the system are.
pub(super) const PROGRAM_DIRECTORIES: &[&str] = &[
    "/bin",
    "/usr/bin",
    "/sbin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/opt/homebrew/bin",
    "/snap/bin",
];

/// Variables that decide which programs run, or how texts are read.
const NAMES: &[&str] = &[
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "PROMPT_COMMAND",
    "PS0",
    "PS1",
    "PS4",
    "SHELLOPTS",
    "BASHOPTS",
    "CDPATH",
    "SHELL",
    "LESSOPEN",
    "LESSCLOSE",
    "PAGER",
    "MANPAGER",
    "GIT_PAGER",
    "EDITOR",
    "VISUAL",
    "GIT_EDITOR",
    "BROWSER",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PYTHONWARNINGS",
    "PERL5OPT",
    "PERL5LIB",
    "PERL5DB",
    "RUBYOPT",
    "RUBYLIB",
    "NODE_OPTIONS",
    "NODE_PATH",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "HOSTALIASES",
    "TAR_OPTIONS",
    "RSYNC_RSH",
    "CVS_RSH",
    "SUDO_ASKPASS",
    "SSH_ASKPASS",
    "GIT_ASKPASS",
    "RIPGREP_CONFIG_PATH",
    "KUBE_EDITOR",
    "PSQLRC",
    "PSQL_PAGER",
    "PSQL_EDITOR",
    "CC",
    "CXX",
    "RUSTC_WRAPPER",
    "MAKEFLAGS",
    "EXINIT",
    "VIMINIT",
    "INPUTRC",
    "TERMINFO",
    "OPENSSL_CONF",
    "HISTFILE",
    "FPATH",
    "ZDOTDIR",
    "AWKPATH",
    "FIND_OPTIONS",
    "LUA_INIT",
    "PHPRC",
    "R_PROFILE",
    "GIT_EXEC_PATH",
    "GIT_DIR",
    "GIT_COMMON_DIR",
    "GIT_TEMPLATE_DIR",
    "KUBECONFIG",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "CLOUDSDK_CONFIG",
    "BAT_PAGER",
    "DELTA_PAGER",
    "SYSTEMD_PAGER",
    "CURL_HOME",
    "WGETRC",
    "MYSQL_HOME",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "CONTAINER_HOST",
    "NPM_CONFIG_USERCONFIG",
];

/// How the names of more of them begin.
const PREFIXES: &[&str] = &[
    "LD_",
    "DYLD_",
    "BASH_FUNC_",
    "GIT_CONFIG",
    "GIT_SSH",
    "GIT_EXTERNAL",
    "GIT_PROXY",
    "MALLOC_",
    "AWS_ENDPOINT_URL",
];

/// Whether the variable decides which programs run, which settings they take, or which machine they command.
pub(super) fn decides_what_runs(name: &str) -> bool {
    NAMES.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || name.eq_ignore_ascii_case("NPM_CONFIG_SCRIPT_SHELL")
}

/// Whether the variable names a file that programs write.
pub(super) fn names_output(name: &str) -> bool {
    const OUTPUTS: &[&str] = &[
        "SSLKEYLOGFILE",
        "LESSHISTFILE",
        "PSQL_HISTORY",
        "MYSQL_HISTFILE",
        "SQLITE_HISTORY",
        "NODE_REPL_HISTORY",
    ];
    OUTPUTS.contains(&name) || name.starts_with("GIT_TRACE")
}

/// Whether the value of such a variable is a file, rather than `1` or `true`.
pub(super) fn is_file(value: &str) -> bool {
    !matches!(value, "" | "-" | "/dev/null" | "/dev/stderr" | "true" | "false")
        && !value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Values that give a variable which decides what runs nothing dangerous to decide.
pub(super) fn is_ordinary(name: &str, value: &str) -> bool {
    match name {
        "PATH" => {
            let own =
                |part: &str| part.chars().all(|c| c == word::HOLE || c == word::SPLIT) && !part.is_empty();
            value.split(':').all(|part| own(part) || PROGRAM_DIRECTORIES.contains(&part))
        }
        "PAGER" | "GIT_PAGER" | "MANPAGER" => matches!(value, "" | "cat" | "less" | "more"),
        "PS1" | "SHELL" => !value.contains(['$', '`']) && is_known(value) && name == "PS1",
        "KUBECONFIG" => is_own(value, &["~/.kube/", "/etc/kubernetes/", "/etc/rancher/"]),
        "AWS_CONFIG_FILE" | "AWS_SHARED_CREDENTIALS_FILE" => is_own(value, &["~/.aws/"]),
        "DOCKER_CONFIG" => is_own(value, &["~/.docker"]),
        "DOCKER_HOST" | "CONTAINER_HOST" => is_own(value, &["unix:///var/run/", "unix:///run/"]),
        "GIT_DIR" => value == ".git",
        name if name.starts_with("AWS_ENDPOINT_URL") => is_here(value),
        _ => false,
    }
}

fn is_own(value: &str, places: &[&str]) -> bool {
    let inside = |place: &&str| value.strip_prefix(*place).is_some_and(|rest| !rest.contains(".."));
    is_known(value) && places.iter().any(inside)
}

/// Whether an address is one of this machine.
pub(super) fn is_here(address: &str) -> bool {
    is_known(address) && crate::statement::url::read(address).has(crate::statement::url::Flag::Loopback)
}
