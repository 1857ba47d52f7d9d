//! The commands that show evidence, on a log that a gateway wrote, beside it and after it.

use std::path::Path;
use std::process::{Command, Output};

use crate::harness::{Place, intent, outcome};

const CONFIG: &str = "\
deployment: test
listen:
  address: 127.0.0.1:8080
  public_url: http://127.0.0.1:8080
storage:
  directory: .
identity:
  service_keys: accepted
policy:
  directory: policies
servers:
  - name: postgres
    http: { url: https://upstream.example/mcp }
";

#[tokio::test]
async fn log_is_shown_and_filtered_beside_a_running_gateway() {
    let place = Place::new();
    let ledger = place.start();
    let opened = ledger.open(intent("{}")).await.unwrap();
    let call = opened.call().to_string();
    ledger.close(opened, outcome("{}")).await.unwrap();
    ledger.sequence().await.unwrap();
    let all = run(&place, &["log", "show"]);
    assert_eq!(all.lines().count(), 7, "{all}");
    assert!(all.lines().nth(5).unwrap().contains("call.intent"), "{all}");
    assert!(all.contains("postgres tools/call query allow"), "{all}");
    let of_call = run(&place, &["log", "show", "--call", &call, "--json"]);
    let events: Vec<String> = of_call
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["leaf"]["type"].as_str().unwrap().into()
        })
        .collect();
    assert_eq!(events, ["call.intent", "call.outcome"]);
    assert_eq!(run(&place, &["log", "show", "--actor", "corp/00u-alice"]).lines().count(), 1);
    assert_eq!(run(&place, &["log", "show", "--type", "call.denied"]), "");
    assert_eq!(run(&place, &["log", "show", "--index", "5..7", "--type", "call.outcome"]).lines().count(), 1);
    assert_eq!(run(&place, &["log", "tail", "-n", "2"]).lines().count(), 2);
    let wrong = command(&place, &["log", "show", "--type", "call.wrong"]);
    assert_eq!(wrong.status.code(), Some(2));
    ledger.stop().await.unwrap();
}

#[tokio::test]
async fn session_is_listed_shown_and_replayed_and_the_replay_is_recorded() {
    let place = Place::new();
    let ledger = place.start();
    let opened = ledger.open(intent(r#"{"jsonrpc":"2.0","question":"\u001b[31m what"}"#)).await.unwrap();
    ledger.close(opened, outcome("\"answered \u{9d}0;title\u{9c}\"")).await.unwrap();
    let session = "05050505-0505-0505-0505-050505050505";
    let list = run(&place, &["session", "list"]);
    assert!(list.lines().any(|line| line.contains(session)), "{list}");
    let show = run(&place, &["session", "show", session]);
    assert!(show.contains("ok after") && !show.contains("question"), "{show}");
    let replay = run(&place, &["session", "replay", session]);
    assert!(replay.contains(">>   \"question\":") && replay.contains("<< \"answered"), "{replay}");
    assert!(!replay.contains(['\x1b', '\u{9d}', '\u{9c}']), "{replay:?}");
    let json = run(&place, &["session", "replay", session, "--json"]);
    let exchange: serde_json::Value = serde_json::from_str(json.trim()).unwrap();
    assert_eq!(exchange["leaves"][1]["body"], "\"answered \u{9d}0;title\u{9c}\"");
    ledger.collect().await.unwrap();
    ledger.stop().await.unwrap();
    assert_eq!(place.events()[7..], ["recording.viewed", "recording.viewed", "gateway.stopped"]);
    let unknown = command(&place, &["session", "show", "00000000-0000-7000-8000-000000000000"]);
    assert!(!unknown.status.success());
    place.assert_sound();
}

#[tokio::test]
async fn export_verifies_and_a_changed_export_does_not() {
    let place = Place::new();
    let ledger = place.start();
    for _ in 0..300 {
        let opened = ledger.open(intent("{}")).await.unwrap();
        ledger.close(opened, outcome("{}")).await.unwrap();
    }
    ledger.stop().await.unwrap();
    let target = place.path().join("export");
    let target = target.to_str().unwrap();
    let exported = run(&place, &["export", "-o", target]);
    assert!(exported.starts_with("606 leaves written"), "{exported}");
    let key = place.path().join("keys/log.pub");
    let key = key.to_str().unwrap();
    run(&place, &["verify", target, "--key", key]);
    let bundle = Path::new(target).join("tile/entries/000");
    let mut bytes = std::fs::read(&bundle).unwrap();
    bytes[1_000] ^= 1;
    std::fs::write(&bundle, bytes).unwrap();
    let found = command(&place, &["verify", target, "--key", key, "--json"]);
    assert_eq!(found.status.code(), Some(1));
    let findings: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(findings["sound"], false);
    let again = command(&place, &["export", "-o", target]);
    assert!(!again.status.success());
}

fn run(place: &Place, arguments: &[&str]) -> String {
    let output = command(place, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn command(place: &Place, arguments: &[&str]) -> Output {
    std::fs::create_dir_all(place.path().join("policies")).unwrap();
    let config = place.path().join("countersign.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments);
    if arguments[0] != "verify" {
        command.arg("--config").arg(config);
    }
    command.output().unwrap()
}
