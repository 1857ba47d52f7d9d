//! Passkeys and published policies: of use in one order only, on both engines.

use countersign::store::approval::Sealed;
use countersign::store::approval_vote::{self, Vote, Word};
use countersign::store::passkey::{self, Addition, Passkey, Removal};
use countersign::store::publication::{self, Proposal, Publication};
use countersign::store::{Db, Error, Tx};

fn write<T>(db: &Db, f: impl FnMut(&mut Tx<'_>) -> Result<T, Error>) -> T {
    db.write_now("case", f).unwrap()
}

fn sealed() -> Sealed {
    Sealed { day: 1, commitment: [7; 32], record: vec![1, 2, 3] }
}

fn new(id: u8, person: u8, created: i64) -> Passkey {
    Passkey {
        id: vec![id; 20],
        person: [person; 32],
        key: vec![4, 5],
        rp_id: "example.com".to_owned(),
        origin: "https://example.com".to_owned(),
        counter: 3,
        created,
        used: None,
        sealed: vec![9],
    }
}

pub(crate) fn what_people_sign_and_propose_counts_once(db: &Db) {
    passkey_is_of_use_from_its_leaf_to_its_removal(db);
    authenticator_that_does_not_count_signs_again(db);
    proposal_is_taken_by_one_and_published_after_the_last(db);
}

fn passkey_is_of_use_from_its_leaf_to_its_removal(db: &Db) {
    let (id, person) = ([1; 20], [1; 32]);
    let there = || db.read_now("case", |read| passkey::find(read, &person, &id)).unwrap();
    assert_eq!(write(db, |tx| passkey::insert(tx, &new(1, 1, 10), 2, 7)), Addition::Made);
    assert_eq!(there(), None, "not on record yet");
    assert!(!write(db, |tx| passkey::advance(tx, &person, &id, 4, 11)));
    write(db, |tx| passkey::note(tx, &id, 11));
    assert_eq!(there(), Some(new(1, 1, 10)));
    assert_eq!(write(db, |tx| passkey::insert(tx, &new(1, 2, 12), 2, 7)), Addition::Taken);
    assert_eq!(write(db, |tx| passkey::insert(tx, &new(2, 1, 12), 2, 7)), Addition::Made);
    assert_eq!(write(db, |tx| passkey::insert(tx, &new(3, 1, 13), 2, 7)), Addition::Full);
    // A process died between the row and the leaf: its row makes room, once no leaf of it can come any more.
    write(db, |tx| passkey::undo(tx, 7, 12));
    assert_eq!(write(db, |tx| passkey::insert(tx, &new(3, 1, 30), 2, 7)), Addition::Full);
    write(db, |tx| passkey::undo(tx, 7, 20));
    assert_eq!(write(db, |tx| passkey::insert(tx, &new(3, 1, 30), 2, 7)), Addition::Made);

    // Nobody else's, and a counter that grows.
    assert!(!write(db, |tx| passkey::advance(tx, &[2; 32], &id, 4, 12)));
    assert!(!write(db, |tx| passkey::advance(tx, &person, &id, 3, 12)));
    assert!(write(db, |tx| passkey::advance(tx, &person, &id, 4, 12)));
    assert!(!write(db, |tx| passkey::advance(tx, &person, &id, 0, 13)));
    assert_eq!(there().map(|row| (row.counter, row.used)), Some((4, Some(12))));

    // A word that it may have signed is under way.
    write(db, |tx| {
        tx.execute(
            "INSERT INTO approval_vote (approval, voter, verdict, ts, day, commitment, sealed) \
             VALUES ($1, $2, 'approve', 1, 1, $2, $2)",
            &[(&[8; 16]).into(), (&person).into()],
        )
    });
    assert_eq!(write(db, |tx| passkey::remove(tx, &person, &id, 14, 7)), Removal::Busy);
    assert!(there().is_some());
    let vote = Vote { voter: person, verdict: Word::Approve, ts: 1, leaf: None, sealed: sealed() };
    write(db, |tx| approval_vote::withdraw(tx, &[8; 16], &vote.voter));
    assert_eq!(write(db, |tx| passkey::remove(tx, &[2; 32], &id, 14, 7)), Removal::Unknown);
    assert_eq!(write(db, |tx| passkey::remove(tx, &person, &id, 14, 7)), Removal::Begun);
    assert_eq!(there(), None);
    assert_eq!(write(db, |tx| passkey::remove(tx, &person, &id, 15, 7)), Removal::Unknown);
    write(db, |tx| passkey::undo(tx, 7, 15));
    assert!(there().is_some());
    write(db, |tx| passkey::delete(tx, &id));
    assert_eq!(write(db, |tx| passkey::insert(tx, &new(1, 2, 31), 2, 7)), Addition::Made);
}

fn authenticator_that_does_not_count_signs_again(db: &Db) {
    let row = Passkey { counter: 0, ..new(5, 5, 10) };
    write(db, |tx| passkey::insert(tx, &row, 2, 7));
    write(db, |tx| passkey::note(tx, &row.id, 11));
    assert!(write(db, |tx| passkey::advance(tx, &row.person, &row.id, 0, 12)));
    assert!(write(db, |tx| passkey::advance(tx, &row.person, &row.id, 0, 13)));
    assert!(write(db, |tx| passkey::advance(tx, &row.person, &row.id, 1, 14)));
    assert!(!write(db, |tx| passkey::advance(tx, &row.person, &row.id, 0, 15)));
}

fn proposal_is_taken_by_one_and_published_after_the_last(db: &Db) {
    let proposal = |id: u8, created: i64| Proposal {
        id: [id; 16],
        policy_set: [id; 32],
        base: [9; 32],
        files: "[]".to_owned(),
        person: [1; 32],
        seal: [2; 32],
        created,
        sealed: sealed(),
    };
    write(db, |tx| publication::propose(tx, &proposal(1, 10)));
    write(db, |tx| publication::propose(tx, &proposal(2, 11)));
    let open = || db.read_now("case", |read| publication::open(read, 10)).unwrap();
    assert_eq!(open(), [proposal(2, 11), proposal(1, 10)]);
    let lane = |number: i64| {
        write(db, move |tx| {
            let sql = "INSERT INTO lane (number, id, key, seal, opened, open_from, pulse) VALUES ($1, $2, $2, $2, 1, 1, 1)";
            tx.execute(sql, &[number.into(), (&[200 + u8::try_from(number - 900).unwrap(); 16]).into()])
        });
    };
    lane(901);
    lane(902);
    assert!(write(db, |tx| publication::claim(tx, &[1; 16], 901)));
    assert!(db.read_now("case", |read| publication::has_claimed(read, 901)).unwrap());
    assert!(!write(db, |tx| publication::claim(tx, &[1; 16], 902)), "somebody has it");
    assert!(!write(db, |tx| publication::claim(tx, &[2; 16], 902)), "one at a time");
    write(db, |tx| tx.execute("UPDATE lane SET closed = 2 WHERE number = 901", &[]));
    assert!(write(db, |tx| publication::claim(tx, &[1; 16], 902)), "whoever had it is dead");
    write(db, |tx| publication::release(tx, 902));
    assert!(!db.read_now("case", |read| publication::has_claimed(read, 902)).unwrap());
    assert!(write(db, |tx| publication::claim(tx, &[1; 16], 902)));

    let latest = || db.read_now("case", publication::latest).unwrap();
    assert_eq!((latest(), db.read_now("case", publication::latest_number).unwrap()), (None, 0));
    let set =
        |number: i64| Publication { number, policy_set: [1; 32], files: "[]".to_owned(), seal: [2; 32] };
    assert!(write(db, |tx| publication::publish(tx, &set(1), 202)));
    assert!(!write(db, |tx| publication::publish(tx, &set(1), 203)), "another was faster");
    assert!(write(db, |tx| publication::publish(tx, &set(2), 204)));
    assert_eq!(latest(), Some(set(2)));
    write(db, |tx| publication::end(tx, &[1; 16], 205));
    assert_eq!(db.read_now("case", |read| publication::find(read, &[1; 16])).unwrap(), None);
    assert!(!write(db, |tx| publication::claim(tx, &[1; 16], 902)), "it is over");
    write(db, |tx| publication::forget(tx, 206));
    assert_eq!(open(), [], "nobody took it");
}
