//! The access-control matrix says what the gateway then decides, at any time of the record.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use fixture::recorder::{Recorder, Reply, Request, Response, echo};
use serde_json::{Value, json};

use crate::harness::{self, Harness, Site, call};

const POLICIES: &str = r#"
@id("session") permit (principal, action in [Action::"session", Action::"list"], resource);
@id("support-reads")
permit (principal in Group::"support", action == Action::"tools/call", resource == Tool::"up/read");
@id("support-pays")
permit (principal in Group::"support", action == Action::"tools/call", resource == Tool::"up/pay")
when { context.numbers.hasTag("/n") && context.numbers.getTag("/n") <= 3 };
@id("operations")
permit (principal in Group::"operations", action == Action::"tools/call", resource in Server::"up");
@id("drop-asks")
forbid (principal, action == Action::"tools/call", resource) when { resource.name like "drop*" }
unless { context.approval.granted };
@id("query-reads")
forbid (principal, action == Action::"tools/call", resource == Tool::"up/query")
unless { context has statement && context.statement.class == "read" };
@id("security-approves") permit (principal in Group::"security", action == Action::"approve", resource);
"#;

const TOOLS: [&str; 4] = ["read", "pay", "drop", "query"];
const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "mallory"];

fn arguments() -> [Value; 5] {
    [
        json!({}),
        json!({ "n": 1 }),
        json!({ "n": 5 }),
        json!({ "sql": "select a from b" }),
        json!({ "sql": "drop table b" }),
    ]
}

fn server(request: &Request) -> Reply {
    if request.json()["method"] != "tools/list" {
        return echo(request);
    }
    let tools = TOOLS.map(|name| json!({ "name": name, "inputSchema": { "type": "object" } }));
    let body = json!({ "jsonrpc": "2.0", "id": request.json()["id"], "result": { "tools": tools } });
    Reply::Respond(Response::new(200, "application/json", body.to_string()))
}

async fn gateway() -> (Harness, fixture::loopback::Running) {
    let upstream = Recorder::new(server).start().await.expect("an upstream");
    let site = Site::new(&harness::http(&upstream), POLICIES).await;
    // A held caller is told to come back at once.
    site.edit(|text| format!("approvals:\n  wait_ms: 1\n{text}"));
    let gateway = Harness::at(site).await;
    let list = json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/list" }).to_string();
    assert_eq!(gateway.post("bob", &[], list.as_bytes()).await.status(), 200);
    for person in PEOPLE {
        decided(&gateway, person, "read", &json!({})).await;
    }
    (gateway, upstream)
}

/// Runs `countersign access` beside the gateway.
async fn access(gateway: &Harness, words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("access").args(words).arg("-c").arg(&gateway.site.file);
    let done = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let done = done.expect("the command runs");
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8")
}

async fn matrix(gateway: &Harness, words: &[&str]) -> Value {
    let words = [&["matrix", "--format", "json"], words].concat();
    serde_json::from_str(&access(gateway, &words).await).expect("JSON")
}

/// The cell of `person` for a tool and a statement, as a leaf names it.
fn cell<'m>(matrix: &'m Value, person: &str, tool: &str, statement: &Value) -> &'m Value {
    let subjects = matrix["subjects"].as_array().expect("subjects");
    let position = subjects.iter().position(|subject| subject["subject"] == person).expect("a column");
    let fits = |row: &&Value| {
        let same = row["action"] == "tools/call" && row["target"] == tool;
        same && row["statement"].as_str().is_none_or(|label| holds(label, statement))
    };
    let rows = matrix["rows"].as_array().expect("rows");
    &rows.iter().find(fits).expect("a row")["cells"][position]
}

/// Whether a label such as `no statement; sql: read, session` names the statement of a leaf.
fn holds(label: &str, statement: &Value) -> bool {
    label.split("; ").any(|part| match part.split_once(": ") {
        None => part == "no statement" && statement.is_null(),
        Some((language, classes)) => {
            statement["language"] == language && classes.split(", ").any(|class| statement["class"] == class)
        }
    })
}

/// Calls a tool, and answers the leaf that says what was decided.
async fn decided(gateway: &Harness, person: &str, tool: &str, arguments: &Value) -> Value {
    let before = gateway.leaves().await.len();
    gateway.post(person, &[], &call(6, tool, arguments)).await;
    let leaves = gateway.leaves().await.split_off(before);
    let decision = leaves.into_iter().find(|leaf| leaf["decision"].is_object());
    decision.unwrap_or_else(|| panic!("{person} {tool} {arguments}: nothing was decided"))
}

#[tokio::test]
async fn cells_say_what_the_gateway_decides() {
    let (gateway, _upstream) = gateway().await;
    let matrix = matrix(&gateway, &["--people"]).await;
    let mut seen: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    let mut certain = 0;
    for person in PEOPLE {
        for tool in TOOLS {
            for arguments in arguments() {
                let leaf = decided(&gateway, person, tool, &arguments).await;
                let decision = &leaf["decision"];
                let cell = cell(&matrix, person, tool, &leaf["statement"]);
                let (outcome, effect) =
                    (cell["outcome"].as_str().unwrap(), decision["effect"].as_str().unwrap());
                if outcome == "conditional" {
                    seen.entry((person, tool)).or_default().insert(effect.to_owned());
                } else {
                    certain += 1;
                    assert_eq!(outcome, effect, "{person} {tool} {arguments}: {cell} {decision}");
                }
                let ids = |of: &Value| -> BTreeSet<String> {
                    of["policies"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|id| id.as_str().unwrap().to_owned())
                        .collect()
                };
                let (own, others) = (ids(cell), ids(decision));
                let (few, many) = if outcome == "conditional" { (others, own) } else { (own, others) };
                assert!(few.is_subset(&many), "{cell} {decision}");
            }
        }
    }
    assert!(certain > 60, "{certain}");
    let both = BTreeSet::from(["allow".to_owned(), "deny".to_owned()]);
    assert_eq!(seen, BTreeMap::from([(("alice", "pay"), both)]), "the one cell that depends does so");
    gateway.finish().await;
}

#[tokio::test]
async fn matrix_of_an_earlier_instant_is_that_of_the_policies_then() {
    let (gateway, _upstream) = gateway().await;
    let before = gateway.leaves().await.last().expect("a leaf")["ts"].as_str().expect("a time").to_owned();
    let then = matrix(&gateway, &["--people"]).await;
    gateway.publish(&POLICIES.replace("Tool::\"up/read\"", "Tool::\"up/drop\"")).await;
    let now = matrix(&gateway, &["--people"]).await;
    let past = matrix(&gateway, &["--people", "--at", &before]).await;
    let alice = |matrix, tool| cell(matrix, "alice", tool, &Value::Null)["outcome"].clone();
    assert_eq!((alice(&then, "read"), alice(&then, "drop")), (json!("allow"), json!("deny")));
    assert_eq!((alice(&now, "read"), alice(&now, "drop")), (json!("deny"), json!("hold")));
    assert_eq!((alice(&past, "read"), alice(&past, "drop")), (json!("allow"), json!("deny")));
    assert_eq!((&past["policy_set"], &then["policy_set"]), (&then["policy_set"], &past["policy_set"]));
    assert_ne!(now["policy_set"], then["policy_set"]);

    let diff: Value =
        serde_json::from_str(&access(&gateway, &["diff", "--from", &before, "--json"]).await).expect("JSON");
    let changes = diff["changes"].as_array().expect("changes");
    assert_eq!(changes.len(), 2, "{diff:#}");
    assert!(changes.iter().all(|change| change["subjects"] == json!(["support"])), "{diff:#}");
    let text = access(&gateway, &["diff", "--from", &before]).await;
    assert!(
        text.contains("support: tools/call read") && text.contains("- allowed; by support-reads"),
        "{text}"
    );
    assert!(text.contains("+ held; to be approved by 1 person"), "{text}");

    let unused: Value =
        serde_json::from_str(&access(&gateway, &["unused", "--from", "1h", "--to", &before, "--json"]).await)
            .expect("JSON");
    let of_alice = unused["unused"]
        .as_array()
        .expect("rows")
        .iter()
        .find(|row| row["subject"].as_str().is_some_and(|subject| subject.contains("alice")));
    let of_alice = of_alice.expect("alice did not pay");
    assert_eq!((&of_alice["targets"], &of_alice["used"]), (&json!(["pay"]), &json!(1)), "{unused:#}");
    gateway.finish().await;
}

#[tokio::test]
async fn matrix_is_shown_as_table_csv_and_page() {
    let (gateway, _upstream) = gateway().await;
    let table = access(&gateway, &["matrix"]).await;
    assert!(table.contains("allowed if argument `/n` is at most 3; by support-pays"), "{table}");
    assert!(table.contains("operations + security"), "the groups that carol has: {table}");
    assert!(table.contains("ask for any other tool, drop and approve each other"), "{table}");
    let csv = access(&gateway, &["matrix", "--format", "csv", "--group", "support"]).await;
    assert!(csv.lines().skip(1).all(|line| line.contains(",support")), "{csv}");
    let page = access(&gateway, &["matrix", "--format", "html"]).await;
    assert!(page.starts_with("<!doctype html>") && !page.contains("http"), "it needs nothing else");
    assert!(page.contains("<td class=\"hold\""), "{page}");
    gateway.finish().await;
}
