//! The gap register: where the log is silent, and what the log itself says about why.
//!
//! A gateway that runs writes a heartbeat every minute, so silence for longer than [`SILENCE_US`] means that
//! none ran, or that none could write.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Period;
use crate::id::Id;
use crate::leaf::{EventType, Leaf};
use crate::time::Timestamp;

/// Two missed heartbeats and a half.
const SILENCE_US: i64 = 150_000_000;

/// The head of the register.
pub(super) const COLUMNS: [&str; 8] =
    ["kind", "from_index", "to_index", "from", "until", "seconds", "explained", "explanation"];

/// Finds gaps in leaves that come in the order of the log.
pub(super) struct Gaps {
    period: Period,
    last: Option<(u64, Timestamp, EventType)>,
    lanes: BTreeMap<Id, (u64, Timestamp, EventType)>,
    pub(super) found: u64,
    pub(super) unexplained: u64,
}

/// What an `audit.gap` or a `breakglass.exited` says.
#[derive(Default, Deserialize)]
struct Blocked {
    from: Option<String>,
    until: Option<String>,
    reason: Option<String>,
}

impl Gaps {
    pub(super) fn new(period: Period) -> Self {
        Self { period, last: None, lanes: BTreeMap::new(), found: 0, unexplained: 0 }
    }

    /// Looks at the next leaf; answers the gaps that it ends.
    pub(super) fn push(&mut self, index: u64, leaf: &Leaf) -> Vec<[String; 8]> {
        let mut rows = Vec::new();
        match self.last {
            Some((from, since, event)) => {
                let silent = leaf.ts.as_micros() - since.as_micros();
                if silent > SILENCE_US && since < self.period.until && leaf.ts > self.period.from {
                    rows.push(self.row(
                        "silence",
                        Some(from),
                        Some(index),
                        Some(since),
                        Some(leaf.ts),
                        explain(event, leaf.event),
                    ));
                }
            }
            None if index == 0 && leaf.ts.as_micros() - self.period.from.as_micros() > SILENCE_US => {
                let why = Why::Known("the log begins here");
                rows.push(self.row("beginning", None, Some(0), Some(self.period.from), Some(leaf.ts), why));
            }
            None => {}
        }
        if self.period.contains(leaf.ts) {
            rows.extend(self.told(index, leaf));
        }
        let latest = self.last.map_or(leaf.ts, |(_, ts, _)| ts.max(leaf.ts));
        self.last = Some((index, latest, leaf.event));
        self.lanes.insert(leaf.lane, (index, leaf.ts, leaf.event));
        rows
    }

    /// The gaps that no later leaf ends.
    pub(super) fn finish(&mut self) -> Vec<[String; 8]> {
        let Some((index, latest, _)) = self.last else { return Vec::new() };
        let mut rows = Vec::new();
        let mut ended: Vec<_> = std::mem::take(&mut self.lanes).into_values().collect();
        ended.sort_by_key(|(index, ..)| *index);
        for (index, ts, event) in ended {
            let silent = latest.as_micros() - ts.as_micros() > SILENCE_US;
            if silent && event != EventType::GatewayStopped && self.period.contains(ts) {
                let why = Why::Known(
                    "this gateway ended without stopping in order: killed, or its machine failed; calls it left open were ended \
                     as `call.orphaned`",
                );
                rows.push(self.row("lane", Some(index), None, Some(ts), None, why));
            }
        }
        if self.period.until.as_micros() - latest.as_micros() > SILENCE_US {
            let why =
                Why::Known("the package was made before its period ended, or nothing was written since");
            rows.push(self.row("end", Some(index), None, Some(latest), Some(self.period.until), why));
        }
        rows
    }

    /// What a leaf says of a gap: of the record, or of the control that people approve.
    fn told(&mut self, index: u64, leaf: &Leaf) -> Option<[String; 8]> {
        let detail = leaf.detail.as_ref().and_then(|detail| serde_json::from_str(detail.as_str()).ok());
        let Blocked { from, until, reason } = detail.unwrap_or_default();
        let kind = match leaf.event {
            EventType::AuditGap => "blocked",
            // One that nobody entered has no beginning.
            EventType::BreakglassExited if from.is_some() => "breakglass",
            _ => return None,
        };
        self.found += 1;
        let index = index.to_string();
        let explanation = super::cell::clean(&reason.unwrap_or_default());
        let seconds = match (from.as_deref().map(str::parse), until.as_deref().map(str::parse)) {
            (Some(Ok(from)), Some(Ok(until))) => seconds(from, until),
            _ => String::new(),
        };
        let time = |text: Option<String>| super::cell::clean(&text.unwrap_or_default());
        let (from, until) = (time(from), time(until));
        let explained = "yes".to_owned();
        Some([kind.to_owned(), index.clone(), index, from, until, seconds, explained, explanation])
    }

    fn row(
        &mut self,
        kind: &str,
        from_index: Option<u64>,
        to_index: Option<u64>,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        why: Why,
    ) -> [String; 8] {
        self.found += 1;
        let (explained, explanation) = match why {
            Why::Known(text) => ("yes", text),
            Why::Unknown => {
                self.unexplained += 1;
                ("no", "the log does not say why: ask the organisation")
            }
        };
        let length = from.zip(until).map(|(from, until)| seconds(from, until)).unwrap_or_default();
        let number = |index: Option<u64>| index.map(|index| index.to_string()).unwrap_or_default();
        let time = |ts: Option<Timestamp>| ts.map(|ts| ts.to_string()).unwrap_or_default();
        [
            kind.to_owned(),
            number(from_index),
            number(to_index),
            time(from),
            time(until),
            length,
            explained.to_owned(),
            explanation.to_owned(),
        ]
    }
}

/// What the log says about a gap.
enum Why {
    Known(&'static str),
    Unknown,
}

fn explain(before: EventType, after: EventType) -> Why {
    match (before, after) {
        (EventType::GatewayStopped, EventType::GatewayStarted) => {
            Why::Known("the last gateway stopped in order, and one was started again")
        }
        (_, EventType::GatewayStarted) => {
            Why::Known("the last gateway ended without stopping in order, and one was started again")
        }
        (_, EventType::AuditGap) => Why::Known("evidence could not be written: see the row `blocked`"),
        _ => Why::Unknown,
    }
}

/// Whole seconds.
fn seconds(from: Timestamp, until: Timestamp) -> String {
    ((until.as_micros() - from.as_micros()) / 1_000_000).to_string()
}
