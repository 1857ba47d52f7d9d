//! `countersign hold` beside a running gateway.

use std::process::{Command, Output};

use fixture::recorder::{Recorder, echo};
use serde_json::Value;

use crate::approval::eventually;
use crate::harness::{self, ALLOW_ALL, Harness};

async fn hold(gateway: &Harness, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("hold").args(words).arg("-c").arg(&gateway.site.file);
    let done = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    done.expect("the command runs")
}

async fn refused(gateway: &Harness, words: &[&str]) -> String {
    let done = hold(gateway, words).await;
    assert!(!done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    String::from_utf8(done.stderr).expect("UTF-8")
}

/// Waits until the gateway recorded what a command asked for.
async fn recorded(gateway: &Harness, event: &str) -> Value {
    eventually(|| async { gateway.leaves_of(event).await.pop() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holds_are_set_listed_and_cleared_and_each_is_recorded() {
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let gateway = Harness::with(&harness::http(&upstream), ALLOW_ALL).await;
    let set = hold(&gateway, &["set", "case-17", "--server", "up", "--since", "2026-01-01"]).await;
    assert!(set.status.success(), "{set:?}");
    let leaf = recorded(&gateway, "hold.set").await;
    assert_eq!((&leaf["detail"]["name"], &leaf["detail"]["server"]), (&"case-17".into(), &"up".into()));
    assert_eq!(leaf["detail"]["since"], "2026-01-01T00:00:00.000000Z");

    assert!(refused(&gateway, &["set", "case-17"]).await.contains("choose another name"));
    assert!(refused(&gateway, &["set", "case 17"]).await.contains("cannot be the name"));
    let turned = ["set", "case-18", "--since", "2026-02-01", "--until", "2026-01-01"];
    assert!(refused(&gateway, &turned).await.contains("earlier than `--until`"));
    assert!(refused(&gateway, &["clear", "case-18"]).await.contains("`countersign hold list`"));

    let listed = String::from_utf8(hold(&gateway, &["list"]).await.stdout).expect("UTF-8");
    assert!(
        listed.contains("case-17") && listed.contains("in force") && listed.contains("server up"),
        "{listed}"
    );
    // What somebody writes into the database ends nothing, becomes no leaf, and is told.
    let file = gateway.site.directory.path().join("data").join(countersign::store::DATABASE);
    let intruder = rusqlite::Connection::open(file).expect("a database");
    intruder.busy_timeout(std::time::Duration::from_secs(10)).expect("a timeout");
    let forged = r#"INSERT INTO notice (id, ts, event, detail) VALUES
        (x'00112233445566778899aabbccddeeff', 1, 'hold.cleared', '{"name":"case-17","set":"x"}')"#;
    intruder.execute(forged, []).expect("it may");
    let worried = |worry: &std::sync::Arc<str>| worry.contains("rows in `notice`");
    eventually(|| async { gateway.running.gateway.worries().iter().any(worried).then_some(()) }).await;
    let listed = String::from_utf8(hold(&gateway, &["list"]).await.stdout).expect("UTF-8");
    assert!(listed.contains("in force"), "{listed}");

    assert!(hold(&gateway, &["clear", "case-17"]).await.status.success());
    assert_eq!(recorded(&gateway, "hold.cleared").await["detail"]["name"], "case-17");
    let listed = hold(&gateway, &["list", "--json"]).await.stdout;
    let listed: Value = serde_json::from_slice(&listed).expect("one JSON object");
    assert!(listed["cleared"].is_string(), "{listed}");
    assert!(refused(&gateway, &["clear", "case-17"]).await.contains("no hold named"));
    assert!(gateway.finish().await.sound);
}
