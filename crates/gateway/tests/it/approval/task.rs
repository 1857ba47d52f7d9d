//! A caller that takes tasks is not kept waiting: it asks how its held call is getting on.

use bytes::Bytes;
use fixture::probe::Response as Answer;
use fixture::recorder::{Recorder, Reply, Response, echo};
use serde_json::{Value, json};

use super::{POLICIES, Setup, answer, eventually, over, refused, setup};

/// What a caller of 2026-07-28 declares.
fn meta() -> Value {
    let extensions = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} }, "sampling": {} });
    json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": extensions })
}

/// A request of 2026-07-28 about `name`: header fields and body.
fn modern<'a>(method: &'a str, name: &'a str, params: &Value) -> (Vec<(&'a str, &'a str)>, Bytes) {
    let mut params = params.clone();
    params["_meta"] = meta();
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    let fields = vec![("mcp-protocol-version", "2026-07-28"), ("mcp-method", method), ("mcp-name", name)];
    (fields, Bytes::from(body.to_string()))
}

/// In front of a server that takes part in the extension, and has said so.
async fn offering() -> Setup {
    let recorder = Recorder::new(|request| {
        let message = request.json();
        if message["method"] != "server/discover" {
            return echo(request);
        }
        let capabilities = json!({ "tools": {}, "extensions": { "io.modelcontextprotocol/tasks": {} } });
        let result = json!({
            "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": capabilities,
            "serverInfo": { "name": "s", "version": "1" }, "ttlMs": 0, "cacheScope": "private",
        });
        Reply::Respond(Response::json(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })))
    });
    let setup = over(recorder, POLICIES, 20_000).await;
    discover(&setup).await;
    setup
}

async fn discover(setup: &Setup) {
    let (mut fields, body) = modern("server/discover", "", &json!({}));
    fields.pop();
    let discovered = answer(&setup.gateway.post("carol", &fields, &body).await);
    assert_eq!(discovered["result"]["resultType"], "complete", "{discovered}");
}

#[tokio::test]
async fn server_that_knows_no_tasks_gets_none_whatever_its_caller_declares() {
    let setup = setup(POLICIES, 100).await;
    for _ in 0..2 {
        let first = call(&setup, "alice").await;
        assert_eq!(first["result"]["resultType"], "input_required", "{first}");
        discover(&setup).await;
    }
    setup.gateway.finish().await;
}

async fn call(setup: &Setup, person: &str) -> Value {
    let params = json!({ "name": "effect", "arguments": { "marker": "x" } });
    let (fields, body) = modern("tools/call", "effect", &params);
    answer(&setup.gateway.post(person, &fields, &body).await)
}

async fn ask(setup: &Setup, person: &str, method: &str, task: &str) -> Answer {
    let (fields, body) = modern(method, task, &json!({ "taskId": task }));
    setup.gateway.post(person, &fields, &body).await
}

async fn get(setup: &Setup, task: &str) -> Value {
    answer(&ask(setup, "alice", "tasks/get", task).await)["result"].clone()
}

async fn begun(setup: &Setup) -> String {
    let created = call(setup, "alice").await["result"].clone();
    assert_eq!(
        (&created["resultType"], &created["status"]),
        (&json!("task"), &json!("working")),
        "{created}"
    );
    assert!(created["pollIntervalMs"].is_u64() && created["createdAt"].is_string(), "{created}");
    created["taskId"].as_str().expect("an id").to_owned()
}

/// Asks until the task has ended.
async fn ended(setup: &Setup, task: &str) -> Value {
    eventually(|| async {
        let seen = get(setup, task).await;
        (seen["status"] != "working").then_some(seen)
    })
    .await
}

#[tokio::test]
async fn held_call_is_a_task_that_runs_once_when_people_agreed() {
    let setup = offering().await;
    let task = begun(&setup).await;
    let id = setup.one().await;
    // The same call again is the same task.
    assert_eq!(begun(&setup).await, task);
    let waiting = get(&setup, &task).await;
    assert_eq!((&waiting["resultType"], &waiting["status"]), (&json!("complete"), &json!("working")));
    assert!(waiting["statusMessage"].as_str().expect("words").contains(&id), "{waiting}");
    assert_eq!(setup.recorder.called(), 0);
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    let done = ended(&setup, &task).await;
    assert_eq!(done["status"], "completed");
    assert_eq!(done["result"]["content"][0]["text"], json!(r#"{"marker":"x"}"#), "{done}");
    assert_eq!(get(&setup, &task).await, done, "as often as it is asked");
    assert_eq!(setup.recorder.called(), 1);
    // The upstream got a plain call: what else the caller declared, and no word of tasks.
    let forwarded = setup.recorder.requests().pop().expect("a request");
    let declared = forwarded.json()["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"].clone();
    assert_eq!(declared, json!({ "extensions": {}, "sampling": {} }));
    assert_eq!(forwarded.head.field("mcp-method"), Some("tools/call"));
    assert_eq!(forwarded.head.field("mcp-name"), Some("effect"));
    let used = setup.gateway.leaves_of("approval.used").await;
    assert_eq!(used.len(), 1);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn task_is_nobody_elses_and_cannot_be_made_up() {
    let setup = offering().await;
    let task = begun(&setup).await;
    let id = setup.one().await;
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    let (rest, end) = task.split_at(task.len() - 8);
    let forged = format!("{rest}{}", if end.starts_with('A') { "BBBBBBBA" } else { "AAAAAAAA" });
    let made_up = "countersign-task-1.AAAA".to_owned();
    for (person, task) in [("carol", &task), ("mallory", &task), ("alice", &forged), ("alice", &made_up)] {
        for method in ["tasks/get", "tasks/cancel"] {
            assert_eq!(refused(&ask(&setup, person, method, task).await), "unknown_task", "{person} {task}");
        }
    }
    assert_eq!(setup.recorder.called(), 0);
    assert_eq!(ended(&setup, &task).await["status"], "completed");
    setup.gateway.finish().await;
}

#[tokio::test]
async fn task_that_is_cancelled_withdraws_the_request() {
    let setup = offering().await;
    let task = begun(&setup).await;
    let id = setup.one().await;
    let acknowledged = answer(&ask(&setup, "alice", "tasks/cancel", &task).await);
    assert_eq!(acknowledged["result"], json!({ "resultType": "complete" }));
    assert_eq!(setup.state(&id).await, "expired");
    assert_eq!(get(&setup, &task).await["status"], "cancelled");
    assert_eq!(setup.approve("bob", &id).await.status(), 409);
    let ends = setup.gateway.leaves_of("approval.expired").await;
    assert_eq!(ends[0]["detail"]["reason"], json!("withdrawn"));
    // Asked for again, it is another request.
    assert_ne!(begun(&setup).await, task);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn task_of_a_call_that_people_refused_has_failed() {
    let setup = offering().await;
    let task = begun(&setup).await;
    assert_eq!(setup.reject("bob", &setup.one().await).await.status(), 200);
    let failed = get(&setup, &task).await;
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!(4033)), "{failed}");
    assert_eq!(setup.recorder.called(), 0);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn task_outlives_the_gateway_that_made_it_and_so_does_its_answer() {
    let setup = offering().await;
    let task = begun(&setup).await;
    let id = setup.one().await;
    let Setup { recorder, gateway, upstream } = setup;
    let setup = Setup { recorder, gateway: gateway.restart_after(|_| ()).await, upstream };
    assert_eq!(get(&setup, &task).await["status"], "working");
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    let done = ended(&setup, &task).await;
    let Setup { recorder, gateway, upstream } = setup;
    let setup = Setup { recorder, gateway: gateway.restart_after(|_| ()).await, upstream };
    assert_eq!(get(&setup, &task).await, done);
    assert_eq!(setup.recorder.called(), 1);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn policy_that_changed_meanwhile_ends_the_task_without_the_call() {
    let setup = offering().await;
    let task = begun(&setup).await;
    assert_eq!(setup.approve("bob", &setup.one().await).await.status(), 200);
    setup
        .gateway
        .publish(&format!(
            "{POLICIES}\n@id(\"more\") permit (principal, action == Action::\"ping\", resource);"
        ))
        .await;
    let ended = ended(&setup, &task).await;
    assert_eq!(ended["result"]["isError"], json!(true), "{ended}");
    assert_eq!(
        ended["result"]["_meta"]["io.countersign/refusal"]["code"],
        json!("approval_overtaken"),
        "{ended}"
    );
    assert_eq!(setup.recorder.called(), 0);
    setup.gateway.finish().await;
}

/// A request of 2025-11-25.
async fn legacy(setup: &Setup, method: &str, params: &Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 3, "method": method, "params": params });
    answer(&setup.gateway.post("alice", &[], body.to_string().as_bytes()).await)
}

#[tokio::test]
async fn caller_of_an_older_revision_takes_a_task_and_fetches_its_result() {
    let setup = offering().await;
    let params = json!({ "name": "effect", "arguments": { "marker": "x" }, "task": { "ttl": 60_000 } });
    let created = legacy(&setup, "tools/call", &params).await["result"]["task"].clone();
    assert_eq!(created["status"], "working", "{created}");
    let task = created["taskId"].as_str().expect("an id").to_owned();
    let of_task = json!({ "taskId": task });
    assert_eq!(legacy(&setup, "tasks/get", &of_task).await["result"]["taskId"], json!(task));
    let id = setup.one().await;
    // Whoever fetches the result waits for it.
    let (fetched, approved) =
        tokio::join!(legacy(&setup, "tasks/result", &of_task), setup.approve("bob", &id));
    assert_eq!(approved.status(), 200);
    let result = &fetched["result"];
    assert_eq!(
        (&fetched["id"], &result["content"][0]["text"]),
        (&json!(3), &json!(r#"{"marker":"x"}"#)),
        "{fetched}"
    );
    assert_eq!(result["_meta"]["io.modelcontextprotocol/related-task"], of_task);
    assert_eq!(legacy(&setup, "tasks/get", &of_task).await["result"]["status"], json!("completed"));
    let forwarded = setup.recorder.requests().pop().expect("a request").json();
    assert_eq!(forwarded["params"], json!({ "name": "effect", "arguments": { "marker": "x" } }));
    assert_eq!(setup.recorder.called(), 1);
    setup.gateway.finish().await;
}
