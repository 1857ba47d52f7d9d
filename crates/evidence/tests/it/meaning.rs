//! Logs whose every hash and signature is right, written by whoever holds the key, and which still do not tell
//! a possible story.

use evidence::leaf::{Effect, EventType, Frames, Subject};
use evidence::merkle::Hash;
use evidence::verify::{Findings, ProblemKind, verify};
use tempfile::TempDir;

use super::sample::{Log, export, hash, human, id, object, signer};

pub(crate) fn verify_leaves(leaves: &[Vec<u8>]) -> Findings {
    let directory = TempDir::new().unwrap();
    export(directory.path(), leaves);
    verify(directory.path(), Some(&signer().verifier_key()), &mut |_, _| ()).unwrap()
}

/// Tells the story with one change and expects exactly one problem, at one leaf.
fn check(kind: ProblemKind, change: impl FnOnce(&mut Log) -> usize) -> Findings {
    let mut log = Log::story(8);
    let leaf = change(&mut log);
    let findings = verify_leaves(&log.encode());
    let found: Vec<_> = findings.problems.iter().map(|problem| (problem.kind, problem.leaf)).collect();
    assert_eq!(found, [(kind, Some(leaf as u64))], "{:#?}", findings.problems);
    assert_eq!(findings.first_bad_leaf, Some(leaf as u64));
    assert!(!findings.sound);
    findings
}

fn of(event: EventType, call: u64) -> impl Fn(&evidence::leaf::Leaf) -> bool {
    move |leaf| leaf.event == event && leaf.call == Some(id(call))
}

#[test]
fn true_story_is_sound() {
    let log = Log::story(40);
    let findings = verify_leaves(&log.encode());
    assert_eq!(findings.problems, []);
    assert_eq!(findings.warnings, []);
    assert!(findings.sound);
    assert_eq!(findings.leaves_read, log.leaves.len() as u64);
    assert_eq!(findings.lanes, 2);
    assert_eq!(findings.counts["approval.used"], 2);
    assert_eq!(findings.counts["call.frame"], 5);
    // The last call is still running: open, not wrong.
    assert_eq!(findings.open_call_count, 1);
    assert_eq!(findings.open_calls[0].call, id(904));
    assert_eq!(findings.open_calls[0].leaf, log.leaves.len() as u64 - 1);
}

#[test]
fn second_end_of_a_call_is_found() {
    check(ProblemKind::Call, |log| {
        log.outcome(0, 1);
        log.leaves.len() - 1
    });
    check(ProblemKind::Call, |log| {
        log.add(0, EventType::CallOrphaned).call = Some(id(1));
        log.leaves.len() - 1
    });
}

#[test]
fn end_without_intent_is_found() {
    check(ProblemKind::Call, |log| {
        let at = log.position(of(EventType::CallIntent, 3));
        log.leaves.remove(at);
        log.position(of(EventType::CallOutcome, 3))
    });
}

#[test]
fn second_intent_of_an_open_call_is_found() {
    check(ProblemKind::Call, |log| {
        log.intent(0, 904);
        log.leaves.len() - 1
    });
}

#[test]
fn missing_end_before_an_orderly_stop_is_found() {
    check(ProblemKind::Call, |log| {
        let at = log.position(of(EventType::CallOutcome, 3));
        log.leaves.remove(at);
        log.position(|leaf| leaf.event == EventType::GatewayStopped)
    });
}

#[test]
fn missing_end_before_the_seal_is_found() {
    check(ProblemKind::Call, |log| {
        log.add(0, EventType::LogSeal).detail = Some(object(r#"{"reason":"moved away"}"#));
        log.leaves.len() - 1
    });
}

#[test]
fn denied_call_that_was_forwarded_is_found() {
    check(ProblemKind::Call, |log| {
        let mut denied = log.leaves[log.position(of(EventType::CallDenied, 6))].clone();
        denied.call = Some(id(904));
        log.leaves.push(denied);
        log.leaves.len() - 1
    });
    check(ProblemKind::Call, |log| {
        let at = log.position(of(EventType::CallIntent, 2));
        log.leaves[at].decision.as_mut().unwrap().effect = Effect::Deny;
        at
    });
}

#[test]
fn frame_out_of_place_is_found() {
    check(ProblemKind::Frame, |log| {
        log.frame(0, 901, 3);
        log.leaves.len() - 1
    });
    check(ProblemKind::Frame, |log| {
        let at = log.position(|leaf| leaf.frame == Some(2));
        log.leaves[at].frame = Some(3);
        at
    });
    check(ProblemKind::Frame, |log| {
        let at = log.position(of(EventType::CallIntent, 901)) + 1;
        log.leaves[at].call = Some(id(999));
        // The frame of an unknown call is the first problem; shift the rest so that it is the only one.
        log.leaves[at + 1].frame = Some(0);
        log.leaves[at + 2].frame = Some(1);
        let end = log.position(of(EventType::CallOutcome, 901));
        let kept = [log.leaves[at + 1].payload, log.leaves[at + 2].payload].map(Option::unwrap);
        let joined: Vec<u8> = kept.iter().flat_map(|payload| *payload.commitment.as_bytes()).collect();
        log.leaves[end].frames = Some(Frames { count: 2, digest: Hash::of(&joined) });
        at
    });
}

#[test]
fn outcome_that_does_not_fit_its_frames_is_found() {
    for frames in [
        Frames { count: 2, digest: Hash::ZERO },
        Frames { count: 3, digest: hash("other frames") },
        Frames { count: 4, digest: hash("other frames") },
    ] {
        check(ProblemKind::Frame, |log| {
            let at = log.position(of(EventType::CallOutcome, 901));
            log.leaves[at].frames = Some(frames);
            at
        });
    }
    check(ProblemKind::Frame, |log| {
        // A removed frame shows at the next one.
        let at = log.position(|leaf| leaf.frame == Some(0));
        log.leaves.remove(at);
        let end = log.position(of(EventType::CallOutcome, 901));
        log.leaves[at].frame = Some(0);
        log.leaves[at + 1].frame = Some(1);
        log.leaves[end].frames = Some(Frames { count: 3, digest: Hash::ZERO });
        end
    });
}

#[test]
fn outcome_that_hides_its_frames_is_found() {
    let mut log = Log::story(8);
    let end = log.position(of(EventType::CallOutcome, 901));
    // The sample links outcomes to frames by call, so the frames are moved to a call that ends by itself.
    for leaf in &mut log.leaves[end - 3..end] {
        leaf.call = Some(id(904));
    }
    log.leaves[end - 4].call = Some(id(904));
    log.leaves.pop();
    let mut encoded = log.encode();
    let frames = Frames { count: 0, digest: Hash::of(b"") };
    log.leaves[end].call = Some(id(904));
    log.leaves[end].frames = Some(frames);
    encoded.clone_from(&log.encode());
    let findings = verify_leaves(&encoded);
    assert_eq!(findings.first_bad_leaf, Some(end as u64), "{:#?}", findings.problems);
    assert_eq!(findings.problems[0].kind, ProblemKind::Frame);
}

#[test]
fn held_call_without_approval_is_found() {
    check(ProblemKind::Approval, |log| {
        let at = log.position(of(EventType::CallIntent, 900));
        log.leaves[at].decision.as_mut().unwrap().approval = None;
        at
    });
}

#[test]
fn approval_after_execution_is_found() {
    let mut log = Log::story(8);
    let at = log.position(of(EventType::ApprovalApproved, 900));
    let approved = log.leaves.remove(at);
    let end = log.position(of(EventType::CallOutcome, 900));
    log.leaves.insert(end + 1, approved);
    let findings = verify_leaves(&log.encode());
    // The grant is used before it is given, then the call runs without it, then it is given too late.
    let found: Vec<_> = findings.problems.iter().map(|problem| (problem.kind, problem.leaf)).collect();
    let expected = [at, at + 1, end + 1].map(|at| (ProblemKind::Approval, Some(at as u64)));
    assert_eq!(found, expected, "{:#?}", findings.problems);
}

#[test]
fn approval_by_the_requester_is_found() {
    for approver in ["agent", "alice"] {
        check(ProblemKind::Approval, |log| {
            let at = log.position(of(EventType::ApprovalApproved, 900));
            log.leaves[at].actor = Some(human(approver));
            at
        });
    }
    check(ProblemKind::Approval, |log| {
        let at = log.position(of(EventType::ApprovalApproved, 900));
        let alice = Subject { id: "sub-alice".to_owned(), issuer: "corp-sso".to_owned() };
        log.leaves[at].actor.as_mut().unwrap().on_behalf_of = vec![alice];
        at
    });
}

#[test]
fn approval_used_twice_is_found() {
    check(ProblemKind::Approval, |log| {
        let at = log.position(of(EventType::ApprovalUsed, 900));
        let used = log.leaves[at].clone();
        log.leaves.insert(at + 1, used);
        at + 1
    });
    check(ProblemKind::Approval, |log| {
        let end = log.position(of(EventType::CallOutcome, 900));
        let again = [log.leaves[end - 1].clone(), log.leaves[end].clone()];
        log.leaves.splice(end + 1..=end, again);
        end + 1
    });
}

#[test]
fn approval_for_another_call_is_found() {
    check(ProblemKind::Approval, |log| {
        let at = log.position(of(EventType::CallIntent, 900));
        log.leaves[at].forwarded = Some(hash("something else"));
        at
    });
    check(ProblemKind::Approval, |log| {
        let at = log.position(of(EventType::CallIntent, 900));
        log.leaves[at].definition = Some(hash("changed tool"));
        at
    });
    check(ProblemKind::Approval, |log| {
        let at = log.position(of(EventType::ApprovalUsed, 900));
        log.leaves[at].call = Some(id(999));
        at + 1
    });
}

#[test]
fn approval_that_was_rejected_or_expired_is_found() {
    for event in [EventType::ApprovalRejected, EventType::ApprovalExpired] {
        let mut log = Log::story(8);
        let at = log.position(of(EventType::ApprovalApproved, 900));
        let mut rejected = log.leaves[at].clone();
        rejected.event = event;
        rejected.actor = Some(human("dave"));
        log.leaves.insert(at + 1, rejected);
        let findings = verify_leaves(&log.encode());
        let found: Vec<_> = findings.problems.iter().map(|problem| (problem.kind, problem.leaf)).collect();
        let expected = [at + 2, at + 3].map(|at| (ProblemKind::Approval, Some(at as u64)));
        assert_eq!(found, expected, "{:#?}", findings.problems);
    }
}

#[test]
fn call_with_fewer_approvers_than_were_asked_for_is_found() {
    check(ProblemKind::Approval, |log| {
        let asked = log.position(of(EventType::ApprovalRequested, 900));
        log.leaves[asked].detail = Some(object(r#"{"quorum":2}"#));
        log.position(of(EventType::CallIntent, 900))
    });
}

#[test]
fn approval_of_something_else_than_was_asked_for_is_found() {
    for event in [EventType::ApprovalApproved, EventType::ApprovalUsed] {
        check(ProblemKind::Approval, |log| {
            let asked = log.position(of(EventType::ApprovalRequested, 900));
            log.leaves[asked].detail = Some(object(r#"{"binding":"a"}"#));
            let at = log.position(of(event, 900));
            log.leaves[at].detail = Some(object(r#"{"binding":"b"}"#));
            at
        });
    }
    check(ProblemKind::Approval, |log| {
        let (asked, at) = (EventType::ApprovalRequested, EventType::CallIntent);
        let (asked, at) = (log.position(of(asked, 900)), log.position(of(at, 900)));
        let mut decision = log.leaves[at].decision.clone().unwrap();
        (decision.approval, decision.policy_set) = (None, hash("other policies"));
        log.leaves[asked].decision = Some(decision);
        at
    });
}

#[test]
fn quorum_of_one_person_is_found() {
    check(ProblemKind::Approval, |log| {
        let at = log.position(of(EventType::ApprovalApproved, 900));
        let second = log.leaves[at].clone();
        log.leaves.insert(at + 1, second);
        at + 1
    });
    let mut log = Log::story(8);
    let at = log.position(of(EventType::ApprovalApproved, 900));
    let mut second = log.leaves[at].clone();
    second.actor = Some(human("dave"));
    log.leaves.insert(at + 1, second);
    assert_eq!(verify_leaves(&log.encode()).problems, []);
}

#[test]
fn wrong_beginning_and_end_are_found() {
    let log = Log::story(8);
    // Without genesis the first lane begins in order but the epoch does not.
    check(ProblemKind::Epoch, |log| {
        log.leaves.remove(0);
        0
    });
    check(ProblemKind::Lane, |log| {
        log.leaves.remove(2);
        log.position(|leaf| leaf.lane == id(1_000_001))
    });
    check(ProblemKind::Lane, |log| {
        log.add(1, EventType::LogHeartbeat);
        log.leaves.len() - 1
    });
    check(ProblemKind::Epoch, |log| {
        log.leaves.pop();
        log.add(0, EventType::LogSeal).detail = Some(object(r#"{"reason":"moved away"}"#));
        log.add(0, EventType::LogHeartbeat);
        log.leaves.len() - 1
    });
    assert!(verify_leaves(&log.encode()).sound);
}

#[test]
fn lane_that_starts_again_after_its_stop_is_sound() {
    let mut log = Log::story(8);
    log.add(1, EventType::GatewayStarted).detail = log.leaves[0].detail.clone();
    log.add(1, EventType::LogHeartbeat);
    assert_eq!(verify_leaves(&log.encode()).problems, []);
}

#[test]
fn removed_or_swapped_leaf_breaks_its_lane() {
    let encoded = Log::story(8).encode();
    for at in 3..encoded.len() - 3 {
        let mut fewer = encoded.clone();
        fewer.remove(at);
        let findings = verify_leaves(&fewer);
        assert!(findings.problems.iter().any(|problem| problem.kind == ProblemKind::Lane), "{at}");
        let mut doubled = encoded.clone();
        doubled.insert(at, encoded[at].clone());
        let findings = verify_leaves(&doubled);
        assert_eq!(findings.first_bad_leaf, Some(at as u64 + 1), "{at}");
    }
}

#[test]
fn leaf_that_is_no_record_is_found() {
    let mut encoded = Log::story(8).encode();
    encoded.push(b"{}".to_vec());
    let findings = verify_leaves(&encoded);
    assert_eq!(findings.problems.len(), 1);
    assert_eq!(findings.problems[0].kind, ProblemKind::Leaf);
    assert_eq!(findings.first_bad_leaf, Some(encoded.len() as u64 - 1));
}

#[test]
fn clock_that_steps_back_is_a_warning() {
    let mut log = Log::story(8);
    let at = log.position(of(EventType::CallIntent, 904));
    log.leaves[at].ts = evidence::time::Timestamp::from_micros(0).unwrap();
    let findings = verify_leaves(&log.encode());
    assert!(findings.sound);
    assert_eq!(findings.warnings[0].leaf, Some(at as u64));
}

#[test]
fn empty_log_is_sound() {
    let findings = verify_leaves(&[]);
    assert_eq!(findings.problems, []);
    assert_eq!(findings.leaves_read, 0);
}
