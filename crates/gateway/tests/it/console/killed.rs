//! A gateway that is killed while a policy set is published, at each step of it: the set is in force with its leaf, or
//! neither is.

use std::collections::BTreeMap;

use countersign::store::entry::{self, Filter};
use countersign::store::{Db, Server};
use fixture::postgres::{GATEWAY, Server as Postgres};
use fixture::recorder::{Recorder, echo};
use postgres::{Client, NoTls};
use serde_json::{Value, json};

use super::{POLICIES, site_of};
use crate::approval::eventually;
use crate::approval::shared::{DATABASE, database};
use crate::harness::{Site, verify_from};
use crate::life::{self, Life, Milestone};

/// Where the database makes the gateway wait until it is killed, and whether the set is in force afterwards.
const STEPS: [(&str, &str, Then); 5] = [
    ("the proposal is taken", "TRIGGER stall BEFORE UPDATE OF claimed ON policy_proposal", Then::Old),
    (
        "the leaf is written",
        "CONSTRAINT TRIGGER stall AFTER INSERT ON entry NOT DEFERRABLE FOR EACH ROW WHEN (NEW.type = 'policy.published')",
        Then::Old,
    ),
    ("the set is written beside it", "TRIGGER stall AFTER INSERT ON policy_publication", Then::Old),
    ("the proposal is over", "TRIGGER stall AFTER UPDATE OF ended ON policy_proposal", Then::Old),
    (
        "all of it is committed",
        "CONSTRAINT TRIGGER stall AFTER INSERT ON policy_publication DEFERRABLE INITIALLY DEFERRED FOR EACH ROW",
        Then::New,
    ),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    Old,
    New,
}

/// A gateway as a process, on a database whose owner makes it wait.
struct Place {
    site: Site,
    server: Postgres,
    directory: tempfile::TempDir,
}

impl Place {
    async fn api(&self, person: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let path = format!("/api/v1/policies{path}");
        let answer = self.site.api(&self.site.api_token(person), method, &path, body).await;
        (answer.status(), answer.json().expect("JSON"))
    }

    async fn in_force(&self) -> Value {
        self.api("bob", "GET", "", &Value::Null).await.1["set"].clone()
    }

    /// What is published by number: as the log tells it, which must be what the table has.
    fn published(&self) -> BTreeMap<i64, String> {
        let db = self.db();
        let wanted = Filter { event: Some("policy.published".to_owned()), ..Filter::default() };
        let leaves = db.read_now("test", |read| entry::page(read, &wanted, 1000)).expect("readable");
        let told = leaves.iter().filter_map(|entry| {
            let leaf: Value = serde_json::from_slice(&entry.leaf).expect("JSON");
            let set = leaf["detail"]["policy_set"].as_str().expect("a set").to_owned();
            // That of a start has no number.
            Some((leaf["detail"]["publication"].as_i64()?, set))
        });
        let told: BTreeMap<i64, String> = told.collect();
        let rows =
            "SELECT number || ' ' || encode(policy_set, 'hex') FROM policy_publication ORDER BY number";
        let there: BTreeMap<i64, String> = self
            .server
            .sql(DATABASE, rows)
            .lines()
            .filter_map(|row| row.split_once(' '))
            .map(|(number, set)| (number.parse().expect("a number"), set.to_owned()))
            .collect();
        assert_eq!(told, there, "no leaf without its set, no set without its leaf");
        told
    }

    fn db(&self) -> Db {
        Db::open_postgres(&Server::parse(&self.server.url(GATEWAY, DATABASE)).expect("an address"))
            .expect("a database")
    }

    /// Nobody is connected any more as a gateway: what a killed one had begun is over.
    async fn let_go(&self) {
        let left = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{GATEWAY}'");
        eventually(|| async { (beside(|| self.server.sql(DATABASE, &left)) == "0").then_some(()) }).await;
    }
}

/// Holds the lock, on a connection of its own; ends where blocking is allowed.
struct Holder(Option<Client>);

impl Holder {
    fn new(url: &str) -> Self {
        Self(Some(beside(|| Client::connect(url, NoTls)).expect("connected")))
    }

    fn run(&mut self, sql: &str) {
        self.0.as_mut().expect("connected").execute(sql, &[]).expect(sql);
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        beside(|| drop(self.0.take()));
    }
}

/// What blocks, from an async test.
fn beside<T>(f: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(f)
}

async fn place() -> (Place, fixture::loopback::Running) {
    let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a directory");
    let server = beside(|| database(directory.path()));
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let site = site_of(&upstream, ("http://127.0.0.1", POLICIES), 24 * 3600).await;
    let storage = format!(
        "  directory: data\n  keys: {}\n  postgres:\n    url: {}\n    silence_ms: 5000\n",
        directory.path().join("keys").display(),
        server.url(GATEWAY, DATABASE)
    );
    site.edit(|text| {
        let publish = "policy:\n  publish: { consent: second_person }\n";
        text.replacen("policy:\n", publish, 1).replacen("  directory: data\n", &storage, 1)
    });
    life::log_progress(&site.file);
    let stall = "CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS \
                 $$BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END$$";
    beside(|| server.sql(DATABASE, stall));
    (Place { site, server, directory }, upstream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateway_killed_while_it_publishes_leaves_the_old_set_or_the_new_one_with_its_leaf() {
    let (place, upstream) = place().await;
    let mut holder = Holder::new(&place.server.url("postgres", DATABASE));
    let mut life = Life::begin(&place.site.file);
    life.reach(Milestone::Listening).await;
    for (at, (step, trigger, then)) in STEPS.into_iter().enumerate() {
        let (old, before) = (place.in_force().await, beside(|| place.published()));
        let more = format!(
            "@id(\"more\") permit (principal in Group::\"support\", action == Action::\"tools/call\", resource) \
             when {{ resource.name == \"more-{at}\" }};"
        );
        let files = json!({ "files": [{ "name": "test.cedar", "text": POLICIES.to_owned() + &more }] });
        let (status, proposal) = place.api("bob", "POST", "/propose", &files).await;
        assert_eq!(status, 200, "{proposal}");
        let wanted = json!({ "proposal": proposal["id"], "set": proposal["set"] });
        beside(|| {
            place.server.sql(DATABASE, &format!("CREATE {trigger} EXECUTE FUNCTION stall()"));
            holder.run("SELECT pg_advisory_lock(4711)");
        });
        let waits =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted";
        let publishing = place.api("carol", "POST", "/publish", &wanted);
        let stalled =
            eventually(|| async { (beside(|| place.server.sql(DATABASE, waits)) != "0").then_some(()) });
        tokio::select! {
            answer = publishing => panic!("{step}: {answer:?}"),
            () = stalled => {}
        }
        life.kill().await;
        beside(|| {
            holder.run("SELECT pg_advisory_unlock(4711)");
            place.server.sql(DATABASE, &format!("DROP TRIGGER stall ON {}", table(trigger)));
        });
        place.let_go().await;
        let after = beside(|| place.published());
        let expected = if then == Then::New { &proposal["set"] } else { &old };
        assert_eq!(after.len() - before.len(), usize::from(then == Then::New), "{step}: {after:?}");
        life = Life::begin(&place.site.file);
        life.reach(Milestone::Listening).await;
        assert_eq!(&place.in_force().await, expected, "{step}");
        // What the dead one had taken is free again once its lane is closed.
        let again = || async {
            let (status, answer) = place.api("carol", "POST", "/publish", &wanted).await;
            assert!([200, 404, 409].contains(&status), "{step}: {answer}");
            (place.in_force().await == proposal["set"]).then_some(())
        };
        eventually(again).await;
        beside(|| place.published());
        println!("killed when {step}: {then:?}");
    }
    life.end().await;
    upstream.stop().await.expect("an orderly end");
    beside(|| {
        let key = countersign::ledger::keyring::read_verifier_key(&place.directory.path().join("keys"));
        let export = place.directory.path().join("export");
        let findings = verify_from(&place.db(), &export, &key.expect("a key").to_string());
        assert!(findings.sound, "{:?}", findings.problems);
    });
}

fn table(trigger: &str) -> &str {
    let after = trigger.split_once(" ON ").expect("a table").1;
    after.split(' ').next().expect("a table")
}
