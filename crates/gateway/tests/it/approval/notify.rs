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

const SIGNING: &str = "a signing secret of the tests";

/// A gateway that posts to `receiver` as if it were Slack; U1 is bob, U2 is alice.
async fn slacking(receiver: &Fixture) -> Setup {
    let person = |user: &str, subject: &str, group: &str| {
        format!("        - {{ user: {user}, issuer: demo, subject: {subject}, groups: [{group}] }}\n")
    };
    let approvals = format!(
        "  wait_ms: 20000\n  slack:\n    url: {}\n    token: {{ file: token }}\n    signing_secret: {{ file: signing }}\n    \
         channel: C1\n    people:\n{}{}",
        receiver.url("/api/chat.postMessage"),
        person("U1", "bob", "operations"),
        person("U2", "alice", "operations"),
    );
    super::told(Recorder::new(echo), POLICIES, &approvals, |directory| {
        std::fs::write(directory.join("token"), "a token of the tests").expect("written");
        std::fs::write(directory.join("signing"), SIGNING).expect("written");
    })
    .await
}

/// A press of a button, signed at `time`, as the fields and the body of a request.
fn press(user: &str, action: &str, id: &str, time: i64) -> (String, String) {
    let payload = json!({ "type": "block_actions", "user": { "id": user },
        "actions": [{ "action_id": action, "value": id }] });
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    let body = form.append_pair("payload", &payload.to_string()).finish();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SIGNING.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, format!("v0:{time}:{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    (format!("v0={hex}"), body)
}

async fn send(setup: &Setup, (signature, body): &(String, String), time: i64) -> (u16, Value) {
    let (host, time) = (setup.gateway.address().to_string(), time.to_string());
    let fields = [
        ("host", host.as_str()),
        ("x-slack-signature", signature.as_str()),
        ("x-slack-request-timestamp", time.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let mut probe = fixture::probe::Probe::connect(setup.gateway.address()).await.expect("a connection");
    probe.post("/api/v1/slack/interactions", &fields, body.as_bytes()).await.expect("sent");
    let response = probe.response().await.expect("an answer");
    (response.status(), response.json().expect("JSON"))
}

#[tokio::test]
async fn body_that_nobody_signed_yet_holds_no_place_that_calls_need() {
    let slack = Recorder::new(|_| Reply::Respond(Response::json(&json!({ "ok": true }))));
    let receiver = slack.start().await.expect("a receiver");
    let setup = slacking(&receiver).await;
    let gateway = setup.gateway.running.gateway.clone();
    let now = gateway.clock.now().as_second();
    let signature = format!("v0={}", "0".repeat(64));
    let stalled = async |signature: &str, time: i64| {
        let mut probe = fixture::probe::Probe::connect(setup.gateway.address()).await.expect("a connection");
        let head = format!(
            "POST /api/v1/slack/interactions HTTP/1.1\r\nhost: {}\r\nx-slack-signature: {signature}\r\n\
             x-slack-request-timestamp: {time}\r\ncontent-length: 100\r\n\r\n",
            setup.gateway.address()
        );
        probe.send(head.as_bytes()).await.expect("sent");
        probe
    };
    // What the head refutes is answered without the body.
    for (signature, time, code) in [(&*signature, now - 600, "slack_time"), ("", now, "slack_signature")] {
        let answer = stalled(signature, time).await.response().await.expect("an answer");
        assert_eq!((answer.status(), &answer.json().expect("JSON")["code"]), (401, &json!(code)));
    }
    let (places, presses) = (gateway.places.available_permits(), gateway.presses.available_permits());
    let mut waiting = stalled(&signature, now).await;
    super::eventually(|| async { (gateway.presses.available_permits() < presses).then_some(()) }).await;
    assert_eq!(gateway.places.available_permits(), places);
    assert_eq!(waiting.response().await.expect("an answer").status(), 408);
    assert_eq!(gateway.presses.available_permits(), presses);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn button_in_slack_decides_for_whom_the_list_names_once() {
    let slack = Recorder::new(|_| Reply::Respond(Response::json(&json!({ "ok": true }))));
    let receiver = slack.start().await.expect("a receiver");
    let setup = slacking(&receiver).await;
    let mut waiting = setup.held(1, &json!({ "marker": "<!channel> *x*" })).await;
    let id = setup.one().await;
    slack.received(1).await.expect("told");
    let message = slack.requests()[0].json();
    assert_eq!(slack.requests()[0].head.field("authorization"), Some("Bearer a token of the tests"));
    assert_eq!(message["channel"], "C1");
    let text = message["blocks"][1]["text"].clone();
    assert_eq!(
        (
            &text["type"],
            text["text"].as_str().map(|text| text.contains("/arguments/marker = <!channel> *x*"))
        ),
        (&json!("plain_text"), Some(true))
    );
    assert_eq!(message["blocks"][3]["elements"][0]["value"], json!(id));

    let now = setup.gateway.running.gateway.clock.now().as_second();
    let bob = press("U1", "approve", &id, now);
    let forged = (bob.0.clone(), bob.1.replace("approve", "reject"));
    assert_eq!(send(&setup, &forged, now).await.1["code"], "slack_signature");
    let old = now - 600;
    assert_eq!(send(&setup, &press("U1", "approve", &id, old), old).await.1["code"], "slack_time");
    assert_eq!(send(&setup, &press("U9", "approve", &id, now), now).await.1["code"], "slack_person");
    let own = send(&setup, &press("U2", "approve", &id, now), now).await.1["text"].to_string();
    assert!(own.contains("nobody decides on their own call"), "{own}");
    assert_eq!((setup.state(&id).await.as_str(), setup.recorder.called()), ("pending", 0));

    assert_eq!(send(&setup, &bob, now).await.0, 200);
    waiting.response().await.expect("an answer");
    assert_eq!(setup.recorder.called(), 1);
    for _ in 0..2 {
        let (status, body) = send(&setup, &bob, now).await;
        assert_eq!((status, &body["code"]), (401, &json!("slack_replay")));
    }
    let approved = setup.gateway.leaves_of("approval.approved").await;
    assert_eq!((approved.len(), &approved[0]["detail"]["through"]), (1, &json!("slack")));
    let reasons = setup.gateway.leaves_of("auth.failed").await;
    let reasons: Vec<_> =
        reasons.iter().map(|leaf| leaf["detail"]["reason"].as_str().expect("a reason")).collect();
    assert_eq!(reasons, ["slack_signature", "slack_time", "slack_person", "slack_replay", "slack_replay"]);
    setup.gateway.finish().await;
}
