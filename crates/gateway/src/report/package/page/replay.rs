//! The page of one sample: its leaves in order, with what was said.

use std::collections::BTreeSet;

use evidence::leaf::{EventType, Leaf};
use evidence::merkle::Hash;

use super::super::prove::Part;
use super::head;
use crate::limits;
use crate::report::html::escape;

/// The page.
pub(in super::super) fn replay(rank: usize, index: u64, parts: &[Part], policies: &BTreeSet<Hash>) -> String {
    let mut out = head(&format!("Sample {rank}: leaf {index}"));
    out.push_str(&format!(
        "<h1>Sample {rank}: leaf {index}</h1><p class=\"lead\">Every leaf of this call and of its approval, in the order of the log. \
         Bodies are shown as they were masked; each is proven by its <code>.salt</code> and <code>.body</code> beside this page.</p>\n"
    ));
    for part in parts {
        let leaf = &part.leaf;
        let number = part.entry.index.unwrap_or_default();
        out.push_str(&format!("<h2>Leaf {number}: {}</h2><dl class=\"facts\">", leaf.event));
        for (name, value) in facts(leaf) {
            out.push_str(&format!("<dt>{name}</dt><dd><code>{}</code></dd>", escape(&value)));
        }
        out.push_str("</dl>\n");
        match &part.body {
            Ok(body) => {
                out.push_str(&format!("<h3>{}</h3><pre>{}</pre>\n", title(leaf.event), escape(&shown(body))));
            }
            Err(why) => out.push_str(&format!("<p class=\"quiet\">{}</p>\n", escape(why))),
        }
        out.push_str(&format!(
            "<p class=\"quiet\"><a href=\"{number}.leaf.json\">leaf</a>, <a href=\"{number}.tlog-proof\">proof</a></p>\n"
        ));
    }
    out.push_str("<h2>Policies that decided</h2><ul>");
    for hash in policies {
        out.push_str(&format!(
            "<li><a href=\"../../config/policies/{hash}.json\"><code>{hash}</code></a></li>"
        ));
    }
    out.push_str("</ul></main></body></html>\n");
    out
}

fn title(event: EventType) -> &'static str {
    match event {
        EventType::CallOutcome | EventType::CallFrame => "What came back",
        EventType::ApprovalApproved | EventType::ApprovalRejected => "What the approver said",
        _ => "What was asked",
    }
}

fn facts(leaf: &Leaf) -> Vec<(&'static str, String)> {
    let mut facts = vec![("time", leaf.ts.to_string())];
    let mut add = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    add("actor", leaf.actor.as_ref().and_then(|actor| actor.id.clone()));
    add("server", leaf.server.clone());
    add("method", leaf.method.clone());
    add(
        "target",
        leaf.target.as_ref().and_then(|target| target.name.clone().or(target.id.map(|id| id.to_string()))),
    );
    add("statement", leaf.statement.as_ref().map(|statement| statement.as_str().to_owned()));
    add("decision", leaf.decision.as_ref().and_then(|decision| serde_json::to_string(decision).ok()));
    add("outcome", leaf.outcome.and_then(|outcome| serde_json::to_string(&outcome).ok()));
    add("refusal", leaf.refusal.clone());
    add(
        "masked",
        (!leaf.redactions.is_empty()).then(|| serde_json::to_string(&leaf.redactions).unwrap_or_default()),
    );
    add("detail", leaf.detail.as_ref().map(|detail| detail.as_str().to_owned()));
    add("call", leaf.call.map(|call| call.to_string()));
    facts
}

/// A body as text, indented when it is JSON, cut when it is long: the file has it whole.
fn shown(body: &[u8]) -> String {
    let value: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let text = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    let text = text.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    let mut shown: String = text.chars().take(limits::REPLAY_CHARACTERS_MAX).collect();
    if shown.len() < text.len() {
        shown.push_str("\n…");
    }
    shown
}
