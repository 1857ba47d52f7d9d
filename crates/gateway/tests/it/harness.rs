//! A whole gateway in this process: real issuer, real upstreams, real sockets. Ending it proves its log, so every test
//! is an integrity test.

mod site;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use countersign::app::{self, Running};
use countersign::{config, ledger, store};
use evidence::verify::Findings;
use fixture::loopback::Running as Fixture;
use fixture::probe::{Probe, Response};
use fixture::recorder::{Reply, Request, echo};
use serde_json::{Value, json};
pub(crate) use site::Site;

/// Policies that allow everything to everybody proven.
pub(crate) const ALLOW_ALL: &str = r#"@id("all") permit (principal, action, resource);"#;

/// A gateway and what it stands between.
pub(crate) struct Harness {
    pub(crate) running: Running,
    pub(crate) site: Site,
}

impl Harness {
    /// A gateway in front of one HTTP upstream called `up`.
    pub(crate) async fn over(upstream: &Fixture, policies: &str) -> Self {
        Self::with(&http(upstream), policies).await
    }

    /// A gateway in front of `servers`, given as YAML.
    pub(crate) async fn with(servers: &str, policies: &str) -> Self {
        Self::at(Site::new(servers, policies).await).await
    }

    /// A gateway where everything is prepared for it.
    pub(crate) async fn at(site: Site) -> Self {
        let config = config::load(&site.file).expect("valid configuration");
        Self { running: app::start(&config).await.expect("a gateway"), site }
    }

    /// Puts other policies in force.
    pub(crate) async fn publish(&self, policies: &str) {
        std::fs::write(self.site.directory.path().join("policies/test.cedar"), policies).expect("written");
        self.running.reload().await;
    }

    /// Asks the gateway's own API, as `person`.
    pub(crate) async fn api(&self, person: &str, method: &str, path: &str, body: &Value) -> Response {
        self.site.api(&self.site.api_token(person), method, path, body).await
    }

    /// Runs a command that asks the gateway's own API, with a bearer token.
    pub(crate) async fn command(&self, token: &str, arguments: &[&str]) -> std::process::Output {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        command
            .args(arguments)
            .env_clear()
            .env("COUNTERSIGN_URL", format!("http://{}", self.address()))
            .env("COUNTERSIGN_TOKEN", token);
        tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("no panic")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// A token of `person` for server `up`.
    pub(crate) fn token(&self, person: &str) -> String {
        self.site.token_for(person, "up")
    }

    /// The bytes of a request of `person` to server `up`, with `more` header fields.
    pub(crate) fn bytes(&self, person: &str, method: &str, more: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        self.site.bytes(person, method, more, body)
    }

    /// Sends a request of `person` on a new connection.
    pub(crate) async fn send(&self, person: &str, method: &str, more: &[(&str, &str)], body: &[u8]) -> Probe {
        let mut probe = Probe::connect(self.address()).await.expect("a connection");
        probe.send(&self.bytes(person, method, more, body)).await.expect("sent");
        probe
    }

    /// POSTs a message and waits for the whole answer.
    pub(crate) async fn post(&self, person: &str, more: &[(&str, &str)], body: &[u8]) -> Response {
        self.send(person, "POST", more, body).await.response().await.expect("an answer")
    }

    /// A legacy session of `person`, begun with an upstream that answers `initialize`.
    pub(crate) async fn initialize(&self, person: &str) -> String {
        let body = initialize();
        let response = self.post(person, &[], body.to_string().as_bytes()).await;
        assert_eq!(response.status(), 200, "{:?}", response.body);
        response.head.field("mcp-session-id").expect("a session").to_owned()
    }

    /// The leaves in the log now, oldest first.
    pub(crate) async fn leaves(&self) -> Vec<Value> {
        let page =
            |read: &mut store::Read<'_>| store::entry::page(read, &store::entry::Filter::default(), 100_000);
        let mut entries = self.running.gateway.db.read("test", page).await.expect("readable");
        entries.reverse();
        // Pages are in the order of time, in which two leaves of one moment may stand otherwise than in the log.
        entries.sort_by_key(|entry| entry.index.unwrap_or(u64::MAX));
        let leaf = |entry: &store::entry::Entry| serde_json::from_slice(&entry.leaf).expect("JSON");
        entries.iter().map(leaf).collect()
    }

    /// The leaves of one event type.
    pub(crate) async fn leaves_of(&self, event: &str) -> Vec<Value> {
        self.leaves().await.into_iter().filter(|leaf| leaf["type"] == event).collect()
    }

    /// Stops the gateway, runs `between` with the path of its configuration, and starts it again.
    pub(crate) async fn restart_after(self, between: impl FnOnce(&Path) + Send + 'static) -> Self {
        let site = self.finish_running().await;
        let file = site.file.clone();
        let configured = config::load(&file).expect("valid configuration");
        tokio::task::spawn_blocking(move || between(&file)).await.expect("no panic");
        Self { running: app::start(&configured).await.expect("a gateway"), site }
    }

    /// Stops everything and verifies the log.
    pub(crate) async fn finish(self) -> Findings {
        self.finish_running().await.settle().await
    }

    /// Stops the gateway; what is left is to be settled.
    pub(crate) async fn finish_running(self) -> Site {
        self.running.stop().await.expect("an orderly end");
        self.site
    }
}

/// Exports the log in `data` to `export` and verifies it.
pub(crate) fn verify(data: &Path, export: &Path, key: &str) -> Findings {
    let db = store::Db::open_sqlite(data, store::Access::ReadOnly).expect("a database");
    verify_from(&db, export, key)
}

/// Exports the log in `db` to `export` and verifies it.
pub(crate) fn verify_from(db: &store::Db, export: &Path, key: &str) -> Findings {
    let key = key.parse().expect("a verifier key");
    ledger::export(db, &key, export, &mut |_, _| {}).expect("an export");
    evidence::verify::verify(export, Some(&key), &mut |_, _| {}).expect("readable")
}

/// The YAML of one HTTP upstream called `up`.
pub(crate) fn http(upstream: &Fixture) -> String {
    format!("  - name: up\n    http:\n      url: {}\n", upstream.url("/mcp"))
}

/// Writes a configuration; answers its path.
pub(crate) fn configuration(
    directory: &Path,
    base: &str,
    issuer: &str,
    servers: &str,
    policies: &str,
) -> PathBuf {
    let policy = directory.join("policies");
    std::fs::create_dir_all(&policy).expect("a directory");
    std::fs::write(policy.join("test.cedar"), policies).expect("written");
    let port = base.rsplit(':').next().expect("a port");
    let text = format!(
        "deployment: test\nlisten:\n  address: 127.0.0.1:{port}\n  public_url: {base}\n  drain_grace_ms: 0\nadmin:\n  address: 127.0.0.1:0\n\
         storage:\n  directory: data\nidentity:\n  issuers:\n    - name: demo\n      url: {issuer}\n\
         policy:\n  directory: policies\nlog:\n  level: error\nservers:\n{servers}"
    );
    let file = directory.join("countersign.yaml");
    std::fs::write(&file, text).expect("written");
    file
}

/// A port that is free: the gateway's public URL must name it before it listens. From below those that a system gives to
/// connections, so that none takes it meanwhile, and each only once.
pub(crate) fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(251);
    loop {
        let step = begin.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(10_000 + step % 20_000).expect("below 30,000");
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// An `initialize` request of revision 2025-11-25.
pub(crate) fn initialize() -> Value {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "it", "version": "1" } } })
}

/// An upstream that begins sessions, and lets the test answer everything that is not an `initialize`.
pub(crate) fn sessions(request: &Request) -> Reply {
    match (request.json()["method"].as_str(), echo(request)) {
        (Some("initialize"), Reply::Respond(response)) => {
            Reply::Respond(response.with("Mcp-Session-Id", "session-0123456789abcdef"))
        }
        _ => Reply::Hold,
    }
}

/// A `tools/call` of the legacy era.
pub(crate) fn call(id: u64, tool: &str, arguments: &Value) -> Bytes {
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": { "name": tool, "arguments": arguments } });
    Bytes::from(message.to_string())
}

/// A `tools/call` of revision 2026-07-28: header fields and body.
pub(crate) fn modern_call<'a>(id: u64, tool: &'a str, arguments: &Value) -> (Vec<(&'a str, &'a str)>, Bytes) {
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "it", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {} });
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": { "name": tool, "arguments": arguments, "_meta": meta } });
    let fields =
        vec![("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", tool)];
    (fields, Bytes::from(message.to_string()))
}
