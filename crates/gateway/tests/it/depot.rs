//! Evidence packages through the API: made beside the calls, recorded, taken away, and sound.

use std::path::Path;

use countersign::app::epoch::{self, Successor};
use countersign::config;
use countersign::ledger::Declared;
use fixture::probe::{Probe, request};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::approval::eventually;
use crate::console::{Browser, setup_with};
use crate::harness::call;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auditor_has_a_package_made_hears_of_it_and_takes_it_away_on_record() {
    let setup = setup_with(3600, |text| format!("{text}evidence:\n  directory: shelf\n")).await;
    setup.gateway.post("alice", &[], &call(1, "look", &json!({}))).await;
    setup.gateway.running.gateway.ledger.publish().await.expect("a checkpoint");
    // Somebody reads what changes, as the page does.
    let host = setup.gateway.address().to_string();
    let token = format!("Bearer {}", setup.gateway.site.api_token("carol"));
    let fields = [("host", host.as_str()), ("authorization", token.as_str())];
    let mut events = Probe::connect(setup.gateway.address()).await.expect("a connection");
    events.send(&request("GET", "/api/v1/events", &fields, b"")).await.expect("sent");
    events.head().await.expect("an answer");

    let period = json!({ "from": "2020-01-01", "to": "2100-01-01", "sample": { "n": 1, "seed": "dice", "of": "calls" } });
    let begun = setup.gateway.api("carol", "POST", "/api/v1/evidence", &period).await;
    assert_eq!(begun.status(), 200, "{:?}", begun.body);
    let id = begun.json().expect("JSON")["id"].as_str().expect("an id").to_owned();
    loop {
        let event = events.event().await.expect("readable").expect("an event");
        if String::from_utf8_lossy(&event).contains("event: evidence") {
            break;
        }
    }
    let path = format!("/api/v1/evidence/{id}");
    let ready = eventually(|| async {
        let job = setup.gateway.api("carol", "GET", &path, &Value::Null).await.json().expect("JSON");
        assert_ne!(job["state"], "failed", "{job}");
        (job["state"] == "ready").then_some(job)
    })
    .await;
    assert_eq!(ready["content"]["populations"]["calls"], 1, "{ready}");

    let package = setup.gateway.api("carol", "GET", &format!("{path}/package"), &Value::Null).await;
    assert_eq!(json!(package.body.len()), ready["content"]["bytes"]);
    assert_eq!(package.head.field("content-type"), Some("application/zip"));
    let file = setup.gateway.site.directory.path().join("taken.zip");
    std::fs::write(&file, &package.body).expect("written");
    let key = setup.gateway.running.gateway.ledger.verifier_key().parse().expect("a key");
    let found = evidence::verify::verify(&file, Some(&key), &mut |_, _| ()).expect("readable");
    assert!(found.sound && found.package.is_some_and(|package| package.samples == 1), "{:?}", found.problems);
    let exported = setup.gateway.leaves_of("evidence.exported").await;
    assert_eq!(exported.len(), 1);
    assert_eq!(exported[0]["detail"]["manifest"], ready["content"]["manifest"]);
    assert_eq!((&exported[0]["actor"]["kind"], &ready["by"]), (&json!("human"), &exported[0]["actor"]["id"]));
    let viewed = setup.gateway.leaves_of("recording.viewed").await;
    assert!(viewed.iter().any(|leaf| leaf["detail"]["read"] == "evidence/{id}/package"), "{viewed:?}");
    assert_eq!(
        setup.gateway.api("alice", "GET", &format!("{path}/package"), &Value::Null).await.status(),
        403
    );
    assert!(setup.gateway.site.directory.path().join(format!("shelf/{id}.zip")).exists());
    setup.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn period_over_two_epochs_gives_a_package_of_each_and_one_key_verifies_both() {
    let mut setup = setup_with(3600, |text| text).await;
    setup.gateway.post("alice", &[], &call(1, "look", &json!({}))).await;
    let between = |file: &Path| {
        let config = config::load(file).expect("a configuration");
        let runtime = Handle::current();
        let sealed = epoch::seal(&config, "a new key each year", Successor::Epoch);
        runtime.block_on(sealed).expect("sealed");
        let begun = epoch::begin(&config, "a new key each year", Declared::Nothing, None);
        runtime.block_on(begun).expect("begun");
    };
    setup.gateway = setup.gateway.restart_after(between).await;
    setup.gateway.post("alice", &[], &call(2, "look", &json!({}))).await;
    setup.gateway.running.gateway.ledger.publish().await.expect("a checkpoint");

    let period = json!({ "from": "2020-01-01", "to": "2100-01-01" });
    let begun = setup.gateway.api("carol", "POST", "/api/v1/evidence", &period).await;
    assert_eq!(begun.json().expect("JSON")["epoch"], 1, "{:?}", begun.body);
    let made = |count: usize| {
        let gateway = &setup.gateway;
        eventually(move || async move {
            let listed = gateway.api("carol", "GET", "/api/v1/evidence", &Value::Null).await;
            let packages = listed.json().expect("JSON")["packages"].as_array().expect("a list").clone();
            assert!(packages.iter().all(|package| package["state"] != "failed"), "{packages:?}");
            let ready = packages.iter().filter(|package| package["state"] == "ready").count();
            (ready == count).then_some(packages)
        })
    };
    // One after the other.
    made(1).await;
    let ready = made(2).await;
    let key = setup.gateway.running.gateway.ledger.verifier_key().parse().expect("a key");
    for (package, number) in ready.iter().zip([2, 1]) {
        assert_eq!(
            (&package["epoch"], &package["content"]["populations"]["calls"]),
            (&json!(number), &json!(1))
        );
        let path = format!("/api/v1/evidence/{}/package", package["id"].as_str().expect("an id"));
        let taken = setup.gateway.api("carol", "GET", &path, &Value::Null).await;
        let named = taken.head.field("content-disposition").expect("a name");
        assert!(named.ends_with(&format!(".epoch-{number}.zip\"")), "{named}");
        let file = setup.gateway.site.directory.path().join(format!("{number}.zip"));
        std::fs::write(&file, &taken.body).expect("written");
        let found = evidence::verify::verify(&file, Some(&key), &mut |_, _| ()).expect("readable");
        assert!(found.sound, "{:?}", found.problems);
    }
    setup.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn package_that_cannot_be_made_says_so_and_leaves_nothing() {
    let setup = setup_with(3600, |text| text).await;
    let period = json!({ "from": "2001-01-01", "to": "2001-01-02" });
    let mut browser = Browser::default();
    browser.sign_in(&setup, "carol").await;
    let begun = browser.post(&setup, "/api/v1/evidence", &period).await;
    assert_eq!(begun.status(), 200, "{:?}", begun.body);
    let failed = eventually(|| async {
        let listed =
            setup.gateway.api("carol", "GET", "/api/v1/evidence", &Value::Null).await.json().expect("JSON");
        (listed["packages"][0]["state"] == "failed").then(|| listed["packages"][0].clone())
    })
    .await;
    assert!(
        failed["fault"].as_str().is_some_and(|fault| fault.contains("no signed leaf of this period")),
        "{failed}"
    );
    assert!(setup.gateway.leaves_of("evidence.exported").await.is_empty());
    let shelf = setup.gateway.site.directory.path().join("data/packages");
    assert_eq!(std::fs::read_dir(shelf).expect("readable").count(), 1, "only the note that it failed");
    for wrong in [
        json!({ "from": "2026-01-02", "to": "2026-01-01" }),
        json!({ "from": "2026-01-01" }),
        json!({ "from": "2026-01-01", "to": "2026-01-02", "more": 1 }),
        json!({ "from": "2026-01-01", "to": "2026-01-02", "sample": { "n": 0, "seed": "x" } }),
        json!({ "from": "2026-01-01", "to": "2026-01-02", "sample": { "n": 1, "seed": "x", "of": "principals" } }),
    ] {
        let refused = setup.gateway.api("carol", "POST", "/api/v1/evidence", &wrong).await;
        assert_eq!(refused.status(), 400, "{wrong}");
    }
    setup.finish().await;
}
