//! What other policies would have decided about the calls of a period: nothing is called, nothing is guessed.

mod call;
mod recorded;

use std::collections::BTreeMap;

use evidence::leaf::{EventType, Leaf};
use serde::Serialize;

use self::recorded::Recording;
use super::access::{Error, Records, instant};
use crate::ledger::Vault;
use crate::policy::{PolicySet, Recalled};
use crate::store::entry::{self, Entry, Filter};

/// Leaves read at a time.
const PAGE: u32 = 256;
/// Examples of each change.
const EXAMPLES: usize = 5;

/// What would change.
#[derive(Debug, Default, Serialize)]
pub struct Replay {
    /// Recorded calls that policy had decided about.
    pub calls: u64,
    /// Those that would be decided alike.
    pub same: u64,
    /// Those that would not, by what becomes of them.
    pub changed: Vec<Changed>,
    /// Those of which it cannot be told, by reason.
    pub untold: Vec<Untold>,
}

/// Calls that would be decided in another way.
#[derive(Debug, Serialize)]
pub struct Changed {
    /// What was decided: `allow`, `hold`, `deny`.
    pub from: &'static str,
    /// What would be.
    pub to: &'static str,
    /// How many calls.
    pub calls: u64,
    /// How many of whom.
    pub who: BTreeMap<String, u64>,
    /// How many to what.
    pub what: BTreeMap<String, u64>,
    /// Some of them.
    pub examples: Vec<Example>,
}

/// Calls of which it cannot be told.
#[derive(Debug, Serialize)]
pub struct Untold {
    /// Why.
    pub why: String,
    /// How many.
    pub calls: u64,
    /// Some of them.
    pub examples: Vec<Example>,
}

/// One recorded call.
#[derive(Debug, Clone, Serialize)]
pub struct Example {
    /// Index of its leaf.
    pub index: Option<u64>,
    /// When.
    pub at: String,
    /// Who.
    pub who: String,
    /// Server, method and target.
    pub what: String,
    /// Ids of the policies that decided.
    pub before: Vec<String>,
    /// Ids of the policies that would.
    pub after: Vec<String>,
}

/// Decides again about the calls from `from` until before `until`, in microseconds since 1970. `progress` is told how
/// many were looked at.
///
/// # Errors
/// [`Error`].
pub fn replay(
    records: &Records<'_>,
    vault: &Vault,
    set: &PolicySet,
    (from, until): (i64, i64),
    progress: &mut dyn FnMut(u64),
) -> Result<Replay, Error> {
    let mut recording = Recording::new(records.db, vault, records.learned(until)?);
    let mut replay = Replay::default();
    for event in [EventType::CallIntent, EventType::CallDenied] {
        let mut filter = Filter {
            event: Some(event.as_str().to_owned()),
            from: Some(from),
            until: Some(until),
            ..Filter::default()
        };
        loop {
            let page = records.db.read_now("calls", |read| entry::page(read, &filter, PAGE))?;
            let Some(last) = page.last() else { break };
            filter.before = Some((last.ts, last.place));
            for entry in &page {
                replay.add(&mut recording, set, entry)?;
            }
            progress(replay.calls);
        }
    }
    replay.changed.sort_by_key(|changed| std::cmp::Reverse(changed.calls));
    replay.untold.sort_by_key(|untold| std::cmp::Reverse(untold.calls));
    Ok(replay)
}

impl Replay {
    fn add(&mut self, recording: &mut Recording<'_>, set: &PolicySet, entry: &Entry) -> Result<(), Error> {
        let leaf = Leaf::decode(&entry.leaf)
            .map_err(|error| Error::Leaf { index: format!("{:?}", entry.index), cause: error.to_string() })?;
        // Refused before policy was asked: other policies change nothing.
        let Some(decision) = &leaf.decision else { return Ok(()) };
        self.calls += 1;
        let (who, recalled) = recording.recall(set, entry, &leaf)?;
        let before = call::word(decision.effect);
        let mut example = Example {
            index: entry.index,
            at: instant(entry.ts),
            who,
            what: call::what(&leaf),
            before: decision.policies.clone(),
            after: Vec::new(),
        };
        match recalled {
            Recalled::Told(told) if told.effect.as_str() == before => self.same += 1,
            Recalled::Told(told) => {
                example.after = told.policies.to_vec();
                self.change(before, told.effect.as_str(), example);
            }
            Recalled::CannotBeTold(why) => self.leave(why, example),
        }
        Ok(())
    }

    fn change(&mut self, from: &'static str, to: &'static str, example: Example) {
        let same = self.changed.iter().position(|changed| (changed.from, changed.to) == (from, to));
        let at = same.unwrap_or_else(|| {
            let (who, what) = (BTreeMap::new(), BTreeMap::new());
            self.changed.push(Changed { from, to, calls: 0, who, what, examples: Vec::new() });
            self.changed.len() - 1
        });
        let changed = &mut self.changed[at];
        changed.calls += 1;
        *changed.who.entry(example.who.clone()).or_default() += 1;
        *changed.what.entry(example.what.clone()).or_default() += 1;
        if changed.examples.len() < EXAMPLES {
            changed.examples.push(example);
        }
    }

    fn leave(&mut self, why: String, example: Example) {
        let same = self.untold.iter().position(|untold| untold.why == why);
        let at = same.unwrap_or_else(|| {
            self.untold.push(Untold { why, calls: 0, examples: Vec::new() });
            self.untold.len() - 1
        });
        let untold = &mut self.untold[at];
        untold.calls += 1;
        if untold.examples.len() < EXAMPLES {
            untold.examples.push(example);
        }
    }
}
