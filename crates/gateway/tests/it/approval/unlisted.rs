//! People agree to a tool that is known, also when its caller lists nothing.

use fixture::recorder::{Recorder, Reply, Response, echo};
use serde_json::{Value, json};

use super::{POLICIES, Setup, answer, over, refused, setup};
use crate::harness::{call, modern_call};

/// What the upstream was asked for, in order.
fn asked(setup: &Setup) -> Vec<String> {
    let requests = setup.recorder.requests();
    requests.iter().map(|request| request.json()["method"].as_str().expect("a method").to_owned()).collect()
}

/// The approval that waits, as bob sees it.
async fn shown(setup: &Setup) -> Value {
    let path = format!("/api/v1/approvals/{}", setup.one().await);
    setup.gateway.api("bob", "GET", &path, &Value::Null).await.json().expect("JSON")
}

#[tokio::test]
async fn list_that_somebody_sees_while_a_call_waits_is_no_change() {
    let setup = setup(POLICIES, 100).await;
    let (headers, body) = modern_call(1, "effect", &json!({ "marker": "x" }));
    let first = answer(&setup.gateway.post("alice", &headers, &body).await);
    assert_eq!(first["result"]["resultType"], "input_required", "{first}");
    assert_eq!(asked(&setup), ["tools/list"]);
    let question = setup.recorder.requests().pop().expect("a request");
    assert_eq!(question.head.field("mcp-method"), Some("tools/list"));
    assert_eq!(question.head.field("mcp-name"), None);
    let question = question.json();
    assert!(question["id"].as_str().is_some_and(|id| id.starts_with("countersign-")), "{question}");
    let meta = &question["params"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");

    let list = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/list" }).to_string();
    setup.gateway.post("carol", &[], list.as_bytes()).await;
    assert_eq!(setup.approve("bob", &setup.one().await).await.status(), 200);
    let done = answer(&setup.gateway.post("alice", &headers, &body).await);
    assert_eq!(done["result"]["content"][0]["text"], json!(r#"{"marker":"x"}"#), "{done}");
    assert_eq!(asked(&setup), ["tools/list", "tools/list", "tools/call"]);
    let listings = setup.gateway.leaves_of("call.intent").await;
    assert_eq!(listings.iter().filter(|leaf| leaf["method"] == "tools/list").count(), 2, "{listings:?}");
    setup.gateway.finish().await;
}

#[tokio::test]
async fn tool_on_a_later_page_is_found_and_its_defaults_are_shown() {
    let recorder = Recorder::new(|request| {
        let message = request.json();
        if message["method"] != "tools/list" {
            return echo(request);
        }
        let schema = json!({ "type": "object", "properties": { "limit": { "default": 7 } } });
        let result = if message["params"]["cursor"] == "second" {
            json!({ "tools": [{ "name": "effect", "inputSchema": schema }] })
        } else {
            json!({ "tools": [{ "name": "other" }], "nextCursor": "second" })
        };
        Reply::Respond(Response::json(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })))
    });
    let setup = over(recorder, POLICIES, 100).await;
    setup.gateway.post("alice", &[], &call(1, "effect", &json!({}))).await;
    assert_eq!(asked(&setup), ["tools/list", "tools/list"]);
    let value = &shown(&setup).await["call"]["values"][0];
    assert_eq!((&value["text"], &value["default"]), (&json!("7"), &json!(true)));
    setup.gateway.finish().await;
}

#[tokio::test]
async fn caller_that_may_not_list_is_held_all_the_same() {
    let policies = format!(
        "{POLICIES}\n@id(\"unlisted\") forbid (principal, action == Action::\"tools/list\", resource);"
    );
    let setup = setup(&policies, 100).await;
    let body = call(1, "effect", &json!({ "marker": "x" }));
    assert_eq!(refused(&setup.gateway.post("alice", &[], &body).await), "approval_pending");
    assert_eq!(asked(&setup), [""; 0]);
    assert_eq!(setup.approve("bob", &setup.one().await).await.status(), 200);
    assert!(answer(&setup.gateway.post("alice", &[], &body).await)["result"]["isError"].is_null());
    assert_eq!(asked(&setup), ["tools/call"]);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn server_that_lists_nothing_is_asked_and_its_calls_are_held() {
    let recorder = Recorder::new(|request| {
        let message = request.json();
        if message["method"] == "tools/list" {
            let error = json!({ "code": -32601, "message": "method not found" });
            return Reply::Respond(Response::json(
                &json!({ "jsonrpc": "2.0", "id": message["id"], "error": error }),
            ));
        }
        echo(request)
    });
    let setup = over(recorder, POLICIES, 100).await;
    let body = call(1, "effect", &json!({ "marker": "x" }));
    assert_eq!(refused(&setup.gateway.post("alice", &[], &body).await), "approval_pending");
    assert_eq!(setup.approve("bob", &setup.one().await).await.status(), 200);
    assert!(answer(&setup.gateway.post("alice", &[], &body).await)["result"]["isError"].is_null());
    assert_eq!(setup.recorder.called(), 1);
    setup.gateway.finish().await;
}
