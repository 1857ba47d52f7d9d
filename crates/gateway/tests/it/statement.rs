//! Statements in arguments: policy sees what they would do, the leaf says it, and their text is on record masked.

use fixture::recorder::{Recorder, echo};
use serde_json::{Value, json};

use crate::harness::{Harness, call, http};

const POLICIES: &str = r#"
    @id("all") permit (principal, action, resource);
    @id("reads-only") forbid (principal, action == Action::"tools/call", resource == Tool::"up/query")
    unless { context has statement && context.statement.language == "sql" && context.statement.class == "read" };
    @id("nothing-destroyed") forbid (principal, action == Action::"tools/call", resource)
    when { context has statement && ["ddl_destructive", "fs_destructive", "privilege", "unknown"].contains(context.statement.class) };
    @id("no-metadata-service") forbid (principal, action == Action::"tools/call", resource)
    when { context has statement && context.statement.flags.contains("metadata") };
    @id("no-climbing") forbid (principal, action == Action::"tools/call", resource)
    when { context has statement && context.statement.flags.contains("traversal") };
    @id("no-passwords") forbid (principal, action == Action::"tools/call", resource)
    when { context has statement && context.statement.reads.contains("/etc/passwd") };"#;

const TOOLS: &str = "    tools:
      - name: query
        statements: [{ argument: /text, language: sql, dialect: postgres }]
      - name: fetch
        statements: [{ argument: /address, language: url }]
      - name: open
        statements: [{ argument: /path, language: path }]
";

async fn gateway() -> (Recorder, fixture::loopback::Running, Harness) {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::with(&format!("{}{TOOLS}", http(&upstream)), POLICIES).await;
    (recorder, upstream, gateway)
}

#[tokio::test]
async fn call_is_judged_by_what_its_statement_would_do() {
    let (recorder, _upstream, gateway) = gateway().await;
    let cases = [
        ("query", json!({ "text": "SELECT name FROM customers WHERE id = 7" }), None),
        ("query", json!({ "text": "SELECT 1; /* tidy up */ DROP TABLE customers" }), Some("ddl_destructive")),
        (
            "query",
            json!({ "text": "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x" }),
            Some("write_unbounded"),
        ),
        ("query", json!({ "text": "EXPLAIN ANALYZE UPDATE t SET a = 1 WHERE id = 2" }), Some("write")),
        ("query", json!({ "text": "SELECT 'DROP TABLE customers; --'" }), None),
        ("query", json!({ "text": "SELEC nonsense" }), Some("unknown")),
        ("query", json!({ "text": "(".repeat(1_000_000) }), Some("unknown")),
        ("query", json!({ "text": 5 }), Some("unknown")),
        // Nobody said what these arguments hold: their names give it away.
        ("other", json!({ "sql": "TRUNCATE customers" }), Some("ddl_destructive")),
        ("other", json!({ "command": "r''m -rf /var" }), Some("fs_destructive")),
        ("other", json!({ "command": "sudo -u root ls" }), Some("privilege")),
        ("other", json!({ "command": "ls -l | head" }), None),
        ("fetch", json!({ "address": "http://169.254.169.254/latest/meta-data/" }), Some("plain")),
        ("fetch", json!({ "address": "https://docs.example.com/a" }), None),
        ("open", json!({ "path": "/srv/public/../../etc/passwd" }), Some("plain")),
        ("open", json!({ "path": "%2e%2e/notes" }), Some("plain")),
        ("open", json!({ "path": "/srv/public/a" }), None),
    ];
    let mut allowed = 0;
    for (tool, arguments, refused) in &cases {
        gateway.post("alice", &[], &call(1, tool, arguments)).await;
        let shown = arguments.to_string();
        let shown = &shown[..shown.len().min(80)];
        match refused {
            None => allowed += 1,
            Some(class) => {
                let leaf = gateway.leaves_of("call.denied").await.pop().expect("a denial");
                assert_eq!(leaf["statement"]["class"], *class, "{shown}");
            }
        }
        assert_eq!(recorder.count(), allowed, "{shown}");
    }
    let denied = gateway.leaves_of("call.denied").await;
    let drop = denied.iter().find(|leaf| leaf["statement"]["statements"] == 2).expect("the drop");
    assert_eq!(drop["statement"]["writes"], json!(["customers"]));
    assert_eq!(drop["statement"]["flags"], json!(["comment", "multi_statement"]));
    gateway.finish().await;
}

#[tokio::test]
async fn text_of_a_statement_is_on_record_masked() {
    let (_recorder, _upstream, gateway) = gateway().await;
    let text = "SELECT id FROM customers WHERE email = 'carla.fuentes@initech-mail.com'";
    gateway.post("alice", &[], &call(1, "query", &json!({ "text": text }))).await;
    let intent = gateway.leaves_of("call.intent").await.pop().expect("an intent");
    let facts: &Value = &intent["statement"];
    assert_eq!((&facts["class"], &facts["reads"]), (&json!("read"), &json!(["customers"])));
    assert_eq!(intent["redactions"], json!({ "email": 1 }));
    assert!(!intent.to_string().contains("carla"), "{intent}");
    gateway.finish().await;
}
