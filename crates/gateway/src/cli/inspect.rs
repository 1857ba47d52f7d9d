//! `countersign inspect`: what the gateway sees in data. Needs no running gateway; nothing is recorded.

mod detector;
mod masking;
mod statement;

use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::paint::Paint;
use crate::limits;

/// Arguments of `countersign inspect`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what would be masked.
    Mask(masking::Arguments),
    /// Say what a statement would do.
    Statement(statement::Arguments),
    /// List the built-in detectors.
    Detectors(detector::Arguments),
}

/// Where the data comes from.
#[derive(Debug, Args)]
struct Input {
    /// A file; without one, standard input.
    file: Option<PathBuf>,
    /// Each line is an input of its own; one line of JSON is printed for each.
    #[arg(long)]
    jsonl: bool,
}

/// Runs `countersign inspect`.
///
/// # Errors
/// What went wrong, worded for the person who typed the command.
pub(super) fn run(arguments: &Arguments, paint: Paint) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Mask(mask) => masking::run(mask, paint),
        Command::Statement(statement) => statement::run(statement, paint),
        Command::Detectors(detectors) => detector::run(detectors),
    }
}

impl Input {
    /// Gives every input to `each`, which prints. A line longer than a message may be is refused.
    fn each(&self, mut each: impl FnMut(&str, &mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut output = io::BufWriter::new(io::stdout().lock());
        let mut input: Box<dyn BufRead> = match &self.file {
            Some(file) => Box::new(io::BufReader::new(open(file)?)),
            None => Box::new(io::stdin().lock()),
        };
        if !self.jsonl {
            let mut text = String::new();
            input
                .take(limits::INSPECTED_BYTES_MAX)
                .read_to_string(&mut text)
                .context("the input is not UTF-8")?;
            if text.len() as u64 == limits::INSPECTED_BYTES_MAX {
                bail!("the input is larger than {} bytes", limits::INSPECTED_BYTES_MAX);
            }
            each(text.strip_suffix('\n').unwrap_or(&text), &mut output)?;
            return Ok(output.flush()?);
        }
        let mut line = String::new();
        for number in 1_u64.. {
            line.clear();
            let read = (&mut input)
                .take(limits::INSPECTED_BYTES_MAX)
                .read_line(&mut line)
                .with_context(|| format!("line {number} is not UTF-8"))?;
            if read == 0 {
                break;
            }
            if read as u64 == limits::INSPECTED_BYTES_MAX {
                bail!("line {number} is larger than {} bytes", limits::INSPECTED_BYTES_MAX);
            }
            let text = line.trim_end_matches(['\n', '\r']);
            if !text.is_empty() {
                each(text, &mut output).with_context(|| format!("line {number}"))?;
            }
        }
        Ok(output.flush()?)
    }
}

fn open(file: &Path) -> anyhow::Result<std::fs::File> {
    std::fs::File::open(file).with_context(|| format!("cannot read `{}`", file.display()))
}
