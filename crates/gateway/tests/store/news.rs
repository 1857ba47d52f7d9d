//! What one process changed, another is told: by real notifications of a real server, and found out where there are none.

use std::time::Duration;

use countersign::store::{Db, Hearing, Server, Topic};
use fixture::postgres::GATEWAY;
use tokio::sync::watch::Receiver;

use crate::postgres::Place;

/// For every topic what is written, by tables whose change it tells.
const CHANGES: [(Topic, &str); 11] = [
    (Topic::Log, "INSERT INTO tree (one, size, frontier) VALUES (1, 0, '')"),
    (Topic::Log, "UPDATE tree SET size = 1"),
    (Topic::Approvals, "UPDATE approval SET ended = 1"),
    (Topic::Approvals, "UPDATE approval_vote SET leaf = ''"),
    (Topic::Approvals, "UPDATE held_task SET ended = 1"),
    (Topic::Policies, "INSERT INTO policy_publication SELECT * FROM policy_publication WHERE number < 0"),
    (Topic::Definitions, "UPDATE definition SET since = 1"),
    (Topic::Definitions, "UPDATE acceptance SET noted = 1"),
    (Topic::Keys, "UPDATE service_key SET revoked = 1"),
    (Topic::Notices, "INSERT INTO notice SELECT * FROM notice WHERE ts < 0"),
    (Topic::Sessions, "INSERT INTO session_end SELECT * FROM session_end WHERE ts < 0"),
];
/// What happens all the time, and tells nobody.
const SILENT: [&str; 3] = [
    "UPDATE service_key SET used = 1",
    "UPDATE held_task SET alive = 1",
    "INSERT INTO entry SELECT * FROM entry WHERE place < 0",
];

/// Waits for what must happen within moments.
fn soon<T>(what: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), what).await }).expect("soon")
}

fn settles(hearing: &mut Receiver<Hearing>, wanted: impl Fn(&Hearing) -> bool) {
    drop(soon(hearing.wait_for(wanted)).unwrap());
}

fn execute(db: &Db, sql: &str) {
    db.write_now("change", |tx| tx.execute(sql, &[])).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[test]
fn what_a_gateway_changes_the_others_are_told_by_topic() {
    let place = Place::new();
    let (here, there) = (place.open("told", GATEWAY), place.again("told", GATEWAY));
    let _listening = here.listen().unwrap();
    let mut hearing = here.news().hearing();
    settles(&mut hearing, |hearing| *hearing == Hearing::Told);
    for (topic, sql) in CHANGES {
        let mut ear = here.news().ear(match topic {
            Topic::Log => &[Topic::Log],
            Topic::Approvals => &[Topic::Approvals],
            Topic::Policies => &[Topic::Policies],
            Topic::Definitions => &[Topic::Definitions],
            Topic::Keys => &[Topic::Keys],
            Topic::Notices => &[Topic::Notices],
            Topic::Sessions => &[Topic::Sessions],
        });
        execute(&there, sql);
        soon(ear.hear());
        println!("{topic:?}: {sql}");
    }
    // Whatever they say is said before this.
    let everything =
        &[Topic::Log, Topic::Approvals, Topic::Definitions, Topic::Keys, Topic::Notices, Topic::Sessions];
    let (mut others, mut last) = (here.news().ear(everything), here.news().ear(&[Topic::Policies]));
    SILENT.iter().for_each(|sql| execute(&there, sql));
    execute(&there, CHANGES[5].1);
    soon(last.hear());
    assert_eq!(futures_util::FutureExt::now_or_never(others.hear()), None, "nothing else was told");
}

#[test]
fn listener_that_is_cut_off_comes_back_and_looks_once() {
    let place = Place::new();
    let (here, there) = (place.open("cut", GATEWAY), place.again("cut", GATEWAY));
    let _listening = here.listen().unwrap();
    let mut hearing = here.news().hearing();
    settles(&mut hearing, |hearing| *hearing == Hearing::Told);
    for cut in ["terminate", "crash"] {
        let mut ear = here.news().ear(&[Topic::Keys]);
        if cut == "crash" {
            place.server.crash();
        } else {
            let pid = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
            assert_eq!(place.server.sql("cut", pid), "t");
        }
        // What was said meanwhile was said to nobody, so it looks once it is back.
        soon(ear.hear());
        settles(&mut hearing, |hearing| *hearing == Hearing::Told);
        let mut ear = here.news().ear(&[Topic::Policies]);
        execute(&there, CHANGES[5].1);
        soon(ear.hear());
    }
}

#[test]
fn pooler_that_passes_nothing_on_is_found_out_and_what_goes_through_it_is_told() {
    let place = Place::new();
    let direct = place.open("pooled", GATEWAY);
    let directory = tempfile::Builder::new().prefix("pb").tempdir_in("/tmp").unwrap();
    let pooler = place.server.pool(directory.path());
    let url = soon(async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        loop {
            look.tick().await;
            if let Some(url) = pooler.url(GATEWAY, "pooled") {
                return url;
            }
        }
    });
    let pooled = Db::open_postgres(&Server::parse(&url).unwrap()).unwrap();
    assert_eq!((direct.can_tell().unwrap(), pooled.can_tell().unwrap()), (Some(true), Some(false)));
    let _both = (direct.listen().unwrap(), pooled.listen().unwrap());
    settles(&mut direct.news().hearing(), |hearing| *hearing == Hearing::Told);
    settles(
        &mut pooled.news().hearing(),
        |hearing| matches!(hearing, Hearing::Deaf(why) if why.contains("pool_mode = transaction")),
    );
    let mut ear = direct.news().ear(&[Topic::Keys]);
    execute(&pooled, "UPDATE service_key SET revoked = 1");
    soon(ear.hear());
}

#[test]
fn file_tells_nobody_and_needs_no_thread() {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::open_sqlite(directory.path(), countersign::store::Access::Gateway).unwrap();
    let _listening = db.listen().unwrap();
    assert_eq!((db.can_tell().unwrap(), db.news().hearing().borrow().clone()), (None, Hearing::Looking));
}
