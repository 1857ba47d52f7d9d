//! Every call from its intent to exactly one end.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::meaning::Past;
use super::{Findings, LISTED_MAX, OpenCall, ProblemKind};
use crate::id::Id;
use crate::leaf::{Effect, EventType, Leaf};
use crate::merkle::Hash;

/// The calls that are open: forwarded and not ended.
pub(super) struct Calls {
    open: HashMap<Id, Open>,
    past: Past,
}

struct Open {
    intent: u64,
    lane: Id,
    frames: u64,
    /// Over the commitments of the frames so far; boxed because most calls have none.
    digest: Option<Box<Sha256>>,
    /// Already reported as never ended.
    blamed: bool,
}

/// Where a check reports to.
pub(super) type Blame<'f> = dyn FnMut(ProblemKind, String) + 'f;

impl Calls {
    pub(super) fn new(past: Past) -> Self {
        Self { open: HashMap::new(), past }
    }

    pub(super) fn open(&mut self, index: u64, leaf: &Leaf, blame: &mut Blame<'_>) {
        let Some(call) = leaf.call else { return };
        if leaf.decision.as_ref().is_some_and(|decision| decision.effect == Effect::Deny) {
            blame(ProblemKind::Call, format!("call {call} was forwarded although the policy denied it"));
        }
        let open = Open { intent: index, lane: leaf.lane, frames: 0, digest: None, blamed: false };
        if let Some(earlier) = self.open.insert(call, open) {
            let reason = format!("call {call} has an intent already, at leaf {}", earlier.intent);
            blame(ProblemKind::Call, reason);
        }
    }

    pub(super) fn deny(&self, leaf: &Leaf, blame: &mut Blame<'_>) {
        if let Some(call) = leaf.call
            && let Some(open) = self.open.get(&call)
        {
            let reason = format!("call {call} was denied although it was forwarded at leaf {}", open.intent);
            blame(ProblemKind::Call, reason);
        }
    }

    pub(super) fn add_frame(&mut self, leaf: &Leaf, blame: &mut Blame<'_>) {
        let (Some(call), Some(frame), Some(payload)) = (leaf.call, leaf.frame, leaf.payload) else { return };
        let Some(open) = self.open.get_mut(&call) else {
            if self.past == Past::Unknown {
                return;
            }
            return blame(ProblemKind::Frame, format!("call {call} has a frame but is not open"));
        };
        if frame != open.frames {
            blame(ProblemKind::Frame, format!("frame {frame} of call {call}, expected {}", open.frames));
        }
        open.frames += 1;
        open.digest.get_or_insert_default().update(payload.commitment.as_bytes());
    }

    pub(super) fn end(&mut self, leaf: &Leaf, blame: &mut Blame<'_>) {
        let Some(call) = leaf.call else { return };
        let Some(open) = self.open.remove(&call) else {
            if self.past == Past::Unknown {
                return;
            }
            return blame(
                ProblemKind::Call,
                format!("call {call} ends but is not open: no intent, or a second end"),
            );
        };
        let digest =
            open.digest.map_or_else(|| Hash::of(b""), |digest| Hash::from_bytes(digest.finalize().into()));
        match leaf.frames {
            Some(frames) if frames.count != open.frames => {
                let reason = format!("call {call} counts {} frames, there are {}", frames.count, open.frames);
                blame(ProblemKind::Frame, reason);
            }
            Some(frames) if frames.digest != digest => {
                blame(
                    ProblemKind::Frame,
                    format!("the frames of call {call} are not those its end commits to"),
                );
            }
            // The sweeper that orphans a call may not know its frames.
            None if open.frames > 0 && leaf.event == EventType::CallOutcome => {
                blame(
                    ProblemKind::Frame,
                    format!("the outcome of call {call} does not commit to its frames"),
                );
            }
            Some(_) | None => {}
        }
    }

    /// A gateway that stops in order has ended the calls it opened.
    pub(super) fn check_stopped(&mut self, lane: Id, blame: &mut Blame<'_>) {
        self.blame_open(|open| open.lane == lane, "its gateway stopped in order", blame);
    }

    /// A sealed log is complete.
    pub(super) fn check_sealed(&mut self, blame: &mut Blame<'_>) {
        self.blame_open(|_| true, "the log was sealed", blame);
    }

    pub(super) fn finish(self, findings: &mut Findings) {
        let open = self.open.into_iter().filter(|(_, open)| !open.blamed);
        let mut calls: Vec<_> = open.map(|(call, open)| OpenCall { leaf: open.intent, call }).collect();
        calls.sort_unstable_by_key(|open| open.leaf);
        findings.open_call_count = u64::try_from(calls.len()).unwrap_or(u64::MAX);
        calls.truncate(LISTED_MAX);
        findings.open_calls = calls;
    }

    fn blame_open(&mut self, affected: impl Fn(&Open) -> bool, event: &str, blame: &mut Blame<'_>) {
        let mut never_ended = Vec::new();
        for (call, open) in &mut self.open {
            if !open.blamed && affected(open) {
                open.blamed = true;
                never_ended.push((open.intent, *call));
            }
        }
        never_ended.sort_unstable();
        for (intent, call) in never_ended {
            blame(ProblemKind::Call, format!("{event}, but call {call} of leaf {intent} never ended"));
        }
    }
}
