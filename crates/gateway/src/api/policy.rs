//! Policies: the set in force, others held against it, calls tried.

use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::Problem;
use super::{Asked, time};
use crate::limits;
use crate::policy::{self, Case, Change, Known, PolicySet, Rejected, Source};
use crate::refusal::Refusal;
use crate::store::document;

/// `GET /api/v1/policies`.
pub(super) async fn show(asked: Asked) -> Result<Value, Problem> {
    let set = asked.gateway.policies.current();
    let revision = set.revision().0;
    let since = asked.gateway.db.read("policies", move |read| document::since(read, &revision)).await?;
    let mut files: Vec<Value> = Vec::new();
    let sources = set.sources();
    for source in sources {
        files.push(json!({ "name": name(&source.file), "text": source.text }));
    }
    let policies = set.policies().iter().map(|policy| {
        json!({
            "id": policy.id,
            "effect": effect(policy),
            "text": policy.text,
            "file": name(&policy.file),
            "line": policy.line,
        })
    });
    Ok(json!({
        "set": set.revision().to_string(),
        "since": since.map(time),
        "files": files,
        "policies": policies.collect::<Vec<_>>(),
        "warnings": warnings(&set, sources),
        "rejected": asked.gateway.policies.rejected().map(|rejected| rejected.to_string()),
    }))
}

/// `POST /api/v1/policies/check`, with `{"files": [{"name": "...", "text": "..."}]}`.
pub(super) async fn check(asked: Asked) -> Result<Value, Problem> {
    computing(move || {
        let sources = files(&asked.body)?;
        Ok(match PolicySet::parse(&sources) {
            Ok(set) => json!({
                "valid": true,
                "set": set.revision().to_string(),
                "problems": [],
                "warnings": warnings(&set, &sources),
            }),
            Err(rejected) => json!({
                "valid": false,
                "set": null,
                "problems": problems(&rejected.problems),
                "warnings": [],
            }),
        })
    })
    .await
}

/// `POST /api/v1/policies/diff`, with files as for `check`.
pub(super) async fn diff(asked: Asked) -> Result<Value, Problem> {
    computing(move || {
        let (running, other) = (asked.gateway.policies.current(), parsed(&asked.body)?);
        let change = Change::between(Some(&running), &other);
        let text = |set: &PolicySet, id: &String| {
            set.policies().iter().find(|policy| policy.id == *id).map(|policy| policy.text.clone())
        };
        let one = |set: &PolicySet, ids: &[String]| -> Vec<Value> {
            ids.iter().map(|id| json!({ "id": id, "text": text(set, id) })).collect()
        };
        let changed = change
            .changed
            .iter()
            .map(|id| json!({ "id": id, "before": text(&running, id), "after": text(&other, id) }));
        Ok(json!({
            "from": running.revision().to_string(),
            "to": other.revision().to_string(),
            "added": one(&other, &change.added),
            "removed": one(&running, &change.removed),
            "changed": changed.collect::<Vec<_>>(),
        }))
    })
    .await
}

/// A call to be tried, as the API has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tried {
    #[serde(default)]
    kind: Option<String>,
    issuer: String,
    subject: String,
    #[serde(default)]
    groups: Vec<String>,
    server: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    tool: Option<String>,
    #[serde(default)]
    resource: Option<String>,
    #[serde(default)]
    prompt: Option<String>,
    #[serde(default)]
    arguments: Option<Value>,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    address: Option<String>,
}

/// `POST /api/v1/policies/try`, with `{"call": {...}}` and, to try it against others, files as for `check`.
pub(super) async fn attempt(asked: Asked) -> Result<Value, Problem> {
    computing(move || {
        let set = match asked.body.get("files") {
            None | Some(Value::Null) => asked.gateway.policies.current(),
            Some(_) => std::sync::Arc::new(parsed(&asked.body)?),
        };
        let malformed = |error: &dyn std::fmt::Display| Problem::request(format!("`call` is not a call: {error}"));
        let tried: Tried =
            serde_json::from_value(asked.body["call"].clone()).map_err(|error| malformed(&error))?;
        let case = json!({
            "as": format!("{}/{}", tried.issuer, tried.subject),
            "kind": tried.kind.as_deref().unwrap_or("human"),
            "groups": tried.groups,
            "server": tried.server,
            "method": tried.method.filter(|_| tried.tool.is_none() && tried.resource.is_none() && tried.prompt.is_none()),
            "tool": tried.tool,
            "resource": tried.resource,
            "prompt": tried.prompt,
            "arguments": tried.arguments,
            "time": tried.time,
            "address": tried.address,
            "expect": "allow",
        });
        let case: Case = serde_json::from_value(case).map_err(|error| malformed(&error))?;
        let question = case.asked(asked.gateway.clock.now(), &asked.gateway.statements);
        let question = question.map_err(|error| malformed(&error))?;
        let decision = set.decide(&question.question());
        let explained = policy::explain(&set, &question.question());
        let findings = explained.findings.iter().map(|finding| {
            let unmet: Vec<String> =
                finding.unmet.iter().map(|unmet| format!("{}: {}", unmet.requirement, unmet.found)).collect();
            json!({
                "id": finding.policy,
                "effect": finding.effect,
                "part": finding.part,
                "matched": unmet.is_empty(),
                "because": unmet.join("; "),
                "file": name(&finding.file),
                "line": finding.line,
            })
        });
        Ok(json!({
            "effect": decision.effect.as_str(),
            "summary": explained.summary,
            "policies": &*decision.policies,
            "errors": decision.errors,
            "terms": decision.terms.as_deref(),
            "set": decision.revision.to_string(),
            "findings": findings.collect::<Vec<_>>(),
        }))
    })
    .await
}

/// Parsing and validating take longer than a task of the runtime may.
async fn computing(
    compute: impl FnOnce() -> Result<Value, Problem> + Send + 'static,
) -> Result<Value, Problem> {
    let computed = tokio::task::spawn_blocking(compute).await;
    computed.unwrap_or_else(|_| Err(Problem::of(Refusal::Internal)))
}

fn parsed(body: &Value) -> Result<PolicySet, Problem> {
    PolicySet::parse(&files(body)?)
        .map_err(|rejected: Rejected| Problem::request(format!("the files are no valid set: {rejected}")))
}

pub(super) fn files(body: &Value) -> Result<Vec<Source>, Problem> {
    let malformed =
        || Problem::request("the body holds `\"files\": [{\"name\": \"...\", \"text\": \"...\"}]`");
    let files = body["files"].as_array().filter(|files| !files.is_empty()).ok_or_else(malformed)?;
    if files.len() > limits::POLICY_FILES_MAX {
        return Err(Problem::request(format!("more than {} files", limits::POLICY_FILES_MAX)));
    }
    let one = |file: &Value| {
        let (name, text) = (file["name"].as_str()?, file["text"].as_str()?);
        Some(Source { file: name.to_owned(), text: text.to_owned() })
    };
    files.iter().map(|file| one(file).ok_or_else(malformed)).collect()
}

/// What is doubtful in a valid set.
fn warnings(set: &PolicySet, sources: &[Source]) -> Vec<Value> {
    problems(&policy::doubts(set, sources, &Known::default()))
}

fn problems(problems: &[policy::Problem]) -> Vec<Value> {
    let one = |problem: &policy::Problem| {
        json!({
            "file": name(&problem.file),
            "line": problem.line,
            "column": problem.column,
            "message": problem.message,
            "help": problem.help,
        })
    };
    problems.iter().map(one).collect()
}

fn effect(policy: &policy::Policy) -> &'static str {
    if policy.permits() { "permit" } else { "forbid" }
}

/// The name of a file without its directory: where a gateway keeps its policies is nobody's business.
fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
