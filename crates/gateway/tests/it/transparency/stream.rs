//! Events pass byte for byte, whatever line ends, fields and chunks they come in.

use fixture::recorder::Recorder;
use serde_json::json;

use crate::harness::{ALLOW_ALL, Harness, call};

/// What a stream may hold, in all three line ends. Comments have no text: text there would be read by nobody.
const STREAM: &str = concat!(
    ":\n\n",
    "retry: 1500\n\n",
    "id: 1\ndata:\n\n",
    "event: message\r\nid: 2\r\ndata: {\"jsonrpc\":\"2.0\",\r\ndata:  \"method\":\"notifications/progress\",\r\n",
    "data: \"params\":{\"progressToken\":1,\"progress\":1.0,\"big\":123456789012345678901234567890}}\r\n\r\n",
    "data:{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":1E2}}\rid: 3\r\r",
    "data: { \"id\":9 ,\"jsonrpc\":\"2.0\",\"result\":{\"content\":[],\"n\":1.10,\"u\":\"\\ud800\"}}\n\n",
);

async fn assert_passes(pieces: usize) {
    let recorder = Recorder::held();
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, ALLOW_ALL).await;
    let mut probe = gateway.send("alice", "POST", &[], &call(9, "effect", &json!({}))).await;
    let exchange = recorder.accept().await.expect("a request");
    exchange.begin_events().await.expect("begun");
    for piece in STREAM.as_bytes().chunks(pieces) {
        exchange.chunk(piece).await.expect("sent");
    }
    exchange.finish().await.expect("finished");
    let response = probe.response().await.expect("an answer");
    assert_eq!(std::str::from_utf8(&response.body), Ok(STREAM), "in pieces of {pieces}");
    assert_eq!(gateway.leaves_of("call.frame").await.len(), 2);
    gateway.finish().await;
}

#[tokio::test]
async fn events_pass_byte_for_byte_in_any_chunks() {
    for pieces in [1, 7, 64, 4_096] {
        assert_passes(pieces).await;
    }
}
