//! Several gateways, one log: real processes on one PostgreSQL server behind a load balancer, over an upstream that syncs
//! every effect to disk.

pub(crate) mod balancer;
mod chaos;
mod follow;
mod haproxy;

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::store::{Db, Server};
use evidence::verify::Findings;
use fixture::issuer::{Issuer, Settings};
use fixture::loopback::Running;
use fixture::postgres::{self, Durability, GATEWAY, OWNER};
use fixture::probe::{Probe, Response, request};
use fixture::recorder::effect::{self, Effects};
use fixture::recorder::{Recorder, Reply, Request, echo};
use rustix::process::Signal;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::crash::Answered;
use crate::crash::account::{self, Account};
use crate::harness::{ALLOW_ALL, call, configuration, free_port, initialize, verify_from};
use crate::life::{self, Life, Milestone};
use balancer::{Balancer, Service};

const DATABASE: &str = "audit";
/// Callers that call all the time.
const CALLERS: u64 = 6;
/// Time after which a caller gives up on an answer.
const PATIENCE: Duration = Duration::from_secs(20);
const SESSION: &str = "session-0123456789abcdef";

/// Begins legacy sessions, and echoes everything.
fn upstream(request: &Request) -> Reply {
    let begins = request.json()["method"] == "initialize";
    match echo(request) {
        Reply::Respond(response) if begins => Reply::Respond(response.with("Mcp-Session-Id", SESSION)),
        other => other,
    }
}

/// Gateways on one database.
struct Cluster {
    server: postgres::Server,
    balancer: Balancer,
    files: Vec<PathBuf>,
    lives: Vec<Option<Life>>,
    issuer: Issuer,
    _issuing: Running,
    upstream: Running,
    directory: tempfile::TempDir,
}

impl Cluster {
    async fn start(members: usize) -> Self {
        let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a directory");
        // The database runs as another user, who must be able to pass.
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).expect("ours");
        let place = directory.path().join("server");
        std::fs::create_dir(&place).expect("a directory");
        let server = postgres::Server::start(&place, Durability::Kept);
        server.database(DATABASE);
        let owner = Server::parse(&server.url(OWNER, DATABASE)).expect("an address");
        blocking(|| Db::migrate(&owner, GATEWAY)).expect("a schema");

        let effects = Effects::open(&directory.path().join("effects")).expect("a file");
        let upstream = Recorder::with_effects(effects, upstream).start().await.expect("an upstream");
        let settings = Settings { token_seconds: 24 * 3600, ..Settings::default() };
        let (issuer, issuing) = Issuer::start(settings).await.expect("an issuer");
        let addresses: Vec<_> =
            (0..members).map(|_| SocketAddr::from(([127, 0, 0, 1], free_port()))).collect();
        let balancer = Balancer::start(&addresses).await;
        let mut cluster = Self {
            files: Vec::new(),
            lives: Vec::new(),
            server,
            balancer,
            issuer,
            _issuing: issuing,
            upstream,
            directory,
        };
        for (member, address) in addresses.iter().enumerate() {
            let file = cluster.configure(member, *address);
            cluster.files.push(file);
            cluster.lives.push(None);
            // One after the other: the first makes the keys, which all share here.
            cluster.begin(member).await;
        }
        cluster
    }

    /// Writes the configuration of a member: its own address, what is shared for all.
    fn configure(&self, member: usize, address: SocketAddr) -> PathBuf {
        let directory = self.directory.path().join(format!("member-{member}"));
        std::fs::create_dir(&directory).expect("a directory");
        let servers = format!("  - name: up\n    http:\n      url: {}\n", self.upstream.url("/mcp"));
        let base = format!("http://{}", self.balancer.address);
        let file = configuration(&directory, &base, self.issuer.url(), &servers, ALLOW_ALL);
        life::log_progress(&file);
        let text = std::fs::read_to_string(&file).expect("readable");
        let storage = format!(
            "  directory: data\n  keys: {}\n  postgres:\n    url: {}\n    silence_ms: 5000\n",
            self.keys().display(),
            self.server.url(GATEWAY, DATABASE)
        );
        let text = text
            .replacen(&format!("address: {}", self.balancer.address), &format!("address: {address}"), 1)
            .replacen("  directory: data\n", &storage, 1);
        std::fs::write(&file, text).expect("written");
        file
    }

    fn keys(&self) -> PathBuf {
        self.directory.path().join("keys")
    }

    /// Starts a member and puts it into service.
    async fn begin(&mut self, member: usize) {
        let mut life = Life::begin(&self.files[member]);
        life.reach(Milestone::Listening).await;
        self.lives[member] = Some(life);
        self.balancer.put(member, Service::In);
    }

    /// Takes a member out of service.
    fn take(&mut self, member: usize) -> Life {
        self.balancer.put(member, Service::Out);
        self.lives[member].take().expect("it runs")
    }

    /// Answers what SQL of a superuser gave.
    fn sql(&self, sql: &str) -> String {
        blocking(|| self.server.sql(DATABASE, sql))
    }

    /// Waits until the calls of all but `living` members have been ended.
    async fn swept(&self, living: usize) {
        let mut look = tokio::time::interval(Duration::from_millis(100));
        let done = async {
            while self.sql("SELECT count(*) FROM lane WHERE swept IS NULL") != living.to_string() {
                look.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), done).await.expect("swept within a minute");
    }

    fn callers(&self) -> Arc<Callers> {
        self.callers_at(self.balancer.address)
    }

    /// Callers that reach the gateways another way.
    fn callers_at(&self, address: SocketAddr) -> Arc<Callers> {
        let resource = format!("http://{}/mcp/up", self.balancer.address);
        let token = self.issuer.token_for("alice", &resource).expect("a token");
        Arc::new(Callers {
            address,
            token,
            answered: watch::Sender::new(0),
            record: Mutex::default(),
            missed: Mutex::default(),
            markers: AtomicU64::new(0),
            stop: watch::Sender::new(()),
        })
    }

    /// Ends all in order, then holds what happened outside against what the log says.
    async fn settle(mut self, answers: &[Answered]) -> (Findings, Account) {
        for member in 0..self.lives.len() {
            if self.lives[member].is_some() {
                self.take(member).end().await;
            }
        }
        let effects = effect::read(&self.directory.path().join("effects")).expect("readable");
        let server = Server::parse(&self.server.url(GATEWAY, DATABASE)).expect("an address");
        let (keys, export) = (self.directory.path().join("keys"), self.directory.path().join("export"));
        let (findings, account) = blocking(|| {
            let db = Db::open_postgres(&server).expect("a database");
            let account = account::read_from(&db, &keys);
            let findings = verify_from(&db, &export, &account.verifier_key());
            account::assert_python_agrees(&export, &account.verifier_key());
            (findings, account)
        });
        account.assert_covers(&effects, answers);
        assert!(findings.sound, "{:?}", findings.problems);
        assert_eq!(findings.open_call_count, 0, "{:?}", findings.open_calls);
        let written = self.sql("SELECT count(*) FROM entry");
        assert_eq!(findings.leaves_read.to_string(), written, "every leaf is in the log");
        (findings, account)
    }
}

/// What all callers share.
struct Callers {
    address: SocketAddr,
    token: String,
    answered: watch::Sender<u64>,
    /// As many as the test leaves time for.
    record: Mutex<Vec<Answered>>,
    /// Calls that got no answer, or a refusal.
    missed: Mutex<Vec<String>>,
    markers: AtomicU64,
    stop: watch::Sender<()>,
}

impl Callers {
    /// Calls until they are told to stop.
    fn begin(self: &Arc<Self>) -> JoinSet<()> {
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (this, stop) = (Arc::clone(self), self.stop.subscribe());
            callers.spawn(async move {
                while !stop.has_changed().unwrap_or(true) {
                    this.call_once().await;
                }
            });
        }
        callers
    }

    /// One call on a connection of its own; never repeated.
    async fn call_once(&self) {
        let number = self.markers.fetch_add(1, Ordering::Relaxed);
        let marker = format!("effect-{number:08}");
        let body = call(number, "effect", &json!({ "marker": marker }));
        let answer = tokio::time::timeout(PATIENCE, self.post(&[], &body)).await;
        let missed = match answer {
            Ok(Ok(response)) if response.status() == 200 && is_result(&response) => {
                self.record.lock().expect("no panic").push(Answered { marker, body: response.body });
                self.answered.send_modify(|count| *count += 1);
                return;
            }
            Ok(Ok(response)) => format!("{}: {:?}", response.status(), response.body),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        self.missed.lock().expect("no panic").push(missed);
    }

    async fn post(&self, more: &[(&str, &str)], body: &[u8]) -> std::io::Result<Response> {
        let (host, token) = (self.address.to_string(), format!("Bearer {}", self.token));
        let mut fields = vec![
            ("host", host.as_str()),
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("connection", "close"),
        ];
        fields.extend_from_slice(more);
        let mut probe = Probe::connect(self.address).await?;
        probe.send(&request("POST", "/mcp/up", &fields, body)).await?;
        probe.response().await
    }

    /// Waits for that many further answers.
    async fn advance(&self, steps: u64) {
        let mut answered = self.answered.subscribe();
        let goal = *answered.borrow() + steps;
        let reached = tokio::time::timeout(Duration::from_mins(1), answered.wait_for(|seen| *seen >= goal));
        reached.await.expect("progress within a minute").expect("callers at work");
    }

    /// Calls until each gateway answered in turn: the balancer goes round.
    async fn recovered(&self, members: usize) -> Vec<Answered> {
        let (mut answers, mut in_a_row) = (Vec::new(), 0);
        for number in 0_u64.. {
            let marker = format!("recovered-{number}");
            let answer = self.post(&[], &call(number, "effect", &json!({ "marker": marker }))).await;
            match answer.ok().filter(is_result) {
                Some(answer) => {
                    answers.push(Answered { marker, body: answer.body });
                    in_a_row += 1;
                }
                None => in_a_row = 0,
            }
            if in_a_row == 2 * members {
                break;
            }
        }
        answers
    }

    async fn end(&self, callers: JoinSet<()>) -> Vec<Answered> {
        self.stop.send_replace(());
        callers.join_all().await;
        std::mem::take(&mut *self.record.lock().expect("no panic"))
    }
}

fn is_result(response: &Response) -> bool {
    let json = response.json().unwrap_or_default();
    json.get("result").is_some_and(|result| result["isError"] != true)
}

/// The database's driver blocks, with a runtime of its own.
fn blocking<T>(f: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(f)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_gateway_serves_a_session_that_another_began() {
    let cluster = Cluster::start(2).await;
    let callers = cluster.callers();
    let begun = callers.post(&[], initialize().to_string().as_bytes()).await.expect("an answer");
    assert_eq!(begun.head.field("mcp-session-id"), Some(SESSION));
    let mut answers = Vec::new();
    // In turn: each member is asked twice.
    for number in 0..4_u64 {
        let marker = format!("effect-{number}");
        let body = call(number, "effect", &json!({ "marker": marker }));
        let answer = callers.post(&[("mcp-session-id", SESSION)], &body).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{:?}", answer.body);
        answers.push(Answered { marker, body: answer.body });
    }
    let other = callers.post(&[("mcp-session-id", "unknown")], &call(9, "effect", &json!({}))).await;
    assert_eq!(other.expect("an answer").status(), 404);
    let sessions = cluster.sql("SELECT count(DISTINCT session) FROM entry WHERE type = 'call.intent'");
    let lanes = cluster.sql("SELECT count(DISTINCT place >> 40) FROM entry WHERE type = 'call.intent'");
    assert_eq!((&*sessions, &*lanes), ("1", "2"), "one session, recorded by two gateways");
    // The initialize has no marker, which the account of the crash test asks for: only the log is judged here.
    assert_eq!(answers.len(), 4);
    let export = cluster.directory.path().join("export");
    let mut cluster = cluster;
    for member in 0..2 {
        cluster.take(member).end().await;
    }
    let server = Server::parse(&cluster.server.url(GATEWAY, DATABASE)).expect("an address");
    let findings = blocking(|| {
        let key = countersign::ledger::keyring::read_verifier_key(&cluster.keys()).expect("a key");
        verify_from(&Db::open_postgres(&server).expect("a database"), &export, &key.to_string())
    });
    assert!(findings.sound, "{:?}", findings.problems);
    assert_eq!((findings.lanes, findings.open_call_count), (2, 0));
    // The same log as an evidence package, made beside the database.
    let package = cluster.directory.path().join("evidence.zip");
    let mut make = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
    make.args(["evidence", "package", "--from", "1h", "--to", "2100-01-01", "-o"]).arg(&package);
    let made =
        blocking(|| make.env("COUNTERSIGN_CONFIG", &cluster.files[0]).output()).expect("the binary runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let packed = evidence::verify::verify(&package, None, &mut |_, _| {}).expect("readable");
    assert!(packed.sound, "{:?}", packed.problems);
    assert_eq!((packed.lanes, packed.leaves_read), (2, findings.leaves_read));
    assert_eq!(packed.package.map(|package| package.populations["availability"]), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restart_under_load_drops_no_call() {
    let mut cluster = Cluster::start(2).await;
    let callers = cluster.callers();
    let calling = callers.begin();
    for round in 0..2 {
        for member in 0..2 {
            callers.advance(20).await;
            // Out of the balancer first, as its health checks do; the end when what it was handed has arrived there.
            let gone = cluster.take(member);
            callers.advance(20).await;
            gone.end().await;
            callers.advance(10).await;
            cluster.begin(member).await;
            println!("round {round}, member {member} was replaced");
        }
    }
    callers.advance(20).await;
    let answers = callers.end(calling).await;
    let missed = std::mem::take(&mut *callers.missed.lock().expect("no panic"));
    assert_eq!(missed, Vec::<String>::new(), "calls that were dropped");
    let (findings, account) = cluster.settle(&answers).await;
    assert_eq!((findings.lanes, account.orphans()), (6, 0));
    println!("{} calls, none dropped, in 4 restarts", answers.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateway_serves_until_the_balancer_has_noticed_that_it_is_leaving() {
    let mut cluster = Cluster::start(2).await;
    // Those that are started from now on leave only when they are asked twice: a balancer that is ever so slow.
    for file in &cluster.files {
        let text = std::fs::read_to_string(file).expect("readable");
        std::fs::write(file, text.replace("drain_grace_ms: 0", "drain_grace_ms: 600000")).expect("written");
    }
    let callers = cluster.callers();
    let calling = callers.begin();
    for member in 0..2 {
        let gone = cluster.take(member);
        callers.advance(20).await;
        gone.end().await;
        cluster.begin(member).await;
    }
    for member in 0..2 {
        callers.advance(20).await;
        let mut leaving = cluster.lives[member].take().expect("it runs");
        leaving.signal(Signal::TERM);
        leaving.said("leaving: readiness is red").await;
        callers.advance(20).await;
        cluster.balancer.put(member, Service::Out);
        callers.advance(20).await;
        leaving.signal(Signal::TERM);
        leaving.ended().await;
        callers.advance(10).await;
        cluster.begin(member).await;
    }
    callers.advance(20).await;
    let answers = callers.end(calling).await;
    let missed = std::mem::take(&mut *callers.missed.lock().expect("no panic"));
    assert_eq!(missed, Vec::<String>::new(), "calls that were dropped");
    let (findings, account) = cluster.settle(&answers).await;
    assert_eq!((findings.lanes, account.orphans()), (6, 0));
}
