//! Other policies are tried on recorded calls: what would change is told, what cannot be told is said to be so.

use std::process::Command;

use fixture::recorder::{Recorder, Reply, Request, Response, echo};
use serde_json::{Value, json};

use crate::harness::{Harness, call};

const POLICIES: &str = r#"
@id("session") permit (principal, action in [Action::"session", Action::"list"], resource);
@id("pays") permit (principal in Group::"support", action == Action::"tools/call", resource == Tool::"up/pay")
when { context.numbers.hasTag("/n") && context.numbers.getTag("/n") <= 3 };
@id("operations") permit (principal in Group::"operations", action == Action::"tools/call", resource);
"#;

/// Support pays more, operations reads nothing, and nobody pays for a stranger.
const CANDIDATE: &str = r#"
@id("session") permit (principal, action in [Action::"session", Action::"list"], resource);
@id("pays") permit (principal in Group::"support", action == Action::"tools/call", resource == Tool::"up/pay")
when { context.numbers.hasTag("/n") && context.numbers.getTag("/n") <= 10 };
@id("operations") permit (principal in Group::"operations", action == Action::"tools/call", resource == Tool::"up/pay");
@id("strangers") forbid (principal, action == Action::"tools/call", resource == Tool::"up/pay")
when { context.texts.hasTag("/for") && context.texts.getTag("/for") like "*@example.com" };
"#;

fn server(request: &Request) -> Reply {
    if request.json()["method"] != "tools/list" {
        return echo(request);
    }
    let tools = ["read", "pay"].map(|name| json!({ "name": name, "inputSchema": { "type": "object" } }));
    let body = json!({ "jsonrpc": "2.0", "id": request.json()["id"], "result": { "tools": tools } });
    Reply::Respond(Response::new(200, "application/json", body.to_string()))
}

async fn replayed(gateway: &Harness, policies: &str, more: &[&str]) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("new.cedar"), policies).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["policy", "replay", "--from", "1h", "-c"]).arg(&gateway.site.file);
    command.arg("--policies").arg(directory.path()).args(more);
    let done = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let done = done.expect("the command runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8")
}

#[tokio::test]
async fn replay_tells_what_other_policies_would_change_and_guesses_nothing() {
    let recorder = Recorder::new(server);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, POLICIES).await;
    let list = json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/list" }).to_string();
    assert_eq!(gateway.post("bob", &[], list.as_bytes()).await.status(), 200);
    for (person, tool, arguments) in [
        ("alice", "pay", json!({ "n": 1 })),
        ("alice", "pay", json!({ "n": 5 })),
        ("bob", "read", json!({})),
        ("bob", "pay", json!({ "n": 1, "for": "jo.doe@example.com" })),
        ("bob", "pay", json!({ "n": 1, "for": "nobody" })),
    ] {
        gateway.post(person, &[], &call(6, tool, &arguments)).await;
    }

    let same: Value = serde_json::from_str(&replayed(&gateway, POLICIES, &["--json"]).await).expect("JSON");
    assert_eq!((&same["calls"], &same["same"]), (&json!(6), &json!(6)), "{same:#}");

    let other: Value = serde_json::from_str(&replayed(&gateway, CANDIDATE, &["--json"]).await).expect("JSON");
    assert_eq!((&other["calls"], &other["same"]), (&json!(6), &json!(3)), "{other:#}");
    let change = |from: &str, to: &str| {
        let changed = other["changed"].as_array().expect("changes");
        changed.iter().find(|one| one["from"] == from && one["to"] == to).cloned().expect("a change")
    };
    assert_eq!(change("deny", "allow")["who"], json!({ "demo/alice": 1 }));
    assert_eq!(change("deny", "allow")["examples"][0]["after"], json!(["pays"]));
    assert_eq!(change("allow", "deny")["what"], json!({ "up tools/call read": 1 }));
    let untold = &other["untold"];
    assert_eq!((&untold[0]["calls"], untold.as_array().map(Vec::len)), (&json!(1), Some(1)), "{other:#}");
    assert!(untold[0]["why"].as_str().is_some_and(|why| why.contains("masked")), "{other:#}");

    let text = replayed(&gateway, CANDIDATE, &[]).await;
    assert!(text.contains("6 calls, 3 decided alike") && text.contains("1 from deny to allow"), "{text}");
    assert!(!text.contains("jo.doe"), "{text}");
    gateway.finish().await;
}
