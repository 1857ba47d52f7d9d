//! Every endpoint as every role, and as nobody.

use countersign::api::{ENDPOINTS, Endpoint, Need, Record};
use fixture::probe::{Probe, Response, request};
use serde_json::{Value, json};

use super::{Browser, Setup, setup};
use crate::harness::call;

/// Who there is, and what `POLICIES` makes them.
const PEOPLE: [(&str, &[&str]); 4] = [
    ("alice", &["viewer"]),
    ("bob", &["approver", "administrator"]),
    ("carol", &["approver", "administrator", "auditor"]),
    ("mallory", &[]),
];

/// A path with something in its places.
fn path(endpoint: &Endpoint) -> String {
    let fill = |segment: &str| match segment {
        "{id}" => "00000000-0000-7000-8000-000000000000".to_owned(),
        "{name}" => "up".to_owned(),
        "{index}" | "{level}" => "0".to_owned(),
        "{path*}" => "000.p/1".to_owned(),
        other => other.trim_matches(['{', '}']).to_owned(),
    };
    endpoint.path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

fn body(endpoint: &Endpoint) -> Value {
    if endpoint.method == "GET" { Value::Null } else { json!({}) }
}

/// Asks and reads the head and, unless it is a stream without end, the body.
async fn ask(setup: &Setup, credential: &[(&str, &str)], endpoint: &Endpoint) -> (u16, Value) {
    let host = setup.gateway.address().to_string();
    let mut fields = vec![("host", &*host)];
    fields.extend_from_slice(credential);
    let body = body(endpoint);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut probe = Probe::connect(setup.gateway.address()).await.expect("a connection");
    probe.send(&request(endpoint.method, &path(endpoint), &fields, body.as_bytes())).await.expect("sent");
    let head = probe.head().await.expect("an answer");
    if head.field("content-type").is_some_and(|media| media.starts_with("text/event-stream")) {
        let event = probe.event().await.expect("readable").expect("an event");
        assert!(event.starts_with(b"id: "), "{event:?}");
        return (head.status().expect("a status"), Value::Null);
    }
    let response = Response { body: probe.body().await.expect("a body"), head };
    (response.status(), response.json().unwrap_or(Value::Null))
}

#[tokio::test]
async fn every_endpoint_answers_every_role_as_policy_says_and_nobody_never() {
    let setup = setup().await;
    setup.gateway.post("alice", &[], &call(1, "look", &json!({}))).await;
    setup.gateway.running.gateway.ledger.publish().await.expect("a checkpoint");
    let (mut refusals, mut views) = (0, 0);
    for endpoint in ENDPOINTS {
        let place = format!("{} {}", endpoint.method, endpoint.path);
        let (status, problem) = ask(&setup, &[], endpoint).await;
        let open = endpoint.need == Need::Nothing;
        assert_eq!(status, if open { 200 } else { 401 }, "{place}: {problem}");
        let dead = [("cookie", "__Host-countersign=AAAA"), ("sec-fetch-site", "same-origin")];
        let (status, problem) = ask(&setup, &dead, endpoint).await;
        assert_eq!(status, if open { 200 } else { 401 }, "{place}: {problem}");
        for (person, roles) in PEOPLE {
            let token = format!("Bearer {}", setup.gateway.site.api_token(person));
            let (status, answer) = ask(&setup, &[("authorization", &token)], endpoint).await;
            let place = format!("{place} as {person}: {status} {answer}");
            match endpoint.need {
                Need::Nothing | Need::Proven => assert_eq!(status, 200, "{place}"),
                Need::Slack => assert_eq!(status, 401, "{place}"),
                Need::SignedIn => {
                    assert_eq!((status, &answer["code"]), (403, &json!("console_only")), "{place}");
                }
                // There is no such held call, or a list that is empty for them.
                Need::Held(_) => assert!(status == 200 || answer["code"] == "unknown", "{place}"),
                Need::Gateway(duty) if duty.roles().iter().any(|role| roles.contains(role)) => {
                    assert!(status != 401 && status != 403 && status < 500, "{place}");
                    views += u64::from(endpoint.record == Record::Viewed && status == 200);
                }
                Need::Gateway(_) => {
                    assert_eq!((status, &answer["code"]), (403, &json!("not_permitted")), "{place}");
                    refusals += 1;
                }
            }
        }
    }
    let denied = setup.gateway.leaves_of("call.denied").await;
    let refused = denied.iter().filter(|leaf| leaf["refusal"] == "not_permitted").count();
    assert_eq!(refused, refusals, "every refusal is on record");
    let viewed = setup.gateway.leaves_of("recording.viewed").await;
    assert!(views > 0 && viewed.len() as u64 == views, "{views} views, {viewed:?}");
    setup.finish().await;
}

#[tokio::test]
async fn roles_count_only_from_issuers_that_people_sign_in_at() {
    let setup = super::setup_with(3600, |text| {
        let begin = text.find("      console:").expect("a console");
        let end = text.find("policy:").expect("policies");
        format!("{}{}", &text[..begin], &text[end..])
    })
    .await;
    let me = setup.gateway.api("bob", "GET", "/api/v1/me", &Value::Null).await.json().expect("JSON");
    assert_eq!((&me["groups"], &me["permissions"]), (&json!(["operations"]), &json!([])));
    assert_eq!(setup.gateway.api("bob", "GET", "/api/v1/log", &Value::Null).await.status(), 403);
    // Nor is there a console without them.
    assert_eq!(Browser::default().get(&setup, "/console/").await.status(), 404);
    setup.finish().await;
}
