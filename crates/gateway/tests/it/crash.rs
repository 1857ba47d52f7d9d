//! Nothing is lost or doubled when the gateway is killed: the real binary, killed at moments chosen by progress, over an
//! upstream that syncs every effect to disk.
//!
//! Promises 1 to 4 of the log: no effect without a durable intent, no answer without a durable outcome, every intent
//! ends once, the log stays whole. What a kill cannot show is a loss of power: the kernel keeps what was written but not
//! synced.

pub(crate) mod account;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use fixture::issuer::{Issuer, Settings};
use fixture::probe::{Probe, WAIT_MAX, request};
use fixture::recorder::effect::{self, Effects};
use fixture::recorder::{Recorder, echo};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::harness::{ALLOW_ALL, call, configuration, free_port, verify};
use crate::life::{self, Life, Milestone};

/// Kills of a plain `cargo test`; `COUNTERSIGN_CRASHES` asks for another number.
const CRASHES: u64 = 25;
/// Callers that call all the time.
const CALLERS: u64 = 8;
/// Most steps of progress between the start of a gateway and its end.
const STEPS_MAX: u64 = 24;
/// Chooses the moments. The same number gives the same choices, not the same interleaving.
const SEED: u64 = 0x5eed_0f0c_7a54_2026;

/// What a caller was answered.
pub(crate) struct Answered {
    pub(crate) marker: String,
    pub(crate) body: bytes::Bytes,
}

/// What all callers share.
struct Callers {
    address: SocketAddr,
    token: String,
    /// Number of the life that listens; zero before the first.
    life: watch::Receiver<u64>,
    sent: watch::Sender<u64>,
    answered: watch::Sender<u64>,
    /// As many as the kills leave time for.
    record: Mutex<Vec<Answered>>,
    markers: AtomicU64,
}

impl Callers {
    /// Calls until the last life ends. A call that fails with its connection is never repeated.
    async fn call_all_the_time(self: Arc<Self>) {
        let mut life = self.life.clone();
        while life.changed().await.is_ok() {
            let Ok(mut probe) = Probe::connect(self.address).await else { continue };
            // An error: nobody will listen any more.
            while life.has_changed().is_ok() {
                let Ok(answered) = self.call_once(&mut probe).await else { break };
                self.record.lock().expect("no caller failed").push(answered);
                self.answered.send_modify(|count| *count += 1);
            }
        }
    }

    async fn call_once(&self, probe: &mut Probe) -> std::io::Result<Answered> {
        let number = self.markers.fetch_add(1, Ordering::Relaxed);
        let marker = format!("effect-{number:08}");
        let body = call(number, "effect", &json!({ "marker": marker }));
        let (host, token) = (self.address.to_string(), format!("Bearer {}", self.token));
        let fields = [
            ("host", host.as_str()),
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        probe.send(&request("POST", "/mcp/up", &fields, &body)).await?;
        self.sent.send_modify(|count| *count += 1);
        let response = probe.response().await?;
        assert_eq!(response.status(), 200, "{:?}", response.body);
        Ok(Answered { marker, body: response.body })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_effect_and_no_answer_is_lost_in_kills() {
    let directory = tempfile::tempdir().expect("a directory");
    let effects = directory.path().join("effects");
    let recorder = Recorder::with_effects(Effects::open(&effects).expect("a file"), echo);
    let upstream = recorder.start().await.expect("an upstream");
    let settings = Settings { token_seconds: 24 * 3600, ..Settings::default() };
    let (issuer, _issuing) = Issuer::start(settings).await.expect("an issuer");
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let base = format!("http://{address}");
    let file = {
        let server = format!("  - name: up\n    http:\n      url: {}\n", upstream.url("/mcp"));
        configuration(directory.path(), &base, issuer.url(), &server, ALLOW_ALL)
    };
    life::log_progress(&file);

    let (listening, life) = watch::channel(0);
    let (sent, answered) = (watch::Sender::new(0), watch::Sender::new(0));
    let token = issuer.token_for("alice", &format!("{base}/mcp/up")).expect("a token");
    let progress = [sent.subscribe(), answered.subscribe()];
    let (record, markers) = (Mutex::default(), AtomicU64::new(0));
    let shared = Arc::new(Callers { address, token, life, sent, answered, record, markers });
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(shared.clone().call_all_the_time());
    }

    let mut dice = Dice(SEED);
    for number in 1..=crashes() {
        let mut life = Life::begin(&file);
        let steps = dice.below(STEPS_MAX);
        match dice.below(10) {
            // Killed while it starts: recovery must survive being killed as well.
            0 => life.reach(Milestone::LogOpened).await,
            trigger => {
                life.reach(Milestone::Listening).await;
                listening.send_replace(number);
                match trigger {
                    1..=3 => advance(&progress[0], steps).await,
                    4..=6 => recorder.received(recorder.count() + steps).await.expect("calls get through"),
                    _ => advance(&progress[1], steps).await,
                }
            }
        }
        life.kill().await;
    }
    let mut last = Life::begin(&file);
    last.reach(Milestone::Listening).await;
    listening.send_replace(u64::MAX);
    advance(&progress[1], STEPS_MAX).await;
    drop(listening);
    while let Some(caller) = callers.join_next().await {
        caller.expect("no caller fails");
    }
    last.end().await;
    upstream.stop().await.expect("an orderly end");

    let answers = std::mem::take(&mut *shared.record.lock().expect("no caller failed"));
    let effects = effect::read(&effects).expect("readable");
    tokio::task::spawn_blocking(move || settle(directory.path(), &effects, &answers))
        .await
        .expect("no panic");
}

/// Holds what happened outside against what the log says.
fn settle(directory: &Path, effects: &[String], answers: &[Answered]) {
    let data = directory.join("data");
    let account = account::read(&data);
    account.assert_covers(effects, answers);
    let export = directory.join("export");
    let key = account.verifier_key();
    let findings = verify(&data, &export, &key);
    assert!(findings.sound, "{:?}", findings.problems);
    assert_eq!(findings.open_call_count, 0, "{:?}", findings.open_calls);
    account::assert_python_agrees(&export, &key);
    println!(
        "{} effects, {} answers, {} intents, {} orphans",
        effects.len(),
        answers.len(),
        account.intents(),
        account.orphans()
    );
}

/// Waits for that many further steps.
async fn advance(progress: &watch::Receiver<u64>, steps: u64) {
    let mut progress = progress.clone();
    let goal = *progress.borrow() + steps;
    let reached = tokio::time::timeout(WAIT_MAX, progress.wait_for(|seen| *seen >= goal)).await;
    reached.expect("progress within 30 s").expect("callers at work");
}

#[expect(clippy::disallowed_methods, reason = "how long the test runs is the business of whoever starts it")]
fn crashes() -> u64 {
    match std::env::var("COUNTERSIGN_CRASHES") {
        Ok(text) => text.parse().expect("`COUNTERSIGN_CRASHES` is a number"),
        Err(_) => CRASHES,
    }
}

/// `SplitMix64` (Steele, Lea and Flood, 2014): choices that can be repeated.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
