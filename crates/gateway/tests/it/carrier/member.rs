//! Names of members are data where a map has addresses for keys: masked for callers, upstreams and the record.

use fixture::recorder::{Recorder, Reply, Request, Response};
use serde_json::{Value, json};

use super::secret;
use crate::harness::{Harness, call};

const NOBODY_SEES: &str = r#"
    @id("all") permit (principal, action, resource);
    @id("nobody-sees") forbid (principal, action == Action::"reveal", resource);"#;

const ONE: &str = "carla.fuentes@initech-mail.com";
const OTHER: &str = "victor.person@initech-mail.com";

fn upstream(request: &Request) -> Reply {
    let message = request.json();
    let map = json!({ ONE: { "age": 1, "password": "battery staple" }, OTHER: { secret(): 2 } });
    let result = match message["method"].as_str() {
        Some("tools/list") => json!({ "tools": [{ "name": "named", "inputSchema": { "type": "object" },
            "outputSchema": { "type": "object", "properties": { ONE: {} } } }] }),
        _ => json!({ "content": [{ "type": "text", "text": map.to_string() }], "structuredContent": map,
            "_meta": { ONE: "x" } }),
    };
    Reply::Respond(Response::json(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })))
}

#[tokio::test]
async fn name_that_shows_a_value_is_masked_for_every_reader() {
    let recorder = Recorder::new(upstream);
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, NOBODY_SEES).await;
    let arguments = json!({ "people": { ONE: 1, OTHER: 2 }, "note": ONE });
    let response = gateway.post("alice", &[], &call(1, "map", &arguments)).await;
    let told = response.json().expect("JSON");
    let masked =
        json!({ "[email]": { "age": 1, "password": "[password]" }, "[email-2]": { "[github-token]": 2 } });
    assert_eq!(told["result"]["structuredContent"].as_object().map(serde_json::Map::len), Some(2), "{told}");
    let inner: Value =
        serde_json::from_str(told["result"]["content"][0]["text"].as_str().expect("text")).expect("JSON");
    assert_eq!(inner, told["result"]["structuredContent"], "the same names in both");
    assert_eq!(
        inner.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()),
        masked.as_object().map(|map| map.keys().cloned().collect())
    );
    let sent = recorder.requests()[0].json();
    assert_eq!(sent["params"]["arguments"]["people"], json!({ "[email]": 1, "[email-2]": 2 }));

    let leaf = &gateway.leaves_of("call.outcome").await[0];
    let call = leaf["call"].as_str().expect("a call");
    let recorded = gateway.api("olga", "GET", &format!("/api/v1/calls/{call}"), &Value::Null).await;
    let text = String::from_utf8_lossy(&recorded.body).into_owned();
    for value in [ONE, OTHER, &secret(), "battery staple"] {
        assert!(!text.contains(value) && !response_text(&told).contains(value), "{value}: {text}");
    }
    gateway.finish().await;
}

#[tokio::test]
async fn name_that_the_output_schema_has_stays() {
    let recorder = Recorder::new(upstream);
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, NOBODY_SEES).await;
    gateway.post("alice", &[], br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).await;
    let told = gateway.post("alice", &[], &call(2, "named", &json!({}))).await.json().expect("JSON");
    let map = told["result"]["structuredContent"].as_object().expect("a map");
    assert!(map.contains_key(ONE) && !map.contains_key(OTHER), "{told}");
    gateway.finish().await;
}

fn response_text(value: &Value) -> String {
    value.to_string()
}
