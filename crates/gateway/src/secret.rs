//! Secrets: read once, zeroized when dropped, never printed.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// Where a secret comes from. Exactly one of the three.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum SecretSource {
    /// Name of an environment variable.
    Env(String),
    /// A file whose content is the secret; one trailing newline is removed.
    File(PathBuf),
    /// A command (program and arguments, no shell) whose standard output is the secret.
    Command(Vec<String>),
}

/// Why a secret could not be read. Never contains any of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is absent or not UTF-8.
    #[error("environment variable `{0}` is not set; set it or use `file`")]
    Env(String),
    /// The file cannot be read.
    #[error("cannot read secret file `{path}`: {cause}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The command failed or printed nothing usable.
    #[error("secret command `{program}` failed: {cause}")]
    Command {
        /// Which program.
        program: String,
        /// What went wrong, without its output.
        cause: String,
    },
    /// The secret is empty, too long, or holds a control character.
    #[error("secret from {0} is empty, longer than 64 KiB or holds control characters")]
    Unusable(String),
}

impl SecretSource {
    /// Reads the secret now.
    ///
    /// # Errors
    /// [`SecretError`], worded for the operator; it never holds a byte of the secret.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        let (text, origin) = match self {
            Self::Env(name) => (read_env(name)?, format!("environment variable `{name}`")),
            Self::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|cause| SecretError::File { path: path.clone(), cause })?;
                (text, format!("file `{}`", path.display()))
            }
            Self::Command(argv) => (run(argv)?, "command".to_owned()),
        };
        let secret = SecretString::from(text.trim_end_matches(['\r', '\n']));
        drop(zeroize::Zeroizing::new(text));
        let usable = {
            let exposed = secrecy::ExposeSecret::expose_secret(&secret);
            !exposed.is_empty()
                && exposed.len() <= 64 * 1024
                && !exposed.bytes().any(|b| b.is_ascii_control())
        };
        if usable { Ok(secret) } else { Err(SecretError::Unusable(origin)) }
    }
}

fn read_env(name: &str) -> Result<String, SecretError> {
    #[expect(clippy::disallowed_methods, reason = "a secret source is a parameter that names a variable")]
    std::env::var(name).map_err(|_| SecretError::Env(name.to_owned()))
}

fn run(argv: &[String]) -> Result<String, SecretError> {
    let (program, arguments) = argv.split_first().ok_or_else(|| SecretError::Command {
        program: String::new(),
        cause: "no program given".to_owned(),
    })?;
    let fail = |cause: String| SecretError::Command { program: program.clone(), cause };
    let output = std::process::Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| fail(error.to_string()))?;
    if !output.status.success() {
        return Err(fail(output.status.to_string()));
    }
    String::from_utf8(output.stdout).map_err(|_| fail("output is not UTF-8".to_owned()))
}
