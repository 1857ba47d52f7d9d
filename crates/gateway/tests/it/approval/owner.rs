//! Whoever owns the database and no key of the gateway lets no call run.

use countersign::store::Value as Cell;
use serde_json::json;

use super::{POLICIES, Setup, answer, refused, setup};
use crate::harness::call;

/// What the owner of the database does to the one approval.
async fn forge(setup: &Setup, sql: &'static str, values: Vec<i64>) {
    let done = setup.gateway.running.gateway.db.write("forge", move |tx| {
        let values: Vec<_> = values.iter().map(|value| Cell::Int(*value)).collect();
        tx.execute(sql, &values)
    });
    assert_eq!(done.await.expect("written"), 1, "{sql}");
}

fn in_an_hour(setup: &Setup) -> i64 {
    setup.gateway.running.gateway.clock.now().as_microsecond() + 3_600_000_000
}

#[tokio::test]
async fn approval_that_nobody_gave_lets_nothing_run_whatever_its_row_says() {
    let setup = setup(POLICIES, 20_000).await;
    let mut waiting = setup.held(1, &json!({ "marker": "x" })).await;
    setup.one().await;
    let sql = "UPDATE approval SET state = 'approved', grant_leaf = request_leaf, use_by = $1";
    forge(&setup, sql, vec![in_an_hour(&setup)]).await;
    assert_eq!(refused(&waiting.response().await.expect("an answer")), "approval_overtaken");
    assert_eq!(setup.recorder.called(), 0);
    let ended = setup.gateway.leaves_of("approval.expired").await;
    assert_eq!(ended[0]["detail"]["reason"], "not_granted");
    setup.gateway.finish().await;
}

#[tokio::test]
async fn quorum_that_is_lowered_in_the_database_is_the_old_one() {
    let policies = POLICIES.replace("@approvers", "@quorum(\"2\") @approvers");
    let setup = setup(&policies, 20_000).await;
    let mut waiting = setup.held(1, &json!({ "marker": "x" })).await;
    let id = setup.one().await;
    forge(&setup, "UPDATE approval SET quorum = 1", Vec::new()).await;
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    assert_eq!(refused(&waiting.response().await.expect("an answer")), "approval_overtaken");
    assert_eq!(setup.recorder.called(), 0);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn word_of_one_person_copied_in_the_database_is_the_word_of_one() {
    let policies = POLICIES.replace("@approvers", "@quorum(\"2\") @approvers");
    let setup = setup(&policies, 20_000).await;
    let mut waiting = setup.held(1, &json!({ "marker": "x" })).await;
    let id = setup.one().await;
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    let copied = "INSERT INTO approval_vote (approval, voter, verdict, ts, leaf, day, commitment, sealed) \
                  SELECT approval, commitment, verdict, ts, leaf, day, commitment, sealed FROM approval_vote";
    forge(&setup, copied, Vec::new()).await;
    let sql = "UPDATE approval SET state = 'approved', grant_leaf = request_leaf, use_by = $1";
    forge(&setup, sql, vec![in_an_hour(&setup)]).await;
    assert_eq!(refused(&waiting.response().await.expect("an answer")), "approval_overtaken");
    assert_eq!(setup.recorder.called(), 0);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn approval_that_is_set_back_after_its_use_lets_no_second_call_run() {
    let setup = setup(POLICIES, 20_000).await;
    let body = call(1, "effect", &json!({ "marker": "x" }));
    let mut waiting = setup.gateway.send("alice", "POST", &[], &body).await;
    let id = setup.one().await;
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    let ran = waiting.response().await.expect("an answer");
    assert!(answer(&ran)["result"]["isError"].is_null());
    let sql = "UPDATE approval SET state = 'approved', ended = NULL, noted = NULL, used_call = NULL";
    forge(&setup, sql, Vec::new()).await;
    assert_eq!(refused(&setup.gateway.post("alice", &[], &body).await), "approval_expired");
    assert_eq!(setup.recorder.called(), 1);
    // Left as it is, it would be ended on record a second time.
    let sql = "UPDATE approval SET state = 'used', ended = use_by, noted = use_by";
    forge(&setup, sql, Vec::new()).await;
    setup.gateway.finish().await;
}

#[tokio::test]
async fn approval_that_somebody_took_back_stays_so_when_their_word_is_gone() {
    let setup = setup(POLICIES, 100).await;
    let body = call(1, "effect", &json!({ "marker": "x" }));
    assert_eq!(refused(&setup.gateway.post("alice", &[], &body).await), "approval_pending");
    let id = setup.one().await;
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    assert_eq!(setup.reject("bob", &id).await.status(), 200);
    forge(&setup, "DELETE FROM approval_vote WHERE verdict = 'reject'", Vec::new()).await;
    let sql = "UPDATE approval SET state = 'approved', ended = NULL, noted = NULL";
    forge(&setup, sql, Vec::new()).await;
    assert_eq!(refused(&setup.gateway.post("alice", &[], &body).await), "approval_rejected");
    assert_eq!(setup.recorder.called(), 0);
    let sql = "UPDATE approval SET state = 'rejected', ended = use_by, noted = use_by";
    forge(&setup, sql, Vec::new()).await;
    setup.gateway.finish().await;
}
