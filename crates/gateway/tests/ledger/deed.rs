//! What takes effect with a leaf: there exactly when the leaf is, whoever waited too long or was cut off.

use std::time::Duration;

use countersign::ledger::{Deed, Event, EventActor, Unavailable};
use countersign::store::publication::{Proposal, Publication};
use countersign::store::{approval, publication};
use evidence::jcs;
use evidence::leaf::EventType;
use serde_json::{Value, json};

use crate::harness::Place;

/// Puts the set with this number in force.
fn published(number: u8) -> Event {
    let new = Publication {
        number: i64::from(number),
        policy_set: [number; 32],
        files: "[]".to_owned(),
        seal: [1; 32],
    };
    let detail = jcs::Object::of(&json!({ "publication": number })).ok();
    let event = Event::new(EventType::PolicyPublished, EventActor::Gateway, detail);
    Event { deed: Some(Deed::Publish(Box::new(new), [number; 16])), ..event }
}

fn proposed(number: u8) -> Event {
    let new = Proposal {
        id: [number; 16],
        policy_set: [number; 32],
        base: [0; 32],
        files: "[]".to_owned(),
        person: [1; 32],
        seal: [1; 32],
        created: 1,
        sealed: approval::Sealed { day: 1, commitment: [0; 32], record: vec![1] },
    };
    let event = Event::new(EventType::PolicyProposed, EventActor::Gateway, jcs::Object::of(&json!({})).ok());
    Event { deed: Some(Deed::Propose(Box::new(new))), ..event }
}

/// The numbers that leaves tell of, which must be those of the rows.
fn numbers(place: &Place) -> Vec<i64> {
    let told: Vec<i64> = place
        .leaves()
        .iter()
        .filter(|leaf| leaf.event == EventType::PolicyPublished)
        .filter_map(|leaf| serde_json::from_str::<Value>(leaf.detail.as_ref()?.as_str()).ok())
        .filter_map(|detail| detail["publication"].as_i64())
        .collect();
    let mut there = Vec::new();
    let intruder = place.intruder();
    let mut rows = intruder.prepare("SELECT number FROM policy_publication ORDER BY number").unwrap();
    for number in rows.query_map([], |row| row.get::<_, i64>(0)).unwrap() {
        there.push(number.unwrap());
    }
    assert_eq!(told, there, "the log and what is in force tell the same");
    told
}

#[tokio::test]
async fn leaf_and_what_it_puts_in_force_are_both_there_or_neither() {
    let place = Place::new();
    let ledger = place.start();
    ledger.note(proposed(1)).await.unwrap();
    ledger.note(published(1)).await.unwrap();
    let open = || place.reader().read_now("open", |read| publication::open(read, 9)).unwrap().len();
    assert_eq!((numbers(&place), open()), (vec![1], 0));
    // The database takes nothing: whoever waits is told so.
    let intruder = place.intruder();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = ledger.note(published(2)).await.unwrap_err();
    assert!(matches!(refused, Unavailable::Blocked(_)), "{refused}");
    intruder.execute_batch("ROLLBACK").unwrap();
    ledger.retry().await.unwrap();
    let now = numbers(&place);
    assert!(now == [1] || now == [1, 2], "{now:?}");
    // Nobody waits for the answer any more.
    let next = u8::try_from(now.len() + 1).unwrap();
    for number in next..next + 8 {
        drop(tokio::time::timeout(Duration::ZERO, ledger.note(published(number))).await);
        ledger.retry().await.unwrap();
        let there = numbers(&place);
        if !there.contains(&i64::from(number)) {
            ledger.note(published(number)).await.unwrap();
        }
    }
    assert_eq!(numbers(&place).len(), usize::from(next) + 7);
    // Somebody else's row is in the way: then there is no leaf either.
    let last = i64::from(next) + 8;
    let row = "INSERT INTO policy_publication (number, policy_set, files, seal, ts) VALUES ($1, x'00', '', x'00', 1)";
    place.intruder().execute(row, [last]).unwrap();
    assert!(ledger.note(published(next + 8)).await.is_err());
    place.intruder().execute("DELETE FROM policy_publication WHERE number = $1", [last]).unwrap();
    ledger.retry().await.unwrap();
    numbers(&place);
    ledger.stop().await.unwrap();
    place.assert_sound();
}
