//! A service that knows names: what it finds is masked like everything else, and what it fails on does not pass. The
//! real one, Presidio, is met in `tests/peers`; here stands one that misbehaves on request.

use countersign::limits;
use countersign::refusal::Refusal;
use fixture::recorder::{Recorder, Reply, Request, Response, echo};
use serde_json::{Value, json};

use crate::harness::{Harness, Site, call, http};

const NOBODY_SEES: &str = r#"
    @id("all") permit (principal, action, resource);
    @id("nobody-sees") forbid (principal, action == Action::"reveal", resource);"#;

/// Knows one name. Words in the text ask for something else.
fn analyzer(request: &Request) -> Reply {
    let text = request.json()["text"].as_str().expect("a text").to_owned();
    assert_eq!(request.json()["language"], "en");
    let found = |start: i64, end: i64, score: f64| {
        let one = json!({ "entity_type": "PERSON", "start": start, "end": end, "score": score,
            "analysis_explanation": null, "recognition_metadata": { "recognizer_name": "it" } });
        Reply::Respond(Response::json(&json!([one])))
    };
    let asked = |word: &str| text.contains(word);
    let answer = |body: Vec<u8>| Reply::Respond(Response::new(200, "application/json", body));
    match () {
        () if asked("garbage") => answer(b"<html>busy</html>".to_vec()),
        () if asked("object") => answer(b"{\"error\":\"no\"}".to_vec()),
        () if asked("beyond") => found(0, 1_000_000, 0.9),
        () if asked("negative") => found(-3, 4, 0.9),
        () if asked("backwards") => found(5, 2, 0.9),
        () if asked("certain") => found(0, 4, 17.0),
        () if asked("broken") => Reply::Respond(Response::new(500, "application/json", "[]")),
        () if asked("huge") => answer(vec![b' '; limits::RECOGNIZER_ANSWER_BYTES_MAX + 1]),
        () if asked("closed") => Reply::Close,
        () if asked("silent") => Reply::Hold,
        () => match text.chars().collect::<Vec<_>>().windows(4).position(|part| part == ['Z', 'o', 'ë', '!'])
        {
            Some(at) => found(i64::try_from(at).expect("small"), i64::try_from(at + 3).expect("small"), 0.85),
            None => answer(b"[]".to_vec()),
        },
    }
}

/// A gateway that asks the analyzer, in front of an upstream that repeats what it is told.
async fn gateway(upstream: &fixture::loopback::Running, url: &str, more: &str) -> Harness {
    let site = Site::new(&http(upstream), NOBODY_SEES).await;
    let recognizer = format!("masking:\n  recognizer:\n    url: {url}\n    timeout_ms: 2000\n{more}");
    site.edit(|text| format!("{text}{recognizer}"));
    Harness::at(site).await
}

#[tokio::test]
async fn names_are_masked_and_accounted_for_like_everything_else() {
    let (analyzer, recorder) = (Recorder::new(analyzer), Recorder::new(echo));
    let (service, upstream) =
        (analyzer.start().await.expect("a service"), recorder.start().await.expect("an upstream"));
    let gateway = gateway(&upstream, &service.url("/analyze"), "    entities: [PERSON]\n").await;
    // Offsets count code points, and there is more than one text.
    let arguments = json!({ "to": "jo@initech-mail.com", "note": "😀 für Zoë! und alle", "n": 4 });
    let response = gateway.post("alice", &[], &call(1, "effect", &arguments)).await;
    assert_eq!(response.status(), 200);
    let sent: Value = serde_json::from_slice(&recorder.requests()[0].body).expect("JSON");
    assert_eq!(
        sent["params"]["arguments"],
        json!({ "to": "[email]", "note": "😀 für [recognizer-person]! und alle", "n": 4 })
    );
    let intent = gateway.leaves_of("call.intent").await.pop().expect("an intent");
    assert_eq!(intent["redactions"], json!({ "email": 1, "recognizer-person": 1 }));
    let asked = analyzer.requests()[0].json();
    assert_eq!(asked["entities"], json!(["PERSON"]));
    gateway.finish().await;
}

#[tokio::test]
async fn what_the_recognizer_fails_on_does_not_pass() {
    let (analyzer, recorder) = (Recorder::new(analyzer), Recorder::new(echo));
    let (service, upstream) =
        (analyzer.start().await.expect("a service"), recorder.start().await.expect("an upstream"));
    let gateway = gateway(&upstream, &service.url("/analyze"), "").await;
    let faults = [
        "garbage",
        "object",
        "beyond",
        "negative",
        "backwards",
        "certain",
        "broken",
        "huge",
        "closed",
        "silent",
    ];
    let large = "words ".repeat(limits::RECOGNIZED_BYTES_MAX / 6 + 1);
    for fault in faults.into_iter().chain([large.as_str()]) {
        let response = gateway.post("alice", &[], &call(1, "effect", &json!({ "note": fault }))).await;
        let body = String::from_utf8_lossy(&response.body).into_owned();
        assert!(body.contains(Refusal::Unrecognized.face().code), "{}: {body}", &fault[..5]);
        assert_eq!(response.status(), 503);
    }
    assert_eq!(recorder.count(), 0, "nothing went upstream");
    let denied = gateway.leaves_of("call.denied").await;
    assert!(denied.len() == 11 && denied.iter().all(|leaf| leaf["refusal"] == "unrecognized"), "{denied:?}");
    gateway.finish().await;
}

#[tokio::test]
async fn what_passes_all_the_same_is_recorded_as_such() {
    let recorder = Recorder::new(echo);
    let upstream = recorder.start().await.expect("an upstream");
    // Nobody listens there.
    let gateway = gateway(&upstream, "http://127.0.0.1:1/analyze", "    on_failure: pass\n").await;
    let response =
        gateway.post("alice", &[], &call(1, "effect", &json!({ "to": "jo@initech-mail.com" }))).await;
    assert_eq!((response.status(), recorder.count()), (200, 1));
    let intent = gateway.leaves_of("call.intent").await.pop().expect("an intent");
    assert_eq!(intent["redactions"], json!({ "email": 1, "recognizer-failed": 1 }));
    gateway.finish().await;
}
