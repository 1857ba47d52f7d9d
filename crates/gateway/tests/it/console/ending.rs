//! An administrator ends a session: what is open in it ends, what comes later is refused, at every gateway.

use fixture::probe::{Probe, Response, event_data};
use fixture::recorder::{Recorder, Reply, Request, echo};
use serde_json::{Value, json};

use super::{POLICIES, Setup, site_of};
use crate::approval::eventually;
use crate::harness::{Harness, call, initialize, modern_call};

/// Begins a session at each `initialize`, named after its id; the test answers calls of `look`.
pub(super) fn rule(request: &Request) -> Reply {
    let message = request.json();
    match (message["method"].as_str(), echo(request)) {
        (Some("initialize"), Reply::Respond(response)) => {
            let id = format!("session-0123456789abcdef-{}", message["id"]);
            Reply::Respond(response.with("Mcp-Session-Id", &id))
        }
        (Some("tools/call"), _) if message["params"]["name"] == "look" => Reply::Hold,
        (Some(_), answer) => answer,
        (None, _) => Reply::Hold,
    }
}

async fn begin() -> (Recorder, Setup) {
    let recorder = Recorder::new(rule);
    let upstream = recorder.start().await.expect("an upstream");
    let site = site_of(&upstream, ("http://127.0.0.1", POLICIES), 3600).await;
    site.edit(|text| format!("{text}approvals:\n  wait_ms: 600000\n"));
    (recorder, Setup { gateway: Harness::at(site).await, upstream })
}

/// The message of `initialize` with this id.
pub(super) fn hello(id: u64) -> Vec<u8> {
    let mut message = initialize();
    message["id"] = json!(id);
    message.to_string().into_bytes()
}

pub(super) fn code(answer: &Response) -> (u16, Value) {
    let body = answer.json().expect("JSON");
    let refusal = match &body["error"] {
        Value::Null => &body["result"]["_meta"]["io.countersign/refusal"],
        error => &error["data"],
    };
    (answer.status(), refusal["code"].clone())
}

/// The recording session of the latest call of a tool.
async fn session_of(setup: &Setup, event: &str) -> String {
    let leaves = setup.gateway.leaves_of(event).await;
    leaves.last().expect("a call")["session"].as_str().expect("a session").to_owned()
}

async fn end(setup: &Setup, person: &str, session: &str, body: &Value) -> (u16, Value) {
    let path = format!("/api/v1/sessions/{session}/end");
    let answer = setup.gateway.api(person, "POST", &path, body).await;
    (answer.status(), answer.json().expect("JSON"))
}

#[tokio::test]
async fn session_that_an_administrator_ends_ends_with_everything_in_it_and_for_good() {
    let (recorder, setup) = begin().await;
    let begun = setup.gateway.post("alice", &[], &hello(1)).await;
    let id = begun.head.field("mcp-session-id").expect("a session").to_owned();
    let with = [("mcp-session-id", id.as_str())];
    let mut stream = setup.gateway.send("alice", "GET", &with, b"").await;
    let listening = recorder.accept().await.expect("a request");
    listening.begin_events().await.expect("begun");
    assert_eq!(stream.head().await.expect("a head").status(), Some(200));
    let mut open = setup.gateway.send("alice", "POST", &with, &call(2, "look", &json!({}))).await;
    let forwarded = recorder.accept().await.expect("a request");
    let mut held = setup.gateway.send("alice", "POST", &with, &call(3, "effect", &json!({}))).await;
    eventually(|| async {
        let requested = setup.gateway.leaves_of("approval.requested").await;
        (!requested.is_empty()).then_some(())
    })
    .await;
    assert_eq!(held.head().await.expect("a head").status(), Some(200));

    let session = session_of(&setup, "call.intent").await;
    let why = json!({ "reason": "the agent reads what it should not; write to mary@example.com" });
    assert_eq!(end(&setup, "alice", &session, &why).await.0, 403, "a viewer ends nothing");
    assert_eq!(end(&setup, "bob", &session, &json!({ "reason": " " })).await.0, 400);
    let nowhere = "00000000-0000-7000-8000-000000000000";
    assert_eq!(end(&setup, "bob", nowhere, &why).await.0, 404);
    assert_eq!(end(&setup, "bob", &session, &why).await.0, 200);
    let (status, again) = end(&setup, "bob", &session, &why).await;
    assert_eq!((status, &again["code"]), (409, &json!("ended")));

    assert_eq!(stream.event().await.expect("readable"), None, "the stream ends");
    assert_eq!(code(&open.response().await.expect("an answer")), (200, json!("session_ended")));
    forwarded.gone().await.expect("the upstream sees that nobody waits");
    listening.gone().await.expect("told");
    assert_eq!(last_code(&mut held).await, json!("session_ended"));

    for (method, body) in [("POST", &call(4, "paint", &json!({}))[..]), ("GET", b""), ("DELETE", b"")] {
        let mut late = setup.gateway.send("alice", method, &with, body).await;
        assert_eq!(code(&late.response().await.expect("an answer")), (404, json!("unknown_session")));
    }
    let anew = setup.gateway.post("alice", &[], &hello(5)).await;
    let anew = anew.head.field("mcp-session-id").expect("a session").to_owned();
    let works =
        setup.gateway.post("alice", &[("mcp-session-id", &anew)], &call(6, "paint", &json!({}))).await;
    assert_eq!(works.status(), 200);

    let leaf = &setup.gateway.leaves_of("session.ended").await[0];
    assert_eq!((&leaf["session"], leaf["payload"].is_object()), (&json!(session), true));
    let outcomes = setup.gateway.leaves_of("call.outcome").await;
    let cut = outcomes.iter().filter(|leaf| leaf["outcome"]["status"] == "cancelled").count();
    assert_eq!(cut, 2, "the stream and the call");
    assert_eq!(setup.gateway.leaves_of("approval.expired").await.len(), 1, "nobody is asked any more");
    let denied = setup.gateway.leaves_of("call.denied").await;
    let late = denied
        .iter()
        .filter(|leaf| leaf["refusal"] == "unknown_session" && leaf["session"] == json!(session));
    assert_eq!(late.count(), 3, "what came too late is in the story of the session");
    shown(&setup, &session, leaf).await;

    // Also after a restart, whatever the owner of the database took away.
    let forged = setup.gateway.running.gateway.db.write("forge", |tx| {
        tx.execute("UPDATE mcp_session SET ended = NULL", &[])?;
        tx.execute("DELETE FROM session_end", &[])
    });
    assert_eq!(forged.await.expect("written"), 1);
    let Setup { gateway, upstream } = setup;
    let gateway = gateway.restart_after(|_| ()).await;
    let after = gateway.post("alice", &with, &call(7, "paint", &json!({}))).await;
    assert_eq!(code(&after), (404, json!("unknown_session")));
    Setup { gateway, upstream }.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrator_ends_a_session_from_the_command_line() {
    let (_recorder, setup) = begin().await;
    let gateway = &setup.gateway;
    assert_eq!(gateway.post("alice", &[], &hello(1)).await.status(), 200);
    let session = session_of(&setup, "call.intent").await;
    let run = async |person: &str, arguments: &[&str]| {
        let words = [&["session", "end", session.as_str()], arguments].concat();
        let output = gateway.command(&gateway.site.api_token(person), &words).await;
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        println!("$ countersign {}\n{said}", words.join(" "));
        (output.status.success(), said)
    };
    let because = ["--reason", "reads what it should not, ticket 911"];
    let (done, said) = run("alice", &because).await;
    assert!(!done && !said.contains("is ended"), "{said}");
    assert!(!run("bob", &["--reason", " "]).await.0);
    let (done, said) = run("bob", &because).await;
    assert!(done && said.starts_with(&format!("session {session} is ended")), "{said}");
    let (again, said) = run("bob", &because).await;
    assert!(!again && said.contains("ended this session already"), "{said}");
    assert_eq!(gateway.leaves_of("session.ended").await.len(), 1);
    setup.finish().await;
}

/// What the API shows of the end.
async fn shown(setup: &Setup, session: &str, leaf: &Value) {
    let get = async |person: &str, path: String| {
        let answer = setup.gateway.api(person, "GET", &path, &Value::Null).await;
        answer.json().expect("JSON")
    };
    let auditor = get("carol", format!("/api/v1/sessions/{session}")).await;
    let ending = &auditor["session"]["ending"];
    assert_eq!(ending["by"], leaf["actor"]["id"]);
    let reason = ending["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("the agent reads") && !reason.contains("mary@"), "{reason}");
    assert_eq!(auditor["session"]["person"]["id"], json!("demo/alice"), "whose it was, not who ended it");
    let operator = get("bob", format!("/api/v1/sessions/{session}")).await;
    assert_eq!(operator["session"]["ending"]["reason"], Value::Null, "what was said is for auditors");
    let listed = get("bob", "/api/v1/sessions".to_owned()).await;
    let ended =
        listed["sessions"].as_array().expect("sessions").iter().filter(|one| one["ended"].is_string());
    assert_eq!(ended.count(), 1);
}

/// The code of the refusal that ends a stream.
async fn last_code(stream: &mut Probe) -> Value {
    loop {
        let event = stream.event().await.expect("readable").expect("an answer");
        let message: Value = serde_json::from_str(&event_data(&event)).unwrap_or_default();
        if message["id"].is_u64() {
            return message["result"]["_meta"]["io.countersign/refusal"]["code"].clone();
        }
    }
}

#[tokio::test]
async fn where_the_protocol_has_no_sessions_the_credential_is_of_no_use_any_more() {
    let (recorder, setup) = begin().await;
    let (fields, body) = modern_call(1, "look", &json!({}));
    // A token has a recording session at each server: the same bytes are sent again.
    let bytes = setup.gateway.bytes("alice", "POST", &fields, &body);
    let send = async || {
        let mut probe = Probe::connect(setup.gateway.address()).await.expect("a connection");
        probe.send(&bytes).await.expect("sent");
        probe
    };
    let mut open = send().await;
    let forwarded = recorder.accept().await.expect("a request");
    let session = session_of(&setup, "call.intent").await;
    assert_eq!(end(&setup, "bob", &session, &json!({ "reason": "stolen token" })).await.0, 200);
    assert_eq!(code(&open.response().await.expect("an answer")), (200, json!("session_ended")));
    forwarded.gone().await.expect("told");
    assert_eq!(code(&send().await.response().await.expect("an answer")), (200, json!("session_ended")));
    let (fields, body) = modern_call(2, "paint", &json!({}));
    let anew = setup.gateway.post("alice", &fields, &body).await;
    assert_eq!(
        anew.json().expect("JSON")["result"]["isError"],
        Value::Null,
        "another token is another session"
    );
    let another = session_of(&setup, "call.intent").await;
    fill(&setup).await;
    let (status, full) = end(&setup, "bob", &another, &json!({ "reason": "one too many" })).await;
    assert_eq!((status, &full["code"]), (409, &json!("full")), "more than gateways remember");
    setup.finish().await;
}

/// As many ended sessions as there may be.
async fn fill(setup: &Setup) {
    let most = i64::from(countersign::limits::session::ENDED_MAX);
    let sql = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < $1) \
               INSERT INTO session_end SELECT randomblob(16), 1 FROM number";
    let full = setup.gateway.running.gateway.db.write("test", move |tx| tx.execute(sql, &[most.into()]));
    full.await.expect("written");
}
