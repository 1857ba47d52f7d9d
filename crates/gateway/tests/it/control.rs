//! Control canaries: the gateway tries its own controls, harms nobody, and raises the alarm when one does not work.

use std::process::Command;

use countersign::store::entry;
use fixture::loopback::Running as Fixture;
use fixture::recorder::{Recorder, echo};
use serde_json::{Value, json};

use crate::approval::eventually;
use crate::approval::shared::Pair;
use crate::harness::{Harness, Site, http};

/// Support drops nothing, is held for `effect`, may look, and sees no address.
const STRONG: &str = r#"
    @id("rest") permit (principal, action in [Action::"session", Action::"list"], resource);
    @id("looks") permit (principal in Group::"support", action == Action::"tools/call", resource == Tool::"up/look");
    @id("held") permit (principal in Group::"support", action == Action::"tools/call", resource == Tool::"up/effect")
    when { context.approval.granted };
    @id("auditors") permit (principal in Group::"security", action in Action::"auditor", resource is Gateway);
"#;

/// Everybody may do everything, and see everything.
const WEAK: &str = r#"@id("all") permit (principal, action, resource);"#;

const CANARIES: &str = r"canaries:
  every_s: 3600
  tests:
    - { name: drops-nothing, server: up, tool: drop, issuer: demo, groups: [support], expect: denied }
    - { name: asks-first, server: up, tool: effect, issuer: demo, groups: [support], expect: held }
    - { name: sees-no-address, server: up, tool: look, issuer: demo, groups: [support], expect: masked, detector: email }
";

struct Setup {
    recorder: Recorder,
    gateway: Harness,
    upstream: Fixture,
}

async fn setup(policies: &str, more: &str) -> Setup {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let site = Site::new(&http(&upstream), policies).await;
    std::fs::write(site.directory.path().join("console.secret"), "console-secret").expect("written");
    site.edit(|text| {
        let console = "      console:\n        client_id: console\n        client_secret: { file: console.secret }\npolicy:";
        format!("{}{CANARIES}{more}", text.replacen("policy:", console, 1))
    });
    Setup { recorder, gateway: Harness::at(site).await, upstream }
}

impl Setup {
    /// The first run of all, which begins with the gateway.
    async fn checked(&self) -> Vec<Value> {
        eventually(|| async {
            let checked = self.gateway.leaves_of("canary.checked").await;
            (checked.len() >= 3).then_some(checked)
        })
        .await
    }

    async fn finish(self) {
        self.gateway.finish().await;
        self.upstream.stop().await.expect("an orderly end");
    }
}

fn facts(checked: &[Value]) -> Vec<(String, String, String)> {
    let text = |leaf: &Value, name: &str| leaf["detail"][name].as_str().unwrap_or_default().to_owned();
    let one = |leaf: &Value| (text(leaf, "canary"), text(leaf, "found"), text(leaf, "result"));
    checked.iter().map(one).collect()
}

fn fact(canary: &str, found: &str, result: &str) -> (String, String, String) {
    (canary.to_owned(), found.to_owned(), result.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canaries_of_controls_that_work_pass_and_nothing_of_them_reaches_a_server_or_an_approver() {
    let setup = setup(STRONG, "").await;
    let checked = setup.checked().await;
    assert_eq!(
        facts(&checked),
        [
            fact("drops-nothing", "denied", "passed"),
            fact("asks-first", "held", "passed"),
            fact("sees-no-address", "masked", "passed")
        ]
    );
    assert!(setup.recorder.requests().is_empty(), "the server was asked");
    let leaves = setup.gateway.leaves().await;
    for leaf in leaves.iter().filter(|leaf| leaf["call"].is_string()) {
        let kind = &leaf["actor"]["kind"];
        let ended = leaf["type"] == "approval.expired";
        assert!(kind == "canary" || (ended && kind == "gateway"), "{leaf}");
    }
    let ended = setup.gateway.leaves_of("approval.expired").await;
    assert_eq!(ended.len(), 1, "the held one is withdrawn at once: {ended:?}");
    // Nobody called, as far as anybody counts.
    let metrics = setup.gateway.running.gateway.metrics.encode();
    assert!(metrics.contains(r#"countersign_canaries_total{result="passed"} 3"#), "{metrics}");
    assert!(!metrics.contains("countersign_exchanges_total{"), "{metrics}");
    setup.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policy_that_was_weakened_raises_the_alarm_and_harms_nobody() {
    let told = Recorder::new(echo);
    let hook = told.start().await.expect("a webhook");
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let webhook = format!(
        "approvals:\n  webhooks:\n    - name: pager\n      url: {}\n      secret: {{ file: hook.secret }}\n",
        hook.url("/hook")
    );
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let site = Site::new(&http(&upstream), WEAK).await;
    std::fs::write(site.directory.path().join("hook.secret"), secret).expect("written");
    site.edit(|text| format!("{text}{CANARIES}{webhook}"));
    let setup = Setup { recorder, gateway: Harness::at(site).await, upstream };
    let checked = setup.checked().await;
    assert_eq!(
        facts(&checked),
        [
            fact("drops-nothing", "allowed", "failed"),
            fact("asks-first", "allowed", "failed"),
            fact("sees-no-address", "shown", "failed")
        ]
    );
    assert!(setup.recorder.requests().is_empty(), "whatever policy says, no server is asked");
    let metrics = setup.gateway.running.gateway.metrics.encode();
    assert!(metrics.contains(r#"countersign_canaries_total{result="failed"} 3"#), "{metrics}");
    let said = eventually(|| async {
        let requests = told.requests();
        (requests.len() >= 3).then_some(requests)
    })
    .await;
    let said = said[0].json();
    assert_eq!(
        (&said["type"], &said["data"]["canary"]["result"]),
        (&json!("canary.failed"), &json!("failed"))
    );

    // The auditor reads of it among the exceptions, and of no call.
    setup.gateway.running.gateway.ledger.publish().await.expect("a checkpoint");
    let directory = setup.gateway.site.directory.path().to_owned();
    let (package, config) = (directory.join("package"), directory.join("countersign.yaml"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["evidence", "package", "--from", "2020-01-01", "--to", "2100-01-01", "-c"]);
    command.arg(config).arg("-o").arg(&package);
    let made =
        tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("no panic");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let rows = |name: &str| {
        let text = std::fs::read_to_string(package.join(name)).expect("readable");
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let failed = rows("exceptions.csv").into_iter().filter(|row| row.starts_with("canary_failed,")).count();
    assert_eq!((failed, rows("populations/canaries.csv").len()), (3, 3));
    for real in ["calls", "privileged", "denials", "masking", "principals", "tools", "approvals"] {
        assert_eq!(rows(&format!("populations/{real}.csv")), Vec::<String>::new(), "{real}");
    }
    let key = setup.gateway.running.gateway.ledger.verifier_key();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../evidence/verify.py");
    let checked = Command::new("python3").arg(script).arg(&package).args(["--key", &key]).output();
    let checked = checked.expect("python3 runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let found = evidence::verify::verify(&package, Some(&key.parse().expect("a key")), &mut |_, _| ());
    assert!(found.expect("readable").sound);
    setup.finish().await;
    hook.stop().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canary_runs_by_hand_and_again_only_when_it_is_due() {
    let setup = setup(STRONG, "").await;
    setup.checked().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command
        .args(["canary", "run", "drops-nothing"])
        .env_clear()
        .env("COUNTERSIGN_URL", format!("http://{}", setup.gateway.address()))
        .env("COUNTERSIGN_TOKEN", setup.gateway.site.api_token("carol"));
    let ran =
        tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("no panic");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    println!("{said}");
    assert!(
        ran.status.success() && said.contains("passed"),
        "{said} {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert_eq!(setup.gateway.leaves_of("canary.checked").await.len(), 4);
    // A restart does not run them again: the log says when they ran.
    let again = setup.gateway.restart_after(|_| ()).await;
    let listed = again.api("carol", "GET", "/api/v1/canaries", &Value::Null).await.json().expect("JSON");
    assert!(
        listed["canaries"]
            .as_array()
            .is_some_and(|all| all.iter().all(|one| one["last"]["result"] == "passed"))
    );
    assert_eq!(again.leaves_of("canary.checked").await.len(), 4);
    again.finish().await;
    setup.upstream.stop().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_gateways_one_runs_each_canary_that_is_due() {
    // Policies of the pair hold `effect` and refuse every other tool.
    let pair = Pair::with(
        &CANARIES.replace("3600", "10").replace("expect: masked, detector: email", "expect: denied"),
    )
    .await;
    let mut runs = eventually(|| async {
        let db = &pair.gateways[1].running.gateway.db;
        let filter = entry::Filter { event: Some("canary.checked".to_owned()), ..entry::Filter::default() };
        let entries = db.read("test", move |read| entry::page(read, &filter, 100)).await.expect("readable");
        let leaves = entries.iter().map(|entry| serde_json::from_slice::<Value>(&entry.leaf).expect("JSON"));
        let own = leaves.filter(|leaf| leaf["detail"]["canary"] == "drops-nothing");
        let runs: Vec<jiff::Timestamp> = own
            .map(|leaf| {
                assert_eq!(leaf["detail"]["result"], "passed", "{leaf}");
                leaf["ts"].as_str().and_then(|ts| ts.parse().ok()).expect("a time")
            })
            .collect();
        (runs.len() >= 2).then_some(runs)
    })
    .await;
    runs.sort();
    for pair in runs.windows(2) {
        assert!(pair[1].duration_since(pair[0]).as_secs() >= 9, "both ran it: {runs:?}");
    }
    assert_eq!(pair.recorder.count(), 0);
    pair.finish().await;
}
