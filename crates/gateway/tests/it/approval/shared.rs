//! Two gateways on one PostgreSQL database: a decision taken at one counts at the other, and an approval is used once
//! between them.

use std::path::{Path, PathBuf};

use countersign::app::{self, Running};
use countersign::config;
use countersign::ledger::{self, keyring};
use countersign::store::{Db, Server};
use evidence::verify::{Paint, verify};
use fixture::postgres::{self, Durability, GATEWAY, OWNER};
use fixture::probe::{Probe, Response, request};
use fixture::recorder::{Recorder, echo};
use serde_json::{Value, json};

use super::{POLICIES, answer, eventually};
use crate::harness::{Site, call, free_port};

pub(crate) const DATABASE: &str = "audit";

/// One of the two.
pub(crate) struct Gateway {
    pub(crate) running: Running,
    base: String,
}

/// Both, and what they share.
pub(crate) struct Pair {
    site: Site,
    pub(crate) recorder: Recorder,
    pub(crate) gateways: [Gateway; 2],
    server: postgres::Server,
    _upstream: fixture::loopback::Running,
    directory: tempfile::TempDir,
}

impl Pair {
    async fn new() -> Self {
        Self::with("").await
    }

    /// The same, with more of the configuration.
    pub(crate) async fn with(more: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a directory");
        let server = tokio::task::block_in_place(|| database(directory.path()));
        let recorder = Recorder::new(echo);
        let upstream = recorder.start().await.expect("an upstream");
        let servers = format!("  - name: up\n    http:\n      url: {}\n", upstream.url("/mcp"));
        let site = Site::new(&servers, POLICIES).await;
        let keys = directory.path().join("keys");
        let storage = format!(
            "  directory: data\n  keys: {}\n  postgres:\n    url: {}\n",
            keys.display(),
            server.url(GATEWAY, DATABASE)
        );
        site.edit(|text| {
            format!("{}approvals:\n  wait_ms: 20000\n{more}", text.replace("  directory: data\n", &storage))
        });
        let first = Gateway::start(&site.file, &format!("http://{}", site.address())).await;
        let port = free_port();
        let (other, base) = (beside(&site, port), format!("http://127.0.0.1:{port}"));
        let gateways = [first, Gateway::start(&other, &base).await];
        Self { site, recorder, gateways, server, _upstream: upstream, directory }
    }

    /// Sends a request of `person` to one of the two.
    async fn send(&self, which: usize, person: &str, path: &str, resource: &str, body: &[u8]) -> Probe {
        let Gateway { running, base } = &self.gateways[which];
        let token = self.site.issuer.token_for(person, &format!("{base}{resource}")).expect("a token");
        let (bearer, host) = (format!("Bearer {token}"), base.trim_start_matches("http://"));
        let fields = [
            ("host", host),
            ("authorization", bearer.as_str()),
            ("accept", "application/json, text/event-stream"),
            ("content-type", "application/json"),
        ];
        let method = if body.is_empty() { "GET" } else { "POST" };
        let mut probe = Probe::connect(running.address).await.expect("a connection");
        probe.send(&request(method, path, &fields, body)).await.expect("sent");
        probe
    }

    async fn held(&self, which: usize, id: u64) -> Probe {
        let body = call(id, "effect", &json!({ "marker": "x" }));
        self.send(which, "alice", "/mcp/up", "/mcp/up", &body).await
    }

    /// What one of the two answers to a message of alice.
    async fn message(&self, which: usize, method: &str, params: &Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 3, "method": method, "params": params }).to_string();
        let mut probe = self.send(which, "alice", "/mcp/up", "/mcp/up", body.as_bytes()).await;
        answer(&probe.response().await.expect("an answer"))
    }

    async fn api(&self, which: usize, path: &str, body: &[u8]) -> Response {
        self.send(which, "bob", path, "/api", body).await.response().await.expect("an answer")
    }

    /// The one that waits, as seen at one of the two.
    async fn one(&self, which: usize) -> String {
        eventually(|| async {
            let listed: Value = self.api(which, "/api/v1/approvals", b"").await.json().expect("JSON");
            Some(listed["approvals"][0]["id"].as_str()?.to_owned())
        })
        .await
    }

    async fn approve(&self, which: usize, id: &str) {
        let approved = self.api(which, &format!("/api/v1/approvals/{id}/approve"), b"{}").await;
        assert_eq!(approved.status(), 200, "{:?}", approved.body);
    }

    /// Stops both and verifies their one log.
    pub(crate) async fn finish(self) {
        for gateway in self.gateways {
            gateway.running.stop().await.expect("an orderly end");
        }
        let (keys, server) = (self.directory.path().join("keys"), self.server);
        tokio::task::block_in_place(|| {
            let key = keyring::read_verifier_key(&keys).expect("a key");
            let db = Db::open_postgres(&Server::parse(&server.url(GATEWAY, DATABASE)).expect("a URL"))
                .expect("a database");
            let export = tempfile::tempdir().expect("a directory");
            ledger::export(&db, &key, export.path(), &mut |_, _| ()).expect("an export");
            let findings = verify(export.path(), Some(&key), &mut |_, _| ()).expect("readable");
            assert!(findings.sound, "{}", findings.report(Paint::Plain));
            assert_eq!(findings.open_call_count, 0);
        });
    }
}

impl Gateway {
    async fn start(file: &Path, base: &str) -> Self {
        let running = app::start(&config::load(file).expect("valid configuration")).await.expect("a gateway");
        Self { running, base: base.to_owned() }
    }
}

/// A server with an empty schema, in which the gateway's role may do what it needs.
pub(crate) fn database(directory: &Path) -> postgres::Server {
    use std::os::unix::fs::PermissionsExt as _;
    let place = directory.join("server");
    std::fs::create_dir(&place).expect("a directory");
    // The server runs as another user, who must be able to pass.
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).expect("permitted");
    let server = postgres::Server::start(&place, Durability::Kept);
    server.database(DATABASE);
    let owner = Server::parse(&server.url(OWNER, DATABASE)).expect("a URL");
    Db::migrate(&owner, GATEWAY).expect("a schema");
    server
}

/// The configuration of the second gateway: another port, another directory.
fn beside(site: &Site, port: u16) -> PathBuf {
    let text = std::fs::read_to_string(&site.file).expect("readable");
    let text = text.replace(&site.address().port().to_string(), &port.to_string());
    let file = site.file.with_file_name("second.yaml");
    std::fs::write(&file, text.replace("  directory: data\n", "  directory: data-of-the-second\n"))
        .expect("written");
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decision_at_one_gateway_wakes_the_call_that_waits_at_the_other() {
    let pair = Pair::new().await;
    let mut waiting = pair.held(0, 1).await;
    let id = pair.one(1).await;
    assert_eq!(pair.recorder.called(), 0);
    pair.approve(1, &id).await;
    let response = waiting.response().await.expect("an answer");
    assert_eq!(answer(&response)["result"]["content"][0]["text"], json!(r#"{"marker":"x"}"#));
    assert_eq!(pair.recorder.called(), 1);
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_equal_calls_that_wait_at_two_gateways_exactly_one_runs() {
    let pair = Pair::new().await;
    let mut waiting = Vec::new();
    for number in 0..6 {
        waiting.push(pair.held(number % 2, number as u64).await);
    }
    let id = pair.one(0).await;
    eventually(|| async {
        let all: usize = pair.gateways.iter().map(|one| one.running.gateway.approvals.waiting()).sum();
        (all == 6).then_some(())
    })
    .await;
    pair.approve(1, &id).await;
    let mut ran = 0;
    for mut probe in waiting {
        let response = probe.response().await.expect("an answer");
        ran += usize::from(answer(&response)["result"]["isError"].is_null());
    }
    assert_eq!((ran, pair.recorder.called()), (1, 1));
    pair.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn task_begun_at_one_gateway_runs_once_wherever_it_is_asked_about() {
    let pair = Pair::new().await;
    let params = json!({ "name": "effect", "arguments": { "marker": "x" }, "task": {} });
    let created = pair.message(0, "tools/call", &params).await;
    let task = json!({ "taskId": created["result"]["task"]["taskId"] });
    let id = pair.one(1).await;
    pair.approve(0, &id).await;
    let (one, other) =
        tokio::join!(pair.message(0, "tasks/result", &task), pair.message(1, "tasks/result", &task));
    for fetched in [one, other] {
        assert_eq!(fetched["result"]["content"][0]["text"], json!(r#"{"marker":"x"}"#), "{fetched}");
    }
    assert_eq!(pair.recorder.called(), 1);
    pair.finish().await;
}
