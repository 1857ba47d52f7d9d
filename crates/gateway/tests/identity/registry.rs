//! Service keys from the command that makes them to the leaf that says so.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use countersign::clock::SystemClock;
use countersign::identity::{Reason, ServiceKey, ServiceKeyKind, ServiceKeyText};
use countersign::ledger::{Keyring, Ledger, Missing, keyring};
use countersign::service_key::{Error, Registry, Request, Revocation};
use countersign::store::{self, Access, Db};
use evidence::leaf::{EventType, Leaf};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::harness::Gate;

/// A gateway's database, keys and log, and a command beside it.
struct Office {
    directory: tempfile::TempDir,
    gate: Gate,
    ledger: Ledger,
    gateway: Registry,
    command: Registry,
}

impl Office {
    fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let keys = directory.path().join("keys");
        let ring = Keyring::open(&keys, "test/audit/1", Missing::Create).unwrap();
        let seal = ring.service_key_seal();
        let db = Db::open_sqlite(directory.path(), Access::Gateway).unwrap();
        let ledger = Ledger::start(&db, ring, Arc::new(SystemClock)).unwrap();
        let gate = Gate::sealed_with(
            json!({"service_keys": "accepted"}),
            json!([{"name": "orders"}, {"name": "files"}]),
            seal.clone(),
        );
        let gateway = Registry::new(db, seal, gate.clock.clone());
        let beside = Db::open_sqlite(directory.path(), Access::Beside).unwrap();
        let seal = keyring::read_service_key_seal(&keys).unwrap();
        let command = Registry::new(beside, seal, gate.clock.clone());
        Self { directory, gate, ledger, gateway, command }
    }

    async fn create(&self, request: Request) -> Result<(ServiceKey, ServiceKeyText), Error> {
        let command = self.command.clone();
        tokio::task::spawn_blocking(move || command.create(request, &SystemRandom::new())).await.unwrap()
    }

    async fn revoke(&self, id: &str) -> Revocation {
        let (command, id) = (self.command.clone(), id.to_owned());
        tokio::task::spawn_blocking(move || command.revoke(&id).unwrap()).await.unwrap()
    }

    async fn list(&self) -> Vec<ServiceKey> {
        let command = self.command.clone();
        tokio::task::spawn_blocking(move || command.list().unwrap()).await.unwrap()
    }

    /// What the gateway does every two seconds.
    async fn step(&self) -> usize {
        self.gateway.step(&self.gate.keys, &self.ledger).await.unwrap()
    }

    /// Leaves about keys, with their details. The first is about the log's own keys.
    async fn leaves(&self) -> Vec<(EventType, Value)> {
        let path = self.directory.path().to_owned();
        let read = move || {
            let db = Db::open_sqlite(&path, Access::ReadOnly).unwrap();
            db.read_now("leaves", |read| {
                let mut leaves = Vec::new();
                // One gateway, one lane.
                let Some((last, _)) = store::entry::last(read, 0)? else { return Ok(leaves) };
                let place = store::entry::Place::new(0, 0);
                let span = store::entry::Span { index: 0, place, count: last.sequence() + 1 };
                store::entry::range(read, span, |stored| {
                    leaves.push(Leaf::decode(stored.leaf).unwrap());
                    Ok(())
                })?;
                Ok(leaves)
            })
            .unwrap()
        };
        let leaves: Vec<Leaf> = tokio::task::spawn_blocking(read).await.unwrap();
        leaves
            .into_iter()
            .filter(|leaf| matches!(leaf.event, EventType::KeyCreated | EventType::KeyRevoked))
            .map(|leaf| (leaf.event, serde_json::from_str(leaf.detail.unwrap().as_str()).unwrap()))
            .filter(|(_, detail): &(_, Value)| detail["kind"] == "agent")
            .collect()
    }
}

fn request() -> Request {
    Request {
        name: "triage".to_owned(),
        kind: ServiceKeyKind::Agent,
        groups: vec!["triage".to_owned()],
        servers: vec!["orders".to_owned()],
        created_by: "uid 1000".to_owned(),
        owner: None,
        life: SignedDuration::from_hours(1),
    }
}

#[tokio::test]
async fn key_made_beside_the_gateway_works_after_its_next_look() {
    let office = Office::open();
    let (key, text) = office.create(request()).await.unwrap();
    office.step().await;
    let principal = office.gate.present("orders", text.expose()).await.unwrap();
    assert_eq!(
        (principal.party.subject.as_str(), &principal.groups[..]),
        (key.id.as_str(), &["triage".to_owned()][..])
    );
    assert_eq!(office.list().await, [key]);
}

#[tokio::test]
async fn revoked_key_stops_at_the_gateways_next_look() {
    let office = Office::open();
    let (key, text) = office.create(request()).await.unwrap();
    office.step().await;
    assert_eq!(office.revoke(&key.id).await, Revocation::Revoked);
    assert_eq!(office.revoke(&key.id).await, Revocation::Already);
    assert_eq!(office.revoke("0000000000000000").await, Revocation::Unknown);
    office.step().await;
    assert_eq!(office.gate.refusal(text.expose()).await, Reason::ServiceKeyRevoked);
}

#[tokio::test]
async fn log_tells_of_every_key_and_revocation_once() {
    let office = Office::open();
    let (key, text) = office.create(request()).await.unwrap();
    assert_eq!((office.step().await, office.step().await), (1, 0));
    office.revoke(&key.id).await;
    assert_eq!((office.step().await, office.step().await), (1, 0));
    let leaves = office.leaves().await;
    let events: Vec<_> = leaves.iter().map(|(event, _)| *event).collect();
    assert_eq!(events, [EventType::KeyCreated, EventType::KeyRevoked]);
    assert_eq!(leaves[0].1["key"], key.id);
    assert_eq!(leaves[0].1["servers"], json!(["orders"]));
    assert_eq!(leaves[0].1["created_by"], "uid 1000");
    assert!(leaves[1].1["revoked"].is_string());
    let secret = text.expose().rsplit_once(key.id.as_str()).unwrap().1;
    assert!(leaves.iter().all(|(_, detail)| !detail.to_string().contains(&secret[1..20])));
}

#[tokio::test]
async fn key_revoked_before_the_gateway_looked_has_both_leaves() {
    let office = Office::open();
    let (key, _) = office.create(request()).await.unwrap();
    office.revoke(&key.id).await;
    assert_eq!((office.step().await, office.step().await, office.step().await), (1, 1, 0));
    let events: Vec<_> = office.leaves().await.into_iter().map(|(event, _)| event).collect();
    assert_eq!(events, [EventType::KeyCreated, EventType::KeyRevoked]);
}

#[tokio::test]
async fn secret_is_nowhere_on_disk() {
    let office = Office::open();
    let (_, text) = office.create(request()).await.unwrap();
    office.step().await;
    assert!(office.gate.present("orders", text.expose()).await.is_ok());
    office.gateway.write_used(&office.gate.keys).await.unwrap();
    let secret = &text.expose().as_bytes()["csk_0123456789abcdef_".len()..];
    let mut searched = 0;
    for file in std::fs::read_dir(office.directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(16).any(|window| window == &secret[..16]), "{}", path.display());
            searched += bytes.len();
        }
    }
    assert!(searched > 10_000, "the database was read");
}

#[tokio::test]
async fn row_put_into_the_database_by_hand_proves_nobody_and_is_in_the_log() {
    let office = Office::open();
    // Whoever owns the database, but not the key directory, copies a good row and its own key's hash into it.
    let other = Office::open();
    let (_, text) = other.create(request()).await.unwrap();
    let row = {
        let path = other.directory.path().to_owned();
        let read = move || {
            let db = Db::open_sqlite(&path, Access::ReadOnly).unwrap();
            db.read_now("steal", |read| store::service_key::list(read, "", 1)).unwrap().remove(0)
        };
        tokio::task::spawn_blocking(read).await.unwrap()
    };
    let path = office.directory.path().to_owned();
    let write = move || {
        let db = Db::open_sqlite(&path, Access::Beside).unwrap();
        db.write_now("forge", |tx| store::service_key::insert(tx, &row)).unwrap();
    };
    tokio::task::spawn_blocking(write).await.unwrap();
    assert_eq!(office.step().await, 1);
    assert_eq!(office.gate.refusal(text.expose()).await, Reason::ServiceKeyUnknown);
}

#[tokio::test]
async fn last_use_is_listed_to_the_minute() {
    let office = Office::open();
    let (_, text) = office.create(request()).await.unwrap();
    office.step().await;
    assert_eq!(office.list().await[0].last_used, None);
    assert!(office.gate.present("orders", text.expose()).await.is_ok());
    office.gateway.write_used(&office.gate.keys).await.unwrap();
    let used = office.list().await[0].last_used.unwrap();
    assert_eq!(used.as_second() % 60, 0);
    assert!(office.gate.now().duration_since(used) < SignedDuration::from_mins(1));
}

#[tokio::test]
async fn requests_that_break_a_rule_are_refused() {
    let office = Office::open();
    let day = 24;
    for (request, problem) in [
        (Request { life: SignedDuration::ZERO, ..request() }, "life of 0 days"),
        (Request { life: SignedDuration::from_hours(367 * day), ..request() }, "life of 367 days"),
        (Request { servers: vec![], ..request() }, "without servers"),
        (Request { name: String::new(), ..request() }, "is empty"),
        (Request { name: "a\nb".into(), ..request() }, "control characters"),
        (Request { groups: vec!["x".repeat(129)], ..request() }, "longer than 128 bytes"),
        (Request { groups: vec!["x".repeat(100); 90], ..request() }, "use fewer groups"),
    ] {
        let error = office.create(request).await.map(drop).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
    assert_eq!(office.list().await, []);
}

#[tokio::test]
async fn key_that_was_revoked_on_record_stays_so_for_a_gateway_that_starts_later() {
    let office = Office::open();
    let (key, text) = office.create(request()).await.unwrap();
    office.step().await;
    assert_eq!(office.revoke(&key.id).await, Revocation::Revoked);
    office.step().await;
    let db = Db::open_sqlite(office.directory.path(), Access::Beside).unwrap();
    let forge = move || {
        db.write_now("forge", |tx| tx.execute("UPDATE service_key SET revoked = NULL", &[])).unwrap();
    };
    tokio::task::spawn_blocking(forge).await.unwrap();
    let seal = keyring::read_service_key_seal(&office.directory.path().join("keys")).unwrap();
    let later = Gate::sealed_with(json!({"service_keys": "accepted"}), json!([{"name": "orders"}]), seal);
    office.gateway.step(&later.keys, &office.ledger).await.unwrap();
    let refused = later.present("orders", text.expose()).await.unwrap_err();
    assert_eq!(refused.reason, Reason::ServiceKeyRevoked);
}
