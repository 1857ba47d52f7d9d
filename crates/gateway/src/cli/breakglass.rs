//! `countersign breakglass`: held calls go ahead for a while without approval, once two administrators said so.

use std::io::Write;
use std::process::ExitCode;

use serde_json::{Value, json};
use uuid::Uuid;

use super::remote::{Gateway, wait, word};
use super::source::parse_id;

/// Arguments of `countersign breakglass`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// What is proposed, in force and over, the latest first.
    List(Gateway),
    /// Propose it: another administrator must confirm. It is never for your own calls.
    Propose(Propose),
    /// Confirm what another administrator proposed: from then on it is in force.
    Confirm(One),
    /// End it before its time.
    End(One),
}

#[derive(Debug, clap::Args)]
struct Propose {
    #[command(flatten)]
    gateway: Gateway,
    /// Why; kept with the evidence.
    #[arg(long)]
    reason: String,
    /// At which server; repeatable, `*` for every one.
    #[arg(long = "server", value_name = "NAME", required = true)]
    servers: Vec<String>,
    /// Of which tool or prompt there; repeatable. Default: all.
    #[arg(long = "tool", value_name = "NAME")]
    tools: Vec<String>,
    /// Whose calls, as `issuer/subject`; repeatable.
    #[arg(long = "for", value_name = "PERSON", required = true)]
    people: Vec<String>,
    /// How long, in minutes.
    #[arg(long, value_name = "COUNT", default_value_t = 15)]
    minutes: u32,
}

#[derive(Debug, clap::Args)]
struct One {
    /// Its id, from `breakglass list`.
    #[arg(value_parser = parse_id)]
    id: Uuid,
    #[command(flatten)]
    gateway: Gateway,
}

/// Runs the command.
///
/// # Errors
/// What to tell the person who typed it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    wait(perform(&arguments.command))?;
    Ok(ExitCode::SUCCESS)
}

async fn perform(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List(gateway) => gateway.print(&gateway.ask("breakglass", None).await?, list),
        Command::Propose(Propose { gateway, reason, servers, tools, people, minutes }) => {
            let seconds = i64::from(*minutes) * 60;
            let body = json!({
                "reason": reason, "servers": servers, "tools": tools, "people": people, "seconds": seconds,
            });
            gateway.print(&gateway.ask("breakglass", Some(body)).await?, show)
        }
        Command::Confirm(one) => one.step("confirm").await,
        Command::End(one) => one.step("end").await,
    }
}

impl One {
    async fn step(&self, step: &str) -> anyhow::Result<()> {
        let path = format!("breakglass/{}/{step}", self.id);
        self.gateway.print(&self.gateway.ask(&path, Some(json!({}))).await?, show)
    }
}

fn list(out: &mut dyn Write, listed: &Value) -> std::io::Result<()> {
    let windows = listed["windows"].as_array().map(Vec::as_slice).unwrap_or_default();
    if windows.is_empty() {
        return writeln!(out, "nobody has proposed break-glass");
    }
    windows.iter().try_for_each(|window| show(out, window))
}

fn show(out: &mut dyn Write, window: &Value) -> std::io::Result<()> {
    let names = |name: &str| {
        let names = window[name].as_array().into_iter().flatten().map(word);
        names.collect::<Vec<_>>().join(", ")
    };
    let pair = |first: &str, between: &str, second: &str| match &window[first] {
        Value::Null => String::new(),
        value => format!("{}{between}{}", word(value), word(&window[second])),
    };
    writeln!(out, "break-glass {}  {}", word(&window["id"]), word(&window["state"]))?;
    let lines = [
        ("reason", word(&window["reason"])),
        ("servers", names("servers")),
        ("tools", names("tools")),
        ("calls of", names("people")),
        ("proposed by", pair("proposed_by", " at ", "proposed")),
        ("confirmed by", word(&window["confirmed_by"])),
        ("in force", pair("entered", " to ", "until")),
        ("over", pair("ended", ": ", "ended_because").replace('_', " ")),
    ];
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "  {name:<13}{value}")?;
    }
    Ok(())
}
