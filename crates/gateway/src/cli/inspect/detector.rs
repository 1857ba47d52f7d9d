//! `countersign inspect detectors`: what is looked for without being told, with examples.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use inspect::detect::{DETECTORS, Detector};
use serde_json::json;

/// Longest example shown in the table, in characters.
const EXAMPLE_CHARACTERS: usize = 60;

/// Arguments of `countersign inspect detectors`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Show only those whose name or class holds this.
    filter: Option<String>,
    /// Print JSON, with all examples.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let wanted = |detector: &&Detector| {
        let name = arguments.filter.as_deref().unwrap_or_default();
        detector.name.contains(name) || detector.class.name().contains(name)
    };
    let detectors: Vec<&Detector> = DETECTORS.iter().filter(wanted).collect();
    let mut output = std::io::stdout().lock();
    if arguments.json {
        let all: Vec<_> = detectors
            .iter()
            .map(|detector| {
                json!({
                    "name": detector.name,
                    "version": detector.version,
                    "class": detector.class.name(),
                    "mask": detector.mask.name(),
                    "context": detector.context,
                    "finds": detector.finds,
                    "passes": detector.passes,
                })
            })
            .collect();
        writeln!(output, "{}", serde_json::to_string(&all)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if detectors.is_empty() {
        anyhow::bail!("no detector is called that; `countersign inspect detectors` lists all of them");
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["detector", "class", "for example"]);
    for detector in &detectors {
        let example = detector.finds.first().copied().unwrap_or_default();
        let example: String =
            example.chars().take(EXAMPLE_CHARACTERS).map(|c| if c.is_control() { ' ' } else { c }).collect();
        table.add_row([detector.name, detector.class.name(), &example]);
    }
    let noun = if detectors.len() == 1 { "detector" } else { "detectors" };
    writeln!(output, "{table}\n\n{} {noun}", detectors.len())?;
    Ok(ExitCode::SUCCESS)
}
