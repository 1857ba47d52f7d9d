//! `countersign hold`: recorded messages that must not be erased whatever their age. Works beside a running gateway,
//! which heeds a hold at once and records it in its log within seconds.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{anyhow, bail, ensure};
use aws_lc_rs::rand;
use clap::{Args, Subcommand};
use evidence::leaf::EventType;
use serde::Serialize;
use uuid::Uuid;

use super::moment;
use super::source::{Evidence, Source, parse_id};
use crate::clock::{Clock, SystemClock};
use crate::limits;
use crate::store::hold::{self, Hold};
use crate::store::notice::{self, Notice};
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

/// A hold as it is shown and recorded.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    set: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared: Option<String>,
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
    let hold = Hold {
        name: name.clone(),
        server: wanted.server.clone(),
        actor: wanted.actor.as_deref().map(|actor| evidence.actor(actor)).transpose()?,
        session: wanted.session.map(Uuid::into_bytes),
        since: wanted.since,
        until: wanted.until,
        ts: SystemClock.now().as_microsecond(),
        cleared: None,
    };
    let held = evidence.db.read_now("holds", hold::all)?;
    ensure!(held.len() < limits::HOLDS_MAX, "there are {} holds, and no more can be set", held.len());
    let notice = notice(EventType::HoldSet, &hold)?;
    let db = Db::open(&evidence.config.storage, Access::Beside)?;
    let added = db.write_now("set hold", |tx| {
        let added = hold::set(tx, &hold)?;
        if added {
            notice::insert(tx, &notice)?;
        }
        Ok(added)
    })?;
    ensure!(added, "there is, or was, a hold named `{name}`; choose another name");
    eprintln!("What it names is kept until `countersign hold clear {name}`.");
    Ok(())
}

fn clear(evidence: &Evidence, name: &str) -> anyhow::Result<()> {
    let held = evidence.db.read_now("holds", hold::all)?;
    let Some(hold) = held.into_iter().find(|hold| hold.name == name && hold.cleared.is_none()) else {
        bail!("there is no hold named `{}`; `countersign hold list` shows all", name.escape_debug());
    };
    let cleared = Hold { cleared: Some(SystemClock.now().as_microsecond()), ..hold };
    let notice = notice(EventType::HoldCleared, &cleared)?;
    let db = Db::open(&evidence.config.storage, Access::Beside)?;
    let done = db.write_now("clear hold", |tx| {
        let done = hold::clear(tx, name, cleared.cleared.unwrap_or_default())?;
        if done {
            notice::insert(tx, &notice)?;
        }
        Ok(done)
    })?;
    ensure!(done, "somebody else cleared it at the same moment");
    eprintln!("It is cleared; what is due goes when the gateway next looks, at most an hour from now.");
    Ok(())
}

fn list(evidence: &Evidence, json: bool) -> anyhow::Result<()> {
    let held = evidence.db.read_now("holds", hold::all)?;
    let mut out = std::io::stdout().lock();
    if json {
        for hold in &held {
            writeln!(out, "{}", serde_json::to_string(&shown(hold))?)?;
        }
        return Ok(());
    }
    if held.is_empty() {
        writeln!(out, "no holds")?;
    }
    for hold in &held {
        let Shown { name, server, actor, session, since, until, set, cleared } = shown(hold);
        let parts = [
            server.map(|server| format!("server {server}")),
            actor.map(|actor| format!("actor {actor}")),
            session.map(|session| format!("session {session}")),
            since.map(|since| format!("since {since}")),
            until.map(|until| format!("until {until}")),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        let what = if parts.is_empty() { "everything".to_owned() } else { parts.join(", ") };
        let state = cleared.map_or_else(|| "in force".to_owned(), |cleared| format!("cleared {cleared}"));
        writeln!(out, "{name:<24}  {state}  set {set}  {what}")?;
    }
    Ok(())
}

fn shown(hold: &Hold) -> Shown<'_> {
    Shown {
        name: &hold.name,
        server: hold.server.as_deref(),
        actor: hold.actor.as_deref(),
        session: hold.session.map(Uuid::from_bytes),
        since: hold.since.map(moment::show_exactly),
        until: hold.until.map(moment::show_exactly),
        set: moment::show_exactly(hold.ts),
        cleared: hold.cleared.map(moment::show_exactly),
    }
}

/// What the gateway is asked to record: the hold, and who is at the keyboard as far as the system knows.
fn notice(event: EventType, hold: &Hold) -> anyhow::Result<Notice> {
    let mut id = [0; 16];
    rand::fill(&mut id).map_err(|_| anyhow!("the system gave no random bytes"))?;
    let mut detail = serde_json::to_value(shown(hold))?;
    detail["uid"] = rustix::process::getuid().as_raw().into();
    let (event, detail) = (event.as_str().to_owned(), detail.to_string());
    Ok(Notice { id, ts: hold.cleared.unwrap_or(hold.ts), event, detail })
}
