//! Callers of revision 2026-07-28.

use super::*;

fn listen(id: impl Into<Value>, uris: &[&str]) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "subscriptions/listen",
        "params": {"notifications": {"resourceSubscriptions": uris}}})
}

async fn call(
    stdio: &Stdio,
    principal: [u8; 32],
    id: impl Into<Value>,
    name: &str,
    arguments: Value,
) -> String {
    text(stdio.send(modern(principal, &tool(id, name, arguments))).await).await
}

#[tokio::test]
async fn legacy_program_is_asked_once_and_callers_are_told() {
    let stdio = fake(Sharing::Session, &[]);
    for principal in [ALICE, BOB, ALICE] {
        let answer = stdio.send(modern(principal, &tool(1, "pid", json!({})))).await;
        assert!(matches!(answer, Ok(StdioAnswer::LegacyOnly)), "{answer:?}");
    }
    assert_eq!(stdio.health().starts, 1);
    all_gone(&stdio).await;
    Caller::begin(&stdio, ALICE).await;
}

#[tokio::test]
async fn program_that_does_not_say_is_taken_for_a_legacy_one_but_asked_again() {
    let pace = Pace { probe: Duration::from_millis(20), ..Pace::default() };
    let stdio = paced(Sharing::Session, &["mute"], pace);
    for starts in 1..=2 {
        let answer = stdio.send(modern(ALICE, &tool(1, "pid", json!({})))).await;
        assert!(matches!(answer, Ok(StdioAnswer::LegacyOnly)), "{answer:?}");
        assert_eq!(stdio.health().starts, starts);
    }
}

#[tokio::test]
async fn principal_keeps_its_process_and_shares_it_with_nobody() {
    let stdio = fake(Sharing::Session, &["modern"]);
    let alice = call(&stdio, ALICE, 1, "pid", json!({})).await;
    assert_eq!(call(&stdio, ALICE, 2, "pid", json!({})).await, alice);
    assert_ne!(call(&stdio, BOB, 1, "pid", json!({})).await, alice);
}

#[tokio::test]
async fn both_eras_of_one_program_are_two_processes() {
    let stdio = fake(Sharing::Shared, &["dual"]);
    let modern = call(&stdio, ALICE, 1, "pid", json!({})).await;
    assert_eq!(call(&stdio, BOB, 1, "pid", json!({})).await, modern);
    assert_ne!(Caller::begin(&stdio, ALICE).await.call(1, "pid", json!({})).await, modern);
}

#[tokio::test]
async fn same_id_may_be_in_flight_twice() {
    for sharing in [Sharing::Session, Sharing::Shared] {
        let stdio = fake(sharing, &["modern"]);
        let calls = (0..20).map(|n| {
            let call = tool("same", "gather", json!({"count": 20, "text": n.to_string()}));
            let stdio = &stdio;
            async move { text(stdio.send(modern(ALICE, &call)).await).await }
        });
        let answers = futures_util::future::join_all(calls).await;
        assert_eq!(answers, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn hanging_up_cancels_and_a_finished_request_is_not_cancelled() {
    let stdio = fake(Sharing::Session, &["modern"]);
    drop(events(stdio.send(modern(ALICE, &listen("sub", &["file:///a"]))).await));
    call(&stdio, ALICE, 1, "echo", json!({"text": ""})).await;
    // Read to its end, as by a caller that closes right after the answer.
    last(stdio.send(modern(ALICE, &tool(2, "progress", json!({"count": 1})))).await).await;
    let heard = seen(&call(&stdio, ALICE, 3, "seen", json!({})).await);
    let id = &heard.iter().find(|message| message["method"] == "subscriptions/listen").expect("asked")["id"];
    let cancelled: Vec<_> =
        heard.iter().filter(|message| message["method"] == "notifications/cancelled").collect();
    assert_eq!((cancelled.len(), &cancelled[0]["params"]["requestId"]), (1, id));
}

#[tokio::test]
async fn future_that_is_dropped_cancels() {
    let stdio = fake(Sharing::Session, &["modern"]);
    call(&stdio, ALICE, 1, "pid", json!({})).await;
    let hang = tool(2, "hang", json!({}));
    {
        let outcome = stdio.send(modern(ALICE, &hang));
        tokio::pin!(outcome);
        let seen_by_then = tool(3, "pid", json!({}));
        tokio::select! {
            biased;
            answer = &mut outcome => panic!("{answer:?}"),
            answer = stdio.send(modern(ALICE, &seen_by_then)) => drop(answer.expect("an answer")),
        }
    }
    let heard = seen(&call(&stdio, ALICE, 4, "seen", json!({})).await);
    let id = &heard.iter().find(|message| message["params"]["name"] == "hang").expect("asked")["id"];
    let cancelled = heard.iter().find(|message| message["method"] == "notifications/cancelled");
    assert_eq!(&cancelled.expect("cancelled")["params"]["requestId"], id);
}

#[tokio::test]
async fn subscriptions_keep_their_callers_ids_and_never_mix() {
    let stdio = fake(Sharing::Shared, &["modern"]);
    let (alice, bob) = (listen("s", &["file:///alice"]), listen("s", &["file:///bob"]));
    let mut streams =
        [events(stdio.send(modern(ALICE, &alice)).await), events(stdio.send(modern(BOB, &bob)).await)];
    for (stream, uri) in streams.iter_mut().zip(["file:///alice", "file:///bob"]) {
        for method in ["subscriptions/acknowledged", "resources/updated"] {
            let message = value(&stream.recv().await.expect("a message").expect("no error"));
            assert_eq!(message["method"], format!("notifications/{method}"));
            assert_eq!(message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "s");
            if method == "resources/updated" {
                assert_eq!(message["params"]["uri"], uri);
            }
        }
    }
}

#[tokio::test]
async fn subscription_the_program_ends_is_a_stream_that_ends() {
    let stdio = fake(Sharing::Session, &["modern"]);
    let mut stream = events(stdio.send(modern(ALICE, &listen(1, &[]))).await);
    let first = value(&stream.recv().await.expect("a message").expect("no error"));
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    assert!(stream.recv().await.is_none());
}

#[tokio::test]
async fn program_that_ended_is_started_again_for_the_next_request() {
    let stdio = fake(Sharing::Session, &["modern"]);
    let died = stdio.send(modern(ALICE, &tool(1, "exit", json!({"status": 4})))).await;
    assert!(matches!(&died, Err(StdioError::Exited(status)) if status == "exit status: 4"), "{died:?}");
    assert_eq!(call(&stdio, ALICE, 2, "echo", json!({"text": "back"})).await, "back");
}

#[tokio::test]
async fn modern_protocol_has_no_get_no_delete_and_no_answers_of_callers() {
    let stdio = fake(Sharing::Session, &["modern"]);
    for ask in [Ask::Open, Ask::End] {
        let request = StdioRequest { ask, session: None, era: Era::Modern, principal: ALICE };
        assert!(matches!(stdio.send(request).await, Ok(StdioAnswer::MethodNotAllowed)));
    }
    let answer = stdio.send(modern(ALICE, &json!({"jsonrpc": "2.0", "id": 1, "result": {}}))).await;
    assert!(matches!(answer, Err(StdioError::Uncorrelated)));
    let told = json!({"jsonrpc": "2.0", "method": "notifications/anything"});
    assert!(matches!(stdio.send(modern(ALICE, &told)).await, Ok(StdioAnswer::Accepted)));
    assert_eq!(stdio.health().starts, 0);
}
