//! Approvals: what people agreed to is what runs, once, and nobody agrees to their own call.

mod alarm;
mod bound;
mod breakglass;
mod command;
mod decide;
mod email;
mod glass_command;
mod intruder;
mod mcp;
mod meanwhile;
mod notify;
mod once;
mod outlive;
mod owner;
pub(crate) mod shared;
mod task;
mod unlisted;
mod woken;
mod works_for;

use std::time::Duration;

pub(crate) use decide::bob;

use fixture::loopback::Running as Fixture;
use fixture::probe::{Probe, Response, event_data};
use fixture::recorder::{Recorder, echo};
use serde_json::{Value, json};

use crate::harness::{Harness, Site, call};

/// Support holds `effect` and asks operations; whoever is in operations or security may approve.
pub(super) const POLICIES: &str = r#"
    @id("rest") permit (principal, action, resource)
    unless { action == Action::"tools/call" || action == Action::"approve" || action == Action::"view" };
    @id("held") @approvers("operations") permit (principal, action == Action::"tools/call", resource)
    when { resource.name == "effect" && context.approval.granted };
    @id("approvers") permit (principal in Group::"operations", action == Action::"approve", resource);
"#;

/// A gateway in front of an upstream that answers, where held calls wait `wait_ms`.
pub(super) struct Setup {
    pub(super) recorder: Recorder,
    pub(super) gateway: Harness,
    pub(super) upstream: Fixture,
}

pub(super) async fn setup(policies: &str, wait_ms: u64) -> Setup {
    over(Recorder::new(echo), policies, wait_ms).await
}

/// The same, in front of an upstream of one's own.
pub(super) async fn over(recorder: Recorder, policies: &str, wait_ms: u64) -> Setup {
    told(recorder, policies, &format!("  wait_ms: {wait_ms}\n"), |_| ()).await
}

/// The same, with more of the configuration of approvals; `prepare` gets the directory of the configuration.
pub(super) async fn told(
    recorder: Recorder,
    policies: &str,
    approvals: &str,
    prepare: impl FnOnce(&std::path::Path),
) -> Setup {
    let upstream = recorder.start().await.expect("an upstream");
    let server = format!("  - name: up\n    http:\n      url: {}\n", upstream.url("/mcp"));
    let site = Site::new(&server, policies).await;
    site.edit(|text| format!("{text}approvals:\n{approvals}"));
    prepare(site.directory.path());
    let gateway = Harness::at(site).await;
    Setup { recorder, gateway, upstream }
}

impl Setup {
    /// Alice calls `effect` in revision 2025-11-25 and does not wait for the answer.
    pub(super) async fn held(&self, id: u64, arguments: &Value) -> Probe {
        self.gateway.send("alice", "POST", &[], &call(id, "effect", arguments)).await
    }

    /// The ids of approvals that wait for a decision or for their use, as carol sees them.
    pub(super) async fn live(&self) -> Vec<String> {
        let listed = self.gateway.api("carol", "GET", "/api/v1/approvals", &Value::Null).await;
        let listed = listed.json().expect("JSON");
        let approvals = listed["approvals"].as_array().unwrap_or_else(|| panic!("{listed}")).clone();
        approvals.iter().map(|approval| approval["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// Waits until exactly one approval is live.
    pub(super) async fn one(&self) -> String {
        eventually(|| async { self.live().await.pop() }).await
    }

    pub(super) async fn approve(&self, person: &str, id: &str) -> Response {
        self.gateway.api(person, "POST", &format!("/api/v1/approvals/{id}/approve"), &json!({})).await
    }

    pub(super) async fn reject(&self, person: &str, id: &str) -> Response {
        let body = json!({ "reason": "not today" });
        self.gateway.api(person, "POST", &format!("/api/v1/approvals/{id}/reject"), &body).await
    }

    pub(super) async fn state(&self, id: &str) -> String {
        let shown = self.gateway.api("carol", "GET", &format!("/api/v1/approvals/{id}"), &Value::Null).await;
        shown.json().expect("JSON")["state"].as_str().expect("a state").to_owned()
    }
}

/// Looks again and again until there is something to see.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(look: impl Fn() -> F) -> T {
    let looking = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looking).await.expect("it happens")
}

/// The JSON-RPC message of an answer, whole or in a stream.
pub(super) fn answer(response: &Response) -> Value {
    if let Ok(body) = response.json() {
        return body;
    }
    let text = String::from_utf8_lossy(&response.body).into_owned();
    let event = text.split("\n\n").find(|event| event.contains("data:")).expect("an event");
    serde_json::from_str(&event_data(format!("{event}\n\n").as_bytes())).expect("JSON")
}

/// The code of the refusal in an answer.
pub(super) fn refused(response: &Response) -> String {
    let body = answer(response);
    let details = if body["error"].is_null() {
        &body["result"]["_meta"]["io.countersign/refusal"]
    } else {
        &body["error"]["data"]
    };
    details["code"].as_str().unwrap_or_else(|| panic!("not refused: {body}")).to_owned()
}

pub(super) fn code(response: &Response) -> (u16, String) {
    let body = response.json().expect("JSON");
    (response.status(), body["code"].as_str().unwrap_or_default().to_owned())
}
