//! Leaves as lines for people.

use anstyle::{AnsiColor, Color, Style};
use evidence::leaf::{EventType, Leaf};

use crate::store::entry::Entry;

/// Index of a leaf in the log; a dash for the moment until it has one.
pub(super) fn index(entry: &Entry) -> String {
    entry.index.map_or_else(|| "-".to_owned(), |index| index.to_string())
}

/// One line that says what a leaf is about, without its actor.
pub(super) fn summary(leaf: &Leaf) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(leaf.server.clone());
    words.extend(leaf.method.clone());
    if let Some(target) = &leaf.target {
        let id = || target.id.map(|id| format!("#{}", &id.to_string()[..8]));
        words.extend(target.name.clone().or_else(id));
    }
    words.extend(
        leaf.decision.as_ref().filter(|_| leaf.refusal.is_none()).map(|decision| word(&decision.effect)),
    );
    words.extend(leaf.refusal.clone());
    words.extend(leaf.outcome.map(|outcome| word(&outcome.status)));
    words.extend(leaf.frame.map(|frame| format!("frame {frame}")));
    words.extend(leaf.call.map(|call| format!("call {call}")));
    words.extend(leaf.detail.as_ref().map(|detail| detail.as_str().to_owned()));
    // Names come from upstreams: nothing that moves the cursor may reach a terminal.
    words.join(" ").chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// How an event stands out on a terminal.
pub(super) fn colour(event: EventType) -> Option<Style> {
    let colour = match event {
        EventType::AuthFailed | EventType::CallDenied | EventType::CallOrphaned | EventType::AuditGap => {
            AnsiColor::Red
        }
        EventType::BreakglassEntered
        | EventType::BreakglassUsed
        | EventType::ToolsChanged
        | EventType::SessionEnded
        | EventType::KeyRevoked => AnsiColor::Yellow,
        EventType::CallOutcome | EventType::CallIntent | EventType::CallFrame => return None,
        _ => AnsiColor::Cyan,
    };
    Some(Style::new().fg_color(Some(Color::Ansi(colour))))
}

pub(super) fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
