//! Whoever writes to the database shows nobody another call, nor moves what people said to one; whoever has two accounts is one
//! person, also where both decide at once. What else rows cannot do: `owner`.

use countersign::approval::{Approver, Ballot, NotDecided};
use countersign::model::Party;
use serde_json::json;
use std::sync::Arc;

use super::{POLICIES, Setup, eventually, refused, setup};
use crate::harness::call;

/// Changes the database as its owner can, beside the gateway.
fn intrude(setup: &Setup, sql: &str) -> usize {
    let file = setup.gateway.site.directory.path().join("data/countersign.db");
    let intruder = rusqlite::Connection::open(file).expect("a database");
    intruder.busy_timeout(std::time::Duration::from_secs(20)).expect("patience");
    intruder.execute(sql, []).expect("changed")
}

async fn post(setup: &Setup) -> fixture::probe::Response {
    setup.gateway.post("alice", &[], &call(1, "effect", &json!({ "marker": "x" }))).await
}

#[tokio::test]
async fn word_that_was_turned_around_or_moved_to_another_call_counts_for_nothing() {
    let setup = setup(POLICIES, 100).await;
    assert_eq!(refused(&post(&setup).await), "approval_pending");
    let first = setup.one().await;
    assert_eq!(setup.reject("bob", &first).await.status(), 200);
    assert_eq!(refused(&post(&setup).await), "approval_pending");
    let approved = "UPDATE approval SET state = 'approved', grant_leaf = request_leaf, ended = NULL, noted = NULL, \
                    use_by = 9000000000000000 WHERE ";
    // Bob's no to the first becomes a yes to the second.
    let moved = "UPDATE approval_vote SET verdict = 'approve', approval = (SELECT id FROM approval WHERE ended IS NULL)";
    assert_eq!(intrude(&setup, moved), 1);
    assert_eq!(intrude(&setup, &format!("{approved} ended IS NULL")), 1);
    post(&setup).await;
    assert_eq!(setup.recorder.called(), 0);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn approval_shown_as_of_another_server_is_a_fault_of_the_gateway() {
    let setup = setup(POLICIES, 100).await;
    assert_eq!(refused(&post(&setup).await), "approval_pending");
    let id = setup.one().await;
    assert_eq!(intrude(&setup, "UPDATE approval SET server = 'harmless'"), 1);
    assert_eq!(super::code(&setup.approve("bob", &id).await), (500, "internal".to_owned()));
    setup.gateway.finish().await;
}

/// Bob, as somebody else of an issuer that gives roles as well.
fn elsewhere(subject: &str, email: Option<&str>) -> Approver {
    let bob = super::decide::bob();
    let mut principal = (*bob.principal).clone();
    principal.party = Party { issuer: "elsewhere".into(), subject: subject.into() };
    principal.email = email.map(str::to_owned);
    Approver { principal: Arc::new(principal), ..bob }
}

#[tokio::test]
async fn nobody_decides_on_their_own_call_as_somebody_of_another_issuer() {
    let setup = setup(POLICIES, 100).await;
    assert_eq!(refused(&post(&setup).await), "approval_pending");
    let id = setup.one().await.parse().expect("an id");
    let gateway = &setup.gateway.running.gateway;
    let set = gateway.policies.current();
    let yes = Ballot::Approve { reason: None, passkey: None };
    for own in [elsewhere("alice", None), elsewhere("a-1", Some("Alice@Example.com"))] {
        let said = gateway.approvals.decide(&set, id, &own, &yes).await;
        assert!(matches!(said, Err(NotDecided::Own | NotDecided::Unknown)), "{said:?}");
    }
    let other = elsewhere("a-1", Some("a-1@example.com"));
    gateway.approvals.decide(&set, id, &other, &yes).await.expect("another person");
    setup.gateway.finish().await;
}

#[tokio::test]
async fn quorum_counts_a_person_with_two_accounts_once_also_when_both_decide_at_once() {
    let policies = POLICIES.replace("@id(\"held\")", "@id(\"held\") @quorum(\"2\")");
    let setup = setup(&policies, 100).await;
    let gateway = &setup.gateway.running.gateway;
    let set = gateway.policies.current();
    let yes = Ballot::Approve { reason: None, passkey: None };
    for number in 0..4 {
        let body = call(1, "effect", &json!({ "number": number }));
        assert_eq!(refused(&setup.gateway.post("alice", &[], &body).await), "approval_pending");
        let id = eventually(|| async { setup.live().await.into_iter().next() }).await;
        let id = id.parse().expect("an id");
        let mut bob = (*super::decide::bob().principal).clone();
        bob.email = Some("bob@example.com".to_owned());
        let bob = Approver { principal: Arc::new(bob), ..super::decide::bob() };
        let again =
            if number % 2 == 0 { elsewhere("bob", None) } else { elsewhere("r-1", Some("BOB@example.com")) };
        let (one, two) = tokio::join!(
            gateway.approvals.decide(&set, id, &bob, &yes),
            gateway.approvals.decide(&set, id, &again, &yes)
        );
        let refusals = [one, two].into_iter().filter(|said| matches!(said, Err(NotDecided::Again))).count();
        assert_eq!(refusals, 1, "one of the two counted");
        assert_eq!(setup.state(&id.to_string()).await, "pending");
        assert_eq!(setup.reject("carol", &id.to_string()).await.status(), 200);
    }
    assert_eq!(setup.recorder.called(), 0);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn ruined_row_hides_no_other_from_lists_and_is_named_in_them() {
    let setup = setup(POLICIES, 100).await;
    let mut ids = Vec::new();
    for marker in ["column", "content", "good"] {
        let sent = setup.gateway.post("alice", &[], &call(1, "effect", &json!({ "marker": marker }))).await;
        assert_eq!(refused(&sent), "approval_pending");
        ids.push(setup.live().await.into_iter().find(|id| !ids.contains(id)).expect("a new one"));
    }
    let hex = |id: &str| id.replace('-', "");
    let column = format!("UPDATE approval SET binding = X'00' WHERE id = X'{}'", hex(&ids[0]));
    let content = format!("UPDATE approval SET sealed = X'00' WHERE id = X'{}'", hex(&ids[1]));
    assert_eq!((intrude(&setup, &column), intrude(&setup, &content)), (1, 1));

    for path in ["/api/v1/approvals", "/api/v1/approvals?state=all", "/api/v1/approvals?limit=1"] {
        let listed = setup.gateway.api("carol", "GET", path, &json!(null)).await.json().expect("JSON");
        assert_eq!(listed["approvals"][0]["id"], json!(ids[2]), "{path}: {listed}");
        assert_eq!(listed["approvals"].as_array().map(Vec::len), Some(1), "{path}: {listed}");
    }
    let listed = setup.gateway.api("carol", "GET", "/api/v1/approvals", &json!(null)).await;
    assert_eq!(listed.json().expect("JSON")["unreadable"], json!([ids[1], ids[0]]));
    for (id, refusal) in ids.iter().zip([(503, "ledger_unavailable"), (500, "internal")]) {
        assert_eq!(super::code(&setup.approve("bob", id).await), (refusal.0, refusal.1.to_owned()));
    }
    assert_eq!(setup.approve("bob", &ids[2]).await.status(), 200);
    assert_eq!(setup.recorder.called(), 0, "and nothing ran");
    setup.gateway.finish().await;
}
