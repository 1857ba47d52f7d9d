use super::*;

fn parse(text: &str) -> Result<Message, Fault> {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()))
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{"n\u0061me":"re\u0061d",
 "arguments":{"path":"/etc","deep":[{"x":1.10}]},"_meta":{"progressToken":"p","io.modelcontextprotocol/protocolVersion":"2026-07-28"},
 "requestState":"s\u0000","task":{"ttl":5},"future":{"Name":1}},"extra":[1E3]}"#;

#[test]
fn request_is_read_by_its_parts() {
    let message = parse(CALL).expect("a message");
    assert_eq!(message.kind(), MessageKind::Request);
    assert_eq!(message.method().map(AsRef::as_ref), Some("tools/call"));
    assert_eq!((message.id(), message.id_raw()), (Some(&IdKey::Number(1)), "1.0"));
    assert_eq!(message.target(), Some((TargetKind::Tool, "read".into())));
    assert_eq!(message.protocol_version().as_deref(), Some("2026-07-28"));
    assert_eq!(message.progress_token(), Some(IdKey::Text(b"p"[..].into())));
    let raw = |field: Field| message.field(field).map(Value::raw);
    assert_eq!(raw(Field::Arguments), Some(r#"{"path":"/etc","deep":[{"x":1.10}]}"#));
    assert_eq!(raw(Field::RequestState), Some(r#""s\u0000""#));
    assert_eq!(raw(Field::Task), Some(r#"{"ttl":5}"#));
    assert_eq!(raw(Field::Uri), None);
    let span = message.span_of(Field::Arguments).expect("is there");
    assert_eq!(span.of(CALL), r#"{"path":"/etc","deep":[{"x":1.10}]}"#);
    assert_eq!(message.params().and_then(|params| params.at("/future/Name")).map(Value::raw), Some("1"));
}

#[test]
fn message_keeps_the_bytes_it_came_in() {
    let bytes = Bytes::from_static(CALL.as_bytes());
    let message = Message::parse(bytes.clone()).expect("a message");
    assert_eq!(message.bytes().as_ptr(), bytes.as_ptr());
    assert_eq!(message.bytes(), &bytes);
}

#[test]
fn notifications_and_responses_are_told_apart() {
    let check = |text: &str, kind: MessageKind| assert_eq!(parse(text).expect(text).kind(), kind);
    check(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, MessageKind::Notification);
    check(r#"{"method":"x/y","params":{},"jsonrpc":"2.\u0030"}"#, MessageKind::Notification);
    check(r#"{"jsonrpc":"2.0","id":"a","result":{}}"#, MessageKind::Response);
    check(r#"{"jsonrpc":"2.0","id":0,"error":{"code":-1,"message":""}}"#, MessageKind::Response);
    check(r#"{"jsonrpc":"2.0","id":"","method":"ping"}"#, MessageKind::Request);
}

#[test]
fn answer_is_read_by_its_parts() {
    let answer = |text: &str| Message::parse_answer(Bytes::copy_from_slice(text.as_bytes())).expect(text);
    let task = answer(r#"{"jsonrpc":"2.0","id":1,"result":{"task":{"taskId":"t1","status":"working"}}}"#);
    assert_eq!(task.result_task_id().as_deref(), Some("t1"));
    let flat = answer(r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"task","taskId":"t2"}}"#);
    assert_eq!((flat.result_task_id().as_deref(), flat.result_type().as_deref()), (Some("t2"), Some("task")));
    let failed =
        answer(r#"{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[],"new":{"isError":1}}}"#);
    assert!(failed.is_tool_error());
    let error = answer(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m","data":[1]}}"#);
    assert_eq!((error.id(), error.error_code()), (None, Some(-32700)));
    let huge = answer(r#"{"jsonrpc":"2.0","error":{"code":99999999999999999999}}"#);
    assert_eq!(
        (huge.error_code(), huge.field(Field::Code).map(Value::raw)),
        (None, Some("99999999999999999999"))
    );
    let cached = answer(r#"{"jsonrpc":"2.0","id":1,"result":{"cacheScope":"public"}}"#);
    assert_eq!(cached.field(Field::CacheScope).map(Value::raw), Some("\"public\""));
}

#[test]
fn body_with_no_or_two_meanings_has_its_fault() {
    let check = |text: &str, expected: Fault| assert_eq!(parse(text).map(|_| ()), Err(expected), "{text}");
    let call =
        |params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    check("", Fault::NotJson(0));
    check("{", Fault::NotJson(1));
    check("{\"a\":tru}", Fault::NotJson(5));
    check("\u{feff}{}", Fault::ByteOrderMark);
    check("{} {}", Fault::Trailing(3));
    check("{}\0", Fault::Trailing(2));
    check("[]", Fault::Batch);
    check(r#"["2.0",1,"tools/call",{"name":"x"}]"#, Fault::Batch);
    check("1", Fault::NotObject);
    check("\"{}\"", Fault::NotObject);
    check("null", Fault::NotObject);
    check("{}", Fault::Version);
    check(r#"{"id":1,"method":"ping"}"#, Fault::Version);
    check(r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, Fault::Version);
    check(r#"{"jsonrpc":"2.0 ","id":1,"method":"ping"}"#, Fault::Version);
    check(r#"{"jsonrpc":"2.0","id":1}"#, Fault::NoMethod);
    check(r#"{"jsonrpc":"2.0","id":1,"method":""}"#, Fault::NoMethod);
    check(r#"{"jsonrpc":"2.0","id":1,"method":null}"#, Fault::Kind(Field::Method));
    check(r#"{"jsonrpc":"2.0","id":1,"method":"\ud800"}"#, Fault::NotText(Field::Method));
    check(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, Fault::IdNull);
    check(r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, Fault::IdKind);
    check(r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, Fault::IdKind);
    check(r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, Fault::IdKind);
    check(r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#, Fault::IdKind);
    check(r#"{"jsonrpc":"2.0","result":{}}"#, Fault::IdMissing);
    check(r#"{"jsonrpc":"2.0","error":{}}"#, Fault::IdMissing);
    check(r#"{"jsonrpc":"2.0","id":null,"error":{}}"#, Fault::IdNull);
    check(r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#, Fault::Mixed);
    check(r#"{"jsonrpc":"2.0","id":1,"result":{},"method":"ping"}"#, Fault::Mixed);
    check(r#"{"jsonrpc":"2.0","id":1,"result":null}"#, Fault::Kind(Field::Result));
    check(r#"{"jsonrpc":"2.0","id":1,"error":"e"}"#, Fault::Kind(Field::Error));
    check(&call("[]"), Fault::Kind(Field::Params));
    check(&call("[\"evil\"]"), Fault::Kind(Field::Params));
    check(&call("null"), Fault::Kind(Field::Params));
    check(&call(r#"{"name":1}"#), Fault::Kind(Field::Name));
    check(&call(r#"{"name":["a"]}"#), Fault::Kind(Field::Name));
    check(&call(r#"{"name":"a\udc00"}"#), Fault::NotText(Field::Name));
    check(&call(r#"{"name":"a","arguments":[]}"#), Fault::Kind(Field::Arguments));
    check(&call(r#"{"name":"a","arguments":"{}"}"#), Fault::Kind(Field::Arguments));
    check(&call(r#"{"name":"a","_meta":1}"#), Fault::Kind(Field::Meta));
    check(&call(r#"{"taskId":{}}"#), Fault::Kind(Field::TaskId));
    check(
        &call(&format!(r#"{{"name":"{}"}}"#, "a".repeat(limits::NAME_BYTES_MAX))),
        Fault::TooLong(Field::Name),
    );
    check(&call(&format!("{{\"arguments\":{}", "[".repeat(100_000))), Fault::Kind(Field::Arguments));
    check(&call(&format!("{{\"x\":{}", "[".repeat(100_000))), Fault::TooDeep);
    let members = |count: usize| (0..count).map(|n| format!("\"k{n}\":0")).collect::<Vec<_>>().join(",");
    check(&call(&format!("{{{}}}", members(limits::MESSAGE_MEMBERS_MAX + 1))), Fault::TooManyMembers);
    assert!(parse(&call(&format!("{{{}}}", members(limits::MESSAGE_MEMBERS_MAX)))).is_ok());
    assert!(parse(&call(&format!("{{\"arguments\":{{{}}}}}", members(3000)))).is_ok());
}

#[test]
fn key_given_twice_has_its_fault_wherever_it_stands() {
    let check = |text: &str, expected: Option<Field>| {
        assert_eq!(parse(text).map(|_| ()), Err(Fault::Repeated(expected)), "{text}");
    };
    check(r#"{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}"#, Some(Field::Method));
    check(r#"{"jsonrpc":"2.0","id":1,"method":"a","m\u0065thod":"b"}"#, Some(Field::Method));
    check(r#"{"jsonrpc":"2.0","id":1,"id":1,"method":"a"}"#, Some(Field::Id));
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"x","n\u0061me":"y"}}"#,
        Some(Field::Name),
    );
    check(r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"arguments":{"q":1,"q":2}}}"#, None);
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"arguments":{"l":[{"q":{"r":1,"r":1}}]}}}"#,
        None,
    );
    check(r#"{"jsonrpc":"2.0","id":1,"method":"a","x":1,"x":1}"#, None);
    check(
        r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"progressToken":1,"progressToken":2}}}"#,
        Some(Field::ProgressToken),
    );
    let members: Vec<String> = (0..100).map(|n| format!("\"k{n}\":0")).collect();
    check(
        &format!(r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{{{},"k3":1}}}}"#, members.join(",")),
        None,
    );
}

#[test]
fn key_in_a_second_spelling_has_its_fault_where_the_gateway_acts_upon_it() {
    let check = |text: &str, expected: Field| {
        assert_eq!(parse(text).map(|_| ()), Err(Fault::Variant(expected)), "{text}");
    };
    check(r#"{"jsonrpc":"2.0","id":1,"Method":"tools/call"}"#, Field::Method);
    check(r#"{"jsonrpc":"2.0","ID":1,"method":"ping"}"#, Field::Id);
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping","paramſ":{}}"#, Field::Params);
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping","m\u0045thod":"x"}"#, Field::Method);
    let call =
        |member: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{{"name":"x",{member}}}}}"#);
    check(&call(r#""Name":"y""#), Field::Name);
    check(&call(r#""ｎａｍｅ":"y""#), Field::Name);
    check(&call(r#""name\u0000":"y""#), Field::Name);
    check(&call(r#""na\u200bme":"y""#), Field::Name);
    check(&call(r#""tas\u212aId":"y""#), Field::TaskId);
    check(&call(r#""task_id":"y""#), Field::TaskId);
    check(&call(r#""ARGUMENTS":{}"#), Field::Arguments);
    check(&call(r#""meta":{}"#), Field::Meta);
    check(&call(r#""_meta":{"io.modelcontextprotocol/protocolversion":"y"}"#), Field::ProtocolVersion);
    assert!(
        parse(&call(r#""arguments":{"Name":1,"name":2,"METHOD":3}"#)).is_ok(),
        "arguments are the tool's own"
    );
}

#[test]
fn upstreams_word_separators_and_unknown_fields_are_tolerated_but_not_a_second_spelling() {
    let answer = |result: &str| {
        Message::parse_answer(format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result},"x":0}}"#).into())
            .map(|_| ())
    };
    assert_eq!(answer(r#"{"meta":1,"is_error":true,"structured_content":{},"X":[null]}"#), Ok(()));
    assert_eq!(answer(r#"{"tools":[],"Tools":[]}"#), Err(Fault::Variant(Field::Tools)));
    assert_eq!(answer(r#"{"content":[{"text":"a","text":"b"}]}"#), Err(Fault::Repeated(None)));
    assert_eq!(answer("[]"), Err(Fault::Kind(Field::Result)));
}

#[test]
fn batch_is_read_message_by_message() {
    let text = r#" [{"jsonrpc":"2.0","id":1,"method":"ping"} , {"jsonrpc":"2.0","method":"x"}] "#;
    let body = Bytes::from_static(text.as_bytes());
    let messages = parse_batch(&body).expect("a batch");
    assert_eq!(
        messages.iter().map(Message::kind).collect::<Vec<_>>(),
        [MessageKind::Request, MessageKind::Notification]
    );
    for message in &messages {
        assert_eq!(message.span().of(text).as_bytes(), message.bytes());
    }
    let single = Bytes::from_static(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    assert_eq!(parse_batch(&single).expect("one").len(), 1);
    let fault = |text: &str| parse_batch(&Bytes::copy_from_slice(text.as_bytes())).map(|_| ());
    assert_eq!(fault("[]"), Err(Fault::BatchEmpty));
    assert_eq!(fault("[1]"), Err(Fault::NotObject));
    assert_eq!(fault("[[]]"), Err(Fault::Batch));
    assert_eq!(
        fault(r#"[{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}]"#),
        Err(Fault::Repeated(Some(Field::Method)))
    );
    let many = vec![r#"{"jsonrpc":"2.0","method":"x"}"#; limits::BATCH_MESSAGES_MAX + 1].join(",");
    assert_eq!(fault(&format!("[{many}]")), Err(Fault::BatchTooLong));
}

#[test]
fn what_is_not_text_is_refused_as_such() {
    let fault = |bytes: &'static [u8]| Message::parse(Bytes::from_static(bytes)).map(|_| ());
    assert_eq!(fault(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}"), Err(Fault::NotUtf8));
    assert_eq!(fault(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xed\xa0\x80\"}"), Err(Fault::NotUtf8));
    assert_eq!(fault(b"\xff\xfe{\0}\0"), Err(Fault::ByteOrderMark));
}

#[test]
fn no_fault_and_no_debug_repeats_the_senders_words() {
    let message = parse(r#"{"jsonrpc":"2.0","id":"s3cret","method":"s3cret","params":{"name":"s3cret"}}"#);
    assert!(!format!("{message:?}").contains("s3cret"));
    for text in
        [r#"{"s3cret":1,"s3cret":2}"#, r#"{"jsonrpc":"s3cret"}"#, r#"{"jsonrpc":"2.0","id":1,"\u017f3cret":"#]
    {
        let fault = parse(text).expect_err("refused");
        assert!(!fault.to_string().contains("s3cret") && !format!("{fault:?}").contains("s3cret"));
    }
}
