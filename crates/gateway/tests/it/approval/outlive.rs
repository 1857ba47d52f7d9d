//! A request outlives callers and gateways, unless nobody can come back for it.

use serde_json::json;

use super::{POLICIES, answer, eventually, refused, setup};
use crate::harness::call;

#[tokio::test]
async fn request_survives_a_restart_while_its_caller_waits() {
    let setup = setup(POLICIES, 20_000).await;
    let mut waiting = setup.held(1, &json!({ "marker": "x" })).await;
    let id = setup.one().await;
    let super::Setup { recorder, gateway, upstream } = setup;
    let stopping = tokio::spawn(gateway.restart_after(|_| ()));
    let told = waiting.response().await.expect("an answer before the end");
    assert_eq!(refused(&told), "approval_pending");
    let gateway = stopping.await.expect("no panic");
    let setup = super::Setup { recorder, gateway, upstream };
    assert_eq!(setup.live().await, std::slice::from_ref(&id));
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    let again = setup.gateway.post("alice", &[], &call(2, "effect", &json!({ "marker": "x" }))).await;
    assert!(answer(&again)["result"]["isError"].is_null());
    assert_eq!(setup.recorder.called(), 1);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn caller_of_an_older_revision_that_hangs_up_may_come_back() {
    let setup = setup(POLICIES, 20_000).await;
    let waiting = setup.held(1, &json!({})).await;
    let id = setup.one().await;
    waiting.hang_up().await.expect("closed");
    eventually(|| async { (setup.gateway.running.gateway.approvals.waiting() == 0).then_some(()) }).await;
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    let again = setup.gateway.post("alice", &[], &call(2, "effect", &json!({}))).await;
    assert!(answer(&again)["result"]["isError"].is_null());
    setup.gateway.finish().await;
}

#[tokio::test]
async fn service_key_that_is_revoked_while_its_call_waits_runs_nothing() {
    use countersign::model::Principal;
    let setup = setup(POLICIES, 20_000).await;
    let gateway = &setup.gateway.running.gateway;
    let key = Principal {
        kind: countersign::model::PrincipalKind::Service,
        party: countersign::model::Party { issuer: "keys".into(), subject: "0011".into() },
        expires: jiff::Timestamp::MAX,
        ..Principal::anonymous(None, None)
    };
    assert!(!gateway.authenticator.stands(&key), "no such key, or a revoked one");
    let expired = Principal { expires: jiff::Timestamp::UNIX_EPOCH, ..Principal::anonymous(None, None) };
    assert!(!gateway.authenticator.stands(&expired));
    setup.gateway.finish().await;
}

#[tokio::test]
async fn vote_of_a_gateway_that_died_counts_exactly_if_it_is_in_the_log() {
    use countersign::approval::Said;
    use countersign::ledger::{ApprovalStep, Stage};
    use countersign::model::Identity;
    use countersign::store::approval_vote::{self, Vote, Word};

    let setup = setup(POLICIES, 20_000).await;
    let waiting = setup.held(1, &json!({})).await;
    let id: uuid::Uuid = setup.one().await.parse().expect("an id");
    let gateway = &setup.gateway.running.gateway;
    let bob = super::decide::bob();
    let record = gateway.approvals.find(id).await.expect("readable").expect("there");
    // A minute ago: whoever reserved it is dead.
    let (who, ts) = (Identity::from(&*bob.principal), gateway.clock.now().as_microsecond() - 60_000_000);
    let said = Said { who, word: Word::Approve, ts, reason: None, passkey: None };
    let said = serde_json::to_vec(&said).expect("JSON");
    let reserve = || async {
        let sealed = gateway.ledger.seal(id.into_bytes(), said.clone()).await.expect("sealed");
        let vote = Vote { voter: [9; 32], verdict: Word::Approve, ts, leaf: None, sealed };
        let reserved =
            gateway.db.write("test", move |tx| approval_vote::reserve(tx, id.as_bytes(), &vote)).await;
        assert_eq!(reserved.expect("written"), approval_vote::Reservation::Made);
    };
    // It died before the leaf: the vote never was.
    reserve().await;
    gateway.approvals.tidy().await.expect("tidied");
    assert_eq!(setup.state(&id.to_string()).await, "pending");
    // It died after the leaf: the vote counts.
    reserve().await;
    let step = ApprovalStep {
        stage: Stage::Approved,
        approval: id,
        request: record.row.request_leaf.map(evidence::merkle::Hash::from_bytes),
        call: uuid::Uuid::from_bytes(record.row.call),
        actor: Some((bob.principal, bob.context)),
        server: "up".into(),
        about: None,
        detail: json!({}),
        body: None,
    };
    gateway.ledger.attest(step).await.expect("recorded");
    gateway.approvals.tidy().await.expect("tidied");
    let mut waiting = waiting;
    assert!(answer(&waiting.response().await.expect("an answer"))["result"]["isError"].is_null());
    assert_eq!(setup.recorder.called(), 1);
    setup.gateway.finish().await;
}
