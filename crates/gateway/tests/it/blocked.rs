//! The database does not take writes, under a whole gateway: nothing is forwarded, readiness is red, and it goes on by
//! itself when the trouble is over.

use fixture::probe::{Probe, Response, WAIT_MAX, request};
use fixture::recorder::{Recorder, echo};
use rustix::process::{Resource, Rlimit, getrlimit};
use serde_json::json;

use crate::harness::{ALLOW_ALL, Site, call, http};
use crate::life::{Life, Milestone};

struct Blocked {
    recorder: Recorder,
    site: Site,
    gateway: Life,
    admin: std::net::SocketAddr,
    _upstream: fixture::loopback::Running,
}

impl Blocked {
    async fn begin() -> Self {
        let recorder = Recorder::new(echo);
        let upstream = recorder.start().await.expect("an upstream");
        let site = Site::new(&http(&upstream), ALLOW_ALL).await;
        let admin = std::net::SocketAddr::from(([127, 0, 0, 1], crate::harness::free_port()));
        site.edit(|text| {
            let text = text.replace("admin:\n  address: 127.0.0.1:0", &format!("admin:\n  address: {admin}"));
            text.replace("level: error", "level: info")
        });
        let mut gateway = Life::begin(&site.file);
        gateway.reach(Milestone::Listening).await;
        Self { recorder, site, gateway, admin, _upstream: upstream }
    }

    async fn call(&self, size: usize) -> Response {
        let body = call(1, "effect", &json!({ "filler": "x".repeat(size) }));
        self.site.send("alice", "POST", &[], &body).await.response().await.expect("an answer")
    }

    async fn ready(&self) -> Response {
        let mut probe = Probe::connect(self.admin).await.expect("a connection");
        probe.send(&request("GET", "/readyz", &[("host", "localhost")], b"")).await.expect("sent");
        probe.response().await.expect("an answer")
    }

    /// Calls until one is refused, then that nothing goes through and readiness says why.
    async fn assert_refuses(&self, words: &str) {
        let mut response = self.call(4_000).await;
        for _ in 0..2_000 {
            if response.status() != 200 {
                break;
            }
            response = self.call(4_000).await;
        }
        let code = response.json().expect("JSON")["error"]["data"]["code"].clone();
        assert_eq!(response.status(), 503, "{code}");
        let reached = self.recorder.count();
        let refused = self.call(10).await;
        let refused_code = refused.json().expect("JSON")["error"]["data"]["code"].clone();
        assert_eq!((refused.status(), refused_code), (503, json!("ledger_unavailable")));
        assert_eq!(self.recorder.count(), reached, "nothing is forwarded");
        let ready = self.ready().await;
        let reason = String::from_utf8_lossy(&ready.body).into_owned();
        assert_eq!(ready.status(), 503);
        assert!(reason.contains("evidence cannot be written") && reason.contains(words), "{reason}");
    }

    /// Asks until readiness is green; then a call goes through, and the log is whole.
    async fn assert_recovers(self) {
        let green = async {
            while self.ready().await.status() != 200 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(WAIT_MAX, green).await.expect("green within 30 s");
        assert_eq!(self.call(10).await.status(), 200);
        self.gateway.end().await;
        let findings = self.site.settle().await;
        assert!(findings.counts.get("audit.gap").is_some_and(|gaps| *gaps > 0), "{:?}", findings.counts);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_refuses_calls_until_there_is_space() {
    let blocked = Blocked::begin().await;
    // A limit on file sizes stands for the full disk; the process is told of it by an error, as by a full disk.
    let used = std::fs::read_dir(blocked.site.directory.path().join("data")).expect("readable");
    let largest = used.map(|file| file.expect("readable").metadata().expect("readable").len()).max();
    let full = largest.unwrap_or_default() + 256 * 1024;
    let maximum = getrlimit(Resource::Fsize).maximum;
    let unlimited = blocked.gateway.limit(Resource::Fsize, Rlimit { current: Some(full), maximum });
    blocked.assert_refuses("disk").await;
    blocked.gateway.limit(Resource::Fsize, unlimited);
    blocked.assert_recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_database_refuses_calls_until_it_is_free() {
    let blocked = Blocked::begin().await;
    let file = blocked.site.directory.path().join("data/countersign.db");
    let intruder = rusqlite::Connection::open(file).expect("a database");
    intruder.execute_batch("BEGIN IMMEDIATE").expect("locked");
    blocked.assert_refuses("locked").await;
    intruder.execute_batch("ROLLBACK").expect("free");
    drop(intruder);
    blocked.assert_recovers().await;
}
