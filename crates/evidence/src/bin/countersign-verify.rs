//! `countersign-verify`: checks an exported audit log, offline.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use evidence::verify::{Paint, Trust, Verified, verify_all};

const USAGE: &str = "\
Checks an exported audit log, offline.

Usage: countersign-verify DIRECTORY.. [--key VERIFIER_KEY].. [--witness VERIFIER_KEY].. [--quorum N] [--json]

Several directories, or one that holds `epoch-1`, `epoch-2` and so on, are the epochs of one log.

  --key VERIFIER_KEY  the log's public key, from a source you trust (`name+id+base64`);
                      without it the key in the directory is used, which shows consistency only.
                      Of several epochs one key is enough where each was sealed
  --witness VERIFIER_KEY  the public key of a witness that you trust; all that are given must have
                      cosigned the checkpoint, or as many as `--quorum` says
  --json              print the findings as JSON

Exit status: 0 sound, 1 problems found, 2 wrong usage or unreadable files.
";

struct Arguments {
    directories: Vec<PathBuf>,
    trust: Trust,
    format: Format,
}

enum Format {
    Text,
    Json,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("countersign-verify: {message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, String> {
    let Some(arguments) = parse(std::env::args_os().skip(1))? else {
        print(USAGE)?;
        return Ok(true);
    };
    let mut progress = |done: u64, size: u64| {
        if stderr().is_terminal() && (done.is_multiple_of(25_600) || done == size) {
            eprint!("\r{done} of {size} leaves{}", if done == size { "\n" } else { "" });
        }
    };
    let verified = verify_all(&arguments.directories, &arguments.trust, &mut progress)
        .map_err(|error| format!("cannot read the log: {error}"))?;
    print(&render(&verified, &arguments.format)?)?;
    Ok(verified.sound())
}

fn render(verified: &Verified, format: &Format) -> Result<String, String> {
    match format {
        Format::Text if stdout().is_terminal() => Ok(verified.report(Paint::Colour)),
        Format::Text => Ok(verified.report(Paint::Plain)),
        Format::Json => serde_json::to_string_pretty(verified)
            .map(|json| json + "\n")
            .map_err(|error| format!("cannot write the findings as JSON: {error}")),
    }
}

/// `None` when help was asked for.
fn parse(arguments: impl Iterator<Item = std::ffi::OsString>) -> Result<Option<Arguments>, String> {
    let (mut directories, mut trust, mut quorum) = (Vec::new(), Trust::default(), None);
    let mut format = Format::Text;
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--help" | "-h") => return Ok(None),
            Some("--json") => format = Format::Json,
            Some("--key") => trust.keys.push(value("--key", arguments.next())?),
            Some("--witness") => trust.witnesses.push(value("--witness", arguments.next())?),
            Some("--quorum") => quorum = Some(value("--quorum", arguments.next())?),
            Some(option) if option.starts_with('-') => {
                return Err(format!("unknown option `{option}`: see --help"));
            }
            _ => directories.push(PathBuf::from(argument)),
        }
    }
    if directories.is_empty() {
        return Err("no directory given: see --help".to_owned());
    }
    trust.quorum = quorum.unwrap_or(trust.witnesses.len());
    Ok(Some(Arguments { directories, trust, format }))
}

/// The value of an option.
fn value<T: std::str::FromStr<Err: std::fmt::Display>>(
    option: &str,
    text: Option<std::ffi::OsString>,
) -> Result<T, String> {
    let text = text.and_then(|text| text.into_string().ok()).unwrap_or_default();
    text.trim().parse().map_err(|error| format!("`{option}`: {error}"))
}

fn print(text: &str) -> Result<(), String> {
    stdout().write_all(text.as_bytes()).map_err(|error| format!("cannot write: {error}"))
}
