//! Break-glass: two administrators let held calls of others go for a while, and nothing else.

use fixture::probe::Response;
use serde_json::{Value, json};

use super::{answer, code, eventually, refused};
use crate::console::{POLICIES, Setup, setup_with};
use crate::harness::{Harness, call};

pub(super) async fn act(gateway: &Harness, person: &str, path: &str, body: &Value) -> Response {
    gateway.api(person, "POST", &format!("/api/v1/breakglass{path}"), body).await
}

pub(super) fn wish(seconds: i64) -> Value {
    json!({ "reason": "the approvers are on a plane", "servers": ["up"], "seconds": seconds, "people": ["demo/alice"] })
}

async fn proposed(gateway: &Harness, wish: &Value) -> String {
    let answer = act(gateway, "bob", "", wish).await;
    assert_eq!(answer.status(), 200, "{:?}", answer.body);
    let answer = answer.json().expect("JSON");
    assert_eq!(answer["state"], "proposed");
    answer["id"].as_str().expect("an id").to_owned()
}

/// Bob proposes, carol confirms: both are administrators.
pub(super) async fn entered(gateway: &Harness, wish: &Value) -> String {
    let id = proposed(gateway, wish).await;
    let confirmed = act(gateway, "carol", &format!("/{id}/confirm"), &json!({})).await;
    assert_eq!(confirmed.json().expect("JSON")["state"], "entered", "{:?}", confirmed.body);
    id
}

async fn effect(gateway: &Harness, person: &str, id: u64) -> Response {
    gateway.post(person, &[], &call(id, "effect", &json!({ "n": id }))).await
}

async fn setup() -> Setup {
    setup_with(3600, |text| format!("{text}approvals:\n  wait_ms: 100\n")).await
}

#[tokio::test]
async fn held_call_goes_ahead_once_two_administrators_said_so_and_the_record_says_why() {
    let setup = setup().await;
    let gateway = &setup.gateway;
    assert_eq!(refused(&effect(gateway, "alice", 1).await), "approval_pending");
    let id = entered(gateway, &wish(600)).await;
    let ran = answer(&effect(gateway, "alice", 2).await);
    assert_eq!(ran["result"]["content"][0]["text"], json!(r#"{"n":2}"#), "{ran}");
    // Only for whom it was proposed.
    assert_eq!(refused(&effect(gateway, "mallory", 3).await), "approval_pending");
    let worries = gateway.running.gateway.worries();
    assert!(worries.iter().any(|worry| worry.starts_with("break-glass is in force")), "{worries:?}");
    let me = gateway.api("alice", "GET", "/api/v1/me", &Value::Null).await.json().expect("JSON");
    assert_eq!((&me["breakglass"][0]["id"], &me["breakglass"][0]["servers"]), (&json!(id), &json!(["up"])));
    let ended = act(gateway, "bob", &format!("/{id}/end"), &json!({})).await;
    assert_eq!(ended.json().expect("JSON")["ended_because"], "ended");
    assert_eq!(refused(&effect(gateway, "alice", 4).await), "approval_pending");
    let again = act(gateway, "bob", &format!("/{id}/end"), &json!({})).await;
    assert_eq!(code(&again), (409, "closed".to_owned()));
    let me = gateway.api("alice", "GET", "/api/v1/me", &Value::Null).await.json().expect("JSON");
    assert_eq!(me["breakglass"], json!([]));
    recorded(gateway, &id).await;
    // The log is verified at the end.
    setup.finish().await;
}

async fn recorded(gateway: &Harness, id: &str) {
    let one = |mut leaves: Vec<Value>| {
        assert_eq!(leaves.len(), 1, "{leaves:?}");
        leaves.remove(0)
    };
    let proposal = one(gateway.leaves_of("breakglass.proposed").await);
    let entry = one(gateway.leaves_of("breakglass.entered").await);
    let used = one(gateway.leaves_of("breakglass.used").await);
    let over = one(gateway.leaves_of("breakglass.exited").await);
    assert!([&proposal, &entry, &used, &over].iter().all(|leaf| leaf["approval"]["id"] == json!(id)));
    assert_ne!(entry["actor"]["id"], proposal["actor"]["id"]);
    assert_eq!(entry["detail"]["proposed_by"], proposal["actor"]["id"]);
    assert_eq!(entry["detail"]["people"], json!([used["actor"]["id"]]));
    assert_eq!(over["detail"]["reason"], "ended");
    // What somebody wrote is sealed, and the leaf commits to it.
    assert!(!proposal.to_string().contains("plane") && proposal["payload"]["bytes"].as_u64() > Some(0));
    let intents = gateway.leaves_of("call.intent").await;
    let under: Vec<_> = intents.iter().filter(|leaf| leaf["decision"]["effect"] == "hold").collect();
    assert_eq!(under.len(), 1);
    assert_eq!(under[0]["decision"]["approval"], used["approval"]);
    assert_eq!((&under[0]["call"], &under[0]["actor"]["id"]), (&used["call"], &used["actor"]["id"]));
    assert!(gateway.leaves_of("approval.used").await.is_empty());
}

#[tokio::test]
async fn one_person_is_not_two_and_nobody_but_administrators_counts() {
    let setup = setup().await;
    let gateway = &setup.gateway;
    let confirm = format!("/{}/confirm", proposed(gateway, &wish(600)).await);
    let same = act(gateway, "bob", &confirm, &json!({})).await;
    assert_eq!(code(&same), (403, "second_person_required".to_owned()));
    for person in ["alice", "mallory"] {
        for (path, body) in [(confirm.as_str(), json!({})), ("", wish(600))] {
            let refused = act(gateway, person, path, &body).await;
            assert_eq!(code(&refused), (403, "not_permitted".to_owned()));
        }
    }
    assert_eq!(refused(&effect(gateway, "alice", 1).await), "approval_pending");
    assert_eq!(act(gateway, "carol", &confirm, &json!({})).await.status(), 200);
    assert_eq!(code(&act(gateway, "carol", &confirm, &json!({})).await), (409, "closed".to_owned()));
    let denied = gateway.leaves_of("call.denied").await;
    assert!(denied.iter().any(|leaf| leaf["refusal"] == "second_person_required"));
    setup.finish().await;
}

#[tokio::test]
async fn nobody_lets_their_own_calls_go() {
    let setup = setup().await;
    let gateway = &setup.gateway;
    let of = |people: &[&str]| {
        let mut wish = wish(600);
        wish["people"] = json!(people);
        wish
    };
    let own = act(gateway, "bob", "", &of(&["demo/alice", "demo/bob"])).await;
    assert_eq!(code(&own), (403, "own_call".to_owned()));
    // Nor as somebody with their subject, whom another issuer knows.
    let elsewhere = act(gateway, "bob", "", &of(&["other/bob"])).await;
    assert_eq!(code(&elsewhere), (403, "own_call".to_owned()));
    let confirm = format!("/{}/confirm", proposed(gateway, &of(&["demo/carol"])).await);
    assert_eq!(code(&act(gateway, "carol", &confirm, &json!({})).await), (403, "own_call".to_owned()));
    assert!(gateway.leaves_of("breakglass.entered").await.is_empty());
    setup.finish().await;
}

#[tokio::test]
async fn it_ends_by_itself_and_never_lasts_long() {
    let setup = setup().await;
    let gateway = &setup.gateway;
    let with = |name: &str, value: Value| {
        let mut wish = wish(60);
        wish[name] = value;
        wish
    };
    for (body, why) in [
        (wish(0), "a second"),
        (wish(4 * 60 * 60 + 1), "14400 seconds"),
        (with("reason", json!(" ")), "a reason"),
        (with("servers", json!([])), "servers"),
        (with("servers", json!(["nowhere"])), "nowhere"),
        (with("people", json!([])), "people"),
        (with("people", json!(vec!["demo/x"; 17])), "at most 16"),
        (with("tools", json!(["x".repeat(300)])), "256 bytes"),
    ] {
        let refused = act(gateway, "bob", "", &body).await;
        assert_eq!(refused.status(), 400, "{body}");
        assert!(String::from_utf8_lossy(&refused.body).contains(why), "{why}: {:?}", refused.body);
    }
    entered(gateway, &wish(3)).await;
    eventually(|| async {
        let over = gateway.leaves_of("breakglass.exited").await;
        over.first().map(|leaf| assert_eq!(leaf["detail"]["reason"], json!("expired")))
    })
    .await;
    assert_eq!(refused(&effect(gateway, "alice", 1).await), "approval_pending");
    setup.finish().await;
}

#[tokio::test]
async fn what_is_forbidden_stays_forbidden_and_other_tools_stay_held() {
    let setup = setup().await;
    let gateway = &setup.gateway;
    let mut other = wish(600);
    other["tools"] = json!(["look"]);
    entered(gateway, &other).await;
    assert_eq!(refused(&effect(gateway, "alice", 1).await), "approval_pending");
    entered(gateway, &wish(600)).await;
    let forbid = r#"@id("never") forbid (principal, action == Action::"tools/call", resource) when { resource.name == "effect" };"#;
    gateway.publish(&format!("{POLICIES}\n{forbid}")).await;
    assert_eq!(refused(&effect(gateway, "alice", 2).await), "denied");
    assert!(gateway.leaves_of("call.intent").await.iter().all(|leaf| leaf["decision"]["effect"] != "hold"));
    setup.finish().await;
}

#[tokio::test]
async fn window_that_the_database_owner_puts_in_force_lets_nothing_go() {
    let setup = setup().await;
    let gateway = &setup.gateway;
    let id = entered(gateway, &wish(1)).await;
    eventually(|| async { gateway.leaves_of("breakglass.exited").await.pop() }).await;
    let id = id.parse::<uuid::Uuid>().expect("an id").into_bytes();
    // Opened again, and until the end of days.
    let forged = gateway.running.gateway.db.write("forge", move |tx| {
        let sql =
            "UPDATE breakglass SET state = 'entered', until = 9000000000000000, noted = NULL WHERE id = $1";
        tx.execute(sql, &[(&id).into()])
    });
    assert_eq!(forged.await.expect("written"), 1);
    eventually(|| async { (gateway.running.gateway.approvals.broken_glass() == 1).then_some(()) }).await;
    assert_eq!(refused(&effect(gateway, "alice", 1).await), "approval_pending");
    setup.finish().await;
}

#[tokio::test]
async fn window_that_was_ended_stays_so_when_its_row_says_otherwise() {
    let setup = setup().await;
    let gateway = &setup.gateway;
    let id = entered(gateway, &wish(600)).await;
    assert_eq!(act(gateway, "bob", &format!("/{id}/end"), &json!({})).await.status(), 200);
    let forged = gateway.running.gateway.db.write("forge", |tx| {
        tx.execute("UPDATE breakglass SET state = 'entered', ended = NULL, noted = NULL", &[])
    });
    assert_eq!(forged.await.expect("written"), 1);
    assert_eq!(refused(&effect(gateway, "alice", 1).await), "approval_pending");
    let mended = gateway.running.gateway.db.write("mend", |tx| {
        tx.execute("UPDATE breakglass SET state = 'ended', ended = until, noted = until", &[])
    });
    assert_eq!(mended.await.expect("written"), 1);
    setup.finish().await;
}
