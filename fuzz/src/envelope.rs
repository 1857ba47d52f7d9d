//! A message has one meaning: what the envelope reads is what `serde_json` reads, and the bytes stay as they came.

use bytes::Bytes;
use countersign::mcp::envelope::{self, Fault, Field, Message};
use countersign::mcp::fold::{self, Spelling};
use countersign::model::MessageKind;
use serde::de::IgnoredAny;

/// Reads one body in every way there is.
pub fn run(data: &[u8]) {
    let body = Bytes::copy_from_slice(data);
    let strict = Message::parse(body.clone());
    let answer = Message::parse_answer(body.clone());
    if let Ok(message) = &strict {
        // An upstream may do everything a caller may.
        assert!(answer.is_ok(), "an answer is read at most as strictly");
        judge(message, &body);
    }
    if let Ok(message) = &answer {
        judge(message, &body);
    }
    if let Err(fault @ (Fault::NotJson(_) | Fault::Trailing(_))) = strict {
        let accepted =
            serde_json::from_slice::<IgnoredAny>(data).is_ok() && std::str::from_utf8(data).is_ok();
        assert!(!accepted, "JSON, but {fault}");
    }
    if let Ok(messages) = envelope::parse_batch(&body) {
        for message in messages {
            let span = message.span();
            judge(&message, &body.slice(span.start..span.end));
        }
    }
    if let Err(fault) = strict {
        assert!(!fault.to_string().is_empty());
    }
}

fn judge(message: &Message, body: &Bytes) {
    assert_eq!(message.bytes(), body, "what is forwarded is what came");
    assert_eq!(message.bytes().as_ptr(), body.as_ptr(), "and it is not copied");
    assert_eq!(message.method().is_none(), message.kind() == MessageKind::Response);
    assert!(serde_json::from_slice::<IgnoredAny>(body).is_ok(), "it is JSON");
    // Lone surrogates and numbers beyond a float are no values for it.
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) else { return };
    assert_eq!(message.method().map(AsRef::as_ref), value["method"].as_str());
    for field in [Field::Name, Field::Uri, Field::TaskId, Field::RequestState] {
        assert_eq!(message.text(field).as_deref(), value["params"][field.name()].as_str(), "{field:?}");
    }
    assert_eq!(
        message.protocol_version().as_deref(),
        value["params"]["_meta"][Field::ProtocolVersion.name()].as_str()
    );
    for (field, theirs) in [
        (Field::Id, value.get("id")),
        (Field::Params, value.get("params")),
        (Field::Result, value.get("result")),
        (Field::Error, value.get("error")),
        (Field::Arguments, value["params"].get("arguments")),
        (Field::Meta, value["params"].get("_meta")),
        (Field::CacheScope, value["result"].get("cacheScope")),
        (Field::Code, value["error"].get("code")),
    ] {
        let ours =
            message.field(field).map(|ours| serde_json::from_str(ours.raw()).expect("a span is a value"));
        assert_eq!(ours.as_ref(), theirs, "{field:?}");
    }
    let keys = value.as_object().expect("a message is an object").keys();
    for key in keys {
        for known in ["jsonrpc", "id", "method", "params", "result", "error"] {
            assert!(
                key == known || !fold::is_variant(key.as_bytes(), known, Spelling::Case),
                "two spellings"
            );
        }
    }
}
