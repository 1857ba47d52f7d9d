//! `countersign verify`: checks an exported log or an evidence package, offline. Needs no configuration and no gateway.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use evidence::note::VerifierKey;
use evidence::verify::{Paint, verify};

use super::export;

/// Arguments of `countersign verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Directory that `countersign export` wrote, or an evidence package: a zip archive or a directory.
    directory: PathBuf,
    /// The log's public key, `name+id+base64`, or a file that holds it. Get it by another way than the export;
    /// without it the key in the directory is used, which shows only that the files agree with each other.
    #[arg(short, long, value_name = "KEY")]
    key: Option<String>,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command. Exit status: 0 sound, 1 not.
///
/// # Errors
/// What to tell the operator when the files cannot be read.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let key = arguments.key.as_deref().map(read_key).transpose()?;
    let bar = export::bar("verifying");
    let findings = verify(&arguments.directory, key.as_ref(), &mut |done, all| export::show(&bar, done, all))
        .map_err(|error| anyhow::anyhow!("cannot read the export: {error}"))?;
    bar.finish_and_clear();
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        let paint = if std::io::stdout().is_terminal() { Paint::Colour } else { Paint::Plain };
        print!("{}", findings.report(paint));
    }
    Ok(if findings.sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn read_key(text: &str) -> anyhow::Result<VerifierKey> {
    let text = match std::fs::read_to_string(text) {
        Ok(content) => content,
        Err(_) => text.to_owned(),
    };
    text.trim()
        .parse()
        .map_err(|error| anyhow::anyhow!("`--key` is neither a verifier key nor a file with one: {error}"))
}
