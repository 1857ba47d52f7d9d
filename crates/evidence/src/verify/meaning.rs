//! What the leaves say: lanes, the beginning and end of the epoch, and through [`super::call`] and
//! [`super::approval`] the calls.

use std::collections::HashMap;

use super::approval::Approvals;
use super::call::Calls;
use super::retention::Bodies;
use super::{Findings, ProblemKind, Scope};
use crate::epoch::{Genesis, Seal};
use crate::id::Id;
use crate::jcs::Object;
use crate::leaf::{EventType, Leaf};
use crate::merkle::Hash;
use crate::time::Timestamp;

/// How far back a lane's clock may step before it is worth a warning.
const STEP_BACK_MAX_US: i64 = 1_000_000;

/// What has to be remembered while reading the leaves in order.
pub(super) struct Meaning<'s, 'o> {
    scope: &'s mut Scope<'o>,
    lanes: HashMap<Id, Lane>,
    calls: Calls,
    approvals: Approvals,
    bodies: Bodies,
    sealed_at: Option<u64>,
}

/// What came before the first leaf that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Past {
    /// Nothing: it is the first of the log.
    #[default]
    Empty,
    /// Leaves that are not there: lanes, calls and approvals may have begun in them.
    Unknown,
}

struct Lane {
    next_seq: u64,
    last: Hash,
    last_ts: Timestamp,
    stopped: bool,
}

impl<'s, 'o> Meaning<'s, 'o> {
    pub(super) fn new(scope: &'s mut Scope<'o>) -> Self {
        let past = if scope.first > 0 { Past::Unknown } else { Past::Empty };
        Self {
            scope,
            lanes: HashMap::new(),
            calls: Calls::new(past),
            approvals: Approvals::new(past),
            bodies: Bodies::new(past),
            sealed_at: None,
        }
    }

    /// Checks the next leaf, whose bytes are known to hash to `hash`.
    pub(super) fn check(&mut self, index: u64, bytes: &[u8], hash: &Hash, findings: &mut Findings) {
        findings.leaves_read += 1;
        let leaf = match Leaf::decode(bytes) {
            Ok(leaf) => leaf,
            Err(error) => return findings.blame(ProblemKind::Leaf, index, error),
        };
        *findings.counts.entry(leaf.event.as_str()).or_default() += 1;
        findings.first_ts = Some(findings.first_ts.map_or(leaf.ts, |first| first.min(leaf.ts)));
        findings.last_ts = Some(findings.last_ts.map_or(leaf.ts, |last| last.max(leaf.ts)));
        self.check_epoch(index, &leaf, findings);
        self.check_lane(index, &leaf, hash, findings);
        (self.scope.observe)(index, &leaf, bytes, hash);
        findings.lanes = u64::try_from(self.lanes.len()).unwrap_or(u64::MAX);
        self.bodies.add(&leaf);
        let mut blame = |kind, reason: String| findings.blame(kind, index, reason);
        match leaf.event {
            EventType::CallIntent => {
                self.approvals.check_intent(&leaf, &mut blame);
                self.calls.open(index, &leaf, &mut blame);
            }
            EventType::CallDenied => self.calls.deny(&leaf, &mut blame),
            EventType::CallFrame => self.calls.add_frame(&leaf, &mut blame),
            EventType::CallOutcome | EventType::CallOrphaned => self.calls.end(&leaf, &mut blame),
            EventType::ApprovalRequested => self.approvals.request(&leaf, *hash, &mut blame),
            EventType::ApprovalApproved => self.approvals.approve(&leaf, *hash, &mut blame),
            EventType::ApprovalRejected | EventType::ApprovalExpired => {
                self.approvals.close(&leaf, &mut blame);
            }
            EventType::ApprovalUsed => self.approvals.use_up(&leaf, &mut blame),
            EventType::PasskeyRegistered => self.approvals.register_passkey(&leaf, &mut blame),
            EventType::PasskeyRemoved => self.approvals.remove_passkey(&leaf, &mut blame),
            EventType::BreakglassProposed
            | EventType::BreakglassEntered
            | EventType::BreakglassUsed
            | EventType::BreakglassExited => self.approvals.glass.step(&leaf, *hash, &mut blame),
            EventType::GatewayStopped => self.calls.check_stopped(leaf.lane, &mut blame),
            EventType::LogSeal => self.calls.check_sealed(&mut blame),
            EventType::RetentionDeleted => self.bodies.erase(index, &leaf, findings),
            EventType::HoldSet | EventType::HoldCleared => self.bodies.hold(index, &leaf, findings),
            EventType::AuthFailed
            | EventType::PolicyProposed
            | EventType::PolicyPublished
            | EventType::ConfigChanged
            | EventType::ToolsChanged
            | EventType::SessionEnded
            | EventType::KeyCreated
            | EventType::KeyRotated
            | EventType::KeyRevoked
            | EventType::AuditGap
            | EventType::RecordingViewed
            | EventType::EvidenceExported
            | EventType::ReviewStarted
            | EventType::ReviewDecided
            | EventType::ReviewApplied
            | EventType::ReviewClosed
            | EventType::CanaryChecked
            | EventType::GatewayStarted
            | EventType::LogHeartbeat
            | EventType::LogGenesis => {}
        }
    }

    /// Reports what is still open at the end.
    pub(super) fn finish(self, findings: &mut Findings) {
        self.calls.finish(findings);
    }

    fn check_epoch(&mut self, index: u64, leaf: &Leaf, findings: &mut Findings) {
        if (index == 0) != (leaf.event == EventType::LogGenesis) {
            let reason = "the first leaf of a log, and only that, must be `log.genesis`";
            findings.blame(ProblemKind::Epoch, index, reason);
        }
        if let Some(sealed_at) = self.sealed_at {
            let reason = format!("the log goes on after it was sealed at leaf {sealed_at}");
            findings.blame(ProblemKind::Epoch, index, reason);
        }
        match (leaf.event, &leaf.detail) {
            (EventType::LogGenesis, Some(detail)) if index == 0 => {
                begin(detail, findings);
                if findings.genesis.as_ref().is_some_and(|genesis| genesis.previous.is_some()) {
                    self.approvals.continue_epoch();
                    self.bodies.continue_epoch();
                }
            }
            (EventType::LogSeal, Some(detail)) => {
                self.sealed_at = Some(index);
                end(index, detail, findings);
            }
            _ => {}
        }
    }

    fn check_lane(&mut self, index: u64, leaf: &Leaf, hash: &Hash, findings: &mut Findings) {
        let starts = matches!(leaf.event, EventType::GatewayStarted | EventType::LogGenesis);
        let known = self.lanes.get(&leaf.lane);
        let mut blame = |reason: String| findings.blame(ProblemKind::Lane, index, reason);
        let (next_seq, last) = known.map_or((0, Hash::ZERO), |lane| (lane.next_seq, lane.last));
        if known.is_none() && self.scope.first > 0 && leaf.lane_seq > 0 {
            // Its beginning lies before this slice of the log.
        } else if leaf.lane_seq != next_seq {
            blame(format!("lane {} continues with {}, expected {next_seq}", leaf.lane, leaf.lane_seq));
        } else if leaf.lane_prev != last {
            blame(format!("lane {} does not continue from its previous leaf", leaf.lane));
        } else if known.is_none_or(|lane| lane.stopped) && !starts {
            blame(format!("lane {} does not begin with `gateway.started` or `log.genesis`", leaf.lane));
        }
        if let Some(lane) = known
            && lane.last_ts.as_micros() - leaf.ts.as_micros() > STEP_BACK_MAX_US
        {
            let reason =
                format!("the clock of lane {} went back from {} to {}", leaf.lane, lane.last_ts, leaf.ts);
            findings.warn(Some(index), reason);
        }
        let stopped = leaf.event == EventType::GatewayStopped;
        let next_seq = leaf.lane_seq.saturating_add(1);
        self.lanes.insert(leaf.lane, Lane { next_seq, last: *hash, last_ts: leaf.ts, stopped });
    }
}

/// Reads how the epoch began.
fn begin(detail: &Object, findings: &mut Findings) {
    let Some(summary) = &findings.checkpoint else { return };
    let genesis = Genesis::read(detail);
    let fault = match &genesis {
        Some(genesis) => genesis.fault(&summary.origin, &summary.key),
        None => Some("what `log.genesis` says is malformed"),
    };
    if let Some(fault) = fault {
        findings.blame(ProblemKind::Epoch, 0, fault);
    }
    let loss = genesis.as_ref().and_then(|genesis| genesis.previous.as_ref()?.loss.as_ref());
    if let Some(loss) = loss {
        findings.warn(Some(0), loss);
    }
    findings.genesis = genesis;
}

/// Reads how the epoch was ended.
fn end(index: u64, detail: &Object, findings: &mut Findings) {
    let Some(summary) = &findings.checkpoint else { return };
    let seal = Seal::read(detail);
    let fault = match &seal {
        Some(seal) => seal.fault(&summary.origin),
        None => Some("what `log.seal` says is malformed"),
    };
    if let Some(fault) = fault {
        findings.blame(ProblemKind::Epoch, index, fault);
    }
    findings.seal = seal;
}
