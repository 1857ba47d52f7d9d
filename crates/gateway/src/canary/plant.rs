//! What the answer to a canary is planted with, and the server that gives it.

use bytes::Bytes;
use inspect::detect::DETECTORS;
use serde_json::json;

use crate::config::CanaryTest;

/// The id of the one request.
pub(super) const ID: u64 = 1;
/// What is answered where nothing is planted.
const NOTHING: &str = "this is a canary: no server was asked";

/// A text in which the detector finds something: one of its own examples, made up and never somebody's.
pub(super) fn text(test: &CanaryTest) -> Option<&'static str> {
    let name = test.detector.as_deref()?;
    let detector = DETECTORS.iter().find(|detector| detector.name == name)?;
    detector
        .finds
        .iter()
        .copied()
        .find(|text| !text.starts_with(['{', '[']))
        .or(detector.finds.first().copied())
}

/// The request.
pub(super) fn question(test: &CanaryTest) -> Option<Bytes> {
    let arguments: serde_json::Value = serde_json::from_str(&test.arguments).ok()?;
    let message = json!({
        "jsonrpc": "2.0", "id": ID, "method": "tools/call",
        "params": { "name": test.tool, "arguments": arguments },
    });
    Some(Bytes::from(message.to_string()))
}

/// The answer of the upstream inside the gateway.
pub(super) fn answer(test: &CanaryTest) -> Bytes {
    let text = text(test).unwrap_or(NOTHING);
    let result = json!({ "content": [{ "type": "text", "text": text }] });
    Bytes::from(json!({ "jsonrpc": "2.0", "id": ID, "result": result }).to_string())
}
