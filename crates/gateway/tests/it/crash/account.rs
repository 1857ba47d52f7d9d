//! What the log says happened, read with the gateway's own keys.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use countersign::ledger::{self, Keyring, Missing, Vault};
use countersign::store::{Access, Db, entry, payload};
use evidence::id::Id;
use evidence::leaf::{EventType, Leaf};
use serde_json::Value;

use super::Answered;

/// More leaves than a run writes.
const LEAVES_MAX: u32 = 1_000_000;

/// One call, as recorded.
#[derive(Default)]
struct Told {
    marker: Option<String>,
    /// Terminal leaves, each with what it recorded of the answer.
    ends: Vec<(EventType, Vec<u8>)>,
}

/// All calls in the log.
pub(crate) struct Account {
    calls: HashMap<Id, Told>,
    key: String,
}

/// Reads the log in `data` and every body in it.
pub(crate) fn read(data: &Path) -> Account {
    read_from(&Db::open_sqlite(data, Access::ReadOnly).expect("a database"), &data.join("keys"))
}

/// Reads the log in `db`, whose keys are in `keys`, and every body in it.
pub(crate) fn read_from(db: &Db, keys: &Path) -> Account {
    let keys = Keyring::open(keys, &ledger::origin("test", 1), Missing::Refuse).expect("keys");
    let vault = Vault::new(&keys).expect("a vault");
    let everything = entry::Filter::default();
    let entries = db.read_now("test", |read| entry::page(read, &everything, LEAVES_MAX)).expect("readable");
    let mut calls: HashMap<Id, Told> = HashMap::new();
    for entry in entries.iter().rev() {
        let leaf = Leaf::decode(&entry.leaf).expect("a leaf");
        let body = leaf.payload.as_ref().map_or_else(Vec::new, |committed| {
            let sealed = db.read_now("test", |read| payload::at(read, entry.place)).expect("readable");
            let (day, sealed) = sealed.expect("the body that the leaf commits to");
            vault.open(db, day, leaf.id.as_bytes(), sealed, &committed.commitment).expect("it opens")
        });
        let Some(call) = leaf.call else { continue };
        match leaf.event {
            EventType::CallIntent => {
                let message: Value = serde_json::from_slice(&body).expect("the call as JSON");
                let marker = message["params"]["arguments"]["marker"].as_str().map(str::to_owned);
                let told = Told { marker, ..Told::default() };
                assert!(calls.insert(call, told).is_none(), "{call} has two intents");
            }
            EventType::CallOutcome | EventType::CallOrphaned => {
                let told = calls.get_mut(&call).expect("an end comes after its intent");
                told.ends.push((leaf.event, body));
            }
            other => panic!("{call} has a leaf `{other}`"),
        }
    }
    Account { calls, key: keys.verifier_key().to_string() }
}

impl Account {
    /// The log tells every effect and every answer, once, and nothing is left open.
    pub(crate) fn assert_covers(&self, effects: &[String], answers: &[Answered]) {
        let mut by_marker: HashMap<&str, &Told> = HashMap::new();
        for (call, told) in &self.calls {
            let marker = told.marker.as_deref().expect("every call of this test has a marker");
            assert!(by_marker.insert(marker, told).is_none(), "`{marker}` was recorded as two calls");
            assert_eq!(told.ends.len(), 1, "{call} (`{marker}`) has one end");
        }
        let mut seen = std::collections::HashSet::new();
        for marker in effects {
            assert!(seen.insert(marker), "`{marker}` took effect twice");
            assert!(by_marker.contains_key(marker.as_str()), "`{marker}` took effect without an intent");
        }
        for Answered { marker, body } in answers {
            assert!(seen.contains(marker), "`{marker}` was answered without effect");
            let told = by_marker[marker.as_str()];
            assert_eq!(
                told.ends[0].0,
                EventType::CallOutcome,
                "`{marker}` was answered, so it has an outcome"
            );
            assert_eq!(told.ends[0].1, *body, "the outcome of `{marker}` is what the caller got");
        }
        assert!(!answers.is_empty(), "callers were answered");
    }

    /// The public key of the log.
    pub(crate) fn verifier_key(&self) -> String {
        self.key.clone()
    }

    pub(crate) fn intents(&self) -> usize {
        self.calls.len()
    }

    pub(crate) fn orphans(&self) -> usize {
        let orphaned = |told: &&Told| told.ends.iter().any(|(event, _)| *event == EventType::CallOrphaned);
        self.calls.values().filter(orphaned).count()
    }
}

/// The verifier that was written from the specifications alone comes to the same verdict.
pub(crate) fn assert_python_agrees(export: &Path, key: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../evidence/verify.py");
    let verdict = Command::new("python3").arg(script).arg(export).args(["--json", "--key", key]).output();
    let verdict = verdict.expect("python3");
    assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&verdict.stdout));
    let findings: Value = serde_json::from_slice(&verdict.stdout).expect("JSON");
    assert_eq!((&findings["sound"], &findings["open_call_count"]), (&true.into(), &0.into()));
}
