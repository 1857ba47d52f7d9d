//! Evidence that could not be kept: keys, databases and clocks that are not as they should be.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use countersign::store::{Db, Server};
use fixture::postgres::{self, Durability, GATEWAY, OWNER};
use fixture::recorder::{Recorder, echo};
use serde_json::{Value, json};

use super::{assert_found, assert_noted, doctor, findings, with};
use crate::approval::eventually;
use crate::harness::{ALLOW_ALL, Harness, call};

#[tokio::test]
async fn keys_that_do_not_fit_are_named() {
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let site = Harness::over(&upstream, ALLOW_ALL).await.finish_running().await;
    assert_eq!(doctor(&site, &[]).await.status.code(), Some(0));
    let keys = site.directory.path().join("data/keys");
    site.edit(|text| text.replace("deployment: test", "deployment: other"));
    assert_found(&site, "keys in", "test/audit/1").await;
    site.edit(|text| text.replace("deployment: other", "deployment: test"));
    set_permissions(&keys, Permissions::from_mode(0o755)).expect("set");
    assert_found(&site, "keys in", "755").await;
    set_permissions(&keys, Permissions::from_mode(0o700)).expect("set");
    set_permissions(keys.join("payload.key"), Permissions::from_mode(0o644)).expect("set");
    assert_found(&site, "keys in", "644").await;
    set_permissions(keys.join("payload.key"), Permissions::from_mode(0o600)).expect("set");
    set_permissions(site.directory.path().join("data"), Permissions::from_mode(0o750)).expect("set");
    assert_noted(&site, "directory", "it is open to others (mode 750)").await;
    std::fs::rename(&keys, site.directory.path().join("away")).expect("moved");
    assert_found(&site, "keys in", "log.pub").await;
}

#[tokio::test]
async fn service_key_that_ends_soon_is_noted() {
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let site = Harness::over(&upstream, ALLOW_ALL).await.finish_running().await;
    for (name, life) in [("soon", "12h"), ("later", "90d")] {
        let made = tokio::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args([
                "key",
                "create",
                "--kind",
                "service",
                "--all-servers",
                "--name",
                name,
                "--expires",
                life,
                "-c",
            ])
            .arg(&site.file)
            .output()
            .await
            .expect("it runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    assert_noted(&site, "service key", "`soon` works until ").await;
    assert!(!json!(findings(&site).await).to_string().contains("`later`"));
}

/// Runs what blocks, on a thread where that is allowed.
async fn beside<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(f).await.expect("no panic")
}

fn start(place: &Path) -> postgres::Server {
    let server = postgres::Server::start(place, Durability::Kept);
    server.database("audit");
    server
}

#[tokio::test]
async fn database_servers_that_do_not_serve_are_named() {
    let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a directory");
    // The database runs as another user, who must be able to pass.
    set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("ours");
    let place = directory.path().join("server");
    std::fs::create_dir(&place).expect("a directory");
    let (_upstream, site) = with(|text| {
        let url = format!("postgresql:///audit?host={}&user={GATEWAY}", place.display());
        text.replace("  directory: data\n", &format!("  directory: data\n  postgres:\n    url: {url}\n"))
    })
    .await;
    let what = "database on the PostgreSQL server";
    assert_found(&site, what, "connect").await;
    let at = place.clone();
    let server = beside(move || start(&at)).await;
    assert_found(&site, what, "schema").await;
    let owner = Server::parse(&server.url(OWNER, "audit")).expect("an address");
    beside(move || Db::migrate(&owner, GATEWAY)).await.expect("a schema");
    let clock = |findings: &[Value]| {
        findings.iter().find(|finding| finding["what"] == "clock of the PostgreSQL server").cloned()
    };
    let seen = clock(&findings(&site).await).expect("a finding");
    assert_eq!(seen["verdict"], "good", "{seen}");

    // As a server does whose clock is an hour late.
    server.sql("audit", "CREATE SCHEMA late");
    server.sql(
        "audit",
        "CREATE FUNCTION late.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS \
                         $$SELECT pg_catalog.clock_timestamp() - interval '1 hour'$$",
    );
    server.sql("audit", &format!("GRANT USAGE ON SCHEMA late TO {GATEWAY}"));
    server.sql("audit", &format!("ALTER ROLE {GATEWAY} SET search_path = late, pg_catalog, public"));
    let seen = clock(&findings(&site).await).expect("a finding");
    assert_eq!((&seen["verdict"], &seen["fault"]), (&json!("wrong"), &json!("database")), "{seen}");
    assert!(
        seen["detail"].as_str().is_some_and(|detail| detail.contains(" s behind that of this machine")),
        "{seen}"
    );
    server.sql("audit", &format!("ALTER ROLE {GATEWAY} RESET search_path"));

    let what = "news of changes by other gateways";
    let told = findings(&site).await.into_iter().find(|finding| finding["what"] == what).expect("a finding");
    assert_eq!((&told["verdict"], &told["detail"]), (&json!("good"), &json!("the database tells at once")));
    let pool = directory.path().join("pool");
    std::fs::create_dir(&pool).expect("a directory");
    let pooler = server.pool(&pool);
    let pooled = eventually(|| async { pooler.url(GATEWAY, "audit") }).await;
    site.edit(|text| {
        text.replace(&format!("postgresql:///audit?host={}&user={GATEWAY}", place.display()), &pooled)
    });
    // Which is no hindrance.
    let gateway = Harness::at(site).await;
    assert_eq!(gateway.post("alice", &[], &call(1, "effect", &json!({}))).await.status(), 200);
    let site = gateway.finish_running().await;
    assert_noted(&site, what, "a pooler that gives connections away between transactions is in between")
        .await;
    drop(server);
}

#[tokio::test]
async fn rows_that_somebody_else_wrote_are_named() {
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let site = Harness::over(&upstream, ALLOW_ALL).await.finish_running().await;
    let change = |sql: &str| {
        let file = site.directory.path().join("data").join(countersign::store::DATABASE);
        rusqlite::Connection::open(file).expect("a database").execute_batch(sql).expect("changed");
    };
    change("DROP TRIGGER entry_no_update; UPDATE entry SET type = 'log.heartbeat' WHERE place = 1");
    assert_found(&site, "rows of the database", "not what the leaves say, leaf 1 first").await;
    change("UPDATE entry SET type = 'gateway.started' WHERE place = 1");
    change(
        "INSERT INTO approval (id, likeness, binding, state, call, asker, server, policy_set, quorum, requested, \
         decide_by, day, commitment, sealed) VALUES (x'01', x'', x'', '', x'', x'', '', x'', 1, 1, 1, 1, x'', x'')",
    );
    assert_found(&site, "calls that wait", "1 rows in `approval` have columns that no gateway writes").await;
    change("DELETE FROM approval");
    change("INSERT INTO notice (id, ts, event, detail, refused) VALUES (x'01', 1, 'hold.cleared', '{}', 1)");
    assert_found(&site, "requests of commands", "1 rows in `notice` come from no command").await;
}
