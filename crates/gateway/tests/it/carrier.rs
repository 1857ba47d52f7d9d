//! What comes beside the data of a message is no way around policy, mask and record: header fields, fields of event
//! streams, names of members.

mod member;

use fixture::recorder::{Recorder, Reply, Request, Response};
use serde_json::{Value, json};

use crate::harness::{ALLOW_ALL, Harness, call, modern_call};

const NOBODY_SEES: &str = r#"
    @id("all") permit (principal, action, resource);
    @id("nobody-sees") forbid (principal, action == Action::"reveal", resource);"#;

/// Of no use to anybody; built so that no scanner of source code takes it for a leak.
fn secret() -> String {
    format!("ghp_{}", "a1B2".repeat(9))
}

/// A server with a tool whose `amount` and `note` headers repeat, and which has two members that are alike.
fn upstream(request: &Request) -> Reply {
    let message = request.json();
    let result = match message["method"].as_str() {
        Some("tools/list") => {
            json!({ "tools": [{ "name": "pay", "inputSchema": { "type": "object", "properties": {
            "amount": { "type": "integer", "x-mcp-header": "Amount" },
            "note": { "type": "string", "x-mcp-header": "Note" },
            "rows": { "type": "array", "items": { "properties": { "id": {}, "ID": {} } } },
        } } }] })
        }
        _ => json!({ "content": [] }),
    };
    Reply::Respond(Response::json(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })))
}

/// The calls of tools that arrived.
fn calls(recorder: &Recorder) -> Vec<std::sync::Arc<Request>> {
    recorder.requests().into_iter().filter(|request| request.json()["method"] == "tools/call").collect()
}

#[tokio::test]
async fn header_reaches_the_upstream_only_if_it_says_an_argument() {
    let recorder = Recorder::new(upstream);
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, NOBODY_SEES).await;
    let post = async |more: &[(&str, &str)], arguments: Value| {
        let (mut fields, body) = modern_call(1, "pay", &arguments);
        fields.extend(more.iter().copied());
        let response = gateway.post("alice", &fields, &body).await;
        (response.status(), response.json().expect("JSON"))
    };
    // Nobody listed the tool: the gateway asks what it is.
    for fields in
        [&[("mcp-param-amount", "5000")][..], &[("mcp-param-other", "5")], &[("mcp-param-note", "5")]]
    {
        let (status, body) = post(fields, json!({ "amount": 5 })).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!(-32020)), "{fields:?}: {body}");
    }
    assert_eq!(calls(&recorder).len(), 0);
    assert_eq!(gateway.leaves_of("call.denied").await.len(), 3);

    let told =
        [("mcp-param-amount", "5.0"), ("mcp-evil", "s3cret"), ("baggage", "a=s3cret"), ("x-a", "s3cret")];
    assert_eq!(post(&told, json!({ "amount": 5 })).await.0, 200);
    let seen = calls(&recorder);
    assert_eq!(seen[0].head.field("mcp-param-amount"), Some("5"), "it is written from the body");
    assert!(!String::from_utf8_lossy(seen[0].head.bytes()).contains("s3cret"));

    let note = secret();
    assert_eq!(post(&[("mcp-param-note", &note)], json!({ "note": note })).await.0, 200);
    let seen = calls(&recorder);
    let head = String::from_utf8_lossy(seen[1].head.bytes()).into_owned();
    assert_eq!(seen[1].head.field("mcp-param-note"), seen[1].json()["params"]["arguments"]["note"].as_str());
    assert!(!head.contains(&note), "{head}");
    gateway.finish().await;
}

#[tokio::test]
async fn headers_of_the_later_revision_stay_behind_in_older_ones() {
    let recorder = Recorder::new(upstream);
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, ALLOW_ALL).await;
    let fields = [
        ("mcp-protocol-version", "2025-11-25"),
        ("mcp-name", "run"),
        ("mcp-method", "tools/list"),
        ("mcp-param-amount", "777"),
        ("last-event-id", "s3cret"),
        ("user-agent", "s3cret"),
    ];
    let response = gateway.post("alice", &fields, &call(1, "pay", &json!({ "amount": 6 }))).await;
    assert_eq!(response.status(), 200);
    let head = String::from_utf8_lossy(calls(&recorder)[0].head.bytes()).to_ascii_lowercase();
    for name in ["mcp-name", "mcp-method", "mcp-param", "last-event-id", "s3cret"] {
        assert!(!head.contains(name), "{name}: {head}");
    }
    assert!(head.contains("mcp-protocol-version: 2025-11-25"), "{head}");
    gateway.finish().await;
}

#[tokio::test]
async fn arguments_with_names_that_are_the_same_to_some_programs_are_refused() {
    let recorder = Recorder::new(upstream);
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, ALLOW_ALL).await;
    let refused = [
        (r#"{"amount":5,"Amount":5000}"#, "/Amount"),
        (r#"{"amount":5,"x":[{"to":"a","TO":"b"}]}"#, "/x/0/TO"),
        ("{\"amount\":5,\"amo\u{fb}nt\":5000}", "/amo\u{fb}nt"),
        (r#"{"rows":[{"id":1,"ID":2,"Id":3}]}"#, "/rows/0/ID"),
    ];
    for (arguments, pointer) in refused {
        for method in ["tools/call", "prompts/get"] {
            let body = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"name":"pay","arguments":{arguments}}}}}"#
            );
            let body = gateway.post("alice", &[], body.as_bytes()).await.json().expect("JSON");
            let details = match method {
                "tools/call" => &body["result"]["_meta"]["io.countersign/refusal"],
                _ => &body["error"]["data"],
            };
            assert_eq!(details["code"], "ambiguous", "{arguments}: {body}");
            assert!(details["pointer"].as_str().is_some_and(|at| at.starts_with(&pointer[..2])), "{body}");
        }
    }
    assert_eq!(calls(&recorder).len(), 0);
    assert_eq!(gateway.leaves_of("call.denied").await.len(), 2 * refused.len());
    // The tool has both.
    let both = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"rows":[{"id":1,"ID":2}]}}}"#;
    let answer = gateway.post("alice", &[], both.as_bytes()).await.json().expect("JSON");
    assert_eq!(answer["result"], json!({ "content": [] }));
    gateway.finish().await;
}

#[tokio::test]
async fn headers_and_event_fields_of_an_answer_are_read_or_left_out() {
    let recorder = Recorder::new(|request| {
        let message = request.json();
        let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": { "content": [] } });
        let answer = match message["params"]["arguments"]["how"].as_str() {
            Some("stream") => Response::new(
                200,
                "text/event-stream; x=s3cret",
                format!(
                    "event: s3cret\ndata: s3cret\n\nretry: s3cret\nid: {}\nid: 1\ndata:\n\nid: {}\nevent: message\ndata: {answer}\n\n",
                    secret(),
                    secret()
                ),
            ),
            _ => Response::new(200, "application/json; x=s3cret", answer.to_string()),
        };
        let odd = [("Mcp-Leak", "s3cret"), ("Mcp-Session-Id", "s3cret"), ("Allow", "s3cret, POST")];
        let more = [("Retry-After", "s3cret"), ("Cache-Control", "s3cret, no-store"), ("Server", "s3cret")];
        Reply::Respond(odd.iter().chain(&more).fold(answer, |answer, (name, value)| answer.with(name, value)))
    });
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, ALLOW_ALL).await;
    for how in ["whole", "stream"] {
        let response = gateway.post("alice", &[], &call(1, "t", &json!({ "how": how }))).await;
        assert_eq!(response.status(), 200);
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(response.head.bytes()),
            String::from_utf8_lossy(&response.body)
        );
        assert!(!text.contains("s3cret") && !text.contains(&secret()), "{text}");
        assert_eq!(response.head.field("allow"), Some("POST"));
        if how == "stream" {
            let body = String::from_utf8_lossy(&response.body).into_owned();
            assert!(body.starts_with(":\n\nid: 1\ndata:\n\nevent: message\ndata: {"), "{body}");
        }
    }
    gateway.finish().await;
}

#[tokio::test]
async fn session_that_no_caller_can_be_given_does_not_begin() {
    let recorder = Recorder::new(|request| {
        let message = request.json();
        let id = match message["params"]["clientInfo"]["name"].as_str() {
            Some("secret") => secret(),
            Some("space") => "a b".to_owned(),
            // A JWT, as the specification suggests.
            _ => "eyJhbGciOiJIUzI1NiJ9.eyJzIjoxfQ.c2lnbmF0dXJlLW9mLXRoZS1zZXNzaW9u".to_owned(),
        };
        let result = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": { "name": "up", "version": "1" } });
        let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
        Reply::Respond(Response::json(&answer).with("Mcp-Session-Id", &id))
    });
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, ALLOW_ALL).await;
    let begin = async |name: &str| {
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": name, "version": "1" } } });
        gateway.post("alice", &[("mcp-session-id", "mine")], body.to_string().as_bytes()).await
    };
    for name in ["secret", "space"] {
        let response = begin(name).await;
        assert_eq!(response.json().expect("JSON")["error"]["data"]["code"], "answer_malformed", "{name}");
        assert_eq!(response.head.field("mcp-session-id"), None);
    }
    let response = begin("plain").await;
    assert!(response.head.field("mcp-session-id").is_some_and(|id| id.starts_with("eyJ")));
    assert!(recorder.requests().iter().all(|request| request.head.field("mcp-session-id").is_none()));
    gateway.finish().await;
}
