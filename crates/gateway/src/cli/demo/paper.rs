//! What the demo shows, in a terminal or a file.

use std::io::{Write, stdout};

use anstyle::{AnsiColor, Style};
use evidence::verify::Findings;
use serde_json::Value;

use super::super::paint::Paint;
use super::stage::Stage;
use super::tour::{Recorded, Seen};

/// Longest excerpt of an answer, in characters.
const EXCERPT_MAX: usize = 150;
/// Most receipts shown for one call.
const RECEIPTS_MAX: usize = 4;

impl Paint {
    fn styled(self, style: Style, text: &str) -> String {
        let style = self.style(style);
        format!("{style}{text}{style:#}")
    }

    fn bold(self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    fn dim(self, text: &str) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    fn good(self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    fn bad(self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default(), text)
    }
}

pub(super) fn title(paint: Paint) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "\n{}", paint.bold("Countersign demo"))?;
    writeln!(
        out,
        "{}\n",
        paint.dim("A shop, a file server, an issuer and the gateway, all in this process; no network.")
    )
}

pub(super) fn act(
    paint: Paint,
    number: usize,
    title: &str,
    seen: &Seen,
    recorded: &[Recorded],
) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{} {}", paint.bold(&format!("{number}.")), paint.bold(title))?;
    writeln!(out, "   {}  {}", paint.dim("answer  "), answer(seen))?;
    let decision = recorded.first().map(|first| &first.leaf["decision"]);
    match decision.and_then(|decision| decision["effect"].as_str()) {
        Some("allow") => {
            writeln!(out, "   {}  {} by {}", paint.dim("decision"), paint.good("allow"), policies(decision))?;
        }
        Some(effect) => {
            writeln!(out, "   {}  {} by {}", paint.dim("decision"), paint.bad(effect), policies(decision))?;
        }
        None => writeln!(
            out,
            "   {}  {}",
            paint.dim("decision"),
            paint.bad("refused before policy: nobody was proven")
        )?,
    }
    if let Some(statement) = recorded.first().map(|first| &first.leaf["statement"]).filter(|s| s.is_object())
    {
        writeln!(out, "   {}  {}", paint.dim("parsed  "), parsed(paint, statement))?;
    }
    for receipt in recorded.iter().flat_map(|one| &one.receipts).take(RECEIPTS_MAX) {
        writeln!(out, "   {}  {}", paint.dim("masked  "), masked(paint, receipt))?;
    }
    let leaves: Vec<_> = recorded
        .iter()
        .map(|one| format!("leaf {} {}", one.index, one.leaf["type"].as_str().unwrap_or("?")))
        .collect();
    writeln!(out, "   {}  {}\n", paint.dim("recorded"), leaves.join(", "))
}

pub(super) fn verified(paint: Paint, leaves: u64, findings: &Findings, key: &str) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{}", paint.bold("The log, exported and verified offline"))?;
    writeln!(out, "   {}  {key}", paint.dim("key     "))?;
    let verdict = if findings.sound { paint.good("sound") } else { paint.bad("not sound") };
    writeln!(
        out,
        "   {}  {leaves} leaves, {} lane(s), every call with one end: {verdict}\n",
        paint.dim("verified"),
        findings.lanes
    )
}

pub(super) fn tampered(paint: Paint, findings: &Findings) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(
        out,
        "{}",
        paint.bold("A copy of it in which somebody turned `call.denied` into `call.intent`")
    )?;
    for problem in findings.problems.iter().take(3) {
        let place = problem
            .leaf
            .map_or_else(|| problem.path.clone().unwrap_or_default(), |leaf| format!("leaf {leaf}"));
        writeln!(
            out,
            "   {}  {}",
            paint.dim("found   "),
            paint.bad(&format!("{place}: {}", problem.reason))
        )?;
    }
    if let Some(leaf) = findings.first_bad_leaf {
        writeln!(out, "   {}  first bad leaf: {}\n", paint.dim("verified"), paint.bad(&leaf.to_string()))?;
    }
    Ok(())
}

/// Ready-to-paste configuration for real callers.
pub(super) fn invitation(stage: &Stage, paint: Paint) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    let url = format!("{}/mcp/orders", stage.base);
    writeln!(out, "{}", paint.bold("It stays up. Try it yourself; Ctrl-C ends it"))?;
    writeln!(
        out,
        "\n   {} {}",
        paint.bold("console"),
        paint.dim("sign in as one of the three with one click")
    )?;
    writeln!(out, "{}/console/", stage.base)?;
    for (person, role) in [("alice", "support"), ("bob", "operations"), ("carol", "auditors")] {
        writeln!(
            out,
            "\n   {} {}",
            paint.bold(person),
            paint.dim(&format!("({role}), token for /mcp/orders"))
        )?;
        writeln!(out, "{}", stage.token(person, "orders")?)?;
    }
    writeln!(out, "\n{}", paint.bold("Paste one of them as $TOKEN"))?;
    let header = "Authorization: Bearer $TOKEN";
    writeln!(out, "\n   {}", paint.dim("Claude Code"))?;
    writeln!(out, "claude mcp add --transport http orders {url} --header \"{header}\"")?;
    writeln!(out, "\n   {}", paint.dim("VS Code, .vscode/mcp.json"))?;
    writeln!(
        out,
        r#"{{"servers":{{"orders":{{"type":"http","url":"{url}","headers":{{"Authorization":"Bearer ${{input:token}}"}}}}}},"inputs":[{{"id":"token","type":"promptString","description":"token","password":true}}]}}"#
    )?;
    writeln!(out, "\n   {}", paint.dim("Inspector"))?;
    writeln!(
        out,
        "npx @modelcontextprotocol/inspector --cli {url} --transport http --header \"{header}\" --method tools/list"
    )?;
    writeln!(out, "\n   {}", paint.dim("curl"))?;
    writeln!(
        out,
        r#"curl -s {url} -H "{header}" -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' -d '{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"protocolVersion":"2025-11-25","capabilities":{{}},"clientInfo":{{"name":"curl","version":"1"}}}}}}'"#
    )?;
    writeln!(out, "\n   {}", paint.dim("what was recorded, in another terminal"))?;
    writeln!(out, "countersign log tail -c {}\n", stage.directory.join("countersign.yaml").display())?;
    Ok(())
}

/// What the classifier found in a statement.
fn parsed(paint: Paint, statement: &Value) -> String {
    let names = |field: &str| {
        let names: Vec<_> =
            statement[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        names.join(", ")
    };
    let mut text = format!(
        "{} of {} statements, worst class {}",
        statement["language"].as_str().unwrap_or("?"),
        statement["statements"],
        paint.bad(statement["class"].as_str().unwrap_or("?")),
    );
    for field in ["reads", "writes", "flags"] {
        if !names(field).is_empty() {
            text.push_str(&format!("; {field}: {}", names(field)));
        }
    }
    text
}

/// One receipt: where, what, and the pseudonym that stands for the value.
fn masked(paint: Paint, receipt: &Value) -> String {
    format!(
        "{} at {}, {} characters: {}",
        receipt["detector"].as_str().unwrap_or("?"),
        receipt["pointer"].as_str().unwrap_or("?"),
        receipt["length"],
        paint.dim(receipt["token"].as_str().unwrap_or("?")),
    )
}

fn policies(decision: Option<&Value>) -> String {
    let policies = decision.and_then(|decision| decision["policies"].as_array());
    let names: Vec<_> = policies.into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() { "no policy (default deny)".to_owned() } else { names.join(", ") }
}

/// The answer in one line: what a person would want to see of it.
fn answer(seen: &Seen) -> String {
    let result = &seen.body["result"];
    let text = if let Some(tools) = result["tools"].as_array() {
        let names: Vec<_> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
        format!("{} tools: {}", names.len(), names.join(", "))
    } else if let Some(text) = result["content"][0]["text"].as_str() {
        text.to_owned()
    } else {
        format!("HTTP {}: {}", seen.status, seen.body["error"]["message"].as_str().unwrap_or("?"))
    };
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() > EXCERPT_MAX {
        line.chars().take(EXCERPT_MAX).chain("…".chars()).collect()
    } else {
        line
    }
}
