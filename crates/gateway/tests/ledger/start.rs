//! A database that is not what was signed is refused, with what to do.

use countersign::ledger::StartError;
use countersign::store::DATABASE;
use countersign::store::entry::Place;

use crate::harness::{self, intent, outcome};

#[tokio::test]
async fn log_goes_on_after_a_restart() {
    let place = harness::Place::new();
    for round in 0..3 {
        let ledger = place.start();
        let opened = ledger.open(intent("{}")).await.unwrap();
        // Genesis and keys come once.
        assert_eq!(opened.place(), Place::new(round, if round == 0 { 5 } else { 1 }));
        ledger.close(opened, outcome("{}")).await.unwrap();
        ledger.stop().await.unwrap();
    }
    let findings = place.assert_sound();
    assert_eq!(findings.lanes, 3);
    assert_eq!(findings.counts["log.genesis"], 1);
    assert_eq!(findings.counts["gateway.started"], 3);
}

#[tokio::test]
async fn second_gateway_on_the_same_database_is_refused() {
    let place = harness::Place::new();
    let ledger = place.start();
    let refused = place.try_start().err().unwrap().to_string();
    assert!(refused.contains("another gateway runs"), "{refused}");
    ledger.stop().await.unwrap();
    drop(ledger);
    assert!(place.try_start().is_ok());
}

#[tokio::test]
async fn database_older_than_the_anchor_is_refused() {
    let place = harness::Place::new();
    run(&place).await;
    let old = std::fs::read(place.path().join(DATABASE)).unwrap();
    run(&place).await;
    std::fs::write(place.path().join(DATABASE), old).unwrap();
    for side in ["-wal", "-shm"] {
        let side = place.path().join(format!("{DATABASE}{side}"));
        if side.exists() {
            std::fs::remove_file(side).unwrap();
        }
    }
    assert_inconsistent(&place, "the database is older");
}

#[tokio::test]
async fn changed_removed_and_added_leaves_are_refused() {
    for (what, sql) in [
        (
            "it is not what its process signed",
            "UPDATE entry SET leaf = CAST(leaf || ' ' AS BLOB) WHERE place = 6",
        ),
        ("it has leaves that its process did not sign, or lost some", "DELETE FROM entry WHERE place = 6"),
        (
            "it has leaves that its process did not sign",
            "INSERT INTO entry (place, type, ts, leaf) SELECT place + 1, type, ts, leaf FROM entry WHERE place = \
             (SELECT max(place) FROM entry)",
        ),
        ("another tree of 6 leaves was published", "UPDATE checkpoint SET root = zeroblob(32)"),
        ("frontier is damaged", "UPDATE checkpoint SET frontier = zeroblob(72)"),
        ("checkpoint of 6 leaves is missing", "DELETE FROM checkpoint"),
        ("6 leaves were published and 5 are there", "UPDATE tree SET size = 5"),
    ] {
        let place = harness::Place::new();
        let ledger = place.start();
        let opened = ledger.open(intent("{}")).await.unwrap();
        ledger.publish().await.unwrap();
        ledger.close(opened, outcome("{}")).await.unwrap();
        // Not stopped: the last leaf stands after the last checkpoint.
        drop(ledger);
        let intruder = place.intruder();
        intruder
            .execute_batch(
                "DROP TRIGGER entry_no_update; DROP TRIGGER entry_no_delete;
                 DROP TRIGGER checkpoint_no_update; DROP TRIGGER checkpoint_no_delete;",
            )
            .unwrap();
        intruder.execute(sql, []).unwrap();
        drop(intruder);
        assert_inconsistent(&place, what);
    }
}

#[tokio::test]
async fn lost_keys_are_not_replaced() {
    let place = harness::Place::new();
    run(&place).await;
    std::fs::remove_file(place.path().join("keys/log.key")).unwrap();
    let refused = place.try_start().err().unwrap();
    assert!(matches!(refused, StartError::Keyring(_)));
    assert!(refused.to_string().contains("restore the key directory"), "{refused}");
}

async fn run(place: &harness::Place) {
    let ledger = place.start();
    let opened = ledger.open(intent("{}")).await.unwrap();
    ledger.close(opened, outcome("{}")).await.unwrap();
    ledger.stop().await.unwrap();
}

/// The lock of a ledger that was only dropped is given back when its thread ends: wait for it, on the lock itself.
fn assert_inconsistent(place: &harness::Place, what: &str) {
    let lock = std::fs::File::open(place.path().join(countersign::store::LOCK)).unwrap();
    lock.lock().unwrap();
    lock.unlock().unwrap();
    let refused = place.try_start().err().unwrap();
    let text = refused.to_string();
    assert!(text.contains(what), "expected `{what}`, got: {text}");
}
