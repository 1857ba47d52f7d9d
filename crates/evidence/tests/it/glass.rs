//! Break-glass: two people let held calls of others go for a while, and every way in which that was not so.

use evidence::jcs::Object;
use evidence::leaf::{ActorKind, ApprovalStep, Effect, EventType, Grant, Leaf, Subject};
use evidence::merkle::Hash;
use evidence::time::Timestamp;

use super::meaning::verify_leaves;
use super::sample::{Log, human, id, object};

const GLASS: u64 = 77_000;
const CALL: u64 = 950;

pub(crate) type Change = (&'static str, Box<dyn FnOnce(&mut Log)>);

/// Whose calls of what, until when.
fn detail(log: &Log, people: &str, more: &str) -> Object {
    let last = log.leaves.last().unwrap().ts.as_micros();
    let until = Timestamp::from_micros(last + 60_000_000).unwrap();
    let reach =
        format!(r#""people":["{people}"],"seconds":600,"servers":["warehouse"],"tools":["run_query"]"#);
    object(&format!("{{{reach}{}}}", more.replace("UNTIL", &until.to_string())))
}

fn step(log: &mut Log, event: EventType, who: &str) -> usize {
    let leaf = log.add(0, event);
    let answered = (event != EventType::BreakglassProposed).then_some(Hash::ZERO);
    leaf.approval = Some(ApprovalStep { id: id(GLASS), leaf: answered });
    leaf.actor = Some(human(who));
    log.leaves.len() - 1
}

/// Carol proposes, bob enters, alice calls, carol ends it.
pub(crate) fn break_glass(log: &mut Log) {
    let (proposed, entered) = (detail(log, "sub-alice", ""), detail(log, "sub-alice", r#","until":"UNTIL""#));
    let at = step(log, EventType::BreakglassProposed, "carol");
    log.leaves[at].detail = Some(proposed);
    let at = step(log, EventType::BreakglassEntered, "bob");
    log.leaves[at].detail = Some(entered);
    let intent = {
        let leaf = log.intent(0, CALL);
        leaf.actor = Some(human("alice"));
        let decision = leaf.decision.as_mut().unwrap();
        decision.effect = Effect::Hold;
        decision.approval = Some(Grant { id: id(GLASS), leaf: Hash::ZERO });
        let leaf = leaf.clone();
        log.leaves.pop();
        leaf
    };
    let at = step(log, EventType::BreakglassUsed, "alice");
    log.leaves[at].call = Some(id(CALL));
    log.leaves[at].server.clone_from(&intent.server);
    log.leaves[at].target.clone_from(&intent.target);
    let at = log.intent(0, CALL);
    *at = Leaf { id: at.id, ts: at.ts, ..intent };
    log.outcome(0, CALL);
    let over = detail(log, "sub-alice", r#","until":"UNTIL""#);
    let at = step(log, EventType::BreakglassExited, "carol");
    log.leaves[at].detail = Some(over);
}

fn at(log: &Log, event: EventType) -> usize {
    log.position(|leaf| leaf.event == event)
}

/// Changes a text in the details of the first two leaves, or of the second only.
fn reword(log: &mut Log, events: &[EventType], from: &str, to: &str) {
    for &event in events {
        let at = at(log, event);
        let before = log.leaves[at].detail.as_ref().unwrap().as_str().to_owned();
        assert!(before.contains(from), "{before}");
        log.leaves[at].detail = Some(object(&before.replace(from, to)));
    }
}

/// The leaves of the call under it.
fn under(log: &mut Log, change: impl FnMut(&mut Leaf)) {
    let called = |leaf: &&mut Leaf| {
        leaf.call == Some(id(CALL)) && matches!(leaf.event, EventType::BreakglassUsed | EventType::CallIntent)
    };
    log.leaves.iter_mut().filter(called).for_each(change);
}

/// Stories that cannot be.
pub(crate) fn changes() -> Vec<Change> {
    use EventType as E;
    const BOTH: [E; 2] = [E::BreakglassProposed, E::BreakglassEntered];
    vec![
        (
            "one person",
            Box::new(|log| {
                let at = at(log, E::BreakglassEntered);
                log.leaves[at].actor = Some(human("carol"));
            }),
        ),
        ("for whoever enters it", Box::new(|log| reword(log, &BOTH, "sub-alice", "sub-bob"))),
        ("for whoever proposed it", Box::new(|log| reword(log, &BOTH, "sub-alice", "sub-carol"))),
        ("for ever", Box::new(|log| reword(log, &[E::BreakglassEntered], "until", "unless"))),
        ("for longer than was said", Box::new(|log| reword(log, &BOTH, "600", "5"))),
        (
            "for more than was proposed",
            Box::new(|log| {
                reword(log, &[E::BreakglassEntered], "warehouse", "*");
            }),
        ),
        ("never proposed", Box::new(|log| drop(log.leaves.remove(at(log, E::BreakglassProposed))))),
        (
            "entered twice",
            Box::new(|log| {
                let at = at(log, E::BreakglassEntered);
                let again = log.leaves[at].clone();
                log.leaves.insert(at + 1, again);
            }),
        ),
        (
            "over before",
            Box::new(|log| {
                let over = at(log, E::BreakglassExited);
                let (over, used) = (log.leaves.remove(over), at(log, E::BreakglassUsed));
                log.leaves.insert(used, over);
                reword(log, &[E::BreakglassExited], "2026", "2025");
            }),
        ),
        (
            "call that nobody recorded under it",
            Box::new(|log| {
                drop(log.leaves.remove(at(log, E::BreakglassUsed)));
            }),
        ),
        ("other server", Box::new(|log| under(log, |leaf| leaf.server = Some("payroll".to_owned())))),
        (
            "other tool",
            Box::new(|log| {
                under(log, |leaf| leaf.target.as_mut().unwrap().name = Some("drop_table".to_owned()));
            }),
        ),
        ("other person", Box::new(|log| under(log, |leaf| leaf.actor = Some(human("dave"))))),
        (
            "somebody through an agent",
            Box::new(|log| {
                under(log, |leaf| {
                    let actor = leaf.actor.as_mut().unwrap();
                    actor.kind = ActorKind::Agent;
                    actor.on_behalf_of =
                        vec![Subject { id: "sub-x".to_owned(), issuer: "corp-sso".to_owned() }];
                });
            }),
        ),
    ]
}

#[test]
fn call_under_broken_glass_is_sound_only_as_two_people_let_it() {
    let mut log = Log::story(8);
    break_glass(&mut log);
    assert_eq!(verify_leaves(&log.encode()).problems, []);
    for (name, change) in changes() {
        let mut log = Log::story(8);
        break_glass(&mut log);
        change(&mut log);
        let findings = verify_leaves(&log.encode());
        assert!(!findings.sound, "{name}");
        let of_glass = |problem: &evidence::verify::Problem| problem.reason.contains("break-glass");
        assert!(findings.problems.iter().any(of_glass), "{name}: {:#?}", findings.problems);
    }
}
