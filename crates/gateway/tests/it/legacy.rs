//! Legacy sessions: bound to who began them, resumable, with requests in both directions.

use fixture::recorder::{Recorder, Response, echo};
use serde_json::json;

use crate::harness::{ALLOW_ALL, Harness, call, sessions};

#[tokio::test]
async fn session_of_somebody_else_does_not_exist() {
    let recorder = Recorder::new(sessions);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let session = gateway.initialize("alice").await;
    let stolen =
        gateway.post("mallory", &[("mcp-session-id", &session)], &call(1, "effect", &json!({}))).await;
    assert_eq!(stolen.status(), 404);
    let invented =
        gateway.post("alice", &[("mcp-session-id", "other")], &call(1, "effect", &json!({}))).await;
    assert_eq!(invented.status(), 404);
    assert_eq!(recorder.count(), 1, "only initialize went upstream");
    gateway.finish().await;
}

#[tokio::test]
async fn answer_may_come_by_another_stream_of_the_session() {
    let recorder = Recorder::new(sessions);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let session = gateway.initialize("alice").await;
    let with = [("mcp-session-id", session.as_str())];

    let mut first = gateway.send("alice", "POST", &with, &call(3, "effect", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    exchange.begin_events().await.expect("begun");
    exchange.chunk(b"id: e1\nretry: 10\ndata:\n\n").await.expect("sent");
    assert_eq!(first.head().await.expect("a head").status(), Some(200));
    assert_eq!(first.event().await.expect("an event").as_deref(), Some(&b"id: e1\nretry: 10\ndata:\n\n"[..]));
    exchange.finish().await.expect("finished");
    assert_eq!(first.event().await.expect("the end"), None);

    let resume = [("mcp-session-id", session.as_str()), ("last-event-id", "e1")];
    let mut second = gateway.send("alice", "GET", &resume, b"").await;
    let exchange = recorder.accept().await.expect("a request");
    assert_eq!(exchange.request().head.field("last-event-id"), Some("e1"));
    exchange.begin_events().await.expect("begun");
    // So the official TypeScript SDK replays a priming event.
    exchange.chunk(b"event: message\nid: e1\ndata: {}\n\n").await.expect("sent");
    assert_eq!(second.head().await.expect("a head").status(), Some(200));
    let replayed = second.event().await.expect("an event").expect("the priming event");
    assert_eq!(&replayed[..], b"event: message\nid: e1\ndata: {}\n\n");
    exchange.event(&json!({ "jsonrpc": "2.0", "id": 3, "result": { "content": [] } })).await.expect("sent");
    let event = second.event().await.expect("an event").expect("the answer");
    assert!(String::from_utf8_lossy(&event).contains(r#""id":3"#));
    let outcomes = gateway.leaves_of("call.outcome").await;
    assert_eq!(outcomes.len(), 2, "initialize and the resumed call");
    second.hang_up().await.expect("closed");
    exchange.gone().await.expect("told");
    gateway.finish().await;
}

#[tokio::test]
async fn request_of_the_upstream_is_answered_once_by_the_caller_it_was_sent_to() {
    let recorder = Recorder::new(sessions);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let session = gateway.initialize("alice").await;
    let with = [("mcp-session-id", session.as_str())];
    let mut stream = gateway.send("alice", "POST", &with, &call(3, "effect", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    exchange.begin_events().await.expect("begun");
    stream.head().await.expect("a head");
    exchange.event(&json!({ "jsonrpc": "2.0", "id": "ask-1", "method": "roots/list" })).await.expect("sent");
    assert!(stream.event().await.expect("an event").is_some());

    let reply = json!({ "jsonrpc": "2.0", "id": "ask-1", "result": { "roots": [] } }).to_string();
    let answering = gateway.send("alice", "POST", &with, reply.as_bytes()).await;
    let answered = recorder.accept().await.expect("the response, forwarded");
    assert_eq!(answered.request().body, reply.as_bytes());
    answered.respond(Response::empty(202)).await.expect("sent");
    let mut answering = answering;
    assert_eq!(answering.response().await.expect("an answer").status(), 202);

    let again = gateway.post("alice", &with, reply.as_bytes()).await;
    assert_eq!(again.status(), 400, "a request is answered once");
    exchange.event(&json!({ "jsonrpc": "2.0", "id": 3, "result": { "content": [] } })).await.expect("sent");
    assert!(stream.event().await.expect("an event").is_some());
    exchange.finish().await.expect("finished");
    gateway.finish().await;
}

#[tokio::test]
async fn refused_request_of_the_upstream_is_answered_in_the_callers_place() {
    let recorder = Recorder::new(sessions);
    let upstream = recorder.start().await.expect("an upstream");
    let policies = format!(
        "{ALLOW_ALL}\n@id(\"no-sampling\") forbid (principal, action == Action::\"sampling/createMessage\", resource);"
    );
    let gateway = Harness::over(&upstream, &policies).await;
    let session = gateway.initialize("alice").await;
    let with = [("mcp-session-id", session.as_str())];
    let mut stream = gateway.send("alice", "POST", &with, &call(3, "effect", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    exchange.begin_events().await.expect("begun");
    stream.head().await.expect("a head");
    let ask = json!({ "jsonrpc": "2.0", "id": 77, "method": "sampling/createMessage", "params": { "messages": [] } });
    exchange.event(&ask).await.expect("sent");
    let refused = recorder.accept().await.expect("the refusal");
    assert_eq!(
        (&refused.request().json()["id"], refused.request().json()["error"]["code"].as_i64()),
        (&json!(77), Some(4030))
    );
    assert_eq!(refused.request().head.field("mcp-session-id"), Some(session.as_str()));
    refused.respond(Response::empty(202)).await.expect("sent");
    exchange.event(&json!({ "jsonrpc": "2.0", "id": 3, "result": { "content": [] } })).await.expect("sent");
    let event = stream.event().await.expect("an event").expect("the answer");
    assert!(String::from_utf8_lossy(&event).contains(r#""id":3"#), "the caller never saw the request");
    exchange.finish().await.expect("finished");
    gateway.finish().await;
}

#[tokio::test]
async fn batch_is_judged_message_by_message() {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let policies = format!(
        "{ALLOW_ALL}\n@id(\"no-b\") forbid (principal, action == Action::\"tools/call\", resource) when {{ resource.name == \"b\" }};"
    );
    let gateway = Harness::over(&upstream, &policies).await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "effect", "arguments": {} } },
        { "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "b", "arguments": {} } },
        { "jsonrpc": "2.0", "method": "notifications/initialized" },
    ]);
    let response = gateway.post("alice", &[], batch.to_string().as_bytes()).await;
    assert_eq!(response.status(), 200);
    let text = String::from_utf8_lossy(&response.body).into_owned();
    assert!(text.contains(r#""id":1,"#) && text.contains(r#""isError":true"#), "{text}");
    assert_eq!(recorder.count(), 2, "the denied element was not forwarded");
    let newer = [("mcp-protocol-version", "2025-11-25")];
    let refused = gateway.post("alice", &newer, batch.to_string().as_bytes()).await;
    assert_eq!(refused.status(), 400, "only 2025-03-26 has batches");
    gateway.finish().await;
}
