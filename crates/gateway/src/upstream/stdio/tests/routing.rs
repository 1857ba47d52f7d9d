//! The router alone: every row of its table.

use super::super::router::{Loss, Owner, Router, Step, StreamRef};
use super::super::stream::Outlet;
use super::*;

const SESSION: Sharing = Sharing::Session;
const SHARED: Sharing = Sharing::Shared;

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn request(router: &mut Router, owner: Owner, text: &str) -> (u64, Bytes, Messages) {
    let (outlet, messages) = Outlet::open();
    let (number, sent) = router.request(owner, &bytes(text), outlet).expect("sent");
    (number, sent, messages)
}

/// Where a line goes: `nowhere`, `request N`, `get N`, `answer` or `reply`.
fn goes(router: &mut Router, line: &str) -> Vec<String> {
    let steps = router.receive(&bytes(line)).into_iter().map(|step| match step {
        Step::Deliver { to: StreamRef::Request(number), .. } => format!("request {number}"),
        Step::Deliver { to: StreamRef::Get(session), .. } => format!("get {session}"),
        Step::Finish { .. } => "answer".to_owned(),
        Step::Reply(_) => "reply".to_owned(),
        Step::Nothing(_) => "nowhere".to_owned(),
    });
    steps.collect()
}

const MESSAGE: &str = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":1}}"#;
const CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
const ASKS: &str = r#"{"jsonrpc":"2.0","id":"q","method":"roots/list"}"#;
const CALL: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":"t"}}}"#;

#[test]
fn unshared_legacy_session_hears_everything_on_the_stream_it_has() {
    let mut router = Router::new(Era::Legacy, SESSION);
    let session = router.open();
    assert_eq!(goes(&mut router, MESSAGE), ["nowhere"]);
    let (number, sent, _messages) = request(&mut router, Owner::Session(session), CALL);
    assert_eq!(sent, CALL);
    let by_request = format!("request {number}");
    for line in [MESSAGE, CHANGED, ASKS] {
        assert_eq!(goes(&mut router, line), [by_request.as_str()], "{line}");
    }
    let (outlet, _get) = Outlet::open();
    router.listen(session, outlet).expect("open");
    for line in [MESSAGE, CHANGED, ASKS] {
        assert_eq!(goes(&mut router, line), [format!("get {session}")], "{line}");
    }
    let progress = |token: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token}}}}}"#
        )
    };
    assert_eq!(goes(&mut router, &progress(r#""\u0074""#)), [by_request]);
    assert_eq!(goes(&mut router, &progress("9")), [format!("get {session}")]);
    assert_eq!(goes(&mut router, r#"{"jsonrpc":"2.0","id":1.0,"result":{}}"#), ["answer"]);
    assert_eq!(goes(&mut router, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), ["nowhere"]);
}

#[test]
fn withdrawn_question_follows_the_question() {
    let mut router = Router::new(Era::Legacy, SESSION);
    let session = router.open();
    let (number, _, _messages) = request(&mut router, Owner::Session(session), CALL);
    assert_eq!(goes(&mut router, ASKS), [format!("request {number}")]);
    let (outlet, _get) = Outlet::open();
    router.listen(session, outlet).expect("open");
    let withdraws = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q"}}"#;
    assert_eq!(goes(&mut router, withdraws), [format!("request {number}")]);
    assert_eq!(goes(&mut router, withdraws), ["nowhere"]);
    let answer = bytes(r#"{"jsonrpc":"2.0","id":"q","result":{}}"#);
    assert_eq!(router.response(&answer), Err(StdioError::Uncorrelated));
}

#[test]
fn questions_of_a_program_are_bounded() {
    let mut router = Router::new(Era::Legacy, SESSION);
    let session = router.open();
    let (outlet, _get) = Outlet::open();
    router.listen(session, outlet).expect("open");
    let asked: Vec<_> = (0..100)
        .flat_map(|n| goes(&mut router, &format!(r#"{{"jsonrpc":"2.0","id":{n},"method":"roots/list"}}"#)))
        .collect();
    assert_eq!(asked.iter().filter(|step| *step != "reply").count(), crate::limits::STDIO_ASKED_MAX);
}

#[test]
fn shared_process_names_no_caller_so_only_what_holds_no_data_is_told() {
    let mut router = Router::new(Era::Legacy, SHARED);
    let (one, two) = (router.open(), router.open());
    let (outlet, _get) = Outlet::open();
    router.listen(one, outlet).expect("open");
    let (number, sent, _messages) = request(&mut router, Owner::Session(two), CALL);
    assert_eq!(
        sent,
        CALL.replace(r#""id":1"#, &format!(r#""id":{number}"#)).replace(r#""t""#, &number.to_string())
    );
    assert_eq!(goes(&mut router, CHANGED), [format!("get {one}"), format!("request {number}")]);
    assert_eq!(goes(&mut router, MESSAGE), ["nowhere"]);
    assert_eq!(goes(&mut router, ASKS), ["reply"]);
    // The caller's own names mean nothing to the process.
    assert_eq!(goes(&mut router, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), ["nowhere"]);
    assert_eq!(
        goes(&mut router, &format!(r#"{{"jsonrpc":"2.0","id":"{number}","result":{{}}}}"#)),
        ["nowhere"]
    );
    assert_eq!(goes(&mut router, &format!(r#"{{"jsonrpc":"2.0","id":{number},"result":{{}}}}"#)), ["answer"]);
}

#[test]
fn modern_program_cannot_ask_and_tells_the_oldest_request_unless_shared() {
    for (sharing, told) in [(SESSION, "request"), (SHARED, "nowhere")] {
        let mut router = Router::new(Era::Modern, sharing);
        let owner = Owner::Principal(ALICE);
        let listen = CALL.replace("tools/call", "subscriptions/listen");
        let (_, _, _subscription) = request(&mut router, owner, &listen);
        assert_eq!(goes(&mut router, MESSAGE), ["nowhere"]);
        let (number, _, _messages) = request(&mut router, owner, CALL);
        let expected = if told == "request" { format!("request {number}") } else { told.to_owned() };
        assert_eq!(goes(&mut router, MESSAGE), [expected]);
        assert_eq!(goes(&mut router, ASKS), ["nowhere"]);
    }
}

#[test]
fn requests_in_flight_are_bounded_for_each_caller() {
    let mut router = Router::new(Era::Modern, SHARED);
    let mut streams = Vec::new();
    for _ in 0..crate::limits::STDIO_REQUESTS_PER_CALLER_MAX {
        streams.push(request(&mut router, Owner::Principal(ALICE), CALL));
    }
    let refused = router.request(Owner::Principal(ALICE), &bytes(CALL), Outlet::open().0);
    assert_eq!(refused.map(drop), Err(StdioError::Busy));
    streams.push(request(&mut router, Owner::Principal(BOB), CALL));
}

#[test]
fn abandoned_requests_of_a_session_make_room_for_new_ones() {
    let mut router = Router::new(Era::Legacy, SESSION);
    let session = router.open();
    for n in 0..2 * crate::limits::STDIO_REQUESTS_PER_CALLER_MAX {
        let call = CALL.replace(r#""id":1"#, &format!(r#""id":{n}"#));
        let (number, _, _messages) = request(&mut router, Owner::Session(session), &call);
        assert_eq!(router.abandon(number), None);
    }
    assert_eq!(router.in_flight(), crate::limits::STDIO_REQUESTS_PER_CALLER_MAX);
    assert!(!router.busy(None));
}

#[test]
fn initialize_is_never_cancelled() {
    let mut router = Router::new(Era::Legacy, SESSION);
    let session = router.open();
    let (number, _, _messages) =
        request(&mut router, Owner::Session(session), &initialize(&json!(1)).to_string());
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    assert_eq!(router.notification(Owner::Session(session), &bytes(cancel)), Ok(None));
    assert_eq!(router.cancel(number, "late"), None);
}

#[test]
fn what_may_be_lost_is_progress_and_lists_that_changed() {
    let mut router = Router::new(Era::Legacy, SESSION);
    let session = router.open();
    let (_, _, _messages) = request(&mut router, Owner::Session(session), CALL);
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t"}}"#;
    for (line, expected) in
        [(progress, Loss::Tolerable), (CHANGED, Loss::Tolerable), (MESSAGE, Loss::Fatal), (ASKS, Loss::Fatal)]
    {
        let steps = router.receive(&bytes(line));
        let [Step::Deliver { loss, .. }] = &*steps else { panic!("{steps:?}") };
        assert_eq!(*loss, expected, "{line}");
    }
}

#[tokio::test]
async fn answer_with_two_meanings_is_refused_at_once_and_to_its_caller_alone() {
    for ambiguous in [
        r#"{"jsonrpc":"2.0","id":NUMBER,"result":{},"result":{"a":1}}"#,
        r#"{"jsonrpc":"2.0","id":NUMBER,"result":{}} trailing"#,
        r#"{"result":{},"result":{},"id":NUMBER}"#,
    ] {
        let mut router = Router::new(Era::Modern, SHARED);
        let (_, _, mut other) = request(&mut router, Owner::Principal(BOB), CALL);
        let (number, _, mut messages) = request(&mut router, Owner::Principal(ALICE), CALL);
        assert_eq!(goes(&mut router, &ambiguous.replace("NUMBER", &number.to_string())), ["nowhere"]);
        assert_eq!(messages.recv().await, Some(Err(StdioError::Garbled)), "{ambiguous}");
        router.end(&StdioError::Timeout);
        assert_eq!(other.recv().await, Some(Err(StdioError::Timeout)));
    }
}
