//! People outside are told, once it is so, by requests that they can check.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fixture::loopback::Running as Fixture;
use fixture::recorder::{Recorder, Reply, Response, echo};
use serde_json::{Value, json};

use super::{POLICIES, Setup, eventually};

const KEY: [u8; 32] = [7; 32];

/// A gateway that tells `receiver`.
async fn telling(receiver: &Fixture) -> Setup {
    let approvals = format!(
        "  wait_ms: 20000\n  page: https://approvals.example.com/{{id}}\n  webhooks:\n    - name: pager\n      url: {}\n      \
         secret: {{ file: pager }}\n",
        receiver.url("/hook")
    );
    let secret = format!("whsec_{}", STANDARD.encode(KEY));
    super::told(Recorder::new(echo), POLICIES, &approvals, |directory| {
        std::fs::write(directory.join("pager"), secret).expect("written");
    })
    .await
}

#[tokio::test]
async fn every_step_is_told_with_a_signature_that_holds() {
    let hook = Recorder::new(|_| Reply::Respond(Response::empty(204)));
    let receiver = hook.start().await.expect("a receiver");
    let setup = telling(&receiver).await;
    let mut waiting = setup.held(1, &json!({ "iban": "DE00 1234" })).await;
    let id = setup.one().await;
    hook.received(1).await.expect("told");
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    waiting.response().await.expect("an answer");
    hook.received(3).await.expect("told");
    let mut events = Vec::new();
    for request in hook.requests() {
        let body = request.json();
        let field = |name: &str| request.head.field(name).expect("a field").to_owned();
        let signed = format!("{}.{}.", field("webhook-id"), field("webhook-timestamp"));
        let signed = [signed.as_bytes(), &request.body].concat();
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &KEY);
        let tag = aws_lc_rs::hmac::sign(&key, &signed);
        assert_eq!(field("webhook-signature"), format!("v1,{}", STANDARD.encode(tag.as_ref())));
        assert_eq!(body["data"]["id"], json!(id));
        assert_eq!(body["data"]["page"], json!(format!("https://approvals.example.com/{id}")));
        assert!(!String::from_utf8_lossy(&request.body).contains("DE00"), "no argument leaves this way");
        events.push(body["type"].as_str().expect("a type").to_owned());
    }
    events.sort();
    assert_eq!(events, ["approval.approved", "approval.requested", "approval.used"]);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn what_does_not_arrive_is_tried_again_and_listed() {
    let hook =
        Recorder::new(|_| Reply::Respond(Response::empty(302).with("location", "http://127.0.0.1:1/")));
    let receiver = hook.start().await.expect("a receiver");
    let setup = telling(&receiver).await;
    let waiting = setup.held(1, &json!({})).await;
    let id = setup.one().await;
    hook.received(1).await.expect("told");
    let listed = eventually(|| async {
        let listed = setup.gateway.api("carol", "GET", "/api/v1/deliveries", &Value::Null).await;
        let listed = listed.json().expect("JSON")["deliveries"][0].clone();
        (!listed["fault"].is_null()).then_some(listed)
    })
    .await;
    assert_eq!(
        (&listed["approval"], &listed["attempts"], &listed["webhook"]),
        (&json!(id), &json!(1), &json!("pager"))
    );
    assert!(
        listed["fault"].as_str().is_some_and(|fault| fault.contains("302")),
        "no redirect is followed: {listed}"
    );
    let hidden = setup.gateway.api("mallory", "GET", "/api/v1/deliveries", &Value::Null).await;
    assert_eq!(hidden.json().expect("JSON")["deliveries"], json!([]));
    drop(waiting);
    setup.gateway.finish().await;
}
