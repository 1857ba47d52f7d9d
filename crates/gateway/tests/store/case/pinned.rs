//! Which definition is the pinned one.

use countersign::store::entry::{self, Addition};
use countersign::store::{Db, acceptance, definition};
use evidence::id::Id;
use evidence::jcs;
use evidence::leaf::{EventType, LanePosition, Leaf};
use evidence::merkle::Hash;
use evidence::time::Timestamp;

use super::{read, seal, write};

pub(crate) fn pinned_is_what_was_accepted_last_else_seen_first(db: &Db) {
    let first = definition::Definition {
        server: "p".into(),
        kind: "tool".into(),
        name: "t".into(),
        hash: [1; 32],
        body: b"{}".to_vec(),
        pinned: [1; 32],
        first_seen: 4,
        since: 4,
    };
    let (seal, other) = (&seal(1), &seal(2));
    let second = definition::Definition { hash: [2; 32], first_seen: 5, since: 5, ..first.clone() };
    let listed = |row: &definition::Definition| {
        db.write_now("insert", |tx| definition::insert(tx, seal, row)).unwrap();
        let found = read(db, |read| definition::of_server(read, seal, "p", 10)).0.remove(0);
        assert_eq!(read(db, |read| definition::pinned(read, seal, "p", "tool", "t")), Some(found.pinned));
        (found.pinned[0], found.pinned_since, found.current[0], found.current_since)
    };
    assert_eq!(listed(&first), (1, 4, 1, 4));
    assert_eq!(listed(&second), (1, 4, 2, 5));
    let back = definition::Definition { since: 6, ..first.clone() };
    assert_eq!(listed(&back), (1, 4, 1, 6));
    let again = definition::Definition { since: 7, ..second };
    assert_eq!(listed(&again), (1, 4, 2, 7));
    let accepted = acceptance::Acceptance {
        server: "p".into(),
        kind: "tool".into(),
        name: "t".into(),
        hash: [2; 32],
        before: [1; 32],
        reason: "looked at it".into(),
        accepted_by: "root".into(),
        ts: 8,
        noted: None,
    };
    // As somebody without the key writes: it counts for nothing, and is counted.
    write(db, |tx| {
        definition::insert(tx, other, &definition::Definition { name: "u".into(), ..first.clone() }).map(drop)
    });
    write(db, |tx| {
        acceptance::insert(tx, other, &acceptance::Acceptance { noted: Some(1), ..accepted.clone() })
    });
    assert_eq!(listed(&again), (1, 4, 2, 7), "nobody with the key accepted it");
    assert_eq!(read(db, |read| definition::of_server(read, seal, "p", 10)).1, 1);
    assert_eq!(read(db, |read| acceptance::noted(read, seal, 10)), (Vec::new(), 1));
    write(db, |tx| acceptance::insert(tx, seal, &accepted));
    assert_eq!(listed(&again), (1, 4, 2, 7), "the log does not have it yet");
    assert_eq!(read(db, |read| acceptance::unnoted(read, seal, 10)), (vec![accepted.clone()], 0));
    let stale = acceptance::Acceptance { ts: 3, ..accepted.clone() };
    write(db, |tx| acceptance::note(tx, seal, &stale, 9));
    assert!(read(db, |read| acceptance::noted(read, seal, 10)).0.is_empty(), "another one was recorded");
    write(db, |tx| acceptance::note(tx, seal, &accepted, 9));
    assert_eq!(listed(&again), (1, 4, 2, 7), "the table alone does not say so");
    assert!(!read(db, |read| acceptance::is_recorded(read, &accepted)));
    tell(db, 0, &accepted);
    assert!(read(db, |read| acceptance::is_recorded(read, &accepted)));
    assert_eq!(listed(&again), (2, 8, 2, 7));
    // The reason is sealed beside the leaf, and here no more.
    let marked = acceptance::Acceptance { reason: String::new(), noted: Some(9), ..accepted.clone() };
    assert_eq!(read(db, |read| acceptance::noted(read, seal, 10)), (vec![marked.clone()], 0));
    assert!(read(db, |read| acceptance::unnoted(read, seal, 10)).0.is_empty());
    // What a later leaf of the same name says makes it the past, also when a copy of its own leaf comes after that.
    let later = acceptance::Acceptance { hash: [1; 32], before: [2; 32], ts: 10, ..accepted.clone() };
    let other_name = acceptance::Acceptance { name: "u".into(), ..later.clone() };
    tell(db, 1, &other_name);
    assert_eq!(read(db, |read| acceptance::upheld(read, vec![marked.clone()])).len(), 1);
    tell(db, 2, &later);
    tell(db, 3, &accepted);
    assert!(read(db, |read| acceptance::upheld(read, vec![marked.clone()])).is_empty());
    assert_eq!(read(db, |read| acceptance::upheld(read, vec![later.clone(), marked])), vec![later]);
}

/// Writes the leaf about an acceptance.
fn tell(db: &Db, sequence: u64, accepted: &acceptance::Acceptance) {
    // A UUID of version 7.
    let mut id = [7; 16];
    (id[6], id[8]) = (0x70, 0x80);
    let id = Id::from_bytes(id);
    let leaf = Leaf {
        server: Some(accepted.server.clone()),
        detail: Some(jcs::Object::of(&accepted.recorded()).unwrap()),
        ..Leaf::new(
            EventType::ToolsChanged,
            id,
            Timestamp::from_micros(9).unwrap(),
            LanePosition { lane: id, seq: sequence, prev: Hash::from_bytes([u8::from(sequence > 0); 32]) },
        )
    };
    let leaf = leaf.encode().unwrap();
    let ts = 9 + sequence.cast_signed();
    let addition = super::leaf(0, sequence, EventType::ToolsChanged.as_str(), ts);
    write(db, |tx| entry::append(tx, &[Addition { leaf: &leaf, ..addition }]));
}
