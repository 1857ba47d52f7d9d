//! `countersign breakglass`, as two administrators type it, and as others try to.

use std::process::Output;

use fixture::issuer::{Issuer, Person, Settings};
use serde_json::{Value, json};

use super::{answer, eventually, refused};
use crate::console::{Setup, setup_with};
use crate::harness::{Harness, call};

/// Runs the command with a credential.
async fn run(gateway: &Harness, token: &str, arguments: &[&str]) -> Output {
    gateway.command(token, &[&["breakglass"], arguments].concat()).await
}

async fn said(gateway: &Harness, person: &str, arguments: &[&str]) -> String {
    let output = run(gateway, &gateway.site.api_token(person), arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("$ countersign breakglass {}\n{text}", arguments.join(" "));
    text
}

/// Why the command was refused: it says what to do.
async fn no(gateway: &Harness, token: &str, arguments: &[&str]) -> String {
    let output = run(gateway, token, arguments).await;
    assert!(!output.status.success() && output.stdout.is_empty());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    println!("$ countersign breakglass {}\n{text}", arguments.join(" "));
    text
}

/// The id in what was printed.
fn id(text: &str) -> String {
    text.split_whitespace().nth(1).expect("an id").to_owned()
}

async fn effect(gateway: &Harness, id: u64) -> fixture::probe::Response {
    gateway.post("alice", &[], &call(id, "effect", &json!({ "n": id }))).await
}

const PROPOSE: [&str; 9] =
    ["propose", "--server", "up", "--for", "demo/alice", "--minutes", "15", "--reason", "nobody is there"];

/// A gateway that gives roles to people of two issuers: `demo`, and one at which bob has two more accounts.
async fn setup() -> (Setup, Issuer, fixture::loopback::Running) {
    let mut robert = Person::new("robert", &["operations"]);
    "BOB@example.com".clone_into(&mut robert.email);
    let people = vec![Person::new("bob", &["operations"]), robert, Person::new("dora", &["operations"])];
    let (other, issuing) =
        Issuer::start(Settings { people, ..Settings::default() }).await.expect("an issuer");
    let url = other.url().to_owned();
    let setup = setup_with(3600, |text| {
        let issuer = format!(
            "    - name: partner\n      url: {url}\n      console:\n        client_id: console\n        \
             client_secret: {{ file: console.secret }}\npolicy:"
        );
        let text = text.replacen("identity:\n", "identity:\n  service_keys: accepted\n", 1);
        format!("{}approvals:\n  wait_ms: 100\n", text.replacen("policy:", &issuer, 1))
    })
    .await;
    (setup, other, issuing)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_administrators_break_the_glass_from_the_command_line_and_one_mends_it() {
    let (setup, _other, issuing) = setup().await;
    let gateway = &setup.gateway;
    let proposed = said(gateway, "bob", &PROPOSE).await;
    for part in ["  proposed", "nobody is there", "up", "demo/alice", "proposed by  demo/bob"] {
        assert!(proposed.contains(part), "{part}: {proposed}");
    }
    let window = id(&proposed);
    assert_eq!(refused(&effect(gateway, 1).await), "approval_pending", "one person is not enough");
    let entered = said(gateway, "carol", &["confirm", &window]).await;
    assert!(entered.contains("  entered") && entered.contains("confirmed by demo/carol"), "{entered}");
    assert_eq!(answer(&effect(gateway, 2).await)["result"]["content"][0]["text"], json!(r#"{"n":2}"#));
    // Any administrator, alone, before its time.
    let ended = said(gateway, "bob", &["end", &window]).await;
    assert!(ended.contains("  ended") && ended.contains(": ended"), "{ended}");
    assert_eq!(refused(&effect(gateway, 3).await), "approval_pending");
    let again = no(gateway, &gateway.site.api_token("carol"), &["end", &window]).await;
    assert!(again.contains("it is ended already") && again.contains("breakglass list"), "{again}");
    let listed: Value =
        serde_json::from_str(&said(gateway, "carol", &["list", "--json"]).await).expect("JSON");
    assert_eq!(listed["windows"][0]["id"], json!(window));
    setup.finish().await;
    issuing.stop().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn window_that_is_confirmed_from_the_command_line_ends_at_its_time() {
    let (setup, _other, issuing) = setup().await;
    let gateway = &setup.gateway;
    let wish = json!({ "reason": "x", "servers": ["up"], "seconds": 2, "people": ["demo/alice"] });
    let proposed = gateway.api("bob", "POST", "/api/v1/breakglass", &wish).await.json().expect("JSON");
    let window = proposed["id"].as_str().expect("an id").to_owned();
    said(gateway, "carol", &["confirm", &window]).await;
    eventually(|| async { said(gateway, "bob", &["list"]).await.contains(": expired").then_some(()) }).await;
    assert_eq!(refused(&effect(gateway, 1).await), "approval_pending");
    setup.finish().await;
    issuing.stop().await.expect("an orderly end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_person_is_none_under_another_name_nor_a_program_nor_whoever_lacks_the_role() {
    let (setup, other, issuing) = setup().await;
    let gateway = &setup.gateway;
    let api = format!("http://{}/api", gateway.site.host());
    let key = service_key(gateway).await;
    let window = id(&said(gateway, "bob", &PROPOSE).await);
    let agent = json!({ "sub": "carol", "aud": api, "client_id": "bot", "groups": ["operations"],
                        "act": { "sub": "agent-7" } });
    let agent = gateway.site.issuer.mint(&agent).expect("a token");
    let of_partner = |subject: &str| other.token_for(subject, &api).expect("a token");
    let own = |person: &str| gateway.site.api_token(person);
    let cases = [
        ("the same person", own("bob"), "ask another administrator to confirm it"),
        ("their subject elsewhere", of_partner("bob"), "ask another administrator to confirm it"),
        ("their address elsewhere", of_partner("robert"), "ask another administrator to confirm it"),
        ("an agent of somebody else", agent, "only a person can do this, signed in as themselves"),
        ("a service key with the group", key, "only a person can do this|ask whoever writes its policies"),
        ("somebody without the role", own("alice"), "ask whoever writes its policies"),
        ("somebody without any group", own("mallory"), "ask whoever writes its policies"),
    ];
    for (who, token, words) in &cases {
        for step in [&["confirm", &window][..], &["end", &window], &PROPOSE] {
            // Whoever proposed it may end it, and propose another, also under another name of theirs.
            if step[0] != "confirm" && words.contains("another administrator") {
                continue;
            }
            let refused = no(gateway, token, step).await;
            let told = words.split('|').any(|words| refused.contains(words));
            assert!(told, "{who}, {step:?}: {refused}");
        }
        assert_eq!(gateway.running.gateway.approvals.broken_glass(), 0, "{who}");
    }
    assert!(gateway.leaves_of("breakglass.entered").await.is_empty());
    assert_eq!(gateway.leaves_of("breakglass.proposed").await.len(), 1);
    // Somebody else of the other issuer is a second person.
    let done = run(gateway, &of_partner("dora"), &["confirm", &window]).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(gateway.running.gateway.approvals.broken_glass(), 1);
    setup.finish().await;
    issuing.stop().await.expect("an orderly end");
}

/// A service key in the group of administrators, once the gateway knows it.
async fn service_key(gateway: &Harness) -> String {
    let made = tokio::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["key", "create", "--kind", "service", "--all-servers", "--group", "operations"])
        .args(["--name", "robot", "--json", "-c"])
        .arg(&gateway.site.file)
        .output()
        .await
        .expect("it runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let key = made["key"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    // The first such leaf is about the keys of the log.
    let id = &made["id"];
    eventually(|| async {
        let created = gateway.leaves_of("key.created").await;
        created.into_iter().find(|leaf| leaf["detail"]["key"] == *id)
    })
    .await;
    key
}
