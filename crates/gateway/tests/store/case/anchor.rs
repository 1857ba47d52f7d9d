//! What stands outside: timestamps of checkpoints, and how far each place has come.

use countersign::store::anchor::{self, Reached};
use countersign::store::epoch::Epoch;
use countersign::store::stamp::{self, Stamp};
use countersign::store::{Db, ErrorKind};

use super::{read, write};

pub(super) fn timestamps_stay_with_their_checkpoint(db: &Db) {
    let one = |size: u64, authority: &str, token: &[u8]| Stamp {
        size,
        authority: authority.to_owned(),
        token: token.to_vec(),
        ts: 5,
    };
    write(db, |tx| {
        stamp::insert(tx, &one(7, "a", b"1"))?;
        stamp::insert(tx, &one(9, "a", b"2"))?;
        stamp::insert(tx, &one(9, "b", b"3"))?;
        // The first of an authority is kept.
        stamp::insert(tx, &one(9, "b", b"4"))
    });
    assert_eq!(read(db, |read| stamp::last(read, "a")), Some((9, 5)));
    assert_eq!(read(db, |read| stamp::last(read, "c")), None);
    let first = Epoch { end: Some(8), ..Epoch::FIRST };
    assert_eq!(read(db, |read| stamp::of_epoch(read, &first)), [one(7, "a", b"1")]);
    let second = Epoch { number: 2, first_lane: 1, first_index: 8, end: None };
    assert_eq!(read(db, |read| stamp::of_epoch(read, &second)), [one(9, "a", b"2"), one(9, "b", b"3")]);
    for sql in ["UPDATE stamp SET ts = 1", "DELETE FROM stamp"] {
        let refused = db.write_now("change", |tx| tx.execute(sql, &[])).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Constraint, "{sql}: {refused}");
    }
}

pub(super) fn places_outside_say_how_far_they_have_come(db: &Db) {
    let reached = |name: &str, size, held: Option<&str>| Reached {
        name: name.to_owned(),
        size,
        ts: 3,
        held: held.map(str::to_owned),
        held_until: held.map(|_| 99),
        seal: [4; 32],
    };
    assert_eq!(read(db, anchor::all), []);
    for next in [reached("b", 1, None), reached("a", 2, None), reached("b", 3, Some("COMPLIANCE"))] {
        write(db, |tx| anchor::reach(tx, &next));
    }
    assert_eq!(read(db, anchor::all), [reached("a", 2, None), reached("b", 3, Some("COMPLIANCE"))]);
}
