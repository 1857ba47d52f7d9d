//! What is done at one gateway is known at the others, without their looking.

use std::time::{Duration, Instant};

use fixture::probe::{Probe, request};
use serde_json::{Value, json};

use super::balancer::Service;
use super::{Cluster, blocking};
use crate::approval::{POLICIES, answer, eventually};
use crate::harness::call;

/// Calls that are held, one after the other.
const CALLS: u64 = 6;

impl Cluster {
    /// Sends everything to one member from now on.
    fn only(&self, member: usize) {
        for other in 0..self.lives.len() {
            self.balancer.put(other, if other == member { Service::In } else { Service::Out });
        }
    }

    /// Asks as `person`, and does not wait for the answer.
    async fn send(&self, person: &str, method: &str, path: &str, body: &[u8]) -> Probe {
        let host = self.balancer.address.to_string();
        let audience = if path.starts_with("/api") { "/api" } else { path };
        let token = self.issuer.token_for(person, &format!("http://{host}{audience}")).expect("a token");
        let token = format!("Bearer {token}");
        let fields = [
            ("host", host.as_str()),
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("connection", "close"),
        ];
        let mut probe = Probe::connect(self.balancer.address).await.expect("a connection");
        probe.send(&request(method, path, &fields, body)).await.expect("sent");
        probe
    }

    async fn api(&self, person: &str, method: &str, path: &str) -> Value {
        let body: &[u8] = if method == "POST" { b"{}" } else { b"" };
        let answer = self.send(person, method, path, body).await.response().await.expect("an answer");
        answer.json().unwrap_or_else(|_| panic!("{path}: {}", answer.status()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_that_waits_at_one_gateway_goes_on_when_somebody_agrees_at_another() {
    let mut cluster = Cluster::start(2).await;
    for member in 0..2 {
        let life = cluster.take(member);
        let directory = cluster.files[member].parent().expect("a directory");
        std::fs::write(directory.join("policies/test.cedar"), POLICIES).expect("written");
        life.end().await;
        cluster.begin(member).await;
    }
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
    eventually(|| async { (cluster.sql(listening) == "2").then_some(()) }).await;
    let mut waits = Vec::new();
    for number in 0..CALLS {
        cluster.only(0);
        let body = call(number, "effect", &json!({ "marker": format!("held-{number}") }));
        let mut waiting = cluster.send("alice", "POST", "/mcp/up", &body).await;
        cluster.only(1);
        let id = eventually(|| async {
            let listed = cluster.api("carol", "GET", "/api/v1/approvals").await;
            listed["approvals"][0]["id"].as_str().map(str::to_owned)
        })
        .await;
        let path = format!("/api/v1/approvals/{id}/approve");
        assert_eq!(cluster.api("bob", "POST", &path).await["state"], "approved");
        let agreed = Instant::now();
        let answered = waiting.response().await.expect("an answer");
        waits.push(agreed.elapsed());
        assert!(answer(&answered)["result"]["content"][0]["text"].is_string(), "{:?}", answered.body);
    }
    waits.sort();
    println!("from somebody's word at one gateway to the answer at another: {waits:?}");
    assert!(waits[waits.len() / 2] < Duration::from_secs(2), "{waits:?}");
    for member in 0..2 {
        cluster.take(member).end().await;
    }
    blocking(|| drop(cluster));
}
