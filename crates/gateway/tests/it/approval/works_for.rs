//! A service key that is for a person: they are answerable for what its agent does, and no second person to it.

use countersign::follower::Follower;
use fixture::probe::{Probe, request};
use fixture::recorder::{Recorder, echo};
use serde_json::{Value, json};

use super::{Setup, answer, code, eventually, told};
use crate::harness::call;

/// Agents of bob may call what somebody else agrees to; bob himself may approve whatever he is asked.
const POLICIES: &str = r#"
    @id("rest") permit (principal, action, resource)
    unless { action == Action::"tools/call" || action == Action::"approve" || action == Action::"view" };
    @id("helpers") @approvers("operations") permit (principal is Agent, action == Action::"tools/call", resource)
    when { principal has owner && principal.owner == "demo/bob" && context.approval.granted };
    @id("approvers") permit (principal in Group::"operations", action == Action::"approve", resource);
    @id("auditors") permit (principal in Group::"security", action in Action::"auditor", resource);
"#;

async fn setup() -> Setup {
    told(Recorder::new(echo), POLICIES, "  wait_ms: 20000\n", |directory| {
        let file = directory.join("countersign.yaml");
        let text = std::fs::read_to_string(&file).expect("readable");
        let text = text.replacen("identity:\n", "identity:\n  service_keys: accepted\n", 1);
        std::fs::write(&file, text).expect("written");
    })
    .await
}

/// Makes a key of an agent, and waits until the gateway knows it: its text, and the leaf about it.
async fn key(setup: &Setup, more: &[&str]) -> (String, Value) {
    let made = tokio::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["key", "create", "--kind", "agent", "--name", "helper", "--json"])
        .args(more)
        .arg("-c")
        .arg(&setup.gateway.site.file)
        .output()
        .await
        .expect("it runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let id = &made["id"];
    let leaf = eventually(|| async {
        let created = setup.gateway.leaves_of("key.created").await;
        created.into_iter().find(|leaf| leaf["detail"]["key"] == *id)
    })
    .await;
    (made["key"].as_str().expect("a key").to_owned(), leaf)
}

/// Calls `effect` with a key, and does not wait for the answer.
async fn calls(setup: &Setup, key: &str) -> Probe {
    let site = &setup.gateway.site;
    let bearer = format!("Bearer {key}");
    let fields = [
        ("host", site.host()),
        ("authorization", bearer.as_str()),
        ("accept", "application/json, text/event-stream"),
        ("content-type", "application/json"),
    ];
    let mut probe = Probe::connect(site.address()).await.expect("a connection");
    let body = call(1, "effect", &json!({}));
    probe.send(&request("POST", "/mcp/up", &fields, &body)).await.expect("sent");
    probe
}

#[tokio::test]
async fn whoever_an_agent_works_for_is_named_beside_it_and_approves_none_of_its_calls() {
    let setup = setup().await;
    let (of_bob, made) = key(&setup, &["--server", "up", "--for", "demo/bob"]).await;
    let mut waiting = calls(&setup, &of_bob).await;
    let id = setup.one().await;
    let shown = setup.gateway.api("bob", "GET", &format!("/api/v1/approvals/{id}"), &Value::Null).await;
    assert_eq!(shown.json().expect("JSON")["requester"]["owner"], "demo/bob");
    assert_eq!(code(&setup.approve("bob", &id).await), (403, "own_call".to_owned()));
    assert_eq!(code(&setup.reject("bob", &id).await), (403, "own_call".to_owned()));
    assert_eq!(setup.approve("carol", &id).await.status(), 200);
    let ran = answer(&waiting.response().await.expect("an answer"));
    assert!(ran["result"].is_object() && ran["result"]["isError"] != true, "{ran}");

    // Every leaf about the call names both, as do the approval and the key itself.
    let bob = &made["detail"]["owner"];
    assert!(bob["id"].is_string() && bob["issuer"] == "demo", "{made}");
    for event in ["approval.requested", "call.intent"] {
        let leaf = setup.gateway.leaves_of(event).await.pop().expect("a leaf");
        assert_eq!(leaf["actor"]["on_behalf_of"], json!([bob]), "{leaf}");
        assert_eq!(leaf["actor"]["id"], made["detail"]["actor"]);
    }
    // What was done for bob is found by him, also when he did not call.
    setup.gateway.running.gateway.ledger.sequence().await.expect("in the log");
    let follower = Follower::new(setup.gateway.running.gateway.db.clone());
    while follower.step().await.expect("followed") > 0 {}
    let (auditor, _) = key(&setup, &["--all-servers", "--group", "security"]).await;
    let done_for = async |person: &str| {
        let path = format!("/api/v1/calls?for={person}&tool=effect");
        let found = setup.gateway.site.api(&auditor, "GET", &path, &Value::Null).await;
        found.json().expect("JSON")["calls"].as_array().expect("calls").clone()
    };
    let found = done_for("demo/bob").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["person"]["owner"], "demo/bob");
    assert_eq!(done_for("demo/carol").await, Vec::<Value>::new());
    setup.gateway.finish().await;
}

#[tokio::test]
async fn key_is_for_nobody_unless_it_says_so_and_only_for_somebody_an_issuer_can_know() {
    let setup = setup().await;
    let (of_nobody, made) = key(&setup, &["--server", "up"]).await;
    assert!(made["detail"]["owner"].is_null());
    let refused = answer(&calls(&setup, &of_nobody).await.response().await.expect("an answer"));
    assert_eq!(refused["result"]["isError"], true, "no policy lets an agent of nobody's call: {refused}");
    for (person, why) in
        [("nowhere/bob", "is not a configured issuer; there are demo"), ("bob", "write `issuer/subject`")]
    {
        let refused = tokio::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args([
                "key", "create", "--kind", "agent", "--server", "up", "--name", "helper", "--for", person,
                "-c",
            ])
            .arg(&setup.gateway.site.file)
            .output()
            .await
            .expect("it runs");
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && text.contains(why), "{text}");
    }
    setup.gateway.finish().await;
}
