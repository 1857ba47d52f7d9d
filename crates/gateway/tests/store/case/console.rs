//! What the console keeps and looks for.

use countersign::store::entry::{self, Addition, Place};
use countersign::store::epoch::Epoch;
use countersign::store::minute::{self, Counts};
use countersign::store::sign_in::{self, SignIn};
use countersign::store::tally::{self, Tallies, Tally};
use countersign::store::word::{self, Word};
use countersign::store::{Db, call, lane, mark, mcp_session, session, session_end, tile, tree};

use super::{add, opened, read, write};

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
    write(db, |tx| session::begin(tx, &[7; 16], 0, "a").and_then(|()| lane::open(tx, &opened(1), 1)));
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

pub(super) fn what_sessions_hold_is_added_up_and_the_rest_looked_at(db: &Db) {
    let ids: Vec<[u8; 16]> = (0..6).map(|id| [id; 16]).collect();
    let elsewhere = Addition { place: Place::new(0, 0), ts: 9, ..begin(0, &ids[5], "a", "t", None) };
    add(
        db,
        &[
            begin(0, &ids[0], "a", "t", None),
            begin(1, &ids[1], "a", "t", Some("denied_by_policy")),
            begin(2, &ids[2], "a", "t", None),
            begin(3, &ids[3], "a", "t", Some("denied_by_policy")),
            elsewhere,
        ],
    );
    write(db, |tx| {
        lane::open(tx, &opened(0), 1)?;
        lane::open(tx, &opened(1), 1)?;
        session::begin(tx, &[7; 16], 0, "a")?;
        session::begin(tx, &[8; 16], 0, "a")
    });
    let count = || {
        let found = read(db, |read| session::of(read, &[[7; 16]])).pop().expect("a session");
        (found.calls, found.denied, found.last_ts, found.more)
    };
    assert_eq!(count(), (5, 2, 9, false), "nothing is in the log");
    write(db, |tx| {
        entry::begin_span(tx, 0, Place::new(1, 0))?;
        tree::advance(tx, 0, 3, b"f").map(drop)
    });
    assert_eq!(count(), (5, 2, 9, false), "nothing was followed");
    let mut first = Tallies::default();
    first.add([7; 16], Tally::refused(1, Place::new(1, 1)));
    first.add([7; 16], Tally::permitted(0, Place::new(1, 0)));
    write(db, |tx| mark::follow(tx, 0, 2).and_then(|_| tally::add(tx, &first)));
    assert_eq!(count(), (5, 2, 9, false), "two were followed");
    let mut more = Tallies::default();
    more.add([7; 16], Tally::permitted(2, Place::new(1, 2)));
    write(db, |tx| mark::follow(tx, 2, 3).and_then(|_| tally::add(tx, &more)));
    assert_eq!(count(), (5, 2, 9, false), "two are in no log yet");
    write(db, |tx| {
        lane::close(tx, 0, 12)?;
        lane::close(tx, 1, 12)?;
        entry::begin_span(tx, 3, Place::new(0, 0))?;
        entry::begin_span(tx, 4, Place::new(1, 3))?;
        tree::advance(tx, 3, 5, b"f")?;
        lane::settle(tx, 0, 13)?;
        lane::settle(tx, 1, 13)
    });
    assert_eq!(count(), (5, 2, 9, false), "two of settled lanes were not followed");
    let beyond =
        |limit| read(db, |read| tally::beyond(read, 3, limit)).map(|found| found.of(&[7; 16]).copied());
    assert_eq!(beyond(1), None, "too many to look at");
    assert_eq!(beyond(2), Some(Some(Tally { calls: 2, denied: 1, last: (9, Place::new(0, 0)) })));
    write(db, |tx| tree::advance(tx, 5, 1_000_000, b"f").map(drop));
    assert_eq!(count(), (5, 2, 9, false), "so many were not followed that each session is counted");
    let empty = read(db, |read| session::of(read, &[[8; 16]])).pop().expect("a session");
    assert_eq!((empty.calls, empty.last_ts, empty.last_leaf), (0, 0, None));
    write(db, tally::clear);
}

pub(super) fn lists_of_calls_say_the_same_whichever_of_them_leads(db: &Db) {
    let ids: Vec<[u8; 16]> = (0..60).map(|id| [id; 16]).collect();
    let tools = ["t", "u", "v"];
    let (mut rows, mut words) = (Vec::new(), Vec::new());
    for (number, id) in ids.iter().enumerate() {
        let at = u64::try_from(number).expect("few");
        let denied = number.is_multiple_of(4).then_some("denied_by_policy");
        // Five begin at each moment.
        let ts = (at / 5).cast_signed();
        let server = if number.is_multiple_of(7) { "Rare-One" } else { "up" };
        let row = begin(at, id, ["a", "b"][number % 2], tools[number % 3], denied);
        let session = &ids[number % 5];
        rows.push(Addition { ts, server: Some(server), session: Some(session), ..row });
        let place = Place::new(1, at);
        let mut has = |word: &str| words.push(Word { word: word.to_owned(), ts, place });
        has(&server.to_lowercase());
        if number.is_multiple_of(2) {
            has("even");
        }
    }
    add(db, &rows);
    write(db, |tx| word::insert(tx, &words));
    let texts = |wanted: bool, text: &str| wanted.then(|| text.to_owned());
    for bits in 0..64_u32 {
        let bit = |number: u32| bits >> number & 1 == 1;
        let wanted = call::Wanted {
            words: texts(bit(0), "even").into_iter().collect(),
            server: texts(bit(1), "Rare-One"),
            actor: texts(bit(2), "a"),
            target: texts(bit(3), "u"),
            effect: texts(bit(4), "deny"),
            session: bit(5).then_some([3; 16]),
            ..call::Wanted::default()
        };
        let fits = |number: usize| {
            (!bit(0) || number.is_multiple_of(2))
                && (!bit(1) || number.is_multiple_of(7))
                && (!bit(2) || number.is_multiple_of(2))
                && (!bit(3) || number % 3 == 1)
                && (!bit(4) || number.is_multiple_of(4))
                && (!bit(5) || number % 5 == 3)
        };
        let expected: Vec<usize> = (0..ids.len()).rev().filter(|number| fits(*number)).collect();
        for looks in [7, 100] {
            let (mut found, mut wanted) = (Vec::new(), wanted.clone());
            loop {
                let page = read(db, |read| call::page(read, &wanted, 3, looks));
                found.extend(page.heads.iter().map(|head| usize::from(head.call[0])));
                let Some(next) = page.next else { break };
                wanted.before = Some(next);
            }
            assert_eq!(found, expected, "{wanted:?}");
        }
        let sessions = read(db, |read| call::sessions(read, &wanted, 2, 100));
        let mut counts: Vec<(usize, u64)> = Vec::new();
        for number in &expected {
            if let Some((_, count)) = counts.iter_mut().find(|(session, _)| *session == number % 5) {
                *count += 1;
            } else if counts.len() == 2 {
                break;
            } else {
                counts.push((number % 5, 1));
            }
        }
        let matched = sessions.matched.iter().map(|(id, count)| (usize::from(id[0]), *count));
        assert_eq!(matched.collect::<Vec<_>>(), counts, "{wanted:?}");
    }
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
            words: vec![word.to_owned()],
            actor: actor.map(str::to_owned),
            ..call::Wanted::default()
        };
        let found = read(db, |read| call::page(read, &wanted, 10, 10));
        found.heads.iter().map(|head| head.call[0]).collect::<Vec<_>>()
    };
    assert_eq!(find("orders", None), [2, 0]);
    assert_eq!(find("orders", Some("a")), [0]);
    assert_eq!(find("order", None), [0; 0]);
    let follow = |from, to| db.write_now("follow", |tx| mark::follow(tx, from, to)).expect("written");
    let count = |from, to| db.write_now("count", |tx| mark::count(tx, from, to)).expect("written");
    assert!(follow(0, 3) && !follow(0, 3) && follow(3, 5) && !follow(3, 6));
    assert_eq!(read(db, mark::at), mark::Mark { size: 5, sessions: 5 });
    // As where the log was followed before sessions were counted.
    write(db, |tx| tx.execute("UPDATE follower SET sessions = 0", &[]).map(drop));
    assert!(!follow(5, 6) && count(0, 4) && !count(0, 4) && !follow(5, 6) && count(4, 5) && follow(5, 6));
    assert_eq!(read(db, mark::at), mark::Mark { size: 6, sessions: 6 });
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
