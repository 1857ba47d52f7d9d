//! What policy does not change passes unchanged: bytes, unknown fields, hang-ups, back-pressure.

mod crowd;
mod hangup;
mod pressure;
mod stream;

use fixture::recorder::{Recorder, Reply, Response, echo};
use serde_json::json;

use crate::harness::{ALLOW_ALL, Harness, Site, call, http};

/// Spelled so that any parse and re-serialisation would change it.
const ODD_CALL: &str = r#"{ "id":1.0 ,"jsonrpc":"2.0","x-unknown":{"b":1,"a":1.10},"method":"tools\/call","params":{"arguments":{"big":123456789012345678901234567890,"e":1E3,"lone":"\ud800","nul":null},"na\u006de":"effect","futureField":[ ]} }"#;
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const ODD_ANSWER: &str = r#"{ "result":{"content":[],"z":1.0,"a":{"\u0061":18446744073709551616}},"id":1,"jsonrpc":"2.0" ,"extra":null}"#;

#[tokio::test]
async fn bytes_pass_unchanged_both_ways() {
    let recorder = Recorder::new(|_| Reply::Respond(Response::new(200, "application/json", ODD_ANSWER)));
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let response =
        gateway.post("alice", &[("x-vendor", "1"), ("traceparent", TRACE)], ODD_CALL.as_bytes()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(std::str::from_utf8(&response.body), Ok(ODD_ANSWER));
    let seen = recorder.requests();
    assert_eq!(std::str::from_utf8(&seen[0].body), Ok(ODD_CALL));
    assert_eq!((seen[0].head.field("traceparent"), seen[0].head.field("x-vendor")), (Some(TRACE), None));
    gateway.finish().await;
}

#[tokio::test]
async fn credential_and_hop_by_hop_headers_never_go_upstream() {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let more = [
        ("cookie", "a=b"),
        ("proxy-authorization", "Basic eA=="),
        ("dpop", "x"),
        ("connection", "keep-alive, x-hop"),
        ("x-hop", "1"),
        ("x-forwarded-for", "10.0.0.1"),
    ];
    gateway.post("alice", &more, &call(1, "effect", &json!({}))).await;
    let seen = recorder.requests();
    for name in ["authorization", "cookie", "proxy-authorization", "dpop", "x-hop", "x-forwarded-for"] {
        assert_eq!(seen[0].head.field(name), None, "{name}");
    }
    let token = gateway.token("alice");
    let head = String::from_utf8_lossy(seen[0].head.bytes()).into_owned();
    assert!(!head.contains(&token[..40]));
    gateway.finish().await;
}

#[tokio::test]
async fn challenge_of_the_upstream_never_reaches_the_caller() {
    let recorder = Recorder::new(|_| {
        Reply::Respond(Response::empty(401).with("WWW-Authenticate", "Bearer realm=\"secret-upstream\""))
    });
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let response = gateway.post("alice", &[], &call(1, "effect", &json!({}))).await;
    assert_eq!((response.status(), response.head.field("www-authenticate")), (502, None));
    assert!(!String::from_utf8_lossy(&response.body).contains("secret-upstream"));
    gateway.finish().await;
}

#[tokio::test]
async fn stream_is_released_event_by_event_and_recorded_first() {
    let recorder = Recorder::held();
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let mut probe = gateway.send("alice", "POST", &[], &call(9, "effect", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    exchange.begin_events().await.expect("begun");
    assert_eq!(probe.head().await.expect("a head").status(), Some(200));
    let progress = "event: message\r\ndata: {\"jsonrpc\":\"2.0\",\r\ndata:  \"method\":\"notifications/progress\",\"params\":{\"progressToken\":1,\"progress\":50.0}}\r\nid: 7\r\n\r\n";
    exchange.chunk(progress.as_bytes()).await.expect("sent");
    let event = probe.event().await.expect("an event").expect("before the answer");
    assert_eq!(event, progress.as_bytes(), "byte for byte, while the call is still running");
    assert_eq!(gateway.leaves_of("call.frame").await.len(), 1, "recorded before it was released");
    exchange.event(&json!({ "jsonrpc": "2.0", "id": 9, "result": { "content": [] } })).await.expect("sent");
    let answer = probe.event().await.expect("an event").expect("the answer");
    assert!(answer.starts_with(b"data: {"));
    let outcomes = gateway.leaves_of("call.outcome").await;
    assert_eq!((outcomes.len(), &outcomes[0]["frames"]["count"]), (1, &json!(1)));
    exchange.finish().await.expect("finished");
    gateway.finish().await;
}

#[tokio::test]
async fn stream_that_never_ends_is_ended() {
    let recorder = Recorder::held();
    let upstream = recorder.start().await.expect("an upstream");
    let site = Site::new(&http(&upstream), ALLOW_ALL).await;
    site.edit(|text| text.replace("  drain_grace_ms: 0\n", "  drain_grace_ms: 0\n  stream_ms: 300\n"));
    let gateway = Harness::at(site).await;
    let mut probe = gateway.send("alice", "POST", &[], &call(9, "effect", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    exchange.begin_events().await.expect("begun");
    assert_eq!(probe.head().await.expect("a head").status(), Some(200));
    // As one that means to hold the gateway up: an event whenever the last one has arrived.
    let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progressToken": 1, "progress": 1 } });
    let last = loop {
        // Nobody may read it any more.
        drop(exchange.event(&progress).await);
        let event = probe.event().await.expect("an event").expect("the last says why");
        let event = String::from_utf8(event.to_vec()).expect("text");
        if !event.contains("notifications/progress") {
            break event;
        }
    };
    assert!(last.contains(r#""id":9"#) && last.contains("did not answer"), "{last}");
    exchange.gone().await.expect("the upstream was told");
    let outcomes = gateway.leaves_of("call.outcome").await;
    assert_eq!((outcomes.len(), &outcomes[0]["outcome"]["status"]), (1, &json!("timeout")), "{outcomes:?}");
    gateway.finish().await;
}

#[tokio::test]
async fn hang_up_of_the_caller_reaches_the_upstream_and_the_record() {
    let recorder = Recorder::held();
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let probe = gateway.send("alice", "POST", &[], &call(1, "effect", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    probe.hang_up().await.expect("closed");
    exchange.gone().await.expect("the upstream was told");
    let findings = gateway.finish().await;
    assert_eq!(findings.counts.get("call.outcome"), Some(&1));
}

#[tokio::test]
async fn answer_that_breaks_the_protocol_is_not_passed_on() {
    for body in [
        r#"{"jsonrpc":"2.0","id":2,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"Result":{}}"#,
        "not json",
        "[]",
    ] {
        let recorder = Recorder::new(move |_| Reply::Respond(Response::new(200, "application/json", body)));
        let upstream = recorder.start().await.expect("an upstream");
        let gateway = Harness::over(&upstream, ALLOW_ALL).await;
        let response = gateway.post("alice", &[], &call(1, "effect", &json!({}))).await;
        assert_eq!(response.status(), 502, "{body}");
        gateway.finish().await;
    }
}
