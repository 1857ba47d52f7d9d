//! `countersign openapi`: the gateway's own API as OpenAPI 3.1, for tools that make clients of it.

use std::io::Write as _;
use std::process::ExitCode;

/// Arguments of `countersign openapi`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

/// Prints the document.
///
/// # Errors
/// When the output cannot be written.
pub(super) fn run(_arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let document = serde_json::to_string_pretty(&crate::api::openapi())?;
    writeln!(std::io::stdout().lock(), "{document}")?;
    Ok(ExitCode::SUCCESS)
}
