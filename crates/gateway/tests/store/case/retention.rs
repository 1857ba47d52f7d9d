//! Bodies that become due, and the holds that keep them.

use countersign::store::entry::{Addition, Place};
use countersign::store::retention::{self, Cursor, Mark};
use countersign::store::{Db, context, data_key, payload};

use super::{add, data_key_of, leaf, read, seal, write};

pub(crate) fn due_bodies_are_found_in_order_and_erased_with_their_day(db: &Db) {
    let call = [9; 16];
    let intent = Addition { call: Some(&call), server: Some("orders"), ..leaf(0, 0, "call.intent", 5) };
    let outcome = Addition { call: Some(&call), ..leaf(0, 1, "call.outcome", 6) };
    let other = leaf(1, 0, "tools.changed", 7);
    add(db, &[intent, outcome, other]);
    let places = [Place::new(0, 0), Place::new(0, 1), Place::new(1, 0)];
    write(db, |tx| {
        for (place, day) in places.into_iter().zip([20, 21, 20]) {
            payload::insert(tx, &[payload::Sealed { place, day, sealed: b"sealed" }])?;
        }
        for day in 20..23 {
            data_key::settle(tx, day, b"wrapped")?;
        }
        let sealed = context::Sealed { commitment: &[7; 32], actor: "a", day: 20, ts: 1, sealed: b"s" };
        context::insert(tx, &sealed)
    });

    let found = |day, after, limit| read(db, |read| retention::bodies(read, day, after, limit));
    let first = found(20, Cursor::start(), 10);
    assert_eq!(first.iter().map(|body| body.at.place()).collect::<Vec<_>>(), [places[0], places[2]]);
    assert_eq!(first[0].leaf, intent.leaf);
    let rest = found(21, first[0].at, 1);
    assert_eq!(rest.iter().map(|body| body.at.place()).collect::<Vec<_>>(), [places[2]]);
    assert_eq!(found(21, rest[0].at, 10).len(), 1);
    let behind = found(21, Cursor::after_day(20), 10);
    assert_eq!(behind.iter().map(|body| body.at.place()).collect::<Vec<_>>(), [places[1]]);
    assert_eq!(read(db, |read| retention::beginnings(read, &call, 2)), [(places[0], intent.leaf.to_vec())]);
    assert_eq!(read(db, |read| retention::between(read, places[0], places[1])), places[..2]);

    write(db, |tx| {
        assert_eq!(retention::erase(tx, places[0], places[1])?, 2);
        assert_eq!(retention::beside(tx, 20)?, (1, 0));
        assert_eq!(retention::erase_keys(tx, 20)?, 0, "something is still sealed with it");
        assert_eq!(retention::erase_beside(tx, 20)?, (1, 0));
        retention::erase(tx, places[2], places[2])?;
        assert_eq!(retention::erase_keys(tx, 21)?, 2);
        Ok(())
    });
    assert_eq!(
        (20..23).map(|day| read(db, data_key_of(day)).is_some()).collect::<Vec<_>>(),
        [false, false, true]
    );
}

pub(crate) fn erased_place_leads_to_the_nearest_range_around_it(db: &Db) {
    let place = |sequence| Place::new(0, sequence);
    let (seal, other) = (seal(1), seal(2));
    let leaf_at = |at: Place| Addition { place: at, leaf: b"says", ..leaf(0, 0, "retention.deleted", 1) };
    add(db, &[leaf_at(place(20)), leaf_at(place(21)), leaf_at(Place::new(1, 20))]);
    write(db, |tx| {
        // What lies within a later range went before.
        retention::note(tx, &seal, &[(place(4), place(6)), (place(9), place(9))], (place(20), b"says"))?;
        retention::note(tx, &seal, &[(place(2), place(8))], (place(21), b"says"))?;
        let lane = [(Place::new(1, 0), Place::new(1, 9))];
        retention::note(tx, &seal, &lane, (Place::new(1, 20), b"says"))?;
        // Of somebody else; of a leaf that says something else; both nearer.
        retention::note(tx, &other, &[(place(5), place(6))], (place(20), b"says"))?;
        retention::note(tx, &seal, &[(place(5), place(7))], (place(21), b"said"))
    });
    let noted = |place, limit| {
        let found = read(db, |read| retention::noted(read, &seal, place, limit));
        found.into_iter().map(|(place, _)| place).collect::<Vec<_>>()
    };
    let found = |place| noted(place, 8);
    assert_eq!((found(place(5)), found(place(7))), (vec![place(20), place(21)], vec![place(21)]));
    assert_eq!((found(place(1)), found(place(10))), (Vec::new(), Vec::new()));
    assert_eq!(found(Place::new(1, 5)), [Place::new(1, 20)]);
    assert_eq!(noted(place(5), 1), [place(20)]);
}

pub(crate) fn marks_say_how_far_a_rule_has_gone(db: &Db) {
    let mark = Mark { rules: [1; 32], holds: 2, day: 20 };
    let (further, other) = (Mark { day: 21, ..mark }, Mark { rules: [2; 32], ..mark });
    write(db, |tx| retention::set_mark(tx, 90, &mark));
    write(db, |tx| retention::set_mark(tx, 400, &mark));
    write(db, |tx| retention::set_mark(tx, 90, &further));
    let found = |days| read(db, |read| retention::mark(read, days));
    assert_eq!((found(90), found(400), found(30)), (Some(further), Some(mark), None));
    write(db, |tx| retention::set_mark(tx, 90, &other));
    assert_eq!((found(90), found(400)), (Some(other), None));
}
