//! Reviews of access: every grant is looked at by somebody else than its holder, and whether what they wanted happened is
//! computed, not claimed.

use std::process::{Command, Output};
use std::sync::Arc;

use countersign::model::{Party, Principal, PrincipalKind};
use countersign::report::access::{People, Wanted};
use countersign::review::{self, Decision, Order, Verdicts};
use fixture::probe::Response;
use serde_json::{Value, json};

use crate::approval::shared::Pair;
use crate::console::{POLICIES, Setup, setup_with};
use crate::harness::call;

/// What is reviewed, beside what the console's tests permit.
const REVIEWED: &str = r#"
    @id("support-pays")
    permit (principal in Group::"support", action == Action::"tools/call", resource == Tool::"up/effect");
"#;

const FORBIDDEN: &str = r#"
    @id("support-does-not-pay")
    forbid (principal in Group::"support", action == Action::"tools/call", resource == Tool::"up/effect");
"#;

async fn setup() -> Setup {
    let setup = setup_with(3600, |text| text).await;
    setup.gateway.publish(&format!("{POLICIES}{REVIEWED}")).await;
    for person in ["alice", "bob", "carol"] {
        setup.gateway.post(person, &[], &call(1, "look", &json!({}))).await;
    }
    setup
}

async fn ask(setup: &Setup, person: &str, method: &str, path: &str, body: Value) -> Response {
    setup.gateway.api(person, method, &format!("/api/v1/{path}"), &body).await
}

async fn start(setup: &Setup, person: &str, body: Value) -> Value {
    let answer = ask(setup, person, "POST", "reviews", body).await;
    assert_eq!(answer.status(), 200, "{:?}", answer.body);
    answer.json().expect("JSON")
}

/// An instant this many seconds from now.
fn due(setup: &Setup, seconds: i64) -> String {
    let now = setup.gateway.running.gateway.clock.now();
    (now + jiff::SignedDuration::from_secs(seconds)).to_string()
}

/// Numbers of the grants of which this is true.
fn numbers(review: &Value, wanted: impl Fn(&Value) -> bool) -> Vec<u64> {
    let items = review["items"].as_array().expect("grants");
    items.iter().filter(|item| wanted(item)).map(|item| item["grant"].as_u64().expect("a number")).collect()
}

fn item(review: &Value, grant: u64) -> Value {
    let items = review["items"].as_array().expect("grants");
    items.iter().find(|item| item["grant"] == grant).expect("the grant").clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_grant_is_applied_only_when_the_policies_in_force_say_so() {
    let setup = setup().await;
    let review =
        start(&setup, "bob", json!({ "due": due(&setup, 3600), "reviewers": ["group:operations"] })).await;
    let id = review["id"].as_str().expect("an id").to_owned();
    let pays = numbers(&review, |item| item["holder"] == "support" && item["target"] == "effect");
    let rest = numbers(&review, |item| item["holder"] == "support" && item["target"] != "effect");
    assert!(!pays.is_empty() && !rest.is_empty(), "{review}");
    let revoke = json!({ "grants": pays, "decision": "revoke", "reason": "support does not pay" });
    let path = format!("reviews/{id}/decide");
    let decided = ask(&setup, "bob", "POST", &path, revoke).await.json().expect("JSON");
    assert_eq!(item(&decided, pays[0])["standing"], "unchanged", "nothing was done yet");
    let keep = json!({ "grants": rest, "decision": "keep", "reason": "they need it" });
    assert_eq!(ask(&setup, "bob", "POST", &path, keep).await.status(), 200);

    // Somebody says that it was done; the policies in force say whether it was.
    setup.gateway.publish(POLICIES).await;
    let path_shown = format!("reviews/{id}");
    let shown = ask(&setup, "carol", "GET", &path_shown, Value::Null).await.json().expect("JSON");
    assert_eq!(item(&shown, pays[0])["standing"], "changed", "another policy holds it: {shown}");
    setup.gateway.publish(&format!("{POLICIES}{FORBIDDEN}")).await;
    let shown = ask(&setup, "carol", "GET", &path_shown, Value::Null).await.json().expect("JSON");
    assert_eq!(item(&shown, pays[0])["standing"], "gone", "{shown}");
    let closed = ask(&setup, "bob", "POST", &format!("reviews/{id}/close"), json!({})).await;
    let closed: Value = closed.json().expect("JSON");
    let tally = &closed["closed"]["tally"];
    assert_eq!((&tally["revoke"], &tally["gone"]), (&json!(pays.len()), &json!(pays.len())), "{tally}");
    assert_ne!(closed["closed"]["policy_set"], closed["policy_set"], "before and after");

    let applied = setup.gateway.leaves_of("review.applied").await;
    assert!(applied.iter().all(|leaf| leaf["detail"]["standing"] == "gone"), "{applied:?}");
    // Every grant has a decision in the log; of the ones that nobody decided, that.
    let decisions = setup.gateway.leaves_of("review.decided").await;
    assert_eq!(json!(decisions.len()), closed["grants"]);
    let undecided = decisions.iter().filter(|leaf| leaf["detail"]["decision"] == "none").count();
    assert_eq!((json!(undecided), decisions.len() > undecided), (tally["undecided"].clone(), true));
    let late = json!({ "grants": [1], "decision": "keep", "reason": "late" });
    assert_eq!(ask(&setup, "bob", "POST", &path, late).await.status(), 409);
    assert_eq!(ask(&setup, "bob", "POST", &format!("reviews/{id}/close"), json!({})).await.status(), 409);
    setup.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_decides_on_access_of_their_own_and_trying_is_on_record() {
    let setup = setup().await;
    let review = start(&setup, "bob", json!({ "due": due(&setup, 3600) })).await;
    let id = review["id"].as_str().expect("an id");
    let own = numbers(&review, |item| item["holder"] == "operations");
    let others = numbers(&review, |item| item["holder"] == "support");
    assert!(item(&review, own[0])["may_decide"] == false && item(&review, others[0])["may_decide"] == true);
    let path = format!("reviews/{id}/decide");
    let mine = json!({ "grants": [others[0], own[0]], "decision": "keep", "reason": "mine" });
    let refused = ask(&setup, "bob", "POST", &path, mine).await;
    assert_eq!((refused.status(), refused.json().expect("JSON")["code"].clone()), (403, json!("own_access")));
    assert!(setup.gateway.leaves_of("review.decided").await.is_empty(), "all of it or nothing");
    let denied = setup.gateway.leaves_of("call.denied").await;
    assert!(denied.iter().any(|leaf| leaf["refusal"] == "own_access"), "{denied:?}");
    // Alice may look at no review and decide in none.
    let asked = json!({ "grants": others, "decision": "keep", "reason": "please" });
    assert_eq!(ask(&setup, "alice", "POST", &path, asked).await.status(), 403);
    setup.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_of_an_agent_that_may_be_ones_own_is_ones_own() {
    let setup = setup().await;
    let agents = r#"
        @id("agents") permit (principal is Agent, action == Action::"tools/call", resource == Tool::"up/effect")
        when { principal in Group::"operations" || principal in Group::"support" };
    "#;
    setup.gateway.publish(&format!("{POLICIES}{agents}")).await;
    let review = start(&setup, "bob", json!({ "due": due(&setup, 3600) })).await;
    let of_agents = |group: &str| {
        let found = numbers(&review, |item| {
            item["kinds"] == json!(["agent"]) && item["holder"].as_str().is_some_and(|holder| holder == group)
        });
        assert!(!found.is_empty(), "{review}");
        found
    };
    for (group, theirs) in [("operations", true), ("support", false)] {
        for grant in of_agents(group) {
            assert_eq!(item(&review, grant)["may_decide"], json!(!theirs), "{}", item(&review, grant));
        }
    }
    setup.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn review_of_persons_names_nobody_in_the_log_and_only_its_reviewers_decide() {
    let setup = setup().await;
    let order = json!({ "due": due(&setup, 3600), "people": "persons", "reviewers": ["demo/carol"] });
    let review = start(&setup, "bob", order).await;
    let id = review["id"].as_str().expect("an id");
    let alice = numbers(&review, |item| item["holder"] == "demo/alice");
    let carol = numbers(&review, |item| item["holder"] == "demo/carol");
    let path = format!("reviews/{id}/decide");
    let keep = |grants: &[u64]| json!({ "grants": grants, "decision": "keep", "reason": "looked at it with ada@example.com" });
    let refused = ask(&setup, "bob", "POST", &path, keep(&alice)).await.json().expect("JSON");
    assert_eq!(refused["code"], "not_a_reviewer");
    let refused = ask(&setup, "carol", "POST", &path, keep(&carol)).await.json().expect("JSON");
    assert_eq!(refused["code"], "own_access");
    assert_eq!(ask(&setup, "carol", "POST", &path, keep(&alice)).await.status(), 200);
    let leaves = setup.gateway.leaves().await;
    let said: Vec<String> = leaves
        .iter()
        .filter(|leaf| leaf["type"].as_str().is_some_and(|event| event.starts_with("review.")))
        .map(ToString::to_string)
        .collect();
    assert!(
        said.len() > 1 && !said.iter().any(|leaf| leaf.contains("alice") || leaf.contains("ada@example"))
    );
    setup.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn review_that_is_due_closes_by_itself_and_lists_what_nobody_decided() {
    let setup = setup().await;
    let review = start(&setup, "bob", json!({ "due": due(&setup, 1), "group": "support" })).await;
    let id = review["id"].as_str().expect("an id");
    let closed = loop {
        let leaves = setup.gateway.leaves_of("review.closed").await;
        if let Some(leaf) = leaves.into_iter().next() {
            break leaf;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(
        (&closed["actor"]["kind"], &closed["detail"]["undecided"]),
        (&json!("gateway"), &review["grants"])
    );
    let shown =
        ask(&setup, "carol", "GET", &format!("reviews/{id}"), Value::Null).await.json().expect("JSON");
    assert_eq!(shown["items"][0]["decision"]["decision"], "none");

    // An auditor finds it without being told: in the exceptions, and by running the filter again.
    setup.gateway.running.gateway.ledger.publish().await.expect("a checkpoint");
    let directory = setup.gateway.site.directory.path().to_owned();
    let package = directory.join("package");
    let made = countersign(&setup, |command| {
        let config = directory.join("countersign.yaml");
        command.args(["evidence", "package", "--from", "2020-01-01", "--to", "2100-01-01", "-c"]);
        command.arg(config).arg("-o").arg(&package);
    })
    .await;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let exceptions = std::fs::read_to_string(package.join("exceptions.csv")).expect("readable");
    let found = exceptions.lines().filter(|line| line.starts_with("unreviewed_grant,")).count();
    assert_eq!(json!(found), review["grants"], "{exceptions}");
    let reviews = std::fs::read_to_string(package.join("populations/reviews.csv")).expect("readable");
    assert!(reviews.lines().nth(1).is_some_and(|row| row.contains(id)), "{reviews}");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../evidence/verify.py");
    let key = setup.gateway.running.gateway.ledger.verifier_key();
    let checked = Command::new("python3").arg(script).arg(&package).args(["--key", &key]).output();
    let checked = checked.expect("python3 runs");
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.status.success() && said.contains("SOUND") && !said.contains("NOT SOUND"), "{said}");
    let found = evidence::verify::verify(&package, Some(&key.parse().expect("a key")), &mut |_, _| ());
    assert!(found.expect("readable").sound);
    setup.finish().await;
}

async fn countersign(setup: &Setup, arguments: impl FnOnce(&mut Command)) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command
        .env_clear()
        .env("COUNTERSIGN_URL", format!("http://{}", setup.gateway.address()))
        .env("COUNTERSIGN_TOKEN", setup.gateway.site.api_token("bob"));
    arguments(&mut command);
    tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviewer_works_from_the_command_line() {
    let setup = setup().await;
    let run = async |words: &[&str]| {
        let output = countersign(&setup, |command| {
            command.arg("review").args(words);
        })
        .await;
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let begun = run(&["start", "--due", "24h", "--group", "support", "--reviewer", "group:operations"]).await;
    println!("{begun}");
    let id = begun.lines().next().and_then(|line| line.split_whitespace().last()).expect("an id").to_owned();
    let decided = run(&["decide", &id, "1", "keep", "--reason", "looked at"]).await;
    println!("{decided}");
    assert!(decided.contains("keep by demo/bob: looked at"), "{decided}");
    assert!(!run(&["show", &id, "--open"]).await.contains("looked at"));
    let closed = run(&["close", &id]).await;
    assert!(closed.contains("closed: 1 kept, 0 revoked"), "{closed}");
    let listed = run(&["list"]).await;
    println!("{listed}");
    assert!(listed.contains(&id) && listed.contains("closed: 1 kept"), "{listed}");
    setup.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn review_that_began_at_one_gateway_is_decided_and_closed_at_another() {
    let pair = Pair::with("").await;
    let [one, other] = [&pair.gateways[0].running.gateway, &pair.gateways[1].running.gateway];
    let bob = Arc::new(Principal {
        kind: PrincipalKind::Human,
        party: Party { issuer: "demo".into(), subject: "bob".into() },
        groups: vec!["operations".into()],
        ..Principal::anonymous(None, None)
    });
    let due = one.clock.now() + jiff::SignedDuration::from_hours(1);
    let wanted = Wanted { people: People::InGroups, server: None, group: None };
    let order = Order { wanted, reviewers: Vec::new(), due: due.as_microsecond() };
    let id = review::start(one, bob.clone(), order).await.expect("it begins");
    let find = async |gateway: &Arc<countersign::exchange::Gateway>| {
        let gateway = gateway.clone();
        tokio::task::spawn_blocking(move || review::find(&gateway, id).expect("it is there"))
            .await
            .expect("no panic")
    };
    let begun = find(other).await;
    let grants: Vec<u32> = begun
        .population
        .grants
        .iter()
        .filter(|listed| review::objection(other, &bob, &begun.campaign, listed).is_none())
        .map(|listed| listed.grant)
        .collect();
    let verdicts =
        Verdicts { grants: grants.clone(), decision: Decision::Change, reason: "too wide".to_owned() };
    review::decide(other, &bob, id, verdicts).await.expect("decided");
    assert_eq!(find(one).await.said.len(), grants.len());
    review::close(other, Some(bob), id).await.expect("closed");
    let closed = find(one).await;
    let tally = closed.campaign.closed.as_ref().expect("closed").tally;
    assert_eq!(
        (tally.change as usize, tally.standing as usize, closed.applied.len()),
        (grants.len(), grants.len(), grants.len())
    );
    pair.finish().await;
}
