//! `countersign doctor` on set-ups that are wrong, as people have them: each is named, with what to do.

mod evidence;
mod machine;

use std::process::Output;

use fixture::issuer::{Issuer, Settings};
use fixture::recorder::{Recorder, Reply, Response, echo};
use serde_json::Value;

use crate::harness::{ALLOW_ALL, Harness, Site, http};

/// Places where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9/mcp";
const NOWHERE_ELSE: &str = "http://127.0.0.1:9";

async fn doctor(site: &Site, more: &[&str]) -> Output {
    tokio::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["doctor", "-c"])
        .arg(&site.file)
        .args(more)
        .output()
        .await
        .expect("it runs")
}

/// What is found, for programs.
async fn findings(site: &Site) -> Vec<Value> {
    let listed = doctor(site, &["--json"]).await;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    listed.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

/// That exactly this is found wrong, in these words, for people and for programs: what, whose fault, what to do.
async fn assert_found(site: &Site, what: &str, words: &str) {
    let shown = doctor(site, &[]).await;
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert_eq!(shown.status.code(), Some(1), "{text}");
    assert_eq!(doctor(site, &["--json"]).await.status.code(), Some(1));
    let findings = findings(site).await;
    let wrong: Vec<_> = findings.iter().filter(|finding| finding["verdict"] == "wrong").collect();
    assert_eq!(wrong.len(), 1, "{findings:?}");
    assert_says(wrong[0], what, words);
    assert!(text.contains(what) && text.contains(words) && text.contains("at fault: "), "{text}");
}

/// That this is found doubtful, in these words, and nothing is wrong.
async fn assert_noted(site: &Site, what: &str, words: &str) {
    let findings = findings(site).await;
    assert!(findings.iter().all(|finding| finding["verdict"] != "wrong"), "{findings:?}");
    let said = |finding: &&Value| {
        finding["verdict"] == "doubtful"
            && finding["detail"].as_str().is_some_and(|detail| detail.contains(words))
    };
    let noted = findings.iter().find(said).unwrap_or_else(|| panic!("{words}: {findings:?}"));
    assert_says(noted, what, words);
}

fn assert_says(finding: &Value, what: &str, words: &str) {
    let has = |member: &str, part: &str| finding[member].as_str().is_some_and(|text| text.contains(part));
    assert!(has("what", what) && has("detail", words), "{finding}");
    assert!(!finding["fault"].is_null() && !finding["advice"].is_null(), "{finding}");
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
async fn revisions_that_a_server_speaks_are_told() {
    type Rule = fn(&fixture::recorder::Request) -> Reply;
    let unknown = |request: &fixture::recorder::Request| {
        let error = serde_json::json!({ "code": -32601, "message": "no" });
        let body = serde_json::json!({ "jsonrpc": "2.0", "id": request.json()["id"], "error": error });
        Reply::Respond(Response::json(&body))
    };
    let cases: [(Rule, &str); 3] = [
        (echo, "without sessions 2026-07-28 and with `initialize` 2025-11-25"),
        (
            |request| {
                if request.json()["method"] == "initialize" {
                    echo(request)
                } else {
                    Reply::Respond(Response::empty(400))
                }
            },
            "it speaks with `initialize` 2025-11-25; callers of",
        ),
        (
            |request| {
                if request.json()["method"] == "initialize" {
                    Reply::Respond(Response::empty(400))
                } else {
                    echo(request)
                }
            },
            "it speaks without sessions 2026-07-28; callers that",
        ),
    ];
    for (rule, words) in cases {
        let upstream = Recorder::new(rule).start().await.expect("an upstream");
        let site = Site::new(&http(&upstream), ALLOW_ALL).await;
        let findings = findings(&site).await;
        let server = findings.iter().find(|finding| finding["what"] == "server `up`").expect("a finding");
        assert!(server["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{server}");
        assert_eq!(server["verdict"], "good");
    }
    let upstream = Recorder::new(unknown).start().await.expect("an upstream");
    let site = Site::new(&http(&upstream), ALLOW_ALL).await;
    assert_found(&site, "server `up`", "neither `server/discover` nor `initialize`").await;
}

#[tokio::test]
async fn issuers_that_do_not_serve_are_named() {
    let (_upstream, site) = with(|text| text).await;
    let (mut before, mut after) = (site.issuer.url().to_owned(), NOWHERE_ELSE.to_owned());
    site.edit(|text| text.replace(&before, &after));
    assert_found(&site, "keys of issuer `demo`", "127.0.0.1:9").await;

    let (empty, _running) = Issuer::start(Settings::default()).await.expect("an issuer");
    let keys = empty.key_set().expect("keys");
    for key in keys["keys"].as_array().expect("keys") {
        empty.retire(key["kid"].as_str().expect("a name"));
    }
    (before, after) = (after, empty.url().to_owned());
    site.edit(|text| text.replace(&before, &after));
    assert_found(&site, "keys of issuer `demo`", "an empty key set").await;

    let clock = || fixture::clock::system() + 7_200;
    let (late, _running) = Issuer::start(Settings { clock, ..Settings::default() }).await.expect("an issuer");
    site.edit(|text| text.replace(&after, late.url()));
    assert_found(&site, "clock of issuer `demo`", " s ahead of that of this machine").await;
}

#[tokio::test]
async fn policies_about_what_is_not_there_are_noted() {
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let list = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    assert_eq!(gateway.post("alice", &[], list).await.status(), 200);
    let site = gateway.finish_running().await;
    let policy = site.directory.path().join("policies/test.cedar");
    let about = |resource: &str| {
        format!(r#"@id("a") permit (principal, action == Action::"tools/call", resource {resource});"#)
    };
    for (resource, words) in [
        (r#"in Server::"upp""#, "names the server `upp`, which is not configured"),
        (r#"== Tool::"up/effekt""#, "names the tool `up/effekt`, which the server does not list"),
    ] {
        std::fs::write(&policy, about(resource)).expect("written");
        assert_noted(&site, "policies", words).await;
    }
    std::fs::write(&policy, about(r#"== Tool::"up/effect""#)).expect("written");
    assert!(findings(&site).await.iter().all(|finding| finding["what"] != "policies"), "it is there");
}
