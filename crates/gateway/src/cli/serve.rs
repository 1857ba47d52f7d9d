//! `countersign serve`: run the gateway.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::{app, config};

/// Arguments of `countersign serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE", default_value = "countersign.yaml", env = "COUNTERSIGN_CONFIG")]
    config: PathBuf,
}

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = config::load(&arguments.config)?;
    app::telemetry(&config.log);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(app::serve(&config))?;
    Ok(ExitCode::SUCCESS)
}
