//! Who may decide, and what their word does.

use fixture::recorder::{Recorder, echo};
use serde_json::{Value, json};

use super::{POLICIES, answer, code, refused, setup, told};

#[tokio::test]
async fn held_call_runs_once_somebody_else_agrees() {
    let setup = setup(POLICIES, 20_000).await;
    let mut waiting = setup.held(7, &json!({ "marker": "x" })).await;
    let id = setup.one().await;
    assert_eq!(setup.recorder.called(), 0, "nothing runs before somebody agrees");
    let approved = setup.approve("bob", &id).await.json().expect("JSON");
    assert_eq!((&approved["state"], &approved["approved_by"]), (&json!("approved"), &json!(1)));
    let response = waiting.response().await.expect("an answer");
    assert_eq!(answer(&response)["result"]["content"][0]["text"], json!(r#"{"marker":"x"}"#));
    assert_eq!((setup.recorder.called(), setup.state(&id).await.as_str()), (1, "used"));

    let leaves = setup.gateway.leaves().await;
    let types: Vec<_> = leaves.iter().filter_map(|leaf| leaf["type"].as_str()).collect();
    let about: Vec<_> = types
        .into_iter()
        .filter(|event| event.starts_with("approval.") || event.starts_with("call."))
        .collect();
    assert_eq!(
        about,
        [
            // The gateway asked what the tool is.
            "call.intent",
            "call.outcome",
            "approval.requested",
            "approval.approved",
            "approval.used",
            "call.intent",
            "call.outcome"
        ]
    );
    let of = |event: &str| leaves.iter().rfind(|leaf| leaf["type"] == event).expect("a leaf");
    assert_eq!(of("call.intent")["decision"]["approval"]["id"], json!(id));
    assert_eq!(of("approval.requested")["detail"]["binding"], of("approval.used")["detail"]["binding"]);
    assert_ne!(of("approval.requested")["actor"]["id"], of("approval.approved")["actor"]["id"]);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn nobody_decides_on_their_own_call_and_the_attempt_is_on_record() {
    // Whoever calls is also an approver by policy and by group.
    let policies = POLICIES.replace("\"operations\"", "\"support\"");
    let setup = setup(&policies, 20_000).await;
    let waiting = setup.held(1, &json!({})).await;
    let own = super::eventually(|| async {
        let listed = setup.gateway.api("alice", "GET", "/api/v1/approvals", &Value::Null).await;
        Some(listed.json().expect("JSON")["approvals"][0]["id"].as_str()?.to_owned())
    })
    .await;
    assert_eq!(code(&setup.approve("alice", &own).await), (403, "own_call".to_owned()));
    assert_eq!(code(&setup.reject("alice", &own).await), (403, "own_call".to_owned()));
    assert_eq!(code(&setup.approve("mallory", &own).await), (404, "unknown".to_owned()));
    assert_eq!(setup.recorder.called(), 0);
    let denied = setup.gateway.leaves_of("call.denied").await;
    let codes: Vec<_> = denied.iter().map(|leaf| leaf["refusal"].as_str().expect("a code")).collect();
    assert_eq!(codes, ["own_call", "own_call", "unknown"]);
    drop(waiting);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn call_made_on_behalf_of_somebody_is_their_own_too() {
    use countersign::approval::{Approver, NotDecided};
    use countersign::model::{Party, Principal};
    use countersign::policy::Duty;
    use std::sync::Arc;

    let setup = setup(POLICIES, 20_000).await;
    let waiting = setup.held(1, &json!({})).await;
    let id = setup.one().await.parse().expect("an id");
    let gateway = &setup.gateway.running.gateway;
    let mut record = gateway.approvals.find(id).await.expect("readable").expect("there");
    let set = gateway.policies.current();
    let approver = bob();
    assert!(record.admit(&set, &approver).is_ok());
    // The same, had an agent of bob's asked.
    record.content.who.actors = vec![(&approver.principal.party).into()];
    assert!(matches!(record.admit(&set, &approver), Err(NotDecided::Own)));
    // Whichever issuer the caller's names for bob, he is no stranger to the call; nor may he see it only for that.
    let actor = |subject: &str| Party { issuer: "https://id.example".into(), subject: subject.into() };
    record.content.who.actors = vec![(&actor("bob")).into()];
    assert!(matches!(record.admit(&set, &approver), Err(NotDecided::Own)));
    assert!(matches!(record.allow(Duty::View, &set, &approver), Err(NotDecided::Unknown)));
    record.content.who.actors = vec![(&actor("agent")).into()];
    assert!(record.admit(&set, &approver).is_ok());
    // Whoever has alice's subject or address at another issuer may be alice.
    let known = |subject: &str, email: Option<&str>| {
        let party = Party { issuer: "partner".into(), subject: subject.into() };
        let principal = Principal { party, email: email.map(str::to_owned), ..(*approver.principal).clone() };
        Approver { principal: Arc::new(principal), ..approver.clone() }
    };
    assert!(matches!(record.admit(&set, &known("alice", None)), Err(NotDecided::Own)));
    assert!(record.admit(&set, &known("dora", Some("dora@example.com"))).is_ok());
    record.content.who.email = Some("Alice@example.com".into());
    assert!(matches!(record.admit(&set, &known("dora", Some("alice@example.com"))), Err(NotDecided::Own)));
    // Nor does bob decide through an agent of his.
    record.content.who.actors.clear();
    let mut principal = (*approver.principal).clone();
    principal.actors = vec![Party { issuer: "demo".into(), subject: "agent".into() }];
    let through = Approver { principal: Arc::new(principal), ..approver };
    assert!(matches!(record.admit(&set, &through), Err(NotDecided::NotAPerson)));
    drop(waiting);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn person_whom_two_issuers_know_counts_once() {
    use countersign::approval::{Approver, Ballot, NotDecided};
    use countersign::model::{Party, Principal};
    use countersign::store::approval::State;

    let policies = POLICIES.replace("@approvers", "@quorum(\"2\") @approvers");
    let setup = setup(&policies, 20_000).await;
    let waiting = setup.held(1, &json!({})).await;
    let id = setup.one().await.parse().expect("an id");
    let gateway = &setup.gateway.running.gateway;
    let (set, approver) = (gateway.policies.current(), bob());
    let yes = Ballot::Approve { reason: None, passkey: None };
    let state = gateway.approvals.decide(&set, id, &approver, &yes).await.expect("counted");
    assert_eq!(state, State::Pending);
    let party = Party { issuer: "partner".into(), subject: "bob".into() };
    let principal = Principal { party, ..(*approver.principal).clone() };
    let again = Approver { principal: principal.into(), ..approver };
    let refused = gateway.approvals.decide(&set, id, &again, &yes).await.expect_err("one person");
    assert!(matches!(refused, NotDecided::Again), "{refused}");
    assert_eq!(setup.recorder.called(), 0);
    drop(waiting);
    setup.gateway.finish().await;
}

/// Bob, as the issuer of the harness proves him.
pub(crate) fn bob() -> countersign::approval::Approver {
    use countersign::model::{Context, Era, Party, Principal, PrincipalKind, TokenId};
    let principal = Principal {
        kind: PrincipalKind::Human,
        party: Party { issuer: "demo".into(), subject: "bob".into() },
        name: None,
        email: None,
        groups: vec!["operations".into()],
        scopes: Vec::new(),
        client: None,
        actors: Vec::new(),
        owner: None,
        token: TokenId([1; 16]),
        expires: jiff::Timestamp::MAX,
    };
    let context = Context {
        time: jiff::Timestamp::UNIX_EPOCH,
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        era: Era::Modern,
        revision: None,
        user_agent: None,
        trace: None,
        session: uuid::Uuid::nil(),
        origin: countersign::model::Origin::Caller,
    };
    let trust = countersign::identity::Trust::Given;
    countersign::approval::Approver { principal: principal.into(), context, trust, through: None }
}

#[tokio::test]
async fn word_of_an_issuer_counts_where_it_is_the_only_one_or_has_the_console() {
    use countersign::identity::Trust;
    use std::fs::{read_to_string, write};

    let policies =
        format!(r#"{POLICIES} @id("look") permit (principal, action == Action::"view", resource);"#);
    let setup = told(Recorder::new(echo), &policies, "  wait_ms: 20000\n", |directory| {
        let file = directory.join("countersign.yaml");
        let partner = "    - name: partner\n      url: https://partner.example\npolicy:\n";
        let text = read_to_string(&file).expect("a configuration").replacen("policy:\n", partner, 1);
        write(&file, text).expect("written");
    })
    .await;
    let waiting = setup.held(1, &json!({})).await;
    // Two issuers, and nobody said whose people decide: only who asked may see it.
    let id = super::eventually(|| async {
        let listed = setup.gateway.api("alice", "GET", "/api/v1/approvals", &Value::Null).await;
        Some(listed.json().expect("JSON")["approvals"][0]["id"].as_str()?.to_owned())
    })
    .await;
    assert_eq!(code(&setup.approve("bob", &id).await), (404, "unknown".to_owned()));
    let shown = setup.gateway.api("carol", "GET", &format!("/api/v1/approvals/{id}"), &Value::Null).await;
    assert_eq!(code(&shown), (404, "unknown".to_owned()));
    // Bob again, of an issuer whose word counts.
    let gateway = &setup.gateway.running.gateway;
    let record = gateway.approvals.find(id.parse().expect("an id")).await.expect("readable").expect("there");
    let set = gateway.policies.current();
    assert!(record.admit(&set, &bob()).is_ok());
    let foreign = countersign::approval::Approver { trust: Trust::Withheld, ..bob() };
    assert!(record.admit(&set, &foreign).is_err());
    drop(waiting);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn approvers_are_forbidden_by_what_the_call_would_do_and_by_a_changed_definition() {
    use countersign::catalog::Listed;
    use countersign::model::TargetKind;

    let policies = format!(
        r#"{POLICIES}
        @id("look") permit (principal, action == Action::"view", resource);
        @id("no-drops") forbid (principal, action == Action::"approve", resource)
        when {{ context has statement && context.statement.class == "ddl_destructive" }};
        @id("no-drift") forbid (principal, action == Action::"approve", resource)
        when {{ context.definition.drifted }};"#
    );
    let setup = setup(&policies, 20_000).await;
    let waiting = setup.held(1, &json!({ "sql": "DROP TABLE orders" })).await;
    let id = setup.one().await;
    assert_eq!(code(&setup.approve("bob", &id).await), (403, "not_an_approver".to_owned()));
    drop(waiting);
    let mut waiting = setup.held(2, &json!({ "sql": "SELECT 1" })).await;
    let id = super::eventually(|| async { setup.live().await.into_iter().find(|other| *other != id) }).await;
    let catalog = &setup.gateway.running.gateway.catalog;
    let is = |current: u8| {
        let listed = Listed { pinned: [1; 32], current: [current; 32] };
        catalog.restore("up", TargetKind::Tool, "effect".to_owned(), listed);
    };
    is(2);
    assert_eq!(code(&setup.approve("bob", &id).await), (403, "not_an_approver".to_owned()));
    is(1);
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    waiting.response().await.expect("an answer");
    setup.gateway.finish().await;
}

#[tokio::test]
async fn quorum_counts_people_and_not_words() {
    let policies = POLICIES.replace("@id(\"held\")", "@id(\"held\") @quorum(\"2\")");
    let setup = setup(&policies, 20_000).await;
    let mut waiting = setup.held(1, &json!({})).await;
    let id = setup.one().await;
    assert_eq!(setup.approve("bob", &id).await.json().expect("JSON")["state"], "pending");
    assert_eq!(code(&setup.approve("bob", &id).await), (409, "already_decided".to_owned()));
    assert_eq!((setup.state(&id).await.as_str(), setup.recorder.called()), ("pending", 0));
    assert_eq!(setup.approve("carol", &id).await.status(), 200);
    assert!(answer(&waiting.response().await.expect("an answer"))["result"]["isError"].is_null());
    assert_eq!(setup.recorder.called(), 1);
    assert_eq!(setup.gateway.leaves_of("approval.approved").await.len(), 2);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn rejected_call_never_runs_and_the_caller_is_told() {
    let setup = setup(POLICIES, 20_000).await;
    let mut waiting = setup.held(1, &json!({})).await;
    let id = setup.one().await;
    let without =
        setup.gateway.api("bob", "POST", &format!("/api/v1/approvals/{id}/reject"), &Value::Null).await;
    assert_eq!(code(&without), (400, "reason_required".to_owned()));
    assert_eq!(setup.reject("bob", &id).await.json().expect("JSON")["state"], "rejected");
    assert_eq!(refused(&waiting.response().await.expect("an answer")), "approval_rejected");
    assert_eq!(code(&setup.approve("carol", &id).await), (409, "closed".to_owned()));
    assert_eq!(setup.recorder.called(), 0);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn approver_must_be_one_by_policy_and_by_annotation() {
    let policies =
        POLICIES.replace("@approvers(\"operations\")", "@approvers(\"security\") @reason(\"required\")");
    let setup = setup(&policies, 20_000).await;
    let mut waiting = setup.held(1, &json!({})).await;
    let id = setup.one().await;
    assert_eq!(
        code(&setup.approve("bob", &id).await),
        (404, "unknown".to_owned()),
        "in no group of the annotation"
    );
    assert_eq!(code(&setup.approve("carol", &id).await), (400, "reason_required".to_owned()));
    let path = format!("/api/v1/approvals/{id}/approve");
    let because = json!({ "reason": "agreed\u{202e} with \u{1b}[31mhim" });
    let approved = setup.gateway.api("carol", "POST", &path, &because).await.json().expect("JSON");
    assert_eq!(approved["votes"][0]["reason"], "agreed\\u{202e} with \\u{1b}[31mhim");
    assert!(answer(&waiting.response().await.expect("an answer"))["result"]["isError"].is_null());
    setup.gateway.finish().await;
}

#[tokio::test]
async fn api_asks_for_a_token_of_its_own() {
    let setup = setup(POLICIES, 20_000).await;
    let path = "/api/v1/approvals";
    let stranger = setup.gateway.site.api("nonsense", "GET", path, &Value::Null).await;
    assert_eq!(stranger.status(), 401);
    let challenge = stranger.head.field("www-authenticate").expect("a challenge");
    assert!(challenge.contains("/.well-known/oauth-protected-resource/api"), "{challenge}");
    let elsewhere = setup.gateway.site.api(&setup.gateway.token("bob"), "GET", path, &Value::Null).await;
    assert_eq!(elsewhere.status(), 401, "a token for a server is none for the API");
    assert_eq!(setup.gateway.leaves_of("auth.failed").await.len(), 2);
    let get = |path: &'static str| setup.gateway.api("bob", "GET", path, &Value::Null);
    assert_eq!(get("/api/v1/nothing").await.status(), 404);
    assert_eq!(get("/api/v1/approvals/none/approve").await.status(), 405);
    assert_eq!(get("/api/v1/approvals?state=some").await.status(), 400);
    let metadata = get("/.well-known/oauth-protected-resource/api").await.json().expect("JSON");
    assert!(metadata["resource"].as_str().is_some_and(|resource| resource.ends_with("/api")), "{metadata}");
    setup.gateway.finish().await;
}

#[tokio::test]
async fn row_that_somebody_ruined_in_the_database_is_a_fault_of_the_gateway() {
    let setup = setup(POLICIES, 20_000).await;
    let waiting = setup.held(1, &json!({})).await;
    let id = setup.one().await;
    let file = setup.gateway.site.directory.path().join("data/countersign.db");
    let intruder = rusqlite::Connection::open(file).expect("a database");
    assert_eq!(intruder.execute("UPDATE approval SET sealed = X'00'", []).expect("changed"), 1);
    drop(intruder);
    let asked = setup.gateway.api("carol", "GET", &format!("/api/v1/approvals/{id}"), &Value::Null).await;
    assert_eq!(code(&asked), (500, "internal".to_owned()));
    let text = asked.json().expect("JSON")["detail"].clone();
    assert_eq!(text, "the gateway failed: ask the gateway's operator, giving the call id");
    assert_eq!(code(&setup.approve("bob", &id).await), (500, "internal".to_owned()));
    assert_eq!(setup.recorder.called(), 0, "and nothing runs");
    drop(waiting);
    setup.gateway.finish().await;
}
