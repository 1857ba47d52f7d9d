//! A slow caller slows its own upstream and nobody else; what lies in between is bounded.

use std::time::Duration;

use fixture::recorder::{Exchange, Recorder, Reply, Request, echo};
use serde_json::json;

use crate::harness::{ALLOW_ALL, Harness, Site, call, http};
use crate::life::{self, Life, Milestone};

/// One event.
const EVENT_BYTES: usize = 64 * 1024;
/// What a caller that reads takes first, so that what any gateway keeps after work (buffers, the pages of its store) is
/// there before the slow caller is measured.
const READ_EVENTS: usize = 192;
/// What the upstream would send if nobody held it back.
const WANTED_EVENTS: usize = 4_096;
/// A write that makes no progress for so long is held back.
const HELD_BACK: Duration = Duration::from_millis(1_500);
/// Socket buffers of four ends, as far as the kernel lets them grow, and what the gateway keeps.
const BETWEEN_BYTES_MAX: usize = 48 * 1024 * 1024;
/// What the gateway itself may grow by, in KiB, in a build for tests.
const GROWTH_KIB_MAX: u64 = 24 * 1024;

/// Holds calls of `flood` for the test and answers everything else.
fn rule(request: &Request) -> Reply {
    if request.json()["params"]["name"] == "flood" { Reply::Hold } else { echo(request) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_caller_holds_its_upstream_back_and_nobody_else() {
    let recorder = Recorder::new(rule);
    let upstream = recorder.start().await.expect("an upstream");
    let site = Site::new(&http(&upstream), ALLOW_ALL).await;
    life::log_progress(&site.file);
    let mut gateway = Life::begin(&site.file);
    gateway.reach(Milestone::Listening).await;
    let message = json!({ "jsonrpc": "2.0", "method": "notifications/message",
        "params": { "level": "info", "data": "x".repeat(EVENT_BYTES) } });
    let mut quick = site.send("carol", "POST", &[], &call(1, "flood", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    exchange.begin_events().await.expect("begun");
    assert_eq!(quick.head().await.expect("a head").status(), Some(200));
    for _ in 0..READ_EVENTS {
        exchange.event(&message).await.expect("sent");
        quick.event().await.expect("an event").expect("one that was sent");
    }
    finish(exchange).await;
    quick.event().await.expect("an event").expect("the answer");

    let mut slow = site.send("alice", "POST", &[], &call(1, "flood", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    exchange.begin_events().await.expect("begun");
    let before_kib = gateway.resident_kib();
    let mut sent = 0;
    while sent < WANTED_EVENTS {
        let sending = tokio::time::timeout(HELD_BACK, exchange.event(&message)).await;
        sent += 1;
        if sending.is_err() {
            break;
        }
    }
    let grown_kib = gateway.resident_kib().saturating_sub(before_kib);
    println!("held back after {sent} events of {EVENT_BYTES} bytes; the gateway grew by {grown_kib} KiB");
    assert!(sent * EVENT_BYTES <= BETWEEN_BYTES_MAX, "{sent} events are in between");
    assert!(grown_kib <= GROWTH_KIB_MAX, "the gateway grew by {grown_kib} KiB");

    for id in 0..10 {
        let mut other = site.send("bob", "POST", &[], &call(id, "effect", &json!({}))).await;
        assert_eq!(other.response().await.expect("an answer").status(), 200);
    }

    assert_eq!(slow.head().await.expect("a head").status(), Some(200));
    for number in 0..sent {
        let event = slow.event().await.expect("an event").expect("one that was sent");
        assert!(event.len() > EVENT_BYTES, "{number}");
    }
    finish(exchange).await;
    let answer = slow.event().await.expect("an event").expect("the answer");
    assert!(String::from_utf8_lossy(&answer).contains("\"result\""));
    drop(slow);
    gateway.end().await;
    let findings = site.settle().await;
    let frames = (READ_EVENTS + sent) as u64;
    assert_eq!(findings.counts.get("call.frame"), Some(&frames), "every event is on record");
}

/// Answers the call and ends the stream.
async fn finish(exchange: Exchange) {
    exchange.event(&json!({ "jsonrpc": "2.0", "id": 1, "result": { "content": [] } })).await.expect("sent");
    exchange.finish().await.expect("finished");
}

#[tokio::test]
async fn slow_upstream_delays_only_its_own_event() {
    let recorder = Recorder::new(rule);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let mut waiting = gateway.send("alice", "POST", &[], &call(1, "flood", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    exchange.begin_events().await.expect("begun");
    assert_eq!(waiting.head().await.expect("a head").status(), Some(200));
    let answer = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[]}}\n\n";
    for (number, byte) in answer.as_bytes().iter().enumerate() {
        if number % 16 == 0 {
            let other = gateway.post("bob", &[], &call(9, "effect", &json!({}))).await;
            assert_eq!(other.status(), 200);
        }
        exchange.chunk(&[*byte]).await.expect("sent");
    }
    exchange.finish().await.expect("finished");
    assert_eq!(waiting.event().await.expect("an event").as_deref(), Some(answer.as_bytes()));
    gateway.finish().await;
}
