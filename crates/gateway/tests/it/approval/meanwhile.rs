//! What changes while a call waits: it does not run, although people agreed.

use countersign::catalog::Listed;
use countersign::model::TargetKind;
use fixture::probe::{Probe, Response};
use fixture::recorder::{Recorder, echo};
use serde_json::{Value, json};

use super::{POLICIES, Setup, answer, eventually, refused, setup, told};
use crate::harness::call;

/// A call of `effect` with a credential of one's own; nobody waits for the answer.
async fn held_with(setup: &Setup, token: &str) -> Probe {
    let (host, bearer) = (setup.gateway.site.host().to_owned(), format!("Bearer {token}"));
    let fields = [
        ("host", host.as_str()),
        ("authorization", bearer.as_str()),
        ("accept", "application/json, text/event-stream"),
        ("content-type", "application/json"),
    ];
    let mut probe = Probe::connect(setup.gateway.address()).await.expect("a connection");
    let body = call(1, "effect", &json!({ "marker": "x" }));
    probe.post("/mcp/up", &fields, &body).await.expect("sent");
    probe
}

/// That people agreed, and it did not run, for `reason`.
async fn assert_overtaken(setup: &Setup, response: &Response, reason: &str) {
    assert_eq!(refused(response), "approval_overtaken", "{:?}", response.body);
    assert!(answer(response).to_string().contains(&reason.replace('_', " ")), "{:?}", response.body);
    let called = setup.recorder.requests().iter().any(|request| request.json()["method"] == "tools/call");
    assert!(!called, "it never reached the server");
    let over = setup.gateway.leaves_of("approval.expired").await;
    assert_eq!(over[0]["detail"]["reason"], json!(reason));
}

/// Runs `countersign key` beside the gateway.
async fn key(setup: &Setup, arguments: &[&str]) -> Value {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("key").args(arguments).args(["--json", "-c"]).arg(&setup.gateway.site.file);
    let output = command.output().await.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service_key_that_is_revoked_while_its_call_waits_runs_nothing_whoever_agrees() {
    let setup = told(Recorder::new(echo), POLICIES, "  wait_ms: 20000\n", |directory| {
        let file = directory.join("countersign.yaml");
        let text = std::fs::read_to_string(&file).expect("a configuration");
        let text = text.replacen("identity:\n", "identity:\n  service_keys: accepted\n", 1);
        std::fs::write(&file, text).expect("written");
    })
    .await;
    let made = key(&setup, &["create", "--kind", "service", "--all-servers", "--name", "robot"]).await;
    // The first such leaf is about the keys of the log.
    let id = &made["id"];
    eventually(|| async {
        let created = setup.gateway.leaves_of("key.created").await;
        created.into_iter().find(|leaf| leaf["detail"]["key"] == *id)
    })
    .await;
    let mut waiting = held_with(&setup, made["key"].as_str().expect("a key")).await;
    let id = setup.one().await;
    key(&setup, &["revoke", made["id"].as_str().expect("an id")]).await;
    eventually(|| async { setup.gateway.leaves_of("key.revoked").await.pop() }).await;
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    assert_overtaken(&setup, &waiting.response().await.expect("an answer"), "identity_disabled").await;
    setup.gateway.finish().await;
}

#[tokio::test]
async fn token_that_expires_while_its_call_waits_runs_nothing_whoever_agrees() {
    let setup = setup(POLICIES, 20_000).await;
    let site = &setup.gateway.site;
    let expires = setup.gateway.running.gateway.clock.now().as_second() + 2;
    let claims = json!({ "sub": "alice", "aud": site.resource("up"), "client_id": "it", "exp": expires,
                         "groups": ["support"] });
    let mut waiting = held_with(&setup, &site.issuer.mint(&claims).expect("a token")).await;
    let id = setup.one().await;
    let clock = &setup.gateway.running.gateway.clock;
    eventually(|| async { (clock.now().as_second() >= expires).then_some(()) }).await;
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    assert_overtaken(&setup, &waiting.response().await.expect("an answer"), "identity_disabled").await;
    setup.gateway.finish().await;
}

#[tokio::test]
async fn tool_that_changes_while_its_call_waits_does_not_run_whoever_agrees() {
    let setup = setup(POLICIES, 20_000).await;
    let catalog = &setup.gateway.running.gateway.catalog;
    let is = |current: u8| {
        let listed = Listed { pinned: [1; 32], current: [current; 32] };
        catalog.restore("up", TargetKind::Tool, "effect".to_owned(), listed);
    };
    is(1);
    let mut waiting = setup.held(1, &json!({ "marker": "x" })).await;
    let id = setup.one().await;
    is(2);
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    assert_overtaken(&setup, &waiting.response().await.expect("an answer"), "definition_changed").await;
    setup.gateway.finish().await;
}

#[tokio::test]
async fn nobody_decides_on_a_call_that_an_agent_makes_for_them_nor_as_the_agent() {
    // Bob may approve by policy and by group; the agent's groups are his.
    let setup = setup(POLICIES, 20_000).await;
    let site = &setup.gateway.site;
    let for_bob = |audience: &str| {
        let claims = json!({ "sub": "bob", "aud": audience, "client_id": "bot", "groups": ["operations"],
                             "act": { "sub": "agent-7" } });
        site.issuer.mint(&claims).expect("a token")
    };
    let mut waiting = held_with(&setup, &for_bob(&site.resource("up"))).await;
    let id = setup.one().await;
    assert_eq!(super::code(&setup.approve("bob", &id).await), (403, "own_call".to_owned()));
    let api = format!("http://{}/api", site.host());
    let path = format!("/api/v1/approvals/{id}/approve");
    let through = site.api(&for_bob(&api), "POST", &path, &json!({})).await;
    assert_eq!(super::code(&through), (403, "not_a_person".to_owned()));
    let service =
        json!({ "sub": "bob-the-robot", "aud": api, "client_id": "bob-the-robot", "groups": ["operations"] });
    let service = site.api(&site.issuer.mint(&service).expect("a token"), "POST", &path, &json!({})).await;
    // It may not even see the call.
    assert_eq!(super::code(&service), (404, "unknown".to_owned()));
    assert_eq!(setup.recorder.called(), 0);
    assert_eq!(setup.approve("carol", &id).await.status(), 200);
    assert!(answer(&waiting.response().await.expect("an answer"))["result"]["isError"].is_null());
    setup.gateway.finish().await;
}
