//! Recorded messages are erased when their time is over; leaves stay, and with them every proof.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign::clock::{Clock, ManualClock, SystemClock};
use countersign::ledger::{
    Absence, Days, Keyring, Ledger, Missing, Retained, Rules, VaultError, clear_hold, sealed_notice, set_hold,
};
use countersign::model::Statement;
use countersign::seal::Seal;
use countersign::store::entry::{self, Filter, Place as At};
use countersign::store::notice::Notice;
use countersign::store::{Access, Db};
use evidence::leaf::{EventType, Leaf};
use evidence::merkle::Hash;
use evidence::retention::Hold;
use evidence::time::Timestamp;
use jiff::SignedDuration;

use crate::harness::{ORIGIN, Place, intent, outcome};

/// A ledger whose time is moved by hand, on a database that a command can change too.
struct Archive {
    place: Place,
    clock: Arc<ManualClock>,
    ledger: Ledger,
}

impl Archive {
    fn new() -> Self {
        let place = Place::new();
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let db = Db::open_sqlite(place.path(), Access::Gateway).unwrap();
        let keys = Keyring::open(&place.path().join("keys"), ORIGIN, Missing::Create).unwrap();
        let ledger = Ledger::start(&db, keys, clock.clone()).unwrap();
        Self { place, clock, ledger }
    }

    fn pass(&self, days: i64) {
        self.clock.advance(SignedDuration::from_hours(24 * days));
    }

    async fn call(&self, server: &str, class: Option<&'static str>) -> At {
        let statement = class.map(|class| Statement { class, ..read() });
        let intent = intent(r#"{"sql":"a statement"}"#);
        let opened =
            self.ledger.open(countersign::ledger::Intent { server: server.into(), statement, ..intent });
        let opened = opened.await.unwrap();
        let place = opened.place();
        self.ledger.close(opened, outcome(r#"{"rows":[1,2,3]}"#)).await.unwrap();
        place
    }

    async fn retain(&self, ordinary: u32, privileged: u32) -> u64 {
        self.look(ordinary, privileged).await.1
    }

    /// How many bodies were looked at, and erased.
    async fn look(&self, ordinary: u32, privileged: u32) -> (u64, u64) {
        let rules = Rules { common: Days { ordinary, privileged }, servers: BTreeMap::new() };
        let Retained { looked_at, erased } = self.ledger.retain(&rules).await.unwrap();
        (looked_at, erased)
    }

    /// Whether what was recorded at a place can still be read; and who called.
    fn is_there(&self, place: At) -> (bool, bool) {
        let db = self.place.reader();
        let leaf = db.read_now("leaf", |read| entry::leaf_at(read, place)).unwrap().unwrap();
        let leaf = Leaf::decode(&leaf).unwrap();
        let who = self.ledger.personal(&db, leaf.context.unwrap()).unwrap().is_some();
        match self.ledger.recorded(&db, place, &leaf) {
            Ok(recorded) => (recorded.is_some(), who),
            Err(VaultError::Erased) => (false, who),
            Err(error) => panic!("{error}"),
        }
    }

    /// Why what was recorded at a place is not there.
    fn absence(&self, place: At) -> Absence {
        self.place
            .reader()
            .read_now("absence", |read| {
                let leaf = Leaf::decode(&entry::leaf_at(read, place)?.unwrap()).unwrap();
                Absence::find(read, &self.place.seal(), place, &leaf)
            })
            .unwrap()
    }

    fn rows(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        self.place.intruder().query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    fn hold(&self, name: &str) -> Hold {
        let set = Timestamp::from_micros(self.clock.now().as_microsecond()).unwrap();
        let (name, none) = (name.to_owned(), None);
        Hold { name, server: None, actor: None, session: None, since: none, until: none, set, cleared: none }
    }

    /// As `countersign hold set` and `clear` ask.
    fn ask(&self, event: EventType, hold: &Hold) -> (Seal, Notice, Db) {
        let seal = self.place.seal();
        let ts = hold.cleared.unwrap_or(hold.set).as_micros();
        let detail = serde_json::to_string(hold).unwrap();
        let id = Hash::of(format!("{event} {detail}").as_bytes()).as_bytes()[..16].try_into().unwrap();
        let notice = sealed_notice(&seal, id, ts, event, detail);
        (seal, notice, Db::open_sqlite(self.place.path(), Access::Beside).unwrap())
    }

    fn set(&self, name: &str, change: impl FnOnce(&mut Hold)) {
        let mut hold = self.hold(name);
        change(&mut hold);
        let (seal, notice, db) = self.ask(EventType::HoldSet, &hold);
        assert!(db.write_now("hold", |tx| set_hold(tx, &seal, name, &notice)).unwrap());
        assert!(
            !db.write_now("hold", |tx| set_hold(tx, &seal, name, &notice)).unwrap(),
            "a name is used once"
        );
    }

    async fn clear(&self, name: &str) {
        let now = self.hold(name).set;
        let (seal, notice, db) =
            self.ask(EventType::HoldCleared, &Hold { cleared: Some(now), ..self.hold(name) });
        assert!(db.write_now("hold", |tx| clear_hold(tx, &seal, name, &notice)).unwrap());
        assert!(!db.write_now("hold", |tx| clear_hold(tx, &seal, name, &notice)).unwrap(), "once");
        assert!(!db.write_now("hold", |tx| clear_hold(tx, &seal, "case-0", &notice)).unwrap());
        self.ledger.collect().await.unwrap();
    }

    async fn finish(self) -> BTreeMap<String, u64> {
        self.ledger.stop().await.unwrap();
        self.place.assert_sound().erased
    }
}

fn read() -> Statement {
    let none = BTreeSet::new;
    Statement {
        language: "sql",
        class: "read",
        severity: 0,
        classes: BTreeSet::from(["read"]),
        statements: 1,
        reads: none(),
        writes: none(),
        functions: none(),
        flags: none(),
        limit: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_when_their_time_is_over_and_every_proof_still_verifies() {
    let archive = Archive::new();
    let (early, dropped, late) =
        (archive.call("orders", None).await, archive.call("orders", Some("ddl_destructive")).await, {
            archive.call("orders", Some("read")).await
        });
    archive.pass(89);
    assert_eq!(archive.retain(90, 400).await, 0);
    let young = archive.call("orders", None).await;
    archive.pass(2);
    // Two calls, each with what was asked and what was answered.
    assert_eq!(archive.retain(90, 400).await, 4);
    assert_eq!(archive.retain(90, 400).await, 0, "once");
    let there: Vec<_> = [early, late, dropped, young].map(|place| archive.is_there(place)).into();
    assert_eq!(there, [(false, true), (false, true), (true, true), (true, true)]);
    archive.pass(310);
    assert_eq!(archive.retain(90, 400).await, 4);
    // Who called goes last, with the key of the day: what a backup holds of it cannot be opened either.
    let there: Vec<_> = [early, dropped, young].map(|place| archive.is_there(place)).into();
    assert_eq!(there, [(false, false), (false, false), (false, true)]);
    assert_eq!((archive.rows("payload"), archive.rows("context")), (0, 1));
    let days = archive.rows("data_key");
    archive.pass(400);
    assert_eq!(archive.retain(90, 400).await, 0);
    assert!(archive.rows("data_key") < days);
    let erased: Vec<_> = archive.finish().await.into_iter().collect();
    assert_eq!(erased, [("ordinary, 90 days".to_owned(), 6), ("privileged, 400 days".to_owned(), 2)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn body_is_erased_only_where_a_leaf_of_the_log_says_so() {
    let archive = Archive::new();
    let (due, stolen) = (archive.call("orders", None).await, archive.call("orders", Some("write")).await);
    archive.pass(91);
    assert_eq!(archive.retain(90, 400).await, 2);
    // In the moment until its leaf is in the log, too.
    let Absence::Erased(erased) = archive.absence(due) else { panic!("{:?}", archive.absence(due)) };
    assert_eq!(erased.index, None);
    assert!(archive.absence(due).to_string().ends_with("(its leaf is not in the log yet)"));
    archive.ledger.sequence().await.unwrap();
    let Absence::Erased(erased) = archive.absence(due) else { panic!("{:?}", archive.absence(due)) };
    assert_eq!((erased.erasure.rule(), erased.erasure.bodies), ("ordinary, 90 days".to_owned(), 2));
    let leaves = archive.place.leaves();
    assert_eq!(leaves[usize::try_from(erased.index.unwrap()).unwrap()].event.as_str(), "retention.deleted");
    // Somebody with the database, who also says so where notes of it are.
    let intruder = archive.place.intruder();
    intruder.execute("DELETE FROM payload", []).unwrap();
    assert_eq!(archive.absence(stolen), Absence::Missing);
    intruder.execute("UPDATE erased SET high = high + 1000", []).unwrap();
    assert_eq!(archive.absence(stolen), Absence::Missing);
    // Nor do rows without a seal take the place of ours.
    intruder
        .execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) \
             INSERT INTO erased (low, high, leaf) SELECT low - i, high, leaf FROM erased, n",
            [],
        )
        .unwrap();
    assert_eq!(archive.absence(stolen), Absence::Missing);
    archive.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn legal_hold_keeps_what_it_names_until_it_is_cleared() {
    let archive = Archive::new();
    let (held, free) = (archive.call("orders", None).await, archive.call("files", None).await);
    archive.set("case-17", |hold| hold.server = Some("orders".to_owned()));
    archive.pass(500);
    assert_eq!(archive.retain(90, 400).await, 2);
    assert_eq!([held, free].map(|place| archive.is_there(place)), [(true, true), (false, true)]);
    archive.clear("case-17").await;
    assert_eq!(archive.retain(90, 400).await, 2);
    assert_eq!(archive.is_there(held), (false, false));
    archive.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_owns_the_database_ends_no_hold() {
    let archive = Archive::new();
    let held = archive.call("orders", None).await;
    archive.set("case-17", |hold| hold.server = Some("orders".to_owned()));
    archive.pass(500);
    let stays = async |what: &str| {
        assert_eq!((archive.retain(90, 400).await, archive.is_there(held).0), (0, true), "{what}");
    };
    stays("asked for, not recorded").await;
    let intruder = archive.place.intruder();
    intruder.execute("UPDATE notice SET refused = 1", []).unwrap();
    stays("marked as nobody's").await;
    intruder.execute("UPDATE notice SET refused = NULL", []).unwrap();
    let without_id = "INSERT INTO notice (id, ts, event, detail) VALUES (x'00', 1, 'hold.set', '{}')";
    intruder.execute(without_id, []).unwrap();
    archive.ledger.collect().await.unwrap();
    stays("beside a row that cannot be read").await;
    intruder.execute("DELETE FROM notice WHERE id = x'00'", []).unwrap();
    intruder.execute("DELETE FROM notice", []).unwrap();
    stays("its row is deleted").await;
    let cleared = Hold { cleared: Some(archive.hold("x").set), ..archive.hold("case-17") };
    let detail = serde_json::to_string(&cleared).unwrap();
    let insert = "INSERT INTO notice (id, ts, event, detail) VALUES (x'00112233445566778899aabbccddeeff', 1, \
                  'hold.cleared', ?1)";
    intruder.execute(insert, [&detail]).unwrap();
    archive.ledger.collect().await.unwrap();
    stays("somebody else asks for its end").await;
    let leaf = archive.place.leaves().into_iter().find(|leaf| leaf.event == EventType::HoldSet).unwrap();
    let leaf = Leaf {
        event: EventType::HoldCleared,
        detail: Some(evidence::jcs::Object::of(&cleared).unwrap()),
        ..leaf
    };
    let forged = "INSERT INTO entry (place, type, ts, leaf) VALUES (?1, 'hold.cleared', 1, ?2)";
    intruder.execute(forged, rusqlite::params![99_i64 << 40, leaf.encode().unwrap()]).unwrap();
    stays("a leaf that no gateway wrote").await;
    intruder.execute_batch("DROP TRIGGER entry_no_delete; DELETE FROM entry WHERE place = 99 << 40").unwrap();
    archive.clear("case-17").await;
    assert_eq!(archive.retain(90, 400).await, 2);
    archive.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_stay_are_not_looked_at_again_until_something_changes() {
    let archive = Archive::new();
    for class in ["read", "write", "write"] {
        archive.call("orders", Some(class)).await;
    }
    archive.pass(91);
    assert_eq!(archive.look(90, 400).await, (6, 2));
    assert_eq!(archive.look(90, 400).await, (0, 0));
    archive.pass(30);
    assert_eq!(archive.look(90, 400).await, (0, 0));
    // Rules and holds that are not those of before.
    assert_eq!(archive.look(89, 400).await, (4, 0));
    archive.set("case-18", |hold| hold.server = Some("orders".to_owned()));
    assert_eq!(archive.look(89, 400).await, (4, 0));
    archive.pass(300);
    assert_eq!(archive.look(89, 400).await, (4, 0), "they are due, and held");
    assert_eq!(archive.look(89, 400).await, (0, 0));
    archive.clear("case-18").await;
    assert_eq!(archive.look(89, 400).await, (4, 4));
    assert_eq!((archive.look(89, 400).await, archive.rows("payload")), ((0, 0), 0));
    archive.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_of_a_day_goes_once_nothing_is_sealed_with_it() {
    let archive = Archive::new();
    archive.call("orders", None).await;
    // As on a day on which everybody who calls has called before.
    archive.place.intruder().execute("DELETE FROM context", []).unwrap();
    let before = archive.rows("data_key");
    archive.pass(91);
    archive.ledger.heartbeat().await.unwrap();
    assert_eq!(archive.rows("data_key"), before);
    assert_eq!(archive.retain(90, 400).await, 2);
    assert_eq!(archive.rows("data_key"), before - 1);
    archive.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_may_have_days_of_its_own() {
    let archive = Archive::new();
    let (short, long) = (archive.call("chat", None).await, archive.call("orders", None).await);
    archive.pass(31);
    let own = Days { ordinary: 30, privileged: 400 };
    let common = Days { ordinary: 90, privileged: 400 };
    let rules = Rules { common, servers: BTreeMap::from([("chat".to_owned(), own)]) };
    assert_eq!(archive.ledger.retain(&rules).await.unwrap().erased, 2);
    assert_eq!([short, long].map(|place| archive.is_there(place).0), [false, true]);
    assert_eq!(archive.finish().await, BTreeMap::from([("ordinary of chat, 30 days".to_owned(), 2)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_messages_go_and_those_between_them_stay() {
    let archive = Archive::new();
    let mut kept = Vec::new();
    for number in 0..1_500 {
        let class = if number % 3 == 0 { "write" } else { "read" };
        let place = archive.call("orders", Some(class)).await;
        if number % 3 == 0 {
            kept.push(place);
        }
    }
    archive.pass(91);
    assert_eq!(archive.retain(90, 400).await, 2_000);
    assert!(kept.iter().all(|place| archive.is_there(*place).0));
    let newest = archive.place.reader().read_now("leaves", |read| {
        entry::page(read, &Filter { event: Some("retention.deleted".to_owned()), ..Filter::default() }, 100)
    });
    assert!(newest.unwrap().len() > 2, "no leaf names more ranges than it can hold");
    assert_eq!(archive.finish().await, BTreeMap::from([("ordinary, 90 days".to_owned(), 2_000)]));
}

#[tokio::test]
async fn row_beside_a_call_does_not_say_how_long_its_answer_is_kept() {
    let archive = Archive::new();
    let victim = archive.call("prod", Some("ddl_destructive")).await;
    let other = archive.call("prod", Some("read")).await;
    let leaf = |place: At| {
        let bytes =
            archive.place.reader().read_now("leaf", |read| entry::leaf_at(read, place)).unwrap().unwrap();
        Leaf::decode(&bytes).unwrap()
    };
    let (own, other) = (leaf(victim), leaf(other));
    let forge = "INSERT INTO entry (place, type, ts, call, result, leaf) VALUES (?1, 'call.denied', 1, ?2, 'deny', ?3)";
    let call = own.call.unwrap();
    for (place, leaf) in [(98_i64 << 40, other.clone()), (99 << 40, Leaf { call: Some(call), ..other })] {
        let row = rusqlite::params![place, call.as_bytes().as_slice(), leaf.encode().unwrap()];
        archive.place.intruder().execute(forge, row).unwrap();
    }
    archive.pass(40);
    archive.retain(30, 400).await;
    assert_eq!(archive.rows("payload"), 2, "the statement that destroys, and its answer");
}
