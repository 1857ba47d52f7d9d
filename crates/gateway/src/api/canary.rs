//! Control canaries: `/api/v1/canaries`.

use serde_json::{Value, json};

use super::problem::Problem;
use super::{Asked, time};
use crate::canary;
use crate::config::CanaryTest;
use crate::refusal::Refusal;

/// `GET /api/v1/canaries`.
pub(super) async fn list(asked: Asked) -> Result<Value, Problem> {
    let gateway = &asked.gateway;
    let latest = canary::latest(gateway).await?;
    let shown = |test: &CanaryTest| {
        let last = latest.get(&test.name).map(|(ts, leaf, checked)| {
            let mut last = json!(checked);
            last["at"] = time(*ts).into();
            last["leaf"] = json!(leaf);
            last
        });
        json!({
            "name": test.name,
            "server": test.server,
            "tool": test.tool,
            "groups": test.groups,
            "expect": canary::word(test.expect),
            "detector": test.detector,
            "last": last,
        })
    };
    let all: Vec<Value> = gateway.config.canaries.tests.iter().map(shown).collect();
    Ok(json!({ "every_s": gateway.config.canaries.every_s, "canaries": all }))
}

/// `POST /api/v1/canaries/run`, with `{"name": "..."}` or nothing for all.
pub(super) async fn run(asked: Asked) -> Result<Value, Problem> {
    let name = match &asked.body {
        Value::Null => None,
        Value::Object(members) if members.keys().all(|name| name == "name") => {
            members.get("name").and_then(Value::as_str)
        }
        _ => return Err(Problem::request("the body is `{\"name\": \"...\"}`, or nothing")),
    };
    let tests = &asked.gateway.config.canaries.tests;
    let wanted: Vec<CanaryTest> =
        tests.iter().filter(|test| name.is_none_or(|name| test.name == name)).cloned().collect();
    if wanted.is_empty() && name.is_some() {
        return Err(Problem::unknown("no canary has this name"));
    }
    for test in &wanted {
        let ran = canary::run(&asked.gateway, test).await;
        ran.map_err(|_| Problem::of(Refusal::LedgerUnavailable))?;
    }
    list(asked).await
}
