//! `countersign serve`: run the gateway.

use std::process::ExitCode;

use anyhow::Context as _;

use super::paint::Paint;
use super::source::ConfigFile;
use crate::app;

/// Arguments of `countersign serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
}

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(arguments: &Arguments, paint: Paint) -> anyhow::Result<ExitCode> {
    let config = arguments.file.load()?;
    app::telemetry(&config.log, paint.into());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(app::serve(&config))?;
    Ok(ExitCode::SUCCESS)
}
