//! What the console keeps and looks for.

use countersign::store::entry::{self, Addition, Place};
use countersign::store::epoch::Epoch;
use countersign::store::minute::{self, Counts};
use countersign::store::sign_in::{self, SignIn};
use countersign::store::word::{self, Word};
use countersign::store::{Db, call, mcp_session, session, session_end, tile};

use super::{add, read, write};

fn begin<'a>(
    sequence: u64,
    call: &'a [u8; 16],
    actor: &'a str,
    tool: &'a str,
    denied: Option<&'a str>,
) -> Addition<'a> {
    Addition {
        place: Place::new(1, sequence),
        event: if denied.is_some() { "call.denied" } else { "call.intent" },
        ts: sequence.cast_signed(),
        call: Some(call),
        session: Some(&[7; 16]),
        actor: Some(actor),
        server: Some("up"),
        method: Some("tools/call"),
        target: Some(tool),
        result: denied.or(Some("allow")),
        leaf: b"{}",
    }
}

pub(super) fn calls_are_found_by_one_index_and_held_against_the_rest(db: &Db) {
    let ids: Vec<[u8; 16]> = (0..6).map(|id| [id; 16]).collect();
    let end = Addition {
        event: "call.outcome",
        call: Some(&ids[0]),
        session: None,
        actor: None,
        server: None,
        method: None,
        target: None,
        result: Some("timeout"),
        ..begin(6, &ids[0], "a", "t", None)
    };
    add(
        db,
        &[
            begin(0, &ids[0], "a", "t", None),
            begin(1, &ids[1], "a", "u", None),
            begin(2, &ids[2], "b", "t", Some("denied_by_policy")),
            begin(3, &ids[3], "a", "t", None),
            begin(4, &ids[4], "a", "t", None),
            begin(5, &ids[5], "b", "u", None),
            end,
            // People agreed to the last one: it is still one call, and nobody refused it.
            Addition { event: "approval.requested", result: None, ..begin(7, &ids[5], "b", "u", None) },
            Addition { event: "approval.used", result: None, ..begin(8, &ids[5], "b", "u", None) },
        ],
    );
    write(db, |tx| session::begin(tx, &[7; 16], 0, "a"));
    let find = |wanted: &call::Wanted, limit, looks| {
        let found = read(db, |read| call::page(read, wanted, limit, looks));
        (found.heads.iter().map(|head| head.call[0]).collect::<Vec<_>>(), found.next)
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(find(&call::Wanted::default(), 100, 100), (vec![5, 4, 3, 2, 1, 0], None));
    let both = call::Wanted { actor: text("a"), target: text("t"), ..call::Wanted::default() };
    assert_eq!(find(&both, 100, 100).0, [4, 3, 0]);
    let (page, next) = find(&both, 2, 100);
    assert_eq!(page, [4, 3]);
    assert_eq!(find(&call::Wanted { before: next, ..both.clone() }, 2, 100), (vec![0], None));
    // A look that is too short says how far it came.
    let (page, next) = find(&both, 100, 2);
    assert_eq!((page, next), (vec![4, 3], Some((3, Place::new(1, 3)))));
    let denied = call::Wanted { effect: text("deny"), ..call::Wanted::default() };
    assert_eq!(find(&denied, 100, 100).0, [2]);
    let late = call::Wanted { status: text("timeout"), ..call::Wanted::default() };
    assert_eq!(find(&late, 100, 100).0, [0]);
    let around =
        call::Wanted { from: Some(1), until: Some(4), server: text("up"), ..call::Wanted::default() };
    assert_eq!(find(&around, 100, 100).0, [3, 2, 1]);

    let calls = read(db, |read| session::calls(read, &[7; 16], None, 4));
    assert_eq!(calls.iter().map(|(ts, ..)| *ts).collect::<Vec<_>>(), [0, 1, 2, 3]);
    let after = calls.last().map(|(ts, place, _)| (*ts, *place));
    assert_eq!(read(db, |read| session::calls(read, &[7; 16], after, 4)).len(), 2);
    let found = read(db, |read| session::of(read, &[[7; 16]])).pop().expect("a session");
    assert_eq!((found.last_ts, found.last_leaf), (5, Some(b"{}".to_vec())));
    assert_eq!((found.calls, found.denied), (6, 1));
    assert_eq!(read(db, |read| entry::calls_since(read, 3, 9)), (5, 2));
}

pub(super) fn sessions_of_one_moment_are_each_on_one_page(db: &Db) {
    for id in 0..5 {
        // Ids in no order, two moments.
        write(db, |tx| session::begin(tx, &[(id * 7 + 3) % 5; 16], i64::from(id / 4), "a"));
    }
    for actor in [None, Some("a".to_owned())] {
        let (mut filter, mut seen) = (session::Filter { actor, ..session::Filter::default() }, Vec::new());
        loop {
            let page = read(db, |read| session::page(read, &filter, 2));
            seen.extend(page.iter().map(|session| (session.ts, session.id[0])));
            let Some(last) = page.last() else { break };
            filter.before = Some((last.ts, last.id));
        }
        assert_eq!(seen, [(1, 1), (0, 4), (0, 3), (0, 2), (0, 0)]);
    }
}

pub(super) fn session_that_is_ended_stays_so(db: &Db) {
    let row = mcp_session::McpSession { binding: [1; 32], session: [7; 16], ts: 1, ended: None };
    let other = mcp_session::McpSession { session: [8; 16], ..row.clone() };
    write(db, |tx| mcp_session::bind(tx, "s", &[1; 32], &row).map(drop));
    write(db, |tx| mcp_session::bind(tx, "s", &[2; 32], &other).map(drop));
    for ts in [5, 6] {
        write(db, |tx| session_end::insert(tx, &[7; 16], ts));
    }
    assert_eq!(read(db, |read| session_end::find(read, &[7; 16])), Some(5));
    assert_eq!(
        (read(db, session_end::count), read(db, |read| session_end::all(read, 9))),
        (1, vec![[7; 16]])
    );
    let ended = |id: u8| read(db, |read| mcp_session::find(read, "s", &[id; 32])).expect("bound").ended;
    assert_eq!((ended(1), ended(2)), (Some(5), None));
    let undone = db.write_now("undo", |tx| tx.execute("DELETE FROM session_end", &[]));
    assert!(!db.is_shared() || undone.is_err(), "rows are only added");
}

pub(super) fn words_lead_to_calls_and_the_log_is_followed_once(db: &Db) {
    let ids: Vec<[u8; 16]> = (0..3).map(|id| [id; 16]).collect();
    add(
        db,
        &[
            begin(0, &ids[0], "a", "t", None),
            begin(1, &ids[1], "a", "t", None),
            begin(2, &ids[2], "b", "t", None),
        ],
    );
    let words: Vec<_> = [("orders", 0), ("orders", 2), ("paint", 1)]
        .map(|(word, at)| Word { word: word.to_owned(), ts: at, place: Place::new(1, at.cast_unsigned()) })
        .into_iter()
        .collect();
    for _ in 0..2 {
        write(db, |tx| word::insert(tx, &words));
    }
    let find = |word: &str, actor: Option<&str>| {
        let wanted = call::Wanted {
            word: Some(word.to_owned()),
            actor: actor.map(str::to_owned),
            ..call::Wanted::default()
        };
        let found = read(db, |read| call::page(read, &wanted, 10, 10));
        found.heads.iter().map(|head| head.call[0]).collect::<Vec<_>>()
    };
    assert_eq!(find("orders", None), [2, 0]);
    assert_eq!(find("orders", Some("a")), [0]);
    assert_eq!(find("order", None), [0; 0]);
    let follow = |from, to| db.write_now("follow", |tx| word::follow(tx, from, to)).expect("written");
    assert!(follow(0, 3) && !follow(0, 3) && follow(3, 5) && !follow(3, 6));
    assert_eq!(read(db, word::followed), 5);
}

pub(super) fn counts_add_up_and_tiles_are_kept(db: &Db) {
    let counts: Counts = [((1, "calls".to_owned()), 2), ((2, "t7".to_owned()), 1)].into_iter().collect();
    for _ in 0..2 {
        write(db, |tx| minute::add(tx, &counts));
    }
    let found = read(db, |read| minute::between(read, 1, 2, 10));
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [((1, "calls".to_owned()), 4)]);
    for index in 0..3 {
        write(db, |tx| tile::insert(tx, &Epoch::FIRST, 0, index, &[0; 32]));
        write(db, |tx| tile::insert(tx, &Epoch::FIRST, 0, index, &[1; 32]));
    }
    assert_eq!(read(db, |read| tile::row(read, &Epoch::FIRST, 0, 1, 9)), [[0; 32], [0; 32]]);
}

pub(super) fn one_asks_the_issuer_and_nobody_after_signing_out(db: &Db) {
    let id = [3; 32];
    let row = SignIn { id, began: 1, fresh_until: 10, ends: 100, turn: 0, sealed: vec![1] };
    write(db, |tx| sign_in::insert(tx, &row));
    let claim = |turn, now| {
        db.write_now("claim", |tx| sign_in::claim(tx, &id, turn, now, now - 30)).expect("written")
    };
    assert!(claim(0, 50) && !claim(0, 60) && claim(0, 90) && !claim(1, 90));
    let next = SignIn { fresh_until: 99, sealed: vec![2], ..row.clone() };
    let renew = |row: &SignIn| db.write_now("renew", |tx| sign_in::renew(tx, row)).expect("written");
    assert!(renew(&next) && !renew(&next));
    let found = read(db, |read| sign_in::find(read, &id)).expect("signed in");
    assert_eq!((found.turn, found.fresh_until, found.sealed), (1, 99, vec![2]));
    write(db, |tx| sign_in::release(tx, &id, 1));
    write(db, |tx| sign_in::remove(tx, &id));
    assert!(!renew(&SignIn { turn: 1, ..next }));
    write(db, |tx| sign_in::insert(tx, &row));
    assert_eq!(db.write_now("forget", |tx| sign_in::forget(tx, 101)).expect("written"), 1);
    assert_eq!(read(db, |read| sign_in::find(read, &id)), None);
}
