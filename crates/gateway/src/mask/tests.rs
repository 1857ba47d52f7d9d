//! Parity: every carrier of data in every message is masked, in both directions, and nothing else is touched.

use serde_json::{Map, Value, json};

use super::*;
use crate::mcp::method;

/// A value that every detector of addresses finds, and that stands nowhere in the protocol.
const SECRET: &str = "carla.fuentes@initech-mail.com";

/// Where data can be in the messages of one method, by JSON Pointer below `params` and below `result`; the parts of
/// `CONTENT` stand for `<content>`. From the table of MCP's messages (schemas of 2025-03-26 to 2026-07-28, SEP-2322,
/// SEP-2640, SEP-2663), not from the product's own table.
const CARRIERS: &[(&str, &[&str], &[&str])] = &[
    (
        "completion/complete",
        &["/argument/value", "/context/arguments/a"],
        &["/completion/values/0", "/_meta/x"],
    ),
    (
        "elicitation/create",
        &["/message", "/url", "/requestedSchema/properties/a/description"],
        &["/content/a"],
    ),
    ("initialize", &["/clientInfo/title"], &["/serverInfo/title", "/instructions", "/_meta/x"]),
    ("logging/setLevel", &["/_meta/x"], &["/_meta/x"]),
    ("notifications/cancelled", &["/reason"], &[]),
    ("notifications/elicitation/complete", &["/_meta/x"], &[]),
    ("notifications/initialized", &["/_meta/x"], &[]),
    ("notifications/message", &["/logger", "/data", "/data/deep/0/er", "/_meta/x"], &[]),
    ("notifications/progress", &["/message", "/_meta/x"], &[]),
    ("notifications/prompts/list_changed", &["/_meta/x"], &[]),
    ("notifications/resources/list_changed", &["/_meta/x"], &[]),
    ("notifications/resources/updated", &["/uri", "/title"], &[]),
    ("notifications/roots/list_changed", &["/_meta/x"], &[]),
    ("notifications/subscriptions/acknowledged", &["/notifications/resourceSubscriptions/0"], &[]),
    ("notifications/tasks", &["/statusMessage", "/result/<content>", "/error/message", "/_meta/x"], &[]),
    ("notifications/tasks/status", &["/statusMessage"], &[]),
    ("notifications/tools/list_changed", &["/_meta/x"], &[]),
    ("ping", &["/_meta/x"], &["/_meta/x"]),
    (
        "prompts/get",
        &["/arguments/a", "/inputResponses/k/content/a", "/_meta/x"],
        &["/description", "/messages/0/content/text", "/inputRequests/k/params/message", "/_meta/x"],
    ),
    ("prompts/list", &[], &["/prompts/0/description", "/prompts/0/arguments/0/description", "/_meta/x"]),
    ("resources/directory/read", &["/uri"], &["/resources/0/uri", "/resources/0/description"]),
    ("resources/list", &[], &["/resources/0/uri", "/resources/0/title", "/resources/0/description"]),
    (
        "resources/read",
        &["/uri", "/inputResponses/k/content/a"],
        &["/contents/0/text", "/contents/0/uri", "/contents/0/_meta/x", "/inputRequests/k/params/message"],
    ),
    ("resources/subscribe", &["/uri"], &[]),
    (
        "resources/templates/list",
        &[],
        &["/resourceTemplates/0/uriTemplate", "/resourceTemplates/0/description"],
    ),
    ("resources/unsubscribe", &["/uri"], &[]),
    ("roots/list", &["/_meta/x"], &["/roots/0/uri", "/roots/0/name"]),
    (
        "sampling/createMessage",
        &["/messages/0/content/text", "/messages/0/content/0/text", "/systemPrompt", "/tools/0/description"],
        &["/content/text", "/content/0/input/a", "/model"],
    ),
    ("server/discover", &["/_meta/x"], &["/instructions", "/serverInfo/title", "/_meta/x"]),
    ("skills/get", &["/_meta/x"], &["/description", "/files/0/text"]),
    ("skills/list", &[], &["/skills/0/description"]),
    ("subscriptions/listen", &["/notifications/resourceSubscriptions/0"], &["/_meta/x"]),
    ("tasks/cancel", &["/_meta/x"], &["/statusMessage"]),
    (
        "tasks/get",
        &[],
        &["/statusMessage", "/result/<content>", "/error/message", "/inputRequests/k/params/message"],
    ),
    ("tasks/list", &[], &["/tasks/0/statusMessage"]),
    ("tasks/result", &[], &["/<content>"]),
    ("tasks/update", &["/inputResponses/k/content/a"], &["/_meta/x"]),
    (
        "tools/call",
        &["/arguments/a", "/arguments/deep/0/er", "/inputResponses/k/content/a", "/_meta/x", "/future"],
        &["/<content>", "/inputRequests/k/params/message", "/_meta/x", "/future"],
    ),
    (
        "tools/list",
        &[],
        &[
            "/tools/0/description",
            "/tools/0/title",
            "/tools/0/annotations/title",
            "/tools/0/inputSchema/properties/a/description",
            "/tools/0/inputSchema/properties/a/default",
            "/tools/0/outputSchema/properties/a/examples/0",
            "/_meta/x",
        ],
    ),
];

/// What a tool's answer is made of.
const CONTENT: &[&str] = &[
    "content/0/text",
    "content/0/uri",
    "content/0/name",
    "content/0/title",
    "content/0/description",
    "content/0/resource/text",
    "content/0/resource/uri",
    "content/0/annotations/x",
    "content/0/_meta/x",
    "content/0/input/a",
    "content/0/content/0/text",
    "structuredContent/a",
    "structuredContent/rows/0/a",
    "structuredContent",
];

fn mask() -> Mask {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    Mask::new(&Masking::default(), &[], key).expect("the defaults make sense")
}

fn subject(row: Option<&'static Row>) -> Subject<'static> {
    Subject { row, server: "s", tool: Some("t"), session: Uuid::nil() }
}

/// A document with `value` at `pointer`.
fn at(pointer: &str, value: Value) -> Value {
    pointer.rsplit('/').filter(|segment| !segment.is_empty()).fold(value, |inner, segment| {
        if segment.parse::<usize>().is_ok() {
            json!([inner])
        } else {
            Value::Object(Map::from_iter([(segment.to_owned(), inner)]))
        }
    })
}

fn each(pointers: &[&str]) -> Vec<String> {
    let expand = |pointer: &&str| match pointer.strip_suffix("<content>") {
        Some(before) => CONTENT.iter().map(|part| format!("{before}{part}")).collect(),
        None => vec![(*pointer).to_owned()],
    };
    pointers.iter().flat_map(expand).collect()
}

/// Whether the secret, spelt in any of these ways at `pointer` of a message, reaches neither its reader nor the record.
fn assert_masked(mask: &Mask, row: &'static Row, message: &Value) {
    let plain = message.to_string();
    let escaped = plain.replace('@', "\\u0040");
    let percent = plain.replace('@', "%40");
    for text in [plain, escaped, percent] {
        let bytes = Bytes::from(text.clone());
        let found = mask.scan(subject(Some(row)), &bytes).expect("can be read");
        let shown = mask.show(&found, |_| Form::Label, None);
        let record = mask.record(&found);
        for copy in [&shown, record.get()] {
            let copy = String::from_utf8(copy.to_vec()).expect("UTF-8");
            assert!(!copy.contains("carla.fuentes"), "{} lets it through: {text}\n{copy}", row.name);
            serde_json::from_str::<Value>(&copy).expect("still JSON");
        }
        assert_eq!(record.redactions().get("email"), Some(&1), "{} at {text}", row.name);
        assert_eq!(record.receipts().len(), 1);
        assert_eq!(mask.show(&found, |_| Form::Plain, None), bytes, "plain form changes nothing");
    }
}

#[test]
fn every_carrier_of_every_message_kind_is_masked() {
    let mask = mask();
    let listed: Vec<&str> = CARRIERS.iter().map(|(name, ..)| *name).collect();
    let known: Vec<&str> = METHODS.iter().map(|row| row.name).collect();
    assert_eq!(listed, known, "give every message kind a row in this test");
    for (name, requests, answers) in CARRIERS {
        let row = method::find(name).expect("in the table");
        for pointer in each(requests) {
            let mut message = at(&format!("/params{pointer}"), SECRET.into());
            message["method"] = (*name).into();
            assert_masked(&mask, row, &message);
        }
        for pointer in each(answers) {
            assert_masked(&mask, row, &at(&format!("/result{pointer}"), SECRET.into()));
        }
        for pointer in ["/error/message", "/error/data", "/error/data/url", "/error/future", "/future/x"] {
            assert_masked(&mask, row, &at(pointer, SECRET.into()));
        }
        // The name of a member is a carrier like its value.
        for around in
            ["", "/params/_meta", "/params/future", "/result/_meta", "/result/future/0", "/error/data"]
        {
            assert_masked(&mask, row, &at(&format!("{around}/{SECRET}"), 1.into()));
        }
    }
}

#[test]
fn what_the_protocol_compares_is_never_touched() {
    let mask = mask();
    let row = method::find("tools/call");
    for message in [
        json!({"id": SECRET, "method": "tools/call", "params": {"name": SECRET}}),
        json!({"method": "notifications/progress", "params": {"progressToken": SECRET}}),
        json!({"id": 1, "result": {"nextCursor": SECRET, "requestState": SECRET, "taskId": SECRET}}),
        json!({"id": 1, "params": {"cursor": SECRET, "_meta": {"progressToken": SECRET}}}),
    ] {
        let bytes = Bytes::from(message.to_string());
        let found = mask.scan(subject(row), &bytes).expect("can be read");
        assert!(found.findings.is_empty(), "{message}");
        assert_eq!(mask.show(&found, |_| Form::Label, None).as_ptr(), bytes.as_ptr(), "not even copied");
    }
}

#[test]
fn thresholds_and_patterns_of_the_operator_let_values_through() {
    let counts = |yaml: &str| {
        let masking: Masking = serde_saphyr::from_str(yaml).expect("masking");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let mask = Mask::new(&masking, &[], key).expect("makes sense");
        let message = json!({"result": {"content": [{"text": format!("{SECRET} 4111 1111 1111 1111")}]}});
        let bytes = Bytes::from(message.to_string());
        let found = mask.scan(subject(method::find("tools/call")), &bytes).expect("can be read");
        mask.record(&found).redactions().keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(counts("{}"), "email payment-card");
    assert_eq!(counts("thresholds: {email: 100}"), "payment-card");
    assert_eq!(counts("threshold: 100"), "");
    assert_eq!(counts(r#"allow_patterns: ["[a-z.]+@initech-mail\\.com"]"#), "payment-card");
    let wrong: Masking = serde_saphyr::from_str("thresholds: {emial: 5}").expect("masking");
    assert!(setting::rules(&wrong).is_err_and(|error| error.to_string().contains("emial")));
}

#[test]
fn definition_is_kept_masked_and_else_as_it_is() {
    let mask = mask();
    let plain = r#"{"description":"sends mail","inputSchema":{"properties":{"password":{"type":"string"}}},"name":"a"}"#;
    assert_eq!(mask.definition(plain), plain);
    let told = mask.definition(&plain.replace("sends mail", SECRET));
    assert_eq!(told, plain.replace("sends mail", "[email]"));
    assert!(mask.definition("{").contains("unread"));
}

#[test]
fn unknown_message_is_looked_through_as_well() {
    let mask = mask();
    let bytes = Bytes::from(json!({"method": "vendor/x", "params": {"y": [SECRET]}}).to_string());
    let found = mask.scan(subject(None), &bytes).expect("can be read");
    assert_eq!(
        mask.show(&found, |_| Form::Label, None),
        r#"{"method":"vendor/x","params":{"y":["[email]"]}}"#
    );
}

#[test]
fn fields_that_the_operator_names_are_masked_for_their_tool_alone() {
    let yaml = "name: s\nhttp: {url: 'http://127.0.0.1/'}\ntools:\n  - name: get*\n    fields:\n      - {path: /rows/*/note, detector: note}\n";
    let server: ServerConfig = serde_saphyr::from_str(yaml).expect("a server");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    let mask = Mask::new(&Masking::default(), &[server], key).expect("makes sense");
    let bytes =
        Bytes::from_static(br#"{"result":{"structuredContent":{"rows":[{"note":"likes tea","id":7}]}}}"#);
    let shown = |tool| {
        let subject = Subject { tool: Some(tool), ..subject(method::find("tools/call")) };
        mask.show(&mask.scan(subject, &bytes).expect("can be read"), |_| Form::Label, None)
    };
    assert_eq!(shown("get_rows"), r#"{"result":{"structuredContent":{"rows":[{"note":"[note]","id":7}]}}}"#);
    assert_eq!(shown("other"), bytes);
}

#[test]
fn pseudonyms_tell_equal_values_and_only_within_a_session_where_they_could_be_guessed() {
    let mask = mask();
    let token = |session: u128, value: &str| {
        let bytes = Bytes::from(json!({"result": {"content": [{"text": value}]}}).to_string());
        let subject = Subject { session: Uuid::from_u128(session), ..subject(method::find("tools/call")) };
        let found = mask.scan(subject, &bytes).expect("can be read");
        let record = mask.record(&found);
        record.receipts().first().expect("found").token.clone()
    };
    assert_eq!(token(1, SECRET), token(2, SECRET));
    assert_ne!(token(1, SECRET), token(1, "other@initech-mail.com"));
    let card = "card 4111 1111 1111 1111";
    assert_eq!(token(1, card), token(1, card));
    assert_ne!(token(1, card), token(2, card));
}
