//! Two gateways on one PostgreSQL database behind a balancer: to a person and their browser they are one.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use countersign::app::{self, Running};
use countersign::config;
use countersign::store::approval::Which;
use countersign::store::entry::{self, Filter};
use countersign::store::{Db, Hearing, Server};
use fixture::loopback::Running as Fixture;
use fixture::postgres::{self, GATEWAY, Pooler};
use fixture::probe::{Probe, Response, event_data, request};
use fixture::recorder::{Recorder, echo};
use serde_json::{Value, json};

use super::ending::{code, hello, rule};
use super::{Browser, POLICIES, location, site_of};
use crate::approval::shared::{DATABASE, database};
use crate::approval::{answer, eventually};
use crate::cluster::balancer::{Balancer, Service};
use crate::harness::{Site, call, free_port, verify_from};

const COOKIE: &str = "__Host-countersign";

/// Both, what they share, and the balancer by whose name they go.
struct Several {
    site: Site,
    members: Vec<Running>,
    balancer: Balancer,
    server: postgres::Server,
    upstream: Fixture,
    directory: tempfile::TempDir,
    _pooler: Option<Pooler>,
}

/// How they reach the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Direct,
    /// Through what passes no news on.
    Pooled,
}

impl Several {
    async fn start(token_seconds: u64) -> Self {
        Self::start_with(token_seconds, |text| text).await
    }

    /// The same with a changed configuration.
    async fn start_with(token_seconds: u64, edit: impl FnOnce(String) -> String) -> Self {
        Self::over(&Recorder::new(echo), Way::Direct, token_seconds, edit).await
    }

    /// The same in front of an upstream of one's own.
    async fn over(
        recorder: &Recorder,
        way: Way,
        token_seconds: u64,
        edit: impl FnOnce(String) -> String,
    ) -> Self {
        let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a directory");
        let server = tokio::task::block_in_place(|| database(directory.path()));
        let pool = directory.path().join("pool");
        std::fs::create_dir(&pool).expect("a directory");
        let pooler = (way == Way::Pooled).then(|| server.pool(&pool));
        let url = match &pooler {
            Some(pooler) => eventually(|| async { pooler.url(GATEWAY, DATABASE) }).await,
            None => server.url(GATEWAY, DATABASE),
        };
        let upstream = recorder.start().await.expect("an upstream");
        let site = site_of(&upstream, ("http://127.0.0.1", POLICIES), token_seconds).await;
        site.edit(edit);
        let addresses = [free_port(), free_port()].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let balancer = Balancer::at(site.address(), &addresses).await;
        let mut members = Vec::new();
        for (number, address) in addresses.iter().enumerate() {
            let text = std::fs::read_to_string(&site.file).expect("readable");
            let storage = format!(
                "  directory: data-{number}\n  keys: {}\n  postgres:\n    url: {}\n",
                directory.path().join("keys").display(),
                url
            );
            let text = text
                .replacen(&format!("address: {}", site.address()), &format!("address: {address}"), 1)
                .replacen("  directory: data\n", &storage, 1);
            let file = site.file.with_file_name(format!("member-{number}.yaml"));
            std::fs::write(&file, format!("{text}approvals:\n  wait_ms: 20000\n")).expect("written");
            // One after the other: the first makes the keys, which both share here.
            let config = config::load(&file).expect("valid configuration");
            members.push(app::start(&config).await.expect("a gateway"));
            balancer.put(number, Service::In);
        }
        Self { site, members, balancer, server, upstream, directory, _pooler: pooler }
    }

    async fn ask(
        &self,
        browser: &mut Browser,
        member: usize,
        (method, path): (&str, &str),
        body: &Value,
    ) -> Response {
        let token =
            if method == "POST" { self.me(browser, 1 - member).await["csrf"].clone() } else { json!("") };
        let token = token.as_str().unwrap_or_default().to_owned();
        let more = [("x-csrf-token", &*token)];
        let more = if token.is_empty() { &[][..] } else { &more[..] };
        browser.ask_at(self.members[member].address, &self.host(), (method, path), more, body).await
    }

    async fn get(&self, browser: &mut Browser, member: usize, path: &str) -> Response {
        self.ask(browser, member, ("GET", path), &Value::Null).await
    }

    /// Who is signed in, as one of them says.
    async fn me(&self, browser: &mut Browser, member: usize) -> Value {
        let address = self.members[member].address;
        let answer = browser.ask_at(address, &self.host(), ("GET", "/api/v1/me"), &[], &Value::Null).await;
        answer.json().expect("JSON")
    }

    /// Signs in: begun at one of them, finished at the other.
    async fn sign_in(&self, person: &str, begun_at: usize) -> Browser {
        let mut browser = Browser::default();
        let begun = self.get(&mut browser, begun_at, &format!("/console/sign-in?hint={person}")).await;
        let callback = browser.at_issuer(&location(&begun)).await;
        assert_eq!(location(&self.get(&mut browser, 1 - begun_at, &callback).await), "/console/");
        browser
    }

    /// A page that listens at one of them.
    async fn listen(&self, browser: &Browser, member: usize) -> Probe {
        let cookie = format!("{COOKIE}={}", browser.cookie(COOKIE).expect("signed in"));
        let host = self.host();
        let fields = [("host", &*host), ("cookie", &*cookie), ("sec-fetch-site", "same-origin")];
        let mut probe = Probe::connect(self.members[member].address).await.expect("a connection");
        probe.send(&request("GET", "/api/v1/events", &fields, b"")).await.expect("sent");
        assert_eq!(probe.head().await.expect("an answer").status(), Some(200));
        assert_eq!(next(&mut probe).await.0, "hello");
        probe
    }

    /// Alice calls what is held, through the balancer.
    async fn held(&self, id: u64) -> Probe {
        self.site.send("alice", "POST", &[], &call(id, "effect", &json!({ "marker": "x" }))).await
    }

    /// The call that waits, once it is listed: a page may be told while it is being written down.
    async fn one(&self, browser: &mut Browser) -> String {
        let listing = async {
            loop {
                let listed = self.get(browser, 0, "/api/v1/approvals").await.json().expect("JSON");
                if let Some(id) = listed["approvals"][0]["id"].as_str() {
                    break id.to_owned();
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), listing).await.expect("it waits")
    }

    fn host(&self) -> String {
        self.balancer.address.to_string()
    }

    async fn finish(self) {
        for member in self.members {
            member.stop().await.expect("an orderly end");
        }
        let keys = self.directory.path().join("keys");
        let server = Server::parse(&self.server.url(GATEWAY, DATABASE)).expect("an address");
        tokio::task::block_in_place(|| {
            let key = countersign::ledger::keyring::read_verifier_key(&keys).expect("a key");
            let db = Db::open_postgres(&server).expect("a database");
            let findings = verify_from(&db, &self.directory.path().join("export"), &key.to_string());
            assert!(findings.sound, "{:?}", findings.problems);
            assert_eq!(findings.open_call_count, 0);
        });
        self.upstream.stop().await.expect("an orderly end");
    }
}

/// Name and data of the next event.
async fn next(page: &mut Probe) -> (String, Value) {
    loop {
        let event = page.event().await.expect("a stream").expect("more events");
        let text = String::from_utf8_lossy(&event).into_owned();
        if let Some(name) = text.lines().find_map(|line| line.strip_prefix("event: ")) {
            return (name.to_owned(), serde_json::from_str(&event_data(&event)).expect("JSON"));
        }
    }
}

/// Waits for an event of this name.
async fn told(page: &mut Probe, name: &str) -> Value {
    let waiting = async {
        loop {
            let (found, data) = next(page).await;
            if found == name {
                return data;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await.expect("an event")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page_at_one_gateway_sees_what_is_decided_at_the_other() {
    let several = Several::start(3600).await;
    let (mut bob, mut page) = (several.sign_in("bob", 0).await, Vec::new());
    for member in 0..2 {
        page.push(several.listen(&bob, member).await);
    }
    let mut waiting = several.held(1).await;
    for listening in &mut page {
        told(listening, "approvals").await;
    }
    let id = several.one(&mut bob).await;
    // The token that the page got from one gateway counts at the other.
    let path = format!("/api/v1/approvals/{id}/approve");
    let approved = several.ask(&mut bob, 1, ("POST", &path), &json!({})).await;
    assert_eq!(approved.status(), 200, "{:?}", approved.body);
    for listening in &mut page {
        told(listening, "approvals").await;
    }
    let response = waiting.response().await.expect("an answer");
    assert_eq!(answer(&response)["result"]["content"][0]["text"], json!(r#"{"marker":"x"}"#));
    for member in 0..2 {
        let shown = several.get(&mut bob, member, &format!("/api/v1/approvals/{id}")).await;
        assert_eq!(shown.json().expect("JSON")["state"], json!("used"));
    }
    drop(page);
    several.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_that_waits_at_one_gateway_goes_on_when_somebody_agrees_at_another() {
    let several = Several::start(3600).await;
    for member in &several.members {
        let mut hearing = member.gateway.db.news().hearing();
        drop(hearing.wait_for(|hearing| *hearing == Hearing::Told).await.expect("it listens"));
    }
    let mut bob = several.sign_in("bob", 0).await;
    let mut waits = Vec::new();
    for number in 2..8 {
        several.balancer.put(0, Service::Out);
        let mut waiting = several.held(number).await;
        let id = several.one(&mut bob).await;
        several.balancer.put(0, Service::In);
        let path = format!("/api/v1/approvals/{id}/approve");
        assert_eq!(several.ask(&mut bob, 0, ("POST", &path), &json!({})).await.status(), 200);
        let agreed = Instant::now();
        assert_eq!(waiting.response().await.expect("an answer").status(), 200);
        waits.push(agreed.elapsed());
    }
    waits.sort();
    println!("from somebody's word at one gateway to the answer at the other: {waits:?}");
    assert!(waits[waits.len() / 2] < Duration::from_secs(2), "{waits:?}");
    several.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn person_signed_in_at_one_gateway_is_signed_in_at_all_and_signs_out_of_all() {
    let several = Several::start(3600).await;
    let mut browser = several.sign_in("bob", 1).await;
    let [one, other] = [several.me(&mut browser, 0).await, several.me(&mut browser, 1).await];
    assert_eq!((&one["id"], &one["csrf"]), (&json!("demo/bob"), &other["csrf"]));
    let mut page = several.listen(&browser, 0).await;
    let kept = browser.cookie(COOKIE).expect("signed in").to_owned();
    let out = several.ask(&mut browser, 1, ("POST", "/console/sign-out"), &Value::Null).await;
    assert_eq!((out.status(), browser.cookie(COOKIE)), (200, None));
    browser.set(COOKIE, &kept);
    for member in 0..2 {
        assert_eq!(several.get(&mut browser, member, "/api/v1/me").await.status(), 401);
    }
    // The page that still listens is told with the next sign of life.
    told(&mut page, "signed_out").await;
    several.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issuer_is_asked_once_for_two_gateways_when_a_sign_in_is_renewed() {
    let several = Several::start(1).await;
    let browser = tokio::sync::Mutex::new(several.sign_in("bob", 0).await);
    let issuer = &several.site.issuer;
    // A refresh token counts once: were both to use the same one, the person would be signed out.
    for renewals in 2..5 {
        eventually(|| async {
            let kept = browser.lock().await.cookie(COOKIE).expect("signed in").to_owned();
            let (mut left, mut right) = (Browser::default(), Browser::default());
            left.set(COOKIE, &kept);
            right.set(COOKIE, &kept);
            let (left, right) = tokio::join!(
                several.get(&mut left, 0, "/api/v1/me"),
                several.get(&mut right, 1, "/api/v1/me")
            );
            assert_eq!((left.status(), right.status()), (200, 200));
            (issuer.count(fixture::issuer::Endpoint::Token) >= renewals).then_some(())
        })
        .await;
    }
    several.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn glass_that_is_broken_at_one_gateway_is_broken_at_the_other_and_mended_there() {
    let several = Several::start(3600).await;
    let (mut bob, mut carol) = (several.sign_in("bob", 0).await, several.sign_in("carol", 1).await);
    let wish = json!({ "reason": "x", "servers": ["*"], "people": ["demo/alice"], "seconds": 600 });
    let proposed = several.ask(&mut bob, 0, ("POST", "/api/v1/breakglass"), &wish).await;
    let id = proposed.json().expect("JSON")["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/breakglass/{id}/confirm");
    let confirmed = several.ask(&mut carol, 1, ("POST", &path), &json!({})).await;
    assert_eq!(confirmed.status(), 200, "{:?}", confirmed.body);
    let known = || async {
        let all = several.members.iter().all(|member| member.gateway.approvals.broken_glass() == 1);
        all.then_some(())
    };
    eventually(known).await;
    // Through the balancer: some at one, some at the other.
    for number in 1..5 {
        let mut calling = several.held(number).await;
        let ran = answer(&calling.response().await.expect("an answer"));
        assert_eq!(ran["result"]["content"][0]["text"], json!(r#"{"marker":"x"}"#), "{ran}");
    }
    let path = format!("/api/v1/breakglass/{id}/end");
    assert_eq!(several.ask(&mut bob, 0, ("POST", &path), &json!({})).await.status(), 200);
    let waiting = several.held(5).await;
    let held = || async {
        let listed = several.members[0].gateway.approvals.list(Which::Live, None, 10).await.expect("listed");
        (listed.records.len() == 1).then_some(())
    };
    eventually(held).await;
    drop(waiting);
    several.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn call_that_waits_at_one_gateway_goes_when_the_glass_is_broken_at_the_other() {
    let several = Several::start(3600).await;
    let (mut bob, mut carol) = (several.sign_in("bob", 0).await, several.sign_in("carol", 1).await);
    let calling = async |member: usize, marker: &str| {
        let body = call(1, "effect", &json!({ "marker": marker }));
        let mut probe = Probe::connect(several.members[member].address).await.expect("a connection");
        probe.send(&several.site.bytes("alice", "POST", &[], &body)).await.expect("sent");
        probe
    };
    // One at each, and four equal ones at both.
    let mut own = [calling(0, "first").await, calling(1, "second").await];
    let mut equal = Vec::new();
    for number in 0..4 {
        equal.push(calling(number % 2, "equal").await);
    }
    eventually(|| async {
        let all: usize = several.members.iter().map(|member| member.gateway.approvals.waiting()).sum();
        (all == 6).then_some(())
    })
    .await;
    let wish = json!({ "reason": "x", "servers": ["*"], "people": ["demo/alice"], "seconds": 600 });
    let proposed = several.ask(&mut bob, 0, ("POST", "/api/v1/breakglass"), &wish).await;
    let id = proposed.json().expect("JSON")["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/breakglass/{id}/confirm");
    assert_eq!(several.ask(&mut carol, 1, ("POST", &path), &json!({})).await.status(), 200);
    for (calling, marker) in own.iter_mut().zip(["first", "second"]) {
        let went = answer(&calling.response().await.expect("an answer"));
        assert_eq!(went["result"]["content"][0]["text"], json!(format!(r#"{{"marker":"{marker}"}}"#)));
    }
    let mut went = 0;
    for mut calling in equal {
        let message = answer(&calling.response().await.expect("an answer"));
        went += usize::from(message["result"]["isError"] != true && message["error"].is_null());
    }
    assert_eq!(went, 1);
    let filter = Filter { event: Some("breakglass.used".to_owned()), ..Filter::default() };
    let used = several.members[0].gateway.db.read("used", move |read| entry::page(read, &filter, 10)).await;
    assert_eq!(used.expect("readable").len(), 3);
    several.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn review_that_is_closed_at_both_gateways_at_once_ends_once() {
    let several = Several::start(3600).await;
    let (mut bob, mut carol) = (several.sign_in("bob", 0).await, several.sign_in("carol", 1).await);
    let due = several.members[0].gateway.clock.now() + jiff::SignedDuration::from_hours(1);
    let order = json!({ "due": due.to_string() });
    for _ in 0..3 {
        let begun = several.ask(&mut bob, 0, ("POST", "/api/v1/reviews"), &order).await;
        assert_eq!(begun.status(), 200, "{:?}", begun.body);
        let id = begun.json().expect("JSON")["id"].as_str().expect("an id").to_owned();
        let (path, nothing) = (format!("/api/v1/reviews/{id}/close"), json!({}));
        let (one, other) = tokio::join!(
            several.ask(&mut bob, 0, ("POST", &path), &nothing),
            several.ask(&mut carol, 1, ("POST", &path), &nothing),
        );
        let mut codes = [one.status(), other.status()];
        codes.sort_unstable();
        assert_eq!(codes, [200, 409]);
    }
    let filter = Filter { event: Some("review.closed".to_owned()), ..Filter::default() };
    let db = several.members[0].gateway.db.clone();
    let ends = db.read("ends", move |read| entry::page(read, &filter, 100)).await.expect("readable");
    assert_eq!(ends.len(), 3);
    several.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn set_that_one_gateway_publishes_decides_at_the_other_within_two_seconds() {
    let publish = "policy:\n  publish: { consent: second_person }\n";
    let several = Several::start_with(3600, |text| text.replacen("policy:\n", publish, 1)).await;
    let (mut bob, mut carol) = (several.sign_in("bob", 0).await, several.sign_in("carol", 1).await);
    // Every call is decided by the first; the set is published at the second.
    several.balancer.put(1, Service::Out);
    let look = async |id: u64| {
        let mut calling = several.site.send("alice", "POST", &[], &call(id, "look", &json!({}))).await;
        answer(&calling.response().await.expect("an answer"))
    };
    assert_eq!(look(1).await["result"]["content"][0]["text"], json!("{}"));
    let forbid = r#"@id("no-looks") forbid (principal, action == Action::"tools/call", resource) when { resource.name == "look" };"#;
    let files = json!({ "files": [{ "name": "test.cedar", "text": format!("{POLICIES}{forbid}") }] });
    let proposed = several.ask(&mut bob, 0, ("POST", "/api/v1/policies/propose"), &files).await;
    assert_eq!(proposed.status(), 200, "{:?}", proposed.body);
    let proposal = proposed.json().expect("JSON");
    let wanted = json!({ "proposal": proposal["id"], "set": proposal["set"] });
    let published = several.ask(&mut carol, 1, ("POST", "/api/v1/policies/publish"), &wanted).await;
    assert_eq!(published.status(), 200, "{:?}", published.body);
    let since = std::time::Instant::now();
    let mut id = 2;
    while look(id).await["result"]["_meta"]["io.countersign/refusal"]["code"] != json!("denied") {
        assert!(since.elapsed() < std::time::Duration::from_secs(2), "it still decides by the old set");
        id += 1;
    }
    // Both say on record which set they run.
    let filter = Filter { event: Some("policy.published".to_owned()), ..Filter::default() };
    let db = several.members[0].gateway.db.clone();
    let leaves = db.read("leaves", move |read| entry::page(read, &filter, 100)).await.expect("readable");
    let told: Vec<Value> =
        leaves.iter().map(|entry| serde_json::from_slice(&entry.leaf).expect("JSON")).collect();
    let of_set = |leaf: &&Value| leaf["detail"]["policy_set"] == proposal["set"];
    let mut lanes: Vec<_> = told.iter().filter(of_set).map(|leaf| leaf["lane"].to_string()).collect();
    lanes.sort();
    lanes.dedup();
    assert_eq!(lanes.len(), 2, "{told:?}");
    several.finish().await;
}

async fn session_ends_everywhere(way: Way) {
    let recorder = Recorder::new(rule);
    let several = Several::over(&recorder, way, 3600, |text| text).await;
    for member in &several.members {
        let mut hearing = member.gateway.db.news().hearing();
        let settled = |hearing: &Hearing| match way {
            Way::Direct => *hearing == Hearing::Told,
            Way::Pooled => matches!(hearing, Hearing::Deaf(_)),
        };
        drop(hearing.wait_for(settled).await.expect("it tells"));
    }
    let mut bob = several.sign_in("bob", 0).await;
    let mut waits = Vec::new();
    for number in 1..4 {
        // Begun at one gateway, used at the other, ended at the first.
        several.balancer.put(1, Service::Out);
        let begun = several.site.send("alice", "POST", &[], &hello(number)).await.response().await;
        let begun = begun.expect("an answer");
        let with = [("mcp-session-id", begun.head.field("mcp-session-id").expect("a session"))];
        several.balancer.put(1, Service::In);
        several.balancer.put(0, Service::Out);
        let mut open = several.site.send("alice", "POST", &with, &call(9, "look", &json!({}))).await;
        let forwarded = recorder.accept().await.expect("a request");
        several.balancer.put(0, Service::In);
        let wanted = Filter { event: Some("call.intent".to_owned()), ..Filter::default() };
        let latest = move |read: &mut countersign::store::Read<'_>| entry::page(read, &wanted, 1);
        let latest = several.members[0].gateway.db.read("test", latest).await.expect("readable");
        let leaf: Value = serde_json::from_slice(&latest[0].leaf).expect("JSON");
        let path = format!("/api/v1/sessions/{}/end", leaf["session"].as_str().expect("a session"));
        let ended = several.ask(&mut bob, 0, ("POST", &path), &json!({ "reason": "enough" })).await;
        let since = Instant::now();
        assert_eq!(ended.status(), 200, "{:?}", ended.body);
        assert_eq!(code(&open.response().await.expect("an answer")), (200, json!("session_ended")));
        waits.push(since.elapsed());
        forwarded.gone().await.expect("told");
        for member in 0..2 {
            several.balancer.put(1 - member, Service::Out);
            let mut late = several.site.send("alice", "POST", &with, &call(10, "paint", &json!({}))).await;
            let late = late.response().await.expect("an answer");
            assert_eq!(code(&late), (404, json!("unknown_session")));
            several.balancer.put(1 - member, Service::In);
        }
    }
    println!("{way:?}, from the end at one gateway to the end at the other: {waits:?}");
    assert!(waits.iter().all(|wait| *wait < Duration::from_secs(2)), "{waits:?}");
    several.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_ended_at_one_gateway_ends_at_the_other_that_is_told() {
    Box::pin(session_ends_everywhere(Way::Direct)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_ended_at_one_gateway_ends_at_the_other_that_only_looks() {
    Box::pin(session_ends_everywhere(Way::Pooled)).await;
}
