//! What both engines must do alike.

mod anchor;
mod approval;
mod console;
mod notice;
mod pinned;
mod publish;
mod retention;
mod service_key;

use aws_lc_rs::hmac;
use countersign::seal::Seal;
use countersign::store::cosignature::{self, Cosignature};
use countersign::store::entry::{self, Addition, Filter, Place};
use countersign::store::epoch::{self, Ending, Epoch};
use countersign::store::{
    Db, Error, ErrorKind, Tx, Value, checkpoint, context, data_key, definition, document, lane, lane_head,
    mcp_session, payload, session, task, tree,
};

pub(crate) const CASES: &[(&str, fn(&Db))] = &[
    ("of_equal_calls_one_approval_lives", approval::of_equal_calls_one_approval_lives),
    (
        "row_that_no_gateway_wrote_keeps_no_other_from_ending",
        approval::row_that_no_gateway_wrote_keeps_no_other_from_ending,
    ),
    (
        "approvals_of_one_instant_are_each_on_one_page",
        approval::approvals_of_one_instant_are_each_on_one_page,
    ),
    ("quorum_counts_people_whose_leaf_is_there", approval::quorum_counts_people_whose_leaf_is_there),
    ("approval_is_spent_once", approval::approval_is_spent_once),
    ("vote_under_way_holds_everything_back", approval::vote_under_way_holds_everything_back),
    ("overdue_approvals_are_found_and_noted", approval::overdue_approvals_are_found_and_noted),
    ("held_task_is_run_by_one_until_it_is_silent", approval::held_task_is_run_by_one_until_it_is_silent),
    (
        "delivery_is_tried_by_one_and_given_up_in_the_end",
        approval::delivery_is_tried_by_one_and_given_up_in_the_end,
    ),
    (
        "calls_are_found_by_one_index_and_held_against_the_rest",
        console::calls_are_found_by_one_index_and_held_against_the_rest,
    ),
    (
        "words_lead_to_calls_and_the_log_is_followed_once",
        console::words_lead_to_calls_and_the_log_is_followed_once,
    ),
    ("counts_add_up_and_tiles_are_kept", console::counts_add_up_and_tiles_are_kept),
    (
        "what_sessions_hold_is_added_up_and_the_rest_looked_at",
        console::what_sessions_hold_is_added_up_and_the_rest_looked_at,
    ),
    (
        "lists_of_calls_say_the_same_whichever_of_them_leads",
        console::lists_of_calls_say_the_same_whichever_of_them_leads,
    ),
    ("sessions_of_one_moment_are_each_on_one_page", console::sessions_of_one_moment_are_each_on_one_page),
    ("session_that_is_ended_stays_so", console::session_that_is_ended_stays_so),
    (
        "one_asks_the_issuer_and_nobody_after_signing_out",
        console::one_asks_the_issuer_and_nobody_after_signing_out,
    ),
    (
        "erased_place_leads_to_the_nearest_range_around_it",
        retention::erased_place_leads_to_the_nearest_range_around_it,
    ),
    (
        "due_bodies_are_found_in_order_and_erased_with_their_day",
        retention::due_bodies_are_found_in_order_and_erased_with_their_day,
    ),
    ("marks_say_how_far_a_rule_has_gone", retention::marks_say_how_far_a_rule_has_gone),
    ("notices_wait_until_they_are_noted_or_refused", notice::notices_wait_until_they_are_noted_or_refused),
    ("what_people_sign_and_propose_counts_once", publish::what_people_sign_and_propose_counts_once),
    ("entries_cannot_be_changed", entries_cannot_be_changed),
    ("failed_transaction_leaves_nothing", failed_transaction_leaves_nothing),
    ("reading_cannot_write", reading_cannot_write),
    ("scan_follows_the_spans", scan_follows_the_spans),
    ("missing_leaf_is_named", missing_leaf_is_named),
    ("pages_are_newest_first_and_complete", pages_are_newest_first_and_complete),
    ("actors_and_what_they_used_are_those_of_the_period", actors_and_what_they_used_are_those_of_the_period),
    ("open_calls_have_no_end", open_calls_have_no_end),
    ("cosignatures_stay_with_their_checkpoint", cosignatures_stay_with_their_checkpoint),
    ("timestamps_stay_with_their_checkpoint", anchor::timestamps_stay_with_their_checkpoint),
    ("places_outside_say_how_far_they_have_come", anchor::places_outside_say_how_far_they_have_come),
    ("epochs_follow_each_other_and_stay", epochs_follow_each_other_and_stay),
    ("tip_moves_only_from_where_it_is", tip_moves_only_from_where_it_is),
    ("collisions_are_tried_again", collisions_are_tried_again),
    ("records_are_found_again", records_are_found_again),
    (
        "pinned_is_what_was_accepted_last_else_seen_first",
        pinned::pinned_is_what_was_accepted_last_else_seen_first,
    ),
    ("lanes_open_close_and_never_return", lanes_open_close_and_never_return),
    ("first_owner_keeps_what_is_bound", first_owner_keeps_what_is_bound),
    ("service_keys_live_and_die", service_key::service_keys_live_and_die),
];

/// The role that a case takes on PostgreSQL.
pub(crate) fn role(name: &str) -> &'static str {
    match name {
        // The second wall: the triggers, which hold for the owner too.
        "cosignatures_stay_with_their_checkpoint"
        | "entries_cannot_be_changed"
        | "epochs_follow_each_other_and_stay"
        | "lanes_open_close_and_never_return"
        | "timestamps_stay_with_their_checkpoint" => fixture::postgres::OWNER,
        // It counts in a row that gateways never change.
        "collisions_are_tried_again" => fixture::postgres::OWNER,
        _ => fixture::postgres::GATEWAY,
    }
}

fn entries_cannot_be_changed(db: &Db) {
    add(db, &[leaf(0, 0, "call.intent", 1)]);
    write(db, |tx| entry::begin_span(tx, 0, Place::new(0, 0)));
    write(db, |tx| checkpoint::insert(tx, &signed(1)));
    for sql in [
        "UPDATE entry SET ts = 0",
        "DELETE FROM entry",
        "UPDATE span SET idx = 9",
        "DELETE FROM span",
        "UPDATE checkpoint SET ts = 0",
        "DELETE FROM checkpoint",
    ] {
        let refused = db.write_now("change", |tx| tx.execute(sql, &[])).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Constraint, "{sql}: {refused}");
        assert!(refused.cause.contains("insert-only"), "{refused}");
    }
    assert_eq!(page(db, &Filter::default()).len(), 1);
}

fn failed_transaction_leaves_nothing(db: &Db) {
    let failed = db.write_now("fails", |tx| {
        entry::append(tx, &[leaf(0, 0, "call.intent", 1)])?;
        Err::<(), _>(Error::new(ErrorKind::Other, "on purpose"))
    });
    assert_eq!(failed.unwrap_err().to_string(), "the database refused in `fails`: on purpose");
    assert!(page(db, &Filter::default()).is_empty());
}

fn reading_cannot_write(db: &Db) {
    let refused = db.read_now("write", |read| {
        read.first(
            "INSERT INTO data_key (day, wrapped) VALUES (1, $1) RETURNING day",
            &[Value::Bytes(b"k")],
            |_| Ok(()),
        )
    });
    assert_eq!(refused.unwrap_err().kind, ErrorKind::ReadOnly);
    assert_eq!(db.read_now("look", |read| data_key::find(read, 1)).unwrap(), None);
}

fn scan_follows_the_spans(db: &Db) {
    // Lane 0 wrote three, then lane 1 wrote two, then lane 0 one more.
    add(
        db,
        &[
            leaf(0, 0, "a", 1),
            leaf(0, 1, "a", 2),
            leaf(0, 2, "a", 3),
            leaf(0, 3, "a", 6),
            leaf(1, 0, "a", 4),
            leaf(1, 1, "a", 5),
        ],
    );
    for (index, place) in [(0, Place::new(0, 0)), (3, Place::new(1, 0)), (5, Place::new(0, 3))] {
        write(db, |tx| entry::begin_span(tx, index, place));
    }
    assert_eq!(times(db, 0, 6).unwrap(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(times(db, 2, 5).unwrap(), [3, 4, 5]);
    assert_eq!(times(db, 4, 4).unwrap(), [0; 0]);
    let index_of =
        |ts| page(db, &Filter { from: Some(ts), until: Some(ts + 1), ..Filter::default() })[0].index;
    // The tip is what ends the last span.
    assert!(db.write_now("tip", |tx| tree::advance(tx, 0, 5, b"f")).unwrap());
    assert_eq!([1, 2, 3, 4, 5].map(index_of), [0, 1, 2, 3, 4].map(Some));
    assert_eq!(index_of(6), None);
    assert!(db.write_now("tip", |tx| tree::advance(tx, 5, 6, b"f")).unwrap());
    assert_eq!(index_of(6), Some(5));
    assert_eq!(read(db, |read| entry::index_of(read, Place::new(0, 3))), Some(5));
    assert_eq!(read(db, |read| entry::lane_in_log(read, 1, 6)), Some(Place::new(1, 2)));
    assert_eq!(read(db, |read| entry::lane_in_log(read, 0, 6)), Some(Place::new(0, 4)));
    assert_eq!(read(db, |read| entry::lane_in_log(read, 2, 6)), None);
    for ((from, until), found) in [((2, 6), Some((1, 4))), ((4, 7), Some((3, 5))), ((10, 20), None)] {
        assert_eq!(read(db, |read| entry::bounds(read, from, until)), found, "{from} {until}");
    }
    let spans = read(db, |read| entry::spans(read, 1, 6, 2));
    let span = |index, place, count| entry::Span { index, place, count };
    assert_eq!(spans, [span(1, Place::new(0, 1), 2), span(3, Place::new(1, 0), 2)]);
}

fn cosignatures_stay_with_their_checkpoint(db: &Db) {
    let line = |size: u64, witness: &str, line: &str| Cosignature {
        size,
        witness: witness.to_owned(),
        line: line.to_owned(),
        ts: 5,
    };
    write(db, |tx| {
        cosignature::insert(tx, &line(7, "w1", "a"))?;
        cosignature::insert(tx, &line(7, "w2", "b"))?;
        cosignature::insert(tx, &line(9, "w1", "c"))?;
        // The first of a witness is kept.
        cosignature::insert(tx, &line(9, "w1", "d"))
    });
    assert_eq!(read(db, |read| cosignature::of_size(read, 7)), [line(7, "w1", "a"), line(7, "w2", "b")]);
    assert_eq!(read(db, |read| cosignature::of_size(read, 9)), [line(9, "w1", "c")]);
    assert_eq!(read(db, |read| cosignature::last(read, &Epoch::FIRST, "w2")), Some((7, 5)));
    assert_eq!(read(db, |read| cosignature::largest(read, &Epoch::FIRST)), Some(9));
    let later = Epoch { number: 2, first_lane: 1, first_index: 9, end: None };
    assert_eq!(read(db, |read| cosignature::last(read, &later, "w1")), None);
    assert_eq!(read(db, |read| cosignature::largest(read, &later)), None);
    for sql in ["UPDATE cosignature SET line = 'x'", "DELETE FROM cosignature"] {
        let refused = db.write_now("change", |tx| tx.execute(sql, &[])).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Constraint, "{sql}: {refused}");
    }
}

fn epochs_follow_each_other_and_stay(db: &Db) {
    assert_eq!(read(db, epoch::current), Epoch::FIRST);
    add(db, &[leaf(0, 0, "log.genesis", 1), leaf(0, 1, "log.seal", 2), leaf(1, 0, "log.genesis", 3)]);
    write(db, |tx| {
        entry::begin_span(tx, 0, Place::new(0, 0))?;
        checkpoint::insert(tx, &signed(2))?;
        tree::advance(tx, 0, 2, b"two").map(drop)
    });
    assert_eq!(read(db, |read| epoch::seal(read, &Epoch::FIRST)), Some(Place::new(0, 1)));
    let second = Epoch { number: 2, first_lane: 1, first_index: 2, end: None };
    assert!(!db.write_now("restart", |tx| tree::restart(tx, 1, b"none")).unwrap());
    write(db, |tx| {
        assert!(tree::restart(tx, 2, b"none")?);
        epoch::begin(tx, &second, Ending::Sealed, 3)
    });
    let first = Epoch { end: Some(2), ..Epoch::FIRST };
    assert_eq!(read(db, epoch::all), [first, second]);
    assert_eq!(read(db, epoch::current), second);
    assert_eq!(read(db, |read| epoch::seal(read, &second)), None);
    assert_eq!(read(db, |read| epoch::ending_before(read, 2)), Some(Ending::Sealed));
    assert_eq!(read(db, |read| epoch::ending_before(read, 1)), None);
    assert_eq!(read(db, |read| entry::count_from(read, 1)), 1);
    // Each has its own checkpoints.
    assert_eq!(read(db, |read| checkpoint::latest(read, &second)), None);
    write(db, |tx| checkpoint::insert(tx, &signed(3)));
    assert_eq!(read(db, |read| checkpoint::latest(read, &second)).unwrap().size, 3);
    assert_eq!(read(db, |read| checkpoint::latest(read, &first)).unwrap().size, 2);
    for sql in ["UPDATE epoch SET first_index = 0", "DELETE FROM epoch"] {
        let refused = db.write_now("change", |tx| tx.execute(sql, &[])).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Constraint, "{sql}: {refused}");
    }
}

fn missing_leaf_is_named(db: &Db) {
    add(db, &[leaf(0, 0, "a", 1), leaf(0, 2, "a", 3)]);
    write(db, |tx| entry::begin_span(tx, 0, Place::new(0, 0)));
    for (from, until) in [(0, 3), (1, 3), (0, 2)] {
        let missing = times(db, from, until).unwrap_err();
        assert_eq!((missing.kind, &*missing.cause), (ErrorKind::Corrupt, "leaf 1 is missing"));
    }
    assert_eq!(times(db, 0, 4).unwrap_err().cause, "leaf 1 is missing");
    assert_eq!(times(db, 2, 4).unwrap_err().cause, "leaf 3 is missing");
}

fn actors_and_what_they_used_are_those_of_the_period(db: &Db) {
    let of = |sequence, event, ts, actor, target| Addition {
        actor,
        server: Some("s"),
        method: Some("tools/call"),
        target,
        ..leaf(0, sequence, event, ts)
    };
    add(
        db,
        &[
            of(0, "call.intent", 1, Some("early"), Some("t")),
            of(1, "call.intent", 2, Some("a"), Some("t")),
            of(2, "call.intent", 3, Some("a"), Some("t")),
            of(3, "call.denied", 4, Some("b"), Some("t")),
            of(4, "call.intent", 5, Some("b"), None),
            of(5, "call.outcome", 6, None, None),
            of(6, "call.intent", 7, Some("late"), Some("t")),
        ],
    );
    assert_eq!(read(db, |read| entry::actors(read, 2, 7, 9)), ["a", "b"]);
    assert_eq!(read(db, |read| entry::actors(read, 0, 9, 1)), ["a"]);
    let used = |actor: &str, target: Option<&str>, calls| entry::Use {
        actor: actor.to_owned(),
        server: "s".to_owned(),
        method: "tools/call".to_owned(),
        target: target.map(str::to_owned),
        calls,
    };
    assert_eq!(read(db, |read| entry::uses(read, 2, 7, 9)), [used("a", Some("t"), 2), used("b", None, 1)]);
}

fn pages_are_newest_first_and_complete(db: &Db) {
    let mut additions = Vec::new();
    for sequence in 0..100 {
        additions.push(Addition {
            // Two leaves share each time, so a page may end between them.
            ts: i64::try_from(sequence / 2).unwrap(),
            actor: if sequence % 2 == 0 { Some("even") } else { Some("odd") },
            server: Some("s"),
            target: if sequence % 10 == 0 { Some("tenth") } else { None },
            ..leaf(0, sequence, if sequence % 5 == 0 { "call.denied" } else { "call.intent" }, 0)
        });
    }
    add(db, &additions);
    write(db, |tx| entry::begin_span(tx, 0, Place::new(0, 0)));
    assert!(db.write_now("tip", |tx| tree::advance(tx, 0, 100, b"f")).unwrap());
    let mut filter = Filter { server: Some("s".into()), ..Filter::default() };
    let mut indexes = Vec::new();
    loop {
        let found = db.read_now("page", |read| entry::page(read, &filter, 7)).unwrap();
        let Some(last) = found.last() else { break };
        filter.before = Some((last.ts, last.place));
        indexes.extend(found.iter().map(|entry| entry.index.unwrap()));
    }
    assert_eq!(indexes, (0..100).rev().collect::<Vec<u64>>());
    let count = |filter: &Filter| page(db, filter).len();
    assert_eq!(count(&Filter { actor: Some("even".into()), ..Filter::default() }), 50);
    assert_eq!(count(&Filter { event: Some("call.denied".into()), ..Filter::default() }), 20);
    assert_eq!(count(&Filter { target: Some("tenth".into()), from: Some(40), ..Filter::default() }), 2);
    assert_eq!(
        count(&Filter { actor: Some("odd".into()), target: Some("tenth".into()), ..Filter::default() }),
        0
    );
    assert_eq!(count(&Filter { call: Some([1; 16]), ..Filter::default() }), 0);
}

fn open_calls_have_no_end(db: &Db) {
    let (open, ended, orphaned, other) = ([1; 16], [2; 16], [3; 16], [4; 16]);
    let of = |lane, sequence, event, call| Addition { call: Some(call), ..leaf(lane, sequence, event, 1) };
    add(
        db,
        &[
            of(0, 0, "call.intent", &open),
            of(0, 1, "call.intent", &ended),
            of(0, 2, "call.intent", &orphaned),
            of(0, 3, "call.outcome", &ended),
            of(1, 0, "call.orphaned", &orphaned),
            of(1, 1, "call.intent", &other),
        ],
    );
    let found = |from, last| db.read_now("open", |read| entry::open_calls(read, from, last)).unwrap();
    assert_eq!(found(Place::new(0, 0), Place::new(0, 3)), [open]);
    assert_eq!(found(Place::new(0, 1), Place::new(0, 3)), [[0_u8; 16]; 0]);
    assert_eq!(found(Place::new(1, 0), Place::new(1, 1)), [other]);
    assert_eq!(found(Place::new(1, 0), Place::new(1, 0)), [[0_u8; 16]; 0]);
}

fn tip_moves_only_from_where_it_is(db: &Db) {
    let advance = |from, to| db.write_now("advance", |tx| tree::advance(tx, from, to, b"frontier")).unwrap();
    assert!(advance(0, 3));
    assert!(!advance(0, 4));
    assert!(!advance(2, 4));
    assert!(advance(3, 5));
    let tip = db.read_now("tip", tree::tip).unwrap().unwrap();
    assert_eq!((tip.size, tip.frontier), (5, b"frontier".to_vec()));
}

fn collisions_are_tried_again(db: &Db) {
    write(db, |tx| data_key::settle(tx, 1, &0_i64.to_be_bytes()).map(drop));
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                for _ in 0..20 {
                    write(db, |tx| {
                        let counted = data_key::find(tx, 1)?.unwrap();
                        let next = i64::from_be_bytes(counted.try_into().unwrap()) + 1;
                        let next = next.to_be_bytes();
                        tx.execute("UPDATE data_key SET wrapped = $1 WHERE day = 1", &[(&next).into()])
                            .map(drop)
                    });
                }
            });
        }
    });
    let counted = db.read_now("counted", |read| data_key::find(read, 1)).unwrap().unwrap();
    assert_eq!(i64::from_be_bytes(counted.try_into().unwrap()), 40);
}

fn records_are_found_again(db: &Db) {
    let place = Place::new(3, 9);
    write(db, |tx| {
        payload::insert(tx, &[payload::Sealed { place, day: 20_000, sealed: b"\x00sealed\xff" }])?;
        let sealed = context::Sealed { commitment: &[1; 32], actor: "p", day: 20_000, ts: 5, sealed: b"c" };
        context::insert(tx, &sealed)?;
        context::insert(tx, &context::Sealed { sealed: b"other", ..sealed })?;
        document::put(tx, &[2; 32], "policy", 5, b"permit")?;
        checkpoint::insert(tx, &signed(7))?;
        checkpoint::insert(tx, &signed(9))?;
        session::begin(tx, &[5; 16], 100, "p")?;
        lane::open(tx, &opened(0), 1)
    });
    assert_eq!(read(db, |read| payload::at(read, place)), Some((20_000, b"\x00sealed\xff".to_vec())));
    assert_eq!(read(db, |read| context::find(read, &[1; 32])), Some((20_000, b"c".to_vec())));
    assert_eq!(
        read(db, |read| document::find(read, &[2; 32])),
        Some(("policy".to_owned(), b"permit".to_vec()))
    );
    assert_eq!(read(db, |read| checkpoint::latest(read, &Epoch::FIRST)).unwrap().size, 9);
    assert_eq!(read(db, |read| checkpoint::of_size(read, 7)), Some(signed(7)));
    assert_eq!([6, 8].map(|size| read(db, |read| checkpoint::up_to(read, size))), [None, Some(signed(7))]);
    assert_eq!(
        [8, 10].map(|size| read(db, |read| checkpoint::covering(read, size))),
        [Some(signed(9)), None]
    );
    assert_eq!(read(db, data_key_of(4)), None);
    let kept = db.write_now("key", |tx| data_key::settle(tx, 4, b"first")).unwrap();
    assert_eq!(kept, b"first");
    assert_eq!(db.write_now("key", |tx| data_key::settle(tx, 4, b"second")).unwrap(), b"first");
    let begun = Addition { session: Some(&[5; 16]), ..leaf(0, 0, "call.intent", 100) };
    let denied = Addition { ts: 130, event: "call.denied", place: Place::new(0, 1), ..begun };
    add(db, &[begun, denied]);
    let sessions = read(db, |read| session::page(read, &session::Filter::default(), 10));
    assert_eq!((sessions[0].calls, sessions[0].denied, sessions[0].last_ts), (2, 1, 130));
    assert_eq!(db.write_now("erase", |tx| context::erase(tx, "p")).unwrap(), 1);
}

fn lanes_open_close_and_never_return(db: &Db) {
    assert_eq!(read(db, lane::last), None);
    write(db, |tx| lane::open(tx, &opened(0), 1).and_then(|()| lane::open(tx, &opened(1), 2)));
    assert_eq!(read(db, lane::last), Some(1));
    assert_eq!(read(db, lane::unswept), [opened(0), opened(1)]);
    let head = |tx: &mut Tx<'_>, lane, sequence| {
        lane_head::insert(tx, Place::new(lane, sequence), &[7; 32], lane_head::Joint::No, &[8; 64])
    };
    write(db, |tx| head(tx, 0, 4).and_then(|()| head(tx, 1, 0)).and_then(|()| head(tx, 0, 6)));
    let heads = read(db, |read| lane_head::from(read, Place::new(0, 0), 9));
    assert_eq!(heads.iter().map(|head| head.place.sequence()).collect::<Vec<_>>(), [4, 6]);
    let other = read(db, |read| lane_head::at(read, Place::new(1, 0))).unwrap();
    assert!(heads[0].ticket < other.ticket && other.ticket < heads[1].ticket);
    assert_eq!(read(db, |read| lane_head::last(read, 0)), Some(Place::new(0, 6)));
    let changed = |f: &mut dyn FnMut(&mut Tx<'_>) -> Result<bool, Error>| db.write_now("change", f).unwrap();
    assert!(changed(&mut |tx| lane::pulse(tx, 0, Place::new(0, 5))));
    // It lives: who saw it earlier may not close it.
    assert!(!changed(&mut |tx| lane::close_dead(tx, 0, 0, 9)));
    assert!(changed(&mut |tx| lane::close_dead(tx, 0, 1, 9)));
    assert!(!changed(&mut |tx| lane::pulse(tx, 0, Place::new(0, 6))));
    let refused = db.write_now("late", |tx| head(tx, 0, 8)).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Constraint);
    assert!(refused.cause.contains("the lane is closed"), "{refused}");
    for sql in [
        "UPDATE lane SET closed = NULL WHERE number = 0",
        "UPDATE lane SET seal = key WHERE number = 1",
        "DELETE FROM lane WHERE number = 1",
        "UPDATE lane_head SET joint = 1",
        "DELETE FROM lane_head",
    ] {
        let refused = db.write_now("change", |tx| tx.execute(sql, &[])).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Constraint, "{sql}: {refused}");
    }
    assert!(changed(&mut |tx| lane::sweep(tx, 0, 10)));
    assert!(!changed(&mut |tx| lane::sweep(tx, 0, 11)));
    assert!(!changed(&mut |tx| lane::sweep(tx, 1, 11)));
    write(db, |tx| lane::close(tx, 1, 12));
    assert!(read(db, lane::unswept).is_empty());
    assert_eq!(read(db, lane::unsettled).len(), 2);
    write(db, |tx| lane::settle(tx, 0, 13));
    assert_eq!(read(db, lane::unsettled)[0].number, 1);
}

fn first_owner_keeps_what_is_bound(db: &Db) {
    let bound = mcp_session::McpSession { binding: [1; 32], session: [2; 16], ts: 5, ended: None };
    let thief = mcp_session::McpSession { binding: [9; 32], ..bound.clone() };
    assert!(db.write_now("bind", |tx| mcp_session::bind(tx, "s", &[7; 32], &bound)).unwrap());
    assert!(!db.write_now("bind", |tx| mcp_session::bind(tx, "s", &[7; 32], &thief)).unwrap());
    assert_eq!(read(db, |read| mcp_session::find(read, "s", &[7; 32])), Some(bound));
    write(db, |tx| mcp_session::end(tx, "s", &[7; 32], 8));
    assert_eq!(read(db, |read| mcp_session::find(read, "s", &[7; 32])).unwrap().ended, Some(8));
    write(db, |tx| mcp_session::touch(tx, "s", &[7; 32], 6));
    write(db, |tx| mcp_session::touch(tx, "s", &[7; 32], 4));
    assert_eq!(db.write_now("forget", |tx| mcp_session::forget(tx, 6)).unwrap(), 0);
    assert_eq!(db.write_now("forget", |tx| mcp_session::forget(tx, 7)).unwrap(), 1);
    let owned = task::Task { binding: [1; 32], tool: Some("t".into()), ts: 5 };
    assert!(db.write_now("bind", |tx| task::bind(tx, "s", &[7; 32], &owned)).unwrap());
    assert!(!db.write_now("bind", |tx| task::bind(tx, "s", &[7; 32], &owned)).unwrap());
    assert_eq!(read(db, |read| task::find(read, "s", &[7; 32])), Some(owned));
    assert_eq!(db.write_now("forget", |tx| task::forget(tx, 5)).unwrap(), 0);
    write(db, |tx| task::touch(tx, "s", &[7; 32], 9));
    assert_eq!(db.write_now("forget", |tx| task::forget(tx, 9)).unwrap(), 0);
    assert_eq!(db.write_now("forget", |tx| task::forget(tx, 10)).unwrap(), 1);
    let seen = definition::Definition {
        server: "s".into(),
        kind: "tool".into(),
        name: "t".into(),
        hash: [3; 32],
        body: b"{}".to_vec(),
        pinned: [3; 32],
        first_seen: 4,
        since: 4,
    };
    let seal = seal(1);
    assert!(db.write_now("insert", |tx| definition::insert(tx, &seal, &seen)).unwrap());
    assert!(!db.write_now("insert", |tx| definition::insert(tx, &seal, &seen)).unwrap());
    let found = |seal: &Seal| read(db, |read| definition::find(read, seal, ("s", "tool", "t"), &[3; 32]));
    assert_eq!(found(&seal), Some(seen));
    assert_eq!(found(&self::seal(2)), None);
}

/// What seals rows, with one of several keys.
fn seal(key: u8) -> Seal {
    Seal::new(hmac::Key::new(hmac::HMAC_SHA256, &[key; 32]))
}

fn leaf(lane: u32, sequence: u64, event: &'static str, ts: i64) -> Addition<'static> {
    Addition {
        place: Place::new(lane, sequence),
        event,
        ts,
        call: None,
        session: None,
        actor: None,
        server: None,
        method: None,
        target: None,
        result: None,
        leaf: b"{}",
    }
}

fn opened(number: u32) -> lane::Lane {
    lane::Lane {
        number,
        id: [u8::try_from(number).unwrap(); 16],
        key: [2; 32],
        seal: [3; 32],
        open_from: Place::new(number, 0),
        pulse: 0,
        closed: None,
    }
}

fn signed(size: u64) -> checkpoint::Signed {
    checkpoint::Signed { size, root: [1; 32], note: b"note".to_vec(), frontier: b"f".to_vec(), ts: 5 }
}

fn add(db: &Db, additions: &[Addition<'_>]) {
    write(db, |tx| entry::append(tx, additions));
}

fn write(db: &Db, f: impl FnMut(&mut Tx<'_>) -> Result<(), Error>) {
    db.write_now("write", f).unwrap();
}

fn read<T>(db: &Db, f: impl FnOnce(&mut countersign::store::Read<'_>) -> Result<T, Error>) -> T {
    db.read_now("read", f).unwrap()
}

fn data_key_of(day: i64) -> impl FnOnce(&mut countersign::store::Read<'_>) -> Result<Option<Vec<u8>>, Error> {
    move |read| data_key::find(read, day)
}

fn page(db: &Db, filter: &Filter) -> Vec<entry::Entry> {
    read(db, |read| entry::page(read, filter, 1_000))
}

fn times(db: &Db, from: u64, until: u64) -> Result<Vec<i64>, Error> {
    let mut times = Vec::new();
    db.read_now("scan", |read| {
        entry::scan(read, from, until, |stored| {
            times.push(stored.ts);
            Ok(())
        })
    })?;
    Ok(times)
}
