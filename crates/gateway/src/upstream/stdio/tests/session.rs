//! Legacy callers, a process each.

use super::*;

#[tokio::test]
async fn initialize_begins_a_session_with_a_process_of_its_own() {
    let stdio = fake(Sharing::Session, &[]);
    let (one, two) = (Caller::begin(&stdio, ALICE).await, Caller::begin(&stdio, ALICE).await);
    assert_ne!(one.session, two.session);
    assert!(one.session.len() == 32 && one.session.bytes().all(|b| b.is_ascii_graphic()));
    assert_ne!(one.call(1, "pid", json!({})).await, two.call(1, "pid", json!({})).await);
    assert_eq!((stdio.health().processes.len(), stdio.health().sessions), (2, 2));
}

#[tokio::test]
async fn session_of_somebody_else_does_not_exist() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let stolen = Caller { stdio: &stdio, principal: BOB, session: alice.session.clone() };
    for ask in [post(&tool(1, "pid", json!({}))), Ask::Open, Ask::End] {
        assert!(matches!(stolen.ask(ask).await, Ok(StdioAnswer::NoSession)));
    }
    assert_eq!(alice.call(1, "echo", json!({"text": "still here"})).await, "still here");
}

#[tokio::test]
async fn message_without_a_session_is_refused_and_starts_nothing() {
    let stdio = fake(Sharing::Session, &[]);
    for ask in [post(&tool(1, "pid", json!({}))), Ask::Open, Ask::End] {
        assert!(matches!(stdio.send(legacy(ALICE, None, ask)).await, Ok(StdioAnswer::SessionRequired)));
    }
    assert_eq!(stdio.health().starts, 0);
}

#[tokio::test]
async fn bytes_of_a_request_reach_the_program_untouched() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let odd = r#"{ "id":7.0,"params":{"arguments":{"n":1.10,"text":"\u0041"},"_meta":{"progressToken":"p"},"name":"echo"}, "method":"tools/call", "jsonrpc":"2.0" }"#;
    let answer = last(alice.ask(Ask::Post(Bytes::from(odd))).await).await;
    assert_eq!(answer["id"], json!(7.0));
    let lines: Vec<String> = serde_json::from_str(&alice.call(8, "seen", json!({})).await).expect("lines");
    assert_eq!(lines[2], odd);
}

#[tokio::test]
async fn ended_session_is_gone_with_its_process() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let gone = all_gone(&stdio);
    assert!(matches!(alice.ask(Ask::End).await, Ok(StdioAnswer::Ended)));
    assert!(matches!(alice.send(&tool(1, "pid", json!({}))).await, Ok(StdioAnswer::NoSession)));
    assert!(matches!(alice.ask(Ask::End).await, Ok(StdioAnswer::NoSession)));
    gone.await;
    let health = stdio.health();
    assert_eq!((health.processes.len(), health.sessions, health.failures), (0, 0, 0));
}

#[tokio::test]
async fn refused_initialize_leaves_no_session_and_no_process() {
    let stdio = fake(Sharing::Session, &["modern"]);
    let answer = stdio.send(legacy(ALICE, None, post(&initialize(&json!(1))))).await;
    let Ok(StdioAnswer::Json { session: None, body }) = answer else { panic!("{answer:?}") };
    assert_eq!(value(&body)["error"]["code"], -32601);
    all_gone(&stdio).await;
    assert_eq!((stdio.health().processes.len(), stdio.health().sessions), (0, 0));
}

#[tokio::test]
async fn progress_comes_on_the_stream_of_its_request_before_the_answer() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let _get = alice.listen().await;
    let mut messages = events(alice.send(&tool("a", "progress", json!({"count": 3}))).await);
    for step in 0..3 {
        let message = value(&messages.recv().await.expect("a message").expect("no error"));
        assert_eq!(
            (&message["params"]["progress"], &message["params"]["progressToken"]),
            (&json!(step), &json!("a"))
        );
    }
    assert_eq!(value(&messages.recv().await.expect("a message").expect("no error"))["id"], "a");
    assert!(messages.recv().await.is_none());
}

#[tokio::test]
async fn program_asks_on_the_get_stream_and_hears_the_answer() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let mut get = alice.listen().await;
    let ask = tool(5, "ask", json!({"method": "sampling/createMessage"}));
    let (answer, ()) = tokio::join!(alice.send(&ask), async {
        let question = value(&get.recv().await.expect("a message").expect("no error"));
        assert_eq!(
            (&question["id"], &question["method"]),
            (&json!("question"), &json!("sampling/createMessage"))
        );
        let reply = json!({"jsonrpc": "2.0", "id": "question", "result": {"model": "m"}});
        assert!(matches!(alice.send(&reply).await, Ok(StdioAnswer::Accepted)));
        assert!(matches!(alice.send(&reply).await, Err(StdioError::Uncorrelated)));
    });
    assert!(text(answer).await.contains(r#""model": "m""#));
}

#[tokio::test]
async fn program_asks_on_the_stream_of_the_oldest_request_when_there_is_no_other() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let mut messages = events(alice.send(&tool(5, "ask", json!({"method": "elicitation/create"}))).await);
    let question = value(&messages.recv().await.expect("a message").expect("no error"));
    assert_eq!(question["method"], "elicitation/create");
    let reply = json!({"jsonrpc": "2.0", "id": "question", "result": {"action": "decline"}});
    alice.send(&reply).await.expect("accepted");
    assert_eq!(value(&messages.recv().await.expect("a message").expect("no error"))["id"], 5);
}

#[tokio::test]
async fn what_the_program_asks_at_once_waits_for_the_first_stream() {
    let stdio = fake(Sharing::Session, &["roots"]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let question = value(&alice.listen().await.recv().await.expect("a message").expect("no error"));
    assert_eq!((&question["id"], &question["method"]), (&json!("roots"), &json!("roots/list")));
}

#[tokio::test]
async fn new_get_stream_replaces_the_old_one() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let mut old = alice.listen().await;
    let mut new = alice.listen().await;
    assert!(old.recv().await.is_none());
    drop(old);
    alice.call(1, "tell", json!({"method": "notifications/tools/list_changed"})).await;
    let told = value(&new.recv().await.expect("a message").expect("no error"));
    assert_eq!(told["method"], "notifications/tools/list_changed");
}

#[tokio::test]
async fn hanging_up_does_not_cancel_a_legacy_request() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let hung_up = events(alice.send(&tool(5, "ask", json!({"method": "roots/list"}))).await);
    drop(hung_up);
    assert!(matches!(alice.send(&tool(5, "pid", json!({}))).await, Err(StdioError::DuplicateId)));
    let seen = seen(&alice.call(6, "seen", json!({})).await);
    assert!(seen.iter().all(|message| message["method"] != "notifications/cancelled"), "{seen:?}");
}

#[tokio::test]
async fn cancelled_request_ends_its_stream_and_the_program_hears_of_it() {
    let stdio = fake(Sharing::Session, &[]);
    let alice = Caller::begin(&stdio, ALICE).await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "h"}});
    let hang = tool("h", "hang", json!({}));
    let (outcome, cancelled) = tokio::join!(alice.send(&hang), alice.send(&cancel));
    assert!(matches!(outcome, Err(StdioError::Cancelled)), "{outcome:?}");
    assert!(matches!(cancelled, Ok(StdioAnswer::Accepted)));
    let seen = seen(&alice.call(6, "seen", json!({})).await);
    assert!(seen.contains(&cancel), "{seen:?}");
}
