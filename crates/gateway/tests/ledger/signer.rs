//! A signer outside: a real program with a key of its own, asked by command and over HTTP.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use countersign::clock::SystemClock;
use countersign::config::{Signer, SignerWay};
use countersign::ledger::{Keyring, Ledger, Missing};
use countersign::store::{Access, Db};
use evidence::note::{Algorithm, VerifierKey};
use evidence::verify::{Paint, verify};

use crate::harness::{ORIGIN, Place, intent, outcome};

/// Signs what comes on standard input with the key beside it, as a few lines in front of a KMS would.
const PROGRAM: &str = r#"
set -e
text=$(mktemp); trap 'rm -f "$text"' EXIT
cat > "$text"
case "$COUNTERSIGN_KEY" in test/audit/1+*) ;; *) exit 3 ;; esac
openssl pkeyutl -sign -rawin -inkey "$(dirname "$0")/key.pem" -in "$text" | base64 -w0
"#;

/// A directory with a key and the program that signs with it; answers the public key.
fn prepare(directory: &Path) -> VerifierKey {
    let openssl = |arguments: &[&str]| {
        let done = Command::new("openssl").args(arguments).current_dir(directory).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    };
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]);
    std::fs::write(directory.join("sign.sh"), PROGRAM).unwrap();
    let public = openssl(&["pkey", "-in", "key.pem", "-pubout", "-outform", "DER"]);
    VerifierKey::new(ORIGIN, Algorithm::Ed25519, public.last_chunk().unwrap()).unwrap()
}

fn command(directory: &Path, key: &VerifierKey) -> Signer {
    let program = directory.join("sign.sh").display().to_string();
    signer(key, SignerWay::Command(vec!["sh".to_owned(), program]))
}

fn signer(key: &VerifierKey, by: SignerWay) -> Signer {
    Signer { keys: vec![key.to_string()], by, timeout_ms: 20_000 }
}

fn start(place: &Place, signer: &Signer) -> Ledger {
    let db = Db::open_sqlite(place.path(), Access::Gateway).unwrap();
    let keys = Keyring::open_for(&place.path().join("keys"), ORIGIN, Missing::Create, Some(signer)).unwrap();
    Ledger::start(&db, keys, Arc::new(SystemClock)).unwrap()
}

async fn call(ledger: &Ledger) {
    let opened = ledger.open(intent("{}")).await.unwrap();
    ledger.close(opened, outcome("{}")).await.unwrap();
}

/// The log must verify with this key.
fn assert_sound(place: &Place, key: &VerifierKey) {
    let export = tempfile::tempdir().unwrap();
    countersign::ledger::export(&place.reader(), key, export.path(), &mut |_, _| ()).unwrap();
    let findings = verify(export.path(), Some(key), &mut |_, _| ()).unwrap();
    assert!(findings.sound, "{}", findings.report(Paint::Plain));
}

#[tokio::test]
async fn program_outside_signs_and_no_signing_key_is_here() {
    let (place, outside) = (Place::new(), tempfile::tempdir().unwrap());
    let key = prepare(outside.path());
    let ledger = start(&place, &command(outside.path(), &key));
    call(&ledger).await;
    ledger.stop().await.unwrap();
    drop(ledger);
    assert_sound(&place, &key);
    assert!(!place.path().join("keys/log.key").exists());
    // The same key over HTTP, by the same program.
    let program = outside.path().join("sign.sh");
    let sign = move |headers: axum::http::HeaderMap, body: String| async move {
        let given = headers["countersign-key"].to_str().unwrap().to_owned();
        tokio::task::spawn_blocking(move || {
            let mut child = Command::new("sh")
                .arg(program)
                .env("COUNTERSIGN_KEY", given)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), body.as_bytes()).unwrap();
            String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
        })
        .await
        .unwrap()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sign", listener.local_addr().unwrap()).parse().unwrap();
    let serving =
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/sign", post(sign))).await });
    let ledger = start(&place, &signer(&key, SignerWay::Url(url)));
    call(&ledger).await;
    ledger.stop().await.unwrap();
    assert_sound(&place, &key);
    serving.abort();
}

#[tokio::test]
async fn nothing_is_published_that_the_signer_did_not_sign() {
    let (place, outside) = (Place::new(), tempfile::tempdir().unwrap());
    let key = prepare(outside.path());
    start(&place, &command(outside.path(), &key)).stop().await.unwrap();
    let other = tempfile::tempdir().unwrap();
    prepare(other.path());
    let refuse = Router::new().route("/", post(async || (StatusCode::FORBIDDEN, "no")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refusing = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, refuse).await });
    let shell = |script: &str| SignerWay::Command(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()]);
    for (by, said) in [
        (command(other.path(), &key).by, "is not a signature of"),
        (shell("echo nonsense"), "is not a signature of"),
        (shell("exit 1"), "it ended with"),
        (SignerWay::Command(vec!["/nowhere/at/all".to_owned()]), "No such file"),
        (SignerWay::Url(refusing), "403"),
        (shell("exec sleep 60"), "did not answer within 500 ms"),
    ] {
        let began = Instant::now();
        let signer =
            Signer { timeout_ms: if said.contains("500") { 500 } else { 20_000 }, ..signer(&key, by) };
        let ledger = start(&place, &signer);
        let before = ledger.health().published;
        // Calls go on: what is recorded is durable, signed or not.
        call(&ledger).await;
        let refused = ledger.publish().await.unwrap_err().to_string();
        assert!(refused.contains(said), "{said}: {refused}");
        assert_eq!(ledger.health().published, before);
        let worries = ledger.health().worries;
        assert!(worries.iter().any(|worry| worry.contains(said)), "{worries:?}");
        assert!(began.elapsed().as_secs() < 50);
        ledger.stop().await.unwrap_err();
    }
    serving.abort();
    // The signer is back, and signs what was written meanwhile.
    let ledger = start(&place, &command(outside.path(), &key));
    ledger.publish().await.unwrap();
    assert!(ledger.health().worries.is_empty(), "{:?}", ledger.health().worries);
    ledger.stop().await.unwrap();
    assert_sound(&place, &key);
}
