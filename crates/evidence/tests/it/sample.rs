//! A realistic log of two lanes, and its export.

use std::collections::BTreeMap;
use std::path::Path;

use evidence::checkpoint::Checkpoint;
use evidence::directory::Writer;
use evidence::id::Id;
use evidence::jcs::Object;
use evidence::leaf::{
    Actor, ActorKind, ApprovalStep, Decision, Effect, EventType, Frames, Grant, LanePosition, Leaf,
    MessageKind, Outcome, Payload, Status, Subject, Target, TargetKind,
};
use evidence::merkle::{Hash, leaf_hash};
use evidence::note::Signer;
use evidence::time::Timestamp;
use zeroize::Zeroizing;

pub(crate) const ORIGIN: &str = "gateway.example/audit/1";
const START_US: i64 = 1_795_168_800_000_000;

/// A log under construction. Lane positions are filled in when it is [`encoded`](Log::encode), so that a test can
/// change the story and get a log that is consistent in everything else.
#[derive(Clone, Default)]
pub(crate) struct Log {
    pub(crate) leaves: Vec<Leaf>,
}

pub(crate) fn signer() -> Signer {
    Signer::from_seed(ORIGIN, &Zeroizing::new([42; 32])).unwrap()
}

pub(crate) fn id(number: u64) -> Id {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&[1, 0x9a, 0xa1, 0xb2, 0xc3, 0xd4]);
    bytes[6..8].copy_from_slice(&[0x70, 0]);
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    bytes[8] |= 0x80;
    Id::from_bytes(bytes)
}

pub(crate) fn hash(text: &str) -> Hash {
    Hash::of(text.as_bytes())
}

pub(crate) fn human(name: &str) -> Actor {
    Actor {
        id: Some(format!("sub-{name}")),
        issuer: Some("corp-sso".to_owned()),
        kind: ActorKind::Human,
        on_behalf_of: Vec::new(),
        token: Some(hash(name)),
    }
}

fn agent(principal: &str) -> Actor {
    let principal = Subject { id: format!("sub-{principal}"), issuer: "corp-sso".to_owned() };
    Actor { kind: ActorKind::Agent, on_behalf_of: vec![principal], ..human("agent") }
}

impl Log {
    /// The story of the tests: two gateways, calls of every ending, streams, approvals, an orderly stop of the
    /// second lane, and `calls` plain calls as filler.
    pub(crate) fn story(calls: u64) -> Self {
        let mut log = Self::default();
        log.add(0, EventType::LogGenesis).detail = Some(object(r#"{"origin":"gateway.example/audit/1"}"#));
        log.add(0, EventType::GatewayStarted).detail = Some(object(r#"{"version":"0.1.0"}"#));
        log.add(1, EventType::GatewayStarted).detail = Some(object(r#"{"version":"0.1.0"}"#));
        log.policy();
        log.held_call(1, 2, 900);
        log.stream(0, 901, 3);
        for call in 0..calls {
            // The numbers from 900 belong to the calls with a name in the tests.
            log.filler(call % 2, if call < 900 { call } else { call + 100_000 });
        }
        log.held_call(0, 1, 902);
        log.stream(1, 903, 2);
        log.add(1, EventType::GatewayStopped);
        log.intent(0, 904);
        log
    }

    pub(crate) fn add(&mut self, lane: u64, event: EventType) -> &mut Leaf {
        let number = self.leaves.len() as u64;
        let ts = Timestamp::from_micros(START_US + i64::try_from(number).unwrap() * 1250).unwrap();
        let position = LanePosition { lane: id(1_000_000 + lane), seq: 0, prev: Hash::ZERO };
        self.leaves.push(Leaf::new(event, id(5_000_000 + number), ts, position));
        self.leaves.last_mut().unwrap()
    }

    pub(crate) fn intent(&mut self, lane: u64, call: u64) -> &mut Leaf {
        let leaf = self.add(lane, EventType::CallIntent);
        about_call(leaf, call);
        leaf.decision = Some(Decision {
            approval: None,
            effect: Effect::Allow,
            policies: vec!["analysts-may-read".to_owned()],
            policy_set: hash("policy set"),
        });
        leaf
    }

    pub(crate) fn outcome(&mut self, lane: u64, call: u64) -> &mut Leaf {
        let leaf = self.add(lane, EventType::CallOutcome);
        leaf.call = Some(id(call));
        leaf.kind = Some(MessageKind::Response);
        leaf.outcome = Some(Outcome { code: None, status: Status::Ok });
        leaf.payload = Some(Payload { bytes: 1893, commitment: hash(&format!("answer {call}")) });
        leaf.redactions = BTreeMap::from([("card_number".to_owned(), 3), ("email".to_owned(), call)]);
        leaf
    }

    pub(crate) fn frame(&mut self, lane: u64, call: u64, frame: u64) -> &mut Leaf {
        let leaf = self.add(lane, EventType::CallFrame);
        leaf.call = Some(id(call));
        leaf.frame = Some(frame);
        leaf.kind = Some(MessageKind::Notification);
        leaf.payload = Some(Payload { bytes: 77, commitment: hash(&format!("frame {call} {frame}")) });
        leaf
    }

    /// The step of an approval; `answers` is the position of the leaf it answers.
    pub(crate) fn approval(&mut self, lane: u64, event: EventType, number: u64, actor: Actor) -> &mut Leaf {
        let leaf = self.add(lane, event);
        let answered = (event != EventType::ApprovalRequested).then_some(Hash::ZERO);
        leaf.approval = Some(ApprovalStep { id: id(number + 10_000), leaf: answered });
        leaf.call = Some(id(number));
        leaf.actor = Some(actor);
        if event == EventType::ApprovalRequested {
            about_call(leaf, number);
            leaf.forwarded = Some(hash(&format!("forwarded {number}")));
        }
        leaf
    }

    /// A held call: requested and used on `lane`, approved through the gateway of `other`.
    fn held_call(&mut self, lane: u64, other: u64, call: u64) {
        self.approval(lane, EventType::ApprovalRequested, call, agent("alice"));
        self.approval(other % 2, EventType::ApprovalApproved, call, human("bob"));
        self.approval(lane, EventType::ApprovalUsed, call, agent("alice"));
        self.held_intent(lane, call);
        self.outcome(lane, call);
    }

    pub(crate) fn held_intent(&mut self, lane: u64, call: u64) -> &mut Leaf {
        let leaf = self.intent(lane, call);
        let decision = leaf.decision.as_mut().unwrap();
        decision.effect = Effect::Hold;
        decision.approval = Some(Grant { id: id(call + 10_000), leaf: Hash::ZERO });
        leaf
    }

    pub(crate) fn stream(&mut self, lane: u64, call: u64, frames: u64) {
        self.intent(lane, call).kind = Some(MessageKind::Stream);
        for frame in 0..frames {
            self.frame(lane, call, frame);
        }
        self.outcome(lane, call);
    }

    fn policy(&mut self) {
        let leaf = self.add(0, EventType::PolicyPublished);
        leaf.actor = Some(human("carol"));
        leaf.detail = Some(object(r#"{"policies":12,"approved_by":"sub-bob"}"#));
    }

    fn filler(&mut self, lane: u64, call: u64) {
        match call % 8 {
            6 => {
                let leaf = self.add(lane, EventType::CallDenied);
                about_call(leaf, call);
                leaf.refusal = Some("policy.denied".to_owned());
            }
            7 => {
                self.intent(lane, call);
                self.add(lane, EventType::LogHeartbeat);
                self.add(lane, EventType::CallOrphaned).call = Some(id(call));
            }
            _ => {
                self.intent(lane, call);
                self.outcome(lane, call);
            }
        }
    }

    pub(crate) fn position(&self, matches: impl Fn(&Leaf) -> bool) -> usize {
        self.leaves.iter().position(matches).unwrap()
    }

    /// The bytes of the leaves, with lanes, approvals and frame digests linked to what precedes them.
    pub(crate) fn encode(&self) -> Vec<Vec<u8>> {
        let mut lanes: BTreeMap<Id, (u64, Hash)> = BTreeMap::new();
        let mut requests = BTreeMap::new();
        let mut grants = BTreeMap::new();
        let mut frames: BTreeMap<Id, Vec<u8>> = BTreeMap::new();
        let mut encoded = Vec::new();
        for leaf in &self.leaves {
            let mut leaf = leaf.clone();
            let lane = lanes.entry(leaf.lane).or_insert((0, Hash::ZERO));
            leaf.place(LanePosition { lane: leaf.lane, seq: lane.0, prev: lane.1 });
            if let Some(step) = &mut leaf.approval
                && let Some(answered @ &mut Hash::ZERO) = step.leaf.as_mut()
            {
                let under = matches!(
                    leaf.event,
                    EventType::ApprovalUsed | EventType::BreakglassUsed | EventType::BreakglassExited
                );
                let of = if under { &grants } else { &requests };
                *answered = of.get(&step.id).copied().unwrap_or(hash("nothing"));
            }
            if let Some(grant) = leaf.decision.as_mut().and_then(|decision| decision.approval.as_mut()) {
                grant.leaf = grants.get(&grant.id).copied().unwrap_or(hash("nothing"));
            }
            if let (EventType::CallFrame, Some(call), Some(payload)) = (leaf.event, leaf.call, leaf.payload) {
                frames.entry(call).or_default().extend(payload.commitment.as_bytes());
            }
            if leaf.event == EventType::CallOutcome
                && leaf.frames.is_none()
                && let Some(frames) = leaf.call.and_then(|call| frames.get(&call))
            {
                leaf.frames = Some(Frames { count: frames.len() as u64 / 32, digest: Hash::of(frames) });
            }
            let bytes = leaf.encode().unwrap();
            *lane = (lane.0 + 1, leaf_hash(&bytes));
            if let Some(step) = leaf.approval {
                match leaf.event {
                    EventType::ApprovalRequested | EventType::BreakglassProposed => {
                        requests.insert(step.id, lane.1);
                    }
                    EventType::ApprovalApproved | EventType::BreakglassEntered => {
                        grants.insert(step.id, lane.1);
                    }
                    _ => {}
                }
            }
            encoded.push(bytes);
        }
        encoded
    }
}

/// Exports leaves with a checkpoint over them, signed by the log's key.
pub(crate) fn export(directory: &Path, leaves: &[Vec<u8>]) {
    let mut writer = Writer::create(directory).unwrap();
    for leaf in leaves {
        writer.push(leaf).unwrap();
    }
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: writer.size(), root: writer.root() };
    let signed = checkpoint.sign(&signer()).unwrap().to_string();
    writer.finish(&signed, &signer().verifier_key()).unwrap();
}

fn about_call(leaf: &mut Leaf, call: u64) {
    leaf.actor = Some(agent("alice"));
    leaf.call = Some(id(call));
    leaf.session = Some(id(20_000));
    leaf.server = Some("warehouse".to_owned());
    leaf.kind = Some(MessageKind::Request);
    leaf.method = Some("tools/call".to_owned());
    leaf.target = Some(Target { id: None, kind: TargetKind::Tool, name: Some("run_query".to_owned()) });
    leaf.definition = Some(hash("definition"));
    leaf.statement = Some(object(r#"{"language":"sql","kinds":["select"],"tables":["orders"]}"#));
    leaf.payload = Some(Payload { bytes: 214, commitment: hash(&format!("request {call}")) });
    leaf.context = Some(hash("context"));
    if leaf.event == EventType::CallIntent {
        leaf.forwarded = Some(hash(&format!("forwarded {call}")));
    }
}

pub(crate) fn object(json: &str) -> Object {
    Object::parse(json.as_bytes()).unwrap()
}
