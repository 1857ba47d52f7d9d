//! Recordings as files: `.mcpcast.jsonl`, to keep and to view again; HAR 1.2, for tools that read the web's
//! archives.
//!
//! A cast is one JSON object a line. The first describes the session; each other one is a leaf: time,
//! direction, index and commitment, the message as it was masked, and what was decided.

use std::io::{BufRead as _, BufReader, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use evidence::leaf::EventType;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Body, Exchange, One, Paint, Part, body, for_each_exchange, record_viewing};
use crate::cli::moment;
use crate::ledger::Vault;
use crate::limits;

/// Version of the format.
const VERSION: u32 = 1;

/// `session export`.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    #[command(flatten)]
    one: One,
    /// New file.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Write an HTTP archive (HAR 1.2) instead of a cast.
    #[arg(long)]
    har: bool,
}

/// `session view`.
#[derive(Debug, clap::Args)]
pub(super) struct View {
    /// A cast.
    file: PathBuf,
}

/// The first line of a cast.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    mcpcast: u32,
    session: String,
    deployment: String,
    /// What a reader must know.
    note: String,
}

/// One leaf of a cast.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    time: String,
    /// `>` to the server, `<` from it, `-` neither.
    direction: String,
    index: Option<u64>,
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commitment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    redactions: Vec<Value>,
}

/// Writes a session to a file. Viewing is itself recorded, before anything is written.
pub(super) fn export(export: &Export) -> anyhow::Result<()> {
    let evidence = export.one.source.open()?;
    let vault = Vault::new(&evidence.keys()?)?;
    let output = &export.output;
    let file =
        std::fs::File::create_new(output).with_context(|| format!("cannot write `{}`", output.display()))?;
    record_viewing(&evidence, &serde_json::json!({ "session": export.one.id }), "session export")?;
    let mut out = std::io::BufWriter::new(file);
    let mut entries = Vec::new();
    if !export.har {
        let header = Header {
            mcpcast: VERSION,
            session: export.one.id.to_string(),
            deployment: evidence.deployment().name,
            note: "masked as it was recorded; commitments are those of the leaves".to_owned(),
        };
        writeln!(out, "{}", serde_json::to_string(&header)?)?;
    }
    for_each_exchange(&evidence, export.one.id, |exchange| {
        let mut lines = Vec::new();
        for part in &exchange.parts {
            lines.push(line(part, body(&evidence, &vault, part)?)?);
        }
        if export.har {
            entries.extend(entry(exchange, &lines));
        } else {
            for line in &lines {
                writeln!(out, "{}", serde_json::to_string(line)?)?;
            }
        }
        Ok(())
    })?;
    if export.har {
        let creator = json!({ "name": "countersign", "version": env!("CARGO_PKG_VERSION") });
        let archive = json!({ "log": { "version": "1.2", "creator": creator, "entries": entries } });
        writeln!(out, "{archive}")?;
    }
    out.flush()?;
    writeln!(std::io::stdout(), "session {} written to {}", export.one.id, output.display())?;
    Ok(())
}

/// Shows a cast. Needs no gateway.
pub(super) fn view(view: &View, paint: Paint) -> anyhow::Result<()> {
    let path = view.file.display();
    let file = std::fs::File::open(&view.file).with_context(|| format!("cannot read `{path}`"))?;
    let mut lines = BufReader::new(file).split(b'\n');
    let first = lines.next().transpose()?.unwrap_or_default();
    let header: Header = serde_json::from_slice(&first).with_context(|| format!("`{path}` is not a cast"))?;
    anyhow::ensure!(
        header.mcpcast == VERSION,
        "`{path}` is a cast of version {}: use a later release",
        header.mcpcast
    );
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "session {} of {}: {}",
        plain(&header.session),
        plain(&header.deployment),
        plain(&header.note)
    )?;
    for (number, bytes) in (2..).zip(lines) {
        let bytes = bytes?;
        anyhow::ensure!(bytes.len() <= limits::CAST_LINE_BYTES_MAX, "line {number} of `{path}` is too long");
        if bytes.is_empty() {
            continue;
        }
        let line: Line =
            serde_json::from_slice(&bytes).with_context(|| format!("line {number} of `{path}`"))?;
        writeln!(out, "{}", shown(&line, paint))?;
    }
    Ok(())
}

fn line(part: &Part, body: Body) -> anyhow::Result<Line> {
    let leaf = &part.leaf;
    let (mut message, mut missing, mut redactions) = (None, None, Vec::new());
    match body {
        Body::None => {}
        Body::Gone(absence) => missing = Some(absence.to_string()),
        Body::Text(text, masked) => {
            message = Some(serde_json::from_str(&text).unwrap_or(Value::String(text)));
            redactions = masked.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
        }
    }
    Ok(Line {
        time: leaf.ts.to_string(),
        direction: direction(leaf.event).to_owned(),
        index: part.entry.index,
        event: leaf.event.to_string(),
        call: leaf.call.map(|call| call.to_string()),
        server: leaf.server.clone(),
        method: leaf.method.clone(),
        decision: leaf.decision.as_ref().map(serde_json::to_value).transpose()?,
        outcome: leaf.outcome.map(serde_json::to_value).transpose()?,
        refusal: leaf.refusal.clone(),
        commitment: leaf.payload.map(|payload| payload.commitment.to_string()),
        message,
        missing,
        redactions,
    })
}

fn direction(event: EventType) -> &'static str {
    match event {
        EventType::CallIntent | EventType::CallDenied => ">",
        EventType::CallOutcome | EventType::CallFrame => "<",
        _ => "-",
    }
}

/// One request and its answer, as HTTP archives have them.
fn entry(exchange: &Exchange, lines: &[Line]) -> Option<Value> {
    let (first, head) = (lines.first()?, exchange.parts.first()?);
    let end = exchange.parts.last()?;
    let text = |line: Option<&Line>| {
        line.and_then(|line| line.message.as_ref()).map(Value::to_string).unwrap_or_default()
    };
    let answer = lines.iter().rev().find(|line| line.direction == "<");
    let (request, response) = (text(Some(first)), text(answer));
    let body = |text: &str| json!({ "mimeType": "application/json", "text": text, "size": text.len() });
    // Whole milliseconds.
    let took = (end.entry.ts - head.entry.ts).max(0) / 1000;
    Some(json!({
        "startedDateTime": moment::show_exactly(head.entry.ts), "time": took, "cache": {},
        "timings": { "send": 0, "wait": took, "receive": 0 },
        "request": {
            "method": "POST", "url": format!("mcp:/{}", first.server.as_deref().unwrap_or_default()), "httpVersion": "HTTP/1.1",
            "cookies": [], "headers": [], "queryString": [], "headersSize": -1, "bodySize": request.len(),
            "postData": { "mimeType": "application/json", "text": request },
        },
        "response": {
            "status": 200, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [], "redirectURL": "",
            "headersSize": -1, "bodySize": response.len(), "content": body(&response),
        },
        "comment": format!("leaf {}: {}", first.index.map_or_else(String::new, |index| index.to_string()), first.event),
    }))
}

fn shown(line: &Line, paint: Paint) -> String {
    let index = line.index.map_or_else(|| "-".to_owned(), |index| index.to_string());
    let word = |value: &Option<Value>, name: &str| {
        value.as_ref().and_then(|value| value.get(name)?.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let words = [
        line.server.clone().unwrap_or_default(),
        line.method.clone().unwrap_or_default(),
        word(&line.decision, "effect"),
        line.refusal.clone().unwrap_or_default(),
        word(&line.outcome, "status"),
    ];
    let about: Vec<String> = words.iter().filter(|word| !word.is_empty()).map(|word| plain(word)).collect();
    let heading = format!("{}  #{index}  {}  {}", plain(&line.time), plain(&line.event), about.join(" "));
    let mut text = paint.text(anstyle::AnsiColor::Cyan, heading.trim_end());
    if let Some(message) = &line.message {
        let message = serde_json::to_string_pretty(message).unwrap_or_default();
        for row in message.lines() {
            text.push_str(&format!("\n   {0}{0} {1}", plain(&line.direction), plain(row)));
        }
    }
    if let Some(missing) = &line.missing {
        text.push_str(&format!("\n   (body not shown: {})", plain(missing)));
    }
    text
}

/// Casts come from files: nothing that moves the cursor may reach a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
