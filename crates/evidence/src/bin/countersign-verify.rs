//! `countersign-verify`: checks an exported audit log, offline.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use evidence::note::VerifierKey;
use evidence::verify::{Findings, Paint, verify};

const USAGE: &str = "\
Checks an exported audit log, offline.

Usage: countersign-verify DIRECTORY [--key VERIFIER_KEY] [--json]

  --key VERIFIER_KEY  the log's public key, from a source you trust (`name+id+base64`);
                      without it the key in the directory is used, which shows consistency only
  --json              print the findings as JSON

Exit status: 0 sound, 1 problems found, 2 wrong usage or unreadable files.
";

struct Arguments {
    directory: PathBuf,
    key: Option<VerifierKey>,
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
    let findings = verify(&arguments.directory, arguments.key.as_ref(), &mut progress)
        .map_err(|error| format!("cannot read the log: {error}"))?;
    print(&render(&findings, &arguments.format)?)?;
    Ok(findings.sound)
}

fn render(findings: &Findings, format: &Format) -> Result<String, String> {
    match format {
        Format::Text if stdout().is_terminal() => Ok(findings.report(Paint::Colour)),
        Format::Text => Ok(findings.report(Paint::Plain)),
        Format::Json => serde_json::to_string_pretty(findings)
            .map(|json| json + "\n")
            .map_err(|error| format!("cannot write the findings as JSON: {error}")),
    }
}

/// `None` when help was asked for.
fn parse(arguments: impl Iterator<Item = std::ffi::OsString>) -> Result<Option<Arguments>, String> {
    let (mut directory, mut key, mut format) = (None, None, Format::Text);
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--help" | "-h") => return Ok(None),
            Some("--json") => format = Format::Json,
            Some("--key") => {
                let text = arguments.next().and_then(|text| text.into_string().ok()).unwrap_or_default();
                key = Some(text.trim().parse().map_err(|error| format!("`--key`: {error}"))?);
            }
            Some(option) if option.starts_with('-') => {
                return Err(format!("unknown option `{option}`: see --help"));
            }
            _ if directory.is_none() => directory = Some(PathBuf::from(argument)),
            _ => return Err("more than one directory: see --help".to_owned()),
        }
    }
    let directory = directory.ok_or("no directory given: see --help")?;
    Ok(Some(Arguments { directory, key, format }))
}

fn print(text: &str) -> Result<(), String> {
    stdout().write_all(text.as_bytes()).map_err(|error| format!("cannot write: {error}"))
}
