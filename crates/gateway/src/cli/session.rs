//! `countersign session`: what one caller did, call by call, and what was said.

mod cast;

use std::io::Write;
use std::process::ExitCode;

use anstyle::AnsiColor;
use evidence::leaf::{EventType, Leaf};
use serde::Serialize;
use uuid::Uuid;

use super::paint::Paint;
use super::remote::{Gateway, wait, word};
use super::source::{Evidence, Source, parse_id};
use super::{line, moment};
use crate::clock::{Clock, SystemClock};
use crate::ledger::{Absence, Vault, VaultError};
use crate::limits;
use crate::store::entry::{self, Entry, Filter};
use crate::store::{payload, session};

/// Arguments of `countersign session`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Sessions, the latest first.
    List(List),
    /// The calls of one session.
    Show(One),
    /// The calls of one session with what was said, as it was masked. Viewing is itself recorded.
    Replay(One),
    /// End a session for good, at every gateway: what is open in it ends, what comes later is refused.
    End(End),
    /// Write a session to a file (`.mcpcast.jsonl`, or HAR). This, too, is recorded.
    Export(cast::Export),
    /// Show a session from such a file; needs no gateway.
    View(cast::View),
}

/// `session list`.
#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    source: Source,
    /// Pseudonym, or `issuer/subject` (needs the key directory).
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// Begun not earlier: an instant, a day, or how long ago (`2h`).
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    since: Option<i64>,
    /// Begun earlier than this.
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    until: Option<i64>,
    /// Most sessions to show.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 50)]
    limit: u32,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// `session show`, `session replay`.
#[derive(Debug, clap::Args)]
struct One {
    #[command(flatten)]
    source: Source,
    /// Recording session id, from `session list`.
    #[arg(value_parser = parse_id)]
    id: Uuid,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// `session end`: asks a gateway that runs.
#[derive(Debug, clap::Args)]
struct End {
    /// Recording session id, from `session list`.
    #[arg(value_parser = parse_id)]
    id: Uuid,
    /// Why; kept with the evidence.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    gateway: Gateway,
}

impl End {
    async fn run(&self) -> anyhow::Result<()> {
        let body = serde_json::json!({ "reason": self.reason });
        let ended = self.gateway.ask(&format!("sessions/{}/end", self.id), Some(body)).await?;
        self.gateway.print(&ended, |out, ended| {
            writeln!(out, "session {} is ended since {}", word(&ended["id"]), word(&ended["ended"]))
        })
    }
}

/// Runs the command.
///
/// # Errors
/// What to tell the operator.
pub(super) fn run(arguments: &Arguments, paint: Paint) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::List(list) => run_list(list)?,
        Command::Show(one) => run_show(one, paint)?,
        Command::Replay(one) => run_replay(one, paint)?,
        Command::End(end) => wait(end.run())?,
        Command::Export(export) => cast::export(export)?,
        Command::View(view) => cast::view(view, paint)?,
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Row {
    session: Uuid,
    began: String,
    last_call: String,
    actor: String,
    calls: u64,
    denied: u64,
    /// Only the newest were counted.
    more: bool,
}

fn run_list(list: &List) -> anyhow::Result<()> {
    let evidence = list.source.open()?;
    let actor = list.actor.as_deref().map(|text| evidence.actor(text)).transpose()?;
    let filter = session::Filter { actor, from: list.since, until: list.until, before: None };
    let found = evidence.db.read_now("sessions", |read| session::page(read, &filter, list.limit))?;
    let rows: Vec<Row> = found
        .into_iter()
        .map(|session| Row {
            session: Uuid::from_bytes(session.id),
            began: moment::show(session.ts),
            last_call: moment::show(session.last_ts),
            actor: session.actor,
            calls: session.calls,
            denied: session.denied,
            more: session.more,
        })
        .collect();
    let mut out = std::io::stdout().lock();
    if list.json {
        for row in &rows {
            writeln!(out, "{}", serde_json::to_string(row)?)?;
        }
        return Ok(());
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["SESSION", "BEGAN", "LAST CALL", "ACTOR", "CALLS", "DENIED"]);
    for row in rows {
        let more = if row.more { "+" } else { "" };
        let (calls, denied) = (format!("{}{more}", row.calls), format!("{}{more}", row.denied));
        table.add_row([row.session.to_string(), row.began, row.last_call, row.actor, calls, denied]);
    }
    writeln!(out, "{table}")?;
    Ok(())
}

/// One leaf of a call, decoded.
struct Part {
    entry: Entry,
    leaf: Leaf,
}

/// The leaves of one call, in order: an intent or a refusal first.
struct Exchange {
    parts: Vec<Part>,
}

fn run_show(one: &One, paint: Paint) -> anyhow::Result<()> {
    let evidence = one.source.open()?;
    let mut out = std::io::stdout().lock();
    for_each_exchange(&evidence, one.id, |exchange| {
        if one.json {
            writeln!(out, "{}", serde_json::to_string(&exchange.to_json(None)?)?)?;
        } else {
            writeln!(out, "{}", exchange.heading(paint))?;
        }
        Ok(())
    })
}

fn run_replay(one: &One, paint: Paint) -> anyhow::Result<()> {
    let evidence = one.source.open()?;
    let keys = evidence.keys()?;
    record_viewing(&evidence, &serde_json::json!({ "session": one.id }), "session replay")?;
    let vault = Vault::new(&keys)?;
    let mut out = std::io::stdout().lock();
    for_each_exchange(&evidence, one.id, |exchange| {
        let mut bodies = Vec::new();
        for part in &exchange.parts {
            bodies.push(body(&evidence, &vault, part)?);
        }
        if one.json {
            writeln!(out, "{}", serde_json::to_string(&exchange.to_json(Some(&bodies))?)?)?;
            return Ok(());
        }
        writeln!(out, "{}", exchange.heading(paint))?;
        for (part, body) in exchange.parts.iter().zip(&bodies) {
            writeln!(out, "{}", shown(paint, &part.leaf, body))?;
        }
        Ok(())
    })
}

/// What was recorded beside one leaf, for people to read.
pub(super) fn beside(evidence: &Evidence, entry: Entry, paint: Paint) -> anyhow::Result<String> {
    let keys = evidence.keys()?;
    record_viewing(evidence, &serde_json::json!({ "index": entry.index }), "log body")?;
    let leaf = Leaf::decode(&entry.leaf)?;
    let part = Part { entry, leaf };
    let body = body(evidence, &Vault::new(&keys)?, &part)?;
    Ok(shown(paint, &part.leaf, &body))
}

/// Viewing recorded bodies is an event of its own. Only the gateway writes leaves, so it is asked before anything is
/// shown.
fn record_viewing(evidence: &Evidence, what: &serde_json::Value, by: &str) -> anyhow::Result<()> {
    let now = SystemClock.now().as_microsecond();
    let mut detail = serde_json::json!({ "by": by, "at_us": now });
    if let (Some(detail), Some(what)) = (detail.as_object_mut(), what.as_object()) {
        detail.extend(what.clone());
    }
    evidence.ask(EventType::RecordingViewed, now, detail)
}

fn for_each_exchange(
    evidence: &Evidence,
    session: Uuid,
    mut f: impl FnMut(&Exchange) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let filter = Filter { session: Some(session.into_bytes()), ..Filter::default() };
    let mut heads =
        evidence.db.read_now("session", |read| entry::page(read, &filter, limits::SESSION_CALLS_MAX))?;
    anyhow::ensure!(!heads.is_empty(), "no session `{session}`; see `countersign session list`");
    heads.reverse();
    for head in heads {
        f(&exchange(evidence, head)?)?;
    }
    Ok(())
}

fn exchange(evidence: &Evidence, head: Entry) -> anyhow::Result<Exchange> {
    let leaf = Leaf::decode(&head.leaf)?;
    let Some(call) = leaf.call else { return Ok(Exchange { parts: vec![Part { entry: head, leaf }] }) };
    let filter = Filter { call: Some(*call.as_bytes()), ..Filter::default() };
    let mut entries =
        evidence.db.read_now("call", |read| entry::page(read, &filter, limits::CALL_LEAVES_MAX))?;
    entries.sort_by_key(|entry| (entry.index.is_none(), entry.index, entry.place));
    let mut parts = Vec::new();
    for entry in entries {
        let leaf = Leaf::decode(&entry.leaf)?;
        parts.push(Part { entry, leaf });
    }
    Ok(Exchange { parts })
}

/// What was recorded beside a leaf.
enum Body {
    /// The leaf has none.
    None,
    /// Masked when it was recorded, and what was masked.
    Text(String, Vec<Redaction>),
    /// Why it cannot be shown.
    Gone(Absence),
}

/// A body that something was masked in.
#[derive(serde::Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    message: &'a serde_json::value::RawValue,
    redactions: Vec<Redaction>,
}

/// A receipt for one masked value.
#[derive(serde::Deserialize, serde::Serialize)]
struct Redaction {
    pointer: String,
    detector: String,
    version: u8,
    form: String,
    length: usize,
    token: String,
}

fn body(evidence: &Evidence, vault: &Vault, part: &Part) -> anyhow::Result<Body> {
    let Some(committed) = part.leaf.payload else { return Ok(Body::None) };
    let (db, place, leaf) = (&evidence.db, part.entry.place, &part.leaf);
    let opened = match db.read_now("body", |read| payload::at(read, place))? {
        Some((day, sealed)) => vault.open(db, day, leaf.id.as_bytes(), sealed, &committed.commitment),
        None => Err(VaultError::Erased),
    };
    match opened {
        Ok(bytes) if leaf.redactions.is_empty() => {
            Ok(Body::Text(String::from_utf8_lossy(&bytes).into_owned(), Vec::new()))
        }
        Ok(bytes) => {
            // The message as it was recorded, and what was masked in it: see `ledger`, record of a body.
            let record: Record<'_> = serde_json::from_slice(&bytes)?;
            Ok(Body::Text(record.message.get().to_owned(), record.redactions))
        }
        Err(error) => Ok(Body::Gone(Absence::of(db, &evidence.seal()?, (place, leaf), error)?)),
    }
}

impl Exchange {
    fn heading(&self, paint: Paint) -> String {
        let Some(head) = self.parts.first() else { return String::new() };
        let began = moment::show(head.entry.ts);
        let end = self
            .parts
            .iter()
            .find(|part| matches!(part.leaf.event, EventType::CallOutcome | EventType::CallOrphaned));
        let ended = match end {
            Some(part) if part.leaf.event == EventType::CallOrphaned => "orphaned".to_owned(),
            Some(part) => {
                let status = part.leaf.outcome.map(|outcome| line::word(&outcome.status)).unwrap_or_default();
                // Whole and tenths of milliseconds, without floating point.
                let tenths = (part.entry.ts - head.entry.ts).max(0) / 100;
                format!("{status} after {}.{} ms", tenths / 10, tenths % 10)
            }
            None if head.leaf.event == EventType::CallIntent => "open".to_owned(),
            None => String::new(),
        };
        let text = format!("{began}  #{}  {}  {ended}", line::index(&head.entry), line::summary(&head.leaf));
        let bad = matches!(head.leaf.event, EventType::CallDenied | EventType::AuthFailed);
        paint.text(if bad { AnsiColor::Red } else { AnsiColor::Cyan }, text.trim_end())
    }

    fn to_json(&self, bodies: Option<&[Body]>) -> anyhow::Result<serde_json::Value> {
        let mut parts = Vec::new();
        for (position, part) in self.parts.iter().enumerate() {
            let leaf: serde_json::Value = serde_json::from_slice(&part.entry.leaf)?;
            let mut object = serde_json::json!({ "index": part.entry.index, "leaf": leaf });
            match bodies.and_then(|bodies| bodies.get(position)) {
                Some(Body::Text(text, redactions)) => {
                    object["body"] = text.as_str().into();
                    object["redactions"] = serde_json::to_value(redactions)?;
                }
                Some(Body::Gone(absence)) => {
                    object["body_missing"] = absence.word().into();
                    object["body_missing_because"] = absence.to_string().into();
                    object["erased_by"] = absence.erased_by();
                }
                Some(Body::None) | None => {}
            }
            parts.push(object);
        }
        Ok(serde_json::json!({ "leaves": parts }))
    }
}

fn shown(paint: Paint, leaf: &Leaf, body: &Body) -> String {
    let sign = match leaf.event {
        EventType::CallIntent | EventType::CallDenied => ">>",
        EventType::CallFrame => "<~",
        _ => "<<",
    };
    match body {
        Body::None => paint.text(AnsiColor::BrightBlack, &format!("   {sign} (no body)")),
        Body::Gone(absence) => {
            let colour =
                if matches!(absence, Absence::Erased(_)) { AnsiColor::Yellow } else { AnsiColor::Red };
            paint.text(colour, &format!("   {sign} (body not shown: {absence})"))
        }
        Body::Text(text, redactions) => {
            let mut shown = String::new();
            for line in pretty(text).lines() {
                shown.push_str("   ");
                shown.push_str(sign);
                shown.push(' ');
                // Bodies come from callers and upstreams: nothing that moves the cursor may reach a terminal.
                shown.extend(line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
                shown.push('\n');
            }
            for Redaction { pointer, detector, length, token, form, .. } in redactions {
                let pointer: String = pointer.chars().filter(|c| !c.is_control()).collect();
                let done = if form == "hash" { "not looked into:" } else { "masked" };
                let text = format!("      {done} {detector}, {length} characters, at {pointer} = {token}");
                shown.push_str(&paint.text(AnsiColor::Magenta, &text));
                shown.push('\n');
            }
            shown
        }
    }
}

/// Indented when it is JSON; as it is when it is not.
fn pretty(text: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(text).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| text.to_owned())
}
