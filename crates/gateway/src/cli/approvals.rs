//! `countersign approvals`: calls that wait for people. Talks to a running gateway's API, with the right of whoever
//! asks and no other.

use std::io::Write;
use std::process::ExitCode;

use anstyle::{AnsiColor, Color, Style};
use serde_json::{Value, json};
use uuid::Uuid;

use super::paint::Paint;
use super::remote::{self, Gateway, word};
use super::source::parse_id;

/// Arguments of `countersign approvals`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Held calls that you may see, the latest first.
    List(List),
    /// One held call, exactly as it would run.
    Show(One),
    /// Agree to a held call.
    Approve(Approve),
    /// Refuse a held call.
    Reject(Reject),
    /// What webhooks were not told yet, or never.
    Deliveries(Gateway),
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    gateway: Gateway,
    /// Also those that are over.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, clap::Args)]
struct One {
    /// Approval id, from `approvals list`.
    #[arg(value_parser = parse_id)]
    id: Uuid,
    #[command(flatten)]
    gateway: Gateway,
}

#[derive(Debug, clap::Args)]
struct Approve {
    #[command(flatten)]
    one: One,
    /// Why; kept with the evidence.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Reject {
    #[command(flatten)]
    one: One,
    /// Why; kept with the evidence.
    #[arg(long)]
    reason: String,
}

/// Runs the command.
///
/// # Errors
/// What to tell the person who typed it.
pub(super) fn run(arguments: &Arguments, paint: Paint) -> anyhow::Result<ExitCode> {
    remote::wait(perform(&arguments.command, paint))?;
    Ok(ExitCode::SUCCESS)
}

async fn perform(command: &Command, paint: Paint) -> anyhow::Result<()> {
    match command {
        Command::List(List { gateway, all }) => {
            let listed = gateway.ask(if *all { "approvals?state=all" } else { "approvals" }, None).await?;
            gateway.print(&listed, list)
        }
        Command::Deliveries(gateway) => {
            let outstanding = gateway.ask("deliveries", None).await?;
            gateway.print(&outstanding, deliveries)
        }
        Command::Show(One { id, gateway }) => {
            let shown = gateway.ask(&format!("approvals/{id}"), None).await?;
            gateway.print(&shown, |out, shown| show(out, shown, paint))
        }
        Command::Approve(Approve { one: One { id, gateway }, reason }) => {
            let decided =
                gateway.ask(&format!("approvals/{id}/approve"), Some(json!({ "reason": reason }))).await?;
            gateway.print(&decided, decision)
        }
        Command::Reject(Reject { one: One { id, gateway }, reason }) => {
            let decided =
                gateway.ask(&format!("approvals/{id}/reject"), Some(json!({ "reason": reason }))).await?;
            gateway.print(&decided, decision)
        }
    }
}

fn list(out: &mut dyn Write, listed: &Value) -> std::io::Result<()> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["APPROVAL", "STATE", "WHO", "CALL", "UNTIL", "APPROVED", "YOU"]);
    let approvals = listed["approvals"].as_array().map(Vec::as_slice).unwrap_or_default();
    let unreadable = listed["unreadable"].as_array().map(Vec::as_slice).unwrap_or_default();
    if approvals.is_empty() && unreadable.is_empty() {
        return writeln!(out, "no call waits that you may see");
    }
    for approval in approvals {
        table.add_row([
            word(&approval["id"]),
            word(&approval["state"]),
            word(&approval["requester"]["id"]),
            what(approval),
            word(if approval["use_by"].is_null() { &approval["decide_by"] } else { &approval["use_by"] }),
            format!("{} of {}", approval["approved_by"], approval["terms"]["quorum"]),
            if approval["may_decide"] == true { "may decide".to_owned() } else { String::new() },
        ]);
    }
    for id in unreadable {
        table.add_row([word(id), "unreadable".to_owned()]);
    }
    writeln!(out, "{table}")
}

fn deliveries(out: &mut dyn Write, listed: &Value) -> std::io::Result<()> {
    let outstanding = listed["deliveries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if outstanding.is_empty() {
        return writeln!(out, "everything that you may see has arrived");
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["WEBHOOK", "APPROVAL", "EVENT", "ATTEMPTS", "NEXT", "FAULT"]);
    for delivery in outstanding {
        let next =
            if delivery["given_up"].is_null() { word(&delivery["next"]) } else { "given up".to_owned() };
        let (webhook, approval, event) =
            (word(&delivery["webhook"]), word(&delivery["approval"]), word(&delivery["event"]));
        table.add_row([
            webhook,
            approval,
            event,
            word(&delivery["attempts"]),
            next,
            word(&delivery["fault"]),
        ]);
    }
    writeln!(out, "{table}")
}

fn show(out: &mut dyn Write, approval: &Value, paint: Paint) -> std::io::Result<()> {
    let line = |out: &mut dyn Write, name: &str, value: String| {
        if value.is_empty() { Ok(()) } else { writeln!(out, "{name:<12}{value}") }
    };
    line(out, "approval", format!("{}  {}", word(&approval["id"]), word(&approval["state"])))?;
    line(out, "call", what(approval))?;
    let who = &approval["requester"];
    line(out, "who", format!("{} ({}) {}", word(&who["id"]), word(&who["kind"]), word(&who["email"])))?;
    line(out, "for", word(&who["owner"]))?;
    for actor in who["actors"].as_array().into_iter().flatten() {
        line(out, "through", word(actor))?;
    }
    line(out, "requested", word(&approval["requested"]))?;
    line(out, "decide by", word(&approval["decide_by"]))?;
    line(out, "use by", word(&approval["use_by"]))?;
    line(
        out,
        "ended",
        format!("{} {}", word(&approval["ended"]), word(&approval["ended_because"])).trim().to_owned(),
    )?;
    let policies = approval["policies"].as_array().into_iter().flatten().map(word).collect::<Vec<_>>();
    line(out, "held by", policies.join(", "))?;
    line(out, "approved", format!("{} of {}", approval["approved_by"], approval["terms"]["quorum"]))?;
    for vote in approval["votes"].as_array().into_iter().flatten() {
        let (verdict, who) = (word(&vote["verdict"]), word(&vote["who"]["id"]));
        line(out, "said", format!("{verdict} by {who} at {} {}", word(&vote["at"]), word(&vote["reason"])))?;
    }
    line(out, "you", word(&approval["may_not_decide_because"]))?;
    writeln!(out)?;
    values(out, &approval["call"], paint)
}

/// Every value of the call, each on a line of its own that nothing in it can break.
fn values(out: &mut dyn Write, call: &Value, paint: Paint) -> std::io::Result<()> {
    let values = call["values"].as_array().map(Vec::as_slice).unwrap_or_default();
    let width = values.iter().map(|value| word(&value["pointer"]).chars().count()).max().unwrap_or(0).min(40);
    let style = paint.style(Style::new().fg_color(Some(Color::Ansi(AnsiColor::Yellow))));
    for value in values {
        let mut notes = Vec::new();
        if value["default"] == true {
            notes.push("default of the tool".to_owned());
        }
        if let Some(bytes) = value["bytes"].as_u64() {
            notes.push(format!("{bytes} bytes in all, SHA-256 {}", word(&value["sha256"])));
        }
        notes.extend(value["warnings"].as_array().into_iter().flatten().map(word));
        let text = if value["kind"] == "string" {
            format!("\"{}\"", word(&value["text"]))
        } else {
            word(&value["text"])
        };
        writeln!(out, "  {:<width$}  {text}", word(&value["pointer"]))?;
        for note in notes {
            writeln!(out, "  {:<width$}  {style}^ {note}{style:#}", "")?;
        }
    }
    if let Some(more) = call["left_out"].as_u64().filter(|more| *more > 0) {
        writeln!(out, "  and {more} more values")?;
    }
    writeln!(out, "  {} bytes, SHA-256 {}", call["bytes"], word(&call["sha256"]))
}

fn decision(out: &mut dyn Write, approval: &Value) -> std::io::Result<()> {
    let (state, id) = (word(&approval["state"]), word(&approval["id"]));
    writeln!(
        out,
        "{state}: {} ({id}), {} of {} approved",
        what(approval),
        approval["approved_by"],
        approval["terms"]["quorum"]
    )
}

fn what(approval: &Value) -> String {
    let (server, method) = (word(&approval["server"]), word(&approval["method"]));
    match approval["target"]["name"].as_str() {
        Some(name) => format!("{method} {server}/{name}"),
        None => format!("{method} {server}"),
    }
}
