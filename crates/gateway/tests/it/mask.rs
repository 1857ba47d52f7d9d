//! What callers get of masked answers: it keeps to the schema that the tool announced, whichever way the answer comes.

use fixture::recorder::{Recorder, Reply, Request, Response};
use serde_json::{Value, json};

use crate::harness::{Harness, call, modern_call};

const NOBODY_SEES: &str = r#"
    @id("all") permit (principal, action, resource);
    @id("nobody-sees") forbid (principal, action == Action::"reveal", resource);"#;

/// A tool whose answers hold what is masked, in members that may hold nothing else than what the schema says.
fn tool() -> Value {
    json!({ "name": "person", "inputSchema": { "type": "object" }, "outputSchema": {
        "type": "object",
        "required": ["email", "ssn", "card", "born", "password"],
        "additionalProperties": false,
        "properties": {
            "email": { "type": "string", "format": "email" },
            "ssn": { "type": "integer" },
            "card": { "type": "string", "pattern": "^[0-9]{16}$" },
            "born": { "type": "string", "format": "date" },
            "password": { "enum": ["correct horse", "battery staple"] },
        } } })
}

fn person() -> Value {
    json!({ "email": "carla.fuentes@initech-mail.com", "ssn": 219_099_998, "card": "4111111111111111",
        "born": "1979-04-12", "password": "battery staple" })
}

fn answer() -> Value {
    let person = person();
    json!({ "content": [{ "type": "text", "text": person.to_string() }], "structuredContent": person })
}

/// Lists the tool, runs it at once, as a stream or as a task, and gives the results of tasks in both eras.
fn upstream(request: &Request) -> Reply {
    let message = request.json();
    let respond = |result: Value| json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
    let result = match (message["method"].as_str(), message["params"]["arguments"]["how"].as_str()) {
        (Some("tools/list"), _) => json!({ "tools": [tool()] }),
        (Some("tasks/result"), _) => answer(),
        (Some("tasks/get"), _) => json!({ "taskId": "t1", "status": "completed", "result": answer() }),
        (_, Some("task")) => json!({ "task": { "taskId": "t1", "status": "working" } }),
        (_, Some("stream")) => {
            let notice = json!({ "jsonrpc": "2.0", "method": "notifications/tasks",
                "params": { "taskId": "t1", "status": "completed", "result": answer() } });
            let last = respond(answer());
            let events = format!("event: message\ndata: {notice}\n\nevent: message\ndata: {last}\n\n");
            return Reply::Respond(Response::new(200, "text/event-stream", events));
        }
        _ => answer(),
    };
    Reply::Respond(Response::json(&respond(result)))
}

/// A request about the task of the modern era, or of the older one: header fields and body.
fn about_task(method: &str, modern: bool) -> (Vec<(&str, &str)>, Vec<u8>) {
    let mut message = json!({ "jsonrpc": "2.0", "id": 9, "method": method, "params": { "taskId": "t1" } });
    if !modern {
        return (Vec::new(), message.to_string().into_bytes());
    }
    message["params"]["_meta"] = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "it", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {} });
    let fields = vec![("mcp-protocol-version", "2026-07-28"), ("mcp-method", method), ("mcp-name", "t1")];
    (fields, message.to_string().into_bytes())
}

/// Nothing of the person is left, and what stands there is what the schema allows.
fn assert_kept(person: &Value) {
    assert_eq!(person["email"], "masked@example.invalid");
    assert_eq!(person["ssn"], 0);
    let card = person["card"].as_str().expect("a text");
    assert!(card.len() == 16 && card.bytes().all(|byte| byte.is_ascii_digit()), "{card}");
    assert_ne!(card, "4111111111111111");
    let born = person["born"].as_str().expect("a text");
    assert!(born.parse::<jiff::civil::Date>().is_ok() && born != "1979-04-12", "{born}");
    assert_eq!(person["password"], "correct horse");
    assert_eq!(person.as_object().map(serde_json::Map::len), Some(5));
}

/// The results in an answer, which may be a stream of them.
fn results(body: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(body).expect("UTF-8");
    assert!(!text.contains("carla.fuentes") && !text.contains("4111111111111111"), "{text}");
    let events =
        text.lines().filter_map(|line| line.strip_prefix("data: ").or(line.strip_prefix('{').map(|_| line)));
    let messages = events.map(|event| serde_json::from_str::<Value>(event).expect("JSON"));
    messages
        .map(
            |message| {
                if message["result"].is_null() {
                    message["params"].clone()
                } else {
                    message["result"].clone()
                }
            },
        )
        .collect()
}

#[tokio::test]
async fn policy_chooses_the_mask_by_what_was_found_and_whose_tool_it_is() {
    let recorder = Recorder::new(|request| {
        let content = json!([{ "type": "text", "text": "card 4111 1111 1111 1111 of carla@initech-mail.com, iban DE89 3704 0044 0532 0130 00" }]);
        Reply::Respond(Response::json(
            &json!({ "jsonrpc": "2.0", "id": request.json()["id"], "result": { "content": content } }),
        ))
    });
    let server = recorder.start().await.expect("an upstream");
    let policies = r#"
        @id("call") permit (principal, action in Action::"call", resource);
        @id("tail") permit (principal, action == Action::"reveal", resource)
        when { context.finding.detector == "payment-card" && context.finding.form == "partial" };
        @id("equal") permit (principal, action == Action::"reveal", resource == Tool::"up/effect")
        when { context.finding.detector == "email" && context.finding.form == "token" };
        @id("gone") permit (principal, action == Action::"reveal", resource)
        when { context.finding.detector == "iban" && context.finding.form == "drop" };"#;
    let gateway = Harness::over(&server, policies).await;
    let text = async |tool: &str| {
        let response = gateway.post("alice", &[], &call(1, tool, &json!({}))).await;
        let answer: Value = response.json().expect("JSON");
        answer["result"]["content"][0]["text"].as_str().expect("a text").to_owned()
    };
    let told = text("effect").await;
    assert!(told.starts_with("card ****1111 of mk:") && told.ends_with(", iban "), "{told}");
    assert_eq!(text("other").await, "card ****1111 of [email], iban ");
    gateway.finish().await;
}

#[tokio::test]
async fn answer_that_depends_on_its_reader_is_cached_for_nobody_else() {
    let recorder = Recorder::new(|request| {
        let uri = request.json()["params"]["uri"].clone();
        let contents = json!([{ "uri": uri, "text": if uri == "docs://mail" { "to carla@initech-mail.com" } else { "plain" } }]);
        let result = json!({ "contents": contents, "cacheScope": "public", "ttlMs": 60_000 });
        Reply::Respond(Response::json(
            &json!({ "jsonrpc": "2.0", "id": request.json()["id"], "result": result }),
        ))
    });
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, NOBODY_SEES).await;
    for (uri, scope) in [("docs://plain", "public"), ("docs://mail", "private")] {
        let read = json!({ "jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": { "uri": uri } });
        let answer: Value =
            gateway.post("alice", &[], read.to_string().as_bytes()).await.json().expect("JSON");
        assert_eq!(answer["result"]["cacheScope"], scope, "{answer}");
    }
    gateway.finish().await;
}

#[tokio::test]
async fn masked_answers_keep_to_the_schema_of_their_tool() {
    let recorder = Recorder::new(upstream);
    let server = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&server, NOBODY_SEES).await;
    let list = json!({ "jsonrpc": "2.0", "id": 0, "method": "tools/list" }).to_string();
    assert_eq!(gateway.post("alice", &[], list.as_bytes()).await.status(), 200);

    for how in ["whole", "stream"] {
        for modern in [false, true] {
            let arguments = json!({ "how": how });
            let response = if modern {
                let (fields, body) = modern_call(1, "person", &arguments);
                gateway.post("alice", &fields, &body).await
            } else {
                gateway.post("alice", &[], &call(1, "person", &arguments)).await
            };
            let results = results(&response.body);
            assert!(!results.is_empty(), "{:?}", response.body);
            // A task that nobody is known to have made has no tool whose schema its notice could keep to.
            assert_kept(&results.last().expect("an answer")["structuredContent"]);
        }
    }
    let started = gateway.post("alice", &[], &call(2, "person", &json!({ "how": "task" }))).await;
    assert_eq!(started.status(), 200);
    let (fields, body) = about_task("tasks/result", false);
    assert_kept(&results(&gateway.post("alice", &fields, &body).await.body)[0]["structuredContent"]);
    let (fields, body) = about_task("tasks/get", true);
    assert_kept(
        &results(&gateway.post("alice", &fields, &body).await.body)[0]["result"]["structuredContent"],
    );
    let (fields, body) = modern_call(3, "person", &json!({ "how": "stream" }));
    let told = results(&gateway.post("alice", &fields, &body).await.body);
    assert_kept(&told[0]["result"]["structuredContent"]);
    gateway.finish().await;
}
