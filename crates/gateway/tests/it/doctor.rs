//! `countersign doctor` on set-ups that are wrong, as people have them: each is named, with what to do.

use std::process::Output;

use fixture::recorder::{Recorder, Reply, Response, echo};
use serde_json::Value;

use crate::harness::{ALLOW_ALL, Harness, Site, http};

/// A place where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9/mcp";

async fn doctor(site: &Site, more: &[&str]) -> Output {
    tokio::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["doctor", "-c"])
        .arg(&site.file)
        .args(more)
        .output()
        .await
        .expect("it runs")
}

/// That exactly this is found wrong, in these words, for people and for programs.
async fn assert_found(site: &Site, what: &str, words: &str) {
    let shown = doctor(site, &[]).await;
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert_eq!(shown.status.code(), Some(1), "{text}");
    let listed = doctor(site, &["--json"]).await;
    assert_eq!(listed.status.code(), Some(1));
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let findings: Vec<Value> =
        listed.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    let wrong: Vec<_> = findings.iter().filter(|finding| finding["verdict"] == "wrong").collect();
    assert_eq!(wrong.len(), 1, "{listed}");
    let (found, detail) = (wrong[0]["what"].as_str(), wrong[0]["detail"].as_str().unwrap_or_default());
    assert!(found.is_some_and(|found| found.contains(what)) && detail.contains(words), "{listed}");
    assert!(text.contains(what) && text.contains(words), "{text}");
}

/// A set-up with one upstream that answers as MCP servers do, and a mistake.
async fn with(mistake: impl FnOnce(String) -> String) -> (fixture::loopback::Running, Site) {
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let site = Site::new(&http(&upstream), ALLOW_ALL).await;
    site.edit(mistake);
    (upstream, site)
}

#[tokio::test]
async fn good_set_up_is_told_so() {
    let (_upstream, site) = with(|text| text).await;
    let output = doctor(&site, &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
async fn mistakes_in_the_configuration_are_named() {
    let (_upstream, site) = with(|text| text.replace("deployment:", "deploymnt: x\ndeployment:")).await;
    assert_found(&site, "configuration", "deploymnt").await;
    let (_upstream, site) = with(|text| {
        let tls = "  tls:\n    certificate: gone.pem\n    key: gone.key\nadmin:\n";
        text.replace("admin:\n", tls).replace("public_url: http:", "public_url: https:")
    })
    .await;
    assert_found(&site, "TLS", "gone.pem").await;
    let (_upstream, site) = with(|text| text).await;
    std::fs::write(site.directory.path().join("policies/test.cedar"), "permit (nonsense").expect("written");
    assert_found(&site, "policies", "test.cedar").await;
}

#[tokio::test]
async fn servers_that_do_not_answer_as_they_should_are_named() {
    for (rule, words) in [
        (
            (|_| Reply::Respond(Response::empty(401))) as fn(&fixture::recorder::Request) -> Reply,
            "credential",
        ),
        (|_| Reply::Respond(Response::new(200, "text/html", "<p>hello")), "no MCP endpoint"),
    ] {
        let upstream = Recorder::new(rule).start().await.expect("an upstream");
        let site = Site::new(&http(&upstream), ALLOW_ALL).await;
        assert_found(&site, "server `up`", words).await;
    }
    let site = Site::new(&format!("  - name: up\n    http:\n      url: {NOWHERE}\n"), ALLOW_ALL).await;
    assert_found(&site, "server `up`", "cannot reach").await;
    let site = Site::new("  - name: up\n    stdio:\n      command: [no-such-program]\n", ALLOW_ALL).await;
    assert_found(&site, "server `up`", "`no-such-program` is not in PATH").await;
}

#[tokio::test]
async fn issuer_that_cannot_be_reached_is_named() {
    let (_upstream, site) = with(|text| text).await;
    let issuer = site.issuer.url().to_owned();
    site.edit(|text| text.replace(&issuer, "http://127.0.0.1:9"));
    assert_found(&site, "issuer `demo`", "127.0.0.1:9").await;
}

#[tokio::test]
async fn keys_that_do_not_fit_are_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let site = Harness::over(&upstream, ALLOW_ALL).await.finish_running().await;
    assert_eq!(doctor(&site, &[]).await.status.code(), Some(0));
    let keys = site.directory.path().join("data/keys");
    site.edit(|text| text.replace("deployment: test", "deployment: other"));
    assert_found(&site, "keys in", "test/audit/1").await;
    site.edit(|text| text.replace("deployment: other", "deployment: test"));
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o755)).expect("set");
    assert_found(&site, "keys in", "755").await;
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o700)).expect("set");
    std::fs::rename(&keys, site.directory.path().join("away")).expect("moved");
    assert_found(&site, "keys in", "log.pub").await;
}

#[tokio::test]
async fn address_in_use_is_a_note() {
    let (_upstream, site) = with(|text| text).await;
    let _other = std::net::TcpListener::bind(site.address()).expect("free");
    let output = doctor(&site, &[]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("it is in use"), "{text}");
}
