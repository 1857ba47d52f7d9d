//! Which configuration a gateway runs with is on record: by hash, without secrets, and what changed.

use fixture::recorder::{Recorder, echo};
use serde_json::Value;

use crate::harness::{ALLOW_ALL, Harness};

#[tokio::test]
async fn configuration_is_recorded_when_it_differs_from_the_last_one_and_holds_no_secret() {
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let first = gateway.leaves_of("config.changed").await;
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!(first[0]["detail"].get("previous"), None);

    // The same again is no change.
    let gateway = gateway.restart_after(|_| ()).await;
    assert_eq!(gateway.leaves_of("config.changed").await, first);

    let edit = |file: &std::path::Path| {
        let text = std::fs::read_to_string(file).expect("readable");
        let more = "masking:\n  off: [ipv4]\n  allow: [hunter2-hunter2@example.com]\nservers:\n  - name: other\n    stdio:\n      \
                    command: [cat, hunter3]\n      environment: { TOKEN: hunter4 }\n";
        std::fs::write(file, text.replace("servers:\n", more)).expect("written");
    };
    // What runs with it is read at start, so a new start it takes.
    let site = gateway.finish_running().await;
    edit(&site.file);
    let gateway = Harness::at(site).await;
    let changed = gateway.leaves_of("config.changed").await;
    assert_eq!(changed.len(), 2, "{changed:?}");
    let detail = &changed[1]["detail"];
    assert_eq!(detail["previous"], first[0]["detail"]["configuration"]);
    let names: Vec<&str> =
        detail["weakened"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(names.len() == 2 && names[0].starts_with("masking.allow[[hidden "), "{detail}");
    assert_eq!(names[1], "masking.off[ipv4]");
    assert!(detail["added"].to_string().contains("servers[other].stdio.environment.TOKEN"), "{detail}");

    let hash: evidence::merkle::Hash =
        detail["configuration"].as_str().expect("a hash").parse().expect("a hash");
    let found = gateway
        .running
        .gateway
        .db
        .read("test", move |read| countersign::store::document::find(read, hash.as_bytes()));
    let (kind, document) = found.await.expect("readable").expect("a document");
    assert_eq!((kind.as_str(), evidence::merkle::Hash::of(&document)), ("configuration", hash));
    let document = String::from_utf8(document).expect("UTF-8");
    assert!(document.contains("\"cat\"") && !document.contains("hunter"), "{document}");
    gateway.finish().await;
}
