//! Anchors: the log in places that its owner does not reach.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use countersign::anchor::{Anchors, Lines};
use countersign::config::{self, Webhook};
use countersign::secret::SecretSource;
use evidence::checkpoint::Checkpoint;
use evidence::verify::{Findings, Paint, Trust, Verified, verify_all};
use tokio::net::TcpListener;

use crate::witness::{Gateway, clock};

fn published_to(directory: &Path) -> config::Anchors {
    let place = config::Place {
        name: "vault".to_owned(),
        interval_ms: 0,
        directory: Some(directory.to_owned()),
        s3: None,
        gcs: None,
        azure: None,
    };
    config::Anchors { places: vec![place], ..config::Anchors::default() }
}

fn verify(gateway: &Gateway, place: &Path) -> Findings {
    let trust = Trust { keys: vec![gateway.key()], ..Trust::default() };
    match verify_all(&[place.to_owned()], &trust, &mut |_, _| ()).unwrap() {
        Verified::Many(mut chain) => chain.epochs.remove(0).findings,
        Verified::One(findings) => *findings,
    }
}

fn files(place: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![place.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(place).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[tokio::test]
async fn log_is_published_step_by_step_and_verified_where_it_is() {
    let place = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(None, &published_to(place.path()));
    let mut before: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    for calls in [0, 1, 130, 400] {
        gateway.publish(calls).await;
        gateway.anchors.step().await;
        assert!(gateway.ledger.health().worries.is_empty(), "{:?}", gateway.ledger.health().worries);
        let findings = verify(&gateway, place.path());
        assert!(findings.sound, "{}", findings.report(Paint::Plain));
        assert_eq!(findings.leaves_read, gateway.ledger.health().size);
        // Nothing but the latest checkpoint was ever written twice.
        let now = files(place.path());
        for (path, bytes) in before {
            assert!(now[&path] == bytes || path.ends_with("epoch-1/checkpoint"), "{}", path.display());
        }
        before = now;
    }
    assert_eq!(verify(&gateway, place.path()).earlier_checkpoints, 4);
    // Whoever owns the directory can change it: that is no stronger than a log line.
    let assurance = gateway.anchors.assurance().await.unwrap();
    assert_eq!(assurance.level, "L1");
    assert!(assurance.why.contains("published to `vault`, and nothing was proven"), "{assurance}");
}

#[tokio::test]
async fn publication_that_was_killed_is_taken_up_by_the_next_process() {
    let place = tempfile::tempdir().unwrap();
    let configured = published_to(place.path());
    let gateway = Gateway::start(None, &configured);
    gateway.publish(200).await;
    gateway.anchors.step().await;
    let first = fs::read(place.path().join("epoch-1/checkpoint")).unwrap();
    gateway.publish(300).await;
    gateway.anchors.step().await;
    // Killed after the tiles and before the checkpoints: the place says the smaller size.
    let size = evidence::checkpoint::Checkpoint::open(&first, &gateway.key()).unwrap().0.size;
    fs::write(place.path().join("epoch-1/checkpoint"), first).unwrap();
    for entry in fs::read_dir(place.path().join("epoch-1/checkpoints")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str() != Some(&*size.to_string()) {
            fs::remove_file(path).unwrap();
        }
    }
    let next =
        Anchors::new(&configured, Lines::Kept, gateway.db.clone(), gateway.ledger.clone(), clock()).unwrap();
    next.step().await;
    let findings = verify(&gateway, place.path());
    assert!(findings.sound, "{}", findings.report(Paint::Plain));
    assert_eq!(findings.leaves_read, gateway.ledger.health().size);
}

#[tokio::test]
async fn level_that_the_database_claims_is_none() {
    let place = tempfile::tempdir().unwrap();
    let configured = published_to(place.path());
    let gateway = Gateway::start(None, &configured);
    gateway.publish(3).await;
    let leftout = || {
        Anchors::new(&configured, Lines::LeftOut, gateway.db.clone(), gateway.ledger.clone(), clock())
            .unwrap()
    };
    let (anchors, intruder) = (leftout(), gateway.place.intruder());
    // Nothing was published: a row says that it was, to where nobody can change it.
    let row = "INSERT INTO anchor SELECT 'place vault', max(size), 1, 'COMPLIANCE', 9000000000000000, x'%' FROM checkpoint";
    intruder.execute(&row.replace('%', &"00".repeat(32)), []).unwrap();
    let claimed = anchors.assurance().await.unwrap();
    assert_eq!(claimed.level, "L0");
    assert!(claimed.why.contains("what the database says of `place vault` does not count"), "{claimed}");
    anchors.step().await;
    assert_eq!(anchors.assurance().await.unwrap().level, "L1");
    // What is true, made to look stronger.
    let held = "UPDATE anchor SET held = 'COMPLIANCE', held_until = 9000000000000000";
    assert_eq!(intruder.execute(held, []).unwrap(), 1);
    assert_eq!(anchors.assurance().await.unwrap().level, "L0");
}

#[tokio::test]
async fn what_is_published_shows_a_log_that_was_cut_or_written_anew() {
    let place = tempfile::tempdir().unwrap();
    let configured = published_to(place.path());
    let gateway = Gateway::start(None, &configured);
    for calls in [3, 4] {
        gateway.publish(calls).await;
        gateway.anchors.step().await;
    }
    // Another history under the same key, with the same place: its gateway stops there and says why.
    let fork = Gateway::start(Some(&gateway.place.path().join("keys")), &configured);
    fork.publish(9).await;
    let before = files(place.path());
    fork.anchors.step().await;
    let worries = fork.ledger.health().worries;
    assert!(
        worries.iter().any(|worry| worry.contains("place `vault`") && worry.contains("is not this log")),
        "{worries:?}"
    );
    let written = |path: &Path| !path.starts_with(".countersign");
    let now = files(place.path());
    assert!(
        now.iter().filter(|(path, _)| written(path)).all(|(path, bytes)| before.get(path) == Some(bytes))
    );
    // Somebody puts an older checkpoint back.
    let folder = place.path().join("epoch-1/checkpoints");
    let mut sizes: Vec<u64> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
        .collect();
    sizes.sort_unstable();
    fs::copy(folder.join(sizes[0].to_string()), place.path().join("epoch-1/checkpoint")).unwrap();
    let findings = verify(&gateway, place.path());
    assert!(!findings.sound);
    let text = findings.report(Paint::Plain);
    assert!(text.contains("the log was cut, or is being published just now"), "{text}");
}

#[tokio::test]
async fn tile_of_an_earlier_tree_that_is_not_its_beginning_is_found() {
    let place = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(None, &published_to(place.path()));
    for calls in [1, 2] {
        gateway.publish(calls).await;
        gateway.anchors.step().await;
    }
    let size = gateway.ledger.health().size;
    let earlier = files(place.path())
        .into_keys()
        .find(|path| path.starts_with("epoch-1/tile/0/000.p") && !path.ends_with(size.to_string()))
        .unwrap();
    let mut bytes = fs::read(place.path().join(&earlier)).unwrap();
    bytes[0] ^= 1;
    fs::write(place.path().join(&earlier), bytes).unwrap();
    let findings = verify(&gateway, place.path());
    assert_eq!(findings.problem_count, 1, "{}", findings.report(Paint::Plain));
    assert!(findings.problems[0].reason.contains("did not grow from"));
}

type Received = Arc<Mutex<Vec<(HeaderMap, String)>>>;

async fn receive(State(received): State<Received>, headers: HeaderMap, body: String) -> StatusCode {
    let mut received = received.lock().unwrap();
    received.push((headers, body));
    // The first is refused, as by a server that is just starting.
    if received.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT }
}

#[tokio::test]
async fn webhook_is_told_every_checkpoint_once_and_signed() {
    let received = Received::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap()).parse().unwrap();
    let router = Router::new().route("/hook", post(receive)).with_state(received.clone());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let secret = tempfile::tempdir().unwrap();
    let file = secret.path().join("secret");
    fs::write(&file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    let webhook = Webhook { name: "siem".to_owned(), url, secret: SecretSource::File(file) };
    let configured = config::Anchors { webhooks: vec![webhook], ..config::Anchors::default() };
    let gateway = Gateway::start(None, &configured);
    gateway.publish(1).await;
    gateway.anchors.step().await;
    // Refused once; another process tries at once, this one would wait.
    let anchors = || {
        Anchors::new(&configured, Lines::LeftOut, gateway.db.clone(), gateway.ledger.clone(), clock())
            .unwrap()
    };
    assert_eq!(anchors().assurance().await.unwrap().level, "L0");
    let next = anchors();
    next.step().await;
    next.step().await;
    assert_eq!(next.assurance().await.unwrap().level, "L1");
    gateway.publish(1).await;
    next.step().await;
    let received = received.lock().unwrap();
    assert_eq!(received.len(), 3);
    assert_eq!(received[0].0["webhook-id"], received[1].0["webhook-id"], "the receiver takes it once");
    for (headers, body) in &*received {
        let [id, time, signature] = ["webhook-id", "webhook-timestamp", "webhook-signature"]
            .map(|name| headers[name].to_str().unwrap().to_owned());
        assert_eq!(signature, sign(&format!("{id}.{time}.{body}")));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["type"], "checkpoint.published");
        let note = body["data"]["checkpoint"].as_str().unwrap();
        let (checkpoint, _) = Checkpoint::open(note.as_bytes(), &gateway.key()).unwrap();
        assert_eq!(body["data"]["size"], checkpoint.size);
    }
    serving.abort();
}

/// As the receiver computes it.
fn sign(message: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
    format!("v1,{}", STANDARD.encode(aws_lc_rs::hmac::sign(&key, message.as_bytes())))
}
