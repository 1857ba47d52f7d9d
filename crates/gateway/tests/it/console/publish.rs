//! Publishing policies: what one person proposed, another puts in force, and it is on record.

use countersign::publication::NotPublished;
use serde_json::{Value, json};

use super::{Browser, POLICIES, Setup, setup_at};
use crate::approval::eventually;

const MORE: &str = r#"
    @id("more") permit (principal in Group::"support", action == Action::"tools/call", resource)
    when { resource.name == "more" };
"#;

async fn setup(consent: &str) -> Setup {
    setup_at("http://127.0.0.1", POLICIES, 3600, |text| {
        let publish = format!("policy:\n  publish: {{ consent: {consent} }}\n");
        text.replacen("policy:\n", &publish, 1)
    })
    .await
}

async fn signed_in(setup: &Setup, person: &str) -> Browser {
    let mut browser = Browser::default();
    browser.sign_in(setup, person).await;
    browser
}

fn files(text: &str) -> Value {
    json!({ "files": [{ "name": "test.cedar", "text": text }] })
}

async fn post(setup: &Setup, browser: &mut Browser, what: &str, body: &Value) -> (u16, Value) {
    let answer = browser.post(setup, &format!("/api/v1/policies/{what}"), body).await;
    (answer.status(), answer.json().expect("JSON"))
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

async fn set(setup: &Setup, browser: &mut Browser) -> String {
    let policies = browser.get(setup, "/api/v1/policies").await.json().expect("JSON");
    policies["set"].as_str().expect("a set").to_owned()
}

#[tokio::test]
async fn set_that_one_person_proposed_comes_in_force_by_another_and_both_are_on_record() {
    let setup = setup("second_person").await;
    let (mut bob, mut carol) = (signed_in(&setup, "bob").await, signed_in(&setup, "carol").await);
    let before = set(&setup, &mut bob).await;
    let (status, proposal) = post(&setup, &mut bob, "propose", &files(&format!("{POLICIES}{MORE}"))).await;
    assert_eq!((status, &proposal["own"], &proposal["may_publish"]), (200, &json!(true), &json!(false)));
    let wanted = json!({ "proposal": proposal["id"], "set": proposal["set"] });

    let own = post(&setup, &mut bob, "publish", &wanted).await;
    assert_eq!(code(&own), (403, "second_person_required"));
    let other = json!({ "proposal": proposal["id"], "set": before });
    assert_eq!(code(&post(&setup, &mut carol, "publish", &other).await), (409, "stale"));
    assert_eq!(set(&setup, &mut bob).await, before, "nothing happened");
    let listed = carol.get(&setup, "/api/v1/policies/proposals").await.json().expect("JSON");
    assert_eq!(listed["publishing"], json!("second_person"));
    assert_eq!(listed["proposals"][0]["may_publish"], json!(true), "{listed}");
    let (status, published) = post(&setup, &mut carol, "publish", &wanted).await;
    assert_eq!((status, &published["set"]), (200, &proposal["set"]), "{published}");
    assert_eq!(code(&post(&setup, &mut carol, "publish", &wanted).await), (404, "unknown"));

    let leaves = setup.gateway.leaves_of("policy.published").await;
    let leaf = leaves.last().expect("a leaf");
    let proposed = setup.gateway.leaves_of("policy.proposed").await;
    assert_eq!(leaf["detail"]["policy_set"], proposal["set"]);
    assert_eq!(leaf["detail"]["proposed_by"]["id"], proposed[0]["actor"]["id"]);
    assert_ne!(leaf["actor"]["id"], proposed[0]["actor"]["id"]);
    assert_eq!(
        (&leaf["detail"]["consent"], &leaf["detail"]["added"]),
        (&json!("second_person"), &json!(["more"]))
    );

    // After a restart it is what is in force, whatever the directory holds.
    let path = setup.gateway.site.directory.path().join("policies/test.cedar");
    let Setup { gateway, upstream } = setup;
    let gateway = gateway.restart_after(move |_| std::fs::write(path, MORE).expect("written")).await;
    let setup = Setup { gateway, upstream };
    assert_eq!(set(&setup, &mut bob).await, proposal["set"]);
    setup.finish().await;
}

#[tokio::test]
async fn what_is_not_a_set_or_not_beside_the_one_in_force_is_not_published() {
    let setup = setup("second_person").await;
    let (mut bob, mut carol) = (signed_in(&setup, "bob").await, signed_in(&setup, "carol").await);
    let named = |name: &str| json!({ "files": [{ "name": name, "text": POLICIES }] });
    for (what, body, expected) in [
        ("the same", files(POLICIES), (409, "same")),
        ("no set", files("permit ("), (400, "malformed")),
        ("a path", named("../a.cedar"), (400, "malformed")),
        ("hidden", named(".a.cedar"), (400, "malformed")),
        ("no policy file", named("a.txt"), (400, "malformed")),
        ("a long name", named(&format!("{}.cedar", "a".repeat(100))), (400, "malformed")),
        ("nothing", json!({ "files": [] }), (400, "malformed")),
    ] {
        assert_eq!(code(&post(&setup, &mut bob, "propose", &body).await), expected, "{what}");
    }
    let big =
        files(&format!("{POLICIES}{MORE}// {}", "x".repeat(countersign::limits::API_POLICY_BODY_BYTES_MAX)));
    assert_eq!(post(&setup, &mut bob, "propose", &big).await.0, 413);
    // A set larger than other bodies may be is fine.
    let large = files(&format!("{POLICIES}{MORE}// {}", "x".repeat(64 * 1024)));
    let (status, first) = post(&setup, &mut bob, "propose", &large).await;
    assert_eq!(status, 200, "{first}");
    let locked =
        POLICIES.replace("action in Action::\"administrator\"", "action == Action::\"policies.read\"");
    let (status, lock) = post(&setup, &mut bob, "propose", &files(&locked)).await;
    assert_eq!(status, 200, "{lock}");
    let wanted = |proposal: &Value| json!({ "proposal": proposal["id"], "set": proposal["set"] });
    assert_eq!(code(&post(&setup, &mut carol, "publish", &wanted(&lock)).await), (409, "locks_out"));
    // Another set comes in force meanwhile: what was proposed beside the old one is not this one's.
    assert_eq!(post(&setup, &mut carol, "publish", &wanted(&first)).await.0, 200);
    assert_eq!(code(&post(&setup, &mut carol, "publish", &wanted(&lock)).await), (409, "stale"));
    let (status, left) = post(&setup, &mut carol, "withdraw", &json!({ "proposal": lock["id"] })).await;
    assert_eq!((status, &left["proposals"]), (200, &json!([])));
    let steps: Vec<Value> = setup.gateway.leaves_of("policy.proposed").await;
    let steps: Vec<_> = steps.iter().map(|leaf| leaf["detail"]["step"].as_str().expect("a step")).collect();
    assert_eq!(steps, ["made", "made", "withdrawn"]);
    setup.finish().await;
}

#[tokio::test]
async fn proposals_are_bounded_and_one_person_is_enough_where_the_configuration_says_so() {
    let setup = setup("none").await;
    let mut bob = signed_in(&setup, "bob").await;
    let mut last = Value::Null;
    for at in 0..countersign::limits::POLICY_PROPOSALS_MAX {
        let (status, proposal) =
            post(&setup, &mut bob, "propose", &files(&format!("{POLICIES}{MORE}// {at}"))).await;
        assert_eq!(status, 200, "{proposal}");
        last = proposal;
    }
    let full = post(&setup, &mut bob, "propose", &files(&format!("{POLICIES}{MORE}"))).await;
    assert_eq!(code(&full), (409, "full"));
    let wanted = json!({ "proposal": last["id"], "set": last["set"] });
    assert_eq!(post(&setup, &mut bob, "publish", &wanted).await.0, 200);
    let leaves = setup.gateway.leaves_of("policy.published").await;
    assert_eq!(leaves.last().expect("a leaf")["detail"]["consent"], json!("none"));
    setup.finish().await;
}

#[tokio::test]
async fn policies_from_files_are_not_published_here() {
    let setup = super::setup().await;
    let mut bob = signed_in(&setup, "bob").await;
    let listed = bob.get(&setup, "/api/v1/policies/proposals").await.json().expect("JSON");
    assert_eq!(listed, json!({ "publishing": "off", "proposals": [] }));
    let refused = post(&setup, &mut bob, "propose", &files(&format!("{POLICIES}{MORE}"))).await;
    assert_eq!(code(&refused), (409, "publishing_off"));
    // A change of files is taken up, as ever.
    let before = set(&setup, &mut bob).await;
    let path = setup.gateway.site.directory.path().join("policies/test.cedar");
    std::fs::write(path, format!("{POLICIES}{MORE}")).expect("written");
    let bob = tokio::sync::Mutex::new(bob);
    eventually(|| async { (set(&setup, &mut *bob.lock().await).await != before).then_some(()) }).await;
    setup.finish().await;
}

#[tokio::test]
async fn set_that_is_taken_out_of_the_database_stays_in_force_and_no_gateway_starts_without_it() {
    let setup = setup("none").await;
    let mut bob = signed_in(&setup, "bob").await;
    for text in [format!("{POLICIES}{MORE}"), format!("{POLICIES}{}", MORE.replace("more", "most"))] {
        let (status, proposal) = post(&setup, &mut bob, "propose", &files(&text)).await;
        assert_eq!(status, 200, "{proposal}");
        let wanted = json!({ "proposal": proposal["id"], "set": proposal["set"] });
        assert_eq!(post(&setup, &mut bob, "publish", &wanted).await.0, 200);
    }
    let latest = set(&setup, &mut bob).await;
    let db = setup.gateway.running.gateway.db.clone();
    let forged =
        db.write("forge", |tx| tx.execute("DELETE FROM policy_publication WHERE number = 2", &[])).await;
    assert_eq!(forged.expect("written"), 1);
    let gateway = &setup.gateway.running.gateway;
    let refused = gateway.publications.follow(&gateway.policies).await.expect_err("an older set");
    assert!(matches!(refused, NotPublished::Withdrawn { recorded: 2, found: 1 }), "{refused}");
    assert_eq!(set(&setup, &mut bob).await, latest);
    let refused = gateway.publications.restore(&gateway.policies).await.expect_err("an older set");
    assert!(refused.to_string().contains("somebody else writes to the database"), "{refused}");
    setup.finish().await;
}
