//! Lists show a caller what policy lets the caller use, and nothing else.

use fixture::recorder::{Recorder, Reply, Request, Response, echo};
use serde_json::json;

use crate::harness::{Harness, call};

const POLICIES: &str = r#"
@id("session") permit (principal, action in [Action::"session", Action::"list"], resource);
@id("read") permit (principal, action == Action::"tools/call", resource) when { resource.name == "read" };
"#;

fn tools(request: &Request) -> Reply {
    if request.json()["method"] != "tools/list" {
        return echo(request);
    }
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":{},"result":{{"tools":[ {{"name":"read","big":12345678901234567890}} , {{"name":"drop"}}],"nextCursor":"c"}}}}"#,
        request.json()["id"]
    );
    Reply::Respond(Response::new(200, "application/json", body))
}

#[tokio::test]
async fn list_holds_only_what_policy_lets_the_caller_use() {
    let recorder = Recorder::new(tools);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, POLICIES).await;
    let list = json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/list" }).to_string();
    let response = gateway.post("alice", &[], list.as_bytes()).await;
    let expected = r#"{"jsonrpc":"2.0","id":5,"result":{"tools":[ {"name":"read","big":12345678901234567890} ],"nextCursor":"c"}}"#;
    let compact = |text: &str| text.replace(' ', "");
    assert_eq!(compact(std::str::from_utf8(&response.body).expect("UTF-8")), compact(expected));
    gateway.finish().await;
}

#[tokio::test]
async fn tool_that_some_arguments_allow_is_listed_and_its_calls_are_still_judged() {
    let recorder = Recorder::new(tools);
    let upstream = recorder.start().await.expect("an upstream");
    let policies = r#"
        @id("list") permit (principal, action in Action::"list", resource);
        @id("small") permit (principal, action == Action::"tools/call", resource)
        when { context.numbers.hasTag("/amount") && context.numbers.getTag("/amount") <= 50 };
        @id("not-drop") forbid (principal, action == Action::"tools/call", resource) when { resource.name == "drop" };
    "#;
    let gateway = Harness::over(&upstream, policies).await;
    let list = json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/list" }).to_string();
    let shown = gateway.post("alice", &[], list.as_bytes()).await.json().expect("JSON");
    let names: Vec<_> =
        shown["result"]["tools"].as_array().expect("tools").iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["read"]);
    let large = gateway.post("alice", &[], &call(6, "read", &json!({ "amount": 51 }))).await;
    assert_eq!(large.json().expect("JSON")["result"]["isError"], true);
    gateway.finish().await;
}

#[tokio::test]
async fn changed_definition_is_recorded_before_anybody_sees_it() {
    let recorder = Recorder::new(tools);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, POLICIES).await;
    let list = json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/list" }).to_string();
    gateway.post("alice", &[], list.as_bytes()).await;
    gateway.post("alice", &[], list.as_bytes()).await;
    let changed = gateway.leaves_of("tools.changed").await;
    assert_eq!(changed.len(), 1, "the second list said nothing new");
    assert_eq!(changed[0]["detail"]["added"], json!(["read", "drop"]));
    gateway.finish().await;
}
