//! What nobody can look into passes exactly as it came, or the message does not pass; policy says which, and the record
//! says that nobody looked.

use countersign::limits;
use countersign::refusal::Refusal;
use fixture::probe::Response as Answered;
use fixture::recorder::{Recorder, Reply, Request, Response};
use serde_json::{Value, json};

use crate::harness::{ALLOW_ALL, Harness, call};

/// Everything, and nothing that cannot be looked into.
const NOTHING_UNREAD: &str = r#"
    @id("all") permit (principal, action in [Action::"session", Action::"list", Action::"read", Action::"call"], resource);
    @id("nor-words-of-the-protocol") forbid (principal, action == Action::"pass", resource)
    when { ["state", "cursor"].contains(context.opaque.kind) };"#;

const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk";
const LEAK: &str = "carla.fuentes@initech-mail.com";

/// Answers with what the tool is called, or with what the list or the resource holds.
fn upstream(request: &Request) -> Reply {
    let message = request.json();
    let content = |block: Value| json!({ "content": [block] });
    let result = match (message["method"].as_str(), message["params"]["name"].as_str()) {
        (Some("resources/list"), _) => json!({ "resources": [], "nextCursor": "page-2" }),
        (Some("resources/read"), _) => {
            let uri = &message["params"]["uri"];
            json!({ "contents": [{ "uri": uri, "text": format!("ask {LEAK}") }] })
        }
        (_, Some("picture")) => content(json!({ "type": "image", "data": PICTURE, "mimeType": "image/png" })),
        (_, Some("state")) => {
            json!({ "resultType": "input_required", "requestState": "opaque-state-of-the-server" })
        }
        (_, Some("binary")) => {
            content(json!({ "type": "resource", "resource": { "uri": "x:y", "blob": PICTURE } }))
        }
        _ => content(json!({ "type": "text", "text": "x".repeat(limits::ANSWER_BODY_BYTES_MAX) })),
    };
    Reply::Respond(Response::json(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })))
}

fn request(method: &str, params: &Value) -> Vec<u8> {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string().into_bytes()
}

fn is_refused(response: &Answered, refusal: Refusal) -> bool {
    String::from_utf8_lossy(&response.body).contains(&format!(r#""code":"{}""#, refusal.face().code))
}

/// The last leaf of an outcome: what was told, and what was not looked into.
async fn outcome(gateway: &Harness) -> (Value, Value) {
    let leaf = gateway.leaves_of("call.outcome").await.pop().expect("an outcome");
    (leaf["refusal"].clone(), leaf["redactions"].clone())
}

#[tokio::test]
async fn what_cannot_be_looked_into_passes_as_it_is_or_not_at_all() {
    let recorder = Recorder::new(upstream);
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, NOTHING_UNREAD).await;
    let asked = [
        ("opaque-image", call(1, "picture", &json!({})).to_vec()),
        ("opaque-blob", call(1, "binary", &json!({})).to_vec()),
        ("opaque-state", call(1, "state", &json!({})).to_vec()),
        ("opaque-cursor", request("resources/list", &json!({}))),
    ];
    for (name, message) in &asked {
        let response = gateway.post("alice", &[], message).await;
        assert!(is_refused(&response, Refusal::Opaque), "{name}: {:?}", response.body);
        let text = String::from_utf8_lossy(&response.body);
        assert!(![PICTURE, "opaque-state-of", "page-2"].iter().any(|part| text.contains(part)), "{text}");
        assert_eq!(outcome(&gateway).await, (json!("opaque"), json!({ *name: 1 })));
    }
    let forwarded = recorder.count();
    let back = gateway.post("alice", &[], &request("resources/list", &json!({ "cursor": "page-2" }))).await;
    assert!(is_refused(&back, Refusal::Opaque));
    assert_eq!(recorder.count(), forwarded, "nothing went upstream");
    let denied = gateway.leaves_of("call.denied").await.pop().expect("a denial");
    assert_eq!(
        (&denied["refusal"], &denied["redactions"]),
        (&json!("opaque"), &json!({ "opaque-cursor": 1 }))
    );

    gateway.publish(ALLOW_ALL).await;
    for (name, message) in &asked {
        let response = gateway.post("alice", &[], message).await;
        let text = String::from_utf8_lossy(&response.body);
        assert!([PICTURE, "opaque-state-of", "page-2"].iter().any(|part| text.contains(part)), "{text}");
        assert_eq!(outcome(&gateway).await, (Value::Null, json!({ *name: 1 })));
    }
    gateway.finish().await;
}

#[tokio::test]
async fn file_that_is_held_against_a_digest_is_never_altered() {
    let recorder = Recorder::new(upstream);
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, NOTHING_UNREAD).await;
    let read = |uri: &str| request("resources/read", &json!({ "uri": uri }));
    let plain = gateway.post("alice", &[], &read("docs://guide")).await;
    assert!(String::from_utf8_lossy(&plain.body).contains("ask [email]"), "{:?}", plain.body);
    let refused = gateway.post("alice", &[], &read("skill://guide/SKILL.md")).await;
    assert!(is_refused(&refused, Refusal::Opaque), "{:?}", refused.body);
    assert_eq!(outcome(&gateway).await, (json!("opaque"), json!({ "email": 1 })));

    let passes = r#"@id("files") permit (principal, action == Action::"pass", resource) when { context.opaque.kind == "file" };"#;
    gateway.publish(&format!("{NOTHING_UNREAD}{passes}")).await;
    let given = gateway.post("alice", &[], &read("skill://guide/SKILL.md")).await;
    assert!(String::from_utf8_lossy(&given.body).contains(LEAK), "{:?}", given.body);
    // What the record has of it is masked all the same.
    assert_eq!(outcome(&gateway).await, (Value::Null, json!({ "email": 1 })));
    gateway.finish().await;
}

#[tokio::test]
async fn answer_above_the_limit_is_refused_unless_policy_lets_it_pass_unread() {
    let recorder = Recorder::new(upstream);
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, NOTHING_UNREAD).await;
    let refused = gateway.post("alice", &[], &call(1, "large", &json!({}))).await;
    assert!(is_refused(&refused, Refusal::AnswerTooLarge), "{} bytes", refused.body.len());
    assert_eq!(refused.status(), 502);

    gateway.publish(ALLOW_ALL).await;
    let passed = gateway.post("alice", &[], &call(1, "large", &json!({}))).await;
    assert!(
        passed.status() == 200 && passed.body.len() > limits::ANSWER_BODY_BYTES_MAX,
        "{}",
        passed.body.len()
    );
    assert_eq!(outcome(&gateway).await, (Value::Null, json!({ "opaque-answer": 1 })));
    gateway.finish().await;
}
