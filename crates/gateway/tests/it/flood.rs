//! A flood of bad credentials does not fill the disk, and no attempt goes uncounted.

use countersign::limits;
use fixture::probe::{Probe, request};
use fixture::recorder::{Recorder, echo};
use serde_json::json;

use crate::harness::{ALLOW_ALL, Harness, call};

/// Attempts, all from one address.
const ATTEMPTS: u64 = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_bad_credentials_is_counted_in_a_few_leaves() {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let host = gateway.address().to_string();
    let mut probe = Probe::connect(gateway.address()).await.expect("a connection");
    let fields =
        [("host", host.as_str()), ("authorization", "Bearer nonsense"), ("content-type", "application/json")];
    for _ in 0..ATTEMPTS {
        probe.send(&request("POST", "/mcp/up", &fields, b"{}")).await.expect("sent");
        assert_eq!(probe.response().await.expect("an answer").status(), 401, "everybody is still answered");
    }
    let bare = [("host", host.as_str()), ("content-type", "application/json")];
    probe.send(&request("POST", "/mcp/up", &bare, b"{}")).await.expect("sent");
    probe.response().await.expect("an answer");
    let one_by_one = u64::from(limits::AUTH_FAILURES_WRITTEN_MAX);
    let failed = gateway.leaves_of("auth.failed").await;
    assert_eq!(failed.len() as u64, one_by_one + 1, "another reason is another count");
    let proven = gateway.post("alice", &[], &call(1, "effect", &json!({}))).await;
    assert_eq!(proven.status(), 200, "who has a credential is not affected");

    let site = gateway.finish_running().await;
    let leaves = site.leaves();
    let failed: Vec<_> = leaves.iter().filter(|leaf| leaf["type"] == "auth.failed").collect();
    let counted: Vec<_> = failed.iter().filter(|leaf| !leaf["detail"]["count"].is_null()).collect();
    assert_eq!(counted.len(), 1, "the rest is one leaf, written at the latest when the gateway stops");
    assert_eq!(counted[0]["detail"]["count"], ATTEMPTS - one_by_one);
    assert_eq!(counted[0]["detail"]["reason"], "malformed");
    assert_eq!((&counted[0]["server"], &counted[0]["actor"]["kind"]), (&json!("up"), &json!("anonymous")));
    site.settle().await;
}
