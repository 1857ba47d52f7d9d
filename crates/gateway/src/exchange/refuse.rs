//! How a refusal looks on the wire.
//!
//! A refused request gets HTTP 200 and a JSON-RPC error, or for `tools/call` a result with `isError`, so that the
//! model behind the caller reads why; HTTP errors are kept for what HTTP is about. On a 2026-07-28 request a 4xx of
//! our own would make clients fall back to another protocol era.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::identity::{Challenge, Reason};
use crate::model::{Decision, Era};
use crate::refusal::{Fault, Refusal};

/// `_meta` key of a refused `tools/call` result.
pub const META_KEY: &str = "io.countersign/refusal";

/// Header of every answer: the exchange, for whoever asks the operator about it.
pub const CALL_ID: &str = "countersign-call";

/// What a refusal answers.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The JSON-RPC id exactly as sent; `None` for what expects no answer, or when it is not known.
    pub id: Option<&'a str>,
    /// The method, when it is known.
    pub method: Option<&'a str>,
    /// Protocol era.
    pub era: Era,
    /// The exchange, for the operator.
    pub call: Uuid,
}

/// Status, headers and body of a refusal. `decision` adds which policies decided.
pub fn refuse(
    refusal: Refusal,
    asked: Asked<'_>,
    decision: Option<&Decision>,
) -> (StatusCode, HeaderMap, Bytes) {
    explain(refusal, asked, decision, None)
}

/// [`refuse`], with more for the caller to know: a sentence, and facts for programs.
pub fn explain(
    refusal: Refusal,
    asked: Asked<'_>,
    decision: Option<&Decision>,
    more: Option<(&str, (&str, Value))>,
) -> (StatusCode, HeaderMap, Bytes) {
    let face = refusal.face();
    let mut text = sentence(refusal, asked.call, decision);
    let mut details = json!({
        "code": face.code,
        "fault": match face.fault { Fault::Caller => "caller", Fault::Upstream => "upstream", Fault::Gateway => "gateway" },
        "call": asked.call,
        "next": face.next,
        "policies": decision.map(|decision| decision.policies.to_vec()),
    });
    if let Some((sentence, (name, facts))) = more {
        text = format!("{text}. {sentence}");
        details[name] = facts;
    }
    let as_result =
        face.status == 200 && asked.method == Some("tools/call") && refusal != Refusal::UnknownTask;
    let payload = if as_result {
        let mut result = json!({ "content": [{ "type": "text", "text": text }], "isError": true });
        result["_meta"] = json!({ META_KEY: details });
        if asked.era == Era::Modern {
            result["resultType"] = json!("complete");
        }
        ("result", result)
    } else {
        ("error", json!({ "code": face.rpc, "message": text, "data": details }))
    };
    let status = match (face.status, asked.id) {
        (200, None) => StatusCode::BAD_REQUEST,
        // Unwrap safety: statuses of faces are constants between 200 and 599.
        (status, _) => StatusCode::from_u16(status).expect("a valid status"),
    };
    (status, json_headers(asked.call), body(asked.id, payload))
}

/// How a failed authentication is answered: RFC 6750 in the headers, JSON-RPC in the body.
pub fn challenge(call: Uuid, reason: Reason, challenge: Challenge) -> (StatusCode, HeaderMap, Bytes) {
    let (face, refusal) = (reason.face(), Refusal::Unauthenticated.face());
    // What may be tried again is no fault of whoever asked: the issuer's keys cannot be had, or there is no place.
    let fault = if challenge.status.is_server_error() { "gateway" } else { "caller" };
    let details = json!({ "code": refusal.code, "reason": face.code, "fault": fault, "call": call });
    let message = format!("{} [call {call}]", face.sentence);
    let mut headers = json_headers(call);
    headers.extend(challenge.authenticate.map(|value| (WWW_AUTHENTICATE, value)));
    headers.extend(challenge.retry_after.map(|value| (RETRY_AFTER, value)));
    let error = json!({ "code": challenge.status.as_u16(), "message": message, "data": details });
    (challenge.status, headers, body(None, ("error", error)))
}

/// One sentence for people: what happened, who decided, what to do, which call.
pub fn sentence(refusal: Refusal, call: Uuid, decision: Option<&Decision>) -> String {
    let face = refusal.face();
    let by = match decision {
        Some(decision) if !decision.policies.is_empty() => {
            format!(" (decided by policy {})", quoted(&decision.policies))
        }
        Some(_) => " (no policy permits it)".to_owned(),
        None => String::new(),
    };
    format!("{}{by}: {} [call {call}]", face.what, face.next)
}

/// Names the exchange in an answer.
pub fn name_call(headers: &mut HeaderMap, call: Uuid) {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    if let Ok(value) = HeaderValue::from_str(call.hyphenated().encode_lower(&mut text)) {
        headers.insert(CALL_ID, value);
    }
}

pub(super) fn json_headers(call: Uuid) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    name_call(&mut headers, call);
    headers
}

pub(super) fn quoted(policies: &[String]) -> String {
    policies.iter().map(|policy| format!("`{policy}`")).collect::<Vec<_>>().join(", ")
}

/// The id is spliced in as the caller spelled it: `1.0` and `1` are different texts.
pub(super) fn body(id: Option<&str>, (member, payload): (&str, Value)) -> Bytes {
    Bytes::from(format!(r#"{{"jsonrpc":"2.0","id":{},"{member}":{payload}}}"#, id.unwrap_or("null")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(method: Option<&'a str>, id: Option<&'a str>, era: Era) -> Asked<'a> {
        Asked { id, method, era, call: Uuid::nil() }
    }

    #[test]
    fn caller_is_not_blamed_for_an_issuer_that_cannot_be_reached() {
        let fault = |reason: Reason| {
            let asked = Challenge { status: reason.face().status, authenticate: None, retry_after: None };
            let (_, _, body) = challenge(Uuid::nil(), reason, asked);
            serde_json::from_slice::<Value>(&body).expect("JSON")["error"]["data"]["fault"].clone()
        };
        assert_eq!(fault(Reason::IssuerUnavailable), "gateway");
        assert_eq!(fault(Reason::Missing), "caller");
    }

    #[test]
    fn refused_tool_call_is_a_result_that_the_model_can_read() {
        let (status, _, body) =
            refuse(Refusal::Denied, asked(Some("tools/call"), Some("1.0"), Era::Modern), None);
        assert_eq!(status, StatusCode::OK);
        assert!(body.starts_with(br#"{"jsonrpc":"2.0","id":1.0,"result":"#));
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body["result"]["isError"], true);
        assert_eq!(body["result"]["resultType"], "complete");
        assert_eq!(body["result"]["_meta"][META_KEY]["code"], "denied");
    }

    #[test]
    fn refused_method_is_an_error_outside_the_reserved_codes() {
        let (status, _, body) =
            refuse(Refusal::Denied, asked(Some("prompts/get"), Some("7"), Era::Legacy), None);
        assert_eq!(status, StatusCode::OK);
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!((body["id"].as_i64(), body["error"]["code"].as_i64()), (Some(7), Some(4030)));
    }

    #[test]
    fn refused_notification_is_an_http_error() {
        let (status, _, _) = refuse(Refusal::Denied, asked(Some("x/y"), None, Era::Legacy), None);
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
}
