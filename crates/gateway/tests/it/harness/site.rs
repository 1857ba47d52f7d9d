//! What a gateway needs around it, before it runs: issuer, directory, configuration.

use std::net::SocketAddr;
use std::path::PathBuf;

use countersign::ledger::keyring;
use countersign::store::{Access, Db, entry};
use evidence::verify::Findings;
use fixture::issuer::{Client, Issuer, Person, Settings};
use fixture::loopback::Running as Fixture;
use fixture::probe::{Probe, Response, request};
use serde_json::Value;

use super::{configuration, free_port, verify};

/// A place for one gateway.
pub(crate) struct Site {
    pub(crate) issuer: Issuer,
    pub(crate) directory: tempfile::TempDir,
    /// The configuration.
    pub(crate) file: PathBuf,
    issuing: Fixture,
    base: String,
}

impl Site {
    /// A gateway would stand in front of `servers`, given as YAML, and listen on a port of its own.
    pub(crate) async fn new(servers: &str, policies: &str) -> Self {
        Self::named("http://127.0.0.1", servers, policies).await
    }

    /// Callers would know it by another name: scheme and host.
    pub(crate) async fn named(name: &str, servers: &str, policies: &str) -> Self {
        Self::with_clients(name, servers, policies, 3600, |_| Vec::new()).await
    }

    /// The issuer knows applications, which `clients` tells once the gateway's address is known; its tokens live
    /// `token_seconds`.
    pub(crate) async fn with_clients(
        name: &str,
        servers: &str,
        policies: &str,
        token_seconds: u64,
        clients: impl FnOnce(&str) -> Vec<Client>,
    ) -> Self {
        let people = vec![
            Person::new("alice", &["support"]),
            Person::new("bob", &["operations"]),
            Person::new("carol", &["operations", "security"]),
            Person::new("mallory", &[]),
        ];
        let base = format!("{name}:{}", free_port());
        let settings = Settings { people, clients: clients(&base), token_seconds, ..Settings::default() };
        let (issuer, issuing) = Issuer::start(settings).await.expect("an issuer");
        let directory = tempfile::tempdir().expect("a directory");
        let file = configuration(directory.path(), &base, issuer.url(), servers, policies);
        Self { issuer, directory, file, issuing, base }
    }

    /// Changes the configuration.
    pub(crate) fn edit(&self, edit: impl FnOnce(String) -> String) {
        let text = std::fs::read_to_string(&self.file).expect("readable");
        std::fs::write(&self.file, edit(text)).expect("written");
    }

    /// Where the gateway listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let port = self.base.rsplit(':').next().and_then(|port| port.parse().ok());
        SocketAddr::from(([127, 0, 0, 1], port.expect("a port")))
    }

    /// What it is known by: host and port.
    pub(crate) fn host(&self) -> &str {
        self.base.split_once("//").expect("a scheme").1
    }

    pub(crate) fn token_for(&self, person: &str, server: &str) -> String {
        self.issuer.token_for(person, &self.resource(server)).expect("a token")
    }

    /// The resource identifier of a server.
    pub(crate) fn resource(&self, server: &str) -> String {
        format!("{}/mcp/{server}", self.base)
    }

    /// The bytes of a request of `person` to server `up`, with `more` header fields.
    pub(crate) fn bytes(&self, person: &str, method: &str, more: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let token = format!("Bearer {}", self.token_for(person, "up"));
        let host = self.host();
        let mut fields = vec![
            ("host", host),
            ("authorization", token.as_str()),
            ("accept", "application/json, text/event-stream"),
        ];
        if method == "POST" && !more.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            fields.push(("content-type", "application/json"));
        }
        fields.extend_from_slice(more);
        request(method, "/mcp/up", &fields, body)
    }

    /// Asks the gateway's own API, with a bearer token.
    pub(crate) async fn api(&self, token: &str, method: &str, path: &str, body: &Value) -> Response {
        let (bearer, host) = (format!("Bearer {token}"), self.host());
        let fields = [("host", host), ("authorization", bearer.as_str())];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut probe = Probe::connect(self.address()).await.expect("a connection");
        probe.send(&request(method, path, &fields, body.as_bytes())).await.expect("sent");
        probe.response().await.expect("an answer")
    }

    /// A token of `person` for that API.
    pub(crate) fn api_token(&self, person: &str) -> String {
        self.issuer.token_for(person, &format!("{}/api", self.base)).expect("a token")
    }

    /// Sends a request of `person` on a new connection.
    pub(crate) async fn send(&self, person: &str, method: &str, more: &[(&str, &str)], body: &[u8]) -> Probe {
        let mut probe = Probe::connect(self.address()).await.expect("a connection");
        probe.send(&self.bytes(person, method, more, body)).await.expect("sent");
        probe
    }

    /// The leaves in the log now, oldest first.
    pub(crate) fn leaves(&self) -> Vec<Value> {
        let db = Db::open_sqlite(&self.directory.path().join("data"), Access::ReadOnly).expect("a database");
        let everything = entry::Filter::default();
        let entries = db.read_now("test", |read| entry::page(read, &everything, 100_000)).expect("readable");
        let leaf = |entry: &entry::Entry| serde_json::from_slice(&entry.leaf).expect("JSON");
        entries.iter().rev().map(leaf).collect()
    }

    /// Verifies the log of a gateway that has ended.
    pub(crate) async fn settle(self) -> Findings {
        self.issuing.stop().await.expect("an orderly end");
        let (data, export) = (self.directory.path().join("data"), self.directory.path().join("export"));
        let findings = tokio::task::spawn_blocking(move || {
            let key = keyring::read_verifier_key(&data.join("keys")).expect("a verifier key");
            verify(&data, &export, &key.to_string())
        })
        .await
        .expect("no panic");
        assert!(findings.sound, "{:?}", findings.problems);
        assert_eq!(findings.open_call_count, 0, "{:?}", findings.open_calls);
        findings
    }
}
