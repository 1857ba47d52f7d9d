//! Witnesses: what is published is cosigned by somebody else, and a second history is not.

use std::path::Path;
use std::sync::Arc;

use countersign::anchor::{Anchors, Lines};
use countersign::clock::{Clock, SystemClock};
use countersign::config;
use countersign::ledger::{self, Keyring, Ledger, Missing, keyring};
use countersign::store::{Access, Db};
use countersign::witness::{self, NotCosigned, Witness, WitnessError};
use evidence::note::VerifierKey;
use evidence::verify::{Assurance, Trust, Verified, verify_all};
use evidence::witness::Refusal;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::harness::{ORIGIN, Place, intent, outcome};

/// A log that is written, and what anchors it.
pub(crate) struct Gateway {
    pub(crate) place: Place,
    pub(crate) db: Db,
    pub(crate) ledger: Ledger,
    pub(crate) anchors: Anchors,
}

/// A witness that is served.
struct Served {
    directory: tempfile::TempDir,
    key: VerifierKey,
    url: url::Url,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

impl Served {
    async fn start(logs: Vec<VerifierKey>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key = witness::create(directory.path(), "witness.example/w1").unwrap();
        let witness = Witness::open(directory.path(), logs, clock()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(witness::serve(Arc::new(witness), listener, None, stop.clone()));
        Self { directory, key, url, stop, serving }
    }

    fn configured(&self) -> config::Anchors {
        let witness = config::Witness { url: self.url.clone(), key: self.key.to_string() };
        config::Anchors { witnesses: vec![witness], ..config::Anchors::default() }
    }

    async fn end(self) -> tempfile::TempDir {
        self.stop.cancel();
        self.serving.await.unwrap();
        self.directory
    }
}

impl Gateway {
    /// A log that may share its keys with another one.
    pub(crate) fn start(keys: Option<&Path>, witness: &config::Anchors) -> Self {
        let place = Place::new();
        let directory = place.path().join("keys");
        if let Some(keys) = keys {
            Keyring::open(&directory, ORIGIN, Missing::Create).unwrap();
            for file in ["log.key", "log.pub", "payload.key", "identifier.key"] {
                std::fs::copy(keys.join(file), directory.join(file)).unwrap();
            }
        }
        let db = Db::open_sqlite(place.path(), Access::Gateway).unwrap();
        let keys = Keyring::open(&directory, ORIGIN, Missing::Create).unwrap();
        let ledger = Ledger::start(&db, keys, clock()).unwrap();
        let anchors = Anchors::new(witness, Lines::Kept, db.clone(), ledger.clone(), clock()).unwrap();
        Self { place, db, ledger, anchors }
    }

    pub(crate) fn key(&self) -> VerifierKey {
        keyring::read_verifier_key(&self.place.path().join("keys")).unwrap()
    }

    pub(crate) async fn publish(&self, calls: usize) {
        for _ in 0..calls {
            let opened = self.ledger.open(intent("{}")).await.unwrap();
            self.ledger.close(opened, outcome("{}")).await.unwrap();
        }
        self.ledger.publish().await.unwrap();
    }

    /// The level that the gateway itself says.
    pub(crate) async fn level(&self) -> &'static str {
        self.anchors.assurance().await.unwrap().level
    }

    /// What an auditor finds who trusts this witness.
    fn audit(&self, witness: &VerifierKey) -> Assurance {
        let export = tempfile::tempdir().unwrap();
        ledger::export(&self.db, &self.key(), export.path(), &mut |_, _| ()).unwrap();
        let trust = Trust { keys: vec![self.key()], witnesses: vec![witness.clone()], quorum: 1 };
        match verify_all(&[export.path().to_owned()], &trust, &mut |_, _| ()).unwrap() {
            Verified::One(findings) => findings.assurance,
            Verified::Many(_) => panic!("one log was exported"),
        }
    }
}

#[tokio::test]
async fn what_is_published_is_cosigned_and_exported_with_it() {
    let nowhere = config::Anchors::default();
    let probe = Gateway::start(None, &nowhere);
    let keys = probe.place.path().join("keys");
    let served = Served::start(vec![probe.key()]).await;
    let gateway = Gateway::start(Some(&keys), &served.configured());
    for calls in [1, 0, 3, 200] {
        gateway.publish(calls).await;
        gateway.anchors.step().await;
        assert_eq!(gateway.audit(&served.key), Assurance::L3);
        assert!(gateway.ledger.health().worries.is_empty());
        assert_eq!(gateway.level().await, "L3");
    }
    // Another history under the same key is not cosigned, and its gateway says why.
    let configured = served.configured();
    let fork = Gateway::start(Some(&keys), &configured);
    fork.publish(5).await;
    fork.anchors.step().await;
    let worries = fork.ledger.health().worries;
    assert!(worries.iter().any(|worry| worry.contains("witness `witness.example/w1`")), "{worries:?}");
    assert_eq!(fork.audit(&served.key), Assurance::L0);
    assert_eq!(fork.level().await, "L1");
    served.end().await;
}

#[tokio::test]
async fn witness_remembers_what_it_cosigned_when_it_starts_again() {
    let probe = Gateway::start(None, &config::Anchors::default());
    let served = Served::start(vec![probe.key()]).await;
    let gateway = Gateway::start(Some(&probe.place.path().join("keys")), &served.configured());
    gateway.publish(2).await;
    gateway.anchors.step().await;
    let locked = Witness::open(served.directory.path(), vec![probe.key()], clock());
    assert!(matches!(locked, Err(WitnessError::Locked { .. })));
    let key = served.key.clone();
    let directory = served.end().await;
    assert!(matches!(witness::create(directory.path(), "another"), Err(WitnessError::Exists { .. })));
    let again = Witness::open(directory.path(), vec![probe.key()], clock()).unwrap();
    assert_eq!(again.verifier_key(), key);
    // The same log from its beginning is a request of somebody who forgot: it is told the size.
    let note = gateway.ledger.publish().await.unwrap();
    let refused = again.cosign(&format!("old 0\n\n{note}")).unwrap_err();
    assert!(matches!(refused, NotCosigned::Refused(Refusal::Conflict { size }) if size > 0), "{refused}");
    // A log that it was not told about, one under another key, and no request at all.
    let status = |body: &str| match again.cosign(body).unwrap_err() {
        NotCosigned::Refused(refusal) => refusal.status(),
        NotCosigned::Forgetful(error) => panic!("{error}"),
    };
    assert_eq!(status(&format!("old 0\n\n{}", note.replace(ORIGIN, "other/audit/1"))), 404);
    let other = Gateway::start(None, &config::Anchors::default());
    other.publish(0).await;
    assert_eq!(status(&format!("old 0\n\n{}", other.ledger.publish().await.unwrap())), 403);
    assert_eq!(status("new 0\n"), 400);
    // A memory that was damaged is not an empty one.
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("log-") {
            std::fs::write(path, "nothing").unwrap();
        }
    }
    let refused = again.cosign(&format!("old 0\n\n{note}")).unwrap_err();
    assert!(matches!(refused, NotCosigned::Forgetful(_)), "{refused}");
}

#[tokio::test]
async fn witness_answers_over_http_as_the_specification_says() {
    let gateway = Gateway::start(None, &config::Anchors::default());
    let served = Served::start(vec![gateway.key()]).await;
    gateway.publish(2).await;
    let note = gateway.ledger.publish().await.unwrap();
    let client = reqwest::Client::new();
    let at = |path: &str| served.url.join(path).unwrap();
    let post = |body: String| client.post(at("/add-checkpoint")).body(body).send();
    let cosigned = post(format!("old 0\n\n{note}")).await.unwrap();
    assert_eq!(cosigned.status(), 200);
    let line = cosigned.text().await.unwrap();
    assert!(line.starts_with("\u{2014} witness.example/w1 ") && line.ends_with('\n'), "{line}");
    let conflict = post(format!("old 0\n\n{note}")).await.unwrap();
    assert_eq!(conflict.status(), 409);
    assert_eq!(conflict.headers()["content-type"], "text/x.tlog.size");
    assert_eq!(conflict.text().await.unwrap(), format!("{}\n", note.lines().nth(1).unwrap()));
    assert_eq!(post("x".repeat(100_000)).await.unwrap().status(), 400);
    assert_eq!(client.get(at("/add-checkpoint")).send().await.unwrap().status(), 405);
    assert_eq!(client.post(at("/other")).send().await.unwrap().status(), 404);
    served.end().await;
}

#[tokio::test]
async fn gateway_goes_on_without_its_witness_and_catches_up() {
    let probe = Gateway::start(None, &config::Anchors::default());
    let served = Served::start(vec![probe.key()]).await;
    let (configured, key) = (served.configured(), served.key.clone());
    let gateway = Gateway::start(Some(&probe.place.path().join("keys")), &configured);
    gateway.publish(1).await;
    gateway.anchors.step().await;
    let url = served.url.clone();
    let directory = served.end().await;
    // Away: calls go on, and one failure is no reason for concern.
    gateway.publish(3).await;
    gateway.anchors.step().await;
    assert!(gateway.ledger.health().worries.is_empty());
    // Back, at the same address; a new gateway process asks it at once.
    let witness = Witness::open(directory.path(), vec![probe.key()], clock()).unwrap();
    let listener = TcpListener::bind((url.host_str().unwrap(), url.port().unwrap())).await.unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(witness::serve(Arc::new(witness), listener, None, stop.clone()));
    let anchors =
        Anchors::new(&configured, Lines::Kept, gateway.db.clone(), gateway.ledger.clone(), clock()).unwrap();
    anchors.step().await;
    assert_eq!(gateway.audit(&key), Assurance::L3);
    stop.cancel();
    serving.await.unwrap();
}
