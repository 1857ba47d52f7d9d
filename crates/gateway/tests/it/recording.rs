//! Recordings as files: a session that was kept shows again without a gateway, in both forms, and keeping it is itself on
//! record.

use std::path::Path;
use std::process::Command;

use fixture::recorder::{Recorder, echo};
use serde_json::{Value, json};

use crate::approval::eventually;
use crate::harness::{ALLOW_ALL, Harness, call};

/// Members that HAR 1.2 asks for, by the part that must have them.
const HAR: [(&str, &[&str]); 8] = [
    ("/log", &["version", "creator", "entries"]),
    ("/log/creator", &["name", "version"]),
    ("/log/entries/0", &["startedDateTime", "time", "request", "response", "cache", "timings"]),
    (
        "/log/entries/0/request",
        &["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"],
    ),
    ("/log/entries/0/request/postData", &["mimeType", "text"]),
    (
        "/log/entries/0/response",
        &[
            "status",
            "statusText",
            "httpVersion",
            "cookies",
            "headers",
            "content",
            "redirectURL",
            "headersSize",
            "bodySize",
        ],
    ),
    ("/log/entries/0/response/content", &["size", "mimeType", "text"]),
    ("/log/entries/0/timings", &["send", "wait", "receive"]),
];

/// Runs the command and gives what it says.
pub(crate) fn countersign(config: Option<&Path>, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env_remove("COUNTERSIGN_CONFIG");
    if let Some(config) = config {
        command.arg("-c").arg(config);
    }
    let done = command.output().expect("the command runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8")
}

#[tokio::test]
async fn session_that_was_kept_shows_again_and_keeping_it_is_on_record() {
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let secret = "AKIAQ3EGRIUZ4XMSKL7N";
    let arguments = json!({ "n": 1, "note": format!("mail jo.doe@example.com, key {secret}") });
    assert_eq!(gateway.post("alice", &[], &call(6, "order", &arguments)).await.status(), 200);
    let calls = gateway.leaves_of("call.intent").await;
    let session = calls[0]["session"].as_str().expect("a session").to_owned();
    let directory = tempfile::tempdir().expect("a directory");
    let (cast, har) = (directory.path().join("a.mcpcast.jsonl"), directory.path().join("a.har"));
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let (kept, archived, of) = (text(&cast), text(&har), session.clone());
    // While no gateway runs; the next one writes the leaves.
    let gateway = gateway.restart_after(move |config| {
        countersign(Some(config), &["session", "export", &of, "-o", &kept]);
        countersign(Some(config), &["session", "export", &of, "--har", "-o", &archived]);
    });
    let gateway = gateway.await;
    let viewed = eventually(|| async {
        let viewed = gateway.leaves_of("recording.viewed").await;
        (viewed.len() == 2).then_some(viewed)
    });
    let viewed = viewed.await;
    assert!(viewed.iter().all(|leaf| leaf["detail"]["session"] == session.as_str()), "{viewed:?}");

    // Each line of the cast is a leaf of the log, by index and commitment.
    let text = std::fs::read_to_string(&cast).expect("a cast");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&lines[0]["mcpcast"], &lines[0]["session"]), (&json!(1), &json!(session)), "{text}");
    let log = gateway.leaves().await;
    assert_eq!(lines.len(), 3, "{text}");
    for line in &lines[1..] {
        let index = usize::try_from(line["index"].as_u64().expect("an index")).expect("small");
        assert_eq!(line["commitment"], log[index]["payload"]["commitment"], "{line}");
        assert_eq!(line["event"], log[index]["type"], "{line}");
        assert!(["<", ">"].contains(&line["direction"].as_str().expect("a sign")), "{line}");
    }
    assert!(!text.contains(secret), "{text}");

    // Without a gateway, or a configuration.
    let shown = countersign(None, &["session", "view", cast.to_str().expect("UTF-8")]);
    assert!(shown.contains(&session) && shown.matches("call.intent").count() == 1, "{shown}");
    assert!(shown.contains("\"order\"") && !shown.contains(secret) && !shown.contains('\u{1b}'), "{shown}");

    let archive: Value =
        serde_json::from_str(&std::fs::read_to_string(&har).expect("an archive")).expect("JSON");
    for (part, members) in HAR {
        let found = archive.pointer(part).and_then(Value::as_object);
        let missing: Vec<_> =
            members.iter().filter(|member| found.is_none_or(|found| !found.contains_key(**member))).collect();
        assert!(missing.is_empty(), "{part} lacks {missing:?}: {archive:#}");
    }
    assert_eq!(archive["log"]["entries"].as_array().map(Vec::len), Some(1), "{archive:#}");
    assert!(!archive.to_string().contains(secret));
    gateway.finish().await;
}

#[tokio::test]
async fn message_that_somebody_removed_from_the_database_is_missing_not_erased() {
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    assert_eq!(gateway.post("alice", &[], &call(6, "order", &json!({ "n": 1 }))).await.status(), 200);
    let session = gateway.leaves_of("call.intent").await.remove(0)["session"].clone();
    let (said, say) = tokio::sync::oneshot::channel();
    let gateway = gateway.restart_after(move |config| {
        let file = config.with_file_name("data").join("countersign.db");
        let intruder = rusqlite::Connection::open(file).expect("a database");
        assert_eq!(intruder.execute("DELETE FROM payload", []).expect("removed"), 2);
        drop(intruder);
        let session = session.as_str().expect("a session");
        let shown = countersign(Some(config), &["session", "replay", session]);
        let json = countersign(Some(config), &["session", "replay", "--json", session]);
        assert!(said.send((shown, json)).is_ok());
    });
    let gateway = gateway.await;
    let (shown, json) = say.await.expect("what the command said");
    assert_eq!(shown.matches("missing and unexplained").count(), 2, "{shown}");
    assert_eq!(json.matches(r#""body_missing":"missing""#).count(), 2, "{json}");
    gateway.finish().await;
}

#[tokio::test]
async fn file_that_is_no_cast_is_refused_with_its_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("no.mcpcast.jsonl");
    for (text, said) in [
        ("{}\n", "is not a cast"),
        ("{\"mcpcast\":9,\"session\":\"s\",\"deployment\":\"d\",\"note\":\"n\"}\n", "version 9"),
        ("{\"mcpcast\":1,\"session\":\"s\",\"deployment\":\"d\",\"note\":\"n\"}\nnothing\n", "line 2"),
    ] {
        std::fs::write(&file, text).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let done = command.args(["session", "view"]).arg(&file).output().expect("the command runs");
        let error = String::from_utf8_lossy(&done.stderr);
        assert!(!done.status.success() && error.contains(said), "{said}: {error}");
    }
}
