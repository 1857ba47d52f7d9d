//! `countersign approvals`, as people type it.

use std::process::Output;

use serde_json::json;

use super::{POLICIES, Setup, answer, setup};

/// Runs the command as `person`.
async fn run(setup: &Setup, person: &str, arguments: &[&str]) -> Output {
    let token = setup.gateway.site.api_token(person);
    setup.gateway.command(&token, &[&["approvals"], arguments].concat()).await
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approver_looks_and_decides_from_the_command_line() {
    let setup = setup(POLICIES, 20_000).await;
    let arguments = json!({ "query": "DROP TABLE orders -- \u{202e}", "limit": 3 });
    let mut waiting = setup.held(1, &arguments).await;
    let id = setup.one().await;

    let listed = text(&run(&setup, "bob", &["list"]).await);
    assert!(
        listed.contains(&id) && listed.contains("tools/call up/effect") && listed.contains("may decide"),
        "{listed}"
    );
    let shown = text(&run(&setup, "bob", &["show", &id]).await);
    println!("{listed}\n{shown}");
    assert!(shown.contains("demo/alice (human)") && shown.contains("held by     held"), "{shown}");
    assert!(
        shown.contains("\"DROP TABLE orders -- \\u{202e}\"") && shown.contains("turn the direction"),
        "{shown}"
    );

    let own = run(&setup, "alice", &["approve", &id]).await;
    let refused = String::from_utf8_lossy(&own.stderr).into_owned();
    assert!(!own.status.success() && refused.contains("nobody decides on their own call"), "{refused}");
    let approved = text(&run(&setup, "bob", &["approve", &id, "--reason", "agreed"]).await);
    println!("{approved}");
    assert!(approved.starts_with("approved: tools/call up/effect"), "{approved}");
    assert!(answer(&waiting.response().await.expect("an answer"))["result"]["isError"].is_null());

    let all = text(&run(&setup, "bob", &["list", "--all", "--json"]).await);
    let all: serde_json::Value = serde_json::from_str(&all).expect("JSON");
    assert_eq!(all["approvals"][0]["state"], "used");
    assert!(text(&run(&setup, "bob", &["list"]).await).contains("no call waits"));
    assert!(text(&run(&setup, "bob", &["deliveries"]).await).contains("has arrived"));
    let file = setup.gateway.site.directory.path().join("data/countersign.db");
    let intruder = rusqlite::Connection::open(file).expect("a database");
    intruder.execute("UPDATE approval SET binding = X'00'", []).expect("changed");
    let ruined = text(&run(&setup, "bob", &["list", "--all"]).await);
    assert!(ruined.contains(&id) && ruined.contains("unreadable"), "{ruined}");
    setup.gateway.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejection_needs_a_reason_and_a_token_may_come_from_a_file() {
    let setup = setup(POLICIES, 20_000).await;
    let waiting = setup.held(1, &json!({})).await;
    let id = setup.one().await;
    assert!(!run(&setup, "bob", &["reject", &id]).await.status.success(), "no reason");
    let file = setup.gateway.site.directory.path().join("token");
    std::fs::write(&file, format!("{}\n", setup.gateway.site.api_token("carol"))).expect("written");
    let file = file.to_str().expect("UTF-8");
    let rejected =
        text(&run(&setup, "mallory", &["reject", &id, "--reason", "wrong", "--token-file", file]).await);
    assert!(rejected.starts_with("rejected:"), "{rejected}");
    drop(waiting);
    setup.gateway.finish().await;
}
