//! Reading the file: errors name the file, the line and a suggestion.

use std::path::{Path, PathBuf};

use super::Config;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {cause}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The file is not the YAML the gateway expects.
    #[error("{path}: {problem}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// Line, column, what is wrong, what to write instead.
        problem: String,
    },
}

/// Reads and checks the configuration at `path`.
///
/// # Errors
/// [`ConfigError`], which names the file, the line and what to change.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
    parse(path, &text)
}

/// Checks a configuration already read; `path` is for messages and relative paths.
///
/// # Errors
/// [`ConfigError::Invalid`].
pub fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
    serde_saphyr::from_str(text)
        .map_err(|error| ConfigError::Invalid { path: path.to_owned(), problem: error.to_string() })
}
