//! One message, one line: what a caller breaks into lines must not become several messages.

use super::*;

/// A call of `echo` whose argument would be a message of its own, if it stood on a line of its own.
fn broken(id: &str, line_break: &str, hidden: &Value) -> Ask {
    let head = r#"{"jsonrpc":"2.0","id":"#;
    let middle = r#","method":"tools/call","params":{"name":"echo","arguments":{"text":"#;
    Ask::Post(Bytes::from(format!("{head}{id}{middle}{line_break}{hidden}{line_break}}}}}}}{line_break}")))
}

async fn assert_echoed(stdio: &Stdio, request: StdioRequest, hidden: &Value) {
    let said = text(stdio.send(request).await).await;
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON"), *hidden);
}

#[tokio::test]
async fn line_breaks_between_tokens_cannot_smuggle_a_second_message() {
    let hidden = tool(66, "exit", json!({"status": 9}));
    for sharing in [Sharing::Session, Sharing::Shared] {
        let stdio = fake(sharing, &[]);
        let caller = Caller::begin(&stdio, ALICE).await;
        for (id, line_break) in ["\n", "\r", "\r\n", "\n\n"].iter().enumerate() {
            let request =
                legacy(ALICE, Some(&caller.session), broken(&format!("{}", id + 1), line_break, &hidden));
            assert_echoed(&stdio, request, &hidden).await;
        }
        let seen = seen(&caller.call(99, "seen", json!({})).await);
        let names: Vec<_> = seen.iter().filter_map(|message| message["params"]["name"].as_str()).collect();
        assert_eq!(names, ["echo", "echo", "echo", "echo", "seen"], "{sharing:?}");
        stdio.shutdown().await;
    }
}

#[tokio::test]
async fn modern_callers_cannot_smuggle_either() {
    let hidden = tool(66, "exit", json!({"status": 9}));
    let stdio = fake(Sharing::Shared, &["modern"]);
    for (id, line_break) in ["\n", "\r", "\r\n"].iter().enumerate() {
        let ask = broken(&format!("\"m{id}\""), line_break, &hidden);
        let request = StdioRequest { ask, session: None, era: Era::Modern, principal: BOB };
        assert_echoed(&stdio, request, &hidden).await;
    }
    stdio.shutdown().await;
}
