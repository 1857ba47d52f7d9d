//! Masking from outside: messages of every shape, with secrets anywhere, and messages written to be slow.

#[path = "clock/mod.rs"]
mod clock;

use std::time::Duration;

use base64::Engine as _;
use clock::Moment;
use inspect::detect::{DETECTORS, Detector, Find};
use inspect::mask::{Fields, Form, Keys, Rules, Settings, Surface, scan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

// The body of the fuzz target, which is outside the workspace because it needs nightly.
#[expect(unreachable_pub, reason = "a library there, a module here")]
#[path = "../../../fuzz/src/mask.rs"]
mod body;

/// Values that some detector knows, plain parts of text, and what stands between them.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "ada@example.com", "4111 1111 1111 1111", "4111111111111111", "+1 415 555 2671", "(415) 555-2671",
            "219-09-9998", "ssn 219-09-9998", "DE89 3704 0044 0532 0130 00", "10.11.12.13", "2001:db8::1:2",
            "00:1b:44:11:3a:b7", "password=tr0ub4dor", "postgres://app:s3cr3tpw@db/x", "tr0ub4dor", "a%40b.example",
            "bWFpbDogYWRhQGV4YW1wbGUuY29tLg==", "6d61696c3a20616461406578616d706c652e636f6d", "[email]",
            "mk:k1:0123456789abcdef01234567", "****1111",
        ]).prop_map(str::to_owned),
        2 => "[a-zA-Z0-9 .,:;@/+=_\\-\\[\\]*%]{0,12}",
        1 => "\\PC{0,4}",
        1 => prop::sample::select(vec![" ", "-", ".", ",", "\n", "\u{200b}", "é", ": ", "="]).prop_map(str::to_owned),
    ]
}

/// Apart: of two values that run together the second one may be none until a mask stands for the first.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..5).prop_map(|pieces| pieces.join(", "))
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        6 => text().prop_map(serde_json::Value::from),
        1 => any::<u64>().prop_map(serde_json::Value::from),
        1 => any::<bool>().prop_map(serde_json::Value::from),
    ];
    let name = prop_oneof![
        2 => prop::sample::select(vec![
            "password", "apiKey", "ssn", "name", "value", "columns", "rows", "id", "email", "note", "card",
        ]).prop_map(str::to_owned),
        1 => "[a-z]{1,8}",
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            3 => prop::collection::btree_map(name.clone(), inner.clone(), 0..5)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
            1 => inner.prop_map(|value| serde_json::Value::from(value.to_string())),
        ]
    })
}

#[test]
fn masked_message_is_the_same_message_without_its_values() {
    let masker = body::Masker::default();
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&json(), |value| {
        masker.run(value.to_string().as_bytes());
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn any_mutation_of_a_seed_is_masked_or_refused() {
    let masker = body::Masker::default();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/mask");
    let mut seeds = 0;
    for seed in std::fs::read_dir(folder).expect("the corpus is part of the repository") {
        let seed = std::fs::read(seed.expect("readable").path()).expect("readable");
        seeds += 1;
        let mut dice = 0x5eed_u64;
        let mut roll = |limit: usize| {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            usize::try_from(dice >> 16).expect("48 bits") % limit.max(1)
        };
        for _ in 0..100 {
            let mut mutated = seed.clone();
            for _ in 0..=roll(3) {
                let at = roll(mutated.len());
                let end = (at + roll(8)).min(mutated.len());
                let from = roll(mutated.len());
                let piece = mutated[from..(from + roll(24)).min(mutated.len())].to_vec();
                drop(mutated.splice(at..end, piece));
            }
            masker.run(&mutated);
        }
    }
    assert!(seeds > 0, "there are seeds");
}

/// What a byte of any message may cost, unoptimised and on a machine that is busy with other things.
const BYTE_TIME_MAX: Duration = Duration::from_micros(200);

/// The least time that a scan with masking takes in some rounds.
fn least(rules: &Rules, keys: &Keys, message: &str) -> Duration {
    let round = || {
        let start = Moment::now();
        if let Ok(findings) = scan(message, &Surface::document(), rules, &Fields::default()) {
            let masked = findings.apply(message, keys, |_| Form::Label);
            assert!(masked.splice(message).len() < 64 * message.len());
        }
        start.elapsed()
    };
    (0..2).map(|_| round()).min().expect("some rounds")
}

/// A way to make a message of about as many bytes as asked for.
type Make = Box<dyn Fn(usize) -> String>;

/// What detectors look at closest: their literals, their examples, and what only resembles those.
fn shapes_of_detectors() -> Vec<(String, Make)> {
    let mut shapes: Vec<(String, Make)> = Vec::new();
    let all = |texts: fn(&Detector) -> &'static [&'static str]| {
        let plain = |text: &&&str| !text.starts_with(['{', '[']);
        DETECTORS.iter().flat_map(texts).filter(plain).copied().collect::<Vec<_>>().join(" ")
    };
    let literals = |detector: &Detector| match detector.find {
        Find::Literal { literals, .. } => literals,
        _ => &[],
    };
    let of_detectors = [
        ("what every detector passes by", all(|detector| detector.passes)),
        ("what every detector finds", all(|detector| detector.finds)),
        ("every literal", all(literals)),
    ];
    for (name, unit) in of_detectors {
        let cut = move |bytes: usize| unit.chars().cycle().take(bytes).collect::<String>();
        shapes.push((
            name.to_owned(),
            Box::new(move |bytes| serde_json::to_string(&cut(bytes)).expect("JSON")),
        ));
    }
    shapes
}

/// Text encoded in text, more often than is read.
fn shapes_in_layers() -> Vec<(String, Make)> {
    let mut shapes: Vec<(String, Make)> = Vec::new();
    let in_base64 = |bytes: usize| {
        let encode = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
        format!("\"{}\"", (0..4).fold("a@example.com ".repeat(bytes / 48), |text, _| encode(text)))
    };
    shapes.push(("base64 of base64".to_owned(), Box::new(in_base64)));
    let in_strings = |bytes: usize| {
        let quote = |text: String| serde_json::to_string(&[text]).expect("JSON");
        (0..4).fold("4111 1111 1111 1112 ".repeat(bytes / 64), |text, _| quote(text))
    };
    shapes.push(("JSON in strings of JSON".to_owned(), Box::new(in_strings)));
    shapes
}

/// Messages that are written to be slow.
fn hostile_shapes() -> Vec<(String, Make)> {
    let string =
        |unit: &str, bytes: usize| serde_json::to_string(&unit.repeat(bytes / unit.len())).expect("JSON");
    let array = |unit: &str, bytes: usize| format!("[{}]", vec![unit; bytes / (unit.len() + 1)].join(","));
    let nested = move |open: &str, close: &str, bytes: usize| {
        let unit = format!("{}1{}", open.repeat(40), close.repeat(40));
        array(&unit, bytes)
    };
    let mut shapes: Vec<(String, Make)> = Vec::new();
    for unit in [
        "@",
        "a@a.",
        "a.b@",
        "1 ",
        "1-",
        "11.",
        "4111 ",
        "1:",
        "::",
        "a:b:",
        "-----BEGIN PRIVATE KEY-----",
        "password=",
        "://",
        "http://a:",
        "eyJ",
        "eyJhbGciOiJIUzI1NiJ9.",
        "AKIA",
        "sk-",
        "ghp_",
        "%41",
        "%",
        "A",
        "QUFB",
        "41",
        "DE89",
        "\u{200b}",
        "４",
        "ssn ",
        "{\"a\":",
        "[",
        "\\",
        "+1",
        "(1",
        "x=",
        "bearer ",
        "key: ",
        "token=\"",
    ] {
        shapes.push((format!("string of {unit:?}"), Box::new(move |bytes| string(unit, bytes))));
    }
    shapes.extend(shapes_of_detectors());
    shapes.extend(shapes_in_layers());
    for unit in [
        r#"{"password":"aaaa"}"#,
        r#"{"value":"aaaa aaab","name":"password"}"#,
        r#"{"rows":[["aaaa"]],"columns":["password"]}"#,
        r#""a@example.com""#,
        "4111111111111111",
        r#"{"columns":[{"name":"password"}]}"#,
    ] {
        shapes.push((format!("array of {unit}"), Box::new(move |bytes| array(unit, bytes))));
    }
    for (open, close) in [
        (r#"{"value":"#, r#","name":"password"}"#),
        (r#"{"rows":[["#, r#"]],"columns":["password"]}"#),
        (r#"{"columns":["#, r#"],"rows":[]}"#),
    ] {
        shapes.push((format!("nested {open}"), Box::new(move |bytes| nested(open, close, bytes))));
    }
    shapes
}

#[test]
fn message_four_times_as_long_takes_at_most_about_four_times_as_long() {
    let rules = Rules::new(&Settings::default()).expect("settings");
    let keys = Keys::new("k1", &[1; 32], &[2; 32]).expect("a name");
    let shapes = hostile_shapes();
    let mut slow = Vec::new();
    for (name, shape) in &shapes {
        let (short, long) = (shape(4 * 1024), shape(16 * 1024));
        let (short, long) = (least(&rules, &keys, &short), least(&rules, &keys, &long));
        // Four times the work, three times as much again for a busy machine, and what any message may cost.
        if long > 12 * short + Duration::from_millis(100) || long > BYTE_TIME_MAX * 16 * 1024 {
            slow.push(format!("{name}: {short:?} for 4 KiB, {long:?} for 16 KiB"));
        }
    }
    assert!(slow.is_empty(), "\n{}", slow.join("\n"));
}
