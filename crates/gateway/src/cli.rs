//! The command line. Each subcommand is a module with its arguments and a `run`.

mod key;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The MCP gateway whose audit trail you can check.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway.
    Serve(serve::Arguments),
    /// Service keys: credentials for programs that have no issuer.
    Key(key::Arguments),
}

/// Runs the command of `cli`.
///
/// # Errors
/// What went wrong, worded for the person who typed it.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Key(arguments) => key::run(&arguments),
    }
}
