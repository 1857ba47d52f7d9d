//! The database fails in every way it can: nothing is acknowledged that is not durable, and what can recover does.

use countersign::ledger::{Ledger, State, Unavailable};

use crate::harness::{Place, intent, outcome};

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
        ["call.intent", "audit.gap", "call.orphaned", "call.intent", "call.outcome", "gateway.stopped"]
    );
    place.assert_sound();
}

#[tokio::test]
async fn frame_that_was_refused_makes_the_call_an_orphan() {
    let place = Place::new();
    let ledger = place.start();
    let mut opened = ledger.open(intent("{}")).await.unwrap();
    let frame = [countersign::mask::message(bytes::Bytes::from_static(b"frame"))];
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
    place.intruder().execute("UPDATE tree SET size = size + 1", []).unwrap();
    let refused = ledger.open(intent("{}")).await.unwrap_err();
    assert!(matches!(refused, Unavailable::Blocked(_)), "{refused}");
    assert!(ledger.retry().await.is_err());
    let reason = ledger.failed().await;
    assert!(reason.contains("changed under the gateway"), "{reason}");
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
