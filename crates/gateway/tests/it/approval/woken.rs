//! Break-glass and calls that wait already: they are looked at again, and go once, as any other under it.

use fixture::probe::Probe;
use serde_json::{Value, json};

use super::breakglass::{act, entered, wish};
use super::{answer, code, eventually, refused};
use crate::console::{POLICIES, Setup, setup_at, setup_with};
use crate::harness::{Harness, call, modern_call};

async fn setup(wait_ms: u64) -> Setup {
    setup_with(3600, |text| format!("{text}approvals:\n  wait_ms: {wait_ms}\n")).await
}

async fn held(gateway: &Harness, person: &str, id: u64, marker: &str) -> Probe {
    gateway.send(person, "POST", &[], &call(id, "effect", &json!({ "marker": marker }))).await
}

/// Waits until that many calls wait for people.
async fn waiting(gateway: &Harness, count: usize) {
    eventually(|| async { (gateway.running.gateway.approvals.waiting() == count).then_some(()) }).await;
}

async fn ids(gateway: &Harness) -> Vec<String> {
    let listed = gateway.api("bob", "GET", "/api/v1/approvals", &Value::Null).await.json().expect("JSON");
    let approvals = listed["approvals"].as_array().expect("a list").clone();
    approvals.iter().map(|approval| approval["id"].as_str().expect("an id").to_owned()).collect()
}

async fn approve(gateway: &Harness, id: &str) -> fixture::probe::Response {
    gateway.api("bob", "POST", &format!("/api/v1/approvals/{id}/approve"), &json!({})).await
}

fn ran(message: &Value) -> bool {
    message["result"]["content"].is_array() && message["result"]["isError"] != true
}

#[tokio::test]
async fn call_that_waits_goes_when_the_glass_is_broken_and_nobody_can_agree_to_it_any_more() {
    let setup = setup(20_000).await;
    let gateway = &setup.gateway;
    let mut call = held(gateway, "alice", 1, "x").await;
    waiting(gateway, 1).await;
    let asked = ids(gateway).await.pop().expect("it waits");
    let window = entered(gateway, &wish(600)).await;
    let went = answer(&call.response().await.expect("an answer"));
    assert_eq!(went["result"]["content"][0]["text"], json!(r#"{"marker":"x"}"#), "{went}");
    assert_eq!(code(&approve(gateway, &asked).await), (409, "closed".to_owned()));

    let leaves = gateway.leaves().await;
    let at = |event: &str| leaves.iter().position(|leaf| leaf["type"] == event).expect("a leaf");
    let (over, used) = (at("approval.expired"), at("breakglass.used"));
    assert!(
        at("approval.requested") < at("breakglass.entered") && at("breakglass.entered") < over && over < used
    );
    assert_eq!(leaves[over]["approval"]["id"], json!(asked));
    assert_eq!(leaves[over]["detail"]["reason"], json!("let_go_under_breakglass"));
    // The intent says what let it go, as of any other call under it: the request of nobody's approval is not named.
    let intents: Vec<_> = leaves
        .iter()
        .filter(|leaf| leaf["type"] == "call.intent" && leaf["decision"]["effect"] == "hold")
        .collect();
    assert_eq!(intents.len(), 1);
    assert_eq!(intents[0]["decision"]["approval"]["id"], json!(window));
    assert_eq!(intents[0]["call"], leaves[used]["call"]);
    assert!(leaves.iter().all(|leaf| leaf["type"] != "approval.used"));
    setup.finish().await;
}

#[tokio::test]
async fn of_equal_calls_that_wait_exactly_one_goes_and_every_other_call_too() {
    let setup = setup(20_000).await;
    let gateway = &setup.gateway;
    let mut equal = Vec::new();
    for id in 0..5 {
        equal.push(held(gateway, "alice", id, "x").await);
    }
    let mut other = held(gateway, "alice", 9, "y").await;
    waiting(gateway, 6).await;
    entered(gateway, &wish(600)).await;
    let mut went = 0;
    for mut call in equal {
        let response = call.response().await.expect("an answer");
        if ran(&answer(&response)) {
            went += 1;
        } else {
            assert_eq!(refused(&response), "approval_expired");
        }
    }
    assert_eq!(went, 1);
    assert!(ran(&answer(&other.response().await.expect("an answer"))));
    assert_eq!(gateway.leaves_of("breakglass.used").await.len(), 2);
    setup.finish().await;
}

#[tokio::test]
async fn call_that_waits_is_judged_again_before_it_goes() {
    let setup = setup(20_000).await;
    let gateway = &setup.gateway;
    let mut call = held(gateway, "alice", 1, "x").await;
    waiting(gateway, 1).await;
    let more = r#"@id("more") forbid (principal, action == Action::"ping", resource);"#;
    gateway.publish(&format!("{POLICIES}\n{more}")).await;
    entered(gateway, &wish(600)).await;
    let response = call.response().await.expect("an answer");
    assert_eq!(refused(&response), "approval_overtaken");
    assert!(answer(&response).to_string().contains("policy changed"), "{:?}", response.body);
    assert!(gateway.leaves_of("breakglass.used").await.is_empty());
    setup.finish().await;
}

#[tokio::test]
async fn call_that_the_window_is_not_for_goes_on_waiting() {
    let setup = setup(20_000).await;
    let gateway = &setup.gateway;
    let mut call = held(gateway, "mallory", 1, "x").await;
    waiting(gateway, 1).await;
    let asked = ids(gateway).await.pop().expect("it waits");
    // Another person's, then another tool's: twice the windows in force are others.
    entered(gateway, &wish(600)).await;
    let mut other = wish(600);
    (other["people"], other["tools"]) = (json!(["demo/mallory"]), json!(["look"]));
    entered(gateway, &other).await;
    waiting(gateway, 1).await;
    assert_eq!(ids(gateway).await, std::slice::from_ref(&asked));
    assert_eq!(approve(gateway, &asked).await.status(), 200);
    assert!(ran(&answer(&call.response().await.expect("an answer"))));
    assert_eq!(gateway.leaves_of("approval.used").await.len(), 1);
    setup.finish().await;
}

#[tokio::test]
async fn caller_between_two_legs_comes_back_and_goes_and_one_that_was_rejected_does_not() {
    let setup = setup(50).await;
    let gateway = &setup.gateway;
    let leg = async |arguments: Value, state: &Value| {
        let (fields, body) = modern_call(1, "effect", &arguments);
        let mut body: Value = serde_json::from_slice(&body).expect("JSON");
        if !state.is_null() {
            body["params"]["requestState"] = state.clone();
        }
        gateway.post("alice", &fields, body.to_string().as_bytes()).await
    };
    let (kept, refused_call) = (json!({ "marker": "x" }), json!({ "marker": "no" }));
    let no = answer(&leg(refused_call.clone(), &Value::Null).await)["result"]["requestState"].clone();
    let rejected = ids(gateway).await.pop().expect("it waits");
    let why = json!({ "reason": "never" });
    let said = gateway.api("bob", "POST", &format!("/api/v1/approvals/{rejected}/reject"), &why).await;
    assert_eq!(said.status(), 200);
    let state = answer(&leg(kept.clone(), &Value::Null).await)["result"]["requestState"].clone();
    assert!(state.is_string() && no.is_string());
    let asked = ids(gateway).await.pop().expect("it waits");
    entered(gateway, &wish(600)).await;
    let went = answer(&leg(kept, &state).await);
    assert_eq!(went["result"]["content"][0]["text"], json!(r#"{"marker":"x"}"#), "{went}");
    assert_eq!(code(&approve(gateway, &asked).await), (409, "closed".to_owned()));
    // Somebody has answered that request: no.
    assert_eq!(refused(&leg(refused_call, &no).await), "approval_rejected");
    setup.finish().await;
}

#[tokio::test]
async fn call_that_people_agreed_to_runs_by_their_word_and_one_repeated_leaves_no_request_behind() {
    let setup = setup(50).await;
    let gateway = &setup.gateway;
    let post = async |marker: &str| {
        let body = call(1, "effect", &json!({ "marker": marker }));
        gateway.post("alice", &[], &body).await
    };
    assert_eq!(refused(&post("agreed").await), "approval_pending");
    let agreed = ids(gateway).await.pop().expect("it waits");
    assert_eq!(approve(gateway, &agreed).await.status(), 200);
    assert_eq!(refused(&post("asked").await), "approval_pending");
    let asked = ids(gateway).await.into_iter().find(|id| *id != agreed).expect("it waits");
    entered(gateway, &wish(600)).await;
    assert!(ran(&answer(&post("agreed").await)));
    assert_eq!(gateway.leaves_of("approval.used").await[0]["approval"]["id"], json!(agreed));
    assert!(gateway.leaves_of("breakglass.used").await.is_empty(), "it had an approval");
    assert!(ran(&answer(&post("asked").await)));
    assert_eq!(gateway.leaves_of("breakglass.used").await.len(), 1);
    // What has run is not put before people any more, who would let it run again.
    assert_eq!(code(&approve(gateway, &asked).await), (409, "closed".to_owned()));
    setup.finish().await;
}

#[tokio::test]
async fn task_that_waits_runs_while_the_glass_is_broken() {
    let tasks = r#"@id("tasks") permit (principal, action in Action::"task", resource);"#;
    let setup = setup_at("http://127.0.0.1", &format!("{POLICIES}\n{tasks}"), 3600, |text| {
        format!("{text}approvals:\n  wait_ms: 20000\n")
    })
    .await;
    let gateway = &setup.gateway;
    let legacy = async |method: &str, params: &Value| {
        let body = json!({ "jsonrpc": "2.0", "id": 3, "method": method, "params": params });
        answer(&gateway.post("alice", &[], body.to_string().as_bytes()).await)
    };
    let params = json!({ "name": "effect", "arguments": { "marker": "x" }, "task": {} });
    let created = legacy("tools/call", &params).await["result"]["task"].clone();
    let task = json!({ "taskId": created["taskId"] });
    assert_eq!(legacy("tasks/get", &task).await["result"]["status"], json!("working"));
    let window = entered(gateway, &wish(600)).await;
    let fetched = legacy("tasks/result", &task).await;
    assert_eq!(fetched["result"]["content"][0]["text"], json!(r#"{"marker":"x"}"#), "{fetched}");
    assert_eq!(legacy("tasks/result", &task).await["result"]["content"], fetched["result"]["content"]);
    let used = gateway.leaves_of("breakglass.used").await;
    assert_eq!((used.len(), &used[0]["approval"]["id"]), (1, &json!(window)));
    setup.finish().await;
}

#[tokio::test]
async fn window_lets_no_call_go_of_whoever_entered_it_under_another_name() {
    use countersign::model::{Party, Target, TargetKind};

    let setup = setup(50).await;
    let gateway = &setup.gateway;
    let mut other = wish(600);
    // Nobody can see beforehand who that is.
    other["people"] = json!(["elsewhere/r-4711"]);
    let window = entered(gateway, &other).await;
    let approvals = &gateway.running.gateway.approvals;
    let mut caller = (*super::decide::bob().principal).clone();
    caller.party = Party { issuer: "elsewhere".into(), subject: "r-4711".into() };
    let target = Target { kind: TargetKind::Tool, name: "effect".into(), listed: true, definition: None };
    for (address, goes) in
        [("Bob@example.com", false), ("carol@EXAMPLE.com", false), ("robert@example.com", true)]
    {
        caller.email = Some(address.to_owned());
        let found = approvals.under_breakglass(&caller, "up", Some(&target), uuid::Uuid::nil()).await;
        assert_eq!(found.expect("readable").is_some(), goes, "{address}");
    }
    assert_eq!(act(gateway, "bob", &format!("/{window}/end"), &json!({})).await.status(), 200);
    setup.finish().await;
}
