//! What the API shows: calls, sessions, tools, policies, the log, and that something changed.

use base64::Engine as _;
use countersign::follower::Follower;
use countersign::store::{mark, tree};
use evidence::checkpoint::Checkpoint;
use evidence::merkle::{Hash, leaf_hash, verify_inclusion};
use fixture::probe::{Probe, event_data, request};
use serde_json::{Value, json};

use super::{Setup, setup};
use crate::harness::call;

async fn get(setup: &Setup, person: &str, path: &str) -> Value {
    let answer = setup.gateway.api(person, "GET", &format!("/api/v1/{path}"), &Value::Null).await;
    assert_eq!(answer.status(), 200, "{path}: {:?}", answer.body);
    answer.json().expect("JSON")
}

async fn follow(setup: &Setup) {
    setup.gateway.running.gateway.ledger.sequence().await.expect("sequenced");
    let db = &setup.gateway.running.gateway.db;
    let follower = Follower::new(db.clone());
    let size = db.read("tip", tree::tip).await.expect("readable").expect("a log").size;
    // The gateway follows too: a step that it took is no step of ours.
    while db.read("followed", mark::at).await.expect("readable").size < size {
        follower.step().await.expect("followed");
    }
}

#[tokio::test]
async fn message_that_somebody_removed_is_missing_and_not_said_to_be_erased() {
    let setup = setup().await;
    setup.gateway.post("alice", &[], &call(1, "look", &json!({}))).await;
    let file = setup.gateway.site.directory.path().join("data/countersign.db");
    let intruder = rusqlite::Connection::open(file).expect("a database");
    intruder.busy_timeout(std::time::Duration::from_secs(20)).expect("patience");
    let intent = setup.gateway.leaves_of("call.intent").await.remove(0);
    assert_eq!(intruder.execute("DELETE FROM payload", []).expect("removed"), 2);
    drop(intruder);
    let id = intent["call"].as_str().expect("an id");
    let whole = get(&setup, "carol", &format!("calls/{id}")).await;
    for part in whole["parts"].as_array().expect("a list") {
        assert_eq!((&part["body_missing"], &part["erased_by"]), (&json!("missing"), &Value::Null), "{part}");
        let because = part["body_missing_because"].as_str().expect("a sentence");
        assert!(because.contains("no leaf says"), "{part}");
    }
    setup.gateway.finish().await;
}

#[tokio::test]
async fn calls_are_found_by_what_they_are_about_and_shown_with_what_was_said() {
    let setup = setup().await;
    for id in 0..5 {
        setup.gateway.post("alice", &[], &call(id, "look", &json!({ "marker": id }))).await;
    }
    setup.gateway.post("bob", &[], &call(9, "paint", &json!({}))).await;
    follow(&setup).await;
    // Before anything is asked that is refused, and counted when the gateway follows it.
    let activity = get(&setup, "alice", "activity?window=15m").await;
    assert_eq!((&activity["totals"]["calls"], &activity["totals"]["denied"]), (&json!(6), &json!(0)));
    assert!(activity["totals"]["p99_us"].is_u64(), "{activity}");

    let count = async |query: &str| {
        let found = get(&setup, "carol", &format!("calls?{query}")).await;
        found["calls"].as_array().expect("calls").len()
    };
    assert_eq!(count("tool=look").await, 5);
    assert_eq!(count("text=TOOLS&person=demo%2Fbob").await, 1);
    assert_eq!(count("text=paint").await, 0, "what no list named is not written down");
    assert_eq!(count("person=demo%2Falice&decision=allow&server=up").await, 5);
    assert_eq!(count("decision=deny").await, 0);
    assert_eq!(count("tool=look&from=2100-01-01T00:00:00Z").await, 0);
    assert_eq!(count("status=ok&tool=paint").await, 1);
    assert_eq!(count("status=timeout").await, 0);

    let first = get(&setup, "carol", "calls?tool=look&limit=3").await;
    let next = first["next"].as_str().expect("more");
    let second = get(&setup, "carol", &format!("calls?tool=look&limit=3&before={next}")).await;
    assert_eq!(
        (first["calls"].as_array().map(Vec::len), second["calls"].as_array().map(Vec::len)),
        (Some(3), Some(2))
    );

    let one = &first["calls"][0];
    assert_eq!(
        (&one["person"]["id"], &one["effect"], &one["status"]),
        (&json!("demo/alice"), &json!("allow"), &json!("ok"))
    );
    let id = one["call"].as_str().expect("an id");
    let whole = get(&setup, "carol", &format!("calls/{id}")).await;
    let said: Value =
        serde_json::from_str(whole["parts"][0]["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(said["params"]["arguments"]["marker"], json!(4));
    let refused = setup.gateway.api("bob", "GET", &format!("/api/v1/calls/{id}"), &Value::Null).await;
    assert_eq!(refused.status(), 403, "an administrator is no auditor");

    let sessions = get(&setup, "carol", "sessions?tool=paint").await;
    assert_eq!(
        (sessions["sessions"].as_array().map(Vec::len), &sessions["sessions"][0]["matched"]),
        (Some(1), &json!(1))
    );
    let session = sessions["sessions"][0]["id"].as_str().expect("an id");
    let shown = get(&setup, "carol", &format!("sessions/{session}")).await;
    assert_eq!(shown["calls"][0]["target"]["name"], json!("paint"));
    setup.finish().await;
}

#[tokio::test]
async fn browser_can_verify_the_log_by_itself() {
    let setup = setup().await;
    for id in 0..300 {
        setup.gateway.post("alice", &[], &call(id, "look", &json!({}))).await;
    }
    follow(&setup).await;
    setup.gateway.running.gateway.ledger.publish().await.expect("a checkpoint");
    follow(&setup).await;
    let log = get(&setup, "carol", "log").await;
    let key = log["key"].as_str().expect("a key").parse().expect("a key");
    let note = setup.gateway.api("carol", "GET", "/api/v1/log/checkpoint", &Value::Null).await.body;
    let (signed, _) = Checkpoint::open(&note, &key).expect("signed");
    assert!(signed.size > 512, "{}", signed.size);
    for index in [0, 255, 256, signed.size - 1] {
        let proof = get(&setup, "carol", &format!("log/proof/{index}?size={}", signed.size)).await;
        let leaves = get(&setup, "carol", &format!("log/leaves?from={index}&n=1")).await;
        let raw = leaves["leaves"][0]["raw"].as_str().expect("bytes");
        let raw = base64::engine::general_purpose::STANDARD.decode(raw).expect("base64");
        let path: Vec<Hash> = proof["path"]
            .as_array()
            .expect("a path")
            .iter()
            .map(|hash| hash.as_str().expect("text").parse().expect("a hash"))
            .collect();
        verify_inclusion(&leaf_hash(&raw), index, signed.size, &path, &signed.root).expect("included");
    }
    let tile = setup.gateway.api("carol", "GET", "/api/v1/log/tile/0/000", &Value::Null).await;
    let upper = setup.gateway.api("carol", "GET", "/api/v1/log/tile/1/000.p/2", &Value::Null).await;
    let bundle = setup.gateway.api("carol", "GET", "/api/v1/log/tile/entries/000", &Value::Null).await.body;
    assert_eq!((tile.body.len(), upper.body.len()), (256 * 32, 2 * 32));
    let first = evidence::tile::Entries::new(&bundle).next().expect("an entry").expect("whole");
    assert_eq!(tile.body[..32], *leaf_hash(first).as_bytes());
    let beyond = setup.gateway.api("carol", "GET", "/api/v1/log/tile/0/999", &Value::Null).await;
    assert_eq!(beyond.status(), 404);
    setup.finish().await;
}

#[tokio::test]
async fn policies_are_read_checked_compared_and_tried() {
    let setup = setup().await;
    let shown = get(&setup, "alice", "policies").await;
    assert_eq!((&shown["files"][0]["name"], &shown["rejected"]), (&json!("test.cedar"), &Value::Null));
    let post = async |path: &str, body: Value| {
        let answer = setup.gateway.api("alice", "POST", &format!("/api/v1/policies/{path}"), &body).await;
        assert_eq!(answer.status(), 200, "{path}: {:?}", answer.body);
        answer.json().expect("JSON")
    };
    let files = |text: &str| json!([{ "name": "a.cedar", "text": text }]);
    let wrong =
        post("check", json!({ "files": files("permit (principal, action == Action::\"fly\", resource);") }))
            .await;
    assert_eq!((&wrong["valid"], &wrong["problems"][0]["file"]), (&json!(false), &json!("a.cedar")));
    let other = "@id(\"call\") permit (principal, action == Action::\"tools/call\", resource);";
    let diff = post("diff", json!({ "files": files(other) })).await;
    assert_eq!((&diff["changed"][0]["id"], &diff["added"]), (&json!("call"), &json!([])));
    let tried = json!({ "issuer": "demo", "subject": "alice", "groups": ["support"], "server": "up",
        "method": "tools/call", "tool": "effect", "arguments": {} });
    let held = post("try", json!({ "call": tried })).await;
    assert_eq!((&held["effect"], &held["policies"]), (&json!("hold"), &json!(["held"])));
    let allowed = post("try", json!({ "call": tried, "files": files(other) })).await;
    assert_eq!(allowed["effect"], json!("allow"));
    setup.finish().await;
}

/// A stream of events that `person` reads.
async fn listen(setup: &Setup, person: &str) -> Probe {
    let (host, token) = (setup.gateway.address().to_string(), setup.gateway.site.api_token(person));
    let bearer = format!("Bearer {token}");
    let fields = [("host", &*host), ("authorization", &*bearer)];
    let mut probe = Probe::connect(setup.gateway.address()).await.expect("a connection");
    probe.send(&request("GET", "/api/v1/events", &fields, b"")).await.expect("sent");
    assert_eq!(probe.head().await.expect("an answer").status(), Some(200));
    probe
}

/// Names and ids of the events up to where all of `names` were heard.
async fn hear_of(probe: &mut Probe, names: &[&str]) -> Vec<String> {
    let mut heard: Vec<String> = Vec::new();
    while !names.iter().all(|name| heard.iter().any(|one| one.starts_with(name))) {
        let event = probe.event().await.expect("readable").expect("an event");
        let text = String::from_utf8_lossy(&event).into_owned();
        assert!(!text.contains("s3cr3t") && !text.contains("alice"), "{text}");
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        if field("event: ").is_empty() {
            continue;
        }
        serde_json::from_str::<Value>(&event_data(&event)).expect("JSON");
        heard.push(format!("{} {}", field("event: "), field("id: ")));
    }
    heard
}

#[tokio::test]
async fn page_is_told_that_something_changed_and_nothing_else() {
    let setup = setup().await;
    let mut all = listen(&setup, "bob").await;
    let mut little = listen(&setup, "mallory").await;
    let waiting =
        setup.gateway.send("alice", "POST", &[], &call(1, "effect", &json!({ "secret": "s3cr3t" }))).await;
    hear_of(&mut all, &["approvals", "log"]).await;
    // Who has no role learns that there is something to ask for, and nothing of how much goes on.
    let heard = hear_of(&mut little, &["approvals"]).await;
    assert_eq!(heard, ["hello 0", "approvals 0"]);
    drop(waiting);
    setup.finish().await;
}

#[tokio::test]
async fn server_does_as_it_was_seen_to_do_last() {
    let Setup { gateway, upstream } = setup().await;
    let standing = async || {
        let listed = gateway.api("alice", "GET", "/api/v1/servers", &Value::Null).await;
        listed.json().expect("JSON")["servers"][0].clone()
    };
    let before = standing().await;
    assert_eq!(
        (&before["health"], &before["since"]),
        (&json!("unknown"), &Value::Null),
        "nobody asked it yet"
    );
    gateway.post("alice", &[], &call(1, "look", &json!({}))).await;
    let well = standing().await;
    assert_eq!((&well["health"], &well["detail"]), (&json!("ok"), &Value::Null));
    assert_eq!(well["since"], well["last_success"]);
    upstream.stop().await.expect("an orderly end");
    for id in 2..4 {
        gateway.post("alice", &[], &call(id, "look", &json!({}))).await;
    }
    let failing = standing().await;
    assert_eq!((&failing["health"], &failing["last_success"]), (&json!("failing"), &well["last_success"]));
    assert!(failing["since"].as_str() > well["since"].as_str(), "{failing}");
    assert!(failing["detail"].as_str().expect("a detail").ends_with("2 times in a row"), "{failing}");
    gateway.finish().await;
}
