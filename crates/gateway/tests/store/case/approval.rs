//! Approvals: each step is taken by one of those who want it, on both engines.

use std::sync::Arc;

use countersign::store::approval::{self, Approval, Listed, Sealed, State, Which};
use countersign::store::approval_vote::{self, Reservation, Vote, Word};
use countersign::store::delivery::{self, Delivery};
use countersign::store::{Db, Error, Read, Tx, held_task};

const HOUR: i64 = 3_600_000_000;

fn write<T>(db: &Db, f: impl FnMut(&mut Tx<'_>) -> Result<T, Error>) -> T {
    db.write_now("case", f).unwrap()
}

fn sealed() -> Sealed {
    Sealed { day: 1, commitment: [7; 32], record: vec![1, 2, 3] }
}

fn new(id: u8, likeness: u8, quorum: i64) -> Approval {
    Approval {
        id: [id; 16],
        likeness: [likeness; 32],
        binding: [2; 32],
        state: State::Opening,
        call: [3; 16],
        asker: [4; 32],
        server: "up".to_owned(),
        policy_set: [5; 32],
        definition: Some([6; 32]),
        quorum,
        requested: i64::from(id),
        decide_by: HOUR,
        use_by: None,
        request_leaf: None,
        grant_leaf: None,
        ended: None,
        reason: None,
        sealed: sealed(),
    }
}

fn vote(voter: u8, verdict: Word) -> Vote {
    Vote { voter: [voter; 32], verdict, ts: i64::from(voter), leaf: None, sealed: sealed() }
}

/// A pending approval.
fn pending(db: &Db, id: u8, quorum: i64) {
    assert!(write(db, |tx| approval::insert(tx, &new(id, id, quorum))));
    assert!(write(db, |tx| approval::pend(tx, &[id; 16], &[8; 32])));
}

fn say(db: &Db, id: u8, voter: u8, verdict: Word) -> Reservation {
    write(db, |tx| approval_vote::reserve(tx, &[id; 16], &vote(voter, verdict)))
}

fn settle(db: &Db, id: u8, voter: u8, verdict: Word) -> State {
    write(db, |tx| approval_vote::settle(tx, &[id; 16], &vote(voter, verdict), &[voter; 32], HOUR))
}

fn state(db: &Db, id: u8) -> Option<State> {
    db.read_now("case", |read| approval::state(read, &[id; 16])).unwrap()
}

pub(super) fn of_equal_calls_one_approval_lives(db: &Db) {
    pending(db, 1, 1);
    assert!(!write(db, |tx| approval::insert(tx, &new(2, 1, 1))), "the same call is there already");
    let live = db.read_now("case", |read| approval::find_live(read, &[1; 32])).unwrap().unwrap();
    assert_eq!((live.id, live.state, live.request_leaf), ([1; 16], State::Pending, Some([8; 32])));
    assert!(write(db, |tx| approval::expire(tx, &[1; 16], State::Pending, "withdrawn", 9)));
    assert!(write(db, |tx| approval::insert(tx, &new(2, 1, 1))), "the earlier one lives no more");
    write(db, |tx| approval::discard(tx, &[2; 16]));
    assert_eq!(state(db, 2), None);
    write(db, |tx| approval::discard(tx, &[1; 16]));
    assert_eq!(state(db, 1), Some(State::Expired), "only what is not on record is taken back");
    let count = |asker: u8| db.read_now("case", |read| approval::count_live(read, &[asker; 32], 10)).unwrap();
    assert_eq!(count(4), (0, 0));
    pending(db, 3, 1);
    assert_eq!((count(4), count(5)), ((1, 1), (1, 0)));
    let listed = |which| db.read_now("case", |read| approval::list(read, which, None, 10)).unwrap().0.len();
    assert_eq!((listed(Which::Live), listed(Which::Every)), (1, 2));
}

pub(super) fn approvals_of_one_instant_are_each_on_one_page(db: &Db) {
    for id in 1..=5 {
        pending(db, id, 1);
    }
    // One that no gateway wrote stands among them, and is where a page ends.
    write(db, |tx| tx.execute("UPDATE approval SET requested = 1", &[]));
    write(db, |tx| {
        tx.execute("UPDATE approval SET id = $1 WHERE id = $2", &[(&[4; 2]).into(), (&[4; 16]).into()])
    });
    let (mut after, mut seen) = (None, Vec::new());
    for _ in 0..4 {
        let read = |read: &mut Read<'_>| approval::list(read, Which::Every, after.as_ref(), 2);
        let (rows, next) = db.read_now("case", read).unwrap();
        seen.extend(rows.into_iter().map(|row| match row {
            Listed::Whole(row) => row.id[0],
            Listed::Ruined(_) => 0,
        }));
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [5, 0, 3, 2, 1]);
}

pub(super) fn row_that_no_gateway_wrote_keeps_no_other_from_ending(db: &Db) {
    pending(db, 1, 1);
    pending(db, 2, 1);
    write(db, |tx| {
        tx.execute("UPDATE approval SET binding = $1 WHERE id = $2", &[(&[1; 2]).into(), (&[1; 16]).into()])
    });
    let overdue = db.read_now("case", |read| approval::overdue(read, i64::MAX, 10)).unwrap();
    assert_eq!(overdue.iter().map(|row| row.id).collect::<Vec<_>>(), [[2; 16]]);
    let first = db.read_now("case", |read| approval::overdue(read, i64::MAX, 1)).unwrap();
    assert_eq!(first, overdue, "nor does it take the place of one");
    assert_eq!(db.read_now("case", |read| approval::live(read, 1)).unwrap(), overdue);
    assert_eq!(db.read_now("case", approval::ruined).unwrap(), 1);
}

pub(super) fn quorum_counts_people_whose_leaf_is_there(db: &Db) {
    pending(db, 1, 2);
    assert_eq!(say(db, 1, 1, Word::Approve), Reservation::Made);
    assert_eq!(settle(db, 1, 1, Word::Approve), State::Pending);
    assert_eq!(say(db, 1, 1, Word::Approve), Reservation::Again);
    assert_eq!(say(db, 1, 2, Word::Approve), Reservation::Made);
    assert_eq!(state(db, 1), Some(State::Pending), "a vote counts once it is on record");
    assert_eq!(settle(db, 1, 2, Word::Approve), State::Approved);
    let approved = db.read_now("case", |read| approval::find(read, &[1; 16])).unwrap().unwrap();
    assert_eq!((approved.grant_leaf, approved.use_by), (Some([2; 32]), Some(HOUR)));
    assert_eq!(say(db, 1, 3, Word::Approve), Reservation::Closed(State::Approved));
    // Whoever agreed may still say no.
    assert_eq!(say(db, 1, 1, Word::Reject), Reservation::Made);
    assert_eq!(settle(db, 1, 1, Word::Reject), State::Rejected);
    assert_eq!(say(db, 9, 1, Word::Reject), Reservation::Unknown);
    let votes = db.read_now("case", |read| approval_vote::of(read, &[1; 16])).unwrap();
    assert_eq!(votes.len(), 3);
}

pub(super) fn approval_is_spent_once(db: &Db) {
    pending(db, 1, 1);
    assert!(!write(db, |tx| approval::spend(tx, &[1; 16], &[1; 16], 1)), "nobody agreed yet");
    assert_eq!(say(db, 1, 1, Word::Approve), Reservation::Made);
    assert_eq!(settle(db, 1, 1, Word::Approve), State::Approved);
    assert!(!write(db, |tx| approval::spend(tx, &[1; 16], &[1; 16], HOUR)), "too late");
    let db = Arc::new(db.clone());
    let threads: Vec<_> = (0..8)
        .map(|call| {
            let db = Arc::clone(&db);
            std::thread::spawn(move || write(&db, |tx| approval::spend(tx, &[1; 16], &[call; 16], 1)))
        })
        .collect();
    let spent = threads.into_iter().map(|thread| thread.join().unwrap());
    assert_eq!(spent.filter(|spent| *spent).count(), 1);
    assert_eq!(state(&db, 1), Some(State::Used));
    assert_eq!(say(&db, 1, 1, Word::Reject), Reservation::Closed(State::Used));
}

pub(super) fn vote_under_way_holds_everything_back(db: &Db) {
    pending(db, 1, 1);
    assert_eq!(say(db, 1, 1, Word::Approve), Reservation::Made);
    assert_eq!(say(db, 1, 2, Word::Reject), Reservation::Busy);
    assert!(!write(db, |tx| approval::expire(tx, &[1; 16], State::Pending, "withdrawn", 9)));
    let abandoned = |ts| db.read_now("case", |read| approval_vote::abandoned(read, ts, 10)).unwrap();
    assert_eq!((abandoned(1).len(), abandoned(2)), (0, vec![([1; 16], vote(1, Word::Approve))]));
    write(db, |tx| approval_vote::withdraw(tx, &[1; 16], &[1; 32]));
    assert_eq!(say(db, 1, 2, Word::Reject), Reservation::Made);
    assert_eq!(settle(db, 1, 2, Word::Reject), State::Rejected);
}

pub(super) fn overdue_approvals_are_found_and_noted(db: &Db) {
    pending(db, 1, 1);
    pending(db, 2, 1);
    assert_eq!(say(db, 2, 1, Word::Approve), Reservation::Made);
    assert_eq!(settle(db, 2, 1, Word::Approve), State::Approved);
    let overdue = |now| db.read_now("case", |read| approval::overdue(read, now, 10)).unwrap().len();
    assert_eq!((overdue(HOUR - 1), overdue(HOUR)), (0, 2));
    assert!(write(db, |tx| approval::expire(tx, &[1; 16], State::Pending, "not_decided_in_time", 5)));
    assert!(!write(db, |tx| approval::expire(tx, &[2; 16], State::Pending, "not_decided_in_time", 5)));
    let unnoted = |ts| db.read_now("case", |read| approval::unnoted(read, ts, 10)).unwrap();
    assert_eq!((unnoted(5).len(), unnoted(6).len()), (0, 1));
    assert_eq!(unnoted(6)[0].reason.as_deref(), Some("not_decided_in_time"));
    write(db, |tx| approval::note(tx, &[1; 16], 7));
    assert!(unnoted(6).is_empty());
    assert_eq!(say(db, 2, 5, Word::Reject), Reservation::Made);
    write(db, |tx| approval::discard_abandoned(tx, i64::MAX).map(drop));
    assert_eq!(state(db, 2), Some(State::Approved));
}

pub(super) fn delivery_is_tried_by_one_and_given_up_in_the_end(db: &Db) {
    let new = |id: u8, due: i64| Delivery {
        id: [id; 16],
        sink: "pager".to_owned(),
        approval: [1; 16],
        event: "approval.requested".to_owned(),
        ts: 1,
        attempts: 0,
        due,
        done: None,
        dead: None,
        fault: None,
    };
    write(db, |tx| delivery::insert(tx, &[new(1, 5), new(2, 9)]));
    let due = |now| db.read_now("case", |read| delivery::due(read, now, 10)).unwrap();
    assert_eq!((due(4).len(), due(5), due(9).len()), (0, vec![new(1, 5)], 2));
    assert!(write(db, |tx| delivery::claim(tx, &new(1, 5), 20)));
    assert!(!write(db, |tx| delivery::claim(tx, &new(1, 5), 20)), "somebody else tries it");
    assert_eq!(due(9).len(), 1);
    write(db, |tx| delivery::postpone(tx, &[1; 16], 30, "it answered 500"));
    assert_eq!(due(30).iter().map(|delivery| delivery.attempts).max(), Some(1));
    write(db, |tx| delivery::finish(tx, &[2; 16], 31));
    write(db, |tx| delivery::bury(tx, &[1; 16], 32, "it answered 500"));
    let outstanding = db.read_now("case", |read| delivery::outstanding(read, 10)).unwrap();
    assert_eq!((outstanding.len(), outstanding[0].dead, due(99).len()), (1, Some(32), 0));
    assert_eq!(write(db, |tx| delivery::forget(tx, 2)), 2);
}

pub(super) fn held_task_is_run_by_one_until_it_is_silent(db: &Db) {
    let id = [41; 16];
    let claim = |now, stale| write(db, |tx| held_task::claim(tx, &id, now, stale));
    let find = || db.read_now("case", |read| held_task::find(read, &id)).unwrap();
    assert_eq!(find(), None);
    assert!(claim(100, 0));
    assert!(!claim(110, 50), "somebody runs it");
    write(db, |tx| held_task::stay(tx, &id, 120));
    assert!(!claim(130, 120), "and said so");
    assert!(claim(200, 150), "silent for too long");
    write(db, |tx| held_task::end(tx, &id, 210, &sealed()));
    write(db, |tx| held_task::end(tx, &id, 220, &Sealed { day: 2, ..sealed() }));
    let found = find().expect("it ran");
    assert_eq!((found.ended, found.answer), (Some(210), Some(sealed())), "the first answer stays");
    assert!(!claim(400, 300), "it is over");
    assert_eq!(write(db, |tx| held_task::forget(tx, 210)), 0);
    assert_eq!(write(db, |tx| held_task::forget(tx, 211)), 1);
    assert_eq!(find(), None);
}
