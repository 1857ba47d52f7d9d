//! Well-known places of credentials, as a table.

use super::is_below;

/// Files by their whole path.
const FILES: &[&str] = &[
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/master.passwd",
    "/etc/spwd.db",
    "/etc/security/opasswd",
    "/etc/sudoers",
    "/etc/krb5.keytab",
    "/etc/kubernetes/admin.conf",
    "/etc/rancher/k3s/k3s.yaml",
    "/etc/ppp/chap-secrets",
    "/etc/ipsec.secrets",
    "/proc/kcore",
    "/proc/kallsyms",
    "/dev/mem",
    "/dev/kmem",
    "/dev/port",
    "/etc/mysql/debian.cnf",
    "/etc/postfix/sasl_passwd",
    "/private/etc/master.passwd",
    "/var/lib/rancher/k3s/server/node-token",
    "C:/Windows/System32/config/SAM",
    "C:/Windows/System32/config/SYSTEM",
    "C:/Windows/System32/config/SECURITY",
];

/// Directories of which every file is one.
const DIRECTORIES: &[&str] = &[
    "/run/secrets",
    "/var/run/secrets",
    "/etc/kubernetes/pki",
    "/etc/ssl/private",
    "/etc/sudoers.d",
    "/etc/wireguard",
    "/etc/letsencrypt/live",
    "/etc/letsencrypt/archive",
    "/var/lib/sss/secrets",
    "/etc/NetworkManager/system-connections",
];

/// Directories that hold credentials wherever they are, and what in them is none.
const FOLDERS: &[(&str, &[&str])] = &[
    (".ssh", &["known_hosts", "known_hosts.old", "config"]),
    (".gnupg", &["gpg.conf", "pubring.kbx"]),
    (".aws", &[]),
    (".azure", &[]),
    (".kube", &["cache"]),
    (".password-store", &[]),
    (".vault", &[]),
    ("gcloud", &["configurations", "logs"]),
    ("keychains", &[]),
    (".oci", &[]),
    (".chef", &[]),
    (".config/op", &[]),
    (".electrum/wallets", &[]),
];

/// Names of files that hold credentials wherever they are.
const NAMES: &[&str] = &[
    ".env",
    ".envrc",
    ".netrc",
    "_netrc",
    ".pgpass",
    "pgpass.conf",
    ".my.cnf",
    ".mylogin.cnf",
    ".git-credentials",
    ".npmrc",
    ".yarnrc.yml",
    ".pypirc",
    ".htpasswd",
    ".vault-token",
    ".terraformrc",
    "credentials.tfrc.json",
    ".databrickscfg",
    ".s3cfg",
    ".boto",
    "rclone.conf",
    ".dockercfg",
    ".dockerconfigjson",
    ".bash_history",
    ".zsh_history",
    ".sh_history",
    ".history",
    ".mysql_history",
    ".psql_history",
    ".python_history",
    ".node_repl_history",
    ".rediscli_history",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_ecdsa_sk",
    "id_ed25519_sk",
    "identity",
    "kubeconfig",
    "shadow",
    "gshadow",
    "credentials",
    "credentials.json",
    "credentials.yml",
    "credentials.yaml",
    "credentials.toml",
    "credentials.xml",
    "credentials.db",
    "access_tokens.db",
    "application_default_credentials.json",
    "accesstokens.json",
    "secrets.yml",
    "secrets.yaml",
    "secrets.json",
    "secrets.toml",
    "secrets.env",
    "secret.yml",
    "secret.yaml",
    "secret.json",
    "master.key",
    "terraform.tfstate",
    "terraform.tfstate.backup",
    "wp-config.php",
    "login data",
    "cookies.sqlite",
    "logins.json",
    "key3.db",
    "key4.db",
    "ntds.dit",
    "unattend.xml",
    "hosts.yml",
    "auth.json",
    "private.key",
    "server.key",
    "consolehost_history.txt",
    "web.config",
    ".passwd-s3fs",
    ".smbcredentials",
    "token.json",
    "service-account.json",
    "serviceaccount.json",
    "hub.yml",
    "secring.gpg",
    "krb5.keytab",
    "wallet.dat",
    "terraform.tfvars",
    "kaggle.json",
    ".claude.json",
    ".vault_pass",
    "vault_pass",
    "htpasswd",
    "wpa_supplicant.conf",
    "appsettings.production.json",
];

/// Ends of names of files that hold keys.
const ENDINGS: &[&str] = &[
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".kdbx",
    ".kdb",
    ".ppk",
    ".tfstate",
    ".keytab",
    ".ovpn",
    ".asc.key",
    ".agekey",
    ".keychain",
    ".keychain-db",
    ".auto.tfvars",
];

/// What follows `.env.` in a file that is only a pattern for one.
const SAMPLES: &[&str] = &["example", "sample", "template", "dist", "schema"];

/// Whether a normalised path is a well-known place of credentials.
///
/// Letters of either case, since some file systems do not tell them apart.
pub fn is_secret(path: &str) -> bool {
    let is = |other: &str| path.eq_ignore_ascii_case(other);
    if FILES.iter().copied().any(is)
        || DIRECTORIES.iter().any(|directory| is_below(path, directory) && path != *directory)
    {
        return true;
    }
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    is_process(&path) || is_secret_name(name) || is_in_folder(&path, name) || is_tool_file(&path)
}

/// Every path that patterns are tried on: one for each place of the table.
pub(in crate::statement) fn places() -> impl Iterator<Item = &'static str> {
    const HOMES: &[&str] = &[
        "/root/.ssh/id_rsa",
        "/root/.ssh/id_ed25519",
        "~/.ssh/id_rsa",
        "~/.ssh/id_ed25519",
        "/home/x/.ssh/id_rsa",
        "/home/x/.ssh/id_ed25519",
        ".ssh/id_rsa",
        "~/.aws/credentials",
        "/root/.aws/credentials",
        "/home/x/.aws/credentials",
        ".aws/credentials",
        "~/.kube/config",
        "/root/.kube/config",
        "/home/x/.kube/config",
        "~/.docker/config.json",
        "/proc/self/environ",
        "/proc/1/environ",
        "/etc/ssh/ssh_host_rsa_key",
        "/run/secrets/x",
        "/var/run/secrets/x",
        "/home/x/.env",
        "/app/.env",
        "~/.netrc",
        "/root/.netrc",
        "/home/x/.netrc",
        "~/.bash_history",
        "/root/.bash_history",
    ];
    FILES.iter().chain(HOMES).copied()
}

/// Names that patterns without a directory are tried on.
pub(in crate::statement) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied()
}

fn is_process(path: &str) -> bool {
    let Some(rest) = path.strip_prefix("/proc/") else { return false };
    let mut parts = rest.split('/');
    let last = parts.next_back().unwrap_or("");
    matches!(last, "environ" | "mem" | "maps" | "auxv") && parts.next().is_some()
}

fn is_secret_name(name: &str) -> bool {
    if NAMES.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return true;
    }
    if let Some(which) = name.strip_prefix(".env.") {
        return !SAMPLES.contains(&which);
    }
    let host_key = name.starts_with("ssh_host_") && name.ends_with("_key");
    let account = name.ends_with(".json")
        && (name.starts_with("service-account") || name.starts_with("service_account"));
    // `production.env`; the name alone says nothing about `test`.
    let environment = name.ends_with(".env");
    // Copies that people leave lying about.
    let copy = [".bak", ".old", ".orig", ".save", "~", ".swp"].iter().any(|end| {
        name.strip_suffix(end)
            .is_some_and(|stem| NAMES.contains(&stem.trim_start_matches('.')) || NAMES.contains(&stem))
    });
    host_key || account || environment || copy
}

fn is_in_folder(path: &str, name: &str) -> bool {
    if name.ends_with(".pub") {
        return false;
    }
    FOLDERS.iter().any(|(folder, harmless)| {
        let inside = path.match_indices(folder).find(|(at, _)| {
            let begins = *at == 0 || path.as_bytes()[at - 1] == b'/';
            begins && path[at + folder.len()..].starts_with('/')
        });
        inside.is_some_and(|(at, _)| {
            let first = path[at + folder.len() + 1..].split('/').next().unwrap_or("");
            !first.is_empty() && !harmless.contains(&first)
        })
    })
}

/// Files with ordinary names in the directories of one tool.
fn is_tool_file(path: &str) -> bool {
    const TAILS: &[&str] = &[
        ".docker/config.json",
        ".cargo/credentials",
        ".cargo/credentials.toml",
        ".gem/credentials",
        ".composer/auth.json",
        ".config/gh/hosts.yml",
        ".config/containers/auth.json",
        ".config/hub",
        ".m2/settings.xml",
        ".gradle/gradle.properties",
        ".git/config",
        ".config/rclone/rclone.conf",
        ".subversion/auth",
        ".config/doctl/config.yaml",
        ".fly/config.yml",
        ".config/helm/registry/config.json",
        ".nuget/nuget.config",
        ".huggingface/token",
        ".cache/huggingface/token",
        ".snowsql/config",
        ".dbt/profiles.yml",
        ".aliyun/config.json",
        ".config/stripe/config.toml",
        ".bundle/config",
        ".config/pip/pip.conf",
        "config/database.yml",
    ];
    TAILS
        .iter()
        .any(|tail| path.strip_suffix(tail).is_some_and(|head| head.is_empty() || head.ends_with('/')))
}
