//! `countersign canary`: calls that the gateway makes itself to see that its controls work. Talks to a running gateway's
//! API.

use std::io::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::remote::{self, Gateway, word};

/// Arguments of `countersign canary`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The configured canaries, and what each showed last.
    List(List),
    /// Let them run now. Fails when one of them does.
    Run(Run),
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    gateway: Gateway,
}

#[derive(Debug, clap::Args)]
struct Run {
    /// Only this one.
    name: Option<String>,
    #[command(flatten)]
    gateway: Gateway,
}

/// Runs the command.
///
/// # Errors
/// What to tell the person who typed it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    remote::wait(perform(&arguments.command))
}

async fn perform(command: &Command) -> anyhow::Result<ExitCode> {
    let (shown, gateway) = match command {
        Command::List(List { gateway }) => (gateway.ask("canaries", None).await?, gateway),
        Command::Run(Run { name, gateway }) => {
            let mut ran = gateway.ask("canaries/run", Some(json!({ "name": name }))).await?;
            if let (Some(name), Some(all)) = (name, ran["canaries"].as_array_mut()) {
                all.retain(|canary| canary["name"] == **name);
            }
            (ran, gateway)
        }
    };
    gateway.print(&shown, list)?;
    let failed = |canary: &Value| canary["last"]["result"] == "failed";
    let failed = shown["canaries"].as_array().is_some_and(|all| all.iter().any(failed));
    let ran = matches!(command, Command::Run(_));
    Ok(if ran && failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn list(out: &mut dyn Write, listed: &Value) -> std::io::Result<()> {
    let canaries = listed["canaries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if canaries.is_empty() {
        return writeln!(out, "no canary is configured: see `canaries` in docs/configuration.md");
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["CANARY", "CALL", "MUST BE", "WAS", "RESULT", "AT", "POLICIES"]);
    for canary in canaries {
        let last = &canary["last"];
        let policies: Vec<String> = last["policies"].as_array().into_iter().flatten().map(word).collect();
        let result = if last.is_null() { "not run yet".to_owned() } else { word(&last["result"]) };
        table.add_row([
            word(&canary["name"]),
            format!("{}/{}", word(&canary["server"]), word(&canary["tool"])),
            word(&canary["expect"]),
            word(&last["found"]),
            result,
            word(&last["at"]),
            policies.join(", "),
        ]);
    }
    writeln!(out, "{table}")
}
