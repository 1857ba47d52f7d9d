//! `countersign completion`: what shells need to complete the command line.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

/// Arguments of `countersign completion`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell that reads it, for example: `countersign completion bash > ~/.local/share/bash-completion/completions/countersign`.
    shell: Shell,
}

/// Prints the completions of `command` for the shell asked for.
pub(super) fn run(arguments: &Arguments, mut command: Command) -> anyhow::Result<ExitCode> {
    // Through a buffer, because the generator panics when what it writes to fails, as a closed pipe does.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "countersign", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
