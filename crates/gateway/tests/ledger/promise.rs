//! The promises of the ledger, each test named after one.

use crate::harness::{Place, intent, outcome};

#[tokio::test]
async fn every_intent_ends_once() {
    let place = Place::new();
    let ledger = place.start();
    let opened = ledger.open(intent(r#"{"a":1}"#)).await.unwrap();
    let call = opened.call();
    let receipt = ledger.close(opened, outcome(r#"{"ok":true}"#)).await.unwrap();
    assert_eq!(receipt.call, Some(call));
    let dropped = ledger.open(intent("{}")).await.unwrap();
    drop(dropped);
    ledger.retry().await.unwrap();
    ledger.stop().await.unwrap();
    assert_eq!(
        place.events(),
        [
            "log.genesis",
            "gateway.started",
            "key.created",
            "key.created",
            "key.created",
            "call.intent",
            "call.outcome",
            "call.intent",
            "call.orphaned",
            "gateway.stopped"
        ]
    );
}
