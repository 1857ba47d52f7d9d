//! A thousand streams through one gateway: nobody gets what is another's, everything is recorded, memory is bounded.

use fixture::probe::Probe;
use fixture::recorder::Recorder;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use crate::harness::{ALLOW_ALL, Site, call, http};
use crate::life::{self, Life, Milestone};

/// Streams open at the same time.
const STREAMS: usize = 1_000;
/// Opened at the same time while they are being opened.
const OPENING: usize = 50;
/// The first JSON-RPC id; all have as many digits, so that one request can be made from another.
const FIRST_ID: u64 = 100_000;
/// What one stream may cost the gateway, in KiB, in a build for tests.
const STREAM_KIB_MAX: u64 = 160;

/// Two sockets for each stream are this process's: the caller's and the upstream's.
fn raise_descriptors() {
    let allowed = getrlimit(Resource::Nofile);
    let needed = 2 * STREAMS as u64 + 200;
    assert!(
        allowed.maximum.is_none_or(|maximum| maximum >= needed),
        "this test needs {needed} file descriptors and may have {:?}: raise the hard limit (`ulimit -Hn`)",
        allowed.maximum
    );
    let raised = Rlimit { current: allowed.maximum, maximum: allowed.maximum };
    setrlimit(Resource::Nofile, raised).expect("a process may raise its soft limit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_streams_run_side_by_side() {
    raise_descriptors();
    let recorder = Recorder::held();
    let upstream = recorder.start().await.expect("an upstream");
    let site = Site::new(&http(&upstream), ALLOW_ALL).await;
    life::log_progress(&site.file);
    let mut gateway = Life::begin(&site.file);
    gateway.reach(Milestone::Listening).await;

    let first = site.bytes("alice", "POST", &[], &call(FIRST_ID, "effect", &json!({})));
    let first = String::from_utf8(first).expect("ASCII");
    let bytes = |id: u64| first.replace(&format!("\"id\":{FIRST_ID}"), &format!("\"id\":{id}"));
    let mut warm = Probe::connect(site.address()).await.expect("a connection");
    warm.send(bytes(FIRST_ID).as_bytes()).await.expect("sent");
    let exchange = recorder.accept().await.expect("a request");
    let answer = |id: u64| json!({ "jsonrpc": "2.0", "id": id, "result": { "content": [], "of": id } });
    exchange.begin_events().await.expect("begun");
    exchange.event(&answer(FIRST_ID)).await.expect("sent");
    exchange.finish().await.expect("finished");
    warm.response().await.expect("an answer");
    let idle_kib = gateway.resident_kib();

    let (mut callers, mut exchanges) = (Vec::new(), Vec::new());
    for group in 0..STREAMS / OPENING {
        for number in 0..OPENING {
            let id = FIRST_ID + 1 + (group * OPENING + number) as u64;
            let mut probe = Probe::connect(site.address()).await.expect("a connection");
            probe.send(bytes(id).as_bytes()).await.expect("sent");
            callers.push((id, probe));
        }
        for _ in 0..OPENING {
            let exchange = recorder.accept().await.expect("a request");
            exchange.begin_events().await.expect("begun");
            exchanges.push(exchange);
        }
    }
    for exchange in &exchanges {
        let id = exchange.request().json()["id"].clone();
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress",
            "params": { "progressToken": id, "progress": 1 } });
        exchange.event(&progress).await.expect("sent");
    }
    for (id, probe) in &mut callers {
        assert_eq!(probe.head().await.expect("a head").status(), Some(200));
        let event = probe.event().await.expect("an event").expect("progress");
        assert!(String::from_utf8_lossy(&event).contains(&format!("\"progressToken\":{id}")), "{id}");
    }
    let open_kib = gateway.resident_kib();
    for exchange in exchanges {
        let id = exchange.request().json()["id"].as_u64().expect("a number");
        exchange.event(&answer(id)).await.expect("sent");
        exchange.finish().await.expect("finished");
    }
    for (id, probe) in &mut callers {
        let event = probe.event().await.expect("an event").expect("the answer");
        assert!(String::from_utf8_lossy(&event).contains(&format!("\"of\":{id}")), "{id}");
        assert_eq!(probe.event().await.expect("the end"), None);
    }
    drop(callers);
    gateway.end().await;
    let each_kib = open_kib.saturating_sub(idle_kib) / STREAMS as u64;
    println!("resident: {idle_kib} KiB idle, {open_kib} KiB with {STREAMS} streams: {each_kib} KiB each");
    let findings = site.settle().await;
    let counted = |event: &str| findings.counts.get(event).copied().unwrap_or_default();
    let streams = STREAMS as u64;
    assert_eq!(
        (counted("call.intent"), counted("call.frame"), counted("call.outcome")),
        (streams + 1, streams, streams + 1)
    );
    assert!(each_kib <= STREAM_KIB_MAX, "{each_kib} KiB each");
}
