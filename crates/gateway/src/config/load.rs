//! Reading the file: every problem at once, each with its line and what to write instead.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::decode::decode;
use super::document::{Node, Path as Place, SyntaxError};
use super::problem::{Problem, key_only};
use super::{AzureAccess, Config, EnvironmentValue, ServerConfig, SignerWay, Written, check};
use crate::limits;
use crate::secret::SecretSource;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration `{path}`: {cause}; {}", remedy(cause))]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The file is larger than [`limits::CONFIG_BYTES_MAX`].
    #[error("`{path}` is larger than {} bytes: this is not a configuration", limits::CONFIG_BYTES_MAX)]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// The file is not a configuration the gateway can use.
    #[error("{}", problems.join("\n"))]
    Invalid {
        /// In the order of the file: place, what is wrong, the line, what to write instead.
        problems: Vec<String>,
    },
}

/// Reads and checks the configuration at `path`. Relative paths in it become relative to its directory.
///
/// # Errors
/// [`ConfigError`], which names the file, the lines and what to change.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let unreadable = |cause| ConfigError::Unreadable { path: path.to_owned(), cause };
    let mut text = String::new();
    let bytes_max = limits::CONFIG_BYTES_MAX;
    let file = std::fs::File::open(path).map_err(unreadable)?;
    // One byte more than allowed tells a file that is too large from one that just fits.
    let bytes = file.take(bytes_max + 1).read_to_string(&mut text).map_err(unreadable)?;
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > bytes_max) {
        return Err(ConfigError::TooLarge { path: path.to_owned() });
    }
    parse(path, &text)
}

/// Checks a configuration already read; `path` is for messages and relative paths.
///
/// # Errors
/// [`ConfigError::Invalid`].
pub fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
    let file = path.display().to_string();
    let root = Node::parse(text).map_err(|error| syntax(&file, text, &error))?;
    let decoded = decode::<Config>(&root, text);
    let mut problems = decoded.problems;
    if let Some(config) = &decoded.value {
        let found = check::check(config, &root);
        // A value that was replaced says nothing about what is written.
        let concerns =
            |problem: &Problem, path: &Place| problem.path.is_within(path) || path.is_within(&problem.path);
        problems.extend(
            found
                .into_iter()
                .filter(|problem| !decoded.replaced.iter().any(|replaced| concerns(problem, replaced))),
        );
    }
    match decoded.value {
        Some(mut config) if problems.is_empty() => {
            anchor(&mut config, path.parent().unwrap_or(Path::new("")));
            config.written = Written::of(&root);
            Ok(config)
        }
        _ => {
            let mut private = decoded.private;
            private.add_credentials(&root, text);
            problems.sort_by_key(|problem: &Problem| {
                let span = problem.span(&root);
                (span.line, span.column)
            });
            let render = |problem: &Problem| problem.render(&file, text, &root, &private);
            Err(ConfigError::Invalid { problems: problems.iter().map(render).collect() })
        }
    }
}

/// What to do about a file that cannot be read.
fn remedy(cause: &std::io::Error) -> &'static str {
    match cause.kind() {
        std::io::ErrorKind::NotFound => "name the right file with `-c`, or write one with `countersign init`",
        _ => "name the right file with `-c`",
    }
}

fn syntax(file: &str, text: &str, error: &SyntaxError) -> ConfigError {
    let (line, column) = (error.span.line, error.span.column);
    let mut problem = format!("{file}:{line}:{column}: not YAML: {}", error.message);
    // What the line holds is not known, so it may be a secret.
    if let Some(written) = text.lines().nth(line - 1).filter(|written| !written.trim().is_empty()) {
        problem.push_str(&format!("\n  {line} | {}", key_only(written)));
    }
    ConfigError::Invalid { problems: vec![problem] }
}

/// Makes every relative path in `config` relative to `base`.
fn anchor(config: &mut Config, base: &Path) {
    if let Some(tls) = &mut config.listen.tls {
        resolve(base, &mut tls.certificate);
        resolve(base, &mut tls.key);
        tls.client_authorities.iter_mut().for_each(|path| resolve(base, path));
    }
    resolve(base, &mut config.storage.directory);
    config.storage.keys.iter_mut().for_each(|path| resolve(base, path));
    if let Some(postgres) = &mut config.storage.postgres {
        postgres.authorities.iter_mut().for_each(|path| resolve(base, path));
        postgres.password.iter_mut().for_each(|source| anchor_secret(source, base));
    }
    config.evidence.directory.iter_mut().for_each(|path| resolve(base, path));
    resolve(base, &mut config.policy.directory);
    for issuer in &mut config.identity.issuers {
        issuer.authorities.iter_mut().for_each(|path| resolve(base, path));
        let secret = issuer.console.as_mut().and_then(|console| console.client_secret.as_mut());
        secret.into_iter().for_each(|secret| anchor_secret(secret, base));
    }
    for webhook in config.approvals.webhooks.iter_mut().chain(&mut config.anchors.webhooks) {
        anchor_secret(&mut webhook.secret, base);
    }
    if let Some(slack) = &mut config.approvals.slack {
        anchor_secret(&mut slack.token, base);
        anchor_secret(&mut slack.signing_secret, base);
    }
    if let Some(email) = &mut config.approvals.email {
        email.authorities.iter_mut().for_each(|path| resolve(base, path));
        email.password.iter_mut().for_each(|source| anchor_secret(source, base));
    }
    if let Some(recognizer) = &mut config.masking.recognizer {
        recognizer.authorities.iter_mut().for_each(|path| resolve(base, path));
    }
    if let Some(SignerWay::Command(command)) = config.signer.as_mut().map(|signer| &mut signer.by) {
        anchor_program(command, base);
    }
    for place in &mut config.anchors.places {
        place.directory.iter_mut().for_each(|path| resolve(base, path));
        if let Some(s3) = &mut place.s3 {
            anchor_secret(&mut s3.access_key_id, base);
            anchor_secret(&mut s3.secret_access_key, base);
            s3.session_token.iter_mut().for_each(|token| anchor_secret(token, base));
        }
        if let Some(gcs) = &mut place.gcs {
            anchor_secret(&mut gcs.access_key_id, base);
            anchor_secret(&mut gcs.secret_access_key, base);
        }
        if let Some(AzureAccess::Key(secret) | AzureAccess::Sas(secret)) =
            place.azure.as_mut().map(|azure| &mut azure.access)
        {
            anchor_secret(secret, base);
        }
    }
    config.servers.iter_mut().for_each(|server| anchor_server(server, base));
}

fn anchor_server(server: &mut ServerConfig, base: &Path) {
    if let Some(http) = &mut server.http {
        http.authorities.iter_mut().for_each(|path| resolve(base, path));
        http.credential.iter_mut().for_each(|credential| anchor_secret(&mut credential.value, base));
    }
    if let Some(stdio) = &mut server.stdio {
        stdio.directory.iter_mut().for_each(|path| resolve(base, path));
        anchor_program(&mut stdio.command, base);
        for value in stdio.environment.values_mut() {
            if let EnvironmentValue::Secret(source) = value {
                anchor_secret(source, base);
            }
        }
    }
}

fn anchor_secret(source: &mut SecretSource, base: &Path) {
    match source {
        SecretSource::Env(_) => {}
        SecretSource::File(path) => resolve(base, path),
        SecretSource::Command(command) => anchor_program(command, base),
    }
}

/// A program named with a `/` is a path; any other is looked up in `PATH`.
fn anchor_program(command: &mut [String], base: &Path) {
    if let Some(program) = command.first_mut().filter(|program| program.contains('/')) {
        let mut path = PathBuf::from(&*program);
        resolve(base, &mut path);
        // Only `base` can be other than UTF-8; the program is then taken as written.
        if let Ok(path) = path.into_os_string().into_string() {
            *program = path;
        }
    }
}

fn resolve(base: &Path, path: &mut PathBuf) {
    if path.is_relative() {
        *path = base.join(&*path);
    }
}
