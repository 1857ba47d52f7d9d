//! The real binary is asked to end, or to read its policies again.

use fixture::probe::{Probe, request};
use fixture::recorder::{Recorder, Reply, Request, Response, echo};
use rustix::process::Signal;
use serde_json::json;

use crate::harness::{ALLOW_ALL, Site, call, http};
use crate::life::{self, Life, Milestone};

/// Holds calls of `slow` for the test and answers everything else.
fn rule(request: &Request) -> Reply {
    if request.json()["params"]["name"] == "slow" { Reply::Hold } else { echo(request) }
}

async fn begin(recorder: &Recorder) -> (fixture::loopback::Running, Site, Life) {
    begin_with(recorder, |text| text).await
}

async fn begin_with(
    recorder: &Recorder,
    edit: impl FnOnce(String) -> String,
) -> (fixture::loopback::Running, Site, Life) {
    let upstream = recorder.start().await.expect("an upstream");
    let site = Site::new(&http(&upstream), ALLOW_ALL).await;
    site.edit(edit);
    life::log_progress(&site.file);
    let mut gateway = Life::begin(&site.file);
    gateway.reach(Milestone::Listening).await;
    (upstream, site, gateway)
}

#[tokio::test]
async fn open_calls_finish_and_new_ones_are_refused_when_it_is_asked_to_end() {
    let recorder = Recorder::new(rule);
    let (_upstream, site, mut gateway) = begin(&recorder).await;
    let mut open = site.send("alice", "POST", &[], &call(1, "slow", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    gateway.signal(Signal::TERM);
    gateway.said("\"message\":\"stopping").await;
    let late = Probe::connect(site.address()).await;
    if let Ok(mut late) = late {
        late.send(&site.bytes("bob", "POST", &[], &call(2, "effect", &json!({})))).await.ok();
        if let Ok(response) = late.response().await {
            assert_eq!(response.status(), 503, "{:?}", response.body);
        }
    }
    let result = json!({ "jsonrpc": "2.0", "id": 1, "result": { "content": [] } });
    exchange.respond(Response::json(&result)).await.expect("sent");
    let response = open.response().await.expect("an answer");
    assert_eq!((response.status(), response.json().expect("JSON")), (200, result));
    gateway.ended().await;
    assert_eq!(recorder.count(), 1, "the late call went nowhere");
    let leaves = site.leaves();
    assert_eq!(leaves.last().expect("leaves")["type"], "gateway.stopped");
    site.settle().await;
}

#[tokio::test]
async fn asked_to_end_it_serves_on_for_the_grace_and_tells_callers_to_go() {
    let recorder = Recorder::new(echo);
    let admin = std::net::SocketAddr::from(([127, 0, 0, 1], crate::harness::free_port()));
    let (_upstream, site, mut gateway) = begin_with(&recorder, |text| {
        let text = text.replace("drain_grace_ms: 0", "drain_grace_ms: 600000");
        text.replace("admin:\n  address: 127.0.0.1:0", &format!("admin:\n  address: {admin}"))
    })
    .await;
    let ready = async || {
        let mut probe = Probe::connect(admin).await.expect("a connection");
        probe.send(&request("GET", "/readyz", &[("host", "localhost")], b"")).await.expect("sent");
        probe.response().await.expect("an answer").status()
    };
    let ask = async |probe: &mut Probe, id: u64| {
        probe.send(&site.bytes("alice", "POST", &[], &call(id, "effect", &json!({})))).await.expect("sent");
        let response = probe.response().await.expect("an answer");
        assert_eq!(response.status(), 200, "{:?}", response.body);
        response.head.field("connection").map(str::to_owned)
    };
    let mut kept = Probe::connect(site.address()).await.expect("a connection");
    assert_eq!(ask(&mut kept, 1).await, None);
    let mut fresh = Probe::connect(site.address()).await.expect("a connection");
    assert_eq!(ready().await, 200);
    gateway.signal(Signal::TERM);
    gateway.said("leaving: readiness is red").await;
    assert_eq!(ready().await, 503);
    assert_eq!(ask(&mut kept, 2).await.as_deref(), Some("close"));
    assert_eq!(ask(&mut fresh, 3).await.as_deref(), Some("close"), "connected before, asked after");
    let mut late = Probe::connect(site.address()).await.expect("a connection");
    assert_eq!(ask(&mut late, 4).await.as_deref(), Some("close"));
    // Whoever asks again does not want to wait for the grace.
    gateway.signal(Signal::TERM);
    gateway.ended().await;
    assert_eq!(recorder.count(), 4);
    site.settle().await;
}

#[tokio::test]
async fn who_is_connected_when_it_stops_gets_an_answer() {
    let recorder = Recorder::new(echo);
    let (_upstream, site, mut gateway) = begin(&recorder).await;
    let mut silent = Probe::connect(site.address()).await.expect("a connection");
    gateway.signal(Signal::TERM);
    gateway.said("\"message\":\"stopping").await;
    silent.send(&site.bytes("bob", "POST", &[], &call(1, "effect", &json!({})))).await.expect("sent");
    let response = silent.response().await.expect("an answer");
    assert_eq!((response.status(), response.head.field("connection")), (503, Some("close")));
    assert_eq!(response.json().expect("JSON")["error"]["data"]["code"], "draining");
    gateway.ended().await;
    assert_eq!(recorder.count(), 0);
    site.settle().await;
}

#[tokio::test]
async fn hangup_signal_puts_new_policies_on_record_and_keeps_the_old_ones_when_they_are_invalid() {
    let recorder = Recorder::new(echo);
    let (_upstream, site, mut gateway) = begin(&recorder).await;
    let policies = site.directory.path().join("policies/test.cedar");
    let ask = async || {
        let body = call(1, "effect", &json!({}));
        let mut probe = site.send("alice", "POST", &[], &body).await;
        probe.response().await.expect("an answer").json().expect("JSON")["result"]["isError"].clone()
    };
    assert!(ask().await.is_null());
    std::fs::write(&policies, "permit (principal, action, nonsense").expect("written");
    gateway.signal(Signal::HUP);
    let line = gateway.said("policies are not valid, so the old ones stay in force").await;
    assert!(line.contains("test.cedar"), "{line}");
    assert!(ask().await.is_null(), "the old ones are in force");
    std::fs::write(&policies, r#"@id("none") forbid (principal, action, resource);"#).expect("written");
    gateway.signal(Signal::HUP);
    gateway.said("\"message\":\"policies published\"").await;
    assert_eq!(ask().await, true);
    gateway.end().await;
    let leaves = site.leaves();
    let published: Vec<_> = leaves.iter().filter(|leaf| leaf["type"] == "policy.published").collect();
    assert_eq!(published.len(), 2, "at the start, and the valid change");
    assert_eq!(published[1]["detail"]["previous"], published[0]["detail"]["policy_set"]);
    site.settle().await;
}
