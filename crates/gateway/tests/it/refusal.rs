//! Every refusal of the closed set, as a caller meets it: status, code, whose fault, what to do.

use countersign::limits;
use countersign::refusal::Refusal;
use fixture::probe::{Probe, Response, request};
use fixture::recorder::{Recorder, Reply, Response as Answer, echo};
use serde_json::{Value, json};

use crate::harness::{ALLOW_ALL, Harness, call};

const MODERN: &str = "2026-07-28";

/// That `response` is this refusal, worded for the caller.
fn assert_refused(response: &Response, refusal: Refusal) {
    let (face, body) = (refusal.face(), response.json().expect("JSON"));
    let details = if body["error"].is_null() {
        &body["result"]["_meta"]["io.countersign/refusal"]
    } else {
        &body["error"]["data"]
    };
    assert_eq!(details["code"], face.code, "{body}");
    assert!(!details["call"].is_null(), "{body}");
    let text = if body["error"].is_null() {
        &body["result"]["content"][0]["text"]
    } else {
        &body["error"]["message"]
    };
    assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{body}");
}

async fn over(
    rule: fn(&fixture::recorder::Request) -> Reply,
    policies: &str,
) -> (Recorder, fixture::loopback::Running, Harness) {
    let recorder = Recorder::new(rule);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, policies).await;
    (recorder, upstream, gateway)
}

#[tokio::test]
async fn unreadable_requests_are_refused_before_anything_is_forwarded() {
    let (recorder, _upstream, gateway) = over(echo, ALLOW_ALL).await;
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let cases: &[(&[(&str, &str)], &str, Refusal)] = &[
        (&[], "{", Refusal::Malformed),
        (&[], r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}"#, Refusal::Malformed),
        (&[], r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, Refusal::Malformed),
        (&[], "[]", Refusal::Batch),
        (
            &[("mcp-protocol-version", "2025-11-25")],
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]"#,
            Refusal::Batch,
        ),
        (&[("content-type", "text/plain")], ping, Refusal::MediaType),
        (&[("content-encoding", "gzip")], ping, Refusal::MediaType),
        (&[], r#"{"jsonrpc":"2.0","id":9,"result":{}}"#, Refusal::Uncorrelated),
        (&[("mcp-protocol-version", MODERN), ("mcp-method", "tools/list")], ping, Refusal::HeaderMismatch),
        (&[("mcp-session-id", "nobody's")], ping, Refusal::UnknownSession),
    ];
    for (fields, body, refusal) in cases {
        let response = gateway.post("alice", fields, body.as_bytes()).await;
        assert_refused(&response, *refusal);
        assert_eq!(response.status(), refusal.face().status, "{body}");
    }
    let deep = format!(
        "{}1{}",
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":"#.to_owned() + &"[".repeat(200),
        "]".repeat(200) + "}"
    );
    assert_refused(&gateway.post("alice", &[], deep.as_bytes()).await, Refusal::TooLarge);
    assert_eq!(recorder.count(), 0);
    let recorded = gateway.leaves_of("call.denied").await;
    assert_eq!(recorded.len(), cases.len() + 1, "each is on record, for the caller was proven");
    let unknown = recorded.iter().find(|leaf| leaf["refusal"] == "unknown_session").expect("a leaf");
    assert_eq!((&unknown["actor"]["kind"], &unknown["server"]), (&json!("human"), &json!("up")));
    gateway.finish().await;
}

#[tokio::test]
async fn requests_that_are_not_for_this_gateway_are_refused() {
    let (_recorder, _upstream, gateway) = over(echo, ALLOW_ALL).await;
    let raw = async |fields: &[(&str, &str)], method: &str, path: &str| {
        let mut probe = Probe::connect(gateway.address()).await.expect("a connection");
        probe.send(&request(method, path, fields, b"")).await.expect("sent");
        probe.response().await.expect("an answer")
    };
    let host = gateway.address().to_string();
    assert_refused(&raw(&[("host", "evil.example")], "POST", "/mcp/up").await, Refusal::Origin);
    let page = [("host", host.as_str()), ("origin", "https://evil.example")];
    assert_refused(&raw(&page, "POST", "/mcp/up").await, Refusal::Origin);
    assert_refused(&raw(&[("host", host.as_str())], "POST", "/mcp/other").await, Refusal::UnknownServer);
    assert_refused(&raw(&[("host", host.as_str())], "POST", "/mcp/up").await, Refusal::Unauthenticated);
    let put = gateway.send("alice", "PUT", &[], b"").await.response().await.expect("an answer");
    assert_refused(&put, Refusal::MethodNotAllowed);
    let mut accept = gateway.bytes("alice", "POST", &[], b"{}");
    let text = String::from_utf8(std::mem::take(&mut accept)).expect("ASCII");
    let text = text.replace("application/json, text/event-stream", "text/html");
    let mut probe = Probe::connect(gateway.address()).await.expect("a connection");
    probe.send(text.as_bytes()).await.expect("sent");
    assert_refused(&probe.response().await.expect("an answer"), Refusal::NotAcceptable);
    gateway.finish().await;
}

#[tokio::test]
async fn token_without_a_scope_that_the_server_requires_is_told_which() {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let server =
        format!("  - name: up\n    http:\n      url: {}\n    scopes: [orders:use]\n", upstream.url("/mcp"));
    let gateway = Harness::with(&server, ALLOW_ALL).await;
    let response = gateway.post("alice", &[], &call(1, "effect", &json!({}))).await;
    assert_eq!(response.status(), Refusal::InsufficientScope.face().status);
    let challenge = response.head.field("www-authenticate").expect("a challenge");
    assert!(challenge.contains("insufficient_scope") && challenge.contains("orders:use"), "{challenge}");
    assert_eq!(recorder.count(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn policy_refuses_and_holds_with_different_words() {
    let policies = r#"
        @id("asked") permit (principal, action == Action::"tools/call", resource)
        when { resource.name == "effect" && context.approval.granted };
    "#;
    let (recorder, _upstream, gateway) = over(echo, policies).await;
    assert_refused(&gateway.post("alice", &[], &call(2, "other", &json!({}))).await, Refusal::Denied);
    assert_eq!(recorder.count(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn gateway_that_cannot_serve_says_so() {
    let (_recorder, _upstream, gateway) = over(echo, ALLOW_ALL).await;
    let places = u32::try_from(limits::EXCHANGES_MAX).expect("small");
    let all = gateway.running.gateway.places.clone().acquire_many_owned(places).await.expect("open");
    assert_refused(&gateway.post("alice", &[], &call(1, "effect", &json!({}))).await, Refusal::Overloaded);
    drop(all);
    gateway.running.gateway.draining.cancel();
    assert_refused(&gateway.post("alice", &[], &call(2, "effect", &json!({}))).await, Refusal::Draining);
    gateway.finish().await;
}

#[tokio::test]
async fn nothing_is_forwarded_when_evidence_cannot_be_written() {
    let (recorder, _upstream, gateway) = over(echo, ALLOW_ALL).await;
    gateway.running.gateway.ledger.stop().await.expect("sealed");
    let response = gateway.post("alice", &[], &call(1, "effect", &json!({}))).await;
    assert_refused(&response, Refusal::LedgerUnavailable);
    assert_eq!((response.status(), recorder.count()), (503, 0));
    assert_eq!(gateway.running.gateway.unready().len(), 1, "readiness is red");
}

#[tokio::test]
async fn answer_is_withheld_when_its_outcome_cannot_be_written() {
    let recorder = Recorder::held();
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let mut probe = gateway.send("alice", "POST", &[], &call(1, "effect", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    gateway.running.gateway.ledger.stop().await.expect("sealed");
    let secret = json!({ "jsonrpc": "2.0", "id": 1, "result": { "content": [{ "type": "text", "text": "the answer" }] } });
    exchange.respond(Answer::json(&secret)).await.expect("sent");
    let response = probe.response().await.expect("an answer");
    assert_refused(&response, Refusal::OutcomeUnrecorded);
    assert!(!String::from_utf8_lossy(&response.body).contains("the answer"));
}

#[tokio::test]
async fn failing_upstreams_are_told_apart_and_never_quoted() {
    let cases: &[(fn(&fixture::recorder::Request) -> Reply, Refusal, u16)] = &[
        (|_| Reply::Close, Refusal::UpstreamUnreachable, 502),
        (|_| Reply::Respond(Answer::empty(401)), Refusal::UpstreamCredential, 502),
        (
            |_| Reply::Respond(Answer::new(200, "application/json", "oops secret")),
            Refusal::AnswerMalformed,
            502,
        ),
        (|_| Reply::Respond(Answer::new(418, "text/plain", "oops secret")), Refusal::UpstreamStatus, 418),
    ];
    for (rule, refusal, status) in cases {
        let (_recorder, _upstream, gateway) = over(*rule, ALLOW_ALL).await;
        let response = gateway.post("alice", &[], &call(1, "effect", &json!({}))).await;
        assert_refused(&response, *refusal);
        assert_eq!(response.status(), *status);
        assert!(!String::from_utf8_lossy(&response.body).contains("secret"));
        gateway.finish().await;
    }
}

#[tokio::test]
async fn upstream_that_does_not_answer_in_time_is_given_up() {
    let recorder = Recorder::held();
    let upstream = recorder.start().await.expect("an upstream");
    let server =
        format!("  - name: up\n    http:\n      url: {}\n    timeout_ms: 100\n", upstream.url("/mcp"));
    let gateway = Harness::with(&server, ALLOW_ALL).await;
    let response = gateway.post("alice", &[], &call(1, "effect", &json!({}))).await;
    assert_refused(&response, Refusal::UpstreamTimeout);
    let outcomes = gateway.leaves_of("call.outcome").await;
    assert_eq!(outcomes[0]["outcome"]["status"], "timeout");
    gateway.finish().await;
}

#[tokio::test]
async fn task_of_somebody_else_does_not_exist() {
    let rule = |request: &fixture::recorder::Request| {
        let id = &request.json()["id"];
        let task = json!({ "taskId": "t-1", "status": "working" });
        let result = match request.json()["method"].as_str() {
            Some("tools/call") => json!({ "task": task }),
            _ => task,
        };
        Reply::Respond(Answer::json(&json!({ "jsonrpc": "2.0", "id": id, "result": result })))
    };
    let (recorder, _upstream, gateway) = over(rule, ALLOW_ALL).await;
    gateway.post("alice", &[], &call(1, "effect", &json!({}))).await;
    let get = json!({ "jsonrpc": "2.0", "id": 2, "method": "tasks/get", "params": { "taskId": "t-1" } })
        .to_string();
    assert_refused(&gateway.post("mallory", &[], get.as_bytes()).await, Refusal::UnknownTask);
    assert_eq!(recorder.count(), 1);
    let own: Value = gateway.post("alice", &[], get.as_bytes()).await.json().expect("JSON");
    assert_eq!(own["result"]["status"], "working");
    gateway.finish().await;
}

#[tokio::test]
async fn program_that_needs_initialize_makes_modern_callers_fall_back() {
    let script = "import sys, json\nfor line in sys.stdin:\n    m = json.loads(line)\n    if 'id' in m:\n        print(json.dumps({'jsonrpc': '2.0', 'id': m['id'], 'error': {'code': -32601, 'message': 'no'}}), flush=True)\n";
    let server = format!("  - name: up\n    stdio:\n      command: [python3, -c, {}]\n", json!(script));
    let gateway = Harness::with(&server, ALLOW_ALL).await;
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {} });
    let body =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": meta } }).to_string();
    let fields = [("mcp-protocol-version", MODERN), ("mcp-method", "tools/list")];
    let response = gateway.post("alice", &fields, body.as_bytes()).await;
    assert_eq!(response.status(), Refusal::LegacyOnly.face().status);
    assert_refused(&response, Refusal::LegacyOnly);
    gateway.finish().await;
}

/// Takes as long as the limit: half a minute, beside the other tests.
#[tokio::test]
async fn body_that_never_ends_is_given_up() {
    let (recorder, _upstream, gateway) = over(echo, ALLOW_ALL).await;
    let whole = gateway.bytes("alice", "POST", &[], &call(1, "effect", &json!({})));
    let mut probe = Probe::connect(gateway.address()).await.expect("a connection");
    probe.send(&whole[..whole.len() - 1]).await.expect("sent");
    // The probe's own patience is as long as the limit, so the first wait may end just before the answer.
    let response = match probe.response().await {
        Ok(response) => response,
        Err(_) => probe.response().await.expect("an answer"),
    };
    assert_eq!(response.status(), 408);
    assert_refused(&response, Refusal::CallerTimeout);
    assert_eq!(recorder.count(), 0);
    let recorded = gateway.leaves_of("call.denied").await;
    assert_eq!((recorded.len(), &recorded[0]["refusal"]), (1, &json!("caller_timeout")));
    gateway.finish().await;
}

#[tokio::test]
async fn message_with_more_to_mask_than_can_be_looked_through_is_refused() {
    let (recorder, _upstream, gateway) = over(echo, ALLOW_ALL).await;
    // One address more than findings are kept for one message, even where policy would reveal them all.
    let many = "a@b.io ".repeat(inspect::mask::limit::FINDINGS_MAX + 1);
    let response = gateway.post("alice", &[], &call(1, "effect", &json!({ "note": many }))).await;
    assert_refused(&response, Refusal::Unread);
    assert_eq!(recorder.count(), 0);
    assert_eq!(gateway.leaves_of("call.denied").await[0]["refusal"], "unread");
    gateway.finish().await;
}
