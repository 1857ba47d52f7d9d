//! Bodies that were erased by rule: what both verifiers count, and what they find.

use evidence::id::Id;
use evidence::leaf::EventType;
use evidence::retention::{Erasure, LaneRanges};
use evidence::time::Timestamp;
use evidence::verify::{Findings, ProblemKind};
use tempfile::TempDir;

use super::agreement::check;
use super::sample::{Log, export, object};

const DAY_US: i64 = 86_400_000_000;

/// Sequences in lane 0 of the leaves that have a body.
fn bodies(log: &Log) -> (Id, Vec<u64>) {
    let lane = log.leaves[0].lane;
    let of_lane = log.leaves.iter().filter(|leaf| leaf.lane == lane);
    let found = of_lane.enumerate().filter(|(_, leaf)| leaf.payload.is_some());
    (lane, found.map(|(sequence, _)| sequence as u64).collect())
}

/// A leaf, a hundred days after the last one, that says what was erased.
fn erase(log: &mut Log, ranges: Vec<(u64, u64)>, bodies: u64, change: impl FnOnce(&mut Erasure)) {
    let (lane, last) = (log.leaves[0].lane, log.leaves.last().unwrap().ts);
    let now = Timestamp::from_micros(last.as_micros() + 100 * DAY_US).unwrap();
    let mut erasure = Erasure {
        rule: "ordinary".to_owned(),
        days: 90,
        server: None,
        before: Timestamp::from_micros(now.as_micros() - 90 * DAY_US).unwrap(),
        bodies,
        lanes: vec![LaneRanges { lane, ranges }],
        contexts: 0,
        approvals: 0,
    };
    change(&mut erasure);
    let leaf = log.add(0, EventType::RetentionDeleted);
    leaf.ts = now;
    leaf.actor = Some(super::sample::human("carol"));
    leaf.detail = Some(erasure.write().unwrap());
}

fn verified(log: &Log, change: &str) -> Findings {
    let directory = TempDir::new().unwrap();
    export(directory.path(), &log.encode());
    check(directory.path(), change)
}

fn assert_found(log: &Log, change: &str) {
    let findings = verified(log, change);
    let last = log.leaves.len() as u64 - 1;
    let found: Vec<_> = findings.problems.iter().map(|problem| (problem.kind, problem.leaf)).collect();
    assert_eq!(found, [(ProblemKind::Retention, Some(last))], "{change}: {:?}", findings.problems);
}

#[test]
fn bodies_that_were_due_may_go_and_every_proof_still_verifies() {
    let mut log = Log::story(300);
    let (_, there) = bodies(&log);
    let (early, late) = there.split_at(there.len() / 2);
    erase(
        &mut log,
        vec![(early[0], early[0]), (early[1], *early.last().unwrap())],
        early.len() as u64,
        |_| (),
    );
    // A later rule passes over what is gone already.
    erase(&mut log, vec![(0, *late.last().unwrap())], late.len() as u64, |erasure| {
        erasure.server = Some("orders".to_owned());
    });
    let findings = verified(&log, "erased");
    assert!(findings.sound, "{:?}", findings.problems);
    let erased: Vec<_> = findings.erased.into_iter().collect();
    let (first, second) = ("ordinary of orders, 90 days".to_owned(), "ordinary, 90 days".to_owned());
    assert_eq!(erased, [(first, late.len() as u64), (second, early.len() as u64)]);
}

#[test]
fn erasures_that_are_not_true_are_found() {
    let story = Log::story(8);
    let (lane, there) = bodies(&story);
    let (first, last, count) = (there[0], *there.last().unwrap(), there.len() as u64);
    let with = |ranges: Vec<(u64, u64)>, bodies: u64, change: &dyn Fn(&mut Erasure)| {
        let mut log = story.clone();
        erase(&mut log, ranges, bodies, change);
        log
    };
    assert_found(&with(vec![(first, last)], count + 1, &|_| ()), "one more than was there");
    assert_found(&with(vec![(first, last)], count - 1, &|_| ()), "one that is not counted");
    assert_found(&with(vec![(first, last), (first, last)], 2 * count, &|_| ()), "the same twice");
    assert_found(&with(vec![(last + 1, u64::from(u32::MAX))], 1, &|_| ()), "none there");
    assert_found(&with(vec![(first, last)], count, &|erasure| erasure.days = 120), "before their time");
    let early = |erasure: &mut Erasure| {
        erasure.before = Timestamp::from_micros(story.leaves[0].ts.as_micros() - DAY_US).unwrap();
    };
    assert_found(&with(vec![(first, last)], count, &early), "younger than the rule says");
    let elsewhere = |erasure: &mut Erasure| erasure.lanes[0].lane = super::sample::id(7);
    assert_found(&with(vec![(first, last)], count, &elsewhere), "in no lane");

    let mut log = story.clone();
    erase(&mut log, vec![(first, last)], count, |_| ());
    log.leaves.last_mut().unwrap().detail = Some(object(&format!(r#"{{"lanes":["{lane}"]}}"#)));
    assert_found(&log, "malformed");
}
