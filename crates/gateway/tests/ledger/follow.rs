//! What is made by following the log holds each leaf once, however many gateways follow it.

use countersign::follower::Follower;
use countersign::ledger::{Intent, Ledger};
use countersign::store::{Db, mark, session, tree};
use uuid::Uuid;

use crate::harness::{context, intent, outcome};
use crate::shared::{DATABASE, PATIENT, Place, blocking};

const SESSIONS: u8 = 3;

/// Runs calls in several sessions.
async fn calls(ledger: &Ledger, count: u8) {
    for number in 0..count {
        let session = Uuid::from_bytes([number % SESSIONS + 1; 16]);
        let opened = ledger.open(Intent { context: context(session), ..intent("{}") }).await;
        if let Ok(opened) = opened {
            // Whether it was acknowledged makes no difference here: what counts is what the log has.
            drop(ledger.close(opened, outcome("{}")).await);
        } else if ledger.retry().await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}

/// Follows to the end of the log, whatever others do and the server says.
async fn follow(db: &Db) {
    let follower = Follower::new(db.clone());
    loop {
        // A step that failed, or that somebody else took, is looked at again.
        drop(follower.step().await);
        let ends = db.read("ends", |read| Ok((mark::at(read)?, tree::tip(read)?))).await;
        let Ok((mark, Some(tip))) = ends else { continue };
        if (mark.size, mark.sessions) == (tip.size, tip.size) {
            return;
        }
    }
}

/// Calls by session, as they were added up.
fn tallied(place: &Place) -> String {
    let sql = "SELECT id, calls, denied, last_ts, last_place FROM session_tally ORDER BY id";
    place.server.sql(DATABASE, sql)
}

/// The same, from the leaves.
fn counted(place: &Place) -> String {
    let sql = "SELECT session, count(*), count(CASE WHEN type = 'call.denied' THEN 1 END), max(ts), \
               (array_agg(place ORDER BY ts DESC, place DESC))[1] FROM entry WHERE session IS NOT NULL \
               AND type IN ('call.intent', 'call.denied') GROUP BY session ORDER BY session";
    place.server.sql(DATABASE, sql)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateways_that_follow_at_once_and_are_cut_off_count_each_call_once() {
    let place = Place::new();
    let ledgers = [place.start(PATIENT), place.start(PATIENT)];
    let dbs = blocking(|| [place.db(), place.db(), place.db()]);
    let mut tasks = tokio::task::JoinSet::new();
    for ledger in &ledgers {
        for _ in 0..3 {
            let ledger = ledger.clone();
            tasks.spawn(async move { calls(&ledger, 40).await });
        }
    }
    for db in dbs.clone() {
        tasks.spawn(async move { follow(&db).await });
    }
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'gateway'";
    for _ in 0..10 {
        place.server.sql("postgres", cut);
    }
    tasks.join_all().await;
    for ledger in &ledgers {
        while ledger.retry().await.is_err() {
            tokio::task::yield_now().await;
        }
        ledger.stop().await.unwrap();
    }
    for db in &dbs {
        follow(db).await;
    }
    assert_eq!(tallied(&place), counted(&place));
    assert_eq!(tallied(&place).lines().count(), usize::from(SESSIONS));

    // As where the log was followed before sessions were counted, and where somebody emptied only the mark: all at once again.
    for sql in ["DELETE FROM session_tally; UPDATE follower SET sessions = 0", "DELETE FROM follower"] {
        place.server.sql(DATABASE, sql);
        let mut tasks = tokio::task::JoinSet::new();
        for db in dbs.clone() {
            tasks.spawn(async move { follow(&db).await });
        }
        place.server.sql("postgres", cut);
        tasks.join_all().await;
        assert_eq!(tallied(&place), counted(&place), "{sql}");
    }
    place.assert_sound();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn list_of_sessions_lacks_no_call_that_nobody_followed() {
    let place = Place::new();
    let (first, second) = (place.start(PATIENT), place.start(PATIENT));
    let db = blocking(|| place.db());
    let held = || {
        let found =
            blocking(|| db.read_now("sessions", |read| session::page(read, &session::Filter::default(), 9)));
        let calls = found.unwrap().iter().map(|session| session.calls).sum::<u64>();
        (calls, blocking(|| db.read_now("mark", mark::at)).unwrap().sessions)
    };
    calls(&first, 6).await;
    assert_eq!(held().0, 6, "neither in the log nor followed");
    first.sequence().await.unwrap();
    assert_eq!(held(), (6, 0), "in the log");
    follow(&db).await;
    calls(&second, 6).await;
    second.sequence().await.unwrap();
    calls(&first, 6).await;
    let (calls, followed) = held();
    assert!(
        calls == 18 && followed > 0,
        "{calls} {followed}: some followed, some in the log, some in a lane"
    );
    first.stop().await.unwrap();
    second.stop().await.unwrap();
    assert_eq!(held().0, 18, "of lanes that have ended");
    follow(&db).await;
    assert_eq!(held().0, 18);
    place.assert_sound();
}
