//! Real processes: a Python program that misbehaves on request. No test waits for time to pass; where a limit is a
//! time, the test shortens it and waits for what happens when it is over.

mod framing;
mod modern;
mod routing;
mod session;
mod shared;
mod supervision;

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::pace::Pace;
use super::{Ask, Messages, Stdio, StdioAnswer, StdioError, StdioRequest, Surroundings};
use crate::clock::SystemClock;
use crate::config::{self, Environment, Sharing};
use crate::model::Era;

/// The interpreter itself: what `python3` names may be a wrapper that adds to the environment.
static PYTHON: LazyLock<String> = LazyLock::new(|| {
    let asked =
        std::process::Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
    String::from_utf8(asked.expect("python3 runs").stdout).expect("a path").trim().to_owned()
});

const ALICE: [u8; 32] = [1; 32];
const BOB: [u8; 32] = [2; 32];

/// A server that runs the Python program with `options`.
fn fake(sharing: Sharing, options: &[&str]) -> Stdio {
    paced(sharing, options, Pace::default())
}

fn paced(sharing: Sharing, options: &[&str], pace: Pace) -> Stdio {
    let surroundings = Surroundings::of_this_process(Arc::new(SystemClock));
    Stdio::paced("fake", &program(sharing, options), Duration::from_mins(1), surroundings, pace)
}

fn program(sharing: Sharing, options: &[&str]) -> config::Stdio {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/upstream/stdio/tests/fake.py");
    let fixed = [PYTHON.clone(), script.display().to_string()];
    let command = fixed.into_iter().chain(options.iter().map(|option| (*option).to_owned())).collect();
    config::Stdio { command, environment: Environment::new(), directory: None, sharing }
}

fn legacy(principal: [u8; 32], session: Option<&str>, ask: Ask) -> StdioRequest {
    StdioRequest { ask, session: session.map(str::to_owned), era: Era::Legacy, principal }
}

fn modern(principal: [u8; 32], message: &Value) -> StdioRequest {
    StdioRequest { ask: post(message), session: None, era: Era::Modern, principal }
}

fn post(message: &Value) -> Ask {
    Ask::Post(Bytes::from(message.to_string()))
}

fn initialize(id: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {"sampling": {}},
        "clientInfo": {"name": "test", "version": "1"}}})
}

fn tool(id: impl Into<Value>, name: &str, arguments: impl Into<Value>) -> Value {
    let (id, arguments) = (id.into(), arguments.into());
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": {"name": name, "arguments": arguments, "_meta": {"progressToken": id}}})
}

/// A session of one caller.
struct Caller<'a> {
    stdio: &'a Stdio,
    principal: [u8; 32],
    session: String,
}

impl<'a> Caller<'a> {
    async fn begin(stdio: &'a Stdio, principal: [u8; 32]) -> Self {
        let answer = stdio.send(legacy(principal, None, post(&initialize(&json!("first"))))).await;
        let Ok(StdioAnswer::Json { session: Some(session), body }) = answer else { panic!("{answer:?}") };
        assert_eq!(value(&body)["id"], "first");
        assert_eq!(value(&body)["result"]["serverInfo"]["name"], "fake");
        let caller = Self { stdio, principal, session };
        caller
            .send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await
            .expect("accepted");
        caller
    }

    async fn send(&self, message: &Value) -> Result<StdioAnswer, StdioError> {
        self.ask(post(message)).await
    }

    async fn ask(&self, ask: Ask) -> Result<StdioAnswer, StdioError> {
        self.stdio.send(legacy(self.principal, Some(&self.session), ask)).await
    }

    /// Calls a tool and returns the text it answers with.
    async fn call(&self, id: impl Into<Value>, name: &str, arguments: Value) -> String {
        text(self.send(&tool(id, name, arguments)).await).await
    }

    /// Opens the GET stream.
    async fn listen(&self) -> Messages {
        events(self.ask(Ask::Open).await)
    }
}

fn value(body: &Bytes) -> Value {
    serde_json::from_slice(body).expect("JSON")
}

fn events(answer: Result<StdioAnswer, StdioError>) -> Messages {
    match answer {
        Ok(StdioAnswer::Events { messages, .. }) => messages,
        other => panic!("{other:?}"),
    }
}

/// The last message of an answer.
async fn last(answer: Result<StdioAnswer, StdioError>) -> Value {
    match answer.expect("an answer") {
        StdioAnswer::Json { body, .. } => value(&body),
        StdioAnswer::Events { mut messages, .. } => {
            let mut last = None;
            while let Some(message) = messages.recv().await {
                last = Some(message.expect("a message"));
            }
            value(&last.expect("at least one message"))
        }
        other => panic!("{other:?}"),
    }
}

/// The text a tool answered with.
async fn text(answer: Result<StdioAnswer, StdioError>) -> String {
    let last = last(answer).await;
    last["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{last}")).to_owned()
}

/// Lines the process has read so far.
fn seen(text: &str) -> Vec<Value> {
    let lines: Vec<String> = serde_json::from_str(text).expect("lines");
    lines.iter().map(|line| serde_json::from_str(line).expect("a message")).collect()
}

/// Resolves when every process that runs now is gone.
fn all_gone(stdio: &Stdio) -> impl Future<Output = ()> + use<> {
    let running: Vec<_> = stdio.shared.roster().running().iter().map(|process| process.ended()).collect();
    async move {
        for ended in running {
            ended.await;
        }
    }
}
