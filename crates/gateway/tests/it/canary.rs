//! Canaries: distinct secrets of many kinds, planted in every carrier, both eras, both ways. Where no policy reveals them
//! they reach neither caller nor upstream, and nothing on disk holds them, not even what is encrypted there.

mod carrier;
mod process;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::ledger::{Keyring, Missing, Vault};
use countersign::store::{self, Access, Db, entry, payload};
use evidence::leaf::Leaf;
use fixture::recorder::{Recorder, Reply, Response};
use serde_json::{Value, json};

use crate::harness::{Harness, call, modern_call};

const POLICIES: &str = r#"
    @id("all") permit (principal, action, resource);
    @id("nobody-sees") forbid (principal, action == Action::"reveal", resource);"#;

const CANARIES: u64 = 500;

/// One secret.
struct Canary {
    value: String,
    /// As it stands in a text.
    text: String,
}

/// The canary with this number: of five kinds in turn.
fn canary(number: u64) -> Canary {
    let (value, text) = match number % 5 {
        0 => {
            let value = format!("canary{number}.quill@initech-mail{number}.com");
            (value.clone(), format!("please write to {value} about it"))
        }
        1 => {
            let value = card(number);
            (value.clone(), format!("paid with card {value} yesterday"))
        }
        2 => {
            let value = format!("Kq7{}vT{number}zX9w", scramble(number));
            (value.clone(), format!("DB_PASSWORD={value}"))
        }
        3 => {
            let value = iban(number);
            (value.clone(), format!("IBAN: {value}"))
        }
        _ => {
            let value = format!("pW{}q{number}R8", scramble(number));
            (value.clone(), format!("postgres://app:{value}@db.internal:5432/shop"))
        }
    };
    Canary { value, text }
}

/// Letters that differ from number to number.
fn scramble(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let letter = |state: &mut u64| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        char::from(
            b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ"[usize::try_from(*state % 46).expect("small")],
        )
    };
    (0..10).map(|_| letter(&mut state)).collect()
}

/// A card number with its check digit (ISO/IEC 7812-1, annex B).
fn card(number: u64) -> String {
    let body = format!("45320{number:010}");
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// A German IBAN with its check digits (ISO 13616).
fn iban(number: u64) -> String {
    let account = format!("37040044{:010}", 1_000_000 + number);
    // `DE` is 1314, the check digits are 00 while they are computed.
    let remainder = format!("{account}131400")
        .bytes()
        .fold(0, |rest: u64, digit| (rest * 10 + u64::from(digit - b'0')) % 97);
    format!("DE{:02}{account}", 98 - remainder)
}

/// An answer that carries the text, in another place for each number.
fn answer(id: u64) -> Response {
    let text = canary(id).text;
    let message = |member: &str, value: Value| json!({ "jsonrpc": "2.0", "id": id, member: value });
    let body = match id / 5 % 8 {
        0 => message("result", json!({ "content": [{ "type": "text", "text": text }] })),
        1 => message("result", json!({ "content": [], "structuredContent": { "rows": [{ "note": text }] } })),
        2 => {
            let resource = json!({ "uri": "test://r", "text": text });
            message("result", json!({ "content": [{ "type": "resource", "resource": resource }] }))
        }
        3 => {
            let resource =
                json!({ "uri": "test://r", "mimeType": "text/plain", "blob": STANDARD.encode(&text) });
            message("result", json!({ "content": [{ "type": "resource", "resource": resource }] }))
        }
        4 => message("error", json!({ "code": -32000, "message": text })),
        5 => message("error", json!({ "code": -32000, "message": "no", "data": { "why": [text] } })),
        6 => message(
            "result",
            json!({ "content": [{ "type": "text", "text": "no" }], "isError": true, "_meta": { "x/y": text } }),
        ),
        _ => {
            let log = json!({ "jsonrpc": "2.0", "method": "notifications/message",
                "params": { "level": "info", "data": { "line": text } } });
            let last = message("result", json!({ "content": [{ "type": "text", "text": text }] }));
            let stream = format!("event: message\ndata: {log}\n\nevent: message\ndata: {last}\n\n");
            return Response::new(200, "text/event-stream", stream);
        }
    };
    Response::json(&body)
}

#[tokio::test]
async fn no_canary_reaches_a_reader_or_the_disk() {
    let recorder = Recorder::new(|request| {
        let message: Value = serde_json::from_slice(&request.body).expect("JSON");
        Reply::Respond(answer(message["id"].as_u64().expect("a number")))
    });
    let upstream = recorder.start().await.expect("an upstream");
    let gateway = Harness::over(&upstream, POLICIES).await;
    for number in 0..CANARIES {
        let Canary { value, text } = canary(number);
        let arguments = json!({ "note": text });
        let response = if number % 2 == 0 {
            gateway.post("alice", &[], &call(number, "effect", &arguments)).await
        } else {
            let (headers, body) = modern_call(number, "effect", &arguments);
            gateway.post("alice", &headers, &body).await
        };
        assert_eq!(response.status(), 200, "canary {number}");
        let answer = String::from_utf8(response.body.to_vec()).expect("UTF-8");
        assert!(!answer.contains(&value), "canary {number} reached the caller: {answer}");
        assert!(!answer.contains(&STANDARD.encode(&text)), "canary {number} reached the caller in a blob");
    }
    for (number, request) in (0..).zip(recorder.requests()) {
        let body = String::from_utf8(request.body.to_vec()).expect("UTF-8");
        assert!(!body.contains(&canary(number).value), "canary {number} reached the upstream: {body}");
    }
    let values = (0..CANARIES).map(|number| canary(number).value).collect();
    assert_nowhere_on_disk(gateway, values, 1_000).await;
}

/// Stops the gateway, looks for the values in all that it left behind, and verifies its log. Of recorded bodies there
/// must be more than `bodies_min`.
async fn assert_nowhere_on_disk(gateway: Harness, values: Vec<String>, bodies_min: usize) {
    let site = gateway.finish_running().await;
    let directory = site.directory.path().to_owned();
    let found = tokio::task::spawn_blocking(move || {
        let recorded = bodies(&directory.join("data"));
        assert!(recorded.len() > bodies_min, "{} bodies", recorded.len());
        let mut texts = files(&directory);
        texts.extend(recorded);
        search(&texts, &values)
    });
    assert_eq!(found.await.expect("no panic"), Vec::<String>::new());
    assert!(site.settle().await.sound);
}

/// Which of the values stand in which of the texts.
fn search(texts: &[(String, Vec<u8>)], values: &[String]) -> Vec<String> {
    let hit = |(name, bytes): &(String, Vec<u8>)| {
        let hit = values.iter().find(|value| memchr::memmem::find(bytes, value.as_bytes()).is_some());
        hit.map(|value| format!("{value} in {name}"))
    };
    texts.iter().filter_map(hit).collect()
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).expect("a file")));
        }
    }
    found
}

/// Every recorded body, decrypted.
fn bodies(data: &Path) -> Vec<(String, Vec<u8>)> {
    let db = Db::open_sqlite(data, Access::ReadOnly).expect("a database");
    let keys = Keyring::open(&data.join("keys"), "test/audit/1", Missing::Refuse).expect("keys");
    let vault = Vault::new(&keys).expect("a vault");
    let page = |read: &mut store::Read<'_>| entry::page(read, &entry::Filter::default(), 100_000);
    let entries = db.read_now("entries", page).expect("readable");
    let open = |entry: &entry::Entry| {
        let leaf = Leaf::decode(&entry.leaf).expect("a leaf");
        let committed = leaf.payload?;
        let (day, sealed) = db.read_now("body", |read| payload::at(read, entry.place)).expect("readable")?;
        let body = vault.open(&db, day, leaf.id.as_bytes(), sealed, &committed.commitment).expect("opens");
        Some((format!("the body of leaf {}", leaf.id), body))
    };
    entries.iter().filter_map(open).collect()
}
