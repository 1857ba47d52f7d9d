//! Which members each event type requires and allows, and what their values must be.

use super::{ActorKind, Error, EventType, Leaf};
use crate::jcs::INTEGER_MAX;
use crate::merkle::Hash;

/// The optional members of a leaf, in the order of their bits.
const NAMES: [&str; 20] = [
    "actor",
    "approval",
    "call",
    "context",
    "decision",
    "definition",
    "detail",
    "forwarded",
    "frame",
    "frames",
    "kind",
    "method",
    "outcome",
    "payload",
    "redactions",
    "refusal",
    "server",
    "session",
    "statement",
    "target",
];

const ACTOR: u32 = 1;
const APPROVAL: u32 = 1 << 1;
const CALL: u32 = 1 << 2;
const CONTEXT: u32 = 1 << 3;
const DECISION: u32 = 1 << 4;
const DEFINITION: u32 = 1 << 5;
const DETAIL: u32 = 1 << 6;
const FORWARDED: u32 = 1 << 7;
const FRAME: u32 = 1 << 8;
const FRAMES: u32 = 1 << 9;
const KIND: u32 = 1 << 10;
const METHOD: u32 = 1 << 11;
const OUTCOME: u32 = 1 << 12;
const PAYLOAD: u32 = 1 << 13;
const REDACTIONS: u32 = 1 << 14;
const REFUSAL: u32 = 1 << 15;
const SERVER: u32 = 1 << 16;
const SESSION: u32 = 1 << 17;
const STATEMENT: u32 = 1 << 18;
const TARGET: u32 = 1 << 19;

/// What a call is: allowed wherever a leaf describes one.
const ABOUT_CALL: u32 = CONTEXT
    | DECISION
    | DEFINITION
    | DETAIL
    | KIND
    | METHOD
    | PAYLOAD
    | REDACTIONS
    | SERVER
    | SESSION
    | STATEMENT
    | TARGET;

struct Rule {
    required: u32,
    optional: u32,
}

/// The table.
const fn rule(event: EventType) -> Rule {
    use EventType as E;
    let (required, optional) = match event {
        E::AuthFailed => (ACTOR | REFUSAL, CALL | CONTEXT | DETAIL | METHOD | SERVER | SESSION),
        E::CallIntent => (ACTOR | CALL | DECISION | METHOD, ABOUT_CALL | FORWARDED),
        E::CallDenied => (ACTOR | CALL | REFUSAL, ABOUT_CALL),
        E::CallFrame => (
            CALL | FRAME | PAYLOAD,
            ACTOR | DETAIL | FORWARDED | KIND | METHOD | REDACTIONS | SERVER | SESSION,
        ),
        E::CallOutcome => (
            CALL | OUTCOME,
            ACTOR | DETAIL | FRAMES | KIND | METHOD | PAYLOAD | REDACTIONS | REFUSAL | SERVER | SESSION,
        ),
        E::CallOrphaned => (CALL, ACTOR | DETAIL | FRAMES | METHOD | SERVER | SESSION),
        E::ApprovalRequested => (ACTOR | APPROVAL | CALL, ABOUT_CALL | FORWARDED),
        E::ApprovalApproved | E::ApprovalRejected => (ACTOR | APPROVAL, ABOUT_CALL | CALL | FORWARDED),
        E::ApprovalExpired => (APPROVAL, ACTOR | CALL | DETAIL | SERVER | SESSION),
        E::ApprovalUsed => (APPROVAL | CALL, ACTOR | DETAIL | FORWARDED | SERVER | SESSION),
        E::BreakglassProposed | E::BreakglassEntered | E::BreakglassExited => {
            (ACTOR | APPROVAL | DETAIL, CONTEXT | PAYLOAD | REDACTIONS | SERVER | SESSION)
        }
        E::BreakglassUsed => (ACTOR | APPROVAL | CALL, DETAIL | SERVER | SESSION | TARGET),
        E::PolicyProposed
        | E::PolicyPublished
        | E::ConfigChanged
        | E::KeyCreated
        | E::KeyRotated
        | E::KeyRevoked
        | E::PasskeyRegistered
        | E::PasskeyRemoved
        | E::EvidenceExported
        | E::RetentionDeleted
        | E::HoldSet
        | E::HoldCleared
        | E::ReviewStarted
        | E::ReviewDecided
        | E::ReviewApplied
        | E::ReviewClosed
        | E::CanaryChecked => (ACTOR | DETAIL, APPROVAL | CONTEXT | SERVER | SESSION),
        E::ToolsChanged => (DETAIL | SERVER, ACTOR | CONTEXT | DEFINITION | PAYLOAD | REDACTIONS | TARGET),
        E::SessionEnded => (ACTOR | SESSION, CONTEXT | DETAIL | PAYLOAD | REDACTIONS | SERVER),
        E::AuditGap => (DETAIL, ACTOR | CALL | SERVER | SESSION),
        E::RecordingViewed => (ACTOR, CALL | CONTEXT | DETAIL | SESSION),
        E::GatewayStarted | E::LogGenesis | E::LogSeal => (DETAIL, ACTOR),
        E::GatewayStopped | E::LogHeartbeat => (0, ACTOR | DETAIL),
    };
    Rule { required, optional }
}

/// Checks a leaf against the table and checks the values that its types do not.
pub(super) fn check(leaf: &Leaf) -> Result<(), Error> {
    let rule = rule(leaf.event);
    let present = present(leaf);
    let name = |members: u32| NAMES[members.trailing_zeros() as usize];
    let missing = rule.required & !present;
    if missing != 0 {
        return Err(Error::Missing { event: leaf.event, member: name(missing) });
    }
    let unexpected = present & !(rule.required | rule.optional);
    if unexpected != 0 {
        return Err(Error::Unexpected { event: leaf.event, member: name(unexpected) });
    }
    check_order(leaf)?;
    check_texts(leaf)?;
    check_integers(leaf)
}

fn present(leaf: &Leaf) -> u32 {
    let bits = [
        leaf.actor.is_some(),
        leaf.approval.is_some(),
        leaf.call.is_some(),
        leaf.context.is_some(),
        leaf.decision.is_some(),
        leaf.definition.is_some(),
        leaf.detail.is_some(),
        leaf.forwarded.is_some(),
        leaf.frame.is_some(),
        leaf.frames.is_some(),
        leaf.kind.is_some(),
        leaf.method.is_some(),
        leaf.outcome.is_some(),
        leaf.payload.is_some(),
        !leaf.redactions.is_empty(),
        leaf.refusal.is_some(),
        leaf.server.is_some(),
        leaf.session.is_some(),
        leaf.statement.is_some(),
        leaf.target.is_some(),
    ];
    bits.iter().rev().fold(0, |sum, &bit| sum << 1 | u32::from(bit))
}

fn check_order(leaf: &Leaf) -> Result<(), Error> {
    if !leaf.id.is_v7() {
        return Err(Error::Value("`id` is not a version 7 UUID"));
    }
    if (leaf.lane_seq == 0) != (leaf.lane_prev == Hash::ZERO) {
        return Err(Error::Value("`lane_prev` must be zero on a lane's first leaf and only there"));
    }
    let Some(approval) = &leaf.approval else { return Ok(()) };
    let first = matches!(leaf.event, EventType::ApprovalRequested | EventType::BreakglassProposed);
    if approval.leaf.is_some() == first {
        return Err(Error::Value("`approval.leaf` must name the leaf that is answered"));
    }
    Ok(())
}

fn check_texts(leaf: &Leaf) -> Result<(), Error> {
    let texts = [&leaf.method, &leaf.refusal, &leaf.server];
    if texts.into_iter().flatten().any(String::is_empty) {
        return Err(Error::Value("`method`, `refusal` or `server` is empty"));
    }
    if let Some(refusal) = &leaf.refusal
        && !is_token(refusal)
    {
        return Err(Error::Value("`refusal` is not a code"));
    }
    if !leaf.redactions.keys().all(|detector| is_token(detector)) {
        return Err(Error::Value("`redactions` has a member that is not a detector"));
    }
    if let Some(target) = &leaf.target
        && target.name.is_some() == target.id.is_some()
    {
        return Err(Error::Value("`target` needs either `name` or `id`"));
    }
    match &leaf.actor {
        Some(actor) => match actor.kind {
            ActorKind::Human | ActorKind::Service | ActorKind::Agent if actor.id.is_none() => {
                Err(Error::Value("`actor.id` is missing"))
            }
            _ if actor.id.as_ref().is_some_and(String::is_empty) => Err(Error::Value("`actor.id` is empty")),
            _ => Ok(()),
        },
        None => Ok(()),
    }
}

fn check_integers(leaf: &Leaf) -> Result<(), Error> {
    let max = INTEGER_MAX.unsigned_abs();
    let unsigned = [
        Some(leaf.lane_seq),
        leaf.frame,
        leaf.frames.map(|frames| frames.count),
        leaf.payload.map(|payload| payload.bytes),
        leaf.redactions.values().copied().max(),
        leaf.outcome.and_then(|outcome| outcome.code).map(i64::unsigned_abs),
    ];
    if unsigned.into_iter().flatten().any(|integer| integer > max) {
        return Err(Error::Value("an integer is beyond 2^53"));
    }
    Ok(())
}

/// A short name of our own making: lower-case letters, digits, `_`, `-` and `.`, at most 64.
fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
    !text.is_empty() && text.len() <= 64 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_name_their_members() {
        let mut sorted = NAMES;
        sorted.sort_unstable();
        assert_eq!(NAMES, sorted);
        for (bit, name) in [(ACTOR, "actor"), (FRAMES, "frames"), (OUTCOME, "outcome"), (TARGET, "target")] {
            assert_eq!(NAMES[bit.trailing_zeros() as usize], name);
        }
    }

    #[test]
    fn every_type_has_its_members() {
        for event in EventType::ALL {
            let rule = rule(event);
            assert_eq!((rule.required | rule.optional) >> NAMES.len(), 0, "{event}");
            let about_call = event.as_str().starts_with("call.");
            assert!(!about_call || rule.required & CALL != 0, "{event}");
            let about_approval = event.as_str().starts_with("approval.");
            assert!(!about_approval || rule.required & APPROVAL != 0, "{event}");
        }
    }
}
