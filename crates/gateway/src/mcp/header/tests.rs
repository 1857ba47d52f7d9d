use bytes::Bytes;
use http::HeaderName;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header value");
        headers.append(HeaderName::from_static(name), value);
    }
    headers
}

fn message(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(text.as_bytes())).expect("a message")
}

fn modern(method: &str, params: &str) -> Message {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
    message(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}{meta}}}}}"#))
}

const V: (&str, &str) = (PROTOCOL_VERSION, "2026-07-28");
const CALL: (&str, &str) = (METHOD, "tools/call");

#[test]
fn era_is_decided_by_the_body_first() {
    let legacy = message(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    let modern = modern("tools/list", "");
    let check = |pairs: &[(&'static str, &str)], message: Option<&Message>, era_expected: Era| {
        assert_eq!(era(&headers(pairs), message), era_expected, "{pairs:?}");
    };
    check(&[], Some(&legacy), Era::Legacy);
    check(&[(PROTOCOL_VERSION, "2025-11-25")], Some(&legacy), Era::Legacy);
    check(&[(PROTOCOL_VERSION, "nonsense")], Some(&legacy), Era::Legacy);
    check(&[V], Some(&legacy), Era::Modern);
    check(&[(PROTOCOL_VERSION, "2027-01-01")], Some(&legacy), Era::Modern);
    check(&[], Some(&modern), Era::Modern);
    check(&[(PROTOCOL_VERSION, "2025-11-25"), (SESSION_ID, "s")], Some(&modern), Era::Modern);
    check(&[(SESSION_ID, "s")], None, Era::Legacy);
    check(&[V], None, Era::Modern);
}

#[test]
fn modern_headers_say_what_the_body_says() {
    let call = modern("tools/call", r#""name":"caf\u00e9","#);
    let check = |pairs: &[(&'static str, &str)], agrees: bool| {
        let outcome = require_agreement(&headers(pairs), &call, Era::Modern);
        assert_eq!(outcome, if agrees { Ok(()) } else { Err(Refusal::HeaderMismatch) }, "{pairs:?}");
    };
    let name = (NAME, "=?base64?Y2Fmw6k=?=");
    check(&[V, CALL, name], true);
    check(&[V, CALL, name, ("mcp-param-x", "anything")], true);
    check(&[CALL, name], false);
    check(&[V, name], false);
    check(&[V, CALL], false);
    check(&[V, V, CALL, name], false);
    check(&[V, CALL, CALL, name], false);
    check(&[V, CALL, name, ("mcp-param-x", "1"), ("mcp-param-x", "2")], false);
    check(&[(PROTOCOL_VERSION, "2025-11-25"), CALL, name], false);
    check(&[V, (METHOD, "tools/list"), name], false);
    check(&[V, (METHOD, "Tools/Call"), name], false);
    check(&[V, CALL, (NAME, "cafe")], false);
    check(&[V, CALL, (NAME, "caf\u{e9}")], false);
    check(&[V, CALL, (NAME, "=?base64?Y2Fmw6k?=")], false);
    check(&[V, CALL, (NAME, "=?base64?!?=")], false);
    check(&[V, CALL, (NAME, "=?base64?/w==?=")], false);
    check(&[V, CALL, (NAME, "")], false);
    check(&[V, CALL, name, ("connection", "close, Mcp-Name")], false);
}

#[test]
fn name_is_required_only_where_the_spec_requires_it() {
    let agrees = |message: &Message, pairs: &[(&'static str, &str)]| {
        require_agreement(&headers(pairs), message, Era::Modern).is_ok()
    };
    let list = modern("tools/list", "");
    assert!(agrees(&list, &[V, (METHOD, "tools/list")]));
    assert!(!agrees(&list, &[V, (METHOD, "tools/list"), (NAME, "x")]));
    let read = modern("resources/read", r#""uri":"a://b","#);
    assert!(agrees(&read, &[V, (METHOD, "resources/read"), (NAME, "a://b")]));
    assert!(!agrees(&read, &[V, (METHOD, "resources/read")]));
    let task = modern("tasks/get", r#""taskId":"t","#);
    assert!(!agrees(&task, &[V, (METHOD, "tasks/get"), (NAME, "u")]));
    assert!(!agrees(&task, &[V, (METHOD, "tasks/get")]));
    let nameless = modern("tools/call", "");
    assert!(!agrees(&nameless, &[V, CALL]));
    let notice = message(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    assert!(agrees(&notice, &[V]));
    assert!(agrees(&notice, &[V, (METHOD, "notifications/cancelled")]));
    assert!(!agrees(&notice, &[V, CALL]));
}

#[test]
fn version_missing_from_the_body_alone_is_left_to_the_upstream() {
    let body = message(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}"#);
    let agrees = |pairs: &[(&'static str, &str)]| {
        let headers = headers(pairs);
        require_agreement(&headers, &body, era(&headers, Some(&body))).is_ok()
    };
    assert!(agrees(&[V, CALL, (NAME, "x")]));
    assert!(!agrees(&[V, CALL, (NAME, "y")]), "it is judged as modern all the same");
    assert!(!agrees(&[V, CALL]));
}

#[test]
fn legacy_headers_are_left_to_the_upstream_unless_they_are_doubled() {
    let body = message(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}"#);
    let agrees =
        |pairs: &[(&'static str, &str)]| require_agreement(&headers(pairs), &body, Era::Legacy).is_ok();
    assert!(agrees(&[]));
    assert!(agrees(&[(PROTOCOL_VERSION, "2025-11-25"), (SESSION_ID, "s")]));
    assert!(agrees(&[(METHOD, "other"), (NAME, "other")]));
    assert!(!agrees(&[(SESSION_ID, "s"), (SESSION_ID, "t")]));
    assert!(!agrees(&[("connection", "mcp-session-id")]));
}

#[test]
fn session_id_that_nobody_could_have_issued_is_unknown() {
    let check = |pairs: &[(&'static str, &str)], expected: Result<Option<&str>, Refusal>| {
        assert_eq!(session_id(&headers(pairs)), expected, "{pairs:?}");
    };
    let unknown = Err(Refusal::UnknownSession);
    check(&[], Ok(None));
    check(&[(SESSION_ID, "a-B_1~")], Ok(Some("a-B_1~")));
    check(&[(SESSION_ID, "")], unknown);
    check(&[(SESSION_ID, "a b")], unknown);
    check(&[(SESSION_ID, "\u{e9}")], unknown);
    check(&[(SESSION_ID, &"a".repeat(limits::SESSION_ID_BYTES_MAX + 1))], unknown);
    check(&[(SESSION_ID, "a"), (SESSION_ID, "a")], unknown);
}

#[test]
fn batches_belong_to_one_revision() {
    let check = |pairs: &[(&'static str, &str)], allowed: bool| {
        assert_eq!(allows_batch(&headers(pairs)), allowed, "{pairs:?}");
    };
    check(&[], true);
    check(&[(PROTOCOL_VERSION, "2025-03-26")], true);
    check(&[(PROTOCOL_VERSION, "2025-06-18")], false);
    check(&[(PROTOCOL_VERSION, "x")], false);
    check(&[(PROTOCOL_VERSION, "2025-03-26"), (PROTOCOL_VERSION, "2025-03-26")], false);
}
