//! An approval is used once, whoever asks for it and however often.

use std::sync::Arc;

use countersign::approval::{Approvals, Held, Known, Sinks};
use countersign::config;
use serde_json::json;

use super::{POLICIES, answer, eventually, refused, setup};
use crate::harness::call;

#[tokio::test]
async fn repeated_call_joins_the_request_and_runs_once_it_is_approved() {
    let setup = setup(POLICIES, 100).await;
    let arguments = json!({ "marker": "x" });
    let post = |id: u64| {
        let (gateway, body) = (&setup.gateway, call(id, "effect", &arguments));
        async move { gateway.post("alice", &[], &body).await }
    };
    let first = post(1).await;
    assert_eq!(refused(&first), "approval_pending");
    let text = answer(&first)["result"]["content"][0]["text"].as_str().expect("a text").to_owned();
    assert!(
        text.contains("one person of `operations`") && text.contains("repeat exactly this call"),
        "{text}"
    );
    assert_eq!(refused(&post(2).await), "approval_pending");
    let id = setup.one().await;
    assert!(text.contains(&id), "{text}");
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    assert!(answer(&post(3).await)["result"]["isError"].is_null());
    assert_eq!(setup.recorder.called(), 1);
    // It is spent: the next one is asked for anew.
    assert_eq!(refused(&post(4).await), "approval_pending");
    assert_eq!(setup.recorder.called(), 1);
    assert_ne!(setup.one().await, id);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn of_equal_calls_that_wait_together_exactly_one_runs() {
    let setup = setup(POLICIES, 20_000).await;
    let mut waiting = Vec::new();
    for id in 0..8 {
        waiting.push(setup.held(id, &json!({ "marker": "x" })).await);
    }
    let id = setup.one().await;
    eventually(|| async { (setup.gateway.running.gateway.approvals.waiting() == 8).then_some(()) }).await;
    assert_eq!(setup.approve("bob", &id).await.status(), 200);
    let mut ran = 0;
    for mut probe in waiting {
        let response = probe.response().await.expect("an answer");
        if answer(&response)["result"]["isError"].is_null() {
            ran += 1;
        } else {
            assert_eq!(refused(&response), "approval_expired");
        }
    }
    assert_eq!((ran, setup.recorder.called()), (1, 1));
    assert_eq!(setup.gateway.leaves_of("approval.used").await.len(), 1);
    setup.gateway.finish().await;
}

#[tokio::test]
async fn two_gateways_on_one_store_use_it_once() {
    let setup = setup(POLICIES, 100).await;
    let gateway = &setup.gateway.running.gateway;
    let other = Approvals::new(
        gateway.db.clone(),
        gateway.ledger.clone(),
        aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"a key that finds no request of the other"),
        gateway.mask.clone(),
        Known { statements: gateway.statements.clone(), catalog: gateway.catalog.clone() },
        gateway.clock.clone(),
        Sinks::new(&config::Approvals::default()).expect("nobody is told"),
    );
    let (one, two) = (gateway.approvals.clone(), Arc::new(other));
    for round in 0..4 {
        let held = held(&setup, round);
        let asked = one.ask(&held).await.expect("asked");
        assert_eq!(setup.approve("bob", &asked.id.to_string()).await.status(), 200);
        let takes = [&one, &two, &one, &two].map(|approvals| {
            let (approvals, asked, held) = (approvals.clone(), asked.clone(), held.clone());
            tokio::spawn(async move { approvals.take(&asked, &held).await.is_ok() })
        });
        let mut taken = 0;
        for take in takes {
            taken += usize::from(take.await.expect("no panic"));
        }
        assert_eq!(taken, 1);
    }
    setup.gateway.finish().await;
}

/// A held call as the spine would make it.
fn held(setup: &super::Setup, round: u64) -> Held {
    use countersign::clock::new_id;
    use countersign::mcp::envelope::Message;
    use countersign::mcp::method::Direction;
    use countersign::model::{Effect, MessageKind, Target, TargetKind};
    use countersign::policy::{Definition, Question};

    let gateway = &setup.gateway.running.gateway;
    let message = Message::parse(call(1, "effect", &json!({ "round": round }))).expect("a message");
    let approver = super::decide::bob();
    let mut principal = (*approver.principal).clone();
    "alice".clone_into(&mut principal.party.subject);
    let target = Target { kind: TargetKind::Tool, name: "effect".to_owned(), listed: true, definition: None };
    let question = Question {
        principal: &principal,
        server: "up",
        method: "tools/call",
        kind: MessageKind::Request,
        direction: Direction::ToUpstream,
        target: Some(&target),
        arguments: Some("{}"),
        statement: None,
        context: &approver.context,
        definition: Definition::Unknown,
    };
    let decision = gateway.policies.current().decide(&question);
    assert_eq!(decision.effect, Effect::Hold);
    Held {
        call: new_id(&*gateway.clock),
        principal: principal.clone().into(),
        context: approver.context.clone(),
        server: "up".into(),
        method: "tools/call".into(),
        target: Some(target.clone()),
        decision,
        body: setup.gateway.running.gateway.mask.document(message.bytes()),
        message,
        task: None,
    }
}
