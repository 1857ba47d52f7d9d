//! `countersign demo`: everything in one process, without a network, and a tour of it with real calls.
//!
//! The tour fails when anything does not go as it is told: a tour that only looks good would teach the wrong thing.

mod paper;
mod stage;
mod tour;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use super::paint::Paint;
use stage::Stage;

/// Arguments of `countersign demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// End after the tour; the exit status is 0 only if all went as told.
    #[arg(long)]
    exit: bool,
    /// Keep the demo's files in this new directory. Default: a directory that is removed at the end.
    #[arg(long, value_name = "DIRECTORY")]
    keep: Option<PathBuf>,
    /// Port for callers on 127.0.0.1.
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

/// Arguments of the file server that the demo starts as a process of its own.
#[derive(Debug, clap::Args)]
pub(super) struct FilesArguments {
    root: PathBuf,
}

pub(super) fn run(arguments: &Arguments, paint: Paint) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    runtime.block_on(async {
        let stage = Stage::set(arguments.keep.as_deref(), arguments.port).await?;
        let toured = tour::play(&stage, paint).await;
        if toured.is_ok() && !arguments.exit {
            paper::invitation(&stage, paint)?;
            let mut terminate = signal(SignalKind::terminate())?;
            tokio::select! {
                interrupted = tokio::signal::ctrl_c() => interrupted?,
                _ = terminate.recv() => {}
            }
        }
        stage.strike().await?;
        toured?;
        Ok(ExitCode::SUCCESS)
    })
}

/// The demo's MCP file server, on standard input and output.
pub(super) fn run_files(arguments: &FilesArguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fixture::files::Files::open(&arguments.root)?.serve_stdio())?;
    Ok(ExitCode::SUCCESS)
}
