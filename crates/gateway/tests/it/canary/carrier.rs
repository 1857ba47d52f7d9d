//! The carriers that are no tool call: lists, resources, prompts, completions, tasks of both eras, what the upstream asks
//! through the caller and what it is answered, notices, unknown methods, and headers that mirror arguments.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fixture::recorder::{Recorder, Reply, Request, Response};
use serde_json::{Value, json};

use super::{POLICIES, assert_nowhere_on_disk, canary};
use crate::harness::Harness;

const SESSION: &str = "session-0123456789abcdef";
/// Canaries of answers have numbers this much higher than those of their requests.
const ANSWERS: u64 = 10_000;

/// Kinds of canaries, which take turns.
const KINDS: u64 = 5;

/// A request with a canary somewhere in its `params`, and its answer with others.
struct Carrier {
    method: &'static str,
    modern: bool,
    /// `params`, of a text with a canary.
    params: fn(&str) -> Value,
    /// `result`, of another.
    result: fn(&str) -> Value,
    /// What the upstream says before that.
    notice: Option<fn(&str) -> Value>,
}

const fn carrier(
    method: &'static str,
    modern: bool,
    params: fn(&str) -> Value,
    result: fn(&str) -> Value,
) -> Carrier {
    Carrier { method, modern, params, result, notice: None }
}

fn blob(text: &str) -> String {
    STANDARD.encode(text)
}

fn tool_answer(text: &str) -> Value {
    json!({ "content": [{ "type": "resource_link", "uri": format!("note:{text}"), "name": text, "title": text }],
        "structuredContent": { "rows": [{ "note": text }], "copy": json!({ "note": text }).to_string() } })
}

fn input_requests(text: &str) -> Value {
    json!({ "resultType": "input_required", "requestState": "s", "inputRequests": {
        "form": { "method": "elicitation/create", "params": { "message": text, "requestedSchema": {
            "type": "object", "properties": { "a": { "type": "string", "description": text, "default": text } } } } },
        "page": { "method": "elicitation/create", "params": { "mode": "url", "message": "go", "url": format!("https://x.y/?q={text}") } },
        "model": { "method": "sampling/createMessage", "params": { "systemPrompt": text, "maxTokens": 5,
            "messages": [{ "role": "user", "content": { "type": "text", "text": text } }] } } } })
}

/// What the upstream says in a stream before its answer.
const NOTICES: &[fn(&str) -> Value] = &[
    |text| json!({ "method": "notifications/progress", "params": { "progressToken": 1, "progress": 1, "message": text } }),
    |text| json!({ "method": "notifications/message", "params": { "level": "info", "logger": text, "data": [text] } }),
    |text| json!({ "method": "notifications/cancelled", "params": { "requestId": "none", "reason": text } }),
    |text| json!({ "method": "notifications/resources/updated", "params": { "uri": format!("note:{text}") } }),
    |text| {
        json!({ "method": "notifications/tasks", "params": { "taskId": "t", "status": "completed",
        "statusMessage": text, "result": tool_answer(text) } })
    },
    |text| json!({ "method": "notifications/tasks/status", "params": { "taskId": "t", "status": "working", "statusMessage": text } }),
    |text| json!({ "method": "notifications/vendor/x", "params": { "y": [text] } }),
    // Requests of the upstream: refused, since there is no session, and recorded.
    |text| {
        json!({ "id": "ask-1", "method": "sampling/createMessage", "params": { "systemPrompt": text, "maxTokens": 5,
        "messages": [{ "role": "user", "content": [{ "type": "tool_result", "toolUseId": "u",
            "content": [{ "type": "text", "text": text }], "structuredContent": { "note": text } }] }] } })
    },
    |text| {
        json!({ "id": "ask-2", "method": "elicitation/create", "params": { "message": text,
        "requestedSchema": { "type": "object", "properties": { "a": { "type": "string", "title": text } } } } })
    },
];

fn tool_call(text: &str) -> Value {
    json!({ "name": "t", "arguments": { "deep": [{ "note": text }] } })
}

fn carriers() -> Vec<Carrier> {
    let mut all = legacy();
    all.extend([both(false), both(true), modern()].into_iter().flatten());
    let with =
        |notice| Carrier { notice: Some(notice), ..carrier("tools/call", false, tool_call, tool_answer) };
    all.extend(NOTICES.iter().copied().map(with));
    all
}

/// What only the older revisions have, or what both have alike.
fn legacy() -> Vec<Carrier> {
    vec![
        carrier(
            "initialize",
            false,
            |text| json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "it", "version": "1", "title": text } }),
            |text| json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": { "name": "up", "version": "1", "title": text }, "instructions": text }),
        ),
        carrier(
            "completion/complete",
            false,
            |text| json!({ "ref": { "type": "ref/prompt", "name": "p" }, "argument": { "name": "a", "value": text }, "context": { "arguments": { "b": text } } }),
            |text| json!({ "completion": { "values": [text] } }),
        ),
        carrier(
            "logging/setLevel",
            false,
            |text| json!({ "level": "info", "_meta": { "x/y": text } }),
            |text| json!({ "_meta": { "x/y": text } }),
        ),
        carrier(
            "prompts/list",
            false,
            |_| json!({}),
            |text| json!({ "prompts": [{ "name": "p", "description": text, "arguments": [{ "name": "a", "description": text }] }] }),
        ),
        carrier(
            "resources/list",
            false,
            |_| json!({}),
            |text| json!({ "resources": [{ "uri": format!("note:{text}"), "name": text, "description": text }] }),
        ),
        carrier(
            "resources/templates/list",
            false,
            |_| json!({}),
            |text| json!({ "resourceTemplates": [{ "uriTemplate": "note:{a}", "name": "n", "description": text }] }),
        ),
        carrier(
            "tools/list",
            false,
            |_| json!({}),
            |text| {
                json!({ "tools": [{ "name": "t", "title": text, "description": text,
            "inputSchema": { "type": "object", "properties": { "a": { "type": "string", "description": text, "default": text } } },
            "annotations": { "title": text } }] })
            },
        ),
        carrier("tasks/result", false, |_| json!({ "taskId": "t" }), tool_answer),
        carrier(
            "tasks/list",
            false,
            |_| json!({}),
            |text| json!({ "tasks": [{ "taskId": "t", "status": "working", "statusMessage": text }] }),
        ),
        carrier("vendor/x", false, |text| json!({ "y": [text] }), |text| json!({ "z": { "y": text } })),
    ]
}

/// What both kinds of revisions have.
fn both(modern: bool) -> Vec<Carrier> {
    vec![
        carrier("tools/call", modern, tool_call, tool_answer),
        carrier(
            "resources/read",
            modern,
            |text| json!({ "uri": format!("note:{text}") }),
            |text| json!({ "contents": [{ "uri": format!("note:{text}"), "text": text }, { "uri": "x:y", "blob": blob(text) }] }),
        ),
        carrier(
            "prompts/get",
            modern,
            |text| json!({ "name": "p", "arguments": { "a": text } }),
            |text| {
                json!({ "description": text, "messages": [{ "role": "user", "content": { "type": "text", "text": text } },
                    { "role": "user", "content": { "type": "resource", "resource": { "uri": "x:y", "blob": blob(text) } } }] })
            },
        ),
        carrier(
            "tasks/get",
            modern,
            |_| json!({ "taskId": "t" }),
            |text| {
                json!({ "taskId": "t", "status": "completed", "statusMessage": text, "result": tool_answer(text),
                    "error": { "code": -1, "message": text }, "inputRequests": input_requests(text)["inputRequests"] })
            },
        ),
        carrier(
            "tasks/cancel",
            modern,
            |text| json!({ "taskId": "t", "_meta": { "x/y": text } }),
            |text| json!({ "statusMessage": text }),
        ),
    ]
}

/// What only 2026-07-28 has.
fn modern() -> Vec<Carrier> {
    vec![
        carrier(
            "server/discover",
            true,
            |text| json!({ "_meta": { "x/y": text } }),
            |text| json!({ "supportedVersions": ["2026-07-28"], "capabilities": {}, "instructions": text }),
        ),
        carrier("tools/call", true, tool_call, input_requests),
        carrier(
            "tools/call",
            true,
            |text| {
                json!({ "name": "t", "arguments": {}, "requestState": "s", "inputResponses": {
                "form": { "action": "accept", "content": { "a": text } },
                "model": { "role": "assistant", "model": text, "content": { "type": "text", "text": text } } } })
            },
            tool_answer,
        ),
        carrier(
            "tasks/update",
            true,
            |text| json!({ "taskId": "t", "inputResponses": { "form": { "action": "accept", "content": { "a": text } } } }),
            |text| json!({ "_meta": { "x/y": text } }),
        ),
    ]
}

/// Answers as the carrier whose number is a fifth of the request's id.
fn upstream(request: &Request) -> Reply {
    let message = request.json();
    let Some(id) = message["id"].as_u64() else { return Reply::Respond(Response::empty(202)) };
    let carriers = carriers();
    let carrier = &carriers[usize::try_from(id / KINDS).expect("small")];
    let text = canary(id + ANSWERS).text;
    let last = json!({ "jsonrpc": "2.0", "id": id, "result": (carrier.result)(&text) });
    let Some(notice) = carrier.notice else { return Reply::Respond(Response::json(&last)) };
    let mut notice = notice(&text);
    notice["jsonrpc"] = "2.0".into();
    let stream = format!("event: message\ndata: {notice}\n\nevent: message\ndata: {last}\n\n");
    Reply::Respond(Response::new(200, "text/event-stream", stream))
}

/// What the caller sends: header fields and body.
fn message(carrier: &Carrier, id: u64, text: &str) -> (Vec<(&'static str, String)>, Vec<u8>) {
    let mut params = (carrier.params)(text);
    let mut fields = Vec::new();
    if carrier.modern {
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
        params["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({ "name": "it", "version": "1" });
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
        fields.push(("mcp-protocol-version", "2026-07-28".to_owned()));
        fields.push(("mcp-method", carrier.method.to_owned()));
        let name = ["name", "uri", "taskId"].iter().find_map(|member| params[*member].as_str());
        fields.extend(name.map(|name| ("mcp-name", name.to_owned())));
    }
    let body = json!({ "jsonrpc": "2.0", "id": id, "method": carrier.method, "params": params });
    (fields, body.to_string().into_bytes())
}

#[tokio::test]
async fn no_canary_in_any_other_carrier_reaches_a_reader_or_the_disk() {
    let recorder = Recorder::new(upstream);
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, POLICIES).await;
    let mut values = Vec::new();
    let carriers = carriers();
    let count = u64::try_from(carriers.len()).expect("few");
    for (number, carrier) in (0..count).zip(&carriers) {
        // Each carrier with every kind of canary, both ways.
        for id in number * KINDS..(number + 1) * KINDS {
            let (asked, told) = (canary(id), canary(id + ANSWERS));
            let (fields, body) = message(carrier, id, &asked.text);
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let response = gateway.post("alice", &fields, &body).await;
            let answer = String::from_utf8_lossy(&response.body).into_owned();
            assert_eq!(response.status(), 200, "{} of {id}: {answer}", carrier.method);
            for canary in [&asked, &told] {
                let leaks =
                    [canary.value.clone(), blob(&canary.text)].iter().any(|leak| answer.contains(leak));
                assert!(!leaks, "{} of {id} reached the caller: {answer}", carrier.method);
            }
            values.extend([asked.value, told.value]);
        }
    }
    assert!(recorder.count() >= count * KINDS, "all of them arrived");
    for request in recorder.requests() {
        let sent = [&request.body[..], format!("{:?}", request.head).as_bytes()].concat();
        let hit = values.iter().find(|value| memchr::memmem::find(&sent, value.as_bytes()).is_some());
        assert_eq!(hit, None, "reached the upstream: {}", String::from_utf8_lossy(&sent));
    }
    assert_nowhere_on_disk(gateway, values, 300).await;
}

#[tokio::test]
async fn no_canary_in_what_people_answer_a_server_reaches_it_or_the_disk() {
    let recorder = Recorder::new(|request| match request.json()["method"].as_str() {
        Some("initialize") => {
            let result = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": { "name": "up", "version": "1" } });
            let answer = json!({ "jsonrpc": "2.0", "id": 0, "result": result });
            Reply::Respond(Response::json(&answer).with("Mcp-Session-Id", SESSION))
        }
        Some("tools/call") => {
            let id = request.json()["id"].as_u64().expect("a number");
            let ask = json!({ "jsonrpc": "2.0", "id": format!("ask-{id}"), "method": "elicitation/create",
                "params": { "message": canary(id + ANSWERS).text, "requestedSchema": { "type": "object", "properties": {} } } });
            let last = json!({ "jsonrpc": "2.0", "id": id, "result": { "content": [] } });
            let stream = format!("event: message\ndata: {ask}\n\nevent: message\ndata: {last}\n\n");
            Reply::Respond(Response::new(200, "text/event-stream", stream))
        }
        _ => Reply::Respond(Response::empty(202)),
    });
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, POLICIES).await;
    let session = gateway.initialize("alice").await;
    let with = [("mcp-session-id", session.as_str())];
    let mut values = Vec::new();
    for id in 1..=10 {
        let asked = gateway.post("alice", &with, &crate::harness::call(id, "t", &json!({}))).await;
        let text = String::from_utf8_lossy(&asked.body).into_owned();
        assert!(text.contains("elicitation/create") && !text.contains(&canary(id + ANSWERS).value), "{text}");
        let typed = canary(id);
        let result = if id % 2 == 0 {
            json!({ "action": "accept", "content": { "a": typed.text } })
        } else {
            json!({ "action": "decline", "_meta": { "x/y": typed.text } })
        };
        let answer = json!({ "jsonrpc": "2.0", "id": format!("ask-{id}"), "result": result });
        assert_eq!(gateway.post("alice", &with, answer.to_string().as_bytes()).await.status(), 202);
        values.extend([typed.value, canary(id + ANSWERS).value]);
    }
    for request in recorder.requests() {
        let hit = values.iter().find(|value| memchr::memmem::find(&request.body, value.as_bytes()).is_some());
        assert_eq!(hit, None, "reached the upstream: {:?}", request.body);
    }
    assert_nowhere_on_disk(gateway, values, 20).await;
}
