//! `countersign inspect statement`: what a text of SQL or a command would do.

use std::io::Write;
use std::process::ExitCode;

use anstyle::{AnsiColor, Color, Style};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use inspect::statement::{Classifier, Dialect, shell, sql};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::paint::Paint;
use super::Input;
use crate::limits;

/// Arguments of `countersign inspect statement`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    input: Input,
    /// What the text is.
    #[arg(short, long, value_enum)]
    language: Language,
    /// Of SQL: `postgres`, `mysql`, `sqlite`, `mssql`, `snowflake`, `bigquery`, `clickhouse` or `generic`. Default: every
    /// plausible one, the worst of it.
    #[arg(short, long)]
    dialect: Option<Dialect>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    Sql,
    /// Bash or a POSIX shell.
    Shell,
    Powershell,
    Cmd,
}

/// One line of `--jsonl`.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    id: Value,
    text: String,
}

/// What was found in one text.
struct Found {
    class: &'static str,
    severity: u8,
    reason: &'static str,
    facts: Value,
}

pub(super) fn run(arguments: &Arguments, paint: Paint) -> anyhow::Result<ExitCode> {
    let classifier = Classifier::new(limits::CLASSIFIER_THREADS)?;
    arguments.input.each(|text, output| {
        if arguments.input.jsonl {
            let Asked { id, text } = serde_json::from_str(text)
                .context("each line must be a JSON object with `text`, and may have `id`")?;
            let found = classify(&classifier, arguments, &text)?;
            let line = json!({ "id": id, "class": found.class, "facts": found.facts });
            writeln!(output, "{line}")?;
            return Ok(());
        }
        let found = classify(&classifier, arguments, text)?;
        if arguments.json {
            writeln!(output, "{}", json!({ "class": found.class, "facts": found.facts }))?;
            return Ok(());
        }
        page(&found, output, paint)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn classify(classifier: &Classifier, arguments: &Arguments, text: &str) -> anyhow::Result<Found> {
    let kind = match arguments.language {
        Language::Sql => {
            let facts: sql::Facts = classifier.sql(text, arguments.dialect);
            return found(facts.class.as_str(), facts.class as u8, facts.reason, &facts);
        }
        Language::Shell => shell::Kind::Bash,
        Language::Powershell => shell::Kind::Powershell,
        Language::Cmd => shell::Kind::Cmd,
    };
    let facts = classifier.shell(text, kind);
    found(facts.class.as_str(), facts.class as u8, facts.reason, &facts)
}

fn found(
    class: &'static str,
    severity: u8,
    reason: &'static str,
    facts: &impl Serialize,
) -> anyhow::Result<Found> {
    Ok(Found { class, severity, reason, facts: serde_json::to_value(facts)? })
}

fn page(found: &Found, output: &mut dyn Write, paint: Paint) -> anyhow::Result<()> {
    let colour = match found.severity {
        0 | 1 => AnsiColor::Green,
        2 | 3 => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    let style = paint.style(Style::new().fg_color(Some(Color::Ansi(colour))).bold());
    write!(output, "{style}{}{style:#}", found.class)?;
    if !found.reason.is_empty() {
        write!(output, ": {}", found.reason)?;
    }
    writeln!(output)?;
    let Value::Object(facts) = &found.facts else { return Ok(()) };
    for (name, value) in facts.iter().filter(|(name, _)| !matches!(name.as_str(), "class" | "reason")) {
        let value = match value {
            Value::Array(values) if values.is_empty() => continue,
            Value::Null => continue,
            Value::Array(values) => values.iter().map(word).collect::<Vec<_>>().join(", "),
            other => word(other),
        };
        writeln!(output, "  {name:<12} {value}")?;
    }
    Ok(())
}

/// A fact for a terminal: nothing that moves the cursor may reach it.
fn word(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            // A command: its program and arguments.
            members.values().map(word).collect::<Vec<_>>().join(" ")
        }
        Value::Array(values) => values.iter().map(word).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
