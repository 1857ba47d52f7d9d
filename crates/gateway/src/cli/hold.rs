//! `countersign hold`: recorded messages that must not be erased whatever their age. Works beside a running gateway,
//! which heeds a hold at once, records it in its log within seconds, and ends one once that is recorded.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use evidence::id::Id;
use evidence::leaf::EventType;
use evidence::retention::Hold;
use evidence::time::Timestamp;
use uuid::Uuid;

use super::moment;
use super::source::{Evidence, Source, parse_id};
use crate::clock::{Clock, SystemClock};
use crate::ledger::{clear_hold, holds, set_hold};
use crate::limits;
use crate::store::{Access, Db};

/// Arguments of `countersign hold`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// One JSON object a line.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keep recorded messages until the hold is cleared. What is not restricted is kept whole.
    Set(Set),
    /// Holds, the oldest first.
    List,
    /// End a hold: what is due goes when the gateway next looks.
    Clear {
        /// Name of the hold.
        name: String,
    },
}

#[derive(Debug, Args)]
struct Set {
    /// What to call it, for instance the number of the case. It stands in the log: name no person.
    name: String,
    /// Only calls to this server.
    #[arg(long, value_name = "SERVER")]
    server: Option<String>,
    /// Only calls of this person or program: pseudonym, or `issuer/subject` (needs the key directory).
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// Only calls of this recording session.
    #[arg(long, value_name = "ID", value_parser = parse_id)]
    session: Option<Uuid>,
    /// Only calls not earlier than this: an instant, a day, or how long ago (`2h`).
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    since: Option<i64>,
    /// Only calls earlier than this.
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    until: Option<i64>,
}

/// Runs `countersign hold`.
///
/// # Errors
/// What to tell the operator.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let evidence = arguments.source.open()?;
    match &arguments.command {
        Command::Set(wanted) => set(&evidence, wanted)?,
        Command::List => list(&evidence, arguments.json)?,
        Command::Clear { name } => clear(&evidence, name)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn set(evidence: &Evidence, wanted: &Set) -> anyhow::Result<()> {
    let name = &wanted.name;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ensure!(
        !name.is_empty() && name.len() <= limits::HOLD_NAME_BYTES_MAX && name.bytes().all(fits),
        "`{}` cannot be the name of a hold: use letters, digits, `-`, `_` and `.`",
        name.escape_debug()
    );
    if let Some(server) = &wanted.server {
        // It may be one that is not configured any more.
        ensure!(!server.is_empty() && server.len() <= limits::LABEL_BYTES_MAX, "that is no name of a server");
    }
    if let (Some(since), Some(until)) = (wanted.since, wanted.until) {
        ensure!(since < until, "`--since` must be earlier than `--until`");
    }
    let now = SystemClock.now().as_microsecond();
    let hold = Hold {
        name: name.clone(),
        server: wanted.server.clone(),
        actor: wanted.actor.as_deref().map(|actor| evidence.actor(actor)).transpose()?,
        session: wanted.session.map(|session| Id::from_bytes(session.into_bytes())),
        since: wanted.since.map(instant).transpose()?,
        until: wanted.until.map(instant).transpose()?,
        set: instant(now)?,
        cleared: None,
    };
    let seal = evidence.seal()?;
    let held = all(evidence)?.len();
    ensure!(held < limits::HOLDS_MAX, "there are {held} holds, and no more can be set");
    let notice = evidence.notice(EventType::HoldSet, now, serde_json::to_value(&hold)?)?;
    let db = Db::open(&evidence.config.storage, Access::Beside)?;
    let added = db.write_now("set hold", |tx| set_hold(tx, &seal, name, &notice))?;
    ensure!(added, "there is, or was, a hold named `{name}`; choose another name");
    eprintln!("What it names is kept until `countersign hold clear {name}`.");
    Ok(())
}

fn clear(evidence: &Evidence, name: &str) -> anyhow::Result<()> {
    let Some(hold) = all(evidence)?.into_iter().find(|hold| hold.name == name && hold.cleared.is_none())
    else {
        bail!("there is no hold named `{}`; `countersign hold list` shows all", name.escape_debug());
    };
    // Recorded after what set it, whatever this clock says.
    let now = SystemClock.now().as_microsecond().max(hold.set.as_micros() + 1);
    let seal = evidence.seal()?;
    let cleared = Hold { cleared: Some(instant(now)?), ..hold };
    let notice = evidence.notice(EventType::HoldCleared, now, serde_json::to_value(&cleared)?)?;
    let db = Db::open(&evidence.config.storage, Access::Beside)?;
    let asked = db.write_now("clear hold", |tx| clear_hold(tx, &seal, name, &notice))?;
    ensure!(asked, "that was asked for before: it ends once a gateway has recorded it");
    eprintln!(
        "It ends once a gateway has recorded that, within seconds where one runs; what is due goes when the gateway next \
         looks, at most an hour later."
    );
    Ok(())
}

fn all(evidence: &Evidence) -> anyhow::Result<Vec<Hold>> {
    let seal = evidence.seal()?;
    Ok(evidence.db.read_now("holds", |read| holds(read, &seal))?)
}

fn list(evidence: &Evidence, json: bool) -> anyhow::Result<()> {
    let held = all(evidence)?;
    let mut out = std::io::stdout().lock();
    if json {
        for hold in &held {
            writeln!(out, "{}", serde_json::to_string(hold)?)?;
        }
        return Ok(());
    }
    if held.is_empty() {
        writeln!(out, "no holds")?;
    }
    for hold in &held {
        let Hold { name, server, actor, session, since, until, set, cleared } = hold;
        let parts = [
            server.as_ref().map(|server| format!("server {server}")),
            actor.as_ref().map(|actor| format!("actor {actor}")),
            session.map(|session| format!("session {session}")),
            since.map(|since| format!("since {}", show(since))),
            until.map(|until| format!("until {}", show(until))),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        let what = if parts.is_empty() { "everything".to_owned() } else { parts.join(", ") };
        let state =
            cleared.map_or_else(|| "in force".to_owned(), |cleared| format!("cleared {}", show(cleared)));
        writeln!(out, "{name:<24}  {state}  set {}  {what}", show(*set))?;
    }
    Ok(())
}

fn show(ts: Timestamp) -> String {
    moment::show_exactly(ts.as_micros())
}

fn instant(micros: i64) -> anyhow::Result<Timestamp> {
    Timestamp::from_micros(micros).context("a time before 1970 or after 9999")
}
