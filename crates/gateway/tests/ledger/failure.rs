//! The database fails in every way it can: nothing is acknowledged that is not durable, and what can recover does.

use std::path::Path;
use std::process::Command;

use countersign::ledger::{Ledger, State, Unavailable};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::harness::{self, Place, intent, outcome};

/// Names the directory to the child: the same test, run by the test itself.
const CHILD: &str = "COUNTERSIGN_TEST_FULL";
const NAME: &str = "failure::full_disk_refuses_calls_until_there_is_space";

#[test]
fn full_disk_refuses_calls_until_there_is_space() {
    #[expect(clippy::disallowed_methods, reason = "how a test program talks to itself")]
    if let Ok(directory) = std::env::var(CHILD) {
        return fill_and_recover(Path::new(&directory));
    }
    let place = Place::new();
    // A limit on file sizes stands for the full disk; the shell makes its signal harmless, as it is for a gateway.
    let status = Command::new("bash")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture"])
        .env(CHILD, place.path())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    let findings = place.assert_sound();
    // One for each attempt to go on; the first may turn out to have been written only when space was back.
    assert!((1..=2).contains(&findings.counts["audit.gap"]), "{:?}", findings.counts);
    // At most the one whose intent found the disk full: the outcome of the call that was held came late, and was kept.
    let orphans = findings.counts.get("call.orphaned").copied().unwrap_or_default();
    assert!(orphans <= 1, "{:?}", findings.counts);
}

/// Takes a process of its own, because the limit is the whole process's.
fn fill_and_recover(directory: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let ledger = harness::start(directory).unwrap();
        let held = ledger.open(intent("{}")).await.unwrap();
        let unlimited = getrlimit(Resource::Fsize);
        let full = Rlimit { current: Some(512 * 1024), maximum: unlimited.maximum };
        setrlimit(Resource::Fsize, full).unwrap();
        let mut acknowledged = 0;
        let refused = loop {
            let closed = match ledger.open(intent(&"x".repeat(4_000))).await {
                Ok(opened) => ledger.close(opened, outcome("{}")).await,
                Err(refused) => break refused,
            };
            if let Err(refused) = closed {
                break refused;
            }
            acknowledged += 1;
            assert!(acknowledged < 10_000, "the limit does not hold");
        };
        assert!(matches!(refused, Unavailable::Blocked(_)), "{refused}");
        assert!(ledger.close(held, outcome("{}")).await.is_err());
        assert!(ledger.retry().await.is_err());
        assert!(matches!(ledger.health().state, State::Blocked { .. }));
        setrlimit(Resource::Fsize, unlimited).unwrap();
        ledger.retry().await.unwrap();
        assert_eq!(ledger.health().state, State::Ready);
        let opened = ledger.open(intent("{}")).await.unwrap();
        ledger.close(opened, outcome("{}")).await.unwrap();
        ledger.stop().await.unwrap();
    });
}

#[tokio::test]
async fn locked_database_refuses_calls_until_it_is_free() {
    let place = Place::new();
    let ledger = place.start();
    let held = ledger.open(intent("{}")).await.unwrap();
    let intruder = place.intruder();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let size = place.size();
    let refused = ledger.open(intent("{}")).await.unwrap_err();
    assert!(matches!(&refused, Unavailable::Blocked(reason) if reason.contains("locked")), "{refused}");
    assert!(matches!(ledger.health().state, State::Blocked { .. }));
    // From now on without waiting.
    assert_eq!(ledger.open(intent("{}")).await.unwrap_err(), refused);
    assert!(ledger.close(held, outcome("{}")).await.is_err());
    assert!(ledger.publish().await.is_err());
    assert_eq!(place.size(), size);
    intruder.execute_batch("ROLLBACK").unwrap();
    ledger.retry().await.unwrap();
    assert_eq!(ledger.health().state, State::Ready);
    let opened = ledger.open(intent("{}")).await.unwrap();
    ledger.close(opened, outcome("{}")).await.unwrap();
    ledger.stop().await.unwrap();
    let events = place.events();
    assert_eq!(
        events[5..],
        // The caller was told that nobody knows; what became of its call is on record all the same.
        ["call.intent", "audit.gap", "call.outcome", "call.intent", "call.outcome", "gateway.stopped"]
    );
    place.assert_sound();
}

#[tokio::test]
async fn frame_that_was_refused_makes_the_call_an_orphan() {
    let place = Place::new();
    let ledger = place.start();
    let mut opened = ledger.open(intent("{}")).await.unwrap();
    let frame = [crate::harness::recorded("\"frame\"")];
    ledger.frame(&mut opened, &frame).await.unwrap();
    let intruder = place.intruder();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(ledger.frame(&mut opened, &frame).await.is_err());
    intruder.execute_batch("ROLLBACK").unwrap();
    ledger.retry().await.unwrap();
    let refused = ledger.frame(&mut opened, &frame).await.unwrap_err();
    assert!(matches!(refused, Unavailable::Rejected(_)), "{refused}");
    assert!(ledger.close(opened, outcome("{}")).await.is_err());
    ledger.stop().await.unwrap();
    assert_eq!(
        place.events()[5..],
        ["call.intent", "call.frame", "audit.gap", "call.orphaned", "gateway.stopped"]
    );
    place.assert_sound();
}

#[tokio::test]
async fn moved_tip_ends_the_process() {
    let place = Place::new();
    let ledger = place.start();
    ledger.sequence().await.unwrap();
    place.intruder().execute("UPDATE tree SET size = size + 1", []).unwrap();
    assert!(matches!(ledger.sequence().await, Err(Unavailable::Failed(_))));
    let reason = ledger.failed().await;
    assert!(reason.contains("changed leaves"), "{reason}");
    assert_failed(&ledger).await;
}

#[tokio::test]
async fn leaf_changed_after_it_was_acknowledged_is_never_signed_over() {
    for sql in [
        "UPDATE entry SET leaf = CAST(leaf || ' ' AS BLOB) WHERE type = 'call.intent'",
        "DELETE FROM entry WHERE type = 'call.intent'",
    ] {
        let place = Place::new();
        let ledger = place.start();
        ledger.publish().await.unwrap();
        let opened = ledger.open(intent("{}")).await.unwrap();
        let intruder = place.intruder();
        intruder.execute_batch("DROP TRIGGER entry_no_update; DROP TRIGGER entry_no_delete").unwrap();
        intruder.execute(sql, []).unwrap();
        assert!(matches!(ledger.publish().await, Err(Unavailable::Failed(_))));
        ledger.failed().await;
        assert_failed(&ledger).await;
        drop(opened);
    }
}

#[tokio::test]
async fn verbs_are_refused_after_the_stop() {
    let place = Place::new();
    let ledger = place.start();
    ledger.stop().await.unwrap();
    assert_eq!(ledger.open(intent("{}")).await.unwrap_err(), Unavailable::Stopped);
    assert_eq!(ledger.heartbeat().await.unwrap_err(), Unavailable::Stopped);
    assert_eq!(ledger.health().state, State::Stopped);
    assert_eq!(place.events().last(), Some(&"gateway.stopped"));
}

async fn assert_failed(ledger: &Ledger) {
    assert!(matches!(ledger.health().state, State::Failed { .. }));
    assert!(matches!(ledger.open(intent("{}")).await, Err(Unavailable::Failed(_))));
    assert!(matches!(ledger.retry().await, Err(Unavailable::Failed(_))));
}
