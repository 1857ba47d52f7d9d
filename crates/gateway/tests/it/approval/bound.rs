//! Whatever differs from what was approved does not run under the approval.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fixture::recorder::{Recorder, Reply, Response, echo};
use serde_json::{Value, json};

use super::{POLICIES, Setup, answer, eventually, refused, setup};
use crate::harness::call;

#[tokio::test]
async fn other_arguments_are_another_request() {
    let setup = setup(POLICIES, 100).await;
    let post = |arguments: Value| {
        let (gateway, body) = (&setup.gateway, call(1, "effect", &arguments));
        async move { refused(&gateway.post("alice", &[], &body).await) }
    };
    post(json!({ "amount": 10 })).await;
    let id = setup.one().await;
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    for other in [
        json!({ "amount": 11 }),
        json!({ "amount": 10.0 }),
        json!({ "amount": "10" }),
        json!({ "amount": 10, "to": null }),
        json!({ "Amount": 10 }),
    ] {
        assert_eq!(post(other).await, "approval_pending");
    }
    assert_eq!((setup.recorder.called(), setup.live().await.len()), (0, 6));
    // Nor is it somebody else's.
    let theirs = setup.gateway.post("carol", &[], &call(1, "effect", &json!({ "amount": 10 }))).await;
    assert_eq!(refused(&theirs), "approval_pending");
    assert_eq!(setup.recorder.called(), 0);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn what_is_shown_is_what_runs() {
    let setup = setup(POLICIES, 100).await;
    let arguments = json!({ "query": "DROP TABLE x\u{202e}", "n": [1, null], "long": "y".repeat(5_000) });
    setup.gateway.post("alice", &[], &call(1, "effect", &arguments)).await;
    let id = setup.one().await;
    let path = format!("/api/v1/approvals/{id}");
    let shown = setup.gateway.api("bob", "GET", &path, &Value::Null).await.json().expect("JSON");
    let values = shown["call"]["values"].as_array().expect("values").clone();
    let value =
        |pointer: &str| values.iter().find(|value| value["pointer"] == pointer).expect("a value").clone();
    assert_eq!(value("/arguments/query")["text"], "DROP TABLE x\\u{202e}");
    assert_eq!(value("/arguments/query")["warnings"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&value("/arguments/n/0")["text"], &value("/arguments/n/1")["kind"]),
        (&json!("1"), &json!("null"))
    );
    assert_eq!(value("/arguments/long")["bytes"], 5_000);
    assert_eq!((&shown["may_decide"], &shown["requester"]["id"]), (&json!(true), &json!("demo/alice")));
    let own = setup.gateway.api("alice", "GET", &path, &Value::Null).await.json().expect("JSON");
    assert_eq!(own["may_decide"], false);
    let stranger = setup.gateway.api("mallory", "GET", &path, &Value::Null).await;
    assert_eq!(stranger.status(), 404);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn approval_under_other_policies_is_refused() {
    let setup = setup(POLICIES, 100).await;
    let body = call(1, "effect", &json!({}));
    setup.gateway.post("alice", &[], &body).await;
    let id = setup.one().await;
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    setup
        .gateway
        .publish(&format!(
            "{POLICIES}\n@id(\"more\") forbid (principal, action == Action::\"ping\", resource);"
        ))
        .await;
    let stale = setup.gateway.post("alice", &[], &body).await;
    assert_eq!(refused(&stale), "approval_overtaken");
    assert!(
        answer(&stale)["result"]["content"][0]["text"]
            .as_str()
            .is_some_and(|text| text.contains("policy changed"))
    );
    assert_eq!((setup.recorder.called(), setup.state(&id).await.as_str()), (0, "expired"));
    let expired = setup.gateway.leaves_of("approval.expired").await;
    assert_eq!(expired[0]["detail"]["reason"], "policy_changed");
    assert_eq!(refused(&setup.gateway.post("alice", &[], &body).await), "approval_pending");
    setup.gateway.finish().await;
}

#[tokio::test]
async fn policies_that_change_while_a_call_waits_end_its_wait() {
    let setup = setup(POLICIES, 20_000).await;
    let mut waiting = setup.held(1, &json!({})).await;
    let id = setup.one().await;
    setup
        .gateway
        .publish(&format!(
            "{POLICIES}\n@id(\"more\") forbid (principal, action == Action::\"ping\", resource);"
        ))
        .await;
    let refusal = setup.approve("bob", &id).await;
    assert_eq!(super::code(&refusal), (409, "overtaken".to_owned()));
    assert_eq!(refused(&waiting.response().await.expect("an answer")), "approval_expired");
    assert_eq!(setup.recorder.called(), 0);
    setup.gateway.finish().await;
}

/// An upstream whose tool has another default with every list.
async fn changing() -> Setup {
    let lists = Arc::new(AtomicU64::new(0));
    let recorder = Recorder::new(move |request| {
        let message = request.json();
        if message["method"] != "tools/list" {
            return echo(request);
        }
        let default = lists.fetch_add(1, Ordering::SeqCst);
        let schema =
            json!({ "type": "object", "properties": { "limit": { "type": "integer", "default": default } } });
        let tool = json!({ "name": "effect", "inputSchema": schema });
        Reply::Respond(Response::json(
            &json!({ "jsonrpc": "2.0", "id": message["id"], "result": { "tools": [tool] } }),
        ))
    });
    super::over(recorder, POLICIES, 100).await
}

#[tokio::test]
async fn defaults_are_shown_and_an_approval_under_other_defaults_is_refused() {
    let setup = changing().await;
    let list = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/list" }).to_string();
    setup.gateway.post("alice", &[], list.as_bytes()).await;
    let body = call(1, "effect", &json!({}));
    setup.gateway.post("alice", &[], &body).await;
    let id = setup.one().await;
    let path = format!("/api/v1/approvals/{id}");
    let shown = setup.gateway.api("bob", "GET", &path, &Value::Null).await.json().expect("JSON");
    let value = &shown["call"]["values"][0];
    assert_eq!(
        (&value["pointer"], &value["text"], &value["default"]),
        (&json!("/arguments/limit"), &json!("0"), &json!(true))
    );
    // Spelling the default out is the same call.
    setup.gateway.post("alice", &[], &call(2, "effect", &json!({ "limit": 0 }))).await;
    assert_eq!(setup.live().await.len(), 1);
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    setup.gateway.post("alice", &[], list.as_bytes()).await;
    let before = setup.recorder.called();
    // The matter is another one now, so the old approval does not even come up for it.
    assert_eq!(refused(&setup.gateway.post("alice", &[], &body).await), "approval_pending");
    // With the value spelled out the matter is the same, and the definition is not.
    let spelled = setup.gateway.post("alice", &[], &call(3, "effect", &json!({ "limit": 0 }))).await;
    assert_eq!(refused(&spelled), "approval_overtaken");
    assert_eq!(setup.recorder.called(), before);
    let expired = setup.gateway.leaves_of("approval.expired").await;
    assert_eq!(expired[0]["detail"]["reason"], "definition_changed");
    setup.gateway.finish().await;
}

#[tokio::test]
async fn what_is_not_decided_or_used_in_time_expires() {
    let policies =
        POLICIES.replace("@id(\"held\")", "@id(\"held\") @decide_within(\"1s\") @use_within(\"1s\")");
    let setup = setup(&policies, 20_000).await;
    let mut waiting = setup.held(1, &json!({})).await;
    let id = setup.one().await;
    assert_eq!(refused(&waiting.response().await.expect("an answer")), "approval_expired");
    assert_eq!(setup.state(&id).await, "expired");
    assert_eq!(super::code(&setup.approve("bob", &id).await), (409, "closed".to_owned()));

    let second = setup.held(2, &json!({})).await;
    let id = setup.one().await;
    second.hang_up().await.expect("closed");
    eventually(|| async { (setup.gateway.running.gateway.approvals.waiting() == 0).then_some(()) }).await;
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    eventually(|| async { (setup.state(&id).await == "expired").then_some(()) }).await;
    assert_eq!(setup.recorder.called(), 0);
    let reasons = eventually(|| async {
        Some(setup.gateway.leaves_of("approval.expired").await).filter(|leaves| leaves.len() == 2)
    })
    .await;
    let reasons: Vec<_> =
        reasons.iter().map(|leaf| leaf["detail"]["reason"].as_str().expect("a reason")).collect();
    assert_eq!(reasons, ["not_decided_in_time", "not_used_in_time"]);
    setup.gateway.finish().await;
}
