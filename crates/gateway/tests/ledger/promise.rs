//! The promises of the ledger, each test named after one.

use countersign::ledger::{Denial, DenialKind, Event, EventActor, Unavailable};
use countersign::model::{Effect, MessageKind};
use evidence::jcs;
use evidence::leaf::EventType;
use evidence::merkle::leaf_hash;
use uuid::Uuid;

use crate::harness::{self, Place, call_id, intent, outcome};

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
    let open_at_stop = ledger.open(intent("{}")).await.unwrap();
    ledger.stop().await.unwrap();
    drop(open_at_stop);
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
            "call.intent",
            "call.orphaned",
            "gateway.stopped"
        ]
    );
    place.assert_sound();
}

#[tokio::test]
async fn what_a_verb_acknowledged_is_in_the_database() {
    let place = Place::new();
    let ledger = place.start();
    let opened = ledger.open(intent("{}")).await.unwrap();
    // Read on another connection while the gateway runs: no checkpoint, no stop in between.
    let stored = place.leaves();
    assert_eq!(stored.last().unwrap().event, EventType::CallIntent);
    assert_eq!(opened.place().sequence() + 1, place.size());
    assert_eq!(opened.leaf(), leaf_hash(&stored.last().unwrap().encode().unwrap()));
    let receipt = ledger.close(opened, outcome("{}")).await.unwrap();
    let stored = place.leaves();
    assert_eq!(stored[usize::try_from(receipt.place.sequence()).unwrap()].event, EventType::CallOutcome);
    ledger.stop().await.unwrap();
    place.assert_sound();
}

#[tokio::test]
async fn many_callers_share_commits_and_lanes_stay_contiguous() {
    let place = Place::new();
    let ledger = place.start();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let ledger = ledger.clone();
        callers.spawn(async move {
            let mut places = Vec::new();
            for _ in 0..10 {
                let opened = ledger.open(intent(&"x".repeat(500))).await.unwrap();
                places.push(opened.place().sequence());
                places.push(ledger.close(opened, outcome("{}")).await.unwrap().place.sequence());
            }
            places
        });
    }
    let mut places: Vec<u64> = callers.join_all().await.into_iter().flatten().collect();
    places.sort_unstable();
    assert_eq!(places, (5..645).collect::<Vec<u64>>());
    ledger.stop().await.unwrap();
    let findings = place.assert_sound();
    assert_eq!(findings.counts["call.intent"], 320);
    assert_eq!(findings.counts["call.outcome"], 320);
}

#[tokio::test]
async fn frames_are_committed_to_by_their_outcome() {
    let place = Place::new();
    let ledger = place.start();
    let mut opened = ledger.open(intent("{}")).await.unwrap();
    let message = |number: u8| harness::recorded(&number.to_string());
    ledger.frame(&mut opened, &[message(1), message(2)]).await.unwrap();
    ledger.frame(&mut opened, &[]).await.unwrap();
    ledger.frame(&mut opened, &[message(3)]).await.unwrap();
    ledger.close(opened, outcome("{}")).await.unwrap();
    ledger.stop().await.unwrap();
    let leaves = place.leaves();
    let positions: Vec<u64> = leaves.iter().filter_map(|leaf| leaf.frame).collect();
    assert_eq!(positions, [0, 1, 2]);
    assert_eq!(leaves.iter().find_map(|leaf| leaf.frames).unwrap().count, 3);
    place.assert_sound();
}

#[tokio::test]
async fn refusals_and_events_are_recorded_as_what_they_are() {
    let place = Place::new();
    let ledger = place.start();
    let denial = Denial {
        kind: DenialKind::Refused,
        call: call_id(),
        principal: harness::principal(),
        context: harness::context(Uuid::from_bytes([5; 16])),
        server: Some("postgres".into()),
        message: Some(MessageKind::Request),
        method: Some("tools/call".into()),
        statement: None,
        target: Some(harness::tool("query")),
        decision: Some(harness::decision(Effect::Deny)),
        refusal: "denied",
        reason: None,
        count: 1,
        body: Some(harness::recorded("{}")),
    };
    ledger.deny(denial.clone()).await.unwrap();
    let unproven = Denial { kind: DenialKind::Unproven, call: call_id(), reason: Some("expired"), ..denial };
    ledger.deny(unproven).await.unwrap();
    let detail = jcs::Object::of(&serde_json::json!({ "policy_set": "00" })).unwrap();
    let event = Event::new(EventType::PolicyPublished, EventActor::Gateway, Some(detail));
    ledger.note(event.clone()).await.unwrap();
    let refused = ledger.note(Event { event: EventType::CallOutcome, ..event }).await.unwrap_err();
    assert!(matches!(refused, Unavailable::Rejected(_)), "{refused}");
    ledger.heartbeat().await.unwrap();
    ledger.stop().await.unwrap();
    assert_eq!(place.events()[5..9], ["call.denied", "auth.failed", "policy.published", "log.heartbeat"]);
    place.assert_sound();
}

#[tokio::test]
async fn call_is_open_once_and_ends_once() {
    let place = Place::new();
    let ledger = place.start();
    let first = intent("{}");
    let opened = ledger.open(first.clone()).await.unwrap();
    // The same id again, while it is open: refused, and the refusal does not end the call that is open.
    let refused = ledger.open(first.clone()).await.unwrap_err();
    assert!(matches!(refused, Unavailable::Rejected(_)), "{refused}");
    ledger.retry().await.unwrap();
    let ended = ledger.close(opened, outcome("{}")).await;
    ledger.stop().await.unwrap();
    let events = place.events();
    let ends = events.iter().filter(|event| matches!(**event, "call.outcome" | "call.orphaned")).count();
    assert_eq!(ends, 1, "{events:?}");
    assert!(ended.is_ok(), "{ended:?}");
    place.assert_sound();
}

#[tokio::test]
async fn caller_that_goes_away_leaves_no_open_call() {
    let place = Place::new();
    let ledger = place.start();
    for _ in 0..20 {
        let ledger = ledger.clone();
        let asked = tokio::spawn(async move { ledger.open(intent("{}")).await.map(|opened| opened.place()) });
        tokio::task::yield_now().await;
        asked.abort();
        drop(asked.await);
    }
    ledger.retry().await.unwrap();
    ledger.retry().await.unwrap();
    let beat = ledger.heartbeat().await.unwrap();
    let leaves = place.leaves();
    let detail =
        leaves[usize::try_from(beat.place.sequence()).unwrap()].detail.as_ref().unwrap().as_str().to_owned();
    assert_eq!(detail, r#"{"open":0}"#);
    ledger.stop().await.unwrap();
    place.assert_sound();
}

#[tokio::test]
async fn checkpoints_grow_and_agree() {
    let place = Place::new();
    let ledger = place.start();
    let first = ledger.publish().await.unwrap();
    assert_eq!(ledger.publish().await.unwrap(), first);
    let opened = ledger.open(intent("{}")).await.unwrap();
    let second = ledger.publish().await.unwrap();
    assert_ne!(second, first);
    assert!(second.starts_with("test/audit/1\n6\n"), "{second}");
    assert_eq!(ledger.health().published, 6);
    ledger.close(opened, outcome("{}")).await.unwrap();
    ledger.stop().await.unwrap();
    let anchor = std::fs::read_to_string(place.path().join("keys/checkpoint")).unwrap();
    assert!(anchor.starts_with("test/audit/1\n8\n"), "{anchor}");
    place.assert_sound();
}

#[tokio::test]
async fn what_commands_ask_for_is_recorded_once_and_what_others_ask_for_never() {
    use countersign::ledger::sealed_notice;
    use countersign::store::{Access, Db, notice};
    let place = Place::new();
    let ledger = place.start();
    let (beside, seal) = (Db::open_sqlite(place.path(), Access::Beside).unwrap(), place.seal());
    let viewed = EventType::RecordingViewed;
    let asked = |id: u8, event| sealed_notice(&seal, [id; 16], 1, event, r#"{"uid":7}"#.to_owned());
    let (ours, other) = (asked(1, viewed), asked(2, EventType::CallOutcome));
    let altered = notice::Notice { detail: r#"{"uid":0}"#.to_owned(), ..asked(3, viewed) };
    let moved = notice::Notice { id: [4; 16], ..asked(5, viewed) };
    let unsealed = notice::Notice { id: [6; 16], seal: None, ..ours.clone() };
    for row in [&ours, &other, &altered, &moved, &unsealed] {
        beside.write_now("ask", |tx| notice::insert(tx, row)).unwrap();
    }
    ledger.collect().await.unwrap();
    ledger.collect().await.unwrap();
    let worries = ledger.health().worries;
    assert!(worries.len() == 1 && worries[0].starts_with("4 rows in `notice`"), "{worries:?}");
    // Nor is it recorded again when its row is made to wait.
    place.intruder().execute("UPDATE notice SET noted = NULL", []).unwrap();
    place.intruder().execute("DELETE FROM notice WHERE refused IS NOT NULL", []).unwrap();
    ledger.collect().await.unwrap();
    assert!(ledger.health().worries.is_empty());
    ledger.stop().await.unwrap();
    assert_eq!(place.events()[5..], ["recording.viewed", "gateway.stopped"]);
    place.assert_sound();
}

#[tokio::test]
async fn columns_that_are_not_what_the_leaf_says_are_named_until_they_are_again() {
    use countersign::ledger::{Look, altered};
    let place = Place::new();
    let ledger = place.start();
    let (mut look, mut opened) = (Look::default(), ledger.open(intent("{}")).await.unwrap());
    for _ in 0..3 {
        ledger.close(opened, outcome("{}")).await.unwrap();
        opened = ledger.open(intent("{}")).await.unwrap();
    }
    ledger.close(opened, outcome("{}")).await.unwrap();
    ledger.sequence().await.unwrap();
    ledger.look_at_columns(&mut look).await.unwrap();
    assert!(ledger.health().worries.is_empty());
    let intruder = place.intruder();
    let first = |event: &str| place.events().iter().position(|found| *found == event).unwrap();
    let (began, ended) = (first("call.intent"), first("call.outcome"));
    let found = |what: &str| -> i64 {
        intruder.query_row(&format!("SELECT count(*) FROM entry WHERE {what}"), [], |row| row.get(0)).unwrap()
    };
    let intents = found("type = 'call.intent'");
    intruder
        .execute_batch(&format!(
            "DROP TRIGGER entry_no_update; UPDATE entry SET type = 'log.heartbeat', call = NULL, actor = NULL WHERE place = {began}; \
             UPDATE entry SET result = 'tool_error' WHERE place = {ended};"
        ))
        .unwrap();
    assert_eq!(found("type = 'call.intent'"), intents - 1, "nobody finds it");
    ledger.look_at_columns(&mut look).await.unwrap();
    let worries = ledger.health().worries;
    let named = format!("2 leaves are found are not what the leaves say, leaf {began} first");
    assert!(worries.len() == 1 && worries[0].contains(&named), "{worries:?}");
    let size = place.size();
    let all = place.reader().read_now("columns", |read| altered(read, 0, size)).unwrap();
    assert_eq!(all, [began as u64, ended as u64]);
    intruder
        .execute_batch(&format!(
            "UPDATE entry SET type = 'call.intent', call = (SELECT call FROM entry WHERE place = {ended}), \
             actor = (SELECT actor FROM entry AS other WHERE other.type = 'call.intent' AND actor IS NOT NULL LIMIT 1) \
             WHERE place = {began}; \
             UPDATE entry SET result = 'ok' WHERE place = {ended};"
        ))
        .unwrap();
    ledger.look_at_columns(&mut look).await.unwrap();
    assert!(ledger.health().worries.is_empty(), "{:?}", ledger.health().worries);
    ledger.stop().await.unwrap();
    place.assert_sound();
}
