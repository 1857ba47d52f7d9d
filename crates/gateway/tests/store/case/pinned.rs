//! Which definition is the pinned one.

use countersign::store::{Db, acceptance, definition};

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
    assert_eq!(listed(&again), (2, 8, 2, 7));
    // The reason is sealed beside the leaf, and here no more.
    let accepted = acceptance::Acceptance { reason: String::new(), noted: Some(9), ..accepted };
    assert_eq!(read(db, |read| acceptance::noted(read, seal, 10)), (vec![accepted], 0));
    assert!(read(db, |read| acceptance::unnoted(read, seal, 10)).0.is_empty());
}
