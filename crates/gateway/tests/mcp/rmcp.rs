//! Whenever the official SDK reads a message, it reads in it what the envelope reads.

use bytes::Bytes;
use countersign::mcp::envelope::{Field, IdKey, Message};
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use serde_json::Value;

use crate::corpus::{Dice, seeds};

/// Mutations of each seed; each is parsed by an untagged union of dozens of types.
const MUTATIONS: usize = 300;

const WORDS: &[&[u8]] = &[
    b"\\u0061",
    b"\\u0062",
    b"\"name\":\"other\",",
    b"\"Name\":\"other\",",
    b"\"uri\":\"a://b\",",
    b"\"taskId\":\"t\",",
    b"\"task_id\":\"t\",",
    b"\"arguments\":{},",
    b"\"method\":\"ping\",",
    b"\"id\":2,",
    b"\"id\":2.0,",
    b"\"x\":1,",
    b"\"_meta\":{},",
    b"tools/call",
    b"prompts/get",
    b"resources/read",
    b"tasks/get",
    b"\"",
    b"{",
    b"}",
    b",",
    b"1",
    b"e1",
];

/// The SDK's typed view, as JSON.
fn typed(bytes: &[u8]) -> Option<Value> {
    let view = serde_json::from_slice::<ClientJsonRpcMessage>(bytes).ok().map(serde_json::to_value);
    view.or_else(|| serde_json::from_slice::<ServerJsonRpcMessage>(bytes).ok().map(serde_json::to_value))?
        .ok()
}

/// Compares; gives whether there was anything to compare.
fn agree(bytes: &[u8]) -> bool {
    let (Ok(message), Some(view)) = (Message::parse_answer(Bytes::copy_from_slice(bytes)), typed(bytes))
    else {
        return false;
    };
    let shown = String::from_utf8_lossy(bytes);
    assert_eq!(message.method().map(AsRef::as_ref), view["method"].as_str(), "{shown}");
    for field in [Field::Name, Field::Uri, Field::TaskId] {
        // The SDK leaves out what a type of it does not have; what it has must be the same.
        if let Some(theirs) = view["params"][field.name()].as_str() {
            assert_eq!(message.text(field).as_deref(), Some(theirs), "{field:?} in {shown}");
        }
    }
    match &view["id"] {
        Value::String(theirs) => {
            assert_eq!(message.id(), Some(&IdKey::Text(theirs.as_bytes().into())), "{shown}");
        }
        Value::Number(theirs) if theirs.as_i64().is_some_and(|id| id.abs() <= 1 << 53) => {
            assert_eq!(message.id(), theirs.as_i64().map(IdKey::Number).as_ref(), "{shown}");
        }
        _ => {}
    }
    if let Some(theirs) = view["error"]["code"].as_i64() {
        assert_eq!(message.error_code(), Some(theirs), "{shown}");
    }
    true
}

#[test]
fn sdk_and_envelope_agree_on_every_message_both_read() {
    let seeds = seeds("envelope");
    let mut dice = Dice::new(0x0dd5);
    let (mut plain, mut mutated) = (0, 0);
    for (_, seed) in &seeds {
        plain += usize::from(agree(seed));
        for _ in 0..MUTATIONS {
            mutated += usize::from(agree(&dice.mutate(seed, &seeds, WORDS)));
        }
    }
    // Not all are compared: hostile ones are refused by one side, and most mutations are no JSON.
    assert!(plain >= 25, "{plain} messages compared");
    assert!(mutated >= 500, "{mutated} mutated messages compared");
}
