//! `countersign export`: the log as files that anybody can verify.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use evidence::verify::epoch_directory;
use indicatif::{ProgressBar, ProgressStyle};

use super::source::Source;
use crate::ledger;

/// Arguments of `countersign export`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// New or empty directory.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// What to tell the operator.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let evidence = arguments.source.open()?;
    let epochs = evidence.epochs()?;
    let bar = bar("exporting");
    let (mut leaves, mut latest) = (0, None);
    for epoch in &epochs {
        let key = evidence.verifier_key(epoch)?;
        // Several epochs stand beside each other.
        let directory = match &epochs[..] {
            [_] => arguments.output.clone(),
            _ => arguments.output.join(epoch_directory(epoch.number)),
        };
        leaves += ledger::export_epoch(&evidence.db, epoch, &key, &directory, &mut |done, all| {
            show(&bar, done, all);
        })?;
        latest = Some(key);
    }
    bar.finish_and_clear();
    let Some(key) = latest else { return Ok(ExitCode::FAILURE) };
    let directory = arguments.output.display();
    if arguments.json {
        let result = serde_json::json!({
            "leaves": leaves, "epochs": epochs.len(), "directory": arguments.output, "key": key.to_string(),
            "assurance": evidence.assurance(),
        });
        writeln!(std::io::stdout(), "{result}")?;
    } else {
        writeln!(std::io::stdout(), "{leaves} leaves written to {directory}\n")?;
        writeln!(std::io::stdout(), "Verify with:  countersign verify {directory} --key '{key}'")?;
        writeln!(std::io::stdout(), "Give the auditor the key by another way than the files.")?;
        writeln!(std::io::stdout(), "Assurance level {}.", evidence.assurance())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A bar on standard error when that is a terminal.
pub(super) fn bar(what: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0).with_message(what);
    match ProgressStyle::with_template("{msg} [{bar:40}] {human_pos}/{human_len} {eta}") {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

pub(super) fn show(bar: &ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}
