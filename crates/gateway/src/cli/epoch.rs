//! `countersign log seal` and `log genesis`: the end of the log and its next epoch, while no gateway runs.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use evidence::note::VerifierKey;

use super::paint::Paint;
use super::source::ConfigFile;
use super::verify;
use crate::app::{self, epoch::Successor};
use crate::ledger::Declared;
use crate::limits;

/// `log seal`.
#[derive(Debug, clap::Args)]
pub(super) struct Seal {
    #[command(flatten)]
    file: ConfigFile,
    /// Why. Stands in the log, for ever and for everybody who reads it.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
    /// No epoch follows: the log ends for good.
    #[arg(long)]
    last: bool,
}

/// `log genesis`.
#[derive(Debug, clap::Args)]
pub(super) struct Genesis {
    #[command(flatten)]
    file: ConfigFile,
    /// Why. Stands in the log, for ever and for everybody who reads it.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
    /// The log was not sealed, because it or its key is lost or was restored from an older copy: say so in the log.
    #[arg(long)]
    declare_loss: bool,
    /// Public key of the epoch that ended, or a file with it, when the key directory does not hold it any more.
    #[arg(long, value_name = "KEY")]
    previous_key: Option<String>,
}

/// Seals the log.
///
/// # Errors
/// What to tell the operator.
pub(super) fn seal(arguments: &Seal, errors: Paint) -> anyhow::Result<ExitCode> {
    let config = arguments.file.load()?;
    app::telemetry(&config.log, errors.into());
    let successor = if arguments.last { Successor::None } else { Successor::Epoch };
    let note = runtime()?.block_on(app::epoch::seal(&config, &arguments.reason, successor))?;
    writeln!(std::io::stdout(), "The log is sealed. Its last checkpoint:\n\n{note}")?;
    match successor {
        Successor::Epoch => writeln!(
            std::io::stdout(),
            "Export it, then begin the next epoch with `countersign log genesis`."
        )?,
        Successor::None => {
            writeln!(std::io::stdout(), "Export it; no gateway writes to this database any more.")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Begins the next epoch.
///
/// # Errors
/// What to tell the operator.
pub(super) fn begin(arguments: &Genesis, errors: Paint) -> anyhow::Result<ExitCode> {
    let config = arguments.file.load()?;
    app::telemetry(&config.log, errors.into());
    let old: Option<VerifierKey> = arguments.previous_key.as_deref().map(verify::read_key).transpose()?;
    let declared = if arguments.declare_loss { Declared::Loss } else { Declared::Nothing };
    let genesis = runtime()?.block_on(app::epoch::begin(&config, &arguments.reason, declared, old))?;
    writeln!(std::io::stdout(), "`{}` has begun.", genesis.origin)?;
    if let Some(key) = &genesis.key {
        writeln!(std::io::stdout(), "Its key, for auditors: {key}")?;
    }
    if let Some(loss) = genesis.previous.as_ref().and_then(|previous| previous.loss.as_ref()) {
        writeln!(std::io::stdout(), "Declared in its first leaf: {loss}.")?;
    }
    writeln!(std::io::stdout(), "Copy the key directory to every gateway, then start them.")?;
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")
}

fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("say why".to_owned()),
        text if text.len() > limits::EPOCH_REASON_BYTES_MAX => {
            Err(format!("longer than {} bytes", limits::EPOCH_REASON_BYTES_MAX))
        }
        text => Ok(text.to_owned()),
    }
}
