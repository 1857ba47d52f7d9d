//! A caller that leaves: how fast the upstream learns it, and what it means in each era.

use std::time::{Duration, Instant};

use fixture::probe::{Probe, event_data};
use fixture::recorder::Recorder;
use serde_json::{Value, json};

use crate::harness::{ALLOW_ALL, Harness, call, modern_call, sessions};

/// Hang-ups measured in each situation.
const ROUNDS: usize = 10;
/// Longest time from the hang-up to the upstream's end of the connection, on a busy machine.
const LATENCY_MAX: Duration = Duration::from_secs(2);

/// Whether the upstream had begun its answer.
#[derive(Debug, Clone, Copy)]
enum When {
    BeforeTheAnswer,
    InTheStream,
}

async fn leave(gateway: &Harness, recorder: &Recorder, mut probe: Probe, when: When) -> Duration {
    let exchange = recorder.accept().await.expect("a request");
    if matches!(when, When::InTheStream) {
        exchange.begin_events().await.expect("begun");
        exchange.chunk(b": \n\n").await.expect("sent");
        probe.head().await.expect("a head");
        probe.event().await.expect("an event").expect("a comment");
    }
    let begin = Instant::now();
    probe.hang_up().await.expect("closed");
    exchange.gone().await.expect("the upstream learns it");
    assert!(gateway.running.gateway.unready().is_empty());
    begin.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hang_up_reaches_the_upstream_at_once_in_both_eras() {
    let recorder = Recorder::held();
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    for when in [When::BeforeTheAnswer, When::InTheStream] {
        for era in ["legacy", "modern"] {
            let mut took = Vec::new();
            for _ in 0..ROUNDS {
                let probe = if era == "modern" {
                    let (fields, body) = modern_call(1, "effect", &json!({}));
                    gateway.send("alice", "POST", &fields, &body).await
                } else {
                    gateway.send("alice", "POST", &[], &call(1, "effect", &json!({}))).await
                };
                took.push(leave(&gateway, &recorder, probe, when).await);
            }
            took.sort_unstable();
            println!("{era}, {when:?}: median {:?}, longest {:?}", took[ROUNDS / 2], took[ROUNDS - 1]);
            assert!(took[ROUNDS - 1] < LATENCY_MAX, "{took:?}");
        }
    }
    let findings = gateway.finish().await;
    assert_eq!(findings.counts.get("call.outcome"), Some(&(4 * ROUNDS as u64)));
}

#[tokio::test]
async fn legacy_hang_up_cancels_nothing_and_the_answer_can_be_fetched() {
    let recorder = Recorder::new(sessions);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let session = gateway.initialize("alice").await;
    let with = [("mcp-session-id", session.as_str())];
    let mut first = gateway.send("alice", "POST", &with, &call(3, "effect", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    exchange.begin_events().await.expect("begun");
    exchange.chunk(b"id: e1\ndata:\n\n").await.expect("sent");
    first.head().await.expect("a head");
    first.event().await.expect("an event").expect("the priming event");
    first.hang_up().await.expect("closed");
    exchange.gone().await.expect("told");

    let resume = [("mcp-session-id", session.as_str()), ("last-event-id", "e1")];
    for again in [false, true] {
        let mut second = gateway.send("alice", "GET", &resume, b"").await;
        let exchange = recorder.accept().await.expect("a request");
        assert_eq!(exchange.request().method(), "GET", "nothing but the resumption came: no cancellation");
        assert_eq!(exchange.request().head.field("last-event-id"), Some("e1"));
        exchange.begin_events().await.expect("begun");
        let replay =
            "id: e2\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{ \"content\":[]}}\n\n";
        exchange.chunk(replay.as_bytes()).await.expect("sent");
        second.head().await.expect("a head");
        let event = second.event().await.expect("an event");
        assert_eq!(event.as_deref(), Some(replay.as_bytes()), "again: {again}");
        second.hang_up().await.expect("closed");
        exchange.gone().await.expect("told");
    }
    let intents = gateway.leaves_of("call.intent").await;
    let called = intents.iter().find(|leaf| leaf["method"] == "tools/call").expect("an intent");
    let outcomes = gateway.leaves_of("call.outcome").await;
    let ends: Vec<_> = outcomes.iter().filter(|leaf| leaf["call"] == called["call"]).collect();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0]["outcome"]["status"], "ok", "it was answered, although its caller had left");
    gateway.finish().await;
}

/// The lines that the program has read so far.
fn seen(message: &Value) -> String {
    message["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{message}")).to_owned()
}

fn whole(response: &fixture::probe::Response) -> Value {
    response.json().or_else(|_| serde_json::from_str(&event_data(&response.body))).expect("a message")
}

#[tokio::test]
async fn program_hears_of_a_modern_hang_up_as_a_cancellation_and_of_a_legacy_one_not() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/upstream/stdio/tests/fake.py");
    let server = format!(
        "  - name: up\n    stdio:\n      command: [python3, {}, dual]\n      sharing: shared\n",
        json!(script)
    );
    let gateway = Harness::with(&server, ALLOW_ALL).await;
    let (fields, body) = modern_call(1, "hang", &json!({}));
    let caller = gateway.send("alice", "POST", &fields, &body).await;
    let (fields, look) = modern_call(2, "seen", &json!({}));
    let mut lines = String::new();
    for _ in 0..100 {
        lines = seen(&whole(&gateway.post("alice", &fields, &look).await));
        if lines.contains("hang") {
            break;
        }
    }
    assert!(lines.contains("hang") && !lines.contains("notifications/cancelled"), "{lines}");
    caller.hang_up().await.expect("closed");
    for _ in 0..100 {
        lines = seen(&whole(&gateway.post("alice", &fields, &look).await));
        if lines.contains("notifications/cancelled") {
            break;
        }
    }
    assert!(lines.contains("notifications/cancelled"), "{lines}");

    let session = gateway.initialize("alice").await;
    let with = [("mcp-session-id", session.as_str())];
    let caller = gateway.send("alice", "POST", &with, &call(1, "hang", &json!({}))).await;
    let look = call(2, "seen", &json!({}));
    for _ in 0..100 {
        lines = seen(&whole(&gateway.post("alice", &with, &look).await));
        if lines.contains("hang") {
            break;
        }
    }
    caller.hang_up().await.expect("closed");
    for _ in 0..20 {
        lines = seen(&whole(&gateway.post("alice", &with, &look).await));
    }
    assert!(lines.contains("hang") && !lines.contains("notifications/cancelled"), "{lines}");
    gateway.finish().await;
}

#[tokio::test]
async fn line_breaks_of_a_caller_never_become_a_message_of_their_own() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/upstream/stdio/tests/fake.py");
    let server = format!("  - name: up\n    stdio:\n      command: [python3, {}]\n", json!(script));
    let policies = format!(
        "{ALLOW_ALL}\n@id(\"no-exit\") forbid (principal, action == Action::\"tools/call\", resource) when {{ resource.name == \"exit\" }};"
    );
    let gateway = Harness::with(&server, &policies).await;
    let session = gateway.initialize("alice").await;
    let with = [("mcp-session-id", session.as_str())];
    let hidden = call(66, "exit", &json!({ "status": 9 }));
    let hidden = String::from_utf8_lossy(&hidden);
    for (id, line_break) in ["\n", "\r", "\r\n"].iter().enumerate() {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"echo","arguments":{{"text":{line_break}{hidden}{line_break}}}}}}}"#
        );
        let answer = whole(&gateway.post("alice", &with, body.as_bytes()).await);
        assert!(seen(&answer).contains("exit"), "it was an argument, and was echoed");
    }
    let lines = seen(&whole(&gateway.post("alice", &with, &call(9, "seen", &json!({}))).await));
    let lines: Vec<String> = serde_json::from_str(&lines).expect("lines");
    let calls = lines.iter().filter(|line| line.contains("tools/call")).count();
    assert_eq!(calls, 4, "one line for each message: {lines:?}");
    gateway.finish().await;
}
