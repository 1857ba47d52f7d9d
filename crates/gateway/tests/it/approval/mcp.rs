//! How callers of both eras wait.

use bytes::Bytes;
use fixture::recorder::{Recorder, Reply, Request, echo};
use serde_json::{Value, json};

use super::{POLICIES, Setup, answer, eventually, refused, setup};

const MODERN: [(&str, &str); 3] =
    [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "effect")];

fn modern(id: u64, more: &Value) -> Bytes {
    let mut params = json!({
        "name": "effect",
        "arguments": { "marker": "x" },
        "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                   "io.modelcontextprotocol/clientCapabilities": {} },
    });
    for (name, value) in more.as_object().expect("an object") {
        params[name] = value.clone();
    }
    Bytes::from(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string())
}

async fn post(setup: &Setup, person: &str, id: u64, more: &Value) -> Value {
    answer(&setup.gateway.post(person, &MODERN, &modern(id, more)).await)
}

#[tokio::test]
async fn modern_caller_comes_back_with_a_state_that_advances() {
    let setup = setup(POLICIES, 100).await;
    let first = post(&setup, "alice", 1, &json!({})).await;
    assert_eq!(first["result"]["resultType"], "input_required", "{first}");
    let state = first["result"]["requestState"].clone();
    let second = post(&setup, "alice", 2, &json!({ "requestState": state })).await;
    let next = second["result"]["requestState"].clone();
    assert_ne!(state, next);
    let id = setup.one().await;
    assert_eq!(first["result"]["_meta"]["io.countersign/approval"]["id"], json!(id));
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    let done = post(&setup, "alice", 3, &json!({ "requestState": next, "inputResponses": {} })).await;
    assert_eq!(done["result"]["content"][0]["text"], json!(r#"{"marker":"x"}"#), "{done}");
    let forwarded = setup.recorder.requests().pop().expect("a request").json();
    assert_eq!(forwarded["params"]["requestState"], Value::Null, "ours never goes upstream");
    assert_eq!(forwarded["params"]["inputResponses"], Value::Null);
    let spent = setup.gateway.post("alice", &MODERN, &modern(4, &json!({ "requestState": next }))).await;
    assert_eq!(refused(&spent), "approval_expired");
    assert_eq!(setup.recorder.called(), 1);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn state_of_the_upstream_is_kept_and_put_back() {
    let setup = setup(POLICIES, 100).await;
    let theirs = json!({ "requestState": "the upstream's \"own\"", "inputResponses": { "a": { "action": "accept" } } });
    let first = post(&setup, "alice", 1, &theirs).await;
    let state = first["result"]["requestState"].clone();
    assert_eq!(setup.approve("bob", &setup.one().await).await.status(), 200);
    let done = post(&setup, "alice", 2, &json!({ "requestState": state })).await;
    assert_eq!(done["result"]["resultType"], "complete", "{done}");
    let forwarded = setup.recorder.requests().pop().expect("a request").json();
    assert_eq!(forwarded["params"]["requestState"], theirs["requestState"]);
    assert_eq!(forwarded["params"]["inputResponses"], theirs["inputResponses"]);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn state_is_of_no_use_to_anybody_else_nor_when_changed() {
    let setup = setup(POLICIES, 100).await;
    let first = post(&setup, "alice", 1, &json!({})).await;
    let state = first["result"]["requestState"].as_str().expect("a state").to_owned();
    let (at, other) = (state.len() - 10, if state.as_bytes()[state.len() - 10] == b'A' { "B" } else { "A" });
    let forged = format!("{}{other}{}", &state[..at], &state[at + 1..]);
    let with = |state: &str| modern(2, &json!({ "requestState": state }));
    for (person, state) in
        [("carol", state.as_str()), ("alice", forged.as_str()), ("alice", "countersign-1.x")]
    {
        let response = setup.gateway.post(person, &MODERN, &with(state)).await;
        assert_eq!(refused(&response), "approval_expired", "{person} {state}");
    }
    assert_eq!(setup.live().await.len(), 1);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn modern_caller_that_hangs_up_withdraws_the_call() {
    let setup = setup(POLICIES, 20_000).await;
    let waiting = setup.gateway.send("alice", "POST", &MODERN, &modern(1, &json!({}))).await;
    let id = setup.one().await;
    waiting.hang_up().await.expect("closed");
    let expired = eventually(|| async { setup.gateway.leaves_of("approval.expired").await.pop() }).await;
    assert_eq!(
        (setup.state(&id).await.as_str(), &expired["detail"]["reason"]),
        ("expired", &json!("withdrawn"))
    );
    assert_eq!(setup.recorder.called(), 0);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn legacy_caller_sees_signs_of_life_and_may_cancel() {
    let setup = super::over(Recorder::new(sessions), POLICIES, 20_000).await;
    let session = setup.gateway.initialize("alice").await;
    let with = [("mcp-session-id", session.as_str())];
    let message = json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/call",
        "params": { "name": "effect", "arguments": {}, "_meta": { "progressToken": "p" } } });
    let mut waiting = setup.gateway.send("alice", "POST", &with, message.to_string().as_bytes()).await;
    assert_eq!(waiting.head().await.expect("a head").status(), Some(200));
    let sign = waiting.event().await.expect("an event").expect("a sign of life");
    let sign = String::from_utf8_lossy(&sign).into_owned();
    assert!(sign.contains("notifications/progress") && sign.contains(r#""progressToken":"p""#), "{sign}");
    let id = setup.one().await;
    let cancel =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 5 } });
    setup.gateway.post("alice", &with, cancel.to_string().as_bytes()).await;
    let told = waiting.event().await.expect("an event").expect("an answer");
    assert!(String::from_utf8_lossy(&told).contains("approval_withdrawn"));
    assert_eq!(setup.state(&id).await, "expired");
    setup.gateway.finish().await;
}

/// Begins a session with every `initialize`.
fn sessions(request: &Request) -> Reply {
    match echo(request) {
        Reply::Respond(response) if request.json()["method"] == "initialize" => {
            Reply::Respond(response.with("Mcp-Session-Id", "session-of-alice"))
        }
        other => other,
    }
}

#[tokio::test]
async fn message_that_cannot_wait_is_refused() {
    let policies = POLICIES.replace(
        "@id(\"rest\")",
        "@id(\"hold-notes\") forbid (principal, action == Action::\"notifications/initialized\", resource)\n\
         unless { context.approval.granted };\n@id(\"rest\")",
    );
    let setup = setup(&policies, 100).await;
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
    let response = setup.gateway.post("alice", &[], note.as_bytes()).await;
    assert_eq!(refused(&response), "approval_required");
    setup.gateway.finish().await;
}

#[tokio::test]
async fn caller_that_asks_for_too_much_is_told() {
    let setup = setup(POLICIES, 1).await;
    for number in 0..countersign::limits::APPROVALS_PER_CALLER_MAX {
        let body = crate::harness::call(1, "effect", &json!({ "number": number }));
        assert_eq!(refused(&setup.gateway.post("alice", &[], &body).await), "approval_pending");
    }
    let more = crate::harness::call(1, "effect", &json!({ "number": "one more" }));
    assert_eq!(refused(&setup.gateway.post("alice", &[], &more).await), "approval_backlog");
    setup.gateway.finish().await;
}
