//! Several gateways on one PostgreSQL database: one log.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign::clock::SystemClock;
use countersign::ledger::{
    self, Declared, EpochError, Keyring, Ledger, Missing, StartError, Unavailable, keyring,
};
use countersign::store::{Db, Server, epoch};
use evidence::epoch::Seal;
use evidence::verify::{Findings, Paint, verify, verify_chain};
use fixture::postgres::{self, Durability, GATEWAY, OWNER};

use crate::harness::{ORIGIN, intent, outcome};

pub(crate) const DATABASE: &str = "audit";
/// Long enough for no test to meet it.
pub(crate) const PATIENT: Duration = Duration::from_hours(1);

/// A server, a database on it, and keys.
pub(crate) struct Place {
    pub(crate) server: postgres::Server,
    directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        let place = directory.path().join("server");
        std::fs::create_dir(&place).unwrap();
        // The server runs as another user, who must be able to pass.
        std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        let server = postgres::Server::start(&place, Durability::Kept);
        server.database(DATABASE);
        let owner = Server::parse(&server.url(OWNER, DATABASE)).unwrap();
        blocking(|| Db::migrate(&owner, GATEWAY).unwrap());
        Self { server, directory }
    }

    fn keys(&self) -> std::path::PathBuf {
        self.directory.path().join("keys")
    }

    pub(crate) fn db(&self) -> Db {
        Db::open_postgres(&Server::parse(&self.server.url(GATEWAY, DATABASE)).unwrap()).unwrap()
    }

    pub(crate) fn start(&self, silence: Duration) -> Ledger {
        self.try_start(&self.keys(), silence).unwrap()
    }

    fn try_start(&self, keys: &Path, silence: Duration) -> Result<Ledger, StartError> {
        blocking(|| {
            let keys = Keyring::open(keys, ORIGIN, Missing::Create)?;
            Ledger::start_among(&self.db(), keys, Arc::new(SystemClock), silence)
        })
    }

    fn verify(&self) -> Findings {
        let key = keyring::read_verifier_key(&self.keys()).unwrap();
        let export = tempfile::tempdir().unwrap();
        blocking(|| ledger::export(&self.db(), &key, export.path(), &mut |_, _| ()).unwrap());
        verify(export.path(), Some(&key), &mut |_, _| ()).unwrap()
    }

    pub(crate) fn assert_sound(&self) -> Findings {
        let findings = self.verify();
        assert!(findings.sound, "{}", findings.report(Paint::Plain));
        assert_eq!(findings.open_call_count, 0, "{}", findings.report(Paint::Plain));
        let written: u64 = self.server.sql(DATABASE, "SELECT count(*) FROM entry").parse().unwrap();
        assert_eq!(findings.leaves_read, written);
        findings
    }
}

/// The driver blocks, with a runtime of its own.
pub(crate) fn blocking<T>(f: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(f)
}

/// Runs calls on a ledger.
async fn calls(ledger: &Ledger, count: usize) {
    for _ in 0..count {
        let opened = ledger.open(intent("{}")).await.unwrap();
        ledger.close(opened, outcome("{}")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lanes_of_several_gateways_become_one_log() {
    let place = Place::new();
    let (first, second, third) = (place.start(PATIENT), place.start(PATIENT), place.start(PATIENT));
    let mut tasks = tokio::task::JoinSet::new();
    for ledger in [&first, &second, &third] {
        for _ in 0..4 {
            let ledger = ledger.clone();
            tasks.spawn(async move { calls(&ledger, 25).await });
        }
        // All of them sequence and publish at the same time.
        let ledger = ledger.clone();
        tasks.spawn(async move {
            for _ in 0..10 {
                ledger.sequence().await.unwrap();
                ledger.publish().await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    for ledger in [&second, &first, &third] {
        ledger.stop().await.unwrap();
    }
    let findings = place.assert_sound();
    assert_eq!((findings.lanes, findings.counts["log.genesis"]), (3, 1));
    assert_eq!((findings.counts["call.intent"], findings.counts["call.outcome"]), (300, 300));
    // The next one goes on from what the others signed.
    let next = place.start(PATIENT);
    calls(&next, 1).await;
    next.stop().await.unwrap();
    assert_eq!(place.assert_sound().lanes, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_a_silent_gateway_are_ended_by_another_and_it_can_write_no_more() {
    let place = Place::new();
    let silence = Duration::from_millis(600);
    let (zombie, other) = (place.start(silence), place.start(silence));
    let left = zombie.open(intent("{}")).await.unwrap();
    other.sweep().await.unwrap();
    let mut looks = tokio::time::interval(silence / 6);
    loop {
        looks.tick().await;
        other.sweep().await.unwrap();
        if place.server.sql(DATABASE, "SELECT count(*) FROM lane WHERE swept IS NOT NULL") == "1" {
            break;
        }
    }
    // It was only stopped, and goes on.
    let refused = zombie.close(left, outcome("late")).await.unwrap_err();
    assert!(
        matches!(&refused, Unavailable::Failed(reason) if reason.contains("took this process for dead")),
        "{refused}"
    );
    assert!(zombie.failed().await.contains("closed its lane"));
    assert!(matches!(zombie.open(intent("{}")).await, Err(Unavailable::Failed(_))));
    calls(&other, 3).await;
    other.stop().await.unwrap();
    let findings = place.assert_sound();
    assert_eq!(findings.counts["call.orphaned"], 1);
    assert_eq!(findings.counts["call.outcome"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateway_that_gives_signs_of_life_is_left_alone() {
    let place = Place::new();
    let silence = Duration::from_millis(600);
    let (idle, other) = (place.start(silence), place.start(silence));
    let held = idle.open(intent("{}")).await.unwrap();
    let mut looks = tokio::time::interval(silence / 6);
    for _ in 0..12 {
        looks.tick().await;
        idle.pulse().await.unwrap();
        other.sweep().await.unwrap();
    }
    idle.close(held, outcome("{}")).await.unwrap();
    idle.stop().await.unwrap();
    other.stop().await.unwrap();
    assert!(!place.assert_sound().counts.contains_key("call.orphaned"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_forged_by_the_owner_before_sequencing_is_refused_and_alarmed() {
    let place = Place::new();
    let (victim, other) = (place.start(PATIENT), place.start(PATIENT));
    calls(&victim, 1).await;
    victim.sequence().await.unwrap();
    calls(&victim, 1).await;
    // The owner takes the triggers off and changes a leaf that is acknowledged and not in the log yet.
    place.server.sql(
        DATABASE,
        "ALTER TABLE entry DISABLE TRIGGER ALL; UPDATE entry SET leaf = leaf || ' '::bytea WHERE place = \
         (SELECT max(place) FROM entry WHERE type = 'call.outcome')",
    );
    calls(&other, 2).await;
    other.sequence().await.unwrap();
    let worries = other.health().worries;
    assert!(worries.iter().any(|worry| worry.contains("not what its process signed")), "{worries:?}");
    // The others go on, and the one whose evidence it is ends.
    calls(&other, 1).await;
    let refused = victim.sequence().await.unwrap_err();
    assert!(matches!(refused, Unavailable::Failed(_)), "{refused}");
    other.stop().await.unwrap();
    let findings = place.verify();
    assert!(findings.sound, "{}", findings.report(Paint::Plain));
    let refused = place.try_start(&place.keys(), PATIENT).err().unwrap().to_string();
    assert!(refused.contains("not what its process signed"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lane_that_the_owner_made_up_does_not_get_into_the_log() {
    let place = Place::new();
    let ledger = place.start(PATIENT);
    place.server.sql(
        DATABASE,
        "INSERT INTO lane SELECT number + 1, decode(md5(id), 'hex'), key, seal, opened, open_from + 1099511627776, 0 FROM lane; \
         INSERT INTO entry (place, type, ts, leaf) SELECT place + 1099511627776, type, ts, leaf FROM entry; \
         INSERT INTO lane_head (place, digest, joint, signature) \
         SELECT place + 1099511627776, digest, joint, signature FROM lane_head",
    );
    calls(&ledger, 1).await;
    ledger.sequence().await.unwrap();
    let worries = ledger.health().worries;
    assert!(worries.iter().any(|worry| worry.contains("not opened with this log's keys")), "{worries:?}");
    ledger.stop().await.unwrap();
    let findings = place.verify();
    assert!(findings.sound, "{}", findings.report(Paint::Plain));
    assert_eq!(findings.lanes, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateway_with_other_keys_is_refused() {
    let place = Place::new();
    let ledger = place.start(PATIENT);
    let other = tempfile::tempdir().unwrap();
    let refused = place.try_start(&other.path().join("keys"), PATIENT).err().unwrap().to_string();
    assert!(refused.contains("not opened with this log's keys"), "{refused}");
    ledger.stop().await.unwrap();
    place.assert_sound();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_of_the_server_loses_nothing_that_was_acknowledged() {
    let place = Place::new();
    let (first, second) = (place.start(PATIENT), place.start(PATIENT));
    calls(&first, 5).await;
    let held = second.open(intent("{}")).await.unwrap();
    place.server.end();
    assert!(matches!(first.open(intent("{}")).await, Err(Unavailable::Blocked(_))));
    assert!(second.close(held, outcome("{}")).await.is_err());
    place.server.begin();
    for ledger in [&first, &second] {
        while ledger.retry().await.is_err() {
            tokio::task::yield_now().await;
        }
        calls(ledger, 2).await;
    }
    first.stop().await.unwrap();
    second.stop().await.unwrap();
    let findings = place.assert_sound();
    assert_eq!(findings.counts["audit.gap"], 2);
    // What the upstream answered while the database was away is not lost.
    assert_eq!(findings.counts["call.outcome"], 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pooler_that_gives_connections_away_between_transactions_is_no_hindrance() {
    let place = Place::new();
    let socket = place.directory.path().join("pool");
    std::fs::create_dir(&socket).unwrap();
    let pooler = place.server.pool(&socket);
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let url = loop {
        look.tick().await;
        if let Some(url) = pooler.url(GATEWAY, DATABASE) {
            break url;
        }
    };
    let start = || {
        let db = Db::open_postgres(&Server::parse(&url).unwrap()).unwrap();
        let keys = Keyring::open(&place.keys(), ORIGIN, Missing::Create).unwrap();
        Ledger::start_among(&db, keys, Arc::new(SystemClock), PATIENT).unwrap()
    };
    // Each wants more connections than the pooler has.
    let (first, second) = (blocking(start), blocking(start));
    let mut tasks = tokio::task::JoinSet::new();
    for ledger in [&first, &second] {
        for _ in 0..4 {
            let ledger = ledger.clone();
            tasks.spawn(async move {
                calls(&ledger, 10).await;
                ledger.publish().await.unwrap();
            });
        }
    }
    tasks.join_all().await;
    first.stop().await.unwrap();
    second.stop().await.unwrap();
    assert_eq!(place.assert_sound().counts["call.outcome"], 80);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_are_made_again_and_nothing_is_doubled() {
    let place = Place::new();
    let (first, second) = (place.start(PATIENT), place.start(PATIENT));
    let mut tasks = tokio::task::JoinSet::new();
    for ledger in [&first, &second] {
        for _ in 0..4 {
            let ledger = ledger.clone();
            tasks.spawn(async move {
                let mut acknowledged = 0_u64;
                for _ in 0..40 {
                    if let Ok(opened) = ledger.open(intent("{}")).await {
                        acknowledged += u64::from(ledger.close(opened, outcome("{}")).await.is_ok());
                    } else if ledger.retry().await.is_err() {
                        tokio::task::yield_now().await;
                    }
                }
                acknowledged
            });
        }
    }
    for _ in 0..10 {
        place.server.sql(
            "postgres",
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'gateway'",
        );
    }
    let acknowledged: u64 = tasks.join_all().await.into_iter().sum();
    for ledger in [&first, &second] {
        while ledger.retry().await.is_err() {
            tokio::task::yield_now().await;
        }
        ledger.stop().await.unwrap();
    }
    let findings = place.assert_sound();
    assert!(findings.counts["call.outcome"] >= acknowledged, "{acknowledged}: {:?}", findings.counts);
    println!("{acknowledged} calls acknowledged; {:?}", findings.counts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restored_older_database_is_refused() {
    let place = Place::new();
    let run = async |count| {
        let ledger = place.start(PATIENT);
        calls(&ledger, count).await;
        ledger.stop().await.unwrap();
    };
    run(1).await;
    place.server.sql("postgres", &format!("CREATE DATABASE backup TEMPLATE {DATABASE}"));
    run(3).await;
    place.server.sql("postgres", &format!("ALTER DATABASE {DATABASE} RENAME TO newer"));
    place.server.sql("postgres", &format!("ALTER DATABASE backup RENAME TO {DATABASE}"));
    let refused = place.try_start(&place.keys(), PATIENT).err().unwrap().to_string();
    assert!(refused.contains("the database is older") && refused.contains("restore"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_ends_and_begins_again_only_while_no_gateway_runs() {
    let place = Place::new();
    let (origin, db) = (ledger::origin("test", 2), blocking(|| place.db()));
    let (first, second) = (place.start(PATIENT), place.start(PATIENT));
    calls(&first, 2).await;
    calls(&second, 2).await;
    let next_key = Some(keyring::prepare(&place.keys(), &origin, None).unwrap().to_string());
    let seal = Seal { next_key, reason: "rotation".to_owned() };
    // Who lives is heard.
    let refused = tokio::select! {
        refused = ledger::quiesce(&db, &SystemClock, Duration::from_millis(200)) => refused,
        () = async { while first.pulse().await.is_ok() {} } => panic!("the pulse failed"),
    };
    assert!(matches!(refused, Err(EpochError::Running)), "{refused:?}");
    // Whoever seals must be the only one.
    assert!(first.end_log(&seal).await.is_err());
    first.retry().await.unwrap();
    first.stop().await.unwrap();
    // The other one died with a call.
    let open = second.open(intent("{}")).await.unwrap();
    std::mem::forget(open);
    drop(second);
    ledger::quiesce(&db, &SystemClock, Duration::ZERO).await.unwrap();
    let last = place.start(PATIENT);
    last.end_log(&seal).await.unwrap();
    assert!(matches!(place.try_start(&place.keys(), PATIENT), Err(StartError::Sealed)));
    let (_, begun) = blocking(|| {
        let old = keyring::read_key_of(&place.keys(), 1).unwrap();
        let keys = Keyring::open(&place.keys(), &origin, Missing::Refuse).unwrap();
        let clock = Arc::new(SystemClock);
        ledger::begin_epoch(&db, keys, &old, clock, "rotation", Declared::Nothing).unwrap()
    });
    calls(&begun, 2).await;
    begun.stop().await.unwrap();
    let exported = tempfile::tempdir().unwrap();
    let directories: Vec<_> = blocking(|| {
        let epochs = db.read_now("epochs", epoch::all).unwrap();
        let each = epochs.iter().map(|epoch| {
            let directory = exported.path().join(epoch.number.to_string());
            let key = keyring::read_key_of(&place.keys(), epoch.number).unwrap();
            ledger::export_epoch(&db, epoch, &key, &directory, &mut |_, _| ()).unwrap();
            directory
        });
        each.collect()
    });
    let key = keyring::read_key_of(&place.keys(), 1).unwrap();
    let chain = verify_chain(&directories, &[key], &mut |_, _| ()).unwrap();
    assert!(chain.sound, "{}", chain.report(Paint::Plain));
    assert_eq!(chain.epochs[0].findings.counts["call.orphaned"], 1);
    assert_eq!(chain.epochs[1].findings.counts["call.outcome"], 2);
}
