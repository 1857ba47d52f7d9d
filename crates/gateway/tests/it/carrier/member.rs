//! Names of members are data where a map has addresses for keys: masked for callers, upstreams and the record.

use fixture::recorder::{Recorder, Reply, Request, Response};
use serde_json::{Value, json};

use super::{NOBODY_SEES, secret};
use crate::harness::{Harness, call};
use crate::recording::countersign;

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
    assert_eq!(told["result"]["structuredContent"].as_object().map(serde_json::Map::len), Some(2), "{told}");
    let inner: Value =
        serde_json::from_str(told["result"]["content"][0]["text"].as_str().expect("text")).expect("JSON");
    assert_eq!(inner, told["result"]["structuredContent"], "the same names in both");
    let mut names: Vec<&String> = inner.as_object().expect("a map").keys().collect();
    names.sort();
    assert_eq!(names, ["[email-2]", "[email]"]);
    let sent = recorder.requests()[0].json();
    assert_eq!(sent["params"]["arguments"]["people"], json!({ "[email]": 1, "[email-2]": 2 }));

    let calls = gateway.leaves_of("call.intent").await;
    let session = calls[0]["session"].as_str().expect("a session").to_owned();
    let directory = tempfile::tempdir().expect("a directory");
    let kept = directory.path().join("a.mcpcast.jsonl");
    let file = kept.to_str().expect("UTF-8").to_owned();
    let export = gateway.restart_after(move |config| {
        countersign(Some(config), &["session", "export", &session, "-o", &file]);
    });
    let gateway = export.await;
    let record = std::fs::read_to_string(&kept).expect("written");
    assert!(record.contains("[email-2]"), "{record}");
    for value in [ONE, OTHER, &secret(), "battery staple"] {
        assert!(!record.contains(value) && !told.to_string().contains(value), "{value}: {record}");
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
