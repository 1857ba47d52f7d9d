//! `countersign verify`: checks an exported log or an evidence package, offline. Needs no configuration and no gateway.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use evidence::note::VerifierKey;
use evidence::verify::{Paint, Trust, verify_all};

use super::export;
use crate::report::package::check_access;

/// Arguments of `countersign verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Directory that `countersign export` wrote, or an evidence package: a zip archive or a directory. Several, or one
    /// that holds `epoch-1`, `epoch-2` and so on, are the epochs of one log.
    #[arg(required = true, value_name = "PATH")]
    directories: Vec<PathBuf>,
    /// The log's public key, `name+id+base64`, or a file that holds it. Get it by another way than the export;
    /// without it the key in the directory is used, which shows only that the files agree with each other. Of epochs
    /// that were sealed one key is enough.
    #[arg(short, long = "key", value_name = "KEY")]
    keys: Vec<String>,
    /// Public key of a witness that you trust, or a file with it: it must have cosigned the last checkpoint.
    #[arg(short, long = "witness", value_name = "KEY")]
    witnesses: Vec<String>,
    /// How many of the witnesses must have cosigned; without it all.
    #[arg(long, value_name = "COUNT", requires = "witnesses")]
    quorum: Option<usize>,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command. Exit status: 0 sound, 1 not.
///
/// # Errors
/// What to tell the operator when the files cannot be read.
pub(super) fn run(arguments: &Arguments, paint: super::paint::Paint) -> anyhow::Result<ExitCode> {
    let read = |keys: &[String]| keys.iter().map(|key| read_key(key)).collect::<anyhow::Result<Vec<_>>>();
    let (keys, witnesses) = (read(&arguments.keys)?, read(&arguments.witnesses)?);
    let trust = Trust { keys, quorum: arguments.quorum.unwrap_or(witnesses.len()), witnesses };
    let bar = export::bar("verifying");
    let verified = verify_all(&arguments.directories, &trust, &mut |done, all| export::show(&bar, done, all))
        .map_err(|error| anyhow::anyhow!("cannot read the export: {error}"))?;
    bar.finish_and_clear();
    let access = access(&arguments.directories)?;
    if arguments.json {
        let mut result = serde_json::to_value(&verified)?;
        if let Some(problems) = &access {
            let problem =
                |(path, reason): &(String, String)| serde_json::json!({ "path": path, "reason": reason });
            result["access"] = serde_json::json!({
                "sound": problems.is_empty(), "problems": problems.iter().map(problem).collect::<Vec<_>>(),
            });
        }
        writeln!(std::io::stdout(), "{result:#}")?;
    } else {
        let paint = if paint == super::paint::Paint::Colour { Paint::Colour } else { Paint::Plain };
        write!(std::io::stdout(), "{}", verified.report(paint))?;
        match access.as_deref() {
            None => {}
            Some([]) => {
                writeln!(
                    std::io::stdout(),
                    "Access: the matrices, again from the policies in the package, are the same."
                )?;
            }
            Some(problems) => {
                for (path, reason) in problems {
                    writeln!(std::io::stdout(), "NOT SOUND: {path}: {reason}")?;
                }
            }
        }
    }
    let sound = verified.sound() && access.is_none_or(|problems| problems.is_empty());
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What of a package follows from its policies and is not as they give it; needs the policy engine, so only this
/// verifier can tell.
fn access(paths: &[PathBuf]) -> anyhow::Result<Option<Vec<(String, String)>>> {
    match paths {
        [package] => {
            check_access(package).map_err(|error| anyhow::anyhow!("cannot read the export: {error}"))
        }
        _ => Ok(None),
    }
}

/// A key, or a file with one.
pub(super) fn read_key(text: &str) -> anyhow::Result<VerifierKey> {
    let text = match std::fs::read_to_string(text) {
        Ok(content) => content,
        Err(_) => text.to_owned(),
    };
    text.trim().parse().map_err(|error| {
        anyhow::anyhow!("what is given is neither a verifier key nor a file with one: {error}")
    })
}
