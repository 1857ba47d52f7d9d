//! `countersign inspect mask`: the text as it would be recorded, and what was masked in it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::{AnsiColor, Color, Style};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use inspect::detect::Form;
use inspect::mask::{Fields, Finding, Findings, Keys, Masked, Rules, Surface, scan};
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::paint::Paint;
use super::Input;
use crate::config::{self, Masking};
use crate::mask;

/// Arguments of `countersign inspect mask`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    input: Input,
    /// What the input is. Default: JSON when it is that, else text.
    #[arg(long = "as", value_enum, ignore_case = true)]
    form: Option<Shape>,
    /// Print JSON, as `--jsonl` does for each line.
    #[arg(long)]
    json: bool,
    /// Configuration file, for its `masking`. Default: what is built in.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// A JSON document.
    Json,
    /// Plain text.
    Text,
}

pub(super) fn run(arguments: &Arguments, paint: Paint) -> anyhow::Result<ExitCode> {
    let masking = match &arguments.config {
        Some(file) => config::load(file)?.masking,
        None => Masking::default(),
    };
    let desk = Desk {
        rules: mask::rules(&masking)?,
        surface: Surface::document(),
        fields: Fields::default(),
        // Only the places are printed, never the pseudonyms: any key will do.
        keys: Keys::new("none", &[0; 32], &[0; 32]).context("no key")?,
        shape: arguments.form,
        paint,
    };
    let data = arguments.input.jsonl || arguments.json;
    arguments.input.each(
        |text, output| {
            if data { desk.line(text, output) } else { desk.page(text, output) }
        },
    )?;
    Ok(ExitCode::SUCCESS)
}

struct Desk {
    rules: Rules,
    surface: Surface,
    fields: Fields,
    keys: Keys,
    shape: Option<Shape>,
    paint: Paint,
}

/// A text and what was found in it.
struct Looked {
    document: String,
    shape: Shape,
    findings: Findings,
    masked: Masked,
}

impl Looked {
    fn pointer(&self, finding: &Finding) -> String {
        self.findings.pointer(&self.document, finding)
    }
}

impl Desk {
    fn look(&self, text: &str) -> anyhow::Result<Looked> {
        let is_json = || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        let shape = self.shape.unwrap_or(if is_json() { Shape::Json } else { Shape::Text });
        let document = match shape {
            Shape::Json => text.to_owned(),
            Shape::Text => serde_json::Value::from(text).to_string(),
        };
        let findings = scan(&document, &self.surface, &self.rules, &self.fields)?;
        let masked = findings.apply(&document, &self.keys, |_| Form::Label);
        Ok(Looked { document, shape, findings, masked })
    }

    fn line(&self, text: &str, output: &mut dyn Write) -> anyhow::Result<()> {
        let looked = self.look(text)?;
        let document = looked.masked.splice(&looked.document);
        let masked: Box<RawValue> = serde_json::from_str(&document)?;
        let redactions: Vec<_> = looked.findings.iter().map(|finding| redaction(&looked, finding)).collect();
        let line = Line { masked: &masked, redactions };
        writeln!(output, "{}", serde_json::to_string(&line)?)?;
        Ok(())
    }

    fn page(&self, text: &str, output: &mut dyn Write) -> anyhow::Result<()> {
        let looked = self.look(text)?;
        let shown = painted(&looked.document, &looked.masked, self.paint);
        match looked.shape {
            Shape::Json => writeln!(output, "{shown}")?,
            Shape::Text => {
                let plain = &shown[1..shown.len() - 1];
                writeln!(output, "{}", inspect::text::unescape_lossy(plain))?;
            }
        }
        output.flush()?;
        // Beside the text, so that the text alone can be piped on.
        let mut notes = std::io::stderr().lock();
        if looked.findings.is_empty() {
            writeln!(notes, "nothing was found")?;
        }
        for finding in looked.findings.iter() {
            let place = looked.pointer(finding);
            let place = if place.is_empty() { "the text".to_owned() } else { place };
            let place: String = place.chars().filter(|c| !c.is_control()).collect();
            writeln!(
                notes,
                "{:<24} bytes {}..{} of {place}",
                finding.name(),
                finding.start(),
                finding.end()
            )?;
        }
        Ok(())
    }
}

/// One result of `--jsonl`.
#[derive(Serialize)]
struct Line<'a> {
    masked: &'a RawValue,
    redactions: Vec<Redaction<'a>>,
}

/// What was masked, and where: `start` and `end` count bytes in the decoded text at `pointer`.
#[derive(Serialize)]
struct Redaction<'a> {
    pointer: String,
    detector: &'a str,
    start: usize,
    end: usize,
}

fn redaction<'a>(looked: &Looked, finding: &'a Finding) -> Redaction<'a> {
    Redaction {
        pointer: looked.pointer(finding),
        detector: finding.name(),
        start: finding.start(),
        end: finding.end(),
    }
}

/// The masked document, with colours for people.
fn painted(document: &str, masked: &Masked, paint: Paint) -> String {
    if paint == Paint::Plain {
        return masked.splice(document).into_owned();
    }
    let style = Style::new().fg_color(Some(Color::Ansi(AnsiColor::Magenta)));
    let edits = masked.edits.iter().map(|(span, text)| (*span, format!("{style}{text}{style:#}"))).collect();
    Masked::of(edits).splice(document).into_owned()
}
