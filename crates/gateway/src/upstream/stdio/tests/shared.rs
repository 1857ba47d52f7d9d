//! Legacy callers that share one process.

use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn program_is_initialised_once_and_offered_no_capabilities() {
    let stdio = fake(Sharing::Shared, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let answer = stdio.send(legacy(BOB, None, post(&initialize(&json!(77))))).await;
    let Ok(StdioAnswer::Json { session: Some(session), body }) = answer else { panic!("{answer:?}") };
    assert_eq!(value(&body)["id"], 77);
    let bob = Caller { stdio: &stdio, principal: BOB, session };
    assert_eq!(alice.call(1, "pid", json!({})).await, bob.call(1, "pid", json!({})).await);
    let seen = seen(&bob.call(2, "seen", json!({})).await);
    let heard: Vec<_> = seen.iter().map(|message| message["method"].as_str().unwrap_or_default()).collect();
    assert_eq!(heard[..2], ["initialize", "notifications/initialized"]);
    assert_eq!(heard.iter().filter(|method| !method.starts_with("tools")).count(), 2);
    assert_eq!(seen[0]["params"]["capabilities"], json!({}));
}

#[tokio::test]
async fn thousand_interleaved_calls_with_the_same_ids_never_mix() {
    let stdio = fake(Sharing::Shared, &[]);
    let callers = [Caller::begin(&stdio, ALICE).await, Caller::begin(&stdio, BOB).await];
    for wave in 0..10 {
        let calls = (0..100).map(|n| {
            let (caller, id) = (&callers[n % 2], n / 2);
            async move {
                let text = format!("{wave} {id} {}", caller.session);
                let call = tool(id, "gather", json!({"count": 100, "text": text}));
                let mut messages = events(caller.send(&call).await);
                let progress = value(&messages.recv().await.expect("progress").expect("no error"));
                assert_eq!(progress["params"]["progressToken"], json!(id));
                assert_eq!(progress["params"]["message"], json!(text));
                let answer = value(&messages.recv().await.expect("an answer").expect("no error"));
                assert_eq!(answer["id"], json!(id));
                assert_eq!(answer["result"]["content"][0]["text"], json!(text));
                assert!(messages.recv().await.is_none());
            }
        });
        join_all(calls).await;
    }
    assert_eq!(stdio.health().processes[0].in_flight, 0);
}

#[tokio::test]
async fn program_that_asks_is_refused_and_its_ping_is_answered() {
    let stdio = fake(Sharing::Shared, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let _get = alice.listen().await;
    let refused = alice.call(1, "ask", json!({"method": "sampling/createMessage"})).await;
    assert!(refused.contains("there is nobody to ask"), "{refused}");
    let pong = alice.call(2, "ask", json!({"method": "ping"})).await;
    assert!(pong.contains(r#""result": {}"#), "{pong}");
}

#[tokio::test]
async fn list_changed_reaches_every_session_and_data_without_owner_none() {
    let stdio = fake(Sharing::Shared, &[]);
    let (alice, bob) = (Caller::begin(&stdio, ALICE).await, Caller::begin(&stdio, BOB).await);
    let (mut for_alice, mut for_bob) = (alice.listen().await, bob.listen().await);
    for (id, method) in
        ["message", "resources/updated", "progress", "anything", "tools/list_changed"].iter().enumerate()
    {
        let method = format!("notifications/{method}");
        let params = json!({"data": "of alice", "uri": "file:///alice", "progressToken": 1});
        let told = alice.call(id, "tell", json!({"method": method, "params": params})).await;
        assert_eq!(told, "told");
    }
    for stream in [&mut for_alice, &mut for_bob] {
        let message = value(&stream.recv().await.expect("a message").expect("no error"));
        assert_eq!(message["method"], "notifications/tools/list_changed");
    }
}

#[tokio::test]
async fn caller_cannot_cancel_what_somebody_else_asked() {
    let stdio = fake(Sharing::Shared, &[]);
    let (alice, bob) = (Caller::begin(&stdio, ALICE).await, Caller::begin(&stdio, BOB).await);
    let hang = tool(1, "hang", json!({}));
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    let (outcome, ()) = tokio::join!(alice.send(&hang), async {
        bob.send(&cancel).await.expect("accepted");
        let heard = seen(&bob.call(2, "seen", json!({})).await);
        assert!(heard.iter().all(|message| message["method"] != "notifications/cancelled"), "{heard:?}");
        alice.send(&cancel).await.expect("accepted");
    });
    assert!(matches!(outcome, Err(StdioError::Cancelled)), "{outcome:?}");
    let heard = seen(&bob.call(3, "seen", json!({})).await);
    let id = &heard.iter().find(|message| message["params"]["name"] == "hang").expect("the call")["id"];
    let cancelled = heard.iter().find(|message| message["method"] == "notifications/cancelled");
    assert_eq!(&cancelled.expect("the cancellation")["params"]["requestId"], id);
}

#[tokio::test]
async fn caller_that_does_not_read_neither_blocks_others_nor_loses_its_answer() {
    let stdio = fake(Sharing::Shared, &[]);
    let (alice, bob) = (Caller::begin(&stdio, ALICE).await, Caller::begin(&stdio, BOB).await);
    // 40 MB of progress, of which 8 MB wait.
    let slow = alice.send(&tool(1, "progress", json!({"count": 400, "bytes": 100_000}))).await;
    assert_eq!(bob.call(1, "echo", json!({"text": "on time"})).await, "on time");
    let mut messages = events(slow);
    let (mut bytes, mut answered) = (0, false);
    while let Some(message) = messages.recv().await {
        let message = message.expect("no error");
        bytes += message.len();
        answered = value(&message)["result"]["content"][0]["text"] == "done";
    }
    assert!(answered);
    assert!((1_000_000..9_000_000).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn subscription_to_resources_is_refused() {
    let stdio = fake(Sharing::Shared, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let subscribe =
        json!({"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": {"uri": "x:y"}});
    assert!(matches!(alice.send(&subscribe).await, Err(StdioError::NotShared)));
}

#[tokio::test]
async fn ended_session_leaves_the_process_to_the_others() {
    let stdio = fake(Sharing::Shared, &[]);
    let (alice, bob) = (Caller::begin(&stdio, ALICE).await, Caller::begin(&stdio, BOB).await);
    alice.ask(Ask::End).await.expect("ended");
    assert!(matches!(alice.send(&tool(1, "pid", json!({}))).await, Ok(StdioAnswer::NoSession)));
    assert_eq!(bob.call(1, "echo", json!({"text": "here"})).await, "here");
}

#[tokio::test]
async fn sessions_of_a_dead_process_are_over_and_the_next_one_gets_a_new_process() {
    let stdio = fake(Sharing::Shared, &[]);
    let (alice, bob) = (Caller::begin(&stdio, ALICE).await, Caller::begin(&stdio, BOB).await);
    let died = alice.send(&tool(1, "exit", json!({"status": 9}))).await;
    assert!(matches!(&died, Err(StdioError::Exited(status)) if status == "exit status: 9"), "{died:?}");
    assert!(matches!(bob.send(&tool(1, "pid", json!({}))).await, Ok(StdioAnswer::NoSession)));
    let again = Caller::begin(&stdio, BOB).await;
    assert_eq!(again.call(1, "echo", json!({"text": "back"})).await, "back");
    assert_eq!((stdio.health().starts, stdio.health().failures), (2, 1));
}
