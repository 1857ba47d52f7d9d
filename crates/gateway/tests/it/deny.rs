//! Default deny, and what a denied caller gets: a clear no, on record, while the upstream sees nothing.

use fixture::recorder::{Recorder, echo};
use serde_json::{Value, json};

use crate::harness::{ALLOW_ALL, Harness, call};

#[tokio::test]
async fn denied_call_never_reaches_upstream() {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, "").await;
    let response = gateway.post("alice", &[], &call(7, "effect", &json!({ "marker": "x" }))).await;
    let body = response.json().expect("JSON");
    assert_eq!(response.status(), 200);
    assert_eq!((&body["id"], &body["result"]["isError"]), (&json!(7), &json!(true)));
    assert_eq!(recorder.count(), 0);
    let denied = gateway.leaves_of("call.denied").await;
    assert_eq!((denied.len(), &denied[0]["decision"]["effect"]), (1, &json!("deny")));
    assert_eq!(denied[0]["decision"]["policies"], json!([]));
    gateway.finish().await;
}

#[tokio::test]
async fn forbid_wins_and_is_named_to_the_caller() {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let policies = format!(
        "{ALLOW_ALL}\n@id(\"no-x\") forbid (principal, action == Action::\"tools/call\", resource) \
         when {{ context.texts.hasTag(\"/marker\") && context.texts.getTag(\"/marker\") == \"x\" }};"
    );
    let gateway = Harness::over(&upstream, &policies).await;
    let no = gateway.post("alice", &[], &call(1, "effect", &json!({ "marker": "x" }))).await;
    let text = no.json().expect("JSON")["result"]["content"][0]["text"].to_string();
    assert!(text.contains("`no-x`"), "{text}");
    let yes = gateway.post("alice", &[], &call(2, "effect", &json!({ "marker": "y" }))).await;
    assert_eq!(yes.json().expect("JSON")["result"]["content"][0]["text"], json!(r#"{"marker":"y"}"#));
    assert_eq!(recorder.count(), 1);
    gateway.finish().await;
}

#[tokio::test]
async fn unknown_method_is_denied_by_default() {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let policies =
        r#"@id("session") permit (principal, action in [Action::"session", Action::"call"], resource);"#;
    let gateway = Harness::over(&upstream, policies).await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "vendor/format-disk", "params": {} });
    let response = gateway.post("alice", &[], body.to_string().as_bytes()).await;
    let body: Value = response.json().expect("JSON");
    assert_eq!((response.status(), &body["error"]["code"]), (200, &json!(4030)));
    assert_eq!(recorder.count(), 0);
    let denied = gateway.leaves_of("call.denied").await;
    assert!(!denied[0]["method"].to_string().contains("vendor"), "the caller's words stay out of leaves");
    gateway.finish().await;
}

#[tokio::test]
async fn call_without_credential_is_challenged_and_recorded() {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let mut probe = fixture::probe::Probe::connect(gateway.address()).await.expect("a connection");
    let host = gateway.address().to_string();
    let fields = [("host", host.as_str()), ("content-type", "application/json")];
    probe.post("/mcp/up", &fields, &call(1, "effect", &json!({}))).await.expect("sent");
    let response = probe.response().await.expect("an answer");
    assert_eq!(response.status(), 401);
    let challenge = response.head.field("www-authenticate").expect("a challenge");
    assert!(challenge.contains("/.well-known/oauth-protected-resource/mcp/up"), "{challenge}");
    assert_eq!(recorder.count(), 0);
    assert_eq!(gateway.leaves_of("auth.failed").await.len(), 1);
    gateway.finish().await;
}
