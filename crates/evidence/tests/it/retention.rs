//! Bodies that were erased by rule: what both verifiers count, and what they find.

use std::process::Command;

use evidence::id::Id;
use evidence::jcs::Object;
use evidence::leaf::EventType;
use evidence::retention::{Erasure, Hold, LaneRanges};
use evidence::time::Timestamp;
use evidence::verify::{Findings, ProblemKind};
use tempfile::TempDir;

use super::agreement::check;
use super::sample::{Log, export, object};

const DAY_US: i64 = 86_400_000_000;

/// Sets or lifts a hold of this name.
type Step<'s> = (EventType, &'s str, &'s dyn Fn(&mut Hold));

/// Sequences in lane 0 of the leaves that have a body.
fn bodies(log: &Log) -> (Id, Vec<u64>) {
    let lane = log.leaves[0].lane;
    let of_lane = log.leaves.iter().filter(|leaf| leaf.lane == lane);
    let found = of_lane.enumerate().filter(|(_, leaf)| leaf.payload.is_some());
    (lane, found.map(|(sequence, _)| sequence as u64).collect())
}

/// A leaf, a hundred days after the last one, that says what was erased.
pub(crate) fn erase(log: &mut Log, ranges: Vec<(u64, u64)>, bodies: u64, change: impl FnOnce(&mut Erasure)) {
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

/// A leaf that sets or lifts a hold.
pub(crate) fn hold(log: &mut Log, event: EventType, name: &str, change: impl FnOnce(&mut Hold)) {
    let leaf = log.add(0, event);
    let mut hold = Hold {
        name: name.to_owned(),
        server: None,
        actor: None,
        session: None,
        since: None,
        until: None,
        set: leaf.ts,
        cleared: None,
    };
    change(&mut hold);
    leaf.actor = Some(super::sample::human("carol"));
    leaf.detail = Some(Object::of(&hold).unwrap());
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

#[test]
fn erasure_of_what_a_hold_kept_is_found() {
    let second = |micros: i64| Timestamp::from_micros(micros - micros % 1_000_000).unwrap();
    let story = Log::story(8);
    let (_, there) = bodies(&story);
    let (first, last, count) = (there[0], *there.last().unwrap(), there.len() as u64);
    let with = |change: &dyn Fn(&mut Hold)| {
        let mut log = story.clone();
        hold(&mut log, EventType::HoldSet, "case-17", change);
        erase(&mut log, vec![(first, last)], count, |_| ());
        log
    };
    let began = story.leaves[0].ts.as_micros();
    let (before, after) = (second(began - 9_000_000), second(began + 9_000_000));
    let session = super::sample::id(20_000);
    assert_found(&with(&|_| ()), "everything is held");
    assert_found(&with(&|hold| hold.server = Some("warehouse".to_owned())), "the server is held");
    assert_found(&with(&|hold| hold.session = Some(session)), "the session is held");
    assert_found(&with(&|hold| hold.actor = Some("sub-agent".to_owned())), "who called is held");
    assert_found(&with(&|hold| hold.actor = Some("sub-alice".to_owned())), "on whose behalf is held");
    assert_found(&with(&|hold| (hold.since, hold.until) = (Some(before), Some(after))), "the time is held");

    let sound = |log: &Log, change: &str| {
        let findings = verified(log, change);
        assert!(findings.sound, "{change}: {:?}", findings.problems);
    };
    sound(&with(&|hold| hold.server = Some("orders".to_owned())), "another server");
    sound(&with(&|hold| hold.session = Some(super::sample::id(7))), "another session");
    sound(&with(&|hold| hold.actor = Some("sub-dave".to_owned())), "somebody else");
    sound(&with(&|hold| hold.since = Some(after)), "later calls");
    sound(&with(&|hold| hold.until = Some(before)), "earlier calls");

    let mut log = story.clone();
    hold(&mut log, EventType::HoldSet, "case-17", |_| ());
    hold(&mut log, EventType::HoldCleared, "case-17", |_| ());
    // A name is used once.
    hold(&mut log, EventType::HoldSet, "case-17", |_| ());
    erase(&mut log, vec![(first, last)], count, |_| ());
    sound(&log, "the hold was lifted");
    hold(&mut log, EventType::HoldSet, "case-18", |hold| hold.server = Some("orders".to_owned()));
    erase(&mut log, Vec::new(), 0, |erasure| erasure.contexts = 1);
    assert_found(&log, "who called was erased under a hold of something else");
}

#[test]
fn hold_that_is_lifted_is_over_under_other_holds_and_others_are_not() {
    let story = Log::story(8);
    let (_, there) = bodies(&story);
    let (first, last, count) = (there[0], *there.last().unwrap(), there.len() as u64);
    let began = story.leaves[0].ts.as_micros();
    let at = |seconds: i64| Timestamp::from_micros((began / 1_000_000 + seconds) * 1_000_000);
    let warehouse = |hold: &mut Hold| hold.server = Some("warehouse".to_owned());
    let short = |hold: &mut Hold| (hold.since, hold.until) = (at(-9), at(-8));
    let long = |hold: &mut Hold| (hold.since, hold.until) = (at(-9), at(9_000));
    let (set, cleared) = (EventType::HoldSet, EventType::HoldCleared);
    let cases: [(&str, bool, Vec<Step<'_>>); 8] = [
        ("two, one lifted", false, vec![(set, "a", &long), (set, "b", &warehouse), (cleared, "a", &long)]),
        (
            "two of one scope, the longer lifted",
            true,
            vec![(set, "a", &short), (set, "b", &long), (cleared, "b", &long)],
        ),
        (
            "two of one scope, the shorter lifted",
            false,
            vec![(set, "a", &short), (set, "b", &long), (cleared, "a", &short)],
        ),
        (
            "below another's, both lifted",
            true,
            vec![(set, "a", &long), (set, "b", &|_| ()), (cleared, "a", &long), (cleared, "b", &|_| ())],
        ),
        ("a name is used once", true, vec![(set, "a", &short), (cleared, "a", &short), (set, "a", &long)]),
        (
            "the old end does not come back",
            true,
            vec![(set, "a", &long), (set, "b", &short), (cleared, "a", &long), (set, "a", &short)],
        ),
        ("set again before it is lifted", false, vec![(set, "a", &short), (set, "a", &long)]),
        (
            "lifted with all that was set under it",
            true,
            vec![(set, "a", &short), (set, "a", &long), (cleared, "a", &short)],
        ),
    ];
    for (what, is_sound, steps) in cases {
        let mut log = story.clone();
        for (event, name, change) in steps {
            hold(&mut log, event, name, |hold| {
                change(hold);
                // All in the same second.
                hold.set = story.leaves[0].ts;
            });
        }
        erase(&mut log, vec![(first, last)], count, |_| ());
        if is_sound {
            let findings = verified(&log, what);
            assert!(findings.sound, "{what}: {:?}", findings.problems);
        } else {
            assert_found(&log, what);
        }
    }
}

/// Runs Python in which `verify` is the script.
pub(crate) fn in_script(text: &str) -> String {
    let head = format!("import sys; sys.path.insert(0, {:?}); import verify\n", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("python3").args(["-B", "-c", &(head + text)]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn script_asks_as_little_under_twenty_thousand_holds_as_under_one() {
    let steps = in_script(
        r#"
def hold(number, count):
    at = lambda second: f"2026-11-20T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000000Z"
    return {"name": str(number), "server": "orders", "since": at(number), "until": at(number + 60000)}
began = verify.second("2026-11-20T00:00:00.000000Z")
for count in (1, 20000):
    holds = verify.Holds()
    for number in range(count):
        holds.set(hold(number, count))
    kept = sum(holds.keeping((("orders", None, ("sub-alice",)), began + second)) is not None for second in range(20000))
    for number in range(count):
        holds.lift(str(number))
    print(holds.steps, kept, len(holds.scopes), len(holds.names))
after = [place if place % 3 else place + 1 for place in range(100000)]
gone = 0
place = verify.there(after, 0)
while place < 100000:
    after[place], gone = place + 1, gone + 1
    place = verify.there(after, place + 1)
for _ in range(17):
    verify.there(after, 0)
print(gone, after[0])
"#,
    );
    let lines: Vec<&str> = steps.lines().collect();
    assert_eq!(lines, ["740000 20000 0 0", "740000 20000 0 0", "66666 100000"]);
}

#[test]
fn answer_is_held_with_its_question_though_it_names_nobody() {
    let mut log = Log::story(0);
    log.intent(0, 7);
    log.stream(0, 8, 2);
    let (_, there) = bodies(&log);
    assert!(
        log.leaves.iter().filter(|leaf| leaf.event == EventType::CallFrame).all(|leaf| leaf.server.is_none())
    );
    hold(&mut log, EventType::HoldSet, "case-17", |hold| hold.server = Some("warehouse".to_owned()));
    let last = *there.last().unwrap();
    assert!(there.contains(&(last - 2)), "two frames and the outcome");
    erase(&mut log, vec![(last - 2, last)], 3, |_| ());
    assert_found(&log, "frames and the outcome");
}

#[test]
fn holds_that_cannot_be_are_found() {
    let mut log = Log::story(8);
    hold(&mut log, EventType::HoldCleared, "case-17", |_| ());
    assert_found(&log, "lifted before it was set");
    let mut log = Log::story(8);
    hold(&mut log, EventType::HoldSet, "case-17", |_| ());
    log.leaves.last_mut().unwrap().detail = Some(object(r#"{"name":"case-17","set":"yesterday"}"#));
    assert_found(&log, "malformed");
}
